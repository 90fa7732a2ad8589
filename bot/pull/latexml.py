"""arXiv's HTML pages as a document: LaTeXML's and latexml-oxide's markup → sections, equations, tables, references.

The tree is first made plain: formulas become $LaTeX$, display equations and footnotes leave a mark where they stood,
and what is no text is taken out. Then only the outline (sections, paragraphs, lists, floats) is walked; the words of a
paragraph are taken in one piece. The marks are private-use characters, which are taken out of the page beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.errors import Malformed
from bot.model import Equation, Figure, FullText, Paragraph, Section, Source, Table
from bot.pull import institutions
from bot.pull.addresses import addresses
from bot.pull.languages import language_of
from bot.pull.nodes import attribute, classes, every, outermost
from bot.pull.tabular import grid, plain_formula

MISSING = "\ufffd"  # stands where the page says that something could not be converted

_EQUATION_MARK = re.compile("\ue000(\\d+)\ue001")
_NOTE_MARK = re.compile("\ue002(\\d+)\ue003")
_MARKS = re.compile("[\ue000-\ue003]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200c\u2060\ufeff]")
_SOFT_BREAK = re.compile(r"%\s*\n\s*")
_LATEX_NOTE = re.compile(r"<annotation\b.*?</annotation(?:-xml)?>", re.DOTALL)
_NO_LOOKS = re.compile(r'\s(?:id|class|alttext|xref|href|style|intent|xmlns\S*|data-[\w-]+)="[^"]*"')
_WITHIN_ONE = re.compile(r"(.*E(?:x|q)?\d+)X[a-z]*$")  # the rows of an environment like aligned in one equation
_LABEL = re.compile(r"[^\W\d_]{2}|[^\W\d_][.\- ]?\d")
_BEFORE_STOP = re.compile(r"\s+([.,;:)])")
_PLAIN_NUMBER = re.compile(r"[+\-]?\d[\d.,]*")

_NO_TEXT = (
    "script, style, nav, dialog, button, pre, .ltx_listing, .ltx_TOC, .ltx_pagination, .ltx_rdf, .ltx_tag_item, .ltx_role_footnotemark, "
    ".ltx_page_footer, .ltx_page_logo, .ltx_nodisplay, .ltx_index, .ltx_indexphrase, .ltx_glossary"
)
_LEVELS = ("chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph")
_DEEPEST = 60  # outlines are shallow; whoever nests deeper gets one paragraph
_SAMPLE = 20_000  # characters that tell the language
_LEAST_TEXT = 200  # characters; a page with less is a shell around a PDF


def parse(html: str, url: str) -> FullText:
    """The document of an arXiv HTML page; `url` is the page's own address.

    Raises:
        Malformed: the page is none of LaTeXML's ("no-document"), or has no text in it ("no-text").
    """
    if any(mark in html for mark in "\ue000\ue001\ue002\ue003"):
        html = _MARKS.sub("", html)
    tree = LexborHTMLParser(html)
    root = tree.css_first(".ltx_document")
    if root is None:
        raise Malformed(_service(url), "no-document")
    author_lines = institutions.author_lines(root)
    stated = institutions.stated(root)
    _plain_formulas(root)
    links = tuple(dict.fromkeys(_links(root, url)))
    found = _make_plain(root)
    outline = _Outline(found)
    outline.walk(root)
    sections = tuple(outline.finished())
    abstract, sections = _abstract(root, sections, found)
    if len(abstract) + sum(len(p.text) for s in sections for p in s.paragraphs) < _LEAST_TEXT and not any(
        s.title for s in sections
    ):
        raise Malformed(_service(url), "no-text")
    texts = [abstract, *(p.text for s in sections for p in s.paragraphs)]
    written = (link for text in texts for link in addresses(text) if not _is_own(link, url))
    return FullText(
        source=Source.HTML,
        url=url,
        abstract=abstract,
        sections=sections,
        references=tuple(outline.references),
        links=tuple(dict.fromkeys([*links, *written])),
        author_lines=author_lines,
        institutions=stated,
        language=language_of(" ".join(texts)[:_SAMPLE]),
    )


def _service(url: str) -> str:
    return urlsplit(url).netloc or "arxiv.org"


def _links(root: LexborNode, url: str) -> Iterator[str]:
    """Outside addresses that the text links to, without those of the references and of the authors' pages."""
    skipped = {node.mem_id for node in every(root, ".ltx_bibliography a, .ltx_authors a, .ltx_TOC a")}
    for node in every(root, "a[href]"):
        target = urljoin(url, attribute(node, "href").strip())
        if node.mem_id not in skipped and target.startswith(("http://", "https://")) and not _is_own(target, url):
            yield target


