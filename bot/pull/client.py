"""The one polite client: every request to arXiv and Hugging Face goes through it.

arXiv asks for one connection and for pauses: 3 s between requests to the API, 15 s between pages (robots.txt). Each
kind of request is a *plane* with its own pause, counted from the end of its last request; the two planes of arXiv
share one connection. Nobody ever has two requests at one server.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import aiohttp

from bot.errors import Malformed, NotThere, SourceError, Throttled, Unreachable
from bot.pull.proxy import proxy_for

T = TypeVar("T")

HTML = "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"
JSON = "application/json"
ATOM = "application/atom+xml,application/xml;q=0.9,*/*;q=0.5"

MOST_BYTES = 20_000_000
MOST_REDIRECTS = 5
LONGEST_TOLD = 86_400.0
THROTTLING = frozenset({403, 406, 429, 503})
REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Plane(StrEnum):
    """What kind of request it is; each has its own pause."""

    ARXIV = "arxiv"  # pages: listings, catch-up, HTML
    API = "api"  # arXiv's query API
    HF = "hf"  # Hugging Face


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. `url` is the address that gave it, after redirects; header names are in lower case."""

    status: int
    body: bytes
    url: str
    headers: Mapping[str, str]
    fetched_at: datetime

    @property
    def text(self) -> str:
        """The body as text; bytes that are none become U+FFFD."""
        charset = re.search(r"charset=[\"']?([\w.:-]+)", self.headers.get("content-type", ""))
        try:
            return self.body.decode(charset[1] if charset else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


class Gate(Protocol):
    """Turns among several programs that ask the same servers."""

    def turn(self, line: str, pauses: Mapping[str, float], patience: float, /) -> AbstractAsyncContextManager[None]:
        """Inside, no other program has a turn in `line` and the pauses named in `pauses` are over; afterwards each of
        them lasts its seconds. Throttled where that would take longer than `patience` seconds."""

    async def block(self, name: str, seconds: float, /) -> None:
        """Let that pause last for so many seconds from now."""


@dataclass(slots=True)
class _Pace:
    """The pauses of one plane, in seconds, and the moments (of `ticks`) they last until."""

    delay: float
    first_pause: float
    longest_pause: float
    ready: float = 0.0
    blocked: float = 0.0
    strikes: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    background: asyncio.Lock = field(default_factory=asyncio.Lock)


class Client:
    """Fetches whole answers, politely; use it as `async with Client(…) as client`.

    `contact` goes into the User-Agent, as arXiv asks. `arxiv_delay`, `api_delay` and `hf_delay` are the planes' pauses
    in seconds. A plane that was told to wait waits up to `patience` seconds by itself and refuses at once beyond.
    Requests with `urgent=True` (somebody is looking at the chat) go before those that already queue. With a `gate` the
    pauses are kept together with other programs.
    """

    def __init__(
        self,
        contact: str = "",
        *,
        arxiv_delay: float = 15.0,
        api_delay: float = 3.0,
        hf_delay: float = 1.0,
        patience: float = 30.0,
        timeout: float = 60.0,
        connect_timeout: float = 10.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        ticks: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: random.Random | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.user_agent = user_agent(contact)
        self.timeout = timeout
        self.connect_timeout = connect_timeout
        self._patience = patience
        self._clock = clock
        self._ticks = ticks
        self._sleep = sleep
        self._rng = rng or random.Random()
        self._gate = gate
        # Pauses after throttling begin with about a minute and end at half an hour, at the delays arXiv asks for.
        self._paces = {
            Plane.ARXIV: _Pace(arxiv_delay, 4 * arxiv_delay, 120 * arxiv_delay),
            Plane.API: _Pace(api_delay, 20 * api_delay, 600 * api_delay),
            Plane.HF: _Pace(hf_delay, 20 * hf_delay, 600 * hf_delay),
        }
        self._arxiv_gap = min(arxiv_delay, api_delay)
        self._arxiv_ready = 0.0
        self._arxiv_line = asyncio.Lock()
        self._servers: dict[str, asyncio.Lock] = {}
        self._fetches: set[asyncio.Task[Any]] = set()
        self._threads: set[asyncio.Task[Any]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # No connection outlives its request: the pauses are longer than servers keep one.
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit_per_host=1, force_close=True),
            timeout=aiohttp.ClientTimeout(total=self.timeout, connect=self.connect_timeout),
            headers={"User-Agent": self.user_agent},
            cookie_jar=aiohttp.DummyCookieJar(),
            middlewares=(_only_once,),
        )
        return self

    async def __aexit__(self, *exc: object) -> None:
        for fetch in self._fetches:
            fetch.cancel()
        if running := self._fetches | self._threads:
            await asyncio.wait(running, timeout=self.timeout + self.connect_timeout)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        url: str,
        plane: Plane,
        *,
        accept: str = HTML,
        limit_bytes: int = MOST_BYTES,
        passing: Collection[int] = (),
        urgent: bool = False,
    ) -> Answer:
        """The answer to GET `url`: status 200, or one of `passing`.

        Raises:
            Throttled: 403, 406, 429, 503 or “Rate exceeded.”, or the plane must still wait longer than `patience`;
                `retry_after` says how many seconds.
            NotThere: 404.
            Unreachable: any other refusal, a reset, no answer in time.
            Malformed: a body that is cut off or longer than `limit_bytes`, or a redirect to another host.
        """
        service = host_of(url)
        for _ in range(1 + MOST_REDIRECTS):
            fetch = partial(self._fetch, url, accept, limit_bytes)
            answer = await self._take_turn(plane, url, fetch, self._fetches, urgent=urgent)
            if answer.status in REDIRECTS and answer.status not in passing:
                url = _redirected(url, answer)
                continue
            if answer.status != 200 and answer.status not in passing:
                raise _refusal(url, answer.status)
            return answer
        raise Malformed(service, "too-many-redirects")

    async def run_api(self, work: Callable[[], T], url: str, *, urgent: bool = False) -> T:
        """What `work` returns: a blocking function that makes exactly one request to arXiv's API at `url`.

        It runs in a thread and holds arXiv's one connection.

        Raises:
            Throttled: as `get`, or because `work` raised it; the plane then waits like after any throttled request.
        """
        in_thread = partial(asyncio.to_thread, work)
        return await self._take_turn(Plane.API, url, in_thread, self._threads, urgent=urgent)

    # ------------------------------------------------------------------ whose turn it is

    async def _take_turn(
        self,
        plane: Plane,
        url: str,
        request: Callable[[], Awaitable[T]],
        running: set[asyncio.Task[Any]],
        *,
        urgent: bool,
    ) -> T:
        """Make `request` when its turn has come.

        A caller that is cancelled while it queues leaves the queue. Once begun, a request runs to its end and keeps its
        turn even when nobody waits for it any more: the server is still busy with it.
        """
        begun = False

        async def run() -> T:
            nonlocal begun
            async with self._turn(plane, url, urgent=urgent):
                begun = True
                return await self._heed(plane, request())

        task = asyncio.create_task(run())
        running.add(task)
        task.add_done_callback(running.discard)
        task.add_done_callback(_seen)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if not begun:
                task.cancel()
            raise

    @asynccontextmanager
    async def _turn(self, plane: Plane, url: str, *, urgent: bool) -> AsyncIterator[None]:
        """Inside, this is the only request of its plane, to its server and, for arXiv, to arXiv; pauses are over."""
        pace = self._paces[plane]
        service = host_of(url)
        of_arxiv = plane is not Plane.HF
        async with AsyncExitStack() as held:
            if not urgent:
                # Those in no hurry queue here, so that only one of them can stand before an urgent request.
                await held.enter_async_context(pace.background)
                await self._pause(pace, service)
            await held.enter_async_context(pace.turn)
            await self._pause(pace, service)
            if of_arxiv:
                await held.enter_async_context(self._arxiv_line)
                while (left := self._arxiv_ready - self._ticks()) > 0:
                    await self._sleep(left)
            await held.enter_async_context(self._servers.setdefault(urlsplit(url).netloc.lower(), asyncio.Lock()))
            if self._gate is not None:
                line = "arxiv" if of_arxiv else plane.value
                pauses = {plane.value: pace.delay} | ({"both": self._arxiv_gap} if of_arxiv else {})
                await held.enter_async_context(self._gate.turn(line, pauses, self._patience))
            try:
                yield
            finally:
                now = self._ticks()
                pace.ready = now + pace.delay
                if of_arxiv:
                    self._arxiv_ready = now + self._arxiv_gap

    async def _pause(self, pace: _Pace, service: str) -> None:
        # In a loop, since others may be throttled, or have their turn, while this one sleeps.
        while True:
            now = self._ticks()
            if pace.blocked - now > self._patience:
                raise Throttled(service, "told-to-wait", pace.blocked - now)
            left = max(pace.ready, pace.blocked) - now
            if left <= 0:
                return
            await self._sleep(left)

    async def _heed(self, plane: Plane, request: Awaitable[T]) -> T:
        """What `request` gives; when it is throttled, the plane's next pause grows."""
        pace = self._paces[plane]
        try:
            result = await request
        except Throttled as error:
            pace.strikes += 1
            pause = pause_after(pace.strikes, pace.first_pause, pace.longest_pause, error.retry_after, self._rng)
            pace.blocked = self._ticks() + pause
            if self._gate is not None:
                await self._gate.block(plane.value, pause)
            raise Throttled(error.service, error.detail, pause) from None
        pace.strikes = 0
        return result

    # ------------------------------------------------------------------ one request

    async def _fetch(self, url: str, accept: str, limit_bytes: int) -> Answer:
        if self._session is None:
            raise RuntimeError("the client is not open: use it as `async with`")
        service = host_of(url)
        try:
            async with self._session.get(
                url, headers={"Accept": accept}, allow_redirects=False, proxy=proxy_for(url)
            ) as response:
                headers = {name.lower(): value for name, value in response.headers.items()}
                if response.status in THROTTLING:
                    raise Throttled(service, f"http-{response.status}", told_to_wait(headers, self._clock()))
                body = await _read(response, limit_bytes, service)
                if rate_exceeded(body):
                    raise Throttled(service, "rate-exceeded", told_to_wait(headers, self._clock()))
                return Answer(response.status, body, url, headers, self._clock())
        except (aiohttp.ClientError, OSError) as error:
            raise _failure(service, error) from None


