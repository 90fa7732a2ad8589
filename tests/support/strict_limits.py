"""Telegram's limits, held strictly: a mishap for the small Bot API server."""

from __future__ import annotations

from collections import defaultdict, deque

from tests.support.tiny_bot_api import Call, Reply, refusal

OVERALL = 30
"""Messages and edits within a second."""

PRIVATE = 3
"""Messages within a second to one private chat: short bursts are tolerated."""

GROUP = 20
"""Messages within a minute to one group."""


class StrictLimits:
    """Counts in sliding windows and refuses whatever is too much."""

    def __init__(self) -> None:
        self.refused = 0
        self._overall: deque[float] = deque()
        self._chats: dict[int, deque[float]] = defaultdict(deque)

    def __call__(self, call: Call) -> Reply | None:
        """A refusal, or None where the call is within the limits."""
        if not call.method.startswith(("send", "edit")) or call.method == "sendChatAction":
            return None
        chat = call.chat()
        own = self._chats[chat]
        for times, window in ((self._overall, 1.0), (own, 1.0 if chat > 0 else 60.0)):
            while times and times[0] <= call.at - window:
                times.popleft()
        if len(self._overall) >= OVERALL or len(own) >= (PRIVATE if chat > 0 else GROUP):
            self.refused += 1
            return refusal(429, "Too Many Requests: retry after 1", retry_after=1)
        for times in (self._overall, own):
            times.append(call.at)
        return None
