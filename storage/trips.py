"""SQLite connections on which a statement is one trip to the connection's thread.

aiosqlite makes four of it (a cursor, the statement, its rows, the cursor's end), and each has to wait for whatever else the
program is doing at that moment, twice: in a busy program that is most of what a short transaction takes. A transaction of
many statements may be one trip as a whole.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

T = TypeVar("T")


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
        """Run a statement and read its rows; the beginning of a transaction waits for what is done in it."""
        if statement.startswith("BEGIN"):
            self._connection.begin(statement)
            return self
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
    """A connection that is used through `OneTripCursor`s.

    A transaction begins on the way of its first statement. One that only reads ends behind the back of whoever read: what
    comes next on the connection comes after that.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection], *, reading: bool) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._reading = reading
        self._beginning = ""
        self._ending = False
        # Trips: one may go on after whoever waited for it was cancelled.
        self._begun = self._ended = 0

    def cursor(self) -> OneTripCursor:  # type: ignore[override] # SQLAlchemy needs no more of a cursor
        """A new cursor, which costs nothing."""
        return OneTripCursor(self)

    def begin(self, statement: str) -> None:
        """Begin a transaction by this statement, once there is something to do in it."""
        self._beginning = statement

    async def trip(self, work: Callable[[sqlite3.Connection], Any]) -> Any:
        """What `work` finds in the connection's thread.

        Raises:
            ValueError: the connection is closed.
        """
        beginning, self._beginning = self._beginning, ""
        self._begun += 1
        self._ending = False

        def counted(connection: sqlite3.Connection) -> Any:
            try:
                if beginning:
                    connection.execute(beginning)
                return work(connection)
            finally:
                self._ended += 1

        return await self._execute(counted, self._conn)

    async def whole(self, steps: Coroutine[Any, Any, T]) -> T:
        """What `steps` come to, all of them taken in the connection's thread in one trip; they may wait for this connection
        and for nothing else. Whoever is cancelled meanwhile waits for their end, since they use the connection until
        then."""
        trip = asyncio.ensure_future(self._execute(_taken, steps))
        try:
            result: T = await asyncio.shield(trip)
        finally:
            await asyncio.wait((trip,))
        return result

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if threading.current_thread() is self._thread:
            return fn(*args, **kwargs)
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call] # theirs has no types

    async def commit(self) -> None:
        """Keep what was done; of what was only read nothing is to keep, and nobody waits for its end."""
        if self._beginning:
            self._beginning = ""
        elif self._reading and self._begun == self._ended:
            self._ending = True
            self._tx.put_nowait((None, self._conn.commit))
        else:
            await super().commit()

    async def rollback(self) -> None:
        """Take back what is open. Mostly nothing is: the pool asks after every transaction."""
        self._beginning = ""
        if self._begun > self._ended or (self.in_transaction and not self._ending):
            await super().rollback()


def _taken(steps: Coroutine[Any, Any, T]) -> T:
    """What steps come to that wait for nothing."""
    try:
        steps.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    steps.close()
    raise RuntimeError("a whole transaction waits for nothing but its connection")


def connect(file: str, *, reading: bool = False, **options: Any) -> OneTripConnection:
    """A connection to a file, to be awaited; the options are those of `sqlite3.connect`. With `reading` nothing is ever
    written through it. A program that ends does not wait for its thread."""
    connection = OneTripConnection(lambda: sqlite3.connect(file, **options), reading=reading)
    connection._thread.daemon = True  # noqa: SLF001 - as SQLAlchemy does it for the connections that it makes itself
    return connection
