"""Digests: what each chat got for each announcement day, kept for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from sqlalchemy import and_, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Digest, Kind, Listing, Reason, Row, VerdictKind
from storage import codec
from storage.sql import AnyRow, chunks, insert
from storage.tables import announcements, considered, digest_rows, digests, notices, openings, verdicts


async def create(
    conn: AsyncConnection,
    chat_id: int,
    day: date,
    created_at: datetime,
    announced: int,
    rows: Sequence[Row],
    listings: Sequence[Listing],
    late: Sequence[Listing],
) -> Digest:
    """Keep a digest; it becomes the next part of the chat's day."""
    next_part = (
        select(func.coalesce(func.max(digests.c.part), -1) + 1)
        .where(digests.c.chat_id == chat_id, digests.c.date == day)
        .scalar_subquery()
    )
    made = await conn.execute(
        insert(conn, digests)
        .values(
            chat_id=chat_id,
            date=day,
            part=next_part,
            created_at=created_at,
            announced=announced,
            listings=codec.encode(tuple(listings)),
            late=codec.encode(tuple(late)),
        )
        .returning(digests.c.id, digests.c.part)
    )
    digest_id, part = made.one()
    if rows:
        await conn.execute(
            insert(conn, digest_rows),
            [
                {
                    "digest_id": digest_id,
                    "rank": row.rank,
                    "paper_id": row.paper_id,
                    "version": row.version,
                    "title": row.title,
                    "authors": list(row.authors),
                    "institution": row.institution,
                    "direction": row.direction,
                    "heat": row.heat,
                    "score": row.score,
                    "reasons": codec.encode(row.reasons),
                    "tags": list(row.tags),
                    "added_from": row.added_from,
                }
                for row in rows
            ],
        )
    return Digest(digest_id, chat_id, day, part, created_at, announced, tuple(rows), tuple(listings), tuple(late))


async def get(conn: AsyncConnection, digest_id: int) -> Digest | None:
    """One digest; None if there is none of that number."""
    found = await _whole(conn, (await conn.execute(select(digests).where(digests.c.id == digest_id))).all())
    return found[0] if found else None


async def of_date(conn: AsyncConnection, chat_id: int, day: date) -> list[Digest]:
    """The parts of the chat's digest for that date, in order; [] if there is none."""
    query = select(digests).where(digests.c.chat_id == chat_id, digests.c.date == day).order_by(digests.c.part)
    return await _whole(conn, (await conn.execute(query)).all())


async def latest(conn: AsyncConnection, chat_id: int) -> Digest | None:
    """The last part of the chat's newest date; None before the first digest."""
    query = (
        select(digests)
        .where(digests.c.chat_id == chat_id)
        .order_by(digests.c.date.desc(), digests.c.part.desc())
        .limit(1)
    )
    found = await _whole(conn, (await conn.execute(query)).all())
    return found[0] if found else None


