"""From scores to the few papers of a table: best first, nothing seen or muted, no two that say the same, and one that
teaches."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bot.model import Reason, ReasonKind, ScoredPaper
from bot.rank.features import Vector
from bot.rank.ranking import SIMILAR, Ranking

Places = Sequence[int] | NDArray[np.intp]

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
    among: Places | None = None,
) -> list[ScoredPaper]:
    """At most `size` papers, best first: none hidden, none of `seen`, and of near-duplicates the better one unless
    nothing else is left. Equal scores are ordered by id, so that the same day gives the same table. With `among` only
    papers at these places of the ranking, as if there were no others.

    With `explore` the last row of a table of some length is the paper whose verdict would teach most, where one is
    plausible enough; it says so by a reason of its own kind, whose `count` is the number of papers it speaks for.
    """
    ordered = _best(ranking, max(size, 0) * LOOKED_AT, seen, among)
    near = ranking.alike(ordered)
    scores = ranking.scores[ordered]
    # `ordered` is in the order of the table, and what is chosen of it are places in it.
    chosen = sorted(_varied(scores, near, size))
    found = _teaching(ranking, ordered, near, chosen[:-1]) if explore and len(chosen) >= LEAST_TO_EXPLORE else None
    if found is None:
        return ranking.look(ordered[chosen].tolist())
    at, speaks_for = found
    *rows, asked = ranking.look(ordered[[*chosen[:-1], at]].tolist())
    why = Reason(ReasonKind.EXPLORATION, count=speaks_for)
    return [*rows, replace(asked, reasons=(*asked.reasons, why))]


def _best(ranking: Ranking, most: int, seen: AbstractSet[str], among: Places | None) -> NDArray[np.intp]:
    """The places of the best papers that may be chosen, at most so many, the best first and equal ones by id."""
    places = np.arange(len(ranking)) if among is None else np.asarray(among, dtype=np.intp)
    place = ranking.features.place
    closed = [*ranking.hidden, *(place[paper_id] for paper_id in seen if paper_id in place)]
    if closed:
        places = places[~np.isin(places, closed)]
    losses = -ranking.scores[places]
    if 0 < most < len(places):
        # Only the best need an order, and those that are as good as the last of them.
        near = np.flatnonzero(losses <= np.partition(losses, most - 1)[most - 1])
        places, losses = places[near], losses[near]
    order = np.lexsort((ranking.features.order[places], losses))
    return places[order[:most]]


def _teaching(
    ranking: Ranking, ordered: NDArray[np.intp], near: Vector, chosen: Sequence[int]
) -> tuple[int, int] | None:
    """Which paper of `ordered` would tell most by a verdict, and of how many others: little is known of it (nothing judged
    or chosen is like it), much is like it, and it may well be liked. None where nothing is known of the reader, or nothing
    plausible is left. `near` is how alike the papers of `ordered` are."""
    if not ranking.knows_the_reader:
        return None
    scores = ranking.scores[ordered]
    last = min(scores[chosen].tolist(), default=0.0)
    plausible = scores > max(PLAUSIBLE * last, 0.0)
    plausible[chosen] = False
    others = np.flatnonzero(plausible)
    if not len(others):
        return None
    theirs = near.take(others, axis=0)
    familiar = np.maximum(ranking.familiar(ordered[others]), theirs[:, chosen].max(axis=1))
    alike = np.maximum(theirs.take(others, axis=1), 0.0)
    np.fill_diagonal(alike, 0.0)
    doubt = np.maximum(1.0 - familiar / SAME, 0.0)
    worth = np.minimum(scores[others] / max(last, 1e-9), 1.0)
    value = doubt * worth * np.sqrt(0.1 + (alike**2).sum(axis=1))
    best = int(value.argmax())
    return (int(others[best]), int((alike[best] >= SIMILAR).sum())) if value[best] > 0 else None


def _varied(scores: NDArray[np.float64], near: Vector, size: int) -> list[int]:
    """Maximal marginal relevance: one after the other the paper whose score, less what it repeats, is best. The scores are
    in descending order."""
    if len(scores) <= 1 or size <= 1:
        return list(range(len(scores)))[: max(size, 0)]
    cost = COST * float(scores[0] - scores[-1])
    losses = cost * (np.maximum(near - FREE_LIKENESS, 0.0) / (1.0 - FREE_LIKENESS))
    chosen: list[int] = [0]
    lost = losses[0].copy()
    left = scores.copy()
    for _ in range(min(size, len(scores)) - 1):
        # What is chosen counts no more.
        left[chosen[-1]] = -np.inf
        chosen.append(int((left - lost).argmax()))
        np.maximum(lost, losses[chosen[-1]], out=lost)
    return chosen
