"""Languages: told from the commonest words, in plain text as in any other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pull.languages import language_of

ENGLISH = (
    "It is shown that the error of a model is bounded by the size of the data, and that this is tight for two of them."
)
FRENCH = (
    "Il est clair que la taille des erreurs est une fonction des donnees, et que les bornes sont dans le cas des deux."
)
COMMON = st.sampled_from([*ENGLISH.split(), *FRENCH.split(), "und", "der", "que", "2", "x_1"])


@pytest.mark.parametrize(("text", "language"), [(ENGLISH * 2, "en"), (FRENCH * 2, "fr"), (ENGLISH[:30], ""), ("", "")])
def test_common_words_tell(text: str, language: str) -> None:
    """A paragraph is enough, a few words are not."""
    assert language_of(text) == language


@given(st.lists(COMMON, max_size=80))
def test_plain_texts_are_told_as_others(words: list[str]) -> None:
    """A dash that is no plain character makes no difference, though plain text is taken apart in a way of its own."""
    assert language_of(" ".join(words)) == language_of(" \u2014 ".join(words))
