"""What a request may touch: the chat, the message and the topic it names, or the refusal that Telegram gives."""

from __future__ import annotations

from dataclasses import dataclass

from bot.playground.arguments import Arguments
from bot.playground.errors import bad_request, forbidden, too_many_requests, upgraded
from bot.playground.fields import Fields
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


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who an ephemeral message is for, and the message whose place it takes on that person's screen."""

    user: User
    replaces: Message | None = None


def receiver_of(state: State, arguments: Arguments, chat: Chat) -> Receiver | None:
    """The receiver of an ephemeral message, None where the message is for everybody.

    Raises:
        ApiError: not in a group, nobody there, or the press that it follows is another's or too old.
    """
    value = arguments.parsed("ephemeral_message_parameters", "ephemeral message parameters")
    if value is None:
        return None
    given = Fields(value, "EphemeralMessageParameters")
    user = member_of(state, chat, given.integer("receiver_user_id"))
    press_id, instead = given.optional_text("callback_query_id"), given.flag("replace_callback_query_message")
    if not press_id:
        if instead:
            raise given.wrong('Can\'t find field "callback_query_id"')
        return Receiver(user)
    press = state.recent_press(press_id)
    if press is None or press.user is not user or press.chat is not chat:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if instead and press.message.receiver is not None:
        raise given.wrong("an ephemeral message can't be replaced by another; it must be edited")
    return Receiver(user, press.message if instead else None)


def member_of(state: State, chat: Chat, user_id: int) -> User:
    """A member of a group who can get ephemeral messages there.

    Raises:
        ApiError: the chat is no group, or nobody there has the id.
    """
    if chat.type not in (ChatType.GROUP, ChatType.SUPERGROUP):
        raise bad_request("ephemeral messages can be sent only to groups and supergroups")
    user = state.users.get(user_id)
    if user is None or user.is_bot:
        raise bad_request("user not found")
    if not chat.role(user).inside:
        raise bad_request("USER_NOT_PARTICIPANT")
    return user


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
