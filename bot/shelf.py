"""The papers of announcement days, read once and kept for all chats that draw from them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import listings
from storage.listings import Shown

Key = tuple[tuple[str, ...], tuple[date, ...]]

DAYS_KEPT = 2
"""Sets of days whose papers are kept: today's, and those of chats that missed a day."""


WORDS_KEPT = 2.0
"""Seconds for which the papers that are at hand count as what the database has, in versions and words: a digest takes
about as long to make. Which papers were listed counts only as it is."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What was read of which categories and days, by which it is known to be what the database has, and since when its
    words are."""

    of: Key
    shown: Shown
    stamp: Hashable
    words: Hashable
    looked_at: float


class Shelf:
    """Keeps what was read as long as it is what the database has; `clock` tells seconds. Several threads may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # The last one asked for first; never changed, but replaced.
        self._kept: tuple[_Kept, ...] = ()

    async def shown_on(self, conn: AsyncConnection, names: Collection[str], days: Collection[date]) -> Shown:
        """What the listings of these categories show on these days; the same object while nothing of it changes. Another
        version of a paper, or what is told anew of it, comes within `WORDS_KEPT`."""
        key = (tuple(sorted(names)), tuple(sorted(days)))
        now = self._clock()
        stamp = await listings.stamp_of(conn, *key)
        kept = next((one for one in self._kept if one.of == key), None)
        if kept is None or kept.stamp != stamp or now - kept.looked_at >= WORDS_KEPT:
            words = await listings.words_stamp_of(conn, *key)
            same = kept is not None and (kept.stamp, kept.words) == (stamp, words)
            shown = kept.shown if same and kept is not None else await listings.shown_on(conn, *key)
            kept = _Kept(key, shown, stamp, words, now)
        self._kept = (kept, *(one for one in self._kept if one.of != key))[:DAYS_KEPT]
        return kept.shown
