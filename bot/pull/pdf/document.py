"""The classified lines of a PDF → a document: sections, paragraphs, tables, figures, references, author block."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.model import Equation, Figure, FullText, Paragraph, Section, Source, Table
from bot.pull import institutions
from bot.pull.addresses import addresses
from bot.pull.languages import language_of
from bot.pull.pdf.entries import entries, first_entry
from bot.pull.pdf.front import KEYWORDS, MAIL, front_of, institutions_of, one_line
from bot.pull.pdf.glyphs import PageGlyphs
from bot.pull.pdf.grid import grid
from bot.pull.pdf.headings import Heading, Headings, run_in
from bot.pull.pdf.hyphens import Vocabulary, text_of_lines
from bot.pull.pdf.layout import Body, Kind, Row, Sheet, is_prose, sheets_of, starts_note
from bot.pull.pdf.lines import text_of
from bot.pull.pdf.paragraphs import Open, has_indents

MISSING = "\ufffd"  # stands where a display formula was: nobody quotes across it
SCANNED = 60  # characters a page; pictures of pages carry but arXiv's stamp
_SAMPLE = 20_000  # characters that tell the language

_CONTENTS = frozenset(
    ("contents", "table of contents", "list of figures", "list of tables", "目录", "inhaltsverzeichnis")
)
_NO_SECTION = _CONTENTS | {"ccs concepts", "keywords", "key words", "index terms", "acm reference format", "abstract"}
_EQUATION_NUMBER = re.compile(r"\((?P<number>(?:[A-Z]{1,2}\.?)?\d{1,3}(?:\.\d{1,3})*[a-z]?)['′*]?\)$")
_DOTS = re.compile(r"(?:\.\s?){4,}\s*\d+$|(?:\.\s?){8,}$")
_TO_A_NUMBER = re.compile(r"(?:.*\s)?\d{1,3}")
_MARK = re.compile(r"^(?:\d{1,2}|[∗*†‡§¶])\s*(?=[A-Z“\"(h])")
_OF_AUTHORS = re.compile(
    r"equal(?:ly)? contribut|correspond|permission to make|proceedings of|copyright|under review|preprint|work done|thanks",
    re.IGNORECASE,
)
_APPENDIX = re.compile(r"appendi|supplement|附录", re.IGNORECASE)


def document(pages: Sequence[PageGlyphs], url: str, *, title: str = "", abstract: str = "", total: int = 0) -> FullText:
    """The document of a PDF's pages; `title` and `abstract` are arXiv's, which help to find them; `total` counts the
    file's pages where not all were read. Pictures of pages give a text with the shortfall "scanned"."""
    total = total or len(pages)
    if sum(len(page.glyphs) for page in pages) < SCANNED * max(1, len(pages)):
        return FullText(Source.PDF, url, "", shortfall="scanned", pages=total, pages_read=len(pages))
    sheets, body = sheets_of(pages)
    reader = _Reader(sheets, body, title, abstract)
    reader.read()
    sections = tuple(part.closed() for part in reader.parts if not part.empty)
    texts = [reader.abstract, *(p.text for s in sections for p in s.paragraphs)]
    linked = (target for page in pages for target, x, y in page.links if not reader.is_apart(page.number, x, y))
    written = (address for text in texts for address in addresses(text))
    return FullText(
        source=Source.PDF,
        url=url,
        abstract=reader.abstract,
        sections=sections,
        references=tuple(reader.references),
        links=tuple(dict.fromkeys([*linked, *written])),
        author_lines=reader.author_lines,
        institutions=reader.institutions,
        language=language_of(" ".join(texts)[:_SAMPLE]),
        pages=total,
        pages_read=len(pages),
        shortfall="part" if total > len(pages) else "",
    )


@dataclass(slots=True)
class _Part:
    """A section that is being read."""

    anchor: str
    heading: Heading
    appendix: bool = False
    paragraphs: list[Paragraph] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def closed(self) -> Section:
        return Section(
            self.anchor,
            self.heading.level,
            self.heading.number,
            self.heading.title,
            tuple(self.paragraphs),
            tuple(self.equations),
            tuple(self.tables),
            tuple(self.figures),
            self.appendix,
        )

    @property
    def empty(self) -> bool:
        return not (self.heading.title or self.paragraphs or self.equations or self.tables or self.figures)


