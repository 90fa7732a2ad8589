"""What a language model was asked and what it took, on both engines."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from storage import model_calls
from storage.database import Database
from tests.support.builders import DAY, NOW, day

ANSWER = {"problem": [{"text": "α ≤ β", "quote": ""}], "severity": 3}


async def begun(db: Database, question: str = "q", estimate: int = 100, **fields: Any) -> int:
    """A call that was begun."""
    given: dict[str, Any] = {"model": "openai:small", "purpose": "card", "day": DAY, "at": NOW, **fields}
    async with db.begin() as conn:
        return await model_calls.begin(conn, question=question, estimate=estimate, **given)


async def ended(db: Database, number: int, state: str = model_calls.ANSWERED, **fields: Any) -> None:
    """What became of it."""
    given: dict[str, Any] = {"at": NOW, "tokens": (500, 200), **fields}
    async with db.begin() as conn:
        await model_calls.end(conn, number, state=state, **given)


async def test_a_day_adds_up_what_its_calls_took(db: Database) -> None:
    """Answered calls by what they took, one under way or of unknown end by its estimate; other days do not count."""
    await ended(db, await begun(db), cost=0.25, answer=ANSWER)
    await ended(db, await begun(db), cost=0.5)
    await ended(db, await begun(db, estimate=70), "timeout", tokens=None)
    await begun(db, estimate=30)
    await begun(db, day=day(1), estimate=10_000)
    async with db.read() as conn:
        spent = await model_calls.spent(conn, DAY)
        nothing = await model_calls.spent(conn, day(2))
    assert spent == model_calls.Spent(4, 1, 500 + 500 + 70 + 30, 400, 0.75)
    assert spent.tokens == 1500
    assert nothing == model_calls.Spent()


async def test_an_answer_is_kept_until_it_is_dropped(db: Database) -> None:
    """The newest answer to a question is found; what failed is none; dropped, what it took stays."""
    await ended(db, await begun(db), "failed")
    async with db.read() as conn:
        assert await model_calls.answer(conn, "q") is None
    await ended(db, await begun(db), answer={"old": 1})
    await ended(db, await begun(db), answer=ANSWER)
    async with db.read() as conn:
        assert await model_calls.answer(conn, "q") == ANSWER
        assert await model_calls.answer(conn, "other") is None
    async with db.begin() as conn:
        await model_calls.drop_answers(conn, DAY)
        assert await model_calls.answer(conn, "q") == ANSWER
        await model_calls.drop_answers(conn, day(1))
        assert await model_calls.answer(conn, "q") is None
        assert (await model_calls.spent(conn, DAY)).calls == 3


@pytest.mark.parametrize(("minutes", "waits"), [(1, True), (10, False)])
async def test_a_call_under_way_is_seen_for_a_while(db: Database, minutes: int, *, waits: bool) -> None:
    """Another program's call keeps others from asking the same, as long as it may still be answered."""
    number = await begun(db)
    now = NOW + timedelta(minutes=minutes)
    async with db.begin() as conn:
        assert await model_calls.under_way(conn, "q", now - timedelta(minutes=6)) is waits
        assert not await model_calls.under_way(conn, "other", now - timedelta(minutes=6))
    await ended(db, number)
    async with db.begin() as conn:
        assert not await model_calls.under_way(conn, "q", NOW - timedelta(minutes=6))


async def test_of_several_at_once_one_begins(db: Database) -> None:
    """Whoever is alone, looks and begins in one transaction begins the only one."""

    async def try_to_begin() -> bool:
        async with db.begin() as conn:
            await model_calls.alone(conn)
            if await model_calls.under_way(conn, "q", NOW - timedelta(minutes=6)):
                return False
            await model_calls.begin(conn, question="q", model="m", purpose="card", day=DAY, at=NOW, estimate=1)
            return True

    assert sorted(await asyncio.gather(*(try_to_begin() for _ in range(5)))) == [False, False, False, False, True]
