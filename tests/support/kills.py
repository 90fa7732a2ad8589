"""A broadcast whose sender is killed again and again: the sender in a process of its own, Telegram on loopback."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import shutil
import signal
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.chat.delivery import Postman
from bot.chat.line import make_bot
from bot.chat.offers import Offers
from bot.chat.pacing import Limits
from bot.chat.posting import through
from bot.model import ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.address import file_of, parse
from storage.database import Database

TOKEN = "1:kills"
AT_ONCE = 12
FAST = Limits(overall=1000, chat_gap=0.0)
LATENCY = (0.002, 0.03)
"""Seconds that Telegram takes for a message, from … to …."""


def _now() -> datetime:
    return datetime.now(UTC)


def send_all(database_url: str, api_url: str) -> None:
    """What the sender's process does: send what is open in the ledger, and end."""

    async def run() -> None:
        db = await Database.open(database_url)
        bot = make_bot(TOKEN, api_url, limits=FAST, trust_env=False)
        await bot.initialize()
        postman = Postman(Outbox(db, _now), through(bot, Offers(_now)), _now, concurrency=AT_ONCE)
        try:
            while await postman.deliver():
                pass
        finally:
            await bot.shutdown()
            await db.close()

    asyncio.run(run())


@dataclass
class Telegram:
    """Takes every message, a little later, and remembers for whom it took one."""

    rng: random.Random
    taken: list[int] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        site = web.Application()
        site.router.add_route("*", "/bot{token}/{method}", self._answer)
        self._runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        form = await request.post()
        if request.match_info["method"] == "getMe":
            return web.json_response(
                {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "P", "username": "p"}}
            )
        chat = int(str(form["chat_id"]))
        self.taken.append(chat)
        await asyncio.sleep(self.rng.uniform(*LATENCY))
        about = {"id": chat, "type": "private", "first_name": "A"}
        return web.json_response(
            {"ok": True, "result": {"message_id": len(self.taken), "date": 1, "chat": about, "text": "x"}}
        )


async def plan(db: Database, many: int) -> None:
    """One message for each of so many chats."""
    async with db.begin() as conn:
        for number in range(1, many + 1):
            chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, "A", {}, _now())
            await deliveries.plan(conn, chat.id, None, [{"text": f"Hello {number}"}])


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often each chat got its message, and how many kills there were before everybody had been served."""

    times: Counter[int]
    kills: int


async def broadcast(database_url: str, many: int, kills: int, rng: random.Random) -> Outcome:
    """Send one message to each of so many chats, with a sender that is killed at `kills` random moments meanwhile."""
    db = await Database.open(database_url)
    await plan(db, many)
    await db.close()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    killed = 0
    async with Telegram(rng) as telegram:
        moments = sorted(rng.sample(range(1, many), kills))
        while True:
            sender = context.Process(target=send_all, args=(database_url, telegram.url))
            sender.start()
            if not moments:
                await asyncio.to_thread(sender.join)
                assert sender.exitcode == 0
                return Outcome(Counter(telegram.taken), killed)
            killed += await _kill_when(sender, telegram, moments.pop(0), rng)


async def cut_off(
    database_url: str, many: int, cuts: int, rng: random.Random, folder: Path
) -> list[tuple[Path, frozenset[int]]]:
    """Copies of a SQLite database's files as they were at random moments of a broadcast to so many chats, each taken while
    the sender stood still; with who had been served by then."""
    db = await Database.open(database_url)
    await plan(db, many)
    await db.close()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    found: list[tuple[Path, frozenset[int]]] = []
    async with Telegram(rng) as telegram:
        sender = context.Process(target=send_all, args=(database_url, telegram.url))
        sender.start()
        for number, moment in enumerate(sorted(rng.sample(range(1, many), cuts))):
            while len(set(telegram.taken)) < moment and sender.is_alive():  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(0.001)
            if not sender.is_alive():
                break
            os.kill(sender.pid or 0, signal.SIGSTOP)
            served = frozenset(telegram.taken)
            copy = folder / f"cut-{number}.db"
            source = file_of(parse(database_url))
            for end in ("", "-wal"):
                shutil.copy(f"{source}{end}", f"{copy}{end}")
            found.append((copy, served))
            os.kill(sender.pid or 0, signal.SIGCONT)
        await asyncio.to_thread(sender.join)
    return found


async def _kill_when(sender: BaseProcess, telegram: Telegram, served: int, rng: random.Random) -> int:
    """Kill the sender a moment after so many chats were served; → whether it was still at it."""
    while len(set(telegram.taken)) < served and sender.is_alive():  # noqa: ASYNC110 - another process is waited for
        await asyncio.sleep(0.001)
    await asyncio.sleep(rng.uniform(0, 0.02))
    alive = sender.is_alive()
    if alive:
        os.kill(sender.pid or 0, signal.SIGKILL)
    await asyncio.to_thread(sender.join)
    return int(alive)
