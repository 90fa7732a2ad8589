"""A paper's page becomes a document, or the abstract stands in for it, and the text says which."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import Malformed, Throttled, Unreachable
from bot.model import FullText, Section, Source
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts, abstract_only, parse_html
from bot.pull.tabular import plain_formula
from tests.support import latexml as ltx
from tests.support import papers
from tests.support.builders import paper
from tests.support.far_end import far_end
from tests.support.pdfs import locked, scanned
from tests.support.world import find_world

URL = "https://arxiv.org/html/2602.00001v1"
LONG = "The words of this paragraph are many, so that the page counts as one with a text in it. " * 4


def read(*body: str) -> FullText:
    """The document of a page with this body."""
    return parse_html(ltx.page(*body), URL)


def only(text: FullText, anchor: str) -> Section:
    """The section with this anchor."""
    return next(section for section in text.sections if section.anchor == anchor)


def paragraphs(text: FullText) -> list[tuple[str, str]]:
    """Every paragraph as (anchor, text)."""
    return [(p.anchor, p.text) for section in text.sections for p in section.paragraphs]


# --------------------------------------------------------------------------- sections and paragraphs


def test_sections_come_in_reading_order_with_number_level_and_anchor() -> None:
    """Sections, subsections and run-in headings are told apart by their level; each holds only its own paragraphs."""
    text = read(
        ltx.section(
            "S1",
            "Method",
            ltx.para("S1.p1", LONG),
            ltx.section("S1.SS1", "Index", ltx.para("S1.SS1.p1", "Ours."), number="1.1", kind="subsection"),
            ltx.section("S1.SS0.SSS0.Px1", "Aside.", ltx.para("S1.SS0.SSS0.Px1.p1", "Theirs."), kind="paragraph"),
            number="1",
        ),
        ltx.section(
            "A1",
            "Proofs",
            ltx.section("A1.SS1", "One", ltx.para("A1.SS1.p1", "P."), number="A.1", kind="subsection"),
            number="Appendix A",
            kind="appendix",
        ),
    )
    assert [(s.anchor, s.level, s.number, s.title, s.appendix) for s in text.sections] == [
        ("S1", 1, "1", "Method", False),
        ("S1.SS1", 2, "1.1", "Index", False),
        ("S1.SS0.SSS0.Px1", 4, "", "Aside", False),
        ("A1", 1, "A", "Proofs", True),
        ("A1.SS1", 2, "A.1", "One", True),
    ]
    assert [p.anchor for p in only(text, "S1").paragraphs] == ["S1.p1"]


def test_chapters_push_sections_down() -> None:
    """In a thesis a chapter is what a section is in a paper."""
    text = read(
        ltx.section(
            "Ch1",
            "Introduction",
            ltx.section("Ch1.S1", "Aim", ltx.para("Ch1.S1.p1", LONG), number="1.1"),
            number="Chapter 1",
            kind="chapter",
        )
    )
    assert [(s.level, s.number) for s in text.sections] == [(1, "1"), (2, "1.1")]


def test_formulas_stand_in_the_text_as_latex() -> None:
    """A formula is $LaTeX$ without its soft line breaks; a bare number is a number."""
    broken, number, k = (ltx.math(latex) for latex in ("x_{%\n1}", "28.4", "k"))
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", f"Let {broken} grow by {number} in {k}-means. {LONG}")))
    assert paragraphs(text)[0][1].startswith("Let $x_{1}$ grow by 28.4 in $k$-means. The words")


def test_a_paragraph_keeps_its_place_around_an_equation() -> None:
    """A display equation stands in its paragraph as $$LaTeX$$ and among the section's equations, with anchor, number
    and well-formed MathML."""
    shown = ltx.equation("S1.E1", r"a<b", "1", "<mi>a</mi><mo>&lt;</mo><mi>b</mi>")
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", "The bound is", shown, f"where all is well. {LONG}")))
    assert paragraphs(text)[0][1].startswith("The bound is $$a<b$$ where all is well.")
    (equation,) = only(text, "S1").equations
    assert (equation.anchor, equation.latex, equation.number) == ("S1.E1", "a<b", "1")
    assert "".join(ET.fromstring(equation.mathml).itertext()) == "a<b"  # noqa: S314 - our own page
    assert "alttext" not in equation.mathml


def test_the_rows_of_a_group_are_equations_and_continued_rows_are_not() -> None:
    """Each row that begins anew is an equation of its own; one with an empty left side goes on with the row above,
    unless both are numbered."""
    group = ltx.aligned(
        "S1.EGx1",
        ("S1.E1", "s", "=a", "1"),
        ("S1.Ex1", "", r"\geq b", ""),
        ("S1.E2", "w", "=c", "2"),
        ("S1.E3", "", "=d", "3"),
        ("S1.Ex2", "v", "=e", ""),
        ("S1.E4", "", "=f", "4"),
    )
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", LONG, group)))
    assert [(e.anchor, e.number, e.latex) for e in only(text, "S1").equations] == [
        ("S1.E1", "1", r"s =a \\ \geq b"),
        ("S1.E2", "2", "w =c"),
        ("S1.E3", "3", "=d"),
        ("S1.Ex2", "4", r"v =e \\ =f"),
    ]


def test_lists_and_theorems_keep_their_own_anchors() -> None:
    """The items of a list and the statement of a theorem are paragraphs that can be linked; a statement begins with its
    label, and so does an item whose label says something."""
    theorem = (
        '<div id="Thm1" class="ltx_theorem"><h6 class="ltx_title ltx_title_theorem"><span class="ltx_tag">Theorem 1</span> (Ours).</h6>'
        + ltx.para("Thm1.p1", "All is one.")
        + '</div><div class="ltx_proof"><h6 class="ltx_title ltx_title_proof">Proof.</h6>'
        + ltx.para("S1.p2", "Obvious. ∎")
        + "</div>"
    )
    text = read(
        ltx.section(
            "S1",
            "A",
            ltx.para(
                "S1.p1",
                LONG,
                ltx.items("S1.I1", "First.", "Second."),
                ltx.items("S1.I2", "It holds.", label="(A1)"),
                "After.",
            ),
            ltx.terms("S1.I3", ("Recall", "What is found."), ("Cost", "What it takes.")),
            theorem,
        )
    )
    assert [(a, t[:24]) for a, t in paragraphs(text)] == [
        ("S1.p1", LONG[:24]),
        ("S1.I1.i1.p1", "First."),
        ("S1.I1.i2.p1", "Second."),
        ("S1.I2.i1.p1", "(A1) It holds."),
        ("S1.p1", "After."),
        ("S1.I3.ix1.p1", "Recall: What is found."),
        ("S1.I3.ix2.p1", "Cost: What it takes."),
        ("Thm1.p1", "Theorem 1 (Ours). All is"),
        ("S1.p2", "Proof. Obvious."),
    ]


def test_an_equation_of_several_lines_is_one() -> None:
    """The rows of an aligned block within one equation are that equation, found by its own anchor."""
    group = ltx.aligned("S1.E2", ("S1.E2X", "a", "=1", "2"), ("S1.E2Xa", "b", "=2", ""), ("S1.E3", "c", "=3", "3"))
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", LONG, group)))
    assert [(e.anchor, e.number, e.latex) for e in only(text, "S1").equations] == [
        ("S1.E2", "2", r"a =1 \\ b =2"),
        ("S1.E3", "3", "c =3"),
    ]


def test_program_text_is_no_paragraph() -> None:
    """Listings, algorithms and verbatim blocks are left out; a word of code in a line stays."""
    code = '<pre class="ltx_verbatim">def f(x)</pre><div class="ltx_listing"><div class="ltx_listingline">x = 1</div></div>'
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", f'Call <code class="ltx_verbatim">f(x)</code>. {LONG}'), code))
    assert paragraphs(text) == [("S1.p1", f"Call f(x). {LONG.strip()}")]


def test_boxes_side_by_side_are_paragraphs_of_their_own() -> None:
    """What stands in a box is not run together with what stands beside it."""
    boxes = '<p class="ltx_p ltx_minipage">In the box.</p><p class="ltx_p">After the box.</p>'
    text = read(ltx.section("S1", "A", f'<div id="S1.p1" class="ltx_para"><p class="ltx_p">{LONG}</p>{boxes}</div>'))
    assert [t for _, t in paragraphs(text)] == [LONG.strip(), "In the box.", "After the box."]


def test_an_abstract_keeps_its_formulas() -> None:
    """Also those that are displayed."""
    text = parse_html(
        ltx.page(
            ltx.section("S1", "A", ltx.para("S1.p1", LONG)),
            abstract="We show " + ltx.equation("E0", "a=b") + " always.",
        ),
        URL,
    )
    assert text.abstract == "We show $$a=b$$ always."


def test_a_footnote_does_not_cut_its_sentence() -> None:
    """A footnote follows the paragraph as one of its own; other notes (thanks, running heads) are no text."""
    called = f"We use places{ltx.note('See ' + ltx.link('https://example.org/p') + ' for more.')} and times.{ltx.note('Running head', 2, 'shorttitle')} {LONG}"
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", called)))
    assert paragraphs(text)[0][1].startswith("We use places and times. The words")
    assert paragraphs(text)[1] == ("footnote1", "See https://example.org/p for more.")
    assert "Running" not in str(text.sections)


def test_citations_stand_as_the_page_shows_them() -> None:
    """A citation is part of the visible text."""
    text = read(
        ltx.section(
            "S1", "A", ltx.para("S1.p1", f"Known {ltx.cite(1, 2)} since {ltx.citep(('Brown et al.', 2020))}. {LONG}")
        )
    )
    assert paragraphs(text)[0][1].startswith("Known [1, 2] since (Brown et al., 2020). The")


def test_what_could_not_be_converted_is_marked() -> None:
    """Unknown commands and missing labels leave U+FFFD behind, so that nobody quotes the hole."""
    hole = '<span class="ltx_ERROR undefined">\\foo</span>x and Table <span class="ltx_ref ltx_missing_label">LABEL:t</span>'
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", f"See {hole}. {LONG}")))
    assert paragraphs(text)[0][1].startswith("See \ufffdx and Table \ufffd. The")


def test_what_surrounds_the_paper_is_no_text() -> None:
    """Header, contents and footer, the author block and what stands before the title are left out."""
    text = parse_html(
        ltx.page(
            ltx.section("S1", "Only Section", ltx.para("S1.p1", LONG)),
            chrome=True,
            authors=ltx.authors_in_lines("Ada Testwell"),
            before=ltx.para("p1", "Left over from the title page."),
        ),
        URL,
    )
    assert [s.title for s in text.sections] == ["Only Section"]
    assert "left over" not in str(text.sections).lower()
    assert "Report Issue" not in str(text)


def test_a_letter_without_sections_is_one_section_without_title() -> None:
    """Text that stands under no heading is still read, in a section of its own."""
    text = read(ltx.para("p1", LONG), ltx.para("p2", "We find that", ltx.equation("S0.E1", "a=b", "1")))
    assert [(s.anchor, s.title, len(s.paragraphs), len(s.equations)) for s in text.sections] == [("", "", 2, 1)]


def test_an_abstract_without_its_mark_is_found_by_its_title() -> None:
    """A section titled "Abstract" is the abstract where the page marks none."""
    text = read(
        ltx.section("Sx1", "Abstract", ltx.para("Sx1.p1", "In short.")),
        ltx.section("S1", "Introduction", ltx.para("S1.p1", LONG)),
    )
    assert text.abstract == "In short."
    assert [s.title for s in text.sections] == ["Introduction"]


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("We show that the method of this paper is better than that which is used in the field and by others.", "en"),
        ("Wir zeigen, dass die Methode nicht nur für das Feld ist und der Fehler von uns mit den anderen wird.", "de"),
        ("Nous montrons que la méthode est pour les cas dans lesquels le choix des poids sur une base est fait.", "fr"),
        ("我们证明该方法优于其他方法，并在多个数据集上进行了实验，结果表明其有效性。", "zh"),
        ("Мы показываем, что метод лучше других и что ошибка убывает со временем.", "ru"),
        ("Qwx zpt", ""),
    ],
)
def test_a_text_says_its_language(words: str, language: str) -> None:
    """So that a card can tell whoever does not read it."""
    assert read(ltx.section("S1", "A", ltx.para("S1.p1", f"{words} " * 12))).language == language


def test_references_are_no_section() -> None:
    """The list of references comes by itself, entry by entry."""
    text = read(
        ltx.section("S1", "A", ltx.para("S1.p1", LONG)),
        ltx.references("A. Author. Tests. 2019.", "B. Author. More tests. 2021."),
    )
    assert text.references == ("[1] A. Author. Tests. 2019.", "[2] B. Author. More tests. 2021.")
    assert [s.title for s in text.sections] == ["A"]


def test_links_are_those_of_the_text() -> None:
    """Linked and merely written addresses count; those of references, authors and the page itself do not."""
    body = f"Code: {ltx.link('https://github.com/a/b')}. Data at https://zenodo.org/record/1, or github.com/c/d. See {ltx.link('https://arxiv.org/html/2602.00001v1#S3', 'Section 3')}. {LONG}"
    text = parse_html(
        ltx.page(
            ltx.section("S1", "A", ltx.para("S1.p1", body)),
            ltx.references(f"B. {ltx.link('https://doi.org/1')}"),
            authors=ltx.authors_in_lines(ltx.link("https://home.example")),
        ),
        URL,
    )
    assert text.links == ("https://github.com/a/b", "https://zenodo.org/record/1", "https://github.com/c/d")


# --------------------------------------------------------------------------- floats


def test_a_table_is_a_grid() -> None:
    """Spans are filled in, so that every number has its labels in its own row and column."""
    inner = ltx.tabular(
        [
            ["^2|Model", "^2|Memory", "2|ALFWorld"],
            ["SR " + ltx.math(r"\uparrow"), "Tokens"],
            ["^2|Llama", "None", "41.2 " + ltx.math(r"\pm") + " 0.8", "18k"],
            ["Ours", "<b>53.7</b>" + ltx.math(r"{}_{\pm 1.1}"), "6k"],
        ]
    )
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", LONG), ltx.table("S1.T1", "Success rate.", inner)))
    (table,) = only(text, "S1").tables
    assert (table.anchor, table.caption) == ("S1.T1", "Table 1: Success rate.")
    assert table.header == (("Model", "Memory", "ALFWorld", "ALFWorld"), ("Model", "Memory", "SR ↑", "Tokens"))
    assert table.rows == (("Llama", "None", "41.2 ± 0.8", "18k"), ("Llama", "Ours", "53.7±1.1", "6k"))


def test_a_marked_header_is_believed() -> None:
    """Where the page marks header cells, numbers in them do not make them body."""
    inner = ltx.tabular([["Year", "2019", "2020"], ["Count", "1", "2"]], header=1)
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", LONG), ltx.table("S1.T1", "C.", inner)))
    assert only(text, "S1").tables[0].header == (("Year", "2019", "2020"),)


def test_tables_side_by_side_have_their_own_captions() -> None:
    """Two tabulars with two captions in one float are two tables."""
    caption = '<figcaption class="ltx_caption">Table 2: Second.</figcaption>'
    left, right = ltx.tabular([["a", "b"], ["x", "1"]]), ltx.tabular([["c", "d"], ["y", "2"]])
    text = read(ltx.section("S1", "A", ltx.para("S1.p1", LONG), ltx.table("S1.T1", "First.", caption, left, right)))
    assert [(t.caption, t.rows) for t in only(text, "S1").tables] == [
        ("Table 1: First.", (("x", "1"),)),
        ("Table 2: Second.", (("y", "2"),)),
    ]


def test_figures_and_their_panels_have_captions() -> None:
    """A figure with panels gives its own caption and theirs; a table within a figure is a table."""
    panels = ltx.figure("S1.F1.sf1", "(a) Recall."), ltx.figure("S1.F1.sf2", "(b) Cost.")
    text = read(
        ltx.section(
            "S1",
            "A",
            ltx.para("S1.p1", LONG),
            ltx.figure("S1.F1", "Figure 1: Both.", *panels),
            ltx.figure("S1.F2", "Figure 2: Numbers.", ltx.tabular([["a", "b"], ["x", "1"]])),
        )
    )
    section = only(text, "S1")
    assert [f.caption for f in section.figures] == ["Figure 1: Both.", "(a) Recall.", "(b) Cost."]
    assert [(t.anchor, t.caption) for t in section.tables] == [("S1.F2", "Figure 2: Numbers.")]


@pytest.mark.parametrize(
    ("latex", "shown"),
    [
        (r"86.2\pm 0.5", "86.2±0.5"),
        (r"\mathbf{71.4}", "71.4"),
        (r"{}^{\dagger}", "†"),
        (r"12\%", "12%"),
        (r"\uparrow", "↑"),
        (r"\mathbf{x^{2}}", r"$\mathbf{x^{2}}$"),
        (r"\alpha", r"$\alpha$"),
    ],
)
def test_simple_formulas_of_cells_are_plain(latex: str, shown: str) -> None:
    """A number with its error bar is plain text in a table; what plain text cannot say stays LaTeX."""
    assert plain_formula(latex) == shown


# --------------------------------------------------------------------------- pages that are no papers


def test_a_page_of_something_else_is_malformed() -> None:
    """A challenge page with status 200 is no paper."""
    with pytest.raises(Malformed) as caught:
        parse_html("<html><body><h1>Checking your browser…</h1></body></html>", URL)
    assert caught.value.detail == "no-document"


def test_a_shell_around_a_pdf_is_malformed() -> None:
    """Some pages say only "See pages 1-last of …"; they have no text to read."""
    with pytest.raises(Malformed) as caught:
        parse_html('<div class="ltx_document"><p class="ltx_p">See pages 1-last of main.pdf</p></div>', URL)
    assert caught.value.detail == "no-text"


MARKUP = """
<section class=ltx_section>|</section>|<div class=ltx_para>|</div>|<p class=ltx_p>|<math alttext='x'>|</math>|<td>|<tr>
<table class=ltx_equation>|</table>|<figure class=ltx_table>|<figcaption>|<span class=ltx_note>|<span class=ltx_ERROR>
<h2 class=ltx_title>|<td colspan=99999>|<table class=ltx_tabular>|<li class=ltx_bibitem>|<cite>|text| $5 |\ue0001\ue001
<br>|&amp;|<math display=block>|<ul>|<nav>|<math alttext='a<b'>|<span class='ltx_note ltx_role_footnote'>|</figure>
"""


@given(st.lists(st.sampled_from(MARKUP.replace("\n", "|").split("|")), max_size=40))
def test_no_markup_makes_it_crash(pieces: list[str]) -> None:
    """Whatever the page, there is a document or a Malformed."""
    html = f'<div class="ltx_document"><h1 class="ltx_title_document">T</h1>{"".join(pieces)}</div>'
    try:
        text = parse_html(html, URL)
    except Malformed:
        return
    assert text.source is Source.HTML


@pytest.mark.parametrize(
    ("source", "anchor", "address"),
    [
        (Source.HTML, "S3.p1", "https://arxiv.org/x#S3.p1"),
        (Source.HTML, "", "https://arxiv.org/x"),
        (Source.PDF, "p12.3", "https://arxiv.org/x#page=12"),
        (Source.PDF, "", "https://arxiv.org/x"),
        (Source.ABSTRACT, "abstract", "https://arxiv.org/x"),
    ],
)
def test_a_place_has_an_address(source: Source, anchor: str, address: str) -> None:
    """An anchor of a page leads to its paragraph, one of a PDF to its page, none to the whole."""
    assert source.link("https://arxiv.org/x", anchor) == address


# --------------------------------------------------------------------------- fetching


@asynccontextmanager
async def served(body: str, status: int = 200, **headers: str) -> AsyncIterator[tuple[FullTexts, list[str]]]:
    """Full texts from an arXiv that answers every request like this, and the paths it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text=body, status=status, content_type="text/html", headers=headers)

    async with far_end(answer) as url, Client(arxiv_delay=0) as client:
        yield FullTexts(client, url), asked


