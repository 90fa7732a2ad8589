"""Corrections: reasons that somebody in a chat said do not count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Correction, ReasonKind
from storage.sql import as_given, chunks, insert, one_of
from storage.tables import corrections


async def of_chat(conn: AsyncConnection, chat_id: int) -> tuple[Correction, ...]:
    """All corrections of a chat, the newest first."""
    return (await of_chats(conn, [chat_id])).get(chat_id, ())


async def of_chats(conn: AsyncConnection, chat_ids: Iterable[int]) -> dict[int, tuple[Correction, ...]]:
    """The same of several chats, by chat; one without any is missing."""
    found: defaultdict[int, list[Correction]] = defaultdict(list)
    for some in chunks(chat_ids):
        for row in await conn.execute(_OF_CHATS, {"chats": some}):
            found[row.chat_id].append(Correction(ReasonKind(row.kind), row.key, row.label, row.at, row.reader_id))
    return {chat_id: tuple(ones) for chat_id, ones in found.items()}


_OF_CHATS = (
    select(corrections)
    .where(one_of(corrections.c.chat_id, "chats"))
    .order_by(corrections.c.at.desc(), corrections.c.kind, corrections.c.key, corrections.c.reader_id)
)


async def add(conn: AsyncConnection, chat_id: int, correction: Correction) -> None:
    """Rule a reason out; said twice, it is the same."""
    upsert = insert(conn, corrections).values(
        chat_id=chat_id,
        kind=correction.kind,
        key=correction.key,
        reader_id=correction.reader_id,
        label=correction.label,
        at=correction.at,
    )
    key = ["chat_id", "kind", "key", "reader_id"]
    await conn.execute(upsert.on_conflict_do_update(index_elements=key, set_=as_given(upsert)))


async def remove(conn: AsyncConnection, chat_id: int, correction: Correction) -> bool:
    """Let a reason count again; False if it was not ruled out."""
    query = delete(corrections).where(
        corrections.c.chat_id == chat_id,
        corrections.c.kind == correction.kind,
        corrections.c.key == correction.key,
        corrections.c.reader_id == correction.reader_id,
    )
    return (await conn.execute(query)).rowcount > 0


async def clear(conn: AsyncConnection, chat_id: int, kind: ReasonKind, key: str | None = None) -> int:
    """Let all reasons of a kind count again, or the one of that key; → how many had been ruled out."""
    query = delete(corrections).where(corrections.c.chat_id == chat_id, corrections.c.kind == kind)
    if key is not None:
        query = query.where(corrections.c.key == key)
    return (await conn.execute(query)).rowcount
