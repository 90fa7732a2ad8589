"""What a paper is compared by: its words, neighbouring words, glossary terms, kind and categories.

A unit is a string whose first character tells its sort: a stem ("align"), two stems in a row ("reward model"), a topic
of the glossary ("=reward model"), a kind of paper ("~survey") or a category ("@cs.LG"). Thousands of papers have some three
hundred each, most of which occur nowhere else: they are known by a number, their key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.model import Paper
from bot.rank import glossary
from bot.rank.words import STOP_WORDS, Token, stem, tokens, written_in

Keys = NDArray[np.int64]

TITLE_COUNTS = 2
MOST_CHARACTERS = 20_000
PAPERS_KEPT = 256
"""Papers whose units are kept: about five kilobytes each."""

WORDS_KEPT = 2**15
"""Words, as written, of which it is kept what they say: more than a title and an abstract have."""

SEVERAL, NAMED = 1, 2
"""Bits of a key: set where a unit is of several words, and where it is a topic or a kind, by which papers are found but not
compared."""

_BITS = SEVERAL | NAMED
_FACTOR = 0x9E3779B97F4A7C15
_TOPIC, _KIND = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The keys of a paper's units in the order of its text, each as often as it counts, neighbours behind the second of
    both; the paper's length in words; and its stems in one string for finding phrases."""

    keys: Keys
    length: int
    text: str


class Compared(NamedTuple):
    """The keys of those units by which papers are compared, in no order, each as often as it counts, and with the place of
    the paper that has it."""

    keys: Keys
    owners: NDArray[np.intp]


@lru_cache(maxsize=4096)
def key_of(name: str) -> int:
    """A unit's key: by a hash, the same until the program ends."""
    if name[:1] in _SORTS:
        return hash(name) & ~_BITS | (SEVERAL if " " in name else 0) | (0 if name[0] == "@" else NAMED)
    left, _, right = name.partition(" ")
    if not right:
        return hash(left) & ~_BITS
    mixed = (key_of(left) * _FACTOR + key_of(right)) & (2**64 - 1) & ~_BITS | SEVERAL
    return mixed - 2**64 if mixed >= 2**63 else mixed


_SORTS = ("=", "~", "@")


def units_of(paper: Paper) -> Units:
    """The units of a paper's title, abstract and categories; what stands in the title counts twice."""
    return _units(paper.title, paper.abstract, paper.categories)


