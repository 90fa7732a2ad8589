"""Methods that change what was sent: edits, deletions, and the answer to a pressed button."""

from __future__ import annotations

import re
from datetime import timedelta

from bot.playground import limits, wire
from bot.playground.access import chat_to_write, message_of, spend
from bot.playground.arguments import Arguments
from bot.playground.entities import FormattedText, utf16_length
from bot.playground.errors import bad_request
from bot.playground.keyboards import Markup, check, parse
from bot.playground.rich_blocks import RichMessage
from bot.playground.rich_message import rich_message
from bot.playground.sending import fitting, formatted, message_text, preview_options
from bot.playground.sending_files import input_media
from bot.playground.state import Answer, Attachment, ChatType, Event, Happening, Json, Message, State

_SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)


def edit_message_text(state: State, arguments: Arguments) -> Json:
    """Changes a text or a rich message, into either (editMessageText)."""
    body = new_content(state, arguments)
    preview = preview_options(arguments)
    message, markup = _to_edit(state, arguments)
    return wire.message(state, revise_text(state, message, body, markup, preview))


def edit_message_caption(state: State, arguments: Arguments) -> Json:
    """Changes a caption (editMessageCaption)."""
    caption = formatted(arguments, arguments.text("caption"), "caption_entities")
    message, markup = _to_edit(state, arguments)
    return wire.message(state, revise_caption(state, message, caption, markup))


def edit_message_media(state: State, arguments: Arguments) -> Json:
    """Puts another file and caption into a message, also into a text (editMessageMedia)."""
    message, markup = _to_edit(state, arguments)
    return wire.message(state, revise_media(state, arguments, message, markup))


def edit_message_reply_markup(state: State, arguments: Arguments) -> Json:
    """Changes the keyboard alone (editMessageReplyMarkup)."""
    message, markup = _to_edit(state, arguments)
    return wire.message(state, revise_markup(state, message, markup))


def _to_edit(state: State, arguments: Arguments) -> tuple[Message, Markup | None]:
    """The message that a request edits and the keyboard it is to have."""
    message_id = arguments.integer("message_id")
    markup = new_markup(arguments)
    if not arguments.text("chat_id") and message_id == 0:
        if not arguments.text("inline_message_id"):
            raise bad_request("Message identifier is not specified")
        raise bad_request("MESSAGE_ID_INVALID")  # nothing here is sent inline
    chat = chat_to_write(state, arguments)
    message = message_of(state, chat, message_id, "message to edit")
    if message.sender is not (None if chat.type is ChatType.CHANNEL else state.bot):
        raise bad_request("message can't be edited")
    check(markup)
    return message, markup


# --------------------------------------------------------------------------- what all edits share


def new_content(state: State, arguments: Arguments) -> FormattedText | RichMessage:
    """The text or the rich message of an edit, a text still unchecked.

    Raises:
        ApiError: neither, both, or one that cannot be read.
    """
    if not arguments.text("rich_message"):
        return message_text(arguments)
    if arguments.text("text"):
        raise bad_request("message text and rich message can't be specified together")
    return rich_message(state, arguments)


def new_markup(arguments: Arguments) -> Markup | None:
    """The inline keyboard of an edit, None for none.

    Raises:
        ApiError: it cannot be read, or is of another kind.
    """
    markup = parse(arguments.text("reply_markup"))
    if markup is not None and markup.kind != "inline":
        raise bad_request("inline keyboard expected")
    return markup


def revise_text(
    state: State, message: Message, body: FormattedText | RichMessage, markup: Markup | None, preview: Json | None
) -> Message:
    """`message` with another text or rich message and keyboard.

    Raises:
        ApiError: it has no text, the text is refused, or nothing would change.
    """
    if message.attachment or message.service:
        raise bad_request("there is no text in the message to edit")
    if isinstance(body, FormattedText):
        body = fitting(body, limits.TEXT, "message is too long")
    return _revise(state, message, body, markup, preview or {})


