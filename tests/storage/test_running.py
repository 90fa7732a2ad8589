"""One bot per database."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.errors import AlreadyRunning, BadSetting, DatabaseBroken
from storage import engines, running
from storage.database import lock_for_running, upgrade
from tests.support.databases import apart, opened, sqlite_at

HOLD = """
import sys
from storage.database import lock_for_running
with lock_for_running(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_second_one_is_refused(empty_url: str) -> None:
    """As long as the first one runs; afterwards the place is free."""
    with lock_for_running(empty_url):
        with pytest.raises(AlreadyRunning, match="already running on"), lock_for_running(empty_url):
            pass
        with pytest.raises(AlreadyRunning), lock_for_running(empty_url):
            pass
    with lock_for_running(empty_url):
        pass


def test_the_lock_ends_with_an_exception(empty_url: str) -> None:
    """However the program ends, and the exception passes through."""
    with pytest.raises(ZeroDivisionError), lock_for_running(empty_url):
        raise ZeroDivisionError
    with lock_for_running(empty_url):
        pass


def test_the_lock_ends_with_the_process(empty_url: str) -> None:
    """Even a killed one: nobody has to remove a file."""
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", HOLD, empty_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(AlreadyRunning), lock_for_running(empty_url):
            pass
        other.kill()
        other.wait()
    with lock_for_running(empty_url):
        pass


async def test_the_lock_is_not_in_the_way_of_the_database(migrated_url: str) -> None:
    """The bot that holds it works, and so do `paperboy db check` and upgrade beside it."""
    with lock_for_running(migrated_url):
        await upgrade(migrated_url)
        async with opened(migrated_url) as db:
            assert await db.check() == []


def test_two_ways_to_the_same_file_are_one(tmp_path: Path) -> None:
    """A link does not make a second database; a new folder is made."""
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    with lock_for_running(sqlite_at(tmp_path / "x.db")):
        with pytest.raises(AlreadyRunning), lock_for_running(sqlite_at(tmp_path / "link.db")):
            pass
        with lock_for_running(sqlite_at(tmp_path / "new" / "x.db")):
            pass


def test_a_lock_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    """With the reason, not as another bot."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(DatabaseBroken, match="folder cannot be written"),
        lock_for_running(sqlite_at(tmp_path / "file" / "x.db")),
    ):
        pass
    with pytest.raises(BadSetting), lock_for_running("nonsense"):
        pass


def test_a_server_that_was_away_knows_of_the_lock_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever wants the database alone is refused also after the connection of those who run was lost."""
    monkeypatch.setattr(running, "LOOK_AGAIN", 0.1)

    async def of_holders(what: str) -> set[int]:
        engine = engines.plain(make_url(postgres_url))
        own = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        held = f"locktype = 'advisory' AND objid = {running.LOCK_KEY & 0xFFFFFFFF} AND {own}"
        async with engine.begin() as conn:
            found = await conn.execute(text(f"SELECT {what} FROM pg_locks WHERE {held}"))  # noqa: S608 - our words
            pids = set(found.scalars())
        await engine.dispose()
        return pids

    with lock_for_running(postgres_url, shared=True):
        before = apart(of_holders("pid"))
        assert len(before) == 1
        apart(of_holders("pg_terminate_backend(pid)"))
        until = time.monotonic() + 20
        while not apart(of_holders("pid")) - before:
            assert time.monotonic() < until
            time.sleep(0.05)
        with pytest.raises(AlreadyRunning), lock_for_running(postgres_url):
            pass
    with lock_for_running(postgres_url):
        pass


def test_an_unreachable_server_is_told(postgres_url: str) -> None:
    """The same sentence as for opening."""
    url = make_url(postgres_url).set(port=1).render_as_string(hide_password=False)
    with pytest.raises(DatabaseBroken, match="the server does not answer"), lock_for_running(url):
        pass
