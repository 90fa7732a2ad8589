"""Telegram's limits, held strictly: whatever is too much is refused, counted in several ways at once."""

from __future__ import annotations

from collections import Counter, deque

from tests.support.tiny_bot_api import Call, Reply, refusal

OVERALL = 30
"""Messages and edits within a second."""

PRIVATE = 3
"""Messages within a second to one private chat: short bursts are tolerated."""

GROUP = 20
"""Messages within a minute to one group."""


class Sliding:
    """At most so many within any window of so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._times: deque[float] = deque()

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        while self._times and self._times[0] <= now - self._window:
            self._times.popleft()
        return len(self._times) >= self._most

    def count(self, now: float) -> None:
        """One more."""
        self._times.append(now)


class Fixed:
    """At most so many between two ticks of a clock that ticks every so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._counts: Counter[int] = Counter()

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        return self._counts[int(now / self._window)] >= self._most

    def count(self, now: float) -> None:
        """One more."""
        self._counts[int(now / self._window)] += 1


class Bucket:
    """A bucket of so many tokens that fills up within so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._per_second = most, most / window
        self._tokens, self._at = float(most), 0.0

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return self._tokens < 1

    def count(self, now: float) -> None:
        """One more."""
        self._tokens -= 1


WAYS = (Sliding, Fixed, Bucket)


class Meters:
    """Counts messages and edits over all chats and in each; `refused` are those that were too much, by the way of counting
    that said so first."""

    def __init__(self) -> None:
        self.refused: Counter[str] = Counter()
        self._overall = [way(OVERALL, 1.0) for way in WAYS]
        self._chats: dict[int, list[Sliding | Fixed | Bucket]] = {}

    def admits(self, chat: int, now: float) -> bool:
        """Whether a message to the chat is within all limits; it counts if it is."""
        if chat not in self._chats:
            self._chats[chat] = [way(PRIVATE, 1.0) if chat > 0 else way(GROUP, 60.0) for way in WAYS]
        meters = [*self._overall, *self._chats[chat]]
        full = next((type(meter).__name__.lower() for meter in meters if meter.full(now)), "")
        if full:
            self.refused[full] += 1
            return False
        for meter in meters:
            meter.count(now)
        return True


def limited(method: str) -> bool:
    """Whether Telegram's limits are about this method."""
    return method.startswith(("send", "edit")) and method != "sendChatAction"


class StrictLimits:
    """The limits as a mishap for the small Bot API server."""

    def __init__(self) -> None:
        self._meters = Meters()

    @property
    def refused(self) -> int:
        """How many messages were too much."""
        return self._meters.refused.total()

    def __call__(self, call: Call) -> Reply | None:
        """A refusal, or None where the call is within the limits."""
        if not limited(call.method) or self._meters.admits(call.chat(), call.at):
            return None
        return refusal(429, "Too Many Requests: retry after 1", retry_after=1)
