"""Reply markup as Telegram reads it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bot.playground.entities import checked_link
from bot.playground.errors import bad_request

DATA_BYTES = 64
# Telegram states neither number; both are what its users report, and a bot that stays below them is safe
BUTTONS_IN_ALL = 100
BUTTONS_IN_A_ROW = 8

_TYPES = (
    "url",
    "callback_data",
    "callback_game",
    "pay",
    "switch_inline_query",
    "switch_inline_query_chosen_chat",
    "switch_inline_query_current_chat",
    "login_url",
    "web_app",
    "copy_text",
    "disabled",
)


@dataclass(frozen=True, slots=True)
class Markup:
    """What stands under a message. `rows` are the buttons of an inline keyboard as they go over the wire; other kinds
    ("reply", "remove", "force") concern the people's input field and are only kept."""

    kind: str
    rows: tuple[tuple[dict[str, Any], ...], ...] = ()
    raw: str = ""

    @property
    def buttons(self) -> list[dict[str, Any]]:
        """All buttons in reading order."""
        return [button for row in self.rows for button in row]


def parse(source: str) -> Markup | None:
    """The markup of a request's `reply_markup`, None where there is none.

    Raises:
        ApiError: it cannot be read, or a button is not one.
    """
    if not source:
        return None
    try:
        value = json.loads(source)
    except ValueError:
        raise bad_request("Can't parse reply keyboard markup JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("Object expected as reply markup")
    if value.get("keyboard"):
        return Markup("reply", raw=source)
    rows = value.get("inline_keyboard")
    if rows:
        return _inline(rows, source)
    if value.get("remove_keyboard"):
        return Markup("remove", raw=source)
    return Markup("force", raw=source) if value.get("force_reply") else None


def _inline(rows: object, source: str) -> Markup | None:
    wrong = 'Field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request(wrong)
    parsed = tuple(tuple(_button(button) for button in row) for row in rows if row)
    return Markup("inline", parsed, source) if parsed else None


def _button(button: object) -> dict[str, Any]:
    start = "Can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(f"{start}InlineKeyboardButton must be an Object")
    if "text" not in button:
        raise bad_request(f'{start}Can\'t find field "text"')
    button = {name: str(value) if _is_number(value) else value for name, value in button.items()}
    for name in ("text", "url", "callback_data"):
        if not isinstance(button.get(name, ""), str):
            raise bad_request(f'{start}Field "{name}" must be of type String')
    kind = next((name for name in _TYPES if _counts(name, button)), "")
    if not kind:
        raise bad_request(f"{start}Text buttons are unallowed in the inline keyboard")
    kept = {"text": button["text"], kind: button[kind]}
    return kept | {name: button[name] for name in ("style", "icon_custom_emoji_id") if button.get(name)}


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _counts(name: str, button: dict[str, Any]) -> bool:
    may_be_empty = name.startswith("switch_inline_query") or name in ("callback_game", "disabled")
    return name in button if may_be_empty else bool(button.get(name))


def check(markup: Markup | None) -> None:
    """Refuses what only the later stages of the server refuse: empty labels, bad links, long data, too many buttons.

    Raises:
        ApiError: with Telegram's text.
    """
    if markup is None:
        return
    for button in markup.buttons:
        if not button["text"].strip():
            raise bad_request("Inline keyboard button text must be non-empty")
        if "url" in button and not checked_link(str(button["url"])):
            raise bad_request(f"Inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        if len(str(button.get("callback_data", "")).encode()) > DATA_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    if len(markup.buttons) > BUTTONS_IN_ALL or any(len(row) > BUTTONS_IN_A_ROW for row in markup.rows):
        raise bad_request("reply markup is too long")
