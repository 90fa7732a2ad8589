"""Whose turn it is to ask a server, among several programs: one request at a time, and pauses that all of them keep."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Throttled
from storage import engines, faults
from storage.address import parse, place_of
from storage.leading import key_of
from storage.sql import insert
from storage.tables import turns


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
                    await conn.execute(text("SET lock_timeout = 0"))
                    await conn.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key_of(f"turn {line}")})
                    await self._wait(conn, line, pauses, patience)
                    # Also now, in case this program does not live to see the end of its request.
                    await _pause(conn, pauses)
                    try:
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

    async def _wait(self, conn: AsyncConnection, line: str, pauses: Mapping[str, float], patience: float) -> None:
        left = func.extract("epoch", func.max(turns.c.free_at) - func.clock_timestamp())
        query = select(left).where(turns.c.name.in_(list(pauses)))
        while (seconds := float(await conn.scalar(query) or 0.0)) > 0:
            if seconds > patience:
                raise Throttled(line, "told-to-wait", seconds)
            await self._sleep(seconds)


async def _pause(conn: AsyncConnection, pauses: Mapping[str, float]) -> None:
    for name, seconds in pauses.items():
        until = func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, seconds)
        upsert = insert(conn, turns).values(name=name, free_at=until)
        later = func.greatest(turns.c.free_at, upsert.excluded.free_at)
        await conn.execute(upsert.on_conflict_do_update(index_elements=["name"], set_={"free_at": later}))
