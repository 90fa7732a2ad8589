"""Which updates were brought before, on both engines."""

from __future__ import annotations

from sqlalchemy import func, select

from storage import updates
from storage.database import Database
from storage.tables import updates as table
from tests.support.builders import NOW


async def test_only_the_newest_are_known(db: Database) -> None:
    """An update is new once; those that are far behind are forgotten, so that the table does not grow."""
    async with db.begin() as conn:
        assert await updates.note(conn, 1, NOW)
        assert not await updates.note(conn, 1, NOW)
        assert await updates.note(conn, updates.KEPT, NOW)
        assert not await updates.note(conn, 1, NOW)
        assert await updates.note(conn, updates.KEPT + 5, NOW)
        assert await conn.scalar(select(func.count()).select_from(table)) == 2
        # Telegram begins anew after a week without any: at whatever number.
        assert await updates.note(conn, 3, NOW)
        assert not await updates.note(conn, 3, NOW)
