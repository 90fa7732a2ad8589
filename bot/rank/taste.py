"""What a chat's verdicts teach: a linear model that tells liked papers from what is usual, refitted in milliseconds.

Kernel ridge regression on liked papers (wanted: 1), disliked ones (wanted: less than nothing) and a sample of past
papers of the same categories (wanted: 0, they are only unlabelled). It has a closed form, is the same on every run, and
its prediction is a sum over the judged papers, so that it can be said which of them brought a new paper up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from bot.model import JudgedPaper, Paper, Profile, ReasonKind, VerdictKind
from bot.rank.corrections import own_verdicts_out, ruled_out
from bot.rank.features import Background, Likeness, Usual, Vector, in_words
from bot.rank.turning import standing
from bot.rank.voices import Common, Said, evened, fitted

MOST_JUDGED = 400
"""Verdicts a model is fitted to: the newest, taken in turn from each reader."""

READ_AT_ONCE = 256
"""Papers behind tastes that are read in one go: some kilobytes each."""

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

LEFT_TARGET = -0.1
LEFT_WEIGHT = 0.15
LEFT_FEW = 20
"""Papers that were shown and left alone: together they weigh about a seventh of all likes, and so few of them less."""

UNFOLDED_WEIGHT = 0.1
"""What a paper weighs whose card somebody looked at without a verdict, as a share of one that was left alone: reading is
no judgement, though a paper worth keeping would have got one."""

DENSE_SHARE = 1.5
"""How much an embedding model's vectors say of likeness, where topics say 1: they too see what is broadly alike."""

FINE_SHARE = 0.3
"""How much the same vectors say, where words say 1, once what most papers differ in is turned down. It does not fade: that
is what tells papers of one field apart."""


