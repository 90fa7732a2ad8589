"""How good the cards are, by analyst: what of them can be checked, how full they are, and what they take.

    python tests/bench/bench_cards.py [--papers N]          (or: make bench-cards)

The papers are the bundled ones, the short labelled ones of tests/support/labelled_papers.py, whose checklist and names
are known, the PDFs of tests/pull/papers, and the six of the replay world where PAPERBOY_WORLD names it. The local analyst
reads all of them. With LLM_MODEL set the model reads the first N (it costs tokens); without it recorded answers about
three of the bundled papers stand in.

    quoted      claims whose quote stands in the paper and bears their numbers out
    evidenced   problems that name what they rest on and have a verified quote or evidence
    specific    problems that name a section, a table, a figure or a number
    false gaps  of the things that a paper has by its labels, those that its card says are missing
    names F1    datasets, metrics and baselines against the labels
    filled      of the 17 parts of a card, those that say something
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser

from bot import config
from bot.card.claims import claims_of
from bot.card.llm.analyst import ModelAnalyst
from bot.card.llm.rules import contradicted
from bot.card.local import analyse
from bot.card.quantities import quantities
from bot.errors import ModelFailed
from bot.llm import LanguageModel
from bot.model import Card, ChecklistItem, FullText, Paper
from bot.playground import sample_fulltext
from bot.playground.sample_day import load
from bot.pull.child import ChildReader
from bot.pull.fulltext import parse_html
from storage.database import Database
from tests.card.test_labelled_papers import f1
from tests.support.builders import paper
from tests.support.labelled_papers import LABELLED, Labelled
from tests.support.recorded_model import NAME, RecordedModel, recorded
from tests.support.world import find_world

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Case:
    """A paper to read; `size` is the page's bytes where it was one, `labels` what is known of it."""

    paper: Paper
    text: FullText
    page: str = ""
    labels: Labelled | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """A card with the seconds that it took (of CPU for the local analyst, by the clock for a model) and its tokens."""

    case: Case
    card: Card
    seconds: float
    tokens: int = 0


# --------------------------------------------------------------------------- papers


async def cases() -> list[Case]:
    """All papers at hand."""
    found = [
        Case(paper(1, title=each.title, abstract=each.text.abstract, comments=""), each.text, labels=each)
        for each in LABELLED
    ]
    for sample in load().papers:
        if sample.source.exists():
            page = sample_fulltext.page(sample.paper, sample_fulltext.read(sample.source.read_text("utf-8")))
            found.append(_of_page(sample.paper, page))
    program = find_world()
    pages = sorted((program.parent / "synthetic" / "html").glob("*.html")) if program is not None else []
    found.extend(
        _of_page(paper(1, id=file.stem, title="", abstract="", comments=""), file.read_text("utf-8")) for file in pages
    )
    for file in sorted((ROOT / "tests" / "pull" / "papers").glob("*.pdf")):
        text = await ChildReader().pdf(file.read_bytes(), f"https://arxiv.org/pdf/{file.stem}")
        found.append(Case(paper(1, title=file.stem, abstract=text.abstract, comments=""), text))
    return found


def _of_page(about: Paper, page: str) -> Case:
    return Case(about, parse_html(page, f"https://arxiv.org/html/{about.versioned_id}"), page)


# --------------------------------------------------------------------------- analysts


def read_locally(case: Case) -> Read:
    """The local analyst's card, the faster of two times."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        card = analyse(case.paper, case.text, "en")
        times.append(time.process_time() - begun)
    return Read(case, card, min(times))


async def read_by(
    analyst: ModelAnalyst, case: Case, language: str, tokens: Callable[[], Awaitable[int]]
) -> Read | None:
    """A model's card; None, with a line on why, where there is none."""

    async def unseen(_: Card) -> None:
        return

    before, begun = await tokens(), time.monotonic()
    try:
        card = await analyst.card(case.paper, case.text, analyse(case.paper, case.text, language), unseen)
    except ModelFailed as error:
        print(f"  no card of {case.paper.title or case.paper.id}: {error}")
        return None
    return Read(case, card, time.monotonic() - begun, await tokens() - before)


async def read_by_recorded() -> list[Read]:
    """The recorded model's cards."""
    model = RecordedModel()
    analyst = ModelAnalyst(model, NAME, 128_000)

    async def tokens() -> int:
        return model.tokens

    read = [await read_by(analyst, Case(each.paper, each.text), each.language, tokens) for each in recorded()]
    return [each for each in read if each is not None]


async def read_by_model(settings: config.Settings, chosen: Sequence[Case]) -> list[Read]:
    """The configured model's cards, within its budget, in a database of their own."""

    def now() -> datetime:
        return datetime.now(UTC)

    with tempfile.TemporaryDirectory() as folder:
        db = await Database.open(f"sqlite+aiosqlite:///{folder}/bench.db")
        model = LanguageModel(settings, db, now)
        try:

            async def tokens() -> int:
                return (await model.spent_today()).tokens

            analyst = ModelAnalyst(model.ask, model.name, model.context)
            read = [await read_by(analyst, case, "en", tokens) for case in chosen]
        finally:
            await model.close()
            await db.close()
    return [each for each in read if each is not None]


