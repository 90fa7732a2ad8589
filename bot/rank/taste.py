"""What a chat's verdicts teach: a linear model that tells liked papers from what is usual, refitted in milliseconds.

Kernel ridge regression on liked papers (wanted: 1), disliked ones (wanted: less than nothing) and a sample of past
papers of the same categories (wanted: 0, they are only unlabelled). It has a closed form, is the same on every run, and
its prediction is a sum over the judged papers, so that it can be said which of them brought a new paper up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.model import JudgedPaper, Paper, Profile, ReasonKind, VerdictKind
from bot.rank.corrections import own_verdicts_out, ruled_out
from bot.rank.features import Background, Likeness, Matrix, Usual, Vector
from bot.rank.turning import standing
from bot.rank.voices import Said, evened, fitted

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
    A verdict weighs half after `HALF_LIFE_DAYS`. Each reader gets a model of their own, and each who likes something is
    heard as much as the others, however many verdicts they gave. A paper that one reader liked and another disliked
    counts as both.
    """
    judged = _newest(profile.judged)
    if not judged:
        return None
    likes = _distinct(one for one in judged if one.kind is not VerdictKind.DISLIKE)
    dislikes = _distinct(one for one in judged if one.kind is VerdictKind.DISLIKE)
    left, left_weights = _left_alone(profile, {one.paper.id for one in judged}, now)
    topic_share = _topic_share(len(likes))
    usual, at = _usual(background, profile, [*likes, *dislikes, *left], likes or dislikes)
    papers = background.likeness([*likes, *dislikes, *left])
    products = _products(papers, usual, at, topic_share)
    border, known = len(likes), len(likes) + len(dislikes)
    stands = standing(background, judged)
    by_reader: defaultdict[int, list[JudgedPaper]] = defaultdict(list)
    for one in judged:
        by_reader[one.reader_id].append(one)
    said = [_said(mine, now, stands, likes, dislikes, products) for mine in by_reader.values()]
    weights = np.concatenate([left_weights, np.full(len(at), 1.0 / max(len(at), 1))])
    wanted = np.concatenate([np.full(len(left), LEFT_TARGET), np.zeros(len(at))])
    voices = evened(fitted(products, said, wanted, RIDGE / weights), products, len(at))
    judged_shares = np.zeros(known + len(left))
    usual_drawn, usual_put_off = np.zeros(len(usual.papers)), np.zeros(len(usual.papers))
    base_drawn, base_put_off = 0.0, 0.0
    for reader, voice in zip(by_reader, voices, strict=True):
        judged_shares[voice.said.likes] += voice.likes * _counted(
            likes, voice.said.likes, reader, profile, ReasonKind.LIKED
        )
        judged_shares[voice.said.dislikes] += voice.dislikes * _counted(
            dislikes, voice.said.dislikes - border, reader, profile, ReasonKind.DISLIKED
        )
        judged_shares[known:] += voice.common[: len(left)]
        if len(voice.likes):
            usual_drawn[at] += voice.common[len(left) :]
            base_drawn += voice.base
        else:
            usual_put_off[at] += voice.common[len(left) :]
            base_put_off += voice.base
    unheard = _unheard(background, profile)
    against = np.arange(len(judged_shares)) >= border
    drawn, put_off = None, None
    if against.any():
        shares = np.where(against, judged_shares, 0.0)
        put_off = _side(usual, usual_put_off, papers, shares, topic_share, base_put_off, _NOWHERE)
    if likes:
        level = float(put_off.of(usual.likeness.take(at)).mean()) if put_off and len(at) else 0.0
        put_off = replace(put_off, base=base_put_off - level) if put_off else None
        shares = np.where(against, 0.0, judged_shares)
        drawn = _side(usual, usual_drawn, papers, shares, topic_share, base_drawn + level, unheard)
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


def _distinct(judged: Iterable[JudgedPaper]) -> list[Paper]:
    """Their papers, each once, in the order of the verdicts."""
    return list({one.paper.id: one.paper for one in judged}.values())


def _said(
    judged: Sequence[JudgedPaper],
    now: datetime,
    stands: Mapping[int, float],
    likes: Sequence[Paper],
    dislikes: Sequence[Paper],
    products: NDArray[np.float64],
) -> Said:
    """What one reader said, in the places of the chat's likes and dislikes, and how much of it counts."""
    place_of = (
        {paper.id: at for at, paper in enumerate(likes)},
        {paper.id: len(likes) + at for at, paper in enumerate(dislikes)},
    )
    liked = [one for one in judged if one.kind is not VerdictKind.DISLIKE]
    disliked = [one for one in judged if one.kind is VerdictKind.DISLIKE]
    liked_at = np.array([place_of[0][one.paper.id] for one in liked], dtype=np.intp)
    disliked_at = np.array([place_of[1][one.paper.id] for one in disliked], dtype=np.intp)
    like_weights, still_wanted = _weighted(liked, now, stands)
    dislike_weights, _ = _weighted(disliked, now, stands)
    telling = _telling(products[np.ix_(disliked_at, liked_at)])
    weights = np.concatenate([like_weights, DISLIKES_WEIGHT * telling * dislike_weights])
    return Said(liked_at, disliked_at, np.concatenate([still_wanted, DISLIKED_TARGET * telling]), RIDGE / weights)


def _weighted(
    judged: Sequence[JudgedPaper], now: datetime, stands: Mapping[int, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The weights of one reader's verdicts of one kind, which add up to 1 (less where all was overruled since); and how
    much of what was said each time still holds, 1 for the newest."""
    if not judged:
        return np.zeros(0), np.zeros(0)
    fresh = np.array([_freshness(one.at, now) for one in judged])
    standing_still = np.array([stands.get(id(one), 1.0) for one in judged])
    held = fresh * standing_still
    return standing_still.max() * held / held.sum(), np.sqrt(held / fresh.max())


def _freshness(at: datetime, now: datetime) -> float:
    days = max((now - at).total_seconds(), 0.0) / 86_400
    return max(float(0.5 ** (days / HALF_LIFE_DAYS)), LEAST_WEIGHT)


def _counted(
    papers: Sequence[Paper], places: NDArray[np.intp], reader: int, profile: Profile, kind: ReasonKind
) -> NDArray[np.float64]:
    """1 for each of a reader's papers, at these places, that counts; 0 where it was ruled out, for the chat or by this
    reader for their own verdict."""
    ruled, own = ruled_out(profile, kind), own_verdicts_out(profile, kind)
    return np.array([papers[at].id not in ruled and (reader, papers[at].id) not in own for at in places], dtype=float)


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
