"""Listings: what was announced is kept whole, and every paper is considered exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DatabaseConflict
from bot.model import Announcement, ChatKind, Counts, Kind, Listing, ListingState, Paper
from storage import chats, digests, listings, papers
from storage.database import Database
from tests.support.builders import DAY, NOW, day, listing, minutes, page, paper, poll


async def make_chat(conn: AsyncConnection, categories: tuple[str, ...] = ("cs.LG",), since: date | None = DAY) -> int:
    """A chat that reads these categories; → its id."""
    chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {}, NOW)
    await chats.set_categories(conn, chat.id, categories, since)
    return chat.id


async def consider(conn: AsyncConnection, chat_id: int, *considered: Listing) -> None:
    """A digest of these listings."""
    digest = await digests.create(conn, chat_id, considered[0].date, NOW, 0, [], [], [])
    await listings.consider(conn, [(chat_id, digest.id, considered)])


def key(found: list[Listing]) -> list[tuple[str, date]]:
    """What listings are about."""
    return [(one.category, one.date) for one in found]


def numbers(found: list[tuple[Paper, tuple[Announcement, ...]]]) -> set[int]:
    """Which papers these are."""
    return {int(one.id.split(".")[1]) for one, _ in found}


# --------------------------------------------------------------------------- what was read


async def fresh(
    conn: AsyncConnection, chat_id: int, drawn_from: Iterable[Listing]
) -> list[tuple[Paper, tuple[Announcement, ...]]]:
    """What these listings have for the chat."""
    return await listings.papers_in(conn, chat_id, [(one.category, one.date) for one in drawn_from])


async def test_a_page_is_kept_whole(db: Database) -> None:
    """Papers, announcements by kind, and the listing as fresh with its counts."""
    shown = page("cs.LG", new=(1, 2), cross=(3,), replaced=(4,))
    async with db.begin() as conn:
        await listings.save_page(conn, shown, NOW)
        assert await listings.states(conn, ["cs.LG", "cs.CL"], DAY) == {
            "cs.LG": Listing("cs.LG", DAY, ListingState.FRESH, Counts(2, 1, 1), Counts(2, 1, 1), NOW)
        }
        assert await listings.ids(conn, "cs.LG", DAY, [Kind.NEW]) == {paper(1).id, paper(2).id}
        assert await listings.ids(conn, "cs.LG", DAY, [Kind.CROSS, Kind.REPLACE]) == {paper(3).id, paper(4).id}
        assert await listings.ids(conn, "cs.LG", DAY, []) == set()
        assert await papers.get(conn, paper(4).id) == paper(4)


async def test_a_page_read_again_is_the_listing(db: Database) -> None:
    """The same page changes nothing but the time; another one takes its place, without a rest of the first."""
    async with db.begin() as conn:
        await listings.save_page(conn, page(new=(1, 2)), NOW)
        await listings.save_page(conn, page(new=(1, 2)), minutes(1))
        assert await listings.ids(conn, "cs.LG", DAY, [Kind.NEW]) == {paper(1).id, paper(2).id}
        await listings.save_page(conn, page(new=(2, 3)), minutes(2))
        assert await listings.ids(conn, "cs.LG", DAY, [Kind.NEW]) == {paper(2).id, paper(3).id}
        assert (await listings.states(conn, ["cs.LG"], DAY))["cs.LG"].checked_at == minutes(2)
    assert await db.check() == []


async def test_a_paper_shown_twice_on_a_page_is_one(db: Database) -> None:
    """In one section and across sections."""
    shown = page(new=(1, 1), cross=(1,))
    async with db.begin() as conn:
        chat_id = await make_chat(conn)
        await listings.save_page(conn, shown, NOW)
        found = await fresh(conn, chat_id, [listing()])
    assert numbers(found) == {1}
    assert {a.kind for a in found[0][1]} == {Kind.NEW, Kind.CROSS}


async def test_an_empty_page_is_a_listing(db: Database) -> None:
    """A small category may have a day without papers."""
    async with db.begin() as conn:
        await listings.save_page(conn, page("math.KT"), NOW)
        found = await listings.states(conn, ["math.KT"], DAY)
    assert found["math.KT"].parsed == Counts()
    assert await db.check() == []


@pytest.mark.parametrize("complete", [ListingState.FRESH, ListingState.QUIET])
@pytest.mark.parametrize("later", list(ListingState))
async def test_a_complete_listing_is_never_downgraded(
    db: Database, complete: ListingState, later: ListingState
) -> None:
    """Whatever a later look comes to."""
    first = listing(state=complete, declared=Counts(1), parsed=Counts(1))
    async with db.begin() as conn:
        await listings.mark(conn, first)
        await listings.mark(conn, listing(state=later, detail="http-429", checked_at=minutes(9)))
        assert await listings.states(conn, ["cs.LG"], DAY) == {"cs.LG": first}


async def test_other_states_follow_each_other(db: Database) -> None:
    """Until a whole page makes the listing fresh."""
    failed = listing(
        state=ListingState.FAILED, declared=Counts(9, 1, 2), parsed=Counts(8, 1, 2), detail="count-mismatch"
    )
    async with db.begin() as conn:
        for state in (
            listing(state=ListingState.WAITING),
            listing(state=ListingState.THROTTLED, detail="http-429"),
            failed,
        ):
            await listings.mark(conn, state)
            assert await listings.states(conn, ["cs.LG"], DAY) == {"cs.LG": state}
        await listings.save_page(conn, page(new=(1,)), minutes(9))
        found = (await listings.states(conn, ["cs.LG"], DAY))["cs.LG"]
    assert (found.state, found.detail, found.declared) == (ListingState.FRESH, "", Counts(1))


async def test_known_dates_and_the_newest(db: Database) -> None:
    """By category; the newest is the newest that was read whole."""
    async with db.begin() as conn:
        for n in (-2, -1):
            await listings.save_page(conn, page(date=day(n), new=(1,)), NOW)
        await listings.mark(conn, listing(date=day(-3), state=ListingState.QUIET))
        await listings.mark(conn, listing(state=ListingState.FAILED))
        await listings.save_page(conn, page("cs.CL", date=day(5)), NOW)
        assert await listings.newest(conn, "cs.LG") == day(-1)
        assert await listings.newest(conn, "cs.RO") is None
        assert await listings.known_dates(conn, "cs.LG", day(-2)) == {
            day(-2): ListingState.FRESH,
            day(-1): ListingState.FRESH,
            DAY: ListingState.FAILED,
        }
        assert list(await listings.known_dates(conn, "cs.LG", None)) == [day(-3), day(-2), day(-1), DAY]


async def test_polls_are_kept_by_category(db: Database) -> None:
    """The last one counts."""
    first = poll("cs.LG", ListingState.THROTTLED, detail="http-429", failures=2, not_before=minutes(30), page_date=None)
    async with db.begin() as conn:
        await listings.save_poll(conn, first)
        assert await listings.polls(conn, ["cs.LG", "cs.CL"]) == {"cs.LG": first}
        await listings.save_poll(conn, poll("cs.LG"))
        await listings.save_poll(conn, poll("cs.CL"))
        assert await listings.all_polls(conn) == [poll("cs.CL"), poll("cs.LG")]
        assert await listings.polls(conn, []) == {}


# --------------------------------------------------------------------------- what has been considered for whom


async def test_listings_wait_until_they_are_considered(db: Database) -> None:
    """From the category's date on, oldest first and in the chat's order; only those read whole."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, ("cs.LG", "cs.CL"), since=day(-1))
        for category in ("cs.CL", "cs.LG", "cs.AI"):
            for n in (-2, -1, 0):
                await listings.save_page(conn, page(category, day(n), new=(1,)), NOW)
        await listings.mark(conn, listing(date=day(1), state=ListingState.FAILED))
        waiting = await listings.unconsidered(conn, chat_id)
        assert key(waiting) == [("cs.LG", day(-1)), ("cs.CL", day(-1)), ("cs.LG", DAY), ("cs.CL", DAY)]
        await consider(conn, chat_id, *waiting[:1])
        assert await listings.unconsidered(conn, chat_id) == waiting[1:]
        await consider(conn, chat_id, *waiting[1:])
        assert await listings.unconsidered(conn, chat_id) == []


