"""Methods that send words: sendMessage, sendRichMessage, sendChatAction; and what all sending shares."""

from __future__ import annotations

from dataclasses import dataclass

from bot.playground import limits, wire
from bot.playground.access import Receiver, chat_to_write, receiver_of, reply_target, spend, thread_of
from bot.playground.arguments import Arguments
from bot.playground.entities import FormattedText, checked, from_wire, parse_html, utf16_length
from bot.playground.errors import bad_request
from bot.playground.keyboards import Markup, check, parse
from bot.playground.markdown_modes import parse_markdown, parse_markdown_v2
from bot.playground.rich_blocks import RichMessage
from bot.playground.rich_message import rich_message
from bot.playground.state import Attachment, Chat, Event, Happening, Json, Message, State

ACTIONS = frozenset(
    {
        "cancel",
        "choose_sticker",
        "find_location",
        "record_audio",
        "record_video",
        "record_video_note",
        "record_voice",
        "typing",
        "upload_audio",
        "upload_document",
        "upload_photo",
        "upload_video",
        "upload_video_note",
        "upload_voice",
    }
)


def formatted(arguments: Arguments, source: str, entities: str) -> FormattedText:
    """The text of a request before it is cleaned: by its parse_mode, else with the entities it lists.

    Raises:
        ApiError: too long to be looked at, an unknown parse_mode, or text that cannot be parsed.
    """
    if len(source.encode("utf-8", "surrogatepass")) > limits.SOURCE_BYTES:
        raise bad_request("Text is too long")
    mode = arguments.text("parse_mode").lower()
    if source and mode and mode != "none":
        parse_mode = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}.get(mode)
        if parse_mode is None:
            raise bad_request("Unsupported parse_mode")
        return parse_mode(source)
    return FormattedText(source, tuple(from_wire(arguments.parsed(entities, "entities"))))


def message_text(arguments: Arguments) -> FormattedText:
    """The text of a sendMessage or editMessageText, not yet checked.

    Raises:
        ApiError: it is empty or cannot be parsed.
    """
    if not (source := arguments.text("text")):
        raise bad_request("Message text is empty")
    return formatted(arguments, source, "entities")


def fitting(body: FormattedText, most: int, complaint: str, *, may_be_empty: bool = False) -> FormattedText:
    """`body` checked, and at most `most` UTF-16 code units long.

    Raises:
        ApiError: empty, not Unicode, or `complaint` where it is too long.
    """
    body = checked(body.text, body.entities, may_be_empty=may_be_empty)
    if utf16_length(body.text) > most:
        raise bad_request(complaint)
    return body


def preview_options(arguments: Arguments) -> Json | None:
    """The link_preview_options of a request, None where it says nothing of them.

    Raises:
        ApiError: they cannot be read.
    """
    given = arguments.parsed("link_preview_options", "link preview options")
    if given is None:
        return {"is_disabled": True} if arguments.boolean("disable_web_page_preview") else None
    if not isinstance(given, dict):
        raise bad_request("Object expected as link preview options")
    return {name: value for name, value in given.items() if value}


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message is to go: chat, topic, the message it replies to, and the person an ephemeral one is for."""

    chat: Chat
    thread_id: int
    reply_to: Message | None
    receiver: Receiver | None


def target_of(state: State, arguments: Arguments) -> Target:
    """The target of a request that sends.

    Raises:
        ApiError: there is none, or the bot may not send there.
    """
    chat = chat_to_write(state, arguments)
    reply_to = reply_target(state, arguments, chat)
    return Target(chat, thread_of(arguments, chat), reply_to, receiver_of(state, arguments, chat))


def post(
    state: State,
    arguments: Arguments,
    target: Target,
    body: FormattedText | RichMessage,
    *,
    markup: Markup | None = None,
    attachment: Attachment | None = None,
    preview: Json | None = None,
    album: str = "",
    origin: Json | None = None,
) -> Json:
    """Sends what was read and checked; the answer is the Message.

    Raises:
        ApiError: 429, it comes too fast.
    """
    spend(state, target.chat)
    sent = state.post(
        target.chat,
        None if target.chat.type == "channel" else state.bot,
        body,
        markup=markup,
        attachment=attachment,
        thread_id=target.thread_id,
        reply_to=target.reply_to,
        preview=preview,
        silent=arguments.boolean("disable_notification"),
        album=album,
        origin=origin,
        receiver=target.receiver.user if target.receiver else None,
        replaces=target.receiver.replaces if target.receiver else None,
    )
    return wire.message(state, sent)


def send_message(state: State, arguments: Arguments) -> Json:
    """Sends a text (sendMessage)."""
    body = message_text(arguments)
    markup = parse(arguments.text("reply_markup"))
    preview = preview_options(arguments)
    target = target_of(state, arguments)
    body = fitting(body, limits.TEXT, "message is too long")
    check(markup)
    return post(state, arguments, target, body, markup=markup, preview=preview)


def send_rich_message(state: State, arguments: Arguments) -> Json:
    """Sends blocks: headings, tables, formulas, buttons (sendRichMessage)."""
    body = rich_message(state, arguments)
    markup = parse(arguments.text("reply_markup"))
    target = target_of(state, arguments)
    check(markup)
    return post(state, arguments, target, body, markup=markup)


def send_chat_action(state: State, arguments: Arguments) -> bool:
    """Shows that the bot is busy (sendChatAction)."""
    action = arguments.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat = chat_to_write(state, arguments)
    thread_of(arguments, chat)
    state.tell(Event(Happening.ACTION, chat, action=action))
    return True
