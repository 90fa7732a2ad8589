"""A Bot API server without limits for measuring clients: a process of its own that gives everybody the same answer."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

import telegram

TOKEN = "1:bench"
TEXT = "A paper's title and what it says. " * 30
KEYBOARD = telegram.InlineKeyboardMarkup(
    [[telegram.InlineKeyboardButton(str(n), callback_data=f"card:{n}") for n in range(3)]]
)

Send = Callable[[int], Awaitable[object]]
"""Sends the message to the chat of that number."""


@contextmanager
def running() -> Iterator[int]:
    """The server, while it runs; → its port on loopback."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(sender,), daemon=True)
    server.start()
    try:
        yield receiver.recv()
    finally:
        server.terminate()
        server.join()


async def rate(send: Send, messages: int, concurrency: int) -> tuple[float, float]:
    """Messages per second, and milliseconds of this process's CPU per message."""
    numbers = iter(range(1, messages + 1))

    async def worker() -> None:
        for number in numbers:
            await send(number)

    begun, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    return messages / (time.perf_counter() - begun), (time.process_time() - cpu) * 1000 / messages


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
