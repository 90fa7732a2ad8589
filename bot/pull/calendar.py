"""When arXiv announces, and when to look next. Everything here is decided from the arguments alone.

arXiv announces at 20:00 New York time, Sunday to Thursday; the listing carries the next day's date. That is a hint:
holidays and delays show only in a page that does not advance.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import Poll

NEW_YORK = ZoneInfo("America/New_York")
ANNOUNCED_AT = time(20, 0)
FRIDAY = 4

EAGER = timedelta(hours=4)
WITHOUT_CLOCK = timedelta(days=7)
LONGEST_PAUSE = timedelta(hours=1)

CLOCKS_DIFFER = timedelta(minutes=10)
"""By how much the clocks of several programs may differ."""


def announced_at(day: date) -> datetime:
    """The moment (UTC) at which the listing dated `day` is due: 20:00 in New York on the evening before."""
    return datetime.combine(day - timedelta(days=1), ANNOUNCED_AT, NEW_YORK).astimezone(UTC)


def expected_date(now: datetime) -> date:
    """The date of the newest listing that arXiv should have announced by `now` (any aware datetime)."""
    local = now.astimezone(NEW_YORK)
    day = local.date() + timedelta(days=1 if local.time() >= ANNOUNCED_AT else 0)
    return day - timedelta(days=max(0, day.weekday() - FRIDAY))


def next_announcement(now: datetime) -> datetime:
    """The first moment (UTC) after `now` at which arXiv should announce."""
    day = expected_date(now) + timedelta(days=1)
    while day.weekday() > FRIDAY:
        day += timedelta(days=1)
    return announced_at(day)


def announcement_days(after: date, until: date) -> list[date]:
    """The weekdays later than `after` and not later than `until`, oldest first: the dates a listing may have."""
    days = (after + timedelta(days=count) for count in range(1, (until - after).days + 1))
    return [day for day in days if day.weekday() <= FRIDAY]


def is_ahead(poll: Poll, now: datetime) -> bool:
    """Whether an attempt is still to come by this clock: it has been set back since, and no moment of that poll counts."""
    return poll.checked_at - now > CLOCKS_DIFFER


def next_poll(poll: Poll | None, now: datetime, rng: random.Random) -> datetime:
    """When to look at a category's newest listing again, given the last attempt; at once if there was none, or
    if the clock was set back since.

    - After a failure: 5 minutes later, doubled with each further one up to an hour.
    - While a listing is due: 2–12 minutes after its announcement, then every 15–20; every 45–60 once it is more than
      four hours late, as on a holiday. A page more than a week behind belongs to an arXiv whose days are not ours (a
      replay), and is looked at every 15–20 minutes at all hours.
    - When the newest due listing is complete: 2–12 minutes after the next announcement.

    Never before what the poll says in `not_before`.
    """
    if poll is None or is_ahead(poll, now):
        return now
    expected = expected_date(now)
    if poll.failures > 0:
        pause = min(timedelta(minutes=5) * 2.0 ** min(poll.failures - 1, 10), LONGEST_PAUSE)
        at = poll.checked_at + pause * rng.uniform(0.9, 1.1)
    elif poll.page_date is not None and poll.page_date >= expected:
        at = next_announcement(now) + timedelta(minutes=rng.uniform(2, 12))
    else:
        late = now - announced_at(expected) > EAGER
        behind = poll.page_date is not None and expected - poll.page_date > WITHOUT_CLOCK
        minutes = rng.uniform(45, 60) if late and not behind else rng.uniform(15, 20)
        first = announced_at(expected) + timedelta(minutes=rng.uniform(2, 12))
        at = max(first, poll.checked_at + timedelta(minutes=minutes))
    return max(at, poll.not_before) if poll.not_before is not None else at
