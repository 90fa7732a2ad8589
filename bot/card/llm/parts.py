"""A paper's text as the model reads it: in one piece where it fits, else in parts at the borders of sections; nothing is
left out but what is addressed to machines."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.card.llm.injections import without_words_to_machines
from bot.card.sentences import split
from bot.model import FullText, Section, Table

SHORTEST_PART = 500
"""Tokens; a model that takes less can read nothing."""


def tokens_of(text: str) -> int:
    """About how many tokens a text takes, rather more than fewer: a word of English is 1.3, a Chinese character 1."""
    wide = sum(character > "\u2e80" for character in text)
    return math.ceil(wide + (len(text) - wide) / 3.2)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Text that may be parted from what stands before it; `heading` is of the section it stands in."""

    heading: str
    text: str


def parts_of(text: FullText, tokens: int) -> tuple[str, ...]:
    """The text in as few parts as fit `tokens` each: parted between sections where that will do, else between
    subsections, paragraphs, rows or sentences. A section that goes on in the next part has its heading there too."""
    tokens = max(tokens, SHORTEST_PART)
    pieces = [piece for whole in _pieces(text) for piece in _small_enough(whole, tokens)]
    parts: list[list[_Piece]] = [[]]
    used = 0
    for piece in pieces:
        size = tokens_of(_written([piece])) + 1
        if parts[-1] and used + size > tokens:
            parts.append([])
            used = 0
        parts[-1].append(piece)
        used += size
    return tuple(_written(part) for part in parts)


def _written(pieces: Iterable[_Piece]) -> str:
    lines: list[str] = []
    heading = ""
    for piece in pieces:
        if piece.heading != heading:
            heading = piece.heading
            lines.append(heading)
        lines.append(piece.text)
    return "\n\n".join(line for line in lines if line)


def _pieces(text: FullText) -> Iterator[_Piece]:
    if text.abstract:
        yield _Piece("## Abstract", without_words_to_machines(text.abstract))
    for section in text.sections:
        heading = _heading(section)
        empty = True
        for written in _contents(section):
            empty = False
            yield _Piece(heading, written)
        if empty:
            yield _Piece(heading, "")


def _heading(section: Section) -> str:
    marks = "#" * min(section.level + 1, 6)
    name = " ".join(filter(None, (section.number, without_words_to_machines(section.title))))
    return f"{marks} {name}{' (appendix)' if section.appendix else ''}"


def _contents(section: Section) -> Iterator[str]:
    for paragraph in section.paragraphs:
        yield without_words_to_machines(paragraph.text)
    for table in section.tables:
        yield table_text(table)
    for figure in section.figures:
        yield f"[Figure] {without_words_to_machines(figure.caption)}"


def table_text(table: Table) -> str:
    """A table as lines, cells divided by bars, under its caption."""
    rows = [" | ".join(cell.strip() for cell in row) for row in (*table.header, *table.rows)]
    lines = [f"[Table] {table.caption}", *rows]
    return "\n".join(without_words_to_machines(line) for line in lines)


def _small_enough(piece: _Piece, tokens: int) -> Iterator[_Piece]:
    """The piece, in several where it alone is too long: by lines, else by sentences, else by length."""
    room = tokens - tokens_of(piece.heading) - 2
    if tokens_of(piece.text) <= room:
        yield piece
        return
    kept: list[str] = []
    joint = "\n" if "\n" in piece.text else " "
    for unit in _units(piece.text, room):
        if kept and tokens_of(joint.join([*kept, unit])) > room:
            yield _Piece(piece.heading, joint.join(kept))
            kept = []
        kept.append(unit)
    if kept:
        yield _Piece(piece.heading, joint.join(kept))


def _units(text: str, room: int) -> Iterator[str]:
    units = text.split("\n") if "\n" in text else split(text)
    for unit in units:
        if tokens_of(unit) <= room:
            yield unit
            continue
        # A formula or a language without full stops: by length, the only border there is.
        for start in range(0, len(unit), room):
            yield unit[start : start + room]
