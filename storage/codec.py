"""Frozen dataclasses ↔ plain JSON values.

One codec for everything that is stored as JSON: dataclasses, tuples, enums, dates, times and optional values, nested
as they like. What was written by an older version (fields missing) or a newer one (fields unknown) still reads.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin

T = TypeVar("T")
_Reader = Callable[[Any], Any]


class Written(str):
    """JSON that is written already, and stored as it is."""

    __slots__ = ()


def dumps(value: object) -> str:
    """`value` as JSON: dataclasses are objects, tuples arrays, enums their values, times text.

    Raises:
        TypeError: something in it would not come back.
    """
    return value if isinstance(value, Written) else _encoder.encode(value)


def loads(text: str) -> Any:
    """The plain value that `dumps` wrote as `text`.

    Raises:
        ValueError: it is no JSON.
    """
    value, end = _decoder.raw_decode(text)
    if end != len(text):
        raise ValueError(f"more than a value: {text[end : end + 40]!r}")
    return value


def _plain(value: Any) -> Any:
    """A value that JSON does not know, as one that it does; what is inside comes later."""
    return _writer(value.__class__)(value)


# Its own `decode` looks twice for white space around the value, which takes as long as reading it.
_decoder = json.JSONDecoder()
_encoder = json.JSONEncoder(default=_plain, check_circular=False)


@cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """What turns values of a type into such ones, worked out once per type."""
    if issubclass(kind, Enum):
        return lambda value: value.value
    if issubclass(kind, (datetime, date, time)):
        return lambda value: value.isoformat()
    if issubclass(kind, Mapping):
        return dict
    if is_dataclass(kind):
        names = tuple(f.name for f in fields(kind))
        return lambda value: {name: getattr(value, name) for name in names}
    raise TypeError(f"{kind.__name__} is nothing that can be stored")


def decode(kind: type[T], data: Any) -> T:
    """The value of type `kind` that `dumps` wrote as `data`; missing fields get their defaults, unknown ones are passed
    over.

    Raises:
        ValueError: `data` has another shape.
    """
    try:
        return cast("T", _reader(cast("Hashable", kind))(data))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a stored {getattr(kind, '__name__', kind)}: {error}") from error


def decode_many(kind: type[T], data: Any) -> tuple[T, ...]:
    """The values of type `kind` in the array `data`; null is none."""
    return tuple(decode(kind, item) for item in data or ())


@cache
def _reader(kind: Any) -> _Reader:
    """What turns JSON into a value of `kind`, worked out once per type."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _optional(kind)
    if origin is tuple:
        item = _reader(get_args(kind)[0])
        return lambda data: tuple([item(one) for one in _is(list, data)])
    return _class(kind) if isinstance(kind, type) else _as_it_is


def _class(kind: type[Any]) -> _Reader:
    if is_dataclass(kind):
        return _dataclass(kind)
    if issubclass(kind, Enum):
        return kind
    if issubclass(kind, (date, time)):
        return cast("_Reader", kind.fromisoformat)
    if kind is float:
        return lambda data: float(_is((int, float), data))
    return (lambda data: _is(kind, data)) if kind in (str, int, bool) else _as_it_is


def _as_it_is(data: Any) -> Any:
    return data


def _optional(kind: Any) -> _Reader:
    named = [arg for arg in get_args(kind) if arg is not type(None)]
    if len(named) != 1:
        raise TypeError(f"{kind} can be more than one thing")
    inner = _reader(named[0])
    return lambda data: None if data is None else inner(data)


def _dataclass(kind: type[Any]) -> _Reader:
    hints = typing.get_type_hints(kind)
    known = fields(kind)
    required = [f.name for f in known if f.default is MISSING and f.default_factory is MISSING]
    # Worked out on first use: a type may hold itself.
    readers: dict[str, _Reader] = {}

    def read(data: Any) -> Any:
        if not readers:
            readers.update({f.name: _reader(hints[f.name]) for f in known})
        _is(dict, data)
        missing = [name for name in required if name not in data]
        if missing:
            raise TypeError(f"{kind.__name__} lacks {', '.join(missing)}")
        return kind(**{name: readers[name](data[name]) for name in readers if name in data})

    return read


def _is(kind: type[Any] | tuple[type[Any], ...], data: Any) -> Any:
    if not isinstance(data, kind):
        raise TypeError(f"unexpected {type(data).__name__}")
    return data
