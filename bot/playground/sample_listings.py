"""Announcement pages of the sample in arXiv's markup."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from bot.model import Kind, Paper
from bot.playground.sample_day import FOLDER, Sample, SamplePaper

SHOWS = (25, 50, 100, 250, 500, 1000, 2000)
CATCHUP_PAGE = 2000
_LABELS = {Kind.NEW: "New", Kind.CROSS: "Cross", Kind.REPLACE: "Replacement"}
_INDEX = {Kind.NEW: "New submissions", Kind.CROSS: "Cross-lists", Kind.REPLACE: "Replacements"}


@dataclass(frozen=True, slots=True)
class Section:
    """The part of a section that one page shows; entries are numbered over the whole listing."""

    heading: str
    entries: tuple[tuple[int, Kind, Paper], ...]


Listed = Sequence[tuple[Kind, SamplePaper]]


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["author_query"] = author_query
    return environment.get_template("listing.html")


def author_query(name: str) -> str:
    """A name as arXiv's search links write it: "Ada B. Lovelace" → "Lovelace,+A+B"."""
    *first, last = name.split()
    return quote(last) + (",+" + "+".join(quote(part[0]) for part in first) if first else "")


def sections(listed: Listed, skip: int, shown: int) -> list[Section]:
    """The three sections with their headings; counts are of the whole listing, entries of the page."""
    page = listed[skip : skip + shown]
    result: list[Section] = []
    begin = 0
    for kind, label in _LABELS.items():
        total = sum(entry_kind is kind for entry_kind, _ in listed)
        entries = tuple(
            (skip + place + 1, entry_kind, entry.paper)
            for place, (entry_kind, entry) in enumerate(page)
            if entry_kind is kind
        )
        ends_here = skip + shown >= begin + total
        words = "showing " if ends_here else "showing first "
        if skip > begin:
            words = "continued, showing last " if ends_here else "continued, showing "
        result.append(Section(f"{label} submissions ({words}{len(entries)} of {total} entries)", entries))
        begin += total
    return result


def new_page(sample: Sample, category: str, day: date, skip: int, shown: int) -> str:
    """`/list/<category>/new` of a day."""
    listed = sample.listing(category, day)

    def url(at: int, show: int = shown) -> str:
        return f"/list/{category}/new?skip={at}&show={show}"

    many = len(listed) > shown
    more = next((show for show in SHOWS if show > shown), None) if many else None
    fewer = next((show for show in reversed(SHOWS) if show < shown), None)
    starts = range(0, len(listed), shown) if many else ()
    return _template().render(
        catchup=False,
        abstracts=True,
        category=category,
        name=sample.subjects.get(category, category),
        day=f"{day:%A}, {day.day} {day:%B %Y}",
        count=len(listed),
        shown=shown,
        index=_index(listed, shown, lambda at: "" if at == skip else url(at)),
        pages=[(f"{at + 1}-{min(len(listed), at + shown)}", None if at == skip else url(at)) for at in starts],
        fewer_more=[
            ("fewer", url(skip, fewer) if fewer else None),
            ("more", url(skip, more) if more else None),
            ("all", url(0, SHOWS[-1]) if many else None),
        ],
        sections=sections(listed, skip, shown),
        subject=lambda name: _subject(sample, name),
        next_url=None,
    )


def catchup_page(sample: Sample, category: str, day: date, today: date, page: int, *, abstracts: bool) -> str:
    """`/catchup/<category>/<date>`: any day, announced or not."""
    listed = sample.listing(category, day) if day <= today else []
    following = min((later for later in sample.days if day < later <= today), default=None)

    def url(number: int, of: date = day) -> str:
        return f"/catchup/{category}/{of}?abs={abstracts}&page={number}"

    numbers = range(1, (len(listed) - 1) // CATCHUP_PAGE + 2) if len(listed) > CATCHUP_PAGE else ()
    return _template().render(
        catchup=True,
        abstracts=abstracts,
        category=category,
        name=sample.subjects.get(category, category),
        day=f"{day:%a, %d %b %Y}",
        count=len(listed),
        index=_index(
            listed, CATCHUP_PAGE, lambda at: "" if at // CATCHUP_PAGE + 1 == page else url(at // CATCHUP_PAGE + 1)
        ),
        pages=[(number, None if number == page else url(number)) for number in numbers],
        sections=sections(listed, (page - 1) * CATCHUP_PAGE, CATCHUP_PAGE),
        subject=lambda name: _subject(sample, name),
        next_url=url(1, following) if following else None,
        first_url=url(1),
    )


def _index(listed: Listed, size: int, url: Callable[[int], str]) -> list[tuple[str, str]]:
    """Links to where each kind begins."""
    links: list[tuple[str, str]] = []
    for kind, label in _INDEX.items():
        first = next((place for place, (entry_kind, _) in enumerate(listed) if entry_kind is kind), None)
        if first is not None:
            links.append((label, f"{url(first // size * size)}#item{first + 1}"))
    return links


def _subject(sample: Sample, category: str) -> str:
    name = sample.subjects.get(category)
    return f"{name} ({category})" if name else category
