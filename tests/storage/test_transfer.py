"""Moving a database: all of it arrives on the other engine and comes back the same."""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import shutil
import signal
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import insert, select

from bot.errors import AlreadyRunning, BadSetting, DatabaseBroken, StorageError
from bot.model import ChatKind
from storage import cards, chats, heat, institutions, listings, papers
from storage.database import Database, copy, lock_for_running
from storage.tables import metadata
from tests.support.builders import NOW, card, heat_entry, minutes, page, paper
from tests.support.databases import apart, emptied, opened, sqlite_at
from tests.support.full_chat import live
from tests.support.odd_rows import Rows, odd_rows

ODD = "naïve 漢字 🙂 'quoted' \"twice\" \\ \u202e $x^2$"


async def everything(db: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    async with db.read() as conn:
        return {
            table.name: [
                dict(row) for row in (await conn.execute(select(table).order_by(*table.primary_key.columns))).mappings()
            ]
            for table in metadata.sorted_tables
        }


async def fill(db: Database) -> None:
    """Something in the tables that hold what is read, what was decided, and what people said."""
    async with db.begin() as conn:
        await papers.save(conn, [paper(n, title=f"{ODD} {n}", published=NOW, has_html=n % 2 == 0) for n in range(1, 4)])
        await listings.save_page(conn, page(), minutes(1))
        await heat.save(conn, [heat_entry(1), heat_entry(1, upvotes=40, at=minutes(60))])
        await institutions.save(conn, paper(1).id, 1, ("ETH Zurich", "清华大学"), NOW)
        await cards.save(conn, card(), NOW, 1)
        gone = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {}, NOW)
        await live(conn, -1_003_111_222_333, 6_000_111_222, ODD)
        await live(conn, 77, 6_000_111_223, "another")
        last = await chats.ensure(conn, 2, 0, ChatKind.PRIVATE, "", {}, NOW)
        for each in (gone, last):
            await chats.forget(conn, each.id)


async def test_it_goes_to_postgresql_and_comes_back(
    migrated_sqlite_url: str, migrated_postgres_url: str, tmp_path: Path
) -> None:
    """Every row is the same after both ways, the check is content, and no key that was ever given is given again."""
    there_and_back = sqlite_at(tmp_path / "back.db")
    async with opened(migrated_sqlite_url) as db:
        await fill(db)
        before = await everything(db)
    counted = sum(map(len, before.values()))
    assert await copy(migrated_sqlite_url, migrated_postgres_url) == counted
    async with opened(migrated_postgres_url) as db:
        assert await everything(db) == before
        assert await db.check() == []
    assert await copy(migrated_postgres_url, there_and_back) == counted
    async with opened(there_and_back) as db:
        assert await everything(db) == before
        assert await db.check() == []
    for url in (migrated_postgres_url, there_and_back):
        async with opened(url) as db, db.begin() as conn:
            made = await chats.ensure(conn, 3, 0, ChatKind.PRIVATE, "", {}, NOW)
            assert made.id == 5


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(rows=odd_rows())
def test_whatever_the_tables_hold_arrives_and_comes_back(
    migrated_file: Path, shared_postgres_url: str, tmp_path_factory: pytest.TempPathFactory, rows: Rows
) -> None:
    """Every table filled with whatever its columns take: both ways change nothing, and nothing is missing."""

    async def there_and_back(folder: Path) -> None:
        first, back = sqlite_at(folder / "first.db"), sqlite_at(folder / "back.db")
        for name in ("first.db", "back.db"):
            shutil.copy(migrated_file, folder / name)
        async with opened(first) as db:
            async with db.begin() as conn:
                for table in metadata.sorted_tables:
                    await conn.execute(insert(table), rows[table.name])
            before = await everything(db)
        counts = {name: len(found) for name, found in before.items()}
        assert counts == {name: len(given) for name, given in rows.items()}
        assert all(counts.values())
        await emptied(shared_postgres_url)
        assert await copy(first, shared_postgres_url) == sum(counts.values())
        async with opened(shared_postgres_url) as db:
            assert await everything(db) == before
        assert await copy(shared_postgres_url, back) == sum(counts.values())
        async with opened(back) as db:
            assert await everything(db) == before

    apart(there_and_back(tmp_path_factory.mktemp("copies")))


