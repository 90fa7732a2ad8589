"""Updates that Telegram brought, so that one that is brought twice is known."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import insert
from storage.tables import updates

KEPT = 10_000
"""How far back updates are known, by their numbers, which Telegram counts up: what it brings again, it brings soon."""


async def note(conn: AsyncConnection, update_id: int, now: datetime) -> bool:
    """Note that an update was brought; False if it was before."""
    await conn.execute(delete(updates).where(updates.c.id < update_id - KEPT))
    noting = insert(conn, updates).values(id=update_id, at=now).on_conflict_do_nothing().returning(updates.c.id)
    return (await conn.execute(noting)).first() is not None
