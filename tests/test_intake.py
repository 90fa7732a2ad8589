"""Keeping up with arXiv, against the replay world: real days, and every fault it can play."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import func, select

from bot.intake import Intake
from bot.model import ChatKind, Counts, Kind, ListingState, Poll
from bot.pull.announced import Announced
from bot.pull.client import Client
from bot.pull.heat import DailyPapers
from storage import chats, listings, tables
from storage.database import Database
from tests.support.arxiv_pages import Listed, catchup_page, new_page
from tests.support.far_end import far_end
from tests.support.movable_clock import MovableClock
from tests.support.world import World

WED = date(2026, 2, 18)
THU = date(2026, 2, 19)
FRI = date(2026, 2, 20)
DECLARED = Counts(new=37, cross=12, replace=1)  # cs.CL on Wednesday, by the world's own counts


@dataclass
class Kept:
    """Somebody who keeps up: the use case, its database and a clock that tests move."""

    intake: Intake
    db: Database
    now: datetime = field(default=datetime(2026, 2, 18, 8, tzinfo=UTC))

    async def state(self, category: str, day: date) -> ListingState:
        """What became of a listing."""
        async with self.db.read() as conn:
            found = await listings.states(conn, [category], day)
        return found[category].state if category in found else ListingState.WAITING

    async def ids(self, category: str, day: date) -> set[str]:
        """The new and cross-listed papers that are stored for a listing."""
        async with self.db.read() as conn:
            return await listings.ids(conn, category, day, (Kind.NEW, Kind.CROSS))

    def later(self, **delta: float) -> None:
        """Let time pass."""
        self.now += timedelta(**delta)


@pytest.fixture
async def kept(db: Database, world: World) -> AsyncIterator[Kept]:
    """Somebody who keeps up with the replay world without any pauses."""
    async with Client("test@example.org", arxiv_delay=0, api_delay=0, hf_delay=0, timeout=2) as client:
        made = Kept(None, db)  # type: ignore[arg-type] # it needs the clock that is made here
        made.intake = Intake(
            db, Announced(client, world.url), DailyPapers(client, world.url), lambda: made.now, random.Random(1)
        )
        yield made


async def subscribe(db: Database, *names: str, since: date = WED) -> int:
    """A subscribed chat with these categories."""
    now = datetime(2026, 2, 18, 7, tzinfo=UTC)
    async with db.begin() as conn:
        chat = await chats.ensure(conn, 100, 0, ChatKind.PRIVATE, "Ada", {"subscribed": True, "next_at": now}, now)
        await chats.set_categories(conn, chat.id, names, since)
    return chat.id


async def test_a_first_look_takes_the_listing_and_the_day_before_to_compare(kept: Kept) -> None:
    """The newest listing is stored with its counts; the day before is known, so that a stale page can be told."""
    poll = await kept.intake.pull("cs.CL", WED)
    assert (poll.state, poll.page_date, poll.failures) == (ListingState.FRESH, WED, 0)
    async with kept.db.read() as conn:
        listing = (await listings.states(conn, ["cs.CL"], WED))["cs.CL"]
    assert (listing.declared, listing.parsed) == (DECLARED, DECLARED)
    assert await kept.state("cs.CL", date(2026, 2, 17)) is ListingState.FRESH


async def test_an_unchanged_page_is_waiting_once_the_next_is_due(kept: Kept, world: World) -> None:
    """After 20:00 Eastern the page of the day before is not news, and not an error."""
    await kept.intake.pull("cs.CL", WED)
    kept.now = datetime(2026, 2, 19, 1, 30, tzinfo=UTC)
    poll = await kept.intake.pull("cs.CL", WED)
    assert (poll.state, poll.page_date) == (ListingState.WAITING, WED)
    world.move(THU)
    assert (await kept.intake.pull("cs.CL", WED)).page_date == THU


async def test_a_clock_that_was_set_back_keeps_nobody_from_looking(kept: Kept, world: World) -> None:
    """A look that this clock has still to reach says nothing about when the next one is due, nor does its pause."""
    chat_id = await subscribe(kept.db, "cs.CL")
    kept.later(days=365)
    world.fault("status", "^/list", code=500)
    await kept.intake.poll_due()
    kept.later(days=-365)
    await kept.intake.refresh(["cs.CL"])
    assert await kept.state("cs.CL", WED) is ListingState.FRESH
    kept.later(days=365)
    await kept.intake.pull("cs.CL", WED)
    kept.later(days=-364)
    world.move(THU)
    await kept.intake.poll_due()
    assert await kept.state("cs.CL", THU) is ListingState.FRESH
    async with kept.db.read() as conn:
        assert [one.date for one in await listings.unconsidered(conn, chat_id)] == [WED, THU]


async def test_missed_days_are_caught_up(kept: Kept, world: World) -> None:
    """Two days of downtime are fetched from the catch-up pages, once."""
    world.move("2026-02-16")
    kept.now = datetime(2026, 2, 16, 8, tzinfo=UTC)
    await kept.intake.pull("cs.CL", date(2026, 2, 16))
    world.move(FRI)
    kept.now = datetime(2026, 2, 20, 8, tzinfo=UTC)
    await kept.intake.pull("cs.CL", date(2026, 2, 16))
    assert [await kept.state("cs.CL", date(2026, 2, day)) for day in (16, 17, 18, 19, 20)] == [ListingState.FRESH] * 5
    world.forget()
    await kept.intake.pull("cs.CL", date(2026, 2, 16))
    assert not world.log("^/catchup")


async def test_a_look_waits_for_missed_days_also_where_the_newest_listing_is_in(kept: Kept, world: World) -> None:
    """Who asks while somebody else has just begun to catch up gets everything, not the newest day alone."""
    await subscribe(kept.db, "cs.CL", since=date(2026, 2, 16))
    world.move("2026-02-16")
    kept.now = datetime(2026, 2, 16, 8, tzinfo=UTC)
    await kept.intake.poll_due()
    assert not await kept.intake.has_missed(["cs.CL"])
    world.move(FRI)
    kept.now = datetime(2026, 2, 20, 8, tzinfo=UTC)
    assert await kept.intake.has_missed(["cs.CL"])
    async with kept.db.begin() as conn:
        await listings.save_poll(conn, Poll("cs.CL", kept.now, ListingState.FRESH, FRI))
    assert await kept.intake.has_missed(["cs.CL"])
    await kept.intake.refresh(["cs.CL"])
    assert [await kept.state("cs.CL", date(2026, 2, day)) for day in (17, 18, 19)] == [ListingState.FRESH] * 3
    assert not await kept.intake.has_missed(["cs.CL"])


async def test_nobody_waits_for_missed_days_while_arxiv_fails(kept: Kept, world: World) -> None:
    """Days that could not be read the last time are no reason to wait."""
    await subscribe(kept.db, "cs.CL", since=date(2026, 2, 16))
    world.fault("status", "^/catchup", times=-1, code=500)
    await kept.intake.poll_due()
    assert not await kept.intake.has_missed(["cs.CL", "cs.RO"])


@pytest.mark.parametrize("pages", ["list", "(list|catchup)"])
async def test_a_missed_days_papers_under_the_next_date_are_refused(kept: Kept, world: World, pages: str) -> None:
    """What was never read can be shown under another day's date as well: both days are read when the pages are right."""
    world.move("2026-02-16")
    kept.now = datetime(2026, 2, 16, 8, tzinfo=UTC)
    await kept.intake.pull("cs.CL", date(2026, 2, 16))
    world.move(WED)
    kept.now = datetime(2026, 2, 18, 8, tzinfo=UTC)
    world.fault("stale", f"^/{pages}/cs.CL", times=-1, header="today")
    poll = await kept.intake.pull("cs.CL", date(2026, 2, 16))
    assert (poll.state, poll.detail) == (ListingState.FAILED, "stale-page")
    world.heal()
    await kept.intake.pull("cs.CL", date(2026, 2, 16))
    assert [await kept.state("cs.CL", date(2026, 2, day)) for day in (16, 17, 18)] == [ListingState.FRESH] * 3
    assert len(await kept.ids("cs.CL", WED)) == DECLARED.new + DECLARED.cross


