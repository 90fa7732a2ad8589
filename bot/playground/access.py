"""What a request may touch: the chat, the message and the topic it names, or the refusal that Telegram gives."""

from __future__ import annotations

from bot.playground.arguments import Arguments
from bot.playground.errors import bad_request, forbidden, too_many_requests, upgraded
from bot.playground.state import Chat, ChatType, Message, Role, State, User


def chat_to_read(state: State, arguments: Arguments, name: str = "chat_id") -> Chat:
    """The chat that an argument names, if the bot can see it.

    Raises:
        ApiError: there is no such chat, or the bot is not in it.
    """
    if not (text := arguments.text(name)):
        raise bad_request("chat_id is empty")
    chat = state.find_chat(text)
    if chat is None:
        if text.isdecimal() and state.users.get(int(text[:18])) is not None:
            raise forbidden("bot can't initiate conversation with a user")
        raise bad_request("Chat not found")
    role = chat.role(state.bot)
    if chat.type in (ChatType.SUPERGROUP, ChatType.CHANNEL):
        _refuse_outsider(chat, role)
    return chat


def chat_to_write(state: State, arguments: Arguments) -> Chat:
    """The chat of `chat_id`, if the bot may send there.

    Raises:
        ApiError: no such chat, blocked, kicked, upgraded, deleted, or no right to write.
    """
    chat = chat_to_read(state, arguments)
    if chat.person is not None:
        if chat.person.deactivated:
            raise forbidden("user is deactivated")
        if chat.role(state.bot) is Role.KICKED:
            raise forbidden("bot was blocked by the user")
        return chat
    if chat.migrated_to is not None:
        raise upgraded(chat.migrated_to)
    if chat.deleted:
        raise forbidden("the group chat was deleted")
    _refuse_outsider(chat, chat.role(state.bot))
    if chat.type is ChatType.CHANNEL and not (chat.role(state.bot).governs and chat.may_write):
        raise bad_request("need administrator rights in the channel chat")
    if not chat.may_write:
        raise bad_request("not enough rights to send text messages to the chat")
    return chat


def _refuse_outsider(chat: Chat, role: Role) -> None:
    if role is Role.KICKED:
        raise forbidden(f"bot was kicked from the {chat.type} chat")
    if not role.inside:
        raise forbidden(f"bot is not a member of the {chat.type} chat")


def message_of(state: State, chat: Chat, message_id: int, what: str) -> Message:
    """A message of the chat; `what` begins the refusal ("message to edit").

    Raises:
        ApiError: it is not there (any more).
    """
    message = state.message(chat, message_id)
    if message is None:
        raise bad_request(f"{what} not found")
    return message


def reply_target(state: State, arguments: Arguments, chat: Chat) -> Message | None:
    """The message that is replied to, None for none.

    Raises:
        ApiError: it is not there, and the request doesn't allow to send without it.
    """
    given = arguments.parsed("reply_parameters", "reply parameters")
    if given is None:
        message_id = arguments.integer("reply_to_message_id")
        lenient = arguments.boolean("allow_sending_without_reply")
    elif not isinstance(given, dict):
        raise bad_request("Object expected as reply parameters")
    else:
        message_id = arguments.number_in(given, "message_id")
        lenient = bool(given.get("allow_sending_without_reply"))
        if given.get("chat_id"):
            chat = chat_to_read(state, Arguments({"chat_id": str(given["chat_id"])}))
    if message_id <= 0:
        return None
    message = state.message(chat, message_id)
    if message is None and not lenient:
        raise bad_request("message to be replied not found")
    return message


def thread_of(arguments: Arguments, chat: Chat) -> int:
    """The topic's id, 0 for none.

    Raises:
        ApiError: there is no such topic, or it is closed.
    """
    thread_id = arguments.integer("message_thread_id")
    if thread_id <= 0:
        return 0
    topic = chat.topics.get(thread_id)
    if topic is None or topic.deleted:
        raise bad_request("message thread not found")
    if topic.closed:
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def user_of(state: State, arguments: Arguments) -> User:
    """The user of `user_id`.

    Raises:
        ApiError: nobody has that id.
    """
    user_id = arguments.integer("user_id", most=2**53)
    if user_id <= 0:
        raise bad_request("Invalid user_id specified")
    user = state.users.get(user_id)
    if user is None:
        raise bad_request("user not found")
    return user


def spend(state: State, chat: Chat) -> None:
    """Counts a send or an edit.

    Raises:
        ApiError: 429, it comes too fast.
    """
    if wait := state.meter.wait(chat.id, state.clock().timestamp()):
        raise too_many_requests(wait)
