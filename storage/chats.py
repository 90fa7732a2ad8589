"""Chats: who is subscribed, with which settings, and what they care about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import cache
from itertools import permutations
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, bindparam, delete, exists, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection as AsyncConnection  # noqa: PLC0414 - for callers' signatures

from bot.errors import DatabaseConflict, NotAllowed
from bot.model import (
    Chat,
    ChatKind,
    DeliveryState,
    Follow,
    FollowKind,
    JudgedPaper,
    Mute,
    MuteKind,
    Profile,
    ReasonKind,
    ShownPaper,
    VerdictKind,
)
from storage import corrections, papers, tables
from storage.address import place_of
from storage.sql import AnyRow, as_given, chunks, insert, one_of
from storage.tables import chat_categories, chats, follows, mutes, statements, verdicts

MOST_JUDGED = 2000
MOST_LEFT, NEWEST_TABLES = 40, 20
"""Papers that were shown and that nobody judged: so many of so many tables, the newest. After a year a chat has been shown
thousands, and the weight of all is the same however many they are."""

MOVING_ATTEMPTS = 5

_COLUMNS = tuple([chats.c[field.name] for field in fields(Chat)])
"""What `_chat_of` reads, in the order of a chat's fields."""

# --------------------------------------------------------------------------- the chat itself


async def ensure(
    conn: AsyncConnection,
    telegram_id: int,
    thread_id: int,
    kind: ChatKind,
    title: str,
    defaults: Mapping[str, Any],
    now: datetime,
    *,
    categories: Sequence[str] = (),
    since: date | None = None,
) -> Chat:
    """The chat of that number and topic; on first sight it is made, with `defaults` for fields of `Chat`, and reads
    `categories` as `set_categories` says."""
    start = Chat(id=0, telegram_id=telegram_id, thread_id=thread_id, kind=kind, title=title, created_at=now)
    values = {name: getattr(start, name) for name in start.__slots__ if name != "id"} | dict(defaults)
    making = insert(conn, chats).values(**values, interests="", widened=[]).on_conflict_do_nothing()
    row = (await conn.execute(making.returning(*_COLUMNS))).one_or_none()
    if row is not None:
        chat = _chat_of(row)
        await set_categories(conn, chat.id, categories, since)
        return chat
    known = await find(conn, telegram_id, thread_id)
    if known is None:
        raise DatabaseConflict(place_of(conn.engine.url))
    return known


async def get(conn: AsyncConnection, chat_id: int) -> Chat | None:
    """The chat of our number; None if it was forgotten."""
    row = (await conn.execute(select(*_COLUMNS).where(chats.c.id == chat_id))).one_or_none()
    return _chat_of(row) if row is not None else None


async def many(conn: AsyncConnection, chat_ids: Iterable[int]) -> dict[int, Chat]:
    """The chats of our numbers; one that was forgotten is missing."""
    found: dict[int, Chat] = {}
    for some in chunks(chat_ids):
        rows = (await conn.execute(_MANY, {"ids": some})).all()
        found |= {chat.id: chat for chat in map(_chat_of, rows)}
    return found


_MANY = select(*_COLUMNS).where(one_of(chats.c.id, "ids"))


async def must(conn: AsyncConnection, chat_id: int) -> Chat:
    """The chat of our number.

    Raises:
        NotAllowed: it was forgotten.
    """
    chat = await get(conn, chat_id)
    if chat is None:
        raise NotAllowed("chat")
    return chat


async def hold(conn: AsyncConnection, chat_id: int) -> Chat:
    """The chat of our number; who else would hold or change it waits until the transaction ends. Whoever reads something
    of a chat in order to decide what to write holds it first: on PostgreSQL others write meanwhile.

    Raises:
        NotAllowed: it was forgotten.
    """
    query = select(*_COLUMNS).where(chats.c.id == chat_id).with_for_update(key_share=True)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        raise NotAllowed("chat")
    return _chat_of(row)


async def hold_all(conn: AsyncConnection, chat_ids: Iterable[int]) -> None:
    """As `hold`, of several chats in the order of their numbers, so that two who do this never wait in a ring; one that
    was forgotten is left out."""
    for some in chunks(sorted(chat_ids)):
        await conn.execute(_HOLD_ALL, {"ids": some})


_HOLD_ALL = select(chats.c.id).where(one_of(chats.c.id, "ids")).order_by(chats.c.id).with_for_update(key_share=True)


