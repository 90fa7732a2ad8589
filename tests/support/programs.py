"""Several programs on one PostgreSQL database, each a process of its own, that are killed and stopped in the middle of a
day's work: what arXiv was asked, what Telegram got from whom, and how long it took until another one went on."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from multiprocessing.process import BaseProcess

from aiohttp import web

from bot import app
from bot.app import Paces
from bot.chat.delivery import AT_ONCE
from bot.commandline import Role
from bot.config import Settings
from bot.model import ChatKind
from bot.playground.sample_day import NEWEST
from bot.playground.sample_sources import SampleSources
from bot.work import distributed
from storage import chats, leading
from storage.database import Database
from tests.support.strict_limits import StrictLimits
from tests.support.tiny_bot_api import TOKEN, Call, TinyBotApi

MORNING = datetime.combine(NEWEST, datetime.min.time(), UTC) + timedelta(hours=8)
QUICK = Paces(listings=2.0, hours=0.5, mail=0.5, ahead=3600.0, heat=3600.0)
CATEGORIES = ("cs.CL", "cs.RO")
PATIENCE = 120.0
"""Seconds after which a day that does not go on has failed."""


IN_FLIGHT = AT_ONCE
"""How many messages may come again after a misfortune."""


class Misfortune(StrEnum):
    """What happens to a program."""

    KILL_ANY = "any killed"
    KILL_SENDER = "sender killed"
    STOP_SENDER = "sender stopped"


@dataclass(frozen=True, slots=True)
class Takeover:
    """Seconds from a misfortune of the sender to the first message of another one."""

    misfortune: Misfortune
    seconds: float


@dataclass
class Outcome:
    """What came of a day. `times` is how often each chat got its table, `asked` how often each page was asked for,
    `refused` the 429s; `beside` counts messages of a program that went on while another one had the lead."""

    times: Counter[int] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    takeovers: list[Takeover] = field(default_factory=list)
    beside: int = 0

    @property
    def again(self) -> int:
        """How many tables came again."""
        return sum(self.times.values()) - len(self.times)


def program(settings: Settings, role: Role, haste: float) -> None:
    """One program, whose clock says eight in the morning when it begins; `haste` shortens its looks at the others."""
    for name in ("LOOK_AGAIN", "ANSWER_WITHIN", "SURE", "SILENT"):
        setattr(leading, name, getattr(leading, name) * haste)
    for name in ("SIGN_OF_LIFE", "SURELY_DEAD", "TIDY", "LOOK_FOR_JOBS"):
        setattr(distributed, name, getattr(distributed, name) * haste)
    shift = MORNING - datetime.now(UTC)
    asyncio.run(app.run(settings, clock=lambda: datetime.now(UTC) + shift, role=role, paces=QUICK))


class Programs:
    """Programs by their numbers; each calls Telegram under a path that ends in its number."""

    def __init__(self, settings: Settings, haste: float) -> None:
        self.running: dict[int, Role] = {}
        self._settings = settings
        self._haste = haste
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[int, BaseProcess] = {}

    def begin(self, role: Role) -> None:
        """Start one more."""
        number = len(self._processes)
        settings = replace(self._settings, telegram_api_url=f"{self._settings.telegram_api_url}/{number}")
        one = self._context.Process(target=program, args=(settings, role, self._haste), daemon=True)
        one.start()
        self._processes[number] = one
        self.running[number] = role

    def kill(self, number: int) -> Role:
        """Kill -9; → what its role was."""
        self._send(number, signal.SIGKILL)
        self._processes[number].join()
        return self.running.pop(number)

    def stop(self, number: int) -> None:
        """Let it do nothing more, though it is there."""
        self._send(number, signal.SIGSTOP)

    def go_on(self, number: int) -> None:
        """Let a stopped one go on."""
        self._send(number, signal.SIGCONT)

    def _send(self, number: int, what: signal.Signals) -> None:
        os.kill(self._processes[number].pid or 0, what)

    async def end(self) -> None:
        """Ask all of them to end, and see to it that they do."""
        for number in self.running:
            self.go_on(number)
            self._processes[number].terminate()
        for number in self.running:
            one = self._processes[number]
            await asyncio.to_thread(one.join, 30)
            if one.exitcode is None:
                one.kill()


class Counting(SampleSources):
    """The sample day, with what is asked for counted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    async def _list(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        return await super()._list(request)


async def disturbed_day(
    database_url: str,
    rng: random.Random,
    *,
    roles: Sequence[Role],
    many: int,
    misfortunes: Sequence[Misfortune],
    haste: float = 1.0,
) -> Outcome:
    """A morning on which `many` chats get their table, while the misfortunes happen, in their order and at random moments;
    for each program that is killed another one begins. `haste` is the share that waits for one another are cut to."""
    db = await Database.open(database_url)
    await _subscribe(db, many)
    await db.close()
    limits = StrictLimits()
    async with TinyBotApi() as api, Counting() as sample:
        api.mishap = limits
        settings = Settings(
            telegram_bot_token=TOKEN,
            telegram_api_url=api.url,
            database_url=database_url,
            arxiv_url=sample.url,
            arxiv_api_url=sample.api_url,
            hf_url=sample.url,
            arxiv_delay=0.05,
            arxiv_api_delay=0.05,
        )
        outcome = Outcome()
        moments = sorted(rng.sample(range(many * 3 // 4), len(misfortunes)))
        async with _ended(Programs(settings, haste)) as programs:
            for role in roles:
                programs.begin(role)
            day = _Day(api, programs, rng, outcome, many)
            for served, misfortune in zip(moments, misfortunes, strict=True):
                await day.until(lambda at=served: len(day.served()) > at)  # type: ignore[misc] # bound at once
                await day.suffer(misfortune)
            await day.until(lambda: len(day.served()) == many)
            await asyncio.sleep(3.0 * haste)
            day.count_beside()
        outcome.times, outcome.asked, outcome.refused = day.served(), sample.asked, limits.refused
        return outcome


class _Day:
    """A morning as it is seen from outside."""

    def __init__(self, api: TinyBotApi, programs: Programs, rng: random.Random, outcome: Outcome, many: int) -> None:
        self._api = api
        self._programs = programs
        self._rng = rng
        self._outcome = outcome
        self._many = many
        self._woken: dict[int, float] = {}
        """Programs that went on after another one had taken over, and since when."""

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it is so."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.01)

    def served(self) -> Counter[int]:
        """How many tables each chat has got."""
        return Counter(call.chat() for call in self._sends())

    def count_beside(self) -> None:
        """What programs sent that had gone on without the lead, until now."""
        for number, since in self._woken.items():
            self._outcome.beside += sum(call.program == number and call.at > since for call in self._sends())
        self._woken.clear()

    async def suffer(self, misfortune: Misfortune) -> None:
        """Let something happen now."""
        self.count_beside()
        sender = self._sends()[-1].program
        victim = self._rng.choice(list(self._programs.running)) if misfortune is Misfortune.KILL_ANY else sender
        await asyncio.sleep(self._rng.uniform(0, 0.3))
        now = asyncio.get_running_loop().time()
        if misfortune is Misfortune.STOP_SENDER:
            self._programs.stop(victim)
        else:
            self._programs.begin(self._programs.kill(victim))
        if victim == sender:
            await self.until(lambda: self._followed(sender, now) is not None or len(self.served()) == self._many)
            followed = self._followed(sender, now)
            if followed is not None:
                self._outcome.takeovers.append(Takeover(misfortune, followed - now))
        if misfortune is Misfortune.STOP_SENDER:
            await asyncio.sleep(self._rng.uniform(0, 1.0))
            self._woken[victim] = asyncio.get_running_loop().time()
            self._programs.go_on(victim)

    def _followed(self, sender: int, since: float) -> float | None:
        """When another program than that sender first sent something; None if none has."""
        return next((call.at for call in self._sends() if call.program != sender and call.at > since), None)

    def _sends(self) -> list[Call]:
        return [call for call in self._api.accepted if call.method in ("sendMessage", "sendRichMessage")]


@asynccontextmanager
async def _ended(programs: Programs) -> AsyncIterator[Programs]:
    try:
        yield programs
    finally:
        await programs.end()


async def _subscribe(db: Database, many: int) -> None:
    """Chats whose hour has come."""
    async with db.begin() as conn:
        for number in range(1, many + 1):
            due = {"subscribed": True, "next_at": MORNING}
            chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, f"Chat {number}", due, MORNING)
            await chats.set_categories(conn, chat.id, CATEGORIES, date(2026, 2, 1))