def _is_own(target: str, url: str) -> bool:
    """Whether an address leads to this page or its pictures."""
    mine, its = urlsplit(url), urlsplit(target)
    return its.netloc == mine.netloc and its.path.startswith("/html/")


# --------------------------------------------------------------------------- making the tree plain


@dataclass(slots=True)
class _Found:
    """What the marks in the text stand for: display equations, and footnotes as (anchor, text)."""

    equations: list[Equation] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def shown(self, text: str) -> str:
        """A text with its display equations as $$LaTeX$$ where their marks stand."""
        if "\ue000" not in text:
            return text
        return _EQUATION_MARK.sub(lambda m: f" $${self.equations[int(m[1])].latex}$$ ", text)


def _plain_formulas(root: LexborNode) -> None:
    """Formulas within lines as text. They come first: most of a page's elements are theirs, and each further search is
    the quicker without them."""
    for node in root.css("math"):
        if not _is_display(node):  # display equations keep their MathML until they are read
            node.replace_with(_formula(node))


def _make_plain(root: LexborNode) -> _Found:
    found = _Found()
    for node in outermost(root, ".ltx_equationgroup, .ltx_equation"):
        marks = []
        for equation in _equations(node):
            marks.append(f"\ue000{len(found.equations)}\ue001")
            found.equations.append(equation)
        node.replace_with(" ".join(["", *marks, ""]))
    for node in every(root, ".ltx_tag_item"):
        _label_item(node)
    for node in every(root, _NO_TEXT):
        node.decompose()
    for node in every(root, ".ltx_ERROR, .ltx_missing_label, .ltx_missing_citation"):
        node.replace_with(MISSING)
    for node in every(root, "br"):
        node.replace_with(" ")
    for node in every(root, ".ltx_tabular .ltx_tabular"):
        node.replace_with(node.text(separator=" ", strip=True))
    for node in every(root, ".ltx_note"):
        if classes(node) & {"ltx_role_footnote", "ltx_role_endnote"}:
            # A footnote would cut its sentence in two; it follows the paragraph as one of its own.
            for mark in every(node, ".ltx_note_mark, .ltx_note_type, .ltx_tag_note"):
                mark.decompose()
            node.replace_with(f"\ue002{len(found.notes)}\ue003")
            found.notes.append((attribute(node, "id"), node.text()))
        else:
            node.decompose()
    return found


def _label_item(tag: LexborNode) -> None:
    """Put the label of a list's item before its first words where it says something: "Term", "(A1)", not "•" or "2."."""
    label = words(tag.text())
    item = tag.parent
    if not _LABEL.search(label) or item is None:
        return
    own = item.css_first(".ltx_p") if item.tag != "dt" else None
    following = item.next
    while own is None and item.tag == "dt" and following is not None:
        own = following.css_first(".ltx_p") if following.tag == "dd" else None
        following = following.next if following.tag != "dt" else None
    if own is not None and own.first_child is not None:
        own.first_child.insert_before(
            f"{label.rstrip(':')}: " if label[-1].isalnum() or label[-1] == ":" else f"{label} "
        )


def _is_display(math: LexborNode) -> bool:
    node = math.parent
    for _ in range(8):
        if node is None or node.tag in ("p", "section", "article", "span", "caption", "figcaption"):
            return False
        if "ltx_equation" in attribute(node, "class"):
            return True
        node = node.parent
    return False


def latex_of(math: LexborNode) -> str:
    """A formula's LaTeX as the page states it, on one line; where it states none, the symbols as they stand."""
    latex = attribute(math, "alttext")
    if not latex:
        note = math.css_first('annotation[encoding="application/x-tex"]')
        latex = note.text() if note is not None else math.text()
    latex = _SOFT_BREAK.sub("", latex)
    return " ".join(_MARKS.sub("", latex).replace("\\displaystyle", "").split())


def _formula(math: LexborNode) -> str:
    latex = latex_of(math)
    cell = math.parent
    for _ in range(4):
        if cell is not None and cell.tag not in ("td", "th", "p", "figure"):
            cell = cell.parent
    if cell is not None and cell.tag in ("td", "th"):
        return plain_formula(latex)
    if not latex or _PLAIN_NUMBER.fullmatch(latex):
        return latex
    return f"${latex}$"


