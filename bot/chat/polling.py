"""The bot's connection to Telegram: how it is made, how updates are fetched, and how it ends.

python-telegram-bot's own loop is not used: it dies in silence when the token is revoked, cannot tell a second poller
from a passing conflict, and writes a traceback for every hiccup of the network.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application, ExtBot

from bot.chat.lanes import Lanes, seconds
from bot.chat.pacing import Lane, Limits
from bot.chat.transport import Transport
from bot.errors import AlreadyRunning, BadToken

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


def make_bot(token: str, api_url: str, *, limits: Limits | None = None, trust_env: bool = True) -> ExtBot[Lane]:
    """The bot with our transport and our lanes; nothing is opened yet.

    Raises:
        BadToken: the token cannot be one.
    """
    if not re.fullmatch(r"[\w:/-]+", token, re.ASCII):
        raise BadToken
    return ExtBot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=Transport(trust_env=trust_env),
        get_updates_request=Transport(in_flight=2, trust_env=trust_env),
        rate_limiter=Lanes(limits),
    )


async def run_polling(
    application: Application[Any, Any, Any, Any, Any, Any],
    stop: asyncio.Event,
    *,
    on_started: Callable[[], Awaitable[object]] | None = None,
    on_stopping: Callable[[], Awaitable[object]] | None = None,
    timings: Timings | None = None,
) -> None:
    """Connects to Telegram and hands its updates to `application` until `stop` is set; then ends in good order.

    While Telegram cannot be reached it tries again and says so in one line each time. `on_started` is awaited once the
    connection is there, `on_stopping` after the last update was fetched and while messages can still be sent.

    Raises:
        BadToken: Telegram does not know the token, or not any more.
        AlreadyRunning: another program fetches this bot's updates.
    """
    line = _Line(application, stop, timings or Timings())
    try:
        if not await line.connect():
            return
        await application.start()
        try:
            if on_started is not None:
                await on_started()
            await line.fetch()
        finally:
            await line.close(on_stopping)
    finally:
        await application.shutdown()
        await application.bot.shutdown()  # the application leaves it open when it was never connected


@dataclass(slots=True)
class _Trouble:
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


@dataclass(slots=True)
class Rivals:
    """Whether conflicts mean that another program is at it, and who has to give way. `begun` is when we came."""

    timings: Timings
    begun: float
    first: float = field(default=float("-inf"))
    last: float = field(default=float("-inf"))

    def too_many(self, now: float) -> bool:
        """There is a conflict now: whether that has been going on for too long."""
        if now - self.last > self.timings.poll + 2 * self.timings.longest_wait:
            self.first = now
        self.last = now
        young = self.first - self.begun < self.timings.young
        return now - self.first >= (self.timings.young_patience if young else self.timings.patience)


class _Line:
    """The line to Telegram for one run."""

    def __init__(
        self, application: Application[Any, Any, Any, Any, Any, Any], stop: asyncio.Event, timings: Timings
    ) -> None:
        self._application = application
        self._bot = application.bot
        self._stop = stop
        self._timings = timings
        self._offset = 0
        self._confirmed = 0

    async def connect(self) -> bool:
        """Introduce ourselves, however long it takes; False if we were stopped before."""
        trouble = _Trouble(self._timings)
        while not self._stop.is_set():
            try:
                await self._unless_stopped(self._introduce())
            except InvalidToken:
                raise BadToken from None  # the original says which token it was
            except TelegramError as error:
                await self._wait_after(error, trouble)
            else:
                break
        return not self._stop.is_set()

    async def _introduce(self) -> None:
        await self._application.initialize()
        try:
            await self._bot.delete_webhook()  # with a webhook there are no updates to fetch
        except InvalidToken:
            log.info("this Bot API server knows no webhooks")  # the token itself has just been accepted

    async def fetch(self) -> None:
        """Hand over updates until we are stopped."""
        now = asyncio.get_running_loop().time
        trouble = _Trouble(self._timings)
        rivals = Rivals(self._timings, now())
        unknown = 0
        while not self._stop.is_set():
            asked = self._offset
            try:
                updates = await self._unless_stopped(
                    self._bot.get_updates(offset=asked, timeout=self._timings.poll, allowed_updates=ALLOWED_UPDATES)
                )
            except InvalidToken:
                unknown += 1
                if unknown > 1:  # a single one may be a server that is just being restarted
                    raise BadToken from None
                await self._pause(self._timings.first_wait)
                continue
            except Conflict as error:
                if rivals.too_many(now()):
                    raise AlreadyRunning("this bot's token") from None
                log.warning("another program fetches this bot's updates: %s", error)
                await self._pause(self._timings.first_wait)
                continue
            except TelegramError as error:
                await self._wait_after(error, trouble)
                continue
            except Exception:
                log.exception("updates could not be read")
                await self._pause(trouble.next())
                continue
            if updates is None:
                return
            unknown = 0
            if trouble.over():
                log.info("Telegram answers again")
            self._confirmed = asked
            for update in updates:
                await self._application.update_queue.put(update)
                self._offset = update.update_id + 1

    async def close(self, on_stopping: Callable[[], Awaitable[object]] | None) -> None:
        """Let what runs come to its end, and tell Telegram which updates are done with."""
        ending: list[Awaitable[object]] = [self._finish_updates()]
        if on_stopping is not None:
            ending.append(on_stopping())
        for result in await asyncio.gather(*ending, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("something did not end well", exc_info=result)
        if self._offset > self._confirmed:
            await self._confirm()

    async def _finish_updates(self) -> None:
        try:
            await asyncio.wait_for(self._application.stop(), self._timings.ending)
        except TimeoutError:
            log.warning("some updates were still being handled after %.0f s", self._timings.ending)

    async def _confirm(self) -> None:
        """Fetch nothing once more: by asking for what comes next Telegram learns what has come."""
        try:
            await asyncio.wait_for(self._bot.get_updates(offset=self._offset, limit=1, timeout=0), self._timings.ending)
        except (TelegramError, TimeoutError) as error:
            log.info("the last updates will come again: %s", error)

    async def _wait_after(self, error: TelegramError, trouble: _Trouble) -> None:
        wait = seconds(error) if isinstance(error, RetryAfter) else trouble.next()
        log.warning("no connection to Telegram (%s); trying again in %.0f s", error, wait)
        await self._pause(wait)

    async def _pause(self, wait: float) -> None:
        await self._unless_stopped(asyncio.sleep(wait))

    async def _unless_stopped(self, work: Coroutine[Any, Any, T]) -> T | None:
        """What `work` gives; None if we were stopped, and `work` with us."""
        task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
        finally:
            for one in (task, stopped):
                one.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)
        return None
