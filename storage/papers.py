"""Papers, one row per version."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Column, Select, and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Paper
from storage.sql import AnyRow, chunks, insert, known_or, one_of
from storage.tables import paper_versions, papers

FACTS: tuple[Column[Any], ...] = tuple(c for c in paper_versions.c if c.name not in ("paper_id", "version"))
COLUMNS: tuple[Column[Any], ...] = (paper_versions.c.paper_id, paper_versions.c.version, *FACTS)
"""What `of_row` reads, in the order of a paper's fields, for other nouns' queries."""

LATEST = papers.join(
    paper_versions,
    and_(paper_versions.c.paper_id == papers.c.id, paper_versions.c.version == papers.c.latest_version),
)
"""Every paper in its latest version, for other nouns' queries."""


def of_row(row: AnyRow) -> Paper:
    """The paper in a row that begins with `COLUMNS`."""
    paper_id, version, title, authors, abstract, categories, *rest = row[: len(COLUMNS)]
    return Paper(paper_id, version, title, tuple(authors), abstract, tuple(categories), *rest)


async def save(conn: AsyncConnection, found: Iterable[Paper]) -> None:
    """Keep these versions. What is told anew replaces what was known; what is empty or None replaces nothing."""
    batch = list(found)
    if not batch:
        return
    upsert = insert(conn, papers)
    newer = case(
        (upsert.excluded.latest_version > papers.c.latest_version, upsert.excluded.latest_version),
        else_=papers.c.latest_version,
    )
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["id"], set_={"latest_version": newer}),
        # In the order of their keys, so that two writers of the same papers wait for each other and never in a ring.
        [{"id": p.id, "latest_version": p.version} for p in sorted(batch, key=_key)],
    )
    upsert = insert(conn, paper_versions)
    kept = {column.name: known_or(column, upsert.excluded[column.name]) for column in FACTS}
    await conn.execute(
        upsert.on_conflict_do_update(index_elements=["paper_id", "version"], set_=kept),
        [_values(paper) for paper in sorted(batch, key=_key)],
    )


def _key(paper: Paper) -> tuple[str, int]:
    return paper.id, paper.version


def _values(paper: Paper) -> dict[str, Any]:
    return {
        "paper_id": paper.id,
        "version": paper.version,
        "title": paper.title,
        "authors": list(paper.authors),
        "abstract": paper.abstract,
        "categories": list(paper.categories),
        "comments": paper.comments,
        "journal_ref": paper.journal_ref,
        "doi": paper.doi,
        "published": paper.published,
        "updated": paper.updated,
        "has_html": paper.has_html,
    }


async def get(conn: AsyncConnection, paper_id: str, version: int | None = None) -> Paper | None:
    """One version of a paper, the latest known one by default; None if it is not known."""
    query: Select[Any] = select(*COLUMNS)
    if version is None:
        query = query.select_from(LATEST).where(papers.c.id == paper_id)
    else:
        query = query.where(paper_versions.c.paper_id == paper_id, paper_versions.c.version == version)
    row = (await conn.execute(query)).one_or_none()
    return of_row(row) if row is not None else None


async def many(conn: AsyncConnection, paper_ids: Iterable[str]) -> dict[str, Paper]:
    """The latest versions of those papers that are known, by id."""
    found: dict[str, Paper] = {}
    for some in chunks(paper_ids):
        rows = (await conn.execute(_MANY, {"ids": some})).all()
        found |= {paper.id: paper for paper in map(of_row, rows)}
    return found


_MANY = select(*COLUMNS).select_from(LATEST).where(one_of(papers.c.id, "ids"))


async def has_any(conn: AsyncConnection, paper_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are known."""
    known: set[str] = set()
    for some in chunks(paper_ids):
        known.update((await conn.execute(select(papers.c.id).where(papers.c.id.in_(some)))).scalars())
    return known
