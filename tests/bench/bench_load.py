"""What a large Paperboy costs: many subscribed chats, their verdicts and a year of announcements in one SQLite file.

    python tests/bench/bench_load.py [--chats 100000] [--verdicts 300000] [--days 250] [--due 2000] [--past 30] \
        [--missed 6] [--world FILE]

Printed are a tick that finds nobody due (beside the bare query through sqlite3, the peer), how many chats a second get
their digest and what each stage of that takes, the memory, and by how much the file grows for a chat and a day. The due
chats are as all others: one of five has verdicts; and they have had a table each day for some weeks. With `--missed` they
had none for the last days and draw from all of these at once, which is beyond what the wanted figures are for. The world
is filled by a program of its own, so that the memory is that of serving alone; with `--world` it is kept in a file and
taken from there the next time. Everything is invented, and nothing is sent anywhere. A machine that does other things as
well shows in the chats a second, not in the processor's time.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import resource
import sqlite3
import statistics
import tempfile
import time as clocks
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.card.formulas import latex_line
from bot.chat.desk import Desk
from bot.chat.templating import Templates
from bot.chat.views import Views
from bot.digest import Digests
from bot.heap import keep_small
from bot.pull import categories
from bot.rank.direction import topic_name
from bot.rankings import Rankings
from bot.rounds import Rounds
from bot.work.embedded import Embedded
from storage import tables
from storage.database import Database
from tests.bench import load_world
from tests.bench.load_world import NOW

WANTED_A_SECOND = 200
WANTED_MB = 300
WANTED_TICK = 0.05
STAGES = {"_choose": "ranking and choosing", "_drafts": "rows", "_keep": "writing"}


def main() -> None:
    """Fill a database in another program, and measure in this one."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    load_world.add_arguments(parser)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paperboy-load-", dir=chosen.folder) as folder:
        file = Path(folder) / "load.db"
        load_world.put(file, chosen)
        asyncio.run(_measure(file, chosen.due))


async def _measure(file: Path, due: int) -> None:
    keep_small()
    begun_with = _peak()
    db = await Database.open(f"sqlite+aiosqlite:///{file}")
    counts = await _counts(db, "chats", "verdicts", "papers", "announcements")
    print(", ".join(f"{count} {name}" for name, count in counts.items()) + f", {_size(file) / 1e6:.0f} MB")
    used: defaultdict[str, float] = defaultdict(float)
    rounds = _rounds(db, used)
    jobs = Embedded(_now)
    jobs.numbered("serve", rounds.serve)
    ours = await _median(rounds.waiting)
    peer = await _median(lambda: asyncio.to_thread(_bare, file))
    _line("tick that finds nobody due", f"{ours * 1e3:.2f} ms", ours <= WANTED_TICK)
    print(f"  bare sqlite3                {peer * 1e3:10.2f} ms, ratio {ours / peer:.1f}")
    first = load_world.due_chats(counts["chats"], due)
    await make_due(db, first[:1])
    cpu_begun = clocks.process_time()
    await _serve(rounds)
    warm = clocks.process_time() - cpu_begun
    used.clear()
    print(f"  the day's first digest      {warm:10.2f} s CPU: what all chats have in common")
    alone = first[1:][::4]
    await make_due(db, alone)
    statements = _count_statements(db)
    cpu_begun = clocks.process_time()
    await _serve(rounds)
    _stages(used, clocks.process_time() - cpu_begun, len(alone))
    print(f"  statements                  {statements() / len(alone):10.2f} a chat")
    await make_due(db, sorted({*first[1:]} - {*alone}))
    before, made_before = _size(file), (await _counts(db, "digests"))["digests"]
    late: list[float] = []
    watch = asyncio.create_task(_note_delays(late))
    begun, cpu_begun = clocks.perf_counter(), clocks.process_time()
    await jobs.spread("serve", await rounds.waiting())
    took, cpu = clocks.perf_counter() - begun, clocks.process_time() - cpu_begun
    watch.cancel()
    made = (await _counts(db, "digests"))["digests"] - made_before
    _line("digests", f"{made / took:.0f} chats/s", made / took >= WANTED_A_SECOND)
    print(f"  by processor's time         {made / cpu:10.0f} chats/s, {made} made")
    print(
        f"  the loop was late by        {_quantile(late, 0.99) * 1e3:10.1f} ms (p99), {max(late) * 1e3:.0f} ms at most"
    )
    print(f"growth                        {(_size(file) - before) / made:10.0f} bytes for a chat and a day")
    _line("memory", f"{_peak():.0f} MB at most", _peak() <= WANTED_MB)
    print(f"  before anything was read    {begun_with:10.0f} MB")
    print("grows with                    chats: the tick reads only who is due; verdicts: those of the chat; days: not")
    await db.close()


