"""Pages as arXiv writes them (its templates of 2025), filled with invented papers, for tests and benchmarks."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from html import escape

HEADINGS = {"new": "New", "cross": "Cross", "replace": "Replacement"}
WORDS = [
    "sparse",
    "reward",
    "policy",
    "gradient",
    "language",
    "model",
    "retrieval",
    "benchmark",
    "diffusion",
    "robot",
    "grasp",
    "attention",
    "kernel",
    "proof",
    "graph",
    "causal",
    "transfer",
    "latent",
    "token",
    "video",
    "planning",
    "safety",
    "audit",
    "memory",
    "reasoning",
    "world",
    "action",
    "speech",
    "translation",
]


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a listing; texts are HTML as it stands in the page. `version` is that of the “View HTML” link."""

    id: str
    kind: str = "new"
    title: str = "A Title"
    authors: tuple[str, ...] = ("Ada Lovelace", "Emmy Noether")
    abstract: str = "We measure things."
    subjects: tuple[str, ...] = ("Machine Learning (cs.LG)", "Artificial Intelligence (cs.AI)")
    version: int | None = 1
    comments: str = ""
    journal_ref: str = ""


def new_page(
    day: date,
    listed: Sequence[Listed],
    *,
    skip: int = 0,
    show: int = 2000,
    declare_more: int = 0,
) -> str:
    """The page of new listings; `declare_more` adds to what the sections declare."""
    total = len(listed) + declare_more
    paging = ""
    if total:
        paging = f"""<div class='paging'>Total of {total} entries
    </div>
    <div class='morefewer'>Showing up to {show} entries per page:
      <span style="color: #454545">fewer</span> | <span style="color: #454545">more</span>
    </div>"""
    return _shell(f"""
  <h1>Machine Learning</h1>
<ul></ul>
<p>See <a id="recent-cs.LG" aria-labelledby="recent-cs.LG" href="/list/cs.LG/recent">recent</a> articles</p>
<h3>Showing new listings for {day:%A}, {day.day} {day:%B %Y}</h3>
{paging}
{_sections(listed, skip, show, declare_more) or "<p>No updates today.</p>"}
{paging}""")


def catchup_page(
    day: date, listed: Sequence[Listed], *, page: int = 1, size: int = 2000, next_day: date | None = None
) -> str:
    """The catch-up page of one day."""
    when = f"{day:%a, %d %b %Y}"
    link = f'<a href="/catchup/cs.LG/{next_day}?abs=True&amp;page=1">Continue to the next day</a>' if next_day else ""
    quiet = f"<br><div><p>No updates for {when}. There was either no announcement for this day, or no updates within the requested subject.</p></div><br>"
    return _shell(f"""
  <h1>Catchup results for Machine Learning on {when}</h1>
<div>{link}<br><br>Total of {len(listed)} entries for {when}</div>
{_sections(listed, (page - 1) * size, size, 0) or quiet}
Total of {len(listed)} entries for {when} <br><br>{link}""")


