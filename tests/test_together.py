"""Digests that are made together are those that are made one by one: the same rows, reasons and messages."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.digest import Digests, DigestView
from bot.errors import DatabaseConflict
from bot.model import (
    Chat,
    ChatKind,
    Correction,
    Digest,
    Follow,
    FollowKind,
    Mute,
    MuteKind,
    Paper,
    ReasonKind,
    Row,
    VerdictKind,
)
from bot.schedule import next_slot
from storage import chats, corrections, heat, institutions, listings, tables, verdicts
from storage.database import Database
from tests.support import builders as a
from tests.support.builders import NOW
from tests.support.databases import opened
from tests.support.ledger import open_messages

THEMES = (
    "robots grasp cups by touch",
    "reward models align language models",
    "graph coloring bounds on trees",
    "speech recognition for dialects",
    "protein folding with diffusion",
    "surveys of retrieval augmented generation",
    "benchmarks of agents that browse",
)
FIRST, SECOND, THIRD = a.day(0), a.day(1), a.day(2)

KINDS: tuple[dict[str, Any], ...] = (
    {},
    {"interests": "reward models, robots; no surveys", "size": 3},
    {"interests": "graph coloring", "votes": {7: (0, 8, 16), 8: (1, 3)}, "kind": ChatKind.GROUP, "layout": "rich"},
    {"votes": {7: (4, 5, 11, 12)}, "size": 10},
    {"interests": "蛋白质折叠", "language": "zh", "votes": {7: (2,)}},
    {"mutes": (Mute(MuteKind.WORD, "robots"), Mute(MuteKind.AUTHOR, "Bo Writer301")), "size": 12},
    {"follows": (Follow(FollowKind.AUTHOR, "Ada Author305"), Follow(FollowKind.INSTITUTION, "ETH Zurich"))},
    {"names": ("cs.CL",), "interests": "speech"},
    {"names": ("cs.LG", "cs.CL", "cs.RO"), "interests": "agents", "ruled_out": ReasonKind.INTEREST},
    {"ruled_out": ReasonKind.EXPLORATION, "interests": "robots", "votes": {7: (1,)}, "size": 6},
)
"""Chats of every sort; each is made twice, once to be served alone and once to be served with the others."""


def about(n: int, **fields: Any) -> Paper:
    """Paper number `n`, on one of the themes in words of its own, so that no two papers are as good as each other."""
    rng = random.Random(n)
    theme = THEMES[n % len(THEMES)]
    others = rng.choices([word for one in THEMES for word in one.split()], k=rng.randrange(6, 30))
    return a.paper(n, title=f"On {theme} {rng.choice(others)}", abstract=f"We study {' '.join(others)}.", **fields)


async def announce(db: Database, category: str, day: date, numbers: range, also: Sequence[Paper] = ()) -> None:
    """A listing comes in."""
    new = [about(n, categories=(category,)) for n in numbers]
    async with db.begin() as conn:
        await listings.save_page(conn, a.page(category, day, new=new, cross=also), NOW)
        await listings.save_poll(conn, a.poll(category, page_date=day))


async def chat_of(conn: chats.AsyncConnection, number: int, kind: Mapping[str, Any]) -> Chat:
    """A chat of this kind."""
    settings = {name: kind[name] for name in ("size", "language", "layout") if name in kind}
    start = {"subscribed": True, "next_at": NOW} | settings
    chat = await chats.ensure(conn, number, 0, kind.get("kind", ChatKind.PRIVATE), f"Chat {number}", start, NOW)
    await chats.set_categories(conn, chat.id, kind.get("names", ("cs.LG", "cs.CL")), FIRST)
    if "interests" in kind:
        await chats.set_interests(conn, chat.id, kind["interests"], (), NOW)
    for one in kind.get("follows", ()):
        await chats.follow(conn, chat.id, one)
    for one in kind.get("mutes", ()):
        await chats.mute(conn, chat.id, one)
    if "ruled_out" in kind:
        await corrections.add(conn, chat.id, Correction(kind["ruled_out"], "agents", "agents", NOW))
    for reader, judged in kind.get("votes", {}).items():
        for n in judged:
            said = VerdictKind.DISLIKE if n % 3 == 0 else VerdictKind.LIKE
            await verdicts.cast(conn, chat.id, reader, about(n).id, said, NOW - timedelta(days=n + 1))
    return chat


@pytest.fixture(params=["sqlite", "postgres"])
async def db(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """An open database without rows, on both engines."""
    async with opened(request.getfixturevalue(f"migrated_{request.param}_url")) as database:
        yield database


@pytest.fixture
async def twins(db: Database) -> list[tuple[int, int]]:
    """Chats by their ids, in pairs that want the same, in a world with two hundred past papers and one listing."""
    await announce(db, "cs.LG", a.day(-3), range(220))
    await announce(db, "cs.LG", FIRST, range(300, 330))
    async with db.begin() as conn:
        for n in (301, 310, 402):
            await institutions.save(conn, a.paper(n).id, 1, ("ETH Zurich",), NOW)
        await heat.save(conn, [a.heat_entry(n, upvotes=n) for n in (303, 312, 405)])
        return [
            ((await chat_of(conn, 100 + n, kind)).id, (await chat_of(conn, 200 + n, kind)).id)
            for n, kind in enumerate(KINDS)
        ]


def lay_out(view: DigestView) -> list[Mapping[str, object]]:
    """Messages that tell everything a layout may use, as many as the digest has rows."""
    return [
        {"chat": view.chat.size, "language": view.chat.language, "row": row.title, "part": view.digest.part}
        for row in view.digest.rows
    ] or [{"nothing": len(view.profile.judged)}]


async def nothing(_: object) -> None:
    """Nobody outside is asked."""


def tomorrow(chat: Chat) -> datetime:
    """The chat's next hour."""
    return next_slot(chat.hour, chat.timezone, NOW)


