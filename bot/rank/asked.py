"""What stated interests ask of papers, worked out once against a background: the words to look for, where they point in
topic space, and which past papers speak of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.rank.features import Background, Features, Vector
from bot.rank.interests import Interest

Shares = NDArray[np.float64]
Places = NDArray[np.int32]
Wishes = tuple[Interest, ...]

WORDS_SCALE = 0.07
TOPICS_SCALE = 1.05
KIND_RARITY = 5.0
"""How much a kind of paper (a survey, derivations) counts when it is asked for, as if it were a word of this rarity."""

UNWANTED = 2.0
"""How much more a word counts that is not wanted; nearness in topic does not count against a paper, and of several
words all must be there ("no RLHF surveys" spares what is only one of the two). It does not fade."""

NAMED = 0.45
"""Share of an interest's words, by their rarity, that a paper must use for the interest to be named in it."""

FADING, FADING_POWER = 0.4, 1.2
"""How the stated interests give way to verdicts: half after two likes, an eighth after ten."""

LEFT_OF_RARITY, MOST_LEFT = 0.01, 0.2
"""What is left of an interest however much was liked: the more it says, by the rarity of its words, the more. A few rare
words in a row still hold where the likes are of one corner of what was meant; a single common word tells nothing then."""

ECHO_SCALE, ECHO_FADING = 4.0, 0.5
ECHO_PAPERS = 20
"""The past papers that speak most of an interest stand for it as liked papers would (pseudo-relevance feedback); they
give way to real likes sooner than its words do."""

ECHO_TOPICS = 0.3
DENSE_SCALE = 1.5
FINE_SCALE, FINE_FADING = 0.75, 0.1
"""What nearness by an embedding model's vectors adds, and by the same vectors with what most papers differ in turned down;
that one, which tells the papers of a field apart, gives way to likes slowly."""

SPOKEN_AT_ONCE = 32
"""Interests that are held against all past papers at once: a few hundred kilobytes."""

AT_ONCE = 64
"""Chats whose interests are worked out in one product: enough for speed, few enough for a processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """Interests by units (each of `units`, places in `names`, says `rarities` for the interest in `owners`; `rarity` is
    their sum), by topics (`directions`), by a few past papers that speak of each (`past` and their `past_shares`), and by
    an embedding model's dimensions (`dense`, and `fine` as in `Likeness`). `weights` are how much each is wanted."""

    weights: Shares
    names: tuple[str, ...]
    units: Places
    owners: Places
    rarities: Vector
    rarity: Vector
    directions: Vector
    past: Places
    past_shares: Vector
    dense: Vector | None
    fine: Vector | None

    @classmethod
    def of(cls, background: Background, wishes: Wishes) -> Asked:
        """What these interests ask for; kept with the background for the next time."""
        return cls.of_many(background, [wishes])[0]

    @classmethod
    def of_many(cls, background: Background, asked: Sequence[Wishes]) -> list[Asked]:
        """What the interests of each of many chats ask for; what is not kept is worked out for many of them at once."""
        return background.keep_all(asked, partial(_worked_out, background))

    def shares(self, features: Features, likes: int) -> tuple[Shares, NDArray[np.bool_]]:
        """Papers × interests: what each adds to each paper after so many likes, and whether the paper's own words name
        it (otherwise it is only close in topic)."""
        past = features.background.everything.words
        spoken = (spread([self], past.shape[0]) @ past).toarray()
        echo = np.ascontiguousarray((features.likeness.words @ spoken.T).T)
        added, covered = added_by(features, [self], [likes], echo)
        return added.T.astype(np.float64), covered.T >= NAMED


def added_by(features: Features, asked: Sequence[Asked], likes: Sequence[int], echo: Vector) -> tuple[Vector, Vector]:
    """All interests of several chats, one after the other, × papers: what each adds after so many likes of its chat, and
    the share of its words, by their rarity, that a paper uses.

    `echo` is how like they are in words to the past papers that speak of each interest; it is overwritten.
    """
    weights = np.concatenate([one.weights for one in asked])
    said = np.repeat(np.array(likes, dtype=np.float64), [len(one.weights) for one in asked])
    words, covered = _words(features, asked)
    topics = features.likeness.topics.T
    past = features.background.everything.topics
    echo += np.float32(ECHO_TOPICS) * ((spread(asked, len(past)) @ past) @ topics)
    np.maximum(echo, 0.0, out=echo)
    echo *= (1.0 / (1.0 + ECHO_FADING * said)).astype(np.float32)[:, None]
    found = np.concatenate([one.directions for one in asked]) @ topics
    np.maximum(found, 0.0, out=found)
    found += words
    found += echo
    likeness = features.likeness
    if likeness.dense is not None and any(one.dense is not None for one in asked):
        found += _near([one.dense for one in asked], likeness.dense, asked)
    rarity = np.concatenate([one.rarity for one in asked])
    left = np.maximum(1.0 / (1.0 + FADING * said**FADING_POWER), np.minimum(LEFT_OF_RARITY * rarity, MOST_LEFT))
    found *= left.astype(np.float32)[:, None]
    if likeness.fine is not None and any(one.fine is not None for one in asked):
        staying = (1.0 / (1.0 + FINE_FADING * said)).astype(np.float32)
        found += staying[:, None] * _near([one.fine for one in asked], likeness.fine, asked)
    against = np.flatnonzero(weights <= 0)
    found[against] = np.float32(UNWANTED) * words[against] * covered[against] ** 2
    found *= weights.astype(np.float32)[:, None]
    return found, covered


