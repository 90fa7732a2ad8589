"""A day without any chat: the outside contract's JSON, and the one sentence when there is nothing to print."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

import pytest
from aiohttp import web

from bot.digest import DigestView
from bot.errors import NotAnnounced, PaperboyError, SourceError, Throttled, UnknownPaper
from bot.intake import Intake
from bot.model import (
    ChecklistItem,
    Claim,
    ClaimKind,
    Counts,
    Critique,
    Experiments,
    Formula,
    ImpactKind,
    Judgement,
    Listing,
    ListingState,
    Motivation,
    Problem,
    Profile,
    Rating,
    Result,
    Tally,
)
from bot.pull.announced import Announced
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.heat import DailyPapers
from bot.pull.lookup import Lookup
from bot.reading import CardView, Reading
from bot.report import Report, Reports, card_json, of_digest, report_json
from storage import listings
from storage.database import Database
from tests.support import builders
from tests.support.far_end import far_end
from tests.support.movable_clock import MovableClock

WED = date(2026, 2, 18)
CLAIM = {"text", "quote", "anchor", "kind", "verified"}


# --------------------------------------------------------------------------- the JSON


def test_a_digest_has_the_shape_of_the_contract() -> None:
    """Names, types and order are what others build on; words come from outside, what is not known is null."""
    rows = (
        builders.row(1, score=0.123456789, tags=("code",)),
        builders.row(2, institution="", heat=None),
    )
    report = Report(
        date=WED,
        listings={
            "cs.LG": builders.listing(declared=Counts(2, 1, 3), parsed=Counts(2, 1, 3)),
            "cs.CL": Listing("cs.CL", WED, ListingState.THROTTLED, detail="http-429"),
        },
        announced=3,
        rows=rows,
        profile=Profile(),
        cards=(builders.card(1),),
    )
    made = json.loads(json.dumps(report_json(report, lambda row: f"why {row.rank}", str.upper, str.title)))
    counts = {"new": 2, "cross": 1, "replace": 3}
    assert made == {
        "date": "2026-02-18",
        "listings": {
            "cs.LG": {"state": "fresh", "declared": counts, "parsed": counts, "detail": ""},
            "cs.CL": {"state": "throttled", "declared": None, "parsed": None, "detail": "http-429"},
        },
        "announced": 3,
        "selected": 2,
        "rows": [
            {
                "rank": 1,
                "id": "2602.00001",
                "version": 1,
                "title": "Paper 1",
                "authors": ["Ada Author1", "Bo Writer1"],
                "institution": "ETH Zurich",
                "direction": "CS.LG",
                "heat": 31,
                "score": 0.123457,
                "reason": "why 1",
                "tags": ["Code"],
            },
            {
                "rank": 2,
                "id": "2602.00002",
                "version": 1,
                "title": "Paper 2",
                "authors": ["Ada Author2", "Bo Writer2"],
                "institution": None,
                "direction": "CS.LG",
                "heat": None,
                "score": 0.5,
                "reason": "why 2",
                "tags": [],
            },
        ],
        "cards": [card_json(builders.card(1))],
    }


def test_a_card_has_the_shape_of_the_contract() -> None:
    """Every part is there, empty where the card says nothing, and every leaf that asserts something is a claim."""
    card = builders.card(
        motivation=Motivation(
            problem=(builders.claim("It is open."),),
            formalisation=(Formula(r"\max_x f", "max f", "S2.E1", "We maximise"),),
        ),
        critique=Critique(
            strengths=(builders.claim("Code is there."),),
            problems=(Problem(Claim("One seed.", kind=ClaimKind.INFERRED), 2, "Table 1", "Five seeds"),),
        ),
        tags=("code",),
        judgements=(Judgement.MUST_READ,),
        experiments=Experiments(
            results=(Result(builders.claim("It reaches 53.7%."), "success rate", "53.7%", "MemGPT: 44.9%", "Table 2"),)
        ),
        impact_kind=ImpactKind.RESOURCE,
        recommendation=Rating(4, builders.claim("It comes with code.")),
        needs_verification=True,
        checklist=(ChecklistItem("ablation", found=False, where=("Results",), rule="searched for ablation"),),
    )
    made: dict[str, Any] = json.loads(json.dumps(card_json(card)))
    assert list(made) == [
        "id",
        "version",
        "title",
        "authors",
        "institutions",
        "tags",
        "judgements",
        "language",
        "analyst",
        "source",
        "motivation",
        "method",
        "experiments",
        "conclusions",
        "critique",
        "impact",
        "impact_kind",
        "novelty",
        "novelty_reason",
        "recommendation",
        "recommendation_reason",
        "needs_verification",
        "checklist",
    ]
    assert set(made["motivation"]) == {"problem", "formalisation", "why_now", "hypotheses"}
    assert set(made["experiments"]) >= {"baselines", "datasets", "metrics", "setup"}
    assert set(made["critique"]) >= {"strengths", "problems"}
    assert made["motivation"]["problem"] == [
        {"text": "It is open.", "quote": "It is open.", "anchor": "S1.p1", "kind": "stated", "verified": True}
    ]
    assert (made["source"], made["analyst"], made["novelty"], made["needs_verification"]) == (
        "html",
        "local",
        None,
        True,
    )
    assert made["checklist"] == [
        {"key": "ablation", "found": False, "where": ["Results"], "rule": "searched for ablation"}
    ]
    [problem] = made["critique"]["problems"]
    assert (problem["kind"], problem["verified"], problem["severity"]) == ("inferred", False, 2)
    [formula] = made["motivation"]["formalisation"]
    assert (formula["latex"], formula["line"], formula["anchor"]) == (r"\max_x f", "max f", "S2.E1")
    parts = [*made["motivation"].values(), *made["experiments"].values(), *made["critique"].values()]
    leaves = [leaf for part in (*parts, made["method"], made["conclusions"], made["impact"]) for leaf in part]
    assert len(leaves) == 7
    [result] = made["experiments"]["results"]
    assert [result[key] for key in ("metric", "value", "compared_with", "where")] == [
        "success rate",
        "53.7%",
        "MemGPT: 44.9%",
        "Table 2",
    ]
    assert (made["tags"], made["judgements"], made["impact_kind"]) == (["code", "must-read"], ["must-read"], "resource")
    assert (made["recommendation"], made["recommendation_reason"]["text"]) == (4, "It comes with code.")
    assert made["novelty_reason"] is None
    assert all(set(leaf) >= CLAIM for leaf in leaves)


# --------------------------------------------------------------------------- the day


@dataclass
class Day:
    """The use case at nine on Wednesday, with a database that may know listings already."""

    reports: Reports
    db: Database
    steps: list[tuple[str, int, int]] = field(default_factory=list)

    async def report(self, *categories: str, day: date | None = WED, top: int = 5, cards: bool = False) -> Report:
        """The report for these categories, its progress noted."""
        return await self.reports.of_day(
            Profile(categories=categories),
            day,
            top=top,
            language="en",
            cards=cards,
            progress=lambda what, done, total: self.steps.append((what, done, total)),
        )

    async def store(self, *numbers: int, category: str = "cs.LG") -> None:
        """A listing of Wednesday that was read whole."""
        async with self.db.begin() as conn:
            await listings.save_page(
                conn, builders.page(category, WED, new=numbers), datetime(2026, 2, 18, 2, tzinfo=UTC)
            )

    async def mark(self, category: str, state: ListingState) -> None:
        """A listing without a page."""
        async with self.db.begin() as conn:
            await listings.mark(conn, Listing(category, WED, state))


@dataclass
class Outside:
    """What arXiv and Hugging Face answer to everything."""

    status: int = 500
    text: str = ""
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any GET."""
        self.asked.append(request.path)
        return web.Response(status=self.status, text=self.text)


