"""Papers: versions are kept side by side, and what is known is never lost."""

from __future__ import annotations

from datetime import UTC, datetime

from storage import papers
from storage.database import Database
from tests.support.builders import paper


async def test_a_paper_comes_back_as_it_was(db: Database) -> None:
    """Every field survives, whatever characters it has."""
    told = paper(
        1,
        title="$\\alpha$ <b> & 中文 \U0001f600 \u202eabc",
        comments="12 pages",
        journal_ref="J. 1 (2026)",
        doi="10.1/x",
        published=datetime(2026, 2, 16, 18, 0, 1, tzinfo=UTC),
        updated=datetime(2026, 2, 17, 18, 0, 2, 5, tzinfo=UTC),
        has_html=False,
    )
    async with db.begin() as conn:
        await papers.save(conn, [told])
    async with db.read() as conn:
        assert await papers.get(conn, told.id) == told


async def test_what_no_engine_stores_is_replaced(db: Database) -> None:
    """NUL and half surrogate pairs become U+FFFD instead of an error."""
    async with db.begin() as conn:
        await papers.save(conn, [paper(1, title="a\x00b\ud800c", authors=("N\x00ul", "\udfff"))])
        found = await papers.get(conn, paper(1).id)
    assert found is not None
    assert found.title == "a\ufffdb\ufffdc"
    assert found.abstract == paper(1).abstract


async def test_empty_facts_replace_nothing(db: Database) -> None:
    """A source that knows less takes nothing away; one that knows better replaces."""
    rich = paper(
        1,
        comments="12 pages",
        doi="10.1/x",
        has_html=True,
        published=datetime(2026, 2, 16, tzinfo=UTC),
        journal_ref="J",
    )
    poor = paper(1, title="Better title", authors=(), abstract="", categories=(), has_html=None)
    async with db.begin() as conn:
        await papers.save(conn, [rich])
        await papers.save(conn, [poor])
        found = await papers.get(conn, rich.id)
    assert found == paper(
        1,
        title="Better title",
        comments="12 pages",
        doi="10.1/x",
        has_html=True,
        published=datetime(2026, 2, 16, tzinfo=UTC),
        journal_ref="J",
    )


async def test_the_latest_version_is_the_default(db: Database) -> None:
    """Versions stay side by side; the highest known one is the paper, in whatever order they came."""
    async with db.begin() as conn:
        await papers.save(conn, [paper(1, version=3, title="Third")])
        await papers.save(conn, [paper(1, version=1, title="First"), paper(2)])
        assert (await papers.many(conn, [paper(1).id, paper(2).id, "2602.99999"])) == {
            paper(1).id: paper(1, version=3, title="Third"),
            paper(2).id: paper(2),
        }
        assert await papers.get(conn, paper(1).id, 1) == paper(1, title="First")
        assert await papers.get(conn, paper(1).id, 2) is None
        assert await papers.get(conn, "2602.99999") is None


async def test_thousands_of_ids_are_asked_for_at_once(db: Database) -> None:
    """More ids than an engine takes as variables of one statement."""
    ids = [paper(n).id for n in range(40_000)]
    async with db.begin() as conn:
        await papers.save(conn, [paper(7), paper(39_999)])
        assert await papers.has_any(conn, ids) == {paper(7).id, paper(39_999).id}
        assert set(await papers.many(conn, ids)) == {paper(7).id, paper(39_999).id}
        assert await papers.has_any(conn, []) == set()


async def test_saving_nothing_is_nothing(db: Database) -> None:
    """No papers, no statement, no error."""
    async with db.begin() as conn:
        await papers.save(conn, [])
        assert await papers.many(conn, []) == {}
