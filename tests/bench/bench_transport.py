"""How fast messages go out: our transport, python-telegram-bot's own, and bare aiohttp, in the same run.

    python tests/bench/bench_transport.py [--messages 1000] [--rounds 3] [--concurrency 8,32]

A server in a process of its own answers every request with the same message, on loopback only. The three clients take
turns within each round, because the machine's speed wanders; the medians and their ratios are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import statistics
import time
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection

import aiohttp
import telegram
from telegram.request import HTTPXRequest

from bot.chat.transport import Transport

TOKEN = "1:bench"
TEXT = "A paper's title and what it says. " * 30
KEYBOARD = telegram.InlineKeyboardMarkup(
    [[telegram.InlineKeyboardButton(str(n), callback_data=f"card:{n}") for n in range(3)]]
)

Send = Callable[[int], Awaitable[object]]


class _Constant(asyncio.Protocol):
    """Answers each request that has a Content-Length with the same message."""

    def __init__(self) -> None:
        chat = {"id": 7, "type": "private", "first_name": "A"}
        result = {"message_id": 1, "date": 1, "chat": chat, "text": TEXT, "reply_markup": KEYBOARD.to_dict()}
        body = json.dumps({"ok": True, "result": result}, separators=(",", ":")).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._answer = head.encode() + body
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Part of a request, or several."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            head = self._held[:end].lower()
            mark = head.find(b"content-length:")
            length = int(head[mark + 15 :].split(b"\r\n", 1)[0]) if mark >= 0 else 0
            if len(self._held) < end + 4 + length:
                return
            self._held = self._held[end + 4 + length :]
            self._transport.write(self._answer)


def _serve(port_to: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(_Constant, "127.0.0.1", 0)
        port_to.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def _rate(send: Send, messages: int, concurrency: int) -> tuple[float, float]:
    """Messages per second, and milliseconds of this process's CPU per message."""
    numbers = iter(range(1, messages + 1))

    async def worker() -> None:
        for number in numbers:
            await send(number)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return messages / (time.perf_counter() - begun), (time.process_time() - cpu) * 1000 / messages


def _through(bot: telegram.Bot) -> Send:
    return lambda number: bot.send_message(number, TEXT, parse_mode="HTML", reply_markup=KEYBOARD)


async def _measure(port: int, messages: int, rounds: int, concurrency: int) -> None:
    base = f"http://127.0.0.1:{port}/bot"
    ours = telegram.Bot(TOKEN, base_url=base, request=Transport())
    stock = telegram.Bot(TOKEN, base_url=base, request=HTTPXRequest(connection_pool_size=64, pool_timeout=30))
    form = {"text": TEXT, "parse_mode": "HTML", "reply_markup": json.dumps(KEYBOARD.to_dict())}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64)) as session:
        # Only the transports are opened: the constant answer is no answer to getMe.
        await asyncio.gather(*(request.initialize() for bot in (ours, stock) for request in bot._request))

        async def bare(number: int) -> None:
            async with session.post(f"{base}{TOKEN}/sendMessage", data={"chat_id": str(number), **form}) as response:
                json.loads(await response.read())

        clients: dict[str, Send] = {"ours": _through(ours), "stock": _through(stock), "bare aiohttp": bare}
        for send in clients.values():
            await _rate(send, messages // 5, concurrency)
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
        for _ in range(rounds):
            for name, send in clients.items():
                results[name].append(await _rate(send, messages, concurrency))
        await asyncio.gather(*(request.shutdown() for bot in (ours, stock) for request in bot._request))
    rate = {name: statistics.median(one[0] for one in found) for name, found in results.items()}
    cpu = {name: statistics.median(one[1] for one in found) for name, found in results.items()}
    for name in clients:
        print(f"{concurrency:>4} at once  {name:<13} {rate[name]:7.0f} messages/s  {cpu[name]:5.2f} ms CPU each")
    print(
        f"{concurrency:>4} at once  ours ÷ stock = {rate['ours'] / rate['stock']:.2f}   "
        f"ours ÷ bare aiohttp = {rate['ours'] / rate['bare aiohttp']:.2f}   "
        f"stock ÷ bare aiohttp = {rate['stock'] / rate['bare aiohttp']:.2f}"
    )


def main() -> None:
    """Runs the benchmark and prints its table."""
    parser = argparse.ArgumentParser(description="messages per second through three transports")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", default="8,32")
    arguments = parser.parse_args()
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
    server.start()
    port = receiver.recv()
    try:
        for concurrency in map(int, arguments.concurrency.split(",")):
            asyncio.run(_measure(port, arguments.messages, arguments.rounds, concurrency))
    finally:
        server.terminate()
        server.join()


if __name__ == "__main__":
    main()
