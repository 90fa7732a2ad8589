"""Lines → what each of them is on its page: running head, footnote, caption, table, formula, or text to be read.

TeX writes a page in its reading order, column by column, so the order of the file is kept; a page whose lines jump up
and down is put in order by its columns. What floats (figures, tables) and what repeats (running heads) is taken out, so
that a sentence goes on where its column or page ends.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from bot.pull.pdf.glyphs import PageGlyphs
from bot.pull.pdf.lines import Line, lines_of, merged

CAPTION = re.compile(
    r"(?:(?:Supplementary|Supplemental|Extended Data|Appendix)\s+)?"
    r"(?P<what>Figure|FIGURE|Fig\.|FIG\.|Fig|Table|TABLE|Tab\.|Algorithm|Listing|Scheme|Chart|Box|Plate|图|表|Abbildung|Tabelle|Tableau|Рис\.|Таблица)"
    r"\s*(?P<number>(?:[A-Z]+[.\-]?)?\d+(?:[.\-]\d+)*[a-z]?|[IVXL]+)(?P<end>\s*[.:|—–]|\s*$|\s+)"
)
LABEL = re.compile(
    r"(?:\(?[\dA-Z]{1,3}(?:[.)]\d*)*\)?|[IVXL]+\.|[•▪◦–\-∗·‣■□►➢]|§\s*[\d.]+|\[\d+\]|\(?[a-zivx]{1,4}\)|Appendix [A-Z])\.?"
)
_PAGE_NUMBER = re.compile(
    r"(?:page\s*)?[\-–—•|\s]*(?:\d{1,4}|[ivxlc]{1,6}|[A-Z]?-?\d{1,3})[\-–—•|\s]*(?:(?:of|/)\s*\d{1,4})?", re.IGNORECASE
)
_APART = 6  # rows that a tall formula may put between the two halves of its line
_CODE = re.compile(r"cmtt|sftt|ectt|lmtt|lmmono|mono|courier|typewriter|consol|nimbusmon|beramono|txtt", re.IGNORECASE)
_LINK = re.compile(r"://|www\.|@|\.(?:com|org|io|net|edu)\b")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]{4,}")
_NUMBER_OF_EQUATION = re.compile(r"\((?:[A-Z]{1,2}\.?)?\d{1,3}(?:\.\d{1,3})*[a-z]?['′*]?\)")
_FUNCTIONS = frozenset(
    (
        "softmax",
        "sigmoid",
        "argmin",
        "argmax",
        "log",
        "exp",
        "sin",
        "cos",
        "tanh",
        "rank",
        "trace",
        "diag",
        "sign",
        "otherwise",
        "subject",
        "minimize",
        "maximize",
        "minimise",
        "maximise",
        "where",
        "with",
        "such",
        "that",
        "relu",
        "conv",
        "attention",
        "concat",
        "norm",
        "loss",
    )
)
_MARK = re.compile(r"[\d∗*†‡§¶‖∥#]")


class Kind(StrEnum):
    """What a line is."""

    TEXT = "text"
    HEAD = "head"  # running head, page number, number of a line
    NOTE = "note"  # footnote
    CAPTION = "caption"
    FLOAT = "float"  # within a figure or table
    CODE = "code"  # of a program
    FORMULA = "formula"
    SCRAP = "scrap"  # limits of a sum and the like, beside a line of text


@dataclass(slots=True)
class Row:
    """A line within its column: `left` and `right` are the column's edges, `column` is 0, 1 or, across both, 2."""

    line: Line
    column: int
    left: float
    right: float
    kind: Kind = Kind.TEXT
    parts: int = 1

    @property
    def indent(self) -> float:
        """How far it starts right of its column's edge, in its own size."""
        return (self.line.x0 - self.left) / self.line.size

    @property
    def rest(self) -> float:
        """How far it ends left of its column's edge, in its own size."""
        return (self.right - self.line.x1) / self.line.size

    @property
    def filled(self) -> float:
        """The share of the column that it covers."""
        return self.line.width / max(1.0, self.right - self.left)


@dataclass(slots=True)
class Float:
    """A caption and the rows of a table under or above it."""

    what: str
    page: int
    caption: list[Line]
    cells: list[list[Line]] = field(default_factory=list)
    row: int = 0  # where in the page's rows it stands


