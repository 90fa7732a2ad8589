"""A session for the `arxiv` package in place of `requests.Session`: one request, judged before it is parsed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.errors import BadPaperId, Malformed, NotThere, SourceError, Throttled, Unreachable
from bot.pull.client import ATOM, MOST_BYTES, THROTTLING, host_of, rate_exceeded, told_to_wait
from bot.pull.proxy import proxy_for

if TYPE_CHECKING:
    import requests  # a tenth of a second that only those pay who look something up

_TOTAL = re.compile(rb"totalResults[^>]*>\s*(\d+)\s*<")
_BAD_ID = re.compile(r"incorrect id format for ([^\s<]+)")


class OneRequestOnly(Exception):
    """The package wanted to make a second request."""


@dataclass(frozen=True, slots=True)
class Response:
    """What the package reads of an answer."""

    status_code: int
    content: bytes


class PoliteSession:
    """Fetches one whole feed, with time-outs (seconds), limits and our User-Agent; used in a thread.

    `total` is the number of results that the feed declared.
    """

    def __init__(
        self,
        user_agent: str,
        timeout: float,
        connect_timeout: float,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.total = 0
        self._headers = {"User-Agent": user_agent, "Accept": ATOM, "Connection": "close"}
        self._timeout = timeout
        self._connect_timeout = connect_timeout
        self._ticks = ticks
        self._used = False

    def get(self, url: str, headers: object = None) -> Response:  # noqa: ARG002 - the package's headers give way to ours
        """The feed at `url`.

        Raises:
            OneRequestOnly: it is the second call.
            BadPaperId: arXiv says that an id has not the form of one.
            Throttled, Unreachable, NotThere, Malformed: no whole feed.
        """
        import requests

        if self._used:
            raise OneRequestOnly
        self._used = True
        try:
            content = self._fetch(url)
        except requests.RequestException as error:
            raise _failure(host_of(url), error) from None
        self.total = _declared(content, host_of(url))
        return Response(200, content)

    def _fetch(self, url: str) -> bytes:
        import requests

        service = host_of(url)
        proxy = proxy_for(url)
        with requests.Session() as session:
            session.trust_env = False
            with session.get(
                url,
                headers=self._headers,
                timeout=(self._connect_timeout, self._timeout),
                proxies={"http": proxy, "https": proxy} if proxy else {},
                allow_redirects=False,
                stream=True,
            ) as response:
                told = told_to_wait(
                    {name.lower(): value for name, value in response.headers.items()}, datetime.now(UTC)
                )
                if response.status_code in THROTTLING:
                    raise Throttled(service, f"http-{response.status_code}", told)
                content = self._read(response, service)
                if rate_exceeded(content):
                    raise Throttled(service, "rate-exceeded", told)
                if response.status_code != 200:
                    raise _refusal(service, response.status_code, content)
                return content

    def _read(self, response: requests.Response, service: str) -> bytes:
        """The body, within the time of the whole request; `requests` itself limits only each single wait."""
        until = self._ticks() + self._timeout
        parts: list[bytes] = []
        size = 0
        for part in response.iter_content(65536):
            parts.append(part)
            size += len(part)
            if size > MOST_BYTES:
                raise Malformed(service, "too-long")
            if self._ticks() > until:
                raise Unreachable(service, "timeout")
        return b"".join(parts)


def _failure(service: str, error: requests.RequestException) -> SourceError:
    import requests

    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return Malformed(service, "truncated")
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return Unreachable(service, "timeout")
    if isinstance(error, requests.exceptions.SSLError):
        return Unreachable(service, "certificate")
    return Unreachable(service, "reset" if isinstance(error, requests.ConnectionError) else "bad-address")


def _refusal(service: str, status: int, content: bytes) -> SourceError | BadPaperId:
    if status == 404:
        return NotThere(service, "API")
    if status == 400:
        bad_id = _BAD_ID.search(content.decode("utf-8", "replace"))
        return BadPaperId(bad_id[1]) if bad_id else Malformed(service, "bad-query")
    return Unreachable(service, f"http-{status}") if status > 400 else Malformed(service, f"http-{status}")


def _declared(content: bytes, service: str) -> int:
    total = _TOTAL.search(content)
    if total is None or b"<feed" not in content:
        raise Malformed(service, "not-a-feed")
    if not content.rstrip().endswith(b"</feed>"):
        raise Malformed(service, "truncated")
    return int(total[1])
