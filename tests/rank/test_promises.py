"""What the ranker promises a reader: an order, honest reasons, and that every word and verdict counts."""

from __future__ import annotations

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
    Reason,
    ReasonKind,
    ScoredPaper,
    VerdictKind,
)
from bot.rank.direction import direction, topic_name
from bot.rank.features import Background, Features
from bot.rank.glossary import directions
from bot.rank.score import score
from bot.rank.select import select
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)

ABOUT = {
    1: ("Group relative policy optimization for mathematical reasoning", "We train with GRPO and verifiable rewards."),
    2: ("World models for robot manipulation", "A world model predicts what a robot arm will feel and see."),
    3: ("Protein folding with diffusion", "We generate protein backbones with a diffusion model."),
    4: ("A survey of graph neural networks", "We survey graph neural networks and their applications."),
    5: ("Speech recognition for dialects", "We fine-tune a speech recognizer on dialects of German."),
    6: ("Tight regret bounds for bandits", "We prove regret bounds for linear bandits."),
    7: ("Quantum error correction with surface codes", "Surface codes correct errors of quantum computers."),
    8: ("Hallucination in large language models", "We measure factuality of language models and hallucination."),
}
DAY = [builders.paper(n, title=title, abstract=abstract) for n, (title, abstract) in ABOUT.items()]
PAST = [
    builders.paper(100 + n, title=title, abstract=f"{abstract} Study {n}.")
    for n, (title, abstract) in enumerate(list(ABOUT.values()) * 12)
]
BACKGROUND = Background.of(PAST)
FEATURES = Features.of(DAY, BACKGROUND)


def ranked(profile: Profile, heat: dict[str, Heat] | None = None, features: Features = FEATURES) -> list[ScoredPaper]:
    """The day's papers for a profile, in the day's order."""
    return list(score(features, profile, heat or {}, {}, NOW))


def best(profile: Profile, heat: dict[str, Heat] | None = None) -> str:
    """The title of the paper at the top."""
    return select(score(FEATURES, profile, heat or {}, {}, NOW), 1, seen=frozenset())[0].paper.title


def judged(n: int, kind: VerdictKind, days: float = 1, reader: int = 1) -> JudgedPaper:
    """A verdict on a past paper about topic `n` of the day."""
    title, abstract = ABOUT[n]
    return JudgedPaper(
        builders.paper(200 + n, title=title, abstract=abstract), reader, kind, NOW - timedelta(days=days)
    )


def of(scored: ScoredPaper, kind: ReasonKind) -> list[Reason]:
    """The reasons of one kind."""
    return [reason for reason in scored.reasons if reason.kind is kind]


@pytest.mark.parametrize(
    ("interests", "topic"),
    [
        ("GRPO", 1),
        ("world models", 2),
        ("protein design", 3),
        ("speech", 5),
        ("bandits", 6),
        ("quantum computing", 7),
        ("LLM factuality", 8),
        ("世界模型", 2),
        ("蛋白质结构", 3),
        ("语音识别", 5),
        ("量子纠错", 7),
        ("大模型幻觉", 8),
        ("我关注图神经网络", 4),
    ],
)
def test_stated_interests_find_their_paper(interests: str, topic: int) -> None:
    """The paper that the interests are about stands first, in English and through the glossary in Chinese."""
    assert best(Profile(interests=interests)) == ABOUT[topic][0]


def test_what_is_not_wanted_goes_down() -> None:
    """A negation lowers a paper below where it stands without."""
    plain = ranked(Profile(interests="graph neural networks"))[3].score
    assert ranked(Profile(interests="graph neural networks; no surveys"))[3].score < plain


def test_terms_of_a_language_model_count_less_than_the_readers_own() -> None:
    """Widened terms find papers that the stated words do not, at less than their weight."""
    stated = ranked(Profile(interests="world models"))[1].score
    assert best(Profile(interests="zzz", widened=("world models",))) == ABOUT[2][0]
    assert ranked(Profile(interests="zzz", widened=("world models",)))[1].score < stated


@pytest.mark.parametrize(
    "profile",
    [
        Profile(),
        Profile(interests="GRPO; 世界模型; no surveys", categories=("cs.LG",)),
        Profile(
            interests="robots",
            categories=("cs.LG", "cs.CL"),
            follows=(Follow(FollowKind.AUTHOR, "Ada Author1"), Follow(FollowKind.INSTITUTION, "ETH Zurich")),
            mutes=(Mute(MuteKind.WORD, "survey"),),
            judged=(judged(1, VerdictKind.LIKE), judged(5, VerdictKind.DISLIKE), judged(2, VerdictKind.SAVE)),
        ),
    ],
)
def test_the_shares_add_up_to_the_score(profile: Profile) -> None:
    """Nothing in a score is unexplained."""
    heat = {paper.id: builders.heat(n, upvotes=7 * n) for n, paper in enumerate(DAY, 1)}
    for scored in ranked(profile, heat):
        assert sum(reason.share for reason in scored.reasons) == pytest.approx(scored.score, abs=1e-9)


