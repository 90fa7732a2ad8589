"""The database: opened and migrated, read and written in transactions, copied and checked."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.errors import DatabaseBroken, DatabaseForeign, StorageError
from storage import backup as copying
from storage import engines, faults, guard, migrate, soundness, transfer
from storage.address import file_of, is_sqlite, parse, place_of
from storage.running import lock_for_running
from storage.tables import REVISION
from storage.trips import OneTripConnection

T = TypeVar("T")
Work = Callable[[AsyncConnection], Awaitable[T]]

_MAGIC = b"SQLite format 3\0"

__all__ = ["Database", "backup", "copy", "lock_for_running", "upgrade"]


class Database:
    """An open database. Every way in raises `StorageError`s where the database cannot do what it should."""

    def __init__(self, url: URL, writer: AsyncEngine, reader: AsyncEngine) -> None:
        """Use `Database.open`."""
        self._url = url
        self._writer = writer
        self._reader = reader
        self._closed = False

    @classmethod
    async def open(cls, url: str) -> Database:
        """Open the database that `url` names; a SQLite file and its folders are made, tables are migrated.

        Raises:
            BadSetting: `url` names no database that Paperboy can use.
            DatabaseForeign, DatabaseNewer, DatabaseLocked, DatabaseBroken: it cannot be used; nothing was changed.
        """
        parts = parse(url)
        await _prepare(parts)
        return cls(parts, *engines.pair(parts))

    @property
    def place(self) -> str:
        """How to name the database to a person: the file, or the address without the password."""
        return place_of(self._url)

    async def close(self) -> None:
        """Close all connections; the database cannot be used afterwards."""
        self._closed = True
        await self._writer.dispose()
        await self._reader.dispose()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that may write: committed at the end, rolled back by an exception.

        Writers wait for one another: on SQLite from the beginning, on PostgreSQL only where they change the same rows (so
        that who reads of a chat before writing holds it, `chats.hold`). Do nothing slow inside, and do not begin another
        one inside.

        Raises:
            DatabaseLocked: the others took too long (5 s another process, 30 s this one).
            DatabaseConflict: what was written does not fit what is there.
            DatabaseBroken: disk full, read-only, damaged, unreachable, closed.
        """
        async with self._transaction(self._writer) as conn:
            yield conn

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that only reads, and does not wait for writers."""
        async with self._transaction(self._reader) as conn:
            yield conn

    async def reading(self, work: Work[T]) -> T:
        """What `work` finds in a transaction that only reads. It waits for its connection and nothing else, and is no
        place for what others change meanwhile: on SQLite all of it is done in the connection's thread, in one trip."""
        return await self._whole(self._reader, work)

    async def writing(self, work: Work[T]) -> T:
        """The same in a transaction that may write."""
        return await self._whole(self._writer, work)

    async def _whole(self, engine: AsyncEngine, work: Work[T]) -> T:
        async def steps() -> T:
            async with conn.begin():
                return await work(conn)

        async with self._connected(engine) as conn:
            driver = (await conn.get_raw_connection()).driver_connection
            return await (driver.whole(steps()) if isinstance(driver, OneTripConnection) else steps())

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with self._connected(engine) as conn, conn.begin():
            yield conn

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        if self._closed:
            raise DatabaseBroken(self.place, "it has been closed")
        with faults.translated(self.place):
            async with AsyncExitStack() as stack:
                with faults.connecting(self.place):
                    conn = await stack.enter_async_context(engine.connect())
                yield conn

    async def backup(self, target: Path) -> None:
        """Copy a SQLite database as it is at one moment to the new file `target`, while it is in use.

        Raises:
            StorageError: it is on PostgreSQL (the sentence names pg_dump), or `target` exists or cannot be written.
        """
        await copying.backup(self._url, target)

    async def check(self) -> list[str]:
        """What is wrong with the database, a sentence each; [] if it is sound."""
        try:
            async with self.read() as conn:
                found = await soundness.problems(conn, self.place)
            if is_sqlite(self._url):
                with faults.translated(self.place):
                    found += await asyncio.to_thread(soundness.unreadable, file_of(self._url))
        except StorageError as error:
            return [str(error)]
        else:
            return found


async def upgrade(url: str) -> None:
    """Make or migrate the database that `url` names, as `Database.open` does."""
    await _prepare(parse(url))


async def backup(url: str, target: Path) -> None:
    """Like `Database.backup`, of a database that is not opened, and so not migrated before."""
    await copying.backup(parse(url), target)


async def copy(url: str, target: str, progress: transfer.Progress = transfer.silent) -> int:
    """Copy everything in the database `url` into the empty database `target`, which is made or migrated first; → how
    many rows. No bot may run on either of them meanwhile: what it did would be lost.

    Raises:
        BadSetting: one of them names no database that Paperboy can use.
        AlreadyRunning: a bot runs on one of them.
        StorageError: `target` is not empty, or one of them cannot be used; `target` has no rows then.
    """
    source, wanted = parse(url), parse(target, "TARGET")
    if place_of(source) == place_of(wanted):
        raise StorageError(f"{place_of(source)} would be copied onto itself; name another database.")
    if is_sqlite(source) and not file_of(source).is_file():
        raise DatabaseBroken(place_of(source), "there is no such file")
    with lock_for_running(url), lock_for_running(target):
        await _prepare(source)
        await _prepare(wanted)
        return await transfer.copy(source, wanted, progress)


async def _prepare(url: URL) -> None:
    if is_sqlite(url):
        await asyncio.to_thread(_refuse_unusable_file, file_of(url), place_of(url))
    if await _revision(url) != REVISION:
        await asyncio.to_thread(migrate.upgrade, url)
    if is_sqlite(url):
        await asyncio.to_thread(_set_up_file, file_of(url), place_of(url))


def _refuse_unusable_file(file: Path, place: str) -> None:
    """Find out now, and not at the first vote, that a file cannot be opened or written or is something else."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseBroken(place, f"its folder cannot be made ({error.strerror})") from error
    with faults.translated(place), closing(sqlite3.connect(file, timeout=engines.BUSY_SECONDS)) as conn:
        # SQLite takes a very short file, whatever is in it, for an empty one.
        if file.stat().st_size:
            with file.open("rb") as opened:
                if opened.read(len(_MAGIC)) != _MAGIC:
                    raise DatabaseForeign(place)
        conn.execute("BEGIN IMMEDIATE")


async def _revision(url: URL) -> str | None:
    engine = engines.plain(url)
    try:
        with faults.connecting(place_of(url)):
            async with engine.begin() as conn:
                return await guard.revision(conn, place_of(url))
    finally:
        await engine.dispose()


def _set_up_file(file: Path, place: str) -> None:
    """Make sure that the file can be written, is marked as ours, and lets readers and a writer not wait for each
    other: properties of the file, set once."""
    with faults.translated(place), closing(sqlite3.connect(file, timeout=engines.BUSY_SECONDS)) as conn:
        marked = conn.execute("PRAGMA application_id").fetchone()[0]
        # On a read-only file it takes a write for SQLite to say so.
        conn.execute("BEGIN IMMEDIATE")
        conn.execute(f"PRAGMA application_id = {guard.APPLICATION_ID}")
        if marked == guard.APPLICATION_ID:
            conn.rollback()
        else:
            conn.commit()
        _write_ahead(conn)


def _write_ahead(conn: sqlite3.Connection) -> None:
    patience = time.monotonic() + engines.BUSY_SECONDS
    while True:
        try:
            conn.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # For this statement alone SQLite does not wait for others, such as a program that starts with us.
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.02)
        else:
            return
