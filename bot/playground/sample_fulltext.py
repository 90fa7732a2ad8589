"""Full texts of the sample: a compact source → a page with the markup that LaTeXML gives arXiv's HTML.

A source begins with `style:` (how the author block is marked up) and `author: name | institutions | place | e-mail`
lines (several institutions joined by " + "). Then come blocks divided by blank lines:

    # Section, ## Subsection        headings, numbered on their own; "# References" begins the bibliography
    text with $formula$, **bold**, *emphasis*, [1] and https://…       a paragraph
    ~ text                          goes on with the paragraph above, after its formula
    $$ … $$                         a display formula of the paragraph above
    | caption: …  /  | a | b |      a table: caption, head, rows
    !figure caption                 a figure's caption
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape

from latex2mathml.converter import convert

from bot.model import Paper


@dataclass(frozen=True, slots=True)
class Author:
    """One author of a source."""

    name: str
    institutions: tuple[str, ...]
    place: str
    email: str


@dataclass(frozen=True, slots=True)
class Source:
    """A compact source, read."""

    style: str
    authors: tuple[Author, ...]
    blocks: tuple[str, ...]


def read(text: str) -> Source:
    """The parts of a compact source."""
    head, _, body = text.partition("\n\n")
    fields = [line.partition(": ")[::2] for line in head.splitlines()]
    authors = []
    for _, value in (pair for pair in fields if pair[0] == "author"):
        name, institutions, place, email = (part.strip() for part in value.split("|"))
        authors.append(Author(name, tuple(filter(None, institutions.split(" + "))), place, email))
    blocks = re.split(r"\n{2,}", body.strip())
    return Source(dict(fields)["style"], tuple(authors), tuple(blocks))


def page(paper: Paper, source: Source) -> str:
    """The HTML page of a paper."""
    before, authors = AUTHOR_BLOCKS[source.style](source.authors)
    title = escape(paper.title)
    return f"""<!DOCTYPE html><html lang="en">
<head>
<meta http-equiv="content-type" content="text/html; charset=UTF-8">
<title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1, shrink-to-fit=no">
</head>
<body>
<div class="ltx_page_main">
<div class="ltx_page_content">
<article class="ltx_document ltx_authors_1line">{before}
<h1 class="ltx_title ltx_title_document">{title}</h1>
<div class="ltx_authors">
{authors}
</div>

