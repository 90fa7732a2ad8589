"""A day as one document: a chat's own digest with all its cards, or a day read without any chat for the command line."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.digest import DigestView
from bot.embedding import Embedding, background_of, features_of
from bot.errors import NotAnnounced, PaperboyError, SourceError, Throttled
from bot.intake import Intake
from bot.model import (
    Card,
    Claim,
    Counts,
    Formula,
    Kind,
    Listing,
    ListingState,
    Paper,
    Problem,
    Profile,
    Rating,
    Result,
    Row,
)
from bot.rank.score import score
from bot.rank.select import select
from bot.reading import CardView, Reading
from bot.table import names_of, rows_of
from storage import heat, listings, papers
from storage.database import Database

log = logging.getLogger(__name__)

BACKGROUND_PAPERS = 3000
PATIENCE = 180.0
"""Seconds that a report waits for cards by a language model."""

LOCAL_INSTEAD = "%s: no card by the language model (%s); this one was made by rules."
"""Told to whoever waits at a command line."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """The day's document: the listings by category, how many distinct papers they announced as new or cross-listed,
    the chosen rows, and the cards and papers of those rows where they were asked for and could be read."""

    date: date
    listings: Mapping[str, Listing]
    announced: int
    rows: tuple[Row, ...]
    profile: Profile
    cards: tuple[Card, ...] = ()
    papers: tuple[Paper, ...] = ()


async def of_digest(
    reading: Reading,
    parts: Sequence[DigestView],
    reader_id: int,
    progress: Callable[[int, int], Awaitable[None]],
    patience: float = PATIENCE,
) -> Report:
    """The report of a chat's own digest, all `parts` of one date in order, whose rows are numbered through.

    The cards are those that a press would show. A language model writes all that it has not written yet at once, and is
    waited for, but for at most `patience` seconds in all; what is not there by then stands in the report as the local
    analyst read it, and goes on in the background. A paper that cannot be read has no card. `progress` is awaited with how
    many are read, of how many.
    """
    rows = [row for part in parts for row in part.digest.rows]
    rows = [replace(row, rank=rank) for rank, row in enumerate(rows, 1)]
    last = parts[-1]
    read: list[CardView] = []
    for done, row in enumerate(rows):
        await progress(done, len(rows))
        try:
            read.append(await reading.card(last.chat.id, reader_id, row.paper_id, row.version))
        except PaperboyError as error:
            log.warning("%s is missing from a report: %s", row.paper_id, error)
    read = await _finished(reading, read, reader_id, patience)
    await progress(len(rows), len(rows))
    return Report(
        last.digest.date,
        {listing.category: listing for listing in last.digest.listings},
        sum(part.digest.announced for part in parts),
        tuple(rows),
        last.profile,
        tuple(view.card for view in read),
        tuple(view.paper for view in read),
    )


async def _finished(reading: Reading, read: Sequence[CardView], reader_id: int, patience: float) -> list[CardView]:
    """The same with the language model's cards where they come in time."""
    writing = {
        view.paper.id: asyncio.create_task(
            reading.finished(view.chat.id, reader_id, view.paper.id, view.paper.version), name=view.paper.versioned_id
        )
        for view in read
        if view.note == "writing"
    }
    if writing:
        _, late = await asyncio.wait(writing.values(), timeout=patience)
        for task in late:
            task.cancel()
    made = {paper_id: _outcome(task) for paper_id, task in writing.items()}
    return [made.get(view.paper.id) or view for view in read]


def _outcome(task: asyncio.Task[CardView | None]) -> CardView | None:
    if not task.done() or task.cancelled():
        return None
    error = task.exception()
    if error is not None and not isinstance(error, PaperboyError):
        raise error
    return None if error is not None else task.result()


