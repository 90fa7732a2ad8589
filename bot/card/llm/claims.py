"""What the model said, as claims with their places in the text, and as a card.

A quote that does not stand in the text is no quote: it is taken away, and the claim is left without support.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.card.claims import claims_of, with_claims
from bot.card.formulas import formula_line
from bot.card.llm import rules
from bot.card.llm.injections import addressed_to_machines
from bot.card.llm.shapes import Criticism, Measured, Notes, Point, Ratings, Said, Stars
from bot.card.quantities import quantities
from bot.card.verify import Haystack, doubtful, plain, states_number, unfounded, verified
from bot.model import (
    Card,
    Claim,
    ClaimKind,
    Critique,
    Equation,
    Experiments,
    Formula,
    FullText,
    ImpactKind,
    Judgement,
    Motivation,
    Paper,
    Problem,
    Rating,
    Result,
    Source,
)

MOST = {
    "problem": 3,
    "why_now": 2,
    "hypotheses": 4,
    "method": 4,
    "baselines": 10,
    "datasets": 10,
    "metrics": 8,
    "setup": 4,
    "results": 6,
    "conclusions": 4,
    "limitations": 4,
    "impact": 2,
}
MOST_STRENGTHS = 4
MOST_PROBLEMS = 6
MOST_FORMULAS = 3
LONGEST_TEXT = 600
LONGEST_NAME = 80
MUST_READ = 5
NEW, OPENING = 4, 5
GRAVE = 3
DECIDED = frozenset({"code", "data"})
"""Questions whose search is an answer: a link is there or not. What has no word for it may still be there in others."""


@dataclass(frozen=True, slots=True)
class _Place:
    anchor: str
    section: str
    words: str


class Checker:
    """A paper's text, against which everything is held that the model says of it; build it once for a paper (some
    milliseconds of CPU for each 10 KB)."""

    def __init__(self, paper: Paper, text: FullText, local: Card) -> None:
        self._paper = paper
        self._text = text
        self._local = local
        self.haystack = Haystack.of(text, paper)
        self._places = tuple(_places(text))
        tried = local.experiments
        self._tried = tuple(claim.text for claim in (*tried.baselines, *tried.datasets))
        self._by_search: set[str] = set()
        self._dropped: list[Claim] = []
        self._equations = {f"E{n}": equation for n, equation in enumerate(equations_of(text), 1)}

    # ------------------------------------------------------------------ claims

    def claim(self, text: str, quote: str, kind: ClaimKind = ClaimKind.STATED) -> Claim | None:
        """A statement as a claim with its place; None where it says nothing, or is made of words to machines."""
        text, quote = _tidy(text)[:LONGEST_TEXT], quote.strip()
        if not text or addressed_to_machines(text) or addressed_to_machines(quote):
            return None
        if not quote or not self.haystack.has(quote):
            return Claim(text, kind=ClaimKind.INFERRED)
        anchor, section = self._where(quote)
        return verified(Claim(text, quote, anchor, section, kind), self.haystack)

    def claims(self, said: Iterable[Said], most: int) -> tuple[Claim, ...]:
        """The first statements as claims, each once; an absence that the text contradicts is left out."""
        made: dict[str, Claim] = {}
        for each in said:
            claim = self.claim(each.text, each.quote)
            if claim is not None and (claim.verified or not self._contradicted(claim)):
                made.setdefault(plain(claim.text), claim)
        return tuple(made.values())[:most]

    def names(self, said: Iterable[Said], local: tuple[Claim, ...], most: int) -> tuple[Claim, ...]:
        """Names of systems, data or metrics. One that stands in the text needs no other quote than itself; where the
        model names none that does, those are taken that rules found."""
        made: dict[str, Claim] = {}
        for each in said:
            name = _tidy(each.text)[:LONGEST_NAME]
            quote = each.quote if self.haystack.has(each.quote) and plain(name) in plain(each.quote) else name
            claim = self.claim(name, quote)
            if claim is not None and claim.verified:
                made.setdefault(plain(claim.text), claim)
            elif claim is not None:
                self._dropped.append(claim)
        return tuple(made.values())[:most] or local

    def result(self, measured: Measured) -> Result | None:
        """A result whose number stands in its quote or in a table; parts that stand nowhere are left out."""
        claim = self.claim(measured.text, measured.quote)
        if claim is None:
            return None

        def founded(part: str) -> str:
            part = _tidy(part)[:LONGEST_NAME]
            given = replace(claim, text=part) if claim.quote else claim
            return "" if part and (not claim.quote or unfounded(given, self.haystack)) else part

        value = founded(measured.value)
        if measured.value.strip() and not value:
            self._dropped.append(replace(claim, verified=False))
            return None
        where = _tidy(measured.where)[:LONGEST_NAME]
        known = any(self.haystack.refers(each) for each in quantities(where).references)
        return Result(
            claim, founded(measured.metric), value, founded(measured.compared), where if known else claim.section
        )

    def _where(self, quote: str) -> tuple[str, str]:
        """The anchor and the section's title of the first place that has a quote, or the beginning of it."""
        needle = plain(re.split(r"…|\.\.\.|\[", quote)[0]) or plain(quote)
        condensed = needle.replace(" ", "")
        for place in self._places:
            if needle in place.words or condensed in place.words.replace(" ", ""):
                return place.anchor, place.section
        return "", ""

    def _contradicted(self, claim: Claim) -> bool:
        return rules.contradicted(claim.text, self._local.checklist, self._tried, claim.quote)

    # ------------------------------------------------------------------ critique

    def problem(self, point: Point) -> Problem | None:
        """A problem that names what it rests on; None for a remark that fits every paper, rests on nothing, or misses
        what is there."""
        claim = self.claim(point.point, point.quote, ClaimKind.INFERRED)
        if claim is None or self._contradicted(claim):
            return None
        evidence = self._founded_words(point.evidence, claim)
        references = quantities(f"{claim.text} {evidence}").references
        named = any(self.haystack.refers(each) for each in references) or self._names_section(evidence)
        numbered = bool(quantities(claim.text).numbers) and not unfounded(claim, self.haystack)
        searched = rules.supported(claim.text, self._local.checklist)
        if rules.is_general(claim.text) and not (named or numbered):
            return None
        if not (claim.quote or named or searched):
            return None
        if not claim.quote and searched and searched <= DECIDED and not unfounded(claim, self.haystack):
            self._by_search.add(claim.text)
        severity = min(max(point.severity, 1), GRAVE)
        return Problem(claim, severity, evidence, self._founded_words(point.would_settle, claim))

    def _founded_words(self, words: str, claim: Claim) -> str:
        """Words beside a claim, or "" where they state what stands nowhere in the paper."""
        words = _tidy(words)[:LONGEST_TEXT]
        if not words or addressed_to_machines(words):
            return ""
        return "" if unfounded(replace(claim, text=words), self.haystack) else words

    def _names_section(self, words: str) -> bool:
        folded = words.casefold()
        return any(len(s.title) > 4 and s.title.casefold() in folded for s in self._text.sections)

    # ------------------------------------------------------------------ the card

    def read(self, notes: Notes, analyst: str) -> Card:
        """The card that the notes make; critique and ratings are still to come."""
        local = self._local
        results = [result for result in map(self.result, notes.results) if result is not None]
        if not any(result.claim.verified for result in results):
            self._dropped.extend(result.claim for result in results)
            results = list(local.experiments.results)
        known = {kind.value for kind in ImpactKind}
        return replace(
            local,
            analyst=analyst,
            judgements=(),
            motivation=Motivation(
                problem=self._or_local(self.claims(notes.problem, MOST["problem"]), local.motivation.problem),
                formalisation=self._formulas(notes.equations) or local.motivation.formalisation,
                why_now=self._or_local(self.claims(notes.why_now, MOST["why_now"]), local.motivation.why_now),
                hypotheses=self._or_local(
                    self.claims(notes.hypotheses, MOST["hypotheses"]), local.motivation.hypotheses
                ),
            ),
            method=self._or_local(self.claims(notes.method, MOST["method"]), local.method),
            experiments=Experiments(
                baselines=self.names(notes.baselines, local.experiments.baselines, MOST["baselines"]),
                datasets=self.names(notes.datasets, local.experiments.datasets, MOST["datasets"]),
                metrics=self.names(notes.metrics, local.experiments.metrics, MOST["metrics"]),
                setup=self._or_local(self.claims(notes.setup, MOST["setup"]), local.experiments.setup),
                results=tuple(results[: MOST["results"]]),
            ),
            conclusions=self._or_local(self.claims(notes.conclusions, MOST["conclusions"]), local.conclusions),
            critique=Critique(limitations=self._limitations(notes)),
            impact=self._or_local(self.claims(notes.impact, MOST["impact"]), local.impact),
            impact_kind=ImpactKind(notes.impact_kind) if notes.impact_kind in known else None,
            novelty=None,
            recommendation=None,
        )

    def _or_local(self, claims: tuple[Claim, ...], local: tuple[Claim, ...]) -> tuple[Claim, ...]:
        """The claims; where there are none, or all of them are going to be dropped, what rules found: a model that says
        little is to cost nobody what could be read without it."""
        if any(claim.verified or not states_number(claim) for claim in claims):
            return claims
        self._dropped.extend(claims)
        return local

    def _limitations(self, notes: Notes) -> tuple[Claim, ...]:
        """What the authors admit: shown as their words, so it must be theirs."""
        claims = self.claims(notes.limitations, MOST["limitations"])
        return tuple(claim for claim in claims if claim.verified) or self._local.critique.limitations

    def criticised(self, card: Card, criticism: Criticism) -> Card:
        """The card with its critique."""
        problems: dict[str, Problem] = {}
        for problem in map(self.problem, criticism.problems):
            if problem is not None:
                problems.setdefault(plain(problem.point.text), problem)
        graver = sorted(problems.values(), key=lambda problem: -problem.severity)
        strengths = self.claims(criticism.strengths, MOST_STRENGTHS)
        strengths = tuple(strength for strength in strengths if not rules.is_general(strength.text))
        critique = replace(card.critique, strengths=strengths, problems=tuple(graver[:MOST_PROBLEMS]))
        return replace(card, critique=critique)

    def checked(self, card: Card) -> Card:
        """The card with every claim verified. Those that fail stay and are marked, but those that fail and state a number
        are dropped; the share of all that failed, with what was dropped before, says whether the card needs
        verification: so give it what it gave, and no card twice. What the search for a link decided is verified."""

        def judge(claim: Claim) -> Claim:
            return replace(claim, verified=True) if claim.text in self._by_search else verified(claim, self.haystack)

        def keep(claim: Claim) -> Claim | None:
            judged = judge(claim)
            if judged.verified or not states_number(claim):
                return judged
            self._dropped.append(judged)
            return None

        kept = with_claims(card, keep)
        in_doubt = doubtful([*claims_of(kept), *self._dropped])
        others = tuple(each for each in card.judgements if each is not Judgement.NEEDS_VERIFICATION)
        judgements = (*others, Judgement.NEEDS_VERIFICATION) if in_doubt else others
        return replace(kept, judgements=judgements, needs_verification=in_doubt)

    def _formulas(self, ids: Iterable[str]) -> tuple[Formula, ...]:
        known = {formula.anchor: formula for formula in self._local.motivation.formalisation}
        chosen = (self._equations.get(each.strip().upper()) for each in dict.fromkeys(ids))
        return tuple(
            known.get(each.anchor) or Formula(each.latex, formula_line(each.latex, each.mathml), each.anchor)
            for each in chosen
            if each is not None
        )[:MOST_FORMULAS]


