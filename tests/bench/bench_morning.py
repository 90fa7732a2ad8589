"""A whole morning: the program itself makes the tables of many chats that are all due at once and sends them to a server
that enforces Telegram's limits strictly, while readers press buttons of tables that have come.

    python tests/bench/bench_morning.py [--private 3000] [--groups 200] [--presses 5]

Beside `bench_delivery.py`, which measures sending alone, here digests are ranked, laid out and written at the same time, and a
press unfolds a card or judges a paper. Printed are the share of the allowed 30 messages a second that was reached from the first table to the
last, the refusals (429), and how long it took from the moment a press was handed out until it was answered and until the
first message, edit or removal that it led to. Server and program have a process each; arXiv is the sample day; everything stays on
loopback, and it ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import date
from multiprocessing.connection import Connection
from typing import Any

import aiohttp
from aiohttp import web

from bot.chat.callbacks import Vote, decode
from bot.commandline import Role
from bot.config import Settings
from bot.model import ChatKind
from bot.playground.sample_sources import SampleSources
from storage import chats
from storage.database import Database
from tests.bench.bench_delivery import ANSWERED, EDITED, print_rate, print_refusals, print_waits, serve, too_many
from tests.support.programs import CATEGORIES, MORNING, program
from tests.support.strict_limits import Meters, limited

TOKEN = "123456:TEST-token_that-must-never-be-seen"
INTERESTS = ("reinforcement learning, language models", "robot grasping", "reasoning benchmarks; no surveys", "")
_ABOUT = {
    "getMe": {"id": 123456, "is_bot": True, "first_name": "Paperboy", "username": "paperboy_bot"},
    "getChatMember": {"status": "administrator", "user": {"id": 1, "is_bot": False, "first_name": "A"}},
}
CARDS = 0.8
"""How often a press is a verdict on a card where one was unfolded; else it unfolds one."""

REST = 15.0
"""Seconds between two presses in one chat, which may have three messages a second."""

POLLED = 0.02
"""Seconds after which a server with nothing new is looked at again."""


@dataclass
class _Press:
    chat: int
    handed_out: float
    answered: float = 0.0
    shown: float = 0.0


@dataclass
class _Telegram:
    """The server: takes what the strict one takes, and hands out presses of tables that have come."""

    presses: float
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    meters: Meters = field(default_factory=Meters)
    tables: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    """Of each chat the messages that have buttons: its table, and cards."""
    opened: dict[int, None] = field(default_factory=dict)
    """Chats in which a card was unfolded."""
    pressed_at: dict[int, float] = field(default_factory=dict)
    arrivals: list[float] = field(default_factory=list)
    pressed: dict[str, _Press] = field(default_factory=dict)
    waiting: dict[int, deque[_Press]] = field(default_factory=dict)
    next_press: float = 0.0

    async def handle(self, request: web.Request) -> web.Response:
        """One call."""
        method = request.match_info["method"]
        form = {key: str(value) for key, value in (await request.post()).items()}
        now = time.monotonic()
        if method == "getUpdates":
            return _ok(await self._updates(int(form.get("timeout", "0"))))
        if method == "answerCallbackQuery":
            self.pressed[form["callback_query_id"]].answered = now
        if method == "deleteMessage":
            self._show(int(form["chat_id"]), now)
        if not limited(method):
            return _ok(_ABOUT.get(method, True))
        chat = int(form["chat_id"])
        if not self.meters.admits(chat, now):
            return too_many()
        self.arrivals.append(now)
        self._show(chat, now)
        kind = "private" if chat > 0 else "supergroup"
        message = {"message_id": len(self.arrivals), "date": 1, "text": form.get("text", "x")[:50]}
        message["chat"] = {"id": chat, "type": kind, "first_name": "A", "title": "A"}
        if method == "sendMessage" and "reply_markup" in form:
            message["reply_markup"] = json.loads(form["reply_markup"])
            self.tables.setdefault(chat, []).append(message)
            if len(self.tables[chat]) > 1:
                self.opened[chat] = None
        return _ok(message)

    def _show(self, chat: int, now: float) -> None:
        for press in self.waiting.pop(chat, ()):
            press.shown = now

    async def _updates(self, patience: int) -> list[dict[str, Any]]:
        until = time.monotonic() + patience
        while not self.tables or time.monotonic() < self.next_press:
            if time.monotonic() >= until:
                return []
            await asyncio.sleep(POLLED)
        now = time.monotonic()
        self.next_press = max(self.next_press, now - 1.0 / self.presses) + 1.0 / self.presses
        chat = self._somebody(now)
        query = str(len(self.pressed) + 1)
        press = self.pressed[query] = _Press(chat, now)
        self.waiting.setdefault(chat, deque()).append(press)
        table, *cards = self.tables[chat]
        message = self.rng.choice(cards) if cards and self.rng.random() < CARDS else table
        rows = message["reply_markup"]["inline_keyboard"]
        data = [button["callback_data"] for row in rows for button in row if "callback_data" in button]
        pressed = {
            "id": query,
            "from": {"id": abs(chat), "is_bot": False, "first_name": "A"},
            "chat_instance": "1",
            "message": message,
            "data": self.rng.choice(
                data if message is table else [one for one in data if isinstance(decode(one), Vote)]
            ),
        }
        return [{"update_id": int(query), "callback_query": pressed}]

    def _somebody(self, now: float) -> int:
        """A chat with a table, as often as not one where a card is open, in which nothing was pressed a moment ago."""
        among = self.opened if self.opened and self.rng.random() < 0.5 else self.tables
        rested = [chat for chat in among if now - self.pressed_at.get(chat, 0.0) > REST]
        chat = self.rng.choice(rested or list(self.tables))
        self.pressed_at[chat] = now
        return chat

    def report(self) -> dict[str, Any]:
        """What was measured."""
        done = list(self.pressed.values())
        return {
            "served": len(self.tables),
            "arrivals": self.arrivals,
            "refused": self.meters.refused,
            "answers": [one.answered - one.handed_out for one in done if one.answered],
            "shown": [one.shown - one.handed_out for one in done if one.shown],
            "pressed": len(done),
        }


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _telegram(port_to: Connection, presses: float) -> None:
    telegram = _Telegram(presses)

    async def report(_: web.Request) -> web.Response:
        return web.json_response(telegram.report())

    app = web.Application()
    app.router.add_get("/report", report)
    app.router.add_route("*", "/bot{token}/{method}", telegram.handle)
    serve(app, port_to)


def _arxiv(address_to: Connection) -> None:
    async def main() -> None:
        async with SampleSources() as sample:
            address_to.send((sample.url, sample.api_url))
            await asyncio.Event().wait()

    asyncio.run(main())


async def _subscribe(url: str, private: int, groups: int) -> None:
    db = await Database.open(url)
    async with db.begin() as conn:
        for number in [*range(1, private + 1), *range(-groups, 0)]:
            kind = ChatKind.PRIVATE if number > 0 else ChatKind.GROUP
            due = {"subscribed": True, "next_at": MORNING}
            chat = await chats.ensure(conn, number, 0, kind, "A", due, MORNING)
            await chats.update(conn, chat.id, interests=INTERESTS[number % len(INTERESTS)])
            await chats.set_categories(conn, chat.id, CATEGORIES, date(2026, 2, 1))
    await db.close()


async def _watch(port: int, many: int, patience: float) -> dict[str, Any]:
    """Wait until all chats have their table; → what the server measured."""
    async with aiohttp.ClientSession() as session:
        until = time.monotonic() + patience
        while True:
            await asyncio.sleep(1.0)
            async with session.get(f"http://127.0.0.1:{port}/report") as answer:
                report: dict[str, Any] = await answer.json()
            if report["served"] == many or time.monotonic() > until:
                return report


def _print(report: dict[str, Any], took: float) -> None:
    print(f"  {report['served']} chats have their table, {took:.0f} s after the program's start")
    print_rate(report["arrivals"])
    print_refusals(report["refused"])
    print_waits({"answers": (report["answers"], ANSWERED), "shown": (report["shown"], EDITED)})


def main() -> None:
    """Runs the benchmark and prints what came of it."""
    parser = argparse.ArgumentParser(description="a whole morning under Telegram's limits")
    parser.add_argument("--private", type=int, default=3000)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--presses", type=float, default=5.0, help="a second")
    chosen = parser.parse_args()
    many = chosen.private + chosen.groups
    print(f"{chosen.private} private chats and {chosen.groups} groups, {chosen.presses:g} presses a second")
    context = multiprocessing.get_context("spawn")
    receiver, sender = multiprocessing.Pipe(duplex=False)
    others = [
        context.Process(target=_telegram, args=(sender, chosen.presses), daemon=True),
        context.Process(target=_arxiv, args=(sender,), daemon=True),
    ]
    found = []
    for other in others:
        other.start()
        found.append(receiver.recv())
    port, (sample_url, sample_api_url) = found
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/paperboy.db"
        asyncio.run(_subscribe(url, chosen.private, chosen.groups))
        settings = Settings(
            telegram_bot_token=TOKEN,
            telegram_api_url=f"http://127.0.0.1:{port}",
            database_url=url,
            arxiv_url=sample_url,
            arxiv_api_url=sample_api_url,
            hf_url=sample_url,
            arxiv_delay=0.05,
            arxiv_api_delay=0.05,
        )
        bot = context.Process(target=program, args=(settings, Role.ALL, 1.0), daemon=True)
        begun = time.monotonic()
        bot.start()
        try:
            _print(asyncio.run(_watch(port, many, 60 + many / 10)), time.monotonic() - begun)
        finally:
            bot.terminate()
            bot.join(20)
            for other in others:
                other.terminate()
                other.join()


if __name__ == "__main__":
    main()
