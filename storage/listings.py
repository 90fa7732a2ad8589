"""Listings and polls: what arXiv announced, how far it was read, and what has been considered for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Announcement, Counts, Kind, Listing, ListingPage, ListingState, Paper, Poll
from storage import papers, tables
from storage.sql import AnyRow, as_given, chunks, insert, one_of
from storage.tables import announcements, chat_categories, considered, listings

COMPLETE = tuple(state.value for state in ListingState if state.complete)
SHOWN = (Kind.NEW.value, Kind.CROSS.value)
RECENT = timedelta(days=90)
_DATES_A_QUERY = 50


# --------------------------------------------------------------------------- what was read


async def save_page(conn: AsyncConnection, page: ListingPage, checked_at: datetime) -> None:
    """Keep a whole listing: its papers, its announcements in the place of earlier ones, and its state FRESH."""
    await papers.save(conn, page.papers)
    await conn.execute(delete(announcements).where(_listing(page.category, page.date)))
    if page.announcements:
        upsert = insert(conn, announcements)
        await conn.execute(
            upsert.on_conflict_do_update(
                index_elements=["paper_id", "category", "date", "kind"], set_={"version": upsert.excluded.version}
            ),
            [
                {"paper_id": a.paper_id, "version": a.version, "category": a.category, "date": a.date, "kind": a.kind}
                for a in page.announcements
            ],
        )
    kinds = [a.kind for a in page.announcements]
    parsed = Counts(kinds.count(Kind.NEW), kinds.count(Kind.CROSS), kinds.count(Kind.REPLACE))
    fresh = Listing(page.category, page.date, ListingState.FRESH, page.declared, parsed, checked_at)
    upsert = insert(conn, listings).values(_listing_values(fresh))
    await conn.execute(upsert.on_conflict_do_update(index_elements=["category", "date"], set_=as_given(upsert)))


async def mark(conn: AsyncConnection, listing: Listing) -> None:
    """Keep another state of a listing; one that is complete already stays as it is."""
    upsert = insert(conn, listings).values(_listing_values(listing))
    await conn.execute(
        upsert.on_conflict_do_update(
            index_elements=["category", "date"],
            set_=as_given(upsert),
            where=listings.c.state.not_in(COMPLETE),
        )
    )


def _listing(category: str, day: date) -> ColumnElement[bool]:
    return and_(announcements.c.category == category, announcements.c.date == day)


def _listing_values(listing: Listing) -> dict[str, Any]:
    values: dict[str, Any] = {
        "category": listing.category,
        "date": listing.date,
        "state": listing.state,
        "checked_at": listing.checked_at,
        "detail": listing.detail,
    }
    for name, counts in (("declared", listing.declared), ("parsed", listing.parsed)):
        for kind in Kind:
            values[f"{name}_{kind}"] = getattr(counts, kind) if counts is not None else None
    return values


def _listing_of(row: AnyRow) -> Listing:
    declared = (
        Counts(row.declared_new, row.declared_cross, row.declared_replace) if row.declared_new is not None else None
    )
    parsed = Counts(row.parsed_new, row.parsed_cross, row.parsed_replace) if row.parsed_new is not None else None
    return Listing(row.category, row.date, ListingState(row.state), declared, parsed, row.checked_at, row.detail)


# --------------------------------------------------------------------------- what is known


async def states(conn: AsyncConnection, categories: Iterable[str], day: date) -> dict[str, Listing]:
    """The listings of that date by category; a category of which nothing is known is missing."""
    found: dict[str, Listing] = {}
    for some in chunks(categories):
        rows = await conn.execute(_STATES, {"categories": some, "day": day})
        found.update((row.category, _listing_of(row)) for row in rows)
    return found


_STATES = select(listings).where(one_of(listings.c.category, "categories"), listings.c.date == bindparam("day"))


async def known_dates(conn: AsyncConnection, category: str, since: date | None) -> dict[date, ListingState]:
    """The states of a category's listings by date, oldest first, from `since` on."""
    query = select(listings.c.date, listings.c.state).where(listings.c.category == category)
    if since is not None:
        query = query.where(listings.c.date >= since)
    return {row.date: ListingState(row.state) for row in await conn.execute(query.order_by(listings.c.date))}


async def newest(conn: AsyncConnection, category: str) -> date | None:
    """The date of the category's newest listing that was read whole; None before the first."""
    found: date | None = await conn.scalar(
        select(func.max(listings.c.date)).where(listings.c.category == category, listings.c.state == ListingState.FRESH)
    )
    return found


