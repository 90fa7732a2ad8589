"""The one client is polite, notices every kind of broken answer, and says which it was."""

from __future__ import annotations

import asyncio
import gzip
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from bot.errors import Malformed, NotThere, SourceError, Throttled, Unreachable
from bot.pull.client import Client, Plane, pause_after, told_to_wait, user_agent
from bot.pull.proxy import proxy_for
from tests.support.far_end import Handler, far_end

NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def ticks(self) -> float:
        """The time."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Move on by so many seconds."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@asynccontextmanager
async def client_at(handler: Handler, **more: Any) -> AsyncIterator[tuple[Client, str, Time]]:
    """A client on a clock of its own, and the address of a server with that handler."""
    clock = Time()
    settings: dict[str, Any] = {
        "clock": lambda: NOW,
        "ticks": clock.ticks,
        "sleep": clock.sleep,
        "rng": random.Random(1),
    } | more
    async with far_end(handler) as url, Client("mailto:ada@example.org", **settings) as client:
        yield client, url, clock


async def _ok(request: web.Request) -> web.Response:
    return web.Response(text="fine")


def _status(code: int, **headers: str) -> Handler:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=code, text="no", headers=headers)

    return answer


# ---------------------------------------------------------------------- what goes out and what comes in


async def test_every_request_says_who_we_are_and_what_we_accept() -> None:
    """User-Agent with contact and Accept go out; body, address, headers and time come back."""
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(
            body=gzip.compress("Żółć".encode()), headers={"Content-Encoding": "gzip"}, content_type="text/html"
        )

    async with client_at(answer) as (client, url, _):
        got = await client.get(f"{url}/list/cs.LG/new?show=2000", Plane.ARXIV)
    assert seen[0].headers["User-Agent"].startswith("Paperboy/")
    assert seen[0].headers["User-Agent"].endswith(" (+mailto:ada@example.org)")
    assert "text/html" in seen[0].headers["Accept"]
    assert seen[0].path_qs == "/list/cs.LG/new?show=2000"
    assert (got.status, got.text, got.fetched_at) == (200, "Żółć", NOW)
    assert got.url.endswith("/list/cs.LG/new?show=2000")
    assert got.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("contact", "end"), [("", ""), ("a@b.c", " (+a@b.c)"), ("x\r\nEvil: 1", " (+x Evil: 1)"), ("Zoë ü", " (+Zo)")]
)
def test_any_contact_makes_a_valid_user_agent(contact: str, end: str) -> None:
    """Line breaks and letters that a header cannot carry are left out."""
    agent = user_agent(contact)
    assert agent.startswith("Paperboy/")
    assert agent.partition("/")[2].partition(" ")[2] == end.strip()


# ---------------------------------------------------------------------- pauses


async def test_a_plane_pauses_after_each_request_and_planes_do_not_wait_for_each_other() -> None:
    """15 s between pages, 3 s between API requests and between the two kinds; Hugging Face waits for neither."""
    async with client_at(_ok) as (client, url, clock):
        await client.get(f"{url}/list/a", Plane.ARXIV)
        assert clock.slept == []
        await client.get(f"{url}/list/b", Plane.ARXIV)
        assert clock.slept == [15.0]
        clock.slept.clear()
        await client.get(f"{url}/hf", Plane.HF)
        assert clock.slept == []
        await client.run_api(lambda: None, f"{url}/api")
        assert clock.slept == [3.0]
        clock.slept.clear()
        await client.run_api(lambda: None, f"{url}/api")
        assert clock.slept == [3.0]
        clock.slept.clear()
        await client.get(f"{url}/list/c", Plane.ARXIV)
        assert clock.slept == [9.0]


async def test_the_pause_is_counted_from_the_end_of_the_request() -> None:
    """A request that takes 10 s is followed by the whole pause."""
    clock = Time()

    async def slow(request: web.Request) -> web.Response:
        clock.now += 10
        return web.Response(text="fine")

    async with client_at(slow, ticks=clock.ticks, sleep=clock.sleep) as (client, url, _):
        await client.get(url, Plane.ARXIV)
        await client.get(url, Plane.ARXIV)
    assert clock.slept == [15.0]


async def test_a_failed_request_is_followed_by_the_pause_too() -> None:
    """Errors give nobody the right to hurry."""
    async with client_at(_status(500)) as (client, url, clock):
        for _ in range(2):
            with pytest.raises(Unreachable):
                await client.get(url, Plane.ARXIV)
        assert clock.slept == [15.0]


async def test_an_urgent_request_goes_before_those_that_queue() -> None:
    """Somebody who looks at the chat waits for one other request at most, not for the queue."""
    order: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        order.append(request.path)
        await asyncio.sleep(0.02)
        return web.Response(text="fine")

    async with far_end(answer) as url, Client(arxiv_delay=0.02, api_delay=0) as client:
        queue = [asyncio.create_task(client.get(f"{url}/{number}", Plane.ARXIV)) for number in range(6)]
        await asyncio.sleep(0.01)
        await client.get(f"{url}/urgent", Plane.ARXIV, urgent=True)
        assert order.index("/urgent") <= 2
        await asyncio.gather(*queue)
    assert [path for path in order if path != "/urgent"] == [f"/{number}" for number in range(6)]


async def test_one_request_at_a_time_whoever_asks() -> None:
    """Pages, API calls in threads and heat at one server never overlap, and each plane keeps its pause."""
    times: list[tuple[str, float, float]] = []

    async def answer(request: web.Request) -> web.Response:
        begun = time.monotonic()
        await asyncio.sleep(0.01)
        times.append((request.path, begun, time.monotonic()))
        return web.Response(text="fine")

    async with far_end(answer) as url, Client(arxiv_delay=0.06, api_delay=0.03, hf_delay=0.01) as client:

        def blocking() -> None:
            begun = time.monotonic()
            time.sleep(0.01)
            times.append(("/api", begun, time.monotonic()))

        await asyncio.gather(
            *(client.get(f"{url}/page", Plane.ARXIV) for _ in range(5)),
            *(client.run_api(blocking, f"{url}/api") for _ in range(5)),
            *(client.get(f"{url}/heat", Plane.HF) for _ in range(5)),
        )
    assert len(times) == 15
    times.sort(key=lambda row: row[1])
    assert all(before[2] <= after[1] for before, after in pairwise(times))
    for path, pause in (("/page", 0.06), ("/api", 0.03), ("/heat", 0.01)):
        mine = [row for row in times if row[0] == path]
        assert all(after[1] - before[2] >= pause for before, after in pairwise(mine))


# ---------------------------------------------------------------------- throttling


@pytest.mark.parametrize("code", [403, 406, 429, 503])
async def test_refusals_are_throttling(code: int) -> None:
    """403, 406, 429 and 503 are throttling; the error tells how long the plane now waits: about a minute at first."""
    async with client_at(_status(code)) as (client, url, _):
        with pytest.raises(Throttled) as caught:
            await client.get(url, Plane.ARXIV)
    assert caught.value.detail == f"http-{code}"
    assert caught.value.retry_after is not None
    assert 60 <= caught.value.retry_after <= 75


async def test_rate_exceeded_in_a_200_is_throttling() -> None:
    """The plain “Rate exceeded.” with status 200 is no page."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="Rate exceeded.")

    async with client_at(answer) as (client, url, _):
        with pytest.raises(Throttled, match="rate-exceeded"):
            await client.get(url, Plane.ARXIV)


