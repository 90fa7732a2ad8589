"""At most one bot per database, or several that know of each other: a lock that ends with the process, however that ends."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress

from sqlalchemy import URL, text

from bot.errors import AlreadyRunning, DatabaseBroken, StorageError
from storage import engines, faults
from storage.address import file_of, is_sqlite, parse, place_of

log = logging.getLogger(__name__)

LOCK_KEY = 0x50425259_0002

LOOK_AGAIN = 3.0
"""Seconds between two looks at whether the server still knows of the lock, which it forgets with the connection."""

ANSWER_WITHIN = 5.0
"""Seconds after which a server that does not answer is taken for gone."""


@contextmanager
def lock_for_running(url: str, *, shared: bool = False) -> Iterator[None]:
    """Be the one bot on this database while inside; with `shared`, on PostgreSQL, one of several that share the work.

    SQLite: a lock on the file "<database>.running", which stays there empty-handed; PostgreSQL: an advisory lock, taken
    again after the server was away.

    Raises:
        AlreadyRunning: another bot is.
        DatabaseBroken: the lock cannot be had: folder not writable, server unreachable.
    """
    parts = parse(url)
    with _file_lock(parts) if is_sqlite(parts) else _server_lock(parts, shared=shared):
        yield


@contextmanager
def _file_lock(url: URL) -> Iterator[None]:
    import fcntl  # not on Windows, where the rest of storage works

    file = file_of(url).resolve()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file.with_name(f"{file.name}.running"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DatabaseBroken(place_of(url), f"its folder cannot be written ({error.strerror})") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(place_of(url)) from error
        yield
    finally:
        os.close(handle)


@contextmanager
def _server_lock(url: URL, *, shared: bool) -> Iterator[None]:
    # The lock belongs to a connection, and the connection to an event loop: both live in a thread of their own.
    lock = _ServerLock(url, shared=shared)
    loop = asyncio.new_event_loop()

    def run() -> None:
        try:
            loop.run_until_complete(lock.hold())
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            if not lock.held.done():
                lock.held.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="paperboy-lock", daemon=True)
    thread.start()
    try:
        if not lock.held.result():
            raise AlreadyRunning(place_of(url))
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(lock.enough.set)
        thread.join()


class _ServerLock:
    """A lock that a server is asked for: `held` tells whether it was had, and it is held until `enough` is set."""

    def __init__(self, url: URL, *, shared: bool) -> None:
        self.held: Future[bool] = Future()
        self.enough = asyncio.Event()
        self._url = url
        self._take = text(f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}(:key)")

    async def hold(self) -> None:
        """Take the lock, and again whenever the connection was lost."""
        while True:
            try:
                await self._hold_while_connected()
            except StorageError as error:
                if not self.held.done():
                    raise
                log.info("the server does not know that this program runs: %s", error)
            if await self._over():
                return

    async def _hold_while_connected(self) -> None:
        engine = engines.plain(self._url)
        try:
            with faults.connecting(place_of(self._url)):
                async with engine.connect() as conn:
                    await conn.execution_options(isolation_level="AUTOCOMMIT")
                    taken = bool(await conn.scalar(self._take, {"key": LOCK_KEY}))
                    if not self.held.done():
                        self.held.set_result(taken)
                    elif not taken:
                        log.error("somebody else took %s for themselves while its server was away", place_of(self._url))
                    while taken and not await self._over():
                        async with asyncio.timeout(ANSWER_WITHIN):
                            await conn.execute(text("SELECT 1"))
        finally:
            await engine.dispose()

    async def _over(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN):
                await self.enough.wait()
        return self.enough.is_set()
