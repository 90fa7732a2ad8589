"""The list of references: where it begins when it has no heading, and its rows → one text for each work."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.pull.pdf.headings import Heading
from bot.pull.pdf.hyphens import Vocabulary, text_of_lines
from bot.pull.pdf.layout import Body, Row
from bot.pull.pdf.paragraphs import STOPS

_MARKED = re.compile(r"\[[\w+\-:.]{1,14}\]|\(\d{1,3}\)|\d{1,3}[.)]?(?=\s)")
_SHORT = 8  # rows at the end of a paper that may be a list of two works
_NUMBER = re.compile(r"\(?(\d{1,3})[.)]?(?=\s)")


def first_entry(rows: Sequence[Row]) -> Row | None:
    """The first row of a list that has no heading: "[1] …" or a raised 1, with 2 and 3 soon below; None where there is a
    heading or no such list."""
    if any(len(row.line.text) < 40 and Heading("", row.line.text, 1).begins_references for row in rows):
        return None
    for i in range(len(rows) - 1, -1, -1):
        mark = _mark(rows[i])
        if mark and mark.strip("[]") == "1" and rows[i].indent < 1:
            below = {_mark(row) for row in rows[i + 1 : i + (30 if mark == "[1]" else 14)]}
            second, third = mark.replace("1", "2"), mark.replace("1", "3")
            if second in below and (third in below or (mark == "[1]" and len(rows) - i < _SHORT)):
                return rows[i]
    return None


def _mark(row: Row) -> str:
    """What a row of a list begins with: "[12]", or a raised "12"; "" for neither."""
    first = row.line.pieces[0]
    if first.raised > 0 and first.text.strip().isdigit():
        return first.text.strip()
    match = re.match(r"\[\d{1,3}\](?=\s\S)", row.line.text)
    return match[0] if match is not None else ""


def entries(rows: Sequence[Row], body: Body, vocabulary: Vocabulary) -> list[str]:
    """The works that the rows of a list name, one text each."""
    style = _Style.of(rows)
    found: list[list[Row]] = []
    for row in rows:
        if not found or _begins(found[-1], row, style, body):
            found.append([])
        found[-1].append(row)
    texts = (text_of_lines([row.line.text for row in entry], vocabulary) for entry in found)
    return [text for text in texts if sum(c.isalpha() for c in text) > 8]


@dataclass(frozen=True, slots=True)
class _Style:
    """How a list tells its entries apart."""

    bracketed: bool
    raised: bool
    numbered: bool
    hanging: bool

    @classmethod
    def of(cls, rows: Sequence[Row]) -> _Style:
        marked = [row for row in rows if _MARKED.match(row.line.text)]
        numbered = [row for row in marked if row.indent < 2]
        return cls(
            bracketed=sum(row.line.text[0] == "[" for row in marked) >= 2,
            raised=sum(_mark(row).isdigit() for row in rows) >= 3,
            numbered=len(numbered) >= 2 and len(numbered) > 0.12 * len(rows),
            hanging=sum(0.6 < row.indent < 4 for row in rows) > 0.25 * len(rows),
        )


def _begins(entry: Sequence[Row], row: Row, style: _Style, body: Body) -> bool:
    text, last = row.line.text, entry[-1]
    if style.bracketed:
        return text[0] == "[" and _MARKED.match(text) is not None
    if style.raised:
        return _mark(row).isdigit()
    first = _NUMBER.match(entry[0].line.text)
    if style.numbered and first is not None:
        number = _NUMBER.match(text)
        return number is not None and int(number[1]) == int(first[1]) + 1
    if style.hanging:
        return row.indent < 0.5
    same = last.column == row.column and last.line.page == row.line.page
    if same and last.line.y - row.line.y > 1.15 * max(body.leading, 1.2 * row.line.size):
        return True
    return bool(STOPS.search(last.line.text)) and last.rest > 2 and row.line.text[0].isupper()