@dataclass(frozen=True, slots=True)
class Body:
    """The look of running text: size, font, and the distance of its lines, in points."""

    size: float
    font: str
    leading: float


@dataclass(slots=True)
class Sheet:
    """A page whose rows are told apart."""

    number: int
    width: float
    height: float
    rows: list[Row]
    floats: list[Float] = field(default_factory=list)
    two_columns: bool = False


def body_of(pages: Sequence[Sequence[Line]]) -> Body:
    """The look of the running text of some pages."""
    sizes: Counter[float] = Counter()
    fonts: Counter[str] = Counter()
    for lines in pages:
        for line in lines:
            if len(line.text) > 20:
                sizes[round(line.size, 1)] += len(line.text)
    if not sizes:
        return Body(10.0, "", 12.0)
    size = sizes.most_common(1)[0][0]
    leadings: Counter[float] = Counter()
    for lines in pages:
        for above, below in pairwise(lines):
            if abs(below.size - size) < 0.3 and abs(above.size - size) < 0.3 and len(below.text) > 20:
                fonts[below.font] += len(below.text)
                apart = above.y - below.y
                if 0.8 * size < apart < 2.6 * size:
                    leadings[round(apart * 2) / 2] += 1
    leading = leadings.most_common(1)[0][0] if leadings else 1.2 * size
    return Body(size, fonts.most_common(1)[0][0] if fonts else "", leading)


def sheets_of(pages: Sequence[PageGlyphs]) -> tuple[list[Sheet], Body]:
    """The pages with every line's kind, and the look of their running text."""
    written = [lines_of(page) for page in pages]
    written = [_without_line_numbers(lines) for lines in written]
    body = body_of(written)
    gutter = _gutter(pages, written, body)
    sheets = [_sheet(page, lines, body, gutter) for page, lines in zip(pages, written, strict=True)]
    _mark_heads(sheets, body)
    for sheet in sheets:
        _mark_notes(sheet, body)
        _mark_floats(sheet, body)
        _mark_code(sheet, body)
        _mark_formulas(sheet, body)
    return sheets, body


def _without_line_numbers(lines: list[Line]) -> list[Line]:
    """A page without the numbers that drafts print beside each line."""
    numbers = [line for line in lines if re.fullmatch(r"\d{1,4}", line.text)]
    for side in ("x0", "x1"):
        edges = Counter(round(getattr(line, side)) for line in numbers)
        for edge, count in edges.items():
            if count < 15:
                continue
            column = [line for line in numbers if abs(getattr(line, side) - edge) < 12]
            values = [int(line.text) for line in column]
            rising = sum(1 for a, b in pairwise(values) if b - a in (1, 2, 5))
            if rising > 0.8 * (len(values) - 1):
                dropped = {id(line) for line in column}
                lines = [line for line in lines if id(line) not in dropped]
    return lines


# --------------------------------------------------------------------------- columns


def _gutter(pages: Sequence[PageGlyphs], written: Sequence[Sequence[Line]], body: Body) -> float:
    """Where the space between two columns is, as a share of the page's width; 0 for one column."""
    best, gutter = 1.0, 0.0
    lines = [
        (line, page.width)
        for page, its in zip(pages, written, strict=True)
        for line in its
        if abs(line.size - body.size) < 0.6 and len(line.text) > 12
    ]
    if len(lines) < 12:
        return 0.0
    for percent in range(38, 63):
        share = percent / 100
        left = sum(1 for line, width in lines if line.x1 <= share * width + 1)
        right = sum(1 for line, width in lines if line.x0 >= share * width - 1)
        crossing = 1 - (left + right) / len(lines)
        if min(left, right) > 0.2 * len(lines) and crossing < best - 0.003:
            best, gutter = crossing, share
    return gutter if best < 0.35 else 0.0


