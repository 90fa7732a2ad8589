"""The few things that SQL on both engines needs and SQLAlchemy does not have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import JSON, Boolean, ColumnElement, Dialect, Row, Table, Text, TypeDecorator, bindparam, case, func
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine

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
    """That a column has one of the values which a statement is given as `name`; so it can be made once for all values.
    They are one parameter, however many: a statement with another number of parameters is another statement, which has to
    be put together, and understood by the database, anew."""
    return _OneOf(column, bindparam(name, type_=_Several(column.type)))


class _OneOf(FunctionElement[bool]):
    """Whether the first argument is among the second."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: object = None) -> _OneOf:  # noqa: ARG002 - SQLAlchemy's signature
        """As it is: a comparison, not a number that would have to be compared with 1."""
        return self


class _Several(TypeDecorator[Any]):
    """Values of a type, none of them null: an array where the engine knows arrays, else a JSON one."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        super().__init__()
        self.kind = kind

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """How the engine takes them."""
        return dialect.type_descriptor(postgresql.ARRAY(self.kind) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """The values, dates as SQLite's text where they are JSON."""
        return value if dialect.name == "postgresql" else json.dumps(list(value), default=str)


@compiles(_OneOf)
def _as_array(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = [compiler.process(one, **options) for one in element.clauses]
    return f"{column} = ANY ({values})"


@compiles(_OneOf, "sqlite")
def _as_json(element: _OneOf, compiler: SQLCompiler, **options: Any) -> str:
    column, values = [compiler.process(one, **options) for one in element.clauses]
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - our columns and a parameter


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
