"""The papers of a day in the light of one profile: scores for all at once, reasons for those somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from bot.model import FollowKind, Reason, ReasonKind, ScoredPaper
from bot.rank.features import Features, Likeness
from bot.rank.learned import strongest, written
from bot.rank.taste import TASTE_SCALE, Judged, Taste, alike, whole

Shares = NDArray[np.float64]

MUTED_SHARE = -10.0
"""What a mute takes from a score."""

SIMILAR = 0.12
"""Likeness from which a judged paper counts as similar."""

MOST_NAMED = 3
LEAST_NAMED = 0.02
"""Judged papers and learned words that are named one by one, and what one must add for that."""


class Named(NamedTuple):
    """A followed name that a paper has, and what it adds."""

    kind: FollowKind
    label: str
    share: float


@dataclass(frozen=True, slots=True)
class Parts:
    """What adds up to the scores: arrays over the papers, and by a paper's place what only few have."""

    interests: tuple[str, ...]
    stated: Shares
    named: NDArray[np.bool_]
    liked: Shares
    disliked: Shares
    followed: Mapping[int, tuple[Named, ...]]
    categories: tuple[str, ...]
    at_home: Shares
    heat: Shares
    upvotes: Mapping[str, int]
    muted: Mapping[int, tuple[str, ...]]
    model: Mapping[int, tuple[float, str]] = field(default_factory=dict)


