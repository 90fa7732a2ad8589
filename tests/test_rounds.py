"""The postman's round: everybody's hour is served, and nobody's trouble is anybody else's."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web

from bot.digest import Digests, DigestView, QuietView
from bot.errors import Unreachable
from bot.model import Chat, ChatKind, Delivery, ListingState, Paper, Poll
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.lookup import Lookup
from bot.reading import Reading
from bot.rounds import Rounds
from bot.schedule import QuietKind
from storage import chats, digests, institutions, listings
from storage.database import Database
from tests.support import builders
from tests.support.far_end import far_end
from tests.support.ledger import open_messages
from tests.support.movable_clock import MovableClock

WED = date(2026, 2, 18)
EIGHT = datetime(2026, 2, 18, 8, tzinfo=UTC)
TOMORROW = EIGHT + timedelta(days=1)


@dataclass
class Post:
    """The round with its database and clock. `meanwhile` happens to chats while the listings are looked at, `while_made`
    while a table is made, as does `interruption`; a chat whose title is in `broken` cannot be laid out."""

    db: Database
    reading: Reading
    clock: MovableClock
    broken: dict[str, Exception] = field(default_factory=dict)
    looks: list[Sequence[str]] = field(default_factory=list)
    meanwhile: dict[int, dict[str, object]] = field(default_factory=dict)
    while_made: dict[int, dict[str, object]] = field(default_factory=dict)
    interruption: Callable[[], Awaitable[object]] | None = None

    def __post_init__(self) -> None:
        self.digests = Digests(self.db, self.clock, self.look, self.find_institutions)
        self.rounds = Rounds(
            self.db,
            self.digests,
            self.reading,
            self.clock,
            lay_out=self.lay_out,
            lay_out_note=self.lay_out_note,
        )

    async def look(self, names: Sequence[str]) -> None:
        """Has a look, during which chats change what they want."""
        self.looks.append(names)
        await self.happen(self.meanwhile)

    async def find_institutions(self, chosen: Sequence[Paper]) -> None:
        """Finds none, but takes the time in which chats change what they want; breaks where one was forgotten."""
        changes, self.while_made = self.while_made, {}
        interruption, self.interruption = self.interruption, None
        await self.happen(changes)
        if interruption is not None:
            await interruption()
        if {} in changes.values():
            raise RuntimeError("nobody there")

    async def happen(self, changes: Mapping[int, Mapping[str, object]]) -> None:
        """Chats change these columns, or are forgotten where there are none."""
        async with self.db.begin() as conn:
            for chat_id, columns in changes.items():
                if columns:
                    await chats.update(conn, chat_id, **columns)
                else:
                    await chats.forget(conn, chat_id)

    def lay_out(self, view: DigestView) -> list[Mapping[str, object]]:
        """One message a digest."""
        if view.chat.title in self.broken:
            raise self.broken[view.chat.title]
        return [{"text": view.chat.title}]

    def lay_out_note(self, view: QuietView) -> list[Mapping[str, object]]:
        """One message a note."""
        return [{"text": view.kind.value}]

    async def chat(self, title: str, *names: str, **fields: object) -> Chat:
        """A subscribed chat that is due at eight."""
        async with self.db.begin() as conn:
            number = 100 + (await chats.counts(conn))["chats"]
            start = {"subscribed": True, "next_at": EIGHT} | fields
            chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, title, start, EIGHT)
            await chats.set_categories(conn, chat.id, names or ("cs.LG",), WED)
        return chat

    async def announce(self, category: str = "cs.LG", *numbers: int) -> None:
        """A listing of Wednesday comes in."""
        async with self.db.begin() as conn:
            await listings.save_page(conn, builders.page(category, WED, new=numbers or (1, 2)), self.clock())
            await listings.save_poll(conn, Poll(category, self.clock(), ListingState.FRESH, WED))

    async def trouble(self, category: str = "cs.LG", state: ListingState = ListingState.THROTTLED) -> None:
        """The last attempt at a category failed."""
        async with self.db.begin() as conn:
            await listings.save_poll(conn, Poll(category, self.clock(), state, None, "http-429", 1))

    async def now(self, chat: Chat) -> Chat:
        """The chat as it is stored now."""
        async with self.db.read() as conn:
            found = await chats.get(conn, chat.id)
        assert found is not None
        return found

    async def planned(self) -> list[Delivery]:
        """The messages in the ledger, in order."""
        async with self.db.read() as conn:
            return await open_messages(conn)

    async def texts(self) -> list[object]:
        """What they say."""
        return [one.body["text"] for one in await self.planned()]


@dataclass
class Site:
    """An arXiv that has no HTML of anything, or another answer to everything."""

    status: int = 404
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any GET."""
        self.asked.append(request.path)
        return web.Response(status=self.status)


