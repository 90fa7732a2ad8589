"""Readers with a cause: somebody who dislikes one kind of what they like, somebody who changes, somebody who passes by."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.model import JudgedPaper, Paper, Profile, ReasonKind, ShownPaper, VerdictKind
from bot.rank import glossary
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.select import select
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
FIELDS = ("vla", "rag", "code", "speech", "3d-vision", "graphs", "privacy", "quantum", "climate", "recsys")
FLAVOURS = (
    "a survey reviews the literature and open problems",
    "we prove a theorem with a tight bound and a lemma",
    "a benchmark dataset with leaderboard annotations",
    "an open source system runs on cheap hardware",
)
COMMON = [
    "we",
    "show",
    "that",
    "the",
    "model",
    "improves",
    "over",
    "strong",
    "baselines",
    "on",
    "several",
    "tasks",
    "and",
    "settings",
]


def invented(field: str, flavour: int, n: int) -> Paper:
    """A paper of a field and a flavour, in that field's terms."""
    rng = random.Random(f"{field} {flavour} {n}")
    terms = [term.english[0].removeprefix("=") for term in glossary.topics() if term.direction == field]
    words = [rng.choice(terms) for _ in range(9)] + rng.choices(COMMON, k=25)
    rng.shuffle(words)
    return builders.paper(
        n, title=f"{rng.choice(terms)} and {rng.choice(terms)}", abstract=f"{' '.join(words)}. {FLAVOURS[flavour]}."
    )


