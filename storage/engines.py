"""How connections are made: one set-up per engine, in three roles.

On SQLite there is one writing connection per process, so that writers queue up here, in order, and only meet other
processes at the file; readers never wait for writers (WAL) and cannot write.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, NullPool, event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from storage import codec, trips
from storage.address import is_sqlite

BUSY_SECONDS = 5
QUEUE_SECONDS = 30
CONNECT_SECONDS = 10

STUCK_SECONDS = 15
"""After so long in the middle of a transaction a program is taken for stuck: the server takes back what it has begun, so
that others need not wait for what it had locked."""

_SQLITE: dict[str, Any] = {"connect_args": {"isolation_level": None, "timeout": BUSY_SECONDS}}
_engine = partial(create_async_engine, json_serializer=codec.dumps, json_deserializer=codec.loads)
_KEPT_ALIVE = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "2"}


def program_name() -> str:
    """What a server is told of who connects: the same for all connections of this program, and of no other's."""
    return f"paperboy {platform.node()[:40]} {os.getpid()}"


def _postgres(**more: str) -> dict[str, Any]:
    told = {"application_name": program_name(), "lock_timeout": f"{BUSY_SECONDS:g}s", **more}
    return {"connect_args": {"timeout": CONNECT_SECONDS, "server_settings": told}}


def plain(url: URL, *, keepalive: bool = False) -> AsyncEngine:
    """Unpooled connections that change nothing by being opened: for guards, migrations and locks. With `keepalive` the
    server finds out within some twenty seconds that a program is gone with its machine."""
    options = _SQLITE if is_sqlite(url) else _postgres(**_KEPT_ALIVE if keepalive else {})
    engine = _engine(url, poolclass=NullPool, **options)
    if is_sqlite(url):
        _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def pair(url: URL) -> tuple[AsyncEngine, AsyncEngine]:
    """(writer, reader) for the running program."""
    if not is_sqlite(url):
        options = _postgres(idle_in_transaction_session_timeout=f"{STUCK_SECONDS}s")
        # The server may have been restarted since a connection was last used: ask before relying on it.
        engine = _engine(url, pool_size=10, max_overflow=10, pool_timeout=QUEUE_SECONDS, pool_pre_ping=True, **options)
        return engine, engine.execution_options(postgresql_readonly=True)
    writer = _engine(url, pool_size=1, max_overflow=0, pool_timeout=QUEUE_SECONDS, async_creator=_connecting(url))
    # Deleted rows are overwritten: what is forgotten is not to be found in the file either.
    _on_connect(writer, "PRAGMA foreign_keys=ON", "PRAGMA synchronous=NORMAL", "PRAGMA secure_delete=ON")
    _begin_with(writer, "BEGIN IMMEDIATE")
    reader = _engine(
        url, pool_size=5, max_overflow=0, pool_timeout=QUEUE_SECONDS, async_creator=_connecting(url, reading=True)
    )
    _on_connect(reader, "PRAGMA query_only=ON")
    _begin_with(reader, "BEGIN")
    return writer, reader


def _connecting(url: URL, *, reading: bool = False) -> Callable[[], trips.OneTripConnection]:
    """Makes connections to a SQLite file."""
    (file,), options = url.get_dialect()().create_connect_args(url)
    return partial(trips.connect, file, reading=reading, **options, **_SQLITE["connect_args"])


def _on_connect(engine: AsyncEngine, *statements: str) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def set_up(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()


def _begin_with(engine: AsyncEngine, statement: str) -> None:
    """Begin transactions with `statement`; the driver's own way would take the write lock too late to wait for it."""

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)
