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
from collections import Counter, deque
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

TOKEN = "1:bench"
BODY = {"text": "A paper's title and what it says. " * 30, "keyboard": [[{"text": "1", "data": "card:1"}]]}
OVERALL = 30
PRIVATE = 3
"""Messages within a second to one private chat: short bursts are tolerated."""
GROUP = 20
"""Messages within a minute to one group."""

AT_LEAST, ANSWERED, EDITED = 0.97, 150.0, 500.0
"""What should be reached: the share of the allowed rate; milliseconds, p99, of answers and edits."""


class _Sliding:
    """At most so many within any window of so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._times: deque[float] = deque()

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        while self._times and self._times[0] <= now - self._window:
            self._times.popleft()
        return len(self._times) >= self._most

    def count(self, now: float) -> None:
        """One more."""
        self._times.append(now)


class _Fixed:
    """At most so many between two ticks of a clock that ticks every so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._window = most, window
        self._counts: Counter[int] = Counter()

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        return self._counts[int(now / self._window)] >= self._most

    def count(self, now: float) -> None:
        """One more."""
        self._counts[int(now / self._window)] += 1


class _Bucket:
    """A bucket of so many tokens that fills up within so many seconds."""

    def __init__(self, most: int, window: float) -> None:
        self._most, self._per_second = most, most / window
        self._tokens, self._at = float(most), 0.0

    def full(self, now: float) -> bool:
        """Whether one more would be too much."""
        self._tokens = min(self._most, self._tokens + (now - self._at) * self._per_second)
        self._at = now
        return self._tokens < 1

    def count(self, now: float) -> None:
        """One more."""
        self._tokens -= 1


WAYS = (_Sliding, _Fixed, _Bucket)


class _Strict:
    """Counts in several ways and refuses whatever is too much by any of them."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.arrivals: list[float] = []
        self._overall = [way(OVERALL, 1.0) for way in WAYS]
        self._chats: dict[int, list[_Sliding | _Fixed | _Bucket]] = {}

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
        if chat not in self._chats:
            self._chats[chat] = [way(PRIVATE, 1.0) if chat > 0 else way(GROUP, 60.0) for way in WAYS]
        meters = [*self._overall, *self._chats[chat]]
        if too_much := [type(meter).__name__ for meter in meters if meter.full(now)]:
            self.counts["429"] += 1
            self.counts.update(too_much)
            refusal = {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests",
                "parameters": {"retry_after": 1},
            }
            return web.json_response(refusal, status=429)
        for meter in meters:
            meter.count(now)
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
    counts, arrivals = report
    within = [at for at in arrivals if begun <= at <= begun + took]
    rate = (len(within) - 1) / (within[-1] - within[0])
    groups = sum(number < 0 for number in numbers)
    print(
        f"{len(numbers) - groups} private chats and {groups} groups, {parts} message(s) each, {presses:g} presses a second"
    )
    print(f"  {sent} of {len(numbers) * parts} sent in {took:.1f} s, with {cpu / took:.0%} of a core")
    print(
        f"  {rate:.2f} messages and edits a second = {rate / OVERALL:.1%} of {OVERALL}: {_met(rate / OVERALL >= AT_LEAST)}"
    )
    why = ", ".join(
        f"{name[1:].lower()} {counts[name]}" for name in ("_Sliding", "_Fixed", "_Bucket") if name in counts
    )
    print(f"  429s: {counts.get('429', 0)} {why and f'({why})'}: {_met(not counts.get('429'))}")
    for name, times, most in (("answers", answers, ANSWERED), ("edits", edits, EDITED)):
        p50, p99 = _quantile(times, 0.5), _quantile(times, 0.99)
        print(f"  {name:<8} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   of {len(times)}: {_met(p99 <= most)}")
    await asyncio.gather(*(request.shutdown() for request in bot._request))
    await lanes.shutdown()
    await db.close()


def _met(reached: bool) -> str:
    return "met" if reached else "MISSED"


def _quantile(times: list[float], share: float) -> float:
    """Milliseconds."""
    return sorted(times)[min(len(times) - 1, int(len(times) * share))] * 1000


def _against_a_server(numbers: list[int], parts: int, presses: float) -> None:
    """One run against a server that has seen nothing yet."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
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
