"""A disk that fills up, a database that is read-only or locked, and a power cut, each in the middle of a broadcast: the log
says what is wrong, and when it is over everybody gets their message, nobody twice whose message had been written down."""

from __future__ import annotations

import asyncio
import random
import resource
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.chat.delivery import LONGEST_PAUSE, Postman
from bot.model import Chat, ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database
from tests.support.databases import opened, sqlite_at
from tests.support.kills import cut_off
from tests.support.ledger import open_messages
from tests.support.movable_clock import MovableClock

MANY = 120
LARGE = "A paper's title and what it says. " * 100


@dataclass
class Sending:
    """A broadcast, and what happens to the database when so many messages have arrived."""

    db: Database
    clock: MovableClock = field(default_factory=MovableClock)
    arrived: Counter[int] = field(default_factory=Counter)
    at: int = MANY // 3
    happens: Callable[[], object] = lambda: None

    def __post_init__(self) -> None:
        """Somebody sends."""

        async def at_once(_: float) -> None:
            await asyncio.sleep(0)

        self.postman = Postman(Outbox(self.db, self.clock), self._post, self.clock, rng=random.Random(1), sleep=at_once)

    async def _post(self, chat: Chat, _body: Mapping[str, object]) -> int:
        await asyncio.sleep(0.001)
        self.arrived[chat.telegram_id] += 1
        if self.arrived.total() == self.at:
            self.happens()
        return self.arrived.total()

    async def plan(self) -> None:
        """A message to each of many chats."""
        async with self.db.begin() as conn:
            for number in range(1, MANY + 1):
                chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, "A", {}, self.clock())
                await deliveries.plan(conn, chat.id, None, [{"text": LARGE}])

    async def try_again(self, times: int = 3) -> None:
        """Time goes by, and the postman makes his rounds."""
        for _ in range(times):
            self.clock.advance(seconds=LONGEST_PAUSE)
            await self.postman.deliver()

    async def left(self) -> int:
        """How many messages are still open."""
        async with self.db.read() as conn:
            return len(await open_messages(conn))


@contextmanager
def full(db: Database) -> Iterator[None]:
    """No file grows any more, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    wal = Path(f"{db.place}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (wal, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def locked(db: Database) -> Iterator[None]:
    """Somebody else writes for a long time."""
    with closing(sqlite3.connect(db.place)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()


async def on_writer(db: Database, statement: str) -> None:
    """Run a statement on the connection that writes, outside of any transaction."""
    async with db._writer.connect() as conn:
        raw = await conn.get_raw_connection()
        connection = raw.driver_connection
        assert connection is not None
        await connection.execute(statement)


@pytest.fixture
async def db(migrated_sqlite_url: str) -> AsyncIterator[Database]:
    """An open database without rows, in a file."""
    async with opened(migrated_sqlite_url) as database:
        yield database


@pytest.mark.parametrize(("trouble", "said"), [(full, "the disk cannot be"), (locked, "is locked by")])
async def test_a_broadcast_outlives_a_database_that_cannot_be_written(
    db: Database,
    caplog: pytest.LogCaptureFixture,
    trouble: Callable[[Database], AbstractContextManager[None]],
    said: str,
) -> None:
    """Nothing more is sent than what was on its way, the log says why, and afterwards everybody has it exactly once."""
    await on_writer(db, "PRAGMA busy_timeout = 20")
    sending = Sending(db)
    await sending.plan()
    held = trouble(db)
    sending.happens = held.__enter__
    try:
        await sending.postman.deliver()
        before = sending.arrived.total()
        assert sending.at <= before <= sending.at + 12
        await sending.try_again()
        assert sending.arrived.total() == before
        assert said in caplog.text
        assert said in sending.postman.trouble
    finally:
        held.__exit__(None, None, None)
    await sending.try_again()
    assert sending.postman.trouble == ""
    assert sending.arrived == Counter(dict.fromkeys(range(1, MANY + 1), 1))
    assert await sending.left() == 0
    assert await db.check() == []


async def test_a_broadcast_outlives_a_read_only_database(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    """The same where the database may not be written to for a while."""
    sending = Sending(db)
    await sending.plan()
    tasks: list[asyncio.Task[None]] = []
    sending.happens = lambda: tasks.append(asyncio.create_task(on_writer(db, "PRAGMA query_only = ON")))
    await sending.postman.deliver()
    await asyncio.gather(*tasks)
    before = sending.arrived.total()
    await sending.try_again()
    assert sending.arrived.total() == before < MANY
    assert "read-only" in caplog.text
    await on_writer(db, "PRAGMA query_only = OFF")
    await sending.try_again()
    assert sending.arrived == Counter(dict.fromkeys(range(1, MANY + 1), 1))
    assert await sending.left() == 0


@pytest.mark.timeout(240)
async def test_after_a_power_cut_the_broadcast_goes_on(migrated_sqlite_url: str, tmp_path: Path) -> None:
    """Copies of the files as they were at random moments, some without the end that was not on the disk yet, open, are
    sound, and go on: nobody is missed."""
    rng = random.Random(5)
    cuts = await cut_off(migrated_sqlite_url, MANY, 8, rng, tmp_path)
    assert len(cuts) >= 5
    for number, (file, served) in enumerate(cuts):
        if number % 2:
            wal = file.with_name(f"{file.name}-wal")
            with wal.open("r+b") as opened_wal:
                opened_wal.truncate(rng.randrange(wal.stat().st_size + 1))
        async with opened(sqlite_at(file)) as db:
            assert await db.check() == []
            sending = Sending(db)
            await sending.try_again()
            assert served | set(sending.arrived) >= set(range(1, MANY + 1))
            assert await sending.left() == 0
