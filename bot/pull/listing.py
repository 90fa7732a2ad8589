"""One announcement page of arXiv, as HTML, → what it says; and several pages → one whole listing.

Both `/list/<category>/new` and `/catchup/<category>/<date>` are read. A page states its date, how many papers each
section has and how many of them it shows; what was parsed must agree, else nothing is taken.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date as Date  # noqa: N812 - pages have a field of that name

from selectolax.lexbor import LexborHTMLParser, LexborNode

from bot.errors import CountMismatch, Malformed
from bot.model import Announcement, Counts, Kind, ListingPage, Paper

SERVICE = "arxiv.org"

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATE = re.compile(r"\b(?:listings for|[Cc]atchup results)\b.*\b(\d{1,2}) ([A-Z][a-z]{2,8})\.? (\d{4})\b", re.DOTALL)
_SECTION = re.compile(
    r"\s*(New|Cross|Replacement)\b.*\bshowing\s+(?:first\s+|last\s+)?([\d,]+)\s+of\s+([\d,]+)\b", re.DOTALL
)
_TOTAL = re.compile(r"[Tt]otal of\s+([\d,]+)\s+entries")
_QUIET = re.compile(r">\s*No (?:further )?updates\b")
_NEXT_DAY = re.compile(r"/catchup/[^\"'?]+/(\d{4}-\d\d-\d\d)[^>]*>\s*Continue")
_ID = re.compile(r"/abs/([a-z-]+(?:\.[A-Z]{2})?/\d{7}|\d{4}\.\d{4,5})")
_HTML_VERSION = re.compile(r"/html/[^?#]+?v(\d+)/?(?:[?#]|$)")
_CODE = re.compile(r"\(([A-Za-z]+(?:[-.][A-Za-z]+)*)\)$")
_SHORT_LINK = re.compile(r"this \w+ URL")
_KINDS = {"New": Kind.NEW, "Cross": Kind.CROSS, "Replacement": Kind.REPLACE}


@dataclass(frozen=True, slots=True)
class Entry:
    """One paper as listed."""

    paper: Paper
    kind: Kind


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """What one page says. `declared` counts whole sections (0 for one that does not appear), `shown` this page's part
    of them; `total` is the whole listing's number of entries, None where the page names none. `quiet`: it says that
    there are no updates. `next_day` is the next announcement day that a catch-up page links to."""

    category: str
    date: Date
    declared: Counts
    shown: Counts
    entries: tuple[Entry, ...]
    total: int | None
    quiet: bool = False
    next_day: Date | None = None


def parse(html: str, category: str) -> ParsedPage:
    """What the page of `category` says.

    Raises:
        Malformed: it is no listing, or it breaks off.
        CountMismatch: a section does not show as many papers as it says.
    """
    day: Date | None = None
    kind: Kind | None = None
    declared: dict[Kind, int] = {}
    shown: dict[Kind, int] = {}
    entries: list[Entry] = []
    term: LexborNode | None = None
    for node in LexborHTMLParser(html).css("h1, h3, dt, dd"):
        if node.tag == "dt":
            term = node
        elif node.tag == "dd":
            if term is not None and kind is not None:
                entries.append(Entry(_paper(term, node, kind), kind))
            term = None
        elif section := _SECTION.match(heading := node.text()):
            kind = _KINDS[section[1]]
            if kind in declared:
                raise Malformed(SERVICE, "section-twice")
            shown[kind], declared[kind] = _number(section[2]), _number(section[3])
        elif day is None:
            day = _date(heading)
    if day is None:
        raise Malformed(SERVICE, "no-listing")
    parsed = Counter(entry.kind for entry in entries)
    for each in Kind:
        if shown.get(each, 0) != parsed[each]:
            raise CountMismatch(SERVICE, each.value, shown.get(each, 0), parsed[each])
    if "</html>" not in html[-2000:]:
        raise Malformed(SERVICE, "truncated")
    head = html[: html.find("<dl")] if entries else html
    total = _TOTAL.search(head)
    next_day = _NEXT_DAY.search(head)
    return ParsedPage(
        category=category,
        date=day,
        declared=_counts(declared),
        shown=_counts(shown),
        entries=tuple(entries),
        total=_number(total[1]) if total else None,
        quiet=not entries and _QUIET.search(html) is not None,
        next_day=Date.fromisoformat(next_day[1]) if next_day else None,
    )


def assemble(pages: Sequence[ParsedPage]) -> ListingPage:
    """The whole listing out of all its pages, in order.

    A paper that is listed twice (say as a cross-list and as a replacement) is kept with both announcements.

    Raises:
        CountMismatch: the pages together do not hold as many papers as they declare.
        Malformed: they are not pages of one listing.
    """
    first = pages[0]
    if any((page.category, page.date, page.total) != (first.category, first.date, first.total) for page in pages):
        raise Malformed(SERVICE, "pages-disagree")
    declared = {kind: max(_of(page.declared, kind) for page in pages) for kind in Kind}
    parsed = {kind: sum(_of(page.shown, kind) for page in pages) for kind in Kind}
    for kind in Kind:
        if declared[kind] != parsed[kind]:
            raise CountMismatch(SERVICE, kind.value, declared[kind], parsed[kind])
    total = sum(declared.values())
    if first.total is not None and first.total != total:
        raise CountMismatch(SERVICE, "listed", first.total, total)
    _refuse_overlap(pages)
    entries = [entry for page in pages for entry in page.entries]
    papers: dict[tuple[str, int], Paper] = {}
    for entry in entries:
        papers.setdefault((entry.paper.id, entry.paper.version), entry.paper)
    announcements = dict.fromkeys(
        Announcement(entry.paper.id, entry.paper.version, first.category, first.date, entry.kind) for entry in entries
    )
    return ListingPage(first.category, first.date, _counts(declared), tuple(papers.values()), tuple(announcements))


def _refuse_overlap(pages: Sequence[ParsedPage]) -> None:
    """Refuse pages that repeat each other's papers: the listing moved between two requests, and some are missing."""
    seen: set[tuple[str, Kind]] = set()
    for page in pages:
        here = {(entry.paper.id, entry.kind) for entry in page.entries}
        if here & seen:
            raise Malformed(SERVICE, "pages-overlap")
        seen |= here


