"""Cards made so far, so that none is made twice.

A maker is an analyst with the version of what it was asked: "local", or "llm:<model>#<prompts>".
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Card
from storage import codec
from storage.sql import as_given, insert
from storage.tables import cards

LOCAL = "local"


async def save(conn: AsyncConnection, card: Card, made_at: datetime, schema: int, maker: str = "") -> None:
    """Keep a card in the place of the same maker's earlier one of that version, language and schema. The maker is the
    card's analyst where none is given."""
    upsert = insert(conn, cards).values(
        paper_id=card.paper_id,
        version=card.version,
        language=card.language,
        analyst=maker or card.analyst,
        schema=schema,
        body=card,
        made_at=made_at,
    )
    key = ["paper_id", "version", "language", "analyst", "schema"]
    await conn.execute(upsert.on_conflict_do_update(index_elements=key, set_=as_given(upsert)))


async def get(
    conn: AsyncConnection, paper_id: str, version: int, language: str, schema: int, maker: str = ""
) -> Card | None:
    """The card of a maker; without one, the best there is: a language model's before the local analyst's, then the
    newest. None if there is none."""
    query = (
        select(cards.c.body)
        .where(
            cards.c.paper_id == paper_id,
            cards.c.version == version,
            cards.c.language == language,
            cards.c.schema == schema,
        )
        .order_by(case((cards.c.analyst == LOCAL, 1), else_=0), cards.c.made_at.desc())
        .limit(1)
    )
    if maker:
        query = query.where(cards.c.analyst == maker)
    body = await conn.scalar(query)
    return codec.decode(Card, body) if body is not None else None


async def by_analyst(conn: AsyncConnection) -> dict[str, int]:
    """How many cards each analyst has made."""
    query = select(cards.c.analyst, func.count().label("made")).group_by(cards.c.analyst).order_by(cards.c.analyst)
    return {row.analyst: int(row.made) for row in await conn.execute(query)}