def test_an_interest_is_named_only_where_the_paper_names_it() -> None:
    """A reason says in the reader's own words what was matched, and tells naming from nearness."""
    (reason,) = [
        r for r in of(ranked(Profile(interests="GRPO, Quantum error correction"))[0], ReasonKind.INTEREST) if r.count
    ]
    assert reason.label == "GRPO"
    near = of(ranked(Profile(interests="reinforcement learning from human feedback"))[0], ReasonKind.INTEREST)
    assert all(reason.count == 0 for reason in near)


def test_a_like_lifts_what_is_like_it_and_names_the_liked_paper() -> None:
    """After one 👍 the same topic stands first, and the reason says so."""
    assert best(Profile(judged=(judged(6, VerdictKind.LIKE),))) == ABOUT[6][0]
    learned = of(ranked(Profile(judged=(judged(6, VerdictKind.LIKE),)))[5], ReasonKind.LIKED)
    (reason,) = [one for one in learned if one.label]
    assert (reason.label, reason.count) == (ABOUT[6][0], 1)


def test_a_dislike_lowers_what_is_like_it() -> None:
    """A 👎 on one of two liked topics brings it below the other."""
    both = (judged(6, VerdictKind.LIKE), judged(3, VerdictKind.LIKE))
    before = ranked(Profile(judged=both))
    after = ranked(Profile(judged=(*both, judged(5, VerdictKind.DISLIKE))))
    assert after[4].score < before[4].score


def test_a_recent_verdict_outweighs_an_old_one() -> None:
    """Of two likes the later one's topic stands first."""
    old, new = judged(3, VerdictKind.LIKE, days=300), judged(6, VerdictKind.LIKE, days=1)
    assert best(Profile(judged=(new, old))) == ABOUT[6][0]


def test_each_reader_of_a_group_counts_the_same() -> None:
    """Somebody who votes ten times does not outvote somebody who votes once."""
    loud = tuple(judged(3, VerdictKind.LIKE, days=1 + n / 10, reader=1) for n in range(10))
    quiet = judged(6, VerdictKind.LIKE, reader=2)
    scores = ranked(Profile(judged=(quiet, *loud)))
    assert scores[5].score > 0.5 * scores[2].score


def test_following_lifts_and_unfollowing_takes_it_back() -> None:
    """A followed author's paper rises by what the reason says; without the follow it is where it was."""
    follow = Profile(follows=(Follow(FollowKind.AUTHOR, "Lovelace, Ada"),))
    papers = [*DAY, builders.paper(9, title="On engines", authors=("Ada Lovelace",))]
    features = Features.of(papers, BACKGROUND)
    with_it = ranked(follow, features=features)[-1]
    (reason,) = of(with_it, ReasonKind.AUTHOR)
    without = ranked(Profile(), features=features)[-1]
    assert with_it.score - without.score == pytest.approx(reason.share)
    assert reason.share > 0


def test_institutions_are_followed_by_what_is_known_of_a_paper() -> None:
    """A paper whose institution is followed rises."""
    profile = Profile(follows=(Follow(FollowKind.INSTITUTION, "Tsinghua"),))
    scored = list(score(FEATURES, profile, {}, {DAY[4].id: ("Tsinghua University",)}, NOW))
    assert of(scored[4], ReasonKind.INSTITUTION)
    assert (
        select(score(FEATURES, profile, {}, {DAY[4].id: ("Tsinghua University",)}, NOW), 1, seen=frozenset())[0].paper
        == DAY[4]
    )


@pytest.mark.parametrize("word", ["survey", "综述", "graph neural networks", "图神经网络"])
def test_a_muted_word_hides_a_paper(word: str) -> None:
    """Muted papers are never selected, whatever else speaks for them; Chinese words mute English papers."""
    profile = Profile(interests="graph neural networks", mutes=(Mute(MuteKind.WORD, word),))
    assert ranked(profile)[3].hidden
    assert DAY[3] not in [one.paper for one in select(score(FEATURES, profile, {}, {}, NOW), 8, seen=frozenset())]


