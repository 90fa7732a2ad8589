"""Opening a database: what is made, and what is refused without being touched."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.errors import BadSetting, DatabaseBroken, DatabaseForeign, DatabaseLocked, DatabaseNewer
from storage import engines, guard
from storage.database import Database, upgrade
from storage.tables import VERSION_TABLE, metadata
from tests.support.databases import opened, sqlite_at

NOBODY = 65534


def sql(file: Path, *statements: str) -> list[tuple[object, ...]]:
    """What the last statement gives, asked past our own code."""
    with closing(sqlite3.connect(file)) as conn:
        rows: list[tuple[object, ...]] = []
        for statement in statements:
            rows = conn.execute(statement).fetchall()
        conn.commit()
        return rows


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Be somebody for whom permissions hold: root may write anywhere."""
    root = os.geteuid() == 0
    if root:
        for path in folder.iterdir():
            os.chown(path, NOBODY, NOBODY)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody can reach, as pytest's own are not, and nobody can write."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o555)
        yield Path(name)


# --------------------------------------------------------------------------- what is made


async def test_an_empty_database_gets_all_tables(empty_url: str) -> None:
    """Opening makes what is not there, opening again changes nothing."""
    for _ in range(2):
        async with opened(empty_url) as db, db.read() as conn:
            for table in metadata.sorted_tables:
                assert (await conn.execute(table.select())).all() == []
            assert await db.check() == []


async def test_folders_are_made(tmp_path: Path) -> None:
    """A database in a folder that does not exist is no error."""
    async with opened(sqlite_at(tmp_path / "a" / "b c%d" / "x.db")) as db:
        assert await db.check() == []
    assert (tmp_path / "a" / "b c%d" / "x.db").is_file()


async def test_a_relative_file_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the default address has it."""
    monkeypatch.chdir(tmp_path)
    async with opened("sqlite+aiosqlite:///paperboy.db") as db:
        assert db.place == "paperboy.db"
    assert (tmp_path / "paperboy.db").is_file()


async def test_the_file_is_marked_and_writes_ahead(tmp_path: Path) -> None:
    """The file says whose it is; readers and writers do not wait for each other; foreign keys hold."""
    file = tmp_path / "x.db"
    async with opened(sqlite_at(file)) as db:
        assert sql(file, "PRAGMA application_id") == [(guard.APPLICATION_ID,)]
        assert sql(file, "PRAGMA journal_mode") == [("wal",)]
        async with db.begin() as conn:
            assert await conn.scalar(text("PRAGMA foreign_keys")) == 1
            assert await conn.scalar(text("PRAGMA synchronous")) == 1
            assert await conn.scalar(text("PRAGMA busy_timeout")) == 5000


async def test_many_open_a_new_database_at_once(empty_url: str) -> None:
    """Programs that start together on an empty database do not trip over each other."""
    databases = await asyncio.gather(*(Database.open(empty_url) for _ in range(12)))
    try:
        assert [await db.check() for db in databases] == [[]] * 12
    finally:
        await asyncio.gather(*(db.close() for db in databases))


async def test_a_reader_of_another_program_is_waited_for(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """Writing ahead is switched on as soon as nobody is in the file."""
    sql(tmp_path / "paperboy.db", "PRAGMA journal_mode = DELETE")
    with closing(sqlite3.connect(tmp_path / "paperboy.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN")
        other.execute("SELECT * FROM chats").fetchall()
        asyncio.get_running_loop().call_later(0.2, other.execute, "COMMIT")
        async with opened(migrated_sqlite_url):
            assert sql(tmp_path / "paperboy.db", "PRAGMA journal_mode") == [("wal",)]


async def test_a_file_rebuilt_from_a_dump_is_ours(tmp_path: Path) -> None:
    """A dump does not carry the file's mark; opening marks it again."""
    async with opened(sqlite_at(tmp_path / "x.db")):
        pass
    with closing(sqlite3.connect(tmp_path / "x.db")) as old, closing(sqlite3.connect(tmp_path / "y.db")) as new:
        new.executescript("\n".join(old.iterdump()))
    async with opened(sqlite_at(tmp_path / "y.db")) as db:
        assert await db.check() == []


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://localhost/x",
        "sqlite:///x.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///file:x.db?uri=true",
        "postgresql+asyncpg://localhost:port/x",
    ],
)
async def test_an_address_that_names_nothing_usable_is_a_bad_setting(url: str) -> None:
    """The sentence names the setting, never the address, which may hold a password."""
    with pytest.raises(BadSetting, match=r"^DATABASE_URL: "):
        await Database.open(url)


async def test_a_driver_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's comes with an extra; the sentence names it."""
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(BadSetting, match=r"paperboy\[postgres\]"):
        await Database.open("postgresql+asyncpg://localhost/x")


