"""Time that passes only when everybody waits for it."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any, TypeVar

T = TypeVar("T")

ROUNDS = 25
"""How many rounds of the event loop are granted for everybody to come to rest."""


class VirtualTime:
    """A clock and a sleep that go together. `late` says by how many seconds a sleeper wakes too late each time."""

    def __init__(self, late: Callable[[], float] = lambda: 0.0) -> None:
        self.now = 1000.0
        self._late = late
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def clock(self) -> float:
        """Seconds since some moment."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Waits until so many seconds have passed here."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(0.0, seconds) + self._late(), next(self._order), woken))
        await woken

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Lets time pass until `work` is done; fails if it waits for something that time does not bring."""
        task = asyncio.ensure_future(work)
        while True:
            for _ in range(ROUNDS):
                await asyncio.sleep(0)
            if task.done():
                return task.result()
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if not self._sleepers:
                task.cancel()
                raise AssertionError("everybody waits for nothing")
            at, _, woken = heapq.heappop(self._sleepers)
            self.now = max(self.now, at)
            woken.set_result(None)
