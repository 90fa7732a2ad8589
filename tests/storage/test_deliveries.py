"""Deliveries: nothing is sent twice, nothing is lost, and a chat's messages keep their order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ChatKind, Delivery, DeliveryState
from storage import chats, deliveries, digests
from storage.database import Database
from tests.support.builders import DAY, NOW, minutes, paper


async def make(conn: AsyncConnection, n: int = 1) -> int:
    """A chat; → its id."""
    return (await chats.ensure(conn, n, 0, ChatKind.GROUP, "", {}, NOW)).id


def ids(found: list[Delivery]) -> list[int]:
    """Which deliveries these are."""
    return [one.id for one in found]


async def _to_the_end(conn: AsyncConnection) -> list[Delivery]:
    """Send everything that is open; → in which order that was."""
    in_order: list[Delivery] = []
    while found := await deliveries.next_ones(conn, NOW, 10):
        in_order += found
        await deliveries.begin(conn, ids(found), NOW)
        await deliveries.done(conn, dict.fromkeys(ids(found), 1), NOW)
    return in_order


async def test_messages_are_planned_in_order(db: Database) -> None:
    """With whatever they hold."""
    bodies = [{"text": "a\x00<b>\U0001f600", "buttons": [[{"data": "x"}]], "n": None}, {}]
    async with db.begin() as conn:
        chat = await make(conn)
        digest = await digests.create(conn, chat, DAY, NOW, 0, [], [], [])
        planned = await deliveries.plan(conn, chat, digest.id, bodies)
        note = await deliveries.plan(conn, chat, None, [{"text": "quiet"}])
        assert planned == [
            Delivery(planned[0].id, chat, digest.id, 0, bodies[0], DeliveryState.PLANNED),
            Delivery(planned[1].id, chat, digest.id, 1, bodies[1], DeliveryState.PLANNED),
        ]
        in_order = await _to_the_end(conn)
        assert in_order == planned + note
        assert {one.telegram_id for one in in_order} == {1}
        assert await deliveries.plan(conn, chat, None, []) == []


async def test_a_message_is_taken_once(db: Database) -> None:
    """Ten that want to send it at the same moment: one gets it."""
    async with db.begin() as conn:
        (one,) = await deliveries.plan(conn, await make(conn), None, [{}])

    async def take() -> Delivery | None:
        async with db.begin() as conn:
            return (await deliveries.begin(conn, [one.id], NOW)).get(one.id)

    taken = await asyncio.gather(*(take() for _ in range(10)))
    assert [found for found in taken if found] == [replace(one, state=DeliveryState.SENDING, attempts=1)]
    async with db.begin() as conn:
        assert await deliveries.begin(conn, [one.id + 1], NOW) == {}


async def test_a_sent_message_is_done(db: Database) -> None:
    """It is not open any more, and a late failure does not open it again."""
    async with db.begin() as conn:
        (one,) = await deliveries.plan(conn, await make(conn), None, [{}])
        await deliveries.begin(conn, [one.id], NOW)
        await deliveries.done(conn, {one.id: 2**40}, NOW)
        await deliveries.failed(conn, one.id, "time-out", minutes(1), NOW)
        assert await deliveries.next_ones(conn, minutes(9), 10) == []
        assert await deliveries.begin(conn, [one.id], NOW) == {}
        assert await deliveries.failures(conn, 10) == []
        assert (await chats.counts(conn))["sent"] == 1


async def test_what_was_begun_and_never_ended_is_in_doubt(db: Database) -> None:
    """After a crash it comes first; whoever decides to send it again plans it again."""
    async with db.begin() as conn:
        first, _ = await deliveries.plan(conn, await make(conn), None, [{}, {}])
        (third,) = await deliveries.plan(conn, await make(conn, 2), None, [{}])
        await deliveries.begin(conn, [third.id], NOW)
        found = await deliveries.next_ones(conn, NOW, 10)
        assert ids(found) == [third.id, first.id]
        assert found[0].state is DeliveryState.SENDING
        await deliveries.failed(conn, third.id, "in doubt", NOW, NOW)
        again = (await deliveries.begin(conn, [third.id], NOW))[third.id]
        assert (again.attempts, again.reason) == (2, "in doubt")


async def test_a_failed_message_waits_and_holds_its_chat(db: Database) -> None:
    """The rest of its chat's messages wait behind it, other chats' do not."""
    async with db.begin() as conn:
        first, _ = await deliveries.plan(conn, await make(conn), None, [{}, {}])
        (other,) = await deliveries.plan(conn, await make(conn, 2), None, [{}])
        await deliveries.begin(conn, [first.id], NOW)
        await deliveries.failed(conn, first.id, "flood", minutes(5), NOW)
        assert ids(await deliveries.next_ones(conn, minutes(4), 10)) == [other.id]
        assert ids(await deliveries.next_ones(conn, minutes(5), 10)) == [first.id, other.id]
        found = (await deliveries.next_ones(conn, minutes(5), 1))[0]
        assert (found.reason, found.not_before, found.attempts) == ("flood", minutes(5), 1)


async def test_a_message_that_failed_for_good(db: Database) -> None:
    """It is not open, it is told, the newest first, and holds nobody."""
    async with db.begin() as conn:
        first, second, third = await deliveries.plan(conn, await make(conn), None, [{}, {}, {}])
        await deliveries.failed(conn, second.id, "blocked", None, minutes(1))
        await deliveries.failed(conn, first.id, "kicked", None, minutes(2))
        assert ids(await deliveries.next_ones(conn, minutes(9), 10)) == [third.id]
        found = await deliveries.failures(conn, 10)
        assert [(one.id, one.reason, one.state) for one in found] == [
            (first.id, "kicked", DeliveryState.FAILED),
            (second.id, "blocked", DeliveryState.FAILED),
        ]
        assert ids(await deliveries.failures(conn, 1)) == [first.id]


async def test_a_message_becomes_others_in_its_place(db: Database) -> None:
    """What shows the same in another form comes where it stood: before whatever else waits in that chat, and in no other
    chat's way."""
    async with db.begin() as conn:
        chat, other = await make(conn, 91), await make(conn, 92)
        first, *_ = await deliveries.plan(conn, chat, None, [{"text": "rich"}, {"text": "next"}])
        await deliveries.plan(conn, other, None, [{"text": "elsewhere"}])
        await deliveries.plan(conn, chat, None, [{"text": "later"}])
        await deliveries.begin(conn, [first.id], NOW)
        became = await deliveries.replan(conn, first.id, [{"text": "a"}, {"text": "b"}, {"text": "c"}])
        assert became is not None
        assert (became.id, became.body, became.state) == (first.id, {"text": "a"}, DeliveryState.SENDING)
        open_now = await _to_the_end(conn)
        mine = [one for one in open_now if one.chat_id == chat]
        assert [one.body["text"] for one in mine] == ["a", "b", "c", "next", "later"]
        assert [one.position for one in mine] == [0, 1, 2, 3, 2]
        assert [one.body["text"] for one in open_now if one.chat_id == other] == ["elsewhere"]
        assert await deliveries.replan(conn, 10**6, [{"text": "a"}]) is None


