"""The classic layout: a tree as HTML messages that every Telegram client shows.

A message has at most 4,096 UTF-16 code units of visible text and at most 100 entities, since Telegram drops further
ones in silence. Parts end between blocks; only a block that no message can hold is cut, after a sentence if possible.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

from rich.cells import cell_len

from bot.chat.clean import visible
from bot.chat.formula import line_of
from bot.chat.runs import Run, Tag, cut, entities, glue, length, plain, to_html
from bot.chat.spaces import flat
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
    Style,
    Styled,
    Table,
    Text,
    inline_buttons,
)

MOST_UNITS = 4096
MOST_ENTITIES = 100
MOST_BUTTONS = 100
MOST_IN_A_ROW = 8
GRID_COLUMNS = 34
"""Columns of monospaced text that a phone shows in one line."""

NOTHING = "—"
"""What stands in a table's cell that has nothing in it; a list has no cells to fill."""

MOST_SAID = 1024
"""Rows of which is kept what they say besides their number and their note: that is the same in all of a day's tables.
Some 900 bytes each."""

MOST_HEADS = 16
"""Headers of tables that are kept in the same way, lest every row has one of its own."""

_BOLD, _ITALIC, _CODE = Tag("b"), Tag("i"), Tag("code")
_CATEGORY = re.compile(r"(?<![\w./@-])([a-z]{2,8}(?:-[a-z]{2,4})?\.[A-Z]{2})(?![\w/-]|\.\w)")

Keyboard = tuple[tuple[Button, ...], ...]
LatexLine = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its text in Telegram's HTML, and the rows of buttons under it."""

    html: str
    keyboard: Keyboard = ()


def messages(document: Document, latex_line: LatexLine) -> tuple[Message, ...]:
    """The document as messages in reading order, each well-formed, within Telegram's limits and never empty.

    `latex_line` writes a formula as one Unicode line; where it fails the LaTeX itself is shown.
    """
    pieces = list(_Flow(latex_line).pieces(document.blocks))
    runs = _joined(pieces)
    if _within_limits(pieces, runs):  # nearly every document does, and is put together once
        return (_message(pieces, runs),) if pieces else ()
    return tuple(_message(part, _joined(part)) for part in _parts(pieces) if part)


def keyboard(document: Document) -> Keyboard:
    """Only the buttons of a document, in rows."""
    return tuple(row for block in document.blocks if isinstance(block, Buttons) for row in _rows(block.buttons))


# --------------------------------------------------------------------------- the tree as a flow of pieces


@dataclass(frozen=True, slots=True)
class _Piece:
    """What stays together where it can: `gap` new lines stand before it; `joined` pieces stay with the next one;
    `buttons` gather under the message with those of other pieces, `row` is a row of its own."""

    runs: tuple[Run, ...] = ()
    gap: int = 2
    joined: bool = False
    buttons: tuple[Button, ...] = ()
    row: tuple[Button, ...] = ()


