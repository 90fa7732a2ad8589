"""Reading papers: each card is made once, a text that cannot be had costs nobody anything, and nobody waits too long."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot import reading as reading_module
from bot.card import SCHEMA
from bot.errors import NotAllowed, Throttled, UnknownPaper, Unreachable
from bot.model import Card, ChatKind, Paper, Source, VerdictKind
from bot.pull import fulltext
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.lookup import Lookup
from bot.reading import Reading
from storage import cards, chats, heat, institutions, papers, verdicts
from storage.database import Database
from tests.support import builders, latexml
from tests.support.arxiv_pages import Listed, atom_feed
from tests.support.far_end import far_end
from tests.support.movable_clock import MovableClock

PAPER = builders.paper(7, abstract="We study sparse rewards. Our policy gradient reaches 91.3% accuracy on Atari.")
PAGE = latexml.page(
    latexml.section(
        "S1",
        "Introduction",
        latexml.para(
            "S1.p1", "Sparse rewards remain an open problem. We propose a policy gradient that needs no critic."
        ),
        number="1",
    ),
    latexml.section(
        "S2", "Conclusion", latexml.para("S2.p1", "We conclude that our method needs no critic on Atari."), number="2"
    ),
    abstract=PAPER.abstract,
    authors=latexml.authors_with_roles(("Ada Lovelace", ("ETH Zurich, Switzerland",))),
)


@dataclass
class Site:
    """arXiv as a test wants it: `html` is the page it has of every paper (None: none), `status` another answer to
    everything, and pages wait for `open`."""

    html: str | None = PAGE
    status: int = 200
    listed: list[Listed] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any GET."""
        self.asked.append(request.path)
        await self.open.wait()
        if self.status != 200:
            return web.Response(status=self.status)
        if request.path == "/api/query":
            wanted = [re.sub(r"v\d+$", "", one) for one in request.query["id_list"].split(",")]
            found = atom_feed(one for one in self.listed if one.id in wanted)
            return web.Response(body=found, content_type="application/atom+xml")
        if self.html is None:
            return web.Response(status=404, text="No HTML")
        return web.Response(text=self.html, content_type="text/html")


@dataclass
class Room:
    """The use case, its database, one chat, the site it reads and the clock."""

    reading: Reading
    db: Database
    site: Site
    clock: MovableClock
    chat_id: int

    async def kept(self, language: str = "en") -> Card | None:
        """The stored card of the paper."""
        async with self.db.read() as conn:
            return await cards.get(conn, PAPER.id, PAPER.version, language, SCHEMA)

    async def institutions(self, *known: Paper) -> dict[str, tuple[str, ...]]:
        """What is stored of these papers' institutions."""
        async with self.db.read() as conn:
            return await institutions.get(conn, [one.id for one in known or (PAPER,)])


@pytest.fixture
async def room(db: Database) -> AsyncIterator[Room]:
    """A room whose database knows the paper, with an arXiv that answers at once."""
    site, clock = Site(), MovableClock()
    site.open.set()
    async with db.begin() as conn:
        await papers.save(conn, [PAPER, *(builders.paper(n) for n in (8, 9))])
        chat = await chats.ensure(conn, 100, 0, ChatKind.PRIVATE, "Ada", {}, clock())
    async with far_end(site.answer) as url, Client("", arxiv_delay=0, api_delay=0, patience=0, timeout=5) as client:
        reading = Reading(db, Lookup(client, f"{url}/api/query"), FullTexts(client, url), clock)
        yield Room(reading, db, site, clock, chat.id)
        site.open.set()
        await reading.close()


async def test_two_who_press_at_the_same_time_get_one_card(room: Room) -> None:
    """The page is fetched once and the card made once; it is kept for whoever comes later."""
    room.site.open.clear()
    pressed = [asyncio.create_task(room.reading.card(room.chat_id, reader, PAPER.id)) for reader in (1, 2)]
    while not room.site.asked:  # noqa: ASYNC110 - the far end tells nobody
        await asyncio.sleep(0.01)
    room.site.open.set()
    first, second = await asyncio.gather(*pressed)
    assert first.card == second.card
    assert first.card.source is Source.HTML
    assert room.site.asked == [f"/html/{PAPER.versioned_id}"]
    assert await room.kept() == first.card
    await room.reading.card(room.chat_id, 3, PAPER.id)
    assert len(room.site.asked) == 1


async def test_a_second_language_needs_no_second_page(room: Room) -> None:
    """The text is at hand: the card in another language is another card of the same page."""
    english, chinese = [await room.reading.card_of(PAPER, language) for language in ("en", "zh")]
    assert (english.language, chinese.language) == ("en", "zh")
    assert len(room.site.asked) == 1


