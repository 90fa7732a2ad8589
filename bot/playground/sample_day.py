"""The bundled sample: two announcement days of papers, most of them invented and marked as such.

`sample/day.json` holds 42 invented papers and five real ones by their facts (title, authors, categories, comments, day of
submission; the abstracts are in our own words and say so). arXiv announced two of the five on 17 February 2026; here all
five stand in the listing of the 19th. Invented papers carry ids that arXiv never gave, "[sample]" in title and comments,
and a sentence in the abstract that says what they are; `sample/papers/` holds the full text of some.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bot.model import Kind, Paper

FOLDER = Path(__file__).parent / "sample"
NEWEST = date(2026, 2, 19)


@dataclass(frozen=True, slots=True)
class SamplePaper:
    """A paper version of the sample with the day it was announced on; `kinds` says how in each category."""

    paper: Paper
    day: date
    kinds: Mapping[str, Kind]
    invented: bool

    @property
    def source(self) -> Path:
        """Where its full text would be."""
        return FOLDER / "papers" / f"{self.paper.id}.md"


@dataclass(frozen=True, slots=True)
class SampleHeat:
    """One line of a daily list of papers that people voted for."""

    paper_id: str
    upvotes: int
    comments: int
    organization: str
    repository: str
    stars: int
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """Everything bundled. `subjects` are the names of the categories that occur."""

    papers: tuple[SamplePaper, ...]
    heat: Mapping[date, tuple[SampleHeat, ...]]
    subjects: Mapping[str, str]

    @property
    def days(self) -> tuple[date, ...]:
        """The announcement days, oldest first."""
        return tuple(sorted({listed.day for listed in self.papers}))

    def listing(self, category: str, day: date) -> list[tuple[Kind, SamplePaper]]:
        """What a category or an archive ("cs") announced on a day: new, cross-lists, replacements, each by id.

        As on arXiv, an archive shows a paper once: as new where it is new in one of its categories.
        """
        found: list[tuple[Kind, SamplePaper]] = []
        for listed in self.papers:
            kinds = [kind for name, kind in listed.kinds.items() if name == category or _archive(name) == category]
            if kinds and listed.day == day:
                found.append((min(kinds, key=_ORDER.index), listed))
        return sorted(found, key=lambda item: (_ORDER.index(item[0]), item[1].paper.id))

    def versions(self, paper_id: str, until: date) -> dict[int, Paper]:
        """The versions of a paper that had been announced by a day."""
        return {
            listed.paper.version: listed.paper
            for listed in self.papers
            if listed.paper.id == paper_id and listed.day <= until
        }


_ORDER = [Kind.NEW, Kind.CROSS, Kind.REPLACE]


def _archive(category: str) -> str:
    return category.split(".", maxsplit=1)[0]


@cache
def load() -> Sample:
    """The bundled sample."""
    raw = json.loads((FOLDER / "day.json").read_text("utf-8"))
    notes = (raw["note"], raw["real_note"])
    papers = [listed for entry in raw["papers"] for listed in _listed(entry, raw["marker"], notes)]
    heat = {date.fromisoformat(day): tuple(_heat(line) for line in lines) for day, lines in raw["heat"].items()}
    return Sample(tuple(papers), heat, raw["subjects"])


def _listed(entry: dict[str, Any], marker: str, notes: tuple[str, str]) -> list[SamplePaper]:
    """A paper as it was announced, and as it was replaced where it was."""
    invented = not entry.get("real")
    published = datetime.fromisoformat(entry["published"]).astimezone(UTC)
    paper = Paper(
        id=entry["id"],
        version=1,
        title=f"{entry['title']} {marker}" if invented else entry["title"],
        authors=tuple(entry["authors"]),
        abstract=f"{entry['abstract']} {notes[0] if invented else notes[1]}",
        categories=tuple(entry["categories"]),
        comments=f"{marker} {entry['comments']}".strip() if invented else entry["comments"],
        published=published,
        updated=published,
        has_html=bool(entry.get("full_text")),
    )
    first, *others = paper.categories
    kinds = {first: Kind.NEW} | dict.fromkeys(others, Kind.CROSS)
    listed = [SamplePaper(paper, date.fromisoformat(entry["day"]), kinds, invented)]
    if "replaced" in entry:
        again = replace(paper, version=2, updated=published + timedelta(days=1, hours=9))
        day = date.fromisoformat(entry["replaced"])
        listed.append(SamplePaper(again, day, dict.fromkeys(paper.categories, Kind.REPLACE), invented))
    return listed


def _heat(line: dict[str, Any]) -> SampleHeat:
    return SampleHeat(
        paper_id=line["id"],
        upvotes=line["upvotes"],
        comments=line["comments"],
        organization=line.get("organization", ""),
        repository=line.get("repository", ""),
        stars=line.get("stars", 0),
        keywords=tuple(line.get("keywords", ())),
    )
