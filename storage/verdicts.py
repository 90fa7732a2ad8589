"""Verdicts: each reader's last word on each paper, per chat."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Paper, Tally, Verdict, VerdictKind
from storage import papers, tables
from storage.sql import as_given, chunks, insert
from storage.tables import corrections, verdicts

LIKING = (VerdictKind.LIKE.value, VerdictKind.SAVE.value)
"""Verdicts that say a paper was worth showing."""


async def cast(
    conn: AsyncConnection, chat_id: int, reader_id: int, paper_id: str, kind: VerdictKind | None, now: datetime
) -> None:
    """Record what the reader says now, in the place of what was said before; None takes it back."""
    if kind is None:
        await conn.execute(
            delete(verdicts).where(
                verdicts.c.chat_id == chat_id, verdicts.c.reader_id == reader_id, verdicts.c.paper_id == paper_id
            )
        )
        return
    upsert = insert(conn, verdicts).values(chat_id=chat_id, reader_id=reader_id, paper_id=paper_id, kind=kind, at=now)
    key = ["chat_id", "reader_id", "paper_id"]
    await conn.execute(upsert.on_conflict_do_update(index_elements=key, set_=as_given(upsert)))


async def tally(conn: AsyncConnection, chat_id: int, paper_id: str, reader_id: int) -> Tally:
    """How the chat's readers judged the paper, and what this one said."""
    mine = func.max(verdicts.c.reader_id).filter(verdicts.c.reader_id == reader_id)
    query = (
        select(verdicts.c.kind, func.count().label("votes"), mine.label("mine"))
        .where(verdicts.c.chat_id == chat_id, verdicts.c.paper_id == paper_id)
        .group_by(verdicts.c.kind)
    )
    rows = (await conn.execute(query)).all()
    votes = {row.kind: row.votes for row in rows}
    said = next((VerdictKind(row.kind) for row in rows if row.mine is not None), None)
    return Tally(
        votes.get(VerdictKind.LIKE, 0), votes.get(VerdictKind.DISLIKE, 0), votes.get(VerdictKind.SAVE, 0), said
    )


async def saved(conn: AsyncConnection, chat_id: int, reader_id: int | None) -> list[Paper]:
    """The papers that this reader (None: anybody in the chat) keeps, the last one kept first."""
    kept = select(verdicts.c.paper_id, func.max(verdicts.c.at).label("at")).where(
        verdicts.c.chat_id == chat_id, verdicts.c.kind == VerdictKind.SAVE
    )
    if reader_id is not None:
        kept = kept.where(verdicts.c.reader_id == reader_id)
    chosen = kept.group_by(verdicts.c.paper_id).subquery()
    query = (
        select(*papers.COLUMNS)
        .select_from(papers.LATEST.join(chosen, chosen.c.paper_id == tables.papers.c.id))
        .order_by(chosen.c.at.desc(), chosen.c.paper_id)
    )
    return [papers.of_row(row) for row in await conn.execute(query)]


async def liked_since(conn: AsyncConnection, chat_id: int, paper_ids: Iterable[str], since: datetime) -> set[str]:
    """Those of the papers that somebody in the chat liked or saved at `since` or later, by their last word."""
    found: set[str] = set()
    for some in chunks(paper_ids):
        query = select(verdicts.c.paper_id).where(
            verdicts.c.chat_id == chat_id,
            verdicts.c.paper_id.in_(some),
            verdicts.c.kind.in_(LIKING),
            verdicts.c.at >= since,
        )
        found.update((await conn.execute(query)).scalars())
    return found


async def of_reader(conn: AsyncConnection, chat_id: int, reader_id: int) -> list[Verdict]:
    """Everything this reader said in this chat, newest first."""
    query = (
        select(verdicts)
        .where(verdicts.c.chat_id == chat_id, verdicts.c.reader_id == reader_id)
        .order_by(verdicts.c.at.desc(), verdicts.c.paper_id)
    )
    return [
        Verdict(row.chat_id, row.reader_id, row.paper_id, VerdictKind(row.kind), row.at)
        for row in await conn.execute(query)
    ]


async def forget_reader(conn: AsyncConnection, chat_id: int | None, reader_id: int) -> int:
    """Delete all this reader said in this chat (None: anywhere), corrections of own verdicts too.

    Returns:
        How many verdicts there were.
    """
    own = delete(corrections).where(corrections.c.reader_id == reader_id)
    query = delete(verdicts).where(verdicts.c.reader_id == reader_id)
    if chat_id is not None:
        own = own.where(corrections.c.chat_id == chat_id)
        query = query.where(verdicts.c.chat_id == chat_id)
    await conn.execute(own)
    return (await conn.execute(query)).rowcount
