"""One program among several does what only one may do; when it dies, another takes over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from hashlib import blake2s

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


def key_of(role: str) -> int:
    """The number of the server's lock for `role`: the same in every program, in PostgreSQL's bigint."""
    return int.from_bytes(blake2s(f"paperboy {role}".encode(), digest_size=8).digest(), signed=True)


async def lead(
    url: str,
    role: str,
    work: Callable[[], Awaitable[object]],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> None:
    """Do `work` for as long as this program leads in `role`, and wait to take over while another one does; ends when it
    is cancelled. `work` is cancelled when the lead is lost with the connection, and begun again after it ended.

    The lead is a lock that belongs to a connection, so the server gives it away by itself: at once when the program
    dies, after some twenty seconds without a sign when its machine does. PostgreSQL only.
    """
    parts = parse(url)
    while True:
        engine = engines.plain(parts, keepalive=True)
        try:
            with faults.connecting(place_of(parts)):
                async with engine.connect() as conn:
                    await conn.execution_options(isolation_level="AUTOCOMMIT")
                    taken = await conn.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key_of(role)})
                    if taken:
                        log.info("this program leads: %s", role)
                        await _work_while_leading(conn, work)
        except StorageError as error:
            log.warning("%s is not led from here: %s", role, error)
        finally:
            await engine.dispose()
        await sleep(LOOK_AGAIN)


async def _work_while_leading(conn: AsyncConnection, work: Callable[[], Awaitable[object]]) -> None:
    working = asyncio.ensure_future(work())
    try:
        while True:
            done, _ = await asyncio.wait((working,), timeout=LOOK_AGAIN)
            if done:
                working.result()
                return
            await asyncio.wait_for(conn.execute(text("SELECT 1")), ANSWER_WITHIN)
    except (DBAPIError, OSError, TimeoutError) as error:
        log.warning("the lead is lost: %s", type(error).__name__)
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working
