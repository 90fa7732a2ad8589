"""A tree as one self-contained web page: text escaped, formulas as MathML, light and dark, no outside requests."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence

from bot.chat.mathml import safe_mathml
from bot.chat.tree import (
    Block,
    Break,
    Button,
    Buttons,
    Cell,
    Details,
    Divider,
    Document,
    Footer,
    Heading,
    Inline,
    Link,
    List,
    Math,
    MathBlock,
    Paragraph,
    Pre,
    Quote,
    Row,
    Styled,
    Table,
    Text,
    inline_text,
)

MathML = Callable[[str, bool], str]
"""LaTeX, and whether it stands on a line of its own, to MathML; may raise."""


PARTS = 3
"""So many parts (headings of the second level) make a page long enough for a list of them at its beginning."""


def webpage(document: Document, mathml: MathML, css: str, language: str, contents: str) -> str:
    """The document as a page; `contents` is the name of the list of its parts. A formula that has no MathML is shown as
    its line or its LaTeX. Buttons that talk to the bot are left out, since nobody could press them."""
    title = next((inline_text(block.inlines) for block in document.blocks if isinstance(block, Heading)), "Paperboy")
    parts = [block for block in document.blocks if isinstance(block, Heading) and block.level == 2]
    page = _Page(mathml, contents, parts if len(parts) >= PARTS else [])
    body = "\n".join(filter(None, map(page.block, document.blocks)))
    return (
        f'<!DOCTYPE html>\n<html lang="{html.escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{css.strip()}\n</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


class _Page:
    def __init__(self, mathml: MathML, contents: str, parts: Sequence[Heading]) -> None:
        self._mathml = mathml
        self._contents = contents
        self._parts = parts
        self._part = 0

    def _heading(self, block: Heading) -> str:
        """A heading. Parts can be linked to, and the first has the list of them before it."""
        tag, line = f"h{block.level}", self._line(block.inlines)
        if block.level == 2 and self._parts:
            self._part += 1
            return f'{self._list_of_parts() if self._part == 1 else ""}<h2 id="part-{self._part}">{line}</h2>'
        return f"<{tag}>{line}</{tag}>"

    def _list_of_parts(self) -> str:
        listed = "".join(
            f'<li><a href="#part-{number}">{html.escape(inline_text(part.inlines))}</a></li>'
            for number, part in enumerate(self._parts, 1)
        )
        name = html.escape(self._contents)
        return f'<nav aria-label="{name}"><strong>{name}</strong><ul>{listed}</ul></nav>\n'

    def block(self, block: Block) -> str:  # noqa: PLR0911 - one short case per kind of block reads best
        """The HTML of one block; "" where nothing of it belongs on a page."""
        match block:
            case Heading():
                return self._heading(block)
            case Paragraph(inlines):
                return f"<p>{self._line(inlines)}</p>"
            case Footer(inlines):
                return f"<footer>{self._line(inlines)}</footer>"
            case Pre(text, language):
                kind = f' class="language-{html.escape(language)}"' if language else ""
                return f"<pre><code{kind}>{html.escape(text)}</code></pre>"
            case MathBlock(latex, line):
                return self._math(latex, line, block=True)
            case Divider():
                return "<hr>"
            case Buttons(buttons):
                links = "".join(
                    self._inline(Link(button.url, (Text(button.label),))) for button in buttons if button.url
                )
                return f'<div class="buttons">{links}</div>' if links else ""
            case List(items, ordered, start):
                tag, first = ("ol", f' start="{start}"' if start != 1 else "") if ordered else ("ul", "")
                return f"<{tag}{first}>{''.join(f'<li>{self._blocks(item)}</li>' for item in items)}</{tag}>"
            case Table():
                return self._table(block)
            case Quote(inner, credit):
                cite = f"<cite>{self._line(credit)}</cite>" if credit else ""
                return f"<blockquote>{self._blocks(inner)}{cite}</blockquote>"
            case Details(summary, inner, is_open):
                opened = " open" if is_open else ""
                return f"<details{opened}><summary>{self._line(summary)}</summary>{self._blocks(inner)}</details>"

    def _blocks(self, blocks: Iterable[Block]) -> str:
        return "\n".join(filter(None, map(self.block, blocks)))

    def _table(self, table: Table) -> str:
        columns = max([len(table.header), *(len(row.cells) for row in table.rows)])
        head = f"<thead><tr>{self._cells('th', table.header)}</tr></thead>" if table.header else ""
        name = f"<caption>{self._line(table.caption)}</caption>" if table.caption else ""
        return f'<div class="wide"><table>{name}{head}<tbody>{"".join(self._row(row, columns) for row in table.rows)}</tbody></table></div>'

    def _row(self, row: Row, columns: int) -> str:
        note = (
            f'<tr class="note"><td></td><td colspan="{max(columns - 1, 1)}">{self._line(row.note)}</td></tr>'
            if row.note
            else ""
        )
        return f"<tr>{self._cells('td', row.cells)}</tr>{note}"

    def _cells(self, tag: str, cells: Iterable[Cell]) -> str:
        right = ' class="right"'
        return "".join(f"<{tag}{right if cell.right else ''}>{self._line(cell.inlines)}</{tag}>" for cell in cells)

    def _line(self, inlines: Iterable[Inline]) -> str:
        return "".join(map(self._inline, inlines))

    def _inline(self, inline: Inline) -> str:
        match inline:
            case Text(text) | Button(text):
                return html.escape(text)
            case Break():
                return "<br>"
            case Math(latex, line):
                return self._math(latex, line, block=False)
            case Link(url, inner):
                return f'<a href="{html.escape(url)}" rel="noreferrer">{self._line(inner)}</a>'
            case Styled(style, inner):
                return f"<{style}>{self._line(inner)}</{style}>"

    def _math(self, latex: str, line: str, *, block: bool) -> str:
        try:
            return safe_mathml(self._mathml(latex, block))
        except Exception:  # noqa: BLE001 - whatever a formula from outside does to its reader, it is shown as written
            shown = f"<code>{html.escape(line or latex)}</code>"
            return f"<p>{shown}</p>" if block else shown