class Reports:
    """The use case of reading a day without a chat."""

    def __init__(
        self,
        db: Database,
        intake: Intake,
        reading: Reading,
        clock: Callable[[], datetime],
        embedding: Embedding | None = None,
    ) -> None:
        self._embedding = embedding
        self._db = db
        self._intake = intake
        self._reading = reading
        self._clock = clock

    async def of_day(
        self, profile: Profile, day: date | None, *, top: int, language: str, cards: bool, progress: Progress
    ) -> Report:
        """The report of one announcement day (None: the newest) for the categories and interests of `profile`.

        A listing that could not be read is in `listings` with its state, as long as there is another one.

        Raises:
            NotAnnounced: the day is still to come, or too old for arXiv to show.
            SourceError: none of the listings could be read.
        """
        day, states = await self._listings(profile.categories, day, progress)
        progress("heat", 0, 1)
        await self._intake.refresh_heat(day)
        progress("heat", 1, 1)
        rows, announced = await self._rows(profile, day, states, top, progress)
        about = [await self._reading.paper(row.paper_id, row.version) for row in rows] if cards else []
        read = await self._cards(about, language, progress)
        return Report(day, states, announced, rows, profile, read, tuple(about))

    async def _cards(self, about: Sequence[Paper], language: str, progress: Progress) -> tuple[Card, ...]:
        """The papers' cards by the best analyst, in their order, however long that takes; one text is fetched at a time,
        but several are read by a language model at once."""
        done = 0

        async def card(paper: Paper) -> Card:
            nonlocal done
            made, note = await self._reading.awaited_card_of(paper, language)
            if note:
                log.warning(LOCAL_INSTEAD, paper.versioned_id, note)
            done += 1
            progress("cards", done, len(about))
            return made

        if about:
            progress("cards", 0, len(about))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(card(paper)) for paper in about]
        return tuple(task.result() for task in tasks)

    async def _listings(
        self, categories: Sequence[str], day: date | None, progress: Progress
    ) -> tuple[date, dict[str, Listing]]:
        if day is None:
            day = await self._newest_day(categories, progress)
        states: dict[str, Listing] = {}
        for done, category in enumerate(categories):
            progress("listings", done, len(categories))
            states[category] = await self._intake.day(category, day)
        progress("listings", len(categories), len(categories))
        _raise_if_useless(day, tuple(states.values()))
        return day, states

    async def _newest_day(self, categories: Sequence[str], progress: Progress) -> date:
        polls = []
        for done, category in enumerate(categories):
            progress("newest listings", done, len(categories))
            polls.append(await self._intake.pull(category, None))
        progress("newest listings", len(categories), len(categories))
        days = [
            poll.page_date
            for poll in polls
            if poll.page_date and poll.state in (ListingState.FRESH, ListingState.WAITING)
        ]
        if not days:
            _raise([Listing(poll.category, self._clock().date(), poll.state, detail=poll.detail) for poll in polls])
        return max(days)

    async def _rows(
        self, profile: Profile, day: date, states: Mapping[str, Listing], top: int, progress: Progress
    ) -> tuple[tuple[Row, ...], int]:
        async with self._db.read() as conn:
            ids: set[str] = set()
            for category, listing in states.items():
                if listing.state is ListingState.FRESH:
                    ids |= await listings.ids(conn, category, day, (Kind.NEW, Kind.CROSS))
            known = await papers.many(conn, sorted(ids))
            heats = await heat.newest(conn, sorted(ids))
            past = await listings.sample_before(conn, list(states), day, BACKGROUND_PAPERS)
            names = await names_of(conn, list(known.values()))
        found = [known[paper_id] for paper_id in sorted(known)]
        background = await background_of(past, self._embedding)
        features = await features_of(found, background, self._embedding)
        if self._embedding is not None:
            await self._embedding.know_profile(profile)
        scored = score(features, profile, heats, names, self._clock())
        chosen = select(scored, top, seen=frozenset())
        for done, choice in enumerate(chosen):
            progress("institutions", done, len(chosen))
            try:
                await self._reading.prepare(choice.paper)
            except SourceError:
                break
        progress("institutions", len(chosen), len(chosen))
        async with self._db.read() as conn:
            names = await names_of(conn, [choice.paper for choice in chosen])
        return rows_of(chosen, names, heats, {}), len(found)


def _raise_if_useless(day: date, states: Sequence[Listing]) -> None:
    if all(listing.detail == "too-old" for listing in states):
        raise NotAnnounced("arXiv", day.isoformat(), "too-old")
    if any(listing.state.complete for listing in states):
        return
    if all(listing.state is ListingState.WAITING for listing in states):
        raise NotAnnounced("arXiv", day.isoformat(), "future")
    _raise(states)


def _raise(states: Sequence[Listing]) -> None:
    """Say in one sentence why no listing could be read; being asked to wait outweighs the rest."""
    throttled = next((listing for listing in states if listing.state is ListingState.THROTTLED), None)
    if throttled is not None:
        raise Throttled("arXiv", throttled.detail)
    detail = ", ".join(dict.fromkeys(f"{listing.category}: {listing.detail or listing.state}" for listing in states))
    raise SourceError("arXiv", "listings", f"arXiv's listings could not be read ({detail}); try again later.")


