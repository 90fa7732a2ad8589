"""Migrations build exactly the tables, up, down and up again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, make_url, text

from bot.errors import DatabaseBroken
from bot.model import ChatKind
from storage import chats, engines, migrate
from storage.database import upgrade
from storage.tables import REVISION, VERSION_TABLE, metadata
from tests.support.builders import NOW
from tests.support.databases import opened

T = TypeVar("T")


async def asked(url: str, question: Callable[[Connection], T]) -> T:
    """What `question` finds in the database, past our own code."""
    engine = engines.plain(make_url(url))
    try:
        async with engine.begin() as conn:
            return await conn.run_sync(question)
    finally:
        await engine.dispose()


def differences(connection: Connection) -> list[Any]:
    """What Alembic would still change."""
    context = MigrationContext.configure(
        connection, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def described(connection: Connection) -> dict[str, Any]:
    """Every column, key, index and foreign key, to compare two ways of making them."""
    found = inspect(connection)
    return {
        name: (
            sorted((c["name"], str(c["type"]), c["nullable"], c.get("comment")) for c in found.get_columns(name)),
            found.get_pk_constraint(name),
            sorted((i["name"], i["column_names"], i["unique"]) for i in found.get_indexes(name)),
            sorted(map(str, found.get_foreign_keys(name))),
            sorted(map(str, found.get_unique_constraints(name))),
        )
        for name in metadata.tables
    }


def names(connection: Connection) -> set[str]:
    """The tables there are."""
    return set(inspect(connection).get_table_names())


async def test_the_migrations_build_the_tables(empty_url: str) -> None:
    """Alembic finds nothing to change, and what it cannot compare is the same as well."""
    await upgrade(empty_url)
    assert await asked(empty_url, differences) == []
    migrated = await asked(empty_url, described)
    await asyncio.to_thread(migrate.downgrade, make_url(empty_url))
    await asked(empty_url, metadata.create_all)
    assert await asked(empty_url, described) == migrated


async def test_down_and_up_again(empty_url: str) -> None:
    """Down leaves no table of ours, and the way up is open again."""
    await upgrade(empty_url)
    await asyncio.to_thread(migrate.downgrade, make_url(empty_url))
    assert await asked(empty_url, names) == {VERSION_TABLE}
    await upgrade(empty_url)
    assert await asked(empty_url, names) == {VERSION_TABLE, *metadata.tables}
    async with opened(empty_url) as db:
        assert await db.check() == []


async def test_upgrading_keeps_what_is_there(migrated_url: str) -> None:
    """A second upgrade is no event."""
    async with opened(migrated_url) as db, db.begin() as conn:
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "x", {}, NOW)
    await upgrade(migrated_url)
    async with opened(migrated_url) as db, db.read() as conn:
        assert await chats.get(conn, chat.id) == chat


async def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables made before the failure are taken back with it."""

    def broken(connection: Connection) -> None:
        metadata.tables["papers"].create(connection)
        connection.execute(text("INSERT INTO papers (id) VALUES ('x')"))

    def fail(config: Config, _target: str) -> None:
        broken(config.attributes["connection"])

    monkeypatch.setattr("alembic.command.upgrade", fail)
    with pytest.raises(Exception, match="Nothing was changed"):
        await upgrade(empty_url)
    assert await asked(empty_url, names) == set()


async def test_a_migration_that_orphans_rows_is_taken_back(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Foreign keys are off while SQLite's tables are rebuilt, so they are checked before anything is kept."""
    from alembic import command

    real = command.upgrade

    def orphaning(config: Config, target: str) -> None:
        real(config, target)
        config.attributes["connection"].execute(
            text("INSERT INTO follows (chat_id, kind, value) VALUES (7, 'author', 'x')")
        )

    monkeypatch.setattr(command, "upgrade", orphaning)
    with pytest.raises(DatabaseBroken, match="belong to rows that are not there"):
        await upgrade(sqlite_url)
    assert await asked(sqlite_url, names) == set()


def test_the_revision_of_the_tables_is_the_last_one() -> None:
    """One line of revisions, and the program knows its end."""
    script = ScriptDirectory.from_config(migrate._config())
    assert script.get_heads() == [REVISION]
    assert all(revision.revision in revision.path for revision in script.walk_revisions())


def test_every_table_and_column_is_explained() -> None:
    """The tables are the documentation of what is stored."""
    assert [table.name for table in metadata.sorted_tables if not table.comment] == []
    assert [f"{t.name}.{c.name}" for t in metadata.sorted_tables for c in t.columns if not c.comment] == []