@pytest.fixture
def site() -> Site:
    """The arXiv that `post` reads."""
    return Site()


@pytest.fixture
async def post(db: Database, site: Site) -> AsyncIterator[Post]:
    """A round at eight on Wednesday."""
    clock = MovableClock(EIGHT)
    async with far_end(site.answer) as url, Client("", arxiv_delay=0, api_delay=0, patience=0, timeout=5) as client:
        reading = Reading(db, Lookup(client, f"{url}/api/query"), FullTexts(client, url), clock)
        made = Post(db, reading, clock)
        yield made
        await made.digests.close()
        await reading.close()


async def test_a_round_serves_who_is_due_and_looks_once(post: Post) -> None:
    """All due chats' categories are looked at together; each chat gets its table, once, and its next hour."""
    ada, bo = await post.chat("Ada"), await post.chat("Bo", "cs.CL", "cs.LG")
    later = await post.chat("Later", next_at=EIGHT + timedelta(minutes=1))
    await post.announce("cs.LG")
    await post.rounds.due()
    assert post.looks == [["cs.CL", "cs.LG"]]
    assert await post.texts() == ["Ada", "Bo"]
    assert [(await post.now(chat)).next_at for chat in (ada, bo, later)] == [TOMORROW, TOMORROW, later.next_at]
    await post.rounds.due()
    assert await post.texts() == ["Ada", "Bo"]
    assert len(post.looks) == 1


