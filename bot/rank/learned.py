"""What was learned in words a person can read: a unit of comparison as the papers themselves write it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bot.model import Paper
from bot.rank.taste import TASTE_SCALE, Taste
from bot.rank.units import telling_in


class Word(NamedTuple):
    """A learned word: the unit it is counted by, how papers write it, and what it adds to a paper that uses it as much
    as the judged papers do on average."""

    unit: str
    written: str
    weight: float


def written(unit: str, papers: Iterable[Paper]) -> str:
    """The unit as these papers write it most often ("reinforc learn" → "reinforcement learning"); a category by its
    code; the unit itself where none of them has it."""
    if unit.startswith("@"):
        return unit[1:]
    wanted = unit.split(" ")
    found: Counter[str] = Counter()
    for paper in papers:
        for text in (paper.title, paper.abstract):
            found.update(_occurrences(wanted, text))
    return min(found, key=lambda form: (-found[form], form)) if found else unit


def words_of(taste: Taste, most: int) -> list[Word]:
    """The words that likes taught, the strongest first; a word that is only part of a stronger neighbouring pair, or
    the other way round, is told once. [] without likes."""
    if taste.drawn is None or not taste.liked.papers:
        return []
    rows = taste.liked.likeness.words
    usage = np.asarray(rows.mean(axis=0)).ravel()
    weights = TASTE_SCALE * np.asarray(taste.drawn.words, dtype=np.float64) * usage
    found: list[Word] = []
    for at in np.argsort(-weights, kind="stable")[: most * 8]:
        (unit,) = taste.background.vocabulary.names_at([at])
        if weights[at] <= 0 or len(found) >= most:
            break
        if not _is_told(unit, found):
            found.append(Word(unit, written(unit, taste.liked.papers), float(weights[at])))
    return found


def strongest(units: Sequence[str], shares: Sequence[float], most: int, least: float) -> list[tuple[str, float]]:
    """The units that add at least `least`, the strongest first, none that says again what a stronger one says."""
    found: list[Word] = []
    for share, unit in sorted(zip(shares, units, strict=True), key=lambda pair: (-pair[0], pair[1])):
        if share < least or len(found) >= most:
            break
        if not _is_told(unit, found):
            found.append(Word(unit, unit, float(share)))
    return [(word.unit, word.weight) for word in found]


def _is_told(unit: str, found: Sequence[Word]) -> bool:
    mine = set(unit.split(" "))
    return any(mine & set(word.unit.split(" ")) for word in found)


def _occurrences(wanted: Sequence[str], text: str) -> Iterable[str]:
    """The places where these stems stand in a row, as they are written there, in lower case."""
    telling, stems = _telling(text)
    for at in [at for at, stem in enumerate(stems) if stem == wanted[0]]:
        if stems[at : at + len(wanted)] == wanted:
            yield " ".join(word if word.isupper() else word.lower() for word in telling[at : at + len(wanted)])


@lru_cache(maxsize=256)
def _telling(text: str) -> tuple[list[str], list[str]]:
    """A table's papers are asked for several words each, by many chats."""
    return telling_in(text)
