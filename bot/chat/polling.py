"""How updates are fetched.

python-telegram-bot's own loop is not used: it dies in silence when the token is revoked, cannot tell a second poller
from a passing conflict, and writes a traceback for every hiccup of the network.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import Application

from bot.chat.line import ALLOWED_UPDATES, Line, Timings, Trouble
from bot.errors import AlreadyRunning, BadToken

log = logging.getLogger(__name__)


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
    line = _Poll(application, stop, timings or Timings())
    await line.run(line.fetch, line.no_webhook, on_started, on_stopping)


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


class _Poll(Line):
    """A line on which updates are fetched."""

    _offset = 0
    _confirmed = 0

    async def no_webhook(self) -> None:
        """With a webhook there are no updates to fetch."""
        try:
            await self.bot.delete_webhook()
        except InvalidToken:
            log.info("this Bot API server knows no webhooks")  # the token itself has just been accepted

    async def close(self, on_stopping: Callable[[], Awaitable[object]] | None) -> None:
        """Let what runs come to its end, and tell Telegram which updates are done with."""
        await super().close(on_stopping)
        if self._offset > self._confirmed:
            await self._confirm()

    async def fetch(self) -> None:
        """Hand over updates until we are stopped."""
        now = asyncio.get_running_loop().time
        trouble = Trouble(self.timings)
        rivals = Rivals(self.timings, now())
        unknown = 0
        while not self.stop.is_set():
            asked = self._offset
            try:
                updates = await self.unless_stopped(
                    self.bot.get_updates(offset=asked, timeout=self.timings.poll, allowed_updates=ALLOWED_UPDATES)
                )
            except InvalidToken:
                unknown += 1
                if unknown > 1:  # a single one may be a server that is just being restarted
                    raise BadToken from None
                await self.pause(self.timings.first_wait)
                continue
            except Conflict as error:
                unknown = 0
                if rivals.too_many(now()):
                    raise AlreadyRunning("this bot's token") from None
                log.warning("another program fetches this bot's updates: %s", error)
                await self.pause(self.timings.first_wait)
                continue
            except TelegramError as error:
                unknown = 0
                await self.wait_after(error, trouble)
                continue
            except Exception:
                log.exception("updates could not be read")
                await self.pause(trouble.next())
                continue
            if updates is None:
                return
            unknown = 0
            if trouble.over():
                log.info("Telegram answers again")
            self._confirmed = asked
            for update in updates:
                await self.application.update_queue.put(update)
                self._offset = update.update_id + 1

    async def _confirm(self) -> None:
        """Fetch nothing once more: by asking for what comes next Telegram learns what has come."""
        try:
            await asyncio.wait_for(self.bot.get_updates(offset=self._offset, limit=1, timeout=0), self.timings.ending)
        except (TelegramError, TimeoutError) as error:
            log.info("the last updates will come again: %s", error)
