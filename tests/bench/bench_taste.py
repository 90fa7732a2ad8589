"""How fast tables follow a taste that turns, and whether every reason can be taken away: through the chat alone.

    python tests/bench/bench_taste.py [--days 90] [--turn 60] [--audit-every 10]

A reader likes one theme, turns to another after `--turn` announcement days, and judges the first rows of every table by
the buttons under its cards; a group has one loud and one quiet member, who open what is on their theme first. Everything goes over a Bot API on loopback. What
is printed is what a person sees: the themes of the rows, before the turn and by the day after it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
from pathlib import Path

from bot.playground.control import Playground
from bot.playground.state import User
from storage.database import Database
from tests.support.chat_bot import ChatBot, chat_bot
from tests.support.invented_months import THEMES, Announcements, Simulation, weekdays
from tests.support.movable_clock import MovableClock

BEFORE, AFTER = "protein", "galaxy"


def main() -> None:
    """Live through the months and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--turn", type=int, default=60)
    parser.add_argument("--audit-every", type=int, default=10)
    asyncio.run(_run(parser.parse_args()))


async def _run(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, live in (("reader", _reader), ("group", _group)):
            clock = MovableClock()
            db = await Database.open(f"sqlite+aiosqlite:///{Path(folder) / name}.db")
            try:
                async with (
                    Playground(clock=clock, rng=random.Random(7)) as playground,
                    chat_bot(db, playground, clock) as bot,
                ):
                    await live(bot, clock, chosen)
            finally:
                await db.close()


async def _reader(bot: ChatBot, clock: MovableClock, chosen: argparse.Namespace) -> None:
    ada = bot.playground.add_user("Ada")
    life = Simulation(
        bot,
        clock,
        bot.playground.private(ada),
        Announcements(),
        lambda day, _: BEFORE if day < chosen.turn else AFTER,
    )
    await life.begin(ada)
    for number, day in enumerate(weekdays(chosen.days)):
        table = await life.live(day, {ada: 5})
        if number % chosen.audit_every == chosen.audit_every - 1:
            await life.audit(ada, table)
        print(f"day {number + 1:3}: {life.days.share(BEFORE, slice(number, number + 1)):4.0%} {BEFORE}, ", end="")
        print(f"{life.days.share(AFTER, slice(number, number + 1)):4.0%} {AFTER}", flush=True)
    turned = slice(chosen.turn, chosen.days)
    followed = next(
        (
            at - chosen.turn + 1
            for at in range(chosen.turn, chosen.days)
            if life.days.share(AFTER, slice(at, at + 1)) > life.days.share(BEFORE, slice(at, at + 1))
        ),
        None,
    )
    print(f"rows on the reader's theme in the ten days before the turn: {_share(life, BEFORE, chosen.turn):.0%}")
    print(f"days after the turn until the new theme leads: {followed or 'never'}")
    print(f"rows on the new theme after the turn: {life.days.share(AFTER, turned):.0%} (chance: {1 / len(THEMES):.0%})")
    print(f"explanations whose shares add up and whose first reason, ruled out, lowered the paper: {life.audits}")


async def _group(bot: ChatBot, clock: MovableClock, chosen: argparse.Namespace) -> None:
    ada, mei = bot.playground.add_user("Ada"), bot.playground.add_user("Mei")
    place = bot.playground.add_group("Readers", ada, [mei])
    await bot.playground.join(place, bot.playground.bot)

    def likes(_: int, who: User) -> str:
        return BEFORE if who is ada else AFTER

    life = Simulation(bot, clock, place, Announcements(), likes, picks=True)
    await life.begin(ada)
    days = max(chosen.days // 6, 5)
    for day in weekdays(days):
        await life.live(day, {ada: 8, mei: 2})
    late = life.days.themes[days // 2 :]
    for who, theme in ((ada, BEFORE), (mei, AFTER)):
        rows = [day.count(theme) for day in late]
        said = f"{life.said[who.name, True]} likes and {life.said[who.name, False]} dislikes"
        print(f"group: {sum(rows)} of {sum(map(len, late))} rows on {theme} for {who.name} with {said}; by day: {rows}")


def _share(life: Simulation, theme: str, turn: int) -> float:
    return life.days.share(theme, slice(max(turn - 10, 0), turn))


if __name__ == "__main__":
    main()