def told(row: Row) -> tuple[object, ...]:
    """All of a row, with its numbers as near as a few large products come to many small ones."""
    reasons = [(one.kind, one.label, one.key, one.count, pytest.approx(one.share, abs=1e-4)) for one in row.reasons]
    return (
        *(row.rank, row.paper_id, row.version, row.title, row.authors, row.institution, row.direction, row.heat),
        *(row.tags, row.added_from, pytest.approx(row.score, abs=1e-4), sorted(reasons, key=str)),
    )


def seen(row: Row) -> tuple[object, ...]:
    """The same to compare with it."""
    reasons = [(one.kind, one.label, one.key, one.count, one.share) for one in row.reasons]
    return (
        *(row.rank, row.paper_id, row.version, row.title, row.authors, row.institution, row.direction, row.heat),
        *(row.tags, row.added_from, row.score, sorted(reasons, key=str)),
    )


async def kept(db: Database, chat_id: int) -> list[object]:
    """What the ledgers say of a chat: the listings that were considered, its categories, the messages planned."""
    had, mine, planned = tables.considered.c, tables.chat_categories.c, tables.deliveries.c
    async with db.read() as conn:
        rows = [
            await conn.execute(
                select(had.category, had.date).where(had.chat_id == chat_id).order_by(had.date, had.category)
            ),
            await conn.execute(
                select(mine.category, mine.since).where(mine.chat_id == chat_id).order_by(mine.position)
            ),
            await conn.execute(
                select(planned.position, planned.body, planned.state, planned.attempts)
                .where(planned.chat_id == chat_id)
                .order_by(planned.id)
            ),
        ]
        return [[tuple(row) for row in some] for some in rows]


async def compare(db: Database, twins: Sequence[tuple[int, int]]) -> list[Digest | None]:
    """Serve one of each pair alone and the others together; all must have come to the same; → what that is."""
    digests = Digests(db, lambda: NOW, nothing, nothing)
    alone = [await digests.make(one, lay_out) for one, _ in twins]
    together = await digests.make_all([other for _, other in twins], lay_out, tomorrow)
    assert set(together) == {other for _, other in twins}
    for (one, other), first in zip(twins, alone, strict=True):
        second = together[other]
        assert not isinstance(second, Exception)
        if first is None or second is None:
            assert first is second
            continue
        assert (second.date, second.part, second.announced) == (first.date, first.part, first.announced)
        assert (second.listings, second.late) == (first.listings, first.late)
        assert [seen(row) for row in second.rows] == [told(row) for row in first.rows]
        assert await kept(db, other) == await kept(db, one)
        async with db.read() as conn:
            assert await chats.get(conn, other) is not None
            (newest,) = [
                part for part in await digests.read(other, first.date.isoformat()) if part.digest.id == second.id
            ]
        assert newest.digest == second
    return alone


