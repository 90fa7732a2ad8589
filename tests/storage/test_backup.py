"""Backups and the check: a copy is whole and consistent whatever is being written meanwhile."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.errors import DatabaseBroken, DatabaseForeign, StorageError
from bot.model import ChatKind, Counts, Kind, ListingState
from storage import chats, digests, guard, listings, papers
from storage.database import Database, backup
from tests.support.builders import DAY, NOW, listing, page, paper, row
from tests.support.databases import opened, sqlite_at


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database is."""
    return tmp_path / "x.db"


async def test_a_copy_is_the_database(file: Path, tmp_path: Path) -> None:
    """It can be opened in the original's place; its folder is made."""
    copy = tmp_path / "backups" / "2026" / "copy.db"
    async with opened(sqlite_at(file)) as db:
        async with db.begin() as conn:
            await papers.save(conn, [paper(1)])
        await db.backup(copy)
    async with opened(sqlite_at(copy)) as db, db.read() as conn:
        assert await papers.get(conn, paper(1).id) == paper(1)
        assert await conn.scalar(text("PRAGMA application_id")) == guard.APPLICATION_ID
        assert await db.check() == []
    assert sorted(path.name for path in copy.parent.iterdir()) == ["copy.db"]


async def test_a_copy_is_consistent_while_others_write(file: Path, tmp_path: Path) -> None:
    """Every transaction is in it whole or not at all, and the writer never fails."""
    async with opened(sqlite_at(file)) as db, opened(sqlite_at(file)) as other:
        stop = asyncio.Event()

        async def keep_writing() -> int:
            n = 0
            while not stop.is_set():
                async with other.begin() as conn:
                    # A pair per transaction: a copy that has one without the other is torn.
                    await papers.save(conn, [paper(2 * n, abstract="x" * 5000)])
                    await asyncio.sleep(0)
                    await papers.save(conn, [paper(2 * n + 1, abstract="x" * 5000)])
                n += 1
            return n

        writing = asyncio.create_task(keep_writing())
        counted = []
        for k in range(5):
            await asyncio.sleep(0.05)
            await db.backup(tmp_path / f"copy{k}.db")
            with closing(sqlite3.connect(tmp_path / f"copy{k}.db")) as copy:
                counted.append(copy.execute("SELECT count(*) FROM paper_versions").fetchone()[0])
                assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        stop.set()
        written = await writing
    assert all(count % 2 == 0 for count in counted)
    assert counted == sorted(counted)
    assert 0 < counted[0] < counted[-1] <= 2 * written


async def test_nothing_is_overwritten(file: Path) -> None:
    """Not an earlier backup, and least of all the database itself."""
    async with opened(sqlite_at(file)) as db:
        async with db.begin() as conn:
            await papers.save(conn, [paper(1)])
        with pytest.raises(StorageError, match="exists already"):
            await db.backup(file)
        async with db.read() as conn:
            assert await papers.get(conn, paper(1).id) == paper(1)


async def test_a_copy_that_cannot_be_written_is_told(file: Path, tmp_path: Path) -> None:
    """And leaves nothing behind."""
    (tmp_path / "taken").touch()
    async with opened(sqlite_at(file)) as db:
        with pytest.raises(DatabaseBroken, match="cannot be written"):
            await db.backup(tmp_path / "taken" / "copy.db")


async def test_a_database_of_an_older_program_is_copied_as_it_is(tmp_path: Path) -> None:
    """A backup before an update must not be the update."""
    with closing(sqlite3.connect(tmp_path / "old.db")) as old:
        old.execute("CREATE TABLE paperboy_revision (version_num)")
    await backup(sqlite_at(tmp_path / "old.db"), tmp_path / "copy.db")
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        assert copy.execute("SELECT name FROM sqlite_master").fetchall() == [("paperboy_revision",)]


async def test_something_else_is_not_taken_for_our_database(tmp_path: Path) -> None:
    """A wrong address gives no backup that is worth nothing."""
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as theirs:
        theirs.execute("CREATE TABLE t (a)")
    with pytest.raises(DatabaseForeign):
        await backup(sqlite_at(tmp_path / "theirs.db"), tmp_path / "copy.db")
    assert os.listdir(tmp_path) == ["theirs.db"]  # noqa: PTH208 - one blocking look is fine in a test


