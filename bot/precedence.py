"""Who waits for an answer goes before work that nobody waits for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

BREATH = 0.001
"""Seconds that work lets others go first after each of its steps, which take milliseconds: in them others take several
steps, without them one."""

LONGEST = 0.05
"""Seconds that it stands back at most after one step where somebody waits, so that it goes on at all times."""

STEP = 0.002


class Precedence:
    """Counts who waits for an answer: `waiting`."""

    def __init__(self) -> None:
        self.waiting = 0

    def waits(self) -> Callable[[], None]:
        """Somebody waits from now on, until what is returned is called; further calls of it do nothing."""
        self.waiting += 1
        waiting = True

        def served() -> None:
            nonlocal waiting
            if waiting:
                waiting = False
                self.waiting -= 1

        return served

    async def give_way(self) -> None:
        """Return when nobody waits, or after `LONGEST` seconds."""
        await asyncio.sleep(BREATH)
        for _ in range(round(LONGEST / STEP)):
            if not self.waiting:
                return
            await asyncio.sleep(STEP)
