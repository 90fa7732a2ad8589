"""A language model's cards: one call for everybody, the local card at once, and no asking at each press after a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest
from aiohttp import web

from bot import analyses as analyses_module
from bot.analyses import Analyses, Progress
from bot.card.local import analyse
from bot.errors import ModelFailed
from bot.model import Card, ChatKind, FullText, Paper, Source
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.lookup import Lookup
from bot.reading import CardView, Reading
from storage import chats, papers
from storage.database import Database
from tests.support import builders, latexml
from tests.support.far_end import far_end
from tests.support.movable_clock import MovableClock

PAPER = builders.paper(7, abstract="We study sparse rewards.")
PAGE = latexml.page(
    latexml.section("S1", "Introduction", latexml.para("S1.p1", "Sparse rewards remain an open problem."), number="1"),
    abstract=PAPER.abstract,
)


@dataclass
class Scripted:
    """An analyst as a test wants it: each card waits for `open`, and fails with what `failures` holds next."""

    name: str = "llm:test:model"
    maker: str = "llm:test:model#1"
    failures: list[Exception] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def card(self, paper: Paper, text: FullText, local: Card, progress: Progress) -> Card:
        """The local card under this analyst's name, after a draft of it."""
        self.asked.append(f"{paper.versioned_id} {local.language} {text.source}")
        await progress(replace(local, analyst=self.name, conclusions=()))
        await self.open.wait()
        if self.failures:
            raise self.failures.pop(0)
        return replace(analyse(paper, text, local.language), analyst=self.name)


@dataclass
class Room:
    """The use case with an analyst, and two chats that speak English."""

    db: Database
    client: Client
    url: str
    clock: MovableClock
    analyst: Scripted
    chat_ids: tuple[int, int]
    html: list[str | None]
    reading: Reading = field(init=False)

    def __post_init__(self) -> None:
        """It begins like after a restart."""
        self.reading = self.again()

    def again(self) -> Reading:
        """The use case as it is after a restart."""
        analyses = Analyses(self.db, self.analyst, self.clock)
        return Reading(
            self.db,
            Lookup(self.client, f"{self.url}/api/query"),
            FullTexts(self.client, self.url),
            self.clock,
            analyses,
        )

    async def press(self, reading: Reading | None = None, chat: int = 0, paper: Paper = PAPER) -> CardView:
        """The card that a press shows."""
        return await (reading or self.reading).card(self.chat_ids[chat], 1, paper.id)

    async def finished(self, reading: Reading | None = None, chat: int = 0, paper: Paper = PAPER) -> CardView | None:
        """The model's card."""
        async with asyncio.timeout(5):
            return await (reading or self.reading).finished(self.chat_ids[chat], 1, paper.id)


@pytest.fixture
async def room(db: Database) -> AsyncIterator[Room]:
    """A room whose analyst waits to be opened."""
    clock, analyst = MovableClock(), Scripted()
    html: list[str | None] = [PAGE]

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=404) if html[0] is None else web.Response(text=html[0], content_type="text/html")

    async with db.begin() as conn:
        await papers.save(conn, [PAPER, *(builders.paper(n) for n in range(8, 20))])
        ids = [(await chats.ensure(conn, n, 0, ChatKind.PRIVATE, "Ada", {}, clock())).id for n in (100, 101)]
    async with far_end(answer) as url, Client("", arxiv_delay=0, api_delay=0, patience=0, timeout=5) as client:
        made = Room(db, client, url, clock, analyst, (ids[0], ids[1]), html)
        yield made
        analyst.open.set()
        await made.reading.close()


async def test_the_local_card_comes_at_once_and_the_models_later(room: Room) -> None:
    """A press does not wait for the model; whoever waits for it gets drafts and then the card, and so does everybody
    who presses afterwards."""
    first = await room.press()
    assert (first.card.analyst, first.note) == ("local", "writing")
    drafts: list[CardView] = []

    async def show(view: CardView) -> None:
        drafts.append(view)

    waiting = asyncio.create_task(room.reading.finished(room.chat_ids[0], 1, PAPER.id, progress=show))
    while not drafts:  # noqa: ASYNC110 - the draft comes when it comes
        await asyncio.sleep(0.01)
    room.analyst.open.set()
    made = await waiting
    assert made is not None
    assert (made.card.analyst, made.note) == (room.analyst.name, "")
    assert (drafts[0].card.analyst, drafts[0].note) == (room.analyst.name, "writing")
    later = await room.press()
    assert (later.card, later.note) == (made.card, "")


async def test_presses_chats_and_restarts_share_one_analysis(room: Room) -> None:
    """Two presses at once, another chat of the language and a restart ask the model once in all."""
    for chat in (0, 1, 0):
        assert (await room.press(chat=chat)).note == "writing"
    room.analyst.open.set()
    first, second = await asyncio.gather(room.finished(), room.finished(chat=1))
    assert first is not None
    assert second is not None
    assert first.card == second.card
    restarted = room.again()
    assert (await room.press(restarted, chat=1)).card == first.card
    assert (await room.finished(restarted)) is not None
    assert len(room.analyst.asked) == 1


@pytest.mark.parametrize("cause", ["timeout", "refused", "throttled", "failed", "budget"])
async def test_after_a_failure_the_local_card_says_why_until_it_is_time_to_ask_again(room: Room, cause: str) -> None:
    """The cause stands beside the local card; presses meanwhile ask nobody, later ones do."""
    room.analyst.failures.append(ModelFailed(cause))
    room.analyst.open.set()
    await room.press()
    assert await room.finished() is None
    for _ in range(3):
        view = await room.press()
        assert (view.card.analyst, view.note) == ("local", cause)
        assert await room.finished() is None
    assert len(room.analyst.asked) == 1
    room.clock.advance(seconds=analyses_module.AGAIN.total_seconds() + 1)
    assert (await room.press()).note == "writing"
    assert await room.finished() is not None
    assert len(room.analyst.asked) == 2


