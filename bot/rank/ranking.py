"""The papers of a day in the light of one profile: scores for all at once, reasons for those somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from bot.model import FollowKind, Reason, ReasonKind, ScoredPaper
from bot.rank.features import Features, Vector
from bot.rank.learned import strongest, written
from bot.rank.nearness import TOPIC_SHARE, Nearness, Places
from bot.rank.taste import TASTE_SCALE, Judged, Taste, pairs_of, whole

Shares = NDArray[np.float64]
Amounts = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]

MUTED_SHARE = -10.0
"""What a mute takes from a score."""

SIMILAR = 0.12
"""Likeness from which a judged paper counts as similar."""

MOST_NAMED = 3
LEAST_NAMED = 0.02
"""Judged papers and learned words that are named one by one, and what one must add for that."""


_NOTHING = np.array([], dtype=np.intp)


class Named(NamedTuple):
    """A followed name that a paper has, and what it adds."""

    kind: FollowKind
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Parts:
    """What adds up to the scores: arrays over the papers, and by a paper's place what only few have."""

    interests: tuple[str, ...]
    stated: Amounts
    named: Flags
    liked: Amounts
    disliked: Amounts
    followed: Mapping[int, tuple[Named, ...]]
    categories: tuple[str, ...]
    at_home: Amounts
    heat: Amounts
    upvotes: Mapping[str, int]
    muted: Mapping[int, tuple[str, ...]]
    model: Mapping[int, tuple[float, str]] = field(default_factory=dict)


