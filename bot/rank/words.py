"""Text to words: tokens, accents folded, and the stem under which a word's forms meet."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

_TOKEN = re.compile(r"[^\W_]+(?:'[a-z]{1,2}\b)?", re.IGNORECASE)
_LATEX = re.compile(r"\\(?:[a-zA-Z]+\*?|.)")
_VOWEL = re.compile(r"[aeiouy]")
_SPACED = "".join(mark if mark.isalnum() else " " for mark in map(chr, range(128)))
_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "ı": "i"}
    | {"’": "'", "‘": "'", "\N{SOFT HYPHEN}": "", "\N{ZERO WIDTH SPACE}": ""}
)

STOP_WORDS = frozenset(
    """a about above across after again against all also although am among an and any are as at be because been before
    being below between both but by can could did do does doing down during each either et al etc even every few for
    from further had has have having he her here hers him his how however i ie eg if in into is it its itself just less
    may me might more most much must my no nor not now of off often on once one only onto or other our out over own per
    rather same she should since so some such than that the their them then there therefore these they this those
    through thus to too toward towards under until up upon us very via was we were what when where whereas whether
    which while who whom whose why will with within without would yet you your
    approach achieve achieves demonstrate existing method methods new novel paper papers present presented propose
    proposed proposes result results show shown shows study studies use used uses using based""".split()  # noqa: SIM905 - a list of single words would be pages long
)
"""Words that say nothing of what a paper is about."""


class Token(NamedTuple):
    """A word as written, and its stem."""

    written: str
    stem: str


def tokens(text: str) -> Iterator[Token]:
    """The words of `text` in order, hyphenated ones apart; LaTeX commands are left out."""
    return map(_token, written_in(text))


def written_in(text: str) -> list[str]:
    """The words of `text` as they are written."""
    plain = fold(_LATEX.sub(" ", text) if "\\" in text else text)
    if plain.isascii() and "'" not in plain:
        return plain.translate(_SPACED).split()  # the same in half the time
    return _TOKEN.findall(plain)


@lru_cache(maxsize=4096)
def _token(written: str) -> Token:
    """A text's words come again in every other text."""
    return Token(written, stem(written.lower()))


def fold(text: str) -> str:
    """`text` without accents: é → e, ø → o, ß → ss; compatibility forms (ﬁ, Ａ) made plain."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(mark for mark in apart if not unicodedata.combining(mark)))


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """What is left of a lower-case word when endings are taken off: learning, learned and learns are "learn".

    Endings are taken off step by step, only where enough remains for a word: plural, -ing and -ed, then -ation, -ity
    and their like, at last a final e. Made for telling that words belong together, not for reading.
    """
    if len(word) <= 3 or not word.isascii() or not word[0].isalpha():
        return word
    word = word.removesuffix("'s")
    return _UNCHANGED.get(word) or _without_last(_without_suffix(_without_inflection(_singular(word))))


_KEPT = ("atlas", "bayes", "bias", "canvas", "data", "embed", "gas", "gauss", "lens", "news", "series", "species")
_UNCHANGED = {word: word for word in (*_KEPT, "university")} | {
    "datum": "data",
    "embeds": "embed",
    "lenses": "lens",
    "universities": "university",
}
"""Words that the rules below would spoil."""

_SUFFIXES = (
    *(("ization", 4, "iz"), ("isation", 4, "iz"), ("ational", 5, ""), ("ional", 5, ""), ("ation", 5, "")),
    *(("ment", 5, ""), ("ness", 4, ""), ("ative", 5, ""), ("ion", 5, ""), ("ive", 5, ""), ("ity", 5, "")),
    *(("ally", 5, "al"), ("ly", 5, ""), ("ysis", 3, "yz"), ("yse", 3, "yz"), ("yze", 3, "yz"), ("esis", 4, "esiz")),
    *(("ise", 4, "iz"), ("ize", 4, "iz")),
)
"""Ending, the least that must stand before it, and what takes its place."""

_ENDINGS = tuple(ending for ending, _, _ in _SUFFIXES)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_inflection(word: str) -> str:
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) >= 3 and base[-1] != "e" and _VOWEL.search(base):
            if len(base) > 6 and base.endswith("is"):  # summarising
                return base[:-1] + "z"
            return base[:-1] if len(base) > 3 and base[-1] == base[-2] and base[-1] not in "sz" else base
    return word


def _without_suffix(word: str) -> str:
    if not word.endswith(_ENDINGS):
        return word
    for ending, least, instead in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)] + instead
    return word


def _without_last(word: str) -> str:
    if word.endswith("y") and len(word) > 3 and word[-2] not in "aeiou":
        word = word[:-1] + "i"
    if word.endswith("e") and len(word) > 3:
        word = word[:-1]
    if word.endswith("at") and len(word) > 6:
        word = word[:-2]
    return word[:-1] if word.endswith("ll") and len(word) > 5 else word