def test_heat_counts_only_where_the_topic_fits() -> None:
    """A thousand upvotes lift a fitting paper and leave one that does not fit where it is."""
    profile = Profile(interests="GRPO")
    heat = {DAY[0].id: builders.heat(1, upvotes=1000), DAY[6].id: builders.heat(7, upvotes=1000)}
    cold, hot = ranked(profile), ranked(profile, heat)
    assert hot[0].score - cold[0].score > 5 * (hot[6].score - cold[6].score)
    assert of(hot[0], ReasonKind.HEAT)[0].count == 1000
    assert best(Profile(), {DAY[6].id: builders.heat(7, upvotes=50)}) == ABOUT[7][0]


def test_a_selection_repeats_nothing_and_is_the_same_every_time() -> None:
    """What was seen stays away, twins are not shown side by side, and ties are broken the same way."""
    twins = [builders.paper(50 + n, title=ABOUT[1][0], abstract=ABOUT[1][1]) for n in range(3)]
    features = Features.of([*DAY, *twins], BACKGROUND)
    profile = Profile(interests="GRPO, world models")
    first = [one.paper.id for one in select(score(features, profile, {}, {}, NOW), 4, seen={DAY[0].id})]
    again = [one.paper.id for one in select(score(features, profile, {}, {}, NOW), 4, seen={DAY[0].id})]
    assert first == again
    assert DAY[0].id not in first
    assert len(set(first)) == 4
    assert DAY[1].id in first[:2]


@pytest.mark.parametrize(
    "interests",
    ["", "the of and with", "x" * 20_000, "强化学习" * 2000, "GRPO; no GRPO", "Ich mag Quantencomputer", "\x00\u202e"],
)
def test_odd_interests_still_give_an_order(interests: str) -> None:
    """Empty, endless, contradictory, foreign: there is an order, a reason for every row, and no crash."""
    chosen = select(
        score(FEATURES, Profile(interests=interests, categories=("cs.LG",)), {}, {}, NOW), 5, seen=frozenset()
    )
    assert len(chosen) == 5
    assert all(one.reasons for one in chosen)


def test_whoever_dislikes_everything_still_gets_a_table() -> None:
    """Eight 👎 and five hundred verdicts leave an order."""
    all_bad = tuple(judged(n, VerdictKind.DISLIKE) for n in ABOUT)
    assert len(select(score(FEATURES, Profile(judged=all_bad), {}, {}, NOW), 5, seen=frozenset())) == 5
    many = tuple(judged(1 + n % 8, VerdictKind.LIKE if n % 3 else VerdictKind.DISLIKE, days=n / 9) for n in range(500))
    assert len(ranked(Profile(judged=many))) == len(DAY)


def test_one_paper_or_none_or_without_an_abstract() -> None:
    """A category with one paper, a day with none, and a paper of which only the title is known."""
    nothing = Background.of([])
    assert list(score(Features.of([], nothing), Profile(interests="GRPO"), {}, {}, NOW)) == []
    lonely = Features.of([builders.paper(1, abstract="", title="GRPO")], nothing)
    assert len(select(score(lonely, Profile(interests="GRPO"), {}, {}, NOW), 5, seen=frozenset())) == 1


@settings(max_examples=40)
@given(st.text(max_size=120), st.lists(st.tuples(st.text(max_size=60), st.text(max_size=200)), min_size=1, max_size=4))
def test_any_words_give_an_order(interests: str, papers: list[tuple[str, str]]) -> None:
    """Whatever is written by readers or authors, every paper has a finite score that its reasons explain."""
    day = [builders.paper(n, title=title, abstract=abstract) for n, (title, abstract) in enumerate(papers, 1)]
    for scored in score(Features.of(day, BACKGROUND), Profile(interests=interests), {}, {}, NOW):
        assert abs(scored.score) < 1e6
        assert sum(reason.share for reason in scored.reasons) == pytest.approx(scored.score, abs=1e-9)


@pytest.mark.parametrize(
    ("title", "categories", "key"),
    [
        ("Vision-language-action models for bimanual robots", ("cs.RO",), "vla"),
        ("Reducing hallucination in large language models", ("cs.CL",), "llm-factuality"),
        ("Retrieval-augmented generation at scale", ("cs.IR",), "rag"),
        ("Surface codes for quantum error correction", ("quant-ph",), "quantum"),
        ("Next-sequence prediction with fast weights", ("cs.LG",), "cs.LG"),
    ],
)
def test_a_paper_has_a_direction(title: str, categories: tuple[str, ...], key: str) -> None:
    """The title tells the direction; one word from another field does not, and then the category stands."""
    paper = builders.paper(1, title=title, abstract=f"{title}.", categories=categories)
    found = direction(paper)
    assert found == key
    if key in directions():
        assert topic_name(key, "zh") != topic_name(key, "en")


def test_every_direction_is_named_in_both_languages() -> None:
    """No direction is without an English and a Chinese name."""
    for names in directions().values():
        assert names["en"]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in names["zh"])
