"""What a chat's verdicts teach: a linear model that tells liked papers from what is usual, refitted in milliseconds.

Kernel ridge regression on liked papers (wanted: 1), disliked ones (wanted: less than nothing) and a sample of past
papers of the same categories (wanted: 0, they are only unlabelled). It has a closed form, is the same on every run, and
its prediction is a sum over the judged papers, so that it can be said which of them brought a new paper up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from bot.model import JudgedPaper, Paper, Profile, ReasonKind, VerdictKind
from bot.rank.corrections import own_verdicts_out, ruled_out
from bot.rank.features import Background, Likeness, Matrix, Usual, Vector
from bot.rank.turning import standing

MOST_JUDGED = 400
"""Verdicts a model is fitted to: the newest, taken in turn from each reader."""

TASTE_SCALE = 2.0
"""What a fitted model's output is multiplied with to become a share of a score."""

HALF_LIFE_DAYS = 45.0
LEAST_WEIGHT = 0.1
"""A taste that turns is followed after about ten verdicts; 69 days fit readers best who stay as they are (a decay of 0.01 a
day, measured on the users of a large service), but they lose little."""

RIDGE = 0.03
DISLIKED_TARGET = -0.4
DISLIKES_WEIGHT = 0.5
TELLING, LEAST_TELLING = 0.1, 0.5
"""Likeness to a liked paper from which a dislike counts in full: it draws a border. One of something that nothing spoke
for says little more than any paper that was not liked, and counts half."""

MOST_LEFT = 200
LEFT_TARGET = -0.1
LEFT_WEIGHT = 0.15
LEFT_FEW = 20
"""Papers that were shown and left alone: together they weigh about a seventh of all likes, and so few of them less."""

UNFOLDED_WEIGHT = 0.1
"""What a paper weighs whose card somebody looked at without a verdict, as a share of one that was left alone: reading is
no judgement, though a paper worth keeping would have got one."""

DENSE_SHARE = 0.6
"""How much an embedding model's vectors say of likeness, where words say 1."""


_NOWHERE = np.array([], dtype=np.intp)


