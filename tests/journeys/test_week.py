"""A week of real days with every fault in between: each announced paper is considered once, and arXiv is left in peace."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from bot.digest import Digests, DigestView, QuietView
from bot.intake import Intake
from bot.model import ChatKind, Kind, Paper
from bot.pull.announced import Announced
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.heat import DailyPapers
from bot.pull.lookup import Lookup
from bot.reading import Reading
from bot.rounds import Rounds
from bot.schedule import next_slot
from storage import chats, listings, tables
from storage.database import Database
from tests.support.world import World, find_world

WEEK = [date(2026, 2, day) for day in (16, 17, 18, 19, 20)]
CATEGORIES = ("cs.CL", "cs.RO", "cs.LG")


@dataclass
class Bot:
    """The bot's jobs without Telegram, on a clock that tests move."""

    db: Database
    client: Client
    url: str
    now: datetime = field(default=datetime(2026, 2, 16, 7, tzinfo=UTC))
    told: list[QuietView] = field(default_factory=list)
    posted: list[DigestView] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Wire everything anew, as after a restart."""
        self.intake = Intake(
            self.db,
            Announced(self.client, self.url),
            DailyPapers(self.client, self.url),
            lambda: self.now,
            random.Random(5),
        )
        self.reading = Reading(
            self.db, Lookup(self.client, f"{self.url}/api/query"), FullTexts(self.client, self.url), lambda: self.now
        )
        self.digests = Digests(self.db, lambda: self.now, self.intake.refresh, self.no_institutions)
        self.rounds = Rounds(
            self.db,
            self.digests,
            self.reading,
            lambda: self.now,
            lay_out=self.post,
            lay_out_note=self.tell,
        )

    async def no_institutions(self, chosen: Sequence[Paper]) -> None:
        """This journey is about listings."""

    def post(self, view: DigestView) -> list[Mapping[str, object]]:
        """Note a digest that is posted."""
        self.posted.append(view)
        return [{"text": "table"}]

    def tell(self, view: QuietView) -> list[Mapping[str, object]]:
        """Note a quiet hour that is told."""
        self.told.append(view)
        return [{"text": view.kind.value}]

    async def until(self, moment: datetime, every: timedelta = timedelta(minutes=20)) -> None:
        """Let the jobs run until then."""
        while self.now < moment:
            self.now = min(self.now + every, moment)
            await self.intake.poll_due()
            await self.rounds.due()

    async def subscribe(self, telegram_id: int, hour: int, *names: str) -> int:
        """A chat that gets its digest at this hour, from this week on."""
        at = time(hour)
        async with self.db.begin() as conn:
            chat = await chats.ensure(
                conn,
                telegram_id,
                0,
                ChatKind.PRIVATE,
                "Ada",
                {"subscribed": True, "hour": at, "next_at": next_slot(at, "UTC", self.now)},
                self.now,
            )
            await chats.set_categories(conn, chat.id, names, WEEK[0])
        return chat.id

    async def announced(self, *names: str) -> set[str]:
        """Every paper that was new or cross-listed in these categories this week, by the database."""
        async with self.db.read() as conn:
            return {
                paper_id
                for name in names
                for day in WEEK
                for paper_id in await listings.ids(conn, name, day, (Kind.NEW, Kind.CROSS))
            }

    async def considered(self, chat_id: int) -> Counter[tuple[str, date]]:
        """How often each listing was considered for a chat."""
        async with self.db.read() as conn:
            rows = await conn.execute(
                select(tables.considered.c.category, tables.considered.c.date).where(
                    tables.considered.c.chat_id == chat_id
                )
            )
            return Counter((row.category, row.date) for row in rows)


@pytest.fixture
async def bot(db: Database, world: World) -> AsyncIterator[Bot]:
    """A bot on the Monday morning of the week."""
    world.move(WEEK[0])
    async with Client("test@example.org", arxiv_delay=0, api_delay=0, hf_delay=0, timeout=1) as client:
        yield Bot(db, client, world.url)


def evening(day: date) -> datetime:
    """When a listing is announced: 20:00 US Eastern on the evening before its date."""
    return datetime.combine(day, time(1), UTC)


def counted(day: date, name: str) -> int:
    """How many papers arXiv announced as new or cross-listed in a category on a day, by the world's own records."""
    program = find_world()
    assert program is not None
    with gzip.open(program.parent / "data" / f"{day}.jsonl.gz", "rt", encoding="utf8") as lines:
        return sum(json.loads(line)["announced"].get(name) in ("new", "cross") for line in lines)


MIXED: list[list[tuple[str, str, int, dict[str, object]]]] = [
    [("status", "^/list/cs.CL", -1, {"code": 429, "retry_after": 1})],
    [("truncate", "^/(list|catchup)/cs.RO", 3, {"keep": 0.4}), ("reset", "^/list", 1, {})],
    [("stale", "^/(list|catchup)/cs.LG", -1, {"header": "today"}), ("count_mismatch", "^/list/cs.CL", 2, {"by": 2})],
    [("garbage_html", "^/list", -1, {}), ("rate_exceeded_200", "^/catchup", 2, {})],
    [("empty", "^/(list|catchup)/cs.RO", -1, {}), ("hang", "^/list/cs.LG", 1, {"seconds": 2})],
]


