"""Who is due at `now`, and what becomes of a chat's hour: values in, values out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.model import Chat, ListingState, Poll

HOLD_RETRY = timedelta(minutes=5)
HOLD_SILENTLY = timedelta(hours=2)
HOLD_AT_MOST = timedelta(hours=12)
SURELY_QUIET = timedelta(hours=6)
SAME_ROUND = timedelta(hours=20)

LONGEST_DAY = timedelta(hours=25)
"""Between two hours of a chat; where the clock is put back by more than an hour, that day is longer."""


def next_slot(hour: time, timezone: str, after: datetime) -> datetime:
    """The first moment later than `after` at which a clock in `timezone` shows `hour`, in UTC.

    There is exactly one slot a local day: an hour that a clock change skips is served just after the change, one that
    occurs twice is served the first time.
    """
    zone = ZoneInfo(timezone)
    today = after.astimezone(zone).date()
    slots = (
        datetime.combine(today + timedelta(days=shift), hour, tzinfo=zone).astimezone(UTC) for shift in (-1, 0, 1, 2)
    )
    return min(slot for slot in slots if slot > after)


def local_day(chat: Chat, now: datetime) -> date:
    """The date that the chat's own calendar shows."""
    return now.astimezone(ZoneInfo(chat.timezone)).date()


class QuietKind(StrEnum):
    """Why an hour brings no table."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WAITING = "waiting"
    UNREACHABLE = "unreachable"
    NOTHING_NEW = "nothing-new"


@dataclass(frozen=True, slots=True)
class EmptyHour:
    """What to do in an hour without a table: what to say (None: nothing) and when to look again; `held` keeps the
    hour open, so that the table follows as soon as it can be made."""

    say: QuietKind | None
    next_at: datetime
    held: bool


def empty_hour(
    chat: Chat,
    polls: Iterable[Poll],
    *,
    expected: date,
    expected_since: datetime,
    last_digest_at: datetime | None,
    now: datetime,
) -> EmptyHour:
    """Decide an hour at which everything that is in has been posted already.

    `polls` are the last attempts at the chat's categories; `expected` is the newest date that arXiv should have
    announced and `expected_since` the moment it should have done so.
    """
    attempts = list(polls)
    slot = next_slot(chat.hour, chat.timezone, now)
    held_since = chat.held_since or chat.next_at or now
    may_hold = now - held_since < HOLD_AT_MOST
    later = min(now + HOLD_RETRY, slot)
    troubled = any(poll.state in (ListingState.THROTTLED, ListingState.FAILED) for poll in attempts) or not attempts
    if troubled:
        return EmptyHour(QuietKind.UNREACHABLE, later if may_hold else slot, may_hold)
    behind = any(poll.page_date is None or poll.page_date < expected for poll in attempts)
    if behind and now - expected_since < SURELY_QUIET:
        silent = now - held_since < HOLD_SILENTLY
        return EmptyHour(None if silent else QuietKind.WAITING, later if may_hold else slot, may_hold)
    if last_digest_at is not None and now - last_digest_at < SAME_ROUND:
        return EmptyHour(None, slot, held=False)
    return EmptyHour(_quiet_kind(expected_since, now, behind=behind), slot, held=False)


def _quiet_kind(expected_since: datetime, now: datetime, *, behind: bool) -> QuietKind:
    if behind and now - expected_since < timedelta(hours=26):
        return QuietKind.HOLIDAY
    if now - expected_since > timedelta(hours=24):
        return QuietKind.WEEKEND
    return QuietKind.NOTHING_NEW
