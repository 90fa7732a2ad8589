"""The ledger as the sender sees it: every message is taken by one, and every step is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from telegram.error import Forbidden

from bot.chat.delivery import Postman
from bot.errors import DatabaseLocked
from bot.model import Chat, ChatKind, Delivery, DeliveryState
from bot.outbox import Outbox
from storage import chats, deliveries, tables
from storage.database import Database
from tests.support.movable_clock import MovableClock


async def chat_with(db: Database, *texts: str, telegram_id: int = 100) -> Chat:
    """A chat for which these messages are planned."""
    async with db.begin() as conn:
        chat = await chats.ensure(conn, telegram_id, 0, ChatKind.GROUP, "Lab", {"subscribed": True}, MovableClock()())
        await deliveries.plan(conn, chat.id, None, [{"text": text} for text in texts])
    return chat


async def test_a_message_is_taken_by_one_and_sent_once(db: Database) -> None:
    """Of two senders one gets it; what is sent is not taken again."""
    outbox = Outbox(db, MovableClock())
    chat = await chat_with(db, "a", "b")
    [first] = await outbox.take(9)
    assert await outbox.take(9, {first.id}) == []
    taken = [one for one in await asyncio.gather(*(outbox.begin(first.id) for _ in range(3))) if one is not None]
    assert [(one.id, one.state, one.attempts, to.id) for one, to in taken] == [
        (first.id, DeliveryState.SENDING, 1, chat.id)
    ]
    await outbox.sent(first.id, 55)
    assert [one.body["text"] for one in await outbox.take(9)] == ["b"]


async def test_what_was_begun_before_a_crash_is_in_doubt_and_comes_first(db: Database) -> None:
    """A new sender sees what the old one never finished, before anything new."""
    clock = MovableClock()
    await chat_with(db, "a", telegram_id=7)
    await chat_with(db, "b", telegram_id=8)
    first, second = await Outbox(db, clock).take(9)
    await Outbox(db, clock).begin(second.id)
    doubtful, planned = await Outbox(db, clock).take(9)
    assert (doubtful.id, doubtful.state) == (second.id, DeliveryState.SENDING)
    assert (planned.id, planned.state) == (first.id, DeliveryState.PLANNED)


async def test_a_failure_is_tried_again_then_or_never(db: Database) -> None:
    """With a time it waits for that time; without one it is over, with its reason."""
    clock = MovableClock()
    outbox = Outbox(db, clock)
    await chat_with(db, "a")
    [one] = await outbox.take(9)
    await outbox.begin(one.id)
    await outbox.failed(one.id, "flood", clock() + timedelta(seconds=30))
    assert await outbox.take(9) == []
    clock.advance(seconds=31)
    assert [again.id for again in await outbox.take(9)] == [one.id]
    await outbox.begin(one.id)
    await outbox.failed(one.id, "blocked", None)
    clock.advance(hours=99)
    assert await outbox.take(9) == []
    async with db.read() as conn:
        [failed] = await deliveries.failures(conn, 9)
    assert (failed.reason, failed.attempts) == ("blocked", 2)


async def test_addresses_follow_the_chat(db: Database) -> None:
    """A group that becomes a supergroup keeps its messages; a pause is seen; one that was forgotten has none."""
    outbox = Outbox(db, MovableClock())
    chat = await chat_with(db, "a", "b")
    await outbox.migrate(100, -100777)
    await outbox.pause(chat.id, "kicked")
    [one] = await outbox.take(9)
    begun = await outbox.begin(one.id)
    assert begun is not None
    assert (begun[1].telegram_id, begun[1].paused) == (-100777, "kicked")
    await outbox.sent(one.id, 1)
    [other] = await outbox.take(9)
    async with db.begin() as conn:
        await chats.forget(conn, chat.id)
    assert await outbox.begin(other.id) is None
    assert await outbox.take(9) == []


async def test_a_chat_that_was_forgotten_keeps_no_message_of_others_waiting(db: Database) -> None:
    """Who deletes everything and blocks the bot while a message is on its way: there is nothing to write down, and the
    others get theirs."""
    outbox = Outbox(db, MovableClock())
    gone = await chat_with(db, "a", telegram_id=7)
    await chat_with(db, "b", telegram_id=8)
    await chat_with(db, "c", telegram_id=9)
    arrived: list[str] = []

    async def post(chat: Chat, body: Mapping[str, object]) -> int:
        if chat.id == gone.id:
            async with db.begin() as conn:
                await chats.forget(conn, gone.id)
            raise Forbidden("Forbidden: bot was blocked by the user")
        arrived.append(str(body["text"]))
        return 5

    postman = Postman(outbox, post, MovableClock(), concurrency=1, sleep=lambda _: asyncio.sleep(0))
    await postman.deliver()
    assert (arrived, postman.trouble) == (["b", "c"], "")


async def test_steps_at_the_same_time_share_their_transactions(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many messages are begun and sent in few transactions, and each is as if it had had its own."""
    outbox = Outbox(db, MovableClock())
    for number in range(1, 61):
        await chat_with(db, "a", telegram_id=number)
    transactions = 0
    begin = db.begin

    def counted() -> AbstractAsyncContextManager[AsyncConnection]:
        nonlocal transactions
        transactions += 1
        return begin()

    monkeypatch.setattr(db, "begin", counted)

    async def step(number: int, delivery: Delivery) -> str:
        begun = await outbox.begin(delivery.id)
        assert begun is not None
        if number % 3 == 0:
            await outbox.failed(delivery.id, "no", None)
            return "failed"
        await outbox.sent(delivery.id, 1000 + number)
        return "sent"

    taken = await outbox.take(99)
    became = await asyncio.gather(*(step(number, one) for number, one in enumerate(taken)))
    assert transactions <= 4
    async with db.read() as conn:
        rows = (await conn.execute(select(tables.deliveries).order_by(tables.deliveries.c.id))).all()
    assert [row.state for row in rows] == became
    assert [row.message_id for row in rows] == [None if n % 3 == 0 else 1000 + n for n in range(60)]


async def test_who_cannot_be_written_down_is_told(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the database fails, each step that was to be written down fails; later ones go on."""
    outbox = Outbox(db, MovableClock())
    await chat_with(db, "a", telegram_id=1)
    await chat_with(db, "a", telegram_id=2)
    taken = await outbox.take(9)

    def locked() -> AbstractAsyncContextManager[AsyncConnection]:
        raise DatabaseLocked(db.place)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(db, "begin", locked)
        results = await asyncio.gather(*(outbox.begin(one.id) for one in taken), return_exceptions=True)
    assert [type(one) for one in results] == [DatabaseLocked, DatabaseLocked]
    assert all(await asyncio.gather(*(outbox.begin(one.id) for one in taken)))
