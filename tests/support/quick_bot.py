"""What the tests of sending share: the ledger's clock, and a bot as the program makes it, with limits that a test need
not wait for."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from telegram.ext import ExtBot

from bot.chat.lanes import Lanes
from bot.chat.pacing import Lane, Limits
from bot.chat.transport import Timeouts, Transport
from tests.support.tiny_bot_api import TOKEN

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
FAST = Limits(overall=2000, chat_gap=0.001)


class Clock:
    """The ledger's time, moved by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        """The current moment."""
        return self.now


@asynccontextmanager
async def quick_bot(api_url: str, clock: Clock) -> AsyncIterator[ExtBot[Lane]]:
    """An open bot whose lanes go by the system's time and by how far the ledger's clock was moved."""

    def running() -> float:
        return time.monotonic() + (clock.now - NOW).total_seconds()

    one: ExtBot[Lane] = ExtBot(
        TOKEN,
        base_url=f"{api_url}/bot",
        request=Transport(timeouts=Timeouts(call=1.0)),
        get_updates_request=Transport(),
        rate_limiter=Lanes(FAST, clock=running),
    )
    async with one:
        yield one
