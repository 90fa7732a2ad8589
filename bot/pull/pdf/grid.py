"""The rows of a table under its caption → plain cells, by where they stand."""

from __future__ import annotations

from collections.abc import Sequence

from bot.pull.pdf.layout import Float
from bot.pull.pdf.lines import Word
from bot.pull.tabular import Row, header_rows


def grid(found: Float) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The header rows and the body rows of a table, all equally long; nothing where its columns cannot be told."""
    lines = [[cell for line in row for cell in line.cells] for row in found.cells]
    bands = _bands(lines)
    if len(bands) < 2:
        return (), ()
    rows = [_row(line, bands) for line in lines if line]
    split = header_rows(rows)
    return tuple(rows[:split]), tuple(rows[split:])


def _row(line: Sequence[Word], bands: Sequence[tuple[float, float]]) -> Row:
    cells = [""] * len(bands)
    for x0, x1, text in line:
        shared = [min(x1, right) - max(x0, left) for left, right in bands]
        best = max(range(len(bands)), key=shared.__getitem__)
        cells[best] = f"{cells[best]} {text}".strip()
    return tuple(cells)


def _bands(lines: Sequence[Sequence[Word]]) -> list[tuple[float, float]]:
    """The columns of a table: where the cells of its fullest rows stand."""
    most = max((len(row) for row in lines), default=0)
    spans = sorted((x0, x1) for row in lines if len(row) >= max(2, 0.6 * most) for x0, x1, _ in row)
    bands: list[tuple[float, float]] = []
    for x0, x1 in spans:
        if bands and x0 < bands[-1][1] + 1:
            bands[-1] = (bands[-1][0], max(bands[-1][1], x1))
        else:
            bands.append((x0, x1))
    return bands
