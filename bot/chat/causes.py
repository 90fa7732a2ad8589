"""A row's reasons, sorted for the sentence that tells them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from bot.model import Reason, ReasonKind, Row

MOST_KINDS = 3
MOST_LABELS = 3
LEAST_SHARE = 0.25
MOST_TOLD = 14
LEAST_TOLD = 0.005
MOST_CORRIGIBLE = 10
LEAST_CORRIGIBLE = 0.02
NAMELESS = (ReasonKind.HEAT, ReasonKind.MODEL)
AGAINST = (ReasonKind.DISLIKED, ReasonKind.MUTED)

_KINDS = tuple(kind.value for kind in ReasonKind)


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
    by_row = [by_kind(row.reasons) for row in rows]
    return Causes(
        interests=_most(by_row, ReasonKind.INTEREST),
        follows=_most(by_row, ReasonKind.AUTHOR, ReasonKind.INSTITUTION),
        liked=any(one[ReasonKind.LIKED] for one in by_row),
        heat=any(one[ReasonKind.HEAT] for one in by_row),
    )


def by_kind(reasons: Iterable[Reason]) -> dict[str, Sequence[Reason]]:
    """The reasons worth telling by kind: of those that brought the paper up the strongest kinds, and what spoke against
    it; within a kind the strongest first, each label once."""
    found: defaultdict[ReasonKind, dict[str, Reason]] = defaultdict(dict)
    for reason in sorted(reasons, key=lambda reason: -abs(reason.share)):
        if (reason.share < 0) is (reason.kind in AGAINST):
            found[reason.kind].setdefault(reason.label, reason)
    weights = {kind: sum(abs(reason.share) for reason in same.values()) for kind, same in found.items()}
    strongest = sorted((kind for kind in found if kind not in AGAINST), key=lambda kind: -weights[kind])[:MOST_KINDS]
    told = {*strongest, *AGAINST}
    worth: dict[str, Sequence[Reason]] = dict.fromkeys(_KINDS, ())
    worth.update({kind.value: _worth_telling(same.values()) for kind, same in found.items() if kind in told})
    return worth


def _worth_telling(same: Iterable[Reason]) -> list[Reason]:
    """The strongest few of one kind, the strongest first; what weighs little beside it would only be a distraction."""
    ordered = list(same)
    least = LEAST_SHARE * abs(ordered[0].share) if ordered else 0.0
    return [reason for reason in ordered[:MOST_LABELS] if abs(reason.share) >= least]


def labels(reasons: Iterable[Reason]) -> list[str]:
    """What the reasons are about."""
    return [reason.label for reason in reasons]


def in_words(interests: Iterable[Reason]) -> list[Reason]:
    """Of the interests that brought a paper up those that its own words name; the others are close in topic."""
    return [reason for reason in interests if reason.count]


def teaches(reasons: Iterable[Reason]) -> bool:
    """Whether a paper stands in a table to teach us something."""
    return any(reason.kind is ReasonKind.EXPLORATION for reason in reasons)


def count_of(reasons: Iterable[Reason]) -> int:
    """The number behind reasons of one kind: papers liked, upvotes."""
    return max((reason.count for reason in reasons), default=0)


@dataclass(frozen=True, slots=True)
class Told:
    """A reason with its share as it is told; `reason` is None for what is left together."""

    reason: Reason | None
    share: str


def told(reasons: Iterable[Reason]) -> list[Told]:
    """The reasons with their shares in hundredths, the heaviest first, so rounded that they add up to the score as
    `hundredths` tells it; what is too light or too much to name one by one comes last, together."""
    ordered = sorted(reasons, key=lambda reason: (-abs(reason.share), reason.kind, reason.label))
    heavy = [reason for reason in ordered[:MOST_TOLD] if abs(reason.share) >= LEAST_TOLD]
    total = round(100 * sum(reason.share for reason in ordered))
    exact = [100 * reason.share for reason in heavy]
    exact.append(100 * sum(reason.share for reason in ordered[len(heavy) :]))
    whole = [floor(share) for share in exact]
    # What rounding down lost goes to those that lost most.
    for at in sorted(range(len(exact)), key=lambda at: whole[at] - exact[at])[: total - sum(whole)]:
        whole[at] += 1
    lines = [Told(reason, f"{share / 100:+.2f}") for reason, share in zip(heavy, whole, strict=False) if share]
    return [*lines, Told(None, f"{whole[-1] / 100:+.2f}")] if whole[-1] else lines


def hundredths(score: float) -> str:
    """A score as it is told."""
    return f"{round(100 * score) / 100:.2f}"


def corrigible(reasons: Iterable[Reason]) -> list[Reason]:
    """The reasons that somebody may rule out: what brought the paper up by something that can be named, and what it is
    muted by or lost through a judged paper; the heaviest first."""
    named = [
        reason
        for reason in reasons
        if (reason.label or reason.kind in NAMELESS) and abs(reason.share) >= LEAST_CORRIGIBLE
    ]
    return sorted(named, key=lambda reason: (-abs(reason.share), reason.kind, reason.label))[:MOST_CORRIGIBLE]


def _most(by_row: Sequence[Mapping[str, Sequence[Reason]]], *kinds: ReasonKind) -> tuple[str, ...]:
    """The labels of these kinds that most rows have."""
    rows = Counter(label for kind in kinds for one in by_row for label in dict.fromkeys(labels(one[kind])))
    return tuple(label for label, _ in rows.most_common(MOST_LABELS) if label)