def compared_by(papers: Sequence[Paper]) -> Compared:
    """Those of all these papers' units that are no topics and no kinds, read together at less than one after the other."""
    found, lengths = [_NO_KEYS], []
    for paper in papers:
        heading, body = _written(paper.title, paper.abstract)
        words, places = _known([*heading, ".", *body, "."])
        found.append(words.told[places])
        lengths += [len(heading) + 1, len(body) + 1]
    alone = np.concatenate(found)
    both = _neighbours(alone)
    texts = np.arange(len(lengths))
    owners, times = np.repeat([texts // 2, np.where(texts % 2 == 0, TITLE_COUNTS, 1)], lengths, axis=1)
    categories = [(key_of(f"@{name}"), at) for at, paper in enumerate(papers) for name in paper.categories]
    keys, theirs = np.array(categories, dtype=np.int64).reshape(-1, 2).T
    return Compared(
        np.concatenate([*(some.repeat(times * (some != 0)) for some in (alone, both)), keys]),
        np.concatenate([*(owners.repeat(times * (some != 0)) for some in (alone, both)), theirs]),
    )


def kinds_of(paper: Paper) -> list[str]:
    """Those of a paper's units that are kinds of paper, by name."""
    title, abstract = list(tokens(paper.title[:MOST_CHARACTERS])), list(tokens(paper.abstract[:MOST_CHARACTERS]))
    return [kind.name for kind in glossary.kinds_in(title, abstract)]


def topics_of(paper: Paper) -> tuple[list[glossary.Found], list[glossary.Found]]:
    """The topics that a paper's title names, and those that its abstract names."""
    heading, body = (_topics_in(written_in(text[:MOST_CHARACTERS])) for text in (paper.title, paper.abstract))
    return heading, body


def _topics_in(written: Sequence[str]) -> list[glossary.Found]:
    stems, _, begins = _read(written)
    begun = np.flatnonzero(begins & _TOPIC).tolist()
    return glossary.topics_in(list(map(Token, written, stems)), begun) if begun else []


class _Words(dict[str, int]):
    """What words as written say, each at its own place: its stem, its key (0 where it says nothing of what a text is
    about), and which names of the glossary begin with it."""

    def __init__(self) -> None:
        super().__init__()
        self.stems: list[str] = []
        self.told = np.zeros(WORDS_KEPT, dtype=np.int64)
        self.begins = np.zeros(WORDS_KEPT, dtype=np.uint8)

    def __missing__(self, written: str) -> int:
        token = Token(written, stem(written.lower()))
        place = len(self.stems)
        self.stems.append(token.stem)
        self.told[place] = key_of(token.stem) if tells(token) else 0
        self.begins[place] = _TOPIC * glossary.begins_topic(token) | _KIND * glossary.begins_kind(token)
        self[written] = place
        return place


_words = _Words()
_reading = Lock()


def _known(written: Sequence[str]) -> tuple[_Words, NDArray[np.intp]]:
    """What words say, and the place of each of these among them."""
    global _words  # noqa: PLW0603 - when there are too many, all are dropped at once
    with _reading:
        if len(_words) + len(written) > WORDS_KEPT:
            _words = _Words()
        words = _words
        return words, np.fromiter(map(words.__getitem__, written), dtype=np.intp, count=len(written))


def _read(written: Sequence[str], stems: bool = False) -> tuple[list[str], Keys, NDArray[np.uint8]]:
    """Of each word its stem where that is wanted or some name of the glossary begins in the text, its key, and which names
    begin with it."""
    words, places = _known(written)
    begins = words.begins[places]
    wanted = list(map(words.stems.__getitem__, places.tolist())) if stems or begins.any() else []
    return wanted, words.told[places], begins


def telling_in(text: str) -> tuple[list[str], list[str]]:
    """The words of a paper's title or abstract that say something of what it is about: as written, and their stems."""
    written = written_in(text[:MOST_CHARACTERS])
    stems, keys, _ = _read(written, stems=True)
    told = np.flatnonzero(keys).tolist()
    return [written[at] for at in told], [stems[at] for at in told]


@lru_cache(maxsize=PAPERS_KEPT)
def _units(title: str, abstract: str, categories: tuple[str, ...]) -> Units:
    heading, body = _written(title, abstract)
    border = len(heading)
    # What stands between both texts is no word, and so nobody's neighbour.
    written = [*heading, ".", *body]
    stems, keys, begins = _read(written, stems=True)
    in_heading, in_body = _with_neighbours(keys, border)
    of_heading, of_body, of_both = _named(written, stems, begins, border)
    of_both += [key_of(f"@{category}") for category in categories]
    units = (in_heading, in_heading, of_heading, of_heading, in_body, of_body, of_both)
    return Units(
        np.concatenate(units, dtype=np.int64, casting="unsafe"),
        int(np.count_nonzero(keys)) + (TITLE_COUNTS - 1) * int(np.count_nonzero(keys[:border])),
        f" {' '.join(stems)} ",
    )


def _written(title: str, abstract: str) -> tuple[list[str], list[str]]:
    """The words of both texts as they are written, as far as they are read."""
    return written_in(title[:MOST_CHARACTERS]), written_in(abstract[:MOST_CHARACTERS])


def _named(
    written: Sequence[str], stems: Sequence[str], begins: NDArray[np.uint8], border: int
) -> tuple[list[int], list[int], list[int]]:
    """The keys of topics that a title names, of those that an abstract names, and of the kinds of paper that both give
    away, each as often as it counts; the texts are apart at `border`."""
    if not begins.any():
        return [], [], []
    texts = [list(map(Token, written[some], stems[some])) for some in (slice(border), slice(border, None))]
    starts = begins[:border], begins[border:]
    topics = [
        [key_of(f"={one.term.name}") for one in glossary.topics_in(text, np.flatnonzero(some & _TOPIC).tolist())]
        for text, some in zip(texts, starts, strict=True)
    ]
    title, body = (np.flatnonzero(some & _KIND).tolist() for some in starts)
    kinds = glossary.kinds_in(texts[0], texts[1], (title, body))
    return topics[0], topics[1], [key_of(kind.name) for kind, times in kinds.items() for _ in range(times)]


def _with_neighbours(keys: Keys, border: int) -> tuple[Keys, Keys]:
    """The keys of words, 0 for those that say nothing, with those of neighbours that both say something: before and after
    the border."""
    both = np.column_stack([keys, _neighbours(keys)])
    told = both != 0
    found, before = both[told], int(np.count_nonzero(told[:border]))
    return found[:before], found[before:]


def _neighbours(keys: Keys) -> Keys:
    """For each word the key of it and the one before it, 0 where either says nothing."""
    found = np.zeros_like(keys)
    left, right = keys[:-1], keys[1:]
    found[1:] = ((left * _SIGNED + right) & ~_BITS | SEVERAL) * ((left != 0) & (right != 0))
    return found


_NO_KEYS = np.zeros(0, dtype=np.int64)
_SIGNED = np.int64(_FACTOR - 2**64)


def units_of_words(words: Sequence[Token], term: glossary.Term | None = None) -> tuple[str, ...]:
    """The units to look for when somebody names these words: glossary terms and kinds, the words that are left when
    kinds are taken away, and neighbours. `term` is a term that the words are known to name."""
    found = [] if term else glossary.asked_in(words)
    units = [f"={term.name}"] if term else []
    of_kind: set[int] = set()
    for asked in found:
        units.append(asked.term.name if asked.term.is_kind else f"={asked.term.name}")
        if asked.term.is_kind:
            of_kind.update(range(asked.start, asked.end))
    before = ""
    for place, token in enumerate(words):
        if place in of_kind or not tells(token):
            before = ""
            continue
        units.append(token.stem)
        if before:
            units.append(f"{before} {token.stem}")
        before = token.stem
    return tuple(dict.fromkeys(units))


def tells(token: Token) -> bool:
    """Whether a word says something of what a text is about."""
    return len(token.stem) > 1 and not token.stem.isdigit() and token.written.lower() not in STOP_WORDS
