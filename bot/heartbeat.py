"""The sign of life of a running bot: a small file that its loop writes anew and `paperboy health` reads.

A file rather than a port: nothing listens, it works the same in a container, and a stuck loop stops writing.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

EVERY = 20.0
"""Seconds between two beats."""

FRESH = 90.0
"""Seconds until a beat is too old: four beats may be missed."""


def place(database_url: str) -> Path:
    """Where the bot on this database beats: beside an SQLite file, otherwise in the system's folder for temporary files."""
    parts = urlsplit(database_url)
    file = parts.path.removeprefix("/")
    if parts.scheme.startswith("sqlite") and file and file != ":memory:":
        return Path(f"{file}.heartbeat")
    return Path(tempfile.gettempdir()) / "paperboy.heartbeat"


def beat(file: Path, now: datetime) -> None:
    """Writes `now` so that a reader sees either the old beat or the new one."""
    part = file.with_name(f"{file.name}.part")
    part.write_text(now.isoformat(), encoding="ascii")
    part.replace(file)


def age(file: Path, now: datetime) -> float | None:
    """Seconds since the last beat; None where there is none that can be read."""
    try:
        return (now - datetime.fromisoformat(file.read_text(encoding="ascii"))).total_seconds()
    except (OSError, ValueError, TypeError):
        return None


async def keep(
    file: Path,
    clock: Callable[[], datetime],
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> NoReturn:
    """Beats every `EVERY` seconds until it is cancelled; run it as a task of the bot's own loop.

    A beat that cannot be written is logged and the next one tried: a full disk must not end the bot.
    """
    while True:
        try:
            beat(file, clock())
        except OSError as error:
            log.warning("no sign of life could be written to %s: %s", file, error.strerror)
        await sleep(EVERY)
