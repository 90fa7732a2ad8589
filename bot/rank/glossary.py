"""The shipped glossary: research terms in English and Chinese with the direction they belong to, and kinds of paper.

They are data beside this file: `glossary.tsv` for topics, `kinds.tsv` for what is asked for but is no topic (surveys,
derivations, …). A term of either is found in English text by any of its variants, in Chinese text by its translations.
`chinese.tsv` has the words that Chinese compounds are made of where neither knows the whole.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from bot.rank.words import Token, tokens

STRENGTHS = {"": 1.0, "?": 0.4, "??": 0.12}
"""How much a mention says about a paper's direction: plainly, weakly, very weakly."""


@dataclass(frozen=True, slots=True)
class Term:
    """One entry: its name (the first English variant), its variants, and the direction it is evidence for ("" for
    none) with the strength of that evidence. The names of kinds begin with "~"; a word that is no term has the name ""."""

    name: str
    english: tuple[str, ...]
    chinese: tuple[str, ...]
    direction: str = ""
    strength: float = 0.0

    @property
    def is_kind(self) -> bool:
        """Whether this is a kind of paper, not a topic."""
        return self.name.startswith("~")


class _Name(NamedTuple):
    """A name by which a term is found; `written` are the exact spellings an abbreviation needs, () for any."""

    written: tuple[str, ...]
    term: Term
    title_only: bool = False


class _Node:
    """A place in the tree of names: the stems that may follow, and the names that end here."""

    __slots__ = ("following", "names")

    def __init__(self) -> None:
        self.following: dict[str, _Node] = {}
        self.names: list[_Name] = []


class Found(NamedTuple):
    """A term found in a text, from `start` to before `end`: words of English text, characters of Chinese."""

    term: Term
    start: int
    end: int


@lru_cache(maxsize=1)
def topics() -> tuple[Term, ...]:
    """Every topic of the glossary."""
    found = []
    for english, chinese, direction in _rows("glossary.tsv", 3):
        key = direction.rstrip("?")
        strength = STRENGTHS[direction[len(key) :]]
        variants = tuple(english.split("|"))
        name = variants[0].removeprefix("=")
        found.append(Term(name, variants, tuple(chinese.split("|")), "" if key == "-" else key, strength))
    return tuple(found)


@lru_cache(maxsize=1)
def kinds() -> tuple[Term, ...]:
    """Every kind of paper; its English variants are how it is asked for."""
    return tuple(
        Term(f"~{key}", tuple(english.split("|")), tuple(chinese.split("|")))
        for key, english, chinese, _ in _rows("kinds.tsv", 4)
    )


@lru_cache(maxsize=1)
def directions() -> dict[str, dict[str, str]]:
    """Every research direction by key, with its name by language."""
    return {key: {"en": english, "zh": chinese} for key, english, chinese, _ in _rows("directions.tsv", 4)}


@lru_cache(maxsize=1)
def homes() -> dict[str, tuple[str, ...]]:
    """The beginnings of the categories where a direction is at home, by key; ("",) for one that is at home anywhere."""
    rows = _rows("directions.tsv", 4)
    return {key: ("",) if where == "*" else tuple(where.split()) for key, _, _, where in rows}


def begins_topic(token: Token) -> bool:
    """Whether some topic's name begins with this word."""
    return token.stem in _topic_names().following


def begins_kind(token: Token) -> bool:
    """Whether something begins with this word that gives away a kind of paper."""
    return token.stem in _cue_names().following


def topics_in(text: Sequence[Token], begun: Sequence[int] | None = None) -> list[Found]:
    """The topics that English text mentions: from left to right the longest, none inside another. `begun` are the places
    of all words with which a topic begins, where somebody knows them."""
    return _longest(text, _topic_names(), begun)


def kinds_in(
    title: Sequence[Token], body: Sequence[Token], begun: tuple[Sequence[int], Sequence[int]] | None = None
) -> dict[Term, int]:
    """The kinds of paper that a title and an abstract give away, with how often; a title counts three times. `begun` are
    the places of all words of both with which something begins that does, where somebody knows them."""
    found: defaultdict[Term, int] = defaultdict(int)
    known = begun or (_begun(_cue_names(), title), _begun(_cue_names(), body))
    for text, places, times in ((title, known[0], 3), (body, known[1], 1)):
        for at in places:
            for name, _ in _standing(_cue_names(), text, at):
                if times == 3 or not name.title_only:
                    found[name.term] += times
    return dict(found)


def asked_in(text: Sequence[Token]) -> list[Found]:
    """The topics and kinds that somebody names in English when asking for papers. Case does not matter here."""
    return _longest(text, _asking_names())


