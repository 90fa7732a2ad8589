"""A row's reasons, sorted for the sentence that tells them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import NamedTuple

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

ByKind = Mapping[str, Sequence[Reason]]

_NOTHING: dict[str, Sequence[Reason]] = dict.fromkeys(ReasonKind, ())


class Explained(NamedTuple):
    """A row with its reasons worth telling by kind, as `by_kind` sorts them; `teaches` is whether it stands in its table
    to teach us something."""

    row: Row
    by: ByKind
    teaches: bool


@dataclass(frozen=True, slots=True)
class Causes:
    """Why a table holds what it holds: each of its rows with its reasons, and over all of them the interests and follows
    that they matched most often, and whether earlier verdicts or heat brought any of them up."""

    rows: tuple[Explained, ...]
    interests: tuple[str, ...]
    follows: tuple[str, ...]
    liked: bool
    heat: bool


def explained(row: Row) -> Explained:
    """The row with its reasons."""
    return Explained(row, by_kind(row.reasons), teaches(row.reasons))


def causes(rows: Iterable[Row]) -> Causes:
    """What brought these rows up, one by one and over all of them."""
    each = tuple(map(explained, rows))
    return Causes(
        rows=each,
        interests=_most(each, ReasonKind.INTEREST),
        follows=_most(each, ReasonKind.AUTHOR, ReasonKind.INSTITUTION),
        liked=any(one.by[ReasonKind.LIKED] for one in each),
        heat=any(one.by[ReasonKind.HEAT] for one in each),
    )


def by_kind(reasons: Iterable[Reason]) -> ByKind:
    """The reasons worth telling by kind: of those that brought the paper up the strongest kinds, and what spoke against
    it; within a kind the strongest first, each label once."""
    found: dict[str, dict[str, Reason]] = {}
    for reason in sorted(reasons, key=_weight, reverse=True):
        if (reason.share < 0) is (reason.kind in AGAINST):
            found.setdefault(reason.kind, {}).setdefault(reason.label, reason)
    if len(found) > MOST_KINDS:
        weights = {kind: sum(map(_weight, same.values())) for kind, same in found.items() if kind not in AGAINST}
        for weak in sorted(weights, key=weights.__getitem__, reverse=True)[MOST_KINDS:]:
            del found[weak]
    told = _NOTHING.copy()
    for kind, same in found.items():
        told[kind] = _worth_telling(*same.values())
    return told


def _weight(reason: Reason) -> float:
    return abs(reason.share)


def _worth_telling(strongest: Reason, *others: Reason) -> Sequence[Reason]:
    """The strongest few of one kind, the strongest first; what weighs little beside it would only be a distraction."""
    if not others:
        return (strongest,)
    least = LEAST_SHARE * _weight(strongest)
    return [strongest, *(reason for reason in others[: MOST_LABELS - 1] if _weight(reason) >= least)]


@dataclass(frozen=True, slots=True)
class Clause:
    """One part of the sentence that says why a row is in its table: `labels` are what it names, `count` the number that
    it tells; for an interest 0 where the paper is only close to it in topic."""

    kind: ReasonKind
    labels: tuple[str, ...] = ()
    count: int = 0


def clauses(by: ByKind, heat: bool) -> list[Clause]:
    """What the sentence about a row with these reasons says, in its order; `heat` is whether it tells how many upvotes the
    paper has.

    Where they stand beside the sentence it tells them only if nothing else speaks for the paper, and adds the category
    then, lest a row says one number twice and no more.
    """
    said: list[Clause] = []

    def say(kind: ReasonKind, about: Iterable[Reason] = (), count: int = 0) -> None:
        said.append(Clause(kind, tuple([reason.label for reason in about]), count))

    if interests := by[ReasonKind.INTEREST]:
        named = [reason for reason in interests if reason.count]
        say(ReasonKind.INTEREST, named or interests, int(bool(named)))
    for kind in (ReasonKind.AUTHOR, ReasonKind.INSTITUTION):
        if follows := by[kind]:
            say(kind, follows)
    if liked := count_of(by[ReasonKind.LIKED]):
        say(ReasonKind.LIKED, count=liked)
    elif learned := by[ReasonKind.WORD]:
        say(ReasonKind.WORD, learned)
    if (judged := by[ReasonKind.MODEL]) and judged[0].label:
        say(ReasonKind.MODEL, judged[:1])
    heat = heat or not said
    if heat and (seen := by[ReasonKind.HEAT]):
        say(ReasonKind.HEAT, count=count_of(seen))
    if len(said) < (2 if heat else 1) and (categories := by[ReasonKind.CATEGORY]):
        say(ReasonKind.CATEGORY, categories)
    if disliked := count_of(by[ReasonKind.DISLIKED]):
        say(ReasonKind.DISLIKED, count=disliked)
    return said


def teaches(reasons: Iterable[Reason]) -> bool:
    """Whether a paper stands in a table to teach us something."""
    return ReasonKind.EXPLORATION in [reason.kind for reason in reasons]


def count_of(reasons: Sequence[Reason]) -> int:
    """The number behind reasons of one kind: papers liked, upvotes; 0 where there are none."""
    return max([reason.count for reason in reasons]) if reasons else 0


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


def _most(rows: Iterable[Explained], *kinds: ReasonKind) -> tuple[str, ...]:
    """The labels of these kinds that most rows have."""
    labels = [reason.label for kind in kinds for one in rows for reason in one.by[kind]]
    return tuple(label for label, _ in Counter(labels).most_common(MOST_LABELS) if label) if labels else ()
