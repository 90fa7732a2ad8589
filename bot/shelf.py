"""The papers of announcement days, read once and kept for all chats that draw from them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Hashable
from datetime import date

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import listings
from storage.listings import Shown

DAYS_KEPT = 2
"""Sets of days whose papers are kept: today's, and those of chats that missed a day."""


class Shelf:
    """Keeps what was read as long as it is what the database has."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[tuple[str, ...], tuple[date, ...]], tuple[Hashable, Shown]] = OrderedDict()

    async def shown_on(self, conn: AsyncConnection, names: Collection[str], days: Collection[date]) -> Shown:
        """What the listings of all categories that are read, and of these, show on these days; the same object while
        nothing of it changes."""
        categories = {poll.category for poll in await listings.all_polls(conn)}.union(names)
        key = (tuple(sorted(categories)), tuple(sorted(days)))
        stamp = await listings.stamp_of(conn, *key)
        kept = self._kept.get(key)
        if kept is None or kept[0] != stamp:
            kept = (stamp, await listings.shown_on(conn, *key))
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while len(self._kept) > DAYS_KEPT:
            self._kept.popitem(last=False)
        return kept[1]