async def ids(conn: AsyncConnection, category: str, day: date, kinds: Iterable[Kind]) -> set[str]:
    """The papers of a listing that it shows as one of `kinds`."""
    query = select(announcements.c.paper_id).where(
        _listing(category, day), announcements.c.kind.in_([kind.value for kind in kinds])
    )
    return set((await conn.execute(query)).scalars())


async def nobody_names(conn: AsyncConnection, category: str, day: date) -> bool:
    """Whether other categories' listings of that day were read and none of their papers belongs to this category."""
    query = (
        select(tables.paper_versions.c.categories)
        .join(
            announcements,
            and_(
                announcements.c.paper_id == tables.paper_versions.c.paper_id,
                announcements.c.version == tables.paper_versions.c.version,
            ),
        )
        .where(announcements.c.date == day, announcements.c.kind.in_(SHOWN))
    )
    named = list((await conn.execute(query)).scalars())
    return bool(named) and not any(category in names for names in named)


# --------------------------------------------------------------------------- polls


async def save_poll(conn: AsyncConnection, poll: Poll) -> None:
    """Keep the last attempt at a category in the place of the one before."""
    upsert = insert(conn, tables.polls).values(
        category=poll.category,
        checked_at=poll.checked_at,
        state=poll.state,
        page_date=poll.page_date,
        detail=poll.detail,
        failures=poll.failures,
        not_before=poll.not_before,
    )
    await conn.execute(upsert.on_conflict_do_update(index_elements=["category"], set_=as_given(upsert)))


async def polls(conn: AsyncConnection, categories: Iterable[str]) -> dict[str, Poll]:
    """The last attempts at those categories, by category; one never asked for is missing."""
    found: dict[str, Poll] = {}
    for some in chunks(categories):
        rows = await conn.execute(select(tables.polls).where(tables.polls.c.category.in_(some)))
        found.update((row.category, _poll_of(row)) for row in rows)
    return found


async def all_polls(conn: AsyncConnection) -> list[Poll]:
    """The last attempt at every category, in their order."""
    rows = await conn.execute(select(tables.polls).order_by(tables.polls.c.category))
    return [_poll_of(row) for row in rows.all()]


async def polls_wanted(conn: AsyncConnection) -> list[Poll]:
    """The last attempt at every category that a subscribed chat reads, in their order. Found as soon as one such chat is,
    since there may be very many."""
    somebody = exists().where(
        chat_categories.c.category == tables.polls.c.category,
        tables.chats.c.id == chat_categories.c.chat_id,
        tables.chats.c.subscribed.is_(True),
    )
    rows = await conn.execute(select(tables.polls).where(somebody).order_by(tables.polls.c.category))
    return [_poll_of(row) for row in rows.all()]


def _poll_of(row: AnyRow) -> Poll:
    return Poll(
        category=row.category,
        checked_at=row.checked_at,
        state=ListingState(row.state),
        page_date=row.page_date,
        detail=row.detail,
        failures=row.failures,
        not_before=row.not_before,
    )


# --------------------------------------------------------------------------- what has been considered for whom


async def unconsidered(conn: AsyncConnection, chat_id: int) -> list[Listing]:
    """The fresh listings of the chat's categories that it still has to get, oldest first.

    These are the ones from the category's `since` on, and the category's newest whatever its date.
    """
    return (await unconsidered_of(conn, [chat_id])).get(chat_id, [])


async def unconsidered_of(conn: AsyncConnection, chat_ids: Iterable[int]) -> dict[int, list[Listing]]:
    """The same of several chats, by chat; one that has got everything is missing. Chats share the listings."""
    pending: defaultdict[int, list[tuple[str, date]]] = defaultdict(list)
    for some in chunks(chat_ids):
        for chat_id, category, day in (await conn.execute(_unconsidered_query(), {"chats": some})).all():
            pending[chat_id].append((category, day))
    by_day: defaultdict[date, set[str]] = defaultdict(set)
    for keys in pending.values():
        for category, day in keys:
            by_day[day].add(category)
    known = {day: await states(conn, sorted(names), day) for day, names in by_day.items()}
    return {chat_id: [known[day][category] for category, day in keys] for chat_id, keys in pending.items()}


