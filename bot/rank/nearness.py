"""How like the day's papers are in words: to each other, and to judged papers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from bot.model import Paper
from bot.rank.features import Features, Vector

MOST_KEPT = 4096
"""Judged papers whose likeness to the day's is kept: four bytes for each of the day's papers."""

Places = Sequence[int] | NDArray[np.intp]


class Nearness:
    """The likeness in words of a day's papers, worked out when it is asked for."""

    def __init__(self, features: Features) -> None:
        self._features = features

    def among(self, places: Places) -> Vector:
        """Of all pairs of the papers at these places."""
        words = self._features.likeness.words[places]
        return np.asarray((words @ words.T).toarray())

    def to(self, papers: Sequence[Paper], places: Places) -> Vector:
        """Of the papers at these places (rows) to any papers."""
        theirs = self._features.background.likeness(papers).words
        return np.asarray((self._features.likeness.words[places] @ theirs.T).toarray())


class KeptNearness(Nearness):
    """The same, kept for many chats: each pair of the day's papers, and each judged paper, is compared once. It may be
    asked from several threads."""

    def __init__(self, features: Features) -> None:
        super().__init__(features)
        self._at: dict[tuple[str, str, tuple[str, ...]], int] = {}
        self._rows: Vector = np.zeros((64, len(features.papers)), dtype=np.float32)
        self._lock = Lock()

    def among(self, places: Places) -> Vector:
        """Of all pairs of the papers at these places."""
        return self._pairs[places][:, places]

    def to(self, papers: Sequence[Paper], places: Places) -> Vector:
        """Of the papers at these places (rows) to any papers."""
        with self._lock:
            return self._rows[self._rows_of(papers)][:, places].T

    def summed(self, papers: Sequence[Sequence[Paper]], shares: Sequence[Vector]) -> Vector:
        """For each of several rows of papers, the likeness of all the day's papers to them, each times its share, in
        sum."""
        starts = np.cumsum([0, *(len(some) for some in papers)])
        with self._lock:
            rows = self._rows_of([paper for some in papers for paper in some])
            found = [
                one @ self._rows[rows[start : start + len(one)]] for one, start in zip(shares, starts, strict=False)
            ]
        return np.array(found, dtype=np.float32).reshape(len(papers), self._rows.shape[1])

    @cached_property
    def _pairs(self) -> Vector:
        features = self._features
        return np.asarray((features.likeness.words @ features.by_word).toarray())

    def _rows_of(self, papers: Sequence[Paper]) -> NDArray[np.intp]:
        """Where the likeness of the day's papers to each of these is kept."""
        keys = [(paper.title, paper.abstract, paper.categories) for paper in papers]
        if len(self._at) + len(keys) > MOST_KEPT:
            self._at.clear()
        new: list[Paper] = []
        for key, paper in zip(keys, papers, strict=True):
            if key not in self._at:
                self._at[key] = len(self._at)
                new.append(paper)
        if new:
            self._compare(new)
        return np.array([self._at[key] for key in keys], dtype=np.intp)

    def _compare(self, papers: Sequence[Paper]) -> None:
        known = len(self._at)
        if known > len(self._rows):
            grown = np.zeros((max(known, 2 * len(self._rows)), self._rows.shape[1]), dtype=np.float32)
            grown[: len(self._rows)] = self._rows
            self._rows = grown
        words = self._features.background.likeness(papers).words
        self._rows[known - len(papers) : known] = (words @ self._features.by_word).toarray()
