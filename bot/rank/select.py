"""From scores to the few papers of a table: best first, nothing seen or muted, no two that say the same, and one that
teaches."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np

from bot.model import Reason, ReasonKind, ScoredPaper
from bot.rank.ranking import SIMILAR, Ranking
from bot.rank.taste import alike

TOPIC_SHARE = 0.5
SAME = 0.5
"""Likeness from which a verdict on one paper leaves nothing to learn from another."""

LOOKED_AT = 8
"""How many times the size of the table is looked at for papers that say something else."""

FREE_LIKENESS = 0.25
"""Likeness up to which two papers may stand in one table at no cost."""

COST = 1.25
"""What a paper that is the same as a chosen one loses, as a share of the scores' range."""

LEAST_TO_EXPLORE = 4
"""Rows from which on the last one of a table is there to teach."""

PLAUSIBLE = 0.3
"""Share of the last chosen paper's score that one needs to be worth asking about."""


def select(
    ranking: Ranking,
    size: int,
    *,
    seen: AbstractSet[str],
    explore: bool = False,
    among: Collection[int] | None = None,
) -> list[ScoredPaper]:
    """At most `size` papers, best first: none hidden, none of `seen`, and of near-duplicates the better one unless
    nothing else is left. Equal scores are ordered by id, so that the same day gives the same table. With `among` only
    papers at these places of the ranking, as if there were no others.

    With `explore` the last row of a table of some length is the paper whose verdict would teach most, where one is
    plausible enough; it says so by a reason of its own kind, whose `count` is the number of papers it speaks for.
    """
    ids = ranking.features.ids
    places = range(len(ranking)) if among is None else sorted(among)
    open_places = [at for at in places if at not in ranking.hidden and ids[at] not in seen]
    ordered = sorted(open_places, key=lambda at: (-ranking.scores[at], ids[at]))[: max(size, 0) * LOOKED_AT]
    chosen = _varied(ranking, ordered, size)
    best = sorted(chosen, key=lambda at: (-ranking.scores[at], ids[at]))
    found = _teaching(ranking, ordered, best[:-1]) if explore and len(best) >= LEAST_TO_EXPLORE else None
    if found is None:
        return [ranking[at] for at in best]
    at, speaks_for = found
    asked = ranking[at]
    why = Reason(ReasonKind.EXPLORATION, count=speaks_for)
    return [*(ranking[place] for place in best[:-1]), replace(asked, reasons=(*asked.reasons, why))]


def _teaching(ranking: Ranking, ordered: list[int], chosen: list[int]) -> tuple[int, int] | None:
    """The place of the paper whose verdict would tell most, and of how many others: little is known of it (nothing
    judged or chosen is like it), much is like it, and it may well be liked. None where nothing is known of the reader, or
    nothing plausible is left."""
    last = min((ranking.scores[at] for at in chosen), default=0.0)
    others = [at for at in ordered if at not in chosen and ranking.scores[at] > max(PLAUSIBLE * last, 0.0)]
    if not ranking.knows_the_reader or not others:
        return None
    likeness = ranking.features.likeness
    mine = likeness.take(others)
    familiar = alike(mine, likeness.take(chosen), TOPIC_SHARE).max(axis=1)
    for judged in ranking.judged:
        familiar = np.maximum(familiar, alike(mine, judged, TOPIC_SHARE).max(axis=1))
    near = np.maximum(alike(mine, mine, TOPIC_SHARE), 0.0)
    np.fill_diagonal(near, 0.0)
    doubt = np.clip(1.0 - familiar / SAME, 0.0, 1.0)
    worth = np.minimum(ranking.scores[others] / max(last, 1e-9), 1.0)
    value = doubt * worth * np.sqrt(0.1 + (near**2).sum(axis=1))
    best = int(value.argmax())
    return (others[best], int((near[best] >= SIMILAR).sum())) if value[best] > 0 else None


def _varied(ranking: Ranking, ordered: list[int], size: int) -> list[int]:
    """Maximal marginal relevance: one after the other the paper whose score, less what it repeats, is best."""
    if len(ordered) <= 1 or size <= 1:
        return ordered[: max(size, 0)]
    scores = ranking.scores[ordered]
    likeness = ranking.features.likeness
    near = likeness.take(ordered)
    repeats = np.maximum(alike(near, near, TOPIC_SHARE) - FREE_LIKENESS, 0.0) / (1.0 - FREE_LIKENESS)
    cost = COST * float(scores[0] - scores[-1])
    chosen: list[int] = [0]
    lost = repeats[0].copy()
    while len(chosen) < min(size, len(ordered)):
        value = scores - cost * lost
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
        lost = np.maximum(lost, repeats[chosen[-1]])
    return [ordered[place] for place in chosen]