<div class="ltx_abstract">
<h6 class="ltx_title ltx_title_abstract">Abstract</h6>
<p class="ltx_p">{_inline(paper.abstract, "abstract", [0])}</p>
</div>
{_Body().render(source.blocks)}
</article>
</div>
<footer class="ltx_page_footer"><div class="ltx_page_logo">Sample page of Paperboy's playground</div></footer>
</div>
</body>
</html>
"""


# --------------------------------------------------------------------------- body

_EQUATION = """<table id="{id}" class="ltx_equation ltx_eqn_table">
<tbody><tr class="ltx_equation ltx_eqn_row ltx_align_baseline">
<td class="ltx_eqn_cell ltx_eqn_center_padleft"></td>
<td class="ltx_eqn_cell ltx_align_center">{math}</td>
<td class="ltx_eqn_cell ltx_eqn_center_padright"></td>
<td rowspan="1" class="ltx_eqn_cell ltx_eqn_eqno ltx_align_middle ltx_align_right"><span class="ltx_tag ltx_tag_equation ltx_align_right">({number})</span></td>
</tr></tbody>
</table>"""


@dataclass(slots=True)
class _Body:
    """Walks the blocks once and counts what LaTeXML counts: sections, paragraphs, formulas, tables, figures."""

    section: int = 0
    subsection: int = 0
    paragraph: int = 0
    equation: int = 0
    table: int = 0
    figure: int = 0
    formula: list[int] = field(default_factory=lambda: [0])
    open_paragraph: bool = False
    out: list[str] = field(default_factory=list)

    @property
    def anchor(self) -> str:
        """The id of the section or subsection that is open."""
        return f"S{self.section}.SS{self.subsection}" if self.subsection else f"S{self.section}"

    def render(self, blocks: tuple[str, ...]) -> str:
        for block in blocks:
            if block.startswith("# References"):
                self._close(0)
                self._references(block.splitlines()[1:] or blocks[blocks.index(block) + 1].splitlines())
                break
            self._block(block)
        else:
            self._close(0)
        return "\n".join(self.out)

    def _block(self, block: str) -> None:
        if block.startswith("## "):
            self._close(1)
            self.subsection += 1
            self.paragraph = 0
            self._heading("subsection", "h3", f"{self.section}.{self.subsection}", block[3:])
        elif block.startswith("# "):
            self._close(0)
            self.section += 1
            self.subsection = self.paragraph = 0
            self._heading("section", "h2", str(self.section), block[2:])
        elif block.startswith("$$"):
            self._equation(" ".join(block.strip("$").split()))
        elif block.startswith("|"):
            self._end_paragraph()
            self._table([line.strip("| ") for line in block.splitlines()])
        elif block.startswith("!figure "):
            self._end_paragraph()
            self.figure += 1
            caption = self._text(block.removeprefix("!figure "))
            self.out.append(
                f'<figure id="S{self.section}.F{self.figure}" class="ltx_figure">'
                f'<figcaption class="ltx_caption ltx_centering"><span class="ltx_tag ltx_tag_figure">Figure {self.figure}: '
                f"</span>{caption}</figcaption></figure>"
            )
        else:
            self._paragraph(block)

    def _heading(self, kind: str, tag: str, number: str, title: str) -> None:
        self.out.append(
            f'<section id="{self.anchor}" class="ltx_{kind}">\n<{tag} class="ltx_title ltx_title_{kind}">\n'
            f'<span class="ltx_tag ltx_tag_{kind}">{number} </span>{self._text(title)}</{tag}>\n'
        )

    def _paragraph(self, block: str) -> None:
        goes_on = block.startswith("~ ")
        if not goes_on:
            self._end_paragraph()
            self.paragraph += 1
            self.formula[0] = 0
            self.out.append(f'<div id="{self.anchor}.p{self.paragraph}" class="ltx_para">')
            self.open_paragraph = True
        self.out.append(f'<p class="ltx_p">{self._text(block.removeprefix("~ "))}</p>')

    def _equation(self, latex: str) -> None:
        self.equation += 1
        place = f"S{self.section}.E{self.equation}"
        self.out.append(_EQUATION.format(id=place, number=self.equation, math=math(latex, f"{place}.m1", display=True)))

    def _table(self, lines: list[str]) -> None:
        self.table += 1
        caption, head, *rows = lines
        name = self._text(caption.removeprefix("caption: "))
        columns = "".join(f'<th class="ltx_td ltx_th ltx_th_column">{self._text(c)}</th>' for c in _cells(head))
        body = "\n".join(
            '<tr class="ltx_tr">'
            + "".join(
                f'<th class="ltx_td ltx_align_left ltx_th ltx_th_row">{self._text(cell)}</th>'
                if place == 0
                else f'<td class="ltx_td ltx_align_center">{self._text(cell)}</td>'
                for place, cell in enumerate(_cells(row))
            )
            + "</tr>"
            for row in rows
        )
        self.out.append(
            f'<figure id="S{self.section}.T{self.table}" class="ltx_table">\n'
            f'<figcaption class="ltx_caption ltx_centering"><span class="ltx_tag ltx_tag_table">Table {self.table}: </span>'
            f"{name}</figcaption>\n"
            '<table class="ltx_tabular ltx_centering ltx_guessed_headers ltx_align_middle">\n'
            f'<thead class="ltx_thead">\n<tr class="ltx_tr">{columns}</tr>\n</thead>\n'
            f'<tbody class="ltx_tbody">\n{body}\n</tbody>\n</table>\n</figure>'
        )

    def _references(self, lines: list[str]) -> None:
        items = []
        for number, line in enumerate(lines, 1):
            text = escape(re.sub(r"^\[\d+\] ", "", line))
            items.append(
                f'<li id="bib.bib{number}" class="ltx_bibitem"><span class="ltx_tag ltx_tag_bibitem">[{number}]</span>'
                f'<span class="ltx_bibblock">{text}</span></li>'
            )
        self.out.append(
            '<section id="bib" class="ltx_bibliography">\n<h2 class="ltx_title ltx_title_bibliography">References</h2>\n'
            f'<ul class="ltx_biblist">\n{"".join(items)}\n</ul>\n</section>'
        )

    def _end_paragraph(self) -> None:
        if self.open_paragraph:
            self.out.append("</div>")
            self.open_paragraph = False

    def _close(self, level: int) -> None:
        """Closes what is open down to a level: 1 leaves the section open."""
        self._end_paragraph()
        if self.subsection:
            self.out.append("</section>")
        if level == 0 and self.section:
            self.out.append("</section>")

    def _text(self, text: str) -> str:
        return _inline(" ".join(text.split()), f"{self.anchor}.p{self.paragraph}", self.formula)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


# --------------------------------------------------------------------------- words and formulas

_PIECES = re.compile(r"\$([^$]+)\$|\*\*(.+?)\*\*|\*(\w[^*]*)\*|\[(\d+)\]|(https?://[^\s)<]*[^\s)<.,;:])")


def _inline(text: str, place: str, formula: list[int]) -> str:
    """A line of text as HTML; `formula` counts the formulas of the paragraph."""
    out: list[str] = []
    at = 0
    for match in _PIECES.finditer(text):
        out.append(escape(text[at : match.start()], quote=False))
        latex, bold, emphasis, reference, address = match.groups()
        if latex:
            formula[0] += 1
            out.append(math(latex, f"{place}.m{formula[0]}", display=False))
        elif bold:
            out.append(f'<span class="ltx_text ltx_font_bold">{_inline(bold, place, formula)}</span>')
        elif emphasis:
            out.append(f'<em class="ltx_emph ltx_font_italic">{escape(emphasis, quote=False)}</em>')
        elif reference:
            link = f'<a href="#bib.bib{reference}" title="" class="ltx_ref">{reference}</a>'
            out.append(f'<cite class="ltx_cite ltx_citemacro_cite">[{link}]</cite>')
        else:
            shown = escape(address)
            out.append(f'<a href="{shown}" title="" class="ltx_ref ltx_url ltx_font_typewriter">{shown}</a>')
        at = match.end()
    out.append(escape(text[at:], quote=False))
    return "".join(out)


def math(latex: str, anchor: str, *, display: bool) -> str:
    """A formula as LaTeXML writes it: presentation MathML with its LaTeX beside it."""
    kind = "block" if display else "inline"
    converted = convert(latex, display=kind)
    inner = converted[converted.index(">") + 1 : -len("</math>")]
    source = escape(latex)
    return (
        f'<math id="{anchor}" class="ltx_Math" alttext="{source}" display="{kind}"><semantics>{inner}'
        f'<annotation encoding="application/x-tex">{source}</annotation></semantics></math>'
    )


# --------------------------------------------------------------------------- author blocks, one per document class

_BREAK = '\n<br class="ltx_break">'
_CREATOR = '<span class="ltx_creator ltx_role_author">\n<span class="ltx_personname">{name}</span>{notes}</span>'
_TYPEWRITER = '<span class="ltx_text ltx_font_typewriter">{}</span>'


def _creator(name: str, notes: str = "") -> str:
    shown = f'<span class="ltx_author_notes">{notes}</span>' if notes else ""
    return _CREATOR.format(name=name, notes=shown)


def _one_name_with_lines(authors: tuple[Author, ...]) -> tuple[str, str]:
    """NeurIPS-like: one creator, everything in lines, authors divided by an ampersand."""
    people = [
        _BREAK.join(
            [
                escape(a.name),
                *(escape(part) for inst in a.institutions for part in inst.split(", ")),
                _TYPEWRITER.format(a.email),
            ]
        )
        for a in authors
    ]
    return "", _creator(f" {_BREAK}&amp;".join(people))


def _acm(authors: tuple[Author, ...]) -> tuple[str, str]:
    """The ACM's class: institution, city and country marked."""
    people = []
    for author in authors:
        city, _, country = author.place.partition(", ")
        notes = "".join(
            '<span class="ltx_contact ltx_role_affiliation">'
            f'<span class="ltx_text ltx_affiliation_institution">{escape(inst)}</span>'
            f'<span class="ltx_text ltx_affiliation_city">{escape(city)}</span>'
            f'<span class="ltx_text ltx_affiliation_country">{escape(country)}</span></span>'
            for inst in author.institutions
        )
        mail = f'<span class="ltx_contact ltx_role_email"><a href="mailto:{author.email}">{author.email}</a></span>'
        people.append(_creator(escape(author.name), notes + mail))
    return "", '\n<span class="ltx_author_before"> and </span>'.join(people)


