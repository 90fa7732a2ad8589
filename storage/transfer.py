"""A whole database moved to another one, on either engine: every row, every key, and the keys that were given before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

from sqlalchemy import URL, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StorageError
from storage import engines, faults
from storage.address import is_sqlite, place_of
from storage.tables import metadata

BATCH = 1000

Progress = Callable[[str, int, int], None]
"""Told what is counted ("tables"), how many of it are done, and how many there are."""


def silent(what: str, done: int, total: int) -> None:
    """The progress nobody watches."""


async def copy(source: URL, target: URL, progress: Progress = silent) -> int:
    """Copy every row of `source` into the empty, migrated database `target`; → how many rows.

    The source is read in one transaction, so the copy is of one moment; the target is written in one, so it is whole
    or still empty. What is copied is counted again at the end.

    Raises:
        StorageError: `target` has rows already; nothing was changed.
        DatabaseBroken, DatabaseLocked: one of the two cannot be read or written; `target` is still empty.
    """
    reading, writing = engines.plain(source), engines.plain(target)
    try:
        async with AsyncExitStack() as stack:
            with faults.connecting(place_of(source)):
                read = await stack.enter_async_context(reading.connect())
            with faults.connecting(place_of(target)):
                write = await stack.enter_async_context(writing.begin())
            if not is_sqlite(source):
                await read.execution_options(isolation_level="REPEATABLE READ")
            return await _copy_all(read, write, place_of(source), place_of(target), progress)
    finally:
        await reading.dispose()
        await writing.dispose()


async def _copy_all(read: AsyncConnection, write: AsyncConnection, source: str, target: str, progress: Progress) -> int:
    tables = metadata.sorted_tables
    with faults.translated(target):
        for table in tables:
            if await write.scalar(select(func.count()).select_from(table)):
                raise StorageError(f"{target} has rows in it already; copy into an empty database.")
    copied = 0
    for done, table in enumerate(tables):
        progress("tables", done, len(tables))
        copied += await _copy_table(read, write, table, source, target)
    progress("tables", len(tables), len(tables))
    return copied


async def _copy_table(read: AsyncConnection, write: AsyncConnection, table: Table, source: str, target: str) -> int:
    copied = 0
    with faults.translated(source):
        rows = await read.stream(select(table).order_by(*table.primary_key.columns))
        async for batch in rows.mappings().partitions(BATCH):
            with faults.translated(target):
                await write.execute(insert(table), [dict(row) for row in batch])
            copied += len(batch)
        given = await _last_given(read, table)
    with faults.translated(target):
        arrived = await write.scalar(select(func.count()).select_from(table))
        if arrived != copied:
            raise StorageError(f"{target} holds {arrived} of {copied} rows of {table.name}; nothing was copied.")
        if given is not None:
            await _give_after(write, table, given)
    return copied


def _counts_by_itself(table: Table) -> bool:
    return table.autoincrement_column is not None and bool(table.dialect_options["sqlite"]["autoincrement"])


async def _last_given(conn: AsyncConnection, table: Table) -> int | None:
    """The highest key that was ever given in `table`, be its row deleted or not; None where keys are not ours or none
    was given."""
    if not _counts_by_itself(table):
        return None
    if conn.dialect.name == "sqlite":
        found = await conn.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    else:
        sequence = await conn.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
        found = await conn.scalar(text(f"SELECT last_value FROM {sequence} WHERE is_called"))  # noqa: S608 - a name of ours
    return int(found) if found is not None else None


async def _give_after(conn: AsyncConnection, table: Table, given: int) -> None:
    """Let the next key be higher than `given`: an old button must never reach what comes later."""
    if conn.dialect.name != "sqlite":
        await conn.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :given)"), {"name": table.name, "given": given}
        )
        return
    known = await conn.execute(
        text("UPDATE sqlite_sequence SET seq = :given WHERE name = :name"), {"name": table.name, "given": given}
    )
    if not known.rowcount:
        await conn.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :given)"), {"name": table.name, "given": given}
        )
