"""Scores: each named reason is worth what it says, and taking it away lowers the paper."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import (
    Follow,
    FollowKind,
    Heat,
    JudgedPaper,
    Mute,
    MuteKind,
    Profile,
    ReasonKind,
    ScoredPaper,
    VerdictKind,
)
from bot.rank.asked import Asked
from bot.rank.features import Background, Features
from bot.rank.interests import parse
from bot.rank.score import score
from bot.rank.select import select
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
TEXTS = (
    ("GRPO without a critic", "Group relative policy optimization trains reasoning models with verifiable rewards."),
    ("A Survey of RLHF", "We review reinforcement learning from human feedback. This survey covers 200 papers."),
    ("RLHF with fewer labels", "Reinforcement learning from human feedback needs fewer preference labels."),
    ("Sharp bounds for bandits", "We prove a lower bound and derive a closed-form expression; the proof is short."),
    ("Bandits at work", "We deploy contextual bandits for recommendation and measure clicks."),
    ("Gluons", "We simulate the lattice."),
)
DAY = [
    builders.paper(
        n, title=title, abstract=abstract, authors=(f"Ada Number{chr(96 + n)}",), categories=("cs.LG", "cs.AI")
    )
    for n, (title, abstract) in enumerate(TEXTS, 1)
]
BACKGROUND = Background.of(
    builders.paper(100 + n, title=TEXTS[n % 6][0], abstract=f"{TEXTS[n % 6][1]} Note {n % 13}.") for n in range(240)
)
FEATURES = Features.of(DAY, BACKGROUND)


def scored(profile: Profile, heat: dict[str, Heat] | None = None) -> list[ScoredPaper]:
    """The day in its order."""
    return list(score(FEATURES, profile, heat or {}, {DAY[4].id: ("ETH Zürich",)}, NOW))


def share(paper: ScoredPaper, kind: ReasonKind, label: str = "") -> float:
    """What reasons of a kind (and label) add."""
    return sum(r.share for r in paper.reasons if r.kind is kind and label in ("", r.label))


@pytest.mark.parametrize("phrase", ["GRPO", "verifiable rewards", "组相对策略优化"])
def test_removing_an_interest_lowers_what_it_lifted(phrase: str) -> None:
    """The share that a phrase has of a score is lost with the phrase."""
    with_it = scored(Profile(interests=f"{phrase}; bandits"))[0]
    assert share(with_it, ReasonKind.INTEREST, phrase) > 0.1
    assert scored(Profile(interests="bandits"))[0].score < with_it.score


def test_weights_are_felt() -> None:
    """A phrase with "mostly" lifts more than without, one with "a bit of" less."""
    plain, mostly, little = (scored(Profile(interests=f"{how}GRPO"))[0].score for how in ("", "mostly ", "a bit of "))
    assert little < plain < mostly


def test_a_negation_of_two_words_spares_what_is_only_one_of_them() -> None:
    """Who wants no RLHF surveys still gets RLHF papers."""
    plain, without = scored(Profile(interests="RLHF")), scored(Profile(interests="RLHF; no RLHF surveys"))
    assert plain[1].score - without[1].score > 0.2
    assert plain[2].score - without[2].score < 0.4 * (plain[1].score - without[1].score)


@pytest.mark.parametrize(
    ("interests", "first"), [("math derivations", 3), ("数学推导", 3), ("surveys", 1), ("综述", 1)]
)
def test_kinds_of_paper_are_interests_too(interests: str, first: int) -> None:
    """Derivations and surveys are found by their cues, in both languages."""
    ranking = score(FEATURES, Profile(interests=interests), {}, {}, NOW)
    assert select(ranking, 1, seen=frozenset())[0].paper == DAY[first]


def test_verdicts_take_over_from_stated_interests() -> None:
    """With every like the same stated words weigh less."""
    likes = [
        JudgedPaper(builders.paper(300 + n, title=TEXTS[4][0], abstract=TEXTS[4][1]), 1, VerdictKind.LIKE, NOW)
        for n in range(9)
    ]
    shares = [
        share(scored(Profile(interests="GRPO", judged=tuple(likes[:n])))[0], ReasonKind.INTEREST) for n in (0, 1, 4, 9)
    ]
    assert shares == sorted(shares, reverse=True)
    assert shares[-1] < 0.5 * shares[0]


def test_what_an_interest_says_plainly_is_not_forgotten() -> None:
    """However much was liked: several telling words in a row keep more of their share than one of them does alone, at most
    a fifth; and what is not wanted stays unwanted in full."""

    def kept(interests: str) -> float:
        before, after = (
            Asked.of(BACKGROUND, parse(interests)).shares(FEATURES, likes)[0].sum(axis=1)[2] for likes in (0, 400)
        )
        return float(after / before)

    alone, plainly = kept("preference"), kept("preference labels from human feedback")
    assert 0 < alone < plainly <= 0.2
    assert kept("-RLHF") == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("follow", "paper"),
    [(Follow(FollowKind.AUTHOR, "A. Numbere"), 4), (Follow(FollowKind.INSTITUTION, "ETH"), 4)],
)
def test_a_follow_is_worth_exactly_its_share(follow: Follow, paper: int) -> None:
    """Unfollowing takes from the score what the reason said it gave."""
    base = Profile(interests="bandits")
    with_it, without = scored(replace(base, follows=(follow,)))[paper], scored(base)[paper]
    kind = ReasonKind(follow.kind.value)
    assert with_it.score - without.score == pytest.approx(share(with_it, kind, follow.value))
    assert share(with_it, kind) > 0


def test_the_primary_category_counts_a_bit_and_a_cross_list_less() -> None:
    """A paper at home in a chat's category is a little above one that is only listed there."""
    home, crossed, elsewhere = (scored(Profile(categories=(name,)))[0] for name in ("cs.LG", "cs.AI", "hep-lat"))
    assert home.score > crossed.score > elsewhere.score == 0
    assert [r.label for r in home.reasons] == ["cs.LG"]
    assert [r.label for r in crossed.reasons] == ["cs.AI"]


