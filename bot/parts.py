"""Parts: neighbouring chats that are served in one go, by whoever is free.

A part is a range of ids that is known by one number, so that it can be handed to another program: ids are halved into
ever smaller ranges as in a tree, and the number says which range at which height. Where few chats are due, the ranges
are wide; where all are due at once, they are narrow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

MOST = 48
"""Chats that are served in one go: enough that what they have in common is read once, few enough that nothing else
waits for long, and that little is lost where a program ends in between."""

BLOCK = 16
"""Ids in the narrowest range."""

_HEIGHTS = 64

Block = tuple[int, int, datetime]
"""A block's number, how many of its chats are due, and since when the longest waiting one is."""


def parts_of(blocks: Iterable[Block]) -> list[int]:
    """The numbers of few parts that cover these blocks, none of which has more than `MOST` due chats unless one block
    has; the longest waiting first."""
    found: list[tuple[datetime, int]] = []
    ranges = {number: (due, since) for number, due, since in blocks}
    divided: set[int] = set()  # ranges of this height of which narrower ones are parts already
    height = 0
    while ranges:
        halves: defaultdict[int, list[int]] = defaultdict(list)
        for number in ranges:
            halves[number // 2].append(number)
        last = len(ranges) == 1 and not divided
        above = {number // 2 for number in divided}
        wider: dict[int, tuple[int, datetime]] = {}
        for whole, numbers in halves.items():
            due = sum(ranges[number][0] for number in numbers)
            if due > MOST or whole in above or last:
                found += [(ranges[number][1], number * _HEIGHTS + height) for number in numbers]
                above.add(whole)
            else:
                wider[whole] = (due, min(ranges[number][1] for number in numbers))
        ranges, divided = wider, above
        height += 1
    return [part for _, part in sorted(found)]


def ids_of(part: int) -> range:
    """The chats' ids that belong to a part."""
    number, height = divmod(part, _HEIGHTS)
    width = BLOCK << height
    return range(number * width, (number + 1) * width)
