"""Characters → words and lines.

A line is what a reader sees in one row of one column: characters that the file writes one after another on about the
same height without a wide gap. Rows of tables and names side by side come as several lines of one height.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.pull.pdf.glyphs import Glyph, PageGlyphs, Style

_SPACE = 0.16  # of the size: TeX shrinks a space to 0.22 and kerns by less than 0.1
_GAP = 1.7  # of the size: wider than any space of justified text
_CELL = 0.85  # of the size: between the cells of a narrow table
_SHIFT = 0.62  # of the size: how far scripts stand above or below their line
_SMALL = 0.86  # of the size: scripts are smaller than this
_RAISED = 0.16  # of the size
_NOTE_MARK = re.compile(r"[\d,;\s–\-*∗†‡§¶‖∥#⋆★]+|[a-z](?:,[a-z])*")
_EXPAND = {
    "ﬀ": "ff",
    "ﬁ": "fi",
    "ﬂ": "fl",
    "ﬃ": "ffi",
    "ﬄ": "ffl",
    "ﬅ": "st",
    "ﬆ": "st",
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
}
_COMBINING = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "ˇ": "\u030c", "¸": "\u0327", "˚": "\u030a",
    "¯": "\u0304", "˘": "\u0306", "˙": "\u0307", "˝": "\u030b", "˛": "\u0328",
}  # fmt: skip


Word = tuple[float, float, str]  # left edge, right edge, characters


@dataclass(slots=True)
class Piece:
    """A run of characters of one look within a line; `raised` is 1 above the line, -1 below it, 0 on it."""

    text: str
    style: Style
    raised: int
    x0: float
    x1: float


@dataclass(slots=True)
class Line:
    """A line as shown: its edges and baseline in points, its pieces with the spaces between them in the text.

    `text` leaves out marks of footnotes; `size` is that of most characters; `bold`, `italic` and `math` are the shares of
    its characters that are so.
    """

    page: int
    x0: float
    x1: float
    y: float
    size: float
    text: str
    pieces: list[Piece]
    bold: float
    italic: float
    math: float
    font: str
    words: list[Word]

    @property
    def cells(self) -> list[Word]:
        """The line cut where the space is wider than between words: the cells of a row, mostly one."""
        cells: list[Word] = []
        for word in self.words:
            if cells and word[0] - cells[-1][1] < _CELL * self.size:
                x0, x1, text = cells[-1]
                cells[-1] = (x0, max(x1, word[1]), f"{text} {word[2]}")
            else:
                cells.append(word)
        return cells

    @property
    def height(self) -> float:
        """The size of its largest characters: of small capitals, those of the capitals."""
        return max((piece.style.size for piece in self.pieces if piece.raised == 0), default=self.size)

    @property
    def width(self) -> float:
        """From edge to edge, in points."""
        return self.x1 - self.x0


def lines_of(page: PageGlyphs) -> list[Line]:
    """The lines of a page in the order the file writes them."""
    runs: list[list[Glyph]] = []
    run: list[Glyph] = []
    base: Glyph | None = None
    right = 0.0
    for glyph in page.glyphs:
        if glyph.text in "\t\r\n":
            continue
        ligature = run and glyph.x0 == run[-1].x0 and glyph.x1 == run[-1].x1 and glyph.y == run[-1].y
        if run and base is not None and (ligature or _continues(base, right, glyph)):
            run.append(glyph)
            right = max(right, glyph.x1) if not glyph.text.isspace() else right
            if glyph.style.size > base.style.size + 0.3 and not glyph.text.isspace():
                base = glyph
            continue
        if glyph.text.isspace():
            continue
        run = [glyph]
        runs.append(run)
        base, right = glyph, glyph.x1
    return [line for line in (_line(page.number, each) for each in runs) if line.text]


def _continues(base: Glyph, right: float, glyph: Glyph) -> bool:
    size = max(base.style.size, glyph.style.size)
    shift = abs(glyph.y - base.y)
    alike = 0.9 < glyph.style.size / base.style.size < 1.12 and not glyph.style.math
    if shift > (0.3 if alike else _SHIFT) * size:
        return False
    back = 0.9 if glyph.style.math or base.style.math or glyph.style.size < _SMALL * base.style.size else 0.7
    return -back * size < glyph.x0 - right < _GAP * size


def _line(page: int, run: list[Glyph]) -> Line:
    sizes: Counter[float] = Counter()
    for glyph in run:
        sizes[glyph.style.size] += 1
    size = max(sizes, key=lambda s: (sizes[s], s))
    largest = max(s for s in sizes if sizes[s] >= 2 or s == size) if len(sizes) > 1 else size
    if largest > size and sizes[largest] * 2.5 >= sizes[size]:
        size = largest
    heights = Counter(round(g.y, 1) for g in run if g.style.size == size)
    y = heights.most_common(1)[0][0]
    pieces: list[Piece] = []
    words: list[Word] = []
    right = run[0].x0
    before: Glyph | None = None
    for glyph in run:
        text = _EXPAND.get(glyph.text, glyph.text)
        raised = _raised(glyph, y, size)
        same_box = before is not None and before.x0 == glyph.x0 and before.x1 == glyph.x1  # two letters of a ligature
        gap = 0.0 if same_box else glyph.x0 - right
        spaced = text.isspace() or gap > _SPACE * (size if raised == 0 else glyph.style.size)
        made = (
            None if before is None or same_box or not pieces else _overlaid(before, glyph, pieces[-1].text[-1:], text)
        )
        if made is not None:
            pieces[-1].text = pieces[-1].text[:-1] + made
            pieces[-1].x1 = max(pieces[-1].x1, glyph.x1)
            right, before = max(right, glyph.x1), glyph
            continue
        if spaced and pieces and not pieces[-1].text.endswith(" "):
            pieces[-1].text += " "
        if not text.isspace():
            if spaced or not words:
                words.append((glyph.x0, glyph.x1, text))
            else:
                x0, x1, word = words[-1]
                words[-1] = (min(x0, glyph.x0), max(x1, glyph.x1), word + text)
            if pieces and pieces[-1].style == glyph.style and pieces[-1].raised == raised:
                pieces[-1].text += text
                pieces[-1].x1 = glyph.x1
            else:
                pieces.append(Piece(text, glyph.style, raised, glyph.x0, glyph.x1))
            right = max(right, glyph.x1) if gap > -size else glyph.x1
            before = glyph
    return _made(page, y, size, pieces, words)


def _raised(glyph: Glyph, y: float, size: float) -> int:
    if glyph.style.size > _SMALL * size:
        return 0
    shift = glyph.y - y
    return 1 if shift > _RAISED * size else -1 if shift < -0.08 * size else 0


def _overlaid(before: Glyph, glyph: Glyph, first: str, second: str) -> str | None:
    """The accented letter that a letter and an accent make which are written over each other; None where they do not."""
    if first not in _COMBINING and second not in _COMBINING:
        return None
    width = min(before.x1 - before.x0, glyph.x1 - glyph.x0)
    if min(before.x1, glyph.x1) - max(before.x0, glyph.x0) <= 0.4 * width:
        return None
    accent, letter = (first, second) if first in _COMBINING else (second, first)
    letter = {"ı": "i", "ȷ": "j"}.get(letter, letter)
    made = unicodedata.normalize("NFC", letter + _COMBINING[accent])
    return made if letter.isalpha() and len(made) == 1 else None


def _made(page: int, y: float, size: float, pieces: list[Piece], words: list[Word]) -> Line:
    counted = sum(len(p.text) for p in pieces) or 1
    share = {
        look: sum(len(p.text) for p in pieces if getattr(p.style, look)) / counted
        for look in ("bold", "italic", "math")
    }
    fonts = Counter[str]()
    for piece in pieces:
        fonts[piece.style.font] += len(piece.text)
    return Line(
        page,
        min(p.x0 for p in pieces),
        max(p.x1 for p in pieces),
        y,
        size,
        text_of(pieces),
        pieces,
        share["bold"],
        share["italic"],
        share["math"],
        fonts.most_common(1)[0][0],
        words,
    )


def text_of(pieces: Sequence[Piece]) -> str:
    """The words of a line: marks of footnotes left out, the exponent of a number set off by ^."""
    written = ""
    for i, piece in enumerate(pieces):
        text = piece.text
        if piece.raised > 0 and not piece.style.math and _NOTE_MARK.fullmatch(text.strip()):
            before = written.rstrip()
            if not before:
                continue
            if before[-1].isdigit() and before == written:
                following = text.strip()
                written += f"^{following}" + (" " if text.endswith(" ") else "")
                continue
            on_math = i > 0 and (
                pieces[i - 1].style.math or (pieces[i - 1].style.italic and len(pieces[i - 1].text.strip()) == 1)
            )
            if not on_math and before and (before[-1].isalpha() or before[-1] in ".,;:)]\"”’'!?%"):
                written += " " if text.endswith(" ") else ""
                continue
        elif piece.raised > 0 and piece.style.math and text.strip() in ("−", "-") and written and written[-1].isdigit():
            written += "^-"
            continue
        written += text
    return " ".join(written.replace("^-^", "^-").split())


def merged(lines: Iterable[Line]) -> Line:
    """Lines of one height as one, with a wide space between them."""
    parts = sorted(lines, key=lambda line: line.x0)
    pieces: list[Piece] = []
    for line in parts:
        if pieces and not pieces[-1].text.endswith(" "):
            pieces[-1].text += " "
        pieces.extend(line.pieces)
    longest = max(parts, key=lambda line: len(line.text))
    return _made(longest.page, longest.y, longest.size, pieces, [word for line in parts for word in line.words])