# --------------------------------------------------------------------------- the outside contract's JSON


def report_json(
    report: Report,
    say_reasons: Callable[[Row], str],
    say_direction: Callable[[str], str],
    say_tag: Callable[[str], str],
) -> dict[str, object]:
    """The report in the shape of the outside contract; the words of reasons, directions and tags come from outside."""
    return {
        "date": report.date.isoformat(),
        "listings": {
            category: {
                "state": listing.state.value,
                "declared": _counts(listing.declared),
                "parsed": _counts(listing.parsed),
                "detail": listing.detail,
            }
            for category, listing in report.listings.items()
        },
        "announced": report.announced,
        "selected": len(report.rows),
        "rows": [
            {
                "rank": row.rank,
                "id": row.paper_id,
                "version": row.version,
                "title": row.title,
                "authors": list(row.authors),
                "institution": row.institution or None,
                "direction": say_direction(row.direction),
                "heat": row.heat,
                "score": round(row.score, 6),
                "reason": say_reasons(row),
                "tags": [say_tag(tag) for tag in row.tags],
            }
            for row in report.rows
        ],
        "cards": [card_json(card) for card in report.cards],
    }


def _counts(counts: Counts | None) -> dict[str, int] | None:
    if counts is None:
        return None
    return {"new": counts.new, "cross": counts.cross, "replace": counts.replace}


def card_json(card: Card) -> dict[str, object]:
    """A card in the shape of the outside contract: every asserting leaf is a claim or a list of claims."""
    return {
        "id": card.paper_id,
        "version": card.version,
        "title": card.title,
        "authors": list(card.authors),
        "institutions": list(card.institutions),
        "tags": [*card.tags, *(judgement.value for judgement in card.judgements)],
        "judgements": [judgement.value for judgement in card.judgements],
        "language": card.language,
        "analyst": card.analyst,
        "source": card.source.value,
        "motivation": {
            "problem": _claims(card.motivation.problem),
            "formalisation": [_formula(formula) for formula in card.motivation.formalisation],
            "why_now": _claims(card.motivation.why_now),
            "hypotheses": _claims(card.motivation.hypotheses),
        },
        "method": _claims(card.method),
        "experiments": {
            "baselines": _claims(card.experiments.baselines),
            "datasets": _claims(card.experiments.datasets),
            "metrics": _claims(card.experiments.metrics),
            "setup": _claims(card.experiments.setup),
            "results": [_result(result) for result in card.experiments.results],
        },
        "conclusions": _claims(card.conclusions),
        "critique": {
            "strengths": _claims(card.critique.strengths),
            "problems": [_problem(problem) for problem in card.critique.problems],
            "limitations": _claims(card.critique.limitations),
        },
        "impact": _claims(card.impact),
        "impact_kind": card.impact_kind.value if card.impact_kind else None,
        **_rating("novelty", card.novelty),
        **_rating("recommendation", card.recommendation),
        "needs_verification": card.needs_verification,
        "checklist": [
            {"key": item.key, "found": item.found, "where": list(item.where), "rule": item.rule}
            for item in card.checklist
        ],
    }


def _claim(claim: Claim) -> dict[str, object]:
    return {
        "text": claim.text,
        "quote": claim.quote,
        "anchor": claim.anchor,
        "kind": claim.kind.value,
        "verified": claim.verified,
    }


def _claims(claims: Sequence[Claim]) -> list[dict[str, object]]:
    return [_claim(claim) for claim in claims]


def _formula(formula: Formula) -> dict[str, object]:
    claim = Claim(formula.introduction or formula.line, formula.introduction, formula.anchor, verified=True)
    return {**_claim(claim), "latex": formula.latex, "line": formula.line}


def _result(result: Result) -> dict[str, object]:
    return {
        **_claim(result.claim),
        "metric": result.metric,
        "value": result.value,
        "compared_with": result.compared,
        "where": result.where,
    }


def _rating(name: str, rating: Rating | None) -> dict[str, object]:
    """The stars as a number, null where not assessed, and beside them the claim that gives the reason."""
    if rating is None:
        return {name: None, f"{name}_reason": None}
    return {name: rating.stars, f"{name}_reason": _claim(rating.reason)}


def _problem(problem: Problem) -> dict[str, object]:
    return {
        **_claim(problem.point),
        "severity": problem.severity,
        "evidence": problem.evidence,
        "would_settle": problem.would_settle,
    }
