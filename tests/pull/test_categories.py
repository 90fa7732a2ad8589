"""arXiv's categories by code and by name."""

from __future__ import annotations

import pytest

from bot.errors import UnknownCategory
from bot.pull.categories import check, names


def test_the_taxonomy_is_whole() -> None:
    """All 155 categories that arXiv announces are known, the closed archives are not."""
    assert len(names()) == 155
    assert names()["cs.LG"] == "Machine Learning"
    assert names()["hep-th"] == "High Energy Physics - Theory"
    assert not {"cmp-lg", "test.dis-nn", "bad-arch.bad-cat", "cs", "astro-ph"} & names().keys()


@pytest.mark.parametrize("code", sorted(names()))
def test_every_code_is_its_own_canonical_form(code: str) -> None:
    """A code is accepted in any letter case and with blanks around it."""
    assert check(code) == check(f" {code.lower()}\n") == check(code.upper()) == code


@pytest.mark.parametrize(
    ("name", "code"),
    [("Robotics", "cs.RO"), ("computation and language", "cs.CL"), ("Human-Computer Interaction", "cs.HC")],
)
def test_a_name_that_fits_one_category_is_enough(name: str, code: str) -> None:
    """The full English name stands for the code where only one category has it."""
    assert check(name) == code


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("machine learning", ("cs.LG", "stat.ML")),
        ("cs.LGG", "cs.LG"),
        ("cslg", "cs.LG"),
        ("cs-cl", "cs.CL"),
        ("robotic", "cs.RO"),
        ("vision", "cs.CV"),
        ("reinforcement learning", ()),
        ("cs", "cs.AI"),
        ("astro-ph", "astro-ph.CO"),
        ("quantum physic", "quant-ph"),
        ("", ()),
        ("🙂", ()),
    ],
)
def test_an_unknown_one_names_near_ones(text: str, near: str | tuple[str, ...]) -> None:
    """What is no category, or fits several, is refused with the categories that may be meant."""
    with pytest.raises(UnknownCategory) as caught:
        check(text)
    assert caught.value.text == text
    if isinstance(near, str):
        assert near in caught.value.near
    elif near:
        assert caught.value.near == near
    assert len(caught.value.near) <= 5
