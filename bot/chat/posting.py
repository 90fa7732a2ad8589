"""How a planned message becomes a call of Telegram's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.ext import ExtBot

from bot.chat.pacing import Lane
from bot.model import Chat

Post = Callable[[Chat, Mapping[str, object]], Awaitable[int]]
"""Sends one message body to a chat; the number that Telegram gave it."""


def through(bot: ExtBot[Lane], *, paid: bool = False) -> Post:
    """How `bot` sends a body {"text": HTML, "keyboard": [[{"text", "data" or "url"}]], "silent": bool} as a broadcast;
    `paid` messages may go faster and cost Stars."""

    async def post(chat: Chat, body: Mapping[str, object]) -> int:
        message = await bot.send_message(
            chat_id=chat.telegram_id,
            message_thread_id=chat.thread_id or None,
            text=str(body["text"]),
            parse_mode=ParseMode.HTML,
            reply_markup=keyboard(body.get("keyboard")),
            disable_notification=bool(body.get("silent")),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
            allow_paid_broadcast=paid or None,
            rate_limit_args=Lane.BROADCAST,
        )
        return message.message_id

    return post


def keyboard(rows: Any) -> InlineKeyboardMarkup | None:
    """The buttons of a body; None without any."""
    if not rows:
        return None
    return InlineKeyboardMarkup(
        [
            [InlineKeyboardButton(one["text"], callback_data=one.get("data"), url=one.get("url")) for one in row]
            for row in rows
        ]
    )
