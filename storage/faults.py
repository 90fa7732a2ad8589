"""The one border where a driver's error becomes one of ours: a sentence that says what is wrong and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import (
    DatabaseBroken,
    DatabaseConflict,
    DatabaseForeign,
    DatabaseLocked,
    StorageError,
)

_FULL = "the disk is full; free some space"
_DAMAGED = "it is damaged; restore a backup made with `paperboy db backup`"
_READ_ONLY = "it is read-only; make it and its folder writable"
_TABLES = "a table that Paperboy needs is missing; run `paperboy db upgrade` or restore a backup"
_REFUSED = "the server refuses the user or the password; check DATABASE_URL"
_AWAY = "the server does not answer; check that it runs and that DATABASE_URL is right"

_SQLITE = {
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that it is a file and that its folder is writable",
    sqlite3.SQLITE_PERM: "the file may not be opened; check who owns it",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written",
    sqlite3.SQLITE_PROTOCOL: "its lock files do not work; move it to a local disk",
}

_POSTGRES = {
    "08": _AWAY,
    "25006": "the server accepts no changes (read-only)",
    "25P03": _AWAY,  # any more: it gave us up in the middle of a transaction
    "28": _REFUSED,
    "3D": "the server has no database of that name; create it with `createdb`",
    "42501": "the user may not do that; grant it the rights on the database",
    "42P01": _TABLES,
    "42703": _TABLES,
    "3F": _TABLES,
    "53100": _FULL,
    "53": "the server has no more room for connections or memory",
    "57": _AWAY,
    "58": "the server cannot read or write its disk",
    "XX": _DAMAGED,
}

_POSTGRES_LOCKED = ("55P03", "40001", "40P01", "57014")


@contextmanager
def connecting(place: str) -> Iterator[None]:
    """While a connection is made, the operating system's errors count as well."""
    with translated(place):
        try:
            yield
        except OSError as error:  # refused, unknown host, time-out: asyncpg lets them through
            raise DatabaseBroken(place, _AWAY) from error
        except Exception as error:
            found = _by_state(place, getattr(error, "sqlstate", None))
            if found is None or isinstance(error, SQLAlchemyError):
                raise
            raise found from error


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Driver errors inside become `StorageError`s about `place`; mistakes of our own SQL and all else pass through."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseLocked(place) from error
    except DBAPIError as error:
        found = of(error, place)
        if found is None:
            raise
        raise found from error
    except sqlite3.Error as error:
        found = _by_code(place, error)
        if found is None:
            raise
        raise found from error


def of(error: DBAPIError, place: str) -> StorageError | None:
    """Our error for the driver's, None where the mistake is in a statement of ours."""
    if isinstance(error, IntegrityError):
        return DatabaseConflict(place)
    if isinstance(error.orig, sqlite3.Error):
        return _by_code(place, error.orig)
    found = _by_state(place, getattr(error.orig, "sqlstate", None))
    if found is None and error.connection_invalidated:
        return DatabaseBroken(place, _AWAY)
    return found


def _by_code(place: str, error: sqlite3.Error) -> StorageError | None:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF  # the low byte is the kind of error
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return DatabaseLocked(place)
    if code == sqlite3.SQLITE_NOTADB:
        return DatabaseForeign(place)
    if code == sqlite3.SQLITE_ERROR and str(error).startswith(("no such table", "no such column")):
        return DatabaseBroken(place, _TABLES)
    if str(error).startswith("Could not decode"):  # Python's own, of a text that is none any more
        return DatabaseBroken(place, _DAMAGED)
    return DatabaseBroken(place, _SQLITE[code]) if code in _SQLITE else None


def _by_state(place: str, state: str | None) -> StorageError | None:
    if not state:
        return None
    if state in _POSTGRES_LOCKED:
        return DatabaseLocked(place)
    why = next((_POSTGRES[state[:n]] for n in (5, 2) if state[:n] in _POSTGRES), None)
    return DatabaseBroken(place, why) if why else None
