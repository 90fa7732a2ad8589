"""The few things that SQL on both engines needs and SQLAlchemy does not have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, ColumnElement, Row, Table, Text, bindparam, case, func
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import Words

T = TypeVar("T")
AnyRow = Row[*tuple[Any, ...]]

CHUNK = 500
"""How many values one `IN (…)` gets: well below SQLite's 32,766 variables and PostgreSQL's 32,767."""


def chunks(items: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The distinct `items` in order, at most `size` at a time; no items, no chunk."""
    distinct = list(dict.fromkeys(items))
    for start in range(0, len(distinct), size):
        yield distinct[start : start + size]


def insert(conn: AsyncConnection, table: Table) -> postgresql.Insert:
    """An INSERT that knows ON CONFLICT. Both engines share the syntax, so one engine's type stands for both."""
    return _insert(conn.dialect.name, table)


@cache
def _insert(engine: str, table: Table) -> postgresql.Insert:
    """Made once: a statement never changes, and what it is compiled to is found the faster by the same object."""
    if engine == "sqlite":
        return cast("postgresql.Insert", sqlite.insert(table))
    return postgresql.insert(table)


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """That a column has one of the values which a statement is given as `name`; so it can be made once for all values."""
    return column.in_(bindparam(name, expanding=True))


def known_or(old: ColumnElement[Any], new: ColumnElement[Any]) -> ColumnElement[Any]:
    """`new`, or `old` where `new` says nothing: null, '' or []."""
    if isinstance(old.type, JSON):
        return case((func.length(sql_cast(new, Text)) > 2, new), else_=old)
    if isinstance(old.type, Words):
        return case((new != "", new), else_=old)
    return func.coalesce(new, old)


def as_given(upsert: postgresql.Insert) -> dict[str, ColumnElement[Any]]:
    """For `on_conflict_do_update(set_=…)`: every column as it was to be inserted."""
    return {column.name: column for column in upsert.excluded}