async def test_a_plane_that_must_wait_long_refuses_at_once() -> None:
    """Told to wait beyond its patience the client raises without asking; other planes go on; afterwards it asks again."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await _status(429, **{"Retry-After": "120"})(request) if len(asked) == 1 else await _ok(request)

    async with client_at(answer) as (client, url, clock):
        with pytest.raises(Throttled) as first:
            await client.get(f"{url}/page", Plane.ARXIV)
        with pytest.raises(Throttled) as second:
            await client.get(f"{url}/page", Plane.ARXIV)
        assert asked == ["/page"]
        assert second.value.detail == "told-to-wait"
        assert second.value.retry_after == pytest.approx(first.value.retry_after)
        assert first.value.retry_after is not None
        assert 120 <= first.value.retry_after <= 126
        await client.get(f"{url}/heat", Plane.HF)
        clock.now += first.value.retry_after - 20
        await client.get(f"{url}/page", Plane.ARXIV)
        assert sum(clock.slept) == pytest.approx(20)
        assert asked == ["/page", "/heat", "/page"]


async def test_pauses_grow_while_throttled_and_are_forgotten_afterwards() -> None:
    """Each refusal in a row doubles the pause, up to half an hour; one answer sets it back."""
    refuse = [True] * 8 + [False, True]

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (_status(503) if refuse.pop(0) else _ok)(request)

    async with client_at(answer, patience=1e9) as (client, url, _):
        pauses = []
        for _ in range(8):
            with pytest.raises(Throttled) as caught:
                await client.get(url, Plane.ARXIV)
            pauses.append(caught.value.retry_after or 0)
        await client.get(url, Plane.ARXIV)
        with pytest.raises(Throttled) as caught:
            await client.get(url, Plane.ARXIV)
    for pause, least in zip(pauses, [60, 120, 240, 480, 960, 1800, 1800, 1800], strict=True):
        assert least <= pause <= least * 1.25
    assert (caught.value.retry_after or 0) <= 75


async def test_a_long_wait_that_comes_while_queueing_is_refused_too() -> None:
    """Callers that stand in the queue when the plane is throttled do not sleep it out."""
    async with far_end(_status(429, **{"Retry-After": "600"})) as url, Client(arxiv_delay=0.01, api_delay=0) as client:
        waiting = (client.get(url, Plane.ARXIV) for _ in range(4))
        answers = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert [error.detail for error in answers if isinstance(error, Throttled)] == ["http-429"] + ["told-to-wait"] * 3


async def test_a_throttled_api_call_slows_the_api_down() -> None:
    """What a thread finds out about throttling counts for its plane, and only for that."""

    def refused() -> None:
        raise Throttled("export.arxiv.org", "http-429", 50.0)

    async with client_at(_ok) as (client, url, _):
        with pytest.raises(Throttled) as caught:
            await client.run_api(refused, f"{url}/api")
        assert (caught.value.retry_after or 0) >= 50
        with pytest.raises(Throttled, match="told-to-wait"):
            await client.run_api(lambda: None, f"{url}/api")
        assert (await client.get(url, Plane.ARXIV)).status == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": " 0 "}, 0.0),
        ({"retry-after": "99999999"}, 86400.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "Wed, 18 Feb 2026 12:02:00 GMT"}, 120.0),
        ({"retry-after": "Wed, 18 Feb 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:10 GMT", "date": "Sun, 22 Nov 2026 12:00:00 GMT"}, 10.0),
        ({"ratelimit": '"api";r=0;t=213'}, 213.0),
        ({"retry-after": "5", "ratelimit": '"api";r=0;t=213'}, 5.0),
    ],
)
def test_retry_after_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, an HTTP date measured by the server's own clock, or Hugging Face's RateLimit; nonsense is nothing."""
    assert told_to_wait(headers, NOW) == seconds