@cache
def _unconsidered_query() -> Select[Any]:
    """Of the `chats`; made once, since that takes as long as its answer."""
    theirs = tables.listings.alias()
    newest_date = (
        select(func.max(theirs.c.date))
        .where(theirs.c.category == chat_categories.c.category, theirs.c.state == ListingState.FRESH)
        .scalar_subquery()
    )
    done = exists().where(
        considered.c.chat_id == chat_categories.c.chat_id,
        considered.c.category == listings.c.category,
        considered.c.date == listings.c.date,
    )
    return (
        select(chat_categories.c.chat_id, listings.c.category, listings.c.date)
        .join(chat_categories, chat_categories.c.category == listings.c.category)
        .where(
            one_of(chat_categories.c.chat_id, "chats"),
            listings.c.state == ListingState.FRESH,
            or_(listings.c.date >= chat_categories.c.since, listings.c.date == newest_date),
            ~done,
        )
        .order_by(chat_categories.c.chat_id, listings.c.date, chat_categories.c.position)
    )


async def considered_on(
    conn: AsyncConnection, chat_ids: Iterable[int], days: Collection[date]
) -> dict[int, set[tuple[str, date]]]:
    """The listings of these days, by category and date, that have been considered for each of the chats, by chat."""
    found: defaultdict[int, set[tuple[str, date]]] = defaultdict(set)
    for some in chunks(chat_ids):
        for chat_id, category, day in (await conn.execute(_CONSIDERED_ON, {"chats": some, "days": sorted(days)})).all():
            found[chat_id].add((category, day))
    return dict(found)


_CONSIDERED_ON = select(considered.c.chat_id, considered.c.category, considered.c.date).where(
    one_of(considered.c.chat_id, "chats"), one_of(considered.c.date, "days")
)


async def drawn_from(conn: AsyncConnection, digest_id: int) -> list[tuple[str, date]]:
    """The category and date of the listings that a digest drew from, oldest first."""
    query = (
        select(considered.c.category, considered.c.date)
        .where(considered.c.digest_id == digest_id)
        .order_by(considered.c.date, considered.c.category)
    )
    return [(row.category, row.date) for row in await conn.execute(query)]


async def announcements_of(conn: AsyncConnection, paper_id: str) -> list[Announcement]:
    """Where and when arXiv listed a paper, the newest first."""
    query = (
        select(announcements)
        .where(announcements.c.paper_id == paper_id)
        .order_by(announcements.c.date.desc(), announcements.c.category, announcements.c.kind)
    )
    return [
        Announcement(row.paper_id, row.version, row.category, row.date, Kind(row.kind))
        for row in await conn.execute(query)
    ]


async def papers_in(
    conn: AsyncConnection, chat_id: int, drawn_from: Iterable[tuple[str, date]], before_digest: int | None = None
) -> list[tuple[Paper, tuple[Announcement, ...]]]:
    """The distinct new and cross-listed papers of listings by category and date, each in its latest version and with its
    announcements there, oldest first; without those that a listing already considered for the chat has shown, with
    `before_digest` one considered for an earlier digest than that: what that digest had to choose from."""
    by_date: defaultdict[date, list[str]] = defaultdict(list)
    for category, day in drawn_from:
        by_date[day].append(category)
    before = announcements.alias()
    shown_before = (
        exists()
        .select_from(
            before.join(
                considered,
                and_(considered.c.category == before.c.category, considered.c.date == before.c.date),
            )
        )
        .where(
            before.c.paper_id == announcements.c.paper_id,
            before.c.kind.in_(SHOWN),
            considered.c.chat_id == chat_id,
            *((considered.c.digest_id < before_digest,) if before_digest is not None else ()),
        )
    )
    found: dict[str, Paper] = {}
    shown_in: defaultdict[str, list[Announcement]] = defaultdict(list)
    for days in chunks(sorted(by_date), _DATES_A_QUERY):
        in_listings = or_(
            *(and_(announcements.c.date == day, announcements.c.category.in_(by_date[day])) for day in days)
        )
        query = (
            select(
                *papers.COLUMNS,
                announcements.c.version.label("announced"),
                announcements.c.category,
                announcements.c.date,
                announcements.c.kind,
            )
            .select_from(papers.LATEST.join(announcements, announcements.c.paper_id == tables.papers.c.id))
            .where(in_listings, announcements.c.kind.in_(SHOWN), ~shown_before)
            .order_by(announcements.c.date, announcements.c.paper_id, announcements.c.category)
        )
        for row in await conn.execute(query):
            if row.paper_id not in found:
                found[row.paper_id] = papers.of_row(row)
            shown_in[row.paper_id].append(
                Announcement(row.paper_id, row.announced, row.category, row.date, Kind(row.kind))
            )
    return [(paper, tuple(shown_in[paper_id])) for paper_id, paper in found.items()]


