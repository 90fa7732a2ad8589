"""What no button of a table says, pressed on it all the same: anybody can have a client of their own send any data for any
message of ours that they see, and Telegram does not look whether a button says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telegram import Message

from bot.chat.callbacks import Unfold, UnknownPress, decode


def forged(message: Message, data: str) -> bool:
    """Whether `message` is seen to be a table, or another list whose buttons unfold papers, and none of its buttons says
    `data`: a card's button would take it away or put a card in its place. Of a message that shows us no button, nothing
    is known, and what was pressed counts."""
    markup = message.reply_markup
    keys = (key.callback_data for row in markup.inline_keyboard for key in row) if markup is not None else ()
    said = {one for one in (*keys, *_said(message.api_kwargs.get("rich_message"))) if isinstance(one, str)}
    return data not in said and any(map(_unfolds, said))


def _unfolds(data: str) -> bool:
    try:
        return isinstance(decode(data), Unfold)
    except UnknownPress:
        return False


def _said(content: Any) -> Iterator[object]:
    """The data of every button somewhere inside of a rich message."""
    if isinstance(content, dict):
        if "callback_data" in content:
            yield content["callback_data"]
        for part in content.values():
            yield from _said(part)
    elif isinstance(content, (list, tuple)):
        for part in content:
            yield from _said(part)
