"""Our small HTML dialect, parsed once into a tree.

Blocks: `h1`–`h6`, `p`, `ul`/`ol` with `li`, `table` with `caption`, `thead`, `tr`, `th`, `td`, `details` with `summary`,
`blockquote` with `cite`, `pre`, `math display="block"`, `buttons` with `button`, `hr`, `footer`. Inline: `b i u s code a
br`, `math`, and `button` inside a paragraph or a cell. The markup is ours and well-formed as XML; text from outside enters
it escaped, so it is data, never markup, and it is cleaned here once for every layout.

A table's header is the cells of its `thead`, or a row of `th` alone. A row that is a single cell with `colspan` is a note
on the row before it. A table may be `look="compact"`, "bordered", "striped" or several of them. `math` may carry `line`,
the formula as one Unicode line where the source knows better than its LaTeX. `buttons layout="classic"` stand in the
classic layout alone; a `button` may have a `style`. `<kept n="3"/>` in a row or a `thead` stands for cells that are parsed
already, the fourth of those that are given beside the markup.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable, Sequence

from bot.chat.clean import clean, visible
from bot.chat.spaces import flat, tidy
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
    Style,
    Styled,
    Table,
    Text,
)

MOST_DATA = 64
"""Bytes that a button may say when pressed."""

LONGEST_LABEL = 64
"""Characters of a button's label; longer ones end in an ellipsis."""

_STYLES = frozenset(Style)
_LOOKS = frozenset(("compact", "bordered", "striped"))
_BUTTON_STYLES = frozenset(("", "primary", "success", "danger"))
_INLINE = {*_STYLES, "a", "br", "button"}
_SAFE_URL = re.compile(r"(?:https?|tg)://\S{1,2000}")


Cells = tuple[Cell, ...]


class MarkupError(ValueError):
    """A template wrote something that is not our dialect: a mistake of ours, found by rendering every template."""


def parse(markup: str, kept: Sequence[Cells] = ()) -> Document:
    """The tree of a template's markup, with `kept` cells where it says so.

    Raises:
        MarkupError: it is not well-formed, or not our dialect.
    """
    return Document(_blocks(_tree(markup), kept))


def parse_cells(markup: str) -> Cells:
    """The cells of a part of a row.

    Raises:
        MarkupError: it is not well-formed, or no cells.
    """
    return _cells(_tree(markup), ())


def _tree(markup: str) -> ET.Element:
    try:
        return ET.fromstring(f"<view>{clean(markup)}</view>")  # noqa: S314 - our own templates; texts in it are escaped
    except ET.ParseError as error:
        raise MarkupError(str(error)) from error


# --------------------------------------------------------------------------- blocks


def _blocks(element: ET.Element, kept: Sequence[Cells], *, without: str = "") -> tuple[Block, ...]:
    """The blocks inside `element`; text that stands there directly becomes paragraphs. Children named `without` are
    somebody else's."""
    found: list[Block] = []
    loose: list[Inline] = [Text(element.text)] if element.text else []

    def close() -> None:
        inlines = tidy(loose)
        if inlines:
            found.append(Paragraph(inlines))
        loose.clear()

    for child in element:
        if _is_inline(child):
            loose += _inline(child)
        else:
            close()
            block = None if child.tag == without else _block(child, kept)
            if block is not None:
                found.append(block)
        if child.tail:
            loose.append(Text(child.tail))
    close()
    return tuple(found)


def _is_inline(element: ET.Element) -> bool:
    return element.tag in _INLINE or (element.tag == "math" and element.get("display") != "block")


def _block(element: ET.Element, kept: Sequence[Cells]) -> Block | None:
    """The block of one element; None where nothing is in it."""
    if make := _BLOCKS.get(element.tag):
        return make(element)
    if contain := _CONTAINERS.get(element.tag):
        return contain(element, kept)
    raise MarkupError(f"<{element.tag}> is no block of our dialect")


def _divider(element: ET.Element) -> Divider:
    _only(element)
    return Divider()


def _pre(element: ET.Element) -> Pre | None:
    _only(element, "language")
    text = "".join(element.itertext()).strip("\n")
    return Pre(text, element.get("language", "")) if visible(text) else None


def _math_block(element: ET.Element) -> MathBlock | None:
    latex, line = _math(element)
    return MathBlock(latex, line) if latex else None


def _button_row(element: ET.Element) -> Buttons | None:
    _only(element, "layout")
    if element.get("layout", "classic") != "classic":
        raise MarkupError(f"buttons for no layout: {element.get('layout')}")
    row = tuple(_button(child) for child in _children(element, "button"))
    return Buttons(row, "layout" in element.attrib) if row else None


def _line_block(element: ET.Element) -> Heading | Paragraph | Footer | None:
    _only(element)
    inlines = _line(element)
    if not inlines:
        return None
    if element.tag == "p":
        return Paragraph(inlines)
    return Footer(inlines) if element.tag == "footer" else Heading(int(element.tag[1]), inlines)


def _list(element: ET.Element, kept: Sequence[Cells]) -> List | None:
    _only(element, "start")
    items = tuple(blocks for item in _children(element, "li") if (blocks := _blocks(item, kept)))
    return List(items, element.tag == "ol", int(element.get("start", "1"))) if items else None


