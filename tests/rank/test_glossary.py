"""The glossary: enough terms, in both languages, each found by every name it has."""

from __future__ import annotations

import tomllib
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rank import glossary
from bot.rank.interests import parse
from bot.rank.words import tokens

ROOT = Path(__file__).resolve().parents[2]


def found_in(text: str) -> list[str]:
    """The names of the topics that English text mentions."""
    return [found.term.name for found in glossary.topics_in(list(tokens(text)))]


def named_in(text: str) -> list[str]:
    """The names of the terms that Chinese text mentions."""
    return [found.term.name for found in glossary.chinese_in(text)]


def test_there_are_enough_terms_and_each_belongs_somewhere() -> None:
    """More than a thousand topics, each with names in both languages and a direction that exists, or none."""
    topics = glossary.topics()
    assert len(topics) > 1000
    assert all(term.english and term.chinese and all((*term.english, *term.chinese)) for term in topics)
    assert {term.direction for term in topics} - {""} <= set(glossary.directions())
    assert len({term.name for term in topics}) == len(topics)


def test_every_direction_has_terms() -> None:
    """No direction is without a term that leads to it plainly."""
    plain = {term.direction for term in glossary.topics() if term.strength == 1.0}
    assert set(glossary.directions()) - plain == set()


def test_no_name_belongs_to_two_topics() -> None:
    """A name that could mean two things would translate into the wrong one."""
    english = Counter(
        name
        for term in glossary.topics()
        for name in {
            (tuple(token.stem for token in tokens(variant)), variant.startswith("=")) for variant in term.english
        }
    )
    chinese = Counter(variant for term in glossary.topics() for variant in set(term.chinese))
    assert [name for name, times in (*english.items(), *chinese.items()) if times > 1] == []


def test_every_english_name_finds_its_topic() -> None:
    """Each variant, as it is written, is recognised as a mention of its topic."""
    lost = [
        (term.name, variant)
        for term in glossary.topics()
        for variant in term.english
        if found_in(variant.removeprefix("=")) != [term.name]
    ]
    assert lost == []


def test_every_chinese_name_finds_its_term() -> None:
    """Each translation is recognised; where a kind of paper has the same name, the kind wins."""
    kinds = {variant for term in glossary.kinds() for variant in term.chinese}
    lost = [
        (term.name, variant)
        for term in glossary.topics()
        for variant in term.chinese
        if variant not in kinds and named_in(variant) != [term.name]
    ]
    assert lost == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("RLHF and GRPO for VLAs", 3),
        ("a mixture-of-experts (MoE) model with LoRA", 3),
        ("retrieval augmented generation, or RAG", 2),
        ("clip the gradient in a sea of rag rugs", 0),
        ("we train by proximal policy optimisation", 1),
    ],
)
def test_abbreviations_count_in_their_own_case(text: str, names: int) -> None:
    """CLIP is a model, to clip is a verb."""
    assert len(found_in(text)) == names


def test_the_longest_name_counts_alone() -> None:
    """A vision-language-action model is no mention of vision-language models."""
    assert found_in("vision-language-action models") == ["vision-language-action models"]
    assert named_in("我们研究视觉语言动作模型") == ["vision-language-action models"]


def test_chinese_is_found_whatever_its_spaces_and_widths() -> None:
    """Full-width letters, spaces and case make no difference, and the place in the text is told."""
    text = "关于 ＧＰＵ 算子 的论文"
    (found,) = glossary.chinese_in(text)
    assert found.term.name == "GPU kernel"
    assert text[found.start : found.end] == "ＧＰＵ 算子"


@pytest.mark.parametrize(
    ("title", "abstract", "kind"),
    [
        ("A Survey of Graph Learning", "We review recent work.", "~survey"),
        ("On SGD", "We prove a lower bound and derive a closed-form expression. The proof is short.", "~derivation"),
        ("MathBench", "We introduce a benchmark comprising 900 problems and a leaderboard.", "~benchmark"),
        ("Talk", "We collect and release a large-scale dataset with human annotations.", "~data"),
        ("Tool", "Our code is available at https://github.com/x/y.", "~code"),
    ],
)
def test_kinds_of_paper_show_by_their_phrases(title: str, abstract: str, kind: str) -> None:
    """A paper's kind is told by cues in its title and abstract."""
    kinds = glossary.kinds_in(list(tokens(title)), list(tokens(abstract)))
    assert kind in {term.name for term in kinds}


def test_the_data_travel_with_the_package() -> None:
    """The files are read as package data, and the package is told to carry their kind."""
    for name in ("glossary.tsv", "chinese.tsv", "kinds.tsv", "directions.tsv", "institutions.tsv"):
        assert files("bot.rank").joinpath(name).is_file()
    carried = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-data"]["*"]
    assert "*.tsv" in carried


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    """Found terms lie one after the other inside the text."""
    for found, length in ((glossary.chinese_in(text), len(text)), (glossary.asked_in(list(tokens(text))), None)):
        ends = [0, *(place for one in found for place in (one.start, one.end))]
        assert ends == sorted(ends)
        assert length is None or ends[-1] <= length


def test_a_compound_that_is_no_term_is_read_by_its_words() -> None:
    """What the glossary does not know as a whole is found by the words it is made of, terms before plain words."""
    assert glossary.chinese_in("分数阶扩散方程") == []
    assert [found.term.english[0] for found in glossary.chinese_in("分数阶扩散方程", words=True)] == [
        "fractional",
        "diffusion",
        "equation",
    ]
    (compound,) = parse("铁基超导体薄膜")
    assert {"iron", "=superconductivity", "film"} <= set(compound.units)
    (plain,) = parse("多孔介质")
    assert plain.weight == 1.0
    assert "porou media" in plain.units or "porous media" in plain.units
