"""Methods that send: sendMessage, sendDocument, sendPhoto, sendChatAction."""

from __future__ import annotations

import mimetypes
import struct
from typing import NoReturn

from bot.playground import limits, wire
from bot.playground.access import chat_to_write, reply_target, spend, thread_of
from bot.playground.arguments import Arguments, Upload
from bot.playground.entities import FormattedText, checked, from_wire, parse_html, utf16_length
from bot.playground.errors import ApiError, bad_request
from bot.playground.keyboards import check, parse
from bot.playground.state import Attachment, Event, Happening, Json, State

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
        if mode == "html":
            return parse_html(source)
        if mode in ("markdown", "markdownv2"):
            raise ApiError(501, "Not Implemented: the playground reads parse_mode HTML only")
        raise bad_request("Unsupported parse_mode")
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


def send_message(state: State, arguments: Arguments) -> Json:
    """Sends a text (sendMessage)."""
    body = message_text(arguments)
    markup = parse(arguments.text("reply_markup"))
    preview = preview_options(arguments)
    chat = chat_to_write(state, arguments)
    reply_to = reply_target(state, arguments, chat)
    thread_id = thread_of(arguments, chat)
    body = fitting(body, limits.TEXT, "message is too long")
    check(markup)
    spend(state, chat)
    sent = state.post(
        chat,
        None if chat.type == "channel" else state.bot,
        body,
        markup=markup,
        thread_id=thread_id,
        reply_to=reply_to,
        preview=preview,
        silent=arguments.boolean("disable_notification"),
    )
    return wire.message(state, sent)


def send_document(state: State, arguments: Arguments) -> Json:
    """Sends an uploaded file, or one sent before by its file_id (sendDocument)."""
    return _send_file(state, arguments, "document", limits.FILE_BYTES)


def send_photo(state: State, arguments: Arguments) -> Json:
    """Sends an uploaded PNG or JPEG, or one sent before by its file_id (sendPhoto)."""
    return _send_file(state, arguments, "photo", limits.PHOTO_BYTES)


def _send_file(state: State, arguments: Arguments, kind: str, most: int) -> Json:
    upload = arguments.upload(kind)
    given = arguments.text(kind)
    if upload is None and not given:
        raise bad_request(f"there is no {kind} in the request")
    caption = formatted(arguments, arguments.text("caption"), "caption_entities")
    markup = parse(arguments.text("reply_markup"))
    chat = chat_to_write(state, arguments)
    reply_to = reply_target(state, arguments, chat)
    thread_id = thread_of(arguments, chat)
    caption = fitting(caption, limits.CAPTION, "message caption is too long", may_be_empty=True)
    check(markup)
    attachment = _stored(state, kind, upload, most) if upload else _known(state, kind, given)
    spend(state, chat)
    sent = state.post(
        chat,
        None if chat.type == "channel" else state.bot,
        caption,
        markup=markup,
        attachment=attachment,
        thread_id=thread_id,
        reply_to=reply_to,
        silent=arguments.boolean("disable_notification"),
    )
    return wire.message(state, sent)


def _stored(state: State, kind: str, upload: Upload, most: int) -> Attachment:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > most:
        raise ApiError(413, "Request Entity Too Large")
    width, height = image_size(upload.content) if kind == "photo" else (0, 0)
    file_id, unique_id = state.new_file_id()
    mime_type = upload.mime_type or mimetypes.guess_type(upload.name)[0] or "application/octet-stream"
    attachment = Attachment(kind, file_id, unique_id, upload.name, mime_type, upload.content, width, height)
    state.files[file_id] = attachment
    return attachment


def _known(state: State, kind: str, given: str) -> Attachment:
    attachment = state.files.get(given)
    if attachment is None or attachment.kind != kind:
        _refuse_file(given)
    return attachment


def _refuse_file(given: str) -> NoReturn:
    if given.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")  # the playground never reaches out
    raise bad_request("wrong file identifier/HTTP URL specified")


def image_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG.

    Raises:
        ApiError: it is neither.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(b"\xff\xd8"):
        at = 2
        while at + 9 < len(content) and content[at] == 0xFF:
            marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", content[at + 5 : at + 9])
                return width, height
            at += 2 + length
    raise bad_request("IMAGE_PROCESS_FAILED")


def send_chat_action(state: State, arguments: Arguments) -> bool:
    """Shows that the bot is busy (sendChatAction)."""
    action = arguments.text("action").lower()
    if action not in ACTIONS:
        raise bad_request("Wrong parameter action in request")
    chat = chat_to_write(state, arguments)
    thread_of(arguments, chat)
    state.tell(Event(Happening.ACTION, chat, action=action))
    return True
