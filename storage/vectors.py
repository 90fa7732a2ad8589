"""Vectors that an embedding model made of texts, kept by model and key, so that none is asked for twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.sql import chunks, insert
from storage.tables import vectors


async def of(conn: AsyncConnection, model: str, keys: Iterable[str]) -> dict[str, bytes]:
    """The vectors of this model that are known under these keys, as they were kept."""
    found: dict[str, bytes] = {}
    for some in chunks(keys):
        query = select(vectors.c.key, vectors.c.vector).where(vectors.c.model == model, vectors.c.key.in_(some))
        found.update({row.key: row.vector for row in await conn.execute(query)})
    return found


async def keep(conn: AsyncConnection, model: str, made: Mapping[str, bytes], now: datetime) -> None:
    """Keep what the model made; what is there already stays."""
    if made:
        await conn.execute(
            insert(conn, vectors).on_conflict_do_nothing(),
            # In the order of their keys, as with papers.
            [{"model": model, "key": key, "vector": vector, "made_at": now} for key, vector in sorted(made.items())],
        )
