"""A statement on SQLite is one trip to the connection's thread, and shows what the driver's own way shows."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables, trips
from storage.database import Database
from storage.trips import OneTripConnection
from tests.support.databases import opened

STATEMENTS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT UNIQUE)", ()),
    ("INSERT INTO things (name) VALUES (?)", ("one",)),
    ("INSERT INTO things (name) VALUES (?) RETURNING id, name", ("two",)),
    ("SELECT id, name AS called FROM things ORDER BY id", ()),
    ("SELECT id FROM things WHERE name = ?", ("nothing",)),
    ("UPDATE things SET name = name || '!' WHERE id > ?", (0,)),
    ("DELETE FROM things WHERE id = ?", (7,)),
)


@pytest.fixture
async def ours(tmp_path: Path) -> AsyncIterator[OneTripConnection]:
    """A connection to a new file."""
    connection = trips.connect(str(tmp_path / "ours.db"), isolation_level=None)
    await connection
    yield connection
    await connection.close()


@pytest.fixture
async def theirs(tmp_path: Path) -> AsyncIterator[aiosqlite.Connection]:
    """The driver's own to another one."""
    async with aiosqlite.connect(str(tmp_path / "theirs.db"), isolation_level=None) as connection:
        yield connection


async def test_statements_show_what_the_driver_shows(ours: OneTripConnection, theirs: aiosqlite.Connection) -> None:
    """Rows, what they are called, how many were touched, and the last number given."""
    for statement, parameters in STATEMENTS:
        mine = await ours.cursor().execute(statement, parameters)
        other = await theirs.execute(statement, parameters)
        assert mine.description == other.description
        rows = list(await other.fetchall())
        assert (await mine.fetchall(), mine.rowcount, mine.lastrowid) == (rows, other.rowcount, other.lastrowid)
        assert await mine.fetchall() == []
        await mine.close()
        await other.close()


async def test_many_rows_are_one_statement(ours: OneTripConnection) -> None:
    """And one that does not fit is told as the database tells it."""
    await ours.cursor().execute(STATEMENTS[0][0])
    cursor = await ours.cursor().executemany("INSERT INTO things (name) VALUES (?)", [("a",), ("b",)])
    assert cursor.rowcount == 2
    with pytest.raises(sqlite3.IntegrityError, match=r"things\.name"):
        await ours.cursor().execute("INSERT INTO things (name) VALUES (?)", ("a",))
    assert await (await ours.cursor().execute("SELECT count(*) FROM things")).fetchall() == [(2,)]


async def test_a_closed_connection_says_so(tmp_path: Path) -> None:
    """As the driver's does, so that SQLAlchemy knows it for gone."""
    connection = trips.connect(str(tmp_path / "closed.db"))
    await connection
    await connection.close()
    with pytest.raises(ValueError, match=r"(?i)no active connection|connection closed"):
        await connection.cursor().execute("SELECT 1")


async def test_a_cancelled_statement_leaves_a_sound_connection(ours: OneTripConnection) -> None:
    """Nobody reads what it finds."""
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n"
    task = asyncio.create_task(ours.cursor().execute(long))
    await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await (await ours.cursor().execute("SELECT 1")).fetchall() == [(1,)]


async def test_nothing_stays_open_that_was_begun_by_somebody_cancelled(ours: OneTripConnection, tmp_path: Path) -> None:
    """A transaction that waits for another program's to end is taken back, whenever it begins."""
    await ours.cursor().execute(STATEMENTS[0][0])
    with closing(sqlite3.connect(tmp_path / "ours.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await ours.cursor().execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(ours.cursor().execute("INSERT INTO things (name) VALUES ('ours')"))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        taking_back = asyncio.create_task(ours.rollback())
        await asyncio.sleep(0.05)
        other.execute("COMMIT")
        await taking_back
        assert not ours.in_transaction
        other.execute("INSERT INTO things (name) VALUES ('other')")


async def test_what_was_read_does_not_stay_open(migrated_sqlite_url: str) -> None:
    """Though nobody waits for the end: the next transaction sees what was written meanwhile, and the log of writing can be
    emptied."""
    async with opened(migrated_sqlite_url) as db:
        for number in range(20):
            async with db.read() as conn:
                assert (await conn.exec_driver_sql("SELECT count(*) FROM papers")).scalar_one() == number
            async with db.begin() as conn:
                await conn.execute(tables.papers.insert().values(id=f"2602.{number:05d}", latest_version=1))
        await asyncio.sleep(0.05)
        with closing(sqlite3.connect(db.place)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


async def test_a_reader_that_is_cancelled_leaves_nothing_open(migrated_sqlite_url: str) -> None:
    """Whatever it was at."""
    long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n"

    async def read(db: Database) -> None:
        async with db.read() as conn:
            await conn.exec_driver_sql("SELECT count(*) FROM papers")
            await conn.exec_driver_sql(long)

    async with opened(migrated_sqlite_url) as db:
        for wait in (0.0, 0.001, 0.005, 0.02):
            task = asyncio.create_task(read(db))
            await asyncio.sleep(wait)
            task.cancel()
            await asyncio.wait((task,))
        await asyncio.sleep(0.05)
        with closing(sqlite3.connect(db.place, timeout=0)) as other:
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
        await read(db)


async def test_a_transaction_takes_a_trip_for_each_statement(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It begins with its first one; the end of one that writes is waited for."""
    trips_made: list[str] = []
    execute: Callable[..., Any] = aiosqlite.Connection._execute

    async def noting(self: aiosqlite.Connection, work: Callable[..., Any], *given: Any) -> Any:
        trips_made.append(str(work))
        return await execute(self, work, *given)

    async with opened(migrated_sqlite_url) as db:
        async with db.read() as conn:  # a connection is made for the first one
            await conn.exec_driver_sql("SELECT 1")
        async with db.begin() as conn:
            await conn.exec_driver_sql("SELECT 1")
        with monkeypatch.context() as patched:
            patched.setattr(aiosqlite.Connection, "_execute", noting)
            async with db.read() as conn:
                rows = await conn.exec_driver_sql("SELECT 1 UNION SELECT 2")
                assert rows.all() == [(1,), (2,)]
                await conn.exec_driver_sql("SELECT 3")
            assert len(trips_made) == 2, trips_made
            async with db.begin() as conn:
                await conn.exec_driver_sql("DELETE FROM chats")
            assert len(trips_made) == 4, trips_made
            async with db.begin():
                pass
            assert len(trips_made) == 4, trips_made
            assert await db.reading(_twice) == await db.writing(_twice) == [1, 2]
            assert len([made for made in trips_made if "_taken" in made]) == 2
            assert len(trips_made) == 6, trips_made


async def _twice(conn: AsyncConnection) -> list[int]:
    return [(await conn.exec_driver_sql(f"SELECT {number}")).scalar_one() for number in (1, 2)]


async def test_a_whole_transaction_waits_for_nothing_else(migrated_sqlite_url: str) -> None:
    """Its thread has no loop to wait in: that is told, nothing is kept, and the connection is as good as before."""

    async def wait(conn: AsyncConnection) -> None:
        await conn.exec_driver_sql("INSERT INTO papers VALUES ('2602.00001', 1)")
        await asyncio.sleep(0)

    async with opened(migrated_sqlite_url) as db:
        with pytest.raises(RuntimeError, match="waits for nothing"):
            await db.writing(wait)
        assert await db.writing(_twice) == [1, 2]
        async with db.read() as conn:
            assert (await conn.exec_driver_sql("SELECT count(*) FROM papers")).scalar_one() == 0
