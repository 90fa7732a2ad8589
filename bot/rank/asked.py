"""What stated interests ask of papers, worked out once against a background: the words to look for, where they point in
topic space, and what else past papers say that speak of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.rank.features import Background, Features, Vector
from bot.rank.interests import Interest

Shares = NDArray[np.float64]

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
"""How the stated interests give way to verdicts: half after two likes, a sixteenth after twenty."""

ECHO_SCALE, ECHO_FADING = 4.0, 0.5
ECHO_PAPERS = 20
"""The past papers that speak most of an interest stand for it as liked papers would (pseudo-relevance feedback); they
give way to real likes sooner than its words do."""

ECHO_WORDS = 400
ECHO_TOPICS = 0.3
DENSE_SCALE = 1.5


@dataclass(frozen=True, eq=False)
class Asked:
    """Interests by units (`weighted`, and `rarity` in sum), by topics (`directions`: their own, then those of past papers
    that speak of them), by the words of those past papers (`echo`) and by an embedding model's dimensions. `weights` are how
    much each is wanted."""

    weights: Shares
    names: tuple[str, ...]
    weighted: Vector
    rarity: Vector
    directions: Vector
    echo: Any
    dense: Vector | None

    @classmethod
    def of(cls, background: Background, wishes: tuple[Interest, ...]) -> Asked:
        """What these interests ask for; kept with the background for the next time."""
        return background.keep(wishes, lambda: _worked_out(background, wishes))

    def shares(self, features: Features, likes: int) -> tuple[Shares, NDArray[np.bool_]]:
        """Papers × interests: what each adds to each paper after so many likes, and whether the paper's own words name
        it (otherwise it is only close in topic)."""
        added, covered = _added(features, [self], [likes])
        return added.T.astype(np.float64), covered.T >= NAMED


def added_by(features: Features, asked: Sequence[Asked], likes: Sequence[int]) -> Vector:
    """All interests of several chats, one after the other, × papers: what each adds after so many likes of its chat."""
    return _added(features, asked, likes)[0]


def _added(features: Features, asked: Sequence[Asked], likes: Sequence[int]) -> tuple[Vector, Vector]:
    """Interests × papers: what each adds, and the share of its words, by their rarity, that a paper uses."""
    weights = np.concatenate([one.weights for one in asked])
    said = np.repeat(np.array(likes, dtype=np.float64), [len(one.weights) for one in asked])
    words, covered = _words(features, asked)
    topics = features.likeness.topics.T
    found = np.concatenate([one.directions[:, : len(one.weights)] for one in asked], axis=1).T @ topics
    echo = np.concatenate([one.directions[:, len(one.weights) :] for one in asked], axis=1).T @ topics
    echo += _echoed(features, asked)
    np.maximum(found, 0.0, out=found)
    np.maximum(echo, 0.0, out=echo)
    echo *= (1.0 / (1.0 + ECHO_FADING * said)).astype(np.float32)[:, None]
    found += words
    found += echo
    if features.likeness.dense is not None and any(one.dense is not None for one in asked):
        width = features.likeness.dense.shape[1]
        dense = [np.zeros((width, len(one.weights)), np.float32) if one.dense is None else one.dense for one in asked]
        found += np.maximum(np.concatenate(dense, axis=1).T @ features.likeness.dense.T, 0.0)
    against = np.flatnonzero(weights <= 0)
    found[against] = np.float32(UNWANTED) * words[against] * covered[against] ** 2
    faded = 1.0 + FADING * said**FADING_POWER * (weights > 0)
    found *= (weights / faded).astype(np.float32)[:, None]
    return found, covered


def _echoed(features: Features, asked: Sequence[Asked]) -> Vector:
    """Interests × papers: their likeness in words to the past papers that speak of each interest."""
    echo = sparse.vstack([one.echo for one in asked], format="csr")
    if len(asked) == 1:
        return np.asarray((echo @ features.by_word).toarray())
    # For many at once few of the words that matter are rare: dense columns are several times as fast.
    used = np.flatnonzero(np.bincount(echo.indices, minlength=echo.shape[1]))
    return np.asarray((features.likeness.words[:, used] @ echo[:, used].T.tocsr().toarray()).T)


def _words(features: Features, asked: Sequence[Asked]) -> tuple[Vector, Vector]:
    """Interests × papers: what the words of each add, and the share of them, by their rarity, that a paper uses."""
    names = list(dict.fromkeys(name for one in asked for name in one.names if name in features.columns))
    place = {name: at for at, name in enumerate(names)}
    count = sum(len(one.weights) for one in asked)
    weighted = np.zeros((count, len(names)), dtype=np.float32)
    start = 0
    for one in asked:
        end = start + len(one.weights)
        known = [at for at, name in enumerate(one.names) if name in place]
        weighted[start:end, [place[one.names[at]] for at in known]] = one.weighted[known].T
        start = end
    mentions = features.mentions[:, [features.columns[name] for name in names]].T.tocsr()
    used = sparse.csr_matrix((np.ones_like(mentions.data), mentions.indices, mentions.indptr), shape=mentions.shape)
    spread = sparse.csr_matrix(weighted)
    words = (spread @ mentions).toarray() * np.float32(WORDS_SCALE)
    rarity = np.concatenate([one.rarity for one in asked])
    return words, (spread @ used).toarray() / rarity[:, None]


def _worked_out(background: Background, wishes: tuple[Interest, ...]) -> Asked:
    names = tuple(dict.fromkeys(unit for wish in wishes for unit in wish.units))
    place = {name: at for at, name in enumerate(names)}
    asked = np.zeros((len(names), len(wishes)))
    for column, wish in enumerate(wishes):
        asked[[place[unit] for unit in wish.units], column] = 1.0
    asked /= np.maximum(asked.sum(axis=1, keepdims=True), 1.0)
    is_kind = np.array([name.startswith("~") for name in names], dtype=bool)
    weighted = asked * np.where(is_kind, KIND_RARITY, background.rarity(names))[:, None]
    found = np.array(
        [
            background.topics_of_units(wish.units, [asked[place[unit], column] for unit in wish.units])
            for column, wish in enumerate(wishes)
        ],
        dtype=np.float64,
    ).T
    length = np.linalg.norm(found.sum(axis=1))
    directions = found / length if length > 1e-9 else found
    weights = np.array([wish.weight for wish in wishes])
    echo, echo_topics = _echo(background, names, weighted, directions, weights)
    return Asked(
        weights,
        names,
        weighted.astype(np.float32),
        np.maximum(weighted.sum(axis=0), 1e-9).astype(np.float32),
        np.concatenate([TOPICS_SCALE * directions, ECHO_TOPICS * echo_topics], axis=1).astype(np.float32),
        echo,
        _dense(background, wishes),
    )


def _echo(
    background: Background, names: tuple[str, ...], weighted: Shares, directions: Shares, weights: Shares
) -> tuple[Any, Vector]:
    """Interests × words, and topics × interests: the past papers that speak most of each wanted interest, as one."""
    past = background.everything
    wanted = np.flatnonzero(weights > 0)
    chosen = _speaking(background, names, weighted[:, wanted], directions[:, wanted])
    chosen.data *= np.float32(ECHO_SCALE / max(len(wanted), 1))
    topics = np.zeros((past.topics.shape[1], len(weights)), dtype=np.float32)
    topics[:, wanted] = (chosen @ past.topics).T
    words = _strongest(chosen @ past.words, ECHO_WORDS)
    rows = np.zeros(len(weights), dtype=np.intp)
    rows[wanted] = np.diff(words.indptr)
    starts = np.concatenate([[0], np.cumsum(rows)])
    return sparse.csr_matrix((words.data, words.indices, starts), shape=(len(weights), past.words.shape[1])), topics


def _speaking(background: Background, names: tuple[str, ...], weighted: Shares, directions: Shares) -> Any:
    """Interests × past papers: those that speak most of each, by how much they do; each row adds up to 1."""
    past = background.everything
    known = [at for at, name in enumerate(names) if name in background.vocabulary]
    columns = [background.vocabulary[names[at]] for at in known]
    spoken = (background.mentions[:, columns] @ (WORDS_SCALE * weighted[known]).astype(np.float32)).T
    spoken = spoken + np.maximum((TOPICS_SCALE * directions).astype(np.float32).T @ past.topics.T, np.float32(0.0))
    most = min(ECHO_PAPERS, spoken.shape[1])
    best = np.sort(np.argpartition(-spoken, most - 1, axis=1)[:, :most], axis=1) if spoken.size else _nobody(spoken)
    each = np.maximum(np.take_along_axis(spoken, best, axis=1), np.float32(0.0))
    each /= np.maximum(each.sum(axis=1, keepdims=True), np.float32(1e-9))
    starts = np.arange(len(each) + 1) * best.shape[1]
    return sparse.csr_matrix((each.ravel(), best.ravel(), starts), shape=spoken.shape)


def _nobody(spoken: Vector) -> NDArray[np.intp]:
    return np.zeros((len(spoken), 0), dtype=np.intp)


def _strongest(rows: Any, most: int) -> Any:
    """Sparse rows with at most so many values each, the greatest."""
    kept = rows.data > 0
    for start, end in pairwise(rows.indptr):
        if end - start > most:
            kept[start + np.argpartition(-rows.data[start:end], most - 1)[most:]] = False
    starts = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
    return sparse.csr_matrix((rows.data[kept], rows.indices[kept], starts), shape=rows.shape)


def _dense(background: Background, wishes: tuple[Interest, ...]) -> Vector | None:
    """Dimensions × interests, for those whose label has a vector."""
    wanted = max(sum(wish.weight > 0 for wish in wishes), 1)
    found = [background.direction_of(wish.label) for wish in wishes]
    length = next((len(vector) for vector in found if vector is not None), 0)
    if not length:
        return None
    nothing = np.zeros(length, dtype=np.float32)
    scale = np.float32(DENSE_SCALE / wanted)
    return np.array([nothing if vector is None else scale * vector for vector in found], dtype=np.float32).T