def atom_feed(listed: Iterable[Listed]) -> bytes:
    """The same papers as the query API gives them."""
    entries = "".join(map(_atom_entry, listed))
    count = entries.count("<entry>")
    return f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/invented</id>
  <title>arXiv Query</title>
  <updated>2026-02-18T06:00:00Z</updated>
  <opensearch:itemsPerPage>{count}</opensearch:itemsPerPage>
  <opensearch:totalResults>{count}</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
{entries}</feed>
""".encode()


def invented(count: int, seed: int = 7) -> list[Listed]:
    """`count` papers of ordinary length: the sections in order, always the same ones for a seed."""
    rng = random.Random(seed)

    def words(least: int, most: int) -> str:
        return " ".join(rng.choice(WORDS) for _ in range(rng.randint(least, most)))

    papers = [
        Listed(
            id=f"2602.{number:05d}",
            kind=("new", "cross", "replace")[3 * number // count],
            title=words(7, 14).capitalize(),
            authors=tuple(f"{rng.choice(WORDS).capitalize()} {rng.choice(WORDS).capitalize()}" for _ in range(5)),
            abstract=words(120, 220).capitalize() + ".",
            version=rng.choice((1, 1, 1, 1, None)),
            comments=words(3, 9) if rng.random() < 0.6 else "",
        )
        for number in range(count)
    ]
    return [replace(paper, version=2) if paper.kind == "replace" and paper.version else paper for paper in papers]


def _sections(listed: Sequence[Listed], skip: int, show: int, declare_more: int) -> str:
    parts: list[str] = []
    start = 0
    for kind, label in HEADINGS.items():
        total = sum(1 for entry in listed if entry.kind == kind)
        items = [(n, e) for n, e in enumerate(listed[skip : skip + show], skip + 1) if e.kind == kind]
        if items:
            last = skip + show >= start + total
            how = ("continued, showing " + ("last " if last else "")) if skip > start else "showing "
            how += "first " if skip <= start and not last else ""
            parts.append(f"""<dl id='articles'>
    <h3>{label} submissions ({how}{len(items)} of {total + declare_more} entries)</h3>
{"".join(_entry(number, entry) for number, entry in items)}</dl>""")
        start += total
    return "\n".join(parts)


def _entry(number: int, entry: Listed) -> str:
    marks = {"new": "", "cross": "(cross-list from cs.CL)", "replace": "(replaced)"}
    html = ""
    if entry.version:
        address = f"https://arxiv.org/html/{entry.id}v{entry.version}"
        html = f', <a href="{address}" title="View HTML" id="html-{entry.id}" target="_blank">html</a>'
    authors = ", ".join(
        f'<a href="https://arxiv.org/search/cs?query=X" rel="nofollow">{name}</a>' for name in entry.authors
    )
    comments = _block("list-comments mathjax", "Comments:", entry.comments)
    journal = _block("list-journal-ref", "Journal-ref:", entry.journal_ref)
    first, *others = entry.subjects
    return f"""    <dt>
      <a name='item{number}'>[{number}]</a>
      <a href ="/abs/{entry.id}" title="Abstract" id="{entry.id}">
        arXiv:{entry.id}
      </a>
      {marks[entry.kind]}
      [<a href="/pdf/{entry.id}" title="Download PDF" id="pdf-{entry.id}">pdf</a>{html}, <a href="/format/{entry.id}" title="Other formats">other</a>]
    </dt>
    <dd>
      <div class='meta'>
        <div class='list-title mathjax'><span class='descriptor'>Title:</span>
          {entry.title}
        </div>
        <div class='list-authors'>{authors or "(author list is unavailable)"}</div>
{comments}{journal}
        <div class='list-subjects'><span class='descriptor'>Subjects:</span>
          <span class="primary-subject">{first}</span>{"".join("; " + other for other in others)}
        </div>

        <p class='mathjax'>
          {entry.abstract}
        </p>
      </div>
    </dd>
"""


def _block(style: str, label: str, text: str) -> str:
    if not text:
        return ""
    return f"""        <div class='{style}'><span class='descriptor'>{label}</span>
          {text}
        </div>
"""


def _atom_entry(entry: Listed) -> str:
    address = f"http://arxiv.org/abs/{entry.id}v{entry.version or 1}"
    authors = "".join(f"<author><name>{escape(name)}</name></author>" for name in entry.authors)
    codes = [subject.rpartition("(")[2].rstrip(")") for subject in entry.subjects]
    categories = "".join(f'<category term="{code}" scheme="http://arxiv.org/schemas/atom"/>' for code in codes)
    comment = f"<arxiv:comment>{escape(entry.comments)}</arxiv:comment>" if entry.comments else ""
    return f"""  <entry>
    <id>{address}</id>
    <title>{entry.title}</title>
    <updated>2026-02-17T18:00:00Z</updated>
    <link href="{address}" rel="alternate" type="text/html"/>
    <link href="https://arxiv.org/pdf/{entry.id}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{entry.abstract}</summary>
    {categories}
    <published>2026-02-17T18:00:00Z</published>
    {comment}
    <arxiv:primary_category term="{codes[0]}"/>
    {authors}
  </entry>
"""


def _shell(inside: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en">
<head><title>Machine Learning</title></head>
<body class="with-cu-identity">
<div class="flex-wrap-footer">
<header><a href="#content" class="is-sr-only">Skip to main content</a><div id="header"><h1><a href="/">arXiv</a></h1></div></header>
<main><div id="content">
<div id='content-inner'>
<div id='dlpage'>
{inside}
</div>
</div>
</div></main>
<footer><h2>About</h2></footer>
</div>
</body>
</html>
"""
