"""An invented world for load tests: chats, verdicts and a year of announcements in one SQLite file."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
import time as clocks
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, islice
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, insert, select

from bot.model import ChatKind
from storage import chats as stored_chats
from storage import tables
from storage.database import Database

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
CATEGORIES = (
    "cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO", "stat.ML", "cs.IR", "cs.CR", "cs.SE", "cs.HC", "math.OC", "eess.IV",
    "cs.DC", "quant-ph", "cond-mat.str-el", "astro-ph.GA", "hep-th", "q-bio.NC", "econ.EM", "physics.flu-dyn",
)  # fmt: skip
A_DAY = 1000
WORDS = 12_000
BATCH = 5000
VOTING = 5
"""Of so many chats one votes."""

ROWS, LIKED_BY_MANY = 5, 200
"""Papers in a past table, and those of a day that are shown to anybody."""


async def give_past(db: Database, chat_ids: Sequence[int], tables_each: int, missed: int = 0) -> None:
    """Give these chats a table for each of so many past days, of papers that others were shown as well, but none for the
    last `missed` days before today, which they still have to get."""
    rng = random.Random(11)
    await _wait_since(db, chat_ids, _day(missed))
    async with db.read() as conn:
        first = int(await conn.scalar(select(func.coalesce(func.max(tables.digests.c.id), 0))) or 0) + 1
        names = await stored_chats.categories_of(conn, chat_ids)
    made = [(chat_id, back) for chat_id in chat_ids for back in range(missed + 1, missed + tables_each + 1)]
    await _save(db, tables.digests, (_past_table(at, *one) for at, one in enumerate(made, first)))
    await _save(
        db, tables.digest_rows, (row for at, (_, back) in enumerate(made, first) for row in _past_rows(at, back, rng))
    )
    await _save(
        db,
        tables.considered,
        (
            {"chat_id": chat_id, "category": name, "date": _day(back), "digest_id": at}
            for at, (chat_id, back) in enumerate(made, first)
            for name in names[chat_id]
        ),
    )


async def _wait_since(db: Database, chat_ids: Sequence[int], day: date) -> None:
    async with db.begin() as conn:
        await stored_chats.set_since(conn, chat_ids, day)


def _past_table(digest_id: int, chat_id: int, back: int) -> dict[str, Any]:
    made = {
        "id": digest_id,
        "chat_id": chat_id,
        "date": _day(back),
        "part": 0,
        "created_at": NOW - timedelta(days=back),
    }
    return made | {"announced": 150, "listings": [], "late": []}


def _past_rows(digest_id: int, back: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    for rank, n in enumerate(rng.sample(range(LIKED_BY_MANY), ROWS), 1):
        yield {
            "digest_id": digest_id,
            "rank": rank,
            "paper_id": _id(back, n),
            "version": 1,
            "title": "A paper that was shown",
            "authors": ["Ada Author"],
            "institution": "",
            "direction": "llm",
            "heat": None,
            "score": 1.0,
            "reasons": [],
            "tags": [],
            "added_from": None,
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of a benchmark over such a world."""
    parser.add_argument("--chats", type=int, default=100_000)
    parser.add_argument("--verdicts", type=int, default=300_000)
    parser.add_argument("--days", type=int, default=250)
    parser.add_argument("--due", type=int, default=2000)
    parser.add_argument("--past", type=int, default=30, help="tables that each of those has had")
    parser.add_argument("--missed", type=int, default=0, help="days before today for which they had none")
    parser.add_argument("--folder", type=Path, help="where the invented database lives while it is used")
    parser.add_argument("--world", type=Path, help="keep the filled database here, or take it from here")


def put(file: Path, chosen: argparse.Namespace) -> None:
    """Put the world of such arguments into a file, filled by a program of its own, whose memory is nobody's concern."""
    world = chosen.world or file
    if not world.exists():
        begun = clocks.perf_counter()
        _apart("fill", world, chosen.chats, chosen.verdicts, chosen.days)
        print(f"filled in                     {clocks.perf_counter() - begun:10.0f} s")
    if world != file:
        shutil.copyfile(world, file)
    past = max(min(chosen.past, chosen.days - 1 - chosen.missed), 0)
    _apart("past", file, chosen.chats, chosen.due, past, chosen.missed)


