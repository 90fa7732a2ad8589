"""At most one bot per database, or several that know of each other: a lock that ends with the process, however that ends."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

from sqlalchemy import URL, text

from bot.errors import AlreadyRunning, DatabaseBroken
from storage import engines, faults
from storage.address import file_of, is_sqlite, parse, place_of

LOCK_KEY = 0x50425259_0002


@contextmanager
def lock_for_running(url: str, *, shared: bool = False) -> Iterator[None]:
    """Be the one bot on this database while inside; with `shared`, on PostgreSQL, one of several that share the work.

    SQLite: a lock on the file "<database>.running", which stays there empty-handed; PostgreSQL: an advisory lock.

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
    held: Future[bool] = Future()
    loop = asyncio.new_event_loop()
    enough = asyncio.Event()
    take = f"SELECT pg_try_advisory_lock{'_shared' if shared else ''}(:key)"

    async def hold() -> None:
        engine = engines.plain(url)
        try:
            with faults.connecting(place_of(url)):
                async with engine.connect() as conn:
                    await conn.execution_options(isolation_level="AUTOCOMMIT")
                    held.set_result(bool(await conn.scalar(text(take), {"key": LOCK_KEY})))
                    await enough.wait()
        finally:
            await engine.dispose()

    def run() -> None:
        try:
            loop.run_until_complete(hold())
        except Exception as error:  # noqa: BLE001 - handed to the thread that asked
            if not held.done():
                held.set_exception(error)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="paperboy-lock", daemon=True)
    thread.start()
    try:
        if not held.result():
            raise AlreadyRunning(place_of(url))
        yield
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(enough.set)
        thread.join()