@pytest.mark.parametrize("error", [RuntimeError("a broken template"), Unreachable("arxiv.org", "reset")])
async def test_one_chats_trouble_does_not_touch_the_others(
    post: Post, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """The others are served in the same round, the troubled one in a later round, whole."""
    ada, bo = await post.chat("Ada"), await post.chat("Bo")
    await post.announce()
    post.broken["Ada"] = error
    with caplog.at_level(logging.WARNING):
        await post.rounds.due()
    assert f"chat {ada.id} was not served" in caplog.text
    assert await post.texts() == ["Bo"]
    assert (await post.now(bo)).next_at == TOMORROW
    post.broken.clear()
    post.clock.advance(seconds=601)
    await post.rounds.due()
    assert await post.texts() == ["Bo", "Ada"]


async def test_a_table_that_another_program_makes_meanwhile_is_made_once(post: Post) -> None:
    """Whoever writes it first has made it; the others of the part get theirs all the same, and nobody gets two."""
    ada, bo, cy = [await post.chat(title) for title in ("Ada", "Bo", "Cy")]
    await post.announce()
    other = Digests(post.db, post.clock, post.look, post.find_institutions)
    post.interruption = lambda: other.make(bo.id, post.lay_out)
    await post.rounds.due()
    assert sorted(map(str, await post.texts())) == ["Ada", "Bo", "Cy"]
    assert [(await post.now(chat)).next_at for chat in (ada, bo, cy)] == [TOMORROW] * 3
    await post.rounds.due()
    assert len(await post.texts()) == 3


async def test_who_asks_for_a_table_meanwhile_keeps_nobody_waiting(post: Post) -> None:
    """A table that a press is making is not made beside it; the others of the part are served before it is done."""
    ada, bo, cy = [await post.chat(title) for title in ("Ada", "Bo", "Cy")]
    await post.announce()
    begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def take_long() -> None:
        begun.set()
        await may_go_on.wait()

    post.interruption = take_long
    asked = asyncio.create_task(post.digests.make(ada.id))
    await begun.wait()
    round_ = asyncio.create_task(post.rounds.due())
    while len(await post.planned()) < 2:  # noqa: ASYNC110 - a database tells nobody when it changes
        await asyncio.sleep(0.01)
    assert await post.texts() == ["Bo", "Cy"]
    may_go_on.set()
    assert await asked is not None
    await round_
    assert await post.texts() == ["Bo", "Cy"]
    assert [(await post.now(chat)).next_at for chat in (ada, bo, cy)] == [TOMORROW] * 3


async def test_what_ends_in_the_middle_of_a_part_is_done_again_whole(post: Post) -> None:
    """A program that ends while a part is served has kept nothing of it, and the next one serves everybody once."""
    everybody = [await post.chat(title) for title in ("Ada", "Bo", "Cy")]
    await post.announce()
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    post.interruption = hang
    round_ = asyncio.create_task(post.rounds.due())
    await begun.wait()
    round_.cancel()
    await asyncio.wait((round_,))
    assert await post.texts() == []
    assert [await post.now(chat) for chat in everybody] == everybody
    await post.rounds.due()
    assert await post.texts() == ["Ada", "Bo", "Cy"]


async def test_a_chat_that_is_forgotten_while_it_breaks_ends_no_round(post: Post) -> None:
    """Even putting off the troubled chat may fail; the next one is served all the same."""
    ada = await post.chat("Ada")
    await post.chat("Bo")
    await post.announce()
    post.while_made = {ada.id: {}}
    await post.rounds.due()
    assert await post.texts() == ["Bo"]


async def test_what_a_chat_decides_during_the_round_counts(post: Post) -> None:
    """Looking takes minutes; who unsubscribes, is forgotten or chooses another hour meanwhile is not served nor moved."""
    gone, off, moved, paused = [await post.chat(title) for title in ("Gone", "Off", "Moved", "Paused")]
    evening = EIGHT + timedelta(hours=12)
    post.meanwhile = {
        gone.id: {},
        off.id: {"subscribed": False, "next_at": None},
        moved.id: {"next_at": evening},
        paused.id: {"paused": "blocked"},
    }
    await post.announce()
    await post.rounds.due()
    assert await post.texts() == []
    assert [(await post.now(chat)).next_at for chat in (off, moved, paused)] == [None, evening, EIGHT]


async def test_an_hour_chosen_while_the_table_is_made_stays(post: Post) -> None:
    """The table that was begun is posted; the next hour is the one that was chosen."""
    ada = await post.chat("Ada")
    evening = EIGHT + timedelta(hours=12)
    post.while_made = {ada.id: {"next_at": evening}}
    await post.announce()
    await post.rounds.due()
    assert await post.texts() == ["Ada"]
    assert (await post.now(ada)).next_at == evening


async def test_a_held_hour_is_tried_again_until_the_table_is_there(post: Post) -> None:
    """An unreachable listing holds the hour open: it is told once, tried again in minutes, and served when it comes."""
    ada = await post.chat("Ada")
    await post.trouble()
    await post.rounds.due()
    held = await post.now(ada)
    assert (held.held_since, held.next_at) == (EIGHT, EIGHT + timedelta(minutes=5))
    post.clock.advance(seconds=301)
    await post.rounds.due()
    assert (await post.now(ada)).held_since == EIGHT
    assert await post.texts() == [QuietKind.UNREACHABLE.value]
    post.clock.advance(seconds=301)
    await post.announce()
    await post.rounds.due()
    served = await post.now(ada)
    assert (served.held_since, served.next_at) == (None, TOMORROW)
    assert await post.texts() == [QuietKind.UNREACHABLE.value, "Ada"]


async def test_a_listing_that_comes_while_others_are_served_is_not_missed(post: Post) -> None:
    """Nothing was in for this chat when its part was begun, and now it is: its hour stays open for the next round."""
    ada, bo = await post.chat("Ada"), await post.chat("Bo", "cs.CL")
    await post.announce("cs.LG")
    post.interruption = lambda: post.announce("cs.CL", 3, 4)
    await post.rounds.due()
    assert await post.texts() == ["Ada"]
    assert [(await post.now(chat)).next_at for chat in (ada, bo)] == [TOMORROW, EIGHT]
    await post.rounds.due()
    assert await post.texts() == ["Ada", "Bo"]


async def test_an_hour_is_not_held_for_ever(post: Post) -> None:
    """After half a day the chat waits for its next hour."""
    ada = await post.chat("Ada")
    await post.trouble()
    await post.rounds.due()
    post.clock.advance(hours=12)
    await post.rounds.due()
    given_up = await post.now(ada)
    assert (given_up.held_since, given_up.next_at) == (None, TOMORROW)


@pytest.mark.parametrize("missed", [True, False])
async def test_an_hour_waits_longer_where_days_were_missed(
    post: Post, monkeypatch: pytest.MonkeyPatch, missed: bool
) -> None:
    """What was missed takes its time and is to come in one digest; otherwise nobody waits long for a slow arXiv."""
    await post.chat("Ada")
    monkeypatch.setattr("bot.rounds.PULL_PATIENCE", 0.01)

    async def look(names: Sequence[str]) -> None:
        await asyncio.sleep(0.3)
        await post.announce()

    async def has_missed(names: Sequence[str]) -> bool:
        return missed

    slow = Digests(post.db, post.clock, look, post.find_institutions)
    rounds = Rounds(
        post.db,
        slow,
        post.reading,
        post.clock,
        lay_out=post.lay_out,
        lay_out_note=post.lay_out_note,
        has_missed=has_missed,
    )
    await rounds.due()
    assert await post.texts() == (["Ada"] if missed else [QuietKind.UNREACHABLE.value])
    await slow.close()


async def test_hours_come_back_with_the_clock(post: Post) -> None:
    """While the clock was a year ahead an hour was set a year ahead; once it is right again that hour is the next one. The
    long day on which the clocks go back is nothing of that kind."""
    ada = await post.chat("Ada", next_at=EIGHT + timedelta(days=365))
    held = await post.chat("Held", next_at=EIGHT + timedelta(days=3), held_since=EIGHT + timedelta(days=3))
    long = await post.chat("Long", next_at=EIGHT + timedelta(hours=25))
    away = await post.chat("Away", next_at=EIGHT + timedelta(days=365), paused="blocked")
    await post.rounds.due()
    hours = [await post.now(chat) for chat in (ada, held, long, away)]
    assert [chat.next_at for chat in hours] == [TOMORROW, TOMORROW, long.next_at, away.next_at]
    assert hours[1].held_since is None


async def test_reading_ahead_looks_up_what_the_next_hour_shows(post: Post, site: Site) -> None:
    """The papers of chats due within the hour are read; nothing is posted and no hour moves."""
    ada = await post.chat("Ada", next_at=EIGHT + timedelta(minutes=50))
    await post.chat("Later", "cs.CL", next_at=EIGHT + timedelta(hours=2))
    await post.announce("cs.LG", 1, 2)
    await post.announce("cs.CL", 3)
    await post.rounds.ahead()
    assert sorted(p for p in site.asked if "/html/" in p) == [f"/html/{builders.paper(n).versioned_id}" for n in (1, 2)]
    assert await post.now(ada) == ada
    assert await post.planned() == []
    async with post.db.read() as conn:
        assert await institutions.get(conn, [builders.paper(n).id for n in (1, 2, 3)]) == {
            builders.paper(n).id: () for n in (1, 2)
        }
        assert await digests.dates(conn, ada.id, 5) == []
    await post.rounds.ahead()
    assert len(site.asked) == 4


async def test_reading_ahead_stops_where_arxiv_refuses(post: Post, site: Site) -> None:
    """What is only convenient does not insist."""
    await post.chat("Ada", next_at=EIGHT + timedelta(minutes=50))
    await post.announce("cs.LG", 1, 2)
    site.status = 503
    await post.rounds.ahead()
    assert len(site.asked) == 1
