"""A tree as Markdown (GitHub's dialect, formulas as $…$); text is escaped, so it is never markup."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

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
    Row,
    Style,
    Styled,
    Table,
    Text,
)

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~$])")
_AT_START = re.compile(r"^(\s*)([+=-]|#{1,6}|\d{1,9}[.)])(?=\s|$|[=-])", re.MULTILINE)
_MARKS = {Style.BOLD: "**", Style.ITALIC: "*", Style.STRIKE: "~~", Style.UNDERLINE: ""}


def markdown(document: Document) -> str:
    """The document as Markdown. Buttons that talk to the bot are left out, since nobody could press them."""
    return "\n\n".join(filter(None, map(_block, document.blocks))) + "\n"


def _block(block: Block) -> str:  # noqa: PLR0911 - one short case per kind of block reads best
    match block:
        case Heading(level, inlines):
            return f"{'#' * level} {flat(_line(inlines))}"
        case Paragraph(inlines):
            return _paragraph(inlines)
        case Footer(inlines):
            return f"*{_paragraph(inlines)}*"
        case Pre(text, language):
            return _fenced(text, language)
        case MathBlock(latex):
            return f"$$\n{_latex(latex)}\n$$"
        case Divider():
            return "---"
        case Buttons(buttons):
            return " · ".join(_link(button.url, _text(button.label)) for button in buttons if button.url)
        case List():
            return _list(block)
        case Table():
            return _table(block)
        case Quote(inner, credit):
            said = _blocks(inner)
            return _prefixed(f"{said}\n\n— {_line(credit)}" if credit else said, "> ")
        case Details(summary, inner):
            return f"**{flat(_line(summary))}**\n\n{_blocks(inner)}"


def _blocks(blocks: Iterable[Block]) -> str:
    return "\n\n".join(filter(None, map(_block, blocks)))


def _paragraph(inlines: Sequence[Inline]) -> str:
    """A line that begins like a heading, a list or a rule is kept from becoming one."""
    return _AT_START.sub(lambda match: f"{match[1]}{_defused(match[2])}", _line(inlines))


def _defused(mark: str) -> str:
    return f"{mark[:-1]}\\{mark[-1]}" if mark[0].isdigit() else f"\\{mark}"


def _list(block: List) -> str:
    items = []
    for number, item in enumerate(block.items, block.start):
        mark = f"{number}. " if block.ordered else "- "
        items.append(mark + _prefixed(_blocks(item), " " * len(mark)).lstrip(" "))
    return "\n".join(items)


def _table(table: Table) -> str:
    columns = max([len(table.header), *(len(row.cells) for row in table.rows)])
    head = [flat(_line(cell.inlines)) for cell in table.header]
    right = [any(at < len(row.cells) and row.cells[at].right for row in table.rows) for at in range(columns)]
    rule = ["---:" if to_the_right else "---" for to_the_right in right]
    name = f"**{flat(_line(table.caption))}**\n\n" if table.caption else ""
    return name + "\n".join(map(_bars, [head + [""] * (columns - len(head)), rule, *_rows(table.rows, columns)]))


def _rows(rows: Iterable[Row], columns: int) -> Iterator[list[str]]:
    for row in rows:
        cells = [_cell(cell) for cell in row.cells] + [""] * (columns - len(row.cells))
        if row.note:
            cells[1 if columns > 1 else 0] += f"<br>*{_in_cell(row.note)}*"
        yield cells


def _cell(cell: Cell) -> str:
    return _in_cell(cell.inlines)


def _in_cell(inlines: Iterable[Inline]) -> str:
    """A table's row is one line; bars inside formulas and addresses are escaped as well."""
    text = re.sub(r"\s*\\?\n\s*", "<br>", _line(inlines))
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def _bars(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _line(inlines: Iterable[Inline]) -> str:
    return "".join(map(_inline, inlines))


def _inline(inline: Inline) -> str:
    match inline:
        case Text(text) | Button(text):
            return _text(text)
        case Break():
            return "\\\n"
        case Math(latex):
            return f"${_latex(latex)}$"
        case Link(url, inner):
            return _link(url, _line(inner))
        case Styled(Style.CODE, inner):
            return _code("".join(map(_bare, inner)))
        case Styled(style, inner):
            return _marked(_line(inner), _MARKS[style])


def _bare(inline: Inline) -> str:
    match inline:
        case Text(text) | Button(text) | Math(text):
            return text
        case Styled(_, inner) | Link(_, inner):
            return "".join(map(_bare, inner))
    return " "


def _marked(text: str, mark: str) -> str:
    """Emphasis holds only where its marks touch the words."""
    inner = text.strip()
    if not inner or not mark:
        return text
    before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    return f"{before}{mark}{inner}{mark}{after}"


def _text(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text).replace("&", "&amp;")


def _latex(latex: str) -> str:
    return re.sub(r"(?<!\\)\$", r"\\$", flat(latex)).replace("`", "'")


def _link(url: str, text: str) -> str:
    return f"[{text}](<{url.replace('<', '%3C').replace('>', '%3E')}>)"


def _code(text: str) -> str:
    ticks = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{flat(text)}{pad}{ticks}"


def _fenced(text: str, language: str) -> str:
    ticks = "`" * max(max(map(len, re.findall("`+", text)), default=0) + 1, 3)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _prefixed(text: str, prefix: str) -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))
