"""Names: a followed author or institution is found however either side writes it, and nobody else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rank.people import same_person, same_place


@pytest.mark.parametrize(
    ("wanted", "author"),
    [
        ("Yann LeCun", "Yann LeCun"),
        ("yann lecun", "Yann LeCun"),
        ("LeCun, Yann", "Yann LeCun"),
        ("LeCun Yann", "Yann LeCun"),
        ("Y. LeCun", "Yann LeCun"),
        ("Yann LeCun", "Y. LeCun"),
        ("LeCun", "Yann LeCun"),
        ("Bernhard Schölkopf", "Bernhard Scholkopf"),
        ("Bernhard Schoelkopf", "Bernhard Schölkopf"),
        ("Kaiming He", "Kai-Ming He"),
        ("He Kaiming", "Kaiming He"),
        ("K. He", "Kaiming He"),
        ("Christopher D. Manning", "Christopher Manning"),
        ("Christopher Manning", "Christopher D. Manning"),
        ("Łukasz Kaiser", "Lukasz Kaiser"),
        ("Laurens van der Maaten", "Laurens Maaten"),
        ("O'Neil, Cathy", "Cathy O’Neil"),
    ],
)
def test_one_person_under_many_spellings(wanted: str, author: str) -> None:
    """Accents, case, order, initials, middle names and hyphens do not hide an author."""
    assert same_person(wanted, author)


@pytest.mark.parametrize(
    ("wanted", "author"),
    [
        ("Yann LeCun", "Yann Dauphin"),
        ("Yann LeCun", "Marc LeCun"),
        ("Y. LeCun", "Marc LeCun"),
        ("Kaiming He", "Kai Wang"),
        ("Li", "Wei Zhang"),
        ("Yann", "Yann LeCun"),
        ("Christopher D. Manning", "Christopher B. Manning"),
        ("", "Yann LeCun"),
        ("...", "Yann LeCun"),
        ("Yann LeCun", ""),
    ],
)
def test_other_people_stay_other_people(wanted: str, author: str) -> None:
    """A shared given name, another initial or nothing at all is no match."""
    assert not same_person(wanted, author)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("Tsinghua University", "Tsinghua University, Beijing"),
        ("清华", "Institute for AI, Tsinghua University"),
        ("MIT", "Massachusetts Institute of Technology"),
        ("Massachusetts Institute of Technology", "MIT CSAIL"),
        ("google", "Google DeepMind"),
        ("DeepMind", "Google DeepMind"),
        ("ETH Zurich", "ETH Zürich"),
        ("阿里", "Qwen Team, Alibaba Group"),
        ("the University of Tokyo", "University of Tokyo"),
    ],
)
def test_one_place_under_many_names(wanted: str, place: str) -> None:
    """Abbreviations, Chinese names and parts of a place find it."""
    assert same_place(wanted, place)


@pytest.mark.parametrize(
    ("wanted", "place"),
    [("MIT", "Summit University"), ("Washington University", "University of Washington"), ("", "MIT"), ("MIT", "")],
)
def test_other_places_stay_other_places(wanted: str, place: str) -> None:
    """Letters inside a word and words in another order are no match."""
    assert not same_place(wanted, place)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_names_can_be_compared(wanted: str, name: str) -> None:
    """Nothing that people write as a name breaks the comparison; a name with letters is its own."""
    assert same_person(wanted, name) in (True, False)
    assert same_place(wanted, name) in (True, False)


@given(st.from_regex(r"[A-Z][a-z]{1,8} [A-Z][a-z]{1,8}", fullmatch=True))
def test_everybody_is_themselves(name: str) -> None:
    """A name always names its bearer, with the family name first too."""
    given_name, family = name.split()
    assert same_person(name, name)
    assert same_person(f"{family}, {given_name}", name)
