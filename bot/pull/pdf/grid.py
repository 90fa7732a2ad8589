"""The rows of a table under its caption → plain cells, by where they stand."""

from __future__ import annotations

from collections.abc import Sequence

from bot.pull.pdf.layout import Float
from bot.pull.pdf.lines import Line, Word
from bot.pull.tabular import Row, header_rows

Band = tuple[float, float]

_COVERED = 0.6  # of a column: what covers less of it reaches into it only


def grid(found: Float) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The header rows and the body rows of a table, all equally long; nothing where its columns cannot be told."""
    bands = _bands([[cell for line in row for cell in line.cells] for row in found.cells])
    if len(bands) < 2:
        return (), ()
    rows = [_row([cell for line in row for cell in _cells(line, bands)], bands) for row in found.cells if row]
    split = header_rows(rows)
    return tuple(rows[:split]), tuple(rows[split:])


def _row(cells: Sequence[Word], bands: Sequence[Band]) -> Row:
    found = [""] * len(bands)
    for cell in cells:
        at = _nearest(cell, bands)
        found[at] = f"{found[at]} {cell[2]}".strip()
    return tuple(found)


def _nearest(cell: Word, bands: Sequence[Band]) -> int:
    return max(range(len(bands)), key=lambda i: _shared(cell, bands[i]))


def _shared(cell: Word, band: Band) -> float:
    return min(cell[1], band[1]) - max(cell[0], band[0])


def _cells(line: Line, bands: Sequence[Band]) -> list[Word]:
    """The cells of a line. Where columns stand as near as words do, what fills several of them is taken word by word; a
    heading over several columns, which fills them in part only, stays whole."""
    cells: list[Word] = []
    for cell in line.cells:
        touched = [band for band in bands if _shared(cell, band) > 0]
        words = [word for word in line.words if cell[0] <= word[0] and word[1] <= cell[1]]
        filled = all(_shared(cell, (left, right)) >= _COVERED * (right - left) for left, right in touched)
        one_each = len(touched) == len(bands) == len({_nearest(word, bands) for word in words}) == len(words)
        if len(touched) > 1 and (filled or one_each):
            cells += words
        else:
            cells.append(cell)
    return cells


def _bands(lines: Sequence[Sequence[Word]]) -> list[Band]:
    """The columns of a table: where the cells of its fullest rows stand; where most rows are equally full, of those
    alone, since a cell of another may run into the next."""
    most = max((len(row) for row in lines), default=0)
    full = [row for row in lines if len(row) == most]
    if 2 * len(full) < len(lines):
        full = [row for row in lines if len(row) >= max(2, 0.6 * most)]
    bands: list[Band] = []
    for x0, x1, _ in sorted(cell for row in full if len(row) > 1 for cell in row):
        if bands and x0 < bands[-1][1] + 1:
            bands[-1] = (bands[-1][0], max(bands[-1][1], x1))
        else:
            bands.append((x0, x1))
    return bands
