"""Transactions: whole or not at all, writers wait for each other, and errors are sentences."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DatabaseBroken, DatabaseConflict, DatabaseLocked, DatabaseNewer, StorageError
from bot.model import ChatKind, VerdictKind
from storage import chats, engines, papers, tables, verdicts
from storage.database import Database, copy
from tests.support.builders import NOW, paper
from tests.support.databases import on_server, opened, sqlite_at


async def make_chat(db: Database, n: int = 1) -> int:
    """A chat, kept; → its id."""
    async with db.begin() as conn:
        return (await chats.ensure(conn, n, 0, ChatKind.PRIVATE, "", {}, NOW)).id


# --------------------------------------------------------------------------- whole or not at all


async def test_an_exception_undoes_the_transaction(db: Database) -> None:
    """Nothing of it is kept, and the exception passes through unchanged."""

    async def break_off() -> None:
        async with db.begin() as conn:
            await papers.save(conn, [paper(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()
    async with db.read() as conn:
        assert await papers.get(conn, paper(1).id) is None


async def test_a_cancelled_transaction_lets_the_next_one_in(db: Database) -> None:
    """Whatever it was doing, it is undone and holds nobody up."""
    inside = asyncio.Event()

    async def never_done() -> None:
        async with db.begin() as conn:
            await papers.save(conn, [paper(1)])
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(never_done())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with db.begin() as conn:
        assert await papers.get(conn, paper(1).id) is None


async def test_a_whole_transaction_is_kept_or_undone(db: Database) -> None:
    """What its work returns comes out of it, and so does what its work raises, or the database does."""

    async def save(conn: AsyncConnection) -> int:
        await papers.save(conn, [paper(1)])
        return int((await conn.execute(select(tables.papers.c.latest_version))).scalar_one())

    async def break_off(conn: AsyncConnection) -> None:
        await papers.save(conn, [paper(2)])
        raise ZeroDivisionError

    assert await db.writing(save) == paper(1).version
    with pytest.raises(ZeroDivisionError):
        await db.writing(break_off)
    with pytest.raises(DatabaseBroken, match="read-only"):
        await db.reading(break_off)
    assert await db.reading(lambda conn: papers.many(conn, [paper(1).id, paper(2).id])) == {paper(1).id: paper(1)}


async def test_a_whole_transaction_that_is_cancelled_lets_the_next_one_in(db: Database) -> None:
    """Wherever it was."""

    async def save(conn: AsyncConnection) -> None:
        await papers.save(conn, [paper(n) for n in range(200)])

    for wait in (0.0, 0.001, 0.003, 0.01):
        task = asyncio.create_task(db.writing(save))
        await asyncio.sleep(wait)
        task.cancel()
        await asyncio.wait((task,))
        await db.writing(save)


async def test_readers_see_what_is_committed_and_wait_for_nobody(db: Database) -> None:
    """A read transaction goes on beside a writing one and sees none of it."""
    async with db.begin() as writing:
        await papers.save(writing, [paper(1)])
        async with db.read() as reading:
            assert await papers.get(reading, paper(1).id) is None
    async with db.read() as reading:
        assert await papers.get(reading, paper(1).id) == paper(1)


async def test_a_reader_cannot_write(db: Database) -> None:
    """A write in the wrong kind of transaction is an error at once, on both engines."""
    with pytest.raises(DatabaseBroken, match="read-only"):
        async with db.read() as conn:
            await papers.save(conn, [paper(1)])


# --------------------------------------------------------------------------- writers wait


async def test_writers_of_one_program_wait_for_each_other(db: Database) -> None:
    """Fifty at once that read, think and write: none is refused, none is lost."""
    await make_chat(db)

    async def count_up() -> None:
        async with db.begin() as conn:
            # PostgreSQL lets writers in side by side: there the row is the lock.
            size = (await conn.execute(select(tables.chats.c.size).with_for_update())).scalar_one()
            await asyncio.sleep(0.001)
            await conn.execute(tables.chats.update().values(size=size + 1))

    await asyncio.gather(*(count_up() for _ in range(50)))
    async with db.read() as conn:
        assert await conn.scalar(select(tables.chats.c.size)) == 55


async def test_writers_of_one_program_do_not_meet_at_the_file(
    migrated_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They queue up before it, so that a long queue does not run out of SQLite's patience."""
    monkeypatch.setitem(engines._SQLITE["connect_args"], "timeout", 0)
    async with opened(migrated_sqlite_url) as db:

        async def write(n: int) -> None:
            async with db.begin() as conn:
                await papers.save(conn, [paper(n)])
                await asyncio.sleep(0.005)

        await asyncio.gather(*(write(n) for n in range(20)))
        async with db.read() as conn:
            assert len(await papers.many(conn, [paper(n).id for n in range(20)])) == 20


