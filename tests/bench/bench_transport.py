"""How fast messages go out: our transport, python-telegram-bot's own, and bare aiohttp, in the same run.

    python tests/bench/bench_transport.py [--messages 1000] [--rounds 3] [--concurrency 8,32]

A server in a process of its own answers every request with the same message, on loopback only. The three clients take
turns within each round, because the machine's speed wanders; the medians and their ratios are printed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics

import aiohttp
import telegram
from telegram.request import HTTPXRequest

from bot.chat.transport import Transport
from tests.support.constant_api import KEYBOARD, TEXT, TOKEN, Send, rate, running


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
            await rate(send, messages // 5, concurrency)
        results: dict[str, list[tuple[float, float]]] = {name: [] for name in clients}
        for _ in range(rounds):
            for name, send in clients.items():
                results[name].append(await rate(send, messages, concurrency))
        await asyncio.gather(*(request.shutdown() for bot in (ours, stock) for request in bot._request))
    speed = {name: statistics.median(one[0] for one in found) for name, found in results.items()}
    cpu = {name: statistics.median(one[1] for one in found) for name, found in results.items()}
    for name in clients:
        print(f"{concurrency:>4} at once  {name:<13} {speed[name]:7.0f} messages/s  {cpu[name]:5.2f} ms CPU each")
    print(
        f"{concurrency:>4} at once  ours ÷ stock = {speed['ours'] / speed['stock']:.2f}   "
        f"ours ÷ bare aiohttp = {speed['ours'] / speed['bare aiohttp']:.2f}   "
        f"stock ÷ bare aiohttp = {speed['stock'] / speed['bare aiohttp']:.2f}"
    )


def main() -> None:
    """Runs the benchmark and prints its table."""
    parser = argparse.ArgumentParser(description="messages per second through three transports")
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", default="8,32")
    arguments = parser.parse_args()
    with running() as port:
        for concurrency in map(int, arguments.concurrency.split(",")):
            asyncio.run(_measure(port, arguments.messages, arguments.rounds, concurrency))


if __name__ == "__main__":
    main()
