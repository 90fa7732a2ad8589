"""Migrations, up and down, each run whole or not at all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL, Connection, text

from bot.errors import DatabaseBroken, DatabaseNewer
from storage import engines, faults, guard
from storage.address import is_sqlite, place_of

if TYPE_CHECKING:  # Alembic is slow to import and seldom needed
    from alembic.config import Config

LOCK_KEY = 0x50425259_0001
_FOLDER = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = threading.Lock()


def upgrade(url: URL) -> None:
    """Bring the database up to this program's tables; → when it is done (blocks).

    Raises:
        DatabaseForeign, DatabaseNewer, DatabaseLocked, DatabaseBroken: nothing was changed.
    """
    from alembic import command

    _run(url, lambda config: command.upgrade(config, "head"))


def downgrade(url: URL, revision: str = "base") -> None:
    """Take the database down to an earlier revision; "base" is before the first. What only later tables hold is lost."""
    from alembic import command

    _run(url, lambda config: command.downgrade(config, revision))


def _run(url: URL, move: Callable[[Config], None]) -> None:
    # Alembic keeps its context in globals, hence the lock; its code is blocking, hence an event loop of its own, on
    # which the driver that the program uses anyway can work.
    with _ONE_AT_A_TIME:
        asyncio.run(_migrate(url, move))


async def _migrate(url: URL, move: Callable[[Config], None]) -> None:
    place = place_of(url)
    engine = engines.plain(url)

    def with_connection(connection: Connection) -> None:
        config.attributes["connection"] = connection
        move(config)

    config = _config()
    try:
        with faults.connecting(place):
            async with engine.begin() as conn:
                if not is_sqlite(url):
                    await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
                _refuse_newer(config, await guard.revision(conn, place), place)
                await conn.run_sync(with_connection)
                # Migrations may rebuild tables, so SQLite's foreign keys are off meanwhile and checked at the end.
                if is_sqlite(url) and (await conn.execute(text("PRAGMA foreign_key_check"))).first() is not None:
                    raise DatabaseBroken(place, "rows in it belong to rows that are not there; restore a backup")
    finally:
        await engine.dispose()


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    return config


def _refuse_newer(config: Config, revision: str | None, place: str) -> None:
    from alembic.script import ScriptDirectory

    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise DatabaseNewer(place, revision)
