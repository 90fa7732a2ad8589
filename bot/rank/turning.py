"""Tastes turn: what somebody liked counts less once papers like it are disliked more than liked, and the other way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from bot.model import JudgedPaper, VerdictKind

SIMILAR = 0.1
"""Likeness from which a later verdict speaks about an earlier one."""

OVERRULED = 0.4
"""Summed likeness of contrary later verdicts, beyond that of agreeing ones, at which an earlier verdict counts half."""

LEAST_STANDING = 0.02

SITTING = timedelta(hours=18)
"""Verdicts closer to each other than this were given in view of the same table: they tell papers apart, and none of them
takes back another."""


def standing(judged: Sequence[JudgedPaper], near: NDArray[np.float64]) -> dict[int, float]:
    """How far each verdict still stands, 1 for in full, by `id` of the verdict; `near` is how like in words the papers of
    all their pairs are. Only the same reader's later words on similar papers speak against it, and only as far as they
    outweigh those that agree from some moment until now: who tells good from bad within one topic keeps both, and who
    turns is followed however much was said before."""
    stands: dict[int, float] = {}
    by_reader: defaultdict[int, list[int]] = defaultdict(list)
    for at, one in enumerate(judged):
        by_reader[one.reader_id].append(at)
    for places in by_reader.values():
        places.sort(key=lambda at: (judged[at].at, judged[at].paper.id))
        mine = [judged[at] for at in places]
        liked = np.array([one.kind is not VerdictKind.DISLIKE for one in mine])
        if liked.all() or not liked.any():
            continue
        seconds = np.array([one.at.timestamp() for one in mine])
        excess = _excess(near[np.ix_(places, places)], liked, seconds)
        stands |= {
            id(one): max(float(0.5 ** (much / OVERRULED)), LEAST_STANDING)
            for one, much in zip(mine, excess, strict=True)
            if much > 0
        }
    return stands


def _excess(near: NDArray[np.float64], liked: NDArray[np.bool_], seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each of these verdicts, oldest first: by how much contrary ones on similar papers outweigh agreeing ones, from
    whichever moment on after its sitting until the end they do most."""
    near[near < SIMILAR] = 0.0
    near[seconds[None, :] - seconds[:, None] < SITTING.total_seconds()] = 0.0
    signed = np.where(liked[None, :] != liked[:, None], near, -near)
    from_then_on = signed[:, ::-1].cumsum(axis=1)
    return np.asarray(np.maximum(from_then_on.max(axis=1), 0.0), dtype=np.float64)
