"""Recorded answers about the bundled papers: what is false in them is not shown, what is true and placed is."""

from __future__ import annotations

import dataclasses
import json

import pytest

from bot.card.claims import claims_of
from bot.card.llm.analyst import ModelAnalyst
from bot.card.local import analyse
from bot.card.verify import Haystack, states_number
from bot.model import Card
from tests.support.recorded_model import NAME, Recorded, RecordedModel, recorded


async def card_of(about: Recorded) -> Card:
    """The recorded model's card."""

    async def unseen(_: Card) -> None:
        return

    local = analyse(about.paper, about.text, about.language)
    return await ModelAnalyst(RecordedModel(), NAME, 128_000).card(about.paper, about.text, local, unseen)


@pytest.mark.parametrize("about", recorded(), ids=lambda about: f"{about.paper.id}-{about.language}")
async def test_what_is_false_in_an_answer_is_not_shown(about: Recorded) -> None:
    """Planted lies are dropped, or marked where they state no number; every quote that is shown occurs in the paper."""
    card = await card_of(about)
    haystack = Haystack.of(about.text, about.paper)
    claims = list(claims_of(card))
    assert all(haystack.has(claim.quote) for claim in claims if claim.quote)
    assert all(claim.verified for claim in claims if states_number(claim))
    trusted = json.dumps([claim.text for claim in claims if claim.verified], ensure_ascii=False)
    shown = json.dumps([dataclasses.asdict(each) for each in card.critique.problems], ensure_ascii=False)
    assert [lie for lie in about.planted if lie in trusted or lie in shown] == []


@pytest.mark.parametrize("about", recorded(), ids=lambda about: f"{about.paper.id}-{about.language}")
async def test_what_is_true_stays(about: Recorded) -> None:
    """The card is whole: each part has verified claims, at least two problems with evidence, and stars."""
    card = await card_of(about)
    parts = (
        card.motivation.problem,
        card.motivation.hypotheses,
        card.method,
        card.conclusions,
        card.critique.strengths,
    )
    assert all(any(claim.verified for claim in part) for part in parts)
    assert len(card.experiments.results) >= 2
    assert len(card.critique.problems) >= 2
    assert all(problem.point.quote or problem.evidence or problem.point.verified for problem in card.critique.problems)
    assert card.motivation.formalisation
    assert card.novelty is not None
    assert card.recommendation is not None
