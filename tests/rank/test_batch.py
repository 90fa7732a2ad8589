"""Many chats scored at once: every chat gets the scores it would get alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import (
    Correction,
    Follow,
    FollowKind,
    Heat,
    JudgedPaper,
    Mute,
    MuteKind,
    Profile,
    ReasonKind,
    ScoredPaper,
    ShownPaper,
    VerdictKind,
)
from bot.rank import nearness
from bot.rank.batch import Ask, Batch
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.select import select
from bot.rank.taste import learn
from bot.rank.vectors import Vectors
from tests.rank.test_promises import ABOUT, BACKGROUND, DAY, FEATURES, NOW, PAST

HEAT = {paper.id: Heat(paper.id, "hf", NOW, upvotes) for paper, upvotes in ((DAY[0], 120), (DAY[4], 3))}
PLACES = {DAY[2].id: ("ETH Zürich", "MIT"), DAY[3].id: ("MIT",)}

READ = tuple(replace(paper, abstract=f"{paper.abstract} Revised.") for paper in PAST[40:55])
"""Papers that are none of the past ones."""

profiles = st.builds(
    Profile,
    interests=st.sampled_from(
        (
            "",
            "GRPO, world models",
            "no surveys",
            "mostly 强化学习; robot manipulation: 3, no bandits",
            "derivations, zzqx",
        )
    ),
    categories=st.sampled_from(((), ("cs.LG",), ("cs.LG", "cs.AI"))),
    follows=st.sampled_from(
        ((), (Follow(FollowKind.AUTHOR, DAY[1].authors[0]), Follow(FollowKind.INSTITUTION, "MIT")))
    ),
    mutes=st.sampled_from(((), (Mute(MuteKind.WORD, "survey"), Mute(MuteKind.AUTHOR, DAY[3].authors[0])))),
    widened=st.sampled_from(((), ("regret bounds",))),
    judged=st.lists(
        st.builds(
            JudgedPaper,
            paper=st.sampled_from((*PAST[:15], *READ[:10])),
            reader_id=st.integers(1, 3),
            kind=st.sampled_from(VerdictKind),
            at=st.integers(0, 200).map(lambda days: NOW - timedelta(days=days)),
        ),
        max_size=8,
    ).map(tuple),
    left=st.lists(
        st.builds(
            ShownPaper,
            paper=st.sampled_from((*PAST[10:30], *READ[5:])),
            at=st.integers(0, 30).map(lambda days: NOW - timedelta(days=days)),
            unfolded=st.booleans(),
        ),
        max_size=5,
    ).map(tuple),
    corrections=st.sampled_from(
        (
            (),
            (Correction(ReasonKind.HEAT, "", "", NOW), Correction(ReasonKind.INTEREST, "GRPO", "", NOW)),
            (Correction(ReasonKind.CATEGORY, "cs.LG", "", NOW), Correction(ReasonKind.WORD, "world", "", NOW)),
            (
                Correction(ReasonKind.LIKED, PAST[0].id, "", NOW),
                Correction(ReasonKind.DISLIKED, PAST[1].id, "", NOW, 2),
            ),
        )
    ),
)


def held_against_one_by_one(features: Features, some: list[Profile]) -> None:
    """Fail where a chat's scores, reasons or table depend on being ranked with others, the first time or the second."""
    alone = [score(features, profile, HEAT, PLACES, NOW) for profile in some]
    batch = Batch(features)
    for keeps in (False, True):
        asks = [Ask(one, learn(features.background, one, NOW) if keeps else None) for one in some]
        for mine, other in zip(batch.rank(asks, HEAT, PLACES, NOW), alone, strict=True):
            assert np.allclose(mine.scores, other.scores, atol=1e-4)
            assert mine.hidden == other.hidden
            everything = list(mine)
            assert np.allclose([one.score for one in everything], mine.scores, atol=1e-9)
            for one, two in zip(everything, other, strict=True):
                assert causes(one) == pytest.approx(causes(two), abs=1e-4)
            # Equal but for rounding, two papers may change places: then they have about the same score.
            tables = [
                select(ranking, 6, seen={DAY[5].id}, explore=True, among=range(len(DAY) - 1))
                for ranking in (mine, other)
            ]
            assert [one.score for one in tables[0]] == pytest.approx([one.score for one in tables[1]], abs=1e-3)


def causes(scored: ScoredPaper) -> dict[tuple[str, str, str, int], float]:
    """The reasons that say anything, with their shares."""
    return {
        (one.kind.value, one.label, one.key, one.count): one.share for one in scored.reasons if abs(one.share) > 1e-3
    }


@settings(max_examples=40)
@given(st.lists(profiles, min_size=1, max_size=6))
def test_together_as_alone(some: list[Profile]) -> None:
    """Whatever chats are scored together, each gets its own scores."""
    held_against_one_by_one(FEATURES, some)


@settings(max_examples=10)
@given(st.lists(profiles, min_size=2, max_size=4))
def test_together_as_alone_on_very_many_papers(some: list[Profile]) -> None:
    """The same where too many papers are new for every pair to be kept, as after days without the bot."""
    with patch.object(nearness, "MOST_PAIRED", 0):
        held_against_one_by_one(FEATURES, some)


@settings(max_examples=5)
@given(st.lists(profiles, min_size=2, max_size=4))
def test_together_as_alone_with_vectors(some: list[Profile]) -> None:
    """The same with an embedding model's vectors."""
    rng = np.random.default_rng(5)
    vectors = Vectors()
    for paper in (*PAST, *DAY[:-1]):
        vectors.papers[paper.id, paper.version] = rng.standard_normal(8).astype(np.float32)
    vectors.texts["GRPO"] = rng.standard_normal(8).astype(np.float32)
    held_against_one_by_one(Features.of(DAY, Background.of(PAST, vectors)), some)


def test_more_chats_than_fit_in_one_product() -> None:
    """A hundred and fifty chats with tastes of their own get the same scores as one by one."""
    some = [
        Profile(
            interests=list(ABOUT.values())[n % 8][0],
            categories=("cs.LG",),
            judged=(
                JudgedPaper(PAST[n % 90], 1, VerdictKind.LIKE, NOW),
                JudgedPaper(PAST[7], 1, VerdictKind.DISLIKE, NOW),
            ),
        )
        for n in range(150)
    ]
    held_against_one_by_one(FEATURES, some)


def test_nothing_to_score() -> None:
    """No chats are no rankings, and no papers empty ones."""
    assert Batch(FEATURES).rank([], HEAT, {}, NOW) == []
    judged = (JudgedPaper(PAST[0], 1, VerdictKind.LIKE, NOW), JudgedPaper(PAST[1], 1, VerdictKind.DISLIKE, NOW))
    asks = [Ask(Profile()), Ask(Profile(interests="GRPO", judged=judged))]
    for ranking in Batch(Features.of((), BACKGROUND)).rank(asks, HEAT, {}, NOW):
        assert select(ranking, 5, seen=frozenset(), explore=True) == []


def test_a_taste_of_another_background_is_refused() -> None:
    """A taste that was learned against other past papers is an error, as where one chat is scored."""
    profile = Profile(judged=(JudgedPaper(PAST[0], 1, VerdictKind.LIKE, NOW),))
    taste = learn(Background.of(PAST[:50]), profile, NOW)
    assert taste is not None
    with pytest.raises(ValueError, match="another background"):
        Batch(FEATURES).rank([Ask(replace(profile), taste)], {}, {}, NOW)
