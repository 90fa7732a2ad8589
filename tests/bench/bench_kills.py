"""A broadcast whose sender is killed at random moments: who was missed, and what came twice.

    python tests/bench/bench_kills.py [--chats 1500] [--kills 50]

Beside what is allowed: nobody missed, and at each kill at most what was in flight. On loopback, in a folder that goes away.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sqlite3
import tempfile
import time
from contextlib import closing

from tests.support.kills import AT_ONCE, broadcast


def main() -> None:
    """Send, kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chats", type=int, default=1500)
    parser.add_argument("--kills", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paperboy-kills-") as folder:
        file = f"{folder}/kills.db"
        begun = time.perf_counter()
        outcome = asyncio.run(
            broadcast(f"sqlite+aiosqlite:///{file}", chosen.chats, chosen.kills, random.Random(time.time_ns()))
        )
        again = sum(times - 1 for times in outcome.times.values())
        with closing(sqlite3.connect(file)) as conn:
            sound = conn.execute("PRAGMA integrity_check").fetchone()[0]
        print(f"{outcome.kills} kills while {chosen.chats} chats were served, {time.perf_counter() - begun:.0f} s")
        print(f"chats without their message   {chosen.chats - len(outcome.times):6d}   allowed 0")
        print(f"messages that came again      {again:6d}   in flight at kills: at most {outcome.kills * AT_ONCE}")
        print(f"database                      {sound:>6}")


if __name__ == "__main__":
    main()
