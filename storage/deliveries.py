"""Deliveries: every message is written down before it is sent, and again after; and which cards are unfolded where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Text, and_, bindparam, cast, delete, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, DeliveryState
from storage.sql import AnyRow, as_given, chunks, insert
from storage.tables import chats, deliveries, digests, openings, unfolded

OPEN = (DeliveryState.PLANNED.value, DeliveryState.SENDING.value)


async def plan(
    conn: AsyncConnection, chat_id: int, digest_id: int | None, bodies: Iterable[Mapping[str, object]]
) -> list[Delivery]:
    """Write down messages that are to be sent to the chat, in this order."""
    planned = []
    for entry in _entries(chat_id, digest_id, bodies):
        made = await conn.execute(insert(conn, deliveries).values(entry).returning(deliveries))
        planned.append(_delivery_of(made.one()))
    return planned


async def plan_all(
    conn: AsyncConnection, subjects: Iterable[tuple[int, int | None, Iterable[Mapping[str, object]]]]
) -> None:
    """The same for several digests or notes: each with its chat, its number if it is a digest, and its messages."""
    entries = [entry for subject in subjects for entry in _entries(*subject)]
    if entries:
        await conn.execute(insert(conn, deliveries), entries)


def _entries(
    chat_id: int, digest_id: int | None, bodies: Iterable[Mapping[str, object]]
) -> Iterator[dict[str, object]]:
    for position, body in enumerate(bodies):
        yield {
            "chat_id": chat_id,
            "digest_id": digest_id,
            "position": position,
            "body": dict(body),
            "state": DeliveryState.PLANNED,
            "attempts": 0,
            "reason": "",
        }


async def next_ones(conn: AsyncConnection, now: datetime, limit: int, held: Collection[int] = ()) -> list[Delivery]:
    """What is to be sent next, of each chat its first message that is not done: messages that are in doubt (SENDING:
    somebody began and never said how it went), then planned ones whose time has come, in order; without those that are
    `held`, whose chats have nothing to be sent meanwhile."""
    earlier = deliveries.alias()
    must_wait = exists().where(
        earlier.c.chat_id == deliveries.c.chat_id, earlier.c.state.in_(OPEN), earlier.c.id < deliveries.c.id
    )
    place = select(chats.c.telegram_id).where(chats.c.id == deliveries.c.chat_id).scalar_subquery()
    first = select(deliveries, place.label("telegram_id")).where(~must_wait).order_by(deliveries.c.id)
    if held:
        first = first.where(deliveries.c.id.not_in(held))
    doubtful = first.where(deliveries.c.state == DeliveryState.SENDING)
    due = first.where(
        deliveries.c.state == DeliveryState.PLANNED,
        or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now),
    )
    found: list[Delivery] = []
    for query in (doubtful, due):  # two, so that the index gives their order and nothing has to be sorted
        if len(found) < limit:
            rows = await conn.execute(query.limit(limit - len(found)))
            found += [replace(_delivery_of(row), telegram_id=row.telegram_id) for row in rows]
    return found


async def begin(conn: AsyncConnection, delivery_ids: Iterable[int], now: datetime) -> dict[int, Delivery]:
    """Take planned messages in order to send them now; without those that somebody else has, or that are done or gone."""
    taken: dict[int, Delivery] = {}
    for some in chunks(delivery_ids):
        rows = await conn.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(some), deliveries.c.state == DeliveryState.PLANNED)
            .values(state=DeliveryState.SENDING, attempts=deliveries.c.attempts + 1, updated_at=now)
            .returning(deliveries)
        )
        taken |= {row.id: _delivery_of(row) for row in rows}
    return taken


async def replan(conn: AsyncConnection, delivery_id: int, bodies: Sequence[Mapping[str, object]]) -> Delivery | None:
    """Let a message that is being sent become these, the first of which is being sent in its place; the others come
    before whatever else is planned for the chat. None if the message is gone.

    What is planned gets new numbers, since messages go in the order of their numbers.
    """
    first, *others = bodies
    taken = await conn.execute(
        update(deliveries).where(deliveries.c.id == delivery_id).values(body=dict(first)).returning(deliveries)
    )
    row = taken.one_or_none()
    if row is None:
        return None
    if others:
        later = await conn.execute(
            select(deliveries)
            .where(
                deliveries.c.chat_id == row.chat_id,
                deliveries.c.id > delivery_id,
                deliveries.c.state == DeliveryState.PLANNED,
            )
            .order_by(deliveries.c.id)
        )
        waiting = [dict(one._mapping) for one in later]  # noqa: SLF001 - SQLAlchemy's documented name
        await conn.execute(delete(deliveries).where(deliveries.c.id.in_([one["id"] for one in waiting])))
        fresh = {"chat_id": row.chat_id, "digest_id": row.digest_id, "state": DeliveryState.PLANNED, "attempts": 0}
        between = [
            fresh | {"position": row.position + place, "body": dict(body), "reason": ""}
            for place, body in enumerate(others, 1)
        ]
        for one in waiting:
            del one["id"]
            one["position"] += len(others) if one["digest_id"] == row.digest_id else 0
        for one in (*between, *waiting):
            await conn.execute(insert(conn, deliveries).values(**one))
    return _delivery_of(row)


async def done(conn: AsyncConnection, message_ids: Mapping[int, int], now: datetime) -> None:
    """Write down that messages were sent, and Telegram's number of each."""
    if not message_ids:
        return
    sent = (
        update(deliveries)
        .where(deliveries.c.id == bindparam("delivery"))
        .values(state=DeliveryState.SENT, message_id=bindparam("message"), reason="", not_before=None, updated_at=now)
    )
    await conn.execute(sent, [{"delivery": one, "message": message} for one, message in message_ids.items()])