async def test_the_page_of_the_very_version_is_read() -> None:
    """The HTML of the paper's own version is fetched, and its address is the one the anchors belong to."""
    html = ltx.page(ltx.section("S1", "A", ltx.para("S1.p1", LONG)), abstract="In short.")
    async with served(html) as (texts, asked):
        text = await texts.fetch(paper(7, version=3))
    assert asked == ["/html/2602.00007v3"]
    assert (text.source, text.abstract) == (Source.HTML, "In short.")
    assert text.url.endswith("/html/2602.00007v3")


async def test_a_page_without_abstract_borrows_the_metadata_s() -> None:
    """Where the page has no abstract, arXiv's own is taken."""
    async with served(ltx.page(ltx.section("S1", "A", ltx.para("S1.p1", LONG)))) as (texts, _):
        text = await texts.fetch(paper(7, abstract="From  the\nlisting."))
    assert (text.source, text.abstract) == (Source.HTML, "From the listing.")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 404),
        ("<html><body>Please wait</body></html>", 200),
        ('<div class="ltx_document">See main.pdf</div></html>', 200),
    ],
)
async def test_without_a_readable_page_the_abstract_stands_in(body: str, status: int) -> None:
    """No HTML, a page of something else, or a shell around a PDF: the abstract, and the text says so."""
    async with served(body, status) as (texts, _):
        text = await texts.fetch(paper(7, abstract="In short."))
    assert (text.source, text.abstract, text.sections) == (Source.ABSTRACT, "In short.", ())
    assert text.url.endswith("/abs/2602.00007v1")