@pytest.fixture
def outside() -> Outside:
    """An outside that is broken, unless a test says otherwise."""
    return Outside()


@pytest.fixture
async def day(db: Database, outside: Outside) -> AsyncIterator[Day]:
    """A day on which the outside answers what `outside` says."""
    clock = MovableClock(datetime(2026, 2, 18, 9, tzinfo=UTC))
    async with (
        far_end(outside.answer) as url,
        Client("", arxiv_delay=0, api_delay=0, hf_delay=0, patience=0, timeout=5) as client,
    ):
        intake = Intake(db, Announced(client, url), DailyPapers(client, url), clock, random.Random(1))
        reading = Reading(db, Lookup(client, f"{url}/api/query"), FullTexts(client, url), clock)
        yield Day(Reports(db, intake, reading, clock), db)
        await reading.close()


async def test_a_partly_readable_day_is_printed_with_its_states(day: Day) -> None:
    """One listing is enough; the others stand there with what became of them."""
    await day.store(1, 2, 3)
    await day.mark("cs.RO", ListingState.QUIET)
    report = await day.report("cs.LG", "cs.RO", "cs.CL", top=2)
    assert {name: (one.state, one.detail) for name, one in report.listings.items()} == {
        "cs.LG": (ListingState.FRESH, ""),
        "cs.RO": (ListingState.QUIET, ""),
        "cs.CL": (ListingState.FAILED, "http-500"),
    }
    assert (report.date, report.announced, len(report.rows)) == (WED, 3, 2)
    assert report.cards == ()


