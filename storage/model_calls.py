"""What a language model was asked, what it took and what it answered, so that a day's budget holds over restarts and
nothing is paid for twice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import insert
from storage.tables import model_calls

BEGUN = "begun"
ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a day's calls took so far; one under way, or lost with a restart, counts as estimated. `cost` is in US dollars,
    None where no call's price is known; `failed` are the calls without an answer."""

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None

    @property
    def tokens(self) -> int:
        """Both kinds together."""
        return self.input_tokens + self.output_tokens


async def answer(conn: AsyncConnection, question: str) -> dict[str, Any] | None:
    """The kept answer to a question (by its digest), None where there is none."""
    query = (
        select(model_calls.c.answer)
        .where(model_calls.c.question == question, model_calls.c.answer.is_not(None))
        .order_by(model_calls.c.id.desc())
        .limit(1)
    )
    found: dict[str, Any] | None = await conn.scalar(query)
    return found


async def spent(conn: AsyncConnection, day: date) -> Spent:
    """What the calls of one day (UTC) took."""
    columns = model_calls.c
    query = select(
        func.count(),
        func.count().filter(columns.state.not_in((BEGUN, ANSWERED))),
        func.coalesce(func.sum(columns.input_tokens), 0),
        func.coalesce(func.sum(columns.output_tokens), 0),
        func.sum(columns.cost),
    ).where(columns.day == day)
    calls, failed, given, taken, cost = (await conn.execute(query)).one()
    return Spent(calls, failed, int(given), int(taken), None if cost is None else float(cost))


async def begin(
    conn: AsyncConnection, *, question: str, model: str, purpose: str, day: date, at: datetime, estimate: int
) -> int:
    """Note a call before it is made, at the tokens it will take at least; → its number."""
    statement = (
        insert(conn, model_calls)
        .values(
            question=question,
            model=model,
            purpose=purpose,
            day=day,
            begun_at=at,
            state=BEGUN,
            input_tokens=estimate,
            output_tokens=0,
        )
        .returning(model_calls.c.id)
    )
    number: int = (await conn.execute(statement)).scalar_one()
    return number


async def alone(conn: AsyncConnection) -> None:
    """Until the transaction ends nobody else does this: who then sees what is under way and what was spent, and begins a
    call, begins the only one for its question, and one that the day's budget still covers."""
    if conn.dialect.name == "postgresql":  # on SQLite only one transaction writes
        await conn.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(model_calls.name, 0))))


async def under_way(conn: AsyncConnection, question: str, since: datetime) -> bool:
    """Whether a call for this question was begun after `since` and has not ended."""
    columns = model_calls.c
    query = select(columns.id).where(columns.question == question, columns.state == BEGUN, columns.begun_at > since)
    return await conn.scalar(query.limit(1)) is not None


async def end(
    conn: AsyncConnection,
    number: int,
    *,
    state: str,
    at: datetime,
    tokens: tuple[int, int] | None,
    cost: float | None = None,
    answer: Mapping[str, Any] | None = None,
) -> None:
    """Note what became of a call: `state` is "answered" or the cause of a failure, `tokens` what went in and came out,
    None where nobody knows (then the estimate stays)."""
    values: dict[str, Any] = {"state": state, "ended_at": at, "cost": cost, "answer": answer}
    if tokens is not None:
        values |= {"input_tokens": tokens[0], "output_tokens": tokens[1]}
    await conn.execute(update(model_calls).where(model_calls.c.id == number).values(values))


async def drop_answers(conn: AsyncConnection, before: date) -> None:
    """Forget answers to questions of earlier days; what they took is kept."""
    await conn.execute(
        update(model_calls).where(model_calls.c.day < before, model_calls.c.answer.is_not(None)).values(answer=None)
    )
