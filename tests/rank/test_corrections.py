"""Corrections: what is ruled out as a reason no longer adds anything, and lowers the paper by what it had added."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Correction, Heat, JudgedPaper, Paper, Profile, Reason, ReasonKind, ScoredPaper, VerdictKind
from bot.rank.features import Background, Features
from bot.rank.learned import words_of, written
from bot.rank.score import score
from bot.rank.taste import learn
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
THEMES = (
    "reward models rank answers of language models by human preference",
    "robot arms grasp objects with tactile fingers and cameras",
    "proteins fold into structures that enzymes recognise",
    "auctions set prices for bidders in online markets",
    "speakers are recognised by their voice and pronunciation",
)


def about(theme: int, n: int) -> Paper:
    """Paper number `n` on a theme; neighbours share some words."""
    text = THEMES[theme].split()
    return builders.paper(
        n, title=f"On {' '.join(text[:3])}", abstract=f"{THEMES[theme]} {text[n % len(text)]} {text[-1 - n % 3]} x{n}y"
    )


BACKGROUND = Background.of([about(n % 5, n) for n in range(1, 301)])
DAY = [about(n % 5, 900 + n) for n in range(10)]
FEATURES = Features.of(DAY, BACKGROUND)
HEAT = {DAY[0].id: Heat(DAY[0].id, "hf", NOW, 40), DAY[1].id: Heat(DAY[1].id, "hf", NOW, 90)}


def judged(theme: int, n: int, kind: VerdictKind = VerdictKind.LIKE, reader: int = 1) -> JudgedPaper:
    """A verdict on a past paper."""
    return JudgedPaper(about(theme, 600 + 10 * theme + n), reader, kind, NOW - timedelta(days=n + 1))


LIKES = tuple(judged(0, n) for n in range(3)) + tuple(judged(2, n, reader=2) for n in range(2))
DISLIKES = tuple(judged(1, n, VerdictKind.DISLIKE) for n in range(2))
PROFILES = {
    "stated": Profile(interests="reward models, robot grasping; no auctions", categories=("cs.LG",)),
    "liked": Profile(categories=("cs.LG",), judged=LIKES),
    "both": Profile(interests="protein folding, reward models", categories=("cs.LG",), judged=(*LIKES, *DISLIKES)),
    "disliked": Profile(interests="robot grasping", categories=("cs.LG",), judged=DISLIKES),
}


def ranked(profile: Profile) -> list[ScoredPaper]:
    """The day's papers for a profile."""
    return list(score(FEATURES, profile, HEAT, {}, NOW))


def without(profile: Profile, reason: Reason, reader_id: int = 0) -> Profile:
    """The profile after somebody said: not because of this."""
    said = Correction(reason.kind, reason.key or reason.label, reason.label, NOW, reader_id)
    return replace(profile, corrections=(*profile.corrections, said))


@pytest.mark.parametrize("name", PROFILES)
def test_every_reason_that_is_ruled_out_lowers_its_paper_by_at_least_its_share(name: str) -> None:
    """Whatever brought a paper up, an interest, a liked paper, a learned word, a category or heat, can be taken away,
    and no other paper loses more than it had from the same cause."""
    profile = PROFILES[name]
    tried = 0
    for at, scored in enumerate(ranked(profile)):
        assert scored.score == pytest.approx(sum(reason.share for reason in scored.reasons))
        for reason in scored.reasons:
            if reason.share <= 0 or not (reason.key or reason.label or reason.kind is ReasonKind.HEAT):
                continue
            after = ranked(without(profile, reason))[at]
            assert after.score <= scored.score - reason.share + 1e-5
            left = [
                one
                for one in after.reasons
                if (one.kind, one.key, one.label) == (reason.kind, reason.key, reason.label)
            ]
            assert left == []
            tried += 1
    assert tried >= 10


def test_a_reader_takes_back_only_an_own_verdict() -> None:
    """Of a paper that two readers liked half its share stays when one of them rules it out for oneself."""
    both = (judged(0, 0, reader=1), judged(0, 0, reader=2))
    profile = Profile(judged=both)
    reason = next(one for one in ranked(profile)[0].reasons if one.kind is ReasonKind.LIKED and one.label)
    half = ranked(without(profile, reason, reader_id=2))[0]
    left = next(one for one in half.reasons if one.kind is ReasonKind.LIKED and one.label)
    assert left.share == pytest.approx(reason.share / 2)
    assert ranked(without(profile, reason, reader_id=3))[0].score == pytest.approx(ranked(profile)[0].score)


def test_a_disliked_paper_that_is_ruled_out_no_longer_takes_anything() -> None:
    """A 👎 can be taken out of the reasons as well: what is like it rises by what it had lost."""
    profile = PROFILES["both"]
    scored = ranked(profile)[1]
    reason = next(one for one in scored.reasons if one.kind is ReasonKind.DISLIKED and one.label)
    assert reason.share < 0
    assert ranked(without(profile, reason))[1].score > scored.score


def test_learned_words_are_told_as_papers_write_them() -> None:
    """Units of comparison are stems; a person reads words."""
    taste = learn(BACKGROUND, Profile(judged=LIKES), NOW)
    assert taste is not None
    words = words_of(taste, 8)
    assert {"reward", "protein"} <= {stem for word in words for stem in word.unit.split()}
    assert all(word.written.islower() and "recogniz" not in word.written for word in words)
    assert [word.weight for word in words] == sorted((word.weight for word in words), reverse=True)
    assert (
        written("reinforc learn", [builders.paper(1, title="Reinforcement Learning for X")]) == "reinforcement learning"
    )
    assert written("@cs.LG", []) == "cs.LG"
    assert written("nowher", []) == "nowher"