def _sheet(page: PageGlyphs, lines: list[Line], body: Body, gutter: float) -> Sheet:
    middle = gutter * page.width
    prose = [line for line in lines if abs(line.size - body.size) < 0.6 and len(line.text) > 12]
    crossing = sum(1 for line in prose if line.x0 < middle - 1 and line.x1 > middle + 1)
    two = (
        bool(gutter)
        and len(prose) > 0
        and crossing < 0.6 * len(prose)
        and (any(line.x0 >= middle - 1 for line in prose) or crossing == 0)
    )
    columns: list[list[Line]] = [[], [], []]
    for line in lines:
        columns[_column(line, middle, two=two)].append(line)
    edges = [_edges(column, body, page.width) for column in columns]
    whole = (min(e[0] for e in edges if e), max(e[1] for e in edges if e)) if any(edges) else (0.0, page.width)
    if two:
        edges[0] = edges[0] or (whole[0], middle - 5)
        edges[1] = edges[1] or (middle + 5, whole[1])
    rows: list[Row] = []
    for line in lines:
        column = _column(line, middle, two=two)
        left, right = edges[column] or whole
        if two and column == 2:
            left, right = whole
        rows.append(Row(line, column, left, right))
    if _jumps(rows, body):
        rows = _by_place(rows)
    return Sheet(page.number, page.width, page.height, _joined(rows, body), two_columns=two)


def _column(line: Line, middle: float, *, two: bool) -> int:
    if not two:
        return 0
    if line.x1 <= middle + 2:
        return 0
    return 1 if line.x0 >= middle - 2 else 2


def _edges(lines: Sequence[Line], body: Body, width: float) -> tuple[float, float] | None:
    """The left and right edge of a column: where most of its long lines begin and end."""
    long = [line for line in lines if abs(line.size - body.size) < 0.6 and len(line.text) > 20]
    if not long:
        long = [line for line in lines if len(line.text) > 20]
    if not long:
        return None
    lefts, rights = Counter(round(line.x0) for line in long), Counter(round(line.x1) for line in long)

    def near(counts: Counter[int], edge: int) -> int:
        return counts[edge - 1] + counts[edge] + counts[edge + 1]

    most = max(near(lefts, edge) for edge in lefts)
    left = min(edge for edge in lefts if near(lefts, edge) >= max(2, 0.34 * most)) if most > 1 else min(lefts)
    most = max(near(rights, edge) for edge in rights)
    right = max(edge for edge in rights if near(rights, edge) >= max(2, 0.34 * most)) if most > 1 else max(rights)
    return (left, right) if right - left > 0.1 * width else None


def _jumps(rows: Sequence[Row], body: Body) -> bool:
    """Whether the lines are not written column by column, each from its top to its bottom."""
    last: dict[int, float] = {}
    up = switched = counted = 0
    column = 0
    for row in rows:
        if abs(row.line.size - body.size) > 0.6 or row.filled < 0.5:
            continue
        counted += 1
        up += int(row.line.y > last.get(row.column, 1e9) + body.leading)
        switched += int(row.column != column)
        last[row.column], column = row.line.y, row.column
    return counted > 8 and (up > 0.12 * counted or switched > 0.25 * counted)


def _by_place(rows: list[Row]) -> list[Row]:
    """Rows by their place: from one that crosses both columns to the next, first the left column, then the right."""
    rows = sorted(rows, key=lambda row: (-round(row.line.y), row.line.x0))
    placed: list[Row] = []
    band: list[Row] = []
    for row in rows:
        if row.column == 2 and row.filled > 0.6:
            placed += sorted(band, key=lambda each: each.column == 1)
            band = []
            placed.append(row)
        else:
            band.append(row)
    return placed + sorted(band, key=lambda each: each.column == 1)


def _joined(rows: list[Row], body: Body) -> list[Row]:
    """Rows whose text a wide space or a tall formula cut in two, as one; rows of tables stay in parts."""
    made: list[Row] = []
    beside = _neighbours(rows)
    done: set[int] = set()
    for i, row in enumerate(rows):
        if i in done:
            continue
        parts = [j for j in beside[i] if j not in done and abs(i - j) <= _APART]
        line = row.line
        if len(parts) == 1:
            other = rows[parts[0]].line
            first, second = (line, other) if line.x0 <= other.x0 else (other, line)
            gap = (second.x0 - first.x1) / line.size
            label = LABEL.fullmatch(first.text)
            text_like = abs(first.size - second.size) < 0.6 and abs(line.size - body.size) < 0.6
            prose = text_like and len(_WORD.findall(first.text)) > 1 and len(_WORD.findall(second.text)) > 1 and gap < 5
            whole = (
                prose
                and (second.x1 - first.x0) > 0.8 * (row.right - row.left)
                and not _tabular(i, parts[0], rows, beside)
            )
            if (label and gap < 4 and gap > -1 and len(second.text) > 2) or whole:
                done.add(parts[0])
                made.append(Row(merged([first, second]), row.column, row.left, row.right))
                continue
        made.append(row)
        cells = line.cells
        labelled = (
            len(cells) == 2 and LABEL.fullmatch(cells[0][2]) is not None and _LETTER.search(cells[1][2]) is not None
        )
        row.parts = len(beside[i]) + (1 if labelled else len(cells))
    return made


