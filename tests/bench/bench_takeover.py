"""Four programs share a broadcast on PostgreSQL; whoever sends is killed or stopped, and another one goes on: how soon?

    python tests/bench/bench_takeover.py [--chats 600] [--misfortunes 6] [--seed 1]

Needs the PostgreSQL server that TEST_POSTGRES_URL names (by default the one on this machine). Telegram, which keeps its
limits strictly, and arXiv are on loopback; the database goes away, and everything ends by itself when everybody has been
served. Beside each figure stands what is allowed.
"""

from __future__ import annotations

import argparse
import asyncio
import random

from bot.commandline import Role
from tests.support.databases import new_database
from tests.support.programs import CATEGORIES, IN_FLIGHT, Misfortune, Outcome, disturbed_day

WITHIN = 30.0
"""Seconds within which another one must have taken over."""


def main() -> None:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chats", type=int, default=600)
    parser.add_argument("--misfortunes", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rng = random.Random(chosen.seed)
    happen = [rng.choice(list(Misfortune)) for _ in range(chosen.misfortunes)]
    with new_database() as url:
        outcome = asyncio.run(disturbed_day(url, rng, roles=(Role.ALL,) * 4, many=chosen.chats, misfortunes=happen))
    show(outcome, chosen.chats, happen)


def show(outcome: Outcome, many: int, happened: list[Misfortune]) -> None:
    """The figures."""
    print(f"{many} chats, 4 programs; {', '.join(happened)}")
    for takeover in outcome.takeovers:
        print(f"taken over after {takeover.misfortune:<15} {takeover.seconds:6.1f} s   allowed {WITHIN:.0f}")
    print(f"chats without their table         {many - len(outcome.times):6d}     allowed 0")
    print(f"tables that came again            {outcome.again:6d}     allowed {IN_FLIGHT * len(happened)}")
    print(f"sent beside another sender        {outcome.beside:6d}     allowed 0")
    print(f"refusals (429)                    {outcome.refused:6d}     allowed 0")
    for category in CATEGORIES:
        asked = outcome.asked[f"/list/{category}/new"]
        print(f"listing {category} asked for          {asked:6d}     once, and after a kill in the middle again")


if __name__ == "__main__":
    main()