class _Reader:
    """Reads the rows of a document one after the other."""

    def __init__(self, sheets: Sequence[Sheet], body: Body, title: str, abstract: str) -> None:
        self._sheets, self._body = sheets, body
        rows = [row for sheet in sheets for row in sheet.rows]
        self._vocabulary = Vocabulary(row.line.text for row in rows if row.kind in (Kind.TEXT, Kind.NOTE))
        self._texts = [row for row in rows if row.kind is Kind.TEXT]
        self._place = {id(row): i for i, row in enumerate(self._texts)}
        self._headings = Headings(self._texts, body)
        self._floats = {id(each.caption[0]): each for sheet in sheets for each in sheet.floats}
        self._counts: dict[int, int] = {}  # of the anchors of each page
        self._apart: list[tuple[int, float, float]] = []  # rows whose links are not the text's
        self._open = Open(body, has_indents(self._texts, body))
        self._formula: list[Row] = []
        self._notes: list[Row] = []
        self._entries: list[Row] = []
        self._skipped: list[Row] | None = None  # the rows of what is no text: keywords, a table of contents
        self._begun = False  # the author block is over
        self._skips_heading = 0  # how many of them are its heading, which the rest stands off from
        self._listing = False  # within the references
        self._listed = False  # after them
        self.parts: list[_Part] = [_Part("", Heading("", "", 1))]
        self.references: list[str] = []
        front = front_of(self._texts, self._headings, body, title, abstract)
        self._done = {id(row) for row in self._texts[: front.taken]}
        self.abstract = text_of_lines(front.abstract_lines(), self._vocabulary)
        self.author_lines = tuple(row.line.text for row in front.authors)
        first_notes = [row for row in sheets[0].rows if row.kind is Kind.NOTE]
        self.institutions = institutions_of(front.authors, first_notes, self._texts[-30:])
        self._set_apart([*front.title, *front.authors, *first_notes])

    def read(self) -> None:
        """Read all pages."""
        contents = self._contents()
        listed = first_entry(
            [row for sheet in self._sheets for row in sheet.rows if row.kind in (Kind.TEXT, Kind.NOTE)]
        )
        for sheet in self._sheets:
            for row in sheet.rows:
                if id(row) in self._done or (sheet.number in contents and row.kind is not Kind.NOTE):
                    continue
                if row is listed:
                    self._begin(Heading("", "References", 1), row)
                self._read(row)
        self._end_paragraph()
        self._end_entries()

    def is_apart(self, page: int, x: float, y: float) -> bool:
        """Whether a place is in the references or the author block."""
        return any(p == page and abs(y - its_y) < 6 and x >= its_x - 30 for p, its_x, its_y in self._apart)

    def _set_apart(self, rows: Sequence[Row]) -> None:
        self._apart += [(row.line.page, row.line.x0, row.line.y) for row in rows]

    def _read(self, row: Row) -> None:
        kind = Kind.TEXT if self._listing and row.kind in (Kind.NOTE, Kind.FORMULA, Kind.CODE) else row.kind
        if kind is Kind.CAPTION:
            self._float(row)
        elif kind is Kind.NOTE:
            self._notes.append(row)
        elif kind is Kind.FORMULA:
            if self._skipped is None and self._begun:
                self._formula.append(row)
        elif kind is Kind.TEXT:
            self._begun = True
            self._end_formula()
            found = self._headings.at(self._texts, self._place[id(row)]) if row.kind is Kind.TEXT else None
            if found is not None and self._is_break(found[0], row):
                at = self._place[id(row)]
                self._done.update(id(each) for each in self._texts[at : at + found[1]])
                self._begin(found[0], row)
            else:
                self._take(row)

    def _contents(self) -> set[int]:
        """The pages of a table of contents."""
        found: set[int] = set()
        going = False
        for sheet in self._sheets:
            texts = [row.line.text for row in sheet.rows if row.kind in (Kind.TEXT, Kind.FORMULA, Kind.FLOAT)]
            named = any(text.casefold().strip() in _CONTENTS for text in texts[:6])
            leading = sum(1 for text in texts if _DOTS.search(text) or _TO_A_NUMBER.fullmatch(text))
            going = (named and leading > 0.3 * len(texts)) or (going and leading > 0.5 * max(1, len(texts)))
            if going:
                found.add(sheet.number)
        return found

    # ------------------------------------------------------------------ sections

    def _is_break(self, heading: Heading, row: Row) -> bool:
        """Whether a heading really begins something here: entries of the references look like headings at times."""
        if not self._listing:
            return True
        strong = row.line.bold > 0.6
        if heading.number.isdigit() and not heading.word and row.line.size <= self._body.size + 0.3:
            return strong
        return strong or row.line.size > self._body.size + 0.3 or bool(heading.word) or len(heading.title) < 60

    def _begin(self, heading: Heading, row: Row) -> None:
        self._end_paragraph()
        self._end_entries()
        if heading.begins_references and (heading.level == 1 or not heading.number):
            self._listing, self._skipped = True, None
            return
        self._listed, self._listing = self._listed or self._listing, False
        no_text = heading.name in _NO_SECTION or (row.line.page <= 2 and KEYWORDS.match(heading.title) is not None)
        self._skipped, self._skips_heading = [row] if no_text else None, 1
        if not no_text:
            self.parts.append(_Part(self._anchor(row), heading, self._is_appendix(heading)))

    def _is_appendix(self, heading: Heading) -> bool:
        if _APPENDIX.match(heading.word or heading.title):
            return True
        lettered = re.fullmatch(r"[A-Z](?:\.\d+)*", heading.number) is not None
        numbers = [part.heading.number for part in self.parts]
        roman = any(re.fullmatch(r"[IVX]+", number) for number in numbers)
        if lettered and not roman and sum(number[:1].isdigit() for number in numbers) >= 2:
            return True
        if self._listed and not heading.title.casefold().startswith("acknowledg") and not heading.number[:1].isdigit():
            return True
        return self.parts[-1].appendix and not heading.number.isdigit()

    def _anchor(self, row: Row) -> str:
        page = row.line.page
        self._counts[page] = self._counts.get(page, 0) + 1
        return f"p{page}.{self._counts[page]}"

    # ------------------------------------------------------------------ paragraphs

    def _take(self, row: Row) -> None:
        if self._listing:
            self._entries.append(row)
            return
        if self._skipped is not None:
            begun = len(self._skipped) > self._skips_heading
            if not begun or not is_prose(row, self._body) or not self._stands_off(self._skipped[-1], row):
                self._skipped.append(row)
                return
            self._skipped = None
        if (
            KEYWORDS.match(row.line.text)
            and row.line.page <= 2
            and (not self._open.rows or self._stands_off(self._open.rows[-1], row))
        ):
            self._skipped, self._skips_heading = [row], 0
            return
        if _DOTS.search(row.line.text) or not self._open.takes(row):
            return
        if self._open.ends_before(row):
            self._end_paragraph()
        heading = run_in(row, self._body) if not self._open.rows and row.kind is Kind.TEXT else None
        if heading is None:
            self._open.add(row, row.line.text)
        else:
            self.parts.append(_Part(self._anchor(row), heading[0], self.parts[-1].appendix))
            self._open.add(row, text_of(row.line.pieces[heading[1] :]))

    def _stands_off(self, last: Row, row: Row) -> bool:
        """Whether there is room or another column between two rows, or another size."""
        if last.column != row.column or last.line.page != row.line.page or abs(last.line.size - row.line.size) > 0.5:
            return True
        return last.line.y - row.line.y > 1.25 * self._body.leading

    def _end_paragraph(self) -> None:
        self._end_formula()
        text = self._open.text(self._vocabulary)
        if sum(c.isalnum() for c in text) > 1:
            self.parts[-1].paragraphs.append(Paragraph(self._anchor(self._open.rows[0]), text))
        self._open.clear()
        self._end_notes()

    # ------------------------------------------------------------------ formulas, footnotes, floats

    def _end_formula(self) -> None:
        rows = sorted(self._formula, key=lambda row: (row.line.page, row.column, -row.line.y))
        self._formula.clear()
        groups: list[list[Row]] = []
        for row in rows:
            last = groups[-1][-1] if groups else None
            together = last is not None and last.column == row.column and last.line.page == row.line.page
            if together and last is not None and last.line.y - row.line.y < 1.5 * self._body.leading:
                groups[-1].append(row)
            else:
                groups.append([row])
        for group in groups:
            self._equation(group)

    def _equation(self, rows: Sequence[Row]) -> None:
        texts = [row.line.text for row in sorted(rows, key=lambda row: row.line.x0)]
        shown = " ".join(_EQUATION_NUMBER.sub("", " ".join(texts)).split())
        if sum(c.isalnum() for c in shown) < 2:
            return
        numbers = [m["number"] for row in rows if row.rest < 2 and (m := _EQUATION_NUMBER.search(row.line.text))]
        for number in numbers or [""]:
            self.parts[-1].equations.append(Equation(self._anchor(rows[0]), "", number=number, text=shown))
        self._open.add_formula(MISSING)

    def _end_notes(self) -> None:
        """Footnotes follow the paragraph that was going on above them; those of the authors are no text."""
        groups: list[list[Row]] = []
        for row in self._notes:
            if not groups or starts_note(row.line):
                groups.append([])
            groups[-1].append(row)
        self._notes.clear()
        for group in groups:
            text = _MARK.sub("", text_of_lines([row.line.text for row in group], self._vocabulary))
            if len(text) > 3 and not (group[0].line.page == 1 and self._is_of_authors(group, text)):
                self.parts[-1].paragraphs.append(Paragraph(self._anchor(group[0]), text))

    def _is_of_authors(self, group: Sequence[Row], text: str) -> bool:
        unmarked = not starts_note(group[0].line) or re.fullmatch(r"(?:https?://|www\.)\S+", text) is not None
        return unmarked or bool(
            MAIL.search(text) or _OF_AUTHORS.search(text) or institutions.of_lines([one_line(group)])
        )

    def _float(self, row: Row) -> None:
        found = self._floats.get(id(row.line))
        if found is None:
            return
        caption = text_of_lines([line.text for line in found.caption], self._vocabulary)
        if found.what == "table":
            self.parts[-1].tables.append(Table(self._anchor(row), caption, *grid(found)))
        else:
            self.parts[-1].figures.append(Figure(self._anchor(row), caption))

    def _end_entries(self) -> None:
        if self._entries:
            self._set_apart(self._entries)
            self.references += entries(self._entries, self._body, self._vocabulary)
            self._entries = []