def _near(directions: Sequence[Vector | None], papers: Vector, asked: Sequence[Asked]) -> Vector:
    """Interests × papers: how near each is by vectors, nothing where it has none or points the other way."""
    width = papers.shape[1]
    known = [
        np.zeros((len(one.weights), width), np.float32) if rows is None else rows
        for one, rows in zip(asked, directions, strict=True)
    ]
    near: Vector = np.maximum(np.concatenate(known) @ papers.T, np.float32(0.0))
    return near


def spread(asked: Sequence[Asked], width: int) -> Any:
    """Interests of several chats, one after the other, × so many past papers: those that speak of each, as a sparse
    matrix."""
    places = np.concatenate([one.past for one in asked])
    shares = np.concatenate([one.past_shares for one in asked])
    starts = np.arange(len(places) + 1) * places.shape[1]
    return sparse.csr_matrix((shares.ravel(), places.ravel(), starts), shape=(len(places), width))


def _words(features: Features, asked: Sequence[Asked]) -> tuple[Vector, Vector]:
    """Interests × papers: what the words of each add, and the share of them, by their rarity, that a paper uses."""
    counts = [len(one.weights) for one in asked]
    names = dict.fromkeys(name for one in asked for name in one.names)
    place = dict(zip(names, features.columns.named(list(names)).tolist(), strict=True))
    places = [np.array([place[name] for name in one.names], dtype=np.int32)[one.units] for one in asked]
    rarities = np.concatenate([one.rarities for one in asked])
    first = np.repeat(np.cumsum([0, *counts[:-1]]), [len(one.owners) for one in asked])
    owners = np.concatenate([one.owners for one in asked]) + first
    at = np.concatenate(places)
    known = at >= 0
    wanted = sparse.csr_matrix(
        (rarities[known], at[known], _starts(np.bincount(owners[known], minlength=sum(counts)))),
        shape=(sum(counts), features.mentions.shape[1]),
    )
    words = np.asarray((wanted @ features.mentions.T).toarray()) * np.float32(WORDS_SCALE)
    rarity = np.concatenate([one.rarity for one in asked])
    return words, np.asarray((wanted @ features.uses.T).toarray()) / rarity[:, None]


def _starts(counts: Sequence[int] | NDArray[np.intp]) -> NDArray[np.intp]:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)


# --------------------------------------------------------------------------- working out


def _worked_out(background: Background, asked: Sequence[Wishes]) -> list[Asked]:
    """What each of these asks for, by products for many at once."""
    parts = (asked[start : start + AT_ONCE] for start in range(0, len(asked), AT_ONCE))
    return [one for part in parts for one in _together(background, part)]


