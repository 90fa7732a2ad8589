"""A paid broadcast against a server without limits: the whole way from the ledger to the wire, beside a bare aiohttp loop
and two stock clients that send the same messages in the same run and keep no ledger.

    [TEST_POSTGRES_URL=…] python tests/bench/bench_paid.py [--messages 1500] [--rounds 3]

The ledger is on SQLite; with a PostgreSQL server at TEST_POSTGRES_URL ours takes a turn on that as well. The clients take
turns within each round, because the machine's speed wanders; the medians and their ratios are printed. The
server has a process of its own; what was imported is set aside from searches for lost objects, as the program itself does it;
everything stays on loopback, and it ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import aiohttp
import telegram
from aiogram import Bot as Aiogram
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardMarkup as AiogramKeyboard
from telegram.ext import ExtBot
from telegram.request import HTTPXRequest

from bot.app import at_once
from bot.chat.delivery import Postman
from bot.chat.lanes import Lanes
from bot.chat.line import make_bot
from bot.chat.offers import Offers
from bot.chat.pacing import Lane, Limits
from bot.chat.posting import through
from bot.heap import set_aside
from bot.model import ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database
from tests.support.constant_api import KEYBOARD, TEXT, TOKEN, Send, rate, running
from tests.support.databases import new_database

PAID = 1000
"""What Telegram allows for Stars, in messages a second."""

UNPACED = 10**6
AT_LEAST = 0.4
"""Which share of a bare loop's speed ours should reach."""

BODY = {"text": TEXT, "keyboard": [[{"text": str(n), "data": f"card:{n}"} for n in range(3)]]}

Measured = tuple[float, float]
"""Messages per second, and milliseconds of CPU each."""

Engine = Callable[[], AbstractContextManager[str]]
"""Makes a database for a while; → its address."""


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite+aiosqlite:///{folder}/bench.db"


ENGINES: dict[str, Engine] = {"ours": _sqlite}
if "TEST_POSTGRES_URL" in os.environ:
    ENGINES["ours on PostgreSQL"] = new_database


async def _broadcast(url: str, port: int, messages: int, paid: int) -> Measured:
    """Ours: so many chats' messages are in the ledger, and the postman sends them."""
    db = await Database.open(url)
    async with db.begin() as conn:
        for number in range(1, messages + 1):
            chat = await chats.ensure(conn, number, 0, ChatKind.PRIVATE, "A", {}, _now())
            await deliveries.plan(conn, chat.id, None, [BODY])
    lanes = Lanes(Limits(paid=paid))
    bot = make_bot(TOKEN, f"http://127.0.0.1:{port}", lanes=lanes, in_flight=at_once(PAID), trust_env=False)
    await _open(bot)
    postman = Postman(
        Outbox(db, _now),
        through(bot, Offers(_now), paid=True),
        _now,
        concurrency=at_once(PAID),
        rest=lambda chat: lanes.rest(chat.telegram_id),
    )
    begun, cpu = time.perf_counter(), time.process_time()
    sent = await postman.deliver()
    took, cpu = time.perf_counter() - begun, time.process_time() - cpu
    assert sent == messages
    await _close(bot)
    await lanes.shutdown()
    await db.close()
    return sent / took, cpu * 1000 / sent


async def _open(bot: telegram.Bot | ExtBot[Lane]) -> None:
    # Only the transports are opened: the constant answer is no answer to getMe.
    await asyncio.gather(*(request.initialize() for request in bot._request))


async def _close(bot: telegram.Bot | ExtBot[Lane]) -> None:
    await asyncio.gather(*(request.shutdown() for request in bot._request))


async def _measure(port: int, messages: int, rounds: int) -> None:
    concurrency = at_once(PAID)
    url = f"http://127.0.0.1:{port}"
    stock = telegram.Bot(
        TOKEN, base_url=f"{url}/bot", request=HTTPXRequest(connection_pool_size=concurrency, pool_timeout=60)
    )
    aiogram = Aiogram(TOKEN, session=AiohttpSession(api=TelegramAPIServer.from_base(url), limit=concurrency))
    aiogram_keyboard = AiogramKeyboard.model_validate(KEYBOARD.to_dict())
    form = {
        "text": TEXT,
        "parse_mode": "HTML",
        "link_preview_options": json.dumps({"is_disabled": True}),
        "allow_paid_broadcast": "true",
        "reply_markup": json.dumps(KEYBOARD.to_dict()),
    }
    await _open(stock)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency)) as session:

        async def bare(number: int) -> None:
            data = {"chat_id": str(number), **form}
            async with session.post(f"{url}/bot{TOKEN}/sendMessage", data=data) as response:
                json.loads(await response.read())

        def looped(send: Send) -> Callable[[int], Awaitable[Measured]]:
            return lambda many: rate(send, many, concurrency)

        def ours(engine: Engine, paid: int = UNPACED) -> Callable[[int], Awaitable[Measured]]:
            async def measured(many: int) -> Measured:
                with engine() as database:
                    return await _broadcast(database, port, many, paid)

            return measured

        clients: dict[str, Callable[[int], Awaitable[Measured]]] = {
            "bare aiohttp": looped(bare),
            **{name: ours(engine) for name, engine in ENGINES.items()},
            "aiogram": looped(
                lambda number: aiogram.send_message(
                    number, TEXT, parse_mode="HTML", reply_markup=aiogram_keyboard, allow_paid_broadcast=True
                )
            ),
            "python-telegram-bot": looped(
                lambda number: stock.send_message(
                    number, TEXT, parse_mode="HTML", reply_markup=KEYBOARD, allow_paid_broadcast=True
                )
            ),
        }
        results: dict[str, list[Measured]] = {name: [] for name in clients}
        set_aside()
        for run in clients.values():
            await run(max(1, messages // 5))
        for _ in range(rounds):
            for name, run in clients.items():
                results[name].append(await run(messages))
        kept = {name: (await ours(engine, PAID)(messages))[0] for name, engine in ENGINES.items()}
    await _close(stock)
    await aiogram.session.close()
    speed = {name: statistics.median(one[0] for one in found) for name, found in results.items()}
    cpu = {name: statistics.median(one[1] for one in found) for name, found in results.items()}
    print(f"{messages} messages, {concurrency} at once, medians of {rounds} rounds; ours with its ledger")
    for name in clients:
        share = speed[name] / speed["bare aiohttp"]
        print(f"{name:<20} {speed[name]:7.0f} messages/s  {cpu[name]:5.2f} ms CPU each  ÷ bare aiohttp = {share:.2f}")
    for name in ENGINES:
        met = "met" if speed[name] >= AT_LEAST * speed["bare aiohttp"] else "MISSED"
        print(f"{name} ÷ bare aiohttp ≥ {AT_LEAST}: {met};  in CPU {cpu['bare aiohttp'] / cpu[name]:.2f}")
        print(f"  with PAID_BROADCAST={PAID}: {kept[name]:.0f} messages/s")


def main() -> None:
    """Runs the benchmark and prints its table."""
    parser = argparse.ArgumentParser(description="a paid broadcast against a server without limits")
    parser.add_argument("--messages", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    with running() as port:
        asyncio.run(_measure(port, chosen.messages, chosen.rounds))


if __name__ == "__main__":
    main()
