"""LaTeX for the page: MathML where it can be drawn, nothing where it cannot, and never anything else."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.playground.page_formulas import LONGEST, mathml, with_mathml

SPACE = "{http://www.w3.org/1998/Math/MathML}"
CASES = r"f(x)=\begin{cases}x^2 & \text{if } x<0\\ 1 & \text{otherwise}\end{cases}"


def read(made: str) -> ET.Element:
    """What a browser's XML parser would see."""
    return ET.fromstring(made)  # noqa: S314 - the very text whose harmlessness is tested


def test_cases_become_a_table_with_its_brace() -> None:
    """Both rows stand in one table behind a brace that grows with it."""
    root = read(mathml(CASES, block=True))
    assert root.tag == f"{SPACE}math"
    assert len(root.findall(f".//{SPACE}mtr")) == 2
    assert any(operator.text == "{" and operator.get("stretchy") == "true" for operator in root.iter(f"{SPACE}mo"))


@pytest.mark.parametrize("latex", ["", " ", r"\frac{1}", r"\begin{cases}", "x" * (LONGEST + 1), r"\left(", "\ud800"])
def test_what_cannot_be_drawn_is_left_to_its_source(latex: str) -> None:
    """Broken, empty and endless LaTeX gives "" or something well formed, never an exception."""
    made = mathml(latex, block=False)
    assert made == "" or read(made).tag == f"{SPACE}math"


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*r"\{}^_&<>'\"", r"\frac", r"\text{<b>}", "</math>", "&lt;", "x"])).map("".join)
)
def test_no_latex_makes_markup(latex: str) -> None:
    """Whatever the source, only presentation elements of MathML come out."""
    made = mathml(latex, block=False)
    if made:
        tags = {element.tag.rpartition("}")[2] for element in read(made).iter()}
        assert all(tag == "none" or tag.startswith("m") for tag in tags)


def test_formulas_are_found_wherever_they_stand() -> None:
    """In blocks, in lines, in cells; the message itself is not changed."""
    inline = {"type": "mathematical_expression", "expression": "x^2"}
    block = {"type": "mathematical_expression", "expression": r"\sum_{i=1}^n i"}
    message = {"rich_message": {"blocks": [{"type": "paragraph", "text": ["a", inline]}, block]}}
    shown = with_mathml(message)
    assert isinstance(shown, dict)
    drawn_inline, drawn_block = shown["rich_message"]["blocks"][0]["text"][1], shown["rich_message"]["blocks"][1]
    assert "<msup>" in drawn_inline["mathml"]
    assert 'display="block"' in drawn_block["mathml"]
    assert "mathml" not in inline


def test_functions_stand_apart_from_what_they_are_of() -> None:
    """As in TeX: log p, but no gap before a bracket."""
    assert '<mi>log</mi><mspace width="0.167em" /><mi>p</mi>' in mathml(r"\log p", block=False)
    assert "mspace" in mathml(r"\eta \log_2 x", block=False)
    assert "mspace" not in mathml(r"\log(p)", block=False)


def test_bars_stand_close_to_what_is_between_them() -> None:
    """|x| is no relation."""
    assert mathml("|x|", block=False).count('lspace="0"') == 2
    assert "lspace" not in mathml(r"a \mid b", block=False)
