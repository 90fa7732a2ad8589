"""Tiny builders of the nouns, with sensible defaults: a test names only what it is about.

Papers are made from a number: `paper(7)` is 2602.00007, always the same. Where a builder takes papers it takes numbers
too. Further fields are given by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.model import (
    Announcement,
    Card,
    Chat,
    ChatKind,
    Claim,
    Counts,
    Critique,
    Digest,
    Experiments,
    Heat,
    HeatEntry,
    Kind,
    Listing,
    ListingPage,
    ListingState,
    Motivation,
    Paper,
    Poll,
    Problem,
    Reason,
    ReasonKind,
    Row,
    Source,
)

DAY = date(2026, 2, 18)
"""A Wednesday with an announcement."""

NOW = datetime(2026, 2, 18, 8, 0, tzinfo=UTC)
"""The morning of it, after the announcement of 01:00 UTC."""


def minutes(n: float) -> datetime:
    """`n` minutes after `NOW`."""
    return NOW + timedelta(minutes=n)


def day(n: int) -> date:
    """`n` days after `DAY`."""
    return DAY + timedelta(days=n)


def paper(n: int = 1, **fields: Any) -> Paper:
    """Paper number `n`."""
    made = Paper(
        id=f"2602.{n:05d}",
        version=1,
        title=f"Paper {n}",
        authors=(f"Ada Author{n}", f"Bo Writer{n}"),
        abstract=f"We study question {n} and find answer {n}.",
        categories=("cs.LG",),
    )
    return replace(made, **fields)


def papers(numbers: Iterable[int | Paper], **fields: Any) -> tuple[Paper, ...]:
    """Several papers; those given as papers stay as they are."""
    return tuple(n if isinstance(n, Paper) else paper(n, **fields) for n in numbers)


def page(
    category: str = "cs.LG",
    date: date = DAY,
    new: Iterable[int | Paper] = (),
    cross: Iterable[int | Paper] = (),
    replaced: Iterable[int | Paper] = (),
) -> ListingPage:
    """A whole listing. Papers given by number have the category as theirs."""
    sections = {
        kind: papers(numbers, categories=(category,))
        for kind, numbers in ((Kind.NEW, new), (Kind.CROSS, cross), (Kind.REPLACE, replaced))
    }
    return ListingPage(
        category=category,
        date=date,
        declared=Counts(*(len(shown) for shown in sections.values())),
        papers=tuple(one for shown in sections.values() for one in shown),
        announcements=tuple(
            Announcement(one.id, one.version, category, date, kind) for kind, shown in sections.items() for one in shown
        ),
    )


def listing(
    category: str = "cs.LG", date: date = DAY, state: ListingState = ListingState.FRESH, **fields: Any
) -> Listing:
    """One category on one date."""
    return replace(Listing(category, date, state, checked_at=NOW), **fields)


def poll(category: str = "cs.LG", state: ListingState = ListingState.FRESH, **fields: Any) -> Poll:
    """The last attempt at a category."""
    return replace(Poll(category, NOW, state, page_date=DAY), **fields)


def heat(n: int = 1, upvotes: int = 10, at: datetime = NOW, **fields: Any) -> Heat:
    """A reading of paper number `n`."""
    return replace(Heat(paper(n).id, "hf", at, upvotes), **fields)


def heat_entry(n: int = 1, upvotes: int = 10, at: datetime = NOW, **fields: Any) -> HeatEntry:
    """Paper number `n` on a heat list."""
    return replace(HeatEntry(heat(n, upvotes, at)), **fields)


def chat(n: int = 1, kind: ChatKind = ChatKind.PRIVATE, **fields: Any) -> Chat:
    """Chat number `n`, subscribed and due at `NOW`."""
    made = Chat(
        id=n,
        telegram_id=1000 + n,
        thread_id=0,
        kind=kind,
        title=f"Chat {n}",
        subscribed=True,
        next_at=NOW,
        created_at=NOW - timedelta(days=1),
    )
    return replace(made, **fields)


def row(rank: int = 1, n: int | None = None, **fields: Any) -> Row:
    """A line of a table about paper number `n` (by default the same as its rank)."""
    shown = paper(rank if n is None else n)
    made = Row(
        rank=rank,
        paper_id=shown.id,
        version=shown.version,
        title=shown.title,
        authors=shown.authors,
        institution="ETH Zurich",
        direction="cs.LG",
        heat=31,
        score=1.0 / rank,
        reasons=(Reason(ReasonKind.INTEREST, "GRPO", 0.75, 1), Reason(ReasonKind.HEAT, "", 0.25, 31)),
    )
    return replace(made, **fields)


def digest(chat_id: int = 1, date: date = DAY, rows: Iterable[int | Row] = (1, 2), **fields: Any) -> Digest:
    """A digest of a chat; rows given by number are those of that rank."""
    made = Digest(
        id=1,
        chat_id=chat_id,
        date=date,
        part=0,
        created_at=NOW,
        announced=412,
        rows=tuple(one if isinstance(one, Row) else row(one) for one in rows),
        listings=(listing(date=date),),
    )
    return replace(made, **fields)


def claim(text: str = "It works.", **fields: Any) -> Claim:
    """A claim with its quote, verified."""
    return replace(Claim(text, text, "S1.p1", "Introduction", verified=True), **fields)


def card(n: int = 1, language: str = "en", analyst: str = "local", **fields: Any) -> Card:
    """A card of paper number `n` with something in every part."""
    about = paper(n)
    made = Card(
        paper_id=about.id,
        version=about.version,
        title=about.title,
        authors=about.authors,
        institutions=("ETH Zurich",),
        language=language,
        analyst=analyst,
        source=Source.HTML,
        source_url=f"https://arxiv.org/html/{about.versioned_id}",
        tags=("code",),
        motivation=Motivation(problem=(claim("The question is open."),)),
        method=(claim("We count."),),
        experiments=Experiments(datasets=(claim("We use a data set."),)),
        conclusions=(claim("It works."),),
        critique=Critique(
            strengths=(claim("Code is there."),), problems=(Problem(claim("One seed."), 2, "Table 1", "Five seeds"),)
        ),
    )
    return replace(made, **fields)
