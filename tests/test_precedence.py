"""Work that nobody waits for stands back while somebody is being answered, but goes on at all times."""

from __future__ import annotations

import asyncio

from bot.precedence import LONGEST, Precedence


async def test_nobody_waiting_costs_a_breath() -> None:
    """Others take their steps in it."""
    steps = 0

    async def others() -> None:
        nonlocal steps
        for _ in range(5):
            await asyncio.sleep(0)
            steps += 1

    task = asyncio.create_task(others())
    await Precedence().give_way()
    assert steps == 5
    await task


async def test_work_goes_on_when_the_last_one_is_answered() -> None:
    """Also where one says so twice."""
    precedence = Precedence()
    served = [precedence.waits() for _ in range(3)]
    way = asyncio.create_task(precedence.give_way())
    served[0]()
    served[0]()
    served[1]()
    await asyncio.sleep(0.01)
    assert not way.done()
    served[2]()
    await asyncio.wait_for(way, LONGEST)


async def test_work_is_never_held_up_for_good() -> None:
    """Somebody who is never answered costs each step a moment."""
    precedence = Precedence()
    precedence.waits()
    async with asyncio.timeout(100 * LONGEST):
        for _ in range(3):
            await precedence.give_way()