async def test_html_that_the_listing_denies_is_not_asked_for() -> None:
    """What the listing said about HTML is believed; only the PDF is asked for."""
    async with served("", 404) as (texts, asked):
        text = await texts.fetch(paper(7, has_html=False))
    assert (text.source, text.shortfall, asked) == (Source.ABSTRACT, "no-text", ["/pdf/2602.00007v1"])


@pytest.mark.parametrize(
    ("comments", "abstract"),
    [
        ("This paper has been withdrawn by the author due to a crucial error in equation 3", "We prove it."),
        ("withdrawn", "We prove it."),
        ("", "This submission has been withdrawn by arXiv administrators due to overlap with other work."),
    ],
)
async def test_a_withdrawn_paper_is_its_notice(comments: str, abstract: str) -> None:
    """Nothing is asked for, and the notice is kept in its own words."""
    async with served("", 404) as (texts, asked):
        text = await texts.fetch(paper(7, comments=comments, abstract=abstract))
    assert (text.source, text.shortfall, asked) == (Source.ABSTRACT, "withdrawn", [])
    assert text.withdrawn == (comments or abstract)


@pytest.mark.parametrize("comments", ["12 pages; we study withdrawn products", "Accepted at the Withdrawal Workshop"])
async def test_a_paper_about_withdrawal_is_not_withdrawn(comments: str) -> None:
    """The word alone is no notice."""
    async with served("", 404) as (texts, asked):
        text = await texts.fetch(paper(7, comments=comments))
    assert (text.withdrawn, len(asked)) == ("", 2)


