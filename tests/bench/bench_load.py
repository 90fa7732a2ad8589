"""What a large Paperboy costs: many subscribed chats, their verdicts and a year of announcements in one SQLite file.

    python tests/bench/bench_load.py [--chats 100000] [--verdicts 300000] [--days 250] [--due 2000] [--folder DIR]

Printed are a tick that finds nobody due (beside the bare query through sqlite3, the peer), how many chats a second get
their digest, the memory, and by how much the file grows for a chat and a day. Everything is invented, in a folder that
goes away; nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import sqlite3
import statistics
import tempfile
import time as clocks
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from bot.card.formulas import latex_line
from bot.chat.desk import Desk
from bot.chat.templating import Templates
from bot.chat.views import Views
from bot.digest import Digests
from bot.model import ChatKind
from bot.pull import categories
from bot.rank.direction import topic_name
from bot.rounds import Rounds
from storage import tables
from storage.database import Database

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
CATEGORIES = (
    "cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO", "stat.ML", "cs.IR", "cs.CR", "cs.SE", "cs.HC", "math.OC", "eess.IV",
    "cs.DC", "quant-ph", "cond-mat.str-el", "astro-ph.GA", "hep-th", "q-bio.NC", "econ.EM", "physics.flu-dyn",
)  # fmt: skip
A_DAY = 1000
WORDS = 4000
BATCH = 5000


def main() -> None:
    """Fill a database and measure."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chats", type=int, default=100_000)
    parser.add_argument("--verdicts", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--due", type=int, default=2000)
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="paperboy-load-", dir=chosen.folder) as folder:
        asyncio.run(_measure(Path(folder) / "load.db", chosen.chats, chosen.verdicts, chosen.days, chosen.due))


async def _measure(file: Path, many: int, verdicts: int, days: int, due: int) -> None:
    url = f"sqlite+aiosqlite:///{file}"
    db = await Database.open(url)
    begun = clocks.perf_counter()
    await _fill(db, many, verdicts, days)
    print(f"filled with {many} chats, {verdicts} verdicts, {days} days in {clocks.perf_counter() - begun:.0f} s")
    print(f"file                          {_size(file) / 1e6:10.0f} MB")
    rounds = _rounds(db)
    ours = await _median(rounds.waiting)
    peer = await _median(lambda: asyncio.to_thread(_bare, file))
    print(
        f"tick that finds nobody due    {ours * 1e3:10.2f} ms   bare sqlite3 {peer * 1e3:.2f} ms, ratio {ours / peer:.1f}"
    )
    await _make_due(db, due)
    before = _size(file)
    begun, used = clocks.perf_counter(), clocks.process_time()
    await rounds.due()
    took, cpu = clocks.perf_counter() - begun, clocks.process_time() - used
    made = await _digests(db)
    print(
        f"digests                       {made / took:10.0f} chats/s, {cpu / max(made, 1) * 1e3:.2f} ms CPU each, {made} of {due}"
    )
    print(f"growth                        {(_size(file) - before) / max(made, 1):10.0f} bytes for a chat and a day")
    print(f"memory                        {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:10.0f} MB at most")
    print("grows with                    chats: the tick reads only who is due; verdicts: those of the chat; days: not")
    await db.close()


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


def _rounds(db: Database) -> Rounds:
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
        clock=lambda: NOW,
        plan=nothing,
    )
    digests = Digests(db, lambda: NOW, _idle, _idle)
    return Rounds(db, digests, nothing, lambda: NOW, lay_out=desk.digest_bodies, lay_out_note=desk.quiet_bodies)


async def _idle(*_: object) -> None:
    """The outside has nothing new."""


async def _digests(db: Database) -> int:
    async with db.read() as conn:
        found = await conn.exec_driver_sql("SELECT count(*) FROM digests")
        return int(found.scalar_one())


async def _make_due(db: Database, due: int) -> None:
    async with db.begin() as conn:
        await conn.execute(tables.chats.update().where(tables.chats.c.id <= due).values(next_at=NOW))


# --------------------------------------------------------------------------- what is in it


