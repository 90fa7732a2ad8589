"""From scores to the few papers of a table: best first, nothing seen or muted, no two that say the same, and one that
teaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

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


AT_ONCE = 2**16
"""Pairs of papers, of several tables together, that are looked at in one step: few enough for a processor's cache."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a table is chosen from, as in `select`."""

    ranking: Ranking
    size: int
    seen: AbstractSet[str]
    explore: bool = False
    among: Places | None = None


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
    return select_all([Choice(ranking, size, seen, explore, among)])[0]


def select_all(choices: Sequence[Choice]) -> list[list[ScoredPaper]]:
    """What `select` finds for each of these, those of the same size in a few steps for all of them."""
    ordered = [_best(one) for one in choices]
    groups: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for at, one in enumerate(choices):
        groups[one.size, len(ordered[at])].append(at)
    found: list[list[ScoredPaper]] = [[] for _ in choices]
    for (_, many), group in groups.items():
        step = max(AT_ONCE // max(many, 1) ** 2, 1)
        for start in range(0, len(group), step):
            some = group[start : start + step]
            tables = _tables([choices[at] for at in some], np.array([ordered[at] for at in some]))
            for at, (places, speaks_for) in zip(some, tables, strict=True):
                found[at] = _looked_at(choices[at].ranking, places, speaks_for)
    return found


def _looked_at(ranking: Ranking, places: Sequence[int], speaks_for: int | None) -> list[ScoredPaper]:
    """The papers at these places; the last one teaches where it is known for how many papers it speaks."""
    rows = ranking.look(places)
    if speaks_for is not None:
        why = Reason(ReasonKind.EXPLORATION, count=speaks_for)
        rows[-1] = replace(rows[-1], reasons=(*rows[-1].reasons, why))
    return rows


def _best(choice: Choice) -> NDArray[np.intp]:
    """The places of the best papers that may be chosen, so many times more than are wanted at most, the best first and equal
    ones by id."""
    ranking, most = choice.ranking, max(choice.size, 0) * LOOKED_AT
    places = np.arange(len(ranking)) if choice.among is None else np.asarray(choice.among, dtype=np.intp)
    place = ranking.features.place
    closed = [*ranking.hidden, *(place[paper_id] for paper_id in choice.seen if paper_id in place)]
    if closed:
        places = places[~np.isin(places, closed)]
    losses = -ranking.scores[places]
    if 0 < most < len(places):
        # Only the best need an order, and those that are as good as the last of them.
        near = np.flatnonzero(losses <= np.partition(losses, most - 1)[most - 1])
        places, losses = places[near], losses[near]
    order = np.lexsort((ranking.features.order[places], losses))
    return places[order[:most]]


def _tables(choices: Sequence[Choice], ordered: NDArray[np.intp]) -> list[tuple[list[int], int | None]]:
    """For each of these choices of the same size its papers' places in the order of the table, and for how many papers the
    last one speaks where it teaches. `ordered` is choices × the places of the papers that are looked at, best first."""
    near = np.array([one.ranking.alike(places) for one, places in zip(choices, ordered, strict=True)])
    scores = np.array([one.ranking.scores[places] for one, places in zip(choices, ordered, strict=True)])
    # `ordered` is in the order of the table, and what is chosen of it are places in it.
    chosen = np.sort(_varied(scores, near, choices[0].size), axis=1)
    speaks_for: list[int | None] = [None for _ in choices]
    explores = [one.explore and one.ranking.knows_the_reader for one in choices]
    if chosen.shape[1] >= LEAST_TO_EXPLORE and any(explores):
        best, count = _teaching([one.ranking for one in choices], ordered, scores, near, chosen[:, :-1])
        for at in np.flatnonzero((count >= 0) & explores).tolist():
            chosen[at, -1], speaks_for[at] = best[at], int(count[at])
    return list(zip(np.take_along_axis(ordered, chosen, axis=1).tolist(), speaks_for, strict=True))


def _teaching(
    rankings: Sequence[Ranking],
    ordered: NDArray[np.intp],
    scores: NDArray[np.float64],
    near: Vector,
    chosen: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Which paper of each row of `ordered` would tell most by a verdict, and of how many others: little is known of it
    (nothing judged or chosen is like it), much is like it, and it may well be liked; -1 where nothing plausible is left.
    `scores` are those of the papers of `ordered`, the best first, and `near` is how alike they are."""
    last = np.take_along_axis(scores, chosen[:, -1:], axis=1)
    plausible = scores > np.maximum(PLAUSIBLE * last, 0.0)
    np.put_along_axis(plausible, chosen, values=False, axis=1)
    judged = [ranking.familiar(places) for ranking, places in zip(rankings, ordered, strict=True)]
    familiar = np.maximum(judged, np.take_along_axis(near, chosen[:, None, :], axis=2).max(axis=2))
    alike = np.maximum(near, 0.0) * plausible[:, None, :]
    alike[:, range(alike.shape[1]), range(alike.shape[1])] = 0.0
    doubt = np.maximum(1.0 - familiar / SAME, 0.0)
    worth = np.minimum(scores / np.maximum(last, 1e-9), 1.0)
    value = np.where(plausible, doubt * worth * np.sqrt(0.1 + (alike**2).sum(axis=2)), 0.0)
    rows, best = np.arange(len(value)), value.argmax(axis=1)
    count = (alike[rows, best] >= SIMILAR).sum(axis=1)
    return best, np.where(value[rows, best] > 0, count, -1)


def _varied(scores: NDArray[np.float64], near: Vector, size: int) -> NDArray[np.intp]:
    """For each row of scores, which are in descending order, the places of at most so many: by maximal marginal relevance,
    one after the other the paper whose score, less what it repeats, is best."""
    chosen = np.zeros((len(scores), min(max(size, 0), scores.shape[1])), dtype=np.intp)
    if chosen.shape[1] <= 1:
        return chosen
    cost = (COST * (scores[:, 0] - scores[:, -1])).astype(np.float32)
    losses = cost[:, None, None] * (np.maximum(near - FREE_LIKENESS, 0.0) / (1.0 - FREE_LIKENESS))
    rows = np.arange(len(scores))
    lost, left = losses[:, 0].copy(), scores.copy()
    for at in range(1, chosen.shape[1]):
        # What is chosen counts no more.
        left[rows, chosen[:, at - 1]] = -np.inf
        chosen[:, at] = (left - lost).argmax(axis=1)
        np.maximum(lost, losses[rows, chosen[:, at]], out=lost)
    return chosen