@asynccontextmanager
async def library(html: str | None, pdf: bytes | None) -> AsyncIterator[tuple[FullTexts, list[str]]]:
    """Full texts from an arXiv that has of every paper this page and this PDF, and the paths it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.path.startswith("/html/") and html is not None:
            return web.Response(text=html, content_type="text/html")
        if request.path.startswith("/pdf/") and pdf is not None:
            return web.Response(body=pdf, content_type="application/pdf")
        return web.Response(status=404)

    async with far_end(answer) as url, Client(arxiv_delay=0) as client:
        yield FullTexts(client, url), asked


@pytest.mark.parametrize("html", [None, '<div class="ltx_document">See pages 1-last of main.pdf</div></html>'])
async def test_without_html_the_pdf_is_read(html: str | None) -> None:
    """No page, or a shell around a PDF: the PDF is read, and the text says so and leads to its pages."""
    async with library(html, papers.pdf("els")) as (texts, asked):
        text = await texts.fetch(paper(7, version=2))
    assert asked == ["/html/2602.00007v2", "/pdf/2602.00007v2"]
    assert (text.source, text.shortfall, text.pages) == (Source.PDF, "", 4)
    assert text.url.endswith("/pdf/2602.00007v2")
    assert text.institutions == ("Example State University", "Fixture Research Institute")


async def test_a_page_full_of_holes_gives_way_to_the_pdf() -> None:
    """A conversion that failed in many places is not fit to be quoted; where there is no PDF it is better than none."""
    hole = '<span class="ltx_ERROR undefined">\\foo</span>'
    page = ltx.page(*(ltx.section(f"S{i}", "A", ltx.para(f"S{i}.p1", f"Broken {hole} words.")) for i in range(40)))
    async with library(page, papers.pdf("els")) as (texts, _):
        assert (await texts.fetch(paper(7))).source is Source.PDF
    async with library(page, None) as (texts, _):
        assert (await texts.fetch(paper(7))).source is Source.HTML


@pytest.mark.parametrize(
    ("pdf", "cause"),
    [(None, "no-text"), (scanned(2), "scanned"), (locked(), "encrypted"), (b"<html>Sorry</html>", "broken")],
)
async def test_the_abstract_says_why_there_is_no_more(pdf: bytes | None, cause: str) -> None:
    """What kept the paper from being read is a fact of the text."""
    async with library(None, pdf) as (texts, _):
        text = await texts.fetch(paper(7, abstract="In short."))
    assert (text.source, text.shortfall, text.abstract) == (Source.ABSTRACT, cause, "In short.")


async def test_an_endless_pdf_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download beyond the limit is broken off."""
    monkeypatch.setattr("bot.pull.fulltext.MOST_PDF_BYTES", 1000)
    async with library(None, papers.pdf("els")) as (texts, _):
        assert (await texts.fetch(paper(7))).shortfall == "too-large"


