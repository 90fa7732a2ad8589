"""How like the day's papers are: to each other, and in words to judged papers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.model import Paper
from bot.rank.features import Features, Matrix, Vector, in_words, rows_of
from bot.rank.taste import pairs_of

TOPIC_SHARE = 0.5
"""How much of the likeness of two papers of a table their topics are."""

MOST_PAIRED = 2048
"""The day's papers up to which every pair of them, and of them and past ones, is kept, four bytes each; beyond, as after days
without an announcement read, only what is asked for is compared."""

ADDED_AT_ONCE = 32
"""Sums of past papers that are written out in words at once: some two hundred kilobytes each."""

MOST_SUMMED = 512
"""Judged papers whose words are added up in one go: two kilobytes each."""

CHUNK = 256

Places = Sequence[int] | NDArray[np.intp]


class Sum(NamedTuple):
    """Some papers in sum: the likeness in words of each of the day's papers to them, and themselves in the other spaces."""

    words: Vector
    spaces: tuple[Vector | None, ...]


class Nearness:
    """The likeness of a day's papers, worked out when it is asked for."""

    def __init__(self, features: Features) -> None:
        self._features = features

    def alike(self, places: Places) -> Vector:
        """How alike all pairs of the papers at these places are."""
        mine = self._features.likeness.take(places)
        return pairs_of(np.asarray((mine.words @ mine.words.T).toarray()), mine, mine, TOPIC_SHARE)

    def to(self, papers: Sequence[Paper], places: Places) -> Vector:
        """How like in words the papers at these places (rows) are to any papers."""
        theirs = self._features.background.likeness(papers).words
        return in_words(self._features.likeness.words[places], theirs)

    def summed(self, papers: Sequence[Sequence[Paper]], shares: Sequence[Sequence[Vector]]) -> Sum:
        """For each of several rows of papers and each row of its shares: the papers, each times its share, in sum.

        Their words are added up first, so that there is one text for each row of shares to hold the day's papers against,
        not hundreds.
        """
        parts = [self._added_up(papers[some], shares[some]) for some in _parts([len(some) for some in papers])]
        texts = sparse.vstack([words for words, _ in parts])
        words = self._features.likeness.words @ texts.T.tocsr().toarray()
        spaces = [
            None
            if any(rows is None for rows in every)
            else np.concatenate([rows for rows in every if rows is not None])
            for every in zip(*(spaces for _, spaces in parts), strict=True)
        ]
        return Sum(np.ascontiguousarray(words.T), tuple(spaces))

    def _added_up(
        self, papers: Sequence[Sequence[Paper]], shares: Sequence[Sequence[Vector]]
    ) -> tuple[Any, tuple[Vector | None, ...]]:
        """The sums themselves, in words and in the other spaces."""
        starts = accumulate((len(some) for some in papers), initial=0)
        spread = [(start, share) for start, some in zip(starts, shares, strict=False) for share in some]
        telling = [np.flatnonzero(share) for _, share in spread]
        weights = rows_of(
            np.concatenate([share[at] for (_, share), at in zip(spread, telling, strict=True)]),
            np.concatenate([start + at for (start, _), at in zip(spread, telling, strict=True)]).astype(np.int32),
            np.cumsum([0, *(len(at) for at in telling)], dtype=np.int32),
            sum(len(some) for some in papers),
        )
        theirs = self._features.background.likeness([paper for some in papers for paper in some])
        return weights @ theirs.words, tuple(None if rows is None else weights @ rows for rows in theirs.spaces)


class KeptNearness(Nearness):
    """The same, kept for many chats where the day's papers are not too many: each pair of them is compared once, and past
    papers, which stand for what is usual, at the start. It may be asked from several threads."""

    def __init__(self, features: Features) -> None:
        super().__init__(features)
        self._keeps = len(features.papers) <= MOST_PAIRED
        self._past_words = features.background.everything.words
        self._past = self._to_past() if self._keeps else None

    def _to_past(self) -> Vector:
        """How like in words past papers (rows) are to the day's."""
        words = self._past_words
        found = np.zeros((words.shape[0], len(self._features.papers)), dtype=np.float32)
        for start in range(0, len(found), CHUNK):
            some = slice(start, start + CHUNK)
            found[some] = (words[some] @ self._features.by_word).toarray()
        return found

    def past(self, shares: Matrix | Vector, places: Places | slice = slice(None)) -> Vector:
        """For each row of shares of the past papers at these places: how like in words each of the day's papers is to
        them in sum."""
        if self._past is not None:
            return np.asarray(shares @ self._past[places])
        texts = sparse.csr_matrix(shares) @ self._past_words[places]
        found = np.empty((texts.shape[0], len(self._features.papers)), dtype=np.float32)
        for start in range(0, len(found), ADDED_AT_ONCE):
            some = slice(start, start + ADDED_AT_ONCE)
            found[some] = (self._features.likeness.words @ texts[some].T.toarray()).T
        return found

    def alike(self, places: Places) -> Vector:
        """How alike all pairs of the papers at these places are."""
        return self._pairs.take(places, axis=0).take(places, axis=1) if self._keeps else super().alike(places)

    @cached_property
    def _pairs(self) -> Vector:
        features, count = self._features, len(self._features.papers)
        found = np.empty((count, count), dtype=np.float32)
        for start in range(0, count, CHUNK):
            some = slice(start, start + CHUNK)
            mine = features.likeness.take(some)
            words = (mine.words @ features.by_word).toarray()
            found[some] = pairs_of(words, mine, features.likeness, TOPIC_SHARE)
        return found


def _parts(counts: Sequence[int]) -> Iterator[slice]:
    """Rows of so many papers each, one after the other, in parts of about as many papers as are read in one go."""
    start, many = 0, 0
    for at, count in enumerate(counts):
        if at > start and many + count > MOST_SUMMED:
            yield slice(start, at)
            start, many = at, 0
        many += count
    yield slice(start, len(counts))
