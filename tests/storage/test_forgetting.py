"""Forgetting: no table keeps anything of a chat or a reader, and neither does the file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Text, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import VerdictKind
from storage import chats, listings, papers, verdicts
from storage.database import Database
from storage.tables import metadata
from tests.support.builders import NOW, page, paper
from tests.support.databases import opened, sqlite_at
from tests.support.full_chat import live

READER = 6_000_111_222
CHAT = -1_003_111_222_333
SECRET = "the interests of somebody"


async def rows(conn: AsyncConnection) -> dict[str, int]:
    """How many rows each table has."""
    return {
        table.name: (await conn.execute(select(func.count()).select_from(table))).scalar_one()
        for table in metadata.sorted_tables
    }


async def mentions(conn: AsyncConnection, *values: object) -> set[str]:
    """The columns in which one of the values occurs, in whatever table, also inside text and JSON."""
    found = set()
    for table in metadata.sorted_tables:
        for column in table.columns:
            for value in values:
                hit = cast(column, Text).contains(str(value))
                if await conn.scalar(select(func.count()).select_from(table).where(hit)):
                    found.add(f"{table.name}.{column.name}")
    return found


async def test_forgetting_a_chat_leaves_nothing_of_it(db: Database) -> None:
    """Every table is as it was before the chat came; other chats keep all they have."""
    async with db.begin() as conn:
        await papers.save(conn, [paper(1)])
        await listings.save_page(conn, page(new=(1,)), NOW)
        other = await live(conn, 5, 55, "somebody else")
        before = await rows(conn)
        chat = await live(conn, CHAT, READER, SECRET)
        grown = {name for name, count in (await rows(conn)).items() if count > before[name]}
        per_chat = {t.name for t in metadata.sorted_tables if "chat_id" in t.c} | {"chats", "digest_rows"}
        assert grown == per_chat
        assert "chats.interests" in await mentions(conn, CHAT, READER, SECRET)

        assert await chats.forget(conn, chat.id)
        assert await rows(conn) == before
        assert await mentions(conn, CHAT, READER, SECRET) == set()
        assert not await chats.forget(conn, chat.id)
        assert (await chats.profile(conn, other.id)).interests == "somebody else"
    assert await db.check() == []


async def test_forgetting_a_reader_leaves_nothing_of_them(db: Database) -> None:
    """In one chat or everywhere; what others said stays."""
    async with db.begin() as conn:
        here = await live(conn, 1, READER, "here")
        there = await live(conn, 2, READER, "there")
        await verdicts.cast(conn, here.id, 8, paper(1).id, VerdictKind.LIKE, NOW)
        await verdicts.cast(conn, here.id, READER, paper(2).id, VerdictKind.LIKE, NOW)
        assert await verdicts.forget_reader(conn, here.id, READER) == 2
        assert await verdicts.of_reader(conn, here.id, READER) == []
        assert len(await verdicts.of_reader(conn, there.id, READER)) == 1
        assert await verdicts.forget_reader(conn, None, READER) == 1
        assert await mentions(conn, READER) == set()
        assert len(await verdicts.of_reader(conn, here.id, 8)) == 1
        assert await verdicts.forget_reader(conn, None, READER) == 0


async def test_the_file_does_not_remember_either(tmp_path: Path) -> None:
    """What was deleted is overwritten, not only unlinked."""
    file = tmp_path / "x.db"
    async with opened(sqlite_at(file)) as db:
        async with db.begin() as conn:
            chat = await live(conn, CHAT, READER, SECRET)
        assert contains(file, SECRET)
        async with db.begin() as conn:
            await chats.forget(conn, chat.id)
        assert not contains(file, SECRET)


def contains(file: Path, words: str) -> bool:
    """Whether the bytes of the database, with what was written last, hold these words."""
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return words.encode() in file.read_bytes()
