"""What DATABASE_URL names: which engine, which file, and how to say it without the password."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.errors import BadSetting

_ENGINES = ("sqlite+aiosqlite", "postgresql+asyncpg")


def parse(url: str, setting: str = "DATABASE_URL") -> URL:
    """The parts of `url`; `setting` is what to call it where it is wrong.

    Raises:
        BadSetting: it names no database that Paperboy can use.
    """
    try:
        parts = make_url(url)
    except (ArgumentError, ValueError):
        raise BadSetting(setting, "it is not a database address") from None
    if parts.drivername not in _ENGINES:
        raise BadSetting(setting, f"it must begin with {' or '.join(f'{name}://' for name in _ENGINES)}")
    if is_sqlite(parts) and (not parts.database or parts.database.startswith((":memory:", "file:"))):
        raise BadSetting(setting, "it must name a file, like sqlite+aiosqlite:///paperboy.db")
    try:
        import_module(parts.drivername.partition("+")[2])
    except ImportError:
        raise BadSetting(
            setting, "PostgreSQL needs a driver; install Paperboy with its extra, paperboy[postgres]"
        ) from None
    return parts


def is_sqlite(url: URL) -> bool:
    """Whether `url` names a SQLite file."""
    return url.drivername.startswith("sqlite")


def file_of(url: URL) -> Path:
    """The file of a SQLite address; a relative one is relative to the working directory."""
    return Path(url.database or "").absolute()


def place_of(url: URL) -> str:
    """How to name the database to a person: the file, or the address without password and options."""
    if is_sqlite(url):
        return url.database or ""
    return url.set(query={}).render_as_string(hide_password=True)


def libpq(url: str) -> str:
    """A PostgreSQL address as libpq and its drivers read it, password included."""
    parts = parse(url)
    options = {"sslmode" if name == "ssl" else name: value for name, value in parts.query.items()}
    return parts.set(drivername="postgresql", query=options).render_as_string(hide_password=False)
