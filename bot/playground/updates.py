"""The queue of updates and long polling: offsets, one poller at a time, what the bot wants to hear of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.playground.errors import ApiError, conflict
from bot.playground.limits import UPDATE_HOURS, Rates

Json = dict[str, Any]
KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "message_reaction",
    "message_reaction_count",
    "stopped_message_generation",
)
UNASKED = frozenset({"chat_member", "message_reaction", "message_reaction_count"})  # only where asked for
_CONFLICT_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Update:
    """One update on its way to the bot."""

    id: int
    kind: str
    payload: Json
    at: datetime

    def wire(self) -> Json:
        """As getUpdates and webhooks deliver it."""
        return {"update_id": self.id, self.kind: self.payload}


class Updates:
    """Updates wait here until a later offset confirms them, for a day at most."""

    def __init__(self, clock: Callable[[], datetime], first_id: int, rates: Rates) -> None:
        self.allowed: frozenset[str] | None = None  # None: all but the unasked ones
        self.asked_at: float | None = None  # loop time of the newest getUpdates
        self.taken_at = 0.0  # loop time when updates were last handed over
        self._clock = clock
        self._next_id = first_id
        self._handed_over = 0  # the newest update that a poll or webhook has taken
        self.rates = rates
        self._waiting: list[Update] = []
        self._poller: asyncio.Future[None] | None = None
        self._asked_offset: int | None = None
        self._next_conflict = 0.0
        self.arrived = asyncio.Event()

    @property
    def pending(self) -> int:
        """How many updates the bot has not confirmed."""
        return len(self._alive())

    @property
    def undelivered(self) -> int:
        """How many updates no poll and no webhook has handed over yet."""
        return sum(update.id > self._handed_over for update in self._alive())

    def put(self, kind: str, payload: Json) -> None:
        """Queues an update if the bot wants its kind."""
        wanted = kind not in UNASKED if self.allowed is None else kind in self.allowed
        if not wanted:
            return
        self._waiting.append(Update(self._next_id, kind, payload, self._clock()))
        self._next_id += 1
        self.arrived.set()
        if self._poller and not self._poller.done():
            self._poller.set_result(None)

    def allow(self, kinds: list[str] | None) -> None:
        """What the bot wants to hear of from now on; None changes nothing, an empty list means the default."""
        if kinds is not None:
            known = frozenset(kinds) & frozenset(KINDS)
            self.allowed = known or None

    def drop(self) -> None:
        """Forgets everything that waits."""
        self._waiting.clear()

    def confirm(self, offset: int) -> None:
        """Forgets the updates before `offset`; a negative one keeps that many from the end."""
        if offset < 0:
            self._waiting = self._waiting[offset:]
        elif offset > 0:
            self._waiting = [update for update in self._waiting if update.id >= offset]

    def ready(self, limit: int) -> list[Update]:
        """The oldest waiting updates; they count as handed over."""
        ready = self._alive()[:limit]
        if ready:
            self._handed_over = max(self._handed_over, ready[-1].id)
            self.taken_at = asyncio.get_running_loop().time()
        return ready

    def _alive(self) -> list[Update]:
        oldest = self._clock() - timedelta(hours=UPDATE_HOURS)
        self._waiting = [update for update in self._waiting if update.at > oldest]
        return self._waiting

    async def poll(self, offset: int, limit: int, timeout: int) -> list[Json]:  # noqa: ASYNC109 - the API's argument
        """getUpdates: what waits, or the first that comes within `timeout` seconds.

        Raises:
            ApiError: 409, because a second poller has come.
        """
        now = asyncio.get_running_loop().time()
        if self.rates.polling and offset == self._asked_offset and self.asked_at is not None:
            limit = 1 if now < self.asked_at + 0.5 else limit
            timeout = 3 if timeout < 3 and now < self.asked_at + 3 else timeout
        self._asked_offset, self.asked_at = offset, now
        self.confirm(offset)
        if timeout and not self._alive():
            await self._wait(timeout)
        return [update.wire() for update in self.ready(limit)]

    async def _wait(self, seconds: float) -> None:
        self.interrupt(
            conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        )
        poller = self._poller = asyncio.get_running_loop().create_future()
        try:
            await asyncio.wait_for(poller, seconds)
        except TimeoutError:
            pass
        except ApiError:
            loop = asyncio.get_running_loop()
            if self.rates.polling and loop.time() < self._next_conflict:
                await asyncio.sleep(_CONFLICT_SECONDS)
            else:
                self._next_conflict = loop.time() + _CONFLICT_SECONDS
            raise
        finally:
            if self._poller is poller:
                self._poller = None

    def interrupt(self, error: ApiError) -> None:
        """Ends the poll that waits, if one does, with this error."""
        if self._poller and not self._poller.done():
            self._poller.set_exception(error)