# --------------------------------------------------------------------------- measures


def share(values: Iterable[bool]) -> str:
    """How many of how many, in percent; a dash where there is nothing to count."""
    given = list(values)
    return f"{100 * sum(given) / len(given):.0f} % of {len(given)}" if given else "–"


def filled(card: Card) -> Sequence[bool]:
    """For each part of a card's schema, whether it says something."""
    motivation, tried, critique = card.motivation, card.experiments, card.critique
    parts: tuple[object, ...] = (
        *(motivation.problem, motivation.formalisation, motivation.why_now, motivation.hypotheses),
        card.method,
        *(tried.baselines, tried.datasets, tried.metrics, tried.setup, tried.results),
        card.conclusions,
        critique.strengths or critique.limitations,
        critique.problems,
        card.impact or card.impact_kind,
        *(card.novelty, card.recommendation),
        card.checklist,
    )
    return [bool(part) for part in parts]


def gaps(read: Read) -> Iterable[bool]:
    """For each thing that the labels say is there, whether the card says that it is missing: in its checklist, or in a
    remark of its critique."""
    labels = read.case.labels
    if labels is None:
        return
    said = {item.key: item.found for item in read.card.checklist}
    for key, there in labels.checklist.items():
        if there:
            truth = (ChecklistItem(key, found=True),)
            remarks = any(contradicted(problem.point.text, truth) for problem in read.card.critique.problems)
            yield said.get(key) is False or remarks


def specific(text: str) -> bool:
    """Whether a remark names a table, section or number."""
    named = quantities(text)
    return bool(named.numbers or named.references or named.names)


def measures(read: Sequence[Read]) -> Mapping[str, str]:
    """The row of an analyst."""
    claims = [claim for each in read for claim in claims_of(each.card)]
    problems = [problem for each in read for problem in each.card.critique.problems]
    labelled = [(each, each.case.labels) for each in read if each.case.labels is not None]
    scores = [
        f1((getattr(labels, kind), getattr(each.card.experiments, kind)) for each, labels in labelled)
        for kind in ("datasets", "metrics", "baselines")
        if labelled
    ]
    return {
        "papers": str(len(read)),
        "quoted": share(claim.verified for claim in claims),
        "evidenced": share(bool(problem.evidence or problem.point.verified) for problem in problems),
        "specific": share(
            specific(f"{problem.point.text} {problem.evidence}") or bool(problem.point.section) for problem in problems
        ),
        "false gaps": share(gap for each in read for gap in gaps(each)),
        "names F1": " / ".join(f"{score:.2f}" for score in scores) or "–",
        "filled": share(part for each in read for part in filled(each.card)),
        "seconds": f"{statistics.median(each.seconds for each in read):.3f}",
        "tokens": f"{statistics.median(each.tokens for each in read):,.0f}",
    }


def show(rows: Mapping[str, Mapping[str, str]]) -> None:
    """Print the rows as a table, measures down, analysts across."""
    width = max(len(name) for name in rows) + 2
    print(f"{'':12}" + "".join(f"{name:>{max(width, 26)}}" for name in rows))
    for measure in next(iter(rows.values())):
        print(f"{measure:12}" + "".join(f"{row[measure]:>{max(width, 26)}}" for row in rows.values()))


def beside_a_parser(read: Sequence[Read]) -> None:
    """What a local card takes beside the bare parser that reads the page (CPU of this process)."""
    for each in sorted((each for each in read if each.case.page), key=lambda each: -len(each.case.page))[:3]:
        page = each.case.page
        begun = time.process_time()
        for _ in range(20):
            LexborHTMLParser(page)
        parsing = (time.process_time() - begun) / 20
        print(
            f"  a page of {len(page.encode()) / 1000:.0f} KB: card {1000 * each.seconds:.0f} ms, bare parse {1000 * parsing:.1f} ms, ratio {each.seconds / parsing:.0f}"
        )


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--papers", type=int, default=5, help="how many papers a configured model reads")
    wanted = parser.parse_args()
    settings = config.read(os.environ, ROOT / ".env")
    found = await cases()
    local = [read_locally(case) for case in found]
    rows = {"local": measures(local)}
    if settings.llm_model:
        read = await read_by_model(settings, [case for case in found if case.page][: wanted.papers])
        if read:
            rows[f"llm:{settings.llm_model}"] = measures(read)
    else:
        rows["recorded answers"] = measures(await read_by_recorded())
    show(rows)
    beside_a_parser(local)


if __name__ == "__main__":
    asyncio.run(main())
