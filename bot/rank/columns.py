"""Where the units of a day's papers stand in a table of counts: those of past papers, and those that are new."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from bot.rank.units import Units

Places = NDArray[np.int32]


class Columns:
    """A column for each unit: the vocabulary's as they are there, and behind them those that only the day's papers have,
    which are found by their hashes. Most units of a day are new and never asked for, and their names would take more memory
    than all else that is known of its papers."""

    def __init__(self, vocabulary: Mapping[str, int], units: Iterable[Units] = ()) -> None:
        self._vocabulary = vocabulary
        new = [_hashes(name for name in one.names if name not in vocabulary) for one in units]
        self._new = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *new]))

    def __len__(self) -> int:
        return len(self._vocabulary) + len(self._new)

    def get(self, name: str) -> int | None:
        """The unit's column; None where no paper has it."""
        (place,) = self.places_of([name]).tolist()
        return place if place >= 0 else None

    def places_of(self, names: Sequence[str]) -> Places:
        """The units' columns, -1 where no paper has one."""
        places = np.fromiter(map(self._vocabulary.get, names, repeat(-1)), dtype=np.int32, count=len(names))
        unknown = np.flatnonzero(places < 0)
        if len(unknown) and len(self._new):
            hashes = _hashes(names[at] for at in unknown.tolist())
            at = np.minimum(np.searchsorted(self._new, hashes), len(self._new) - 1)
            places[unknown] = np.where(self._new[at] == hashes, len(self._vocabulary) + at, -1)
        return places


def _hashes(names: Iterable[str]) -> NDArray[np.int64]:
    return np.fromiter(map(hash, names), dtype=np.int64)
