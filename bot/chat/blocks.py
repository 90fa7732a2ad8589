"""The rich layout: a tree as native blocks of Telegram's rich messages.

Always as blocks: what a paper says is data there, while rich HTML or Markdown is parsed on Telegram's servers, where a
title could become a live button. Links are ours alone, so Telegram is told to look for no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.chat.fitting import SoundFormula, fitted
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
    walk,
)

Content = Mapping[str, Any]
"""Telegram's InputRichMessage."""

_STYLES = {
    Style.BOLD: "bold",
    Style.ITALIC: "italic",
    Style.UNDERLINE: "underline",
    Style.STRIKE: "strikethrough",
    Style.CODE: "code",
}


def gains(document: Document) -> bool:
    """Whether rich messages show the document better: it has tables, folds or formulas. All else is as clear, and
    readable in every client, as a classic message."""
    return any(isinstance(block, Table | Details | MathBlock) or _has_formula(block) for block in walk(document.blocks))


def rich_messages(document: Document, sound: SoundFormula) -> tuple[tuple[Document, Content], ...]:
    """The document as rich messages in reading order, each with the part of the tree that it shows and within
    Telegram's limits; () where there is nothing to see. `sound` says whether LaTeX can be read."""
    return tuple((part, _content(part)) for part in fitted(document, sound))


def _content(part: Document) -> Content:
    return {"blocks": [_block(block) for block in part.blocks], "skip_entity_detection": True}


def _has_formula(block: Block) -> bool:
    match block:
        case Heading(_, inlines) | Paragraph(inlines) | Footer(inlines):
            return any(map(_is_formula, inlines))
    return False


def _is_formula(inline: Inline) -> bool:
    return isinstance(inline, Math) or (isinstance(inline, Styled | Link) and any(map(_is_formula, inline.inlines)))


def _block(block: Block) -> dict[str, Any]:  # noqa: PLR0911 - one short case per kind of block reads best
    match block:
        case Heading(level, inlines):
            # A chat's largest heading would shout: a view's own begins one smaller.
            return {"type": "heading", "text": _text(inlines), "size": min(level + 1, 6)}
        case Paragraph(inlines):
            return {"type": "paragraph", "text": _text(inlines)}
        case Footer(inlines):
            return {"type": "footer", "text": _text(inlines)}
        case Pre(text, language):
            return {"type": "pre", "text": text} | ({"language": language} if language else {})
        case MathBlock(latex):
            return {"type": "mathematical_expression", "expression": latex}
        case Divider():
            return {"type": "divider"}
        case Buttons(row):
            return {"type": "buttons", "buttons": [_button(button) for button in row]}
        case List():
            return {"type": "list", "items": _items(block)}
        case Table():
            return _table(block)
        case Quote(inner, credit):
            quote = {"type": "blockquote", "blocks": _blocks(inner)}
            return quote | ({"credit": _text(credit)} if credit else {})
        case Details(summary, inner, is_open):
            folded = {"type": "details", "summary": _text(summary), "blocks": _blocks(inner)}
            return folded | ({"is_open": True} if is_open else {})


def _blocks(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    return [_block(block) for block in blocks]


def _items(block: List) -> list[dict[str, Any]]:
    if not block.ordered:
        return [{"blocks": _blocks(item)} for item in block.items]
    return [
        {"blocks": _blocks(item), "value": number, "type": "1"} for number, item in enumerate(block.items, block.start)
    ]


def _table(table: Table) -> dict[str, Any]:
    columns = max(len(table.header), *(len(row.cells) for row in table.rows))
    cells = [[_cell(cell, is_header=True) for cell in table.header]] if table.header else []
    for row in table.rows:
        cells += _row(row, columns)
    looks = {f"is_{look}": True for look in ("compact", "bordered", "striped") if getattr(table, look)}
    caption = {"caption": _text(table.caption)} if table.caption else {}
    return {"type": "table", "cells": cells} | looks | caption


def _row(row: Row, columns: int) -> list[list[dict[str, Any]]]:
    """The row, and its note beside an invisible cell, so that the first column holds nothing but the rows' own marks."""
    cells = [[_cell(cell) for cell in row.cells]]
    if row.note:
        wide = {"colspan": columns - 1} if columns > 2 else {}
        beside = [{"align": "left", "valign": "top"}] if columns > 1 else []
        cells.append([*beside, _cell(Cell((Styled(Style.ITALIC, row.note),))) | wide])
    return cells


def _cell(cell: Cell, *, is_header: bool = False) -> dict[str, Any]:
    shown = {"text": _text(cell.inlines), "align": "right" if cell.right else "left", "valign": "top"}
    if is_header:
        shown["is_header"] = True
    return shown


# --------------------------------------------------------------------------- inline


def _text(inlines: Sequence[Inline]) -> Any:
    """Telegram's RichText: a string where that is all there is, else an array."""
    if len(inlines) == 1:
        return _inline(inlines[0])
    pieces: list[Any] = []
    for inline in inlines:
        piece = _inline(inline)
        if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    if len(pieces) > 1:
        return pieces
    return pieces[0] if pieces else ""


def _inline(inline: Inline) -> Any:
    match inline:
        case Text(text):
            return text
        case Break():
            return "\n"
        case Math(latex):
            return {"type": "mathematical_expression", "expression": latex}
        case Button():
            return {"type": "button", "button": _button(inline)}
        case Link(url, inner):
            return {"type": "url", "text": _text(inner), "url": url}
        case Styled(style, inner):
            return {"type": _STYLES[style], "text": _text(inner)}


def _button(button: Button) -> dict[str, str]:
    said = {"callback_data": button.data} if button.data else {"url": button.url}
    return {"text": button.label, **said, **({"style": button.style} if button.style else {})}
