from __future__ import annotations

import html
import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from bot.chat.classic import GRID_COLUMNS, MOST_BUTTONS, MOST_ENTITIES, MOST_UNITS, Message, keyboard, messages
from bot.chat.clean import clean
from bot.chat.document import parse
from bot.chat.tree import Document, Inline, Link, MathBlock, Pre, Quote, Styled, Text, lines_of, walk
from tests.support.markup import block, nasty
from tests.support.telegram_html import read


def latex_line(latex: str) -> str:
    """A stand-in that is told apart from the LaTeX."""
    return f"⟨{latex}⟩"


def shown(markup: str) -> tuple[Message, ...]:
    """The messages of a view's markup."""
    return messages(parse(markup), latex_line)


def test_blocks_look_as_they_do_on_every_client() -> None:
    """Each kind of block has its form in Telegram's HTML."""
    (message,) = shown(
        "<h1>Title</h1><p>One <b>bold</b>, <i>i</i>, <u>u</u>, <s>s</s>, <code>c</code>,"
        ' <a href="https://a.b/?x=1&amp;y=2">link</a>, <math>x^2</math></p>'
        "<ul><li>first</li><li><p>second</p><ol><li>inner</li></ol></li></ul>"
        '<blockquote>said<cite>§ 3</cite></blockquote><math display="block">E</math><hr/>'
        "<details><summary>More</summary><p>a</p><blockquote>b</blockquote></details>"
        '<pre language="python">a &lt; b\n  c</pre><footer>small</footer>'
    )
    assert message.html == (
        "<b>Title</b>\n\n"
        "One <b>bold</b>, <i>i</i>, <u>u</u>, <s>s</s>, <code>c</code>, "
        '<a href="https://a.b/?x=1&amp;y=2">link</a>, ⟨x^2⟩\n\n'
        "• first\n• second\n\u2007\u20071. inner\n"
        "<blockquote>said\n— <i>§ 3</i></blockquote>\n<code>⟨E⟩</code>\n\n"
        "———\n\n"
        "<b>More</b>\n<blockquote expandable>a\n“b”</blockquote>\n\n"
        '<pre><code class="language-python">a &lt; b\n  c</code></pre>\n\n'
        "<i>small</i>"
    )


def test_a_row_is_told_by_its_own_table() -> None:
    """Equal cells in several tables are shown as each table has them: under its heads, inside its tags, with formulas as
    they are written there."""
    cells = '<td>1</td><td><a href="https://a.b/">T</a></td><td><math>x</math></td><td align="right">3</td>'
    row = f'<tr>{cells}</tr><tr><td colspan="4">why</td></tr>'
    heads = "<tr><th>No.</th><th>Paper</th><th>Field</th><th>{}</th></tr>"
    told = '<b>1. <a href="https://a.b/">T</a></b>\n{} · {}3\n<i>why</i>'
    for _ in range(2):
        for head, name in (("Heat", "Heat "), ("Votes", "Votes "), ("", " ")):
            (message,) = shown(f"<table>{heads.format(head)}{row}</table>")
            assert message.html == told.format("⟨x⟩", name)
        (bare,) = shown(f"<table>{row}</table>")
        assert bare.html == told.format("⟨x⟩", "")
        (quoted,) = shown(f"<blockquote><table>{row}</table></blockquote>")
        assert quoted.html == f"<blockquote>{bare.html}</blockquote>"
        (other,) = messages(parse(f"<table>{row}</table>"), str.upper)
        assert other.html == told.format("X", "")


def test_two_quotations_stay_two() -> None:
    """Quotations that follow each other are not run into one."""
    (message,) = shown("<blockquote>one</blockquote><blockquote>two</blockquote>")
    assert message.html == "<blockquote>one</blockquote>\n<blockquote>two</blockquote>"


def test_text_is_never_markup() -> None:
    """A title that looks like markup is shown as it is written."""
    title = '<b>&amp; <tg-button data="x">press</tg-button> & </blockquote>'
    (message,) = shown(f"<p>{html.escape(title)}</p>")
    seen = read(message.html)
    assert seen.text == title
    assert seen.entities == 0


