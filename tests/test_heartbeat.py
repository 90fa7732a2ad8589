from __future__ import annotations

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import heartbeat

NOW = datetime(2026, 2, 18, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite+aiosqlite:///paperboy.db", "paperboy.db.heartbeat"),
        ("sqlite+aiosqlite:////data/paperboy.db", "/data/paperboy.db.heartbeat"),
        ("sqlite+aiosqlite:///data/paperboy.db?timeout=5", "data/paperboy.db.heartbeat"),
        ("postgresql+asyncpg://me:pw@db/paperboy", f"{tempfile.gettempdir()}/paperboy.heartbeat"),
    ],
)
def test_the_bot_and_its_watcher_look_at_the_same_place(url: str, file: str) -> None:
    """The place follows from DATABASE_URL alone: beside an SQLite file, else in the folder for temporary files."""
    assert heartbeat.place(url) == Path(file)


def test_a_beat_has_an_age(tmp_path: Path) -> None:
    """The age counts from the last beat, not from the first."""
    file = tmp_path / "beat"
    heartbeat.beat(file, NOW)
    heartbeat.beat(file, NOW + timedelta(seconds=20))
    assert heartbeat.age(file, NOW + timedelta(seconds=25)) == 5
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", [None, "", "soon", "2026-02-18T20:00:00", "\udcff"])
def test_what_cannot_be_read_is_no_sign_of_life(tmp_path: Path, content: str | None) -> None:
    """A missing, empty or foreign file has no age, and so has a time without a zone."""
    file = tmp_path / "beat"
    if content is not None:
        file.write_text(content, encoding="utf-8", errors="surrogateescape")
    assert heartbeat.age(file, NOW) is None


async def test_the_loop_beats_until_it_is_cancelled(tmp_path: Path) -> None:
    """A beat is written at once and then every EVERY seconds."""
    file = tmp_path / "beat"
    now = NOW
    seen = []

    async def sleep(seconds: float) -> None:
        nonlocal now
        seen.append(heartbeat.age(file, NOW))
        now += timedelta(seconds=seconds)
        if len(seen) == 3:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await heartbeat.keep(file, lambda: now, sleep)
    assert seen == [0, -heartbeat.EVERY, -2 * heartbeat.EVERY]


async def test_a_full_disk_does_not_end_the_bot(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A beat that cannot be written is logged, and the next one is tried."""
    file = tmp_path / "gone" / "beat"
    rounds = 0

    async def sleep(_: float) -> None:
        nonlocal rounds
        rounds += 1
        file.parent.mkdir(exist_ok=True)
        if rounds == 2:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await heartbeat.keep(file, lambda: NOW, sleep)
    assert "no sign of life could be written" in caplog.text
    assert heartbeat.age(file, NOW) == 0


def test_several_beats_may_be_missed() -> None:
    """A bot is not called dead for one slow beat."""
    assert heartbeat.FRESH >= 3 * heartbeat.EVERY