def _copy_slowly(source: str, target: str, from_table: int, there: Event) -> None:
    def progress(_what: str, done: int, _total: int) -> None:
        if done >= from_table:
            there.set()
            time.sleep(0.2)

    asyncio.run(copy(source, target, progress))


@pytest.mark.parametrize("engine_there", ["sqlite", "postgres"])
async def test_a_copy_that_is_killed_can_be_made_again(
    engine_there: str, request: pytest.FixtureRequest, migrated_sqlite_url: str, tmp_path: Path
) -> None:
    """Kill -9 in the middle leaves an empty target, into which the next copy goes whole."""
    there = sqlite_at(tmp_path / "there.db")
    target = there if engine_there == "sqlite" else request.getfixturevalue("own_postgres_url")
    async with opened(migrated_sqlite_url) as db:
        await fill(db)
        async with db.begin() as conn:
            await papers.save(conn, [paper(n) for n in range(10, 2_500)])
        before = await everything(db)
    rng, context = random.Random(3), multiprocessing.get_context("spawn")
    for from_table in (1, len(before) // 2, len(before) - 3):
        begun = context.Event()
        copying = context.Process(target=_copy_slowly, args=(migrated_sqlite_url, target, from_table, begun))
        copying.start()
        assert await asyncio.to_thread(begun.wait, 60)
        await asyncio.sleep(rng.uniform(0, 0.4))
        copying.kill()
        await asyncio.to_thread(copying.join)
        assert copying.exitcode == -signal.SIGKILL
        async with opened(target) as db:
            assert not any((await everything(db)).values())
    assert await copy(migrated_sqlite_url, target) == sum(map(len, before.values()))
    async with opened(target) as db:
        assert await everything(db) == before
        assert await db.check() == []


async def test_many_rows_go_in_batches(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """What does not fit in one batch arrives too, and progress runs to its end."""
    async with opened(migrated_sqlite_url) as db, db.begin() as conn:
        await papers.save(conn, [paper(n) for n in range(2500)])
    told: list[tuple[int, int]] = []
    rows = await copy(
        migrated_sqlite_url, sqlite_at(tmp_path / "new.db"), lambda _what, done, total: told.append((done, total))
    )
    assert rows == 5000
    assert told[-1][0] == told[-1][1] == len(metadata.sorted_tables)


async def test_nothing_is_mixed_or_overwritten(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """A target with rows, the database itself, a missing source and a running bot are refused; nothing is changed."""
    target = sqlite_at(tmp_path / "target.db")
    async with opened(migrated_sqlite_url) as db, db.begin() as conn:
        await papers.save(conn, [paper(1)])
    async with opened(target) as db, db.begin() as conn:
        await papers.save(conn, [paper(2)])
    with pytest.raises(StorageError, match="rows in it already"):
        await copy(migrated_sqlite_url, target)
    with pytest.raises(StorageError, match="onto itself"):
        await copy(migrated_sqlite_url, migrated_sqlite_url)
    with pytest.raises(DatabaseBroken, match="no such file"):
        await copy(sqlite_at(tmp_path / "none.db"), sqlite_at(tmp_path / "other.db"))
    with pytest.raises(BadSetting, match="TARGET"):
        await copy(migrated_sqlite_url, "mysql://somewhere/else")
    with lock_for_running(migrated_sqlite_url), pytest.raises(AlreadyRunning):
        await copy(migrated_sqlite_url, sqlite_at(tmp_path / "other.db"))
    async with opened(target) as db, db.read() as conn:
        assert await papers.get(conn, paper(1).id) is None
        assert await papers.get(conn, paper(2).id) == paper(2)


async def test_a_copy_that_fails_leaves_the_target_empty(
    migrated_sqlite_url: str, migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the source breaks in the middle, the target has no row."""
    async with opened(migrated_sqlite_url) as db:
        await fill(db)
    async with opened(migrated_sqlite_url) as db, db.begin() as conn:
        await conn.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
        await conn.exec_driver_sql("UPDATE deliveries SET body = 'no json'")
    with pytest.raises(ValueError, match="Expecting value"):
        await copy(migrated_sqlite_url, migrated_postgres_url)
    async with opened(migrated_postgres_url) as db:
        assert not any((await everything(db)).values())