def test_without_anything_known_heat_decides() -> None:
    """No interests, no verdicts: the warmest first, and the reason is its upvotes."""
    heat = {DAY[n].id: builders.heat(n + 1, upvotes=votes) for n, votes in ((2, 40), (5, 90))}
    ranking = score(FEATURES, Profile(categories=("cs.LG",)), heat, {}, NOW)
    chosen = select(ranking, 3, seen=frozenset())
    assert [one.paper for one in chosen[:2]] == [DAY[5], DAY[2]]
    assert [(r.kind, r.count) for r in chosen[0].reasons] == [(ReasonKind.HEAT, 90), (ReasonKind.CATEGORY, 0)]


def test_heat_grows_slowly_and_ends() -> None:
    """The first ten upvotes count more than the next hundred, and a million no more than some hundreds."""
    shares = [
        share(scored(Profile(), {DAY[0].id: builders.heat(1, upvotes=votes)})[0], ReasonKind.HEAT)
        for votes in (0, 10, 110, 400, 1_000_000)
    ]
    assert shares[0] == 0
    assert shares[1] - shares[0] > shares[2] - shares[1] > 0
    assert shares[3] == shares[4]


def test_muting_an_author_hides_and_says_so() -> None:
    """A muted author's papers are hidden, and the reason names the mute."""
    hidden = scored(Profile(interests="GRPO", mutes=(Mute(MuteKind.AUTHOR, "Numbera, Ada"),)))[0]
    assert hidden.hidden
    assert [r.label for r in hidden.reasons if r.kind is ReasonKind.MUTED] == ["Numbera, Ada"]


