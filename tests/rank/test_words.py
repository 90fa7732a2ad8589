"""Words: the forms of one word meet under one stem, and nothing that people write breaks the reading."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rank.words import fold, stem, tokens


@pytest.mark.parametrize(
    "family",
    [
        "optimize optimizes optimized optimizing optimization optimise optimising optimisation",
        "align aligns aligned aligning alignment",
        "generate generated generating generation generative",
        "hallucinate hallucinated hallucination hallucinations",
        "distill distilled distilling distillation",
        "segment segmented segmenting segmentation",
        "policy policies",
        "analysis analyses analyze analyse analyzing",
        "causal causality causally",
        "sparse sparsity",
        "robust robustness robustly",
        "embed embeds embedding embeddings embedded",
        "model models modeling modelling modelled",
        "bias biases biased",
        "tune tunes tuned tuning",
    ],
)
def test_the_forms_of_a_word_have_one_stem(family: str) -> None:
    """What a reader asks for is found in whatever form an author wrote it."""
    assert len({stem(word) for word in family.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("transform", "transformer"),
        ("universe", "university"),
        ("new", "news"),
        ("speed", "spelling"),
        ("robot", "rob"),
    ],
)
def test_different_words_keep_different_stems(one: str, other: str) -> None:
    """A stem is not cut so short that it means something else."""
    assert stem(one) != stem(other)


def test_accents_ligatures_and_latex_do_not_matter() -> None:
    """Hölder is Holder, ﬁne is fine, and a LaTeX command is no word."""
    assert [token.stem for token in tokens(r"Hölder's \alpha-ﬁne k-NN: \textbf{Łukasz}")] == [
        *("holder", "fin", "k", "nn", "lukasz"),
    ]
    assert fold("Straße, Ångström") == "Strasse, Angstrom"


@given(st.text())
def test_any_text_has_words_with_stems(text: str) -> None:
    """Every word of any text has a stem, and it stands in lower case where it is Latin."""
    for token in tokens(text):
        assert token.stem
        assert not token.stem.isascii() or token.stem == token.stem.lower()


@given(st.text(alphabet=st.characters(max_codepoint=127)) | st.from_regex(r"([A-Za-z0-9_]{1,8}[ '.,;-]{0,2}){0,12}"))
def test_plain_texts_have_the_same_words_as_others(text: str) -> None:
    """Plain text is taken apart in a way of its own; a letter of another script at its end, which is no part of a word in
    it, makes it take the common way."""
    assert [*tokens(text), *tokens("ж")] == list(tokens(f"{text} ж"))
