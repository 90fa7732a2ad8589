"""Units: what a paper is compared by, counted quickly and as one would count it by hand."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model import Paper
from bot.rank import glossary, units, words
from bot.rank.columns import Columns, DayColumns, Vocabulary
from bot.rank.features import counted
from bot.rank.units import TITLE_COUNTS, compared_by, key_of, kinds_of, tells, units_of
from bot.rank.words import tokens, written_in
from tests.support import builders

WORDS = (
    "reward",
    "models",
    "the",
    "of",
    "a",
    "survey",
    "RLHF",
    "don't",
    "naïve",
    "x_y",
    "k-NN",
    "2024",
    "Large",
    "language",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=40)
PAPERS = st.builds(
    lambda title, abstract, categories: builders.paper(1, title=title, abstract=abstract, categories=tuple(categories)),
    TEXTS,
    TEXTS,
    st.lists(st.sampled_from(("cs.LG", "cs.CL", "hep-lat")), max_size=2, unique=True),
)


def by_hand(paper: Paper) -> Counter[str]:
    """The units of a paper by name, with how often each counts."""
    found: Counter[str] = Counter()
    texts = list(tokens(paper.title)), list(tokens(paper.abstract))
    for text, times in zip(texts, (TITLE_COUNTS, 1), strict=True):
        for token in text:
            found[token.stem] += times * tells(token)
        for left, right in pairwise(text):
            found[f"{left.stem} {right.stem}"] += times * (tells(left) and tells(right))
        for topic in glossary.topics_in(text):
            found[f"={topic.term.name}"] += times
    for kind, times in glossary.kinds_in(*texts).items():
        found[kind.name] += times
    found.update(f"@{category}" for category in paper.categories)
    return +found


@given(PAPERS)
def test_every_unit_is_counted(paper: Paper) -> None:
    """Words, neighbours, topics, kinds and categories, those of the title twice."""
    found, wanted = units_of(paper), by_hand(paper)
    assert Counter(found.keys.tolist()) == {key_of(name): count for name, count in wanted.items()}
    assert found.length == sum(count for name, count in wanted.items() if name[0] not in "=~@" and " " not in name)
    assert found.text.split() == [
        *(token.stem for token in tokens(paper.title)),
        ".",
        *(token.stem for token in tokens(paper.abstract)),
    ]
    assert set(kinds_of(paper)) == {name for name in wanted if name.startswith("~")}


@given(st.lists(PAPERS, max_size=4))
def test_papers_are_compared_by_all_but_topics_and_kinds(papers: list[Paper]) -> None:
    """Read together they have the same units as one by one."""
    keys, owners = compared_by(papers)
    for at, paper in enumerate(papers):
        wanted = {key_of(name): count for name, count in by_hand(paper).items() if name[0] not in "=~"}
        assert Counter(keys[owners == at].tolist()) == wanted


@given(st.lists(PAPERS, max_size=5), st.lists(PAPERS, max_size=3))
def test_columns_are_those_of_the_names(past: list[Paper], day: list[Paper]) -> None:
    """A vocabulary has every unit but neighbours of one paper, in the order of the texts, and can name it; a day's own units
    stand behind it."""
    told = [units_of(paper) for paper in past]
    vocabulary = Vocabulary(told, {name for paper in past for name in paper.categories})
    papers: Counter[str] = Counter(name for paper in past for name in by_hand(paper))
    names = vocabulary.names_at(range(len(vocabulary)))
    assert set(names) == {name for name, times in papers.items() if times > 1 or " " not in name}
    assert vocabulary.frequency.tolist() == [papers[name] for name in names]
    assert vocabulary.named(names).tolist() == list(range(len(names)))
    assert counted(told, vocabulary).toarray().tolist() == [[by_hand(paper)[name] for name in names] for paper in past]
    mine = [units_of(paper) for paper in day]
    columns = DayColumns(vocabulary, mine)
    every = dict.fromkeys(name for paper in day for name in by_hand(paper))
    places = columns.named(list(every))
    assert len(set(places.tolist())) == len(every)
    assert all(0 <= place < len(columns) for place in places.tolist())
    counts = counted(mine, columns).toarray()
    assert counts[:, places].tolist() == [[by_hand(paper)[name] for name in every] for paper in day]
    assert columns.get("nobody says this") is None


def test_columns_of_nothing() -> None:
    """Where there are no units, nothing has a column."""
    none = Columns(np.zeros(0, dtype=np.int64))
    assert "word" not in none
    assert none.named(["word", "=topic"]).tolist() == [-1, -1]


@given(st.lists(st.integers(0, 30), unique=True, max_size=12), st.lists(st.integers(0, 30), max_size=12))
def test_columns_are_told_apart(known: list[int], asked: list[int]) -> None:
    """Also those of units whose keys end alike."""
    keys, wanted = (
        (np.array(some, dtype=np.int64) % 5 << 40) + np.array(some, dtype=np.int64) // 5 * 4 for some in (known, asked)
    )
    assert Columns(keys).places_of(wanted).tolist() == [known.index(one) if one in known else -1 for one in asked]


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_plain_text_is_read_as_any_other(text: str) -> None:
    """The quick way finds the same words."""
    assert written_in(text) == words._TOKEN.findall(words._LATEX.sub(" ", text))


def test_when_too_many_words_are_known_they_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that were dropped say the same again."""
    papers = [builders.paper(n, title=f"Zorb{n} flux{n}", abstract="A reward model of the quark.") for n in range(8)]
    wanted = [units_of(paper).keys.tolist() for paper in papers]
    monkeypatch.setattr(units, "WORDS_KEPT", 20)
    monkeypatch.setattr(units, "_words", units._Words())
    units._units.cache_clear()
    assert [units_of(paper).keys.tolist() for paper in papers] == wanted
    assert len(units._words) <= 20