async def test_writers_of_two_programs_wait_for_each_other(migrated_url: str) -> None:
    """Two open databases on one file, as two processes have: none is refused, none is lost."""
    async with opened(migrated_url) as one, opened(migrated_url) as two:
        chat_id = await make_chat(one)

        async def vote(db: Database, reader: int) -> None:
            async with db.begin() as conn:
                before = await verdicts.tally(conn, chat_id, paper(1).id, reader)
                assert before.mine is None
                await verdicts.cast(conn, chat_id, reader, paper(1).id, VerdictKind.LIKE, NOW)

        await asyncio.gather(*(vote(db, 2 * n + k) for n in range(50) for k, db in enumerate((one, two))))
        async with two.read() as conn:
            assert (await verdicts.tally(conn, chat_id, paper(1).id, 0)).like == 100


async def test_a_writer_that_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name, whether another program holds the file or this one's own queue stands still."""
    monkeypatch.setitem(engines._SQLITE["connect_args"], "timeout", 0.05)
    monkeypatch.setattr(engines, "QUEUE_SECONDS", 0.05)
    async with opened(sqlite_at(tmp_path / "x.db")) as db:
        with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseLocked, match=str(tmp_path / "x.db")):
                await make_chat(db)
        async with db.begin():
            with pytest.raises(DatabaseLocked):
                await make_chat(db)
        assert await make_chat(db) == 1


async def test_a_lock_on_the_server_is_told(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that another program holds is waited for, then the error has its name."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    async with opened(migrated_postgres_url) as one, opened(migrated_postgres_url) as two:
        chat_id = await make_chat(one)
        async with one.begin() as holding:
            await chats.update(holding, chat_id, size=9)
            with pytest.raises(DatabaseLocked):
                async with two.begin() as conn:
                    await chats.update(conn, chat_id, size=8)


# --------------------------------------------------------------------------- errors are sentences


async def test_what_does_not_fit_is_a_conflict(db: Database) -> None:
    """A verdict in a chat that was forgotten meanwhile; everything else of the transaction is undone too."""

    async def vote_too_late() -> None:
        async with db.begin() as conn:
            await papers.save(conn, [paper(1)])
            await verdicts.cast(conn, 4711, 1, paper(1).id, VerdictKind.LIKE, NOW)

    with pytest.raises(DatabaseConflict, match="Nothing was changed"):
        await vote_too_late()
    async with db.read() as conn:
        assert await papers.get(conn, paper(1).id) is None


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """And the database is as it was before."""
    async with opened(sqlite_at(tmp_path / "x.db")) as db:
        async with db.begin() as conn:
            pages = await conn.scalar(text("PRAGMA page_count"))
            await conn.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
        with pytest.raises(DatabaseBroken, match="the disk is full"):
            async with db.begin() as conn:
                await papers.save(conn, [paper(n, abstract="x" * 9000) for n in range(9)])
        assert await db.check() == []


async def test_a_text_that_is_none_any_more_is_damage(tmp_path: Path) -> None:
    """Changed bytes inside a row escape the file's own check; the bot and `paperboy db check` say the same of them."""
    async with opened(sqlite_at(tmp_path / "x.db")) as db:
        async with db.begin() as conn:
            chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "A title", {}, NOW)
            await conn.exec_driver_sql("UPDATE chats SET title = CAST(x'41ff42' AS TEXT)")
        with pytest.raises(DatabaseBroken, match="damaged; restore a backup"):
            async with db.read() as conn:
                await chats.get(conn, chat.id)
        assert await db.check() == ["Some rows of chats cannot be read; restore a backup."]
        with pytest.raises(DatabaseBroken, match="damaged; restore a backup"):
            await copy(sqlite_at(tmp_path / "x.db"), sqlite_at(tmp_path / "y.db"))


