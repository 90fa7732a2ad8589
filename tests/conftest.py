"""Fixtures that every test may ask for."""

from __future__ import annotations

from tests.support.databases import (
    db,
    migrated_file,
    migrated_postgres_url,
    migrated_sqlite_url,
    postgres,
    postgres_url,
    shared_postgres_url,
    sqlite_url,
)
from tests.support.world import running_world, world

__all__ = [
    "db",
    "migrated_file",
    "migrated_postgres_url",
    "migrated_sqlite_url",
    "postgres",
    "postgres_url",
    "running_world",
    "shared_postgres_url",
    "sqlite_url",
    "world",
]
