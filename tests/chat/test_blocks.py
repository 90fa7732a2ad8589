"""The rich layout: native blocks, within Telegram's limits, whatever the tree and its texts."""

from __future__ import annotations

import html
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.blocks import Content, gains, rich_messages
from bot.chat.clean import clean
from bot.chat.document import parse
from bot.chat.fitting import MOST_BLOCKS, MOST_BYTES
from bot.chat.formula import sound
from bot.chat.tree import Document
from tests.support.markup import block, nasty
from tests.support.rich_checks import buttons, check_rich, nodes, size_in_bytes, texts


def shown(markup: str) -> list[Content]:
    """The rich messages of a view's markup."""
    return [content for _, content in rich_messages(parse(markup), sound)]


def blocks(markup: str) -> list[dict[str, Any]]:
    """The blocks of a view that fits one message."""
    (content,) = shown(markup)
    check_rich(content)
    made: list[dict[str, Any]] = content["blocks"]
    return made


def test_every_block_has_its_native_form() -> None:
    """Headings, lists, folds, quotes, formulas and rows of buttons are what Telegram has for them."""
    assert blocks(
        '<h1>Title</h1><p>One <b>bold</b>,<br/><a href="https://a.b">link</a>, <math>x^2</math></p>'
        "<ul><li>first</li></ul><ol start='3'><li>third</li></ol>"
        "<details><summary>More</summary><p>inside</p></details>"
        "<blockquote>said<cite>§ 3</cite></blockquote>"
        '<math display="block">E</math><pre language="python">a</pre><hr/><footer>small</footer>'
        '<buttons><button style="primary" data="d">Go</button><button url="https://a.b">See</button></buttons>'
    ) == [
        {"type": "heading", "text": "Title", "size": 2},
        {
            "type": "paragraph",
            "text": [
                "One ",
                {"type": "bold", "text": "bold"},
                ",\n",
                {"type": "url", "text": "link", "url": "https://a.b"},
                ", ",
                {"type": "mathematical_expression", "expression": "x^2"},
            ],
        },
        {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "first"}]}]},
        {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "third"}], "value": 3, "type": "1"}]},
        {"type": "details", "summary": "More", "blocks": [{"type": "paragraph", "text": "inside"}]},
        {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "said"}], "credit": "§ 3"},
        {"type": "mathematical_expression", "expression": "E"},
        {"type": "pre", "text": "a", "language": "python"},
        {"type": "divider"},
        {"type": "footer", "text": "small"},
        {
            "type": "buttons",
            "buttons": [
                {"text": "Go", "callback_data": "d", "style": "primary"},
                {"text": "See", "url": "https://a.b"},
            ],
        },
    ]


def test_a_table_is_native_and_its_rows_carry_their_buttons() -> None:
    """The unfold button stands in its row's cell, and the note stands under what it is about."""
    (table,) = blocks(
        '<table look="compact striped"><caption>Day</caption><tr><th>No</th><th align="right">Heat</th></tr>'
        '<tr><td><button data="u">1</button></td><td align="right">31</td></tr><tr><td colspan="2">because</td></tr>'
        "</table>"
    )
    assert table == {
        "type": "table",
        "is_compact": True,
        "is_striped": True,
        "caption": "Day",
        "cells": [
            [
                {"text": "No", "align": "left", "valign": "top", "is_header": True},
                {"text": "Heat", "align": "right", "valign": "top", "is_header": True},
            ],
            [
                {
                    "text": {"type": "button", "button": {"text": "1", "callback_data": "u"}},
                    "align": "left",
                    "valign": "top",
                },
                {"text": "31", "align": "right", "valign": "top"},
            ],
            [
                {"align": "left", "valign": "top"},
                {"text": {"type": "italic", "text": "because"}, "align": "left", "valign": "top"},
            ],
        ],
    }


def test_what_stands_in_the_classic_layout_alone_is_left_out() -> None:
    """A button for what the rich layout shows by itself is not in it."""
    assert blocks('<p>x</p><buttons layout="classic"><button data="d">Draw</button></buttons>') == [
        {"type": "paragraph", "text": "x"}
    ]


@pytest.mark.parametrize(
    "latex", [r"\frac{a}{b", r"\left( x", r"\begin{cases} a", r"a \\ \end{cases}", "x}", "\\", "$x$", r"\right)"]
)
def test_a_broken_formula_is_shown_as_its_text(latex: str) -> None:
    """Clients show broken LaTeX as nothing, so it goes as code."""
    inside, alone = blocks(f'<p>so <math>{latex}</math></p><math display="block">{latex}</math>')
    assert inside["text"] == ["so ", {"type": "code", "text": latex}]
    assert alone == {"type": "paragraph", "text": {"type": "code", "text": latex}}


@pytest.mark.parametrize("latex", [r"\frac{a}{b}", r"\left\{ x \right.", r"\begin{cases}a\\b\end{cases}", r"\{ \$ \}"])
def test_a_whole_formula_is_native(latex: str) -> None:
    """Escaped braces and dollars, fences and environments are no damage."""
    assert blocks(f"<p><math>{html.escape(latex)}</math></p>")[0]["text"]["type"] == "mathematical_expression"


