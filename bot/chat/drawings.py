"""Which pictures Telegram has already, by what is on them, and which are being made, so that none is made twice."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_KNOWN = 2000
AT_ONCE = 2
"""Pictures drawn side by side: each takes a processor."""


class Drawings:
    """Telegram's names of pictures."""

    def __init__(self) -> None:
        self.room = asyncio.Semaphore(AT_ONCE)
        """Whoever draws holds it."""
        self._known: OrderedDict[str, str] = OrderedDict()
        self._under_way: set[tuple[int, str]] = set()

    @asynccontextmanager
    async def alone(self, chat_id: int, key: str) -> AsyncIterator[bool]:
        """Whether nobody else is showing this picture to the chat at this moment."""
        first = (chat_id, key) not in self._under_way
        self._under_way.add((chat_id, key))
        try:
            yield first
        finally:
            if first:
                self._under_way.discard((chat_id, key))

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