async def test_a_week_of_faults_loses_nothing_and_repeats_nothing(bot: Bot, world: World) -> None:
    """Faults all day long, each healed only in the evening; after the weekend every paper was considered once."""
    chat_id = await bot.subscribe(100, 8, *CATEGORIES)
    other = await bot.subscribe(200, 22, "cs.LG")
    for day, faults in zip(WEEK, MIXED, strict=True):
        await bot.until(evening(day), timedelta(hours=1))
        for kind, path, times, more in faults:
            world.fault(kind, path, times=times, **more)
        world.move(day)
        await bot.until(datetime(day.year, day.month, day.day, 17, tzinfo=UTC), timedelta(hours=1))
        bot.start()
        world.heal()
        world.settle()
        await bot.until(datetime(day.year, day.month, day.day, 23, tzinfo=UTC), timedelta(hours=1))
    await bot.until(datetime(2026, 2, 22, 12, tzinfo=UTC), timedelta(hours=2))
    for chat, names in ((chat_id, CATEGORIES), (other, ("cs.LG",))):
        considered = await bot.considered(chat)
        assert considered == Counter({(name, day): 1 for name in names for day in WEEK})
        posted = [view.digest for view in bot.posted if view.chat.id == chat]
        assert sum(digest.announced for digest in posted) == len(await bot.announced(*names))
        shown = [row.paper_id for digest in posted for row in digest.rows]
        assert len(shown) == len(set(shown))
    async with bot.db.read() as conn:
        for name in CATEGORIES:
            for day in WEEK:
                assert len(await listings.ids(conn, name, day, (Kind.NEW, Kind.CROSS))) == counted(day, name)
    assert at_once(world) == 1


def at_once(world: World) -> int:
    """How many requests the world ever served at once; one that hung there after its caller gave it up does not count."""
    log = world.log("^/(list|catchup|api)")
    hung = [(row["time"], row["time"] + row["seconds"]) for row in log if row["fault"] == "hang"]
    return max(int(row["inflight"]) for row in log if not any(begin < row["time"] < end + 0.1 for begin, end in hung))


async def test_the_states_are_told_with_the_digest_that_is_not_complete(bot: Bot, world: World) -> None:
    """At the hour what is there is posted, with the state of what is not; the rest comes with the next digest."""
    chat_id = await bot.subscribe(100, 8, "cs.CL", "cs.RO")
    world.fault("status", "^/list/cs.RO", times=-1, code=500)
    await bot.until(datetime(2026, 2, 16, 9, tzinfo=UTC))
    first = bot.posted[-1].digest
    assert {one.category: (one.state.value, one.detail) for one in first.listings} == {
        "cs.CL": ("fresh", ""),
        "cs.RO": ("failed", "http-500"),
    }
    world.heal()
    await bot.until(evening(WEEK[1]))
    world.move(WEEK[1])
    await bot.until(datetime(2026, 2, 17, 9, tzinfo=UTC))
    second = bot.posted[-1].digest
    assert second.date == WEEK[1]
    assert [(one.category, one.date) for one in second.late] == [("cs.RO", WEEK[0])]
    assert len(await bot.considered(chat_id)) == 4


async def test_nothing_at_all_is_told_at_the_hour_and_the_table_follows(bot: Bot, world: World) -> None:
    """Everything is down at eight: the chat is told once, and gets its table when arXiv is back, the same day."""
    await bot.subscribe(100, 8, "cs.CL")
    world.fault("status", ".", times=-1, code=503)
    await bot.until(datetime(2026, 2, 16, 10, tzinfo=UTC))
    assert [view.kind.value for view in bot.told] == ["unreachable"]
    assert bot.posted == []
    world.heal()
    await bot.until(datetime(2026, 2, 16, 12, tzinfo=UTC))
    assert [view.digest.date for view in bot.posted] == [WEEK[0]]
    await bot.until(datetime(2026, 2, 16, 20, tzinfo=UTC))
    assert len(bot.posted) == 1


async def test_the_weekend_is_told_in_one_line(bot: Bot, world: World) -> None:
    """Friday's table on Friday; on Saturday and Sunday one line each, and no request to arXiv."""
    world.move(WEEK[4])
    bot.now = datetime(2026, 2, 20, 7, tzinfo=UTC)
    await bot.subscribe(100, 8, "cs.CL")
    await bot.until(datetime(2026, 2, 20, 12, tzinfo=UTC))
    world.forget()
    await bot.until(datetime(2026, 2, 22, 12, tzinfo=UTC), timedelta(hours=1))
    assert [view.kind.value for view in bot.told] == ["weekend", "weekend"]
    assert not world.log("^/(list|catchup)")


async def test_a_week_of_downtime_gives_one_combined_digest(bot: Bot, world: World) -> None:
    """What was missed is posted together, under the newest date."""
    chat_id = await bot.subscribe(100, 8, "cs.CL")
    await bot.until(datetime(2026, 2, 16, 9, tzinfo=UTC))
    world.move(WEEK[4])
    bot.now = datetime(2026, 2, 20, 15, tzinfo=UTC)
    bot.start()
    await bot.until(datetime(2026, 2, 20, 16, tzinfo=UTC))
    assert [view.digest.date for view in bot.posted] == [WEEK[0], WEEK[4]]
    assert [one.date for one in bot.posted[-1].digest.late] == WEEK[1:4]
    assert await bot.considered(chat_id) == Counter({("cs.CL", day): 1 for day in WEEK})
