"""Which lines of a PDF are headings, by their number, their look and well-known names; and how deep they are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from bot.pull.pdf.layout import Body, Row, is_prose
from bot.pull.pdf.lines import Line

Look = tuple[float, bool, bool, bool]  # size, bold, italic, capitals

_NUMBERED = re.compile(
    r"(?P<word>(?:Appendix|APPENDIX|Chapter|CHAPTER|Section|SECTION|Part|PART|§)\s*)?"
    r"(?P<number>\d{1,2}(?:\.\d{1,2}){0,4}|[A-Z](?:\.\d{1,2}){0,4}|[IVX]{1,5}|S\d{1,2}(?:\.\d{1,2}){0,3})(?P<dot>\s*[.:)]|\s*[—–-](?=\s)|(?=\s)|$)\s*"
    r"(?P<title>.*)"
)
_CHINESE = re.compile(
    r"(?P<number>第[一二三四五六七八九十百\d]+[章节]|[一二三四五六七八九十]{1,3}[、.]|\d{1,2}(?:\.\d{1,2}){0,3})\s*(?P<title>[\u3400-\u9fff].{0,40})"
)
NAMES = frozenset(files("bot.pull.pdf").joinpath("headings.txt").read_text("utf-8").split("\n")) - {""}
_REFERENCES = re.compile(
    r"(?:references?(?: and notes| cited)?|bibliography|literature(?: cited)?|works cited|参考文献|références(?: bibliographiques)?|bibliographie|literatur(?:verzeichnis)?"
    r"|список литературы|литература|referencias|referências)[.:]?",
    re.IGNORECASE,
)
_BARE_APPENDIX = re.compile(r"appendi(?:x|ces)\s*([A-Z])?[.:]?", re.IGNORECASE)
_BEGINS_TITLE = re.compile(r"[^\W\d_a-z]|[“\"'$(ℓ]|[a-z][A-Z-]")
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*\d*$")
_SMALL = frozenset(
    (
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "of",
        "on",
        "or",
        "per",
        "the",
        "to",
        "under",
        "via",
        "with",
    )
)
_STATEMENT = re.compile(
    r"(?:Theorem|Lemma|Proposition|Corollary|Definition|Remark|Example|Assumption|Claim|Conjecture|Property|Fact|Observation|Hypothesis|Condition|"
    r"Problem|Exercise|Notation|Note|Case|Step|Figure|Fig|Table|Algorithm|Eq)s?(?=\s*(?:\d|\(|[.:]|$|[A-Z]?[.\d]))|Proof\b(?!s)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: `level` 1 for a section; `word` is what stood before its number ("Appendix", "Chapter")."""

    number: str
    title: str
    level: int
    word: str = ""

    @property
    def name(self) -> str:
        """The title in small letters, without its full stop."""
        return self.title.casefold().strip(" .:")

    @property
    def begins_references(self) -> bool:
        """Whether the list of references follows."""
        return _REFERENCES.fullmatch(self.title.strip()) is not None


def look_of(line: Line) -> Look:
    """What headings of one depth have in common."""
    letters = [c for c in line.text if c.isalpha()]
    capitals = bool(letters) and sum(c.isupper() for c in letters) > 0.9 * len(letters) and len(letters) > 3
    size = line.height if capitals else line.size
    return round(size * 2) / 2, line.bold > 0.6, line.italic > 0.6, capitals


