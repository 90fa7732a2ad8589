"""The papers of a day are read once, and again when anything of them changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from bot.model import Kind
from bot.shelf import WORDS_KEPT, Shelf
from storage import listings, papers
from storage.chats import AsyncConnection
from storage.database import Database
from storage.listings import Shown
from tests.support import builders as a
from tests.support.builders import DAY, NOW, minutes, paper

Change = Callable[[AsyncConnection], Awaitable[object]]


@pytest.fixture
async def shelf(db: Database) -> Shelf:
    """A shelf in a world where cs.LG announces two papers, and cs.CL another and one of the two."""
    async with db.begin() as conn:
        both = paper(2, categories=("cs.LG", "cs.CL"))
        await listings.save_page(conn, a.page("cs.CL", a.day(-1), new=(7,), cross=(1,)), NOW)
        await listings.save_page(conn, a.page(new=(1, both), replaced=(9,)), NOW)
        await listings.save_page(conn, a.page("cs.CL", new=(3,), cross=(both,)), NOW)
        await listings.save_poll(conn, a.poll())
    return Shelf(lambda: 0.0)


async def shown(db: Database, shelf: Shelf) -> Shown:
    """What the shelf has for the day."""
    async with db.read() as conn:
        return await shelf.shown_on(conn, ["cs.LG", "cs.CL"], [DAY])


async def test_papers_and_where_they_were_listed(db: Database, shelf: Shelf) -> None:
    """New and cross-listed papers of the day, with every listing that has ever shown them so."""
    found = await shown(db, shelf)
    assert [one.id for one in found.papers] == [paper(n).id for n in (1, 2, 3)]
    assert [found.place[one.id] for one in found.papers] == [0, 1, 2]
    assert found.places == {
        ("cs.LG", DAY): {0, 1},
        ("cs.CL", DAY): {1, 2},
        ("cs.CL", a.day(-1)): {0},
    }


async def test_what_stays_the_same_is_read_once(db: Database, shelf: Shelf) -> None:
    """The same object while nothing changes, whatever other days are asked for in between."""
    first = await shown(db, shelf)
    async with db.read() as conn:
        await shelf.shown_on(conn, ["cs.CL"], [a.day(-1)])
    assert await shown(db, shelf) is first


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda conn: listings.save_page(conn, a.page(new=(1, 5)), minutes(5)), {1, 2, 3, 5}),
        (lambda conn: listings.save_page(conn, a.page("cs.CL"), minutes(5)), {1, 2}),
    ],
)
async def test_what_changes_is_read_anew(db: Database, shelf: Shelf, change: Change, expected: set[int]) -> None:
    """A listing that is read anew, with more in it or with nothing, is noticed at once."""
    first = await shown(db, shelf)
    async with db.begin() as conn:
        await change(conn)
    second = await shown(db, shelf)
    assert second != first
    assert {one.id for one in second.papers} == {paper(n).id for n in expected}
    async with db.read() as conn:
        assert second.papers == tuple(sorted((await papers.many(conn, second.place)).values(), key=lambda one: one.id))
        for (category, day), places in second.places.items():
            listed = await listings.ids(conn, category, day, (Kind.NEW, Kind.CROSS))
            assert {second.papers[at].id for at in places} == listed & set(second.place)


@pytest.mark.parametrize("change", [{"version": 2}, {"abstract": "Now somebody has told the abstract."}])
async def test_what_is_told_of_a_paper_comes_within_seconds(db: Database, shelf: Shelf, change: dict[str, Any]) -> None:
    """Other versions and words are not looked for with every table, but soon."""
    seconds = [0.0]
    patient = Shelf(lambda: seconds[0])
    first = await shown(db, patient)
    async with db.begin() as conn:
        await papers.save(conn, [paper(3, categories=("cs.CL",), **change)])
    seconds[0] = WORDS_KEPT / 2
    assert await shown(db, patient) is first
    seconds[0] = WORDS_KEPT
    second = await shown(db, patient)
    assert second.papers == (*first.papers[:2], replace(first.papers[2], **change))
    seconds[0] = 2 * WORDS_KEPT
    assert await shown(db, patient) is second
