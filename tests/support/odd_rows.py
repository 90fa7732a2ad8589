"""Rows for every table, of whatever its columns take: odd texts, far dates, deep JSON, and nothing where that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Time,
    UniqueConstraint,
)
from sqlalchemy.types import JSON, TypeEngine

from storage.tables import UtcDateTime, Words, metadata

Rows = dict[str, list[dict[str, Any]]]

ODD = (
    "",
    " ",
    "NUL \x00 and half a pair \ud83d",
    "naïve 漢字 🙂👩‍👩‍👧 'quoted' \"twice\" \\ %s :name $1 ?",
    "שלום \u202e مرحبا \u200f",
    "null",
    "line\r\nline\u2028line\ttab\x1b",
    "e\u0301 Å ﬁ",
    "x" * 20_000,
)
"""Texts that somebody's code has stumbled over."""

_text = st.sampled_from(ODD) | st.text(max_size=40)
_number = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**63), 2**63 - 1)
_json = st.recursive(
    st.none() | st.booleans() | _number | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=8,
)
_VALUES: tuple[tuple[type[TypeEngine[Any] | Words | UtcDateTime], st.SearchStrategy[Any]], ...] = (
    (UtcDateTime, st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))),  # noqa: DTZ001 - with the zone
    (Words, _text),
    (JSON, _json.filter(lambda value: value is not None)),
    (BigInteger, st.integers(-(2**63), 2**63 - 1)),
    (Boolean, st.booleans()),
    (Integer, st.integers(-(2**31), 2**31 - 1)),
    (Float, st.floats(allow_nan=False)),
    (Date, st.dates(date.min, date.max)),
    (Time, st.times(time.min, time.max)),
    (LargeBinary, st.binary(max_size=64)),
)


def values_of(column: Column[Any]) -> st.SearchStrategy[Any]:
    """What a column takes, keys of other tables aside."""
    kind = next(values for type_, values in _VALUES if isinstance(column.type, type_))
    return st.none() | kind if column.nullable else kind


@st.composite
def odd_rows(draw: Callable[[st.SearchStrategy[Any]], Any], most: int = 3) -> Rows:
    """One to `most` rows for each table, by the tables' names in an order in which they can be written."""
    made: Rows = {}
    for table in metadata.sorted_tables:
        rows = [_row(draw, table, made) for _ in range(draw(st.integers(1, most)))]
        made[table.name] = _different(table, rows)
    return made


def _row(draw: Callable[[st.SearchStrategy[Any]], Any], table: Table, made: Rows) -> dict[str, Any]:
    row = {}
    for column in table.columns:
        theirs = [key.column for key in column.foreign_keys]
        if theirs:
            keys = st.sampled_from([one[theirs[0].name] for one in made[theirs[0].table.name]])
            row[column.name] = draw(st.none() | keys if column.nullable else keys)
        elif column is table.autoincrement_column:
            row[column.name] = draw(st.integers(1, 2**31 - 2))
        else:
            row[column.name] = draw(values_of(column))
    return row


def _different(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of which no two have the same key."""
    unique = [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, (PrimaryKeyConstraint, UniqueConstraint))
    ]
    kept: list[dict[str, Any]] = []
    for row in rows:
        if not any(all(_kept(one[name]) == _kept(row[name]) for name in key) for one in kept for key in unique):
            kept.append(row)
    return kept


def _kept(value: Any) -> Any:
    """A value as it is stored: texts lose what no engine stores."""
    return Words().process_bind_param(value, None) if isinstance(value, str) else value  # type: ignore[arg-type] # no dialect is looked at
