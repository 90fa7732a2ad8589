from __future__ import annotations

import re
from datetime import date

import pytest
from selectolax.lexbor import LexborHTMLParser

from bot.model import Kind
from bot.playground import sample_fulltext
from bot.playground.sample_day import NEWEST, SamplePaper, load
from bot.pull import latexml

SAMPLE = load()
FULL = [listed for listed in SAMPLE.papers if listed.paper.has_html and listed.paper.version == 1]
REAL = {"2602.14080", "2602.14979", "2602.15922", "2602.16301", "2602.15989"}


def page_of(listed: SamplePaper) -> str:
    """The HTML page of a paper that has a full text."""
    return sample_fulltext.page(listed.paper, sample_fulltext.read(listed.source.read_text("utf-8")))


def test_invented_papers_say_what_they_are() -> None:
    """Ids that arXiv never gave, the marker in title and comments, and a sentence in the abstract; the five real
    papers have none of these."""
    for listed in SAMPLE.papers:
        paper = listed.paper
        marks = (
            paper.id.startswith("2602.99"),
            paper.title.endswith("[sample]"),
            paper.comments.startswith("[sample]"),
            paper.abstract.endswith("no such paper exists, and its numbers are made up.)"),
        )
        assert set(marks) == {listed.invented}, paper.id
        assert listed.invented != (paper.id in REAL)
        assert listed.invented or paper.abstract.endswith("own words; the authors' abstract is on arXiv.)")


def test_the_day_is_varied() -> None:
    """About forty invented papers and the five real ones; every big category has new papers and cross-lists."""
    ids = {listed.paper.id for listed in SAMPLE.papers}
    assert ids >= REAL
    assert 38 <= len(ids - REAL) <= 45
    assert len(FULL) >= 8
    assert SAMPLE.days == (date(2026, 2, 18), NEWEST)
    for category in ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO"):
        kinds = [kind for kind, _ in SAMPLE.listing(category, NEWEST)]
        assert kinds.count(Kind.NEW) >= 5, category
        assert kinds.count(Kind.CROSS) >= 2, category
    titles = " ".join(listed.paper.title for listed in SAMPLE.papers)
    assert all(awkward in titles for awkward in ("<", "&", "$", "🔒", "كلمات"))


def test_replacements_are_second_versions() -> None:
    """Some papers of the first day come again on the second, as version 2, in all their categories."""
    again = [entry for kind, entry in SAMPLE.listing("cs", NEWEST) if kind is Kind.REPLACE]
    assert [entry.paper.versioned_id for entry in again] == ["2602.99001v2", "2602.99003v2", "2602.99006v2"]
    assert set(SAMPLE.versions("2602.99001", NEWEST)) == {1, 2}
    assert set(SAMPLE.versions("2602.99001", date(2026, 2, 18))) == {1}
    assert SAMPLE.versions("2602.99009", date(2026, 2, 18)) == {}


def test_an_archive_shows_a_paper_once() -> None:
    """A paper of cs.CL that is cross-listed to cs.LG is one new paper of cs."""
    listed = SAMPLE.listing("cs", NEWEST)
    ids = [entry.paper.id for _, entry in listed]
    assert len(ids) == len(set(ids))
    assert {kind for kind, _ in listed} == {Kind.NEW, Kind.REPLACE}
    crossing = [(kind, entry.paper.id) for kind, entry in SAMPLE.listing("stat", NEWEST)]
    assert crossing == [(Kind.CROSS, f"2602.990{number}") for number in (11, 14, 30)]


@pytest.mark.parametrize("listed", FULL, ids=lambda listed: listed.paper.id)
def test_full_texts_have_what_cards_are_made_of(listed: SamplePaper) -> None:
    """The bot's own reader finds sections, anchored paragraphs, formulas with MathML, a table and references."""
    text = latexml.parse(page_of(listed), f"https://arxiv.org/html/{listed.paper.versioned_id}")
    assert text.abstract == listed.paper.abstract
    titles = [section.title for section in text.sections]
    assert titles[0] == "Introduction"
    assert len(titles) >= 5
    assert text.sections[0].paragraphs[0].anchor == "S1.p1"
    anchors = [p.anchor for section in text.sections for p in section.paragraphs]
    assert all(re.fullmatch(r"S\d+(\.SS\d+)?\.p\d+", anchor) for anchor in anchors)
    equations = [equation for section in text.sections for equation in section.equations]
    assert equations
    for equation in equations:
        assert equation.number.isdigit()
        formula = LexborHTMLParser(equation.mathml).css_first("math")
        assert formula is not None
        assert formula.css("mi, mn, mtext")
    tables = [table for section in text.sections for table in section.tables]
    assert tables
    assert all(table.caption and len(table.rows) >= 3 for table in tables)
    assert all(len(row) == len(table.header[0]) for table in tables for row in table.rows)
    assert text.references


