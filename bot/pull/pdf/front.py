"""The first page: title, author block and abstract, told from the text that follows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.pull import institutions
from bot.pull.pdf.headings import Headings
from bot.pull.pdf.layout import Body, Row, is_prose, starts_note
from bot.pull.pdf.lines import Line
from bot.pull.pdf.paragraphs import STOPS, wordy

KEYWORDS = re.compile(
    r"(?:key\s?words?(?: and phrases)?|index terms|ccs concepts|pacs(?: numbers)?|\d{4} mathematics subject classification|msc\b|jel\b"
    r"|acm reference format|关键词|subject headings|mots.clés|schlüsselwörter|categories and subject descriptors|general terms"
    r"|additional key words)",
    re.IGNORECASE,
)
MAIL = re.compile(r"e-?mail(?: address)?(?:es)?\s*:|@", re.IGNORECASE)
_ABSTRACT = re.compile(
    r"(?:abstract|summary|摘要|résumé|zusammenfassung|аннотация|resumen|resumo)\s*(?:[.:—–-]+\s*|[：。]\s*|$)",
    re.IGNORECASE,
)
_NO_AUTHOR = re.compile(r"arXiv:|preprint\b|\(?(?:dated|received|submitted|accepted)\b", re.IGNORECASE)
_TERM = re.compile(r"\w{3,}")
_ENOUGH = 12  # different words of an abstract that tell it


@dataclass(frozen=True, slots=True)
class Front:
    """The rows of title, authors and abstract; `taken` is how many rows of text that is, from the first."""

    title: Sequence[Row]
    authors: Sequence[Row]
    abstract: Sequence[Row]
    taken: int

    def abstract_lines(self) -> list[str]:
        """The lines of the abstract without its heading."""
        lines = [row.line.text for row in self.abstract]
        if lines and _is_heading(lines[0]):
            lines = lines[1:]
        return [_ABSTRACT.sub("", line, count=1) if i == 0 else line for i, line in enumerate(lines)]


def front_of(rows: Sequence[Row], headings: Headings, body: Body, title: str, abstract: str) -> Front:
    """What stands before the text; `title` and `abstract` are arXiv's, "" where unknown."""
    rows = [row for row in rows if row.line.page <= 2]
    start, end = _Search(rows, headings, body).abstract(abstract)
    stop = start if end else _first_text(rows, headings, body)
    before = rows[:stop]
    named = _title_rows(before, body, title)
    authors = [row for row in before if row not in named and not _NO_AUTHOR.match(row.line.text)]
    return Front(named, authors, rows[start:end], end or stop)


def _is_heading(text: str) -> bool:
    return text.casefold().replace(" ", "").strip(".:—–-") in (
        "abstract",
        "summary",
        "摘要",
        "résumé",
        "zusammenfassung",
    )


def _first_text(rows: Sequence[Row], headings: Headings, body: Body) -> int:
    """Where the text begins when there is no abstract: at the first heading or the first rows of prose."""
    for i, row in enumerate(rows):
        found = headings.at(rows, i)
        if found is not None and (found[0].number or (i and found[0].name == "introduction")):
            return i
        if len(rows) > i + 3 and row.filled > 0.8 and all(is_prose(each, body) for each in rows[i : i + 3]):
            return i
    return 0


def _title_rows(before: Sequence[Row], body: Body, title: str) -> list[Row]:
    wanted = re.sub(r"\W+", "", title.casefold())
    signs = [re.sub(r"\W+", "", row.line.text.casefold()) for row in before]
    same = [row for row, sign in zip(before, signs, strict=True) if len(sign) > 3 and sign in wanted]
    if same or not before:
        return same
    largest = max(row.line.size for row in before)
    if largest < body.size + 0.8:
        return []
    return [row for row in before if row.line.size > largest - 0.6]