async def test_a_paper_of_two_categories_is_one_row(day: Day) -> None:
    """What is cross-listed counts once."""
    await day.store(1, 2)
    await day.store(2, 3, category="cs.CL")
    report = await day.report("cs.LG", "cs.CL")
    assert report.announced == 3
    assert sorted(row.paper_id for row in report.rows) == [builders.paper(n).id for n in (1, 2, 3)]
    assert [row.rank for row in report.rows] == [1, 2, 3]


async def test_sources_that_fail_leave_the_rows_and_cards_of_abstracts(day: Day) -> None:
    """Without heat, institutions and texts the day is printed all the same."""
    await day.store(1)
    report = await day.report("cs.LG", cards=True)
    [row], [card] = report.rows, report.cards
    assert (row.heat, row.institution) == (None, "")
    assert (card.paper_id, card.source.value) == (row.paper_id, "abstract")


async def test_progress_is_told_from_none_to_all(day: Day) -> None:
    """Each kind of work begins at nothing, never goes back and ends at its total."""
    await day.store(1, 2)
    await day.report("cs.LG", cards=True)
    for what in dict.fromkeys(what for what, _, _ in day.steps):
        steps = [(done, total) for name, done, total in day.steps if name == what]
        assert steps[0][0] == 0
        assert steps == sorted(steps)
        assert steps[-1][0] == steps[-1][1] > 0
    assert list(dict.fromkeys(what for what, _, _ in day.steps)) == ["listings", "heat", "institutions", "cards"]


async def test_a_day_on_which_all_is_quiet_is_an_empty_report(day: Day) -> None:
    """That nothing was announced is an answer, not an error."""
    for name in ("cs.LG", "cs.CL"):
        await day.mark(name, ListingState.QUIET)
    report = await day.report("cs.LG", "cs.CL")
    assert (report.announced, report.rows) == (0, ())
    assert {one.state for one in report.listings.values()} == {ListingState.QUIET}


async def test_a_day_to_come_is_told_as_such(day: Day, outside: Outside) -> None:
    """Nobody needs to try again later today."""
    outside.status, outside.text = 400, "Invalid date: 2026-03-18. Can't request date later than today"
    with pytest.raises(NotAnnounced, match="has not announced 2026-03-18") as caught:
        await day.report("cs.LG", day=date(2026, 3, 18))
    assert caught.value.why == "future"


async def test_a_day_that_arxiv_no_longer_shows_is_not_called_quiet(day: Day, outside: Outside) -> None:
    """It may have had hundreds of papers; beside a listing that is known it has no place among the quiet ones."""
    outside.status, outside.text = 400, "Invalid date: 2020-02-14. Can only show announcements of the past 90 days"
    with pytest.raises(NotAnnounced, match="keeps listings for 90 days") as caught:
        await day.report("cs.LG", "cs.CL", day=date(2020, 2, 14))
    assert caught.value.why == "too-old"
    async with day.db.begin() as conn:
        page = builders.page("cs.LG", date(2020, 2, 14), new=(1,))
        await listings.save_page(conn, page, datetime(2020, 2, 14, 2, tzinfo=UTC))
    partly = await day.report("cs.LG", "cs.CL", day=date(2020, 2, 14))
    assert (partly.listings["cs.CL"].state, partly.listings["cs.CL"].detail) == (ListingState.FAILED, "too-old")


