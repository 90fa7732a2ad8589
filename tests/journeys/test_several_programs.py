"""Several programs on one PostgreSQL database, killed at random: every chat has its table, and arXiv is asked once."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from multiprocessing.process import BaseProcess

import pytest
from aiohttp import web

from bot import app
from bot.app import Paces
from bot.commandline import Role
from bot.config import Settings
from bot.model import ChatKind
from bot.playground.sample_day import NEWEST
from bot.playground.sample_sources import SampleSources
from storage import chats
from storage.database import Database
from tests.support.databases import opened
from tests.support.tiny_bot_api import TOKEN, TinyBotApi

MORNING = datetime.combine(NEWEST, datetime.min.time(), UTC) + timedelta(hours=8)
QUICK = Paces(listings=2.0, hours=0.5, mail=0.5, ahead=3600.0, heat=3600.0)
CATEGORIES = ("cs.CL", "cs.RO")
CHATS = 40
KILLS = 3
IN_FLIGHT = 12


def program(settings: Settings, role: Role, moment: datetime) -> None:
    """One program, whose clock says `moment` when it begins."""
    shift = moment - datetime.now(UTC)
    asyncio.run(app.run(settings, clock=lambda: datetime.now(UTC) + shift, role=role, paces=QUICK))


class Programs:
    """Programs that can be killed; they live in processes of their own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._context = multiprocessing.get_context("spawn")
        self._running: list[BaseProcess] = []

    def begin(self, role: Role) -> None:
        """Start one more."""
        one = self._context.Process(target=program, args=(self._settings, role, MORNING), daemon=True)
        one.start()
        self._running.append(one)

    def kill(self, number: int) -> None:
        """Kill -9."""
        one = self._running.pop(number % len(self._running))
        os.kill(one.pid or 0, signal.SIGKILL)
        one.join()

    async def end(self) -> None:
        """Ask all of them to end, and see that they do."""
        for one in self._running:
            one.terminate()
        for one in self._running:
            await asyncio.to_thread(one.join, 30)
            assert one.exitcode in (0, -signal.SIGTERM)


class Counting(SampleSources):
    """The sample day, with what is asked for counted."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: Counter[str] = Counter()

    async def _list(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        return await super()._list(request)


async def until(holds: Callable[[], bool], within: float) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)


async def subscribe(db: Database) -> None:
    """Chats whose hour has come."""
    async with db.begin() as conn:
        for number in range(1, CHATS + 1):
            due = {"subscribed": True, "next_at": MORNING}
            chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, f"Chat {number}", due, MORNING)
            await chats.set_categories(conn, chat.id, CATEGORIES, date(2026, 2, 1))


@pytest.mark.timeout(240)
async def test_every_chat_is_served_whoever_dies(postgres_url: str) -> None:
    """Roles of all kinds share the day; workers are killed while it is sent; nobody is missed, and what is there twice
    was in flight at a kill."""
    rng = random.Random(4)
    async with TinyBotApi() as api, Counting() as sample:
        settings = Settings(
            telegram_bot_token=TOKEN,
            telegram_api_url=api.url,
            database_url=postgres_url,
            arxiv_url=sample.url,
            arxiv_api_url=sample.api_url,
            hf_url=sample.url,
            arxiv_delay=0.05,
            arxiv_api_delay=0.05,
        )
        async with opened(postgres_url) as db:
            await subscribe(db)
        programs = Programs(settings)
        for role in (Role.UPDATES, Role.CLOCK, Role.WORKER, Role.WORKER):
            programs.begin(role)
        try:
            for served in sorted(rng.sample(range(CHATS // 2), KILLS)):
                await until(lambda at=served: len(_served(api)) > at, 90)  # type: ignore[misc] # bound at once
                programs.kill(2)
                programs.begin(Role.WORKER)
            await until(lambda: len(_served(api)) == CHATS, 90)
            await asyncio.sleep(2.0)
        finally:
            with contextlib.suppress(AssertionError):
                await programs.end()
        twice = [chat for chat, times in _served(api).items() if times > 1]
        assert len(twice) <= KILLS * IN_FLIGHT
        assert max(_served(api).values()) <= 1 + KILLS
        async with opened(postgres_url) as db:
            assert await db.check() == []
        # Whoever is killed while a page comes asks for it again.
        assert all(sample.asked[f"/list/{category}/new"] <= 1 + KILLS for category in CATEGORIES)


def _served(api: TinyBotApi) -> Counter[int]:
    """How many first messages each chat has got."""
    return Counter(call.chat() for call in api.accepted if call.method in ("sendMessage", "sendRichMessage"))
