"""Whose turn it is to ask a server, among several programs: one request at a time, and pauses that all of them keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DatabaseLocked, Throttled
from storage import engines, faults, leading
from storage.address import parse, place_of
from storage.leading import end_the_silent, key_of
from storage.sql import insert
from storage.tables import turns

WAITS = 60.0
"""Seconds in the queue after which a program looks whether the one whose turn it is still lives."""


class Turns:
    """Turns on one PostgreSQL server; its clock is everybody's."""

    def __init__(self, url: str, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> None:
        self._url = parse(url)
        self._sleep = sleep

    @asynccontextmanager
    async def turn(self, line: str, pauses: Mapping[str, float], patience: float) -> AsyncIterator[None]:
        """Inside, no other program has a turn in `line`, and the pauses of all names in `pauses` are over. Afterwards
        each name pauses for its seconds.

        Raises:
            Throttled: somebody was told to wait for longer than `patience` seconds.
            StorageError: the database does not answer; then nobody may ask.
        """
        engine = engines.plain(self._url, keepalive=True)
        try:
            with faults.connecting(place_of(self._url)):
                async with engine.connect() as conn:
                    await conn.execution_options(isolation_level="AUTOCOMMIT")
                    await self._queue(conn, key_of(f"turn {line}"))
                    await self._wait(conn, line, pauses, patience)
                    # Also now, in case this program does not live to see the end of its request.
                    await _pause(conn, pauses)
                    try:
                        async with _heard(conn):
                            yield
                    finally:
                        await _pause(conn, pauses)
        finally:
            await engine.dispose()

    async def block(self, name: str, seconds: float) -> None:
        """Nobody asks in `name` for so many seconds from now."""
        engine = engines.plain(self._url)
        try:
            with faults.connecting(place_of(self._url)):
                async with engine.begin() as conn:
                    await _pause(conn, {name: seconds})
        finally:
            await engine.dispose()

    async def _queue(self, conn: AsyncConnection, key: int) -> None:
        """Take the lock of a line when all who came before have had it; one that hangs loses it."""
        await conn.execute(text(f"SET lock_timeout = '{WAITS:.3f}s'"))
        while True:
            try:
                await conn.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
            except DBAPIError as error:
                if not isinstance(faults.of(error, place_of(self._url)), DatabaseLocked):
                    raise
                await end_the_silent(conn, key, leading.SILENT)
            else:
                return

    async def _wait(self, conn: AsyncConnection, line: str, pauses: Mapping[str, float], patience: float) -> None:
        left = func.extract("epoch", func.max(turns.c.free_at) - func.clock_timestamp())
        query = select(left).where(turns.c.name.in_(list(pauses)))
        while (seconds := float(await conn.scalar(query) or 0.0)) > 0:
            if seconds > patience:
                raise Throttled(line, "told-to-wait", seconds)
            await self._sleep(min(seconds, leading.LOOK_AGAIN))


@asynccontextmanager
async def _heard(conn: AsyncConnection) -> AsyncIterator[None]:
    """Inside, the connection says something again and again, so that nobody takes it for that of a program that hangs."""
    over = asyncio.Event()

    async def speak() -> None:
        while not over.is_set():
            await conn.execute(text("SELECT 1"))
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), leading.LOOK_AGAIN)

    speaking = asyncio.create_task(speak())
    try:
        yield
    finally:
        over.set()
        # Where it broke, so does what comes next on the connection, which says so.
        await asyncio.wait((speaking,))
        if not speaking.cancelled():
            speaking.exception()


async def _pause(conn: AsyncConnection, pauses: Mapping[str, float]) -> None:
    for name, seconds in pauses.items():
        until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        upsert = insert(conn, turns).values(name=name, free_at=until)
        later = func.greatest(turns.c.free_at, upsert.excluded.free_at)
        await conn.execute(upsert.on_conflict_do_update(index_elements=["name"], set_={"free_at": later}))