async def _fill(db: Database, many: int, verdicts: int, days: int) -> None:
    rng = random.Random(7)
    words = [f"{a}{b}{c}" for a in ("lat", "sem", "grad", "tok", "pol") for b in "aeiou" for c in range(WORDS // 25)]
    await _save(db, tables.papers, _papers(days))
    await _save(db, tables.paper_versions, _versions(days, words, rng))
    await _save(db, tables.announcements, _announcements(days, rng))
    await _save(db, tables.listings, _listings(days))
    await _save(db, tables.polls, _polls(days))
    await _save(db, tables.chats, _chats(many, words, rng))
    await _save(db, tables.chat_categories, _chat_categories(many, rng, days))
    await _save(db, tables.verdicts, _verdicts(many, verdicts, days, rng))


async def _save(db: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, BATCH)):
        async with db.begin() as conn:
            await conn.execute(insert(table), batch)


def _day(back: int) -> date:
    return date(2026, 2, 18) - timedelta(days=back)


def _id(back: int, n: int) -> str:
    day = _day(back)
    return f"{day:%y%m}.{day.day:02d}{n:04d}"


def _papers(days: int) -> Iterator[dict[str, Any]]:
    return ({"id": _id(back, n), "latest_version": 1} for back in range(days) for n in range(A_DAY))


def _versions(days: int, words: list[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    for back in range(days):
        for n in range(A_DAY):
            yield {
                "paper_id": _id(back, n),
                "version": 1,
                "title": " ".join(rng.choices(words, k=10)),
                "authors": [f"Ada Author{rng.randrange(5000)}", f"Bo Writer{rng.randrange(5000)}"],
                "abstract": " ".join(rng.choices(words, k=150)),
                "categories": [CATEGORIES[n % len(CATEGORIES)]],
                "comments": "",
                "journal_ref": "",
                "doi": "",
                "published": None,
                "updated": None,
                "has_html": True,
            }


def _announcements(days: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    for back in range(days):
        for n in range(A_DAY):
            own = CATEGORIES[n % len(CATEGORIES)]
            other = rng.choice(CATEGORIES)
            for category, kind in {other: "cross", own: "new"}.items():
                yield {"paper_id": _id(back, n), "version": 1, "category": category, "date": _day(back), "kind": kind}


def _listings(days: int) -> Iterator[dict[str, Any]]:
    for back in range(days):
        for category in CATEGORIES:
            counts = {f"{which}_{kind}": 50 for which in ("declared", "parsed") for kind in ("new", "cross", "replace")}
            yield {
                "category": category,
                "date": _day(back),
                "state": "fresh",
                "checked_at": NOW,
                "detail": "",
                **counts,
            }


def _polls(days: int) -> Iterator[dict[str, Any]]:
    del days
    for category in CATEGORIES:
        yield {
            "category": category,
            "checked_at": NOW,
            "state": "fresh",
            "page_date": _day(0),
            "detail": "",
            "failures": 0,
            "not_before": None,
        }


def _chats(many: int, words: list[str], rng: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(1, many + 1):
        yield {
            "telegram_id": n,
            "thread_id": 0,
            "kind": ChatKind.PRIVATE,
            "title": f"Chat {n}",
            "language": "en",
            "timezone": "UTC",
            "hour": time(8),
            "layout": "classic",
            "size": 5,
            "quiet_notes": True,
            "subscribed": True,
            "paused": "",
            "pending": "",
            "next_at": NOW + timedelta(hours=1 + n % 22),
            "held_since": None,
            "created_at": NOW,
            "interests": ", ".join(rng.choices(words, k=3)),
            "widened": [],
        }


def _chat_categories(many: int, rng: random.Random, days: int) -> Iterator[dict[str, Any]]:
    del days
    for n in range(1, many + 1):
        for position, category in enumerate(rng.sample(CATEGORIES, 3)):
            yield {"chat_id": n, "category": category, "since": _day(0), "position": position}


def _verdicts(many: int, verdicts: int, days: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    voters = max(many // 5, 1)
    for n in range(verdicts):
        yield {
            "chat_id": 1 + n % voters,
            "reader_id": 1 + n % voters,
            "paper_id": _id(1 + n % max(days - 1, 1), n // voters),
            "kind": rng.choice(("like", "like", "dislike")),
            "at": NOW - timedelta(hours=n % 4000),
        }


if __name__ == "__main__":
    main()