def _neighbours(rows: Sequence[Row]) -> list[list[int]]:
    """For each row those on the same height in the same column."""
    by_height: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        by_height[row.column, round(row.line.y)].append(i)
    found: list[list[int]] = []
    for i, row in enumerate(rows):
        at = round(row.line.y)
        found.append(
            [
                j
                for y in (at - 1, at, at + 1)
                for j in by_height.get((row.column, y), ())
                if j != i and abs(rows[j].line.y - row.line.y) < 1.2
            ]
        )
    return found


def _tabular(i: int, j: int, rows: Sequence[Row], beside: Sequence[Sequence[int]]) -> bool:
    """Whether the rows next to one are in parts as well."""
    around = [k for k in (min(i, j) - 1, max(i, j) + 1) if 0 <= k < len(rows)]
    return any(beside[k] for k in around)


# --------------------------------------------------------------------------- running heads


def _mark_heads(sheets: Sequence[Sheet], body: Body) -> None:
    """Mark what stands at the top and bottom of the pages and is no text."""
    if not sheets:
        return
    for top in (True, False):
        outer: list[tuple[Sheet, list[Row], float]] = []
        for sheet in sheets:
            rows = [row for row in sheet.rows if row.kind is Kind.TEXT]
            if not rows:
                continue
            edge = max(r.line.y for r in rows) if top else min(r.line.y for r in rows)
            at = [r for r in rows if abs(r.line.y - edge) < 3]
            beyond = [abs(r.line.y - edge) for r in rows if abs(r.line.y - edge) >= 3]
            outer.append((sheet, at, min(beyond) if beyond else 1e9))
        for round_ in range(2):
            _mark_edge(outer, body, top=top, few=len(sheets) < 3)
            if round_ == 0:
                outer = [
                    (sheet, at, gap) for sheet, at, gap in ((s, *_next_edge(s, top=top)) for s, _, _ in outer) if at
                ]


def _next_edge(sheet: Sheet, *, top: bool) -> tuple[list[Row], float]:
    rows = [row for row in sheet.rows if row.kind is Kind.TEXT]
    if not rows:
        return [], 0.0
    edge = max(r.line.y for r in rows) if top else min(r.line.y for r in rows)
    at = [r for r in rows if abs(r.line.y - edge) < 3]
    beyond = [abs(r.line.y - edge) for r in rows if abs(r.line.y - edge) >= 3]
    return at, min(beyond) if beyond else 1e9


def _mark_edge(outer: Sequence[tuple[Sheet, list[Row], float]], body: Body, *, top: bool, few: bool) -> None:
    said: Counter[str] = Counter()
    heights: Counter[int] = Counter()
    apart: Counter[int] = Counter()
    for _, at, gap in outer:
        height = round(at[0].line.y / 2)
        said.update({_sign(row) for row in at})
        heights[height] += 1
        if gap > 1.35 * body.leading:
            apart[height] += 1
    for sheet, at, gap in outer:
        y = at[0].line.y
        zone = y > 0.78 * sheet.height if top else y < 0.2 * sheet.height
        if not zone:
            continue
        near = range(round(y / 2) - 1, round(y / 2) + 2)
        count, loose = sum(heights[h] for h in near), sum(apart[h] for h in near)
        often = 2 if gap > 1.3 * body.leading else 3
        repeated = any(said[_sign(row)] >= often and len(_sign(row)) > 3 for row in at) and len(outer) > 2
        fixed = not few and count >= 3 and loose >= 0.7 * count and gap > 1.2 * body.leading
        number = all(_PAGE_NUMBER.fullmatch(row.line.text) for row in at) and gap > 1.1 * body.leading
        if repeated or number or (fixed and all(row.filled < 0.97 or row.line.size < body.size - 0.3 for row in at)):
            for row in at:
                if row.line.size < body.size + 1 or sheet.number > 1:  # running heads repeat the title
                    row.kind = Kind.HEAD