def chinese_in(text: str, *, words: bool = False) -> list[Found]:
    """The terms that Chinese text mentions, and with `words` the plain words between them, from left to right the
    longest, with their places in `text`. Case and spaces do not matter, nor whether Latin letters are full-width."""
    known, longest = _chinese_words() if words else _chinese_terms()
    plain, places = _plain(text)
    found = []
    at = 0
    while at < len(plain):
        for length in range(min(longest, len(plain) - at), 0, -1):
            term = known.get(plain[at : at + length])
            if term is not None:
                found.append(Found(term, places[at], places[at + length - 1] + 1))
                at += length
                break
        else:
            at += 1
    return found


def _plain(text: str) -> tuple[str, list[int]]:
    """`text` in lower case without spaces, full-width forms made plain, and each character's place in `text`."""
    marks = [
        (small, place)
        for place, mark in enumerate(text)
        for small in unicodedata.normalize("NFKC", mark).lower()
        if not small.isspace()
    ]
    return "".join(mark for mark, _ in marks), [place for _, place in marks]


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return not text.isascii() and any("\u3400" <= mark <= "\u9fff" for mark in text)


def _longest(text: Sequence[Token], names: _Node, begun: Sequence[int] | None = None) -> list[Found]:
    # Every paper passes here: what can be taken out of the loops is.
    found = []
    free = 0
    count = len(text)
    for at in _begun(names, text) if begun is None else begun:
        if at < free:
            continue
        node = names.following.get(text[at].stem)
        best: _Name | None = None
        end = at
        while node is not None:
            end += 1
            for name in node.names:
                if not name.written or _as_written(name.written, text[at:end]):
                    best, free = name, end
                    break
            node = node.following.get(text[end].stem) if end < count else None
        if best is not None:
            found.append(Found(best.term, at, free))
    return found


def _begun(names: _Node, text: Sequence[Token]) -> list[int]:
    """The places of the words with which some name begins: few of all."""
    first = names.following
    return [at for at, token in enumerate(text) if token.stem in first]


def _standing(names: _Node, text: Sequence[Token], at: int) -> Iterator[tuple[_Name, int]]:
    """The names that stand in the text from `at` on, the shortest first, and where they end; of those that are spelled
    the same the earlier in the data first."""
    node = names
    for end in range(at, len(text)):
        if text[end].stem not in node.following:
            return
        node = node.following[text[end].stem]
        for name in node.names:
            if not name.written or _as_written(name.written, text[at : end + 1]):
                yield name, end + 1


def _as_written(written: tuple[str, ...], words: Sequence[Token]) -> bool:
    return all(have.written in (want, want + "s") for have, want in zip(words, written, strict=True))


@lru_cache(maxsize=1)
def _topic_names() -> _Node:
    return _tree(_names(topics(), exact=True))


@lru_cache(maxsize=1)
def _asking_names() -> _Node:
    return _tree([*_names(kinds(), exact=False), *_names(topics(), exact=False)])


@lru_cache(maxsize=1)
def _cue_names() -> _Node:
    terms = {term.name: term for term in kinds()}
    return _tree(
        (tuple(token.stem for token in tokens(cue)), _Name((), terms[f"~{key}"], cue.startswith("^")))
        for key, _, _, cues in _rows("kinds.tsv", 4)
        for cue in cues.split("|")
    )


def _names(terms: Sequence[Term], *, exact: bool) -> Iterator[tuple[tuple[str, ...], _Name]]:
    for term in terms:
        for variant in term.english:
            words = tuple(tokens(variant.removeprefix("=")))
            written = tuple(word.written for word in words) if exact and variant.startswith("=") else ()
            yield tuple(word.stem for word in words), _Name(written, term)


def _tree(names: Iterable[tuple[tuple[str, ...], _Name]]) -> _Node:
    root = _Node()
    for stems, name in names:
        node = root
        for stem in stems:
            node = node.following.setdefault(stem, _Node())
        node.names.append(name)
    return root


@lru_cache(maxsize=1)
def _chinese_terms() -> tuple[dict[str, Term], int]:
    known: dict[str, Term] = {}
    for term in (*kinds(), *topics()):
        for variant in term.chinese:
            known.setdefault(_plain(variant)[0], term)
    return known, max(map(len, known))


@lru_cache(maxsize=1)
def _chinese_words() -> tuple[dict[str, Term], int]:
    known = dict(_chinese_terms()[0])
    for english, chinese in _rows("chinese.tsv", 2):
        for variant in chinese.split("|"):
            known.setdefault(variant, Term("", (english,), (variant,)))
    return known, max(map(len, known))


def _rows(name: str, columns: int) -> Iterator[list[str]]:
    for line in files("bot.rank").joinpath(name).read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            row = line.split("\t")
            if len(row) != columns:
                raise ValueError(f"{name}: {columns} columns are wanted in {line!r}")
            yield row