@pytest.mark.parametrize("since", [None, day(9)])
async def test_the_newest_listing_always_counts(db: Database, since: date | None) -> None:
    """A new chat gets it, however old it is, and nothing before it."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, since=since)
        for n in (-9, -8):
            await listings.save_page(conn, page(date=day(n), new=(1,)), NOW)
        await listings.mark(conn, listing(state=ListingState.QUIET))
        assert key(await listings.unconsidered(conn, chat_id)) == [("cs.LG", day(-8))]


async def test_a_late_listing_is_not_lost(db: Database) -> None:
    """A day that comes in after a later one was considered still waits."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, since=day(-1))
        await listings.save_page(conn, page(new=(1,)), NOW)
        await consider(conn, chat_id, listing())
        await listings.save_page(conn, page(date=day(-1), new=(2,)), NOW)
        assert key(await listings.unconsidered(conn, chat_id)) == [("cs.LG", day(-1))]


async def test_chats_do_not_share_a_ledger(db: Database) -> None:
    """What one chat has had, another still gets."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn)
        other = await chats.ensure(conn, 2, 0, ChatKind.GROUP, "", {}, NOW)
        await chats.set_categories(conn, other.id, ("cs.LG",), DAY)
        await listings.save_page(conn, page(new=(1,)), NOW)
        await consider(conn, chat_id, listing())
        assert key(await listings.unconsidered(conn, other.id)) == [("cs.LG", DAY)]
        assert numbers(await fresh(conn, other.id, [listing()])) == {1}
        assert await fresh(conn, chat_id, [listing()]) == []


async def test_nobody_considers_a_listing_twice(db: Database) -> None:
    """Two that make the same digest at once: the later one keeps nothing of it."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn)
        await listings.save_page(conn, page(new=(1,)), NOW)
        await consider(conn, chat_id, listing())

    async def again() -> None:
        async with db.begin() as conn:
            await consider(conn, chat_id, listing())

    with pytest.raises(DatabaseConflict):
        await again()
    async with db.read() as conn:
        assert len(await digests.of_date(conn, chat_id, DAY)) == 1


