"""Names in running text: the known ones of a list, and those that look like names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from bot.card import lexicon

_WORD = re.compile(r"\w+")
_JOINED_AFTER = re.compile(r"(?:[-+][A-Z0-9][\w+]*)+")
_JOINED_BEFORE = re.compile(r"[A-Za-z0-9]+-$")
_SHAPED = re.compile(r"\d|[a-z][A-Z]|^[A-Z]{2}|[A-Z][a-z]*-[A-Z\d]|[+*]")

NAME = r"(?:[A-Z0-9τπ]|[a-z]{1,8}(?=[A-Z]))[\w@+'’.!-]*[\w+*](?:[ -](?:[A-Z0-9][\w+.-]*[\w+]|[A-Z0-9]|v\d))*"
"""What a name looks like: capitals or digits at the head of each word."""


Index = Mapping[str, tuple[tuple[str, str], ...]]
"""First word → (name as it may stand, name as listed), longest first."""


@cache
def index_of(listed: str) -> Index:
    """The names of a list in `data/`, "datasets" or "metrics", for `known`."""
    entries: Mapping[str, object] = lexicon.forms(listed) if listed == "metrics" else lexicon.names(listed)
    index: dict[str, list[tuple[str, str]]] = {}
    for name in entries:
        # What is written small may begin a sentence or head a column.
        for surface in dict.fromkeys((name, name[0].upper() + name[1:])):
            first = _WORD.match(surface)
            if first is not None and (surface == name or surface not in entries):
                index.setdefault(first[0], []).append((surface, name))
    return {word: tuple(sorted(each, key=lambda pair: -len(pair[0]))) for word, each in index.items()}


def known(text: str, index: Index) -> Iterator[tuple[int, str, str]]:
    """Where names of a list stand in a text: (place, name as it stands, name as listed), the longest at each place.

    A name with something joined to it is another name: "ImageNet-LT", "mini-ImageNet" come whole.
    """
    end = 0
    for match in _WORD.finditer(text):
        if match.start() < end:
            continue
        for surface, name in index.get(match[0], ()):
            stop = match.start() + len(surface)
            if not text.startswith(surface, match.start()) or (stop < len(text) and _goes_on(text, stop)):
                continue
            start = match.start()
            before = _JOINED_BEFORE.search(text, max(0, start - 12), start)
            if before is not None and surface[0].isupper() and not name[0].islower():
                start = before.start()
            after = _JOINED_AFTER.match(text, stop)
            if after is not None and not name[0].islower():
                stop = after.end()
            yield start, text[start:stop], name
            end = stop
            break


def _goes_on(text: str, stop: int) -> bool:
    return text[stop].isalnum() or text[stop] == "_" or (text[stop] in "@'" and text[stop + 1 : stop + 2].isalnum())


@cache
def _folded_models() -> frozenset[str]:
    return frozenset(name.casefold() for name in lexicon.names("models"))


_SIZED = re.compile(r"[-\s](?:\d+\.\d+|[2-9]|\d{2,})B(?:$|[-\s])")  # "QwQ-32B"; "Deep-1B" is a dataset


def shaped(name: str) -> bool:
    """Whether a word or words look like a proper name and not like the capital at the head of a sentence."""
    words = name.split()
    return bool(_SHAPED.search(name)) or (
        len(words) > 1 and all(word[0].isupper() or word[0].isdigit() for word in words)
    )


def is_model(name: str) -> bool:
    """Whether a name is that of a known model or method."""
    models = _folded_models()
    heads = (name, re.split(r"[\s-]\d|[ (]", name)[0], re.split(r"[-\s]", name)[0])
    return any(head.casefold() in models for head in heads) or _SIZED.search(name) is not None


def same(one: str, other: str) -> bool:
    """Whether two names mean the same thing: equal but for case and signs, or all words of one among the other's, or
    one the other's abbreviation."""
    first, second = _bare(one), _bare(other)
    if first == second:
        return True
    words, others = set(first.split()), set(second.split())
    if words and others and (words <= others or others <= words):
        return True
    if _initials(one) == second.replace(" ", "") or _initials(other) == first.replace(" ", ""):
        return True
    return _abridged(first, second) or _abridged(second, first)


def _abridged(short: str, long: str) -> bool:
    """Whether every word of the one is a word of the other or the initials of some in a row: "BC Transformer"."""
    words = long.split()
    runs = {"".join(word[0] for word in words[i:j]) for i in range(len(words)) for j in range(i + 2, len(words) + 1)}
    pieces = short.split()
    return len(pieces) > 1 and all(piece in words or piece in runs for piece in pieces)


def _bare(name: str) -> str:
    return " ".join(word.removesuffix("s").removesuffix("ing") or word for word in re.findall(r"\w+", name.casefold()))


def _initials(name: str) -> str:
    words = re.findall(r"\w+", name.casefold())
    return "".join(word[0] for word in words) if len(words) > 1 else ""


def distinct(names: Iterable[str]) -> list[str]:
    """The names, each once, whatever its case and signs."""
    return list({_bare(name): name for name in reversed(list(names))}.values())[::-1]


_PROPOSAL = re.compile(
    r"\b(?:propose|introduce|present|develop|call|name|dub|term|describe|release|design)(?:s|d|ed)?\b"
    r"(?: (?:a|an|the|our|it|this|new|novel|method|approach|model|framework|system|called|named|as|\w+ing|\w+ed)\b,?)*"
    r"\s+(?:[\w-]+ ){0,4}?(?P<name>[A-Z][\w+-]*(?: [A-Z][\w+-]*){0,5})(?: \((?P<short>[A-Z][\w+-]{1,14})\))?"
)
_SHORT = re.compile(r"\b(?P<name>[A-Z][\w-]*(?:[ -][A-Za-z][\w-]*){1,6}?) \((?P<short>[A-Z][\w+-]*[A-Z0-9][\w+-]*)\)")


def own_names(title: str, abstract: str, introduction: Iterable[str]) -> frozenset[str]:
    """What the paper calls its own work: the name before the colon of its title, and what it proposes."""
    found: set[str] = set()
    head, colon, _ = title.partition(":")
    if colon and len(head.split()) <= 4 and shaped(head):
        found.add(head.strip())
    for text in (abstract, *introduction):
        for match in _PROPOSAL.finditer(text):
            if match["short"]:
                found |= {match["short"], match["name"]}
            elif shaped(match["name"]):
                found.add(match["name"])
    return frozenset(found)
