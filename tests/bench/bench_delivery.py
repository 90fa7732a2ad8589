"""A broadcast against a server that enforces Telegram's limits strictly, with presses meanwhile.

    python tests/bench/bench_delivery.py [--private 3000] [--groups 200] [--parts 1] [--presses 5]

Everybody is due at once, and each chat gets `parts` messages. Printed are the share of the allowed 30 messages a second that
was reached, the refusals (429), and how long answers to presses and their edits took; then the same for fewer chats that get
several messages each, which Telegram wants at one a second. The server has a process of its own, counts in three ways at
once, and refuses what is too much by any of them; everything stays on loopback, and it ends by itself when everybody has
been served.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from typing import Any

from aiohttp import web

from bot.chat.delivery import Postman
from bot.chat.lanes import Lanes
from bot.chat.line import make_bot
from bot.chat.offers import Offers
from bot.chat.posting import through
from bot.model import ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database
from tests.support.strict_limits import OVERALL, Meters, limited

TOKEN = "1:bench"
BODY = {"text": "A paper's title and what it says. " * 30, "keyboard": [[{"text": "1", "data": "card:1"}]]}

AT_LEAST, ANSWERED, EDITED = 0.97, 150.0, 500.0
"""What should be reached: the share of the allowed rate; milliseconds, p99, of answers and edits."""


class _Strict:
    """Refuses whatever is too much."""

    def __init__(self) -> None:
        self._meters = Meters()
        self._arrivals: list[float] = []

    async def handle(self, request: web.Request) -> web.Response:
        """One call."""
        method = request.match_info["method"]
        if method == "report":
            return _ok([self._meters.refused, self._arrivals])
        if not limited(method):
            return _ok(result=True)
        form = await request.post()
        now, chat = time.monotonic(), int(str(form["chat_id"]))
        if not self._meters.admits(chat, now):
            return too_many()
        self._arrivals.append(now)
        kind = "private" if chat > 0 else "supergroup"
        about = {"id": chat, "type": kind, "first_name": "A", "title": "A"}
        return _ok({"message_id": len(self._arrivals), "date": 1, "chat": about, "text": "x"})


def too_many() -> web.Response:
    """What Telegram answers to too much."""
    parameters = {"retry_after": 1}
    refused = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": parameters}
    return web.json_response(refused, status=429)


def _ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def serve(app: web.Application, port_to: Connection) -> None:
    """Serve on a free port of this machine, which is told, until the process ends."""

    async def main() -> None:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port_to.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def _strict(port_to: Connection) -> None:
    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", _Strict().handle)
    serve(app, port_to)


def _now() -> datetime:
    return datetime.now(UTC)


async def _plan(db: Database, numbers: list[int], parts: int) -> None:
    async with db.begin() as conn:
        for number in numbers:
            kind = ChatKind.PRIVATE if number > 0 else ChatKind.GROUP
            chat = await chats.ensure(conn, number, 0, kind, "A", {}, _now())
            await deliveries.plan(conn, chat.id, None, [BODY] * parts)


async def _measure(port: int, folder: str, numbers: list[int], parts: int, presses: float) -> None:
    db = await Database.open(f"sqlite+aiosqlite:///{folder}/{parts}.db")
    await _plan(db, numbers, parts)
    lanes = Lanes()
    bot = make_bot(TOKEN, f"http://127.0.0.1:{port}", lanes=lanes, trust_env=False)
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
    postman = Postman(
        Outbox(db, _now), through(bot, Offers(_now)), _now, rest=lambda chat: lanes.rest(chat.telegram_id)
    )
    begun, cpu = time.monotonic(), time.process_time()
    sent = await postman.deliver()
    took, cpu = time.monotonic() - begun, time.process_time() - cpu
    over.set()
    await readers
    report: Any = await bot.request.post(f"http://127.0.0.1:{port}/bot{TOKEN}/report")
    refused, arrivals = report
    within = [at for at in arrivals if begun <= at <= begun + took]
    groups = sum(number < 0 for number in numbers)
    print(
        f"{len(numbers) - groups} private chats and {groups} groups, {parts} message(s) each, {presses:g} presses a second"
    )
    print(f"  {sent} of {len(numbers) * parts} sent in {took:.1f} s, with {cpu / took:.0%} of a core")
    print_rate(within)
    print_refusals(refused)
    print_waits({"answers": (answers, ANSWERED), "edits": (edits, EDITED)})
    await asyncio.gather(*(request.shutdown() for request in bot._request))
    await lanes.shutdown()
    await db.close()


def print_rate(arrivals: Sequence[float]) -> None:
    """The rate at which these messages arrived."""
    rate = (len(arrivals) - 1) / (arrivals[-1] - arrivals[0])
    share = rate / OVERALL
    print(f"  {rate:.2f} messages and edits a second = {share:.1%} of {OVERALL}: {_met(share >= AT_LEAST)}")


def print_refusals(refused: Mapping[str, int]) -> None:
    """How many were too much, by the way of counting."""
    why = ", ".join(f"{way} {count}" for way, count in refused.items())
    print(f"  429s: {sum(refused.values())} {why and f'({why})'}: {_met(not refused)}")


def print_waits(waits: Mapping[str, tuple[Sequence[float], float]]) -> None:
    """By name how many seconds each wait took, and the milliseconds that should not be exceeded."""
    for name, (times, most) in waits.items():
        p50, p99 = _quantile(times, 0.5), _quantile(times, 0.99)
        print(f"  {name:<8} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   of {len(times)}: {_met(p99 <= most)}")


def _met(reached: bool) -> str:
    return "met" if reached else "MISSED"


def _quantile(times: Sequence[float], share: float) -> float:
    """Milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def _against_a_server(numbers: list[int], parts: int, presses: float) -> None:
    """One run against a server that has seen nothing yet."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_strict, args=(sender,), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(_measure(receiver.recv(), folder, numbers, parts, presses))
    finally:
        server.terminate()
        server.join()


def main() -> None:
    """Runs the benchmark and prints what came of it."""
    parser = argparse.ArgumentParser(description="a broadcast under Telegram's limits")
    parser.add_argument("--private", type=int, default=3000)
    parser.add_argument("--groups", type=int, default=200)
    parser.add_argument("--parts", type=int, default=1, help="messages to each chat")
    parser.add_argument("--presses", type=float, default=5.0, help="a second")
    chosen = parser.parse_args()
    numbers = [*range(1, chosen.private + 1), *range(-chosen.groups, 0)]
    random.Random(2).shuffle(numbers)
    _against_a_server(numbers, chosen.parts, chosen.presses)
    if chosen.parts == 1:
        _against_a_server(numbers[: len(numbers) // 16], 5, chosen.presses)


if __name__ == "__main__":
    main()
