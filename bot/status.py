"""How the bot is doing, for its administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.model import Delivery, Poll
from storage import chats, deliveries, listings
from storage.database import Database


@dataclass(frozen=True, slots=True)
class StatusView:
    """The last attempts at every listing, how many chats, readers and verdicts there are, and what failed for good."""

    now: datetime
    polls: tuple[Poll, ...]
    counts: dict[str, int]
    failures: tuple[Delivery, ...]


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