async def test_fresh_papers_are_distinct_new_and_cross(db: Database) -> None:
    """Each once, with all its announcements in these listings; replacements are none."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, ("cs.LG", "cs.CL"))
        await listings.save_page(conn, page("cs.LG", new=(1, 2), cross=(3,), replaced=(4,)), NOW)
        await listings.save_page(conn, page("cs.CL", new=(3,), cross=(2,), replaced=(1, 5)), NOW)
        found = await fresh(conn, chat_id, [listing("cs.LG"), listing("cs.CL")])
        assert numbers(found) == {1, 2, 3}
        assert [{(a.category, a.kind) for a in shown} for _, shown in found] == [
            {("cs.LG", Kind.NEW)},
            {("cs.LG", Kind.NEW), ("cs.CL", Kind.CROSS)},
            {("cs.LG", Kind.CROSS), ("cs.CL", Kind.NEW)},
        ]
        assert numbers(await fresh(conn, chat_id, [listing("cs.CL")])) == {2, 3}
        assert await fresh(conn, chat_id, []) == []


async def test_fresh_papers_come_in_their_latest_version(db: Database) -> None:
    """Replaced between the listing and the digest; the announcement still names the version it announced."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn)
        await listings.save_page(conn, page(new=(1,)), NOW)
        second = paper(1, version=2, title="Better")
        await papers.save(conn, [second])
        assert await fresh(conn, chat_id, [listing()]) == [
            (second, (Announcement(second.id, 1, "cs.LG", DAY, Kind.NEW),))
        ]


async def test_a_paper_is_considered_once_across_days_and_categories(db: Database) -> None:
    """Cross-listed a day later, or late in another category: not again. Replaced before: not considered by that."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, ("cs.LG", "cs.CL"), since=day(-5))
        await listings.save_page(conn, page("cs.LG", new=(1, 2), replaced=(7,)), NOW)
        await consider(conn, chat_id, listing("cs.LG"))
        await listings.save_page(conn, page("cs.CL", date=day(1), new=(3,), cross=(1, 7)), NOW)
        await listings.save_page(conn, page("cs.CL", date=day(-1), new=(2, 4)), NOW)
        found = await fresh(conn, chat_id, [listing("cs.CL", day(1)), listing("cs.CL", day(-1))])
    assert numbers(found) == {3, 4, 7}


async def test_a_year_of_listings_at_once(db: Database) -> None:
    """More days than one statement names, oldest first."""
    async with db.begin() as conn:
        chat_id = await make_chat(conn, since=day(-400))
        for n in range(130):
            await listings.save_page(conn, page(date=day(-n), new=(n,)), NOW)
        waiting = await listings.unconsidered(conn, chat_id)
        found = await fresh(conn, chat_id, waiting)
    assert [int(one.id.split(".")[1]) for one, _ in found] == list(range(129, -1, -1))


async def test_a_background_of_recent_papers(db: Database) -> None:
    """Before the day, of these categories, each once, newest first; replacements and what is long past are not in it."""
    async with db.begin() as conn:
        await listings.save_page(conn, page("cs.LG", new=(1,)), NOW)
        await listings.save_page(conn, page("cs.LG", date=day(-1), new=(3, 2), replaced=(9,)), NOW)
        await listings.save_page(conn, page("cs.CL", date=day(-2), new=(4,), cross=(3,)), NOW)
        await listings.save_page(conn, page("cs.RO", date=day(-1), new=(5,)), NOW)
        await listings.save_page(conn, page("cs.LG", date=day(-91), new=(6,)), NOW)
        found = await listings.sample_before(conn, ["cs.LG", "cs.CL"], DAY, 10)
        assert [one.id for one in found] == [paper(2).id, paper(3).id, paper(4).id]
        assert await listings.sample_before(conn, ["cs.LG", "cs.CL"], DAY, 1) == [replace(paper(2))]
        assert await listings.sample_before(conn, [], DAY, 10) == []
