"""An embedding model's vectors of papers and of stated interests, where such a model is configured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.model import Paper

Vector = NDArray[np.float32]


class Vectors:
    """Vectors by paper id and version, and by text. Whoever has more of them adds them before something is ranked; what
    has none is compared by its words alone. All are of one model and so of one length."""

    def __init__(self) -> None:
        self.papers: dict[tuple[str, int], Vector] = {}
        self.texts: dict[str, Vector] = {}

    def of_papers(self, papers: Sequence[Paper]) -> tuple[Vector, NDArray[np.bool_]]:
        """One row per paper, zeros where it has none, and which have one."""
        found = [self.papers.get((paper.id, paper.version)) for paper in papers]
        known = np.array([vector is not None for vector in found], dtype=bool)
        rows = np.zeros((len(papers), self.length), dtype=np.float32)
        for at, vector in enumerate(found):
            if vector is not None:
                rows[at] = vector
        return rows, known

    @property
    def length(self) -> int:
        """How many numbers a vector has; 0 while there is none."""
        for kept in (self.papers, self.texts):
            for vector in kept.values():
                return len(vector)
        return 0