def _sign(row: Row) -> str:
    return re.sub(r"[\d\s]+", "", row.line.text).casefold()


# --------------------------------------------------------------------------- footnotes


def starts_note(line: Line) -> bool:
    """Whether a line begins with the raised mark of a footnote."""
    first = line.pieces[0]
    return (
        first.raised > 0
        or (first.style.size < 0.8 * line.size and bool(_MARK.match(first.text)) and len(first.text.strip()) < 4)
        or bool(re.match(r"[∗*†‡§¶]\s?\w", first.text))
    )


def _mark_notes(sheet: Sheet, body: Body) -> None:
    for column in (0, 1, 2):
        rows = [row for row in sheet.rows if row.kind is Kind.TEXT and row.column == column]
        rows.sort(key=lambda row: row.line.y)
        zone: list[Row] = []
        for row in rows:
            if row.line.size > body.size - 0.6 or row.line.y > 0.6 * sheet.height:
                break
            if zone and row.line.y - zone[-1].line.y > 2.2 * body.leading:
                break
            zone.append(row)
        zone = [row for row in zone if row.kind is Kind.TEXT]
        if not zone or any(CAPTION.match(row.line.text) for row in zone):
            continue
        marked = [i for i, row in enumerate(zone) if starts_note(row.line)]
        prose = sum(1 for row in zone if len(_WORD.findall(row.line.text)) >= 2)
        if marked:
            for row in zone[: marked[-1] + 1] if sheet.number > 1 else zone:
                row.kind = Kind.NOTE
        elif sheet.number == 1 and prose >= 0.6 * len(zone):
            for row in zone:
                row.kind = Kind.NOTE


# --------------------------------------------------------------------------- figures and tables


def is_prose(row: Row, body: Body) -> bool:
    """Whether a row is surely running text: of its size, and wide or made of many words."""
    line = row.line
    if abs(line.size - body.size) > 0.07 * body.size + 0.25:
        return False
    words = len(_WORD.findall(line.text))
    if row.parts > 1:  # a row of a table, unless it is a line with its spaces stretched
        bare = any(not _LETTER.search(cell[2]) for cell in line.cells)
        return row.parts <= 3 and row.filled > 0.93 and words >= 3 and not bare
    return line.math < 0.5 and ((row.filled > 0.75 and words >= 3) or words >= 6)


def is_caption(row: Row, above: Row | None, body: Body) -> bool:
    """Whether a row begins the caption of a figure or table, not a sentence that speaks of one."""
    match = CAPTION.match(row.line.text)
    if match is None:
        return False
    alone = above is None or abs(above.line.y - row.line.y) > 1.25 * body.leading or above.line.y < row.line.y
    other_look = abs(row.line.size - body.size) > 0.4 or row.line.pieces[0].style.bold
    end = match["end"].strip()
    if end:
        return alone or other_look or (above is not None and not is_prose(above, body))
    rest = row.line.text[match.end() :]
    if not rest:
        return alone or other_look
    return (other_look and (alone or row.line.pieces[0].style.bold)) and (rest[0].isupper() or not rest[0].isascii())


def _mark_floats(sheet: Sheet, body: Body) -> None:
    rows = sheet.rows
    for i, row in enumerate(rows):
        if row.kind is not Kind.TEXT:
            continue
        above = next((r for r in reversed(rows[:i]) if r.kind is Kind.TEXT and r.column == row.column), None)
        if not is_caption(row, above, body):
            continue
        match = CAPTION.match(row.line.text)
        what = match["what"] if match else ""
        caption = [row]
        row.kind = Kind.CAPTION
        for following in rows[i + 1 :]:
            if following.kind is not Kind.TEXT or CAPTION.match(following.line.text):
                break
            if not _goes_on(caption[-1], following, first=len(caption) == 1, whole=caption):
                break
            following.kind = Kind.CAPTION
            caption.append(following)
        found = Float(_what(what), sheet.number, [r.line for r in caption], row=i)
        sheet.floats.append(found)
        _mark_inside(sheet, caption, found, body)


