"""A row's reasons, sorted for the sentence that tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.model import Reason, ReasonKind, Row

MOST_KINDS = 3
MOST_LABELS = 3
LEAST_SHARE = 0.25
AGAINST = (ReasonKind.DISLIKED, ReasonKind.MUTED)


@dataclass(frozen=True, slots=True)
class Causes:
    """Why a table holds what it holds: the interests and follows that its rows matched most often, and whether earlier
    verdicts or heat brought any of them up."""

    interests: tuple[str, ...]
    follows: tuple[str, ...]
    liked: bool
    heat: bool


def causes(rows: Iterable[Row]) -> Causes:
    """What brought these rows up, over all of them."""
    labels: defaultdict[ReasonKind, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for kind, reasons in by_kind(row.reasons).items():
            labels[ReasonKind(kind)].update(dict.fromkeys((reason.label for reason in reasons), 1))
    follows = labels[ReasonKind.AUTHOR] + labels[ReasonKind.INSTITUTION]
    return Causes(
        interests=_most(labels[ReasonKind.INTEREST]),
        follows=_most(follows),
        liked=bool(labels[ReasonKind.LIKED]),
        heat=bool(labels[ReasonKind.HEAT]),
    )


def by_kind(reasons: Iterable[Reason]) -> dict[str, list[Reason]]:
    """The reasons worth telling by kind: of those that brought the paper up the strongest kinds, and what spoke against
    it; within a kind the strongest first, each label once."""
    found: defaultdict[ReasonKind, dict[str, Reason]] = defaultdict(dict)
    for reason in sorted(reasons, key=lambda reason: -abs(reason.share)):
        if (reason.share < 0) is (reason.kind in AGAINST):
            found[reason.kind].setdefault(reason.label, reason)
    weights = {kind: sum(abs(reason.share) for reason in same.values()) for kind, same in found.items()}
    strongest = sorted((kind for kind in found if kind not in AGAINST), key=lambda kind: -weights[kind])[:MOST_KINDS]
    told = {*strongest, *AGAINST}
    return {kind.value: _worth_telling(found[kind].values()) if kind in told else [] for kind in ReasonKind}


def _worth_telling(same: Iterable[Reason]) -> list[Reason]:
    """The strongest few of one kind, the strongest first; what weighs little beside it would only be a distraction."""
    ordered = list(same)
    least = LEAST_SHARE * abs(ordered[0].share) if ordered else 0.0
    return [reason for reason in ordered[:MOST_LABELS] if abs(reason.share) >= least]


def count_of(reasons: Iterable[Reason]) -> int:
    """The number behind reasons of one kind: papers liked, upvotes."""
    return max((reason.count for reason in reasons), default=0)


def _most(labels: Counter[str]) -> tuple[str, ...]:
    return tuple(label for label, _ in labels.most_common(MOST_LABELS) if label)
