"""Is the database sound? What `paperboy db check` asks."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ListingState
from storage import guard
from storage.tables import (
    REVISION,
    announcements,
    chat_categories,
    chats,
    considered,
    digests,
    listings,
    metadata,
    paper_versions,
    papers,
)


async def problems(conn: AsyncConnection, place: str) -> list[str]:
    """What is wrong with the database, a sentence each; [] if it is sound."""
    found: list[str] = []
    if conn.dialect.name == "sqlite":
        found += await _sqlite_problems(conn)
    revision = await guard.revision(conn, place)
    if revision != REVISION:
        return [*found, f"The tables are of revision {revision}, not {REVISION}; run `paperboy db upgrade`."]
    for sentence, query in _invariants().items():
        count = await conn.scalar(query)
        if count:
            found.append(sentence.format(count))
    return found


def unreadable(file: Path) -> list[str]:
    """What cannot be read in a SQLite file, a sentence a table (blocks). Its own check looks at how rows are kept, and not
    at whether texts still are such."""
    found: list[str] = []
    with closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True)) as conn:
        for table in metadata.sorted_tables:
            try:
                for _ in conn.execute(f"SELECT * FROM {table.name}"):  # noqa: S608 - a name of ours
                    pass
            except sqlite3.Error:
                found.append(f"Some rows of {table.name} cannot be read; restore a backup.")
    return found


async def _sqlite_problems(conn: AsyncConnection) -> list[str]:
    answers = (await conn.execute(text("PRAGMA integrity_check"))).scalars().all()
    found = [f"The file is damaged: {answer}." for answer in answers if answer != "ok"]
    orphans = (await conn.execute(text("PRAGMA foreign_key_check"))).all()
    found += [f"Row {row[1]} of {row[0]} belongs to a row of {row[2]} that is not there." for row in orphans]
    if await conn.scalar(text("PRAGMA application_id")) != guard.APPLICATION_ID:
        found.append("The file is not marked as Paperboy's.")
    return found


def _invariants() -> dict[str, Select[Any]]:
    """What the tables cannot promise by themselves: sentence → how many rows break it."""
    latest_row = exists().where(
        paper_versions.c.paper_id == papers.c.id, paper_versions.c.version == papers.c.latest_version
    )
    shown = (
        select(func.count())
        .where(announcements.c.category == listings.c.category, announcements.c.date == listings.c.date)
        .scalar_subquery()
    )
    parsed = listings.c.parsed_new + listings.c.parsed_cross + listings.c.parsed_replace
    fresh = listings.c.state == ListingState.FRESH
    active = and_(chats.c.subscribed.is_(True), chats.c.paused == "")
    reads = exists().where(chat_categories.c.chat_id == chats.c.id)
    return {
        "{} papers lack the version that is called their latest.": _count(papers).where(~latest_row),
        # A page may show a paper twice, so there may be fewer announcements than entries, but not none.
        "{} listings called fresh lack announcements.": _count(listings).where(
            fresh, or_(parsed.is_(None), shown > parsed, and_(parsed > 0, shown == 0))
        ),
        "{} subscribed chats have no next hour.": _count(chats).where(active, chats.c.next_at.is_(None)),
        "{} subscribed chats have no category.": _count(chats).where(active, ~reads),
        "{} considered listings name another chat's digest.": _count(considered)
        .join(digests, digests.c.id == considered.c.digest_id)
        .where(digests.c.chat_id != considered.c.chat_id),
    }


def _count(table: Any) -> Select[Any]:
    return select(func.count()).select_from(table)
