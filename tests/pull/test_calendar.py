"""When arXiv announces, and when to look next."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.model import ListingState, Poll
from bot.pull.calendar import NEW_YORK, announced_at, announcement_days, expected_date, next_announcement, next_poll

RNG_SEEDS = range(200)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # Winter: 20:00 in New York is 01:00 UTC of the next day.
        ("2026-02-18T00:59:59+00:00", date(2026, 2, 17)),
        ("2026-02-18T01:00:00+00:00", date(2026, 2, 18)),
        # Summer: it is 00:00 UTC.
        ("2026-07-14T23:59:59+00:00", date(2026, 7, 14)),
        ("2026-07-15T00:00:00+00:00", date(2026, 7, 15)),
        # Friday's listing stands from Thursday evening until Sunday evening.
        ("2026-02-20T00:59:00+00:00", date(2026, 2, 19)),
        ("2026-02-20T01:00:00+00:00", date(2026, 2, 20)),
        ("2026-02-21T12:00:00+00:00", date(2026, 2, 20)),
        ("2026-02-23T00:59:00+00:00", date(2026, 2, 20)),
        ("2026-02-23T01:00:00+00:00", date(2026, 2, 23)),
        # The clocks go forward on Sunday 8 March 2026 and back on Sunday 1 November, both before 20:00.
        ("2026-03-08T23:59:00+00:00", date(2026, 3, 6)),
        ("2026-03-09T00:00:00+00:00", date(2026, 3, 9)),
        ("2026-11-02T00:30:00+00:00", date(2026, 10, 30)),
        ("2026-11-02T01:00:00+00:00", date(2026, 11, 2)),
        # Any time zone will do.
        ("2026-02-18T09:00:00+08:00", date(2026, 2, 18)),
    ],
)
def test_the_expected_date_follows_new_york(moment: str, expected: date) -> None:
    """The newest listing is the next day's from 20:00 New York time on, Sunday to Thursday, in summer and winter."""
    assert expected_date(datetime.fromisoformat(moment)) == expected


def test_announcements_are_five_a_week_at_eight_in_the_evening() -> None:
    """Through a whole year every announcement is at 20:00 in New York, and advances the expected date by one weekday."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    seen = 0
    while now.year == 2026:
        before = expected_date(now)
        now = next_announcement(now)
        local = now.astimezone(NEW_YORK)
        assert (local.hour, local.minute) == (20, 0)
        assert local.strftime("%a") in {"Sun", "Mon", "Tue", "Wed", "Thu"}
        assert expected_date(now - timedelta(seconds=1)) == before
        assert announcement_days(before, expected_date(now)) == [expected_date(now)]
        assert announced_at(expected_date(now)) == now
        seen += 1
    assert seen == 262  # the 261 weekdays of 2026, and the one that ends the loop


def test_announcement_days_are_the_weekdays_in_between() -> None:
    """The first date is left out, the last one is in, weekends never are."""
    assert announcement_days(date(2026, 2, 12), date(2026, 2, 17)) == [
        date(2026, 2, 13),
        date(2026, 2, 16),
        date(2026, 2, 17),
    ]
    assert announcement_days(date(2026, 2, 13), date(2026, 2, 15)) == []
    assert announcement_days(date(2026, 2, 17), date(2026, 2, 17)) == []
    assert announcement_days(date(2026, 2, 17), date(2026, 2, 1)) == []


def _poll(checked: str, page: date | None, state: ListingState = ListingState.WAITING, **more: object) -> Poll:
    return Poll("cs.LG", datetime.fromisoformat(checked), state, page, **more)  # type: ignore[arg-type] # a test's shorthand


def _minutes(poll: Poll, now: str) -> list[float]:
    """Minutes from the poll to the next one, for many jitters."""
    at = datetime.fromisoformat(now)
    return [(next_poll(poll, at, random.Random(seed)) - poll.checked_at).total_seconds() / 60 for seed in RNG_SEEDS]


def test_a_category_never_looked_at_is_looked_at_now() -> None:
    """Without an earlier attempt the next one is due at once."""
    now = datetime(2026, 2, 18, 12, tzinfo=UTC)
    assert next_poll(None, now, random.Random(1)) == now


def test_while_a_listing_is_due_the_page_is_looked_at_every_quarter_of_an_hour() -> None:
    """15 to 20 minutes, spread by jitter."""
    waits = _minutes(_poll("2026-02-18T01:30:00+00:00", date(2026, 2, 17)), "2026-02-18T01:31:00+00:00")
    assert 15 <= min(waits) < max(waits) <= 20
    assert len(set(waits)) > 100


def test_on_a_holiday_the_page_is_looked_at_less_often() -> None:
    """More than four hours after the announcement should have come it is 45 to 60 minutes."""
    waits = _minutes(_poll("2026-02-18T06:00:00+00:00", date(2026, 2, 17)), "2026-02-18T06:10:00+00:00")
    assert 45 <= min(waits) < max(waits) <= 60


def test_an_arxiv_of_other_days_is_followed_at_the_quick_pace() -> None:
    """A page months behind our clock is a replay: it may advance at any time."""
    waits = _minutes(_poll("2026-11-18T12:00:00+00:00", date(2026, 2, 17)), "2026-11-18T12:01:00+00:00")
    assert 15 <= min(waits) < max(waits) <= 20


def test_after_a_complete_listing_the_next_announcement_is_awaited() -> None:
    """A few minutes after the next announcement, not on the stroke, however early the listing came in."""
    poll = _poll("2026-02-20T01:20:00+00:00", date(2026, 2, 20), ListingState.FRESH)
    announcement = datetime(2026, 2, 23, 1, tzinfo=UTC)
    for seed in RNG_SEEDS:
        for now in (poll.checked_at, announcement - timedelta(seconds=1), announcement + timedelta(minutes=1)):
            at = next_poll(poll, now, random.Random(seed))
            assert timedelta(minutes=2) <= at - announcement <= timedelta(minutes=12)


def test_after_failures_the_pause_grows_up_to_an_hour() -> None:
    """5, 10, 20, 40, then 60 minutes, each with a tenth of jitter."""
    for failures, minutes in [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (50, 60)]:
        poll = _poll("2026-02-18T01:30:00+00:00", None, ListingState.FAILED, failures=failures)
        waits = _minutes(poll, "2026-02-18T01:30:10+00:00")
        assert minutes * 0.9 <= min(waits) < max(waits) <= minutes * 1.1


@pytest.mark.parametrize("state", [ListingState.THROTTLED, ListingState.FRESH, ListingState.WAITING])
def test_never_before_what_was_told(state: ListingState) -> None:
    """Whatever the state, the next attempt is not before `not_before`."""
    not_before = datetime(2026, 3, 1, tzinfo=UTC)
    poll = _poll("2026-02-18T01:30:00+00:00", date(2026, 2, 17), state, failures=1, not_before=not_before)
    assert next_poll(poll, datetime(2026, 2, 18, 2, tzinfo=UTC), random.Random(1)) == not_before
