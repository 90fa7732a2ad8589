"""A tree as text for a terminal of a given width; Chinese characters and emoji take their two columns."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from bot.chat.formula import line_of
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
    Styled,
    Table,
    Text,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

INDENT = 4
LEAST_ROOM = 10


def plain_text(document: Document, latex_line: Callable[[str], str], width: int = 80) -> str:
    """The document as lines of at most `width` columns (40 at least). Links stand as their address; buttons that talk
    to the bot are left out, since nobody could press them."""
    # Only the command line needs rich's layouts; the running bot starts without them.
    from rich.console import Console

    buffer = io.StringIO()
    console = Console(file=buffer, width=max(width, 40), color_system=None, legacy_windows=False)
    for block in _Printer(latex_line, console.width).blocks(document.blocks):
        console.print(block, markup=False, highlight=False, emoji=False)
    lines = [line.rstrip() for line in buffer.getvalue().splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


class _Printer:
    def __init__(self, latex_line: Callable[[str], str], width: int) -> None:
        self._latex_line = latex_line
        self._width = width

    def blocks(self, blocks: Sequence[Block]) -> Iterator[RenderableType]:
        """Each block with an empty line after it."""
        for block in blocks:
            for part in self._block(block):
                yield part
                if not (isinstance(block, Heading) and block.level > 1):
                    yield ""

    def _block(self, block: Block) -> Iterator[RenderableType]:
        match block:
            case Heading(level, inlines):
                yield self._heading(self._text(inlines), level)
            case Paragraph(inlines) | Footer(inlines):
                yield _wrapped(self._text(inlines))
            case Pre(text):
                yield _wrapped(text)
            case MathBlock(latex, line):
                yield _indented([_wrapped(line or self._line(latex))])
            case Divider():
                yield "─" * 20
            case Buttons(buttons):
                addresses = [f"{button.label}: {button.url}" for button in buttons if button.url]
                if addresses:
                    yield _wrapped("\n".join(addresses))
            case List():
                yield self._list(block)
            case Table():
                yield from self._captioned(block)
            case Quote(inner, credit):
                said = list(_close(self.blocks(inner)))
                yield _indented([*said, _wrapped(f"— {self._text(credit)}")] if credit else said)
            case Details(summary, inner):
                yield _wrapped(f"▾ {self._text(summary)}")
                yield _indented(list(_close(self.blocks(inner))))

    @staticmethod
    def _heading(text: str, level: int) -> RenderableType:
        from rich.cells import cell_len

        if level > 2:
            return _wrapped(text)
        line = ("=" if level == 1 else "-") * min(max(map(cell_len, text.split("\n"))), 78)
        return _wrapped(f"{text}\n{line}")

    def _list(self, block: List) -> RenderableType:
        from rich.table import Table as Grid

        grid = Grid.grid(padding=(0, 1, 0, 0))
        grid.add_column(justify="right", no_wrap=True)
        grid.add_column(overflow="fold")
        for number, item in enumerate(block.items, block.start):
            grid.add_row(f"{number}." if block.ordered else "•", _group(_close(self.blocks(item))))
        return grid

    def _captioned(self, table: Table) -> Iterator[RenderableType]:
        if table.caption:
            yield _wrapped(self._text(table.caption))
        yield self._table(table)

    def _table(self, table: Table) -> RenderableType:
        from rich import box
        from rich.table import Table as Grid

        grid = Grid(box=box.SIMPLE_HEAD, show_header=bool(table.header), show_edge=False, pad_edge=False)
        columns = max([len(table.header), *(len(row.cells) for row in table.rows)])
        for at in range(columns):
            cells = [row.cells[at] for row in table.rows if at < len(row.cells)]
            head = _wrapped(self._text(table.header[at].inlines)) if at < len(table.header) else ""
            right = any(cell.right for cell in cells)
            grid.add_column(head, justify="right" if right else "left", no_wrap=self._short(cells), overflow="fold")
            if not (self._short(cells) or _longest_address(cells)):
                grid.columns[at].max_width = self._room_beside_addresses(table, columns)
        widest = 1 if columns > 1 else 0
        for row in table.rows:
            texts = [self._cell(cell) for cell in row.cells]
            texts += [""] * (columns - len(texts))
            if row.note:
                texts[widest] += f"\n{self._text(row.note)}"
            grid.add_row(*map(_wrapped, texts))
            grid.add_row()
        return grid

    def _short(self, cells: Iterable[Cell]) -> bool:
        return all(len(self._text(cell.inlines)) <= 6 for cell in cells)

    def _room_beside_addresses(self, table: Table, columns: int) -> int | None:
        """How wide a column without addresses may be, so that none of those in the others is broken and leads nowhere;
        None where there are none, or too little room."""
        from rich.cells import cell_len

        taken, sharing, addressed = 3 * (columns - 1), 0, False
        for at in range(columns):
            cells = [row.cells[at] for row in table.rows if at < len(row.cells)]
            address = _longest_address(cells)
            if address or self._short(cells):
                shown = (*table.header[at : at + 1], *cells)
                taken += address or max((cell_len(self._text(cell.inlines)) for cell in shown), default=0)
                addressed = addressed or address > 0
            else:
                sharing += 1
        room = (self._width - taken) // max(sharing, 1)
        return room if addressed and room >= LEAST_ROOM else None

    def _cell(self, cell: Cell) -> str:
        """A cell's text with the addresses of its links on lines of their own."""
        return "\n".join([self._text(cell.inlines, addresses=False), *_addresses(cell.inlines)])

    def _text(self, inlines: Iterable[Inline], *, addresses: bool = True) -> str:
        return "".join(self._texts(inlines, addresses=addresses))

    def _texts(self, inlines: Iterable[Inline], *, addresses: bool) -> Iterator[str]:
        for inline in inlines:
            match inline:
                case Text(text) | Button(text):
                    yield text
                case Break():
                    yield "\n"
                case Math(latex, line):
                    yield line or self._line(latex)
                case Styled(_, inner):
                    yield from self._texts(inner, addresses=addresses)
                case Link(url, inner):
                    text = self._text(inner)
                    yield f"{text} <{url}>" if addresses and url not in text else text

    def _line(self, latex: str) -> str:
        return line_of(latex, self._latex_line) or latex


def _addresses(inlines: Iterable[Inline]) -> Iterator[str]:
    for inline in inlines:
        if isinstance(inline, Link):
            yield inline.url
        elif isinstance(inline, Styled):
            yield from _addresses(inline.inlines)


def _longest_address(cells: Iterable[Cell]) -> int:
    return max((len(address) for cell in cells for address in _addresses(cell.inlines)), default=0)


def _close(parts: Iterator[RenderableType]) -> Iterator[RenderableType]:
    """Without the empty lines between them."""
    return (part for part in parts if part != "")


def _wrapped(text: str) -> RenderableType:
    from rich.text import Text as Line

    return Line(text, overflow="fold")


def _group(parts: Iterable[RenderableType]) -> RenderableType:
    from rich.console import Group

    return Group(*parts)


def _indented(parts: Sequence[RenderableType]) -> RenderableType:
    from rich.padding import Padding

    return Padding(_group(parts), (0, 0, 0, INDENT))
