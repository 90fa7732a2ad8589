"""A view as a typed, frozen tree of blocks that knows its size; every layout is made from it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

# --------------------------------------------------------------------------- inline


class Style(StrEnum):
    """How a stretch of text looks."""

    BOLD = "b"
    ITALIC = "i"
    UNDERLINE = "u"
    STRIKE = "s"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Text:
    """Plain text; new lines are spaces except in `Pre`."""

    text: str


@dataclass(frozen=True, slots=True)
class Styled:
    """Text in one style."""

    style: Style
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """Text that leads to an http(s) or tg address."""

    url: str
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Math:
    """A formula inside a sentence: LaTeX, and one Unicode line where it is known ("" otherwise)."""

    latex: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A new line inside a paragraph or cell."""


@dataclass(frozen=True, slots=True)
class Button:
    """What can be pressed: `data` (1–64 bytes) comes back to the bot, `url` is opened; exactly one of them is set.
    `style` is "" or "primary", "success", "danger"."""

    label: str
    data: str = ""
    url: str = ""
    style: str = ""


Inline = Text | Styled | Link | Math | Break | Button

# --------------------------------------------------------------------------- blocks


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, level 1 (largest) to 6."""

    level: int
    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """A closing remark in small print."""

    inlines: tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Pre:
    """Preformatted text."""

    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class List:
    """A list; ordered ones count from `start`."""

    items: tuple[tuple[Block, ...], ...]
    ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell; `right` aligns it to the right."""

    inlines: tuple[Inline, ...]
    right: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A table's row with the note that stands under it."""

    cells: tuple[Cell, ...]
    note: tuple[Inline, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `header` and `caption` are () where it has none."""

    header: tuple[Cell, ...]
    rows: tuple[Row, ...]
    caption: tuple[Inline, ...] = ()
    compact: bool = False
    bordered: bool = False
    striped: bool = False


@dataclass(frozen=True, slots=True)
class Details:
    """Something that is folded behind its summary unless `open`."""

    summary: tuple[Inline, ...]
    blocks: tuple[Block, ...]
    open: bool = False


@dataclass(frozen=True, slots=True)
class Quote:
    """A quotation with its credit."""

    blocks: tuple[Block, ...]
    credit: tuple[Inline, ...] = ()


@dataclass(frozen=True, slots=True)
class MathBlock:
    """A display formula: LaTeX, and one Unicode line where it is known ("" otherwise)."""

    latex: str
    line: str = ""


@dataclass(frozen=True, slots=True)
class Buttons:
    """A row of buttons; `classic` ones stand in the classic layout alone, for what the rich one shows by itself."""

    buttons: tuple[Button, ...]
    classic: bool = False


@dataclass(frozen=True, slots=True)
class Divider:
    """A line across."""


Block = Heading | Paragraph | Footer | Pre | List | Table | Details | Quote | MathBlock | Buttons | Divider

# --------------------------------------------------------------------------- the document


@dataclass(frozen=True, slots=True)
class Size:
    """What servers limit: characters and UTF-8 bytes of all text (labels and LaTeX included), blocks (list items, table
    rows and nested ones included), depth of nesting, columns of the widest table, buttons."""

    characters: int
    bytes: int
    blocks: int
    depth: int
    columns: int
    buttons: int


@dataclass(frozen=True, slots=True)
class Document:
    """A view: a tree of blocks."""

    blocks: tuple[Block, ...]

    def texts(self) -> Iterator[str]:
        """Every text in it: labels and LaTeX included."""
        return _texts(self.blocks)

    @property
    def size(self) -> Size:
        """How large it is."""
        texts = list(self.texts())
        return Size(
            characters=sum(map(len, texts)),
            bytes=sum(len(text.encode()) for text in texts),
            blocks=sum(map(nested, self.blocks)),
            depth=max(map(_depth, self.blocks), default=0),
            columns=max((_columns(block) for block in walk(self.blocks)), default=0),
            buttons=sum(1 for _ in buttons(self.blocks)),
        )


def walk(blocks: Iterable[Block]) -> Iterator[Block]:
    """Every block in reading order, containers before what they hold."""
    for block in blocks:
        yield block
        match block:
            case List(items):
                for item in items:
                    yield from walk(item)
            case Details(_, inner) | Quote(inner, _):
                yield from walk(inner)


def lines_of(block: Block) -> Iterator[tuple[Inline, ...]]:
    """The stretches of inline text that stand directly in `block`."""
    match block:
        case Heading(_, inlines) | Paragraph(inlines) | Footer(inlines):
            yield inlines
        case Buttons(pressed):
            yield pressed
        case Details(summary, _):
            yield summary
        case Quote(_, credit):
            yield credit
        case Table(header, rows, caption):
            yield caption
            yield from (cell.inlines for cell in header)
            for row in rows:
                yield from (cell.inlines for cell in row.cells)
                yield row.note


def inline_text(inlines: Iterable[Inline]) -> str:
    """The text of a stretch without its looks; formulas as LaTeX."""
    return "".join(_inline_texts(inlines))


def buttons(blocks: Iterable[Block]) -> Iterator[Button]:
    """Every button in reading order."""
    for block in walk(blocks):
        for inlines in lines_of(block):
            yield from inline_buttons(inlines)


def inline_buttons(inlines: Iterable[Inline]) -> list[Button]:
    """Every button in a stretch of text."""
    found: list[Button] = []
    for inline in inlines:
        match inline:
            case Button():
                found.append(inline)
            case Styled() | Link():
                found += inline_buttons(inline.inlines)
    return found


def nested(block: Block) -> int:
    """How many blocks a block is, with its list items, its table's rows and everything nested."""
    match block:
        case List(items):
            return 1 + sum(1 + sum(map(nested, item)) for item in items)
        case Details(_, inner) | Quote(inner, _):
            return 1 + sum(map(nested, inner))
        case Table(header, rows):
            return 1 + bool(header) + sum(1 + bool(row.note) for row in rows)
    return 1


def _inline_texts(inlines: Iterable[Inline]) -> list[str]:
    texts: list[str] = []
    for inline in inlines:
        match inline:
            case Text():
                texts.append(inline.text)
            case Styled() | Link():
                texts += _inline_texts(inline.inlines)
            case Math():
                texts.append(inline.latex)
            case Button():
                texts.append(inline.label)
            case Break():
                texts.append("\n")
    return texts


def _texts(blocks: Iterable[Block]) -> Iterator[str]:
    for block in walk(blocks):
        for inlines in lines_of(block):
            yield from _inline_texts(inlines)
        if isinstance(block, Pre):
            yield block.text
        elif isinstance(block, MathBlock):
            yield block.latex


def _depth(block: Block) -> int:
    match block:
        case List(items):
            return 2 + max((_depth(inner) for item in items for inner in item), default=0)
        case Details(summary, inner):
            return 1 + max(_inline_depth(summary), *map(_depth, inner), 0)
        case Quote(inner, credit):
            return 1 + max(_inline_depth(credit), *map(_depth, inner), 0)
        case Table():
            return 2 + max((_inline_depth(line) for line in lines_of(block)), default=0)
    return 1 + max((_inline_depth(line) for line in lines_of(block)), default=0)


def _inline_depth(inlines: Iterable[Inline]) -> int:
    deepest = 0
    for inline in inlines:
        inner = inline.inlines if isinstance(inline, Styled | Link) else ()
        own = 1 if isinstance(inline, Styled | Link | Math | Button) else 0
        deepest = max(deepest, own + _inline_depth(inner))
    return deepest


def _columns(block: Block) -> int:
    if not isinstance(block, Table):
        return 0
    return max([len(block.header), *(len(row.cells) for row in block.rows)])