async def test_a_long_page_is_parsed_by_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads the same, and no chat waits for it."""
    monkeypatch.setattr("bot.pull.fulltext._LONGEST_IN_THREAD", 10)
    html = ltx.page(ltx.section("S1", "A", ltx.para("S1.p1", LONG)), abstract="In short.")
    async with library(html, None) as (texts, _):
        text = await texts.fetch(paper(7))
    assert text == parse_html(html, text.url)


async def test_half_a_page_is_no_page() -> None:
    """A page that breaks off is an error, never half a paper."""
    html = ltx.page(*(ltx.section(f"S{i}", "A", ltx.para(f"S{i}.p1", LONG)) for i in range(20)))
    async with served(html[: len(html) // 2]) as (texts, _):
        with pytest.raises(Malformed) as caught:
            await texts.fetch(paper(7))
    assert caught.value.detail == "truncated"


async def test_throttling_is_no_missing_page() -> None:
    """When arXiv asks us to wait, nobody is told that the paper has no HTML."""
    async with served("", 429) as (texts, _):
        with pytest.raises(Throttled):
            await texts.fetch(paper(7))


async def test_an_unreachable_arxiv_is_no_missing_page() -> None:
    """Nor when it does not answer."""
    async with served("", 500) as (texts, _):
        with pytest.raises(Unreachable):
            await texts.fetch(paper(7))


def test_the_abstract_alone_still_has_its_links() -> None:
    """Addresses in abstract and comments are links of the text."""
    text = abstract_only(paper(7, abstract="Code: https://github.com/a/b.", comments="See https://a.example/x"))
    assert text.links == ("https://github.com/a/b", "https://a.example/x")


# --------------------------------------------------------------------------- real LaTeXML pages


def synthetic_pages() -> list[tuple[Path, Path]]:
    """The world's pages made by LaTeXML, each with its LaTeX."""
    program = find_world()
    if program is None:
        return []
    folder = program.parent / "synthetic"
    return [(page, folder / "tex" / f"{page.stem}.tex") for page in sorted((folder / "html").glob("*.html"))]


@pytest.mark.skipif(not synthetic_pages(), reason="needs the replay world")
@pytest.mark.parametrize("place", range(6))
def test_every_section_and_equation_of_the_source_is_found(place: int) -> None:
    """On pages of five classes the outline and the display equations are those of the LaTeX they were made from."""
    page, source = synthetic_pages()[place]
    latex = source.read_text("utf-8")
    text = parse_html(page.read_text("utf-8"), URL)
    headings = re.findall(r"\\(?:sub)*section\*?\{([^}]*)\}", latex)
    assert [section.title for section in text.sections] == headings
    assert sum(len(section.equations) for section in text.sections) == latex.count(r"\begin{equation}")
    assert sum(len(section.tables) for section in text.sections) == latex.count(r"\begin{tabular}")
    assert len(text.references) == latex.count(r"\bibitem")