async def test_a_failure_of_the_model_itself_keeps_it_from_being_asked_for_other_papers(room: Room) -> None:
    """A throttled model is left alone by all papers as long as it said; a paper it cannot read is its own affair."""
    room.analyst.open.set()
    room.analyst.failures.append(ModelFailed("throttled", retry_after=90, everywhere=True))
    await room.press()
    assert await room.finished() is None
    other = builders.paper(8)
    assert (await room.press(paper=other)).note == "throttled"
    room.clock.advance(seconds=91)
    assert (await room.press(paper=other)).note == "writing"
    assert await room.finished(paper=other) is not None


async def test_each_further_failure_doubles_the_pause(room: Room) -> None:
    """A model that always fails is asked less and less."""
    room.analyst.open.set()
    room.analyst.failures += [ModelFailed("failed") for _ in range(3)]
    pause = analyses_module.AGAIN.total_seconds()
    for times in range(3):
        await room.press()
        await room.finished()
        room.clock.advance(seconds=pause * 2**times - 1)
        assert (await room.press()).note == "failed"
        room.clock.advance(seconds=2)
    assert (await room.press()).note == "writing"
    assert await room.finished() is not None


async def test_a_fault_of_ours_is_a_failure_like_another(room: Room) -> None:
    """Whatever is raised, the local card stays and the next press does not ask again at once."""
    room.analyst.open.set()
    room.analyst.failures.append(RecursionError())
    await room.press()
    assert await room.finished() is None
    assert (await room.press()).note == "failed"


async def test_what_is_pressed_goes_before_what_is_made_ahead(room: Room) -> None:
    """Cards for tables are made few at a time; a press does not queue behind them."""
    ahead = [builders.paper(n) for n in range(8, 13)]
    await room.reading.prepare_cards(ahead, "en", 0.05)
    async with asyncio.timeout(5):
        while len(room.analyst.asked) < analyses_module.AHEAD_AT_ONCE:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert len(room.analyst.asked) == analyses_module.AHEAD_AT_ONCE
    for paper in (PAPER, ahead[-1]):
        await room.press(paper=paper)
    async with asyncio.timeout(5):
        while len(room.analyst.asked) < analyses_module.AHEAD_AT_ONCE + 2:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.01)
    assert {line.split()[0] for line in room.analyst.asked[-2:]} == {PAPER.versioned_id, ahead[-1].versioned_id}
    room.analyst.open.set()
    for paper in (PAPER, *ahead):
        assert await room.finished(paper=paper) is not None
    assert len(room.analyst.asked) == len(ahead) + 1


async def test_a_table_waits_for_its_cards_up_to_the_limit(room: Room) -> None:
    """A slow model holds no table up: after the limit it goes out, and the card comes when it comes."""
    async with asyncio.timeout(5):
        await room.reading.prepare_cards([PAPER], "en", 0.05)
    assert (await room.press()).note == "writing"
    async with asyncio.timeout(5):  # the tables after it do not wait at all
        await room.reading.prepare_cards([builders.paper(8)], "en", 60.0)
    room.analyst.open.set()
    room.clock.advance(seconds=601)
    await room.reading.prepare_cards([PAPER], "en", 5.0)
    assert (await room.press()).card.analyst == room.analyst.name


async def test_nobody_pays_for_a_withdrawn_paper(room: Room) -> None:
    """There is nothing to read in it any more: the local card says so."""
    gone = builders.paper(9, abstract="This paper has been withdrawn by the authors.", comments="withdrawn")
    async with room.db.begin() as conn:
        await papers.save(conn, [gone])
    view = await room.press(paper=gone)
    assert ("withdrawn" in view.card.tags, view.note) == (True, "")
    assert await room.finished(paper=gone) is None
    assert room.analyst.asked == []


async def test_a_card_of_the_abstract_is_made_anew_when_there_is_more(room: Room) -> None:
    """The model is not paid twice for the same abstract, but for the paper when arXiv shows it."""
    room.analyst.open.set()
    room.html[0] = None
    await room.press()
    made = await room.finished()
    assert made is not None
    assert made.card.source is Source.ABSTRACT
    assert (await room.press()).note == ""
    room.html[0] = PAGE
    room.clock.advance(hours=7)
    view = await room.press()
    assert (view.card, view.note) == (made.card, "writing")
    better = await room.finished()
    assert better is not None
    assert better.card.source is Source.HTML
    assert len(room.analyst.asked) == 2


async def test_without_a_model_there_is_nothing_to_wait_for(room: Room) -> None:
    """No model, no note, and no card to come; a card that a model made earlier is still shown."""
    plain = Reading(room.db, Lookup(room.client, f"{room.url}/api/query"), FullTexts(room.client, room.url), room.clock)
    view = await room.press(plain)
    assert (view.card.analyst, view.note) == ("local", "")
    assert await room.finished(plain) is None
    room.analyst.open.set()
    await room.press()
    await room.finished()
    assert (await room.press(plain)).card.analyst == room.analyst.name
    assert (await plain.awaited_card_of(PAPER, "en"))[1] == ""


async def test_the_command_line_waits_for_the_models_card(room: Room) -> None:
    """It gets the model's card, or the local one and the cause."""
    room.analyst.open.set()
    room.analyst.failures.append(ModelFailed("refused"))
    card, note = await room.reading.awaited_card_of(PAPER, "en")
    assert (card.analyst, note) == ("local", "refused")
    card, note = await room.reading.awaited_card_of(builders.paper(8), "en")
    assert (card.analyst, note) == (room.analyst.name, "")
