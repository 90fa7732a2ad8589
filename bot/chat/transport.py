"""How requests reach Telegram: python-telegram-bot's transport on aiohttp.

A request is sent once: what to do about a send whose outcome is unknown is for the ledger to decide, so the errors say
which of the two it is. `NotSent` (and `NotSentInTime`) did not reach Telegram; `TimedOut` and any other `NetworkError`
may have arrived. No error carries an address, because addresses carry the token.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

# python-telegram-bot's own preparation for its next version: `RetryAfter.retry_after` is a timedelta and nothing warns.
os.environ.setdefault("PTB_TIMEDELTA", "true")

NEWER = frozenset(
    (
        "sendRichMessage",
        "sendRichMessageDraft",
        "sendMessageDraft",
        "editEphemeralMessageText",
        "editEphemeralMessageReplyMarkup",
        "deleteEphemeralMessage",
    )
)
"""Methods that not every server knows; of the others a 404 says that the token is no token."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}

_NOWHERE = URL()

_DONE = b'{"ok":true,'
"""How Telegram begins an answer to what was done."""

MOST_BYTES = 32 * 1024 * 1024
"""The longest answer that is read; a file from Telegram has at most 20 MB."""


class NotSent(NetworkError):
    """The request did not reach Telegram: trying again cannot do anything twice."""

    __slots__ = ()


class NotSentInTime(TimedOut, NotSent):
    """No connection came about in time, so nothing was sent."""

    __slots__ = ()


class UnknownMethod(TelegramError):
    """The Bot API server does not know the method, so nothing was done. A revoked token is InvalidToken instead, which
    python-telegram-bot itself cannot tell from this where it calls a method that it does not know."""

    __slots__ = ()


class AnswerLost(NetworkError):
    """Telegram answered, but the answer did not arrive whole: what was asked was very likely done."""

    __slots__ = ()


class ServerTrouble(NetworkError):
    """Telegram answered with a server error (5xx) and did not do what was asked."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long each kind of call may take, in seconds.

    `connect` is for coming by a connection, `pool` for waiting until one is free; the others are for the whole answer
    from then on: `answer` to a press (Telegram forgets presses quickly), `call` for any other method, `file` with files
    on the way. A long poll is given its own time by the caller.
    """

    connect: float = 10.0
    pool: float = 30.0
    answer: float = 10.0
    call: float = 30.0
    file: float = 120.0


