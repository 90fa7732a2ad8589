"""What digests are made of, read for many chats in few statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Chat, Listing, ListingState, Poll, Profile
from bot.shelf import Shelf
from storage import chats, digests, listings
from storage.database import Database
from storage.listings import Shown

Places = NDArray[np.intp]
Flags = NDArray[np.bool_]
Key = tuple[str, date]

RETURNING = timedelta(days=90)
"""For how long tables are looked through for papers that come up again, cross-listed mostly. Nearly all of them were
considered with another listing of the chat's, and are left out by that, however long ago it was."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What one chat's next digest is made of: `pending` are the listings it has still to get, oldest first; of the
    papers of these days, which all chats share, those at the places `among` are its own to choose from, and none of
    `seen`, which its tables have shown. `states` are its categories on the newest day, of which the digest will be that
    `part`."""

    chat: Chat
    profile: Profile
    pending: tuple[Listing, ...]
    shown: Shown
    among: Places
    states: tuple[Listing, ...]
    seen: frozenset[str]
    part: int

    @property
    def day(self) -> date:
        """The date of the digest."""
        return self.pending[-1].date

    @property
    def since(self) -> date:
        """The earliest day that it draws from."""
        return self.pending[0].date

    @property
    def late(self) -> tuple[Listing, ...]:
        """The listings of earlier days."""
        return tuple(listing for listing in self.pending if listing.date < self.day)

    def announced_on(self, at: int) -> date:
        """The newest day on which one of the pending listings shows the paper at this place."""
        return max(one.date for one in self.pending if at in self.shown.places.get((one.category, one.date), ()))


class Materials:
    """Reads what digests are made of."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._shelf = Shelf()

    async def read(self, chat_ids: Iterable[int]) -> list[Material]:
        """What the next digest of each of these chats is made of; a chat that has got everything is left out."""
        return await self._db.reading(partial(self._read, chat_ids=chat_ids))

    async def _read(self, conn: AsyncConnection, chat_ids: Iterable[int]) -> list[Material]:
        pending = await listings.unconsidered_of(conn, chat_ids)
        by_days: defaultdict[tuple[date, ...], list[int]] = defaultdict(list)
        for chat_id, fresh in pending.items():
            by_days[tuple(sorted({listing.date for listing in fresh}))].append(chat_id)
        known = await chats.many(conn, pending)
        profiles = await chats.profiles(conn, pending)
        polls = {poll.category: poll for poll in await listings.all_polls(conn)}
        found: list[Material] = []
        for days, some in by_days.items():
            mine = [(known[one], profiles[one], pending[one]) for one in some if one in known and one in profiles]
            found += await self._of_days(conn, days, mine, polls)
        return found

    async def _of_days(
        self,
        conn: AsyncConnection,
        days: tuple[date, ...],
        asking: Sequence[tuple[Chat, Profile, Sequence[Listing]]],
        polls: Mapping[str, Poll],
    ) -> list[Material]:
        """The material of chats whose pending listings are of the same days."""
        ids = [chat.id for chat, _, _ in asking]
        drawn = {listing.category for _, _, pending in asking for listing in pending}
        shown = await self._shelf.shown_on(conn, drawn.union(polls), days)
        had = await listings.considered_on(conn, ids, {day for _, day in shown.places})
        seen = await digests.shown_since(conn, ids, days[0] - RETURNING)
        parts = await digests.next_parts(conn, ids, days[-1])
        stored = {listing.category: listing for _, _, some in asking for listing in some if listing.date == days[-1]}
        others = {name for _, one, _ in asking for name in one.categories} - stored.keys()
        stored |= await listings.states(conn, others, days[-1])
        now = self._clock()
        shows = _Shows(shown)
        return [
            Material(
                chat,
                profile,
                tuple(pending),
                shown,
                shows.among(pending, had.get(chat.id, ())),
                states_on(profile.categories, days[-1], stored, polls, now),
                frozenset(shown.place.keys() & seen.get(chat.id, ())),
                parts.get(chat.id, 0),
            )
            for chat, profile, pending in asking
        ]


class _Shows:
    """Which of some days' papers each listing shows: chats that are served together ask for the same ones."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._known: dict[Key, Flags] = {}

    def among(self, pending: Iterable[Listing], had: Iterable[Key]) -> Places:
        """The places of what pending listings show and no listing that was considered already has shown."""
        fresh = self._any((one.category, one.date) for one in pending)
        return np.flatnonzero(fresh & ~self._any(had))

    def _any(self, keys: Iterable[Key]) -> Flags:
        found = np.zeros(len(self._shown.papers), dtype=np.bool_)
        for key in keys:
            found |= self._by(key)
        return found

    def _by(self, key: Key) -> Flags:
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = np.zeros(len(self._shown.papers), dtype=np.bool_)
            known[list(self._shown.places.get(key, ()))] = True
        return known


def states_on(
    names: Collection[str], day: date, stored: Mapping[str, Listing], polls: Mapping[str, Poll], now: datetime
) -> tuple[Listing, ...]:
    """The state of each category on `day`: what is stored, else what the last attempt at the category says."""
    states = []
    for name in names:
        listing = stored.get(name)
        if listing is None or not listing.state.complete:
            poll = polls.get(name)
            troubled = poll is not None and poll.state in (ListingState.THROTTLED, ListingState.FAILED)
            if poll is not None and troubled:
                listing = Listing(name, day, poll.state, checked_at=poll.checked_at, detail=poll.detail)
            elif listing is None:
                listing = Listing(name, day, ListingState.WAITING, checked_at=poll.checked_at if poll else now)
        states.append(listing)
    return tuple(states)
