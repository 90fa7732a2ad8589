"""Which pictures Telegram has already, by what is on them, so that none is drawn and sent up twice."""

from __future__ import annotations

from collections import OrderedDict

MOST_KNOWN = 2000


class Drawings:
    """Telegram's names of pictures."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, str] = OrderedDict()

    def get(self, key: str) -> str | None:
        """Telegram's name of the picture."""
        return self._known.get(key)

    def put(self, key: str, file_id: str) -> None:
        """Telegram has it under this name; the oldest of very many are forgotten."""
        self._known[key] = file_id
        while len(self._known) > MOST_KNOWN:
            self._known.popitem(last=False)

    def drop(self, key: str) -> None:
        """Telegram does not have it any more."""
        self._known.pop(key, None)