_NOWHERE = np.array([], dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Side:
    """One part of a linear model: what likeness to each of a few papers adds, and what every paper gets.

    It is kept as shares of papers, past ones at the places `past` and others, a few kilobytes; a weight for every word is
    worked out when it is asked for. The words at the places of `unheard` add nothing.
    """

    background: Background
    past: NDArray[np.intp]
    past_shares: Vector
    others: tuple[Paper, ...]
    other_shares: Vector
    topic_share: float
    base: float
    unheard: NDArray[np.intp]

    @property
    def scale(self) -> float:
        """What shares are divided by to become a part of a likeness."""
        return whole(self.topic_share, self.background.everything)

    @property
    def words(self) -> Vector:
        """What each word adds."""
        weights = self.background.summed(self.past, self.past_shares, self.others, self.other_shares)
        weights /= np.float32(self.scale)
        weights[self.unheard] = 0.0
        return weights

    def of(self, papers: Likeness) -> NDArray[np.float64]:
        """What this part adds to each paper."""
        past, others = self.background.everything, self.background.without_words(self.others)
        topics = past.topics[self.past].T @ self.past_shares + others.topics.T @ self.other_shares
        found = np.asarray(papers.words @ self.words, dtype=np.float64) + self.base
        found += papers.topics @ (np.float32(self.topic_share / self.scale) * topics)
        if papers.dense is not None and past.dense is not None and others.dense is not None:
            dense = past.dense[self.past].T @ self.past_shares + others.dense.T @ self.other_shares
            found += papers.dense @ (np.float32(DENSE_SHARE * self.topic_share / self.scale) * dense)
        if papers.fine is not None and past.fine is not None and others.fine is not None:
            fine = past.fine[self.past].T @ self.past_shares + others.fine.T @ self.other_shares
            found += papers.fine @ (np.float32(FINE_SHARE / self.scale) * fine)
        return found


@dataclass(frozen=True, slots=True)
class Judged:
    """Judged papers, newest first, and by how much each one's likeness to a paper counts: 0 where a correction says that
    it does not."""

    background: Background
    papers: tuple[Paper, ...]
    shares: NDArray[np.float64]

    @property
    def likeness(self) -> Likeness:
        """The likeness of these papers."""
        return self.background.likeness(self.papers)


@dataclass(frozen=True, slots=True)
class Taste:
    """A fitted model: `drawn` is what likes (against what is usual) add to a paper, `put_off` what dislikes add, which is
    about nothing for a usual paper; either is None without such verdicts. `liked` and `disliked` are the papers behind
    it, `topic_share` how much of the likeness of two papers their topics are, `unheard` the places of words that were ruled
    out as something liked. A taste reads features that were made against its own `background`, no others."""

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
    return learn_all(background, [profile], now)[0]


def learn_all(background: Background, profiles: Sequence[Profile], now: datetime) -> list[Taste | None]:
    """What `learn` finds for each of these profiles. The papers behind them are read together, and what is usual is worked
    out once for those of the same categories that come after each other."""
    behind = {at: _behind(profile, now) for at, profile in enumerate(profiles) if profile.judged}
    found: list[Taste | None] = [None for _ in profiles]
    for part in _parts({at: len(one.papers) for at, one in behind.items()}):
        papers = background.likeness([paper for at in part for paper in behind[at].papers])
        start = 0
        for at in part:
            end = start + len(behind[at].papers)
            found[at] = _learn(background, behind[at], papers.take(slice(start, end)), now)
            start = end
    return found


@dataclass(frozen=True, slots=True)
class _Behind:
    """What a taste is learned from: verdicts, newest first; the papers they are about; and papers that were left alone, with
    their weights."""

    profile: Profile
    judged: list[JudgedPaper]
    likes: list[Paper]
    dislikes: list[Paper]
    left: list[Paper]
    left_weights: NDArray[np.float64]

    @property
    def papers(self) -> tuple[Paper, ...]:
        """All of them."""
        return (*self.likes, *self.dislikes, *self.left)


def _behind(profile: Profile, now: datetime) -> _Behind:
    judged = _newest(profile.judged)
    likes = _distinct(one for one in judged if one.kind is not VerdictKind.DISLIKE)
    dislikes = _distinct(one for one in judged if one.kind is VerdictKind.DISLIKE)
    left, weights = _left_alone(profile, {one.paper.id for one in judged}, now)
    return _Behind(profile, judged, likes, dislikes, left, weights)


def _parts(counts: Mapping[int, int]) -> Iterator[list[int]]:
    """The keys, together with about as many papers as are read in one go."""
    part: list[int] = []
    many = 0
    for at, count in counts.items():
        if part and many + count > READ_AT_ONCE:
            yield part
            part, many = [], 0
        part.append(at)
        many += count
    if part:
        yield part


def _learn(background: Background, behind: _Behind, papers: Likeness, now: datetime) -> Taste:
    """The taste behind which these papers are."""
    profile, judged, likes, dislikes, left = (
        behind.profile,
        behind.judged,
        behind.likes,
        behind.dislikes,
        behind.left,
    )
    everybody = behind.papers
    border, known = len(likes), len(likes) + len(dislikes)
    topic_share = _topic_share(border)
    usual, counting = _usual(background, profile, everybody, likes or dislikes)
    near = in_words(sparse.vstack((papers.words, usual.likeness.words), format="csr"), papers.words)
    words = near[: len(everybody)]
    mine = papers.without_words(slice(known))
    pairs = pairs_of(words[:known, :known], mine, mine, topic_share)
    common = _common(near, papers, known, usual, counting, behind.left_weights, topic_share)
    said, readers = _said(judged, now, likes, dislikes, words, pairs)
    liking = np.bincount(said.readers[said.places < border], minlength=len(readers)) > 0
    voices = evened(fitted(pairs.astype(np.float64), common, said), common, border, liking)
    heard = voices.judged * _heard(likes, dislikes, readers, profile)
    judged_shares = np.concatenate([heard.sum(axis=1), voices.common[: len(left)].sum(axis=1)])
    usual_shares, bases = voices.common[len(left) :], voices.bases
    unheard = _unheard(background, profile)
    against = np.where(np.arange(len(everybody)) >= border, judged_shares, 0.0)
    toward = usual_shares[:, ~liking].sum(axis=1)
    at = background.past_places(everybody)
    places, others = np.concatenate([usual.places, at[at >= 0]]), tuple(compress(everybody, at < 0))

    def side(
        of_usual: NDArray[np.float64], of_judged: NDArray[np.float64], base: float, unheard: NDArray[np.intp]
    ) -> Side:
        past_shares = _single(np.concatenate([of_usual, of_judged[at >= 0]]))
        return Side(background, places, past_shares, others, _single(of_judged[at < 0]), topic_share, base, unheard)

    drawn, put_off = None, None
    level = 0.0
    if len(everybody) > border:
        base = float(bases[~liking].sum())
        if likes and counting.any():
            level = base + _mean(common, against[:known], np.concatenate([against[known:], toward]))
        put_off = side(toward, against, base - level, _NOWHERE)
    if likes:
        pull = usual_shares[:, liking].sum(axis=1)
        drawn = side(pull, judged_shares - against, float(bases[liking].sum()) + level, unheard)
    return Taste(
        background,
        drawn,
        put_off,
        Judged(background, tuple(likes), judged_shares[:border]),
        Judged(background, tuple(dislikes), judged_shares[border:known]),
        topic_share,
        unheard,
    )


def whole(topic_share: float, papers: Likeness) -> float:
    """What the parts of a likeness add up to for the same paper: its words, topics and, where there are vectors, those."""
    return 1.0 + topic_share + (0.0 if papers.dense is None else DENSE_SHARE * topic_share + FINE_SHARE)


def alike(left: Likeness, right: Likeness, topic_share: float) -> NDArray[np.float64]:
    """How alike each paper of `left` (row) is to each of `right` (column): 1 for the same text, about 0 for strangers."""
    words = np.asarray((left.words @ right.words.T).toarray())
    return pairs_of(words, left, right, topic_share).astype(np.float64)


def pairs_of(words: Vector, left: Likeness, right: Likeness, topic_share: float) -> Vector:
    """How alike they are, as `alike` has it, where their likeness in words is known."""
    found = words + np.float32(topic_share) * (left.topics @ right.topics.T)
    if left.dense is not None and right.dense is not None:
        found += np.float32(DENSE_SHARE * topic_share) * (left.dense @ right.dense.T)
    if left.fine is not None and right.fine is not None:
        found += np.float32(FINE_SHARE) * (left.fine @ right.fine.T)
    found /= np.float32(whole(topic_share, right))
    return found


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
    likes: Sequence[Paper],
    dislikes: Sequence[Paper],
    words: Vector,
    pairs: Vector,
) -> tuple[Said, list[int]]:
    """What the readers said, in the places of the chat's likes and dislikes, and how much of it counts; and who they are.
    `words` and `pairs` are the likeness of those papers in words and in all. Each reader's likes weigh 1 together (less
    where all was overruled since), and the older a like the less it wants."""
    readers = list(dict.fromkeys(one.reader_id for one in judged))
    number = {reader: at for at, reader in enumerate(readers)}
    ordered = sorted(judged, key=lambda one: number[one.reader_id])
    liked_at = {paper.id: at for at, paper in enumerate(likes)}
    disliked_at = {paper.id: at for at, paper in enumerate(dislikes, len(likes))}
    liked = np.array([one.kind is not VerdictKind.DISLIKE for one in ordered])
    places = np.array(
        [(disliked_at if one.kind is VerdictKind.DISLIKE else liked_at)[one.paper.id] for one in ordered], dtype=np.intp
    )
    owners = np.array([number[one.reader_id] for one in ordered], dtype=np.intp)
    stands = standing(ordered, words[np.ix_(places, places)].astype(np.float64))
    fresh = _freshness((one.at for one in ordered), now)
    still = np.array([stands.get(id(one), 1.0) for one in ordered])
    held = fresh * still
    sort = 2 * owners + liked
    freshest, most_standing = np.zeros(2 * len(readers)), np.zeros(2 * len(readers))
    np.maximum.at(freshest, sort, fresh)
    np.maximum.at(most_standing, sort, still)
    weights = (most_standing / np.maximum(np.bincount(sort, held, minlength=len(freshest)), 1e-300))[sort] * held
    wanted = np.sqrt(held / freshest[sort])
    if not liked.all():
        mine = owners[~liked][:, None] == owners[liked]
        telling = _telling(pairs[np.ix_(places[~liked], places[liked])], mine)
        weights[~liked] *= DISLIKES_WEIGHT * telling
        wanted[~liked] = DISLIKED_TARGET * telling
    starts = np.searchsorted(owners, np.arange(len(readers) + 1))
    return Said(places, wanted, RIDGE / weights, starts), readers