async def _note_delays(late: list[float]) -> None:
    """Note by how many seconds a short sleep is late: that long a press would have to wait."""
    while True:
        begun = clocks.perf_counter()
        await asyncio.sleep(0.005)
        late.append(clocks.perf_counter() - begun - 0.005)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[int(share * (len(values) - 1))]


def _line(what: str, value: str, met: bool) -> None:
    number, _, unit = value.partition(" ")
    print(f"{what:30s}{number:>10s} {unit:16s} {'met' if met else 'MISSED'}")


def _stages(used: defaultdict[str, float], cpu: float, made: int) -> None:
    used["rows"] -= used["layout"]
    used["ranking and choosing"] -= used["ranking"]
    used["choosing"] = used.pop("ranking and choosing")
    used["all else"] = cpu - sum(used.values())
    for stage in ("reading", "ranking", "choosing", "rows", "layout", "writing", "all else"):
        print(f"  {stage:28s}{used[stage] / made * 1e3:10.2f} ms CPU a chat")


async def _serve(rounds: Rounds) -> None:
    for part in await rounds.waiting():
        await rounds.serve(part)


async def _median(work: Callable[[], Awaitable[object]], times: int = 9) -> float:
    taken = []
    for _ in range(times):
        begun = clocks.perf_counter()
        await work()
        taken.append(clocks.perf_counter() - begun)
    return statistics.median(taken)


def _bare(file: Path) -> object:
    with closing(sqlite3.connect(file)) as conn:
        return conn.execute(
            "SELECT id FROM chats WHERE subscribed = 1 AND paused = '' AND next_at <= ? LIMIT 1", ("2026-02-18",)
        ).fetchone()


def _size(file: Path) -> int:
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file.stat().st_size


def _peak() -> float:
    """The most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def _counts(db: Database, *names: str) -> dict[str, int]:
    async with db.read() as conn:
        return {
            name: int((await conn.exec_driver_sql(f"SELECT count(*) FROM {name}")).scalar_one())  # noqa: S608 - our tables
            for name in names
        }


def _count_statements(db: Database) -> Callable[[], int]:
    """Count what both connections execute from now on; executing many rows at once is one."""
    seen: list[str] = []
    for engine in (db._writer, db._reader):
        event.listen(engine.sync_engine, "before_cursor_execute", lambda *given: seen.append(str(given[2])))
    return lambda: len(seen)


async def make_due(db: Database, ids: list[int]) -> None:
    """Let the hour of these chats have come."""
    async with db.begin() as conn:
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            await conn.execute(tables.chats.update().where(tables.chats.c.id.in_(some)).values(next_at=NOW))


def _rounds(db: Database, used: defaultdict[str, float]) -> Rounds:
    """The rounds as the program makes them; what its stages take is added up in `used`."""
    views = Views(Templates(topic=topic_name, category=lambda code: categories.names().get(code, code)))
    nothing: Any = None
    desk = Desk(
        subscriptions=nothing,
        digests=nothing,
        reading=nothing,
        feedback=nothing,
        explanations=nothing,
        learning=nothing,
        replays=nothing,
        library=nothing,
        status=nothing,
        views=views,
        latex_line=latex_line,
        clock=_now,
        plan=nothing,
    )
    rankings = Rankings(db, _now)
    digests = Digests(db, _now, _idle, _idle, rankings=rankings)
    _time(rankings, "rank_many", "ranking", used)
    _time(rankings, "features_of_days", "ranking", used)
    _time(digests._materials, "read", "reading", used)
    for name, stage in STAGES.items():
        _time(digests, name, stage, used)

    def lay_out(view: Any) -> Any:
        begun = clocks.process_time()
        try:
            return desk.digest_bodies(view)
        finally:
            used["layout"] += clocks.process_time() - begun

    return Rounds(db, digests, nothing, _now, lay_out=lay_out, lay_out_note=desk.quiet_bodies)


def _time(owner: Any, name: str, stage: str, used: defaultdict[str, float]) -> None:
    """Add what a method takes to `used`."""
    work = getattr(owner, name)

    @functools.wraps(work)
    async def timed(*given: Any, **named: Any) -> Any:
        begun = clocks.process_time()
        try:
            return await work(*given, **named)
        finally:
            used[stage] += clocks.process_time() - begun

    setattr(owner, name, timed)


def _now() -> datetime:
    return NOW


async def _idle(*_: object) -> None:
    """The outside has nothing new."""


if __name__ == "__main__":
    main()