@dataclass(frozen=True, slots=True)
class _Search:
    """Looks for the abstract on the first pages."""

    rows: Sequence[Row]
    headings: Headings
    body: Body

    def abstract(self, known: str) -> tuple[int, int]:
        """From which row to which it goes, by its heading, arXiv's words of it, or its narrower setting; (0, 0) where
        there is none."""
        for i, row in enumerate(self.rows):
            text = row.line.text
            match = _ABSTRACT.match(text)
            said = match is not None and (match[0].strip()[-1:] in ".:—–-：。" or row.line.pieces[0].style.bold)
            if _is_heading(text) or said:
                return i, self._end(i)
        return self._by_words(known) or self._by_measure()

    def _end(self, start: int) -> int:
        first = start + 1 if _is_heading(self.rows[start].line.text) else start
        for i in range(first + 1, len(self.rows)):
            if self._is_over(first, i):
                return i
        return len(self.rows)

    def _is_over(self, first: int, i: int) -> bool:
        row, above = self.rows[i], self.rows[i - 1]
        size = self.rows[first].line.size
        if KEYWORDS.match(row.line.text) or self.headings.at(self.rows, i) is not None:
            return True
        other_size = abs(row.line.size - size) > 0.4
        if other_size and abs(row.line.size - self.body.size) < 0.3:
            return True
        same = above.column == row.column and above.line.page == row.line.page
        if not same:
            return other_size and abs(size - self.body.size) > 0.4
        if not STOPS.search(above.line.text):
            return False
        wider = row.line.width > 1.08 * max(each.line.width for each in self.rows[first:i])
        return wider or above.line.y - row.line.y > 2.4 * self.body.leading

    def _by_words(self, known: str) -> tuple[int, int] | None:
        """The rows whose words are those of arXiv's abstract."""
        words = set(_TERM.findall(known.casefold()))
        if len(words) < _ENOUGH:
            return None
        best, begin, last = (0, 0), -1, -1
        for i, row in enumerate(self.rows[:160]):
            its = _TERM.findall(row.line.text.casefold())
            if len(its) < 3 or sum(word in words for word in its) < 0.72 * len(its):
                continue
            begin = i if begin < 0 or i - last > 2 else begin
            last = i
            best = max(best, (begin, last + 1), key=lambda span: span[1] - span[0])
        start, end = best
        found = set(_TERM.findall(" ".join(row.line.text for row in self.rows[start:end]).casefold()))
        if len(found & words) < 0.5 * len(words):
            return None
        size = self.rows[start].line.size
        while end < len(self.rows) and not STOPS.search(self.rows[end - 1].line.text):
            if abs(self.rows[end].line.size - size) > 0.2:
                break
            end += 1
        return start, end

    def _by_measure(self) -> tuple[int, int]:
        """The prose of the first page that is set narrower or smaller than the text below it."""
        first = [row for row in self.rows if row.line.page == 1]
        for i, row in enumerate(first[:40]):
            narrow = row.column == 2 or row.line.size < self.body.size - 0.4
            centred = i + 1 < len(first) and abs(row.line.x1 - first[i + 1].line.x1) > 4  # an affiliation
            if not wordy(row) or not narrow or centred:
                continue
            end = i + 1
            while end < len(first) and self._alike(first[end - 1], first[end]):
                end += 1
            if end - i >= 3 and sum(map(wordy, first[i:end])) >= end - i - 1:
                return i, end
        return 0, 0

    def _alike(self, above: Row, row: Row) -> bool:
        close = above.line.y - row.line.y < 2 * self.body.leading
        return close and abs(above.line.size - row.line.size) < 0.2 and above.column == row.column


# --------------------------------------------------------------------------- institutions


def institutions_of(authors: Sequence[Row], notes: Sequence[Row], last: Sequence[Row]) -> tuple[str, ...]:
    """What the author block states, else the first page's footnotes, else what stands after the references beside an
    e-mail address."""
    found = institutions.of_lines([_marked(row.line) for row in _rejoined(authors)])
    if not found and notes:
        found = institutions.of_lines([one_line(notes)])
    if not found and any(MAIL.search(row.line.text) for row in last):
        near = [
            row
            for i, row in enumerate(last)
            if any(MAIL.search(each.line.text) for each in last[max(0, i - 3) : i + 4])
        ]
        found = institutions.of_lines([_marked(row.line) for row in _rejoined(near)])
    return found


def one_line(rows: Sequence[Row]) -> institutions.Line:
    """The rows of a footnote as one line of texts and marks."""
    whole: institutions.Line = []
    for row in rows:
        for kind, text in _marked(row.line):
            if whole and kind == "text" == whole[-1][0]:
                before = whole[-1][1]
                whole[-1] = (kind, before[:-1] + text if before.endswith("-") else f"{before} {text}")
            else:
                whole.append((kind, text))
    return whole


def _marked(line: Line) -> institutions.Line:
    raised = [p.raised > 0 or (p.style.size < 0.8 * line.size and len(p.text.strip()) <= 4) for p in line.pieces]
    return [("mark" if up else "text", piece.text) for up, piece in zip(raised, line.pieces, strict=True)]


def _rejoined(rows: Sequence[Row]) -> list[Row]:
    """The rows of an author block, an affiliation that took two of them in one."""
    made: list[Row] = []
    for row in rows:
        last = made[-1] if made else None
        if last is None or not _goes_on(last, row):
            made.append(row)
            continue
        pieces = [*last.line.pieces]
        pieces[-1] = replace(pieces[-1], text=pieces[-1].text.rstrip() + " ")
        text = f"{last.line.text} {row.line.text}"
        made[-1] = replace(last, line=replace(row.line, pieces=[*pieces, *row.line.pieces], text=text))
    return made


def _goes_on(last: Row, row: Row) -> bool:
    below = 0 < last.line.y - row.line.y < 1.6 * row.line.size and last.column == row.column
    alike = abs(last.line.size - row.line.size) < 0.3 and not starts_note(row.line)
    return below and alike and last.filled > 0.8 and not STOPS.search(last.line.text)
