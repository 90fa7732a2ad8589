"""Methods that ask about chats and their people, or leave one."""

from __future__ import annotations

from bot.playground import wire
from bot.playground.access import chat_to_read, chat_to_write, user_of
from bot.playground.arguments import Arguments
from bot.playground.errors import bad_request
from bot.playground.state import ChatType, Json, Role, State


def get_chat(state: State, arguments: Arguments) -> Json:
    """The chat in full (getChat)."""
    chat = chat_to_read(state, arguments)
    pinned = next((message for message in reversed(chat.pinned) if not message.deleted), None)
    shown = wire.full_chat(chat)
    return shown | ({"pinned_message": wire.message(state, pinned, with_reply=False)} if pinned else {})


def get_chat_member(state: State, arguments: Arguments) -> Json:
    """What somebody is in a chat (getChatMember)."""
    user = user_of(state, arguments)
    return wire.member(chat_to_read(state, arguments), user)


def get_chat_administrators(state: State, arguments: Arguments) -> list[Json]:
    """The chat's administrators (getChatAdministrators)."""
    chat = chat_to_read(state, arguments)
    if chat.type is ChatType.PRIVATE:
        raise bad_request("there are no administrators in the private chat")
    return [wire.member(chat, state.users[user_id]) for user_id, role in chat.members.items() if role.governs]


def get_chat_member_count(state: State, arguments: Arguments) -> int:
    """How many are in the chat (getChatMemberCount)."""
    return sum(role.inside for role in chat_to_read(state, arguments).members.values())


def leave_chat(state: State, arguments: Arguments) -> bool:
    """The bot goes (leaveChat)."""
    chat = chat_to_write(state, arguments)
    if chat.type is ChatType.PRIVATE:
        raise bad_request("chat member status can't be changed in private chats")
    before = wire.member(chat, state.bot)
    chat.members[state.bot.id] = Role.LEFT
    state.updates.put("my_chat_member", wire.member_update(state, chat, state.bot, before, state.bot))
    return True
