"""What each reader of a chat says, fitted for itself and brought to the same strength: who judges more is known better,
not heard louder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Shares = NDArray[np.float64]
Places = NDArray[np.intp]
Vector = NDArray[np.float32]
Amounts = NDArray[np.floating[Any]]

BEST = 8
"""How many of the usual papers a reader's likes lift most tell how strongly they pull."""

MOST_RAISED = 2.0
"""How far one reader's model is raised or lowered at most: what pulls at nothing yet isn't blown up."""

EXACT = 1e-7
"""How much of a system's first error may be left when it counts as solved."""

MOST_STEPS = 200
"""Steps after which a system is taken apart instead: most take six, the worst some seventy."""

FEW = 4
"""Readers up to which each is worked out alone, which many of them would make dear."""

ONE = np.float64(1.0)
"""What every two papers have in common besides, in double precision, as whole papers nearly cancel out."""


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
    """What the readers of a chat have in common: papers with what is wanted there and their ridge. The likeness of their
    pairs is `word_share` of that in `words` and the products of the rows of `rest`; `across` is that of each (row) to each
    judged paper. The last `usual` of them are usual papers, of which only those count that `counting` says."""

    words: Vector
    word_share: np.float32
    rest: Vector
    across: Vector
    wanted: Vector
    ridge: Vector
    usual: int
    counting: NDArray[np.bool_]

    @property
    def likeness(self) -> Vector:
        """The likeness of all pairs of these papers."""
        return self.word_share * self.words + self.rest @ self.rest.T

    def like(self, shares: Shares) -> Vector:
        """What likeness to these papers, times their shares, adds to each of them; columns for themselves."""
        single = shares.astype(np.float32)
        return self.word_share * (self.words @ single) + self.rest @ (self.rest.T @ single)


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

    Raises:
        numpy.linalg.LinAlgError: there is no solution, as where something is no number.
    """
    if len(said.starts) - 1 <= FEW:
        found = [_alone(judged, common, said, slice(*ends)) for ends in pairwise(said.starts)]
        solved = [shares for shares in found if shares is not None]
        if len(solved) == len(found):
            return Voices(*(np.column_stack(shares) for shares in zip(*solved, strict=True)))
    return _together(judged, common, said)


def _alone(judged: Shares, common: Common, said: Said, mine: slice) -> tuple[Shares, Shares] | None:
    """The shares of judged and of common papers for one reader, whose verdicts are `mine`; None where steps do not find
    them.

    The verdicts are few, and taken out of the system. What remains is as large as what is common, but far from singular, as
    its ridge is high: a few steps solve it, and its matrix need not even be made.
    """
    places = said.places[mine]
    root = np.linalg.cholesky(judged[np.ix_(places, places)] + 1.0 + np.diag(said.ridge[mine]))
    known = _divided(root, np.column_stack([common.across[:, places].T + ONE, said.wanted[mine]]))
    across, wanted = known[:, :-1], known[:, -1]

    def remaining(shares: Shares) -> Shares:
        found: Shares = common.like(shares) + shares.sum() + common.ridge * shares - (across @ shares) @ across
        return found

    # Papers that do not count stay at nothing.
    near_inverse = np.where(common.counting, 1.0 / (common.ridge + 2.0), 0.0)
    rest = _solved(remaining, common.wanted - wanted @ across, near_inverse)
    if rest is None:
        return None
    shares = np.zeros(len(judged))
    shares[places] = _divided(root, wanted - across @ rest, trans=1)
    return shares, rest


def _solved(product: Callable[[Shares], Shares], wanted: Shares, near_inverse: Shares) -> Shares | None:
    """What gives `wanted` by a product with a positive definite matrix, of whose inverse about the diagonal is known: by
    conjugate gradients. None where they do not find it."""
    found, left = np.zeros(len(wanted)), wanted
    step = near_inverse * left
    error = first = left @ step
    for _ in range(MOST_STEPS):
        if error <= EXACT**2 * first:
            return found
        moved = product(step)
        length = error / (step @ moved)
        found += length * step
        left = left - length * moved
        towards = near_inverse * left
        last, error = error, left @ towards
        step = towards + error / last * step
    return None


def _together(judged: Shares, common: Common, said: Said) -> Voices:
    """The shares for many readers: what they have in common is factorised once and taken out of the system, in which their
    verdicts remain."""
    counting, places, readers = np.flatnonzero(common.counting), said.places, said.readers
    inner = common.likeness[np.ix_(counting, counting)] + ONE + np.diag(common.ridge[counting])
    root = np.linalg.cholesky(inner)
    known = _divided(root, np.column_stack([common.across[counting] + ONE, common.wanted[counting]]))
    across, toward = known[:, :-1], known[:, -1]
    square = (judged + 1.0 - across.T @ across)[np.ix_(places, places)] * (readers[:, None] == readers)
    wanted = said.wanted - (toward @ across)[places]
    shares = np.zeros((len(judged), len(said.starts) - 1))
    shares[places, readers] = linalg.solve(square + np.diag(said.ridge), wanted, assume_a="pos", check_finite=False)
    if not np.isfinite(shares).all():
        raise np.linalg.LinAlgError("there is no solution")
    rest = np.zeros((len(common.wanted), shares.shape[1]))
    rest[counting] = _divided(root, toward[:, None] - across @ shares, trans=1)
    return Voices(shares, rest)


def _divided(root: Amounts, right: Amounts, trans: int = 0) -> Shares:
    """What gives `right` by a product with a lower triangular matrix, or with its transpose."""
    return np.asarray(linalg.solve_triangular(root, right, lower=True, trans=trans, check_finite=False))


def evened(voices: Voices, common: Common, likes: int, liking: NDArray[np.bool_]) -> Voices:
    """The readers' models, each with its part of the whole: together they pull about as strongly as one reader's would,
    and each who likes something (`liking`) as strongly as the others. Of the judged papers the first so many are likes."""
    readers = voices.judged.shape[1]
    counting = common.counting[len(common.wanted) - common.usual :]
    if readers == 1 or not counting.any():
        return voices.scaled(1.0 / readers)
    usual = slice(len(common.wanted) - common.usual, None)
    drawn = common.across[usual, :likes] @ voices.judged[:likes].astype(np.float32)
    shares = voices.common.copy()
    shares[: -common.usual] = 0.0
    drawn += common.like(shares)[usual]
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