async def hold_topics(conn: AsyncConnection, chat_id: int) -> list[Chat]:
    """As `hold`, together with everything else that has the same number at Telegram: a group and its topics."""
    telegram_id = select(chats.c.telegram_id).where(chats.c.id == chat_id).scalar_subquery()
    query = select(*_COLUMNS).where(chats.c.telegram_id == telegram_id).order_by(chats.c.id)
    return [_chat_of(row) for row in await conn.execute(query.with_for_update(key_share=True))]


async def find(conn: AsyncConnection, telegram_id: int, thread_id: int) -> Chat | None:
    """The chat of Telegram's number and topic; None if it was never seen."""
    query = select(*_COLUMNS).where(chats.c.telegram_id == telegram_id, chats.c.thread_id == thread_id)
    row = (await conn.execute(query)).one_or_none()
    return _chat_of(row) if row is not None else None


async def update(conn: AsyncConnection, chat_id: int, **columns: Any) -> Chat:
    """Change these fields of a chat.

    Raises:
        DatabaseConflict: the chat was forgotten.
    """
    changed = await conn.execute(chats.update().where(chats.c.id == chat_id).values(**columns).returning(*_COLUMNS))
    row = changed.one_or_none()
    if row is None:
        raise DatabaseConflict(place_of(conn.engine.url))
    return _chat_of(row)


async def shut_out(conn: AsyncConnection, allowed: Collection[int], reason: str) -> int:
    """Pause every chat whose number at Telegram is none of these; → how many were paused by that."""
    query = chats.update().where(chats.c.telegram_id.not_in(list(allowed)), chats.c.paused == "")
    return (await conn.execute(query.values(paused=reason))).rowcount


async def paused_for(conn: AsyncConnection, reason: str) -> list[Chat]:
    """The chats that are paused for this reason."""
    return [_chat_of(row) for row in await conn.execute(select(*_COLUMNS).where(chats.c.paused == reason))]


async def reschedule(conn: AsyncConnection, plans: Iterable[tuple[Chat, datetime, datetime | None]]) -> None:
    """Set chats' next hour and since when it is held, each unless somebody has set another hour since the chat was
    read: another time, unsubscribed, forgotten. In the order of their numbers, so that two who do this never wait in a
    ring."""
    changes = [
        {"of": chat.id, "was": chat.next_at, "then": next_at, "since": held_since}
        for chat, next_at, held_since in sorted(plans, key=lambda plan: plan[0].id)
    ]
    if changes:
        await conn.execute(_RESCHEDULE, changes)


_RESCHEDULE = (
    chats.update()
    .where(chats.c.id == bindparam("of"), chats.c.next_at == bindparam("was"))
    .values(next_at=bindparam("then"), held_since=bindparam("since"))
)


async def due(conn: AsyncConnection, now: datetime, limit: int, ids: range | None = None) -> list[Chat]:
    """The chats whose digest is due at `now`, the longest waiting first, at most `limit`; with `ids` only those."""
    query = (
        select(*_COLUMNS).where(_waiting(), chats.c.next_at <= now).order_by(chats.c.next_at, chats.c.id).limit(limit)
    )
    if ids is not None:
        query = query.where(chats.c.id >= ids.start, chats.c.id < ids.stop)
    return [_chat_of(row) for row in await conn.execute(query)]


async def due_after(conn: AsyncConnection, moment: datetime, limit: int) -> list[Chat]:
    """The chats whose next digest is due later than `moment`, the last first, at most `limit`."""
    query = select(*_COLUMNS).where(_waiting(), chats.c.next_at > moment).order_by(chats.c.next_at.desc()).limit(limit)
    return [_chat_of(row) for row in await conn.execute(query)]