def test_a_category_is_no_address() -> None:
    """Telegram links what looks like a site; a category is code, and an address that holds one stays whole."""
    (message,) = shown(
        '<p>cs.AI, stat.ML; e.g. IT <b>in cs.RO</b> <a href="https://a.b/">on cs.CL</a> my.cs.AI.com, cs.AI.</p>'
    )
    assert message.html == (
        "<code>cs.AI</code>, <code>stat.ML</code>; e.g. IT <b>in </b><code>cs.RO</code> "
        '<a href="https://a.b/">on cs.CL</a> my.cs.AI.com, <code>cs.AI</code>.'
    )


def test_a_table_of_papers_is_a_list_with_aligned_numbers_and_a_button_per_row() -> None:
    """What does not fit a phone as columns becomes a list: number and name, facts, note; the buttons gather below."""
    rows = "".join(
        f'<tr><td><button data="u|{n}">{n}</button></td><td><a href="https://arxiv.org/abs/{n}">Paper number {n} 论文</a></td>'
        f'<td>MIT</td><td align="right">{n * 7}</td></tr><tr><td colspan="4">because of {n}</td></tr>'
        for n in range(1, 11)
    )
    header = '<tr><th>No</th><th>Paper</th><th>Institution</th><th align="right">Heat</th></tr>'
    (message,) = shown(f"<table>{header}{rows}</table>")
    lines = read(message.html).text.split("\n")
    assert lines[:4] == ["\u20071. Paper number 1 论文", "MIT · Heat 7", "because of 1", ""]
    assert "10. Paper number 10 论文" in lines
    assert [[button.label for button in row] for row in message.keyboard] == [list("12345"), ["6", "7", "8", "9", "10"]]
    assert message.keyboard[1][4].data == "u|10"


def test_a_small_table_is_a_grid_with_right_widths() -> None:
    """Columns line up on a screen, where Chinese characters and emoji are two cells wide."""
    (message,) = shown(
        '<table><tr><th>类别</th><th align="right">new</th></tr><tr><td>cs.LG</td><td align="right">241</td></tr>'
        '<tr><td>📚 书</td><td align="right">7</td></tr></table>'
    )
    assert message.html.startswith("<pre>")
    lines = read(message.html).text.split("\n")
    assert lines == ["类别   new", "cs.LG  241", "📚 书    7"]
    assert {cell_len(line) for line in lines} == {10}


def test_a_wide_table_is_not_a_grid() -> None:
    """What a phone would wrap is not drawn in columns."""
    (message,) = shown(f"<table><tr><td>{'x' * GRID_COLUMNS}</td><td>y</td></tr></table>")
    assert "<pre>" not in message.html


def test_a_formula_that_cannot_be_written_in_a_line_is_shown_as_latex() -> None:
    """A formula never breaks a message, and is never left out."""

    def fails(latex: str) -> str:
        raise ValueError(latex)

    for line in (fails, lambda _: "", lambda _: "\u202e\u200b"):
        (message,) = messages(parse(r"<p>so <math>\frac{a}{</math></p>"), line)
        assert message.html == r"so <code>\frac{a}{</code>"
    (message,) = messages(parse('<math display="block" line="a²">a^2</math>'), fails)
    assert message.html == "<code>a²</code>"


def test_parts_end_between_blocks_and_headings_go_with_what_follows() -> None:
    """A long document is split at blocks; no heading is left alone at the end of a message."""
    markup = "".join(f"<h2>Heading {n}</h2><p>{f'word{n} ' * 150}</p>" for n in range(12))
    parts = [read(message.html) for message in shown(markup)]
    assert len(parts) > 1
    for part in parts:
        assert part.text.startswith("Heading")
        assert not part.text.rsplit("\n", 1)[-1].startswith("Heading")


def test_a_paragraph_that_no_message_holds_is_cut_after_a_sentence() -> None:
    """Only an oversized paragraph is cut, and then where a sentence ends."""
    parts = shown(f"<p><b>{'A short sentence here. ' * 400}</b></p>")
    texts = [read(part.html).text for part in parts]
    assert len(texts) == 3
    assert all(text.endswith("here.") for text in texts)
    assert all(part.html.startswith("<b>") and part.html.endswith("</b>") for part in parts)


def test_a_word_without_end_is_cut_between_characters() -> None:
    """Ten thousand characters without a space fit three messages; no emoji and no accent is torn apart."""
    word = "👩\u200d🔬e\u0301" * 1700
    texts = [read(part.html).text for part in shown(f"<p>{word}</p>")]
    assert "".join(texts) == word
    assert all(text.startswith(("👩\u200d🔬", "e\u0301")) for text in texts)


