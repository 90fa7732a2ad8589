"""Whether a message that was not surely sent is tried again, and when: a decision over what happened and how often."""

from __future__ import annotations

import random
import re

from bot.chat.outcome import ChatGone, InDoubt, Migrated, Outcome, Refused, Retry, ThreadClosed
from bot.model import Delivery

MOST_ATTEMPTS = 16
"""How often a message is tried: over some seven hours, with growing waits."""

FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0
"""Seconds before the second and before any later attempt: doubled each time, up to the longest."""

MOST_LATE = 1
MOST_BROKEN = 3
"""How often a message is sent again that may have arrived: once when the answer took too long or did not arrive whole,
which usually means that it did; some times more when the connection broke, which usually happens before Telegram took it."""


def verdict(delivery: Delivery, outcome: Outcome, rng: random.Random) -> tuple[str, float | None]:
    """The reason to write down for a message that was not surely sent, and the seconds until the next attempt; None: no
    further one."""
    doubts = doubts_of(delivery.reason)
    match outcome:
        case Retry():
            wait = growing(delivery.attempts, rng)
            if wait is not None and outcome.wait is not None:
                wait = outcome.wait
            return (in_doubt(doubts, outcome.reason) if doubts else outcome.reason), wait
        case InDoubt():
            again = doubts < (MOST_BROKEN if outcome.broken else MOST_LATE)
            return in_doubt(doubts + 1, outcome.reason), growing(delivery.attempts, rng) if again else None
        case ChatGone() | Refused() | ThreadClosed():
            return outcome.reason, None
        case Migrated():
            return "migrated again", growing(delivery.attempts, rng)


def in_doubt(times: int, reason: str) -> str:
    """The reason of a message that may have arrived, with how often that happened, so that it survives a restart."""
    return f"in doubt ({times}): {reason}"


def doubts_of(reason: str) -> int:
    """How often a message with this reason may have arrived already."""
    found = re.match(r"in doubt \((\d+)\)", reason)
    return int(found[1]) if found else 0


def growing(attempts: int, rng: random.Random) -> float | None:
    """Seconds to wait after so many attempts, a fifth more or less by chance; None when there have been enough."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return min(FIRST_WAIT * 2.0 ** max(0, attempts - 1), LONGEST_WAIT) * rng.uniform(0.8, 1.2)
