"""From scores to the few papers of a table: best first, nothing seen or muted, no two that say the same."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

import numpy as np

from bot.model import ScoredPaper
from bot.rank.features import Likeness
from bot.rank.ranking import Ranking
from bot.rank.taste import alike

LOOKED_AT = 8
"""How many times the size of the table is looked at for papers that say something else."""

FREE_LIKENESS = 0.25
"""Likeness up to which two papers may stand in one table at no cost."""

COST = 1.25
"""What a paper that is the same as a chosen one loses, as a share of the scores' range."""


def select(ranking: Ranking, size: int, *, seen: AbstractSet[str]) -> list[ScoredPaper]:
    """At most `size` papers, best first: none hidden, none of `seen`, and of near-duplicates the better one unless
    nothing else is left. Equal scores are ordered by id, so that the same day gives the same table."""
    ids = ranking.features.ids
    open_places = [at for at in range(len(ranking)) if at not in ranking.hidden and ids[at] not in seen]
    ordered = sorted(open_places, key=lambda at: (-ranking.scores[at], ids[at]))[: max(size, 0) * LOOKED_AT]
    chosen = _varied(ranking, ordered, size)
    return [ranking[at] for at in sorted(chosen, key=lambda at: (-ranking.scores[at], ids[at]))]


def _varied(ranking: Ranking, ordered: list[int], size: int) -> list[int]:
    """Maximal marginal relevance: one after the other the paper whose score, less what it repeats, is best."""
    if len(ordered) <= 1 or size <= 1:
        return ordered[: max(size, 0)]
    scores = ranking.scores[ordered]
    likeness = ranking.features.likeness
    near = Likeness(likeness.words[ordered], likeness.topics[ordered])
    repeats = np.maximum(alike(near, near, 0.5) - FREE_LIKENESS, 0.0) / (1.0 - FREE_LIKENESS)
    cost = COST * float(scores[0] - scores[-1])
    chosen: list[int] = [0]
    lost = repeats[0].copy()
    while len(chosen) < min(size, len(ordered)):
        value = scores - cost * lost
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
        lost = np.maximum(lost, repeats[chosen[-1]])
    return [ordered[place] for place in chosen]
