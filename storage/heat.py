"""Heat: readings of a paper's attention as a series, and what the heat lists know besides."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Heat, HeatEntry, HeatFacts
from storage.sql import AnyRow, as_given, chunks, insert, known_or, one_of
from storage.tables import UtcDateTime, heat, heat_facts


async def save(conn: AsyncConnection, entries: Iterable[HeatEntry]) -> None:
    """Keep these readings, and the facts that come with them; what is empty replaces nothing known."""
    batch = sorted(entries, key=lambda entry: entry.heat.paper_id)
    if not batch:
        return
    upsert = insert(conn, heat)
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["paper_id", "source", "at"], set_=as_given(upsert)),
        [
            {
                "paper_id": entry.heat.paper_id,
                "source": entry.heat.source,
                "at": entry.heat.at,
                "upvotes": entry.heat.upvotes,
                "comments": entry.heat.comments,
                "stars": entry.heat.stars,
            }
            for entry in batch
        ],
    )
    upsert = insert(conn, heat_facts)
    kept = {
        name: known_or(heat_facts.c[name], upsert.excluded[name]) for name in ("organization", "repository", "keywords")
    }
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["paper_id"], set_=kept),
        [
            {
                "paper_id": entry.heat.paper_id,
                "organization": entry.organization,
                "repository": entry.repository,
                "keywords": list(entry.keywords),
            }
            for entry in batch
        ],
    )


async def newest(conn: AsyncConnection, paper_ids: Iterable[str], until: datetime | None = None) -> dict[str, Heat]:
    """The newest reading of each of the papers (with `until`, the newest of that moment), by id; one that no source
    knows is missing."""
    found: dict[str, Heat] = {}
    for some in chunks(paper_ids):
        given = {"papers": some} | ({"until": until} if until is not None else {})
        for row in await conn.execute(_newest_query(until=until is not None), given):
            found[row.paper_id] = _heat_of(row)
    return found


@cache
def _newest_query(*, until: bool) -> Select[Any]:
    """Of the `papers`; with `until` as of that moment. Made once, since that takes as long as its answer."""
    moment = bindparam("until", type_=UtcDateTime())
    last = (
        select(heat.c.paper_id, func.max(heat.c.at).label("at"))
        .where(one_of(heat.c.paper_id, "papers"), *((heat.c.at <= moment,) if until else ()))
        .group_by(heat.c.paper_id)
        .subquery()
    )
    query = select(heat).join(last, and_(heat.c.paper_id == last.c.paper_id, heat.c.at == last.c.at))
    # Two sources read at the same moment: the higher one is told.
    return query.order_by(heat.c.upvotes)


async def series(conn: AsyncConnection, paper_id: str) -> list[Heat]:
    """All readings of a paper, oldest first."""
    query = select(heat).where(heat.c.paper_id == paper_id).order_by(heat.c.at, heat.c.source)
    return [_heat_of(row) for row in await conn.execute(query)]


async def facts(conn: AsyncConnection, paper_ids: Iterable[str]) -> dict[str, HeatFacts]:
    """What the heat lists know of those papers besides their heat, by id."""
    found: dict[str, HeatFacts] = {}
    for some in chunks(paper_ids):
        for row in await conn.execute(_FACTS, {"papers": some}):
            found[row.paper_id] = HeatFacts(row.paper_id, row.organization, row.repository, tuple(row.keywords))
    return found


_FACTS = select(heat_facts).where(one_of(heat_facts.c.paper_id, "papers"))


async def last_at(conn: AsyncConnection, source: str) -> datetime | None:
    """When `source` was last read; None before the first time."""
    found: datetime | None = await conn.scalar(select(func.max(heat.c.at)).where(heat.c.source == source))
    return found


def _heat_of(row: AnyRow) -> Heat:
    return Heat(row.paper_id, row.source, row.at, row.upvotes, row.comments, row.stars)
