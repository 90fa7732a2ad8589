"""Where a paper's authors work, as the paper says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import as_given, chunks, insert, one_of
from storage.tables import institutions


async def save(conn: AsyncConnection, paper_id: str, version: int, names: Sequence[str], found_at: datetime) -> None:
    """Keep the institutions that this version names; none at all is worth keeping too, nobody needs to look again."""
    upsert = insert(conn, institutions).values(paper_id=paper_id, version=version, names=list(names), found_at=found_at)
    await conn.execute(upsert.on_conflict_do_update(index_elements=["paper_id", "version"], set_=as_given(upsert)))


async def get(conn: AsyncConnection, paper_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The institutions of those papers by the highest version looked at; () where it names none, missing where nobody
    looked."""
    found: dict[str, tuple[str, ...]] = {}
    for some in chunks(paper_ids):
        found.update((row.paper_id, tuple(row.names)) for row in await conn.execute(_OF_PAPERS, {"papers": some}))
    return found


_OF_PAPERS = select(institutions).where(one_of(institutions.c.paper_id, "papers")).order_by(institutions.c.version)
