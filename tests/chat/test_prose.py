from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.document import parse
from bot.chat.prose import clip, prose
from bot.chat.tree import Math, Paragraph, Text, inline_text


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("A $\\alpha$-VAE & more", "A <math>\\alpha</math>-VAE &amp; more"),
        ("$x$ and $y<z$", "<math>x</math> and <math>y&lt;z</math>"),
        ("$$E = mc^2$$ stands alone", "<math>E = mc^2</math> stands alone"),
        ("costs $5 and $10", "costs $5 and $10"),
        ("from $5 to 10$", "from <math>5 to 10</math>"),
        ("a \\$5 note, 25\\% off", "a $5 note, 25% off"),
        ("``Dark--Bright'', 95--98, --lr, f''(x)", "“Dark–Bright”, 95–98, --lr, f&#39;&#39;(x)"),
        ("one $ alone", "one $ alone"),
        ("<b>$x$</b>", "&lt;b&gt;<math>x</math>&lt;/b&gt;"),
    ],
)
def test_formulas_in_a_text_are_marked_up(text: str, marked: str) -> None:
    """$LaTeX$ becomes a formula, prices stay prices, TeX's marks are printed, and everything else is escaped."""
    assert str(prose(text)) == marked


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_text_comes_through(text: str) -> None:
    """Whatever a title holds, it is well-formed markup that opens nothing but formulas."""
    document = parse(f"<p>x{prose(text)}</p>")
    (paragraph,) = document.blocks
    assert isinstance(paragraph, Paragraph)
    assert all(isinstance(inline, Text | Math) for inline in paragraph.inlines)
    assert "\\" in text or "$" in text or len(inline_text(paragraph.inlines)) <= len(text) + 1


@pytest.mark.parametrize(
    ("text", "most", "clipped"),
    [
        ("short", 10, "short"),
        ("one two  three", 14, "one two three"),
        ("one two three four", 12, "one two…"),
        ("x" * 20, 10, "x" * 9 + "…"),
        ("so $a + b + c$ holds", 9, "so…"),
    ],
)
def test_a_long_text_is_clipped_between_words(text: str, most: int, clipped: str) -> None:
    """What is cut ends after a word and says so; a formula is not torn apart."""
    assert clip(text, most) == clipped
    assert len(clip(text, most)) <= most
