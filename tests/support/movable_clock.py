"""A clock that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class MovableClock:
    """Says `now` when called; stands still until it is moved."""

    def __init__(self, now: datetime = datetime(2026, 2, 19, 8, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """The moment it stands at."""
        return self.now

    def advance(self, *, seconds: float = 0, hours: float = 0) -> None:
        """Moves forward."""
        self.now += timedelta(seconds=seconds, hours=hours)
