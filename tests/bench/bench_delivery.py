"""A broadcast against a server that enforces Telegram's limits strictly, with presses meanwhile.

    python tests/bench/bench_delivery.py [--chats 600] [--presses 5]

Every sixteenth chat is a group. Printed are the share of the allowed 30 messages a second that was reached, the
refusals (429), and how long answers to presses and their edits took. The server has a process of its own; everything
stays on loopback, and it ends by itself when everybody has been served.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import tempfile
import time
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from bot.chat.delivery import Postman
from bot.chat.line import make_bot
from bot.chat.offers import Offers
from bot.chat.posting import through
from bot.model import ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database

TOKEN = "1:bench"
BODY = {"text": "A paper's title and what it says. " * 30, "keyboard": [[{"text": "1", "data": "card:1"}]]}
PRIVATE = 3
"""Messages within a second to one private chat: short bursts are tolerated."""


class _Strict:
    """Counts in sliding windows and refuses whatever is too much."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.arrivals: list[float] = []
        self._overall: deque[float] = deque()
        self._chats: dict[int, deque[float]] = defaultdict(deque)

    async def handle(self, request: web.Request) -> web.Response:
        """One call."""
        method = request.match_info["method"]
        if method == "report":
            return _ok([dict(self.counts), self.arrivals])
        form = await request.post()
        self.counts[method] += 1
        if not method.startswith(("send", "edit")):
            return _ok(result=True)
        now, chat = time.monotonic(), int(str(form["chat_id"]))
        own = self._chats[chat]
        for times, window in ((self._overall, 1.0), (own, 1.0 if chat > 0 else 60.0)):
            while times and times[0] <= now - window:
                times.popleft()
        if len(self._overall) >= 30 or len(own) >= (PRIVATE if chat > 0 else 20):
            self.counts["429"] += 1
            refusal = {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests",
                "parameters": {"retry_after": 1},
            }
            return web.json_response(refusal, status=429)
        for times in (self._overall, own):
            times.append(now)
        self.arrivals.append(now)
        kind = "private" if chat > 0 else "supergroup"
        about = {"id": chat, "type": kind, "first_name": "A", "title": "A"}
        return _ok({"message_id": len(self.arrivals), "date": 1, "chat": about, "text": "x"})


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def _serve(port_to: Connection) -> None:
    async def main() -> None:
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", _Strict().handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port_to.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def _now() -> datetime:
    return datetime.now(UTC)


async def _plan(db: Database, numbers: list[int]) -> None:
    async with db.begin() as conn:
        for number in numbers:
            kind = ChatKind.PRIVATE if number > 0 else ChatKind.GROUP
            chat = await chats.ensure(conn, number, 0, kind, "A", {}, _now())
            await deliveries.plan(conn, chat.id, None, [BODY])


async def _measure(port: int, folder: str, many: int, presses: float) -> None:
    numbers = [-number if number % 16 == 0 else number for number in range(1, many + 1)]
    db = await Database.open(f"sqlite+aiosqlite:///{folder}/bench.db")
    await _plan(db, numbers)
    bot = make_bot(TOKEN, f"http://127.0.0.1:{port}", trust_env=False)
    # Only the transports are opened: getMe is not what is measured.
    await asyncio.gather(*(request.initialize() for request in bot._request))
    answers: list[float] = []
    edits: list[float] = []
    rng = random.Random(1)

    async def press() -> None:
        begun = time.monotonic()
        await bot.answer_callback_query("1")
        answers.append(time.monotonic() - begun)
        begun = time.monotonic()
        await bot.edit_message_reply_markup(rng.choice(numbers), 1)
        edits.append(time.monotonic() - begun)

    async def pressing() -> None:
        async with asyncio.TaskGroup() as pressed:
            while not over.is_set():
                pressed.create_task(press())
                await asyncio.sleep(1 / presses)

    over = asyncio.Event()
    readers = asyncio.create_task(pressing())
    begun, cpu = time.monotonic(), time.process_time()
    sent = await Postman(Outbox(db, _now), through(bot, Offers(_now)), _now).deliver()
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    over.set()
    await readers
    report: Any = await bot._request[1].post(f"http://127.0.0.1:{port}/bot{TOKEN}/report")
    counts, arrivals = report
    within = [at for at in arrivals if at <= begun + took]
    rate = (len(within) - 1) / (within[-1] - within[0])
    print(f"{sent} of {many} sent in {took:.1f} s, with {cpu / took:.0%} of a core")
    print(f"{rate:.2f} messages and edits a second = {rate / 30:.1%} of 30;  429s: {counts.get('429', 0)}")
    for name, times in (("answers", answers), ("edits", edits)):
        print(f"{name:<8} p50 {_quantile(times, 0.5):6.1f} ms   p99 {_quantile(times, 0.99):6.1f} ms   of {len(times)}")
    await asyncio.gather(*(request.shutdown() for request in bot._request))
    await db.close()


def _quantile(times: list[float], share: float) -> float:
    """Milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def main() -> None:
    """Runs the benchmark and prints what came of it."""
    parser = argparse.ArgumentParser(description="a broadcast under Telegram's limits")
    parser.add_argument("--chats", type=int, default=600)
    parser.add_argument("--presses", type=float, default=5.0, help="a second")
    arguments = parser.parse_args()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_measure(receiver.recv(), folder, arguments.chats, arguments.presses))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
