"""Administrators are told once that something has been wrong for too long, and once that it is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.alerts import LATE, Alerts, News, news, troubles
from bot.model import Alert, Chat, ChatKind, ListingState, Trouble, TroubleKind
from bot.status import Measures, Status
from storage import chats, listings
from storage.database import Database
from tests.support import builders as a
from tests.support.ledger import open_messages
from tests.support.movable_clock import MovableClock

ADMIN, STRANGER = 501, 502
LG = Trouble(TroubleKind.LISTING, "cs.LG", "http-429")
LAG = Trouble(TroubleKind.LAG, minutes=15)


def measures(lag: float = 0.0, **states: ListingState) -> Measures:
    """How the bot is doing; listings by name, with an underscore for the dot."""
    polls = tuple(a.poll(name.replace("_", "."), state) for name, state in states.items())
    return Measures(polls, {}, lag, 1, {})


def told(chat: Chat, found: News) -> list[dict[str, object]]:
    """A body that says whom it is for and what is in it."""
    return [{"text": f"{chat.telegram_id}: {[one.key for one in found.begun]} {list(found.over)}"}]


async def reader_of(conn: chats.AsyncConnection, telegram_id: int, category: str) -> Chat:
    """A subscribed chat with a category."""
    kind, settings = ChatKind.PRIVATE, {"subscribed": True}
    return await chats.ensure(conn, telegram_id, 0, kind, "", settings, a.NOW, categories=(category,))


def test_troubles_are_found() -> None:
    """A listing that is throttled or failed, and tables that are fifteen minutes late; nothing else."""
    fine = measures(LATE.total_seconds() - 1, cs_LG=ListingState.FRESH, cs_CL=ListingState.WAITING)
    assert troubles(fine) == []
    bad = measures(LATE.total_seconds(), cs_LG=ListingState.THROTTLED, cs_CL=ListingState.FAILED)
    assert [one.key for one in troubles(bad)] == ["listing:cs.LG", "listing:cs.CL", "lag:"]


@pytest.mark.parametrize(
    ("known", "present", "expected"),
    [
        ([], [LG], News((), ())),
        ([Alert(LG.key, a.NOW - timedelta(hours=5.9))], [LG], News((), ())),
        ([Alert(LG.key, a.NOW - timedelta(hours=6))], [LG], News((LG,), ())),
        ([Alert(LG.key, a.NOW - timedelta(hours=9), a.NOW - timedelta(hours=3))], [LG], News((), ())),
        ([Alert(LG.key, a.NOW - timedelta(hours=9), a.NOW - timedelta(hours=3))], [], News((), (LG.key,))),
        ([Alert(LG.key, a.NOW - timedelta(hours=5))], [], News((), ())),
        ([], [LAG], News((LAG,), ())),
    ],
)
def test_what_is_told(known: list[Alert], present: list[Trouble], expected: News) -> None:
    """A listing after six hours, lateness at once, each once; the end only of what was told."""
    assert news(known, present, a.NOW) == expected


async def test_a_lasting_trouble_is_told_once_to_administrators_alone(db: Database) -> None:
    """Ten hours of failure are one message in the ledger of each administrator's private chat, and its end is another."""
    clock = MovableClock()
    async with db.begin() as conn:
        for telegram_id in (ADMIN, STRANGER):
            await reader_of(conn, telegram_id, "cs.LG")
        await listings.save_poll(conn, a.poll("cs.LG", ListingState.FAILED))
    # An administrator who never spoke to the bot cannot be written to.
    watch = Alerts(db, Status(db, clock), clock, {ADMIN, 503}, told)
    for _ in range(120):
        await watch.look()
        clock.advance(seconds=300)
    async with db.begin() as conn:
        await listings.save_poll(conn, a.poll("cs.LG"))
    for _ in range(3):
        await watch.look()
    async with db.read() as conn:
        open_ones = await open_messages(conn)
    assert [one.body["text"] for one in open_ones] == ["501: ['listing:cs.LG'] []", "501: [] ['listing:cs.LG']"]


async def test_a_listing_that_nobody_reads_any_more_troubles_nobody(db: Database) -> None:
    """What failed once and is not tried again, since the chat has chosen another category, is not told."""
    clock = MovableClock()
    async with db.begin() as conn:
        chat = await reader_of(conn, ADMIN, "econ.EM")
        await listings.save_poll(conn, a.poll("econ.EM", ListingState.FAILED))
    watch = Alerts(db, Status(db, clock), clock, {ADMIN}, told)
    await watch.look()
    async with db.begin() as conn:
        await chats.set_categories(conn, chat.id, ("cs.LG",), None)
    clock.advance(seconds=7 * 3600)
    assert await watch.look() == News((), ())


async def test_a_trouble_that_returns_is_told_again(db: Database) -> None:
    """After it was over, the patience begins anew."""
    clock = MovableClock()
    async with db.begin() as conn:
        chat = await chats.ensure(conn, ADMIN, 0, ChatKind.PRIVATE, "", {}, clock())
        await chats.update(conn, chat.id, subscribed=True, next_at=clock())
    watch = Alerts(db, Status(db, clock), clock, {ADMIN}, told)
    seen = []
    for late in (0, 16, 1, 0, 30):
        async with db.begin() as conn:
            await chats.update(conn, chat.id, next_at=clock() - timedelta(minutes=late))
        found = await watch.look()
        seen.append((len(found.begun), len(found.over)))
    assert seen == [(0, 0), (1, 0), (0, 1), (0, 0), (1, 0)]
