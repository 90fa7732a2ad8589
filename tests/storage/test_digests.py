"""Digests: kept for ever, part by part, exactly as they were shown."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ChatKind, Counts, ListingState
from storage import chats, digests
from storage.database import Database
from tests.support.builders import DAY, NOW, day, listing, minutes, paper, row


async def make(conn: AsyncConnection, n: int = 1) -> int:
    """A chat; → its id."""
    return (await chats.ensure(conn, n, 0, ChatKind.GROUP, "", {}, NOW)).id


async def test_a_digest_comes_back_as_it_was(db: Database) -> None:
    """Rows in rank order with their reasons, and the listings' states of then."""
    rows = [
        row(1, heat=None, institution="", title="<b>&\U0001f600 $x$ 中文", tags=("code", "survey")),
        row(2, added_from=day(-1), reasons=(), score=-0.125),
    ]
    states = [
        listing("cs.LG", declared=Counts(9, 1, 2), parsed=Counts(9, 1, 2)),
        listing("cs.CL", state=ListingState.THROTTLED, detail="http-429", checked_at=None),
    ]
    async with db.begin() as conn:
        chat = await make(conn)
        made = await digests.create(
            conn, chat, DAY, minutes(1), 412, list(reversed(rows)), states, [listing(date=day(-1))]
        )
        assert made.part == 0
        found = await digests.get(conn, made.id)
        assert found == replace(made, rows=tuple(rows))
        assert found is not None
        assert found.listings == tuple(states)
        assert await digests.get(conn, made.id + 1) is None


async def test_a_day_may_have_several_parts(db: Database) -> None:
    """In order; each chat and each day counts for itself."""
    async with db.begin() as conn:
        chat, other = await make(conn, 1), await make(conn, 2)
        await digests.create(conn, other, DAY, NOW, 1, [row(1)], [], [])
        parts = [await digests.create(conn, chat, DAY, minutes(n), n, [row(1, n)], [], []) for n in range(3)]
        before = await digests.create(conn, chat, day(-1), minutes(9), 0, [], [], [])
        assert [part.part for part in parts] == [0, 1, 2]
        assert before.part == 0
        assert await digests.of_date(conn, chat, DAY) == parts
        assert await digests.of_date(conn, chat, day(1)) == []
        assert await digests.latest(conn, chat) == parts[2]
        assert await digests.latest(conn, 4711) is None


async def test_which_dates_have_a_digest(db: Database) -> None:
    """Each once, newest first."""
    async with db.begin() as conn:
        chat = await make(conn)
        for n in (0, -2, -1, 0):
            await digests.create(conn, chat, day(n), NOW, 0, [], [], [])
        assert await digests.dates(conn, chat, 10) == [DAY, day(-1), day(-2)]
        assert await digests.dates(conn, chat, 2) == [DAY, day(-1)]


async def test_what_a_chat_has_been_shown(db: Database) -> None:
    """In any of its tables, not in another chat's."""
    async with db.begin() as conn:
        chat, other = await make(conn, 1), await make(conn, 2)
        await digests.create(conn, chat, DAY, NOW, 1, [row(1), row(2)], [], [])
        await digests.create(conn, other, DAY, NOW, 1, [row(3)], [], [])
        shown = await digests.shown_before(conn, chat, [paper(n).id for n in (2, 3, 4)])
        assert shown == {paper(2).id}
        assert await digests.shown_before(conn, chat, []) == set()


async def test_what_chats_have_been_shown_since_a_day(db: Database) -> None:
    """In all tables of each for that day or later; who got none is missing."""
    async with db.begin() as conn:
        chat, other, nobody = await make(conn, 1), await make(conn, 2), await make(conn, 3)
        await digests.create(conn, chat, day(-2), NOW, 1, [row(1)], [], [])
        await digests.create(conn, chat, day(-1), NOW, 1, [row(2), row(3)], [], [])
        await digests.create(conn, chat, DAY, NOW, 1, [row(4)], [], [])
        await digests.create(conn, other, DAY, NOW, 1, [row(5)], [], [])
        await digests.create(conn, nobody, DAY, NOW, 0, [], [], [])
        shown = await digests.shown_since(conn, [chat, other, nobody], day(-1))
        assert {of: set(ids) for of, ids in shown.items()} == {
            chat: {paper(2).id, paper(3).id, paper(4).id},
            other: {paper(5).id},
        }


async def test_a_note_is_given_once(db: Database) -> None:
    """Per chat, day and kind."""
    async with db.begin() as conn:
        chat, other = await make(conn, 1), await make(conn, 2)
        assert await digests.notice(conn, [(chat, DAY, "quiet")])
        assert not await digests.notice(conn, [(chat, DAY, "quiet")])
        assert await digests.notice(conn, [(chat, DAY, "waiting")])
        assert await digests.notice(conn, [(chat, day(1), "quiet")])
        assert await digests.notice(conn, [(other, DAY, "quiet")])
