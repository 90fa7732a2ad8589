"""What the Bot API server has been seen not to offer, so that it is not asked for it again and again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from bot.chat.transport import UnknownMethod

log = logging.getLogger(__name__)

ASK_AGAIN = timedelta(hours=1)
"""A server that does not know a method may be replaced by one that does."""

MOST_REASONS = 200


class Offers:
    """Methods that the server does not know, for an hour each, and the reasons of refusals that were written down."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._missing_until: dict[str, datetime] = {}
        self._reasons: set[str] = set()

    def has(self, method: str) -> bool:
        """Whether the method is worth asking for."""
        until = self._missing_until.get(method)
        return until is None or self._clock() >= until

    def must_have(self, method: str) -> None:
        """Raises UnknownMethod where the method is known to be missing."""
        if not self.has(method):
            raise UnknownMethod(f"{method}: the server does not know this method")

    def refused(self, method: str, error: Exception) -> None:
        """A call of the method was refused; the reason is written down once."""
        if isinstance(error, UnknownMethod):
            self._missing_until[method] = self._clock() + ASK_AGAIN
        reason = f"{method}: {error}".casefold()
        if reason not in self._reasons and len(self._reasons) < MOST_REASONS:
            self._reasons.add(reason)
            log.warning("%s was refused, and what it was to show goes another way: %s", method, error)