class Ranking(Sequence[ScoredPaper]):
    """Scored papers in the day's order. Scores are there at once; a paper's reasons are made when it is looked at."""

    def __init__(self, features: Features, taste: Taste | None, parts: Parts) -> None:
        self.features = features
        self._taste = taste
        self._parts = parts
        self.hidden = frozenset(parts.muted)
        self.scores = self._totals()

    def with_model(self, said: Mapping[str, tuple[float, str]]) -> Ranking:
        """The same with what a language model's word adds to some papers, by their ids, and its reason."""
        places = {paper_id: at for at, paper_id in enumerate(self.features.ids)}
        found = {places[paper_id]: word for paper_id, word in said.items() if paper_id in places}
        return Ranking(self.features, self._taste, replace(self._parts, model=found))

    def __len__(self) -> int:
        return len(self.features.papers)

    @property
    def knows_the_reader(self) -> bool:
        """Whether there is anything to go by: stated interests, or verdicts."""
        return bool(self._parts.interests) or self._taste is not None

    @property
    def judged(self) -> list[Likeness]:
        """The likeness of the papers that were liked, and of those that were disliked; sorts that are empty left out."""
        if self._taste is None:
            return []
        return [judged.likeness for judged in (self._taste.liked, self._taste.disliked) if judged.papers]

    @overload
    def __getitem__(self, at: int) -> ScoredPaper: ...

    @overload
    def __getitem__(self, at: slice) -> list[ScoredPaper]: ...

    def __getitem__(self, at: int | slice) -> ScoredPaper | list[ScoredPaper]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        place = range(len(self))[at]
        reasons = self.reasons(place)
        return ScoredPaper(
            paper=self.features.papers[place],
            score=sum(reason.share for reason in reasons),
            reasons=reasons,
            hidden=place in self.hidden,
        )

    def __iter__(self) -> Iterator[ScoredPaper]:
        return (self[place] for place in range(len(self)))

    def reasons(self, at: int) -> tuple[Reason, ...]:
        """Why the paper at this place has its score, the strongest first; the shares add up to the score."""
        parts = self._parts
        found = [
            Reason(ReasonKind.INTEREST, label, float(share), int(named))
            for label, share, named in zip(parts.interests, parts.stated[at], parts.named[at], strict=True)
            if share
        ]
        found += [Reason(ReasonKind(name.kind.value), name.label, name.share) for name in parts.followed.get(at, ())]
        found += self._learned(ReasonKind.LIKED, float(parts.liked[at]), at)
        found += self._learned(ReasonKind.DISLIKED, float(parts.disliked[at]), at)
        if parts.at_home[at]:
            category = next(name for name in self.features.papers[at].categories if name in parts.categories)
            found.append(Reason(ReasonKind.CATEGORY, category, float(parts.at_home[at])))
        if parts.heat[at]:
            paper_id = self.features.ids[at]
            found.append(Reason(ReasonKind.HEAT, "", float(parts.heat[at]), parts.upvotes[paper_id]))
        if at in parts.model:
            share, said = parts.model[at]
            found.append(Reason(ReasonKind.MODEL, said, share))
        found += [Reason(ReasonKind.MUTED, label, MUTED_SHARE) for label in parts.muted.get(at, ())]
        return tuple(sorted(_joined(found), key=lambda reason: (-reason.share, reason.kind, reason.label)))

    def _learned(self, kind: ReasonKind, share: float, at: int) -> list[Reason]:
        """What verdicts add, in parts: the most similar judged papers, each with what its likeness adds and how many are
        similar; for likes the words that add most besides; and what is left, which names nothing and counts 0."""
        if not share:
            return []
        if self._taste is None:
            return [Reason(kind, "", share)]
        judged = self._taste.liked if kind is ReasonKind.LIKED else self._taste.disliked
        unheard = self._taste.unheard if kind is ReasonKind.LIKED else np.array([], dtype=np.intp)
        mine = self.features.likeness.take([at])
        near = alike(mine, judged.likeness, self._taste.topic_share)[0] if judged.papers else np.zeros(0)
        terms = self._terms(judged, mine, near, unheard)
        count = int((near >= SIMILAR).sum())
        sign = 1.0 if kind is ReasonKind.LIKED else -1.0
        places = [
            int(place)
            for place in np.argsort(-sign * terms, kind="stable")[:MOST_NAMED]
            if near[place] >= SIMILAR and sign * terms[place] >= LEAST_NAMED
        ]
        found = [
            Reason(kind, judged.papers[place].title, float(terms[place]), count, judged.papers[place].id)
            for place in places
        ]
        if kind is ReasonKind.LIKED:
            found += self._words(judged, places, mine, unheard, at)
        return [*found, Reason(kind, "", share - sum(reason.share for reason in found))]

    def _terms(self, judged: Judged, mine: Likeness, near: Shares, unheard: NDArray[np.intp]) -> NDArray[np.float64]:
        """What the likeness to each judged paper adds to this one."""
        if self._taste is None or not judged.papers:
            return np.zeros(0)
        silent = (mine.words[:, unheard] @ judged.likeness.words[:, unheard].T).toarray()[0] if len(unheard) else 0.0
        return np.asarray(TASTE_SCALE * judged.shares * (near - silent / whole(self._taste.topic_share, mine)))

    def _words(
        self, judged: Judged, named: Sequence[int], mine: Likeness, unheard: NDArray[np.intp], at: int
    ) -> list[Reason]:
        """The words that add most besides what the judged papers at these places add."""
        if self._taste is None or self._taste.drawn is None:
            return []
        used = mine.words.indices
        weights = self._taste.drawn.words[used].astype(np.float64)
        for place in named:
            theirs = judged.likeness.words[[place]][:, used].toarray()[0]
            weights -= judged.shares[place] * theirs / whole(self._taste.topic_share, mine)
        weights[np.isin(used, unheard)] = 0.0
        shares = TASTE_SCALE * weights * mine.words.data
        names = self._taste.background.names_at(used)
        return [
            Reason(ReasonKind.WORD, written(unit, [self.features.papers[at]]), share, 0, unit)
            for unit, share in strongest(names, shares.tolist(), MOST_NAMED, LEAST_NAMED)
        ]

    def _totals(self) -> Shares:
        parts = self._parts
        totals: Shares = parts.stated.sum(axis=1) + parts.liked + parts.disliked + parts.heat + parts.at_home
        for at, names in parts.followed.items():
            totals[at] += sum(name.share for name in names)
        for at, (share, _) in parts.model.items():
            totals[at] += share
        for at, labels in parts.muted.items():
            totals[at] += MUTED_SHARE * len(labels)
        return totals


def _joined(reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons of the same kind about the same thing made one (somebody may write the same interest twice)."""
    found: dict[tuple[ReasonKind, str], Reason] = {}
    for reason in reasons:
        about = reason.key or reason.label
        known = found.get((reason.kind, about))
        share = reason.share + (known.share if known else 0.0)
        count = max(reason.count, known.count if known else 0)
        found[reason.kind, about] = Reason(reason.kind, reason.label, share, count, reason.key)
    return [reason for reason in found.values() if reason.share]
