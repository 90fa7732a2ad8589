"""Whether a followed or muted name is one of a paper's authors, and whether a followed place is one of its places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files

from bot.rank.words import fold

_PARTS = re.compile(r"[^\W\d_]+")
_WORDS = re.compile(r"[^\W_]+")
_UMLAUT = re.compile(r"([aou])e(?=[^aeiou]|$)")
_PARTICLES = frozenset(
    ("al", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "ibn", "la", "le", "van", "von")
)


def same_person(wanted: str, author: str) -> bool:
    """Whether `wanted` names `author`: accents, case, order, dots and hyphens do not matter; a given name may be an
    initial or left out on either side. "Y LeCun", "LeCun, Yann" and "lecun" all name Yann LeCun."""
    left, right = _name(wanted), _name(author)
    if not left or not right:
        return False
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return True
    family = _family_first(wanted) or left[-1]
    if len(left) == 1:
        return len(family) > 1 and family in (right[-1], _family_first(author))
    return any(
        _fits(left[:at] + left[at + 1 :], right[:-1])
        for at in {len(left) - 1, 0}
        if len(left[at]) > 1 and left[at] == right[-1]
    )


def same_place(wanted: str, place: str) -> bool:
    """Whether `wanted` names `place` or a part of it: "Google" names Google DeepMind, 清华 names Tsinghua University,
    "MIT" the Massachusetts Institute of Technology."""
    target = _words(place)
    return any(_within(name, target) for name in _names_of(wanted))


def _fits(left: Sequence[str], right: Sequence[str]) -> bool:
    """Whether two rows of given names can belong to one person: each of the shorter row fits one of the other, in
    order; joined parts count too ("Kai-Ming", "Kaiming")."""
    if not left or not right:
        return True
    joined, other = "".join(left), "".join(right)
    if min(map(len, (*left, *right))) > 1 and (joined == other or joined.startswith(other) or other.startswith(joined)):
        return True
    if len(joined) == len(left) and joined == "".join(part[0] for part in right)[: len(joined)]:
        return True
    shorter, longer = sorted((list(left), list(right)), key=len)
    at = 0
    for part in shorter:
        while at < len(longer) and not _compatible(part, longer[at]):
            at += 1
        if at == len(longer):
            return False
        at += 1
    return _compatible(left[0], right[0])


def _compatible(one: str, other: str) -> bool:
    return one == other or (min(len(one), len(other)) == 1 and one[0] == other[0])


@lru_cache(maxsize=65536)
def _name(text: str) -> list[str]:
    """The parts of a name in lower case, family name last."""
    head, comma, rest = text.partition(",")
    parts = [
        _plain(part) for part in _PARTS.findall(fold(f"{rest} {head}" if comma else text).lower().replace("'", ""))
    ]
    kept = [part for part in parts if part not in _PARTICLES]
    return kept or parts


def _family_first(text: str) -> str:
    """The family name where a comma tells it, else ""."""
    head, comma, _ = text.partition(",")
    return _name(head)[-1] if comma and _name(head) else ""


def _plain(part: str) -> str:
    """Müller may be written Mueller; both become "muller"."""
    return _UMLAUT.sub(r"\1", part)


@lru_cache(maxsize=4096)
def _names_of(wanted: str) -> list[tuple[str, ...]]:
    """The names that a place goes by."""
    mine = _words(wanted)
    names = [mine] if mine else []
    for row in _aliases():
        if mine in row:
            names.extend(row)
    return list(dict.fromkeys(names))


@lru_cache(maxsize=1)
def _aliases() -> list[list[tuple[str, ...]]]:
    text = files("bot.rank").joinpath("institutions.tsv").read_text("utf-8")
    return [
        [_words(name) for name in line.split("\t")] for line in text.splitlines() if line and not line.startswith("#")
    ]


@lru_cache(maxsize=16384)
def _words(place: str) -> tuple[str, ...]:
    found = _WORDS.findall(fold(place).lower().replace("'", "").replace("’", ""))
    return tuple(word for word in found if word != "the")


def _within(name: tuple[str, ...], place: tuple[str, ...]) -> bool:
    size = len(name)
    return size > 0 and any(place[at : at + size] == name for at in range(len(place) - size + 1))