def _equations(node: LexborNode) -> list[Equation]:
    """The equations of a display: one, or one for each row of a group that begins anew."""
    anchor = attribute(node, "id")
    rows = every(node, "tr, .ltx_eqn_row") or [node]
    equations: list[Equation] = []
    within = ""
    for row in rows:
        formulas = every(row, "math")
        if not formulas:
            continue
        latex = " ".join(filter(None, map(latex_of, formulas)))
        mathml = "".join(map(_mathml, formulas))
        label = row.css_first(".ltx_tag_equation, .ltx_tag_equationgroup")
        number = label.text().strip().strip("()") if label is not None else ""
        part_of = _WITHIN_ONE.match(_row_anchor(row))
        goes_on = part_of[1] == within if part_of is not None else _goes_on(row)
        within = part_of[1] if part_of is not None else ""
        if equations and goes_on and not (number and equations[-1].number):
            last = equations[-1]
            equations[-1] = Equation(
                last.anchor, f"{last.latex} \\\\ {latex}", last.mathml + mathml, last.number or number
            )
        else:
            equations.append(Equation(within or _row_anchor(row) or anchor, latex, mathml, number))
    return equations


def _mathml(math: LexborNode) -> str:
    """A formula's MathML, well-formed and without what does not change its look."""
    text = _LATEX_NOTE.sub("", math.html or "")
    return _NO_LOOKS.sub("", text).replace("&nbsp;", "&#160;")


def _goes_on(row: LexborNode) -> bool:
    """Whether a row of an aligned group continues the one above: it has nothing on its left side."""
    cells = [c for c in every(row, "td.ltx_td, .ltx_eqn_cell") if "pad" not in attribute(c, "class")]
    cells = [c for c in cells if "ltx_eqn_eqno" not in attribute(c, "class")]
    return len(cells) > 1 and cells[0].css_first("math") is None and not cells[0].text().strip()


def _row_anchor(row: LexborNode) -> str:
    for node in (row, row.parent, row.parent.parent if row.parent is not None else None):
        if node is not None and node.tag in ("tr", "tbody", "table", "div") and attribute(node, "id"):
            return attribute(node, "id")
    return ""


def words(text: str) -> str:
    """A text on one line, without invisible characters."""
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


# --------------------------------------------------------------------------- walking the outline


@dataclass(slots=True)
class _Open:
    """A section that is being read."""

    anchor: str
    level: int
    number: str
    title: str
    appendix: bool
    paragraphs: list[Paragraph] = field(default_factory=list)
    equations: list[Equation] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    def closed(self) -> Section:
        return Section(
            self.anchor,
            self.level,
            self.number,
            self.title,
            tuple(self.paragraphs),
            tuple(self.equations),
            tuple(self.tables),
            tuple(self.figures),
            self.appendix,
        )

    @property
    def empty(self) -> bool:
        return not (self.title or self.paragraphs or self.equations or self.tables or self.figures)