class _Flow:
    """Turns blocks into pieces, all text of which stands inside the tags of the block around it."""

    def __init__(self, latex_line: LatexLine) -> None:
        self._latex_line = latex_line
        self._keys = count(1)

    def pieces(self, blocks: Iterable[Block], around: tuple[Tag, ...] = ()) -> Iterator[_Piece]:
        """The pieces of `blocks` inside the tags `around`."""
        for block in blocks:
            yield from self._block(block, around)

    def _block(self, block: Block, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        match block:
            case Heading(_, inlines):
                yield self._piece(inlines, (*around, _BOLD), joined=True)
            case Paragraph(inlines):
                yield self._piece(inlines, around)
            case Footer(inlines):
                yield self._piece(inlines, (*around, _ITALIC))
            case Pre(text, language):
                yield _Piece((Run(text, (*around, *self._pre(language))),))
            case MathBlock():
                tags = (*around, Tag("code", key=next(self._keys)))
                yield replace(self._piece((Math(block.latex, block.line),), tags), gap=1)
            case Divider():
                yield _Piece((Run("———", around),))
            case Buttons(row):
                yield from (_Piece(row=part) for part in _rows(row))
            case List():
                yield from self._list(block, around)
            case Table():
                yield from self._table(block, around)
            case Quote():
                yield from self._quote(block, around)
            case Details():
                yield from self._details(block, around)

    def _piece(self, inlines: Iterable[Inline], tags: tuple[Tag, ...], *, joined: bool = False) -> _Piece:
        inlines = tuple(inlines)
        return _Piece(tuple(self._runs(inlines, tags)), joined=joined, buttons=tuple(inline_buttons(inlines)))

    def _pre(self, language: str) -> tuple[Tag, ...]:
        pre = Tag("pre", key=next(self._keys))
        return (pre, Tag("code", f' class="language-{html.escape(language)}"')) if language else (pre,)

    def _list(self, block: List, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        gap = 2
        for number, item in enumerate(block.items, block.start):
            mark = f"{number}. " if block.ordered else "• "
            for piece in self.pieces(item, around):
                if piece.runs:
                    indented = _indented(piece.runs, mark or "\u2007\u2007")
                    yield replace(piece, runs=indented, gap=gap, joined=False)
                    mark, gap = "", 1
                else:
                    yield piece

    def _quote(self, block: Quote, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        inside = _quoted(around)
        tags = around if inside else (*around, Tag("blockquote", key=next(self._keys)))
        said = [replace(piece, gap=1) for piece in self.pieces(block.blocks, tags)]
        if inside and said[0].runs and said[-1].runs:
            said[0] = replace(said[0], runs=(Run("“", said[0].runs[0].tags), *said[0].runs))
            said[-1] = replace(said[-1], runs=(*said[-1].runs, Run("”", said[-1].runs[-1].tags)))
        yield from said
        if block.credit:
            credit = self._piece(block.credit, (*tags, _ITALIC))
            yield replace(credit, runs=(Run("— ", tags), *credit.runs), gap=1)

    def _details(self, block: Details, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        yield self._piece(block.summary, (*around, _BOLD), joined=True)
        tags = around
        if not block.open and not _quoted(around):
            tags = (*around, Tag("blockquote", " expandable", key=next(self._keys)))
        for index, piece in enumerate(self.pieces(block.blocks, tags)):
            yield replace(piece, gap=1) if index == 0 else piece

    def _table(self, table: Table, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        if table.caption:
            yield self._piece(table.caption, (*around, _BOLD), joined=True)
        grid = self._grid(table)
        if grid is None:
            yield from self._records(table, around)
            return
        tags = (*around, *self._pre(""))
        for index, line in enumerate(grid):
            yield _Piece((Run(line, tags),), gap=1 if index else 2)

    def _grid(self, table: Table) -> list[str] | None:
        """The table as aligned lines; None where a phone would break them, or something in it can be pressed."""
        rows = [table.header, *(row.cells for row in table.rows)] if table.header else [row.cells for row in table.rows]
        if any(row.note for row in table.rows) or any(_lively(cell.inlines) for cells in rows for cell in cells):
            return None
        columns = max(map(len, rows))
        texts = [[flat(plain(self._runs(cell.inlines, ()))) for cell in cells] for cells in rows]
        widths = [max((cell_len(line[at]) for line in texts if at < len(line)), default=0) for at in range(columns)]
        if sum(widths) + 2 * (columns - 1) > GRID_COLUMNS:
            return None
        right = [any(at < len(row.cells) and row.cells[at].right for row in table.rows) for at in range(columns)]
        return ["  ".join(map(_padded, line, widths, right)).rstrip() for line in texts]

    def _records(self, table: Table, around: tuple[Tag, ...]) -> Iterator[_Piece]:
        """Each row as a paragraph: number and name, the other cells, the note. Numbers are aligned."""
        firsts = [plain(self._runs(row.cells[0].inlines, ())) if row.cells else "" for row in table.rows]
        wide = max(map(cell_len, firsts), default=0)
        heads = _heads(table.header, around, self._latex_line)
        bold, italic = (*around, _BOLD), (*around, _ITALIC)
        for row, first in zip(table.rows, firsts, strict=True):
            numbered = 0 < wide <= 3 and len(row.cells) > 1
            said = _said(row.cells[numbered:], heads[numbered:], around, self._latex_line)
            runs, buttons = [*said.runs], [*said.buttons]
            if numbered:
                runs.insert(0, Run("\u2007" * (wide - cell_len(first)) + first + ". ", bold))
                buttons[:0] = inline_buttons(row.cells[0].inlines)
            if row.note:
                runs += [Run("\n", around), *self._runs(row.note, italic)]
                buttons += inline_buttons(row.note)
            yield _Piece(tuple(runs), buttons=tuple(buttons))

    def _runs(self, inlines: Iterable[Inline], tags: tuple[Tag, ...]) -> list[Run]:
        return _runs(inlines, tags, self._latex_line)


@lru_cache(MOST_HEADS)
def _heads(header: tuple[Cell, ...], around: tuple[Tag, ...], latex_line: LatexLine) -> tuple[tuple[Run, ...], ...]:
    return tuple(tuple(_runs(cell.inlines, around, latex_line)) for cell in header)


@lru_cache(MOST_SAID)
def _said(
    cells: tuple[Cell, ...], heads: tuple[tuple[Run, ...], ...], around: tuple[Tag, ...], latex_line: LatexLine
) -> _Piece:
    """A row without its number and its note: its name, and the other cells in a line; `heads` are the columns' names."""
    runs: list[Run] = []
    if cells:
        runs += _runs(cells[0].inlines, (*around, _BOLD), latex_line)
    between = "\n"
    for at, cell in enumerate(cells[1:], 1):
        fact = _runs(cell.inlines, around, latex_line)
        if not fact or plain(fact) == NOTHING:
            continue
        runs.append(Run(between, around))
        if cell.right and at < len(heads):  # a number needs its column's name to be understood
            runs += [*heads[at], Run(" ", around)]
        runs += fact
        between = " · "
    return _Piece(tuple(runs), buttons=tuple(button for cell in cells for button in inline_buttons(cell.inlines)))


def _runs(inlines: Iterable[Inline], tags: tuple[Tag, ...], latex_line: LatexLine) -> list[Run]:
    runs: list[Run] = []
    for inline in inlines:
        match inline:
            case Text(text):
                runs += _no_addresses(text, tags)
            case Button(label):
                runs.append(Run(label, tags))
            case Break():
                runs.append(Run("\n", tags))
            case Math():
                line = inline.line or line_of(inline.latex, latex_line)
                runs.append(Run(line, tags) if line else Run(inline.latex, _styled(tags, Style.CODE)))
            case Link(url, inner):
                runs += _runs(inner, _linked(tags, url), latex_line)
            case Styled(style, inner):
                runs += _runs(inner, _styled(tags, style), latex_line)
    return runs


def _no_addresses(text: str, tags: tuple[Tag, ...]) -> list[Run]:
    """The text with arXiv's category codes as code: Telegram would take cs.AI for a site in Anguilla and link it."""
    if "." not in text or any(tag.name == "a" for tag in tags):
        return [Run(text, tags)] if text else []
    pieces = enumerate(_CATEGORY.split(text))
    return [Run(piece, _styled(tags, Style.CODE) if at % 2 else tags) for at, piece in pieces if piece]


def _quoted(tags: Iterable[Tag]) -> bool:
    """Whether the tags hold a quotation; Telegram knows none inside another."""
    return any(tag.name == "blockquote" for tag in tags)


def _styled(tags: tuple[Tag, ...], style: Style) -> tuple[Tag, ...]:
    """`tags` and one more; code can be part of a quotation but of nothing else, and nothing can be part of it."""
    if any(tag.name in ("pre", "code", style) for tag in tags):
        return tags
    if style is Style.CODE:
        return (*(tag for tag in tags if tag.name == "blockquote"), _CODE)
    return (*tags, Tag(style.value))


def _linked(tags: tuple[Tag, ...], url: str) -> tuple[Tag, ...]:
    if any(tag.name in ("pre", "code", "a") for tag in tags):
        return tags
    return (*tags, Tag("a", f' href="{html.escape(url)}"'))


def _indented(runs: Sequence[Run], mark: str) -> tuple[Run, ...]:
    """The runs after a list's mark, which stands inside the tags of the block around it and no others."""
    outer = tuple(tag for tag in runs[0].tags if tag.name == "blockquote")
    return (Run(mark, outer), *runs)


def _lively(inlines: Iterable[Inline]) -> bool:
    """Whether something in it must stay pressable, or on a line of its own."""
    return any(
        isinstance(inline, Link | Button | Break) or (isinstance(inline, Styled) and _lively(inline.inlines))
        for inline in inlines
    )


def _padded(text: str, width: int, right: bool) -> str:
    room = " " * (width - cell_len(text))
    return room + text if right else text + room


# --------------------------------------------------------------------------- the flow as messages


def _parts(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    part: list[_Piece] = []
    for piece in pieces:
        rest = piece
        while not _fits([*part, rest]):
            if part and _fits([rest]):
                part, carried = _ending(part)
                yield part
                part = carried if _fits([*carried, rest]) else []
                if carried and not part:
                    yield carried
                continue
            head, rest = _cut(part, rest)
            part += [head] if head.runs or head.buttons else []
            yield part
            part = []
        part.append(rest)
    if part:
        yield part


def _ending(part: list[_Piece]) -> tuple[list[_Piece], list[_Piece]]:
    """The part without the headings at its end, which go with what follows them; at least one piece stays."""
    at = len(part)
    while at > 1 and part[at - 1].joined:
        at -= 1
    return part[:at], part[at:]


def _cut(part: list[_Piece], piece: _Piece) -> tuple[_Piece, _Piece]:
    """What of an oversized piece still goes into `part`, and the rest; buttons stay with the rest."""
    if _fits([replace(piece, buttons=())]):
        if part:
            return _Piece(), piece
        return replace(piece, buttons=piece.buttons[:MOST_BUTTONS]), _Piece(buttons=piece.buttons[MOST_BUTTONS:])
    taken = _joined(part)
    units = MOST_UNITS - length(taken) - piece.gap
    room = MOST_ENTITIES - entities(taken)
    if part and (units < MOST_UNITS // 4 or room < MOST_ENTITIES // 4):
        return _Piece(), piece
    first, rest = cut(piece.runs, units, room)
    return _Piece(first, piece.gap), replace(piece, runs=rest)


def _fits(pieces: Sequence[_Piece]) -> bool:
    return _within_limits(pieces, _joined(pieces))


def _within_limits(pieces: Sequence[_Piece], runs: Sequence[Run]) -> bool:
    """Whether one message holds the pieces, whose runs these are."""
    pressed = sum(len(piece.buttons) + len(piece.row) for piece in pieces)
    # Tags that go on from one run to the next open once, so that few in all need no counting.
    few = sum(len(run.tags) for run in runs) <= MOST_ENTITIES or entities(runs) <= MOST_ENTITIES
    return few and length(runs) <= MOST_UNITS and pressed <= MOST_BUTTONS


def _joined(pieces: Iterable[_Piece]) -> list[Run]:
    """The runs of all pieces with the gaps between them."""
    runs: list[Run] = []
    for piece in pieces:
        if piece.runs:
            if runs:
                runs.append(glue(runs, "\n" * piece.gap, piece.runs))
            runs += piece.runs
    return runs


def _message(pieces: Sequence[_Piece], runs: Sequence[Run]) -> Message:
    # Telegram takes no message without text, and a keyboard needs a message.
    return Message(to_html(runs) if visible(plain(runs)) else "·", tuple(_keyboard(pieces)))


def _keyboard(pieces: Iterable[_Piece]) -> Iterator[tuple[Button, ...]]:
    gathered: list[Button] = []
    for piece in pieces:
        if piece.row:
            yield from _rows(gathered)
            gathered = []
            yield from _rows(piece.row)
        gathered += piece.buttons
    yield from _rows(gathered)


def _rows(buttons: Sequence[Button]) -> Iterator[tuple[Button, ...]]:
    """Rows of at most `MOST_IN_A_ROW`, as even as can be."""
    if not buttons:
        return
    rows = -(-len(buttons) // MOST_IN_A_ROW)
    wide = -(-len(buttons) // rows)
    for start in range(0, len(buttons), wide):
        yield tuple(buttons[start : start + wide])
