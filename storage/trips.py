"""SQLite connections on which a statement is one trip to the connection's thread.

aiosqlite makes four of it (a cursor, the statement, its rows, the cursor's end), and each has to wait for whatever else the
program is doing at that moment, twice: in a busy program that is most of what a short transaction takes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Self

import aiosqlite


class OneTripCursor:
    """As much of aiosqlite's cursor as SQLAlchemy asks for. All rows are read at once: it is not for streams."""

    arraysize = 1

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Sequence[Any] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        """Run a statement and read its rows."""
        return await self._run(lambda cursor: cursor.execute(statement, parameters))

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        """Run a statement for each of several rows of parameters."""
        return await self._run(lambda cursor: cursor.executemany(statement, parameters))

    async def fetchall(self) -> list[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open between two statements."""

    async def _run(self, work: Callable[[sqlite3.Cursor], sqlite3.Cursor]) -> Self:
        self.description, self.rowcount, self.lastrowid, self._rows = await self._connection.trip(partial(_run, work))
        return self


def _run(work: Callable[[sqlite3.Cursor], sqlite3.Cursor], connection: sqlite3.Connection) -> tuple[Any, ...]:
    cursor = connection.cursor()
    try:
        work(cursor)
        rows = cursor.fetchall() if cursor.description else []
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows
    finally:
        cursor.close()


class OneTripConnection(aiosqlite.Connection):
    """A connection that is used through `OneTripCursor`s."""

    _begun = 0
    _ended = 0
    """Trips, of which one may go on after whoever waited for it was cancelled."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override] # SQLAlchemy needs no more of a cursor
        """A new cursor, which costs nothing."""
        return OneTripCursor(self)

    async def trip(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """What `work` finds in the connection's thread.

        Raises:
            ValueError: the connection is closed.
        """
        self._begun += 1

        def counted(connection: sqlite3.Connection) -> Any:
            try:
                return work(connection)
            finally:
                self._ended += 1

        return await self._execute(counted, self._conn)  # type: ignore[no-untyped-call] # theirs has no types

    async def rollback(self) -> None:
        """Take back what is open. Mostly nothing is: the pool asks after every transaction."""
        if self._begun > self._ended or self.in_transaction:
            await super().rollback()


def connect(file: str, **options: Any) -> OneTripConnection:
    """A connection to a file, to be awaited; the options are those of `sqlite3.connect`. A program that ends does not wait
    for its thread."""
    connection = OneTripConnection(lambda: sqlite3.connect(file, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does it for the connections that it makes itself
    return connection