class Headings:
    """Tells the headings of one document; `rows` are its rows of text in reading order."""

    def __init__(self, rows: Sequence[Row], body: Body) -> None:
        self._body = body
        self._looks: Counter[Look] = Counter()
        self._levels: dict[Look, Counter[int]] = {}
        self._roman = (
            sum(
                1
                for row in rows
                if re.match(r"(?:I|II|III|IV|V|VI)\.\s+[A-Z]", row.line.text) and not is_prose(row, body)
            )
            >= 2
        )
        self._chapters = any(
            re.match(r"(?i)chapter\s+\d+", row.line.text) and row.line.size > body.size for row in rows
        )
        for i, row in enumerate(rows):
            if (found := self._numbered(row, rows[i - 1] if i else None)) is not None:
                look = look_of(row.line)
                self._looks[look] += 1
                self._levels.setdefault(look, Counter())[found.level] += 1

    def at(self, rows: Sequence[Row], i: int) -> tuple[Heading, int] | None:
        """The heading that begins with row `i`, and how many rows it takes; None where none begins."""
        row = rows[i]
        above = rows[i - 1] if i else None
        found = self._numbered(row, above) or self._named(row, above) or self._looks_like_one(row, above)
        if found is None:
            return None
        taken = 1
        title = found.title
        while i + taken < len(rows) and taken < 4 and self._goes_on(rows[i + taken - 1], rows[i + taken], title):
            following = rows[i + taken].line.text
            title = (
                following
                if not title
                else title[:-1] + following
                if title.endswith("-") and following[:1].islower()
                else f"{title} {following}"
            )
            taken += 1
        if not title or len(title) > 220:
            return None
        if (match := _BARE_APPENDIX.fullmatch(title)) is not None and i + taken < len(rows):
            # "APPENDIX A" and its title come as two headings, one below the other.
            below, its = rows[i + taken], look_of(row.line)
            near = 0 < row.line.y - below.line.y < 2.6 * its[0]
            if near and look_of(below.line) == its and not below.line.text.endswith("."):
                return Heading(match[1] or "", below.line.text, 1, "Appendix"), taken + 1
        return Heading(found.number, title.strip(), found.level, found.word), taken

    def _goes_on(self, last: Row, row: Row, title: str) -> bool:
        same = look_of(last.line)[:3] == look_of(row.line)[:3] or (not title and row.line.size >= self._body.size + 0.7)
        apart = last.line.y - row.line.y
        close = 0.5 * last.line.size < apart < (1.5 if title else 3.5) * last.line.size
        if not same or not close or row.column != last.column or is_prose(row, self._body):
            return False
        if not title:
            return True
        plain = look_of(last.line)[:3] == (round(self._body.size * 2) / 2, False, False)
        if plain or self._numbered(row, None) is not None:
            return False
        return last.rest < 6 or abs(_middle(last) - _middle(row)) < 3

    # ------------------------------------------------------------------ the three ways

    def _differs(self, row: Row) -> bool:
        size, bold, italic, capitals = look_of(row.line)
        other_font = (
            row.line.font != self._body.font and row.line.math < 0.2 and abs(row.line.size - self._body.size) < 0.4
        )
        return (
            bold
            or capitals
            or size > self._body.size + 0.6
            or (italic and row.filled < 0.95)
            or (other_font and row.filled < 0.8)
        )

    def _stands_out(self, row: Row, *, capitals: bool = True) -> bool:
        size, bold, _, upper = look_of(row.line)
        return bold or (capitals and upper) or size > self._body.size + 0.6

    def _apart(self, row: Row, above: Row | None) -> bool:
        """Whether there is room above a row, or a new column begins with it."""
        if above is None or above.column != row.column or above.line.page != row.line.page or above.line.y < row.line.y:
            return True
        return above.line.y - row.line.y > 1.18 * self._body.leading

    def _numbered(self, row: Row, above: Row | None) -> Heading | None:
        text = row.line.text
        match = _NUMBERED.fullmatch(text) or _CHINESE.fullmatch(text)
        if match is None or len(text) > 160 or row.line.math > 0.5:
            return None
        groups = match.groupdict()
        number, title, word = match["number"], match["title"].strip(), (groups.get("word") or "").strip()
        dot = (groups.get("dot") or "").strip()
        if not self._plausible(number, title, word, dot, row):
            return None
        if not self._differs(row):
            # Set like the text, it must stand by itself and look like a title.
            if word or row.filled > 0.75 or not self._apart(row, above) or title.endswith((".", ",", ";", ":")):
                return None
            if row.indent > 0.5 or len(title.split()) > 10 or ")" in dot or number.isalpha():
                return None
        elif not (self._apart(row, above) or row.line.bold > 0.6 or row.line.size > self._body.size + 0.6):
            return None
        return Heading(number.rstrip("、. "), title, self._level(number, word, dot), word)

    def _plausible(self, number: str, title: str, word: str, dot: str, row: Row) -> bool:
        if not title:
            return bool(word) and row.line.size > self._body.size and not row.line.text.endswith(".")
        if not _BEGINS_TITLE.match(title) or title.endswith((",", ";")) or _LEADERS.search(title):
            return False
        if _STATEMENT.match(title) and title.endswith("."):
            return False
        if number.isalpha() and not dot and not word and not self._stands_out(row, capitals=False):
            return False  # "A method is …" may be a sentence
        if ")" in dot and (row.filled > 0.8 or len(number) > 1):
            return False
        short = sum(c.isalpha() for c in title) >= 2 and len(title.split()) <= 22
        return short and (not is_prose(row, self._body) or self._stands_out(row))

    def _level(self, number: str, word: str, dot: str) -> int:
        if word.casefold() in ("chapter", "part") or number.endswith("章") or number[0] in "一二三四五六七八九十":
            return 1
        if ")" in dot or number.startswith("第"):
            return 3 if ")" in dot else 2
        if self._roman and not word:
            if re.fullmatch(r"[IVX]+", number) and (len(number) > 1 or dot == "."):
                return 1
            if len(number) == 1:
                return 2 if number.isalpha() else 3
        return 1 + number.count(".")

    def _named(self, row: Row, above: Row | None) -> Heading | None:
        text = row.line.text.strip()
        name = text.casefold().strip(" .:—–-")
        spaced = name.replace(" ", "")
        if spaced in ("abstract", "introduction", "references", "summary") and len(name) >= 2 * len(spaced) - 1:
            name = text = spaced.capitalize()  # letters set apart: "a b s t r a c t"
        if name not in NAMES or row.line.math > 0.3:
            return None
        if not (self._differs(row) or (self._apart(row, above) and row.filled < 0.5)):
            return None
        return Heading("", text.strip(" .:—–-"), self._level_of(look_of(row.line), 1))

    def _looks_like_one(self, row: Row, above: Row | None) -> Heading | None:
        text, look = row.line.text, look_of(row.line)
        size, bold, italic, capitals = look
        if not self._may_be_title(row, above) or (is_prose(row, self._body) and not bold):
            return None
        larger = size > self._body.size + 0.8
        known = self._looks[look] >= 1 and (bold or larger or capitals or italic)
        strong = larger or (bold and row.filled < 0.85)
        if not known and (not strong or text.endswith(".")):
            return None
        if known and italic and not bold and not _is_title(text):
            return None
        return Heading("", text.rstrip(".:"), self._level_of(look, 1 if larger else 2))

    def _may_be_title(self, row: Row, above: Row | None) -> bool:
        text = row.line.text
        if not 3 < len(text) <= 120 or text.endswith((",", ";", "-")) or row.line.math > 0.2 or row.parts > 2:
            return False
        if not (text[0].isupper() or not text[0].isascii()) or _STATEMENT.match(text):
            return False
        return sum(c.isalpha() for c in text) >= 0.6 * len(text) and self._apart(row, above)

    def _level_of(self, look: Look, otherwise: int) -> int:
        if look in self._levels:
            return self._levels[look].most_common(1)[0][0]
        larger = [level for its, levels in self._levels.items() for level in levels if its[0] <= look[0] - 0.4]
        return min([*larger, otherwise])


