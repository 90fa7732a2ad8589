"""Every storage test runs on both engines."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.database import Database
from tests.support.databases import opened

BOTH = ("sqlite", "postgres")


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest) -> str:
    """An empty database on either engine."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def migrated_url(request: pytest.FixtureRequest) -> str:
    """A database without rows on either engine."""
    url: str = request.getfixturevalue(f"migrated_{request.param}_url")
    return url


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Database]:
    """An open database without rows, on either engine."""
    async with opened(migrated_url) as database:
        yield database
