"""The far end of Telegram for tests: a small Bot API server on loopback that can be told to misbehave."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

TOKEN = "123456:TEST-token_that-must-never-be-seen"


@dataclass(frozen=True)
class Call:
    """One request as it arrived. `at` is the moment of the event loop's clock, `program` the number before the token in
    the path, where several programs call."""

    method: str
    fields: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]]
    headers: Mapping[str, str]
    at: float
    program: int = 0

    def chat(self) -> int:
        """Which chat it concerns."""
        return int(self.fields["chat_id"])


@dataclass(frozen=True)
class Reply:
    """What to answer instead of the usual. `then` is "answer", "reset" (the connection breaks), or "hang"."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    then: str = "answer"
    accepted: bool = False


RESET = Reply(then="reset")
LOST = Reply(then="reset", accepted=True)
HANG = Reply(then="hang")
SLOW = Reply(then="hang", accepted=True)


def refusal(status: int, description: str, **parameters: int) -> Reply:
    """An error as Telegram words it."""
    body = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Reply(status, body)


class TinyBotApi:
    """Answers the methods that the tests use; `plan` puts other answers before the usual ones.

    `calls` holds every request that arrived, `accepted` the sends that were carried out, in order; `mishap` may answer
    any call that nothing else is planned for.
    """

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.calls: list[Call] = []
        self.accepted: list[Call] = []
        self.url = ""
        self.mishap: Callable[[Call], Reply | None] = lambda call: None
        self._planned: dict[str, deque[Reply]] = defaultdict(deque)
        self._always: dict[str, Reply] = {}
        self._updates: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self._poller: asyncio.Future[None] | None = None
        self._runner: web.AppRunner | None = None
        self._message_id = 100
        self._update_id = 1000

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_route("*", r"/{program:\d+}/bot{token}/{method}", self._handle)
        app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def plan(self, method: str, *replies: Reply) -> None:
        """Answer the next calls of `method` so, one after the other."""
        self._planned[method].extend(replies)

    def always(self, method: str, reply: Reply | None) -> None:
        """Answer every call of `method` so; None: as usual again."""
        if reply is None:
            self._always.pop(method, None)
        else:
            self._always[method] = reply

    def push(self, **update: Any) -> None:
        """Something happened in a chat."""
        self._updates.append({"update_id": self._update_id, **update})
        self._update_id += 1
        self._arrived.set()

    def of(self, method: str) -> list[Call]:
        """Every call of `method` so far."""
        return [call for call in self.calls if call.method == method]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = await _call(request)
        self.calls.append(call)
        if request.match_info["token"] != self.token:
            return _json(refusal(401, "Unauthorized"))
        queue = self._planned[call.method]
        reply = queue.popleft() if queue else self._always.get(call.method) or self.mishap(call)
        if reply is None:
            self.accepted.append(call)
            return await self._usual(call)
        if reply.accepted:
            self.accepted.append(call)
        if reply.then == "hang":
            await asyncio.sleep(3600)
        if reply.then == "reset":
            assert request.transport is not None
            request.transport.abort()
        return _json(reply)

    async def _usual(self, call: Call) -> web.Response:
        match call.method:
            case "getMe":
                return _ok({"id": 123456, "is_bot": True, "first_name": "Paperboy", "username": "paperboy_bot"})
            case "getUpdates":
                return await self._get_updates(call)
            case "sendMessage" | "editMessageText" | "sendDocument" | "sendRichMessage":
                self._message_id += 1
                kind = "private" if call.chat() > 0 else "supergroup"
                chat = {"id": call.chat(), "type": kind, "first_name": "A", "title": "A"}
                return _ok({"message_id": self._message_id, "date": 1, "chat": chat, "text": "…"})
        return _ok(result=True)

    async def _get_updates(self, call: Call) -> web.Response:
        """Waits for updates as Telegram does; a second poller ends the first one's wait with a conflict."""
        if self._poller is not None and not self._poller.done():
            self._poller.set_exception(asyncio.CancelledError())
        mine = self._poller = asyncio.get_running_loop().create_future()
        offset = int(call.fields.get("offset", 0))
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        deadline = asyncio.get_running_loop().time() + int(call.fields.get("timeout", 0))
        while not self._updates:
            self._arrived.clear()
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                break
            news = asyncio.ensure_future(self._arrived.wait())
            await asyncio.wait({news, mine}, timeout=left, return_when=asyncio.FIRST_COMPLETED)
            news.cancel()
            if mine.done():
                mine.exception()
                return _json(_CONFLICT)
        mine.cancel()
        return _ok(self._updates)

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=b"%PDF-1.7 of " + request.match_info["path"].encode())


_CONFLICT = refusal(
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
)


async def _call(request: web.Request) -> Call:
    fields: dict[str, str] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            with value.file:
                files[name] = (value.filename, value.file.read())
        else:
            fields[name] = str(value)
    now, program = asyncio.get_running_loop().time(), int(request.match_info.get("program", 0))
    return Call(request.match_info["method"], fields, files, dict(request.headers), now, program)


def _ok(result: Any) -> web.Response:
    return web.Response(text=json.dumps({"ok": True, "result": result}), content_type="application/json")


def _json(reply: Reply) -> web.Response:
    text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
    return web.Response(text=text, status=reply.status, headers=dict(reply.headers), content_type="application/json")
