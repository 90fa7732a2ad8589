"""The Bot API over HTTP on loopback: `/bot{token}/{method}`, GET or POST, form, multipart or JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import web

from bot.playground import limits, polling
from bot.playground.arguments import Arguments, Upload, from_json
from bot.playground.errors import REASONS, ApiError, bad_request
from bot.playground.files import path_of
from bot.playground.methods import METHODS
from bot.playground.polling import Said, Webhook
from bot.playground.state import State
from bot.playground.webhooks import Courier

LOOPBACK = "127.0.0.1"
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_BODY_BYTES = limits.FILE_BYTES + 1024 * 1024


@dataclass(slots=True)
class Fault:
    """Something that is to go wrong with coming requests.

    `method` is a method's name, "" for all but getUpdates; `chat_id` 0 means any chat. With `error` the request is
    refused; with `lose_answer` it is carried out, but the connection breaks before the answer; with `hold` it is carried
    out at once and answered so many seconds later; `delay` are seconds to wait first. It happens `times` times, the
    first `skip` matching requests excepted.
    """

    method: str = ""
    error: ApiError | None = None
    lose_answer: bool = False
    delay: float = 0.0
    hold: float = 0.0
    times: int = 1
    skip: int = 0
    chat_id: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came and as it was answered; `code` is 200 or the error's, 0 where the answer was lost."""

    method: str
    arguments: Arguments
    code: int
    description: str
    at: datetime


@dataclass(slots=True)
class Traffic:
    """What goes through the server: the calls so far, how many are under way, when the last one moved."""

    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=20_000))
    under_way: int = 0
    moved_at: float = 0.0  # loop time


class Server:
    """Serves one bot's state to whoever knows its token."""

    def __init__(self, state: State, token: str) -> None:
        self.state = state
        self.token = token
        self.webhook = Webhook()
        self.faults: list[Fault] = []
        self.traffic = Traffic()
        self.url = ""
        self.routes: list[web.RouteDef] = []  # what else is served at the same address
        self.on_stop: list[Callable[[], None]] = []
        self._runner: web.AppRunner | None = None
        self._courier = Courier(state, self.webhook)

    async def start(self, port: int = 0) -> str:
        """Listens on loopback and says where; port 0 takes a free one."""
        app = web.Application(client_max_size=_BODY_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        app.router.add_route("GET", "/file/bot{token}/{path:.+}", self._download)
        app.router.add_routes(self.routes)
        app.router.add_route("*", "/{anything:.*}", self._nothing)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, port)
        await site.start()
        self.url = f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"
        self._courier.start()
        return self.url

    async def stop(self) -> None:
        """Closes all connections."""
        await self._courier.stop()
        for last_word in self.on_stop:
            last_word()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # ---------------------------------------------------------------- one request

    async def _nothing(self, _request: web.Request) -> web.Response:
        return _refusal(ApiError(404, REASONS[404]))

    async def _download(self, request: web.Request) -> web.Response:
        """A file by the path that getFile gave."""
        if request.match_info["token"] != self.token:
            return _refusal(ApiError(401, REASONS[401]))
        path = request.match_info["path"]
        file = next((file for file in self.state.files.values() if path_of(file) == path), None)
        if file is None:
            return _refusal(ApiError(404, REASONS[404]))
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        token, method = request.match_info["token"], request.match_info["method"]
        if not _TOKEN.fullmatch(token):
            return _refusal(ApiError(404, REASONS[404]))
        if token != self.token:
            return _refusal(ApiError(401, REASONS[401]))
        arguments = Arguments()
        async with self._counted(method):
            try:
                arguments = await _arguments(request)
                fault = self._fault(method, arguments)
                if fault is not None and fault.delay:
                    await asyncio.sleep(fault.delay)
                if fault is not None and fault.error is not None:
                    raise fault.error
                result = await self._call(method.lower(), arguments)
            except ApiError as error:
                self._note(method, arguments, error.code, error.description)
                return _refusal(error)
            if fault is not None and fault.lose_answer:
                self._note(method, arguments, 0, "")
                return _hang_up(request)
            self._note(method, arguments, 200, "")
            if fault is not None and fault.hold:
                await asyncio.sleep(fault.hold)
            return _answer(result)

    async def _call(self, method: str, arguments: Arguments) -> object:
        if method == "getupdates":
            return await polling.get_updates(self.state, self.webhook, arguments)
        if method == "setwebhook":
            return polling.set_webhook(self.state, self.webhook, arguments)
        if method == "deletewebhook":
            return polling.delete_webhook(self.state, self.webhook, arguments)
        if method == "getwebhookinfo":
            return polling.get_webhook_info(self.state, self.webhook, arguments)
        known = METHODS.get(method)
        if known is None:
            raise ApiError(404, "Not Found: method not found")
        return known(self.state, arguments)

    @contextlib.asynccontextmanager
    async def _counted(self, method: str) -> AsyncIterator[None]:
        """Counts a request as under way; a waiting poll is no movement."""
        counts = method.lower() != "getupdates"
        loop = asyncio.get_running_loop()
        self.traffic.under_way += counts
        try:
            yield
        finally:
            self.traffic.under_way -= counts
            if counts:
                self.traffic.moved_at = loop.time()

    def _note(self, method: str, arguments: Arguments, code: int, description: str) -> None:
        self.traffic.calls.append(Call(method, arguments, code, description, self.state.clock()))

    def _fault(self, method: str, arguments: Arguments) -> Fault | None:
        """The fault that this request meets; it is used up by that."""
        for fault in self.faults:
            named = method.lower() == fault.method.lower() if fault.method else method.lower() != "getupdates"
            placed = not fault.chat_id or arguments.text("chat_id") == str(fault.chat_id)
            if not named or not placed or fault.times <= 0:
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None


def _answer(result: object) -> web.Response:
    said: dict[str, object] = {"ok": True, "result": result}
    if isinstance(result, Said):
        said = {"ok": True, "result": result.result, "description": result.description}
    return _json(200, said)


def _refusal(error: ApiError) -> web.Response:
    response = _json(error.code, error.body())
    if "retry_after" in error.parameters:
        response.headers["Retry-After"] = str(error.parameters["retry_after"])
    return response


def _json(status: int, body: object) -> web.Response:
    text = json.dumps(body, ensure_ascii=True, separators=(",", ":"))
    return web.Response(status=status, text=text, content_type="application/json")


def _hang_up(request: web.Request) -> web.StreamResponse:
    """Breaks the connection without a word."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _arguments(request: web.Request) -> Arguments:
    """What the request says, body before query string.

    Raises:
        ApiError: the body cannot be read, or a text is not valid Unicode.
    """
    values = dict(request.query)
    files: dict[str, Upload] = {}
    try:
        if request.content_type == "application/json":
            body = await request.read()
            values |= from_json(json.loads(body) if body.strip() else {})
        elif request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
            for name, value in (await request.post()).items():
                if isinstance(value, web.FileField):
                    files[name] = Upload(value.filename, value.content_type, value.file.read())
                else:
                    values[name] = value if isinstance(value, str) else bytes(value).decode()
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, REASONS[413]) from None
    except (ValueError, UnicodeDecodeError):
        raise bad_request("can't parse request body") from None
    return Arguments(values, files)
