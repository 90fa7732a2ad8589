"""Who is due, and what becomes of an hour without papers."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Chat, ChatKind, ListingState, Poll
from bot.schedule import EmptyHour, QuietKind, empty_hour, local_day, next_slot


def utc(text: str) -> datetime:
    """A moment in UTC from "2026-02-18 08:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "zone", "after", "expected"),
    [
        (time(8), "UTC", "2026-02-18 07:59", "2026-02-18 08:00"),
        (time(8), "UTC", "2026-02-18 08:00", "2026-02-19 08:00"),
        (time(8), "Asia/Shanghai", "2026-02-18 00:00", "2026-02-19 00:00"),
        (time(8), "Asia/Shanghai", "2026-02-17 23:59", "2026-02-18 00:00"),
        (time(23, 30), "America/Los_Angeles", "2026-02-18 07:00", "2026-02-18 07:30"),
        # Spring forward in Berlin: 02:30 does not exist on 29 March 2026 and is served at 03:30 summer time.
        (time(2, 30), "Europe/Berlin", "2026-03-29 00:00", "2026-03-29 01:30"),
        (time(2, 30), "Europe/Berlin", "2026-03-29 01:30", "2026-03-30 00:30"),
        # Fall back on 25 October 2026: 02:30 occurs twice and is served the first time only.
        (time(2, 30), "Europe/Berlin", "2026-10-24 23:00", "2026-10-25 00:30"),
        (time(2, 30), "Europe/Berlin", "2026-10-25 00:30", "2026-10-26 01:30"),
        # Samoa skipped the whole of 30 December 2011.
        (time(8), "Pacific/Apia", "2011-12-29 18:00", "2011-12-30 18:00"),
    ],
)
def test_next_slot(hour: time, zone: str, after: str, expected: str) -> None:
    """The slot is the first moment after `after` at which the chat's clock shows its hour."""
    assert next_slot(hour, zone, utc(after)) == utc(expected)


@given(
    hour=st.times().map(lambda moment: moment.replace(second=0, microsecond=0)),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
    start=st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - the zone is added below
)
def test_there_is_one_slot_a_local_day(hour: time, zone: str, start: datetime) -> None:
    """Walking from slot to slot visits each local date exactly once, through every clock change."""
    moment = next_slot(hour, zone, start.replace(tzinfo=UTC))
    days = []
    for _ in range(20):
        days.append(moment.astimezone(ZoneInfo(zone)).date())
        following = next_slot(hour, zone, moment)
        assert timedelta(hours=20) < following - moment < timedelta(hours=28)
        moment = following
    assert days == [days[0] + timedelta(days=n) for n in range(20)]


def test_local_day_is_the_chats_own() -> None:
    """Late evening in UTC is the next day in Shanghai."""
    assert local_day(chat(zone="Asia/Shanghai"), utc("2026-02-18 20:00")) == date(2026, 2, 19)


def chat(*, zone: str = "UTC", held_since: datetime | None = None, next_at: datetime | None = None) -> Chat:
    """A subscribed chat with its hour at 08:00."""
    return Chat(1, 1, 0, ChatKind.PRIVATE, timezone=zone, subscribed=True, held_since=held_since, next_at=next_at)


def poll(state: ListingState, page: date | None, category: str = "cs.LG") -> Poll:
    """The last attempt at a category."""
    return Poll(category, utc("2026-02-18 07:55"), state, page)


WED = date(2026, 2, 18)
ANNOUNCED = utc("2026-02-18 01:00")  # 20:00 US Eastern on Tuesday


def decide(
    polls: list[Poll], now: str, *, held: str | None = None, last: str | None = None, since: datetime = ANNOUNCED
) -> EmptyHour:
    """The decision for a chat whose hour is 08:00 UTC."""
    return empty_hour(
        chat(held_since=utc(held) if held else None, next_at=utc(now)),
        polls,
        expected=WED,
        expected_since=since,
        last_digest_at=utc(last) if last else None,
        now=utc(now),
    )


def test_trouble_is_told_and_the_hour_stays_open() -> None:
    """A throttled or failed listing is said at once, and looked at again in five minutes."""
    for state in (ListingState.THROTTLED, ListingState.FAILED):
        hour = decide([poll(state, date(2026, 2, 17)), poll(ListingState.FRESH, WED, "cs.CL")], "2026-02-18 08:00")
        assert hour == EmptyHour(QuietKind.UNREACHABLE, utc("2026-02-18 08:05"), held=True)


def test_an_hour_is_not_held_for_ever() -> None:
    """After twelve hours the chat waits for its next hour."""
    hour = decide([poll(ListingState.FAILED, None)], "2026-02-18 20:30", held="2026-02-18 08:00")
    assert hour == EmptyHour(QuietKind.UNREACHABLE, utc("2026-02-19 08:00"), held=False)


def test_an_hour_just_after_the_announcement_waits_silently_then_says_so() -> None:
    """The announcement is often some minutes late; two hours later the chat is told."""
    behind = [poll(ListingState.WAITING, date(2026, 2, 17))]
    assert decide(behind, "2026-02-18 01:05") == EmptyHour(None, utc("2026-02-18 01:10"), held=True)
    told = decide(behind, "2026-02-18 03:10", held="2026-02-18 01:05")
    assert told == EmptyHour(QuietKind.WAITING, utc("2026-02-18 03:15"), held=True)


def test_a_day_that_stays_out_is_a_holiday() -> None:
    """Six hours after the announcement should have come, it is taken for a day without one."""
    hour = decide([poll(ListingState.WAITING, date(2026, 2, 17))], "2026-02-18 08:00")
    assert hour == EmptyHour(QuietKind.HOLIDAY, utc("2026-02-19 08:00"), held=False)


def test_two_days_after_the_last_announcement_it_is_the_weekend() -> None:
    """Everything expected is in and was posted more than a day ago."""
    hour = decide([poll(ListingState.FRESH, WED)], "2026-02-19 08:00", last="2026-02-18 08:00")
    assert hour == EmptyHour(QuietKind.WEEKEND, utc("2026-02-20 08:00"), held=False)


def test_a_second_hour_on_the_same_day_is_silent() -> None:
    """Whoever moves the hour after the digest came is not told that there is nothing."""
    hour = decide([poll(ListingState.FRESH, WED)], "2026-02-18 12:00", last="2026-02-18 08:00")
    assert hour.say is None
    assert not hour.held


def test_an_hour_that_was_never_looked_at_counts_as_trouble() -> None:
    """No attempt at any category yet: nothing can be said to be quiet."""
    assert decide([], "2026-02-18 08:00").say is QuietKind.UNREACHABLE