def test_buttons_stay_with_the_part_that_names_them() -> None:
    """When a table is split, each message has the buttons of its own rows."""
    rows = "".join(
        f'<tr><td><button data="u|{n}">{n}</button></td><td>{"long title " * 40}</td></tr>' for n in range(1, 21)
    )
    parts = shown(f"<table>{rows}</table><buttons><button data='next'>Next</button></buttons>")
    labels = [[button.label for row in part.keyboard for button in row] for part in parts]
    assert list(itertools.chain(*labels)) == [*map(str, range(1, 21)), "Next"]
    for part, names in zip(parts, labels, strict=True):
        assert all(f"{name}. " in read(part.html).text for name in names if name != "Next")


def test_a_keyboard_alone_hangs_under_a_dot() -> None:
    """Telegram takes no message without text."""
    (message,) = shown('<buttons><button data="x">Press</button></buttons>')
    assert read(message.html).text == "·"
    assert keyboard(parse('<p>x</p><buttons><button data="x">Press</button></buttons>')) == message.keyboard


def test_nothing_makes_no_message() -> None:
    """A document without anything in it sends nothing."""
    assert messages(Document(()), latex_line) == ()


@pytest.mark.parametrize("count", [101, 350])
def test_more_buttons_than_a_message_may_have_are_spread(count: int) -> None:
    """No button is lost, and no message has more than Telegram takes."""
    many = "".join(f'<button data="{n}">b</button>' for n in range(count))
    for markup in (f"<p>{many}</p>", f"<p>x</p><buttons>{many}</buttons>"):
        parts = shown(markup)
        pressed = [button.data for part in parts for row in part.keyboard for button in row]
        assert pressed == [str(n) for n in range(count)]
        assert all(sum(map(len, part.keyboard)) <= MOST_BUTTONS for part in parts)


# --------------------------------------------------------------------------- any document


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _texts(document: Document) -> list[str]:
    """Every text of a document in reading order, without white space."""
    found: list[str] = []
    for one in walk(document.blocks):
        match one:
            case Pre(text):
                found.append(text)
            case MathBlock(latex):
                found.append(latex_line(latex))
            case Quote():  # its credit stands after what it holds
                continue
            case _:
                found += [text for line in lines_of(one) for text in _inline_texts(line)]
    return [_squeezed(text) for text in found]


def _inline_texts(inlines: tuple[Inline, ...]) -> list[str]:
    found: list[str] = []
    for one in inlines:
        match one:
            case Text(text):
                found.append(text)
            case Styled() | Link():
                found += _inline_texts(one.inlines)
    return found


@settings(max_examples=150)
@given(st.lists(block, max_size=8).map("".join))
def test_any_document_fits_telegram_and_loses_nothing(markup: str) -> None:
    """Whatever the text: parts of at most 4,096 units and 100 entities, well-formed, never empty, all text in order."""
    document = parse(markup)
    parts = [read(message.html) for message in messages(document, latex_line)]
    for part in parts:
        assert 0 < part.units <= MOST_UNITS
        assert part.entities <= MOST_ENTITIES
        assert part.text.strip()
    everything = _squeezed("".join(part.text for part in parts))
    for one in walk(document.blocks):
        assert not isinstance(one, Quote) or all(_squeezed(text) in everything for text in _inline_texts(one.credit))
    position = 0
    for text in _texts(document):
        if text != "Go":
            found = everything.find(text, position)
            assert found >= 0, f"{text[:40]!r} is missing"
            position = found + len(text)
    assert not re.search("[\x00-\x1f\u200b\u2028-\u202e\u2066-\u2069\ud800-\udfff]", everything)


@settings(max_examples=100)
@given(nasty)
def test_any_text_is_data(text: str) -> None:
    """A text inside a view opens no entity, no link and no button, and is shown as it is."""
    parts = messages(parse(f"<p>start {html.escape(text)} end</p>"), latex_line)
    seen = [read(part.html) for part in parts]
    assert sum(part.entities for part in seen) == 0
    assert not any(part.keyboard for part in parts)
    assert _squeezed("".join(part.text for part in seen)) == _squeezed(f"start {clean(text)} end")
