"""What stated interests ask of papers, worked out once against a background: the words to look for, where they point in
topic space, and what else past papers say that speak of them."""

from __future__ import annotations

from dataclasses import dataclass
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
        words, covered = self._words(features)
        # One product for both: the interests' own directions, and those of the past papers that speak of them.
        topics = features.likeness.topics @ self.directions
        count = len(self.weights)
        echo = np.maximum((self.echo @ features.by_word).toarray().T + topics[:, count:], 0.0)
        wanted = words + np.maximum(topics[:, :count], 0.0) + echo / np.float32(1.0 + ECHO_FADING * likes)
        if self.dense is not None and features.likeness.dense is not None:
            wanted += np.maximum(features.likeness.dense @ self.dense, 0.0)
        unwanted = UNWANTED * words * covered**2
        faded = 1.0 + FADING * likes**FADING_POWER * (self.weights > 0)
        return np.where(self.weights > 0, wanted, unwanted) * (self.weights / faded), covered >= NAMED

    def _words(self, features: Features) -> tuple[Vector, Vector]:
        """Papers × interests: what the words of each add, and the share of them, by their rarity, that a paper uses."""
        shape = (len(features.papers), len(self.weights))
        words, covered = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
        for name, weights in zip(self.names, self.weighted, strict=True):
            places, mentions = features.mentions_at(name)
            if len(places):
                words[places] += mentions[:, None] * weights
                covered[places] += weights
        return words * np.float32(WORDS_SCALE), covered / self.rarity


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
    width = past.words.shape[1]
    known = [at for at, name in enumerate(names) if name in background.vocabulary]
    columns = [background.vocabulary[names[at]] for at in known]
    spoken = WORDS_SCALE * (background.mentions[:, columns] @ weighted[known])
    spoken = spoken + TOPICS_SCALE * np.maximum(past.topics @ directions, 0.0)
    share = ECHO_SCALE / max(int((weights > 0).sum()), 1)
    rows, topics = [], np.zeros((past.topics.shape[1], len(weights)), dtype=np.float32)
    for column, weight in enumerate(weights):
        row = np.zeros(width, dtype=np.float32)
        if weight > 0 and len(spoken):
            best = np.argsort(-spoken[:, column], kind="stable")[:ECHO_PAPERS]
            best = best[spoken[best, column] > 0]
            each = (share * spoken[best, column] / max(spoken[best, column].sum(), 1e-9)).astype(np.float32)
            row = np.asarray(past.words[best].T @ each, dtype=np.float32)
            row[np.argsort(-row, kind="stable")[ECHO_WORDS:]] = 0.0
            topics[:, column] = past.topics[best].T @ each
        rows.append(sparse.csr_matrix(row))
    return sparse.vstack(rows).tocsr(), topics


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
