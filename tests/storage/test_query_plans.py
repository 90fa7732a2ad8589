"""What is asked often is asked through indexes, in few statements."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ChatKind, VerdictKind
from storage import chats, deliveries, digests, heat, listings, model_calls, papers, verdicts
from storage.database import Database
from tests.support.builders import DAY, NOW, day, listing, paper, row
from tests.support.databases import opened

IDS = [paper(n).id for n in range(400)]
LISTINGS = [listing(category, day(n)) for n in range(3) for category in ("cs.LG", "cs.CL", "cs.AI")]

DERIVED = ("anon", "(subquery-", "json_each")
"""How SQLite names tables that a query makes for itself or is given."""

Question = Callable[[AsyncConnection], Awaitable[Any]]

OFTEN: dict[str, tuple[int, Question]] = {
    "due": (1, lambda conn: chats.due(conn, NOW, 100)),
    "due_after": (1, lambda conn: chats.due_after(conn, NOW, 100)),
    "next_due": (1, chats.next_due),
    "find": (1, lambda conn: chats.find(conn, 1, 0)),
    "profile": (8, lambda conn: chats.profile(conn, 1)),
    "next_ones": (2, lambda conn: deliveries.next_ones(conn, NOW, 100, [7, 8])),
    "failures": (1, lambda conn: deliveries.failures(conn, 10)),
    "profiles": (8, lambda conn: chats.profiles(conn, range(1, 65))),
    "blocks_due": (1, lambda conn: chats.blocks_due(conn, NOW, 16)),
    "unconsidered": (1, lambda conn: listings.unconsidered(conn, 1)),
    "unconsidered_of": (1, lambda conn: listings.unconsidered_of(conn, range(1, 65))),
    "considered_on": (1, lambda conn: listings.considered_on(conn, range(1, 65), [DAY])),
    "shown_on": (2, lambda conn: listings.shown_on(conn, ("cs.LG", "cs.CL"), [DAY])),
    "stamp_of": (1, lambda conn: listings.stamp_of(conn, ("cs.LG", "cs.CL"), [DAY])),
    "words_stamp_of": (1, lambda conn: listings.words_stamp_of(conn, ("cs.LG", "cs.CL"), [DAY])),
    "shown_since": (1, lambda conn: digests.shown_since(conn, range(1, 65), DAY)),
    "last_made": (1, lambda conn: digests.last_made(conn, range(1, 65))),
    "next_parts": (1, lambda conn: digests.next_parts(conn, range(1, 65), DAY)),
    "papers_in": (1, lambda conn: listings.papers_in(conn, 1, [(one.category, one.date) for one in LISTINGS])),
    "sample_before": (1, lambda conn: listings.sample_before(conn, ("cs.LG", "cs.CL"), DAY, 2000)),
    "states": (1, lambda conn: listings.states(conn, ("cs.LG", "cs.CL"), DAY)),
    "newest listing": (1, lambda conn: listings.newest(conn, "cs.LG")),
    "papers": (1, lambda conn: papers.many(conn, IDS)),
    "heat": (1, lambda conn: heat.newest(conn, IDS)),
    "last heat": (1, lambda conn: heat.last_at(conn, "hf")),
    "tally": (1, lambda conn: verdicts.tally(conn, 1, IDS[0], 7)),
    "saved": (1, lambda conn: verdicts.saved(conn, 1, 7)),
    "shown_before": (1, lambda conn: digests.shown_before(conn, 1, IDS)),
    "model's answer": (1, lambda conn: model_calls.answer(conn, "q")),
    "model's tokens": (1, lambda conn: model_calls.spent(conn, DAY)),
    "latest digest": (2, lambda conn: digests.latest(conn, 1)),
}


@pytest.mark.parametrize("name", OFTEN)
async def test_no_table_is_read_from_end_to_end(migrated_sqlite_url: str, name: str) -> None:
    """The cost of a question grows with its answer, not with the years that the database has seen."""
    most, question = OFTEN[name]
    async with opened(migrated_sqlite_url) as db:
        async with db.begin() as conn:
            chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {}, NOW)
            await digests.create(conn, chat.id, DAY, NOW, 1, [row(1)], [], [])
            await verdicts.cast(conn, chat.id, 7, row(1).paper_id, VerdictKind.LIKE, NOW)
        asked = await statements(db, question)
        assert len(asked) == most
        async with db.read() as conn:
            for statement, parameters in asked:
                steps = (await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
                # A derived table is small: its own steps say how it was found.
                scans = [step.detail for step in steps if step.detail.startswith("SCAN ")]
                assert [scan for scan in scans if not any(small in scan for small in DERIVED)] == [], statement


async def statements(db: Database, question: Question) -> list[tuple[str, Any]]:
    """The SELECTs that a question consists of."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Connection, _cursor: object, statement: str, parameters: Any, _ctx: object, _many: bool) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(db._reader.sync_engine, "before_cursor_execute", note)
    async with db.read() as conn:
        await question(conn)
    return asked
