"""How the bot is doing, for its administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.model import Delivery, Poll
from storage import cards, chats, deliveries, listings
from storage.database import Database


@dataclass(frozen=True, slots=True)
class StatusView:
    """The last attempts at every listing, how many chats, readers and verdicts there are, and what failed for good."""

    now: datetime
    polls: tuple[Poll, ...]
    counts: dict[str, int]
    failures: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """What is cheap to know at any time: the last attempts at listings, messages that are not sent by state, seconds that
    the longest waiting chat has waited beyond its hour, chats that want digests, and cards by analyst."""

    polls: tuple[Poll, ...]
    messages: dict[str, int]
    lag: float
    subscribed: int
    cards: dict[str, int]


class Status:
    """The use case of looking at the bot itself."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    async def overview(self) -> StatusView:
        """Everything as it stands now."""
        async with self._db.read() as conn:
            return StatusView(
                self._clock(),
                tuple(await listings.all_polls(conn)),
                await chats.counts(conn),
                tuple(await deliveries.failures(conn, 10)),
            )

    async def measures(self) -> Measures:
        """The numbers for those who watch over the bot."""
        now = self._clock()
        async with self._db.read() as conn:
            waiting = (await chats.behind_since(conn), await deliveries.behind_since(conn))
            since = min((moment for moment in waiting if moment is not None), default=now)
            return Measures(
                tuple(await listings.all_polls(conn)),
                await deliveries.unsent(conn),
                max((now - since).total_seconds(), 0.0),
                await chats.subscribed(conn),
                await cards.by_analyst(conn),
            )
