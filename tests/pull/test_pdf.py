"""A PDF becomes a document, in a child process that can harm nobody."""

from __future__ import annotations

import asyncio
import re

import pypdfium2 as pdfium
import pytest

from bot.errors import Malformed
from bot.model import FullText, Source
from bot.pull.child import ChildReader, Limits
from bot.pull.fulltext import parse_html
from bot.pull.pdf.document import MISSING, document
from bot.pull.pdf.glyphs import page_glyphs
from bot.pull.pdf.hyphens import Vocabulary, text_of_lines
from tests.support import latexml, papers
from tests.support.pdfs import Pdf, locked, scanned

URL = "https://arxiv.org/pdf/2602.00001v1"
LONG = (
    "The retriever of this sentence is followed by the clas\u00adsi\u00adfier of the same sentence, and nothing in it is ever meant to be "
    "read by any\u00adbody but a test, which only asks whether its lines were put to\u00adgether again in the order they were written. "
)


def read(data: bytes, *, title: str = "", abstract: str = "") -> FullText:
    """The document of a PDF, read in this process."""
    opened = pdfium.PdfDocument(data)
    pages = [page_glyphs(opened, i) for i in range(len(opened))]
    return document(pages, URL, title=title, abstract=abstract)


def line(number: int, page: int) -> str:
    """A line of running text, different from every other."""
    word = "".join(chr(ord("a") + int(digit)) for digit in f"{number}{page}")
    return f"{word} begins line {number} of page {page}, which goes on with words until the edge of the page and {word}"


def texts(text: FullText) -> list[str]:
    """Every paragraph."""
    return [paragraph.text for section in text.sections for paragraph in section.paragraphs]


def plain(text: str) -> str:
    """A made-up text as it should be read."""
    return text.replace("\u00ad", "").strip()


# --------------------------------------------------------------------------- papers that pdflatex made


@pytest.mark.parametrize("name", papers.NAMES)
def test_a_paper_is_read_as_its_latex_says(name: str) -> None:
    """Sections, paragraphs in reading order, formulas, floats, references, abstract and institutions of papers in one
    and two columns are those of the LaTeX they were made from."""
    text, truth = read(papers.pdf(name)), papers.truth(name)
    titles = [section.title.casefold() for section in text.sections]
    expected = [title.casefold() for title in truth.sections]
    assert papers.agreement(expected, titles, lambda a, b: a == b) >= 0.93
    assert papers.agreement(truth.paragraphs, papers.paragraphs(text), papers.alike) >= 0.95
    assert sum(len(section.equations) for section in text.sections) == truth.equations
    assert sum(len(section.tables) for section in text.sections) == truth.tables
    assert sum(len(section.figures) for section in text.sections) == truth.figures
    assert len(text.references) == truth.references
    assert papers.alike(text.abstract, truth.abstract)
    assert text.institutions == ("Example State University", "Fixture Research Institute")
    assert (text.source, text.language, text.shortfall) == (Source.PDF, "en", "")
    assert text.pages == text.pages_read > 3


@pytest.mark.parametrize("name", papers.NAMES)
def test_a_table_of_a_pdf_is_a_grid(name: str) -> None:
    """Cells are told apart by where they stand."""
    for section in read(papers.pdf(name)).sections:
        for table in section.tables:
            assert table.header == (("Model", "Acc.", "F1", "Time"),)
            assert table.rows[-1] == ("Ours", "81.5", "77.8", "14 s")


@pytest.mark.parametrize("name", papers.NAMES)
def test_every_anchor_leads_to_its_page(name: str) -> None:
    """Anchors are unique and name a page of the file."""
    text = read(papers.pdf(name))
    anchors = [paragraph.anchor for section in text.sections for paragraph in section.paragraphs]
    assert len(anchors) == len(set(anchors))
    pages = [int(match[1]) for anchor in anchors if (match := re.fullmatch(r"p(\d+)\.\d+", anchor))]
    assert len(pages) == len(anchors)
    assert max(pages) <= text.pages


# --------------------------------------------------------------------------- pages a test wrote


