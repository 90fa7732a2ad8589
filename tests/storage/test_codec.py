"""The codec: every frozen dataclass of the model survives JSON, whatever version wrote it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time
from enum import Enum
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import model
from bot.model import Card, Digest, Kind, Listing, Reason, ReasonKind
from storage import codec
from tests.support.builders import card, digest, listing

NOUNS = [
    noun
    for _, noun in inspect.getmembers(model, inspect.isclass)
    if is_dataclass(noun) and noun.__module__ == model.__name__
]

leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=9)
json_values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=30),
    int: st.integers(),
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    time: st.times(),
    datetime: st.datetimes(timezones=st.just(UTC)),
}


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type that the model uses."""
    if kind in SCALARS:
        return SCALARS[kind]
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(kind, **{f.name: values(hints[f.name]) for f in fields(kind)})
    if get_origin(kind) is tuple:
        return st.lists(values(get_args(kind)[0]), max_size=3).map(tuple)
    if get_origin(kind) is UnionType:
        return st.none() | values(get_args(kind)[0])
    if get_origin(kind) is Mapping:
        return st.dictionaries(st.text(max_size=9), json_values, max_size=3)
    assert issubclass(kind, Enum)
    return st.sampled_from(kind)


def written(value: object) -> Any:
    """What comes back from a JSON column."""
    return json.loads(codec.dumps(value))


@settings(max_examples=50)
@given(st.data())
@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_every_noun_survives(noun: type[Any], data: st.DataObject) -> None:
    """Nested tuples, enums, dates, times and optional values included."""
    value = data.draw(values(noun))
    assert codec.decode(noun, written(value)) == value


@settings(max_examples=50)
@given(st.data())
@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.__name__)
def test_what_another_version_wrote_still_reads(noun: type[Any], data: st.DataObject) -> None:
    """Unknown fields are passed over, missing ones get their defaults."""
    value = data.draw(values(noun))
    optional = [f for f in fields(noun) if f.default is not MISSING or f.default_factory is not MISSING]
    gone = data.draw(st.sets(st.sampled_from([f.name for f in optional]))) if optional else set()
    body = {key: item for key, item in written(value).items() if key not in gone}
    found = codec.decode(noun, {**body, "added_in_2031": [1, {"x": None}]})
    for f in fields(noun):
        if f.name not in gone:
            assert getattr(found, f.name) == getattr(value, f.name)
        elif f.default is not MISSING:
            assert getattr(found, f.name) == f.default
        else:
            assert f.default_factory is not MISSING
            assert getattr(found, f.name) == f.default_factory()


def test_a_whole_card_is_readable_json() -> None:
    """Enums are their values, dates ISO, tuples arrays."""
    body = written(card(1))
    assert body["source"] == "html"
    assert body["critique"]["problems"][0]["severity"] == 2
    assert body["authors"] == ["Ada Author1", "Bo Writer1"]
    assert written(digest())["date"] == "2026-02-18"
    assert written((listing(),))[0]["checked_at"] == "2026-02-18T08:00:00+00:00"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Card, None),
        (Card, []),
        (Card, {}),
        (Card, {**written(card()), "authors": "Ada"}),
        (Card, {**written(card()), "novelty": "5"}),
        (Card, {**written(card()), "source": "scroll"}),
        (Digest, {**written(digest()), "date": "18 February"}),
        (Digest, {**written(digest()), "date": 20260218}),
        (Listing, {**written(listing()), "declared": {"new": 1.5}}),
    ],
)
def test_another_shape_is_an_error(kind: type[Any], data: Any) -> None:
    """One kind of error, rather than a noun with something else inside."""
    with pytest.raises(ValueError, match=r"."):
        codec.decode(kind, data)


def test_what_is_no_noun_cannot_be_stored() -> None:
    """It would not come back."""
    with pytest.raises(TypeError, match="nothing that can be stored"):
        codec.dumps({"x": object()})


def test_a_type_that_could_be_two_things_cannot_be_read() -> None:
    """JSON would not say which."""

    @dataclass(frozen=True)
    class Either:
        thing: int | str

    with pytest.raises(ValueError, match="more than one thing"):
        codec.decode(Either, {"thing": 1})


def test_arrays_of_nouns() -> None:
    """As rows hold their reasons; null is none."""
    reasons = (Reason(ReasonKind.HEAT, count=3), Reason(ReasonKind.INTEREST, "GRPO", 0.5))
    assert codec.decode_many(Reason, written(reasons)) == reasons
    assert codec.decode_many(Reason, None) == ()
    assert written(Kind.NEW) == "new"
    assert written({"why": codec.dumps(())}) == {"why": "[]"}
    assert written(codec.Written("[1]")) == [1]


def test_what_was_written_is_read_whole() -> None:
    """Text that is no JSON, or more than one value, is refused."""
    assert codec.loads(codec.dumps(["a", {"b": None}])) == ["a", {"b": None}]
    for text in ("", "[1", "[1] [2]", "[1] x"):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            codec.loads(text)