def _freshness(moments: Iterable[datetime], now: datetime) -> NDArray[np.float64]:
    """How much what was said or shown at each of these moments still counts."""
    seconds = np.array([(now - at).total_seconds() for at in moments])
    return np.asarray(np.maximum(0.5 ** (np.maximum(seconds, 0.0) / 86_400 / HALF_LIFE_DAYS), LEAST_WEIGHT))


def _heard(
    likes: Sequence[Paper], dislikes: Sequence[Paper], readers: Sequence[int], profile: Profile
) -> NDArray[np.float64]:
    """Judged papers × readers: 1 where a verdict counts; 0 where it was ruled out, for the chat or by this reader for their
    own verdict."""
    found = np.ones((len(likes) + len(dislikes), len(readers)))
    if not profile.corrections:
        return found
    for kind, papers, start in ((ReasonKind.LIKED, likes, 0), (ReasonKind.DISLIKED, dislikes, len(likes))):
        ruled, own = ruled_out(profile, kind), own_verdicts_out(profile, kind)
        for at, paper in enumerate(papers, start):
            if paper.id in ruled:
                found[at] = 0.0
            elif own:
                found[at, [(reader, paper.id) in own for reader in readers]] = 0.0
    return found


def _unheard(background: Background, profile: Profile) -> NDArray[np.intp]:
    places = [background.vocabulary.get(unit) for unit in ruled_out(profile, ReasonKind.WORD)]
    return np.array(sorted(at for at in places if at is not None), dtype=np.intp)


