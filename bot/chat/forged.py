"""What no button of a message says, pressed on it all the same: anybody can have a client of their own send any data for any
message of ours that they see, and Telegram does not look whether a button says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telegram import Message

from bot.chat.callbacks import Press, Unfold, UnknownPress, decode


def forged(message: Message, data: str) -> bool:
    """Whether none of the buttons that `message` is seen to have says `data`, nor anything of its kind: a card's button
    would take a list of settings away or put a card in its place. On a table, or another list whose buttons unfold papers,
    the kind is not enough. Of a message that shows us no button of ours nothing is known, and what was pressed counts."""
    markup = message.reply_markup
    keys = (key.callback_data for row in markup.inline_keyboard for key in row) if markup is not None else ()
    said = {one for one in (*keys, *_said(message.api_kwargs.get("rich_message"))) if isinstance(one, str)}
    kinds = {kind for kind in map(_kind, said) if kind is not None}
    return data not in said and (Unfold in kinds or (bool(kinds) and _kind(data) not in kinds))


def _kind(data: str) -> type[Press] | None:
    try:
        return type(decode(data))
    except UnknownPress:
        return None


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
