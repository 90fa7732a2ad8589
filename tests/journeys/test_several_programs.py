"""Several programs on one PostgreSQL database, killed and stopped at random: every chat has its table once, arXiv is asked
once, Telegram's limits are kept, and another program soon goes on."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bot.commandline import Role
from storage.database import Database
from tests.support.databases import opened
from tests.support.programs import CATEGORIES, IN_FLIGHT, Misfortune, disturbed_day

MANY = 60
KILL, KILL_SENDER, STOP = Misfortune.KILL_ANY, Misfortune.KILL_SENDER, Misfortune.STOP_SENDER


@pytest.mark.timeout(280)
@pytest.mark.parametrize(
    ("seed", "roles", "misfortunes"),
    [
        (4, (Role.UPDATES, Role.CLOCK, Role.WORKER, Role.WORKER), (KILL, KILL_SENDER, KILL)),
        (5, (Role.ALL,) * 4, (STOP, KILL)),
    ],
)
async def test_every_chat_is_served_whatever_happens(
    own_postgres_url: str, seed: int, roles: Sequence[Role], misfortunes: Sequence[Misfortune]
) -> None:
    """Four programs share the day. Nobody is missed; what comes twice was in flight at a misfortune; one that goes on
    after another one has taken over sends nothing; and Telegram has nothing to refuse."""
    outcome = await disturbed_day(
        own_postgres_url, random.Random(seed), roles=roles, many=MANY, misfortunes=misfortunes
    )
    assert set(outcome.times) == set(range(1, MANY + 1))
    assert outcome.again <= len(misfortunes) * IN_FLIGHT
    assert (outcome.refused, outcome.beside) == (0, 0)
    assert all(takeover.seconds < 30 for takeover in outcome.takeovers)
    # Whoever is killed while a page comes leaves it to the next one to ask again.
    assert all(1 <= outcome.asked[f"/list/{category}/new"] <= 1 + len(misfortunes) for category in CATEGORIES)
    async with opened(own_postgres_url) as db:
        assert await db.check() == []
        assert await _count(db, "digests") == MANY
        assert await _count(db, "deliveries") == await _count(db, "deliveries WHERE state = 'sent'") == MANY


async def _count(db: Database, what: str) -> int:
    async with db.read() as conn:
        return int(await conn.scalar(text(f"SELECT count(*) FROM {what}")) or 0)  # noqa: S608 - words of this test