def test_two_columns_are_read_one_after_the_other() -> None:
    """Also where the file writes them line by line across the page, and where the paragraph goes on in the second."""
    pdf = Pdf()
    pdf.word(200, 740, "A Title Across Both Columns", size=17, font="Times-Bold")
    pdf.word(60, 700, "1 Introduction", size=12, font="Times-Bold")
    left = [f"Left {i} is a line of running text that fills its column to the" for i in range(20)]
    right = [f"right {i} is a line of running text that fills its column to the" for i in range(20)]
    for i, (one, other) in enumerate(zip(left, right, strict=True)):
        pdf.line(60, 680 - 12 * i, one, to=295)
        pdf.line(320, 680 - 12 * i, other, to=555)
    assert texts(read(pdf.made())) == [" ".join([*left, *right])]


def test_divided_words_are_made_whole_and_compounds_keep_their_hyphen() -> None:
    """What a hyphen at the end of a line means is learnt from the rest of the document."""
    vocabulary = Vocabulary(
        ["a state-of-the-art pre-training run", "the optimization of a well known method", "x known y"]
    )
    joined = {
        ("opti-", "mization"): "optimization",
        ("state-of-the-", "art"): "state-of-the-art",
        ("pre-", "training"): "pre-training",
        ("Müller-", "Smith"): "Müller-Smith",
        ("self-", "attention"): "self-attention",
        ("GPT-", "4 wins"): "GPT-4 wins",
        ("see https://github.com/a/", "repo now"): "see https://github.com/a/repo now",
        ("我们提出一种", "新方法"): "我们提出一种新方法",
        ("pages 12–", "14"): "pages 12–14",
    }
    assert {parts: text_of_lines(list(parts), vocabulary) for parts in joined} == joined


def test_running_heads_page_numbers_and_the_stamp_are_no_text() -> None:
    """What stands on every page, and what runs up its side, is left out; a sentence goes on across it."""
    pdf = Pdf()
    for page in range(1, 5):
        pdf.turn_page()
        pdf.word(20, 300, "arXiv:2602.00001v1 [cs.LG] 17 Feb 2026", size=17, angle=90)
        pdf.word(200, 760, "A. Testwell et al.: Testing at Large", size=9)
        pdf.word(300, 30, str(page))
        for i in range(48):
            pdf.line(60, 720 - 12 * i, line(i, page), to=555)
    (paragraph,) = texts(read(pdf.made()))
    assert paragraph == " ".join(line(i, page) for page in range(1, 5) for i in range(48))


def test_a_footnote_does_not_cut_its_sentence() -> None:
    """Small print at the foot of a page is a paragraph of its own, without its mark; so is the mark in the text."""
    pdf = Pdf()
    for page in (1, 2):
        pdf.turn_page()
        for i in range(40):
            pdf.line(60, 720 - 12 * i, line(i, page), to=555)
        end = pdf.word(60, 240, "whereon")
        pdf.word(end, 243.5, "1", size=7)
        pdf.line(
            end + 8, 240, "a footnote is called in the middle of a sentence that goes on to the next page and", to=555
        )
        pdf.word(60, 103, "1", size=6)
        pdf.line(64, 100, f"The footnote of page {page} explains something at no great length.", size=8)
    read_texts = texts(read(pdf.made()))
    assert read_texts[-1] == "The footnote of page 2 explains something at no great length."
    assert any("whereon a footnote is called" in each and line(0, 2) in each for each in read_texts)


def test_a_display_formula_leaves_a_mark_in_its_paragraph() -> None:
    """Nobody can quote across a formula that a PDF has only as scattered characters; it is kept apart with its number."""
    pdf = Pdf()
    y = pdf.block(60, 700, LONG * 2 + "We minimise the following:", width=300)
    pdf.word(180, y - 10, "L = x + y", font="Times-Italic")
    pdf.word(345, y - 10, "(7)")
    y = pdf.block(60, y - 34, "where x is large. " + LONG, width=300)
    text = read(pdf.made())
    assert texts(text) == [plain(LONG * 2 + f"We minimise the following: {MISSING} where x is large. " + LONG)]
    (equation,) = [each for section in text.sections for each in section.equations]
    assert (equation.number, equation.text, equation.latex) == ("7", "L = x + y", "")


