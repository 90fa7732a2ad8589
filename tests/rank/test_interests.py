"""Interests: what readers write becomes phrases with weights, each in the reader's own words."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rank.interests import LABEL_LENGTH, MOST_PHRASES, Interest, parse, widened


def said(text: str) -> list[tuple[str, float]]:
    """The labels and weights of what `text` states."""
    return [(interest.label, interest.weight) for interest in parse(text)]


def unit_of(text: str) -> tuple[str, ...]:
    """The units of the only interest in `text`."""
    (interest,) = parse(text)
    return interest.units


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("RLHF, GRPO, mathematical reasoning", ["RLHF", "GRPO", "mathematical reasoning"]),
        ("RLHF；GRPO、数学推理", ["RLHF", "GRPO", "数学推理"]),
        ("search and recommendation", ["search", "recommendation"]),
        ("task and motion planning", ["task and motion planning"]),
        ("A/B testing, audio/speech", ["A/B testing", "audio", "speech"]),
        ("我对强化学习和大模型推理感兴趣", ["强化学习", "大模型推理"]),
        ("具身智能 方向的最新论文", ["具身智能"]),
        ("I am interested in world models and robot manipulation.", ["world models", "robot manipulation"]),
        ("My research interests: LLM agents (tool use)", ["LLM agents", "tool use"]),
        ("- RAG\n- LoRA\n1. MoE", ["RAG", "LoRA", "MoE"]),
        ("papers about quantum error correction", ["quantum error correction"]),
        ("多模态 GRPO", ["多模态 GRPO"]),
    ],
)
def test_phrases_are_parted_and_keep_the_readers_words(text: str, labels: list[str]) -> None:
    """Lists, sentences and mixtures fall into phrases; ways of speaking fall away, terms stay whole."""
    assert [label for label, _ in said(text)] == labels


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mostly RLHF → GRPO, math derivations; no surveys", [2.0, 2.0, 1.0, -1.0]),
        ("主要关注RLHF与GRPO，数学推导；偶尔看看扩散模型；不要综述", [2.0, 2.0, 1.0, 0.5, -1.0]),
        ("RLHF: 2, RAG (0.5), LoRA x3, MoE 80%", [2.0, 0.5, 3.0, 1.6]),
        ("+GRPO, -surveys", [1.5, -1.0]),
        ("Not interested in surveys, benchmarks or datasets. GRPO", [-1.0, -1.0, -1.0, 1.0]),
        ("不要综述、教程，GRPO", [-1.0, 1.0]),
        ("no surveys, GRPO", [-1.0, 1.0]),
        ("a bit of SLAM, fewer benchmarks", [0.5, -0.5]),
        ("except surveys, GRPO papers please", [-1.0, -1.0]),
    ],
)
def test_more_less_and_not(text: str, expected: list[float]) -> None:
    """Weights and negations in words and signs, in both languages; a "not" in words goes on over commas where the
    sentence does."""
    assert [weight for _, weight in said(text)] == pytest.approx(expected)


@pytest.mark.parametrize(
    "text", ["non-convex optimization", "unsupervised learning", "无监督学习", "非凸优化", "no-regret"]
)
def test_a_term_that_begins_like_a_negation_is_none(text: str) -> None:
    """Names may begin with "non" and 无 too."""
    ((label, weight),) = said(text)
    assert (label, weight) == (text, 1.0)


def test_chinese_and_english_mean_the_same() -> None:
    """A Chinese term looks for everything that its English name looks for."""
    assert set(unit_of("reinforcement learning")) <= set(unit_of("强化学习"))
    assert unit_of("GRPO")[0] == unit_of("组相对策略优化")[0]
    assert unit_of("数学推导") == unit_of("math derivations") == ("~derivation",)
    assert unit_of("数据构造") == unit_of("data construction")


def test_a_long_sentence_is_read_for_its_terms() -> None:
    """A sentence without separators gives its terms in full and its other words at half."""
    found = dict(
        said("I work on how transformers learn in-context from few examples when trained with gradient descent")
    )
    assert found["gradient descent"] == found["transformers"] == found["in-context"] == 1.0
    assert found["examples"] == 0.5


@pytest.mark.parametrize("text", ["", "   ", "the of and with", "，。；", "!!!", "🤖🤖"])
def test_nothing_to_look_for(text: str) -> None:
    """Empty texts, stop words and signs state nothing."""
    assert parse(text) == ()


def test_contradictions_stand_side_by_side() -> None:
    """Who wants and does not want the same gets both, which then cancel out."""
    assert said("GRPO; no GRPO") == [("GRPO", 1.0), ("GRPO", -1.0)]


def test_repetitions_count_once() -> None:
    """Writing an interest twice, or in two forms, does not double it."""
    assert len(parse("GRPO, grpo; GRPO")) == 1


def test_terms_of_somebody_else_weigh_less() -> None:
    """Widened terms are phrases of less weight."""
    (interest,) = widened(["policy optimization"])
    assert 0 < interest.weight < 1
    assert interest.label == "policy optimization"


@settings(max_examples=300)
@given(
    st.text(max_size=200)
    | st.lists(
        st.sampled_from(
            ["no ", "不要", "RLHF", "强化学习", "、", ", ", "; ", "和", " and ", "(2)", "mostly ", "the ", "-", "：3"]
        ),
        max_size=30,
    ).map("".join)
)
def test_whatever_is_written_is_read(text: str) -> None:
    """Any text gives at most so many phrases, each with a label, a weight and something to look for."""
    found = parse(text)
    assert len(found) <= MOST_PHRASES
    for interest in found:
        assert isinstance(interest, Interest)
        assert 0 < len(interest.label) <= LABEL_LENGTH
        assert interest.weight != 0
        assert interest.units
        assert -5 <= interest.weight <= 10


@pytest.mark.parametrize(
    "text", ["强化学习，" * 4000, "a" * 20_000, "word " * 5000, "不要" * 9000, "((((" * 5000, "- " * 9000]
)
def test_endless_texts_are_read_in_time(text: str) -> None:
    """Twenty thousand characters of anything are read, none takes for ever."""
    assert len(parse(text)) <= MOST_PHRASES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GRPO!!, RLHF!!! agents", [("GRPO", 2.0), ("RLHF", 3.0), ("agents", 1.0)]),
        ("quantum error correction 3x, 2x GRPO", [("quantum error correction", 3.0), ("GRPO", 2.0)]),
        ("LLM agents (weight 2); theory >> vision", [("LLM agents", 2.0), ("theory", 2.0), ("vision", 1.0)]),
        ("除了综述，强化学习都看", [("综述", -1.0), ("强化学习", 1.0)]),
        ("除了医学以外的大模型", [("医学", -1.0), ("大模型", 1.0)]),
        ("除了强化学习，也关注机器人", [("强化学习", 1.0), ("机器人", 1.0)]),
        ("大模型，但不要多模态", [("大模型", 1.0), ("多模态", -1.0)]),
        ("RL (but not games)", [("RL", 1.0), ("games", -1.0)]),
        ("transformers other than vision", [("transformers", 1.0), ("vision", -1.0)]),
        ("anything except surveys", [("surveys", -1.0)]),
        ("not interested in LLMs, except for reasoning", [("LLMs", -1.0), ("reasoning", 1.0)]),
        ("I love diffusion, hate GANs, !surveys", [("diffusion", 1.0), ("GANs", -1.0), ("surveys", -1.0)]),
        ("more proofs less benchmarks", [("proofs", 2.0), ("benchmarks", -0.5)]),
        (
            "no-regret learning, learning without labels",
            [("no-regret learning", 1.0), ("learning without labels", 1.0)],
        ),
    ],
)
def test_ways_of_speaking_over_several_phrases(text: str, expected: list[tuple[str, float]]) -> None:
    """Weights behind a phrase, exceptions from what is wanted and from what is not, and likings that turn round."""
    assert [(interest.label, interest.weight) for interest in parse(text)] == expected


@pytest.mark.parametrize(
    "text",
    ["除了" * 10_000, "no " * 6000 + "except", "!" * 20_000, "2x " * 6000, "more a " * 3000 + "less b", "不" * 20_000],
)
def test_twenty_thousand_characters_of_nonsense_are_read_in_a_moment(text: str) -> None:
    """No way of speaking makes the reader of interests search for ever: twice the text takes about twice the time."""
    begun = process_time()
    for at in range(3):
        parse(text[:10_000] + str(at))
    half = process_time() - begun
    begun = process_time()
    for at in range(3):
        parse(text[:20_000] + str(at))
    assert process_time() - begun < 8 * half + 1.0
