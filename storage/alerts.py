"""Troubles of the bot itself that last: since when, and whether they were told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Alert
from storage.sql import insert
from storage.tables import alerts


async def known(conn: AsyncConnection) -> list[Alert]:
    """Every trouble that is remembered."""
    query = select(alerts).order_by(alerts.c.key)
    return [Alert(row.key, row.since, row.told_at) for row in await conn.execute(query)]


async def begin(conn: AsyncConnection, keys: Iterable[str], now: datetime) -> None:
    """Remember troubles from now on; those that are remembered stay as they are."""
    rows = [{"key": key, "since": now} for key in keys]
    if rows:
        await conn.execute(insert(conn, alerts).on_conflict_do_nothing(), rows)


async def told(conn: AsyncConnection, keys: Iterable[str], now: datetime) -> None:
    """Remember that administrators were told of these."""
    await conn.execute(alerts.update().where(alerts.c.key.in_(list(keys))).values(told_at=now))


async def end(conn: AsyncConnection, keys: Iterable[str]) -> None:
    """Forget troubles that are over."""
    await conn.execute(delete(alerts).where(alerts.c.key.in_(list(keys))))
