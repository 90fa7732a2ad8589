from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import aiohttp
import pytest
from selectolax.lexbor import LexborHTMLParser

from bot.errors import NotAnnounced
from bot.model import Counts, Kind, Source
from bot.playground.sample_day import NEWEST, load
from bot.playground.sample_sources import SampleSources
from bot.pull.announced import Announced
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.heat import DailyPapers
from bot.pull.identify import PaperRef
from bot.pull.lookup import Lookup
from tests.support.world import World


@pytest.fixture
async def sources() -> AsyncIterator[SampleSources]:
    """The sample on its newest day."""
    async with SampleSources() as served:
        yield served


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """The bot's own client, in a hurry."""
    async with Client("tests@example.org", arxiv_delay=0, api_delay=0, hf_delay=0) as polite:
        yield polite


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Any client."""
    async with aiohttp.ClientSession() as open_session:
        yield open_session


@pytest.mark.parametrize("category", ["cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO", "cs"])
@pytest.mark.parametrize("page_size", [25, 2000])
async def test_the_newest_listing_is_read_whole(
    sources: SampleSources, client: Client, category: str, page_size: int
) -> None:
    """The pull stage reads every paper of the sample, in one page or in several."""
    page = await Announced(client, sources.url, page_size=page_size).newest(category)
    expected = load().listing(category, NEWEST)
    assert page.date == NEWEST
    assert [(a.paper_id, a.kind) for a in page.announcements] == [(e.paper.id, kind) for kind, e in expected]
    for read, (_, entry) in zip(page.papers, expected, strict=True):
        kept = (read.id, read.title, read.authors, read.abstract, read.categories, read.comments, read.has_html)
        paper = entry.paper
        assert kept == (
            paper.id,
            paper.title,
            paper.authors,
            paper.abstract,
            paper.categories,
            paper.comments,
            paper.has_html,
        )


async def test_earlier_days_and_quiet_ones(sources: SampleSources, client: Client) -> None:
    """Catch-up gives the day before; days without an announcement are quiet, coming ones not there yet."""
    announced = Announced(client, sources.url)
    page = await announced.day("cs.CL", date(2026, 2, 18))
    assert page.declared == Counts(new=2, cross=3)
    assert {a.kind for a in page.announcements} == {Kind.NEW, Kind.CROSS}
    for day, why in (
        ("2026-02-17", "quiet"),
        ("2026-02-15", "quiet"),
        ("2026-02-20", "future"),
        ("2025-11-01", "too-old"),
    ):
        with pytest.raises(NotAnnounced) as none:
            await announced.day("cs.CL", date.fromisoformat(day))
        assert none.value.why == why


async def test_the_day_before_can_be_today(client: Client) -> None:
    """As of 18 February nothing of the 19th is to be seen anywhere."""
    async with SampleSources(today=lambda: date(2026, 2, 18)) as sources:
        assert (await Announced(client, sources.url).newest("cs.LG")).date == date(2026, 2, 18)
        found = await Lookup(client, sources.api_url).by_id([PaperRef("2602.99009"), PaperRef("2602.99001")])
        assert {paper.versioned_id for paper in found.values()} == {"2602.99001v1"}
        assert await DailyPapers(client, sources.url).day(NEWEST) == ()
        assert await DailyPapers(client, sources.url).paper("2602.99009") is None


async def test_full_text_where_there_is_one(sources: SampleSources, client: Client) -> None:
    """A paper with HTML comes as HTML, any other as its abstract."""
    papers = await Lookup(client, sources.api_url).by_id([PaperRef("2602.99009"), PaperRef("2602.14080", 1)])
    texts = FullTexts(client, sources.url)
    assert (await texts.fetch(papers["2602.99009"])).source is Source.HTML
    assert (await texts.fetch(papers["2602.14080"])).source is Source.ABSTRACT


async def test_look_up_and_search(sources: SampleSources, client: Client) -> None:
    """The arxiv package reads the feed: by id with and without version, and by words."""
    lookup = Lookup(client, sources.api_url)
    refs = [PaperRef("2602.16301"), PaperRef("2602.99001", 1), PaperRef("2602.99003"), PaperRef("2602.12345")]
    found = await lookup.by_id(refs)
    assert sorted(p.versioned_id for p in found.values()) == ["2602.16301v1", "2602.99001v1", "2602.99003v2"]
    paper = found["2602.16301"]
    assert (paper.authors[1], paper.comments, paper.categories) == ("Maciej Wołczyk", "26 pages, 4 figures", ("cs.AI",))
    assert str(paper.published) == "2026-02-18 08:46:19+00:00"
    hits = await lookup.search('cat:cs.RO AND abs:"world model"', 10)
    assert [hit.id for hit in hits] == ["2602.99038"]
    assert [hit.id for hit in await lookup.search("ti:privacy", 10)] == ["2602.99017"]
    assert await lookup.search("ti:nonexistent", 10) == []


async def test_heat(sources: SampleSources, client: Client) -> None:
    """The day's list and single papers are read as Hugging Face's."""
    daily = DailyPapers(client, sources.url)
    entries = {entry.heat.paper_id: entry for entry in await daily.day(NEWEST)}
    brain = entries["2602.14979"]
    assert (brain.heat.upvotes, brain.heat.comments, brain.heat.stars) == (27, 3, 402)
    assert (brain.organization, brain.repository) == (
        "DAMO Academy",
        "https://github.com/alibaba-damo-academy/RynnBrain",
    )
    assert entries["2602.99009"].keywords[0] == "GRPO"
    assert await daily.day(date(2026, 2, 20)) == ()
    assert await daily.day(date(2026, 2, 14)) == ()
    one = await daily.paper("2602.16301")
    assert one is not None
    assert (one.heat.upvotes, one.organization) == (10, "Google")
    assert await daily.paper("2602.00001") is None


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/list/cs.LG/recent", 400, "valid time period"),
        ("/list/CS!LG/new", 400, "Invalid archive or category: CS!LG"),
        ("/list/cs.LG/new?show=33", 400, "Invalid show value"),
        ("/catchup/cs.LG/19-02-2026", 400, "Invalid date format"),
        ("/catchup/cs.LG/2026-02-18?abs=yes", 400, "Invalid abs value"),
        ("/catchup/cs.LG/2026-02-18?page=0", 400, "Invalid page value"),
        ("/catchup/cs.LG/2026-02-18?days=3", 400, "Unexpected parameters"),
        ("/catchup/cs.LG/2026-02-18?abs=True&page=2", 200, "No further updates"),
        ("/list/math.AG/new", 200, "No updates today"),
        ("/abs/2602.14080v1", 200, "citation_title"),
        ("/abs/2602.00001", 404, "exist"),
        ("/html/2602.14080v1", 404, "HTML is not available"),
        ("/html/2602.99009", 200, "ltx_document"),
        ("/pdf/2602.99009v1", 404, "No PDF"),
        ("/api/query?id_list=nonsense", 400, "incorrect id format for nonsense"),
        ("/api/query?max_results=x", 400, "must be an integer"),
        ("/api/daily_papers?date=2026-13-01", 400, "error"),
        ("/api/papers/2602.00001", 404, "Paper not found"),
    ],
)
async def test_odd_requests(
    sources: SampleSources, session: aiohttp.ClientSession, path: str, status: int, words: str
) -> None:
    """They are answered with the status and the words of the real services."""
    async with session.get(sources.url + path) as response:
        assert (response.status, words in await response.text()) == (status, True)


def skeleton(page: str) -> set[str]:
    """The kinds of elements of a listing page with their parents, and the headings without their numbers."""
    found: set[str] = set()
    for node in LexborHTMLParser(page).css("#dlpage *"):
        parent = node.parent
        kind = f"{node.tag}.{node.attributes.get('class') or ''}"
        found.add(f"{parent.tag if parent else ''} > {kind}")
        if node.tag in ("h1", "h3"):
            found.add(re.sub(r"\d+|[A-Z][a-z]+day|January|February", "#", " ".join(node.text().split())))
    return found


async def test_the_markup_is_that_of_recorded_pages(
    sources: SampleSources, session: aiohttp.ClientSession, world: World
) -> None:
    """A listing of the sample has the same elements and headings as the replay world's, page by page."""
    world.move("2026-02-19")
    for path in (
        "/list/cs.AI/new?skip=0&show=2000",
        "/catchup/cs.CL/2026-02-19?abs=True&page=1",
        "/catchup/cs.CL/2026-02-15?abs=True&page=1",
    ):
        pages = []
        for url in (sources.url, world.url):
            async with session.get(url + path) as response:
                assert response.status == 200
                pages.append(skeleton(await response.text()))
        assert pages[0] == pages[1], path
