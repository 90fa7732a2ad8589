"""A claim is verified when its quote stands in the source and its numbers stand in the quote or a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card.verify import Haystack, numbers, plain, verified
from bot.model import Claim
from tests.support.texts import part, table, text

SOURCE = text(
    part(
        "Method",
        "Regularisation methods such as EWC [1] penalise changes to important weights (Kirk et al., 2017), and $\\theta_{t}\\leq 1$ holds.",
        "On eight tasks BRS reaches 71.4 average accuracy against 68.9 for uniform re-\nplay, a drop of −2.5 points over 1,000 runs.",
        tables=(table("Table 1: Scores.", ("Method", "Acc"), ("BRS (ours)", "86.2±0.5")),),
    ),
    abstract="We present the “budgeted” schedule – a ﬁrst step.",
)
HAY = Haystack.of(SOURCE)


@pytest.mark.parametrize(
    "quote",
    [
        "Regularisation methods such as EWC [1] penalise changes to important weights",
        "Regularisation methods such as EWC penalise changes to important weights, and",  # without its references
        "and θₜ ≤ 1 holds",  # the formula as Unicode
        "and $\\theta_t \\le 1$ holds",  # or otherwise written
        "against 68.9 for uniform replay, a drop of -2.5 points",  # hyphenation and dashes
        "over 1000 runs",
        "over 1,000 runs",
        'We present the "budgeted" schedule - a first step.',  # quotation marks, ligature
        "WE PRESENT THE BUDGETED   schedule",
        "BRS (ours)",
        "Acc",
        "Table 1: Scores.",
        "Method",
    ],
)
def test_a_quote_is_found_however_it_is_written(quote: str) -> None:
    """White space, hyphenation, Unicode forms, references and the markup of formulas do not count."""
    assert HAY.has(quote)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        "…",
        "On eight tasks BRS reaches 71.5 average accuracy",  # another number
        "On eight tasks BRS reaches 71",  # half a number
        "4 average accuracy against 68.9",  # the other half
        "a drop of 2.5 points over",  # the sign
        "over 10,00 runs",
        "Meth",  # half a word
        "EWC penalise changes to unimportant weights",
        "holds. On eight tasks",  # across paragraphs
        "86.2±0.6",
    ],
)
def test_what_the_paper_does_not_say_is_not_found(quote: str) -> None:
    """Other words, other numbers, cut numbers and joined paragraphs are no quotes."""
    assert not HAY.has(quote)


def test_every_number_of_a_claim_must_stand_somewhere() -> None:
    """Numbers come from the quote or from a table; a claim with any other is not verified."""
    quote = "BRS reaches 71.4 average accuracy against 68.9 for uniform re-play"
    assert verified(Claim("BRS gains 2.5 points.", quote), HAY).verified is False
    assert verified(Claim("BRS reaches 71.4.", quote), HAY).verified is True
    assert verified(Claim("BRS reaches 71.40 (86.2 in Table 1's terms).", quote), HAY).verified is False
    assert verified(Claim("BRS reaches 71.40, in the table 86.2.", quote), HAY).verified is True
    assert verified(Claim("BRS is better.", "an invented quote that nobody wrote"), HAY).verified is False
    assert verified(Claim("BRS is better."), HAY).verified is False


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("from 61.3% to 72.80%", {"61.3", "72.8"}),
        ("1,234,567 images, 10 seeds", {"1234567", "10"}),
        ("$3.1\\times$ fewer, −2.5 points", {"3.1", "2.5"}),
        ("GPT-4, F1, WMT14, Llama-3-8B, nDCG@10", {"10"}),
        ("x²", set()),
        ("none", set()),
    ],
)
def test_numbers_are_those_that_stand_by_themselves(words: str, found: set[str]) -> None:
    """The digits of a name are no number; thousands, trailing zeros and signs are made plain."""
    assert numbers(words) == found


@given(st.text(max_size=120))
def test_what_is_plain_stays_plain(words: str) -> None:
    """Making plain takes any text, and a text always stands in itself."""
    once = plain(words)
    assert once == " ".join(once.split())
    if once and "¶" not in words:
        assert Haystack.of(text(part("T", words))).has(words)
