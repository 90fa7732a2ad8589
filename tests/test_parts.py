"""Parts: few of them cover everybody who is due, and none is large."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest

from bot.parts import BLOCK, MOST, ids_of, parts_of
from tests.support.builders import NOW


@pytest.mark.parametrize("of", [1, 3, 40, 2000])
def test_parts_cover_everybody_once(of: int) -> None:
    """Whether everybody is due or one in thousands: each due chat is in exactly one part, no part has too many, and
    there are about as few parts as can be."""
    rng = random.Random(of)
    due = [chat_id for chat_id in range(1, 40_001) if rng.randrange(of) == 0]
    blocks = sorted(Counter(chat_id // BLOCK for chat_id in due).items())
    parts = parts_of((number, count, NOW) for number, count in blocks)
    served = [sum(chat_id in ids_of(part) for chat_id in due) for part in parts]
    assert sum(served) == len(due)
    assert len(set(parts)) == len(parts)
    assert max(served) <= MOST
    assert len(parts) <= 2 * len(due) / MOST + 1
    for one in parts:
        for other in parts:
            assert one == other or not set(ids_of(one)[:1]) & set(ids_of(other))


def test_the_longest_waiting_come_first() -> None:
    """Parts are in the order in which somebody in them has been waiting."""
    full = [(number * 64, BLOCK, NOW - timedelta(minutes=number % 7)) for number in range(20)]
    full += [(number * 64 + 1, MOST, NOW - timedelta(minutes=number % 7, seconds=1)) for number in range(20)]
    since = {ids_of(part): part for part in parts_of(full)}
    waited = [max(NOW - begun for number, _, begun in full if number * BLOCK in ids) for ids in since]
    assert waited == sorted(waited, reverse=True)


def test_nobody_due_is_no_part() -> None:
    """Without anybody there is nothing to serve; a single chat is one part, wherever it is."""
    assert parts_of([]) == []
    for number in (0, 1, 12_345, 2**40):
        (part,) = parts_of([(number, 1, NOW)])
        assert number * BLOCK in ids_of(part)