async def test_a_card_is_unfolded_by_one(db: Database) -> None:
    """Of several who begin at once one goes on, until it is done or has been at it for too long."""
    patience = timedelta(minutes=2)
    async with db.begin() as conn:
        chat = await make(conn)

    async def begins(now: datetime) -> bool:
        async with db.begin() as conn:
            return await deliveries.begin_unfolding(conn, chat, 5, paper(1).id, now, patience)

    for now in (NOW, NOW + patience):
        assert sorted(await asyncio.gather(*(begins(now) for _ in range(4)))) == [False, False, False, True]
    async with db.begin() as conn:
        assert await deliveries.open_card(conn, chat, 5, paper(1).id) == ()
        await deliveries.unfold(conn, chat, 5, paper(1).id, (6,), NOW)
    assert not await begins(NOW + 9 * patience)
    async with db.begin() as conn:
        assert await deliveries.folded(conn, chat, 5, paper(1).id) == (6,)
    assert await begins(NOW)


async def test_a_card_is_unfolded_and_folded(db: Database) -> None:
    """Which messages it consists of is known exactly once."""
    async with db.begin() as conn:
        chat = await make(conn)
        assert await deliveries.folded(conn, chat, 5, paper(1).id) is None
        await deliveries.unfold(conn, chat, 5, paper(1).id, (6, 2**40), NOW)
        await deliveries.unfold(conn, chat, 5, paper(2).id, (), NOW)
        await deliveries.unfold(conn, chat, 5, paper(1).id, (7,), minutes(1))
        assert await deliveries.folded(conn, chat, 5, paper(1).id) == (7,)
        assert await deliveries.folded(conn, chat, 5, paper(1).id) is None
        assert await deliveries.folded(conn, chat, 5, paper(2).id) == ()