def test_what_gains_nothing_stays_classic() -> None:
    """Only tables, folds and formulas need what some clients cannot show."""
    for markup in (
        "<table><tr><td>x</td></tr></table>",
        "<p><b><math>x</math></b></p>",
        '<math display="block">x</math>',
    ):
        assert gains(parse(markup))
    assert gains(parse("<details><summary>s</summary><p>x</p></details>"))
    assert not gains(parse("<h1>Title</h1><p>text</p><ul><li>x</li></ul><blockquote>y</blockquote>"))


def test_parts_end_before_sections() -> None:
    """What is too much for one message is parted before a heading or fold, and no heading is left alone."""
    section = (
        f"<h2>Section</h2><p>{'word ' * 1200}</p><details><summary>Fold</summary><p>{'text ' * 1000}</p></details>"
    )
    made = shown(section * 6 + "<buttons><button data='x'>Last</button></buttons>")
    assert len(made) > 2
    for content in made:
        check_rich(content)
        assert content["blocks"][0]["type"] in ("heading", "details")
        assert content["blocks"][-1]["type"] != "heading"
    assert [bool(buttons(content)) for content in made] == [False] * (len(made) - 1) + [True]


def test_a_table_too_long_is_parted_between_rows() -> None:
    """No row is lost, each part has the heads, and each button stays in its row."""
    rows = "".join(f'<tr><td><button data="u{n}">{n}</button></td><td>{"x" * 90}</td></tr>' for n in range(700))
    made = shown(f"<table><tr><th>No</th><th>Name</th></tr>{rows}</table>")
    assert len(made) > 1
    assert [one["callback_data"] for content in made for one in buttons(content)] == [f"u{n}" for n in range(700)]
    for content in made:
        check_rich(content)
        (table,) = content["blocks"]
        assert table["cells"][0][0]["text"] == "No"


def test_too_wide_a_table_is_told_row_by_row() -> None:
    """More columns than Telegram has become lines of text."""
    row = "".join(f"<td>{n}</td>" for n in range(21))
    assert blocks(f"<table><tr>{row}</tr></table>") == [
        {"type": "paragraph", "text": " · ".join(map(str, range(21)))},
    ]


def test_too_deep_a_nest_is_flat_from_where_it_is_too_deep() -> None:
    """Nothing of it is lost."""
    depth = 30
    markup = f"{'<details><summary>s</summary><ul><li>' * depth}<p><b>core</b></p>{'</li></ul></details>' * depth}"
    made = blocks(markup)
    said = "".join(texts(made))
    assert said.count("s") == depth
    assert said.endswith("core")


@pytest.mark.parametrize("bytes_", [MOST_BYTES, MOST_BYTES + 1])
def test_a_message_is_filled_to_the_limit(bytes_: int) -> None:
    """32,768 bytes are one message, one more makes two."""
    made = shown(f"<p>{'é' * 1000}</p><p>{'x' * (bytes_ - 2000)}</p>")
    assert len(made) == (1 if bytes_ == MOST_BYTES else 2)
    assert sum(map(size_in_bytes, made)) == bytes_


def test_blocks_are_counted_as_telegram_counts() -> None:
    """500 blocks are one message, rows and items included."""
    items = "".join("<li>x</li>" for _ in range((MOST_BLOCKS - 1) // 2))
    assert len(shown(f"<ul>{items}</ul><p>y</p>")) == 1
    assert len(shown(f"<ul>{items}</ul><p>y</p><p>z</p>")) == 2


def test_nothing_makes_no_message() -> None:
    """What nobody would see is not sent."""
    assert rich_messages(Document(()), sound) == ()
    assert shown("<hr/>") == []


# --------------------------------------------------------------------------- any document


def _squeezed(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=150)
@given(st.lists(block, max_size=8).map("".join))
def test_any_document_is_taken_and_loses_nothing(markup: str) -> None:
    """Whatever the text: every part is within Telegram's limits and valid, and every text is there in order."""
    document = parse(markup)
    made = [content for _, content in rich_messages(document, sound)]
    for content in made:
        check_rich(content)
    everything = _squeezed("".join(text for content in made for text in texts(content)))
    position = 0
    for text in _texts_in_order(document):
        found = everything.find(text, position)
        assert found >= 0, f"{text[:40]!r} is missing"
        position = found
    assert sum(len(buttons(content)) for content in made) == document.size.buttons
    assert all(one["callback_data"] == "x" for content in made for one in buttons(content))


def _texts_in_order(document: Document) -> list[str]:
    """The texts of top blocks that hold nothing else, without white space."""
    flat = [Document((block,)) for block in document.blocks]
    return [_squeezed(text) for one in flat if one.size.blocks == 1 for text in one.texts()]


@settings(max_examples=100)
@given(nasty)
def test_any_text_is_data(text: str) -> None:
    """A text inside a view becomes a string, and nothing but a string."""
    for content in shown(f"<p>start {html.escape(text)} end</p>"):
        check_rich(content)
        assert all(node.get("type") in (None, "paragraph") for node in nodes(content))
        assert not buttons(content)
    said = "".join(text for content in shown(f"<p>start {html.escape(text)} end</p>") for text in texts(content))
    assert _squeezed(said) == _squeezed(f"start {clean(text)} end")
    said.encode()