def equations_of(text: FullText) -> tuple[Equation, ...]:
    """The display equations that can be shown, in the order of the ids that the model knows them by."""
    return tuple(
        equation
        for section in text.sections
        if not section.appendix
        for equation in section.equations
        if 5 < len(equation.latex) <= 500 and "\ufffd" not in equation.latex
    )[:40]


def _places(text: FullText) -> Iterable[_Place]:
    yield _Place("abstract", "Abstract", plain(text.abstract))
    for section in text.sections:
        for paragraph in section.paragraphs:
            yield _Place(paragraph.anchor or section.anchor, section.title, plain(paragraph.text))
        for table in section.tables:
            cells = " ".join(" ; ".join(row) for row in (*table.header, *table.rows))
            yield _Place(table.anchor or section.anchor, section.title, plain(f"{table.caption} ¶ {cells}"))
        for figure in section.figures:
            yield _Place(figure.anchor or section.anchor, section.title, plain(figure.caption))
        yield _Place(section.anchor, section.title, plain(section.title))


def _tidy(text: str) -> str:
    return " ".join(text.split())


# --------------------------------------------------------------------------- ratings


def rated(card: Card, ratings: Ratings, statements: Sequence[Claim]) -> Card:
    """The card with its stars, as far as checked statements bear them, and with the judgements that follow.

    A rating rests on one of the `statements`, which are numbered from 1. Whatever the model says: of an abstract alone, or
    of a card that needs verification, nothing gets more than three; with a grave problem not to everybody; and
    nothing is read in full today that shows no result or theorem.
    """
    gravest = max((problem.severity for problem in card.critique.problems), default=0)
    limits = [5]
    in_doubt = card.source is Source.ABSTRACT or card.needs_verification
    if in_doubt:
        limits.append(3)
    if gravest >= GRAVE:
        limits.append(4)
    if not any(result.claim.verified for result in card.experiments.results) and "theory" not in card.tags:
        limits.append(4)
    novelty = _rating(ratings.novelty, statements, 3 if in_doubt else 5)
    recommendation = _rating(ratings.recommendation, statements, min(limits))
    return replace(
        card,
        novelty=novelty,
        recommendation=recommendation,
        judgements=(*_judgements(novelty, recommendation, gravest), *card.judgements),
    )


def _rating(stars: Stars, statements: Sequence[Claim], most: int) -> Rating | None:
    if not 1 <= stars.stars <= 5 or not 1 <= stars.basis <= len(statements):
        return None
    basis = statements[stars.basis - 1]
    reason = Claim(_tidy(stars.reason)[:LONGEST_TEXT], basis.quote, basis.anchor, basis.section, ClaimKind.INFERRED)
    if stars.stars > most or not reason.text or addressed_to_machines(reason.text):
        reason = Claim("")  # why it should have more stars is no reason for these
    return Rating(min(stars.stars, most), reason)


def _judgements(novelty: Rating | None, recommendation: Rating | None, gravest: int) -> tuple[Judgement, ...]:
    new, worth = (rating.stars if rating else 0 for rating in (novelty, recommendation))
    holds = {
        Judgement.MUST_READ: worth >= MUST_READ,
        Judgement.PARADIGM_SHIFT: new >= OPENING and worth >= MUST_READ - 1,
        Judgement.FLAWED: new >= NEW - 1 and gravest >= GRAVE,
        Judgement.INCREMENTAL: 1 <= new <= 2,
    }
    return tuple(judgement for judgement, does in holds.items() if does)
