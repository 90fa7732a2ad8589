"""How the bot is doing: the last attempts, the numbers, and what failed for good."""

from __future__ import annotations

from bot.model import ChatKind, ListingState, VerdictKind
from bot.status import Status
from storage import chats, deliveries, listings, verdicts
from storage.database import Database
from tests.support import builders
from tests.support.movable_clock import MovableClock


async def test_an_empty_bot_has_nothing_to_tell(db: Database) -> None:
    """Before anybody came everything is empty, and nothing breaks."""
    clock = MovableClock()
    view = await Status(db, clock).overview()
    assert (view.now, view.polls, view.failures) == (clock(), (), ())
    assert set(view.counts.values()) == {0}


async def test_polls_numbers_and_failures_are_told(db: Database) -> None:
    """Every category's last attempt; chats, readers and verdicts; the ten newest failures, newest first."""
    clock = MovableClock()
    throttled = builders.poll("cs.CL", ListingState.THROTTLED, page_date=None, detail="http-429", failures=2)
    async with db.begin() as conn:
        for poll in (builders.poll("cs.LG"), throttled):
            await listings.save_poll(conn, poll)
        chat = await chats.ensure(conn, 100, 0, ChatKind.GROUP, "Lab", {"subscribed": True}, clock())
        for reader in (1, 2):
            await verdicts.cast(conn, chat.id, reader, builders.paper(1).id, VerdictKind.LIKE, clock())
        planned = await deliveries.plan(conn, chat.id, None, [{"text": str(n)} for n in range(13)])
        for n, one in enumerate(planned[:12]):
            clock.advance(seconds=1)
            await deliveries.failed(conn, one.id, f"reason {n}", None, clock())
    view = await Status(db, clock).overview()
    assert {poll.category: (poll.state, poll.failures) for poll in view.polls} == {
        "cs.LG": (ListingState.FRESH, 0),
        "cs.CL": (ListingState.THROTTLED, 2),
    }
    assert {name: view.counts[name] for name in ("chats", "readers", "verdicts")} == {
        "chats": 1,
        "readers": 2,
        "verdicts": 2,
    }
    assert [one.reason for one in view.failures] == [f"reason {n}" for n in range(11, 1, -1)]
