"""The forms of a view that the command line prints: text, Markdown, web page."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from latex2mathml.converter import convert
from rich.cells import cell_len

from bot.chat.clean import clean
from bot.chat.document import parse
from bot.chat.markdown import markdown
from bot.chat.mathml import safe_mathml
from bot.chat.plain import plain_text
from bot.chat.webpage import webpage

VIEW = """
<h1>Wednesday</h1>
<p>5 of <b>412</b> announced, because <i>GRPO</i> &amp; co. See <a href="https://arxiv.org">arXiv</a>.</p>
<table>
  <tr><th>No.</th><th>Paper</th><th>Institution</th><th align="right">Heat</th></tr>
  <tr><td><button data="u|1">1</button></td><td><a href="https://arxiv.org/abs/2602.14080v1">Empty Shelves | Lost Keys</a></td>
    <td>Technion</td><td align="right">31</td></tr>
  <tr><td colspan="4">matches “factuality”</td></tr>
  <tr><td><button data="u|2">2</button></td><td>空架子还是丢钥匙：大模型的事实性</td><td>清华大学</td><td align="right">7</td></tr>
</table>
<h2>Method</h2>
<blockquote>We define <math>x^2</math>.<cite>§ 3</cite></blockquote>
<math display="block">\\frac{a}{b}</math>
<details><summary>Checklist</summary><ul><li>one</li><li>two<ol><li>inner</li></ol></li></ul></details>
<pre language="python">a &lt; b</pre>
<hr/>
<buttons><button data="x">Fold</button><button url="https://arxiv.org/pdf/1">PDF</button></buttons>
<footer>made automatically</footer>
"""


def line(latex: str) -> str:
    """A stand-in that is told apart from the LaTeX."""
    return f"⟨{latex}⟩"


def mathml(latex: str, block: bool) -> str:
    """Formulas as the command line writes them."""
    return convert(latex, display="block" if block else "inline")


def test_text_for_a_terminal() -> None:
    """A view reads well in a terminal: aligned columns, addresses, formulas in a line, no dead buttons."""
    text = plain_text(parse(VIEW), line, 80)
    assert "Wednesday\n=========" in text
    assert "See arXiv <https://arxiv.org>." in text
    assert "https://arxiv.org/abs/2602.14080v1" in text
    assert "    We define ⟨x^2⟩.\n    — § 3" in text
    assert "• two\n" in text
    assert "1. inner" in text
    assert "PDF: https://arxiv.org/pdf/1" in text
    assert "Fold" not in text
    heads = [one for one in text.splitlines() if one.endswith(("Heat", " 31", " 7"))]
    assert {cell_len(one) for one in heads} == {max(map(cell_len, heads))}


@pytest.mark.parametrize("width", [40, 64, 100])
def test_lines_keep_to_the_terminal(width: int) -> None:
    """No line is wider than the terminal, whatever the script or the length of a word."""
    long = parse(f"{VIEW}<p>{'字' * 300} {'x' * 300}</p><ul><li>{'🧪' * 100}</li></ul>")
    assert max(map(cell_len, plain_text(long, line, width).splitlines())) <= width


@pytest.mark.parametrize("width", [72, 80, 100, 200])
def test_addresses_in_a_table_stay_whole(width: int) -> None:
    """A table's other columns make room, since a broken address leads nowhere."""
    address, institution = "https://arxiv.org/abs/2602.14080v1", "<td>Deep Imagination Research and Co</td>"
    row = f'<tr><td>1</td><td><a href="{address}">Empty Shelves or Lost Keys</a></td>{institution * 2}<td>31</td></tr>'
    text = plain_text(parse(f"<table>{row * 2}</table>"), line, width)
    assert text.count(address) == 2
    assert max(map(cell_len, text.splitlines())) <= width


