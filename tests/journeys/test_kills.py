"""A sender that is killed in the middle of a broadcast: nobody is missed, and only what was in flight comes twice."""

from __future__ import annotations

import random

import pytest

from storage.database import Database
from tests.support.databases import opened
from tests.support.kills import AT_ONCE, broadcast

MANY, KILLS = 150, 6


@pytest.mark.timeout(240)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_nobody_is_missed(engine: str, request: pytest.FixtureRequest) -> None:
    """After each kill another sender goes on; the ledger is sound, and nothing in it is left open."""
    url: str = request.getfixturevalue(f"migrated_{engine}_url")
    outcome = await broadcast(url, MANY, KILLS, random.Random(11))
    assert set(outcome.times) == set(range(1, MANY + 1))
    assert outcome.kills >= 1
    again = sum(times - 1 for times in outcome.times.values())
    assert again <= outcome.kills * AT_ONCE
    async with opened(url) as db:
        assert await db.check() == []
        assert await _open(db) == 0


async def _open(db: Database) -> int:
    async with db.read() as conn:
        found = await conn.exec_driver_sql("SELECT count(*) FROM deliveries WHERE state <> 'sent'")
        return int(found.scalar_one())