PAST = [invented(FIELDS[n % 10], n // 10 % 4, n) for n in range(1, 601)]
BACKGROUND = Background.of(PAST)
DAY = [invented(FIELDS[n % 10], n // 10 % 4, 5000 + n) for n in range(120)]
FEATURES = Features.of(DAY, BACKGROUND)


def said(kind: VerdictKind, field: str, flavour: int, count: int, days: float, first: int = 900) -> list[JudgedPaper]:
    """So many verdicts on papers of a field and a flavour."""
    return [
        JudgedPaper(invented(field, flavour, first + n), 1, kind, NOW - timedelta(days=days + n / 10))
        for n in range(count)
    ]


def gain(profile: Profile, wanted: list[bool]) -> float:
    """nDCG@10 of the day for somebody who wants these papers."""
    order = np.argsort(-score(FEATURES, profile, {}, {}, NOW).scores, kind="stable")
    discounts = 1 / np.log2(np.arange(2, 12))
    hits = np.array(wanted, dtype=float)[order][:10]
    return float((hits * discounts).sum() / discounts[: min(10, sum(wanted))].sum())


def of(field: str, *flavours: int) -> list[bool]:
    """Which papers of the day are of this field and one of these flavours."""
    return [FIELDS[n % 10] == field and n // 10 % 4 in flavours for n in range(120)]


def test_dislikes_with_a_cause_help() -> None:
    """Somebody likes a field but none of its surveys: with the dislikes the surveys go down and the table gets better."""
    likes = [one for flavour in (1, 2, 3) for one in said(VerdictKind.LIKE, "rag", flavour, 3, 2.0, 900 + 20 * flavour)]
    dislikes = said(VerdictKind.DISLIKE, "rag", 0, 6, 2.0)
    wanted = of("rag", 1, 2, 3)
    without = gain(Profile(judged=tuple(likes)), wanted)
    with_them = gain(Profile(judged=(*likes, *dislikes)), wanted)
    assert with_them > without + 0.02
    surveys = [at for at, is_one in enumerate(of("rag", 0)) if is_one]
    before = score(FEATURES, Profile(judged=tuple(likes)), {}, {}, NOW).scores[surveys]
    after = score(FEATURES, Profile(judged=(*likes, *dislikes)), {}, {}, NOW).scores[surveys]
    assert (after < before).all()


def test_a_dislike_of_something_far_off_says_little() -> None:
    """A dislike near what is liked draws a border; one of a strange field leaves the order of the liked field alone."""
    likes = said(VerdictKind.LIKE, "rag", 1, 5, 2.0)
    far = said(VerdictKind.DISLIKE, "quantum", 0, 5, 2.0)
    wanted = of("rag", 0, 1, 2, 3)
    assert gain(Profile(judged=(*likes, *far)), wanted) > gain(Profile(judged=tuple(likes)), wanted) - 0.03


def test_a_taste_that_turns_is_followed() -> None:
    """Sixty days of one field, then ten likes of another: ten days later the new one leads and the old is not forgotten."""
    old = said(VerdictKind.LIKE, "privacy", 1, 25, 70.0)
    new = said(VerdictKind.LIKE, "speech", 1, 10, 1.0)
    profile = Profile(judged=(*new, *old))
    scores = score(FEATURES, profile, {}, {}, NOW).scores
    mean = {field: float(np.mean(scores[of(field, 0, 1, 2, 3)])) for field in FIELDS}
    assert max(mean, key=lambda field: mean[field]) == "speech"
    assert sorted(mean, key=lambda field: -mean[field])[1] == "privacy"


def test_what_is_left_alone_again_and_again_goes_down() -> None:
    """Papers shown and passed over count a little against their like, a card that was read about nothing, a verdict more
    than both."""
    likes = said(VerdictKind.LIKE, "rag", 1, 4, 3.0)
    passed = [invented("graphs", n % 4, 950 + n) for n in range(12)]

    def level(*, left: int = 0, unfolded: bool = False, disliked: int = 0) -> float:
        shown = tuple(ShownPaper(one, NOW - timedelta(days=1), unfolded) for one in passed[:left])
        judged = tuple(JudgedPaper(one, 1, VerdictKind.DISLIKE, NOW) for one in passed[:disliked])
        profile = Profile(judged=(*likes, *judged), left=shown)
        return float(np.mean(score(FEATURES, profile, {}, {}, NOW).scores[of("graphs", 0, 1, 2, 3)]))

    nothing = level()
    assert level(left=12) < nothing
    assert abs(level(left=12, unfolded=True) - nothing) < 0.4 * (nothing - level(left=12))
    assert level(disliked=12) < level(left=12)
    assert level(left=12) < level(left=2) < nothing
    only = Profile(left=(ShownPaper(passed[0], NOW),))
    assert score(FEATURES, only, {}, {}, NOW).scores.tolist() == score(FEATURES, Profile(), {}, {}, NOW).scores.tolist()


def test_the_last_row_of_a_table_teaches() -> None:
    """With a slot to explore, the last row is a plausible paper that is unlike all that was judged or chosen, and says
    so; its shares still add up. Short tables and readers of whom nothing is known get none."""
    profile = Profile(
        interests="graph neural networks, retrieval-augmented generation",
        judged=tuple(said(VerdictKind.LIKE, "rag", 1, 4, 2.0)),
    )
    ranking = score(FEATURES, profile, {}, {}, NOW)
    plain = select(ranking, 5, seen=frozenset())
    rows = select(ranking, 5, seen=frozenset(), explore=True)
    assert [row.paper.id for row in rows[:4]] == [row.paper.id for row in plain[:4]]
    kinds = [[reason.kind for reason in row.reasons] for row in rows]
    assert [ReasonKind.EXPLORATION in found for found in kinds] == [False] * 4 + [True]
    assert abs(sum(reason.share for reason in rows[4].reasons) - rows[4].score) < 1e-9
    assert rows[4].score > 0
    assert len({row.paper.id for row in rows}) == 5
    for short in (
        select(ranking, 3, seen=frozenset(), explore=True),
        select(ranking, 0, seen=frozenset(), explore=True),
    ):
        assert all(reason.kind is not ReasonKind.EXPLORATION for row in short for reason in row.reasons)
    unknown = select(score(FEATURES, Profile(), {}, {}, NOW), 5, seen=frozenset(), explore=True)
    assert all(reason.kind is not ReasonKind.EXPLORATION for row in unknown for reason in row.reasons)
