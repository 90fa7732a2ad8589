"""Whether a message that was not surely sent is tried again, and when: a decision over what happened and how often."""

from __future__ import annotations

import random

from bot.chat.outcome import ChatGone, InDoubt, Migrated, Outcome, Refused, Retry, ThreadClosed
from bot.model import Delivery

MOST_ATTEMPTS = 16
"""How often a message is tried: over some seven hours, with growing waits."""

FIRST_WAIT = 5.0
LONGEST_WAIT = 3600.0
"""Seconds before the second and before any later attempt: doubled each time, up to the longest."""

MOST_BROKEN = 4
"""How often a message is tried whose connection breaks each time: that usually happens before Telegram took it."""

IN_DOUBT = "in doubt"
"""How the reason of a message begins that may have been sent already."""


def verdict(delivery: Delivery, outcome: Outcome, rng: random.Random) -> tuple[str, float | None]:
    """The reason to write down for a message that was not surely sent, and the seconds until the next attempt; None: no
    further one."""
    doubted = delivery.reason.startswith(IN_DOUBT)
    match outcome:
        case Retry():
            reason = f"{IN_DOUBT}; {outcome.reason}" if doubted else outcome.reason
            if outcome.wait is not None:
                return reason, outcome.wait if delivery.attempts < MOST_ATTEMPTS else None
            return reason, growing(delivery.attempts, rng)
        case InDoubt():
            again = not doubted or (outcome.broken and delivery.attempts < MOST_BROKEN)
            return f"{IN_DOUBT}: {outcome.reason}", growing(delivery.attempts, rng) if again else None
        case ChatGone() | Refused() | ThreadClosed():
            return outcome.reason, None
        case Migrated():
            return "migrated", growing(delivery.attempts, rng)


def growing(attempts: int, rng: random.Random) -> float | None:
    """Seconds to wait after so many attempts, a fifth more or less by chance; None when there have been enough."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return min(FIRST_WAIT * 2.0 ** max(0, attempts - 1), LONGEST_WAIT) * rng.uniform(0.8, 1.2)
