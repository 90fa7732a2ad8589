"""How much one reader may have done at once that keeps others waiting: texts from arXiv's one connection, cards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from bot.errors import TooMuch

MOST = 10
"""Papers that are being read for one reader at once: at arXiv's pace that is some minutes' work."""


class Allowance:
    """Counts what is under way for each reader, at most `most` at once."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._under_way: Counter[int] = Counter()

    @contextmanager
    def of(self, reader_id: int) -> Iterator[None]:
        """Inside, one more is under way for this reader.

        Raises:
            TooMuch: it is one too many.
        """
        if self._under_way[reader_id] >= self._most:
            raise TooMuch(self._most)
        self._under_way[reader_id] += 1
        try:
            yield
        finally:
            self._under_way[reader_id] -= 1
            if not self._under_way[reader_id]:
                del self._under_way[reader_id]
