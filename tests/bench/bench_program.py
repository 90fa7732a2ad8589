"""The program itself over a large world: chats that are all due at once get their tables, which are paid for, so that no limit
of Telegram's holds them up.

    python tests/bench/bench_program.py [--due 2000] [--chats 100000] [--verdicts 300000] [--days 250] [--world FILE]

Beside `bench_load.py`, which measures making digests alone, here everything runs: jobs, alerts, sending, and the ledger. Printed
are the tables a second from the first to the last, beside what a bare loop that posts as many of the same messages reaches, and the
most memory that the program and its helpers had at any moment. arXiv does not answer, so that all there is was in before; the
server and the program have a process each, everything stays on loopback, and it ends by itself.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from bot import app
from bot.app import Paces
from bot.config import Settings
from storage.database import Database
from tests.bench import load_world
from tests.bench.bench_delivery import serve
from tests.bench.bench_load import WANTED_MB, make_due
from tests.bench.load_world import NOW

TOKEN = "123456:TEST-token_that-must-never-be-seen"
PAID = 1000
NOWHERE = "http://127.0.0.1:9"
PACES = Paces(listings=3600.0, hours=0.5, mail=0.5, ahead=3600.0, heat=3600.0)
PATIENCE = 60.0
"""Seconds without a message after which the program is given up."""

IN_FLIGHT = 30
_ABOUT = {"getMe": {"id": 123456, "is_bot": True, "first_name": "Paperboy", "username": "paperboy_bot"}}


@dataclass
class _Telegram:
    """The server: takes everything, and has nothing new."""

    arrivals: list[float] = field(default_factory=list)
    form: dict[str, str] = field(default_factory=dict)
    """The last message."""

    async def handle(self, request: web.Request) -> web.Response:
        """One call."""
        method = request.match_info["method"]
        form = {key: str(value) for key, value in (await request.post()).items()}
        if method == "getUpdates":
            await asyncio.sleep(float(form.get("timeout", "1")))
            return _ok([])
        if not method.startswith("send"):
            return _ok(_ABOUT.get(method, True))
        self.arrivals.append(time.monotonic())
        self.form = form
        chat = {"id": int(form["chat_id"]), "type": "private", "first_name": "A"}
        return _ok({"message_id": len(self.arrivals), "date": 1, "text": "x", "chat": chat})


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _telegram(port_to: Connection) -> None:
    telegram = _Telegram()

    async def report(_: web.Request) -> web.Response:
        return web.json_response({"arrivals": telegram.arrivals, "form": telegram.form})

    server = web.Application(client_max_size=2**24)
    server.router.add_get("/report", report)
    server.router.add_route("*", "/bot{token}/{method}", telegram.handle)
    serve(server, port_to)


def _program(settings: Settings) -> None:
    shift = NOW - datetime.now(UTC)
    asyncio.run(app.run(settings, clock=lambda: datetime.now(UTC) + shift, paces=PACES))


async def _make_due(file: Path, due: int, chats: int) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{file}")
    await make_due(db, load_world.due_chats(chats, due))
    await db.close()


async def _watch(port: int, pid: int, due: int) -> tuple[list[float], float]:
    """Wait until everybody has a table; → when they came, and the most memory until then, in MB."""
    most, last = 0.0, time.monotonic()
    arrivals: list[float] = []
    async with aiohttp.ClientSession() as session:
        while len(arrivals) < due and time.monotonic() - last < PATIENCE:
            await asyncio.sleep(0.5)
            async with session.get(f"http://127.0.0.1:{port}/report") as answer:
                now = (await answer.json())["arrivals"]
            last = time.monotonic() if len(now) > len(arrivals) else last
            arrivals = now
            most = max(most, _memory(pid))
    return arrivals, most


def _memory(pid: int) -> float:
    """The most that a program, and each of its helpers, has held until now, in MB; what they share counts for each."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    helpers = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(status["VmHWM"].split()[0]) / 1024 + sum(_memory(int(one)) for one in helpers)


async def _bare(port: int, many: int) -> float:
    """As many messages like the last one, through a bare aiohttp loop; → messages a second."""
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/report") as answer:
            form = (await answer.json())["form"]
        left = iter(range(many))

        async def send() -> None:
            for _ in left:
                async with session.post(f"http://127.0.0.1:{port}/bot{TOKEN}/sendMessage", data=form) as answer:
                    await answer.json()

        begun = time.monotonic()
        await asyncio.gather(*(send() for _ in range(IN_FLIGHT)))
        return many / (time.monotonic() - begun)


def main() -> None:
    """Run the benchmark and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    load_world.add_arguments(parser)
    chosen = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    telegram = context.Process(target=_telegram, args=(sender,), daemon=True)
    telegram.start()
    port = receiver.recv()
    with tempfile.TemporaryDirectory(prefix="paperboy-program-", dir=chosen.folder) as folder:
        file = Path(folder) / "program.db"
        load_world.put(file, chosen)
        asyncio.run(_make_due(file, chosen.due, chosen.chats))
        settings = Settings(
            telegram_bot_token=TOKEN,
            telegram_api_url=f"http://127.0.0.1:{port}",
            database_url=f"sqlite+aiosqlite:///{file}",
            arxiv_url=NOWHERE,
            arxiv_api_url=NOWHERE,
            hf_url=NOWHERE,
            arxiv_delay=0.05,
            arxiv_api_delay=0.05,
            paid_broadcast=PAID,
        )
        program = context.Process(target=_program, args=(settings,))
        begun = time.monotonic()
        program.start()
        try:
            arrivals, memory = asyncio.run(_watch(port, program.pid or 0, chosen.due))
            bare = asyncio.run(_bare(port, len(arrivals)))
        finally:
            program.terminate()
            program.join(20)
            telegram.terminate()
            telegram.join()
    rate = len(arrivals) / max(arrivals[-1] - arrivals[0], 1e-9)
    print(f"{len(arrivals)} of {chosen.due} chats have their table, the first after {arrivals[0] - begun:.0f} s")
    print(f"tables                  {rate:10.0f} a second, made, sent and written down")
    print(f"  a bare loop           {bare:10.0f} a second, sends only; ratio {rate / bare:.2f}")
    print(f"memory                  {memory:10.0f} MB at most      {'met' if memory <= WANTED_MB else 'MISSED'}")


if __name__ == "__main__":
    main()
