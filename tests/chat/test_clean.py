from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.clean import MOST_MARKS, clean, visible


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain text, 100 % ASCII\n", "plain text, 100 % ASCII\n"),
        ("a\ud800b", "a\ufffdb"),
        ("\ud83d\ude00", "😀"),
        ("safe\u202egnp.exe", "safegnp.exe"),
        ("a\u2066b\u2069c\u200ed", "abcd"),
        ("a" + "\u200b" * 5000 + "b", "ab"),
        ("\u200d" * 900, ""),
        ("bell\x07 null\x00 escape\x1b", "bell null escape"),
        ("page\x0cbreak\u2028line", "page break line"),
        ("👩\u200d🔬 and می\u200cخواهم", "👩\u200d🔬 and می\u200cخواهم"),
        ("مرحبا بالعالم", "مرحبا بالعالم"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * MOST_MARKS),
        ("e" + "\udb40\udd00" * 50 + "!", "e" + "\U000e0100" * MOST_MARKS + "!"),
        ("\ufffe\uffff\U0001ffff", ""),
        ("𝔼[X] → ∞ 中文", "𝔼[X] → ∞ 中文"),
    ],
)
def test_what_hides_or_breaks_goes_and_what_is_seen_stays(given_text: str, shown: str) -> None:
    """Text from outside loses what hides, reverses or floods, and nothing else."""
    assert clean(given_text) == shown


@given(st.text(st.characters(codec=None)))
def test_any_text_becomes_well_formed(text: str) -> None:
    """Whatever comes in, what goes out can be encoded, holds no control characters, and is clean already."""
    cleaned = clean(text)
    cleaned.encode("utf-8")
    assert not any(unicodedata.category(ch) == "Cc" and ch not in "\n\r\t" for ch in cleaned)
    assert clean(cleaned) == cleaned


@pytest.mark.parametrize("text", ["", " \n\t", "\u00a0\u3000", "\u200d", "\u0301"])
def test_blank_text_is_not_visible(text: str) -> None:
    """White space, joiners and marks without a letter show nothing."""
    assert not visible(text)
