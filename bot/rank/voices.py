"""What each reader of a chat says, fitted for itself and brought to the same strength: who judges more is known better,
not heard louder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

Shares = NDArray[np.float64]
Places = NDArray[np.intp]
Vector = NDArray[np.float32]

BEST = 8
"""How many of the usual papers a reader's likes lift most tell how strongly they pull."""

MOST_RAISED = 2.0
"""How far one reader's model is raised or lowered at most: what pulls at nothing yet isn't blown up."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the readers of a chat said, one verdict after the other, those of one reader together: places among the judged
    papers, what is wanted there and the ridge (the higher, the less it weighs). `starts` are where each reader's begin, and
    the end."""

    places: Places
    wanted: Shares
    ridge: Shares
    starts: Places

    @property
    def readers(self) -> Places:
        """The reader of each verdict, counted from 0."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class Common:
    """What the readers of a chat have in common: papers with what is wanted there and their ridge. `inner` is the likeness
    of all their pairs, `across` of each (row) to each judged paper; the last `usual` of them are usual papers, of which only
    those count that `counting` says."""

    inner: Vector
    across: Vector
    wanted: Vector
    ridge: Vector
    usual: int
    counting: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Voices:
    """The readers' fitted models: papers × readers, the share of each judged paper and of each they have in common."""

    judged: Shares
    common: Shares

    @property
    def bases(self) -> Shares:
        """What every paper gets from each."""
        return np.asarray(self.judged.sum(axis=0) + self.common.sum(axis=0))

    def scaled(self, by: Shares | float) -> Voices:
        """The same models, so much stronger."""
        return Voices(self.judged * by, self.common * by)


def fitted(judged: Shares, common: Common, said: Said) -> Voices:
    """Each reader's ridge regression on their own verdicts and on what all have in common; `judged` is the likeness of all
    pairs of judged papers.

    What the readers share is factorised once, so that many readers cost about what one does; in single precision, as its
    ridge is high.
    """
    factor, across, toward = _factorised(common)
    inner = judged + 1.0 - across.T @ across
    wanted = said.wanted - (across.T @ toward)[said.places]
    own = np.zeros((len(judged), len(said.starts) - 1))
    for reader, (start, end) in enumerate(pairwise(said.starts)):
        at = said.places[start:end]
        square = inner[np.ix_(at, at)]
        square[np.diag_indices(len(at))] += said.ridge[start:end]
        own[at, reader] = _checked(lapack.dposv(square, wanted[start:end]), at=1)
    rest = np.asfortranarray(toward[:, None] - across @ own.astype(np.float32))
    if len(rest):
        rest = _checked(lapack.strtrs(factor, rest, lower=1, trans=1, overwrite_b=1))
    return Voices(own, rest.astype(np.float64))


def _factorised(common: Common) -> tuple[Vector, Vector, Vector]:
    """A triangular matrix whose square is the likeness of all pairs of common papers and their ridge; and, divided by it,
    their likeness to judged papers and what is wanted of them. Papers that do not count are nothing and like nothing."""
    inner = common.inner + np.float32(1.0)
    inner[np.diag_indices(len(inner))] += common.ridge
    right = np.empty((len(inner), common.across.shape[1] + 1), dtype=np.float32, order="F")
    np.add(common.across, np.float32(1.0), out=right[:, :-1])
    right[:, -1] = common.wanted
    out = np.flatnonzero(~common.counting)
    inner[out] = 0.0
    inner[:, out] = 0.0
    inner[out, out] = 1.0
    right[out] = 0.0
    if not len(inner):
        return inner, right[:, :-1], right[:, -1]
    # The matrix is symmetric: its transpose is the same in the order that LAPACK does not copy.
    factor = _checked(lapack.spotrf(inner.T, lower=1, clean=0, overwrite_a=1))
    right = _checked(lapack.strtrs(factor, right, lower=1, overwrite_b=1))
    return factor, right[:, :-1], right[:, -1]


def evened(voices: Voices, common: Common, likes: int, liking: NDArray[np.bool_]) -> Voices:
    """The readers' models, each with its part of the whole: together they pull about as strongly as one reader's would,
    and each who likes something (`liking`) as strongly as the others. Of the judged papers the first so many are likes."""
    readers = voices.judged.shape[1]
    counting = common.counting[len(common.wanted) - common.usual :]
    if readers == 1 or not counting.any():
        return voices.scaled(1.0 / readers)
    usual = slice(len(common.wanted) - common.usual, None)
    drawn = common.across[usual, :likes] @ voices.judged[:likes].astype(np.float32)
    drawn += common.inner[usual, usual] @ voices.common[usual].astype(np.float32)
    felt: Shares = drawn[counting].astype(np.float64)
    pulls = np.where(liking, _pulls(felt), 0.0)
    heard = pulls > 0
    if not heard.any():
        return voices.scaled(1.0 / readers)
    level = float(pulls[heard].mean())
    scales = np.ones(readers)
    scales[heard] = np.clip(level / pulls[heard], 1 / MOST_RAISED, MOST_RAISED)
    (pull,) = _pulls((felt[:, heard] @ scales[heard])[:, None])
    return voices.scaled(scales * float(np.clip(level / max(pull, 1e-9), 1.0 / readers, 1.0)))


def _pulls(values: Shares) -> Shares:
    """How far the best of these papers (rows) stand above a usual one, for each reader."""
    best = np.sort(values, axis=0)[-BEST:]
    return np.asarray(best.mean(axis=0) - values.mean(axis=0))


def _checked(found: Sequence[Any], at: int = 0) -> Any:
    """What a routine of LAPACK found.

    Raises:
        numpy.linalg.LinAlgError: it says that it found nothing.
    """
    if found[-1] != 0:
        raise np.linalg.LinAlgError(f"LAPACK says {found[-1]}")
    return found[at]