@pytest.mark.parametrize("content", [b"x", b"To be or not to be\n" * 9, b"\x89PNG" * 4096])
async def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes) -> None:
    """It stays as it is."""
    file = tmp_path / "x.db"
    file.write_bytes(content)
    with pytest.raises(DatabaseForeign):
        await Database.open(sqlite_at(file))
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE notes (id INTEGER)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "CREATE TABLE chats (id INTEGER)"],
        ["CREATE VIEW v AS SELECT 1"],
        ["PRAGMA application_id = 42"],
        [f"CREATE TABLE {VERSION_TABLE} (version_num TEXT)", "PRAGMA application_id = 42"],
    ],
)
async def test_somebody_elses_file_is_refused(tmp_path: Path, statements: list[str]) -> None:
    """Other tables or another mark; not one byte is changed."""
    file = tmp_path / "x.db"
    sql(file, *statements)
    before = file.read_bytes()
    with pytest.raises(DatabaseForeign, match="not a Paperboy database"):
        await Database.open(sqlite_at(file))
    assert file.read_bytes() == before


async def test_somebody_elses_server_database_is_refused(postgres_url: str) -> None:
    """Other tables in the same schema; nothing is added to them."""
    engine = engines.plain(make_url(postgres_url))
    async with engine.begin() as conn:
        await conn.execute(text("CREATE TABLE notes (id INTEGER)"))
    with pytest.raises(DatabaseForeign):
        await Database.open(postgres_url)
    async with engine.begin() as conn:
        names = (await conn.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))).scalars()
        assert list(names) == ["notes"]
    await engine.dispose()


async def test_a_newer_database_is_refused(empty_url: str) -> None:
    """A revision that this program does not know is named, and stays."""
    async with opened(empty_url) as db, db.begin() as conn:
        await conn.execute(text("UPDATE paperboy_revision SET version_num = 'pb9999'"))
    for attempt in (Database.open, upgrade):
        with pytest.raises(DatabaseNewer, match="pb9999"):
            await attempt(empty_url)


async def test_a_locked_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After waiting for the program that holds it."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.1)
    url = sqlite_at(tmp_path / "x.db")
    async with opened(url):
        pass
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(DatabaseLocked, match="locked by another program"):
            await Database.open(url)


async def test_a_read_only_file_is_told(open_folder: Path) -> None:
    """At once, not at the first vote; an unmigrated one as well."""
    async with opened(sqlite_at(open_folder / "x.db")):
        pass
    (open_folder / "y.db").touch()
    for file in (open_folder / "x.db", open_folder / "y.db"):
        file.chmod(0o444)
        with as_nobody(open_folder), pytest.raises(DatabaseBroken, match="read-only"):
            await Database.open(sqlite_at(file))


@pytest.mark.parametrize(("file", "why"), [("x.db", "folder is writable"), ("sub/x.db", "folder cannot be made")])
async def test_a_folder_that_may_not_be_written_is_told(open_folder: Path, file: str, why: str) -> None:
    """Neither the file nor a folder can be made there."""
    with as_nobody(open_folder), pytest.raises(DatabaseBroken, match=why):
        await Database.open(sqlite_at(open_folder / file))


async def test_a_folder_in_the_place_of_the_file_is_told(tmp_path: Path) -> None:
    """A folder is no database, and a file no folder."""
    with pytest.raises(DatabaseBroken, match="cannot be opened"):
        await Database.open(sqlite_at(tmp_path))
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseBroken, match="folder cannot be made"):
        await Database.open(sqlite_at(tmp_path / "file" / "x.db"))


async def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    """The sentence says what to do."""
    file = tmp_path / "x.db"
    async with opened(sqlite_at(file)):
        pass
    content = bytearray(file.read_bytes())
    content[100:4096] = b"\xff" * 3996
    file.write_bytes(content)
    with pytest.raises(DatabaseBroken, match="damaged; restore a backup"):
        await Database.open(sqlite_at(file))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"port": 1}, "the server does not answer"),
        ({"host": "no-such-host.invalid"}, "the server does not answer"),
        ({"database": "no_such_database"}, "no database of that name"),
        ({"username": "no_such_user"}, "refuses the user or the password"),
    ],
)
async def test_an_unreachable_server_is_told(postgres_url: str, change: dict[str, object], why: str) -> None:
    """Each in its own sentence, none with the password."""
    url = make_url(postgres_url).set(password="s3cret").update_query_dict({"ssl": "disable"}).set(**change)  # type: ignore[arg-type] # names of URL's fields
    with pytest.raises(DatabaseBroken, match=why) as caught:
        await Database.open(url.render_as_string(hide_password=False))
    assert "s3cret" not in str(caught.value)
    assert str(make_url(postgres_url).set(**change).database) in str(caught.value)  # type: ignore[arg-type] # likewise


async def test_the_place_hides_the_password(postgres_url: str) -> None:
    """Wherever in the address it stands."""
    url = make_url(postgres_url).set(password="s3cret")
    async with opened(url.render_as_string(hide_password=False)) as db:
        assert "s3cret" not in db.place
        assert str(url.database) in db.place