class _Outline:
    """Reads sections in their order; what stands before the first one comes as a section without a title."""

    def __init__(self, found: _Found) -> None:
        self._found = found
        self._sections = [_Open("", 1, "", "", appendix=False)]
        self._chapters = False
        self._lead = ""  # the label of a theorem or proof, which begins its first paragraph
        self.references: list[str] = []

    def finished(self) -> Iterator[Section]:
        return (section.closed() for section in self._sections if not section.empty)

    def walk(self, root: LexborNode) -> None:
        self._chapters = root.css_first(".ltx_chapter") is not None
        begun = root.css_first(".ltx_title_document") is None
        for child in root.iter(include_text=True):
            if begun:
                self._visit(child, self._sections[0], 0)
            elif "ltx_title_document" in classes(child):
                begun = True  # what stands before the title is left over from the title page
            elif classes(child) & {"ltx_section", "ltx_chapter"}:
                begun = True
                self._visit(child, self._sections[0], 0)

    def _visit(self, node: LexborNode, into: _Open, depth: int, around: str = "") -> None:
        """Read an element and what is in it; `around` is the anchor of the block that it stands in."""
        kinds = classes(node)
        if node.tag == "-text":
            self._paragraph(into, around, node.text())
        elif _sectional(kinds):
            self._section(node, kinds, into, depth)
        elif "ltx_bibliography" in kinds or "ltx_biblist" in kinds:
            self.references.extend(filter(None, map(_reference, every(node, ".ltx_bibitem"))))
        elif kinds & _FRONT:
            return
        elif node.tag == "figure" or "ltx_float" in kinds:
            self._figure(node, into, "")
        elif "ltx_tabular" in kinds:
            self._table(node, into, attribute(node, "id") or into.anchor, "")
        elif "ltx_acknowledgements" in kinds:
            self._acknowledgements(node)
        elif depth > _DEEPEST or "ltx_p" in kinds or not _has_blocks(node):
            self._paragraph(into, attribute(node, "id") if "ltx_p" not in kinds or not around else around, node.text())
        else:
            self._block(node, into, depth, around)

    def _block(self, node: LexborNode, into: _Open, depth: int, around: str) -> None:
        """A paragraph, list item, theorem or mere box: its own words stay together, blocks in it follow."""
        anchor = attribute(node, "id") or around
        stated = bool(classes(node) & {"ltx_theorem", "ltx_proof"})
        own = ""
        for child in node.iter(include_text=True):
            kind = classes(child)
            if stated and "ltx_title" in kind:
                self._lead = words(self._shown(_NOTE_MARK.sub("", child.text())))
                continue
            if "ltx_p" in kind and kind & _BOXES:
                self._paragraph(into, anchor, own)
                self._paragraph(into, anchor, child.text())
                own = ""
                continue
            if child.tag == "-text" or "ltx_p" in kind or (not kind & _BLOCKS and not _has_blocks(child)):
                own += f" {child.text()}"
                continue
            self._paragraph(into, anchor, own)
            own = ""
            self._visit(child, into, depth + 1, anchor)
        self._paragraph(into, anchor, own)
        if stated and self._lead:  # it has no words of its own
            lead, self._lead = self._lead, ""
            self._paragraph(into, anchor, lead)

    def _section(self, node: LexborNode, kinds: frozenset[str], into: _Open, depth: int) -> None:
        heading = next((c for c in node.iter() if "ltx_title" in classes(c)), None)
        number, title = _heading(heading)
        appendix = into.appendix or "ltx_appendix" in kinds or bool(re.match(r"(?i)(appendi|supplement)", title))
        section = _Open(attribute(node, "id"), self._level(kinds), number, title, appendix)
        self._sections.append(section)
        for child in node.iter(include_text=True):
            if heading is None or child.mem_id != heading.mem_id:
                self._visit(child, section, depth + 1)

    def _level(self, kinds: frozenset[str]) -> int:
        name = next((level for level in _LEVELS if f"ltx_{level}" in kinds), None)
        if name is None:  # an appendix or a part stands as high as can be
            return 1
        return max(1, _LEVELS.index(name) + int(self._chapters))

    def _acknowledgements(self, node: LexborNode) -> None:
        heading = node.css_first(".ltx_title")
        _, title = _heading(heading)
        if heading is not None:
            heading.decompose()
        section = _Open(attribute(node, "id"), 1, "", title, appendix=False)
        self._sections.append(section)
        self._paragraph(section, section.anchor, node.text())

    def _paragraph(self, into: _Open, anchor: str, text: str) -> None:
        """Add a paragraph: equations go back to where their marks stand, footnotes follow."""
        if not text or text.isspace():
            return
        if self._lead:
            text, self._lead = f"{self._lead} {text}", ""
        notes = [self._found.notes[int(m[1])] for m in _NOTE_MARK.finditer(text)]
        for match in _EQUATION_MARK.finditer(text):
            into.equations.append(self._found.equations[int(match[1])])
        text = words(self._shown(_NOTE_MARK.sub("", text))).rstrip("∎□ ")
        if text.strip(MISSING + " "):
            into.paragraphs.append(Paragraph(anchor or into.anchor, text))
        for note_anchor, note in notes:
            self._paragraph(into, note_anchor or anchor, note)

    def _shown(self, text: str) -> str:
        return self._found.shown(text)

    # ------------------------------------------------------------------ floats

    def _figure(self, node: LexborNode, into: _Open, above: str) -> None:
        """A float: its tables, its figures, and those of its panels. `above` is the caption around a panel."""
        anchor = attribute(node, "id") or into.anchor
        panels = outermost(node, "figure")
        inside = {n.mem_id for panel in panels for n in every(panel, ".ltx_tabular, .ltx_caption, figcaption")}
        tabulars = [n for n in every(node, ".ltx_tabular") if n.mem_id not in inside and _is_tabular(n)]
        captions = [self._caption(n) for n in every(node, "figcaption, .ltx_caption") if n.mem_id not in inside]
        captions = list(dict.fromkeys(filter(None, captions)))
        caption = captions[0] if captions else above
        # Tables side by side in one float carry a caption each.
        paired = captions if len(captions) == len(tabulars) else [caption] * len(tabulars)
        for tabular, its in zip(tabulars, paired, strict=True):
            self._table(tabular, into, anchor, its)
        if not tabulars and caption and not panels:
            if "ltx_table" in classes(node):
                into.tables.append(Table(anchor, caption))
            else:
                into.figures.append(Figure(anchor, caption))
        elif not tabulars and captions:
            into.figures.append(Figure(anchor, caption))
        for panel in panels:
            self._figure(panel, into, caption)

    def _caption(self, node: LexborNode) -> str:
        return words(self._shown(_NOTE_MARK.sub("", node.text())))

    def _table(self, node: LexborNode, into: _Open, anchor: str, caption: str) -> None:
        header, rows = grid(node)
        shown = [
            tuple(tuple(words(_MARKS.sub("", self._shown(_NOTE_MARK.sub("", cell)))) for cell in row) for row in part)
            for part in (header, rows)
        ]
        if any(cell for part in shown for row in part for cell in row):
            into.tables.append(Table(anchor, caption, shown[0], shown[1]))