async def consider(conn: AsyncConnection, drawn: Iterable[tuple[int, int | None, Iterable[Listing]]]) -> None:
    """Write into the ledger which listings have been considered for which chat, and in which digest.

    Raises:
        DatabaseConflict: one of them was considered before, so that whoever makes the same digest at the same moment
            keeps nothing of it.
    """
    entries = [
        {"chat_id": chat_id, "digest_id": digest_id, "category": listing.category, "date": listing.date}
        for chat_id, digest_id, drawn_from in drawn
        for listing in drawn_from
    ]
    if entries:
        await conn.execute(insert(conn, considered), entries)


@dataclass(frozen=True, slots=True)
class Shown:
    """The papers of some days, each in its latest version, in the order of their ids, and which listings show them as
    new or cross-listed: by category and date the papers' places, of these days and of all others; `place` is each one's by id."""

    papers: tuple[Paper, ...]
    place: Mapping[str, int]
    places: Mapping[tuple[str, date], frozenset[int]]


async def shown_on(conn: AsyncConnection, categories: Collection[str], days: Collection[date]) -> Shown:
    """The distinct papers that any of these categories' fresh listings of these days shows as new or cross-listed."""
    named = _named_on(categories, days)
    query = (
        select(*papers.COLUMNS)
        .select_from(papers.LATEST.join(named, named.c.paper_id == tables.papers.c.id))
        .order_by(tables.papers.c.id)
    )
    found = tuple([papers.of_row(row) for row in await conn.execute(query)])
    place = {paper.id: at for at, paper in enumerate(found)}
    everywhere = (
        select(announcements.c.paper_id, announcements.c.category, announcements.c.date)
        .join(named, named.c.paper_id == announcements.c.paper_id)
        .where(announcements.c.kind.in_(SHOWN))
    )
    places: defaultdict[tuple[str, date], set[int]] = defaultdict(set)
    for paper_id, category, day in await conn.execute(everywhere):
        places[category, day].add(place[paper_id])
    return Shown(found, place, {key: frozenset(at) for key, at in places.items()})


async def stamp_of(conn: AsyncConnection, categories: Collection[str], days: Collection[date]) -> Hashable:
    """What stays the same while `shown_on` finds the same papers: it changes when a listing is read anew."""
    query = (
        select(listings.c.category, listings.c.date, listings.c.state, listings.c.checked_at)
        .where(listings.c.category.in_(sorted(categories)), listings.c.date.in_(sorted(days)))
        .order_by(listings.c.category, listings.c.date)
    )
    return tuple([tuple(row) for row in await conn.execute(query)])


async def words_stamp_of(conn: AsyncConnection, categories: Collection[str], days: Collection[date]) -> Hashable:
    """What stays the same while these papers do: it changes when one gets another version or other words. All of them are
    read for it."""
    named = _named_on(categories, days)
    versions = tables.paper_versions.c
    words = select(
        func.count(),
        func.sum(versions.version),
        func.sum(func.length(versions.title)),
        func.sum(func.length(versions.abstract)),
    ).select_from(papers.LATEST.join(named, named.c.paper_id == tables.papers.c.id))
    return tuple((await conn.execute(words)).one())


def _named_on(categories: Collection[str], days: Collection[date]) -> Subquery:
    """The ids of the papers that these fresh listings show."""
    return (
        select(announcements.c.paper_id)
        .join(listings, and_(listings.c.category == announcements.c.category, listings.c.date == announcements.c.date))
        .where(
            listings.c.category.in_(sorted(categories)),
            listings.c.date.in_(sorted(days)),
            listings.c.state == ListingState.FRESH,
            announcements.c.kind.in_(SHOWN),
        )
        .distinct()
        .subquery()
    )


async def sample_before(conn: AsyncConnection, categories: Sequence[str], day: date, limit: int) -> list[Paper]:
    """At most `limit` papers that were new or cross-listed in these categories in the 90 days before `day`, newest
    first: what a ranker holds a day's papers against."""
    newest_first = (
        select(announcements.c.paper_id)
        .where(
            announcements.c.category.in_(list(categories)),
            announcements.c.date < day,
            announcements.c.date >= day - RECENT,
            announcements.c.kind.in_(SHOWN),
        )
        .group_by(announcements.c.paper_id)
        .order_by(func.max(announcements.c.date).desc(), announcements.c.paper_id)
        .limit(limit)
    )
    chosen = list((await conn.execute(newest_first)).scalars())
    known = await papers.many(conn, chosen)
    return [known[paper_id] for paper_id in chosen]
