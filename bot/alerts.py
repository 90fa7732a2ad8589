"""Telling administrators, once and not a hundred times, that something has been wrong for too long, and when it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Alert, Chat, ListingState, Poll, Trouble, TroubleKind
from bot.status import Measures, Status
from storage import alerts, chats, deliveries
from storage.database import Database

log = logging.getLogger(__name__)

PATIENCE: Mapping[TroubleKind, timedelta] = {
    TroubleKind.LISTING: timedelta(hours=6),
    TroubleKind.LAG: timedelta(),
}
"""How long a trouble may last before anybody is told."""

LATE = timedelta(minutes=15)
"""From when on a broadcast lags."""

_TROUBLED = (ListingState.THROTTLED, ListingState.FAILED)


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell: `begun` are troubles that have lasted too long, `over` the keys of told ones that ended."""

    begun: tuple[Trouble, ...]
    over: tuple[str, ...]


Plan = Callable[[Chat, News], Sequence[Mapping[str, object]]]


def troubles(measures: Measures) -> list[Trouble]:
    """What is wrong now."""
    found = [_listing(poll) for poll in measures.polls if poll.state in _TROUBLED]
    if measures.lag >= LATE.total_seconds():
        found.append(Trouble(TroubleKind.LAG, minutes=int(measures.lag // 60)))
    return found


def _listing(poll: Poll) -> Trouble:
    return Trouble(TroubleKind.LISTING, poll.category, poll.detail)


def news(known: Iterable[Alert], present: Sequence[Trouble], now: datetime) -> News:
    """Decide what to tell at `now`; what was told is not told again while it lasts."""
    remembered = {alert.key: alert for alert in known}
    begun = []
    for trouble in present:
        alert = remembered.get(trouble.key)
        since = alert.since if alert else now
        if now - since >= PATIENCE[trouble.kind] and (alert is None or alert.told_at is None):
            begun.append(trouble)
    lasting = {trouble.key for trouble in present}
    over = [alert.key for alert in remembered.values() if alert.told_at is not None and alert.key not in lasting]
    return News(tuple(begun), tuple(over))


class Alerts:
    """The use case of looking after the bot while nobody looks.

    `plan` lays out what an administrator is told; it goes to the private chats of `admin_ids` through the ledger, so
    that it is told once even if the program ends meanwhile.
    """

    def __init__(
        self, db: Database, status: Status, clock: Callable[[], datetime], admin_ids: Iterable[int], plan: Plan
    ) -> None:
        self._db = db
        self._status = status
        self._clock = clock
        self._admin_ids = sorted(admin_ids)
        self._plan = plan

    async def look(self) -> News:
        """Look once; → what was told."""
        present = troubles(await self._status.measures())
        now = self._clock()
        async with self._db.begin() as conn:
            known = await alerts.known(conn)
            found = news(known, present, now)
            await alerts.begin(conn, [trouble.key for trouble in present], now)
            lasting = {trouble.key for trouble in present}
            await alerts.end(conn, [alert.key for alert in known if alert.key not in lasting])
            if found.begun or found.over:
                await alerts.told(conn, [trouble.key for trouble in found.begun], now)
                await self._tell(conn, found)
        for trouble in found.begun:
            log.warning("lasting trouble: %s %s", trouble.key, trouble.detail)
        return found

    async def _tell(self, conn: chats.AsyncConnection, found: News) -> None:
        for admin_id in self._admin_ids:
            chat = await chats.find(conn, admin_id, 0)
            if chat is not None and not chat.paused:
                await deliveries.plan(conn, chat.id, None, self._plan(chat, found))