def test_a_muted_phrase_needs_all_its_words_in_a_row() -> None:
    """Muting "lower bound" hides what has it, not what has a bound."""
    profile = Profile(mutes=(Mute(MuteKind.WORD, "lower bounds"), Mute(MuteKind.WORD, "bandit simulation")))
    assert [paper.hidden for paper in scored(profile)] == [False, False, False, True, False, False]


def test_reasons_come_strongest_first_and_none_is_empty() -> None:
    """Whoever shows the first reasons shows what mattered."""
    profile = Profile(
        interests="GRPO, bandits, RLHF", categories=("cs.LG",), follows=(Follow(FollowKind.AUTHOR, "Numberb"),)
    )
    for paper in scored(profile, {DAY[0].id: builders.heat(1, upvotes=31)}):
        shares = [r.share for r in paper.reasons]
        assert shares == sorted(shares, reverse=True)
        assert 0 not in shares


def test_a_ranking_reads_like_a_list() -> None:
    """Items, slices and negative places agree with going through it, and its scores with its papers'."""
    ranking = score(FEATURES, Profile(interests="GRPO"), {}, {}, NOW)
    assert len(ranking) == 6
    assert ranking[-1] == list(ranking)[5]
    assert ranking[1:3] == list(ranking)[1:3]
    assert [one.score for one in ranking] == pytest.approx(list(ranking.scores))
    with pytest.raises(IndexError):
        ranking[6]


KINDS = st.sampled_from(list(VerdictKind))
PROFILES = st.builds(
    Profile,
    interests=st.sampled_from(["", "GRPO", "强化学习；不要综述", "bandits, -RLHF", "RLHF: 3", "zzz"]),
    widened=st.sampled_from([(), ("policy optimization",)]),
    categories=st.sampled_from([(), ("cs.LG",), ("cs.AI", "hep-lat")]),
    follows=st.lists(
        st.builds(Follow, st.sampled_from(list(FollowKind)), st.sampled_from(["Ada", "Numberc", "ETH", "x"])),
        max_size=3,
    ).map(tuple),
    mutes=st.lists(
        st.builds(Mute, st.sampled_from(list(MuteKind)), st.sampled_from(["survey", "Numberd", "综述", "?"])),
        max_size=2,
    ).map(tuple),
    judged=st.lists(
        st.builds(
            JudgedPaper,
            paper=st.sampled_from([*DAY, *BACKGROUND.papers[:20]]),
            reader_id=st.integers(1, 3),
            kind=KINDS,
            at=st.integers(-5, 900).map(lambda days: NOW - timedelta(days=days)),
        ),
        max_size=12,
    ).map(tuple),
)


@settings(max_examples=60)
@given(PROFILES, st.dictionaries(st.sampled_from(DAY), st.integers(0, 10**6), max_size=4), st.integers(0, 8))
def test_every_profile_gets_explained_scores_and_a_sound_selection(
    profile: Profile, upvotes: dict[object, int], size: int
) -> None:
    """For any profile the shares add up, the same input gives the same output, and a selection holds no hidden, seen
    or repeated paper, best first."""
    heat = {paper.id: Heat(paper.id, "hf", NOW, votes) for paper, votes in upvotes.items()}  # type: ignore[attr-defined] # sampled from papers
    ranking = score(FEATURES, profile, heat, {}, NOW)
    for paper in ranking:
        assert paper.score == pytest.approx(sum(reason.share for reason in paper.reasons), abs=1e-9)
        assert abs(paper.score) < 1000
    chosen = select(ranking, size, seen={DAY[2].id})
    again = select(score(FEATURES, profile, heat, {}, NOW), size, seen={DAY[2].id})
    assert chosen == again
    ids = [one.paper.id for one in chosen]
    assert len(set(ids)) == len(ids) <= size
    assert DAY[2].id not in ids
    assert not any(one.hidden for one in chosen)
    assert len(ids) == min(size, sum(not one.hidden and one.paper.id != DAY[2].id for one in ranking))
    assert [one.score for one in chosen] == sorted((one.score for one in chosen), reverse=True)
