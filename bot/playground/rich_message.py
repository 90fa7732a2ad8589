"""InputRichMessage of a request: exactly one form of content, within the limits, as clients receive it."""

from __future__ import annotations

from bot.playground import files, wire
from bot.playground.arguments import Arguments
from bot.playground.errors import bad_request
from bot.playground.fields import Fields
from bot.playground.rich_blocks import BlockReader, RichMessage
from bot.playground.rich_html import blocks_of
from bot.playground.rich_markdown import html_of
from bot.playground.rich_text import Tally, TextReader
from bot.playground.state import Json, State

_FORMS = ("blocks", "html", "markdown")


def rich_message(state: State, arguments: Arguments, *, draft: bool = False) -> RichMessage:
    """The `rich_message` of a request; a draft may think, and may not upload.

    Raises:
        ApiError: it cannot be read, is too large, or shows nothing.
    """
    given = arguments.parsed("rich_message", "rich message")
    if given is None:
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED")
    fields = Fields(given, "InputRichMessage")
    tally = Tally()
    text = TextReader(tally, lambda user_id: _user(state, user_id), detect=not fields.flag("skip_entity_detection"))

    def media(kind: str, held: Fields) -> Json:
        return _media(state, arguments, kind, held, draft=draft)

    blocks = BlockReader(text, media, draft=draft).read(_blocks(fields), 0)
    tally.check()
    return RichMessage(tuple(blocks), fields.flag("is_rtl"), tuple(tally.buttons))


def _blocks(fields: Fields) -> object:
    """The InputRichBlocks of a message, whatever form it has."""
    form = _form(fields)
    if form == "blocks":
        return fields.any("blocks")
    source = fields.text(form)
    media: dict[str, Json] = {}
    for value in fields.array("media") if fields.has("media") else []:
        held = Fields(value, "InputRichMessageMedia")
        media[held.text("id")] = Fields(held.any("media"), "InputMedia").values
    return blocks_of(html_of(source) if form == "markdown" else source, media)


def _form(fields: Fields) -> str:
    used = [name for name in _FORMS if fields.has(name)]
    if not used:
        raise bad_request("RICH_MESSAGE_CONTENT_REQUIRED")
    if len(used) > 1:
        raise fields.wrong("exactly one of the fields html, markdown, or blocks must be used")
    return used[0]


def _user(state: State, user_id: int) -> Json | None:
    user = state.users.get(user_id)
    return None if user is None else wire.user(user)


def _media(state: State, arguments: Arguments, kind: str, held: Fields, *, draft: bool) -> Json:
    if held.text("type") != kind:
        raise bad_request(f"RICH_MESSAGE_{kind.upper()}_INVALID")
    value = held.text("media")
    if draft and value.startswith(("attach://", "http://", "https://")):
        raise bad_request("can't upload files in a message draft")
    file = files.attachment(state, arguments, "voice" if kind == "voice_note" else kind, value)
    shown = files.wire(file)
    if kind == "voice_note":
        shown = {"voice_note": shown["voice"]}
    return shown | ({"has_spoiler": True} if held.flag("has_spoiler") else {})