async def failed(
    conn: AsyncConnection, delivery_id: int, reason: str, retry_at: datetime | None, now: datetime
) -> None:
    """Write down that the message was not sent: for good, or planned again for `retry_at`. A sent one stays sent."""
    state = DeliveryState.FAILED if retry_at is None else DeliveryState.PLANNED
    await conn.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery_id, deliveries.c.state != DeliveryState.SENT)
        .values(state=state, reason=reason, not_before=retry_at, updated_at=now)
    )


async def failures(conn: AsyncConnection, limit: int) -> list[Delivery]:
    """The last `limit` messages that failed for good, newest first."""
    query = (
        select(deliveries)
        .where(deliveries.c.state == DeliveryState.FAILED)
        .order_by(deliveries.c.updated_at.desc(), deliveries.c.id.desc())
        .limit(limit)
    )
    return [_delivery_of(row) for row in await conn.execute(query)]


async def unsent(conn: AsyncConnection) -> dict[str, int]:
    """How many messages are planned, on their way, and failed for good."""
    states = (*OPEN, DeliveryState.FAILED.value)
    query = (
        select(deliveries.c.state, func.count().label("messages"))
        .where(deliveries.c.state.in_(states))
        .group_by(deliveries.c.state)
    )
    found = {row.state: int(row.messages) for row in await conn.execute(query)}
    return {state: found.get(state, 0) for state in states}


async def behind_since(conn: AsyncConnection) -> datetime | None:
    """When the oldest digest was made that has a message waiting, one that was put off after a failure aside; None if
    none waits."""
    query = (
        select(func.min(digests.c.created_at))
        .join_from(deliveries, digests, deliveries.c.digest_id == digests.c.id)
        .where(deliveries.c.state == DeliveryState.PLANNED, deliveries.c.not_before.is_(None))
    )
    found: datetime | None = await conn.scalar(query)
    return found


async def unfold(
    conn: AsyncConnection, chat_id: int, message_id: int, paper_id: str, card_ids: Sequence[int], now: datetime
) -> None:
    """Write down that a card stands open under a table's message, and which messages it consists of; that somebody
    looked at the paper stays known when it is folded."""
    upsert = insert(conn, unfolded).values(
        chat_id=chat_id, message_id=message_id, paper_id=paper_id, card_message_ids=list(card_ids), at=now
    )
    key = ["chat_id", "message_id", "paper_id"]
    await conn.execute(upsert.on_conflict_do_update(index_elements=key, set_=as_given(upsert)))
    looked = insert(conn, openings).values(chat_id=chat_id, paper_id=paper_id, at=now)
    await conn.execute(
        looked.on_conflict_do_update(index_elements=["chat_id", "paper_id"], set_={"at": looked.excluded.at})
    )


async def begin_unfolding(
    conn: AsyncConnection, chat_id: int, message_id: int, paper_id: str, now: datetime, patience: timedelta
) -> bool:
    """Note that a card is about to be unfolded under a table's message, which `unfold` or `folded` ends; False where one
    stands open there, or where somebody has been at it for less than `patience`."""
    upsert = insert(conn, unfolded).values(
        chat_id=chat_id, message_id=message_id, paper_id=paper_id, card_message_ids=[], at=now
    )
    noted = await conn.execute(
        upsert.on_conflict_do_update(
            index_elements=["chat_id", "message_id", "paper_id"],
            set_={"at": upsert.excluded.at},
            where=and_(_BEGUN, unfolded.c.at <= now - patience),
        ).returning(unfolded.c.chat_id)
    )
    return noted.first() is not None


_BEGUN = cast(unfolded.c.card_message_ids, Text) == "[]"


async def forget_begun(conn: AsyncConnection) -> None:
    """Forget which cards were about to be unfolded: whoever was at it is gone."""
    await conn.execute(delete(unfolded).where(_BEGUN))


async def open_card(conn: AsyncConnection, chat_id: int, message_id: int, paper_id: str) -> tuple[int, ...] | None:
    """The messages of the card that stands open under the message, () while somebody is unfolding it; None if none
    does."""
    query = select(unfolded.c.card_message_ids).where(
        unfolded.c.chat_id == chat_id, unfolded.c.message_id == message_id, unfolded.c.paper_id == paper_id
    )
    row = (await conn.execute(query)).one_or_none()
    return tuple(row.card_message_ids) if row is not None else None


async def folded(conn: AsyncConnection, chat_id: int, message_id: int, paper_id: str) -> tuple[int, ...] | None:
    """Forget that the card stands open; → the messages it consists of, None if it was not open."""
    taken = await conn.execute(
        delete(unfolded)
        .where(unfolded.c.chat_id == chat_id, unfolded.c.message_id == message_id, unfolded.c.paper_id == paper_id)
        .returning(unfolded.c.card_message_ids)
    )
    row = taken.one_or_none()
    return tuple(row.card_message_ids) if row is not None else None


def _delivery_of(row: AnyRow) -> Delivery:
    return Delivery(
        id=row.id,
        chat_id=row.chat_id,
        digest_id=row.digest_id,
        position=row.position,
        body=row.body,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        message_id=row.message_id,
        reason=row.reason,
        not_before=row.not_before,
    )
