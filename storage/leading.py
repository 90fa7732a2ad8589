"""One program among several does what only one may do; when it dies or hangs, another takes over.

The lead is a lock that belongs to a connection. The server gives it away when the connection ends; and since a program
that is stopped keeps its connection, whoever waits for the lead ends the connection of one that has been silent for too
long. A program that goes on after such a rest must not do as if nothing had happened: `Lead.sure` holds it up until the
server has answered it again, or its work is cancelled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from hashlib import blake2s
from typing import Any

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import StorageError
from storage import engines, faults
from storage.address import parse, place_of

log = logging.getLogger(__name__)

LOOK_AGAIN = 3.0
"""Seconds between two attempts at taking over, and between two looks at whether the lead is still ours."""

ANSWER_WITHIN = 5.0
"""Seconds after which a server that does not answer is taken for gone, and the lead with it."""

SURE = 10.0
"""Seconds for which a leader may go on after it last asked the server and was answered."""

SILENT = 15.0
"""Seconds without a word after which a leader is taken for stuck, and its lead taken away. Longer than `SURE`, so that
what a leader began while it was sure of the lead has left it by then."""


def key_of(role: str) -> int:
    """The number of the server's lock for `role`: the same in every program, in PostgreSQL's bigint."""
    return int.from_bytes(blake2s(f"paperboy {role}".encode(), digest_size=8).digest(), signed=True)


class Lead:
    """Whether this program surely leads. `clock` counts seconds, also while the program is stopped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked = float("-inf")
        self._news = asyncio.Event()

    def confirmed(self, asked: float) -> None:
        """The server answered what it was asked at that moment of the clock: the lead was ours then."""
        self._asked = asked
        self._news.set()

    def lost(self) -> None:
        """The lead is not ours, or nobody knows."""
        self._asked = float("-inf")

    async def sure(self) -> None:
        """Waits until this program surely leads, which mostly is at once; for ever where it does not lead again."""
        while self._clock() - self._asked >= SURE:
            self._news.clear()
            await self._news.wait()

    def now(self) -> float:
        """The moment of the clock."""
        return self._clock()


async def lead(
    url: str,
    role: str,
    work: Callable[[], Awaitable[object]],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    held: Lead | None = None,
) -> None:
    """Do `work` for as long as this program leads in `role`, and wait to take over while another one does; ends when it
    is cancelled. `work` is cancelled when the lead is lost with the connection, and begun again after it ended; `held`
    is kept informed.

    When a leading program dies, another one leads within `LOOK_AGAIN` seconds; when it hangs or its machine is gone,
    `SILENT` seconds later. PostgreSQL only.
    """
    held = held or Lead()
    parts = parse(url)
    while True:
        engine = engines.plain(parts, keepalive=True)
        try:
            with faults.connecting(place_of(parts)):
                async with engine.connect() as conn:
                    await conn.execution_options(isolation_level="AUTOCOMMIT")
                    asked = held.now()
                    if await conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key_of(role)}):
                        log.info("this program leads: %s", role)
                        held.confirmed(asked)
                        await _work_while_leading(conn, work, held)
                    elif await end_the_silent(conn, key_of(role), SILENT):
                        log.warning("the program that led is stuck, and the lead taken away from it: %s", role)
        except StorageError as error:
            log.warning("%s is not led from here: %s", role, error)
        finally:
            held.lost()
            await engine.dispose()
        await sleep(LOOK_AGAIN)


async def end_the_silent(conn: AsyncConnection, key: int, seconds: float) -> bool:
    """End the connection that holds this lock of the server, if nothing was heard on it for so long; → whether it was. The
    transactions in which its program hangs end too: their rows would be kept from everybody."""
    ended = await conn.scalar(
        text(
            """
            WITH silent AS (
              SELECT pid, application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
              WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND database = datid
                AND datname = current_database() AND classid::bigint << 32 | objid::bigint = :key
                AND state_change < clock_timestamp() - make_interval(secs => :seconds))
            SELECT bool_or(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
              AND (pid IN (SELECT pid FROM silent)
                OR xact_start IS NOT NULL AND application_name IN (SELECT application_name FROM silent))
            """
        ),
        {"key": key, "seconds": seconds},
    )
    return bool(ended)


async def _work_while_leading(conn: AsyncConnection, work: Callable[[], Awaitable[object]], held: Lead) -> None:
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def ended(_connection: object) -> None:
        # The lock has gone with it, and another program may lead at this very moment.
        held.lost()
        if not gone.done():
            gone.set_result(None)

    driver: Any = (await conn.get_raw_connection()).driver_connection
    driver.add_termination_listener(ended)
    working = asyncio.ensure_future(work())
    try:
        while True:
            await asyncio.wait((working, gone), timeout=LOOK_AGAIN, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()
                return
            asked = held.now()
            # Up to Python 3.11, `wait_for` forgets that it was cancelled where the answer comes at the same moment.
            async with asyncio.timeout(ANSWER_WITHIN):
                await conn.execute(text("SELECT 1"))
            held.confirmed(asked)
    except (DBAPIError, OSError, TimeoutError) as error:
        log.warning("the lead is lost: %s", type(error).__name__)
    finally:
        held.lost()
        working.cancel()
        await asyncio.wait((working,))
        if not working.cancelled():
            working.result()
