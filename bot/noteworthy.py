"""Which papers of a day stand out, decided from what their cards and rows say; nobody is asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.card.claims import claims_of
from bot.model import Card, Result, Row

MOST = 2
UNRATED = 3
"""Where a paper without stars stands among those that have some: in the middle, neither praised nor blamed."""

_HEAT, _RESULTS, _DOUBT = 0.25, 0.25, 0.5
"""What the day's most attention, a card full of checked results and a card full of doubt weigh against the whole range
of the day's scores. By judgement: together they move a paper past its neighbours, not from the end to the top."""
_MANY_RESULTS = 4


@dataclass(frozen=True, slots=True)
class Standing:
    """What speaks for and against one paper of a day.

    `verified` of `claims` statements on its card were found in the paper's text; `results` are those of its results
    that have a number and were found; `best_match` and `most_heat` say that no other paper of the day has a higher
    score, or more upvotes; `code` is a link to its code, "" for none.
    """

    row: Row
    card: Card
    verified: int
    claims: int
    results: tuple[Result, ...]
    best_match: bool
    most_heat: bool
    code: str
    weight: float

    @property
    def doubtful(self) -> int:
        """How many statements need verification."""
        return self.claims - self.verified


def standings(rows: Sequence[Row], cards: Mapping[str, Card]) -> list[Standing]:
    """How each paper that has a card (by its id) stands, in the order of the table."""
    read = [row for row in rows if row.paper_id in cards]
    scores = [row.score for row in read]
    heats = [row.heat or 0 for row in read]
    return [_standing(row, cards[row.paper_id], scores, heats) for row in read]


def noteworthy(standing: Sequence[Standing], most: int = MOST) -> list[Standing]:
    """The papers that stand out, best first: by recommendation, then novelty, then weight.

    A paper that nobody rated counts as `UNRATED` in both, so it goes after what is recommended and before what is not.
    """
    return sorted(standing, key=_merit, reverse=True)[:most]


def _merit(one: Standing) -> tuple[int, int, float]:
    recommended, novel = one.card.recommendation, one.card.novelty
    return recommended.stars if recommended else UNRATED, novel.stars if novel else UNRATED, one.weight


def _standing(row: Row, card: Card, scores: Sequence[float], heats: Sequence[int]) -> Standing:
    claims = list(claims_of(card))
    verified = sum(claim.verified for claim in claims)
    results = tuple(result for result in card.experiments.results if result.value and result.claim.verified)
    span, hottest = max(scores) - min(scores), max(heats)
    weight = (row.score - min(scores)) / span if span else 1.0
    weight += _HEAT * math.log1p(row.heat or 0) / math.log1p(hottest) if hottest else 0.0
    weight += _RESULTS * min(len(results), _MANY_RESULTS) / _MANY_RESULTS
    weight -= _DOUBT * (1 - verified / len(claims)) if claims else 0.0
    return Standing(
        row,
        card,
        verified,
        len(claims),
        results,
        best_match=row.score == max(scores),
        most_heat=bool(hottest) and row.heat == hottest,
        code=next((place for item in card.checklist if item.key == "code" for place in item.where), ""),
        weight=weight,
    )
