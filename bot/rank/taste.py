"""What a chat's verdicts teach: a linear model that tells liked papers from what is usual, refitted in milliseconds.

Kernel ridge regression on liked papers (wanted: 1), disliked ones (wanted: less than nothing) and a sample of past
papers of the same categories (wanted: 0, they are only unlabelled). It has a closed form, is the same on every run, and
its prediction is a sum over the judged papers, so that it can be said which of them brought a new paper up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from bot.model import JudgedPaper, Paper, Profile, ReasonKind, VerdictKind
from bot.rank.corrections import own_verdicts_out, ruled_out
from bot.rank.features import Background, Likeness, Usual, Vector

MOST_JUDGED = 400
"""Verdicts a model is fitted to: the newest, taken in turn from each reader."""

TASTE_SCALE = 2.0
"""What a fitted model's output is multiplied with to become a share of a score."""

HALF_LIFE_DAYS = 120.0
LEAST_WEIGHT = 0.2
RIDGE = 0.03
DISLIKED_TARGET = -0.4
DISLIKES_WEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class Side:
    """One part of a linear model: what each word and each topic adds, and what every paper gets."""

    words: Vector
    topics: Vector
    base: float

    def of(self, papers: Likeness) -> NDArray[np.float64]:
        """What this part adds to each paper."""
        return np.asarray(papers.words @ self.words, dtype=np.float64) + papers.topics @ self.topics + self.base

    def plus(self, other: Side, times: float = 1.0) -> Side:
        """Both parts in one, the other one taken so many times."""
        return Side(
            self.words + np.float32(times) * other.words,
            self.topics + np.float32(times) * other.topics,
            self.base + times * other.base,
        )

    def raised(self, base: float) -> Side:
        """The same with so much more for every paper."""
        return Side(self.words, self.topics, self.base + base)

    def deaf_to(self, places: NDArray[np.intp]) -> Side:
        """The same without what the words at these places add."""
        if not len(places):
            return self
        words = self.words.copy()
        words[places] = 0.0
        return Side(words, self.topics, self.base)


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

    A verdict weighs half after `HALF_LIFE_DAYS`; each reader's likes weigh the same in sum, however many they are, and
    so do dislikes. A paper that one reader liked and another disliked counts as both.
    """
    judged = _newest(profile.judged)
    if not judged:
        return None
    likes, like_weights = _weighted([one for one in judged if one.kind is not VerdictKind.DISLIKE], now)
    dislikes, dislike_weights = _weighted([one for one in judged if one.kind is VerdictKind.DISLIKE], now)
    topic_share = _topic_share(len(likes))
    usual, at = _usual(background, profile, [*likes, *dislikes], likes or dislikes)
    papers = background.likeness([*likes, *dislikes])
    products = _products(papers, usual, at, topic_share)
    wanted = np.concatenate([np.ones(len(likes)), np.full(len(dislikes), DISLIKED_TARGET), np.zeros(len(at))])
    weights = np.concatenate(
        [
            like_weights,
            DISLIKES_WEIGHT * dislike_weights,
            np.full(len(at), 1.0 / max(len(at), 1)),
        ]
    )
    shares = linalg.solve(products + 1.0 + np.diag(RIDGE / weights), wanted, assume_a="pos", check_finite=False)
    sample = Likeness(usual.likeness.words[at], usual.likeness.topics[at])
    judged_shares, usual_shares = shares[: len(wanted) - len(at)], shares[len(wanted) - len(at) :]
    judged_shares = judged_shares * np.concatenate(
        [_counted(likes, judged, profile, ReasonKind.LIKED), _counted(dislikes, judged, profile, ReasonKind.DISLIKED)]
    )
    whole = _side(papers, judged_shares, topic_share).plus(_side(sample, usual_shares, topic_share))
    whole = whole.raised(float(shares.sum()))
    drawn, put_off = (whole, None) if likes else (None, whole)
    if likes and dislikes:
        put_off = _side(papers, np.where(np.arange(len(judged_shares)) < len(likes), 0.0, judged_shares), topic_share)
        put_off = put_off.raised(-float(put_off.of(sample).mean()) if len(at) else 0.0)
        drawn = whole.plus(put_off, times=-1.0)
    border = len(likes)
    unheard = _unheard(background, profile)
    return Taste(
        background,
        drawn.deaf_to(unheard) if drawn else None,
        put_off,
        Judged(tuple(likes), Likeness(papers.words[:border], papers.topics[:border]), judged_shares[:border]),
        Judged(tuple(dislikes), Likeness(papers.words[border:], papers.topics[border:]), judged_shares[border:]),
        topic_share,
        unheard,
    )


def alike(left: Likeness, right: Likeness, topic_share: float) -> NDArray[np.float64]:
    """How alike each paper of `left` (row) is to each of `right` (column): 1 for the same text, about 0 for strangers."""
    words = np.asarray((left.words @ right.words.T).toarray(), dtype=np.float64)
    return (words + topic_share * (left.topics @ right.topics.T)) / (1.0 + topic_share)


def _newest(judged: Sequence[JudgedPaper]) -> list[JudgedPaper]:
    """The verdicts to learn from, newest first: every reader's last word on a paper, at most `MOST_JUDGED`, readers
    taking turns."""
    by_reader: defaultdict[int, dict[str, JudgedPaper]] = defaultdict(dict)
    for one in sorted(judged, key=lambda one: (one.at, one.paper.id), reverse=True):
        by_reader[one.reader_id].setdefault(one.paper.id, one)
    queues = [list(by_reader[reader].values()) for reader in sorted(by_reader)]
    turns = [queue[turn] for turn in range(max(map(len, queues), default=0)) for queue in queues if turn < len(queue)]
    return sorted(turns[:MOST_JUDGED], key=lambda one: (one.at, one.paper.id, one.reader_id), reverse=True)


def _weighted(judged: Sequence[JudgedPaper], now: datetime) -> tuple[list[Paper], NDArray[np.float64]]:
    """The distinct papers, newest first, and their weights, which add up to 1."""
    fresh = {id(one): _freshness(one, now) for one in judged}
    by_reader: defaultdict[int, float] = defaultdict(float)
    for one in judged:
        by_reader[one.reader_id] += fresh[id(one)]
    papers: dict[str, Paper] = {}
    weights: defaultdict[str, float] = defaultdict(float)
    for one in judged:
        papers.setdefault(one.paper.id, one.paper)
        weights[one.paper.id] += fresh[id(one)] / by_reader[one.reader_id] / len(by_reader)
    return list(papers.values()), np.array([weights[paper_id] for paper_id in papers])


def _freshness(one: JudgedPaper, now: datetime) -> float:
    days = max((now - one.at).total_seconds(), 0.0) / 86_400
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
    inner = (usual.words[pairs] + topic_share * usual.topics[pairs]) / (1.0 + topic_share)
    across = alike(papers, Likeness(usual.likeness.words[at], usual.likeness.topics[at]), topic_share)
    return np.block([[alike(papers, papers, topic_share), across], [across.T, inner]]).astype(np.float64)


def _side(papers: Likeness, shares: NDArray[np.float64], topic_share: float) -> Side:
    """The linear model that adds to a paper its likeness to each of `papers`, times that paper's share."""
    each = (shares / (1.0 + topic_share)).astype(np.float32)
    return Side(np.asarray(papers.words.T @ each), topic_share * (papers.topics.T @ each), 0.0)