def _table(element: ET.Element, kept: Sequence[Cells]) -> Table | None:
    _only(element, "look")
    looks = frozenset(element.get("look", "").split())
    if not looks <= _LOOKS:
        raise MarkupError(f"a table cannot look {', '.join(sorted(looks - _LOOKS))}")
    header: tuple[Cell, ...] = ()
    caption: tuple[Inline, ...] = ()
    rows: list[Row] = []
    for line in _children(element, "caption", "thead", "tr"):
        if line.tag == "caption":
            _only(line)
            caption = _line(line)
            continue
        if line.tag == "thead":
            _only(line)
            header = _cells(line, kept)
            continue
        cells = _cells(line, kept)
        if len(line) == 1 and line[0].get("colspan"):
            if not rows:
                raise MarkupError("a note needs a row to stand under")
            rows[-1] = Row(rows[-1].cells, cells[0].inlines)
        elif any(child.tag != "th" for child in line):
            rows.append(Row(cells))
        elif cells:
            header = cells
    return Table(header, tuple(rows), caption, **dict.fromkeys(looks, True)) if rows else None


def _cells(row: ET.Element, kept: Sequence[Cells]) -> Cells:
    cells: list[Cell] = []
    for child in _children(row, "th", "td", "kept"):
        cells += kept[int(child.attrib["n"])] if child.tag == "kept" else (_cell(child),)
    return tuple(cells)


def _cell(element: ET.Element) -> Cell:
    _only(element, "align", "colspan")
    return Cell(_line(element), element.get("align") == "right")


def _folder(element: ET.Element, kept: Sequence[Cells]) -> Details | Quote | None:
    """`details` and `blockquote`: blocks with one line beside them."""
    beside = "summary" if element.tag == "details" else "cite"
    _only(element, "open")
    lines = [_line(child) for child in element if child.tag == beside]
    blocks = _blocks(element, kept, without=beside)
    line = lines[0] if lines else ()
    if not blocks:
        return None
    if element.tag == "blockquote":
        return Quote(blocks, line)
    if not line:
        raise MarkupError("<details> needs a <summary>")
    return Details(line, blocks, element.get("open") is not None)


def _children(element: ET.Element, *names: str) -> Iterable[ET.Element]:
    """The children, which must all have one of `names` and no text between them."""
    between = element.text
    for child in element:
        if not _blank(between):
            break
        if child.tag not in names:
            raise MarkupError(f"<{child.tag}> directly inside <{element.tag}>")
        between = child.tail
    if not _blank(between):
        raise MarkupError(f"text directly inside <{element.tag}>")
    return element


def _blank(text: str | None) -> bool:
    return not text or text.isspace() or not visible(text)


def _only(element: ET.Element, *names: str) -> None:
    """Refuse attributes that mean nothing here: a misspelt one must not be lost in silence."""
    for name in element.keys():  # noqa: SIM118 - an element is no mapping
        if name not in names:
            raise MarkupError(f"<{element.tag}> has no {name}")


# --------------------------------------------------------------------------- inline


def _line(element: ET.Element) -> tuple[Inline, ...]:
    return tidy(_inlines(element))


def _inlines(element: ET.Element) -> list[Inline]:
    found: list[Inline] = [Text(element.text)] if element.text else []
    for child in element:
        found += _inline(child)
        if child.tail:
            found.append(Text(child.tail))
    return found


def _inline(element: ET.Element) -> list[Inline]:
    if element.tag in _STYLES:
        _only(element)
        return [Styled(Style(element.tag), tuple(_inlines(element)))]
    match element.tag:
        case "a":
            _only(element, "href")
            url, inner = element.get("href", "").strip(), _inlines(element)
            # What is no address after all stays as its text.
            return [Link(url, tuple(inner))] if _SAFE_URL.fullmatch(url) else inner
        case "br":
            _only(element)
            return [Break()]
        case "math":
            latex, line = _math(element)
            return [Math(latex, line)] if latex else []
        case "button":
            return [_button(element)]
    raise MarkupError(f"<{element.tag}> cannot stand inside a line")


def _math(element: ET.Element) -> tuple[str, str]:
    _only(element, "display", "line")
    latex, line = flat("".join(element.itertext())), flat(element.get("line", ""))
    return (latex if visible(latex) else line), line


def _button(element: ET.Element) -> Button:
    _only(element, "data", "url", "style")
    label, data, url = flat("".join(element.itertext())), element.get("data", ""), element.get("url", "")
    style = element.get("style", "")
    if not visible(label):
        raise MarkupError("a button without a label")
    if bool(data) == bool(url) or len(data.encode()) > MOST_DATA or (url and not _SAFE_URL.fullmatch(url)):
        raise MarkupError(f"button “{label}” needs an address or 1 to {MOST_DATA} bytes of data: {data or url!r}")
    if style not in _BUTTON_STYLES:
        raise MarkupError(f"button “{label}” has no style {style}")
    return Button(label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…", data, url, style)


_BLOCKS: dict[str, Callable[[ET.Element], Block | None]] = {
    **dict.fromkeys(("p", "footer", "h1", "h2", "h3", "h4", "h5", "h6"), _line_block),
    "buttons": _button_row,
    "hr": _divider,
    "math": _math_block,
    "pre": _pre,
}
_CONTAINERS: dict[str, Callable[[ET.Element, Sequence[Cells]], Block | None]] = {
    **dict.fromkeys(("ul", "ol"), _list),
    **dict.fromkeys(("details", "blockquote"), _folder),
    "table": _table,
}