def _reference(item: LexborNode) -> str:
    text = words(_NOTE_MARK.sub(" ", item.text(separator=" ")))
    return _BEFORE_STOP.sub(r"\1", text)


_FRONT = frozenset(
    {
        "ltx_title_document",
        "ltx_subtitle",
        "ltx_authors",
        "ltx_abstract",
        "ltx_dates",
        "ltx_keywords",
        "ltx_classification",
        "ltx_pubnotes",
        "ltx_role_institutetext",
    }
)
_BOXES = frozenset({"ltx_minipage", "ltx_align_center", "ltx_parbox"})
_BLOCKS = frozenset(
    {
        "ltx_para",
        "ltx_itemize",
        "ltx_enumerate",
        "ltx_description",
        "ltx_item",
        "ltx_theorem",
        "ltx_proof",
        "ltx_figure",
        "ltx_table",
        "ltx_float",
        "ltx_tabular",
        "ltx_bibliography",
        "ltx_biblist",
        "ltx_acknowledgements",
        "ltx_logical-block",
        "ltx_quote",
    }
)
_BLOCK_SELECTOR = ".ltx_para, .ltx_p, figure, section, .ltx_tabular, .ltx_bibitem, .ltx_item"


def _has_blocks(node: LexborNode) -> bool:
    return node.tag != "-text" and node.css_first(_BLOCK_SELECTOR) is not None


def _sectional(kinds: frozenset[str]) -> bool:
    return any(f"ltx_{level}" in kinds for level in _LEVELS) or bool(kinds & {"ltx_appendix", "ltx_part"})


def _heading(node: LexborNode | None) -> tuple[str, str]:
    """The number and the words of a heading."""
    if node is None:
        return "", ""
    tag = node.css_first(".ltx_tag")
    number = ""
    if tag is not None:
        number = re.sub(r"(?i)^(chapter|appendix|part|section|§)\s*", "", words(tag.text())).strip(" .:")
        tag.decompose()
    title = words(_NOTE_MARK.sub("", _EQUATION_MARK.sub("", node.text()))).strip(" ‣")
    return number, title.removesuffix(".") if not title.endswith("..") else title


def _is_tabular(node: LexborNode) -> bool:
    """Whether a tabular holds words, not only pictures side by side."""
    filled = sum(1 for cell in every(node, "td, th, .ltx_td") if cell.text().strip())
    return filled > 1


def _abstract(root: LexborNode, sections: tuple[Section, ...], found: _Found) -> tuple[str, tuple[Section, ...]]:
    """The abstract; where no part of the page is marked as one, the section of that title, taken out."""
    node = root.css_first(".ltx_abstract")
    if node is not None:
        for title in every(node, ".ltx_title"):
            title.decompose()
        text = words(found.shown(_NOTE_MARK.sub("", node.text(separator=""))))
        if text:
            return text, sections
    for i, section in enumerate(sections):
        if section.title.rstrip(".").lower() in ("abstract", "summary", "zusammenfassung", "résumé", "摘要"):
            return " ".join(p.text for p in section.paragraphs), sections[:i] + sections[i + 1 :]
    return "", sections
