"""A tree made fit for rich messages: what their limits do not allow becomes something that they do, and what is too much
for one message becomes several.

Nothing is cut where it need not be: parts end before a section, else between blocks. Only what no message could hold is
divided, a list between its items, a table between its rows, a text after a sentence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.chat.clean import visible
from bot.chat.runs import Run, cut, plain, units
from bot.chat.tree import (
    Block,
    Break,
    Button,
    Buttons,
    Cell,
    Details,
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
    Style,
    Styled,
    Table,
    Text,
    inline_buttons,
    inline_text,
    nested,
)

MOST_BYTES = 32_768
"""Of all text of a message, labels and LaTeX included. Telegram says characters; bytes are never fewer."""

MOST_BLOCKS = 500
"""Of a message, with list items, table rows and everything nested."""

MOST_LEVELS = 14
"""Of blocks and styles inside each other. Telegram says 16; what it counts as one is seen in few messages."""

MOST_COLUMNS = 20
MOST_IN_A_ROW = 8
LONGEST_FORMULA = 4000
"""Bytes of LaTeX; a longer one is no formula that anybody could read, and is shown as its text."""

SoundFormula = Callable[[str], bool]


def fitted(document: Document, sound: SoundFormula) -> tuple[Document, ...]:
    """The document in parts, each within the limits of one rich message and with something to see; () where nothing is.

    `sound` says whether LaTeX can be read; what cannot is shown as code, since clients show a broken formula as nothing.
    """
    blocks = _Tamer(sound).blocks(document.blocks, MOST_LEVELS)
    parts = (Document(tuple(part)) for part in _parts(blocks))
    return tuple(part for part in parts if _seen(part) or part.size.buttons)


def _seen(part: Document) -> bool:
    return any(visible(text) for text in part.texts())


# --------------------------------------------------------------------------- what the limits do not allow


@dataclass(frozen=True, slots=True)
class _Tamer:
    """Makes blocks flat enough, narrow enough and readable. `levels` is how many may be inside each other there, the
    block itself included."""

    sound: SoundFormula

    def blocks(self, blocks: Iterable[Block], levels: int) -> list[Block]:
        return [tamed for block in blocks for tamed in self._block(block, levels)]

    def _block(self, block: Block, levels: int) -> Iterable[Block]:  # noqa: PLR0911 - one return per kind of block reads best
        inner = levels - 1
        match block:
            case Heading(_, inlines) | Paragraph(inlines) | Footer(inlines):
                return [_with_line(block, self._line(inlines, inner))]
            case MathBlock(latex):
                return [block] if self._shown(latex) else [Paragraph((_as_code(latex, inner),))]
            case Buttons(row, classic):
                return (
                    []
                    if classic
                    else [Buttons(row[at : at + MOST_IN_A_ROW]) for at in range(0, len(row), MOST_IN_A_ROW)]
                )
            case List():
                return self._list(block, levels)
            case Table():
                return [self._table(block, levels)] if _columns(block) <= MOST_COLUMNS else self._records(block, levels)
            case Quote(inside, credit):
                if levels < _ROOM:
                    return [*self.blocks(inside, levels), *_credit(self._line(credit, inner))]
                return [Quote(tuple(self.blocks(inside, inner)), self._line(credit, inner))]
            case Details(summary, inside, is_open):
                line = self._line(summary, inner)
                if levels < _ROOM:
                    return [Paragraph(line), *self.blocks(inside, levels)]
                return [Details(line, tuple(self.blocks(inside, inner)), is_open)]
            case _:
                return [block]

    def _list(self, block: List, levels: int) -> Iterable[Block]:
        if levels >= _ROOM:
            items = (tuple(self.blocks(item, levels - 2)) for item in block.items)
            kept = tuple(item for item in items if item)
            return [List(kept, block.ordered, block.start)] if kept else []
        flat: list[Block] = []
        for number, item in enumerate(block.items, block.start):
            first, *rest = self.blocks(item, levels) or [Paragraph(())]
            mark = Text(f"{number}. " if block.ordered else "• ")
            marked = Paragraph((mark, *first.inlines)) if isinstance(first, Paragraph) else Paragraph((mark,))
            flat += [marked, *([] if isinstance(first, Paragraph) else [first]), *rest]
        return flat

    def _table(self, table: Table, levels: int) -> Table:
        return replace(
            table,
            header=self._cells(table.header, levels),
            rows=tuple(Row(self._cells(row.cells, levels), self._line(row.note, levels - 3)) for row in table.rows),
            caption=self._line(table.caption, levels - 1),
        )

    def _cells(self, cells: Iterable[Cell], levels: int) -> tuple[Cell, ...]:
        return tuple([_with_line(cell, self._line(cell.inlines, levels - 2)) for cell in cells])

    def _records(self, table: Table, levels: int) -> Iterator[Block]:
        """A table that is too wide: each row as a paragraph."""
        for cells, note in ((table.header, ()), *((row.cells, row.note) for row in table.rows)):
            line: list[Inline] = []
            for cell in cells:
                line += [*([Text(" · ")] if line else []), *cell.inlines]
            line += [*([Break()] if line and note else []), *note]
            if line:
                yield Paragraph(self._line(line, levels - 1))

    def _line(self, inlines: Iterable[Inline], levels: int) -> tuple[Inline, ...]:
        tamed: list[Inline] = []
        for inline in inlines:
            match inline:
                case Text():
                    tamed.append(inline)
                case Math(latex) if not self._shown(latex):
                    tamed.append(_as_code(latex, levels))
                case Math() | Button() if levels < 1:
                    tamed.append(Text(inline_text((inline,))))
                case Styled(Style.CODE, inner) if levels >= 1 and not inline_buttons(inner):
                    tamed.append(_as_code(inline_text(inner), levels))
                case Styled() | Link() if levels < 1 or inline_buttons(inline.inlines):
                    tamed += self._line(inline.inlines, levels)
                case Styled() | Link():
                    tamed.append(_with_line(inline, self._line(_without_links(inline), levels - 1)))
                case _:
                    tamed.append(inline)
        return tuple(tamed)

    def _shown(self, latex: str) -> bool:
        return len(latex.encode()) <= LONGEST_FORMULA and self.sound(latex)


_ROOM = 5
"""Levels that a container needs for itself, an item, a paragraph and its styles."""


_Lined = TypeVar("_Lined", Heading | Paragraph | Footer, Cell, Styled | Link)


def _with_line(lined: _Lined, line: tuple[Inline, ...]) -> _Lined:
    """The same with another line; itself where that is its own, as nearly all are."""
    return lined if line == lined.inlines else replace(lined, inlines=line)


def _as_code(text: str, levels: int) -> Inline:
    return Styled(Style.CODE, (Text(text),)) if levels >= 1 else Text(text)


def _credit(line: tuple[Inline, ...]) -> list[Block]:
    return [Paragraph((Text("— "), *line))] if line else []


def _without_links(inline: Styled | Link) -> Iterable[Inline]:
    """What is inside; a link inside a link is its text."""
    if isinstance(inline, Styled):
        return inline.inlines
    return [part for inner in inline.inlines for part in (inner.inlines if isinstance(inner, Link) else (inner,))]


def _columns(table: Table) -> int:
    return max(len(table.header), *(len(row.cells) for row in table.rows))


# --------------------------------------------------------------------------- what is too much for one message


@dataclass(frozen=True, slots=True)
class _Weight:
    """What a message has of what is limited."""

    bytes: int = 0
    blocks: int = 0

    def __add__(self, other: _Weight) -> _Weight:
        return _Weight(self.bytes + other.bytes, self.blocks + other.blocks)

    @property
    def fits(self) -> bool:
        return self.bytes <= MOST_BYTES and self.blocks <= MOST_BLOCKS


def _weight(blocks: Iterable[Block]) -> _Weight:
    document = Document(tuple(blocks))
    return _Weight(sum(len(text.encode()) for text in document.texts()), sum(map(nested, document.blocks)))


def _parts(blocks: Sequence[Block]) -> Iterator[list[Block]]:
    part: list[tuple[list[Block], _Weight]] = []
    waiting = deque(_kept_together(blocks))
    while waiting:
        chunk = waiting.popleft()
        weight = _weight(chunk)
        if not weight.fits:
            waiting.extendleft(reversed(_divided(chunk)))
            continue
        if not sum((own for _, own in part), weight).fits:
            begins = _last_section(part)
            yield [block for piece, _ in part[:begins] for block in piece]
            part = part[begins:]
            if not sum((own for _, own in part), weight).fits:
                yield [block for piece, _ in part for block in piece]
                part = []
        part.append((chunk, weight))
    if part:
        yield [block for piece, _ in part for block in piece]


def _kept_together(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """The blocks in chunks: headings with what follows them, rows of buttons and small print with what stands before."""
    chunk: list[Block] = []
    for block in blocks:
        if chunk and not isinstance(chunk[-1], Heading) and not isinstance(block, Buttons | Footer):
            yield chunk
            chunk = []
        chunk.append(block)
    if chunk:
        yield chunk


def _last_section(part: Sequence[tuple[list[Block], _Weight]]) -> int:
    """Where the part's last section begins, if that is in its second half; else its end."""
    for at in range(len(part) - 1, len(part) // 2, -1):
        if isinstance(part[at][0][0], Heading | Details):
            return at
    return len(part)


def _divided(chunk: list[Block]) -> list[list[Block]]:
    """A chunk that no message holds, as smaller ones."""
    if len(chunk) > 1:
        return [[block] for block in chunk]
    return [[block] for block in _halves(chunk[0])]


def _halves(block: Block) -> list[Block]:  # noqa: PLR0911 - one return per kind of block reads best
    match block:
        case List(items) if len(items) > 1:
            at = len(items) // 2
            return [replace(block, items=items[:at]), replace(block, items=items[at:], start=block.start + at)]
        case List(items):
            return [replace(block, items=(half,)) for half in _two(items[0])]
        case Table(_, rows) if len(rows) > 1:
            at = len(rows) // 2
            return [replace(block, rows=rows[:at]), replace(block, rows=rows[at:], caption=())]
        case Table(header, rows, caption):
            lines = (caption, *(cell.inlines for cell in (*header, *rows[0].cells)), rows[0].note)
            return [Paragraph(line) for line in lines if line]
        case Details(summary, inside):
            if _weight((Paragraph(summary),)).bytes > MOST_BYTES // 4:
                return [Paragraph(summary), *inside]
            return [replace(block, blocks=half) for half in _two(inside)]
        case Quote(inside, credit):
            if _weight((Paragraph(credit),)).bytes > MOST_BYTES // 4:
                return [Quote(inside), Paragraph(credit)]
            *before, last = _two(inside)
            return [*(Quote(half) for half in before), Quote(last, credit)]
        case Heading(_, inlines):
            return [Paragraph(inlines)]
        case Pre(text):
            return [replace(block, text=half) for half in _half_text(text)]
        case Paragraph(inlines) | Footer(inlines):
            return [replace(block, inlines=half) for half in _half_line(inlines)]
    raise TypeError(f"{type(block).__name__} has bounds of its own")


def _two(blocks: tuple[Block, ...]) -> list[tuple[Block, ...]]:
    if len(blocks) == 1:
        return [(half,) for half in _halves(blocks[0])]
    at = len(blocks) // 2
    return [blocks[:at], blocks[at:]]


def _half_line(inlines: tuple[Inline, ...]) -> list[tuple[Inline, ...]]:
    if len(inlines) > 1:
        at = len(inlines) // 2
        return [inlines[:at], inlines[at:]]
    match inlines[0]:
        case Text(text):
            return [(Text(half),) for half in _half_text(text)]
        case Styled() | Link():
            outer = inlines[0]
            return [(replace(outer, inlines=half),) for half in _half_line(outer.inlines)]
    raise TypeError(f"{type(inlines[0]).__name__} has bounds of its own")


def _half_text(text: str) -> list[str]:
    return [plain(half) for half in cut((Run(text),), units(text) // 2, 1)]