def due_chats(chats: int, due: int) -> list[int]:
    """As many chats as are to be due, of all chats evenly, and so as many voters among them as among all."""
    step = max(chats // due, 1) | 1  # odd, and no multiple of five: not only voters, nor only others
    step += 2 if step % VOTING == 0 else 0
    return [1 + n * step % chats for n in range(due)]


def _apart(what: str, file: Path, *numbers: int) -> None:
    subprocess.run([sys.executable, __file__, what, str(file), *map(str, numbers)], check=True)  # noqa: S603 - this file


async def _main(what: str, file: Path, *numbers: int) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{file}")
    if what == "fill":
        await fill(db, *numbers)
    else:
        chats, due, each, missed = numbers
        await give_past(db, due_chats(chats, due), each, missed)
    await db.close()
    with closing(sqlite3.connect(file)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def fill(db: Database, many: int, verdicts: int, days: int) -> None:
    """Fill a new database; nobody is due in it before nine."""
    rng = random.Random(7)
    words = _Words(rng)
    await _save(db, tables.papers, _papers(days))
    await _save(db, tables.paper_versions, _versions(days, words, rng))
    await _save(db, tables.announcements, _announcements(days, rng))
    await _save(db, tables.listings, _listings(days))
    await _save(db, tables.polls, _polls())
    await _save(db, tables.chats, _chats(many, words))
    await _save(db, tables.chat_categories, _chat_categories(many, rng))
    await _save(db, tables.verdicts, _verdicts(many, verdicts, days, rng))


async def _save(db: Database, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, BATCH)):
        async with db.begin() as conn:
            await conn.execute(insert(table), batch)


class _Words:
    """Invented words, of which few are used much, as in any language."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        starts = ("lat", "sem", "grad", "tok", "pol", "min", "ker", "dif", "ent", "rob")
        every = [
            f"{a}{b}{chr(97 + n % 26)}{chr(97 + n // 26)}" for n in range(WORDS // 50) for a in starts for b in "aeiou"
        ]
        rng.shuffle(every)
        self._words = every
        self._chances = list(accumulate(1.0 / (rank + 20) for rank in range(len(every))))

    def some(self, count: int) -> list[str]:
        """So many of them."""
        return self._rng.choices(self._words, cum_weights=self._chances, k=count)


def _day(back: int) -> date:
    return date(2026, 2, 18) - timedelta(days=back)


def _id(back: int, n: int) -> str:
    day = _day(back)
    return f"{day:%y%m}.{day.day:02d}{n:04d}"


def _papers(days: int) -> Iterator[dict[str, Any]]:
    return ({"id": _id(back, n), "latest_version": 1} for back in range(days) for n in range(A_DAY))


def _versions(days: int, words: _Words, rng: random.Random) -> Iterator[dict[str, Any]]:
    for back in range(days):
        for n in range(A_DAY):
            yield {
                "paper_id": _id(back, n),
                "version": 1,
                "title": " ".join(words.some(10)),
                "authors": [f"Ada Author{rng.randrange(5000)}", f"Bo Writer{rng.randrange(5000)}"],
                "abstract": " ".join(words.some(150)),
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
    counts = {f"{which}_{kind}": 50 for which in ("declared", "parsed") for kind in ("new", "cross", "replace")}
    for back in range(days):
        for category in CATEGORIES:
            fresh = {"category": category, "date": _day(back), "state": "fresh", "checked_at": NOW, "detail": ""}
            yield fresh | counts


def _polls() -> Iterator[dict[str, Any]]:
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


def _chats(many: int, words: _Words) -> Iterator[dict[str, Any]]:
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
            "interests": ", ".join(words.some(3)),
            "widened": [],
        }


def _chat_categories(many: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    for n in range(1, many + 1):
        for position, category in enumerate(rng.sample(CATEGORIES, 3)):
            yield {"chat_id": n, "category": category, "since": _day(0), "position": position}


def _verdicts(many: int, verdicts: int, days: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """Every fifth chat votes, on papers of past days."""
    voters = max(many // VOTING, 1)
    for n in range(verdicts):
        chat_id = 1 + n % voters * VOTING
        yield {
            "chat_id": chat_id,
            "reader_id": chat_id,
            "paper_id": _id(1 + n % max(days - 1, 1), n // voters),
            "kind": rng.choice(("like", "like", "dislike")),
            "at": NOW - timedelta(hours=n % 4000),
        }


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], Path(sys.argv[2]), *map(int, sys.argv[3:])))