class FullTarget(sqlite3.Connection):
    """A connection whose copy finds no room."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """What SQLite answers; to VACUUM INTO that the disk is full."""
        if sql.startswith("VACUUM"):
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return super().execute(sql, parameters)


async def test_a_full_disk_is_the_copys_not_the_databases(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who reads the sentence makes room in the right place."""
    async with opened(sqlite_at(file)):
        pass
    monkeypatch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=FullTarget))
    with pytest.raises(DatabaseBroken, match=r"copy\.db cannot be used: the disk is full"):
        await backup(sqlite_at(file), tmp_path / "copy.db")
    assert not any(name.startswith("copy") for name in os.listdir(tmp_path))  # noqa: PTH208 - as above


async def test_there_must_be_something_to_copy(tmp_path: Path) -> None:
    """A wrong address makes no empty database and no empty backup."""
    with pytest.raises(DatabaseBroken, match="no such file"):
        await backup(sqlite_at(tmp_path / "none.db"), tmp_path / "copy.db")
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - one blocking look is fine in a test


async def test_a_server_has_its_own_tool(migrated_postgres_url: str, tmp_path: Path) -> None:
    """The sentence names it."""
    async with opened(migrated_postgres_url) as db:
        with pytest.raises(StorageError, match="pg_dump"):
            await db.backup(tmp_path / "copy.db")


# --------------------------------------------------------------------------- check


async def test_a_used_database_is_sound(db: Database) -> None:
    """After a day's work there is nothing to complain of."""
    twice = page(new=(1, 2), cross=(3,))
    twice = type(twice)(
        twice.category, twice.date, Counts(3, 1, 0), twice.papers, (*twice.announcements, twice.announcements[0])
    )
    async with db.begin() as conn:
        await listings.save_page(conn, twice, NOW)
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {"subscribed": True, "next_at": NOW}, NOW)
        await chats.set_categories(conn, chat.id, ("cs.LG",), DAY)
        digest = await digests.create(conn, chat.id, DAY, NOW, 3, [row(1)], [listing()], [])
        await listings.consider(conn, [(chat.id, digest.id, [listing()])])
        assert await listings.ids(conn, "cs.LG", DAY, [Kind.NEW]) == {paper(1).id, paper(2).id}
    assert await db.check() == []


async def test_what_is_wrong_is_said(db: Database) -> None:
    """A sentence for each promise that the tables cannot keep by themselves."""
    async with db.begin() as conn:
        await papers.save(conn, [paper(1)])
        await conn.execute(text("UPDATE papers SET latest_version = 2"))
        await listings.mark(conn, listing(state=ListingState.FRESH))
        one = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {"subscribed": True}, NOW)
        two = await chats.ensure(conn, 2, 0, ChatKind.PRIVATE, "", {"next_at": NOW + timedelta(1)}, NOW)
        digest = await digests.create(conn, one.id, DAY, NOW, 3, [], [], [])
        await listings.consider(conn, [(two.id, digest.id, [listing()])])
    assert await db.check() == [
        "1 papers lack the version that is called their latest.",
        "1 listings called fresh lack announcements.",
        "1 subscribed chats have no next hour.",
        "1 subscribed chats have no category.",
        "1 considered listings name another chat's digest.",
    ]


async def test_orphans_and_other_revisions_are_said(file: Path) -> None:
    """What somebody did past our own code."""
    async with opened(sqlite_at(file)) as db:
        with closing(sqlite3.connect(file)) as conn:
            conn.execute("INSERT INTO follows (chat_id, kind, value) VALUES (7, 'author', 'x')")
            conn.execute("UPDATE paperboy_revision SET version_num = 'pb0000'")
            conn.commit()
        orphan, revision = await db.check()
    assert orphan == "Row 1 of follows belongs to a row of chats that is not there."
    assert revision.startswith("The tables are of revision pb0000, not ")