def _is_title(text: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]+", text) if word.casefold() not in _SMALL]
    return bool(words) and sum(word[0].isupper() for word in words) >= 0.6 * len(words)


def _middle(row: Row) -> float:
    return (row.line.x0 + row.line.x1) / 2


def run_in(row: Row, body: Body) -> tuple[Heading, int] | None:
    """The run-in heading that a paragraph begins with ("Datasets." in bold or italics), and how many pieces it takes."""
    pieces = row.line.pieces
    prefix = 1 if len(pieces) > 1 and _RUN_NUMBER.fullmatch(pieces[0].text.strip() + " A") is not None else 0
    bold = pieces[prefix].style.bold
    if not bold and not pieces[prefix].style.italic and not _LETTERED.match(row.line.text):
        return None
    title, taken = "".join(piece.text for piece in pieces[:prefix]), prefix
    for piece in pieces[prefix:]:
        label = not title and _LETTERED.fullmatch(piece.text)
        if (not (piece.style.bold if bold else piece.style.italic) and not label) or piece.style.math:
            break
        title += piece.text
        taken += 1
    lettered = _LETTERED.match(title.strip()) is not None
    title = _LETTERED.sub("", title.strip())
    if not title or taken == len(pieces) or not 3 < len(title) < (90 if bold else 50) or _STATEMENT.match(title):
        return None
    stopped = title.endswith((".", ":", "?"))
    following = pieces[taken]
    wide = following.x0 - pieces[taken - 1].x1 > 0.7 * body.size and following.text[:1].isupper()
    match = _RUN_NUMBER.match(title)
    number = match[1].rstrip(".") if match is not None else ""
    title = title[match.end() :] if match is not None else title
    if not (stopped or (wide and (bold or lettered))) or not title[:1].isupper() or sum(c.isalpha() for c in title) < 3:
        return None
    level = 1 + number.count(".") if number else 4
    return Heading(number, title.rstrip(".:").strip(), level), taken


_LETTERED = re.compile(r"(?:\(?(?:[a-z]|\d|[ivx]{1,4})\)|[a-z]\.(?=\s))\s*")
_RUN_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2}){1,4}\.?|\d{1,2}\.)\s*(?:(?=[A-Z])|A$)")