def test_the_pause_is_never_shorter_than_told() -> None:
    """Jitter only ever lengthens."""
    for seed in range(200):
        rng = random.Random(seed)
        assert pause_after(1, 60, 1800, 500, rng) >= 500
        assert pause_after(3, 60, 1800, 5, rng) >= 240
        assert pause_after(10_000, 60, 1800, None, rng) <= 1800 * 1.25


# ---------------------------------------------------------------------- broken answers


async def _raised(handler: Handler, **more: Any) -> SourceError:
    async with far_end(handler) as url, Client(arxiv_delay=0, api_delay=0, **more) as client:
        with pytest.raises(SourceError) as caught:
            await client.get(f"{url}/list/cs.LG/new", Plane.ARXIV)
        assert caught.value.service == "127.0.0.1"
        return caught.value


async def test_what_is_not_there() -> None:
    """404 names the path."""
    error = await _raised(_status(404))
    assert isinstance(error, NotThere)
    assert error.what == "/list/cs.LG/new"


@pytest.mark.parametrize("code", [400, 410, 500, 502, 504])
async def test_other_refusals_are_unreachable_unless_asked_for(code: int) -> None:
    """Any other status is an error, and an answer to those who said that they know what to do with it."""
    error = await _raised(_status(code))
    assert isinstance(error, Unreachable)
    assert error.detail == f"http-{code}"
    async with client_at(_status(code)) as (client, url, _):
        assert (await client.get(url, Plane.ARXIV, passing=(code,))).text == "no"


async def test_a_hanging_server_is_given_up() -> None:
    """No answer in time is an error after the time-out, however the bytes trickle in."""

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.02)
        return response

    begun = time.monotonic()
    error = await _raised(hang, timeout=0.3)
    assert time.monotonic() - begun < 1.5
    assert (type(error), error.detail) == (Unreachable, "timeout")


async def test_a_reset_is_not_repeated_by_itself() -> None:
    """A connection dropped without an answer is an error, and the server was asked exactly once."""
    asked = []

    async def reset(request: web.Request) -> web.Response:
        asked.append(request.path)
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    error = await _raised(reset)
    assert (type(error), error.detail) == (Unreachable, "reset")
    assert len(asked) == 1


async def test_a_body_shorter_than_declared_is_malformed() -> None:
    """Half a page is no page."""

    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 500)
        assert request.transport is not None
        request.transport.close()
        return response

    error = await _raised(cut)
    assert (type(error), error.detail) == (Malformed, "truncated")


async def test_an_endless_body_is_given_up() -> None:
    """Beyond the limit nothing more is read, compressed or not."""

    async def long(request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"0" * 3_000_000), headers={"Content-Encoding": "gzip"})

    async with client_at(long) as (client, url, _):
        with pytest.raises(Malformed, match="too-long"):
            await client.get(url, Plane.ARXIV, limit_bytes=1_000_000)


async def test_nobody_at_home() -> None:
    """A refused connection and an unknown host are different sentences."""
    async with Client(arxiv_delay=0, api_delay=0) as client:
        with pytest.raises(Unreachable, match="refused"):
            await client.get("http://127.0.0.1:9/list", Plane.ARXIV)
        with pytest.raises(Unreachable, match="no-such-host"):
            await client.get("http://nowhere.invalid/list", Plane.ARXIV)