class Transport(BaseRequest):
    """Requests to a Bot API server over a bounded number of kept-alive connections.

    Args:
        in_flight: the most requests under way at once; further ones wait their turn.
        timeouts: how long the kinds of calls may take.
        trust_env: whether HTTPS_PROXY, HTTP_PROXY and NO_PROXY are obeyed, as they are at the first request to a host.
    """

    __slots__ = ("_in_flight", "_proxies", "_session", "_timeouts", "_trust_env")

    def __init__(self, in_flight: int = 64, timeouts: Timeouts | None = None, *, trust_env: bool = True) -> None:
        self._in_flight = in_flight
        self._timeouts = timeouts or Timeouts()
        self._trust_env = trust_env
        self._proxies: dict[str, str | None] = {}
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        """Seconds that an ordinary call may take; python-telegram-bot adds the long poll's own seconds to it."""
        return self._timeouts.answer

    async def initialize(self) -> None:
        """Opens the pool of connections; harmless when it is open."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._in_flight, ttl_dns_cache=300),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )

    async def shutdown(self) -> None:
        """Closes all connections; harmless when they are closed."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One request, sent once: the status and the body of the answer, made sound by `sound`.

        Raises:
            UnknownMethod: the server does not have this method.
            NotSent: it did not reach Telegram.
            TimedOut: no whole answer in time; what was asked may have been done.
            ServerTrouble: a server error, so it was not done.
            AnswerLost: the answer broke off; what was asked was very likely done.
            NetworkError: the connection broke; what was asked may have been done.
        """
        if self._session is None:
            raise NotSent("The transport is not open")
        name = url.rsplit("/", 1)[-1]
        timeout = self._timeout(
            name,
            with_files=method == "GET" or bool(request_data and request_data.contains_files),
            given={"read": read_timeout, "write": write_timeout, "connect": connect_timeout, "pool": pool_timeout},
        )
        form = _form(request_data)
        try:
            async with self._session.request(
                method,
                url,
                data=form,
                headers=_FORM if isinstance(form, bytes) else None,
                timeout=timeout,
                proxy=self._proxy(url),
                allow_redirects=False,
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # "from None": the original's text and arguments may hold the address, and with it the token.
            raise _told(error, name, urlsplit(url).hostname or "") from None
        if method == "GET":
            return response.status, body
        if name in NEWER and not body.startswith(_DONE) and _is_unknown(response.status, body):
            raise UnknownMethod(f"{name}: the server does not know this method")
        return sound(response.status, body, response.headers.get("Retry-After"))

    def _timeout(self, name: str, *, with_files: bool, given: Mapping[str, Any]) -> aiohttp.ClientTimeout:
        """The time-out of one call: what the caller gave, otherwise that of the call's kind."""
        own = {key: value for key, value in given.items() if value is not BaseRequest.DEFAULT_NONE}
        kind = self._timeouts.answer if name.startswith("answer") else self._timeouts.call
        if with_files:
            kind = max(self._timeouts.file, own.get("write") or 0.0)
        connect = own.get("connect", self._timeouts.connect)
        pool = own.get("pool", self._timeouts.pool)
        read = own.get("read", kind)
        # aiohttp's `connect` spans the wait for a free place and the connecting.
        waiting = None if connect is None or pool is None else connect + pool
        total = None if waiting is None or read is None else waiting + read
        return aiohttp.ClientTimeout(total=total, connect=waiting, sock_connect=connect, sock_read=read)

    def _proxy(self, url: str) -> str | None:
        """The proxy that the environment names for this address; aiohttp itself would ask a thread at every request."""
        if not self._trust_env:
            return None
        parts = urlsplit(url)
        if parts.netloc not in self._proxies:
            proxy = None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)
            self._proxies[parts.netloc] = f"http://{proxy}" if proxy and "://" not in proxy else proxy
        return self._proxies[parts.netloc]

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as a mapping. Unlike the original it does not log what cannot be read.

        Raises:
            AnswerLost: it was cut off.
        """
        answer = _parsed(payload)
        if answer is None:
            raise AnswerLost("Invalid server response")
        return answer


def sound(status: int, body: bytes, retry_after: str | None) -> tuple[int, bytes]:
    """An answer that python-telegram-bot reads correctly: it goes by the status alone and trusts the rest.

    A 200 that says "ok: false" gets the status it tells; a 429 always has its `retry_after`, from the header
    `retry_after` if need be.

    Raises:
        ServerTrouble: a status from 500 on, except 504.
        TimedOut: 504: the request went further than the server that answered.
        BadRequest: 413, from whichever server stands in front.
        NotSent: an error or redirection that is not of the Bot API.
        AnswerLost: a 200 that begins as a Bot API answer does, but is none.
        NetworkError: a 200 that is something else.
    """
    if status == HTTPStatus.OK and body.startswith(_DONE):
        return status, body
    answer = _parsed(body)
    if status < 300 and answer is not None and answer.get("ok") is False:
        status = _whole(answer.get("error_code")) or HTTPStatus.BAD_REQUEST
    if status == HTTPStatus.GATEWAY_TIMEOUT:
        raise TimedOut("HTTP 504")
    if status >= 500:
        said = str(answer.get("description", "")) if answer else ""
        raise ServerTrouble(f"HTTP {status} {said}".strip())
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return status, _with_wait(answer or {}, retry_after)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise BadRequest("Request Entity Too Large")
    if status >= 300 and (answer is None or status < 400):
        raise NotSent(f"HTTP {status} without a Bot API answer; check TELEGRAM_API_URL")
    if answer is None or (status < 300 and "result" not in answer):
        kind = AnswerLost if body.lstrip().startswith(b"{") else NetworkError
        raise kind(f"HTTP {status} without a Bot API answer; check TELEGRAM_API_URL")
    return status, body


def _is_unknown(status: int, body: bytes) -> bool:
    """Whether an answer says that there is no such method: servers say so in several ways."""
    answer = _parsed(body) or {}
    if status == HTTPStatus.OK and answer.get("ok") is False:
        status = _whole(answer.get("error_code"))
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED):
        return True
    return status == HTTPStatus.BAD_REQUEST and "method not found" in str(answer.get("description")).lower()


def _with_wait(answer: dict[str, Any], retry_after: str | None) -> bytes:
    parameters = answer.get("parameters")
    seconds = _whole(parameters.get("retry_after")) if isinstance(parameters, dict) else 0
    wait = max(1, seconds or _whole(retry_after))
    return json.dumps({"ok": False, "error_code": 429, **answer, "parameters": {"retry_after": wait}}).encode()


def _whole(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0


def _parsed(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


class PlainCall:
    """Parameters of a call without files, ready for the wire: what `Transport` needs of a RequestData."""

    __slots__ = ("json_parameters",)
    contains_files = False

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        """Parameters as plain values; those that are None are left out."""
        self.json_parameters = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in parameters.items()
            if value is not None
        }


def _form(data: RequestData | PlainCall | None) -> bytes | aiohttp.FormData | None:
    """The parameters as a form, with files in parts."""
    if data is None:
        return None
    if isinstance(data, PlainCall) or not data.contains_files:
        # Compiled, where the standard library's urlencode takes a sixth of the whole send.
        return _NOWHERE.with_query(data.json_parameters).raw_query_string.encode()
    form = aiohttp.FormData(data.json_parameters, quote_fields=False, default_to_multipart=True)
    for part, (filename, content, kind) in data.multipart_data.items():
        form.add_field(part, content, filename=_plain(filename), content_type=kind)
    return form


def _plain(filename: str) -> str:
    """A file name that cannot break out of the header that it stands in."""
    return "".join("_" if char in '"\\\r\n' else char for char in filename)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MOST_BYTES:
            raise aiohttp.ClientPayloadError(f"more than {MOST_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _told(error: BaseException, name: str, host: str) -> NetworkError:
    """The error for python-telegram-bot, naming the method, the host and the kind of trouble, nothing else."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return NotSentInTime(f"{name}: no connection to {host} in time")
        case TimeoutError():
            return TimedOut(f"{name}: no answer from {host} in time")
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError():
            return NotSent(f"{name}: no connection to {host} ({_cause(error)})")
        case aiohttp.ClientPayloadError():
            return AnswerLost(f"{name}: the answer from {host} broke off")
        case ValueError() | aiohttp.NonHttpUrlClientError():
            return NotSent(f"{name}: no request can be made of this; check TELEGRAM_API_URL")
    return NetworkError(f"{name}: the connection to {host} broke ({_cause(error)})")


def _cause(error: BaseException) -> str:
    """The kind of an error, with the system's own word for it ("Connection refused") where there is one."""
    words = (inner.strerror for inner in _chain(error) if isinstance(inner, OSError) and inner.strerror)
    return next(words, "") or type(error).__name__


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__
