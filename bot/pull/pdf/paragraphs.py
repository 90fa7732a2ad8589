"""Where paragraphs begin: by indents, room above, short last lines and marks of lists; and the one that is being read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bot.pull.pdf.hyphens import Vocabulary, text_of_lines
from bot.pull.pdf.layout import Body, Row, is_prose

STOPS = re.compile(r"[.!?。！？][\"”’'»)\]]*$")  # ends a sentence
_ENDS = re.compile(r"[.!?:;。！？][\"”’'»)\]]*\d{0,3}$")  # may end a paragraph
_BULLETS = "•▪◦●○■□►▶➢➤‣⋄"
_BOXES = " ∎□■◻"  # at the end of a proof
_DASHES = "–—-∗⋆✓✗"
_ITEM = re.compile(
    rf"(?:[{_BULLETS}∗⋆✓✗]|[–—-](?=\s)|\(?(?:\d{{1,2}}|[a-zA-Z]|[ivx]{{1,4}})[.)](?=\s|$)|(?:RQ|H|Q|C|Step|Case)\s?\d{{1,2}}[.:)])\s*"
)
_SPACE_BEFORE = re.compile(r"\s+(?=[,;.!?](?:\s|$))")


def wordy(row: Row) -> bool:
    """Whether a row has the words of a sentence."""
    return len(re.findall(r"[^\W\d_]{3,}", row.line.text)) >= 5


def has_indents(rows: Sequence[Row], body: Body) -> bool:
    """Whether the paragraphs of a document begin with an indent."""
    ends = indented = 0
    for above, row in pairwise(rows):
        together = above.column == row.column and above.line.page == row.line.page and above.line.y > row.line.y
        if not together or not is_prose(row, body) or abs(above.line.size - body.size) > 0.3:
            continue
        if STOPS.search(above.line.text) and above.rest > 2:
            ends += 1
            indented += int(0.6 < row.indent < 4)
    return ends == 0 or indented > 0.4 * ends


@dataclass(slots=True)
class Open:
    """The paragraph that is being read: its rows, and its texts as they shall be joined."""

    body: Body
    indents: bool
    rows: list[Row] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    after_formula: bool = False

    def add(self, row: Row, text: str) -> None:
        """Take a row."""
        self.rows.append(row)
        self.texts.append(text)
        self.after_formula = False

    def add_formula(self, mark: str) -> None:
        """Say that a display formula stands here; a paragraph that has not begun has none."""
        if self.rows:
            self.texts.append(mark)
            self.after_formula = True

    def text(self, vocabulary: Vocabulary) -> str:
        """The paragraph in one piece."""
        text = _SPACE_BEFORE.sub("", text_of_lines(self.texts, vocabulary))
        text = text.rstrip(_BOXES)
        return text.lstrip(_BULLETS + " ") if text[:1] in _BULLETS else text

    def clear(self) -> None:
        """Begin anew."""
        self.rows.clear()
        self.texts.clear()
        self.after_formula = False

    # ------------------------------------------------------------------ what belongs to it

    def takes(self, row: Row) -> bool:
        """Whether a row may stand here, not a left-over of a figure: wordy rows always may, short ones where they can
        be the last line of the paragraph."""
        size = row.line.size
        if wordy(row):
            return True
        if not 0.78 * self.body.size < size < 1.25 * self.body.size or row.parts > 2:
            return False
        if not self.rows:
            return len(row.line.text) >= 25 or row.indent <= 1.5
        last = self.rows[-1]
        if abs(size - last.line.size) > 0.8:
            return False
        return self.after_formula or self._moved(row) or 0 < last.line.y - row.line.y < 1.8 * self.body.leading

    def ends_before(self, row: Row) -> bool:
        """Whether the paragraph ends and another begins with `row`."""
        if not self.rows:
            return False
        last, size = self.rows[-1], row.line.size
        if abs(size - last.line.size) > max(0.5, 0.06 * size):
            return True
        ended = bool(_ENDS.search(last.line.text)) and not self.after_formula
        if self._is_item(row, ended=ended):
            return True
        if self._moved(row):
            return self._begins_elsewhere(row, ended=ended)
        if self.after_formula:
            return self.indents and 0.6 < row.indent < 4 and not row.line.text[0].islower()
        return self._begins_below(row, ended=ended)

    def _moved(self, row: Row) -> bool:
        """Whether a row stands in another column or on another page."""
        last = self.rows[-1]
        return row.line.page != last.line.page or row.column != last.column or row.line.y > last.line.y

    def _begins_elsewhere(self, row: Row, *, ended: bool) -> bool:
        if row.line.text[0].islower():
            return False
        last = self.rows[-1]
        before = last.indent if len(self.rows) > 1 else 0.0
        if row.indent > 0.6 and abs(row.indent - before) > 0.5 and not (self._listed and len(self.rows) == 1):
            return True
        return ended and last.rest > 1.5

    def _begins_below(self, row: Row, *, ended: bool) -> bool:
        last, lower = self.rows[-1], row.line.text[0].islower()
        apart = last.line.y - row.line.y
        if apart > 1.5 * self.body.leading:
            return True
        if apart > 1.22 * self.body.leading and ended and (last.rest > 0.4 or not self.indents):
            return True
        shift = (row.line.x0 - self._edge()) / row.line.size
        if shift > 0.6:  # a paragraph of a list item, or the next one of the text
            beside = abs(row.line.x0 - last.line.x0) < 0.4 * row.line.size
            return not lower and not beside and not (self._listed and len(self.rows) == 1)
        if shift < -0.6 and len(self.rows) > 1 and ended:
            return True
        return ended and not lower and self._rest(row) > (1.6 if STOPS.search(last.line.text) else 4)

    def _rest(self, row: Row) -> float:
        """How far the last line ends before its neighbours, in its size: beside a picture all lines are short."""
        last = self.rows[-1]
        above = self.rows[-2].line.x1 if len(self.rows) > 1 and self.rows[-2].column == last.column else 0.0
        return min(last.rest, (max(above, row.line.x1) - last.line.x1) / last.line.size)

    # ------------------------------------------------------------------ lists

    @property
    def _listed(self) -> bool:
        return _ITEM.match(self.texts[0]) is not None

    def _is_item(self, row: Row, *, ended: bool) -> bool:
        text, last = row.line.text, self.rows[-1]
        if _ITEM.match(text) is None:
            return False
        if text[0] in _BULLETS:
            return True
        room = ended or last.rest > 1.0
        if text[0] in _DASHES:
            return room
        first = re.match(r"\(?([\da-zA-Z]+)[.)]", text)
        if first is None:
            return ended
        counted = first[1] in ("1", "a", "A", "i", "I") or self._listed or row.indent > 0.5
        stands = row.indent > 0.4 or self._listed or last.rest > 1.5 or text[0] not in "(0123456789"
        return room and counted and stands

    def _edge(self) -> float:
        """Where the lines of the paragraph begin."""
        last = self.rows[-1]
        same = [row.line.x0 for row in self.rows if row.column == last.column and row.line.page == last.line.page]
        return min(same[1:] or same)