def test_a_caption_is_no_paragraph_but_a_sentence_on_a_figure_is() -> None:
    """What is written in and under a figure is left out of the text; "Figure 1 shows" begins a paragraph."""
    pdf = Pdf()
    y = pdf.block(60, 700, LONG * 2, width=300)
    for i, label in enumerate(("0.0", "epochs", "loss")):
        pdf.word(80 + 60 * i, y - 20 - 15 * i, label, size=7)
    y = pdf.block(60, y - 80, "Figure 1: Loss by epochs. " + plain(LONG), width=300, size=9, leading=11)
    y = pdf.block(60, y - 20, "Figure 1 shows the loss by epochs. " + LONG, width=300)
    text = read(pdf.made())
    assert texts(text) == [plain(LONG * 2), plain("Figure 1 shows the loss by epochs. " + LONG)]
    assert [f.caption for section in text.sections for f in section.figures] == [
        plain("Figure 1: Loss by epochs. " + LONG)
    ]


def test_text_beside_a_picture_is_one_paragraph() -> None:
    """Where all lines are short, a full stop at the end of one ends no paragraph."""
    pdf = Pdf()
    below = "it goes on below the picture, where the lines are long again. " + plain(LONG)
    y = pdf.block(60, 700, LONG * 3, width=440)
    for words in (
        "It begins beside a picture, where lines are short.",
        "Then another sentence fills its line as well and so",
    ):
        pdf.line(60, y, words, to=290)
        y -= 12
    pdf.block(60, y, below, width=440)
    beside = "It begins beside a picture, where lines are short. Then another sentence fills its line as well and so "
    assert texts(read(pdf.made())) == [plain(LONG * 3), beside + below]


def test_lines_of_an_algorithm_are_no_paragraphs() -> None:
    """Nor are those of a program; an address alone on its line is one of the text."""
    pdf = Pdf()
    pdf.turn_page()
    pdf.block(60, 700, LONG * 2, width=440)
    pdf.turn_page()
    pdf.word(60, 740, "Algorithm 1", font="Times-Bold")
    pdf.word(120, 740, "Training the retriever")
    for i, step in enumerate(
        ("Input: the set of papers and the rate of learning", "for each paper of the set do", "update the retriever")
    ):
        pdf.line(60, 725 - 12 * i, step)
    y = pdf.block(60, 660, LONG + "The program is at", width=440)
    pdf.line(60, y, "https://github.com/example/repo", font="Courier")
    y = pdf.block(60, y - 12, "and begins as follows here. " + LONG, width=440)
    pdf.line(60, y - 6, "def train(papers): return 1", font="Courier")
    assert texts(read(pdf.made()))[-1] == plain(
        LONG + "The program is at https://github.com/example/repo and begins as follows here. " + LONG
    )


def test_a_page_turned_on_its_side_is_read() -> None:
    """A page that is shown turned is read as shown."""
    pdf = Pdf()
    pdf.turn_page(rotation=90)
    for i in range(20):
        x = 60.0
        for word in f"Line {i} of a wide page goes on and on with many words until it ends".split():
            pdf.word(100 + 12 * i, x, word, angle=90)
            x += pdf.width(word + " ")
    (paragraph,) = texts(read(pdf.made()))
    assert paragraph.startswith("Line 0 of a wide page goes on and on with many words until it ends Line 1 of")


def test_without_headings_there_is_one_section_and_the_abstract_is_found_by_its_words() -> None:
    """A letter has paragraphs under no title; arXiv's own abstract tells where the paper's is."""
    pdf = Pdf()
    abstract = "We measure the affinity of retrievers and find that specification outperforms calibration by a wide margin in all trials."
    pdf.word(150, 740, "On the Affinity of Retrievers", size=14, font="Times-Bold")
    pdf.word(200, 715, "Ada Testwell")
    pdf.word(170, 700, "Example State University, Sampleton", size=9)
    y = pdf.block(90, 670, abstract, width=380, size=9, leading=11)
    y = pdf.block(60, y - 20, LONG * 3, width=440, indent=10)
    pdf.block(60, y, "Second. " + LONG * 3, width=440, indent=10)
    text = read(pdf.made(), title="On the Affinity of Retrievers", abstract=abstract)
    assert text.abstract == abstract
    assert texts(text) == [plain(LONG * 3), plain("Second. " + LONG * 3)]
    assert [section.title for section in text.sections] == [""]
    assert (text.author_lines, text.institutions) == (
        ("Ada Testwell", "Example State University, Sampleton"),
        ("Example State University",),
    )