def _topic_share(likes: int) -> float:
    """Topics help to see likeness where few likes are known; with many, the words themselves say it better."""
    return 0.4 / (1.0 + likes / 4.0)


def _usual(
    background: Background, profile: Profile, judged: Sequence[Paper], near: Sequence[Paper]
) -> tuple[Usual, NDArray[np.bool_]]:
    """What is usual for this chat, papers of its categories and of those judged, and which of them nobody has judged:
    only those count."""
    usual = background.usual(frozenset((*profile.categories, *(paper.primary for paper in near))))
    known = [at for paper in judged if (at := background.place.get(paper.id)) is not None]
    return usual, ~np.isin(usual.places, known)


def _common(
    near: Vector,
    papers: Likeness,
    known: int,
    usual: Usual,
    counting: NDArray[np.bool_],
    left_weights: NDArray[np.float64],
    topic_share: float,
) -> Common:
    """What the readers have in common: papers that were left alone, which are those of `papers` behind the first `known`,
    the judged ones; and what is usual. `near` is the likeness in words of both (rows) to all of `papers`."""
    mine, left = papers.without_words(slice(known)), papers.without_words(slice(known, None))
    words, near = near[: len(papers.topics)], near[len(papers.topics) :]
    across = pairs_of(near[:, :known], usual.likeness, mine, topic_share)
    rest = _rest(usual.likeness, topic_share)
    inner = usual.words
    if len(left.topics):
        across = np.concatenate([pairs_of(words[known:, :known], left, mine, topic_share), across])
        rest = np.concatenate([_rest(left, topic_share), rest])
        inner = np.block([[words[known:, known:], near[:, known:].T], [near[:, known:], inner]])
    return Common(
        inner,
        np.float32(1.0 / whole(topic_share, papers)),
        rest,
        across,
        _single(np.concatenate([np.full(len(left.topics), LEFT_TARGET), np.zeros(len(counting))])),
        _single(np.concatenate([RIDGE / left_weights, np.full(len(counting), RIDGE * max(counting.sum(), 1))])),
        len(counting),
        np.concatenate([np.ones(len(left.topics), dtype=bool), counting]),
    )


def _rest(papers: Likeness, topic_share: float) -> Vector:
    """Rows whose products are what all but words add to the likeness of these papers."""
    parts = zip(papers.spaces, (topic_share, DENSE_SHARE * topic_share, FINE_SHARE), strict=True)
    all_of_it = whole(topic_share, papers)
    return np.hstack([np.float32((share / all_of_it) ** 0.5) * rows for rows, share in parts if rows is not None])


def _mean(common: Common, judged: NDArray[np.float64], shares: NDArray[np.float64]) -> float:
    """What likeness to judged and common papers, times these shares, adds to a usual paper in the mean."""
    usual = common.counting.copy()
    usual[: -common.usual] = False
    return float((common.across[usual] @ judged + common.like(shares)[usual]).mean())


def _single(shares: NDArray[np.float64]) -> Vector:
    return shares.astype(np.float32)


def _telling(alike_liked: Vector, mine: NDArray[np.bool_]) -> NDArray[np.float64]:
    """How much each disliked paper (row) tells, by its likeness to those liked papers that are the same reader's; all of it
    where that reader liked nothing."""
    if not alike_liked.shape[1]:
        return np.ones(len(alike_liked))
    most = np.where(mine, alike_liked, -np.inf).max(axis=1)
    told = np.clip((np.maximum(most, -1.0) / TELLING) ** 2, LEAST_TELLING, 1.0)
    return np.where(np.isfinite(most), told, 1.0)


def _left_alone(profile: Profile, judged: AbstractSet[str], now: datetime) -> tuple[list[Paper], NDArray[np.float64]]:
    """The newest papers that were shown and that nobody judged, with their weights."""
    left = {one.paper.id: one for one in reversed(profile.left) if one.paper.id not in judged}
    newest = sorted(left.values(), key=lambda one: (one.at, one.paper.id), reverse=True)
    weights = _freshness((one.at for one in newest), now)
    weights *= np.where([one.unfolded for one in newest], UNFOLDED_WEIGHT, 1.0)
    return [one.paper for one in newest], LEFT_WEIGHT * weights / max(float(weights.sum()), LEFT_FEW)