async def test_made_together_they_are_those_made_alone(db: Database, twins: list[tuple[int, int]]) -> None:
    """Over three mornings with a late listing, papers that come again, several pending days and nothing new."""
    first = await compare(db, twins)
    assert sum(one is not None for one in first) == len(KINDS) - 1  # who reads cs.CL alone has nothing yet
    again = [about(n, categories=("cs.LG",)) for n in range(300, 310)]
    await announce(db, "cs.CL", FIRST, range(400, 420), again)
    late = await compare(db, twins[::2])
    assert {one.part for one in late if one is not None} == {1}
    await announce(db, "cs.LG", SECOND, range(500, 520))
    await announce(db, "cs.LG", THIRD, range(600, 640), [about(505, version=2, categories=("cs.LG",))])
    await announce(db, "cs.RO", THIRD, range(700, 710), again)
    third = await compare(db, twins)
    assert all(one is None or SECOND in {each.date for each in one.late} for one in third[:7])
    assert await compare(db, twins) == [None] * len(KINDS)


async def test_every_next_hour_is_set_with_the_digest(db: Database, twins: list[tuple[int, int]]) -> None:
    """Who got a digest is due tomorrow, who got none is still due; an hour that was chosen meanwhile stays."""
    ids = [one for one, _ in twins]
    evening = NOW + timedelta(hours=12)

    async def somebody_moves(_: object) -> None:
        async with db.begin() as conn:
            await chats.update(conn, ids[1], next_at=evening)

    digests = Digests(db, lambda: NOW, nothing, somebody_moves)
    made = await digests.make_all(ids, lay_out, tomorrow)
    async with db.read() as conn:
        known = await chats.many(conn, ids)
    for chat_id in ids:
        expected = evening if chat_id == ids[1] else NOW if made[chat_id] is None else NOW + timedelta(days=1)
        assert known[chat_id].next_at == expected


async def test_one_that_cannot_be_laid_out_keeps_nobody_away(db: Database, twins: list[tuple[int, int]]) -> None:
    """Its trouble is told, nothing of it is kept, and the others are served."""
    ids = [one for one, _ in twins]

    def broken(view: DigestView) -> list[Mapping[str, object]]:
        if view.chat.id == ids[2]:
            raise RuntimeError("a broken template")
        return lay_out(view)

    made = await Digests(db, lambda: NOW, nothing, nothing).make_all(ids, broken, tomorrow)
    assert isinstance(made[ids[2]], RuntimeError)
    assert await kept(db, ids[2]) == [[], [("cs.LG", FIRST), ("cs.CL", FIRST)], []]
    assert sum(isinstance(one, Digest) for one in made.values()) == len(KINDS) - 2


async def test_a_conflict_takes_back_only_what_is_kept_with_it(
    db: Database, twins: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another program has made one of the digests, those that were kept before stay, and the others can be made
    alone; nobody gets two."""
    monkeypatch.setattr("bot.digest.KEPT_AT_ONCE", 3)
    ids = [one for one, _ in twins]
    other_program = Digests(db, lambda: NOW, nothing, nothing)

    async def meanwhile(_: object) -> None:
        await other_program.make(ids[4])

    digests = Digests(db, lambda: NOW, nothing, meanwhile)
    with pytest.raises(DatabaseConflict):
        await digests.make_all(ids, lay_out, tomorrow)
    async with db.read() as conn:
        known = await chats.many(conn, ids)
        served = [chat_id for chat_id in ids if known[chat_id].next_at != NOW]
        assert served == ids[:3]
        assert {one.chat_id for one in await open_messages(conn)} == set(served)
    made = await digests.make_all(ids, lay_out, tomorrow)
    assert {*ids[:3], ids[4]} <= {chat_id for chat_id in ids if made[chat_id] is None}
    assert sum(isinstance(one, Digest) for one in made.values()) == len(KINDS) - 5