async def dates(conn: AsyncConnection, chat_id: int, limit: int) -> list[date]:
    """The newest `limit` dates for which the chat has a digest, newest first."""
    query = (
        select(digests.c.date)
        .where(digests.c.chat_id == chat_id)
        .distinct()
        .order_by(digests.c.date.desc())
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def that_showed(conn: AsyncConnection, chat_id: int, paper_id: str) -> Digest | None:
    """The newest digest of the chat that has this paper in a row; None if there is none."""
    query = (
        select(digests)
        .join(digest_rows, digest_rows.c.digest_id == digests.c.id)
        .where(digests.c.chat_id == chat_id, digest_rows.c.paper_id == paper_id)
        .order_by(digests.c.id.desc())
        .limit(1)
    )
    found = await _whole(conn, (await conn.execute(query)).all())
    return found[0] if found else None


async def that_considered(conn: AsyncConnection, chat_id: int, paper_id: str) -> Digest | None:
    """The first digest of the chat that drew from a listing with this paper as new or cross-listed; None if none did."""
    query = (
        select(digests)
        .join(considered, considered.c.digest_id == digests.c.id)
        .join(
            announcements,
            and_(announcements.c.category == considered.c.category, announcements.c.date == considered.c.date),
        )
        .where(
            digests.c.chat_id == chat_id,
            announcements.c.paper_id == paper_id,
            announcements.c.kind.in_((Kind.NEW.value, Kind.CROSS.value)),
        )
        .order_by(digests.c.id)
        .limit(1)
    )
    found = await _whole(conn, (await conn.execute(query)).all())
    return found[0] if found else None


async def shown_before(
    conn: AsyncConnection, chat_id: int, paper_ids: Iterable[str], before_digest: int | None = None
) -> set[str]:
    """Those of the papers that a table of this chat has shown already, with `before_digest` one before that."""
    found: set[str] = set()
    for some in chunks(paper_ids):
        query = (
            select(digest_rows.c.paper_id)
            .join(digests, digests.c.id == digest_rows.c.digest_id)
            .where(
                digests.c.chat_id == chat_id,
                digest_rows.c.paper_id.in_(some),
                *((digests.c.id < before_digest,) if before_digest is not None else ()),
            )
        )
        found.update((await conn.execute(query)).scalars())
    return found


async def counts(conn: AsyncConnection, chat_id: int) -> tuple[datetime | None, int, int, int, int]:
    """When the chat's first table was made (None: there is none), how many there were, how many papers they chose from,
    how many rows they had, and how many papers somebody looked at."""
    rows = select(func.count()).select_from(digest_rows.join(digests, digests.c.id == digest_rows.c.digest_id))
    opened = select(func.count()).select_from(openings).where(openings.c.chat_id == chat_id)
    query = select(
        func.min(digests.c.created_at),
        func.count(),
        func.coalesce(func.sum(digests.c.announced), 0),
        rows.where(digests.c.chat_id == chat_id).correlate(None).scalar_subquery(),
        opened.scalar_subquery(),
    ).where(digests.c.chat_id == chat_id)
    since, tables, announced, shown, looked = (await conn.execute(query)).one()
    return since, tables, int(announced), shown, looked


async def rows_liked(conn: AsyncConnection, chat_id: int, since: datetime) -> tuple[int, int]:
    """How many rows the chat's tables have had since then, and how many of them somebody liked or saved."""
    liked = (
        exists()
        .where(
            verdicts.c.chat_id == chat_id,
            verdicts.c.paper_id == digest_rows.c.paper_id,
            verdicts.c.kind.in_((VerdictKind.LIKE.value, VerdictKind.SAVE.value)),
        )
        .correlate(digest_rows)
    )
    query = (
        select(func.count(), func.count().filter(liked))
        .select_from(digests.join(digest_rows, digest_rows.c.digest_id == digests.c.id))
        .where(digests.c.chat_id == chat_id, digests.c.created_at >= since)
    )
    shown, said = (await conn.execute(query)).one()
    return int(shown), int(said)


async def judged_afterwards(conn: AsyncConnection, chat_id: int, limit: int) -> list[tuple[int, int]]:
    """The chat's newest digests that had papers which somebody liked or saved after it was made, newest first: the
    digest's number, and how many papers those are."""
    query = (
        select(digests.c.id, func.count(verdicts.c.paper_id.distinct()).label("likes"))
        .select_from(
            digests.join(considered, considered.c.digest_id == digests.c.id)
            .join(
                announcements,
                and_(announcements.c.category == considered.c.category, announcements.c.date == considered.c.date),
            )
            .join(
                verdicts,
                and_(verdicts.c.paper_id == announcements.c.paper_id, verdicts.c.chat_id == digests.c.chat_id),
            )
        )
        .where(
            digests.c.chat_id == chat_id,
            announcements.c.kind.in_((Kind.NEW.value, Kind.CROSS.value)),
            verdicts.c.kind.in_((VerdictKind.LIKE.value, VerdictKind.SAVE.value)),
            verdicts.c.at >= digests.c.created_at,
        )
        .group_by(digests.c.id)
        .order_by(digests.c.id.desc())
        .limit(limit)
    )
    return [(row.id, row.likes) for row in await conn.execute(query)]


async def notice(conn: AsyncConnection, chat_id: int, day: date, kind: str) -> bool:
    """Write down that a note of this kind is given for that day; False if it has been given already."""
    added = await conn.execute(
        insert(conn, notices)
        .values(chat_id=chat_id, day=day, kind=kind)
        .on_conflict_do_nothing()
        .returning(notices.c.chat_id)
    )
    return added.first() is not None


async def _whole(conn: AsyncConnection, found: Sequence[AnyRow]) -> list[Digest]:
    """The digests of these rows with their lines."""
    lines: defaultdict[int, list[Row]] = defaultdict(list)
    for some in chunks(row.id for row in found):
        query = select(digest_rows).where(digest_rows.c.digest_id.in_(some)).order_by(digest_rows.c.rank)
        for line in await conn.execute(query):
            lines[line.digest_id].append(_row_of(line))
    return [
        Digest(
            id=row.id,
            chat_id=row.chat_id,
            date=row.date,
            part=row.part,
            created_at=row.created_at,
            announced=row.announced,
            rows=tuple(lines[row.id]),
            listings=codec.decode_many(Listing, row.listings),
            late=codec.decode_many(Listing, row.late),
        )
        for row in found
    ]


def _row_of(row: AnyRow) -> Row:
    return Row(
        rank=row.rank,
        paper_id=row.paper_id,
        version=row.version,
        title=row.title,
        authors=tuple(row.authors),
        institution=row.institution,
        direction=row.direction,
        heat=row.heat,
        score=row.score,
        reasons=codec.decode_many(Reason, row.reasons),
        tags=tuple(row.tags),
        added_from=row.added_from,
    )
