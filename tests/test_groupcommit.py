"""A group commit: what is asked for at about the same time is done in one go, and everybody gets their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.groupcommit import GroupCommit


class Clerk:
    """Doubles numbers, as many at once as are handed in, a few rounds of the event loop later."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, wishes: Sequence[int]) -> list[int]:
        """Fulfils the wishes."""
        self.batches.append(list(wishes))
        self.begun.set()
        for _ in range(5):
            await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return [2 * wish for wish in wishes]


async def test_everybody_gets_their_own_answer() -> None:
    """In the order in which they came, in as few goes as it takes; a later wish is fulfilled as well."""
    clerk = Clerk()
    commits: GroupCommit[int, int] = GroupCommit(clerk)
    assert await asyncio.gather(*(commits.ask(n) for n in range(50))) == [2 * n for n in range(50)]
    assert clerk.batches == [list(range(50))]
    assert await commits.ask(7) == 14


async def test_wishes_gather_while_others_are_fulfilled() -> None:
    """Nobody waits for a crowd: the first go begins at once, and takes in the next one who came meanwhile."""
    clerk = Clerk()
    commits: GroupCommit[int, int] = GroupCommit(clerk)
    first = asyncio.ensure_future(commits.ask(1))
    await clerk.begun.wait()
    others = [asyncio.ensure_future(commits.ask(n)) for n in (2, 3)]
    assert await asyncio.gather(first, *others) == [2, 4, 6]
    assert clerk.batches == [[1], [2, 3]]


async def test_no_more_than_so_many_at_once() -> None:
    """A crowd is fulfilled in portions."""
    clerk = Clerk()
    commits: GroupCommit[int, int] = GroupCommit(clerk, most=4)
    await asyncio.gather(*(commits.ask(n) for n in range(10)))
    assert [len(batch) for batch in clerk.batches] == [4, 4, 2]


async def test_a_failure_is_everybodys_and_the_next_go_is_a_new_one() -> None:
    """Who asked together is told together."""
    clerk = Clerk()
    commits: GroupCommit[int, int] = GroupCommit(clerk)
    clerk.error = ValueError("broken")
    results = await asyncio.gather(*(commits.ask(n) for n in range(3)), return_exceptions=True)
    assert [str(one) for one in results] == ["broken"] * 3
    clerk.error = None
    assert await commits.ask(1) == 2


async def test_who_gives_up_leaves_the_others_alone() -> None:
    """A wish whose owner is cancelled may still be fulfilled; the others get their answers."""
    clerk = Clerk()
    commits: GroupCommit[int, int] = GroupCommit(clerk)
    patient, hasty = (asyncio.ensure_future(commits.ask(n)) for n in (1, 2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert await patient == 2
    with pytest.raises(asyncio.CancelledError):
        await hasty