def _together(background: Background, asked: Sequence[Wishes]) -> list[Asked]:
    wishes = [wish for one in asked for wish in one]
    starts = _starts([len(one) for one in asked])
    names = tuple(dict.fromkeys(unit for wish in wishes for unit in wish.units))
    units, shares, unit_starts = _units(asked, names)
    is_kind = np.array([name.startswith("~") for name in names], dtype=bool)
    rarities = (shares * np.where(is_kind, KIND_RARITY, background.rarity(names))[units]).astype(np.float32)
    shape = (len(wishes), len(names))
    directions = np.asarray(
        sparse.csr_matrix((shares, units, unit_starts), shape=shape) @ background.topics_of_units(names)
    )
    for start, end in pairwise(starts):
        length = float(np.linalg.norm(directions[start:end].sum(axis=0)))
        directions[start:end] *= TOPICS_SCALE / (length if length > 1e-9 else 1.0)
    directions = directions.astype(np.float32)
    weights = np.array([wish.weight for wish in wishes], dtype=np.float64)
    weighted = sparse.csr_matrix((rarities, units, unit_starts), shape=shape)
    rarity = np.maximum(np.asarray(weighted.sum(axis=1), dtype=np.float32).ravel(), np.float32(1e-9))
    past, past_shares = _speaking(background, names, weighted, directions)
    past_shares *= (weights > 0)[:, None]
    found = []
    for one, (start, end) in zip(asked, pairwise(starts), strict=True):
        mine, places = np.unique(units[unit_starts[start] : unit_starts[end]], return_inverse=True)
        found.append(
            Asked(
                weights[start:end],
                tuple(names[at] for at in mine),
                places.astype(np.int32),
                np.repeat(np.arange(end - start, dtype=np.int32), np.diff(unit_starts[start : end + 1])),
                rarities[unit_starts[start] : unit_starts[end]],
                rarity[start:end],
                # Copies: a view would keep what was worked out for all.
                directions[start:end].copy(),
                past[start:end].copy(),
                past_shares[start:end] * np.float32(ECHO_SCALE / max(int((weights[start:end] > 0).sum()), 1)),
                *_by_vectors(background, one),
            )
        )
    return found


def _units(asked: Sequence[Wishes], names: Sequence[str]) -> tuple[Places, Shares, NDArray[np.intp]]:
    """The units of each interest as places in `names`, each with its share (interests of one chat that look for the same
    have an equal share of it), and where each interest's begin."""
    place = {name: at for at, name in enumerate(names)}
    found: list[int] = []
    shares: list[float] = []
    counts: list[int] = []
    for wishes in asked:
        often = Counter(unit for wish in wishes for unit in set(wish.units))
        for wish in wishes:
            mine = dict.fromkeys(wish.units)
            found += [place[unit] for unit in mine]
            shares += [1.0 / often[unit] for unit in mine]
            counts.append(len(mine))
    return np.array(found, dtype=np.int32), np.array(shares, dtype=np.float64), _starts(counts)


def _speaking(background: Background, names: Sequence[str], weighted: Any, directions: Vector) -> tuple[Places, Vector]:
    """Interests × a few: the past papers that speak most of each, the strongest first, and by how much each does; they add up
    to 1."""
    past = background.everything.topics
    columns = background.vocabulary.named(names)
    known = np.flatnonzero(columns >= 0)
    mentions = background.mentions[:, columns[known]].T.tocsr()
    said = (np.float32(WORDS_SCALE) * weighted[:, known]) @ mentions
    most = min(ECHO_PAPERS, len(past))
    places = np.zeros((len(directions), most), dtype=np.int32)
    shares = np.zeros((len(directions), most), dtype=np.float32)
    for start in range(0, len(directions) if most else 0, SPOKEN_AT_ONCE):
        some = slice(start, start + SPOKEN_AT_ONCE)
        spoken = directions[some] @ past.T
        np.maximum(spoken, 0.0, out=spoken)
        spoken += said[some].toarray()
        best = _largest(spoken, most)
        each = np.maximum(np.take_along_axis(spoken, best, axis=1), np.float32(0.0))
        shares[some] = each / np.maximum(each.sum(axis=1, keepdims=True), np.float32(1e-9))
        places[some] = best
    return places, shares


def _largest(values: Vector, most: int) -> NDArray[np.intp]:
    """The places of so many of the largest values of each row, the largest first and equal ones in their order."""
    rows, width = values.shape
    # Laid over each other in folds, the columns' maxima show a bound that so many values reach, and few others do: looking
    # for the largest among these takes a quarter of the time.
    folds = max(width // (8 * most), 1)
    maxima = values[:, : width // folds * folds].reshape(rows, folds, -1).max(axis=1)
    bound = np.partition(maxima, -most, axis=1)[:, -most]
    row, place = np.divmod(np.flatnonzero(values >= bound[:, None]), width)
    order = np.lexsort((-values[row, place], row))
    starts = np.searchsorted(row, np.arange(rows))
    found: NDArray[np.intp] = place[order[starts[:, None] + np.arange(most)]]
    return found


def _by_vectors(background: Background, wishes: Wishes) -> tuple[Vector | None, Vector | None]:
    """Interests × dimensions, for those whose label has a vector: as they are, and with what most papers differ in turned
    down."""
    wanted = max(sum(wish.weight > 0 for wish in wishes), 1)
    found = background.directions_of([wish.label for wish in wishes])
    if found is None:
        return None, None
    dense, fine = found
    return np.float32(DENSE_SCALE / wanted) * dense, np.float32(FINE_SCALE / wanted) * fine
