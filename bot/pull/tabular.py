"""Tables of LaTeXML as plain cells: spans filled in, header told from body, simple formulas as Unicode."""

from __future__ import annotations

import re
from collections.abc import Sequence

from selectolax.lexbor import LexborNode

from bot.pull.nodes import attribute, classes, every

Row = tuple[str, ...]

_WIDEST = 60  # columns; more is an accident
_SYMBOLS = {
    "\\pm": "±",
    "\\mp": "∓",
    "\\times": "×",
    "\\uparrow": "↑",
    "\\downarrow": "↓",
    "\\rightarrow": "→",
    "\\to": "→",
    "\\leftarrow": "←",
    "\\sim": "∼",
    "\\approx": "≈",
    "\\leq": "≤",
    "\\geq": "≥",
    "\\le": "≤",
    "\\ge": "≥",
    "\\cdot": "·",
    "\\dagger": "†",
    "\\ddagger": "‡",
    "\\ast": "∗",
    "\\star": "⋆",
    "\\checkmark": "✓",
    "\\infty": "∞",
    "\\Delta": "Δ",
    "\\%": "%",
    "\\$": "$",
    "\\&": "&",
    "\\_": "_",
    "\\,": " ",
    "\\;": " ",
    "\\:": " ",
    "\\ ": " ",
    "\\!": "",
    "\\quad": " ",
    "\\displaystyle": "",
    "\\bf": "",
    "\\bm": "",
}
_COMMAND = re.compile(r"\\(?:[A-Za-z]+|[^A-Za-z])")
_STYLE = re.compile(
    r"\\(?:mathbf|textbf|mathrm|textrm|mathit|textit|mathsf|text|underline|bm|boldsymbol|mathbin|mathrel|mathord|scriptstyle"
    r"|textsuperscript|textsubscript|uline)\s*(?=\{)"
)
_SCRIPT = re.compile(r"(?:\{\})?[_^]")
_NUMERIC = re.compile(r"[^\w]*[+\-−–]?\d[\d.,]*\s*(?:[%×xkKMBms°]|±.*|\(.*\)|/.*|e[-−]?\d+)?[^\w]*")


def plain_formula(latex: str) -> str:
    r"""The formula of a table cell as plain text where that says the same, else as $LaTeX$.

    86.2\pm 0.5 → 86.2±0.5, but \mathbf{x^2} → $\mathbf{x^2}$.
    """
    text = _STYLE.sub("", latex)
    if re.fullmatch(r"\{\}[_^]\{.*\}|\{\}[_^].", text):  # a mark or an error bar beside the number
        text = _SCRIPT.sub("", text, count=1)
    text = _COMMAND.sub(lambda m: _SYMBOLS.get(m[0], m[0]), text)
    if re.search(r"[\\^_]", text):
        return f"${latex}$"
    text = re.sub(r"[{}]", "", text)
    return re.sub(r"\s*([±×])\s*", r"\1", text)


def grid(table: LexborNode) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The header rows and the body rows of a tabular; all rows are equally long.

    A cell over several columns is repeated in the header and stands once in the body; one over several rows is
    repeated in both, so that every number has its labels in its own row and column.
    """
    rows: list[list[str]] = []
    headed: list[bool] = []
    carried: dict[int, tuple[int, str]] = {}
    for node in every(table, "tr, .ltx_tr"):
        cells = [cell for cell in node.iter() if cell.tag in ("td", "th") or "ltx_td" in classes(cell)]
        all_heads = bool(cells) and all(_is_head(cell) for cell in cells if cell.text().strip())
        in_head = node.parent is not None and node.parent.tag == "thead"
        row = _row(cells, carried, repeat=in_head or all_heads or not rows)
        if any(row):
            rows.append(row)
            headed.append(in_head or (all_heads and len(cells) > 1))
    width = max((len(row) for row in rows), default=0)
    full = [tuple(row + [""] * (width - len(row))) for row in rows]
    split = header_rows(full, headed)
    return tuple(full[:split]), tuple(full[split:])


def _row(cells: list[LexborNode], carried: dict[int, tuple[int, str]], *, repeat: bool) -> list[str]:
    row: list[str] = []

    def fill() -> None:
        while len(row) in carried and len(row) < _WIDEST:
            left, text = carried.pop(len(row))
            if left > 1:
                carried[len(row)] = (left - 1, text)
            row.append(text)

    later: dict[int, tuple[int, str]] = {}
    for cell in cells:
        fill()
        text = " ".join(cell.text().split())
        wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
        for i in range(wide):
            if len(row) >= _WIDEST:
                break
            shown = text if i == 0 or repeat else ""
            if high > 1:
                later[len(row)] = (high - 1, shown)
            row.append(shown)
            if i + 1 < wide:
                fill()
    fill()
    carried.update(later)
    return row


def _span(cell: LexborNode, name: str) -> int:
    stated = attribute(cell, name)
    if not stated and cell.tag in ("td", "th"):
        return 1
    if not stated:  # a table inside a line has no cells of HTML, only classes
        kind = next((kind for kind in classes(cell) if kind.startswith(f"ltx_{name}_")), "1")
        stated = kind.rpartition("_")[2]
    return min(max(int(stated), 1), _WIDEST) if stated.isascii() and stated.isdigit() and len(stated) < 5 else 1


def _is_head(cell: LexborNode) -> bool:
    return cell.tag == "th" or "ltx_th" in classes(cell)


def header_rows(rows: Sequence[Row], headed: Sequence[bool] = ()) -> int:
    """How many of the first rows are header: those marked in `headed`, else those above the first row with numbers."""
    marked = 0
    while marked < len(headed) and headed[marked]:
        marked += 1
    if 0 < marked < len(rows):
        return marked
    first = next((i for i, row in enumerate(rows) if any(_NUMERIC.fullmatch(cell) for cell in row[1:] if cell)), None)
    if first is None:
        return min(1, len(rows) - 1) if rows else 0
    return first if first <= 3 else 1
