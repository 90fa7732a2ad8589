"""Fresh databases for tests: real ones, each test its own.

`db` is an open database and `database_url` one for a program, on the engine of this run: SQLite, or PostgreSQL with
`--engine postgresql`, which runs the tests that ask for one of these and nothing else. tests/storage runs on both
engines by itself. PostgreSQL is the server that TEST_POSTGRES_URL names; where none answers, its tests are skipped and
say so. Migrating takes longer than most tests, so it is done once per run: a migrated SQLite file is copied, a migrated
PostgreSQL database emptied, or copied for a whole program, which makes tables of its own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar

import pytest
from sqlalchemy import make_url

from storage.database import Database, upgrade
from storage.tables import metadata

T = TypeVar("T")

Engine = Literal["sqlite", "postgresql"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgresql")

TEST_POSTGRES_URL = os.environ.get("TEST_POSTGRES_URL", "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres")


def apart(work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives, run in a thread so that no event loop of a test is touched."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def sqlite_at(file: Path) -> str:
    """The address of a SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


# --------------------------------------------------------------------------- the engine of this run


@pytest.fixture(scope="session")
def run_engine(pytestconfig: pytest.Config) -> Engine:
    """The engine of this run. A test that asks for it, through whatever fixtures, is one that runs on every engine."""
    chosen: Engine = pytestconfig.getoption("--engine")
    return chosen


@pytest.fixture
def database_url(run_engine: Engine, request: pytest.FixtureRequest) -> str:
    """A database without rows that a program may have for itself."""
    url: str = request.getfixturevalue("migrated_sqlite_url" if run_engine == "sqlite" else "own_postgres_url")
    return url


@pytest.fixture
async def db(run_engine: Engine, request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    """An open database without rows."""
    url = request.getfixturevalue("migrated_sqlite_url" if run_engine == "sqlite" else "migrated_postgres_url")
    async with opened(url) as database:
        yield database


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database, closed at the end."""
    database = await Database.open(url)
    try:
        yield database
    finally:
        await database.close()


# --------------------------------------------------------------------------- SQLite


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database without rows."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    apart(upgrade(sqlite_at(file)))
    return file


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Where a SQLite database may be made; nothing is there yet."""
    return sqlite_at(tmp_path / "paperboy.db")


@pytest.fixture
def migrated_sqlite_url(sqlite_url: str, migrated_file: Path, tmp_path: Path) -> str:
    """A SQLite database without rows."""
    shutil.copy(migrated_file, tmp_path / "paperboy.db")
    return sqlite_url


# --------------------------------------------------------------------------- PostgreSQL


async def _execute(url: str, *statements: str) -> None:
    asyncpg = pytest.importorskip("asyncpg")
    conn = await asyncpg.connect(
        make_url(url).set(drivername="postgresql").render_as_string(hide_password=False), timeout=5
    )
    try:
        await conn.execute(";".join(statements))
    finally:
        await conn.close()


async def on_server(statement: str) -> None:
    """Run a statement as the server's administrator."""
    await _execute(TEST_POSTGRES_URL, statement)


@contextmanager
def new_database(template: str = "template1") -> Iterator[str]:
    """An empty PostgreSQL database, or a copy of `template`, which goes away; → its address."""
    name = f"paperboy_test_{uuid.uuid4().hex}"
    apart(on_server(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield make_url(TEST_POSTGRES_URL).set(database=name).render_as_string(hide_password=False)
    finally:
        apart(on_server(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def postgres() -> None:
    """A PostgreSQL server, or the test is skipped."""
    try:
        apart(on_server("SELECT 1"))
    except OSError as error:
        where = make_url(TEST_POSTGRES_URL).render_as_string()
        pytest.skip(f"needs PostgreSQL: none answers at {where} ({error}); set TEST_POSTGRES_URL")


@pytest.fixture
def postgres_url(postgres: None) -> Iterator[str]:
    """An empty PostgreSQL database."""
    with new_database() as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres: None) -> Iterator[str]:
    """The name of a migrated PostgreSQL database that nobody is connected to."""
    with new_database() as url:
        apart(upgrade(url))
        yield str(make_url(url).database)


@pytest.fixture
def own_postgres_url(postgres_template: str) -> Iterator[str]:
    """A migrated PostgreSQL database of the test's own, where it may also make tables."""
    with new_database(postgres_template) as url:
        yield url


@pytest.fixture(scope="session")
def shared_postgres_url(postgres: None) -> Iterator[str]:
    """One PostgreSQL database for the run, migrated; emptying it takes a fraction of making another one."""
    with new_database() as url:
        apart(upgrade(url))
        yield url


@pytest.fixture
def migrated_postgres_url(shared_postgres_url: str) -> str:
    """A PostgreSQL database without rows. Change its rows only, not its tables."""
    apart(emptied(shared_postgres_url))
    return shared_postgres_url


async def emptied(url: str) -> None:
    """Take every row out of a PostgreSQL database."""
    # Deleting a few rows is much quicker than TRUNCATE, which makes new files.
    await _execute(url, *(str(table.delete()) for table in reversed(metadata.sorted_tables)))
