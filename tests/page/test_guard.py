"""Who may open the page and act on it: the page itself, and no other website in the same browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.support.chat_page import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def visitor(stage: Stage) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser's cookie jar after the printed address was opened."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        async with session.get(stage.address) as answer:
            assert answer.status == 200
        yield session


async def status(session: aiohttp.ClientSession, url: str, **headers: str) -> int:
    """What a GET is answered with."""
    async with session.get(url, headers=headers) as answer:
        return answer.status


def say(stage: Stage, text: str = "hello") -> dict[str, Any]:
    """A wish of the page."""
    return {"do": "say", "chat": stage.chat.id, "as": stage.cast.me.id, "text": text}


async def test_the_address_opens_the_page_and_a_reload_does(stage: Stage, visitor: aiohttp.ClientSession) -> None:
    """The key in the address is needed once; the cookie that comes of it is for this site alone, and not for scripts."""
    async with aiohttp.ClientSession() as stranger, stranger.get(stage.address) as answer:
        cookie = answer.headers["Set-Cookie"]
        assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "'unsafe-" not in answer.headers["Content-Security-Policy"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert await status(visitor, f"{stage.playground.url}/") == 200


async def test_without_the_key_nothing_is_told_or_done(stage: Stage) -> None:
    """Neither the page nor its events, files, commands or deeds; a wrong key is no key."""
    url = stage.playground.url
    paths = ("/", "/?key=wrong", "/page/events", "/page/file/x", f"/page/commands?chat={stage.chat.id}&as=1")
    async with aiohttp.ClientSession() as stranger:
        assert [await status(stranger, url + path) for path in paths] == [403] * len(paths)
        async with stranger.post(f"{url}/page/do", json=say(stage)) as answer:
            assert answer.status == 403
    assert "hello" not in [message.text for message in stage.playground.messages(stage.chat)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_other_websites_cannot_act(stage: Stage, visitor: aiohttp.ClientSession, headers: dict[str, str]) -> None:
    """Even with the cookie: not under another name (DNS rebinding), and not from another origin."""
    async with visitor.post(f"{stage.playground.url}/page/do", json=say(stage), headers=headers) as answer:
        assert answer.status == 403
    assert await status(visitor, f"{stage.playground.url}/page/events", **headers) == 403
    assert "hello" not in [message.text for message in stage.playground.messages(stage.chat)]


async def test_a_form_of_another_site_is_no_wish(stage: Stage, visitor: aiohttp.ClientSession) -> None:
    """Only JSON, which no form can send, is read."""
    wish = json.dumps(say(stage))
    async with visitor.post(
        f"{stage.playground.url}/page/do", data=wish, headers={"Content-Type": "text/plain"}
    ) as answer:
        assert answer.status == 415


async def test_the_page_acts_under_both_names_of_loopback(stage: Stage, visitor: aiohttp.ClientSession) -> None:
    """127.0.0.1 and localhost, with the origin a browser sends along."""
    port = stage.playground.url.rpartition(":")[2]
    for name in ("127.0.0.1", "localhost"):
        headers = {"Host": f"{name}:{port}", "Origin": f"http://{name}:{port}", "Sec-Fetch-Site": "same-origin"}
        async with visitor.post(f"{stage.playground.url}/page/do", json=say(stage, name), headers=headers) as answer:
            assert answer.status == 200, await answer.text()
    assert [message.text for message in stage.playground.messages(stage.chat)][-2:] == ["127.0.0.1", "localhost"]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({}, 400),
        ({"do": "dance"}, 400),
        ({"do": []}, 400),
        ({"do": "say"}, 400),
        ({"do": "say", "chat": 5, "as": "x", "text": ""}, 400),
        ({"do": "say", "chat": 5, "as": 6, "text": "x"}, 409),
        ({"do": "press", "chat": 5, "as": 6, "message": 1, "data": "x"}, 409),
        ({"do": "language", "language": "tlh"}, 409),
        ({"do": "clock", "hour": "25:00"}, 400),
        ({"do": "clock", "seconds": "x"}, 400),
    ],
)
async def test_a_wish_that_makes_no_sense_is_refused_in_words(
    stage: Stage, visitor: aiohttp.ClientSession, wish: dict[str, Any], code: int
) -> None:
    """It never breaks the server, and the answer says what is wrong."""
    async with visitor.post(f"{stage.playground.url}/page/do", json=wish) as answer:
        assert answer.status == code
        assert (await answer.json())["error"]


async def test_nothing_outside_the_page_s_folder_is_served(stage: Stage, visitor: aiohttp.ClientSession) -> None:
    """Names that lead elsewhere lead nowhere; the page's own files come with their kinds."""
    url = stage.playground.url
    for path in ("..%2Fwords.json", "%2e%2e%2fwords.json", "page.py", "missing.js", ""):
        assert await status(visitor, f"{url}/page/{path}") == 404
    for name, kind in (("main.js", "text/javascript"), ("icon.svg", "image/svg+xml"), ("formulas.ttf", "font/ttf")):
        async with visitor.get(f"{url}/page/{name}") as answer:
            assert answer.content_type == kind
            assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_bot_api_is_where_it_was(stage: Stage) -> None:
    """Beside the page the Bot API answers as before, also for paths that nobody serves."""
    assert (await stage.api.ok("getMe"))["is_bot"] is True
    async with aiohttp.ClientSession() as session, session.get(f"{stage.playground.url}/nothing/here") as answer:
        assert (answer.status, (await answer.json())["error_code"]) == (404, 404)
