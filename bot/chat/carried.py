"""What the buttons of a message say. Anybody can have a client of their own send any data for any message of ours that
they see; Telegram does not look whether a button says so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from telegram import Message


def carries(message: Message, data: str) -> bool:
    """Whether a button that says `data` stands on the message. Where none is seen on a rich message, or on one for a
    single member, there may be some all the same: nobody has promised that we are shown them."""
    markup = message.reply_markup
    keys = (key.callback_data for row in markup.inline_keyboard for key in row) if markup is not None else ()
    said = {*keys, *_said(message.api_kwargs.get("rich_message"))} - {None}
    return data in said or (not said and not _NEWER.isdisjoint(message.api_kwargs))


_NEWER = {"rich_message", "ephemeral_message_id"}


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
