"""A consistent copy of a SQLite database, made while others write to it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import URL

from bot.errors import DatabaseBroken, DatabaseForeign, StorageError
from storage import engines, faults
from storage.address import file_of, is_sqlite, place_of
from storage.tables import VERSION_TABLE


async def backup(url: URL, target: Path) -> None:
    """Copy the database as it is at one moment to the new file `target`; its folder is made.

    The copy is checked, and appears under its name only when it is whole.

    Raises:
        StorageError: the database is on PostgreSQL, or `target` exists already.
        DatabaseForeign: the file is not one of ours.
        DatabaseBroken: the database or `target` cannot be read or written.
    """
    if not is_sqlite(url):
        raise StorageError(f"{place_of(url)} is a PostgreSQL database; make a copy of it with `pg_dump`.")
    await asyncio.to_thread(_copy, file_of(url), target, place_of(url))


def _copy(source: Path, target: Path, place: str) -> None:
    if not source.is_file():
        raise DatabaseBroken(place, "there is no such file")
    if target.exists():
        raise StorageError(f"{target} exists already; name a new file for the backup.")
    partial = target.absolute().with_name(f"{target.name}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(b"")  # whoever may not write there is told of that file, not of the database
        with faults.translated(place):
            with closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True, timeout=engines.BUSY_SECONDS)) as conn:
                _refuse_foreign(conn, place)
                _vacuum(conn, partial, target)
            with closing(sqlite3.connect(f"{partial.as_uri()}?mode=ro", uri=True)) as conn:
                found = conn.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            raise DatabaseBroken(str(target), f"the copy is damaged ({found})")
        os.replace(partial, target)  # noqa: PTH105 - the one call that is atomic
    except OSError as error:
        raise DatabaseBroken(str(target), f"it cannot be written ({error.strerror})") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _refuse_foreign(conn: sqlite3.Connection, place: str) -> None:
    """A copy of something else would be taken for a backup until the day it is needed."""
    if not conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (VERSION_TABLE,)).fetchone():
        raise DatabaseForeign(place)


def _vacuum(conn: sqlite3.Connection, partial: Path, target: Path) -> None:
    try:
        conn.execute("VACUUM INTO ?", (str(partial),))
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_FULL:
            raise
        # The copy's disk, which need not be the database's.
        raise DatabaseBroken(str(target), "the disk is full; free some space") from error