def _seen(task: asyncio.Task[Any]) -> None:
    """Look at the outcome, so that asyncio does not complain of one that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


class _Dropped(aiohttp.ClientError):
    """The connection was lost before an answer came."""


async def _only_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from repeating a lost request by itself, at once and without our pause."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise _Dropped from None


async def _read(response: aiohttp.ClientResponse, limit: int, service: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > limit:
            raise Malformed(service, "too-long")
        parts.append(part)
    return b"".join(parts)


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (TimeoutError, "timeout"),
    (aiohttp.ClientConnectorDNSError, "no-such-host"),
    (aiohttp.ClientSSLError, "certificate"),
    (aiohttp.ClientConnectorError, "refused"),
    (aiohttp.InvalidURL, "bad-address"),
)


def _failure(service: str, error: Exception) -> SourceError:
    if isinstance(error, aiohttp.ClientPayloadError):
        return Malformed(service, "truncated")
    return Unreachable(service, next((cause for kind, cause in _CAUSES if isinstance(error, kind)), "reset"))


def _redirected(url: str, answer: Answer) -> str:
    target = urljoin(url, answer.headers.get("location", ""))
    if urlsplit(target).scheme not in ("http", "https") or host_of(target) != host_of(url):
        raise Malformed(host_of(url), "redirect-elsewhere")
    return target


def _refusal(url: str, status: int) -> SourceError:
    if status == 404:
        return NotThere(host_of(url), urlsplit(url).path)
    if status >= 400:
        return Unreachable(host_of(url), f"http-{status}")
    return Malformed(host_of(url), f"http-{status}")


# ---------------------------------------------------------------------- what is decided without doing anything


def host_of(url: str) -> str:
    """The host of an address, in lower case; "" where it has none."""
    return urlsplit(url).hostname or ""


def user_agent(contact: str) -> str:
    """The User-Agent, “Paperboy/1.2 (+CONTACT)”, fit for a header whatever the contact is."""
    try:
        version = importlib.metadata.version("paperboy")
    except importlib.metadata.PackageNotFoundError:
        version = "0"
    contact = re.sub(r"[^\x21-\x7e]+", " ", contact).strip()
    return f"Paperboy/{version} (+{contact})" if contact else f"Paperboy/{version}"


def rate_exceeded(body: bytes) -> bool:
    """Whether arXiv says “Rate exceeded.” in place of an answer, as it does with status 200 as well."""
    return body[:64].lstrip().startswith(b"Rate exceeded")


def told_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds a refused caller is to wait by Retry-After (seconds or a date), else by Hugging Face's RateLimit
    header; None where neither says. Header names are in lower case."""
    said = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", said):
        return min(float(said), LONGEST_TOLD)
    if (at := _http_date(said)) is not None:
        # Measured by the server's own clock where it tells it, since ours may differ.
        since = _http_date(headers.get("date", "")) or now
        return min(max((at - since).total_seconds(), 0.0), LONGEST_TOLD)
    if window := re.search(r"\bt=(\d{1,9})", headers.get("ratelimit", "")):
        return min(float(window[1]), LONGEST_TOLD)
    return None


def _http_date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def pause_after(strikes: int, first: float, longest: float, told: float | None, rng: random.Random) -> float:
    """The seconds to wait after being throttled `strikes` times in a row: `first`, doubled each time up to `longest`,
    with jitter, and never less than what we were told."""
    grown = min(first * 2.0 ** min(strikes - 1, 20), longest) * rng.uniform(1.0, 1.25)
    return max(grown, (told or 0.0) * rng.uniform(1.0, 1.05))
