"""Text falls into sentences that stand in it as they are, and only whole ones are quoted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card.citations import without_citations
from bot.card.sentences import quotable, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One is here. Two is there.", ["One is here.", "Two is there."]),
        ("See Fig. 3 and Eq. (4). We go on.", ["See Fig. 3 and Eq. (4).", "We go on."]),
        (
            "As shown by Park et al. (2023) it works, e.g. in Rome.",
            ["As shown by Park et al. (2023) it works, e.g. in Rome."],
        ),
        ("We follow Park et al. We extend it.", ["We follow Park et al.", "We extend it."]),
        ("J. Smith and A. B. Jones agree. They left.", ["J. Smith and A. B. Jones agree.", "They left."]),
        ("We present SEC. To our knowledge it is new.", ["We present SEC.", "To our knowledge it is new."]),
        (
            "It rises from 61.3% to 72.8%. Planning takes 48 ms.",
            ["It rises from 61.3% to 72.8%.", "Planning takes 48 ms."],
        ),
        ("Let $f(x)=0. A$ be so. Then $g$ follows.", ["Let $f(x)=0. A$ be so.", "Then $g$ follows."]),
        ("The loss is $$L=1.$$ We minimise it.", ["The loss is $$L=1.$$", "We minimise it."]),
        ("The loss is $$L=1,$$ where $L$ is small.", ["The loss is $$L=1,$$ where $L$ is small."]),
        ("Code is at https://x.example/a.b. It runs.", ["Code is at https://x.example/a.b.", "It runs."]),
        ("He said “stop.” She did.", ["He said “stop.”", "She did."]),
        ("我们提出一种方法。它很快！", ["我们提出一种方法。", "它很快！"]),
        ("Wir zeigen z.B. dies. Es hilft.", ["Wir zeigen z.B. dies.", "Es hilft."]),
        ("", []),
    ],
)
def test_sentences_end_where_they_end(text: str, expected: list[str]) -> None:
    """Full stops of abbreviations, initials, numbers, formulas and addresses end nothing."""
    assert list(split(text)) == expected


@given(st.text(alphabet=st.sampled_from("aB. ?!$[]()。é\n1\u3042\ufffd"), max_size=80))
def test_splitting_loses_nothing(text: str) -> None:
    """Joined, the sentences are the text again, white space aside."""
    assert "".join("".join(split(text)).split()) == "".join(text.split())


@given(st.text(max_size=200))
def test_splitting_takes_any_text(text: str) -> None:
    """Every sentence stands in the text word for word."""
    for sentence in split(text):
        assert sentence in text
        quotable(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "We propose a memory that answers in $\\mathcal{O}(\\log n)$.",
        "NWF gains 0.035 nDCG@10 over the best global weight.",
        "“Why not?” is the question that remains.",
        "我们提出了一种新的记忆方法，它比以前的方法更快。",
        "Les réseaux profonds oublient ce qu'ils ont appris.",
    ],
)
def test_whole_sentences_can_be_quoted(sentence: str) -> None:
    """In any language, with formulas and numbers in them."""
    assert quotable(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "See Table \ufffd for more about this.",  # a hole
        "This uses \\undefined commands of the class.",  # a leftover
        "The value is (p ¡ 0.01) in all of the runs.",  # a wrong font
        "We refer to LABEL:tab:missing for the numbers.",
        "The loss is $$L=1$$ and nothing else here.",  # a display formula
        "where the weight depends on the novelty.",  # half a sentence
        "The score of a cell is",
        "$a=b$, $c=d$, $e=f+g+h$, $i=j+k$.",  # only formulas
        "Too short.",
        "The price is $5 and nobody knows $x.",  # unclear dollars
        "Word " * 100 + "end.",
    ],
)
def test_broken_sentences_are_never_quoted(sentence: str) -> None:
    """Whatever carries the traces of a failed conversion, or is no sentence, stays where it is."""
    assert not quotable(sentence)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("EWC [1] penalises changes [2, 3], as do others [4]–[6].", "EWC penalises changes, as do others."),
        ("It drops (Liu et al., 2024; Brown and Doe, 2020a) sharply (Smith & Doe, 2019).", "It drops sharply."),
        ("Known since [ABC+20, XY19].", "Known since."),
        ("Park et al. (2023) proposed a stream.", "Park et al. (2023) proposed a stream."),
        ("A value in [0, 1] or in [1, 5] (see below).", "A value in [0, 1] or in [1, 5] (see below)."),
        ("We use $x[1]$ (n = 3).", "We use $x[1]$ (n = 3)."),
        ("On 4 May (May 4, 2020) it rained.", "On 4 May (May 4, 2020) it rained."),
    ],
)
def test_references_in_brackets_are_taken_out(text: str, bare: str) -> None:
    """Numbers, labels and names in brackets go; what belongs to the sentence stays."""
    assert without_citations(text) == bare


def test_an_aside_in_parentheses_is_no_quote() -> None:
    """What a text says in passing about itself is not what the paper asserts."""
    assert not quotable("(An extended version of this paper appears elsewhere.)")
    assert quotable("(Strongly) convex losses keep the rate that we prove here.")