def _what(word: str) -> str:
    word = word.casefold().rstrip(".")
    if word.startswith(("tab", "表", "таблица")):
        return "table"
    return "figure" if word.startswith(("fig", "图", "abb", "рис", "scheme", "chart", "plate")) else word


def _goes_on(last: Row, row: Row, *, first: bool, whole: Sequence[Row]) -> bool:
    """Whether a row is the next line of a caption."""
    apart = last.line.y - row.line.y
    size = last.line.height
    if not 0.6 * size < apart < 1.45 * size or row.parts > 1:
        return False
    if abs(row.line.height - last.line.height) > 0.3:
        # A caption may begin with "TABLE I" in another size than the words below it.
        return first and len(last.line.text) < 14
    if len(whole) > 1 and apart > 1.15 * (whole[-2].line.y - last.line.y) + 0.5:
        return False
    overlap = min(last.line.x1, row.line.x1) - max(last.line.x0, row.line.x0)
    return overlap > 0.3 * min(last.line.width, row.line.width)


def _mark_inside(sheet: Sheet, caption: Sequence[Row], found: Float, body: Body) -> None:
    """Mark the rows of a figure or table: those beside its caption, up to the next running text."""
    up = _reachable(sheet, caption, found.what, body, up=True)
    down = _reachable(sheet, caption, found.what, body, up=False)
    if found.what == "figure":
        small = [row for row in down if row.line.size < body.size - 0.4]
        taken = _within_text(up, body) if up else small
    elif found.what == "table":
        above, below = (sum(row.parts > 1 for row in side) for side in (up, down))
        taken = down if below >= above and down else up
        taken = taken if any(row.parts > 1 for row in taken) else []
        found.cells = _grid_rows(taken)
    else:
        taken = [] if up and _tail(down, body) else down
    for row in taken:
        row.kind = Kind.FLOAT


def _reachable(sheet: Sheet, caption: Sequence[Row], what: str, body: Body, *, up: bool) -> list[Row]:
    """The rows above or below a caption, from the nearest to the one before the next running text."""
    edge = max(row.line.y for row in caption) if up else min(row.line.y for row in caption)
    x0, x1 = caption[0].left, caption[0].right
    if caption[0].column != 1 and not (sheet.two_columns and caption[0].column == 0):
        x0, x1 = min(row.left for row in sheet.rows), max(row.right for row in sheet.rows)
    beside = [
        row
        for row in sheet.rows
        if row.kind in (Kind.TEXT, Kind.CAPTION, Kind.NOTE)
        and (row.line.y > edge if up else row.line.y < edge)
        and row.line.x0 < x1
        and row.line.x1 > x0
        and row not in caption
        and not (
            up and sheet.number == 1 and row.line.size > body.size - 0.9
        )  # a title above a picture is no part of it
    ]
    beside.sort(key=lambda row: row.line.y if up else -row.line.y)
    farthest = (1e9 if up else 3.0) if what == "figure" else 4.0
    numbered = [row.line.y for row in beside if _NUMBER_OF_EQUATION.fullmatch(row.line.text) and row.rest < 1.5]
    taken: list[Row] = []
    for row in beside:
        apart = abs(row.line.y - edge)
        stops = row.kind is not Kind.TEXT or _is_heading_like(row, body)
        # The lines of an algorithm may be sentences, but they stand close together.
        stops = stops or (is_prose(row, body) if what in ("figure", "table") else apart > 1.75 * body.leading)
        # The rows of a table stand close together; the text below it does not.
        loose = (
            what == "table" and row.parts == 1 and any(each.parts > 1 for each in taken) and apart > 1.6 * body.leading
        )
        formula = any(abs(row.line.y - y) < 1.5 * body.leading for y in numbered)
        if stops or loose or formula or apart > farthest * body.leading:
            break
        taken.append(row)
        edge = row.line.y
    return taken


def _within_text(rows: list[Row], body: Body) -> list[Row]:
    """A figure's rows without the last line of the paragraph above it."""
    last = rows[-1]
    ends = (
        abs(last.line.size - body.size) < 0.3
        and last.indent < 0.3
        and last.line.font == body.font
        and len(last.line.text) > 3
    )
    return rows[:-1] if ends and last.line.text.rstrip().endswith((".", "!", "?", ":")) else rows