def _contacts(authors: tuple[Author, ...]) -> tuple[str, str]:
    """The physicists' classes: an affiliation in one piece."""
    people = []
    for author in authors:
        notes = "".join(
            f'<span class="ltx_contact ltx_role_affiliation">{escape(f"{inst}, {author.place}")}</span>'
            for inst in author.institutions
        )
        people.append(_creator(escape(author.name), notes))
    return "", '\n<span class="ltx_author_before">  </span>'.join(people)


def _labelled_contacts(authors: tuple[Author, ...]) -> tuple[str, str]:
    """As arXiv's pages have it since August 2026: the affiliation with a label before it."""
    people = []
    for author in authors:
        notes = "".join(
            '<span class="ltx_author_notes_content"><span class="ltx_contact ltx_role_affiliation">'
            f'<span class="ltx_contact_name">Affiliation: </span>{escape(inst)} </span></span>'
            for inst in author.institutions
        )
        people.append(_creator(escape(author.name), notes))
    return "", "\n".join(people)


def _institutes_before(authors: tuple[Author, ...]) -> tuple[str, str]:
    """Springer's class: institutes as notes in front of the title, outside the author block."""
    places = list(dict.fromkeys(inst for author in authors for inst in author.institutions))
    notes = "".join(
        f'<span class="ltx_note ltx_role_institutetext"><sup class="ltx_note_mark">{n}</sup>'
        f'<span class="ltx_note_outer"><span class="ltx_note_content"><sup class="ltx_note_mark">{n}</sup>'
        f'<span class="ltx_note_type">institutetext: </span>{escape(inst)}</span></span></span>'
        for n, inst in enumerate(places, 1)
    )
    people = [_creator(escape(a.name), "".join(str(places.index(i) + 1) for i in a.institutions)) for a in authors]
    return notes, '\n<span class="ltx_author_before">  </span>'.join(people)