# ---------------------------------------------------------------------- one entry


def _paper(term: LexborNode, body: LexborNode, kind: Kind) -> Paper:
    paper_id, version, has_html = "", 0, False
    for link in _links(term):
        attributes = link.attributes
        name, href = attributes.get("title"), attributes.get("href") or ""
        if name == "Abstract" and (match := _ID.search(href)):
            paper_id = match[1]
        elif name == "View HTML":
            has_html = True
            version = int(match[1]) if (match := _HTML_VERSION.search(href)) else 0
    parts = dict(_parts(body))
    title = _field(parts, "list-title", "Title:")
    if not paper_id or not title:
        raise Malformed(SERVICE, "unreadable-entry")
    return Paper(
        id=paper_id,
        # Only the link to the HTML names the version. A replacement is at least the second.
        version=version or (2 if kind is Kind.REPLACE else 1),
        title=title,
        authors=_authors(parts["list-authors"]) if "list-authors" in parts else (),
        abstract=_field(parts, "abstract"),
        categories=_categories(_field(parts, "list-subjects", "Subjects:")),
        comments=_field(parts, "list-comments", "Comments:"),
        journal_ref=_field(parts, "list-journal-ref", "Journal-ref:"),
        doi=_field(parts, "list-doi", "DOI:"),
        has_html=has_html,
    )


def _parts(body: LexborNode) -> Iterator[tuple[str, LexborNode]]:
    """The parts of an entry by their first class name; the paragraph is the abstract."""
    for node in body.iter():
        style = (node.attributes.get("class") or "").partition(" ")[0]
        if style == "meta":
            yield from _parts(node)
        else:
            yield ("abstract" if node.tag == "p" else style), node


def _links(node: LexborNode) -> list[LexborNode]:
    return [child for child in node.iter() if child.tag == "a"] or node.css("a")


def _field(parts: dict[str, LexborNode], name: str, label: str = "") -> str:
    return _text(parts[name]).removeprefix(label).lstrip() if name in parts else ""


def _text(node: LexborNode) -> str:
    """The node's text with its white space tidied; links that arXiv hides as “this https URL” are written out."""
    first = node.first_child
    whole = first is None or first.next is None
    return _tidy(node.text() if whole else "".join(_piece(child) for child in node.iter(include_text=True)))


def _tidy(text: str) -> str:
    text = text.strip().replace("\n", " ")
    # Most texts are tidy by now; taking the long ones apart would cost a quarter of the whole time.
    return " ".join(text.split()) if "  " in text or "\t" in text or "\xa0" in text else text


def _piece(node: LexborNode) -> str:
    if node.tag == "br":
        return " "
    text = node.text()
    if node.tag == "a" and _SHORT_LINK.fullmatch(text.strip()):
        return node.attributes.get("href") or text
    return text


def _authors(node: LexborNode) -> tuple[str, ...]:
    linked = tuple(_tidy(link.text()) for link in _links(node))
    if linked:
        return tuple(filter(has_letters, linked))
    text = _text(node)
    if text.startswith("("):
        return ()  # “(author list is unavailable)”
    return tuple(filter(has_letters, (part.strip() for part in text.removeprefix("Authors:").split(","))))


def has_letters(name: str) -> bool:
    """Whether an author's name is one: behind a team's name arXiv also lists a lone colon."""
    return any(map(str.isalnum, name))


def _categories(subjects: str) -> tuple[str, ...]:
    """The codes of “Machine Learning (cs.LG); Robotics (cs.RO)”; a subject without one is kept as it is."""
    found = (subject.strip() for subject in subjects.split(";"))
    codes = (match[1] if (match := _CODE.search(subject)) else subject for subject in found if subject)
    return tuple(dict.fromkeys(codes))


# ---------------------------------------------------------------------- numbers and dates


def _number(digits: str) -> int:
    return int(digits.replace(",", ""))


def _date(text: str) -> Date | None:
    """The first date in words, “17 February 2026” or “17 Feb 2026”, whatever the machine's language."""
    match = _DATE.search(text)
    if match is None:
        return None
    try:
        return Date(int(match[3]), _MONTHS.index(match[2][:3].lower()) + 1, int(match[1]))
    except ValueError:
        return None


def _of(counts: Counts, kind: Kind) -> int:
    return {Kind.NEW: counts.new, Kind.CROSS: counts.cross, Kind.REPLACE: counts.replace}[kind]


def _counts(by_kind: dict[Kind, int]) -> Counts:
    return Counts(by_kind.get(Kind.NEW, 0), by_kind.get(Kind.CROSS, 0), by_kind.get(Kind.REPLACE, 0))