async def blocks_due(conn: AsyncConnection, now: datetime, size: int) -> list[tuple[int, int, datetime]]:
    """The numbers of the blocks, each of `size` neighbouring ids, in which a chat's digest is due at `now`, in their
    order; with how many are due, and since when the longest waiting one is."""
    block = (chats.c.id // size).label("block")
    query = (
        select(block, func.count(), func.min(chats.c.next_at, type_=tables.UtcDateTime()))
        .where(_waiting(), chats.c.next_at <= now)
        .group_by(block)
        .order_by(block)
    )
    return [(int(number), count, since) for number, count, since in await conn.execute(query)]


async def categories_due(conn: AsyncConnection, now: datetime) -> list[str]:
    """The categories that the chats read whose digest is due at `now`."""
    query = (
        select(chat_categories.c.category)
        .distinct()
        .join(chats, chats.c.id == chat_categories.c.chat_id)
        .where(_waiting(), chats.c.next_at <= now)
        .order_by(chat_categories.c.category)
    )
    return list((await conn.execute(query)).scalars())


async def next_due(conn: AsyncConnection) -> datetime | None:
    """The moment at which the next chat is due; None while nobody is subscribed."""
    found: datetime | None = await conn.scalar(select(func.min(chats.c.next_at)).where(_waiting()))
    return found


async def behind_since(conn: AsyncConnection) -> datetime | None:
    """Since when the chat that waits longest has been due, held hours aside; None while nobody is subscribed. The
    moment may lie ahead."""
    found: datetime | None = await conn.scalar(
        select(func.min(chats.c.next_at)).where(_waiting(), chats.c.held_since.is_(None))
    )
    return found


async def subscribed(conn: AsyncConnection) -> int:
    """How many chats want digests."""
    return int(await conn.scalar(select(func.count()).select_from(chats).where(chats.c.subscribed.is_(True))) or 0)


async def migrate(conn: AsyncConnection, telegram_id: int, new_telegram_id: int) -> int:
    """Telegram gave the chat another number: all its topics keep what they have. What was begun under the new number
    meanwhile is dropped, and so is what somebody wrote under the old number after the chat had moved: of two the one that
    has been known longer stays, however often and in whichever order the move is told.

    Returns:
        How many of our chats moved.
    """
    if telegram_id == new_telegram_id:
        return 0
    # Held, so that who is told at the same moment does not take what has arrived for what was begun there.
    threads = select(chats.c.thread_id).where(chats.c.telegram_id == telegram_id).order_by(chats.c.id).with_for_update()
    if not (await conn.execute(threads)).all():
        return 0
    drop = [_newer_than_its_namesake(*numbers) for numbers in permutations((telegram_id, new_telegram_id))]
    move = chats.update().where(chats.c.telegram_id == telegram_id).values(telegram_id=new_telegram_id)
    for attempts_left in reversed(range(MOVING_ATTEMPTS)):
        try:
            async with conn.begin_nested():
                for newer in drop:
                    await conn.execute(delete(chats).where(newer))
                return (await conn.execute(move)).rowcount
        except IntegrityError:  # somebody began there just between the two
            if not attempts_left:
                raise
    return 0


def _newer_than_its_namesake(telegram_id: int, other_telegram_id: int) -> ColumnElement[bool]:
    """That a chat has this number, and the same topic was known under the other one before."""
    other = chats.alias()
    known_before = exists().where(
        other.c.telegram_id == other_telegram_id, other.c.thread_id == chats.c.thread_id, other.c.id < chats.c.id
    )
    return and_(chats.c.telegram_id == telegram_id, known_before)


async def forget(conn: AsyncConnection, chat_id: int) -> bool:
    """Delete everything about a chat: settings, profile, verdicts, digests, deliveries; False if it was not there."""
    return (await conn.execute(delete(chats).where(chats.c.id == chat_id))).rowcount > 0


def _waiting() -> ColumnElement[bool]:
    return and_(chats.c.subscribed.is_(True), chats.c.paused == "", chats.c.next_at.is_not(None))


def _chat_of(row: AnyRow) -> Chat:
    chat_id, telegram_id, thread_id, kind, *rest = row
    return Chat(chat_id, telegram_id, thread_id, ChatKind(kind), *rest)


# --------------------------------------------------------------------------- categories


async def set_categories(conn: AsyncConnection, chat_id: int, names: Sequence[str], since: date | None) -> None:
    """Let the chat read exactly these categories, in this order. Added ones count from the listing of `since` on (None:
    only the newest listing, whichever that is); the others keep their date."""
    wanted = list(dict.fromkeys(names))
    await conn.execute(
        delete(chat_categories).where(chat_categories.c.chat_id == chat_id, chat_categories.c.category.not_in(wanted))
    )
    if wanted:
        upsert = insert(conn, chat_categories)
        await conn.execute(
            upsert.on_conflict_do_update(
                index_elements=["chat_id", "category"], set_={"position": upsert.excluded.position}
            ),
            [
                {"chat_id": chat_id, "category": name, "since": since, "position": position}
                for position, name in enumerate(wanted)
            ],
        )


async def categories(conn: AsyncConnection, chat_id: int) -> tuple[str, ...]:
    """The chat's categories in the order in which it named them."""
    query = (
        select(chat_categories.c.category)
        .where(chat_categories.c.chat_id == chat_id)
        .order_by(chat_categories.c.position)
    )
    return tuple((await conn.execute(query)).scalars())


async def categories_of(conn: AsyncConnection, chat_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The same of several chats, by chat; one without any is missing."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for some in chunks(chat_ids):
        for chat_id, category in (await conn.execute(_CATEGORIES, {"chats": some})).all():
            found[chat_id].append(category)
    return {chat_id: tuple(names) for chat_id, names in found.items()}


_CATEGORIES = (
    select(chat_categories.c.chat_id, chat_categories.c.category)
    .where(one_of(chat_categories.c.chat_id, "chats"))
    .order_by(chat_categories.c.chat_id, chat_categories.c.position)
)


async def set_since(conn: AsyncConnection, chat_ids: Iterable[int], not_after: date) -> None:
    """Let every category of these chats count from `not_after` on at the latest; one that counts from earlier on stays."""
    for some in chunks(chat_ids):
        await conn.execute(_SET_SINCE, {"chats": some, "not_after": not_after})


_SET_SINCE = (
    chat_categories.update()
    .where(
        one_of(chat_categories.c.chat_id, "chats"),
        or_(chat_categories.c.since.is_(None), chat_categories.c.since > bindparam("not_after")),
    )
    .values(since=bindparam("not_after"))
)


async def all_categories(conn: AsyncConnection) -> dict[str, date | None]:
    """The categories that subscribed chats read, with the earliest date that counts for any of them (None: no chat has
    one)."""
    query = (
        select(chat_categories.c.category, func.min(chat_categories.c.since).label("since"))
        .join(chats, chats.c.id == chat_categories.c.chat_id)
        .where(chats.c.subscribed.is_(True))
        .group_by(chat_categories.c.category)
        .order_by(chat_categories.c.category)
    )
    return {row.category: row.since for row in await conn.execute(query)}


# --------------------------------------------------------------------------- what it cares about


async def profile(conn: AsyncConnection, chat_id: int, before: datetime | None = None) -> Profile:
    """What the chat cares about; `judged` newest first, at most 2000, and where there are any, what was `left` alone. An empty
    profile for a chat that is not there.

    With `before`, the interests and verdicts are those of that moment; whom it follows, what it mutes, its categories
    and its corrections are always today's.
    """
    return (await profiles(conn, [chat_id], before)).get(chat_id, Profile())


async def profiles(
    conn: AsyncConnection, chat_ids: Iterable[int], before: datetime | None = None
) -> dict[int, Profile]:
    """The same of several chats, by chat; one that is not there is missing. Chats that judged or were shown the same
    paper share it."""
    found: dict[int, Profile] = {}
    for some in chunks(chat_ids):
        stated = {row.id: row for row in await conn.execute(_STATED, {"ids": some})}
        names = await categories_of(conn, stated)
        followed = await _listed(conn, follows, stated)
        muted = await _listed(conn, mutes, stated)
        ruled_out = await corrections.of_chats(conn, stated)
        judged = await _judged(conn, stated, before)
        left = await _left(conn, judged, before)
        known = await papers.many(
            conn, [paper_id for rows in (*judged.values(), *left.values()) for paper_id, *_ in rows]
        )
        for chat_id, row in stated.items():
            then = await _stated(conn, chat_id, before) if before is not None else None
            found[chat_id] = Profile(
                interests=(then or row).interests,
                widened=tuple((then or row).widened),
                categories=names.get(chat_id, ()),
                follows=tuple([Follow(FollowKind(kind), value) for kind, value in followed.get(chat_id, ())]),
                mutes=tuple([Mute(MuteKind(kind), value) for kind, value in muted.get(chat_id, ())]),
                judged=tuple(
                    [
                        JudgedPaper(known[paper_id], reader_id, VerdictKind(kind), at)
                        for paper_id, reader_id, kind, at in judged.get(chat_id, ())
                        if paper_id in known
                    ]
                ),
                left=tuple(
                    [
                        ShownPaper(known[paper_id], shown_at, opened_at is not None)
                        for paper_id, shown_at, opened_at in left.get(chat_id, ())
                        if paper_id in known
                    ]
                ),
                corrections=ruled_out.get(chat_id, ()),
            )
    return found


_STATED = select(chats.c.id, chats.c.interests, chats.c.widened).where(one_of(chats.c.id, "ids"))


async def _stated(conn: AsyncConnection, chat_id: int, before: datetime) -> AnyRow | None:
    """The interests that held at a moment; None where no statement was written down."""
    kept = select(statements.c.interests, statements.c.widened).where(statements.c.chat_id == chat_id)
    then = kept.where(statements.c.at < before).order_by(statements.c.at.desc()).limit(1)
    return (await conn.execute(then)).one_or_none()


async def _judged(
    conn: AsyncConnection, chat_ids: Collection[int], before: datetime | None
) -> dict[int, list[Sequence[Any]]]:
    """The verdicts of these chats (paper, reader, kind and moment), by chat, newest first, at most 2000 each."""
    query = _JUDGED.where(verdicts.c.at < before) if before is not None else _JUDGED
    rows = (await conn.execute(query, {"chats": list(chat_ids)})).all()
    return {chat_id: theirs[:MOST_JUDGED] for chat_id, theirs in _by_chat(rows).items()}


_JUDGED = (
    select(verdicts.c.chat_id, verdicts.c.paper_id, verdicts.c.reader_id, verdicts.c.kind, verdicts.c.at)
    .where(one_of(verdicts.c.chat_id, "chats"))
    .order_by(verdicts.c.chat_id, verdicts.c.at.desc(), verdicts.c.paper_id, verdicts.c.reader_id)
)


async def _left(
    conn: AsyncConnection, chat_ids: Collection[int], before: datetime | None
) -> dict[int, list[Sequence[Any]]]:
    """What the newest tables showed and nobody judged (paper, when it was shown and when somebody looked at it), by chat,
    newest first, at most `MOST_LEFT` each."""
    given = {"chats": list(chat_ids)} | ({"before": before} if before is not None else {})
    return _by_chat((await conn.execute(_left_query(until=before is not None), given)).all())


@cache
def _left_query(*, until: bool) -> Select[Any]:
    """Of the `chats`; `until`: as of `before`. Made once, since that takes as long as its answer."""
    rows, made = tables.digest_rows, tables.digests
    before = bindparam("before", type_=tables.UtcDateTime())
    tables_of = (
        select(
            made.c.id,
            made.c.chat_id,
            made.c.created_at,
            _place(made.c.chat_id, made.c.date.desc(), made.c.part.desc()).label("table"),
        )
        .where(one_of(made.c.chat_id, "chats"), *((made.c.created_at < before,) if until else ()))
        .subquery()
    )
    judged = exists().where(
        verdicts.c.chat_id == tables_of.c.chat_id,
        verdicts.c.paper_id == rows.c.paper_id,
        *((verdicts.c.at < before,) if until else ()),
    )
    opened = tables.openings
    shown = (
        select(
            tables_of.c.chat_id,
            rows.c.paper_id,
            tables_of.c.created_at,
            opened.c.at.label("opened_at"),
            _place(tables_of.c.chat_id, tables_of.c.table, rows.c.rank).label("place"),
        )
        .select_from(
            tables_of.join(rows, rows.c.digest_id == tables_of.c.id).outerjoin(
                opened, and_(opened.c.chat_id == tables_of.c.chat_id, opened.c.paper_id == rows.c.paper_id)
            )
        )
        .where(tables_of.c.table <= NEWEST_TABLES, ~judged)
        .subquery()
    )
    return (
        select(shown.c.chat_id, shown.c.paper_id, shown.c.created_at, shown.c.opened_at)
        .where(shown.c.place <= MOST_LEFT)
        .order_by(shown.c.chat_id, shown.c.place)
    )


def _place(chat: ColumnElement[int], *order: ColumnElement[Any]) -> ColumnElement[int]:
    """The place of a row among those of its chat in this order, from 1."""
    return func.row_number().over(partition_by=chat, order_by=order)


def _by_chat(rows: Iterable[AnyRow]) -> dict[int, list[Sequence[Any]]]:
    """What rows that begin with a chat go on with, by chat."""
    found: defaultdict[int, list[Sequence[Any]]] = defaultdict(list)
    for chat_id, *rest in rows:
        found[chat_id].append(rest)
    return found


async def _listed(conn: AsyncConnection, table: Table, chat_ids: Collection[int]) -> dict[int, list[Sequence[Any]]]:
    return _by_chat((await conn.execute(_listed_query(table), {"chats": list(chat_ids)})).all())


@cache
def _listed_query(table: Table) -> Select[Any]:
    return (
        select(table.c.chat_id, table.c.kind, table.c.value)
        .where(one_of(table.c.chat_id, "chats"))
        .order_by(table.c.chat_id, table.c.kind, table.c.value)
    )


async def interests(conn: AsyncConnection, chat_id: int) -> str:
    """What the chat says it cares about, in its own words; "" where it said nothing."""
    return await conn.scalar(select(chats.c.interests).where(chats.c.id == chat_id)) or ""


async def set_interests(conn: AsyncConnection, chat_id: int, text: str, widened: Iterable[str], now: datetime) -> None:
    """Keep what the chat says it cares about from `now` on, and further search terms for it; what it said before stays
    known for past days, and phrases that were ruled out come back if they are stated again."""
    terms = list(widened)
    before = (await conn.execute(select(chats.c.interests, chats.c.widened).where(chats.c.id == chat_id))).one_or_none()
    if before is not None and not await conn.scalar(select(exists().where(statements.c.chat_id == chat_id))):
        # What was stated before statements were written down, or nothing: it held from the beginning on.
        began = datetime(1970, 1, 1, tzinfo=UTC)
        await _note_statement(conn, chat_id, before.interests, before.widened, began)
    await update(conn, chat_id, interests=text, widened=terms)
    await _note_statement(conn, chat_id, text, terms, now)
    await corrections.clear(conn, chat_id, ReasonKind.INTEREST)


async def _note_statement(
    conn: AsyncConnection, chat_id: int, text: str, widened: Sequence[str], now: datetime
) -> None:
    upsert = insert(conn, statements).values(chat_id=chat_id, at=now, interests=text, widened=list(widened))
    await conn.execute(upsert.on_conflict_do_update(index_elements=["chat_id", "at"], set_=as_given(upsert)))


async def follow(conn: AsyncConnection, chat_id: int, followed: Follow) -> bool:
    """Follow somebody; False if the chat did already."""
    return await _add(conn, follows, chat_id, followed.kind, followed.value)


async def unfollow(conn: AsyncConnection, chat_id: int, followed: Follow) -> bool:
    """Follow somebody no more; False if the chat did not."""
    return await _remove(conn, follows, chat_id, followed.kind, followed.value)


async def mute(conn: AsyncConnection, chat_id: int, muted: Mute) -> bool:
    """Mute a word or author; False if it was muted already."""
    return await _add(conn, mutes, chat_id, muted.kind, muted.value)


async def unmute(conn: AsyncConnection, chat_id: int, muted: Mute) -> bool:
    """Mute a word or author no more; False if it was not muted."""
    return await _remove(conn, mutes, chat_id, muted.kind, muted.value)


async def _add(conn: AsyncConnection, table: Table, chat_id: int, kind: str, value: str) -> bool:
    query = insert(conn, table).values(chat_id=chat_id, kind=kind, value=value).on_conflict_do_nothing()
    return (await conn.execute(query.returning(table.c.chat_id))).first() is not None


async def _remove(conn: AsyncConnection, table: Table, chat_id: int, kind: str, value: str) -> bool:
    query = delete(table).where(table.c.chat_id == chat_id, table.c.kind == kind, table.c.value == value)
    return (await conn.execute(query)).rowcount > 0


# --------------------------------------------------------------------------- for the administrator


async def with_verdicts(conn: AsyncConnection, least: int, limit: int) -> list[int]:
    """The chats in which at least so many verdicts were given, those with the most first."""
    count = func.count()
    query = select(verdicts.c.chat_id).group_by(verdicts.c.chat_id).having(count >= least)
    return list((await conn.execute(query.order_by(count.desc(), verdicts.c.chat_id).limit(limit))).scalars())


async def counts(conn: AsyncConnection) -> dict[str, int]:
    """How much there is of everything: chats, subscribed, paused, readers, verdicts, papers, listings, digests, cards,
    planned, sending, sent, failed."""
    paused = and_(chats.c.subscribed.is_(True), chats.c.paused != "")
    columns = {
        "chats": select(func.count()).select_from(chats),
        "subscribed": select(func.count()).select_from(chats).where(chats.c.subscribed.is_(True)),
        "paused": select(func.count()).select_from(chats).where(paused),
        "readers": select(func.count(verdicts.c.reader_id.distinct())),
        **{
            name: select(func.count()).select_from(tables.metadata.tables[name])
            for name in ("verdicts", "papers", "listings", "digests", "cards")
        },
        **{
            state.value: select(func.count()).select_from(tables.deliveries).where(tables.deliveries.c.state == state)
            for state in DeliveryState
        },
    }
    row = (await conn.execute(select(*(query.scalar_subquery().label(name) for name, query in columns.items())))).one()
    return dict(row._mapping)  # noqa: SLF001 - the public name of SQLAlchemy's row as a mapping