async def test_damage_is_told(tmp_path: Path) -> None:
    """When it is met, and by check."""
    file = tmp_path / "x.db"
    async with opened(sqlite_at(file)) as db, db.begin() as conn:
        await papers.save(conn, [paper(n) for n in range(200)])
    content = bytearray(file.read_bytes())
    with closing(sqlite3.connect(file)) as conn_:
        root = conn_.execute("SELECT rootpage FROM sqlite_master WHERE name = 'paper_versions'").fetchone()[0]
    content[(root - 1) * 4096 : root * 4096] = b"\xa5" * 4096
    file.write_bytes(content)
    async with opened(sqlite_at(file)) as db:
        with pytest.raises(DatabaseBroken, match="damaged; restore a backup"):
            async with db.read() as conn:
                await papers.get(conn, paper(1).id)
        assert any("damaged" in problem for problem in await db.check())


async def test_a_missing_table_is_told(empty_url: str) -> None:
    """Somebody took it away: restoring is the advice."""
    async with opened(empty_url) as db:
        async with db.begin() as conn:
            await conn.execute(text("DROP TABLE heat"))
        with pytest.raises(DatabaseBroken, match="a table that Paperboy needs is missing"):
            async with db.begin() as conn:
                await conn.execute(text("SELECT * FROM heat"))


async def test_our_own_mistakes_are_not_dressed_up(db: Database) -> None:
    """Broken SQL is a bug to be seen as such."""
    with pytest.raises((OperationalError, ProgrammingError)):
        async with db.read() as conn:
            await conn.execute(text("SELEKT 1"))


async def test_other_errors_inside_pass_through(db: Database) -> None:
    """An operating system's error of the caller is not taken for the database's."""
    with pytest.raises(ConnectionRefusedError):
        async with db.begin():
            raise ConnectionRefusedError
    with pytest.raises(DatabaseNewer):
        async with db.begin():
            raise DatabaseNewer("x", "y")


async def test_a_closed_database_says_so(db: Database) -> None:
    """Instead of opening itself again; closing twice is no error."""
    await db.close()
    await db.close()
    for way in (db.begin, db.read):
        with pytest.raises(DatabaseBroken, match="it has been closed"):
            async with way():
                pass
    assert await db.check() == [f"The database {db.place} cannot be used: it has been closed."]


async def test_a_server_that_goes_away_is_told_and_met_again(migrated_postgres_url: str) -> None:
    """A broken connection is an error once; the next transaction has a new one."""
    async with opened(migrated_postgres_url) as db:
        name = make_url(migrated_postgres_url).database
        end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608 - our own name

        async def lose_the_connection() -> None:
            async with db.begin() as conn:
                await conn.execute(text("SELECT 1"))
                await on_server(end)
                await conn.execute(text("SELECT 1"))

        with pytest.raises(StorageError, match="the server does not answer"):
            await lose_the_connection()
        await on_server(end)
        assert await make_chat(db) > 0


async def test_a_server_that_is_gone_is_told(postgres_url: str) -> None:
    """As when opening: a refused connection is a sentence, too."""
    url = make_url(postgres_url).set(port=1)
    db = Database(url, *engines.pair(url))
    with pytest.raises(DatabaseBroken, match="the server does not answer"):
        await make_chat(db)
    await db.close()


async def test_a_time_without_a_zone_is_refused(db: Database) -> None:
    """It would be read as another moment elsewhere."""
    chat_id = await make_chat(db)
    with pytest.raises(Exception, match="a time without a zone"):
        async with db.begin() as conn:
            await chats.update(conn, chat_id, next_at=NOW.replace(tzinfo=None))


async def test_ids_are_never_given_twice(db: Database) -> None:
    """An old button of a forgotten chat cannot reach a new one."""
    first = await make_chat(db, 1)
    async with db.begin() as conn:
        await chats.forget(conn, first)
    assert await make_chat(db, 2) > first
