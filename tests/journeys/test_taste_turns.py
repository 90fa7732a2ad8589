"""A taste that turns, and a group with one loud and one quiet member, through the chat alone."""

from __future__ import annotations

import random

from bot.playground.control import Playground
from bot.playground.state import User
from storage.database import Database
from tests.support.chat_bot import chat_bot
from tests.support.invented_months import THEMES, Announcements, Simulation, weekdays
from tests.support.movable_clock import MovableClock

BEFORE, AFTER = "protein", "galaxy"


async def test_a_table_follows_a_taste_that_turns(db: Database) -> None:
    """Whoever liked one theme and then likes another gets the other; every explanation on the way adds up, and what
    is ruled out no longer speaks."""
    clock = MovableClock()
    async with Playground(clock=clock, rng=random.Random(7)) as playground, chat_bot(db, playground, clock) as bot:
        ada = playground.add_user("Ada")
        place = playground.private(ada)
        life = Simulation(bot, clock, place, Announcements(), lambda day, _: BEFORE if day < 3 else AFTER, picks=True)
        await life.begin(ada)
        for number, day in enumerate(weekdays(7)):
            table = await life.live(day, {ada: 3})
            if number in {2, 5}:
                await life.audit(ada, table)
    chance = 1 / len(THEMES)
    assert life.audits == 2
    assert life.days.share(BEFORE, slice(1, 4)) > 3 * chance
    assert life.days.share(AFTER, slice(5, 7)) > max(2 * chance, life.days.share(BEFORE, slice(5, 7)))


async def test_a_quiet_member_of_a_group_is_heard(db: Database) -> None:
    """One member judges six rows a day and another one: both find their theme in the group's table well above chance."""
    clock = MovableClock()
    async with Playground(clock=clock, rng=random.Random(7)) as playground, chat_bot(db, playground, clock) as bot:
        ada, mei = playground.add_user("Ada"), playground.add_user("Mei")
        place = playground.add_group("Readers", ada, [mei])
        await playground.join(place, playground.bot)

        def likes(_: int, who: User) -> str:
            return BEFORE if who is ada else AFTER

        life = Simulation(bot, clock, place, Announcements(), likes, picks=True)
        await life.begin(ada)
        for day in weekdays(5):
            await life.live(day, {ada: 6, mei: 1})
    late = life.days.themes[3:]
    assert life.said["Mei", True] <= 5
    assert all(rows.count(BEFORE) >= 2 and rows.count(AFTER) >= 2 for rows in late), late
