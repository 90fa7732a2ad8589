"""Methods that mark a message without changing it: pins and the bot's own reactions."""

from __future__ import annotations

from bot.playground import wire
from bot.playground.access import chat_to_write, message_of
from bot.playground.arguments import Arguments
from bot.playground.entities import FormattedText
from bot.playground.errors import bad_request
from bot.playground.fields import Fields
from bot.playground.state import Chat, ChatType, Event, Happening, State

_KINDS = ("emoji", "custom_emoji")


def pin_chat_message(state: State, arguments: Arguments) -> bool:
    """Pins a message, which a service message tells everybody (pinChatMessage)."""
    chat = _chat_to_pin(state, arguments)
    message = message_of(state, chat, arguments.integer("message_id"), "message to pin")
    if message.service:
        raise bad_request("message can't be pinned")
    if message not in chat.pinned:
        chat.pinned.append(message)
        told = {"pinned_message": wire.message(state, message, with_reply=False)}
        state.post(chat, None if chat.type is ChatType.CHANNEL else state.bot, FormattedText(""), service=told)
    return True


def unpin_chat_message(state: State, arguments: Arguments) -> bool:
    """Unpins a message, the newest pinned one where none is named (unpinChatMessage)."""
    chat = _chat_to_pin(state, arguments)
    if arguments.text("message_id"):
        message = message_of(state, chat, arguments.integer("message_id"), "message to unpin")
        if message not in chat.pinned:
            raise bad_request("message to unpin not found")
        chat.pinned.remove(message)
    elif not chat.pinned:
        raise bad_request("message to unpin not found")
    else:
        chat.pinned.pop()
    return True


def unpin_all_chat_messages(state: State, arguments: Arguments) -> bool:
    """Unpins everything (unpinAllChatMessages)."""
    _chat_to_pin(state, arguments).pinned.clear()
    return True


def _chat_to_pin(state: State, arguments: Arguments) -> Chat:
    chat = chat_to_write(state, arguments)
    if chat.type is not ChatType.PRIVATE and not chat.role(state.bot).governs:
        raise bad_request("not enough rights to manage pinned messages in the chat")
    return chat


def set_message_reaction(state: State, arguments: Arguments) -> bool:
    """Sets or removes the bot's own reaction, of which it has at most one (setMessageReaction)."""
    chat = chat_to_write(state, arguments)
    message = message_of(state, chat, arguments.integer("message_id"), "message to react")
    listed = arguments.parsed("reaction", "reaction") or []
    if not isinstance(listed, list):
        raise bad_request("Expected an Array of ReactionType")
    if len(listed) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    for value in listed:
        given = Fields(value, "ReactionType")
        if given.text("type") not in _KINDS or not given.text(
            given.text("type").replace("custom_emoji", "custom_emoji_id")
        ):
            raise bad_request("REACTION_INVALID")
    message.reactions = tuple(listed)
    state.tell(Event(Happening.EDITED, chat, message))
    return True
