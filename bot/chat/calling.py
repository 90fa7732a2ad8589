"""One call to Telegram in plain values, through the lanes and the transport that all calls take.

python-telegram-bot makes an object of everything that goes out and of the whole message that comes back; for a message of
which only its number is wanted that takes longer than the sending itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from telegram.ext import ExtBot

from bot.chat.pacing import Lane
from bot.chat.transport import AnswerLost, PlainCall

if TYPE_CHECKING:
    from telegram.request import RequestData


async def call_raw(bot: ExtBot[Lane], method: str, parameters: Mapping[str, Any], lane: Lane | None) -> dict[str, Any]:
    """Call `method`, which answers with an object; parameters that are None are left out. → that object.

    Raises:
        AnswerLost: the answer is something else.
        TelegramError: as every call.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    call: dict[str, Any] = {"url": f"{bot.base_url}/{method}", "request_data": cast("RequestData", PlainCall(given))}
    if bot.rate_limiter is None:
        answer: Any = await bot.request.post(**call)
    else:
        answer = await bot.rate_limiter.process_request(bot.request.post, (), call, method, given, lane)
    if not isinstance(answer, dict):
        raise AnswerLost(f"{method}: the answer is not what was asked for")
    return answer