async def test_a_holiday_between_is_quiet(kept: Kept, world: World) -> None:
    """A weekday on which arXiv announced nothing is remembered as such and not asked for again."""
    world.move("2026-02-23")  # no announcement is recorded after Friday
    kept.now = datetime(2026, 2, 23, 8, tzinfo=UTC)
    poll = await kept.intake.pull("cs.CL", date(2026, 2, 13))
    assert poll.page_date == FRI
    assert await kept.state("cs.CL", date(2026, 2, 13)) is ListingState.QUIET


FAULTS = [
    ("status", {"code": 429, "retry_after": 1}, ListingState.THROTTLED, "http-429"),
    ("status", {"code": 403}, ListingState.THROTTLED, "http-403"),
    ("status", {"code": 406}, ListingState.THROTTLED, "http-406"),
    ("status", {"code": 503}, ListingState.THROTTLED, "http-503"),
    ("rate_exceeded_200", {}, ListingState.THROTTLED, "rate-exceeded"),
    ("status", {"code": 500}, ListingState.FAILED, "http-500"),
    ("hang", {"seconds": 5}, ListingState.FAILED, None),
    ("truncate", {"keep": 0.5}, ListingState.FAILED, None),
    ("truncate", {"keep": 0.5, "abort": True}, ListingState.FAILED, None),
    ("count_mismatch", {"by": 3}, ListingState.FAILED, None),
    ("empty", {}, ListingState.FAILED, None),
    ("garbage_html", {}, ListingState.FAILED, None),
    ("reset", {}, ListingState.FAILED, None),
    ("stale", {"header": "today"}, ListingState.FAILED, "stale-page"),
]