def _summed(rows: Matrix, shares: Vector) -> Vector:
    """The sum of sparse rows, each taken so many times."""
    if not shares.any():
        return np.zeros(rows.shape[1], dtype=np.float32)
    each = np.repeat(shares, np.diff(rows.indptr))
    return np.bincount(rows.indices, weights=rows.data * each, minlength=rows.shape[1]).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Side:
    """One part of a linear model: what likeness to each of a few papers adds, and what every paper gets.

    It is kept as shares of papers, usual ones (which all chats of the same categories have in common) and judged ones,
    a few kilobytes; a weight for every word is worked out when it is asked for. The words at the places of `unheard` add
    nothing.
    """

    usual: Likeness
    usual_shares: Vector
    judged: Likeness
    judged_shares: Vector
    topic_share: float
    base: float
    unheard: NDArray[np.intp]

    @property
    def words(self) -> Vector:
        """What each word adds."""
        scale = np.float32(whole(self.topic_share, self.judged))
        weights = _summed(self.usual.words, self.usual_shares / scale) + _summed(
            self.judged.words, self.judged_shares / scale
        )
        weights[self.unheard] = 0.0
        return weights

    def of(self, papers: Likeness) -> NDArray[np.float64]:
        """What this part adds to each paper."""
        topics = self.usual.topics.T @ self.usual_shares + self.judged.topics.T @ self.judged_shares
        found = np.asarray(papers.words @ self.words, dtype=np.float64) + self.base
        scale = whole(self.topic_share, self.judged)
        found += papers.topics @ (np.float32(self.topic_share / scale) * topics)
        if papers.dense is not None and self.usual.dense is not None and self.judged.dense is not None:
            dense = self.usual.dense.T @ self.usual_shares + self.judged.dense.T @ self.judged_shares
            found += papers.dense @ (np.float32(DENSE_SHARE / scale) * dense)
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged papers, newest first, their likeness, and by how much each one's likeness to a paper counts: 0 where a
    correction says that it does not."""

    papers: tuple[Paper, ...]
    likeness: Likeness
    shares: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Taste:
    """A fitted model: `drawn` is what likes (against what is usual) add to a paper, `put_off` what dislikes add, which is
    about nothing for a usual paper; either is None without such verdicts. `liked` and `disliked` are the papers behind
    it, `topic_share` how much of the likeness of two papers their topics are, `unheard` the places of words that were
    ruled out as something liked. A taste reads features that were made against its own `background`, no others."""

    background: Background
    drawn: Side | None
    put_off: Side | None
    liked: Judged
    disliked: Judged
    topic_share: float
    unheard: NDArray[np.intp]

    @property
    def likes(self) -> int:
        """How many papers were liked."""
        return len(self.liked.papers)


def learn(background: Background, profile: Profile, now: datetime) -> Taste | None:
    """The taste that the profile's verdicts show, or None where there is no verdict.

    Papers that were shown and left alone count against what is like them, a little, where there are verdicts at all.
    A verdict weighs half after `HALF_LIFE_DAYS`; each reader's likes weigh the same in sum, however many they are, and
    so do dislikes. A paper that one reader liked and another disliked counts as both.
    """
    judged = _newest(profile.judged)
    if not judged:
        return None
    stands = standing(background, judged)
    likes, like_weights, still_wanted = _weighted(
        [one for one in judged if one.kind is not VerdictKind.DISLIKE], now, stands
    )
    dislikes, dislike_weights, _ = _weighted([one for one in judged if one.kind is VerdictKind.DISLIKE], now, stands)
    left, left_weights = _left_alone(profile, {one.paper.id for one in judged}, now)
    topic_share = _topic_share(len(likes))
    usual, at = _usual(background, profile, [*likes, *dislikes, *left], likes or dislikes)
    papers = background.likeness([*likes, *dislikes, *left])
    products = _products(papers, usual, at, topic_share)
    border, known = len(likes), len(likes) + len(dislikes)
    telling = _telling(products[border:known, :border])
    wanted = np.concatenate(
        [
            still_wanted,
            DISLIKED_TARGET * telling,
            np.full(len(left), LEFT_TARGET),
            np.zeros(len(at)),
        ]
    )
    weights = np.concatenate(
        [
            like_weights,
            DISLIKES_WEIGHT * telling * dislike_weights,
            left_weights,
            np.full(len(at), 1.0 / max(len(at), 1)),
        ]
    )
    shares = linalg.solve(products + 1.0 + np.diag(RIDGE / weights), wanted, assume_a="pos", check_finite=False)
    usual_shares = np.zeros(len(usual.papers))
    usual_shares[at] = shares[known + len(left) :]
    counted = np.concatenate(
        [
            _counted(likes, judged, profile, ReasonKind.LIKED),
            _counted(dislikes, judged, profile, ReasonKind.DISLIKED),
            np.ones(len(left)),
        ]
    )
    judged_shares = shares[: len(counted)] * counted
    unheard = _unheard(background, profile)
    base = float(shares.sum())
    against = np.arange(len(counted)) >= border if likes else np.ones(len(counted), dtype=bool)
    drawn, put_off = None, None
    if likes:
        drawn = _side(usual, usual_shares, papers, np.where(against, 0.0, judged_shares), topic_share, base, unheard)
    if not likes:
        put_off = _side(usual, usual_shares, papers, judged_shares, topic_share, base, _NOWHERE)
    elif against.any():
        shared = np.where(against, judged_shares, 0.0)
        put_off = _side(usual, np.zeros_like(usual_shares), papers, shared, topic_share, 0.0, _NOWHERE)
        level = float(put_off.of(usual.likeness.take(at)).mean()) if len(at) else 0.0
        put_off = replace(put_off, base=-level)
        drawn = replace(drawn, base=base + level) if drawn else None
    return Taste(
        background,
        drawn,
        put_off,
        Judged(tuple(likes), papers.take(slice(0, border)), judged_shares[:border]),
        Judged(tuple(dislikes), papers.take(slice(border, known)), judged_shares[border:known]),
        topic_share,
        unheard,
    )


def whole(topic_share: float, papers: Likeness) -> float:
    """What the parts of a likeness add up to for the same paper: its words, topics and, where there are vectors, those."""
    return 1.0 + topic_share + (0.0 if papers.dense is None else DENSE_SHARE)


def alike(left: Likeness, right: Likeness, topic_share: float) -> NDArray[np.float64]:
    """How alike each paper of `left` (row) is to each of `right` (column): 1 for the same text, about 0 for strangers."""
    found = np.asarray((left.words @ right.words.T).toarray(), dtype=np.float64)
    found += topic_share * (left.topics @ right.topics.T)
    if left.dense is not None and right.dense is not None:
        found += DENSE_SHARE * (left.dense @ right.dense.T)
    return found / whole(topic_share, right)


def _newest(judged: Sequence[JudgedPaper]) -> list[JudgedPaper]:
    """The verdicts to learn from, newest first: every reader's last word on a paper, at most `MOST_JUDGED`, readers
    taking turns."""
    by_reader: defaultdict[int, dict[str, JudgedPaper]] = defaultdict(dict)
    for one in sorted(judged, key=lambda one: (one.at, one.paper.id), reverse=True):
        by_reader[one.reader_id].setdefault(one.paper.id, one)
    queues = [list(by_reader[reader].values()) for reader in sorted(by_reader)]
    turns = [queue[turn] for turn in range(max(map(len, queues), default=0)) for queue in queues if turn < len(queue)]
    return sorted(turns[:MOST_JUDGED], key=lambda one: (one.at, one.paper.id, one.reader_id), reverse=True)


def _weighted(
    judged: Sequence[JudgedPaper], now: datetime, stands: Mapping[int, float]
) -> tuple[list[Paper], NDArray[np.float64], NDArray[np.float64]]:
    """The distinct papers, newest first; their weights, which add up to 1 (less where all was overruled); and how much what was
    said of each still holds, 1 for each reader's newest."""
    fresh = {id(one): _freshness(one.at, now) for one in judged}
    held = {id(one): fresh[id(one)] * stands.get(id(one), 1.0) for one in judged}
    by_reader: defaultdict[int, float] = defaultdict(float)
    newest: defaultdict[int, float] = defaultdict(float)
    best: defaultdict[int, float] = defaultdict(float)
    for one in judged:
        by_reader[one.reader_id] += held[id(one)]
        best[one.reader_id] = max(best[one.reader_id], stands.get(id(one), 1.0))
        newest[one.reader_id] = max(newest[one.reader_id], fresh[id(one)])
    papers: dict[str, Paper] = {}
    weights: defaultdict[str, float] = defaultdict(float)
    holds: defaultdict[str, float] = defaultdict(float)
    for one in judged:
        papers.setdefault(one.paper.id, one.paper)
        # Where all that somebody said was overruled since, all of it together weighs less.
        share = best[one.reader_id] * held[id(one)] / by_reader[one.reader_id]
        weights[one.paper.id] += share / len(by_reader)
        holds[one.paper.id] = max(holds[one.paper.id], sqrt(held[id(one)] / newest[one.reader_id]))
    return (
        list(papers.values()),
        np.array([weights[name] for name in papers]),
        np.array([holds[name] for name in papers]),
    )


