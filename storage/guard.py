"""Whose database is it? Asked before anything in it is changed."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DatabaseForeign
from storage.tables import VERSION_TABLE

APPLICATION_ID = 0x50425259
"""What SQLite's `application_id` says in our files: "PBRY"."""

_SQLITE_TABLES = (
    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_POSTGRES_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"


async def revision(conn: AsyncConnection, place: str) -> str | None:
    """The revision of our database; None for one that is empty or was migrated all the way down.

    Raises:
        DatabaseForeign: somebody else's tables are in it.
    """
    sqlite = conn.dialect.name == "sqlite"
    marked = await conn.scalar(text("PRAGMA application_id")) if sqlite else 0
    names = set((await conn.execute(text(_SQLITE_TABLES if sqlite else _POSTGRES_TABLES))).scalars())
    # 0 is let through since a file that was rebuilt from an SQL dump has lost its mark.
    if marked not in (0, APPLICATION_ID) or (names and VERSION_TABLE not in names):
        raise DatabaseForeign(place)
    if not names:
        return None
    found: str | None = await conn.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - a constant
    return found