@pytest.mark.parametrize("wanted", [WED, None])
async def test_no_listing_at_all_is_one_sentence_with_the_causes(day: Day, wanted: date | None) -> None:
    """Every category is named with what happened to it; an error is never an empty digest."""
    with pytest.raises(SourceError) as caught:
        await day.report("cs.LG", "cs.CL", day=wanted)
    assert not isinstance(caught.value, Throttled)
    assert "cs.LG: http-500, cs.CL: http-500" in str(caught.value)


@pytest.mark.parametrize("wanted", [WED, None])
async def test_being_throttled_outweighs_the_rest(day: Day, outside: Outside, wanted: date | None) -> None:
    """Who is asked to wait is told that."""
    outside.status = 429
    with pytest.raises(Throttled):
        await day.report("cs.LG", "cs.CL", day=wanted)


# --------------------------------------------------------------------------- a chat's own digest


@dataclass
class Readers:
    """Reads cards as a chat's readers get them: by their papers' ids, at once and finished; a card that never comes
    keeps one waiting."""

    at_once: dict[str, CardView | PaperboyError]
    later: dict[str, CardView | PaperboyError | None] = field(default_factory=dict)

    async def card(self, _chat: int, _reader: int, paper_id: str, _version: int | None = None) -> CardView:
        """What a press shows at once."""
        found = self.at_once[paper_id]
        if isinstance(found, PaperboyError):
            raise found
        return found

    async def finished(self, _chat: int, _reader: int, paper_id: str, _version: int | None = None) -> CardView | None:
        """What a language model wrote."""
        if paper_id not in self.later:
            await asyncio.Event().wait()
        found = self.later[paper_id]
        if isinstance(found, PaperboyError):
            raise found
        return found


def seen(n: int, analyst: str = "local", note: str = "") -> CardView:
    """A card of a paper, as a reader gets it."""
    return CardView(builders.chat(), builders.paper(n), builders.card(n, analyst=analyst), Tally(), None, note)


async def test_a_chats_report_has_all_parts_of_a_day_and_the_best_cards_in_time() -> None:
    """Rows are numbered through; a model's card replaces the local one where it comes in time, and only there."""
    ids = [builders.paper(n).id for n in range(1, 6)]
    readers = Readers(
        {ids[0]: seen(1), **{ids[n - 1]: seen(n, note="writing") for n in (2, 3, 4)}, ids[4]: UnknownPaper(ids[4])},
        {ids[1]: seen(2, "llm:m"), ids[2]: None},  # the fourth never comes
    )
    parts = [
        DigestView(builders.chat(), builders.digest(rows=(1, 2, 3)), Profile()),
        DigestView(
            builders.chat(),
            builders.digest(rows=(builders.row(1, 4), builders.row(2, 5)), part=1, announced=7),
            Profile(),
        ),
    ]
    told: list[tuple[int, int]] = []

    async def progress(done: int, of: int) -> None:
        told.append((done, of))

    made = await of_digest(cast("Reading", readers), parts, 7, progress, patience=0.05)
    assert [(row.rank, row.paper_id) for row in made.rows] == list(enumerate(ids, 1))
    assert [(card.paper_id, card.analyst) for card in made.cards] == [
        (ids[0], "local"), (ids[1], "llm:m"), (ids[2], "local"), (ids[3], "local"),
    ]  # fmt: skip
    assert [paper.id for paper in made.papers] == ids[:4]
    assert made.announced == 412 + 7
    assert told == [(n, 5) for n in range(6)]


async def test_a_model_that_fails_late_leaves_the_local_card() -> None:
    """A source that refuses while the model reads does not take the report away."""
    one = builders.paper(1).id
    readers = Readers({one: seen(1, note="writing")}, {one: Throttled("arXiv", "http-429")})
    parts = [DigestView(builders.chat(), builders.digest(rows=(1,)), Profile())]

    async def quiet(_done: int, _of: int) -> None:
        return

    made = await of_digest(cast("Reading", readers), parts, 7, quiet)
    assert [card.analyst for card in made.cards] == ["local"]