def test_pictures_of_pages_are_told() -> None:
    """A scanned paper has no text, and says so."""
    assert read(scanned(3)).shortfall == "scanned"


def test_references_with_raised_numbers_and_no_heading_are_found() -> None:
    """As in many journals of physics: the list begins at a raised 1, with a raised 2 and 3 below."""
    pdf = Pdf()
    y = pdf.block(60, 740, LONG * 8, width=440, indent=10)
    y = pdf.block(60, y, "Second. " + LONG * 3, width=440, indent=10) - 20
    works = ("A. Author, J. Tests 1, 2 (2019).", "B. Writer, J. Tests 2, 3 (2020).", "C. Editor, J. Tests 3, 4 (2021).")
    for number, work in enumerate(works, 1):
        pdf.word(60, y + 3, str(number), size=6)
        pdf.line(64, y, work, size=9)
        y -= 11
    text = read(pdf.made())
    assert text.references == works
    assert texts(text) == [plain(LONG * 8), plain("Second. " + LONG * 3)]


# --------------------------------------------------------------------------- in a process of its own


async def test_the_child_reads_what_this_process_would() -> None:
    """The document comes back whole."""
    assert await ChildReader().pdf(papers.pdf("els"), URL) == read(papers.pdf("els"))


@pytest.mark.parametrize(
    ("data", "cause"),
    [
        (b"<html>Not found</html>", "broken"),
        (b"%PDF-1.5\nrubbish", "broken"),
        (scanned(2), "scanned"),
        (locked(), "encrypted"),
    ],
)
async def test_what_cannot_be_read_has_a_cause(data: bytes, cause: str) -> None:
    """Every PDF that gives no text says why."""
    with pytest.raises(Malformed) as caught:
        await ChildReader().pdf(data, URL)
    assert caught.value.detail == cause


async def test_a_long_page_is_read_by_a_child_as_well() -> None:
    """A page comes back as this process would read it, and one without a paper says so."""
    page = latexml.page(
        latexml.section("S1", "A", latexml.para("S1.p1", plain(LONG) + " Σ"), number="1"), abstract="B."
    )
    assert await ChildReader().html(page, URL) == parse_html(page, URL)
    with pytest.raises(Malformed) as caught:
        await ChildReader().html("<html>Wait</html>", URL)
    assert caught.value.detail == "no-document"


async def test_a_child_that_takes_too_long_is_killed() -> None:
    """The limit by the clock holds."""
    with pytest.raises(Malformed) as caught:
        await ChildReader(Limits(kill_after=0.02)).pdf(papers.pdf("ieee"), URL)
    assert caught.value.detail == "too-slow"


async def test_a_child_that_takes_too_much_memory_is_killed() -> None:
    """The limit of memory holds, whatever the system thinks of limits."""
    with pytest.raises(Malformed) as caught:
        await ChildReader(Limits(memory=8_000_000)).pdf(papers.pdf("ieee"), URL)
    assert caught.value.detail in ("too-slow", "crash")


async def test_without_a_child_there_is_a_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be started the bot goes on."""
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(Malformed) as caught:
        await ChildReader().pdf(papers.pdf("els"), URL)
    assert caught.value.detail == "crash"


async def test_a_long_paper_is_read_in_part_and_says_so() -> None:
    """The pages that were read are counted."""
    text = await ChildReader(Limits(pages=2)).pdf(papers.pdf("neurips"), URL)
    assert (text.shortfall, text.pages_read) == ("part", 2)
    assert text.pages > 2


async def test_nobody_who_gives_up_leaves_a_child_behind() -> None:
    """A caller that is cancelled takes its child with it, and the next one is served."""
    reader = ChildReader()
    waiting = asyncio.create_task(reader.pdf(papers.pdf("ieee"), URL))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await reader.pdf(papers.pdf("els"), URL)).pages > 3