@pytest.mark.parametrize(("kind", "more", "state", "detail"), FAULTS)
async def test_a_fault_is_a_state_and_never_a_short_day(
    kept: Kept, world: World, kind: str, more: dict[str, object], state: ListingState, detail: str | None
) -> None:
    """Whatever arXiv does, nothing is taken from a bad page, the cause is named, and the day comes in afterwards."""
    world.fault(kind, "^/(list/cs.CL|catchup/cs.CL/2026-02-18)", times=-1, **more)
    poll = await kept.intake.pull("cs.CL", WED)
    assert poll.state is state
    assert poll.detail == detail if detail else poll.detail
    assert poll.not_before is not None
    assert poll.not_before > kept.now
    assert await kept.ids("cs.CL", WED) == set()
    world.heal()
    world.settle()
    kept.later(minutes=40)
    poll = await kept.intake.pull("cs.CL", WED)
    assert (poll.state, poll.failures) == (ListingState.FRESH, 0)
    assert len(await kept.ids("cs.CL", WED)) == DECLARED.new + DECLARED.cross


async def test_yesterdays_page_honestly_dated_is_waiting(kept: Kept, world: World) -> None:
    """A page that has not advanced is not an error."""
    world.fault("stale", "^/list/cs.CL", times=-1, header="previous")
    poll = await kept.intake.pull("cs.CL", date(2026, 2, 17))
    assert (poll.state, poll.page_date) == (ListingState.WAITING, date(2026, 2, 17))


async def test_pauses_grow_with_failures(kept: Kept, world: World) -> None:
    """Each failure in a row waits longer, up to about half an hour; a success starts anew."""
    world.fault("status", "^/list/cs.CL", times=-1, code=500)
    pauses = []
    for _ in range(9):
        poll = await kept.intake.pull("cs.CL", WED)
        assert poll.not_before is not None
        pauses.append((poll.not_before - kept.now).total_seconds())
    assert pauses[0] < 40
    assert all(later > earlier * 1.5 for earlier, later in itertools.pairwise(pauses[:6]))
    assert pauses[-1] <= 1800 * 1.1


async def test_one_bad_missed_day_does_not_hide_the_others(kept: Kept, world: World) -> None:
    """The newest day and the other missed days come in; the bad one is tried again."""
    world.move(FRI)
    kept.now = datetime(2026, 2, 20, 8, tzinfo=UTC)
    world.fault("count_mismatch", "^/catchup/cs.CL/2026-02-18", times=1, by=2)
    poll = await kept.intake.pull("cs.CL", date(2026, 2, 17))
    assert (poll.state, poll.page_date, poll.failures) == (ListingState.FRESH, FRI, 1)
    assert await kept.state("cs.CL", WED) is ListingState.FAILED
    assert await kept.state("cs.CL", THU) is ListingState.FRESH
    poll = await kept.intake.pull("cs.CL", date(2026, 2, 17))
    assert poll.failures == 0
    assert await kept.state("cs.CL", WED) is ListingState.FRESH


