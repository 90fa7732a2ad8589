"""What a paper is compared by: its words, neighbouring words, glossary terms, kind and categories, counted.

A unit is a string whose first character tells its sort: a stem ("align"), two stems in a row ("reward model"), a topic
of the glossary ("=reward model"), a kind of paper ("~survey") or a category ("@cs.LG").
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.model import Paper
from bot.rank import glossary
from bot.rank.words import STOP_WORDS, Token, stem, tokens

TITLE_COUNTS = 2
MOST_CHARACTERS = 20_000
PAPERS_KEPT = 256
"""Papers whose units are kept: about five kilobytes each."""

_BETWEEN = "\n"


@dataclass(frozen=True, slots=True)
class Units:
    """A paper's units with their counts, its length in words, and its stems in one string for finding phrases. Units are
    kept in one string too, since thousands of papers have some three hundred each, most of which occur nowhere else."""

    joined: str
    packed: bytes
    length: int
    text: str

    @property
    def names(self) -> list[str]:
        """The units."""
        return self.joined.split(_BETWEEN) if self.joined else []

    @property
    def counts(self) -> Sequence[int]:
        """How often the paper has each."""
        return array("I", self.packed)


def units_of(paper: Paper) -> Units:
    """The units of a paper's title, abstract and categories; what stands in the title counts twice."""
    return _units(paper.title, paper.abstract, paper.categories)


@lru_cache(maxsize=PAPERS_KEPT)
def _units(title: str, abstract: str, categories: tuple[str, ...]) -> Units:
    heading = list(tokens(title[:MOST_CHARACTERS]))
    body = list(tokens(abstract[:MOST_CHARACTERS]))
    counts: defaultdict[str, int] = defaultdict(int)
    length = 0
    for text, times in ((heading, TITLE_COUNTS), (body, 1)):
        told = [_told(token.written) for token in text]
        for before, word in zip(["", *told], told, strict=False):
            if word:
                counts[word] += times
                length += times
                if before:
                    counts[f"{before} {word}"] += times
        for found in glossary.topics_in(text):
            counts["=" + found.term.name] += times
    for kind, times in glossary.kinds_in(heading, body).items():
        counts[kind.name] += times
    for category in categories:
        counts["@" + category] += 1
    stems = " ".join(token.stem for token in (*heading, Token("", "."), *body))
    packed = array("I", counts.values()).tobytes()
    return Units(_BETWEEN.join(counts), packed, length, f" {stems} ")


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


@lru_cache(maxsize=32768)
def _told(written: str) -> str:
    """The stem of a word as written, "" where it says nothing of what a text is about."""
    token = Token(written, stem(written.lower()))
    return token.stem if tells(token) else ""


def tells(token: Token) -> bool:
    """Whether a word says something of what a text is about."""
    return len(token.stem) > 1 and not token.stem.isdigit() and token.written.lower() not in STOP_WORDS
