"""All claims of a card, wherever they stand: to count them, and to change each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from bot.model import Card, Claim, Rating

Change = Callable[[Claim], Claim | None]


def claims_of(card: Card) -> Iterator[Claim]:
    """Every claim of a card in the order of reading, those of results, problems and ratings among them."""
    motivation, tried, critique = card.motivation, card.experiments, card.critique
    yield from (*motivation.problem, *motivation.why_now, *motivation.hypotheses, *card.method)
    yield from (*tried.baselines, *tried.datasets, *tried.metrics, *tried.setup)
    yield from (result.claim for result in tried.results)
    yield from (*card.conclusions, *critique.strengths, *critique.limitations)
    yield from (problem.point for problem in critique.problems)
    yield from card.impact
    yield from (rating.reason for rating in (card.novelty, card.recommendation) if rating and rating.reason.text)


def with_claims(card: Card, change: Change) -> Card:
    """The card with every claim replaced by what `change` makes of it; a claim of which it makes None is left out,
    with its result or problem. A rating's stars stay when their reason goes."""

    def each(claims: tuple[Claim, ...]) -> tuple[Claim, ...]:
        return tuple(made for made in map(change, claims) if made is not None)

    def rated(rating: Rating | None) -> Rating | None:
        if rating is None or not rating.reason.text:
            return rating
        return replace(rating, reason=change(rating.reason) or Claim(""))

    motivation, tried, critique = card.motivation, card.experiments, card.critique
    results = [(result, change(result.claim)) for result in tried.results]
    problems = [(problem, change(problem.point)) for problem in critique.problems]
    return replace(
        card,
        motivation=replace(
            motivation,
            problem=each(motivation.problem),
            why_now=each(motivation.why_now),
            hypotheses=each(motivation.hypotheses),
        ),
        method=each(card.method),
        experiments=replace(
            tried,
            baselines=each(tried.baselines),
            datasets=each(tried.datasets),
            metrics=each(tried.metrics),
            setup=each(tried.setup),
            results=tuple(replace(result, claim=claim) for result, claim in results if claim is not None),
        ),
        conclusions=each(card.conclusions),
        critique=replace(
            critique,
            strengths=each(critique.strengths),
            limitations=each(critique.limitations),
            problems=tuple(replace(problem, point=claim) for problem, claim in problems if claim is not None),
        ),
        impact=each(card.impact),
        novelty=rated(card.novelty),
        recommendation=rated(card.recommendation),
    )