async def test_polling_looks_only_at_what_is_due(kept: Kept, world: World) -> None:
    """Each subscribed category is looked at once, and left alone while nothing new can be there."""
    await subscribe(kept.db, "cs.CL", "cs.RO")
    await kept.intake.poll_due()
    assert len(world.log("^/list")) == 2
    world.forget()
    for _ in range(3):
        kept.later(hours=2)
        await kept.intake.poll_due()
    assert not world.log()


async def test_a_refresh_spares_what_is_complete(kept: Kept, world: World) -> None:
    """A chat's hour asks arXiv only about listings that may have something new."""
    await kept.intake.refresh(["cs.CL"])
    world.forget()
    kept.later(minutes=5)
    await kept.intake.refresh(["cs.CL", "cs.RO"])
    assert [row["path"] for row in world.log("^/list")] == ["/list/cs.RO/new"]


async def test_a_category_without_papers_is_believed_when_nobody_names_it(kept: Kept) -> None:
    """A small category's empty day is quiet once another listing of the day shows that it has none."""
    assert (await kept.intake.pull("math.KT", WED)).state is ListingState.FAILED
    await kept.intake.pull("cs.RO", WED)
    kept.later(minutes=5)
    poll = await kept.intake.pull("math.KT", WED)
    assert poll.state is ListingState.FRESH
    assert await kept.state("math.KT", WED) is ListingState.QUIET


async def test_an_asked_day_is_read_though_the_page_of_new_listings_is_empty(db: Database) -> None:
    """While the page of new listings still shows yesterday, without papers, today's catch-up is what was asked for."""
    tuesday, monday = date(2026, 2, 17), date(2026, 2, 16)

    async def answer(request: web.Request) -> web.StreamResponse:
        pages = {
            "/list/cs.LG/new": new_page(tuesday, []),
            f"/catchup/cs.LG/{WED}": catchup_page(WED, [Listed("2602.00007")]),
            f"/catchup/cs.LG/{tuesday}": catchup_page(tuesday, [], next_day=WED),
            f"/catchup/cs.LG/{monday}": catchup_page(monday, [Listed("2602.00003")], next_day=tuesday),
        }
        return web.Response(text=pages.get(request.path, ""), content_type="text/html")

    async with far_end(answer) as url, Client("", arxiv_delay=0, api_delay=0, hf_delay=0, timeout=5) as client:
        clock = MovableClock(datetime(2026, 2, 18, 8, tzinfo=UTC))
        intake = Intake(db, Announced(client, url), DailyPapers(client, url), clock, random.Random(1))
        listing = await intake.day("cs.LG", WED)
    assert (listing.state, listing.declared, listing.detail) == (ListingState.FRESH, Counts(new=1), "")


async def test_heat_is_a_series_and_its_failure_harms_nobody(kept: Kept, world: World) -> None:
    """Seven lists are read; a failing one leaves the others; a later reading joins the earlier."""
    await kept.intake.pull("cs.CL", WED)
    world.fault("garbage_html", "daily_papers.*date=2026-02-18", times=1)
    await kept.intake.refresh_heat()
    listed = [row["query"]["date"] for row in world.log("daily_papers")]
    assert listed == [f"2026-02-{day}" for day in range(18, 11, -1)]
    assert set(await readings(kept.db)) == {1}
    world.move(THU)
    kept.later(days=1)
    await kept.intake.refresh_heat()
    assert set(await readings(kept.db)) == {1, 2}


async def readings(db: Database) -> list[int]:
    """How many readings of its heat each paper has."""
    async with db.read() as conn:
        counted = await conn.execute(select(func.count()).select_from(tables.heat).group_by(tables.heat.c.paper_id))
        return list(counted.scalars())


async def test_heat_follows_a_replayed_arxiv(kept: Kept, world: World) -> None:
    """Where the newest announcement is months away from the clock, its own days' lists are read."""
    await kept.intake.pull("cs.CL", WED)
    kept.now = datetime(2026, 11, 22, 8, tzinfo=UTC)
    await kept.intake.refresh_heat()
    assert world.log("daily_papers")[0]["query"]["date"] == "2026-02-18"
