"""The limiter that python-telegram-bot asks before every call: two lanes, Telegram's limits, and what a 429 concerns.

What writes into a chat (a message, an edit) takes its turn as `bot.chat.pacing` decides. Everything else goes at once:
an answer to a press never waits. A call names its lane by `rate_limit_args`; without one it is interactive.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter
from telegram.ext import BaseRateLimiter

from bot.chat.pacing import Lane, Limits, Pacer, Ticket

WRITES = ("send", "edit", "copy", "forward")
"""How the methods begin that put or change a message; chat actions aside."""

MARGIN = 0.2
"""Seconds that are added to what a 429 asks for."""

MOST_TRIES = 3
"""How often an interactive call is made when each time a 429 asks for a short wait."""

MOST_WAITING = 30
"""How many interactive calls may wait for one chat; a further one is refused as Telegram would."""


class Lanes(BaseRateLimiter[Lane]):
    """Telegram's limits kept on this side.

    After a 429 an interactive call waits and is made again where that takes at most `patience` seconds (a refused call
    was not carried out); otherwise, and always in the broadcast lane, RetryAfter is raised, and further calls to that
    chat are refused with what is left of the wait. While everybody has to wait, a broadcast waits as well.

    `clock` counts seconds, `sleep` waits for some.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        patience: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Coroutine[Any, Any, object]] = asyncio.sleep,
    ) -> None:
        self._pacer = Pacer(limits)
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._waiting: dict[Ticket, asyncio.Future[None]] = {}
        self._pump: asyncio.Task[None] | None = None
        self._nap: asyncio.Task[object] | None = None
        self._nap_until = 0.0

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Stops handing out turns; who still waits is cancelled."""
        for future in self._waiting.values():
            future.cancel()
        if self._nap is not None:
            self._nap.cancel()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.wait((self._pump,))
            self._pump = None

    def rest(self, chat: int) -> float:
        """Seconds for which the limits of that chat alone hold up a broadcast to it."""
        return self._pacer.rest(chat, self._clock())

    def waiting(self) -> dict[str, int]:
        """How many calls wait for their turn, by the name of their lane."""
        lanes = [ticket.lane for ticket in self._waiting]
        return {lane.name.lower(): lanes.count(lane) for lane in Lane}

    async def process_request(
        self,
        callback: Callable[..., Awaitable[Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Lane | None,
    ) -> Any:
        """Makes the call when it may go.

        Raises:
            RetryAfter: Telegram refused it (429), or would, and waiting is not worth it.
            TelegramError: as the call itself.
        """
        if not writes(endpoint, data):
            return await callback(*args, **kwargs)
        lane = Lane.INTERACTIVE if rate_limit_args is None else rate_limit_args
        tries = 0
        while True:
            tries += 1
            ticket = await self._turn(data, lane)
            try:
                result = await callback(*args, **kwargs)
            except RetryAfter as refusal:
                wait = seconds(refusal) + MARGIN
                self._pacer.refused(ticket, wait, self._clock())
                if wait > self._patience:
                    self._turn_away(ticket, refusal)
                if tries == MOST_TRIES or lane is Lane.BROADCAST or wait > self._patience:
                    raise
            except (BadRequest, Forbidden, ChatMigrated):
                self._pacer.served()
                raise
            else:
                self._pacer.served()
                return result
            finally:
                self._pacer.answered(ticket, self._clock())

    async def _turn(self, data: dict[str, Any], lane: Lane) -> Ticket:
        """Waits until this call may be made."""
        chat = data["chat_id"]
        group = isinstance(chat, str) or chat < 0
        now = self._clock()
        self._refuse_the_hopeless(chat, lane, now)
        ticket = Ticket(chat, lane, group, paid=bool(data.get("allow_paid_broadcast")))
        self._pacer.enter(ticket, now)
        admitted = self._pacer.admit(now)
        if len(admitted) == 1 and admitted[0] is ticket:
            return ticket
        future = self._waiting[ticket] = asyncio.get_running_loop().create_future()
        self._let_go(admitted)
        self._keep_pumping(now)
        try:
            await future
        except asyncio.CancelledError:
            ticket.gone = True
            raise
        finally:
            self._waiting.pop(ticket, None)
        return ticket

    def _refuse_the_hopeless(self, chat: object, lane: Lane, now: float) -> None:
        """Raises RetryAfter for a call that would have to wait longer than is good for anybody."""
        own, everybody = self._pacer.chat_pause(chat, now), self._pacer.pause(now)
        if lane is Lane.BROADCAST:
            wait = own if own > everybody else 0.0
        else:
            wait = max(own, everybody)
            if self._pacer.crowd(chat) >= MOST_WAITING:
                wait = max(wait, self._patience + 1.0)
            elif wait <= self._patience:
                return
        if wait > 0:
            raise RetryAfter(timedelta(seconds=round(wait) + 1))

    def _turn_away(self, refused: Ticket, refusal: RetryAfter) -> None:
        """Who waits for a chat that Telegram has just closed for long is told so now."""
        for ticket in self._pacer.turn_away(refused.chat):
            future = self._waiting.pop(ticket, None)
            if future is not None and not future.done():
                future.set_exception(RetryAfter(refusal.retry_after))

    def _let_go(self, admitted: list[Ticket]) -> None:
        for ticket in admitted:
            future = self._waiting.pop(ticket, None)
            if future is not None and not future.done():
                future.set_result(None)

    def _keep_pumping(self, now: float) -> None:
        """See to it that somebody wakes up when the next one may go."""
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._pumping(), name="lanes")
        elif self._nap is not None:
            at = self._pacer.next_at(now)
            if at is not None and at < self._nap_until:
                self._nap.cancel()

    async def _pumping(self) -> None:
        """Hands out turns for as long as anybody waits."""
        while (at := self._pacer.next_at(now := self._clock())) is not None:
            if at > now:
                self._nap_until = at
                self._nap = asyncio.ensure_future(self._sleep(at - now))
                await asyncio.wait((self._nap,))
                self._nap = None
            self._let_go(self._pacer.admit(self._clock()))


class Borrowed(BaseRateLimiter[Lane]):
    """Lanes that several bots in this program use, since their limits are the same token's; opening and closing them is
    somebody else's affair. `before` is awaited when the turn of a call has come, and then the call is made."""

    def __init__(self, lanes: BaseRateLimiter[Lane], before: Callable[[], Awaitable[object]] | None = None) -> None:
        self._lanes = lanes
        self._before = before

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Any]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Lane | None,
    ) -> Any:
        """As the lanes themselves."""
        before = self._before
        if before is None or not writes(endpoint, data):
            return await self._lanes.process_request(callback, args, kwargs, endpoint, data, rate_limit_args)

        async def call(*args: Any, **kwargs: Any) -> Any:
            await before()
            return await callback(*args, **kwargs)

        return await self._lanes.process_request(call, args, kwargs, endpoint, data, rate_limit_args)


def writes(endpoint: str, data: dict[str, Any]) -> bool:
    """Whether a call puts or changes a message in a chat, which is what Telegram counts."""
    return endpoint.startswith(WRITES) and endpoint != "sendChatAction" and data.get("chat_id") is not None


def seconds(refusal: RetryAfter) -> float:
    """How long a 429 asks to wait."""
    wait = refusal.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