class Ranking(Sequence[ScoredPaper]):
    """Scored papers in the day's order. Scores are there at once; a paper's reasons are made when it is looked at."""

    def __init__(self, features: Features, taste: Taste | None, parts: Parts, near: Nearness | None = None) -> None:
        self.features = features
        self._taste = taste
        self._parts = parts
        self._near = near or Nearness(features)
        self._to_judged_in_words: dict[int, Vector] = {}
        self.hidden = frozenset(parts.muted)
        self.scores = self._totals()

    def with_model(self, said: Mapping[str, tuple[float, str]]) -> Ranking:
        """The same with what a language model's word adds to some papers, by their ids, and its reason."""
        places = self.features.place
        found = {places[paper_id]: word for paper_id, word in said.items() if paper_id in places}
        return Ranking(self.features, self._taste, replace(self._parts, model=found), self._near)

    def __len__(self) -> int:
        return len(self.features.papers)

    @property
    def knows_the_reader(self) -> bool:
        """Whether there is anything to go by: stated interests, or verdicts."""
        return bool(self._parts.interests) or self._taste is not None

    def alike(self, places: Places) -> Vector:
        """How alike all pairs of the papers at these places are."""
        return self._near.alike(places)

    def familiar(self, places: Places) -> Vector:
        """How alike each paper at these places is to the most similar one that somebody liked or disliked; 0 where nobody
        did, and nothing less."""
        if self._taste is None:
            return np.zeros(len(places), dtype=np.float32)
        near: Vector = self._to_judged(self._taste, places, TOPIC_SHARE).max(axis=1, initial=0.0)
        return near

    def _to_judged(self, taste: Taste, places: Places, topic_share: float) -> Vector:
        """How alike each paper at these places (row) is to each liked one, and behind them to each disliked one."""
        judged = (*taste.liked.papers, *taste.disliked.papers)
        mine, theirs = self.features.likeness.without_words(places), taste.background.without_words(judged)
        # Once for each paper: those of a table are among those that it was chosen from.
        known, wanted = self._to_judged_in_words, np.asarray(places).tolist()
        new = [at for at in wanted if at not in known]
        if new:
            known |= zip(new, self._near.to(judged, new), strict=True)
        words = np.array([known[at] for at in wanted], dtype=np.float32).reshape(len(wanted), len(judged))
        return pairs_of(words, mine, theirs, topic_share)

    @overload
    def __getitem__(self, at: int) -> ScoredPaper: ...

    @overload
    def __getitem__(self, at: slice) -> list[ScoredPaper]: ...

    def __getitem__(self, at: int | slice) -> ScoredPaper | list[ScoredPaper]:
        if isinstance(at, slice):
            return self.look(range(*at.indices(len(self))))
        return self.look([range(len(self))[at]])[0]

    def __iter__(self) -> Iterator[ScoredPaper]:
        return iter(self.look(range(len(self))))

    def look(self, places: Sequence[int]) -> list[ScoredPaper]:
        """The papers at these places with their reasons, at less than looking at one after the other."""
        return [
            ScoredPaper(
                paper=self.features.papers[at],
                score=sum(reason.share for reason in reasons),
                reasons=reasons,
                hidden=at in self.hidden,
            )
            for at, reasons in zip(places, self._reasons(places), strict=True)
        ]

    def reasons(self, at: int) -> tuple[Reason, ...]:
        """Why the paper at this place has its score, the strongest first; the shares add up to the score."""
        return self._reasons([at])[0]

    def _reasons(self, places: Sequence[int]) -> list[tuple[Reason, ...]]:
        stated = self._stated(places)
        liked, disliked = self._learned(places)
        rest = self._rest(places)
        return [
            tuple(sorted(_joined([part for some in parts for part in some]), key=_by_share))
            for parts in zip(stated, liked, disliked, rest, strict=True)
        ]

    def _stated(self, places: Sequence[int]) -> list[list[Reason]]:
        """What stated interests add to each of these papers."""
        parts = self._parts
        return [
            [
                Reason(ReasonKind.INTEREST, label, share, int(named))
                for label, share, named in zip(parts.interests, shares, theirs, strict=True)
                if share
            ]
            for shares, theirs in zip(parts.stated[places].tolist(), parts.named[places].tolist(), strict=True)
        ]

    def _rest(self, places: Sequence[int]) -> list[list[Reason]]:
        """What adds to each of these papers besides interests and verdicts."""
        return [
            self._rest_of(at, at_home, heat)
            for at, at_home, heat in zip(
                places, self._parts.at_home[places].tolist(), self._parts.heat[places].tolist(), strict=True
            )
        ]

    def _rest_of(self, at: int, at_home: float, heat: float) -> list[Reason]:
        parts = self._parts
        found = [Reason(ReasonKind(name.kind.value), name.label, name.share) for name in parts.followed.get(at, ())]
        if at_home:
            category = next(name for name in self.features.papers[at].categories if name in parts.categories)
            found.append(Reason(ReasonKind.CATEGORY, category, at_home))
        if heat:
            found.append(Reason(ReasonKind.HEAT, "", heat, parts.upvotes[self.features.ids[at]]))
        if at in parts.model:
            share, said = parts.model[at]
            found.append(Reason(ReasonKind.MODEL, said, share))
        return [*found, *(Reason(ReasonKind.MUTED, label, MUTED_SHARE) for label in parts.muted.get(at, ()))]

    def _learned(self, places: Sequence[int]) -> tuple[list[list[Reason]], list[list[Reason]]]:
        """What likes, and what dislikes, add to each of these papers."""
        taste = self._taste
        if taste is None:
            return [[] for _ in places], [[] for _ in places]
        near, border = self._to_judged(taste, places, taste.topic_share), len(taste.liked.papers)
        return (
            self._learned_of(taste, ReasonKind.LIKED, places, near[:, :border]),
            self._learned_of(taste, ReasonKind.DISLIKED, places, near[:, border:]),
        )

    def _learned_of(self, taste: Taste, kind: ReasonKind, places: Sequence[int], near: Vector) -> list[list[Reason]]:
        """What verdicts of one kind add to each of these papers, in parts: the most similar judged papers, each with what its
        likeness adds and how many are similar; for likes the words that add most besides; and what is left, which names
        nothing and counts 0. `near` is how like they are to the judged papers."""
        if kind is ReasonKind.LIKED:
            judged, unheard, shares, sign = taste.liked, taste.unheard, self._parts.liked[places], 1.0
        else:
            judged, unheard, shares, sign = taste.disliked, _NOTHING, self._parts.disliked[places], -1.0
        if not shares.any():
            return [[] for _ in places]
        words = taste.drawn.words if kind is ReasonKind.LIKED and taste.drawn is not None else None
        terms = TASTE_SCALE * judged.shares * (near - self._silent(judged, places, unheard))
        similar = near >= SIMILAR
        first = np.argsort(-sign * terms, axis=1, kind="stable")[:, :MOST_NAMED].tolist()
        tells = (similar & (sign * terms >= LEAST_NAMED)).tolist()
        counts = similar.sum(axis=1).tolist()
        found = []
        for row, (at, share, adds) in enumerate(zip(places, shares.tolist(), terms.tolist(), strict=True)):
            best = [place for place in first[row] if tells[row][place]]
            some = [
                Reason(kind, judged.papers[place].title, adds[place], counts[row], judged.papers[place].id)
                for place in best
            ]
            if words is not None:
                some += self._words(judged, best, words, unheard, at)
            rest = share - sum(reason.share for reason in some)
            found.append([*some, Reason(kind, "", rest)] if share else [])
        return found

    def _silent(self, judged: Judged, places: Sequence[int], unheard: NDArray[np.intp]) -> Amounts:
        """The part of the likeness of these papers (rows) to judged ones that is in words that do not count."""
        if self._taste is None or not len(unheard) or not judged.papers:
            return np.zeros(1)
        mine, theirs = self.features.likeness, judged.likeness.words[:, unheard]
        found = (mine.words[places][:, unheard] @ theirs.T).toarray()
        return np.asarray(found / whole(self._taste.topic_share, mine))

    def _words(
        self, judged: Judged, named: Sequence[int], words: Vector, unheard: NDArray[np.intp], at: int
    ) -> list[Reason]:
        """The words that add most to the paper at this place besides what judged papers add that are named; `words` is
        what each word adds."""
        if self._taste is None:
            return []
        mine = self.features.likeness
        row = slice(mine.words.indptr[at], mine.words.indptr[at + 1])
        used, weights = mine.words.indices[row], words[mine.words.indices[row]].astype(np.float64)
        for place in named:
            (theirs,) = self._taste.background.words_of([judged.papers[place]], used)
            weights -= judged.shares[place] * theirs / whole(self._taste.topic_share, mine)
        if len(unheard):
            weights[np.isin(used, unheard)] = 0.0
        shares = TASTE_SCALE * weights * mine.words.data[row]
        telling = np.flatnonzero(shares >= LEAST_NAMED)
        names = self._taste.background.vocabulary.names_at(used[telling])
        return [
            Reason(ReasonKind.WORD, self._written(unit, at), share, 0, unit)
            for unit, share in strongest(names, shares[telling].tolist(), MOST_NAMED, LEAST_NAMED)
        ]

    def _written(self, unit: str, at: int) -> str:
        """The unit as the paper at this place writes it."""
        return self.features.keep(("written", unit, at), lambda: written(unit, [self.features.papers[at]]))

    def _totals(self) -> Shares:
        parts = self._parts
        totals: Shares = parts.stated.sum(axis=1, dtype=np.float64)
        for part in (parts.liked, parts.disliked, parts.heat, parts.at_home):
            totals += part
        for at, names in parts.followed.items():
            totals[at] += sum(name.share for name in names)
        for at, (share, _) in parts.model.items():
            totals[at] += share
        for at, labels in parts.muted.items():
            totals[at] += MUTED_SHARE * len(labels)
        return totals


def _by_share(reason: Reason) -> tuple[float, ReasonKind, str]:
    return -reason.share, reason.kind, reason.label


def _joined(reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons of the same kind about the same thing made one (somebody may write the same interest twice)."""
    found: dict[tuple[ReasonKind, str], Reason] = {}
    for reason in reasons:
        about = reason.kind, reason.key or reason.label
        known = found.get(about)
        if known is not None:
            count = max(reason.count, known.count)
            reason = Reason(reason.kind, reason.label, reason.share + known.share, count, reason.key)  # noqa: PLW2901 - both in one
        found[about] = reason
    return [reason for reason in found.values() if reason.share]
