from __future__ import annotations

import dataclasses

import pytest

from bot.chat.document import MarkupError, parse, parse_cells
from bot.chat.tree import (
    Break,
    Button,
    Buttons,
    Cell,
    Details,
    Divider,
    Document,
    Footer,
    Heading,
    Link,
    List,
    Math,
    MathBlock,
    Paragraph,
    Pre,
    Quote,
    Row,
    Style,
    Styled,
    Table,
    Text,
)


def test_every_element_of_the_dialect_becomes_its_block() -> None:
    """A template's markup is parsed into typed blocks, white space as a reader sees it."""
    markup = """
      <h2>  Empty   shelves </h2>
      <p>One <b>bold <i>and</i></b> line,<br/> then <a href="https://arxiv.org/abs/1">a link</a> and <math>x^2</math>.</p>
      <ul><li>first</li><li><p>second</p><ol start="3"><li>inner</li></ol></li></ul>
      <table>
        <tr><th>No</th><th align="right">Heat</th></tr>
        <tr><td><button data="u|1">1</button></td><td align="right">31</td></tr>
        <tr><td colspan="2">because</td></tr>
      </table>
      <details><summary>More</summary><p>inside</p></details>
      <blockquote>said <cite>§ 3</cite></blockquote>
      <math display="block" line="E = mc²">E = mc^2</math>
      <pre language="python">a
  b</pre>
      <hr/>
      <buttons><button url="https://arxiv.org">arXiv</button></buttons>
      <footer>small</footer>
      loose text
    """
    assert parse(markup) == Document(
        (
            Heading(2, (Text("Empty shelves"),)),
            Paragraph(
                (
                    Text("One "),
                    Styled(Style.BOLD, (Text("bold "), Styled(Style.ITALIC, (Text("and"),)))),
                    Text(" line,"),
                    Break(),
                    Text("then "),
                    Link("https://arxiv.org/abs/1", (Text("a link"),)),
                    Text(" and "),
                    Math("x^2"),
                    Text("."),
                )
            ),
            List(
                (
                    (Paragraph((Text("first"),)),),
                    (
                        Paragraph((Text("second"),)),
                        List(((Paragraph((Text("inner"),)),),), ordered=True, start=3),
                    ),
                )
            ),
            Table(
                (Cell((Text("No"),)), Cell((Text("Heat"),), right=True)),
                (Row((Cell((Button("1", "u|1"),)), Cell((Text("31"),), right=True)), (Text("because"),)),),
            ),
            Details((Text("More"),), (Paragraph((Text("inside"),)),)),
            Quote((Paragraph((Text("said"),)),), (Text("§ 3"),)),
            MathBlock("E = mc^2", "E = mc²"),
            Pre("a\n  b", "python"),
            Divider(),
            Buttons((Button("arXiv", url="https://arxiv.org"),)),
            Footer((Text("small"),)),
            Paragraph((Text("loose text"),)),
        )
    )


@pytest.mark.parametrize(
    "markup",
    [
        "<p>open",
        "<p>a & b</p>",
        "<div>no</div>",
        "<script>alert(1)</script>",
        "<p><h1>inside</h1></p>",
        '<p class="x">no</p>',
        "<ul>text</ul>",
        "<ul><p>no</p></ul>",
        "<details><p>no summary</p></details>",
        "<buttons><button>no data</button></buttons>",
        '<buttons><button data="a" url="https://a.b">both</button></buttons>',
        f'<buttons><button data="{"x" * 65}">long</button></buttons>',
        '<buttons><button data="x"> </button></buttons>',
        '<buttons><button url="javascript:alert(1)">x</button></buttons>',
        '<table><tr><td colspan="2">a note on nothing</td></tr></table>',
        '<p><kept n="0"/></p>',
        '<table><kept n="0"/></table>',
        "<table><thead><tr><th>x</th></tr></thead><tr><td>y</td></tr></table>",
    ],
)
def test_a_mistake_in_a_template_is_an_error(markup: str) -> None:
    """What is not our dialect is refused rather than guessed."""
    with pytest.raises(MarkupError):
        parse(markup)


def test_cells_that_are_kept_stand_where_the_markup_says_so() -> None:
    """A row with cells that were parsed before is the same as one whose cells are written out, wherever its table is."""
    first, second = '<td>1</td> <td align="right"><b>a\u202e</b> &amp; b</td>', "<td>2</td><td>–</td>"
    table = "<details><summary>x</summary><ul><li><table><tr><th>No</th></tr><tr>{}<td>c</td></tr><tr>{}</tr></table></li></ul></details>"
    marked = parse(table.format('<kept n="1"/>', '\n<kept n="0"/>'), [parse_cells(second), parse_cells(first)])
    assert marked == parse(table.format(first, second))


def test_a_header_is_a_row_of_th_or_a_thead() -> None:
    """Both say the same, and cells that are kept may stand in a `thead` too."""
    table = "<table>{}<tr><td>1</td><td>2</td></tr></table>"
    head = '<th>No</th><th align="right">Heat</th>'
    assert parse(table.format(f"<tr>{head}</tr>")) == parse(table.format(f"<thead>{head}</thead>"))
    assert parse(table.format(f"<tr>{head}</tr>")) == parse(
        table.format('<thead><kept n="0"/></thead>'), [parse_cells(head)]
    )


def test_what_is_empty_is_left_out() -> None:
    """A template may leave a block empty; nothing of it reaches a message."""
    markup = (
        "<p> <b> </b>\u200b </p><ul><li> </li></ul><blockquote> </blockquote><h1></h1><buttons></buttons><pre>\n</pre>"
    )
    assert parse(markup) == Document(())


def test_an_address_that_is_none_stays_as_text() -> None:
    """A link to something a client could not open, or should not, keeps its words and loses its address."""
    assert parse('<p><a href="javascript:x">go</a> on</p>') == Document((Paragraph((Text("go"), Text(" on"))),))


def test_the_tree_knows_its_size() -> None:
    """Characters, bytes, blocks, depth, columns and buttons are counted on the tree, nested ones included."""
    document = parse(
        "<p>中文 <b>ab</b></p><ul><li>x</li><li><p>y</p></li></ul>"
        '<table><tr><td><button data="d">1</button></td><td>b</td><td>c</td></tr><tr><td colspan="3">n</td></tr></table>'
        "<details><summary>s</summary><blockquote><p><i><b>q</b></i></p></blockquote></details>"
    )
    assert dataclasses.asdict(document.size) == {
        "characters": 5 + 2 + 3 + 1 + 1 + 1,
        "bytes": 9 + 2 + 3 + 1 + 1 + 1,
        "blocks": 1 + (1 + 2 + 2) + (1 + 2) + 3,
        "depth": 5,
        "columns": 3,
        "buttons": 1,
    }


def test_the_tree_cannot_be_changed() -> None:
    """Every layout is made from the same tree, so nobody may change it."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        parse("<p>x</p>").blocks = ()  # type: ignore[misc] # this is what must fail
