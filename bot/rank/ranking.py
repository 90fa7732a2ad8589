"""The papers of a day in the light of one profile: scores for all at once, reasons for those somebody looks at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from bot.model import FollowKind, Reason, ReasonKind, ScoredPaper
from bot.rank.features import Features, Likeness
from bot.rank.taste import Taste, alike

Shares = NDArray[np.float64]

MUTED_SHARE = -10.0
"""What a mute takes from a score."""

SIMILAR = 0.12
"""Likeness from which a judged paper counts as similar."""


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


class Ranking(Sequence[ScoredPaper]):
    """Scored papers in the day's order. Scores are there at once; a paper's reasons are made when it is looked at."""

    def __init__(self, features: Features, taste: Taste | None, parts: Parts) -> None:
        self.features = features
        self._taste = taste
        self._parts = parts
        self.hidden = frozenset(parts.muted)
        self.scores = self._totals()

    def __len__(self) -> int:
        return len(self.features.papers)

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
        if parts.liked[at]:
            found.append(self._judged(ReasonKind.LIKED, float(parts.liked[at]), at))
        if parts.disliked[at]:
            found.append(self._judged(ReasonKind.DISLIKED, float(parts.disliked[at]), at))
        if parts.at_home[at]:
            category = next(name for name in self.features.papers[at].categories if name in parts.categories)
            found.append(Reason(ReasonKind.CATEGORY, category, float(parts.at_home[at])))
        if parts.heat[at]:
            paper_id = self.features.ids[at]
            found.append(Reason(ReasonKind.HEAT, "", float(parts.heat[at]), parts.upvotes[paper_id]))
        found += [Reason(ReasonKind.MUTED, label, MUTED_SHARE) for label in parts.muted.get(at, ())]
        return tuple(sorted(_joined(found), key=lambda reason: (-reason.share, reason.kind, reason.label)))

    def _judged(self, kind: ReasonKind, share: float, at: int) -> Reason:
        """A reason that names the most similar judged paper and counts the similar ones; where none is similar, it
        names nothing and counts 0: single words alone made the difference."""
        if self._taste is None:
            return Reason(kind, "", share)
        judged = self._taste.liked if kind is ReasonKind.LIKED else self._taste.disliked
        if not judged.papers:
            return Reason(kind, "", share)
        mine = Likeness(self.features.likeness.words[[at]], self.features.likeness.topics[[at]])
        near = alike(mine, judged.likeness, self._taste.topic_share)[0]
        count = int((near >= SIMILAR).sum())
        return Reason(kind, judged.papers[int(near.argmax())].title if count else "", share, count)

    def _totals(self) -> Shares:
        parts = self._parts
        totals: Shares = parts.stated.sum(axis=1) + parts.liked + parts.disliked + parts.heat + parts.at_home
        for at, names in parts.followed.items():
            totals[at] += sum(name.share for name in names)
        for at, labels in parts.muted.items():
            totals[at] += MUTED_SHARE * len(labels)
        return totals


def _joined(reasons: Sequence[Reason]) -> list[Reason]:
    """Reasons of the same kind and label made one (somebody may write the same interest twice)."""
    found: dict[tuple[ReasonKind, str], Reason] = {}
    for reason in reasons:
        known = found.get((reason.kind, reason.label))
        share = reason.share + (known.share if known else 0.0)
        count = max(reason.count, known.count if known else 0)
        found[reason.kind, reason.label] = Reason(reason.kind, reason.label, share, count)
    return [reason for reason in found.values() if reason.share]