async def test_a_card_shows_the_readers_own_word_and_the_newest_heat(room: Room) -> None:
    """What the chat said and what others say stand beside the card, as they are now."""
    async with room.db.begin() as conn:
        await verdicts.cast(conn, room.chat_id, 1, PAPER.id, VerdictKind.LIKE, room.clock())
        await heat.save(conn, [builders.heat_entry(7, 31)])
    mine, other = [await room.reading.card(room.chat_id, reader, PAPER.id) for reader in (1, 2)]
    assert (mine.tally.like, mine.tally.mine) == (1, VerdictKind.LIKE)
    assert (other.tally.like, other.tally.mine) == (1, None)
    assert mine.heat is not None
    assert mine.heat.upvotes == 31


async def test_a_card_is_related_to_what_the_chat_says_it_cares_about(room: Room) -> None:
    """The stated interests that the paper names stand beside the card; nothing where none are stated."""
    assert (await room.reading.card(room.chat_id, 1, PAPER.id)).relations is None
    async with room.db.begin() as conn:
        await chats.set_interests(conn, room.chat_id, "sparse rewards; protein folding", (), room.clock())
    relations = (await room.reading.card(room.chat_id, 1, PAPER.id)).relations
    assert [(each.interest, each.place) for each in relations or ()] == [("sparse rewards", "abstract")]


async def test_a_listings_no_html_is_asked_again_for_a_reader(room: Room) -> None:
    """Conversions often come hours after the announcement, so a press asks for the page all the same."""
    async with room.db.begin() as conn:
        await papers.save(conn, [builders.paper(8, has_html=False)])
    assert (await room.reading.card(room.chat_id, 1, builders.paper(8).id)).card.source is Source.HTML


async def test_the_abstract_alone_is_asked_again_after_six_hours(room: Room) -> None:
    """Without HTML and PDF the card is made of the abstract and not kept; six hours later arXiv is asked once more."""
    room.site.html = None
    for _ in range(2):
        assert (await room.reading.card_of(PAPER, "en")).source is Source.ABSTRACT
        room.clock.advance(hours=5.9)
    assert len(room.site.asked) == 2
    assert await room.kept() is None
    room.site.html = PAGE
    room.clock.advance(hours=0.2)
    assert (await room.reading.card_of(PAPER, "en")).source is Source.HTML
    assert len(room.site.asked) == 3
    assert await room.kept() is not None


async def test_a_throttled_arxiv_gives_the_abstract_and_nothing_is_kept(room: Room) -> None:
    """Who presses while arXiv refuses reads the abstract at once; the next press may have the whole paper."""
    room.site.status = 429
    card = await room.reading.card_of(PAPER, "en")
    assert (card.source, card.title) == (Source.ABSTRACT, PAPER.title)
    assert await room.kept() is None
    assert await room.institutions() == {}
    room.site.status = 200
    assert (await room.reading.card_of(PAPER, "en")).source is Source.HTML


async def test_a_known_paper_is_not_looked_up(room: Room) -> None:
    """What was announced is in the database; what was looked up once is so afterwards."""
    room.site.listed = [Listed("2401.01234", title="Looked Up", version=3)]
    assert (await room.reading.paper(PAPER.id)) == PAPER
    assert room.site.asked == []
    for version in (None, 3, None):
        found = await room.reading.paper("2401.01234", version)
        assert (found.title, found.version) == ("Looked Up", 3)
    assert room.site.asked == ["/api/query"]


async def test_an_unknown_paper_and_a_silent_arxiv_are_different_things(room: Room) -> None:
    """No such paper, being throttled and being refused each have their own error."""
    with pytest.raises(UnknownPaper, match=r"2401\.00001v2"):
        await room.reading.card(room.chat_id, 1, "2401.00001", 2)
    for status, error in ((500, Unreachable), (429, Throttled)):
        room.site.status = status
        with pytest.raises(error):
            await room.reading.paper("2401.00001")


async def test_a_forgotten_chat_is_not_served(room: Room) -> None:
    """A press that was under way when the chat was forgotten neither fetches nor blames the paper."""
    with pytest.raises(NotAllowed):
        await room.reading.card(room.chat_id + 1, 1, PAPER.id)
    assert room.site.asked == []


async def test_institutions_are_found_once_and_the_text_is_at_hand(room: Room) -> None:
    """Before a table is posted its papers are read: nobody needs to fetch them again for the card."""
    await room.reading.find_institutions([PAPER])
    assert await room.institutions() == {PAPER.id: ("ETH Zurich",)}
    await room.reading.find_institutions([PAPER])
    card = await room.reading.card_of(PAPER, "en")
    assert card.source is Source.HTML
    assert len(room.site.asked) == 1