def _superscripts(authors: tuple[Author, ...]) -> tuple[str, str]:
    """Names and institutions in one piece, tied by raised numbers."""
    places = list(dict.fromkeys(inst for author in authors for inst in author.institutions))
    names = "  ".join(
        escape(a.name) + _raised(",".join(str(places.index(i) + 1) for i in a.institutions)) for a in authors
    )
    lines = [_raised(str(n)) + escape(inst) for n, inst in enumerate(places, 1)]
    mails = _TYPEWRITER.format("{" + ",".join(a.email.split("@")[0] for a in authors) + "}@example.org")
    return "", _creator(_BREAK.join([names, *lines, mails]))


def _raised(text: str) -> str:
    return math(f"{{}}^{{{text}}}", "m", display=False).replace('id="m" ', "", 1)


def _own_lines(authors: tuple[Author, ...]) -> tuple[str, str]:
    """One creator each, the institution in lines below the name."""
    people = []
    for number, author in enumerate(authors):
        lines = [escape(author.name), *(escape(part) for inst in author.institutions for part in inst.split(", "))]
        notes = f"Corresponding author: {_TYPEWRITER.format(author.email)}" if number == 0 else ""
        people.append(_creator(_BREAK.join(lines), notes))
    return "", '\n<span class="ltx_author_before">  </span>'.join(people)


def _names_alone(authors: tuple[Author, ...]) -> tuple[str, str]:
    """No institution anywhere."""
    return "", _creator(", ".join(escape(author.name) for author in authors))


AUTHOR_BLOCKS = {
    "lines": _one_name_with_lines,
    "acm": _acm,
    "contacts": _contacts,
    "oxide": _labelled_contacts,
    "institutes": _institutes_before,
    "superscripts": _superscripts,
    "separate": _own_lines,
    "plain": _names_alone,
}
"""How an author block is marked up, by the `style` of a source: (what stands before the title, the block's inside)."""
