"""A claim is verified when its quote stands in the source and its numbers stand in the quote or a table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card.claims import claims_of
from bot.card.verify import Haystack, checked, plain, unfounded, verified
from bot.model import Claim, Judgement, Motivation
from tests.support import builders as a
from tests.support.texts import part, table, text

SOURCE = text(
    part(
        "Method",
        "Regularisation methods such as EWC [1] penalise changes to important weights (Kirk et al., 2017), and $\\theta_{t}\\leq 1$ holds.",
        "On eight tasks BRS reaches 71.4 average accuracy against 68.9 for uniform re-\nplay, a drop of −2.5 points over 1,000 runs.",
        "It ends in 10⁴ epochs with 5 3.7 parts of Llama 3 and GPT-4, at 12 ms (top-1) each, on 3 GPUs.",
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
        "On eight tasks BRS reaches 71.4 … a drop of −2.5 points",
        "On eight tasks [...] against 68.9 for uniform replay",
        "in 10^4 epochs",
        "in $10^{4}$ epochs with 5 3.7 parts",
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
        "On eight tasks … against 68.7 for uniform",
        "On eight tasks … for … methods such as EWC",
        "On 10^4 tasks",
        "in 104 epochs",  # it says ten to the fourth
        "in 10 4 epochs",
        "with 53 .7 parts",
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
    assert verified(Claim("BRS reaches 71.40 (86.2 in Table 1's terms).", quote), HAY).verified is True
    assert verified(Claim("BRS reaches 71.40 (86.2 in Table 7's terms).", quote), HAY).verified is False
    assert verified(Claim("BRS reaches 71.40, in the table 86.2.", quote), HAY).verified is True
    assert verified(Claim("BRS is better.", "an invented quote that nobody wrote"), HAY).verified is False
    assert verified(Claim("BRS is better."), HAY).verified is False


@given(st.text(max_size=120))
def test_what_is_plain_stays_plain(words: str) -> None:
    """Making plain takes any text, and a text always stands in itself."""
    once = plain(words)
    assert once == " ".join(once.split())
    if once and "¶" not in words:
        assert Haystack.of(text(part("T", words))).has(words)


QUOTE = "On eight tasks BRS reaches 71.4 average accuracy against 68.9 for uniform replay"
LAST = "It ends in 10⁴ epochs with 5 3.7 parts of Llama 3 and GPT-4, at 12 ms (top-1) each, on 3 GPUs."


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("BRS reaches 71.", QUOTE),  # nothing is rounded
        ("BRS reaches 71.41.", QUOTE),
        ("BRS reaches 7.14e1 and 714‰, or 0.714.", QUOTE),
        ("在九个任务上达到71.4。", QUOTE),  # eight, not nine
        ("在8个任务上达到七十二。BRS提高9.9个百分点。", QUOTE),
        ("BRS beats uniform replay on nine tasks.", QUOTE),
        ("BRS beats GPT-5.", LAST),
        ("BRS beats Llama 4.", LAST),
        ("BRS has the best top-5.", LAST),
        ("It ends in 104 epochs.", LAST),
        ("It takes 12 s.", LAST),
        ("It takes 12% of the time.", LAST),
        ("It takes 12× the time.", LAST),
        ("BRS uses 3k GPUs.", LAST),
        ("See Table 9: 71.4.", QUOTE),
        ("7\u200b2.4 is its accuracy.", QUOTE),
        ("７２.４ is its accuracy.", QUOTE),
        ("BRS reaches 71.4.", "BRS"),  # too little to bear anything out
        ("BRS reaches 71.4.", "71.4"),
        ("It was run 1 time.", "Regularisation methods such as EWC [1] penalise changes to important weights"),
        ("It was run in 2017.", "penalise changes to important weights (Kirk et al., 2017), and"),
        ("It has 86 of them.", QUOTE),
    ],
)
def test_lies_are_told(text: str, quote: str) -> None:
    """Other values, units, scales, names and tables; digits hidden in other signs; numbers of references."""
    assert not verified(Claim(text, quote), HAY).verified


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("On 8 tasks it reaches 71.4.", QUOTE),
        ("在八个任务上达到71.4，基线为68.9。", QUOTE),
        ("在8个任务上达到７１.４。", QUOTE),
        ("It ends after 10,000 epochs.", LAST),
        ("It ends after 1万 epochs, 1e4 in all.", LAST),
        ("每次12毫秒。", LAST),
        ("It is as good as GPT4 and Llama 3, top-1.", LAST),
        ("It has one schedule.", QUOTE),
        ("Table 1 shows 86.2.", QUOTE),
        ("表1显示86.2±0.5。", QUOTE),
        ("It runs a thousand times: 1,000.", "a drop of −2.5 points over 1,000 runs"),
        ("It loses 2.5个百分点。", "a drop of −2.5 points over 1,000 runs"),
        ("BRS (ours)", "BRS (ours)"),
    ],
)
def test_the_same_said_otherwise_is_verified(text: str, quote: str) -> None:
    """In words or digits, in Chinese, with other units' names, thousands and scales."""
    claim = Claim(text, quote)
    assert unfounded(claim, HAY) == ()
    assert verified(claim, HAY).verified


def written(n: int) -> list[str]:
    """Ways to write a whole number."""
    return [
        str(n),
        f"{n:,}",
        f"{n:,}".replace(",", r"\,"),
        f"{n:,}".replace(",", "\u2009"),
        f"{n}.0",
        f"{n:e}",
        f"${n}$",
    ]


@given(st.integers(13, 9_999_999), st.integers(13, 9_999_999), st.integers(0, 6), st.integers(0, 6))
def test_a_number_is_verified_however_it_is_written_and_no_other_is(
    said: int, asserted: int, way: int, other: int
) -> None:
    """What the quote does not say never passes; what it says does."""
    quote = f"The model that we train has {written(said)[way]} parameters in all"
    hay = Haystack.of(text(part("T", f"{quote}.")))
    claim = Claim(f"Es hat {written(asserted)[other]} Parameter", quote)
    assert verified(claim, hay).verified is (said == asserted)


@given(st.text(max_size=200), st.text(max_size=200))
def test_nothing_makes_it_raise(text_: str, quote: str) -> None:
    """A model may say anything; what is verified has a quote that stands there."""
    claim = verified(Claim(text_, quote), HAY)
    assert not claim.verified or HAY.has(quote)


def test_a_card_is_checked_as_a_whole() -> None:
    """Claims that fail are marked, or dropped where they state a number; their share says whether to trust the card."""
    fine = Claim("BRS reaches 71.4.", QUOTE)
    card = a.card(
        1,
        motivation=Motivation(
            problem=(fine, Claim("It is nice.", "nobody said this here"), Claim("It gains 99.", QUOTE))
        ),
        method=(),
        conclusions=(),
    )
    made = checked(card, HAY)
    assert [(c.text, c.verified) for c in made.motivation.problem] == [
        ("BRS reaches 71.4.", True),
        ("It is nice.", False),
    ]
    assert made.needs_verification
    assert made.judgements == (Judgement.NEEDS_VERIFICATION,)
    good = checked(
        a.card(
            1,
            motivation=Motivation(problem=(fine,) * 60),
            judgements=(Judgement.NEEDS_VERIFICATION, Judgement.MUST_READ),
        ),
        HAY,
    )
    assert not good.needs_verification
    assert good.judgements == (Judgement.MUST_READ,)
    assert sum(not c.verified for c in claims_of(good)) == 5
