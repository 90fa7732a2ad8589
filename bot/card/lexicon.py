"""The analyst's words, read once from the files in `data/`: lists of words, names, and regular expressions by key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


def _lines(name: str) -> Iterator[str]:
    for line in files("bot.card").joinpath("data", name).read_text("utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


@cache
def words(name: str) -> frozenset[str]:
    """The words of a list, `data/<name>.txt`."""
    return frozenset(word for line in _lines(f"{name}.txt") for word in line.split())


@cache
def names(name: str) -> Mapping[str, bool]:
    """The names of a list, `data/<name>.txt`, each with whether it is sure (no ordinary word)."""
    return {line.removeprefix("?"): not line.startswith("?") for line in _lines(f"{name}.txt")}


@cache
def forms(name: str) -> Mapping[str, tuple[str, bool]]:
    """The forms of names, `data/<name>.txt`: form → (what it is a form of, whether it is sure)."""
    found: dict[str, tuple[str, bool]] = {}
    for line in _lines(f"{name}.txt"):
        written = line.removeprefix("*").split("|")
        for form in written:
            bare = form.removeprefix("?")
            key = bare if line.startswith("*") else written[0].removeprefix("?")
            found.setdefault(bare, (key.casefold(), not form.startswith("?")))
    return found


def _read(name: str) -> dict[str, object]:
    loaded: dict[str, object] = json.loads(files("bot.card").joinpath("data", f"{name}.json").read_text("utf-8"))
    return {key: value for key, value in loaded.items() if key != "//"}


@cache
def patterns(name: str) -> Mapping[str, re.Pattern[str]]:
    """Alternatives by key, `data/<name>.json`, each set compiled into one pattern; keys keep their order."""
    return {key: _any(value) for key, value in _read(name).items()}


@dataclass(frozen=True, slots=True)
class Rule:
    """What one item of the checklist searches for.

    `pieces`: titles, captions or cells → pattern. `words`: a word that must occur, in lower case → the pattern that
    must stand around it, None for the word alone. Most texts lack most words, and a word is found much faster than a
    pattern.
    """

    pieces: Mapping[str, re.Pattern[str]]
    words: Mapping[str, re.Pattern[str] | None]


@cache
def rules(name: str) -> Mapping[str, Rule]:
    """The rules by key, `data/<name>.json`."""
    found: dict[str, Rule] = {}
    for key, value in _read(name).items():
        assert isinstance(value, dict)  # noqa: S101 - our own file
        words = {word: re.compile(pattern) if pattern else None for word, pattern in value.get("words", {}).items()}
        found[key] = Rule({kind: _any(each) for kind, each in value.items() if kind != "words"}, words)
    return found


@cache
def weights(name: str) -> Mapping[str, tuple[tuple[re.Pattern[str], float], ...]]:
    """Weighted patterns by key, `data/<name>.json`."""
    found: dict[str, tuple[tuple[re.Pattern[str], float], ...]] = {}
    for key, value in _read(name).items():
        assert isinstance(value, list)  # noqa: S101 - our own file
        found[key] = tuple((re.compile(pattern, re.IGNORECASE), float(weight)) for pattern, weight in value)
    return found


def _any(alternatives: object) -> re.Pattern[str]:
    assert isinstance(alternatives, list)  # noqa: S101 - our own file
    return re.compile("|".join(alternatives), re.IGNORECASE)