def revise_caption(state: State, message: Message, caption: FormattedText, markup: Markup | None) -> Message:
    """`message` with another caption and keyboard.

    Raises:
        ApiError: it can have none, the caption is refused, or nothing would change.
    """
    if not message.attachment:
        raise bad_request("there is no caption in the message to edit")
    caption = fitting(caption, limits.CAPTION, "message caption is too long", may_be_empty=True)
    return _revise(state, message, caption, markup, None)


def revise_media(state: State, arguments: Arguments, message: Message, markup: Markup | None) -> Message:
    """`message` with the file, caption and keyboard of the request.

    Raises:
        ApiError: it is a service message, or the file or caption are refused.
    """
    if message.service:
        raise bad_request("message can't be edited")
    value = arguments.parsed("media", "input media")
    file, caption = input_media(state, arguments, value, ("animation", "audio", "document", "photo", "video"))
    return _revise(state, message, caption, markup, None, file)


def revise_markup(state: State, message: Message, markup: Markup | None) -> Message:
    """`message` with another keyboard.

    Raises:
        ApiError: it is the same one.
    """
    return _revise(state, message, _content(message), markup, None)


def _content(message: Message) -> FormattedText | RichMessage:
    return message.rich or FormattedText(message.text, message.entities)


def _revise(
    state: State,
    message: Message,
    body: FormattedText | RichMessage,
    markup: Markup | None,
    preview: Json | None,
    attachment: Attachment | None = None,
) -> Message:
    rows = markup.rows if markup else ()
    same = body == _content(message) and attachment in (None, message.attachment)
    if same and rows == (message.markup.rows if message.markup else ()) and preview in (None, message.preview):
        raise bad_request(_SAME)
    spend(state, message.chat)
    state.revise(message, body, markup, preview, attachment)
    return message


def delete_message(state: State, arguments: Arguments) -> bool:
    """Removes a message (deleteMessage)."""
    if not arguments.text("chat_id"):
        raise bad_request("Chat identifier is not specified")
    if not arguments.integer("message_id"):
        raise bad_request("Message identifier is not specified")
    chat = chat_to_write(state, arguments)
    message = message_of(state, chat, arguments.integer("message_id"), "message to delete")
    if not _may_delete(state, message):
        raise bad_request("message can't be deleted")
    state.remove(message)
    return True


def delete_messages(state: State, arguments: Arguments) -> bool:
    """Removes messages; those that are not there are skipped (deleteMessages)."""
    listed = arguments.parsed("message_ids", "message_ids")
    if listed is None or listed == []:
        raise bad_request("Message identifiers are not specified")
    if not isinstance(listed, list):
        raise bad_request("Expected an Array of message identifiers")
    if len(listed) > limits.MESSAGES_AT_ONCE:
        raise bad_request("Too many message identifiers specified")
    if not all(re.fullmatch(r"[1-9][0-9]{0,17}", str(item)) for item in listed):
        raise bad_request("Invalid message identifier specified")
    chat = chat_to_write(state, arguments)
    found = [message for item in listed if (message := state.message(chat, int(item)))]
    if not all(_may_delete(state, message) for message in found):
        raise bad_request("message can't be deleted")
    for message in found:
        state.remove(message)
    return True


def _may_delete(state: State, message: Message) -> bool:
    """Own messages and, in private chats, the person's, for two days; an administrator everything for ever."""
    if message.chat.role(state.bot).governs:
        return True
    own = message.sender is state.bot or message.chat.type is ChatType.PRIVATE
    return own and state.clock() - message.date < timedelta(hours=limits.DELETE_HOURS)


def answer_callback_query(state: State, arguments: Arguments) -> bool:
    """Answers a press: once, and soon enough (answerCallbackQuery)."""
    text = arguments.text("text")
    press = state.answerable(arguments.text("callback_query_id"))
    if press is None:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if utf16_length(text) > limits.CALLBACK_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer = Answer(text, arguments.boolean("show_alert"), arguments.text("url"))
    state.tell(Event(Happening.ANSWERED, press.chat, press.message, press))
    return True
