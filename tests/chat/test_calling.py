"""Calls in plain values: they arrive as python-telegram-bot's own do, and take the same way through the lanes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter
from telegram.ext import ExtBot

from bot.chat.calling import call_raw
from bot.chat.pacing import Lane
from bot.chat.transport import NotSent, PlainCall
from tests.support.quick_bot import Clock, quick_bot
from tests.support.tiny_bot_api import RESET, Reply, TinyBotApi, refusal

TEXT = "<b>50 % & more</b> = a+b; \u8bba\u6587 \U0001f600 \x00 #1 ? / \n\ttab 'quoted' \"twice\" %41 ~"


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


@pytest.fixture
async def bot(api: TinyBotApi) -> AsyncIterator[ExtBot[Lane]]:
    """The bot as the program makes it."""
    async with quick_bot(api.url, Clock()) as one:
        yield one


async def test_it_arrives_as_the_librarys_own_call_does(api: TinyBotApi, bot: ExtBot[Lane]) -> None:
    """Every kind of value, and every character that could break a form, is the same at the far end."""
    await bot.send_message(
        -7,
        TEXT,
        parse_mode="HTML",
        disable_notification=True,
        message_thread_id=9,
        link_preview_options=LinkPreviewOptions(is_disabled=True),
        reply_parameters=ReplyParameters(5, allow_sending_without_reply=True),
        reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton(TEXT, callback_data="x")]]),
    )
    plain = {
        "chat_id": -7,
        "text": TEXT,
        "parse_mode": "HTML",
        "disable_notification": True,
        "message_thread_id": 9,
        "link_preview_options": {"is_disabled": True},
        "reply_parameters": {"message_id": 5, "allow_sending_without_reply": True},
        "reply_markup": {"inline_keyboard": [[{"text": TEXT, "callback_data": "x"}]]},
        "allow_paid_broadcast": None,
    }
    answer = await call_raw(bot, "sendMessage", plain, Lane.BROADCAST)
    librarys, ours = api.of("sendMessage")

    def meant(fields: dict[str, str]) -> dict[str, object]:
        return {name: json.loads(value) if value[:1] == "{" else value for name, value in fields.items()}

    assert meant(dict(ours.fields)) == meant(dict(librarys.fields))
    assert ours.fields["text"] == TEXT
    assert ours.headers["Content-Type"] == librarys.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert answer["message_id"] > 100


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refusal(400, "Bad Request: message is too long"), BadRequest),
        (refusal(403, "Forbidden: bot was blocked by the user"), Forbidden),
        (Reply(429, {"ok": False, "error_code": 429, "description": "Too Many Requests"}), RetryAfter),
        (Reply(404, "<html>nothing here</html>"), NotSent),
        (RESET, NetworkError),
        (Reply(200, {"ok": True, "result": True}), NetworkError),
        (Reply(200, {"ok": True, "result": [1]}), NetworkError),
    ],
)
async def test_errors_are_the_librarys(
    api: TinyBotApi, bot: ExtBot[Lane], reply: Reply, error: type[Exception]
) -> None:
    """What goes wrong is told as for any call; an answer that is no message is none."""
    api.plan("sendMessage", reply)
    with pytest.raises(error) as caught:
        await call_raw(bot, "sendMessage", {"chat_id": 7, "text": "x"}, Lane.BROADCAST)
    assert not isinstance(caught.value, BadRequest) or error is BadRequest


def test_what_is_none_is_left_out() -> None:
    """Telegram is not told what was not given."""
    assert PlainCall({"a": None, "b": 0, "c": "", "d": False}).json_parameters == {"b": "0", "c": "", "d": "false"}
