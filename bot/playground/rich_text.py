"""RichText as the server reads it: checked, counted, and turned into what a client receives."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.playground import limits
from bot.playground.entities import checked_link, cleaned, find, utf16_slice
from bot.playground.errors import bad_request
from bot.playground.fields import Fields

Json = dict[str, Any]
RichText = Any  # a text, an array of RichText, or an object with a type
"""The JSON form of RichText."""

_FORMATS = frozenset(
    {"bold", "italic", "underline", "strikethrough", "spoiler", "subscript", "superscript", "marked", "code"}
)
_ADDRESSED = {
    "url": "url",
    "email_address": "email_address",
    "phone_number": "phone_number",
    "bank_card_number": "bank_card_number",
    "mention": "username",
    "hashtag": "hashtag",
    "cashtag": "cashtag",
    "bot_command": "bot_command",
    "anchor_link": "anchor_name",
    "reference": "name",
    "reference_link": "reference_name",
}
_DETECTED = {kind: kind for kind in _ADDRESSED} | {"email": "email_address"}
_IN_LABELS = frozenset({"custom_emoji", "date_time"})
_STYLES = ("danger", "success", "primary", "link")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_DATE_FORMAT = re.compile(r"r|w?[dD]?[tT]?")
ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "disabled",
)
_OBJECTS = frozenset({"web_app", "login_url", "switch_inline_query_chosen_chat", "copy_text", "disabled"})


@dataclass(slots=True)
class Tally:
    """What has been counted of one rich message: characters, blocks, media, its buttons in reading order, and whether
    anything of it can be seen."""

    characters: int = 0
    blocks: int = 0
    media: int = 0
    seen: bool = False
    buttons: list[Json] = field(default_factory=list)

    def check(self) -> None:
        """Refuses what is too large or empty.

        Raises:
            ApiError: with Telegram's RICH_MESSAGE_… code.
        """
        for count, most, code in (
            (self.blocks, limits.RICH_BLOCKS, "BLOCKS_TOO_MANY"),
            (self.characters, limits.RICH_TEXT, "TEXT_TOO_LONG"),
            (self.media, limits.RICH_MEDIA, "MEDIA_TOO_MANY"),
        ):
            if count > most:
                raise bad_request(f"RICH_MESSAGE_{code}")
        if not self.seen:
            raise bad_request("RICH_MESSAGE_EMPTY")


def deeper(depth: int) -> int:
    """The next level of nested formatting and blocks.

    Raises:
        ApiError: there is none.
    """
    if depth >= limits.RICH_LEVELS:
        raise bad_request("RICH_MESSAGE_DEPTH_INVALID")
    return depth + 1


class TextReader:
    """Reads the RichText of one message. `user_named` gives the User object of an id, None for nobody; with `detect`
    links, mentions and the like are found in plain text."""

    def __init__(self, tally: Tally, user_named: Callable[[int], Json | None], *, detect: bool) -> None:
        self.tally = tally
        self._user_named = user_named
        self._detect = detect

    def read(self, value: object, depth: int, what: str = "InputRichBlock", *, plain: bool = False) -> RichText:
        """`value` as a client receives it; `depth` is the level it stands on, `what` names the refusals, and with
        `plain` nothing is detected in it.

        Raises:
            ApiError: it cannot be read, or is nested too deep.
        """
        if isinstance(value, str):
            return self._string(value, plain=plain)
        if isinstance(value, list):
            nested = any(isinstance(piece, list) for piece in value)
            below = deeper(depth) if nested else depth
            return [self.read(piece, below, what, plain=plain) for piece in value]
        if not isinstance(value, dict):
            raise bad_request(f"Can't parse {what}: RichText must be a String, an Array, or an Object")
        return self._object(Fields(value, what), deeper(depth))

    def _string(self, text: str, *, plain: bool) -> RichText:
        text = cleaned(text)
        self.tally.characters += len(text)
        self.tally.seen = self.tally.seen or bool(text.strip(" \n\u200b\u200c\u200d\u2060\ufeff"))
        if plain or not self._detect:
            return text
        pieces: list[RichText] = []
        end = 0
        for entity in sorted(find(text), key=lambda found: found.offset):
            name = _DETECTED.get(entity.type)
            if name is None:
                continue
            pieces.append(utf16_slice(text, end, entity.offset - end))
            inner = utf16_slice(text, entity.offset, entity.length)
            pieces.append({"type": name, "text": inner, _ADDRESSED[name]: _bare(name, inner)})
            end = entity.end
        if not pieces:
            return text
        pieces.append(utf16_slice(text, end, len(text) * 2))
        return [piece for piece in pieces if piece]

    def _object(self, given: Fields, depth: int) -> RichText:
        kind = given.text("type")
        if kind in _FORMATS:
            return {"type": kind, "text": self.read(given.any("text"), depth, given.what, plain=kind == "code")}
        if kind in _ADDRESSED:
            return self._addressed(kind, given, depth)
        special = {
            "mathematical_expression": self._formula,
            "custom_emoji": self._custom_emoji,
            "date_time": self._date_time,
            "text_mention": self._text_mention,
            "anchor": _anchor,
            "button": self._button,
        }.get(kind)
        if special is None:
            raise given.wrong("Unsupported rich text type")
        return special(given, depth)

    def formula(self, given: Fields) -> str:
        """The LaTeX source of a formula, which counts as text."""
        source = given.text("expression")
        if any("\ud800" <= character <= "\udfff" for character in source):
            raise bad_request("Mathematical expression must be encoded in UTF-8")
        self.tally.characters += len(source)
        self.tally.seen = self.tally.seen or bool(source.strip())
        return source

    def _addressed(self, kind: str, given: Fields, depth: int) -> RichText:
        inner = self.read(given.any("text"), depth, given.what, plain=True)
        name = _ADDRESSED[kind]
        address = given.text(name)
        if kind == "url":
            address = _link(address)
        elif kind == "email_address" and not _EMAIL.fullmatch(address):
            raise bad_request("RICH_MESSAGE_EMAIL_INVALID")
        return {"type": kind, "text": inner, name: address}

    def _formula(self, given: Fields, _depth: int) -> RichText:
        return {"type": "mathematical_expression", "expression": self.formula(given)}

    def _button(self, given: Fields, depth: int) -> RichText:
        return {"type": "button", "button": self.button(given.any("button"), depth)}

    def _custom_emoji(self, given: Fields, _depth: int) -> RichText:
        emoji = given.text("alternative_text")
        self.tally.characters += len(emoji)
        self.tally.seen = True
        if not re.fullmatch(r"0*[1-9][0-9]{0,18}", given.text("custom_emoji_id")):
            raise bad_request("Invalid custom emoji identifier specified")
        return {"type": "custom_emoji", "custom_emoji_id": given.text("custom_emoji_id"), "alternative_text": emoji}

    def _date_time(self, given: Fields, depth: int) -> RichText:
        inner = self.read(given.any("text"), depth, given.what, plain=True)
        moment, form = given.integer("unix_time"), given.optional_text("date_time_format")
        if not 0 < moment < 2**31 or not _DATE_FORMAT.fullmatch(form):
            raise bad_request("RICH_MESSAGE_DATE_INVALID")
        return {"type": "date_time", "text": inner, "unix_time": moment, "date_time_format": form}

    def _text_mention(self, given: Fields, depth: int) -> RichText:
        inner = self.read(given.any("text"), depth, given.what, plain=True)
        user = self._user_named(Fields(given.any("user"), given.what).integer("id"))
        return inner if user is None else {"type": "text_mention", "text": inner, "user": user}

    def button(self, value: object, depth: int) -> Json:
        """A RichMessageButton with exactly one action.

        Raises:
            ApiError: no or several actions, a bad label, data, link or style.
        """
        given = Fields(value, "RichMessageButton")
        label = self.read(given.any("text"), depth, "RichMessageButton", plain=True)
        if not _is_label(label) or not plain_text(label).strip():
            raise bad_request("RICH_MESSAGE_BUTTON_TEXT_INVALID")
        actions = [name for name in ACTIONS if given.has(name)]
        if len(actions) != 1:
            raise given.wrong("exactly one of the optional fields must be used to specify the type of the button")
        action, style = actions[0], given.optional_text("style")
        if style and (style not in _STYLES or (style == "link" and action != "callback_data")):
            raise bad_request("BUTTON_STYLE_INVALID")
        button = {"text": label, action: _action(given, action)} | ({"style": style} if style else {})
        self.tally.buttons.append(button | {"text": plain_text(label)})
        return button


def _anchor(given: Fields, _depth: int) -> RichText:
    return {"type": "anchor", "name": given.text("name")}


def _action(given: Fields, name: str) -> Any:
    if name in _OBJECTS:
        held = Fields(given.any(name), given.what)
        if name == "copy_text" and not 1 <= len(held.text("text")) <= limits.COPY_TEXT:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
        if name in ("web_app", "login_url") and not checked_link(held.text("url")).startswith("https://"):
            raise bad_request("BUTTON_URL_INVALID")
        return {key: value for key, value in held.values.items() if value is not None}
    text = given.text(name)
    if name == "callback_data" and not 1 <= len(text.encode("utf-8", "surrogatepass")) <= limits.CALLBACK_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if name == "url" and not checked_link(text):
        raise bad_request("BUTTON_URL_INVALID")
    return text


def _link(address: str) -> str:
    if address.startswith(("mailto:", "tel:", "#")):
        return address
    link = checked_link(address)
    if not link:
        raise bad_request("RICH_MESSAGE_URL_INVALID")
    return link


def _bare(kind: str, text: str) -> str:
    """What a found entity stands for: a mention without its @, a hashtag without its #, a link with its scheme."""
    if kind == "url":
        return checked_link(text) or text
    return text[1:] if kind in ("mention", "hashtag", "cashtag", "bot_command") else text


def _is_label(text: RichText) -> bool:
    if isinstance(text, list):
        return all(_is_label(piece) for piece in text)
    return isinstance(text, str) or text["type"] in _IN_LABELS


def plain_text(text: RichText) -> str:
    """What a reader sees of a received RichText, without formatting; a formula as its source."""
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(plain_text(piece) for piece in text)
    if text["type"] == "button":
        return f"[{plain_text(text['button']['text'])}]"
    name = {"mathematical_expression": "expression", "custom_emoji": "alternative_text"}.get(text["type"], "text")
    return plain_text(text.get(name, ""))