def _freshness(at: datetime, now: datetime) -> float:
    days = max((now - at).total_seconds(), 0.0) / 86_400
    return max(float(0.5 ** (days / HALF_LIFE_DAYS)), LEAST_WEIGHT)


def _counted(
    papers: Sequence[Paper], judged: Sequence[JudgedPaper], profile: Profile, kind: ReasonKind
) -> NDArray[np.float64]:
    """How much of each judged paper counts: all of it, nothing where it was ruled out for the chat, and the part of the
    readers who did not rule out their own verdict."""
    ruled, own = ruled_out(profile, kind), own_verdicts_out(profile, kind)
    counted = np.ones(len(papers))
    for at, paper in enumerate(papers):
        if paper.id in ruled:
            counted[at] = 0.0
        elif any(paper_id == paper.id for _, paper_id in own):
            readers = {
                one.reader_id
                for one in judged
                if one.paper.id == paper.id and (one.kind is VerdictKind.DISLIKE) is (kind is ReasonKind.DISLIKED)
            }
            counted[at] = sum((reader, paper.id) not in own for reader in readers) / max(len(readers), 1)
    return counted


def _unheard(background: Background, profile: Profile) -> NDArray[np.intp]:
    places = [background.vocabulary.get(unit) for unit in ruled_out(profile, ReasonKind.WORD)]
    return np.array(sorted(at for at in places if at is not None), dtype=np.intp)


