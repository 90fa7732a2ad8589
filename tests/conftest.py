"""Fixtures that every test may ask for, and the engine on which a run's databases are."""

from __future__ import annotations

import hypothesis
import pytest

from tests.support.databases import (
    ENGINES,
    database_url,
    db,
    migrated_file,
    migrated_postgres_url,
    migrated_sqlite_url,
    own_postgres_url,
    postgres,
    postgres_template,
    postgres_url,
    run_engine,
    shared_postgres_url,
    sqlite_url,
)
from tests.support.world import running_world, world

__all__ = [
    "database_url",
    "db",
    "migrated_file",
    "migrated_postgres_url",
    "migrated_sqlite_url",
    "own_postgres_url",
    "postgres",
    "postgres_template",
    "postgres_url",
    "run_engine",
    "running_world",
    "shared_postgres_url",
    "sqlite_url",
    "world",
]


hypothesis.settings.register_profile("paperboy", deadline=None)  # a busy machine is no reason to fail
hypothesis.settings.load_profile("paperboy")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--engine` says which databases the tests get."""
    parser.addoption(
        "--engine",
        choices=ENGINES,
        default=ENGINES[0],
        help="the engine of the tests' databases; another one than SQLite runs only the tests that have a database",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another engine than the usual one, run what that makes a difference to."""
    if config.getoption("--engine") == ENGINES[0]:
        return
    concerned: list[pytest.Item] = []
    others: list[pytest.Item] = []
    for item in items:
        (concerned if "run_engine" in getattr(item, "fixturenames", ()) else others).append(item)
    config.hook.pytest_deselected(items=others)
    items[:] = concerned
