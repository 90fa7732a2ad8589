"""The ledger as the sender sees it: every message is taken by one, and every step is written down."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.errors import PaperboyError
from bot.model import Chat, ChatKind, DeliveryState
from bot.outbox import Outbox
from storage import chats, deliveries
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
    await chat_with(db, "a", "b")
    first, second = await outbox.take(9)
    assert [one.body["text"] for one in (first, second)] == ["a", "b"]
    taken = [one for one in await asyncio.gather(*(outbox.begin(first.id) for _ in range(3))) if one is not None]
    assert [(one.id, one.state, one.attempts) for one in taken] == [(first.id, DeliveryState.SENDING, 1)]
    await outbox.sent(first.id, 55)
    assert [one.id for one in await outbox.take(9)] == [second.id]


async def test_what_was_begun_before_a_crash_is_in_doubt_and_comes_first(db: Database) -> None:
    """A new sender sees what the old one never finished, before anything new."""
    clock = MovableClock()
    await chat_with(db, "a", "b")
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
    """A group that becomes a supergroup keeps its messages; one that is gone has no address; a pause is seen."""
    outbox = Outbox(db, MovableClock())
    chat = await chat_with(db, "a")
    await outbox.migrate(100, -100777)
    assert (await outbox.address(chat.id)).telegram_id == -100777
    await outbox.pause(chat.id, "kicked")
    assert (await outbox.address(chat.id)).paused == "kicked"
    async with db.begin() as conn:
        await chats.forget(conn, chat.id)
    with pytest.raises(PaperboyError, match=str(chat.id)):
        await outbox.address(chat.id)
    assert await outbox.take(9) == []
