"""What each reader of a chat says, fitted for itself and brought to the same strength: who judges more is known better,
not heard louder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Shares = NDArray[np.float64]
Places = NDArray[np.intp]

BEST = 8
"""How many of the usual papers a reader's likes lift most tell how strongly they pull."""

MOST_RAISED = 2.0
"""How far one reader's model is raised or lowered at most: what pulls at nothing yet isn't blown up."""


@dataclass(frozen=True, slots=True)
class Said:
    """One reader's verdicts as places among all the judged papers of the chat, likes first, with what is wanted there and
    the ridge of each (the higher, the less it weighs)."""

    likes: Places
    dislikes: Places
    wanted: Shares
    ridge: Shares

    @property
    def places(self) -> Places:
        """Likes, then dislikes."""
        return np.concatenate([self.likes, self.dislikes])


@dataclass(frozen=True, slots=True)
class Voice:
    """One reader's fitted model: the share of each of their likes and dislikes, and of the papers all readers have in
    common (left alone, then usual)."""

    said: Said
    likes: Shares
    dislikes: Shares
    common: Shares

    @property
    def base(self) -> float:
        """What every paper gets."""
        return float(self.likes.sum() + self.dislikes.sum() + self.common.sum())

    def scaled(self, by: float) -> Voice:
        """The same model, so much stronger."""
        return replace(self, likes=by * self.likes, dislikes=by * self.dislikes, common=by * self.common)


def fitted(products: Shares, said: Sequence[Said], wanted: Shares, ridge: Shares) -> list[Voice]:
    """Each reader's ridge regression on their own verdicts and on what all have in common.

    `products` is the likeness of all pairs, the judged papers first and then the common ones; `wanted` and `ridge` are the
    common ones'. What the readers share is factorised once, so that many readers cost about what one does.
    """
    judged = len(products) - len(wanted)
    everything = products + 1.0
    if not len(wanted):
        across, aimed, common = np.zeros((0, judged)), wanted, np.zeros((0, 0))
    else:
        common = linalg.cholesky(everything[judged:, judged:] + np.diag(ridge), lower=True, check_finite=False)
        across = _down(common, everything[judged:, :judged])
        aimed = _down(common, wanted)
    found: list[Voice] = []
    for one in said:
        mine = across[:, one.places]
        inner = everything[np.ix_(one.places, one.places)] + np.diag(one.ridge) - mine.T @ mine
        own = linalg.solve(inner, one.wanted - mine.T @ aimed, assume_a="pos", check_finite=False)
        rest = _up(common, aimed - mine @ own) if len(wanted) else wanted
        found.append(Voice(one, own[: len(one.likes)], own[len(one.likes) :], rest))
    return found


def evened(voices: Sequence[Voice], products: Shares, usual: int) -> list[Voice]:
    """The readers' models, each with its part of the whole: together they pull about as strongly as one reader's would,
    and each who likes something as strongly as the others. The last `usual` rows of `products` are the usual papers."""
    if len(voices) == 1 or not usual:
        return [voice.scaled(1.0 / len(voices)) for voice in voices]
    drawn = [_drawn(voice, products[-usual:]) for voice in voices]
    pulls = [_pull(values) if len(voice.likes) else 0.0 for voice, values in zip(voices, drawn, strict=True)]
    liking = [pull for pull in pulls if pull > 0]
    if not liking:
        return [voice.scaled(1.0 / len(voices)) for voice in voices]
    level = sum(liking) / len(liking)
    scales = [float(np.clip(level / pull, 1 / MOST_RAISED, MOST_RAISED)) if pull > 0 else 1.0 for pull in pulls]
    together = sum(
        (scale * values for scale, values, pull in zip(scales, drawn, pulls, strict=True) if pull > 0), np.zeros(usual)
    )
    part = float(np.clip(level / max(_pull(together), 1e-9), 1.0 / len(voices), 1.0))
    return [voice.scaled(part * scale) for voice, scale in zip(voices, scales, strict=True)]


def _drawn(voice: Voice, products: Shares) -> Shares:
    """What likes, against what is usual, add to the usual papers (rows), but for what every paper gets."""
    judged = products.shape[1] - len(voice.common)
    usual = len(products)
    found = products[:, voice.said.likes] @ voice.likes
    found += products[:, judged + len(voice.common) - usual :] @ voice.common[len(voice.common) - usual :]
    return np.asarray(found)


def _pull(values: Shares) -> float:
    """How far the best of these papers stand above a usual one."""
    best = np.sort(values)[-BEST:]
    return float(best.mean() - values.mean())


def _down(factor: Shares, right: Shares) -> Shares:
    return np.asarray(linalg.solve_triangular(factor, right, lower=True, check_finite=False))


def _up(factor: Shares, right: Shares) -> Shares:
    return np.asarray(linalg.solve_triangular(factor, right, lower=True, trans="T", check_finite=False))
