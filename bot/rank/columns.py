"""Where units stand in a table of counts: those of past papers, their vocabulary, and those that only a day's papers have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.rank import glossary
from bot.rank.units import NAMED, SEVERAL, Units, key_of

Keys = NDArray[np.int64]
Places = NDArray[np.int32]

_RESTS = 2**17
"""Rests of keys, by which most columns are found at once: some three times as many as a vocabulary has."""

_NOBODY, _SEVERAL = -1, -2
"""What a rest leads to that no key has, and one that several have."""

_PARTS = 16
"""Parts in which keys are sorted, so that it takes little memory."""


class Columns:
    """A column for each of these distinct units, in their order."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        rests = _rests(keys)
        alone = np.bincount(rests, minlength=_RESTS)[rests] == 1
        self._first = np.full(_RESTS, _NOBODY, dtype=np.int32)
        self._first[rests] = np.where(alone, np.arange(len(keys)), _SEVERAL)
        several = np.flatnonzero(~alone)
        self._order = several[np.argsort(keys[several])].astype(np.int32)
        self._sorted = keys[self._order]

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def get(self, name: str) -> int | None:
        """The unit's column; None where it has none."""
        (place,) = self.named([name]).tolist()
        return place if place >= 0 else None

    def named(self, names: Sequence[str]) -> Places:
        """The units' columns, -1 where one has none."""
        return self.places_of(np.fromiter(map(key_of, names), dtype=np.int64, count=len(names)))

    def places_of(self, keys: Keys) -> Places:
        """The columns of units by their keys, -1 where one has none."""
        found = self._first[_rests(keys)]
        one, several = np.flatnonzero(found >= 0), np.flatnonzero(found == _SEVERAL)
        found[one[self.keys[found[one]] != keys[one]]] = -1
        if len(several):
            wanted = keys[several]
            at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
            found[several] = np.where(self._sorted[at] == wanted, self._order[at], np.int32(-1))
        return found


def _rests(keys: Keys) -> Keys:
    return keys >> 2 & _RESTS - 1


class DayColumns(Columns):
    """The vocabulary's columns as they are there, and behind them those of units that only these papers have. Most units of
    a day are new and never asked for."""

    def __init__(self, vocabulary: Columns, units: Iterable[Units]) -> None:
        self._vocabulary = vocabulary
        every = np.concatenate([np.zeros(0, dtype=np.int64), *(one.keys for one in units)])
        super().__init__(np.unique(every[vocabulary.places_of(every) < 0]))

    def __len__(self) -> int:
        return len(self._vocabulary) + len(self.keys)

    def places_of(self, keys: Keys) -> Places:
        """The columns of units by their keys, -1 where one has none."""
        known, new = self._vocabulary.places_of(keys), super().places_of(keys)
        return np.where((known < 0) & (new >= 0), new + np.int32(len(self._vocabulary)), known)


class Vocabulary(Columns):
    """The units that say something about the likeness of these papers, given with their texts: all but neighbours that only
    one paper has, which are most of all units. `frequency` is in how many papers each is."""

    def __init__(self, units: Sequence[Units], categories: Iterable[str]) -> None:
        every = np.concatenate([np.zeros(0, dtype=np.int64), *(one.keys for one in units)])
        owners = np.repeat(np.arange(len(units), dtype=np.int32), [len(one.keys) for one in units])
        rests = (every >> 2 & _PARTS - 1).astype(np.uint8)
        first, frequency = np.hstack([_told(every, owners, np.flatnonzero(rests == rest)) for rest in range(_PARTS)])
        # In the order of the texts, so that the columns are the same on every run, whatever the keys.
        order = np.argsort(first)
        first = first[order]
        super().__init__(every[first])
        self.frequency: Places = frequency[order].astype(np.int32)
        self.several = (self.keys & SEVERAL) != 0
        self.named_only = (self.keys & NAMED) != 0
        self._left, self._right = self._neighbours(every, first)
        names = _names(units, categories)
        self._names = [names.get(key, "") for key in self.keys.tolist()]

    def names_at(self, places: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """The units at these places."""
        names, left, right = self._names, self._left, self._right
        return [names[at] or f"{names[left[at]]} {names[right[at]]}" for at in places]

    def _neighbours(self, every: Keys, first: NDArray[np.intp]) -> tuple[Places, Places]:
        """Of units that are two neighbours the places of both words, by where they stand first: behind the second word,
        which stands behind the first one or that one's own pair."""
        pairs = np.flatnonzero(self.several & ~self.named_only)
        left, right = np.full((2, len(self)), -1, dtype=np.int32)
        at = first[pairs]
        right[pairs] = self.places_of(every[at - 1])
        left[pairs] = self.places_of(np.where(every[at - 2] & SEVERAL == 0, every[at - 2], every[at - 3]))
        return left, right


def _told(every: Keys, owners: Places, some: NDArray[np.intp]) -> NDArray[np.intp]:
    """Of the units at these places of all papers' units, which have all that are the same as one of them: where those
    stand first that say something, and in how many papers each is."""
    order = some[np.argsort(every[some], kind="stable")]
    keys, mine = every[order], owners[order]
    begins = np.flatnonzero(np.diff(keys, prepend=keys[:1] ^ 1) != 0)
    again = np.zeros(len(keys), dtype=np.intp)
    again[1:] = (keys[1:] == keys[:-1]) & (mine[1:] == mine[:-1])
    times = np.diff(begins, append=len(keys)) - (np.add.reduceat(again, begins) if len(begins) else 0)
    told = (times > 1) | (keys[begins] & SEVERAL == 0)
    return np.array([order[begins[told]], times[told]], dtype=np.intp)


def _names(units: Sequence[Units], categories: Iterable[str]) -> dict[int, str]:
    """By their keys the names of what these papers may have, but for neighbours."""
    words: set[str] = set()
    for one in units:
        words.update(one.text.split())
    words.update(f"={term.name}" for term in glossary.topics())
    words.update(term.name for term in glossary.kinds())
    words.update(f"@{category}" for category in categories)
    return {key_of(name): name for name in words}
