"""How like the day's papers are: to each other, and in words to judged papers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.model import Paper
from bot.rank.features import Features, Vector, key_of, rows_of
from bot.rank.taste import pairs_of

TOPIC_SHARE = 0.5
"""How much of the likeness of two papers of a table their topics are."""

MOST_PAIRED = 2048
"""The day's papers up to which every pair of them is kept, four bytes each; beyond, as after days without an announcement
read, only the pairs that are asked for are compared."""

MOST_KEPT = 512
"""Judged papers whose likeness to the day's is kept, besides past ones: four bytes for each of the day's papers."""

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
        return np.asarray((self._features.likeness.words[places] @ theirs.T).toarray())


class KeptNearness(Nearness):
    """The same, kept for many chats: each pair of the day's papers, and each judged paper, is compared once; past papers,
    of which many were judged, are compared at the start. It may be asked from several threads."""

    def __init__(self, features: Features) -> None:
        super().__init__(features)
        past = features.background.everything
        self._past = {key_of(paper): at for at, paper in enumerate(features.background.papers)}
        self._count = past.words.shape[0]
        self._at = dict(self._past)
        room = self._count + MOST_KEPT
        self._rows: Vector = np.zeros((room, len(features.papers)), dtype=np.float32)
        for start in range(0, self._count, CHUNK):
            some = slice(start, min(start + CHUNK, self._count))
            self._rows[some] = (past.words[some] @ features.by_word).toarray()
        self._spaces = tuple(None if rows is None else _grown(rows, room) for rows in past.spaces)
        self._used = self._count
        self._lock = Lock()

    @property
    def past(self) -> Vector:
        """Past papers × the day's."""
        return self._rows[: self._count]

    def alike(self, places: Places) -> Vector:
        """How alike all pairs of the papers at these places are."""
        if len(self._features.papers) > MOST_PAIRED:
            return super().alike(places)
        return self._pairs.take(places, axis=0).take(places, axis=1)

    def to(self, papers: Sequence[Paper], places: Places) -> Vector:
        """How like in words the papers at these places (rows) are to any papers."""
        with self._lock:
            rows = self._rows_of(papers)
            return self._rows.take(rows, axis=0).take(places, axis=1).T

    def summed(self, papers: Sequence[Sequence[Paper]], shares: Sequence[Sequence[Vector]]) -> Sum:
        """For each of several rows of papers and each row of its shares: the papers, each times its share, in sum."""
        counts = [len(some) for some in papers]
        starts = np.cumsum([0, *counts])
        repeated = [start for start, some in zip(starts, shares, strict=False) for _ in some]
        spread = [share for some in shares for share in some]
        with self._lock:
            rows = self._rows_of([paper for some in papers for paper in some])
            telling = [np.flatnonzero(share) for share in spread]
            weights = rows_of(
                np.concatenate([share[at] for share, at in zip(spread, telling, strict=True)]),
                np.concatenate([rows[start + at] for start, at in zip(repeated, telling, strict=True)]),
                np.cumsum([0, *(len(at) for at in telling)], dtype=np.int32),
                len(self._rows),
            )
            spaces = tuple(None if rows is None else weights @ rows for rows in self._spaces)
            return Sum(weights @ self._rows, spaces)

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

    def _rows_of(self, papers: Sequence[Paper]) -> NDArray[np.int32]:
        """Where the likeness of the day's papers to each of these is kept."""
        keys = [key_of(paper) for paper in papers]
        if self._used + len({key for key in keys if key not in self._at}) > self._count + MOST_KEPT:
            self._at, self._used = dict(self._past), self._count
        new: list[Paper] = []
        for key, paper in zip(keys, papers, strict=True):
            if key not in self._at:
                self._at[key] = self._used + len(new)
                new.append(paper)
        if new:
            self._compare(new)
        return np.array([self._at[key] for key in keys], dtype=np.int32)

    def _compare(self, papers: Sequence[Paper]) -> None:
        start, end = self._used, self._used + len(papers)
        self._used = end
        theirs = self._features.background.likeness(papers)
        if end > len(self._rows):
            room = end + MOST_KEPT
            self._rows = _grown(self._rows, room)
            self._spaces = tuple(None if rows is None else _grown(rows, room) for rows in self._spaces)
        self._rows[start:end] = (theirs.words @ self._features.by_word).toarray()
        for kept, rows in zip(self._spaces, theirs.spaces, strict=True):
            if kept is not None and rows is not None:
                kept[start:end] = rows


def _grown(rows: Vector, room: int) -> Vector:
    found = np.zeros((room, rows.shape[1]), dtype=np.float32)
    found[: len(rows)] = rows
    return found