def _tail(rows: Sequence[Row], body: Body) -> bool:
    """Whether rows look like the end of a paragraph or a formula rather than the inside of a float."""
    return all(abs(row.line.size - body.size) < 0.5 and row.parts == 1 for row in rows)


def _is_heading_like(row: Row, body: Body) -> bool:
    line = row.line
    capitals = sum(c.isupper() for c in line.text) > 0.8 * sum(c.isalpha() for c in line.text)
    other = line.size > body.size + 0.7 or line.bold > 0.8 or line.italic > 0.8 or line.font != body.font or capitals
    return other and row.parts == 1 and re.match(r"(?:\d+(?:\.\d+)*|[A-Z]|[IVX]+)\.?\s+[A-Z]", line.text) is not None


def _grid_rows(rows: Iterable[Row]) -> list[list[Line]]:
    by_height: list[list[Line]] = []
    for row in sorted(rows, key=lambda each: -each.line.y):
        if by_height and abs(by_height[-1][0].y - row.line.y) < 2.5:
            by_height[-1].append(row.line)
        else:
            by_height.append([row.line])
    return [sorted(line, key=lambda each: each.x0) for line in by_height]


def _mark_code(sheet: Sheet, body: Body) -> None:
    """Mark lines of programs: set in a typewriter's letters, in a paper that is not."""
    if _CODE.search(body.font) or sheet.number == 1:
        return
    for row in sheet.rows:
        typed = all(_CODE.search(piece.style.font) for piece in row.line.pieces)
        if row.kind is Kind.TEXT and typed and " " in row.line.text and not _LINK.search(row.line.text):
            row.kind = Kind.CODE


# --------------------------------------------------------------------------- formulas


def _mark_formulas(sheet: Sheet, body: Body) -> None:
    rows = [row for row in sheet.rows if row.kind is Kind.TEXT]
    prose = [row for row in rows if is_prose(row, body)]
    for row in rows:
        if row in prose:
            continue
        near = [p for p in prose if p.column == row.column and abs(p.line.y - row.line.y) < 0.75 * body.leading]
        small = row.line.size < 0.87 * body.size
        if near and (small or _bare_symbol(row)) and len(row.line.text) < 14:
            row.kind = Kind.SCRAP
        elif _is_formula(row):
            row.kind = Kind.FORMULA
    _spread(sheet, body)


def _bare_symbol(row: Row) -> bool:
    return row.line.math > 0.6 and len(row.line.text) <= 3


def plain_words(text: str) -> list[str]:
    """The words of a text that no formula would have."""
    return [word for word in _WORD.findall(text) if word.casefold() not in _FUNCTIONS]


def _is_formula(row: Row) -> bool:
    line = row.line
    words = plain_words(line.text)
    if _NUMBER_OF_EQUATION.fullmatch(line.text) and row.rest < 1.5:
        return True
    if line.bold > 0.6 or line.text[:1] in "•–▪◦" or len(words) > 2:
        return False
    symbols = sum(1 for c in line.text if not c.isalpha() and not c.isspace() and c not in ".,;:'’\"“”()-[]")
    if row.indent < 1.0 and row.rest > 1.0 and line.math < 0.5:
        return False
    return (
        line.math > 0.3
        or (len(words) <= 1 and symbols >= 2 and "=" in line.text)
        or (line.math > 0.12 and row.indent > 1.0 and not words)
    )


def _spread(sheet: Sheet, body: Body) -> None:
    """Rows within a formula that are none by themselves (a lone "1", a "min") belong to it."""
    formulas = [row for row in sheet.rows if row.kind is Kind.FORMULA]
    for _ in range(2):
        for row in sheet.rows:
            if (
                row.kind is not Kind.TEXT
                or is_prose(row, body)
                or row.indent < 0.8
                or len(plain_words(row.line.text)) > 1
            ):
                continue
            if row.line.bold > 0.6 or (row.rest > 0.5 and len(row.line.text) > 25 and row.line.math < 0.1):
                continue
            if any(f.column == row.column and abs(f.line.y - row.line.y) < 1.1 * body.size for f in formulas):
                row.kind = Kind.FORMULA
                formulas.append(row)