async def test_redirects_stay_on_their_host_and_keep_the_pause() -> None:
    """A redirect on the same host is followed after the pause; one elsewhere, or without end, is malformed."""

    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/old":
                raise web.HTTPMovedPermanently("/new")
            case "/away":
                raise web.HTTPFound("http://localhost:1/new")
            case "/loop":
                raise web.HTTPFound("/loop")
        return web.Response(text=request.path)

    async with client_at(answer) as (client, url, clock):
        got = await client.get(f"{url}/old", Plane.ARXIV)
        assert (got.text, got.url) == ("/new", f"{url}/new")
        assert clock.slept == [15.0]
        with pytest.raises(Malformed, match="redirect-elsewhere"):
            await client.get(f"{url}/away", Plane.ARXIV)
        with pytest.raises(Malformed, match="too-many-redirects"):
            await client.get(f"{url}/loop", Plane.ARXIV)


async def test_an_error_of_a_thread_comes_out() -> None:
    """What the blocking function raises reaches the caller, and the line is free again."""

    def broken() -> None:
        raise Malformed("export.arxiv.org", "not-a-feed")

    async with client_at(_ok) as (client, url, _):
        with pytest.raises(Malformed):
            await client.run_api(broken, f"{url}/api")
        assert await client.run_api(lambda: 42, f"{url}/api") == 42


async def test_a_cancelled_caller_does_not_free_the_connection_early() -> None:
    """While the thread of a cancelled caller still talks to arXiv, nobody else does."""
    ended: list[float] = []

    def slow() -> None:
        time.sleep(0.2)
        ended.append(time.monotonic())

    async with far_end(_ok) as url, Client(arxiv_delay=0, api_delay=0) as client:
        call = asyncio.create_task(client.run_api(slow, f"{url}/api"))
        await asyncio.sleep(0.05)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert ended == []
        await client.get(f"{url}/page", Plane.ARXIV)
        assert len(ended) == 1
        assert ended[0] <= time.monotonic()


async def test_a_caller_cancelled_in_the_queue_leaves_it() -> None:
    """Who gives up while waiting is never asked for; the others still come through."""
    ran: list[int] = []

    async with far_end(_ok) as url, Client(arxiv_delay=0, api_delay=0.05) as client:
        calls = [asyncio.create_task(client.run_api(lambda n=n: ran.append(n), f"{url}/api")) for n in range(4)]  # type: ignore[misc] # a lambda's default
        await asyncio.sleep(0.02)
        calls[2].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
    assert ran == [0, 1, 3]


async def test_a_page_that_nobody_waits_for_any_more_keeps_its_turn() -> None:
    """A caller that loses its patience does not make a second request start while the first is still served."""
    busy = 0
    most = 0

    async def slow(request: web.Request) -> web.Response:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.2)
        busy -= 1
        return web.Response(text=request.path)

    async with far_end(slow) as url, Client(arxiv_delay=0, api_delay=0) as client:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.get(f"{url}/1", Plane.ARXIV), 0.05)
        assert (await client.get(f"{url}/2", Plane.ARXIV)).text == "/2"
    assert most == 1


async def test_leaving_gives_up_pages() -> None:
    """The end of the program does not wait for a page that nobody reads."""

    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    async with far_end(slow) as url:
        begun = time.monotonic()
        async with Client(arxiv_delay=0, api_delay=0) as client:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get(url, Plane.ARXIV), 0.05)
        assert time.monotonic() - begun < 0.5


async def test_leaving_waits_for_threads() -> None:
    """The client does not close while one of its threads still works for a cancelled caller."""
    done: list[bool] = []

    def slow() -> None:
        time.sleep(0.15)
        done.append(True)

    async with far_end(_ok) as url:
        async with Client(arxiv_delay=0, api_delay=0) as client:
            call = asyncio.create_task(client.run_api(slow, f"{url}/api"))
            await asyncio.sleep(0.05)
            call.cancel()
        assert done == [True]


def test_the_environment_s_proxy_is_used_except_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and NO_PROXY hold for every request; loopback and proxies of other kinds are left aside."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("http_proxy", "socks5://proxy.example:1080")
    monkeypatch.setenv("no_proxy", "huggingface.co")
    assert proxy_for("https://arxiv.org/list/cs.LG/new") == "http://proxy.example:3128"
    assert proxy_for("http://arxiv.org/list/cs.LG/new") is None
    for direct in (
        "https://huggingface.co/api",
        "https://127.0.0.1:8765/x",
        "https://[::1]:1/x",
        "https://localhost/x",
    ):
        assert proxy_for(direct) is None
