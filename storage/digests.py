"""Digests: what each chat got for each announcement day, kept for ever."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache

from sqlalchemy import and_, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Digest, Kind, Listing, Reason, Row, VerdictKind
from storage import codec
from storage.sql import AnyRow, chunks, insert, one_of
from storage.tables import announcements, chats, considered, digest_rows, digests, notices, openings, verdicts

WORDS_KEPT = 1024
LISTINGS_KEPT = 512


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
    part = (await next_parts(conn, [chat_id], day)).get(chat_id, 0)
    draft = Digest(0, chat_id, day, part, created_at, announced, tuple(rows), tuple(listings), tuple(late))
    (made,) = await create_all(conn, [draft])
    return made


async def next_parts(conn: AsyncConnection, chat_ids: Iterable[int], day: date) -> dict[int, int]:
    """Which part of that day the next digest of each chat is; a chat without any digest of the day is missing."""
    found: dict[int, int] = {}
    for some in chunks(chat_ids):
        rows = await conn.execute(_NEXT_PARTS, {"chats": some, "day": day})
        found.update((chat_id, part) for chat_id, part in rows)
    return found


_NEXT_PARTS = (
    select(digests.c.chat_id, func.max(digests.c.part) + 1)
    .where(one_of(digests.c.chat_id, "chats"), digests.c.date == bindparam("day"))
    .group_by(digests.c.chat_id)
)


async def create_all(conn: AsyncConnection, drafts: Sequence[Digest]) -> list[Digest]:
    """Keep digests, one for each of several chats; their own numbers are given here and take the place of the drafts'.

    Raises:
        DatabaseConflict: one of the chats has that part of that day already, or was forgotten.
    """
    if not drafts:
        return []
    made = await conn.execute(
        insert(conn, digests).returning(digests.c.id, digests.c.chat_id),
        [
            {
                "chat_id": draft.chat_id,
                "date": draft.date,
                "part": draft.part,
                "created_at": draft.created_at,
                "announced": draft.announced,
                "listings": _listings(draft.listings),
                "late": _listings(draft.late),
            }
            for draft in drafts
        ],
    )
    numbers = {row.chat_id: row.id for row in made}
    kept = [replace(draft, id=numbers[draft.chat_id]) for draft in drafts]
    lines = [
        {
            "digest_id": digest.id,
            "rank": row.rank,
            "paper_id": row.paper_id,
            "version": row.version,
            "title": row.title,
            "authors": _words(row.authors),
            "institution": row.institution,
            "direction": row.direction,
            "heat": row.heat,
            "score": row.score,
            "reasons": row.reasons,
            "tags": _words(row.tags),
            "added_from": row.added_from,
        }
        for digest in kept
        for row in digest.rows
    ]
    if lines:
        await conn.execute(insert(conn, digest_rows), lines)
    return kept


@lru_cache(maxsize=WORDS_KEPT)
def _words(words: tuple[str, ...]) -> codec.Written:
    """Authors or tags as they are stored: a paper stands in many chats' tables."""
    return codec.Written(codec.dumps(words))


def _listings(listings: Sequence[Listing]) -> codec.Written:
    """Listings as they are stored."""
    return codec.Written(f"[{', '.join(map(_listing, listings))}]")


@lru_cache(maxsize=LISTINGS_KEPT)
def _listing(listing: Listing) -> str:
    """One of them: chats have most of a day's in common."""
    return codec.dumps(listing)


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


async def last_made(conn: AsyncConnection, chat_ids: Iterable[int]) -> dict[int, datetime]:
    """When the last part of each chat's newest date was made, by chat; one without a digest is missing."""
    newest = (
        select(digests.c.created_at)
        .where(digests.c.chat_id == chats.c.id)
        .order_by(digests.c.date.desc(), digests.c.part.desc())
        .limit(1)
        .scalar_subquery()
    )
    found: dict[int, datetime] = {}
    for some in chunks(chat_ids):
        rows = await conn.execute(select(chats.c.id, newest).where(chats.c.id.in_(some)))
        found.update((chat_id, made_at) for chat_id, made_at in rows if made_at is not None)
    return found


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
    earlier = (digests.c.id < before_digest,) if before_digest is not None else ()
    found: set[str] = set()
    for some in chunks(paper_ids):
        query = (
            select(digest_rows.c.paper_id)
            .join(digests, digests.c.id == digest_rows.c.digest_id)
            .where(digests.c.chat_id == chat_id, digest_rows.c.paper_id.in_(some), *earlier)
        )
        found.update((await conn.execute(query)).scalars())
    return found


async def shown_since(conn: AsyncConnection, chat_ids: Iterable[int], day: date) -> dict[int, list[str]]:
    """The papers that tables of each chat for this day or later have shown, by chat; one without any is missing."""
    found: dict[int, list[str]] = {}
    for some in chunks(chat_ids):
        rows = await conn.execute(_SHOWN_SINCE, {"chats": some, "since": day})
        found.update((chat_id, ids.split()) for chat_id, ids in rows)
    return found


# One row for each chat: there are hundreds of papers, and it takes longer to hand over a row than to find it.
_SHOWN_SINCE = (
    select(digests.c.chat_id, func.aggregate_strings(digest_rows.c.paper_id, " "))
    .join(digests, digests.c.id == digest_rows.c.digest_id)
    .where(one_of(digests.c.chat_id, "chats"), digests.c.date >= bindparam("since"))
    .group_by(digests.c.chat_id)
)


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


async def notice(conn: AsyncConnection, given: Iterable[tuple[int, date, str]]) -> set[int]:
    """Write down that each chat is given a note for a day and of a kind; → the chats that have not been given it
    already."""
    entries = [{"chat_id": chat_id, "day": day, "kind": kind} for chat_id, day, kind in given]
    if not entries:
        return set()
    added = await conn.execute(insert(conn, notices).on_conflict_do_nothing().returning(notices.c.chat_id), entries)
    return set(added.scalars())


async def noticed(conn: AsyncConnection, chat_ids: Iterable[int], days: Collection[date]) -> set[tuple[int, date, str]]:
    """The notes that these chats were given for these days: chat, day and kind."""
    found: set[tuple[int, date, str]] = set()
    for some in chunks(chat_ids):
        query = select(notices.c.chat_id, notices.c.day, notices.c.kind).where(
            notices.c.chat_id.in_(some), notices.c.day.in_(days)
        )
        found.update((row.chat_id, row.day, row.kind) for row in await conn.execute(query))
    return found


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