def test_full_texts_differ_where_papers_differ() -> None:
    """Author blocks in eight markups, formulas with cases, a code link, and pages without a limitations section."""
    sources = [sample_fulltext.read(listed.source.read_text("utf-8")) for listed in FULL]
    assert {source.style for source in sources} == set(sample_fulltext.AUTHOR_BLOCKS)
    texts = {p.paper.id: latexml.parse(page_of(p), "https://arxiv.org/html/x") for p in FULL}
    latex = " ".join(e.latex for text in texts.values() for s in text.sections for e in s.equations)
    assert latex.count("\\begin{cases}") >= 5
    assert "https://example.org/ags" in texts["2602.99009"].links
    titles = {paper_id: " ".join(s.title.lower() for s in text.sections) for paper_id, text in texts.items()}
    assert len({paper_id for paper_id, joined in titles.items() if "limitation" not in joined}) >= 3
    assert len({paper_id for paper_id, joined in titles.items() if "ablation" in joined}) == 1


def test_institutions_are_found_in_every_markup() -> None:
    """The bot's own reader finds what each author block states, and nothing where nothing is stated."""
    stated = {p.paper.id: latexml.parse(page_of(p), "https://arxiv.org/html/x").institutions for p in FULL}
    assert stated == {
        "2602.99009": ("Northfield University", "Institute for Learning Systems", "Harbour AI Research"),
        "2602.99010": ("University of Lake Tana", "Vistula Institute of Technology", "Linjiang University"),
        "2602.99014": ("University of Wendland", "Malabar Institute of Science"),
        "2602.99016": ("Linjiang University", "Alpine Technical University", "Tideway Labs"),
        "2602.99018": ("Deccan University", "Lindholm University", "Linjiang University"),
        "2602.99019": (),
        "2602.99027": ("University of Wendland", "Kestrel Labs"),
        "2602.99032": ("Kestrel Vision", "Levant Institute of Imaging"),
        "2602.99038": ("Lindholm University", "Tideway Robotics", "临江大学机器人研究院"),
    }


def test_the_source_format_is_read_as_described() -> None:
    """Every kind of block becomes its markup; paragraphs go on after a formula."""
    listed = FULL[0]
    source = sample_fulltext.read(
        "style: plain\nauthor: A | | |\n\n# One <two>\n\nText & $a<b$ **bold** *em* [1] https://e.org/x.\n\n"
        "$$\nx=1\n$$\n\n~ where $x$ is.\n\n## Sub\n\n| caption: C\n| a | b |\n| 1 | **2** |\n\n!figure F\n\n"
        "# References\n\n[1] R."
    )
    text = latexml.parse(sample_fulltext.page(listed.paper, source), "https://arxiv.org/html/x")
    one, sub = text.sections
    assert (one.anchor, one.number, one.title) == ("S1", "1", "One <two>")
    first = "Text & $a<b$ bold em [1] https://e.org/x."
    assert one.paragraphs[0].text.startswith(first)
    assert "where $x$ is." in one.paragraphs[0].text
    assert [(e.latex, e.number) for e in one.equations] == [("x=1", "1")]
    assert (sub.anchor, sub.number, sub.title) == ("S1.SS1", "1.1", "Sub")
    assert [(t.caption, t.header, t.rows) for t in sub.tables] == [("Table 1: C", (("a", "b"),), (("1", "2"),))]
    assert [f.caption for f in sub.figures] == ["Figure 1: F"]
    assert text.links == ("https://e.org/x",)
    assert len(text.references) == 1
