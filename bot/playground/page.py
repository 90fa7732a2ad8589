"""The chat page: a Telegram chat in a browser, served beside the Bot API on loopback.

A browser holds other people's pages too, and each of them may send requests to 127.0.0.1. What changes or tells anything
is therefore answered only to the page itself: the name that was asked for has to be loopback's (no DNS rebinding), a
request made by another site is refused by its Origin, and a secret of this run, which the address that is printed
carries, comes back as a cookie.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import mimetypes
import secrets
from collections.abc import Awaitable, Callable
from datetime import time
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from bot.playground import page_feed
from bot.playground.cast import Cast
from bot.playground.control import Impossible, Playground
from bot.playground.errors import ApiError
from bot.playground.server import LOOPBACK
from bot.playground.state import Chat, Event, Json, Message, User

FOLDER = Path(__file__).with_name("page")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_BREATH_SECONDS = 15.0  # so often a quiet stream says that it is alive
_LONGEST_TEXT = 4096

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Page:
    """The page of one playground; make it before the playground starts."""

    def __init__(self, playground: Playground, cast: Cast, key: str | None = None) -> None:
        self._playground = playground
        self._cast = cast
        self._key = key or secrets.token_urlsafe(18)
        self._streams: set[asyncio.Queue[str | None]] = set()
        playground.state.listeners.append(self._hear)
        playground.server.on_stop.append(self._end_streams)
        playground.server.routes += [
            web.get("/", self._guarded(self._index, secret=False)),
            web.get("/page/file/{file_id}", self._guarded(self._file)),
            web.get("/page/events", self._guarded(self._events)),
            web.get("/page/commands", self._guarded(self._commands)),
            web.post("/page/do", self._guarded(self._do)),
            web.get("/page/{name}", self._guarded(self._asset, secret=False)),
        ]

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"{self._playground.url}/?key={self._key}"

    # ---------------------------------------------------------------- who may

    def _guarded(self, handler: Handler, *, secret: bool = True) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            if not self._from_here(request) or (secret and not self._knows(request.cookies.get(self._cookie, ""))):
                return _plain(403, "This page belongs to another run of `paperboy demo`; open the address it prints.")
            return await handler(request)

        return guarded

    def _from_here(self, request: web.Request) -> bool:
        names = {f"{name}:{self._port}" for name in (LOOPBACK, "localhost")}
        origin = request.headers.get("Origin", "")
        site = request.headers.get("Sec-Fetch-Site", "none")
        followed = request.method == "GET" and request.path == "/"  # a link to the page may stand anywhere
        return (
            request.host in names
            and origin in ("", f"http://{request.host}")
            and (site in ("none", "same-origin") or followed)
        )

    def _knows(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self._key.encode())

    @property
    def _port(self) -> str:
        return self._playground.url.rpartition(":")[2]

    @property
    def _cookie(self) -> str:
        return f"paperboy_{self._port}"  # cookies are shared by all ports of a machine

    # ---------------------------------------------------------------- what is served

    async def _index(self, request: web.Request) -> web.Response:
        given = request.query.get("key", "")
        if not self._knows(given) and not self._knows(request.cookies.get(self._cookie, "")):
            return _plain(403, "Open the address that `paperboy demo` prints; it ends in a key of this run.")
        response = _asset("index.html")
        response.set_cookie(self._cookie, self._key, httponly=True, samesite="Strict", path="/")
        return response

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        return _asset(name) if name in _assets() else _plain(404, "There is no such file.")

    async def _file(self, request: web.Request) -> web.Response:
        file = self._playground.state.files.get(request.match_info["file_id"])
        if file is None:
            return _plain(404, "There is no such file.")
        headers = _HEADERS | {"Content-Security-Policy": "default-src 'none'; sandbox"}
        kind = file.mime_type if file.mime_type in _PICTURES else "application/octet-stream"
        if file.kind != "photo" or kind not in _PICTURES:
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.name)}"
        return web.Response(body=file.content, content_type=kind, headers=headers)

    async def _commands(self, request: web.Request) -> web.Response:
        try:
            chat, user = self._place(request.query.get("chat")), self._person(request.query.get("as"))
        except Impossible as error:
            return _said(400, {"error": str(error)})
        return _said(200, {"commands": self._playground.commands(chat, user)})

    # ---------------------------------------------------------------- what happens

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Everything, then every change, one JSON a line, until the page or the server goes."""
        await self._cast.gather()
        response = web.StreamResponse(headers=_HEADERS | {"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        queue.put_nowait(_line(page_feed.everything(self._playground, self._cast)))
        self._streams.add(queue)
        with contextlib.suppress(ConnectionError):
            try:
                while (line := await self._next(queue)) is not None:
                    await response.write(line.encode())
                await response.write_eof()
            finally:
                self._streams.discard(queue)
        return response

    async def _next(self, queue: asyncio.Queue[str | None]) -> str | None:
        try:
            async with asyncio.timeout(_BREATH_SECONDS):
                return await queue.get()
        except TimeoutError:
            return "\n"

    def _hear(self, event: Event) -> None:
        if self._streams and (told := page_feed.change(self._playground, event)) is not None:
            self._tell(told)

    def _tell(self, told: Json) -> None:
        line = _line(told)
        for queue in self._streams:
            queue.put_nowait(line)

    def _end_streams(self) -> None:
        for queue in self._streams:
            queue.put_nowait(None)

    # ---------------------------------------------------------------- what people do

    async def _do(self, request: web.Request) -> web.Response:
        deeds = {
            "say": self._say,
            "press": self._press,
            "stop": self._stop,
            "language": self._language,
            "clock": self._clock,
        }
        if request.content_type != "application/json":
            return _said(415, {"error": "JSON is expected."})
        try:
            wish = json.loads(await request.text())
            deed = deeds[wish["do"]]
        except (ValueError, KeyError, TypeError):
            return _said(400, {"error": "The request cannot be read."})
        try:
            return _said(200, await deed(wish))
        except (Impossible, ApiError) as error:
            return _said(409, {"error": str(error)})
        except (ValueError, TypeError, KeyError, OverflowError):
            return _said(400, {"error": "The request cannot be read."})

    async def _say(self, wish: Json) -> Json:
        person = self._person(wish["as"])
        chat = self._place(wish["chat"])
        reply_to = int(wish.get("reply") or 0)
        message = await self._playground.user_sends(chat, person, str(wish["text"])[:_LONGEST_TEXT], reply_to=reply_to)
        return {"message": message.id}

    async def _press(self, wish: Json) -> Json:
        person, chat = self._person(wish["as"]), self._place(wish["chat"])
        pressed: int | Message | None = int(wish["message"])
        if ephemeral_id := int(wish.get("ephemeral") or 0):
            pressed = self._playground.state.ephemeral(chat, ephemeral_id)
        if pressed is None:
            raise Impossible("this message is gone")
        press = await self._playground.press(chat, person, pressed, str(wish["data"]))
        return {"press": press.id}

    async def _stop(self, wish: Json) -> Json:
        await self._playground.stop_generation(self._place(wish["chat"]))
        return {}

    async def _language(self, wish: Json) -> Json:
        language = str(wish["language"])
        if language not in ("en", "zh"):
            raise Impossible("the page speaks en and zh")
        await self._cast.speak(language)
        return {}

    async def _clock(self, wish: Json) -> Json:
        if self._cast.clock is None:
            raise Impossible("this demo runs on real time")
        if "hour" in wish:
            self._cast.clock.push_to(time.fromisoformat(str(wish["hour"])))
        else:
            self._cast.clock.push(min(float(wish["seconds"]), 7 * 86400.0))
        self._tell({"type": "clock", "now": int(self._cast.clock().timestamp())})
        return {}

    def _person(self, given: object) -> User:
        person = self._cast.by_id(int(str(given)))
        if person is None:
            raise Impossible("nobody here is called so")
        return person

    def _place(self, given: object) -> Chat:
        """The chat of this id; a private one is opened by being asked for."""
        chat_id = int(str(given))
        person = self._cast.by_id(chat_id)
        chat = self._playground.private(person) if person is not None else self._playground.state.chats.get(chat_id)
        if chat is None:
            raise Impossible("there is no such chat")
        return chat


@cache
def _assets() -> dict[str, Path]:
    """The files of the page by name; the font for formulas comes with the library that draws them."""
    files = {file.name: file for file in FOLDER.iterdir() if file.suffix in {".html", ".css", ".js", ".json", ".svg"}}
    library = find_spec("ziamath")  # found without being loaded
    if library is not None and library.origin is not None:
        files["formulas.ttf"] = Path(library.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    return files


def _asset(name: str) -> web.Response:
    kind = mimetypes.types_map.get(Path(name).suffix, "") or "application/octet-stream"
    kind = {".js": "text/javascript", ".ttf": "font/ttf", ".json": "application/json"}.get(Path(name).suffix, kind)
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=_assets()[name].read_bytes(), content_type=kind, charset=charset, headers=_HEADERS)


def _said(status: int, body: Json) -> web.Response:
    return web.json_response(body, status=status, headers=_HEADERS)


def _plain(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, headers=_HEADERS)


def _line(value: Json) -> str:
    return json.dumps(value, separators=(",", ":")) + "\n"