def test_markdown() -> None:
    """A view as Markdown: tables in GitHub's form, formulas in dollars, notes in their row."""
    text = markdown(parse(VIEW))
    assert text.startswith(
        "# Wednesday\n\n5 of **412** announced, because *GRPO* &amp; co. See [arXiv](<https://arxiv.org>)."
    )
    assert (
        "| No. | Paper | Institution | Heat |\n| --- | --- | --- | ---: |\n"
        "| 1 | [Empty Shelves \\| Lost Keys](<https://arxiv.org/abs/2602.14080v1>)<br>*matches “factuality”* | Technion | 31 |"
    ) in text
    assert "> We define $x^2$.\n>\n> — § 3" in text
    assert "$$\n\\frac{a}{b}\n$$" in text
    assert "**Checklist**\n\n- one\n- two\n\n  1. inner" in text
    assert "```python\na < b\n```" in text
    assert "[PDF](<https://arxiv.org/pdf/1>)" in text
    assert "Fold" not in text
    assert text.endswith("*made automatically*\n")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("# no heading", "\\# no heading"),
        ("## no heading", "\\## no heading"),
        ("- no list", "\\- no list"),
        ("2026. no list", "2026\\. no list"),
        ("---", "\\---"),
        (
            "*no* [link](x) `code` <b> $x$ a_b ~~s~~",
            "\\*no\\* \\[link\\](x) \\`code\\` \\<b\\> \\$x\\$ a\\_b \\~\\~s\\~\\~",
        ),
        ("&lt; stays", "&amp;lt; stays"),
    ],
)
def test_text_is_no_markdown(text: str, written: str) -> None:
    """What looks like Markdown in a title is shown as it is written."""
    assert markdown(parse(f"<p>{html.escape(text)}</p>")) == f"{written}\n"


def test_a_page_stands_alone() -> None:
    """The page asks nobody for anything, names its language, and has formulas as MathML."""
    page = webpage(parse(VIEW), mathml, "p { margin: 0 }", "zh", "目录")
    assert '<html lang="zh">' in page
    assert "<title>Wednesday</title>" in page
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in page
    assert '<td class="right">31</td>' in page
    assert "<details><summary>Checklist</summary>" in page
    assert not re.search(r"<(?:script|img|link|iframe)|@import|url\(", page)
    assert "u|1" not in page


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(max_examples=60)
@given(st.text(st.characters(codec=None), max_size=80))
def test_any_text_is_data_on_a_page(text: str) -> None:
    """Nothing that a text says becomes an element of the page."""
    escaped = html.escape(text)
    page = webpage(parse(f"<p>x{escaped}</p><p>y <math>{escaped}</math></p>"), mathml, "", "en", "Contents")
    tags = _Tags()
    tags.feed(page)
    assert not tags.found & {"script", "img", "iframe", "b", "i"}
    assert "".join(clean(text).split()) in "".join(tags.text.split())


def test_a_formula_cannot_smuggle_markup() -> None:
    """A converter that passes markup through is not believed: the formula is shown as its LaTeX."""
    evil = r"\text{<script>alert(1)</script>}"
    page = webpage(parse(f"<p>a <math>{html.escape(evil)}</math></p>"), mathml, "", "en", "Contents")
    assert "<script" not in page
    assert f"<code>{html.escape(evil)}</code>" in page


@pytest.mark.parametrize(
    "text",
    [
        "<math><script>x</script></math>",
        "<math><mi>x</mi>",
        "<svg/>",
        '<!DOCTYPE x [<!ENTITY a "b">]><math>&a;</math>',
        "no formula",
    ],
)
def test_what_is_no_mathml_is_refused(text: str) -> None:
    """Only well-formed presentation MathML comes through."""
    with pytest.raises(ValueError, match=r"."):
        safe_mathml(text)


def test_mathml_keeps_what_it_needs_and_loses_the_rest() -> None:
    """Handlers, annotations and unknown attributes are dropped; the formula stays."""
    given_text = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML" display="block" onclick="x()"><semantics><mi mathvariant="bold">a</mi>'
        "<annotation>a</annotation></semantics><mo>&lt;</mo></math>"
    )
    kept = safe_mathml(given_text)
    assert kept == '<math display="block"><semantics><mi mathvariant="bold">a</mi></semantics><mo>&lt;</mo></math>'