async def test_what_is_ready_is_not_looked_at_again_for_every_table(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of tables show the same papers: only the first of them asks the database, and one a while later."""
    prepared: list[str] = []
    carded: list[str] = []
    prepare, best = room.reading.prepare, room.reading._best

    async def noting(paper: Paper) -> None:
        prepared.append(paper.id)
        await prepare(paper)

    async def noting_card(paper: Paper, language: str, *, pressed: bool) -> tuple[Card, str]:
        carded.append(language)
        return await best(paper, language, pressed=pressed)

    monkeypatch.setattr(room.reading, "prepare", noting)
    monkeypatch.setattr(room.reading, "_best", noting_card)
    for _ in range(3):
        await room.reading.find_institutions([PAPER])
        await room.reading.prepare_cards([PAPER], "en", 5.0)
        await room.reading.prepare_cards([PAPER], "zh", 5.0)
    assert (prepared, carded) == ([PAPER.id], ["en", "zh"])
    await room.reading.find_institutions([PAPER, builders.paper(8)])
    assert prepared == [PAPER.id, builders.paper(8).id]
    room.clock.advance(seconds=reading_module.AHEAD_AGAIN.total_seconds() + 1)
    await room.reading.find_institutions([PAPER])
    await room.reading.prepare_cards([PAPER], "en", 5.0)
    assert prepared[2:] == [PAPER.id]
    assert carded == ["en", "zh", "en"]


async def test_what_could_not_be_made_ready_is_tried_for_the_next_table(room: Room) -> None:
    """A refusal makes nothing ready."""
    room.site.status = 503
    await room.reading.find_institutions([PAPER])
    room.site.status = 200
    room.clock.advance(seconds=reading_module.NO_WAITING.total_seconds() + 1)
    room.clock.advance(seconds=-1.0)
    await room.reading.find_institutions([PAPER])
    assert await room.institutions() == {PAPER.id: ("ETH Zurich",)}


async def test_papers_without_html_come_last_for_their_institutions(room: Room) -> None:
    """A listing that shows no HTML may be right, and a PDF has institutions too, but it takes another request."""
    await room.reading.find_institutions([builders.paper(8, has_html=False), PAPER])
    assert [PAPER.versioned_id in each for each in room.site.asked][:2] == [True, False]
    assert builders.paper(8).versioned_id in room.site.asked[1]


async def test_a_slow_arxiv_delays_one_table_up_to_the_limit(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the limit the table goes out, the next ones do not wait at all, and what was begun comes in."""
    monkeypatch.setattr(reading_module, "INSTITUTIONS_WITHIN", 0.1)
    room.site.open.clear()
    async with asyncio.timeout(2):
        await room.reading.find_institutions([PAPER])
        assert await room.institutions() == {}
        await room.reading.find_institutions([builders.paper(8)])
    room.site.open.set()
    async with asyncio.timeout(2):
        while not await room.institutions():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    assert room.site.asked == [f"/html/{PAPER.versioned_id}"]
    room.clock.advance(seconds=601)
    monkeypatch.setattr(reading_module, "INSTITUTIONS_WITHIN", 5.0)
    await room.reading.find_institutions([builders.paper(8)])
    assert builders.paper(8).id in await room.institutions(builders.paper(8))


async def test_a_refusing_arxiv_is_not_asked_for_the_rest(room: Room) -> None:
    """Institutions are not worth a second refusal: the table goes without."""
    room.site.status = 503
    await room.reading.find_institutions([builders.paper(n) for n in (7, 8, 9)])
    assert room.site.asked == [f"/html/{PAPER.versioned_id}"]


async def test_a_page_that_breaks_us_keeps_nothing_else_away(
    room: Room, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours in one paper's page is logged; the other papers and the table come all the same."""
    parse = fulltext.parse_html

    def fragile(html: str, url: str) -> object:
        if PAPER.id in url:
            raise RecursionError
        return parse(html, url)

    monkeypatch.setattr(fulltext, "parse_html", fragile)
    with caplog.at_level(logging.ERROR):
        await room.reading.find_institutions([PAPER, builders.paper(8)])
    assert set(await room.institutions(PAPER, builders.paper(8))) == {builders.paper(8).id}
    assert PAPER.id in caplog.text


async def test_whether_a_card_is_open_is_known_while_others_write(room: Room) -> None:
    """A press does not wait for a broadcast's writing to hear that nothing is open."""
    async with room.db.begin(), asyncio.timeout(5):
        assert await room.reading.open_card(room.chat_id, 7, PAPER.id) is None


async def test_an_open_card_is_remembered_until_it_is_asked_for(room: Room) -> None:
    """The second press learns which messages to fold, once; other tables and papers have their own record."""
    await room.reading.remember_unfolded(room.chat_id, 5, PAPER.id, (6, 7))
    assert await room.reading.unfolded(room.chat_id, 5, "2602.00008") is None
    assert await room.reading.unfolded(room.chat_id, 4, PAPER.id) is None
    assert await room.reading.open_card(room.chat_id, 5, PAPER.id) == (6, 7)
    assert await room.reading.unfolded(room.chat_id, 5, PAPER.id) == (6, 7)
    assert await room.reading.unfolded(room.chat_id, 5, PAPER.id) is None
    assert await room.reading.open_card(room.chat_id, 5, PAPER.id) is None
