"""The line to Telegram: how the bot is made and introduced, however long that takes, and how it ends in good order."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from telegram.error import InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application, BaseRateLimiter, ExtBot

from bot.chat.lanes import Borrowed, Lanes, seconds
from bot.chat.pacing import Lane, Limits
from bot.chat.transport import Transport
from bot.errors import BadToken

log = logging.getLogger(__name__)

ALLOWED_UPDATES = ("message", "channel_post", "callback_query", "my_chat_member")
"""What the bot wants to hear of."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds. `poll` is how long Telegram may hold a request for updates; after trouble the next attempt comes in
    `first_wait`, then in twice as much each time up to `longest_wait`; what still runs at the end is given `ending`.

    A second poller is put up with for `patience`, by a bot that began less than `young` ago only for `young_patience`:
    so of two bots the newcomer gives way.
    """

    poll: int = 30
    first_wait: float = 1.0
    longest_wait: float = 30.0
    ending: float = 8.0
    young: float = 60.0
    young_patience: float = 10.0
    patience: float = 300.0


def make_bot(
    token: str,
    api_url: str,
    *,
    limits: Limits | None = None,
    lanes: BaseRateLimiter[Lane] | None = None,
    before: Callable[[], Awaitable[object]] | None = None,
    in_flight: int = 64,
    trust_env: bool = True,
) -> ExtBot[Lane]:
    """The bot with our transport and lanes of its own, or with `lanes` that it shares with others; `before` is then
    awaited when the turn of a message has come. `in_flight` is how many requests may be under way at once. Nothing is
    opened yet.

    Raises:
        BadToken: the token cannot be one.
    """
    if not re.fullmatch(r"[\w:/-]+", token, re.ASCII):
        raise BadToken
    return ExtBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=Transport(in_flight, trust_env=trust_env),
        get_updates_request=Transport(in_flight=2, trust_env=trust_env),
        rate_limiter=Lanes(limits) if lanes is None else Borrowed(lanes, before),
    )


@dataclass(slots=True)
class Trouble:
    """How long to wait after failures in a row."""

    timings: Timings
    wait: float = 0.0

    def over(self) -> bool:
        """It works; True if it did not before."""
        was, self.wait = self.wait, 0.0
        return was > 0

    def next(self) -> float:
        """Seconds until the next attempt."""
        self.wait = min(max(self.timings.first_wait, self.wait * 2), self.timings.longest_wait)
        return self.wait


async def introduced(bot: ExtBot[Lane], stop: asyncio.Event, timings: Timings | None = None) -> bool:
    """Open a bot that only sends, however long it takes; False if we were stopped before.

    Raises:
        BadToken: Telegram does not know the token.
    """
    return await Line(Application.builder().bot(bot).updater(None).build(), stop, timings or Timings()).connect()


class Line:
    """The line to Telegram for one run."""

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], stop: asyncio.Event, timings: Timings
    ) -> None:
        self.application = application
        self.bot = application.bot
        self.stop = stop
        self.timings = timings

    async def run(
        self,
        serve: Callable[[], Awaitable[None]],
        introduce: Callable[[], Coroutine[Any, Any, None]] | None,
        on_started: Callable[[], Awaitable[object]] | None,
        on_stopping: Callable[[], Awaitable[object]] | None,
    ) -> None:
        """Connect, `serve` until that ends, and close; see `run_polling` for the hooks.

        Raises:
            BadToken: Telegram does not know the token, or not any more.
        """
        try:
            if not await self.connect(introduce):
                return
            await self.application.start()
            try:
                if on_started is not None:
                    await on_started()
                await serve()
            finally:
                await self.close(on_stopping)
        finally:
            await self.application.shutdown()
            await self.bot.shutdown()  # the application leaves it open when it was never connected

    async def connect(self, introduce: Callable[[], Coroutine[Any, Any, None]] | None = None) -> bool:
        """Introduce ourselves, however long it takes; False if we were stopped before."""
        trouble = Trouble(self.timings)
        while not self.stop.is_set():
            try:
                await self.unless_stopped(self._introduce(introduce))
            except InvalidToken:
                raise BadToken from None  # the original says which token it was
            except TelegramError as error:
                await self.wait_after(error, trouble)
            else:
                break
        return not self.stop.is_set()

    async def _introduce(self, introduce: Callable[[], Coroutine[Any, Any, None]] | None) -> None:
        await self.application.initialize()
        if introduce is not None:
            await introduce()

    async def close(self, on_stopping: Callable[[], Awaitable[object]] | None) -> None:
        """Let what runs come to its end."""
        ending: list[Awaitable[object]] = [self._finish_updates()]
        if on_stopping is not None:
            ending.append(on_stopping())
        for result in await asyncio.gather(*ending, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("something did not end well", exc_info=result)

    async def _finish_updates(self) -> None:
        try:
            await asyncio.wait_for(self.application.stop(), self.timings.ending)
        except TimeoutError:
            log.warning("some updates were still being handled after %.0f s", self.timings.ending)

    async def wait_after(self, error: TelegramError, trouble: Trouble) -> None:
        """Wait for as long as Telegram asks, or longer after each failure."""
        wait = seconds(error) if isinstance(error, RetryAfter) else trouble.next()
        log.warning("no connection to Telegram (%s); trying again in %.0f s", error, wait)
        await self.pause(wait)

    async def pause(self, wait: float) -> None:
        """Wait so many seconds, or until we are stopped."""
        await self.unless_stopped(asyncio.sleep(wait))

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` gives; None if we were stopped, and `work` with us."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self.stop.wait())
        try:
            await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)
        return None
