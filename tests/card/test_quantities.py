"""What a text asserts in digits: numbers with their units, names, references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card.quantities import Number, quantities, stands


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("from 61.3% to 72.80 %", {("61.3", "%"), ("72.8", "%")}),
        ("1,234,567 images, 10 seeds", {("1234567", ""), ("10", "")}),
        ("$3.1\\times$ fewer, −2.5 points", {("3.1", "×"), ("2.5", "points")}),
        ("提高了8.8个百分点，三个数据集，120万张图像", {("8.8", "points"), ("3", ""), ("1200000", "")}),
        ("用时十二小时，三倍，第2名，统一", {("12", "h"), ("3", "×"), ("2", "")}),
        ("10⁴ and 10^{-4}, 1e-4, 2.5\\times 10^{6}", {("10000", ""), ("0.0001", ""), ("2500000", "")}),
        ("two datasets, twenty runs, two million; one model; two-stage; second", {("2", ""), ("20", ""), ("2000000", "")}),
        ("3–5% faster, 224x224 px, 1,2,3 and 41,2", {("3", "%"), ("5", "%"), ("224", "×"), ("224", ""), ("1", ""), ("2", ""), ("3", ""), ("41.2", "")}),
        ("12 GPU hours on 80GB, 7 billion (7B)", {("12", ""), ("80", "GB"), ("7000000000", "")}),
        ("1\\,000 and 1{,}000 steps of 0.50 or .5", {("1000", ""), ("0.5", "")}),
        ("53.7±0.4%, the 2nd of them [3] (Doe et al., 2019)", {("53.7", "%"), ("0.4", "%")}),
        ("It doubles accuracy, a tenfold gain; costs are halved", {("2", "×"), ("10", "×"), ("50", "%")}),
        ("精度翻倍，成本减半，速度快一倍", {("2", "×"), ("50", "%")}),
        ("double descent in half precision", set()),
        ("2^10 and 2^{12}", {("2^10", ""), ("2^12", "")}),
    ],
)  # fmt: skip
def test_numbers_with_their_units(words: str, found: set[tuple[str, str]]) -> None:
    """Thousands, scales, powers, ranges, words and Chinese numerals; references and ordinals are no numbers."""
    assert {(number.value, number.unit) for number in quantities(words).numbers} == found


def test_names_and_references_are_no_numbers() -> None:
    """The digits of GPT-4 assert nothing by themselves, nor does "Table 2"."""
    made = quantities(
        "GPT-4 and F1, see Table 2, Figures 3 and 4, Sec. 4.1, Eq. (3), Appendix B and 表5、第6节; the section a reader sees"
    )
    assert made.numbers == frozenset()
    assert made.names == {"gpt4", "f1"}
    assert made.references == {
        "table 2",
        "figure 3",
        "figure 4",
        "section 4.1",
        "equation 3",
        "section b",
        "table 5",
        "section 6",
    }


def test_units_must_agree_where_both_are_stated() -> None:
    """5 % is not 5 ×; a bare 5 may be either."""
    assert not stands(Number("5", "%"), [Number("5", "×")])
    assert stands(Number("5", "%"), [Number("5")])
    assert stands(Number("5"), [Number("5", "×")])
    assert not stands(Number("5"), [Number("50")])


@given(st.text(max_size=200), st.booleans())
def test_any_text_can_be_read(words: str, source: bool) -> None:
    """Nothing makes it raise, and a source says at least what the text asserts."""
    assert quantities(words).numbers <= quantities(words, source=True).numbers
    quantities(words, source=source)