def _topic_share(likes: int) -> float:
    """Topics help to see likeness where few likes are known; with many, the words themselves say it better."""
    return 0.4 / (1.0 + likes / 4.0)


def _usual(
    background: Background, profile: Profile, judged: Sequence[Paper], near: Sequence[Paper]
) -> tuple[Usual, NDArray[np.intp]]:
    """What is usual for this chat, papers of its categories and of those judged, and the places in it of papers that
    nobody has judged."""
    usual = background.usual(frozenset((*profile.categories, *(paper.primary for paper in near))))
    known = {paper.id for paper in judged}
    return usual, np.array([at for at, paper in enumerate(usual.papers) if paper.id not in known], dtype=np.intp)


def _products(papers: Likeness, usual: Usual, at: NDArray[np.intp], topic_share: float) -> NDArray[np.float64]:
    """The likeness of all pairs, judged papers first, then what is usual."""
    pairs = np.ix_(at, at)
    inner = usual.words[pairs] + topic_share * usual.topics[pairs]
    if usual.dense is not None:
        inner = inner + DENSE_SHARE * usual.dense[pairs]
    inner = inner / whole(topic_share, usual.likeness)
    across = alike(papers, usual.likeness.take(at), topic_share)
    return np.block([[alike(papers, papers, topic_share), across], [across.T, inner]]).astype(np.float64)


def _side(
    usual: Usual,
    usual_shares: NDArray[np.float64],
    papers: Likeness,
    shares: NDArray[np.float64],
    topic_share: float,
    base: float,
    unheard: NDArray[np.intp],
) -> Side:
    """The linear model that adds to a paper its likeness to each of these papers, times that paper's share."""
    return Side(
        usual.likeness,
        usual_shares.astype(np.float32),
        papers,
        shares.astype(np.float32),
        topic_share,
        base,
        unheard,
    )


def _telling(alike_liked: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much each disliked paper (row) tells, by its likeness to the liked ones; all of it where nothing was liked."""
    if not alike_liked.shape[1]:
        return np.ones(len(alike_liked))
    return np.asarray(np.clip((alike_liked.max(axis=1) / TELLING) ** 2, LEAST_TELLING, 1.0))


def _left_alone(profile: Profile, judged: AbstractSet[str], now: datetime) -> tuple[list[Paper], NDArray[np.float64]]:
    """The newest papers that were shown and that nobody judged, with their weights."""
    left = {one.paper.id: one for one in reversed(profile.left) if one.paper.id not in judged}
    newest = sorted(left.values(), key=lambda one: (one.at, one.paper.id), reverse=True)[:MOST_LEFT]
    weights = np.array([_freshness(one.at, now) * (UNFOLDED_WEIGHT if one.unfolded else 1.0) for one in newest])
    return [one.paper for one in newest], LEFT_WEIGHT * weights / max(float(weights.sum()), LEFT_FEW)
