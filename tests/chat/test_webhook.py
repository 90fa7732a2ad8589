"""Updates that Telegram brings: taken with the secret alone, handed on, and refused when there are too many."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, TypeHandler

from bot.arrivals import Arrivals
from bot.chat import webhook
from bot.chat.line import ALLOWED_UPDATES, Timings, make_bot
from bot.chat.webhook import SECRET_HEADER, Hook, run_webhook, secret_of
from bot.errors import BadSetting, BadToken
from storage.database import Database
from tests.support.movable_clock import MovableClock
from tests.support.tiny_bot_api import TOKEN, TinyBotApi, refusal

QUICK = Timings(first_wait=0.05, longest_wait=0.2, ending=0.5)
SECRET = secret_of(TOKEN)

App = Application[Any, Any, Any, Any, Any, Any]


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def update(number: int) -> dict[str, Any]:
    """A message as Telegram brings it."""
    chat = {"id": 7, "type": "private", "first_name": "A"}
    return {"update_id": number, "message": {"message_id": number, "date": 1, "chat": chat, "text": "hello"}}


async def always_new(_update_id: int) -> bool:
    """Nothing is brought twice."""
    return True


@asynccontextmanager
async def hooked(
    api: TinyBotApi,
    seen: list[int],
    held: asyncio.Event | None = None,
    is_new: Callable[[int], Awaitable[bool]] = always_new,
) -> AsyncIterator[str]:
    """A bot with a webhook while inside; → where its updates are to be brought."""
    application: App = ApplicationBuilder().bot(make_bot(TOKEN, api.url)).build()

    async def note(update: Update, context: object) -> None:
        if held is not None:
            await held.wait()
        seen.append(update.update_id)

    application.add_handler(TypeHandler(Update, note))
    stop, started = asyncio.Event(), asyncio.Event()
    port = free_port()
    hook = Hook("https://bot.example.org/hooks/paperboy", SECRET, "127.0.0.1", port)

    async def on_started() -> None:
        await asyncio.sleep(0)
        started.set()

    running = run_webhook(application, stop, hook, is_new=is_new, on_started=on_started, timings=QUICK)
    task = asyncio.create_task(running)
    await asyncio.wait_for(started.wait(), 10)
    address = f"http://127.0.0.1:{port}/hooks/paperboy"
    while True:  # the site opens just after the start
        try:
            async with aiohttp.ClientSession() as session, session.get(address):
                break
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.01)
    try:
        yield address
    finally:
        stop.set()
        if held is not None:
            held.set()
        await asyncio.wait_for(task, 10)


async def bring(address: str, body: bytes, secret: str | None = SECRET) -> int:
    """Bring something; → the status of the answer."""
    headers = {} if secret is None else {SECRET_HEADER: secret}
    async with aiohttp.ClientSession() as session, session.post(address, data=io.BytesIO(body), headers=headers) as got:
        return got.status


async def test_updates_are_handed_on(api: TinyBotApi) -> None:
    """Telegram is told the address with the secret and what we want to hear of; what it brings is handled in order."""
    seen: list[int] = []
    async with hooked(api, seen) as address:
        for number in range(1, 4):
            assert await bring(address, json.dumps(update(number)).encode()) == 200
        await asyncio.sleep(0.1)
    assert seen == [1, 2, 3]
    [told] = api.of("setWebhook")
    assert told.fields["url"] == "https://bot.example.org/hooks/paperboy"
    assert told.fields["secret_token"] == SECRET
    assert json.loads(told.fields["allowed_updates"]) == list(ALLOWED_UPDATES)
    assert api.of("getUpdates") == api.of("deleteWebhook") == []


async def test_a_secret_that_is_no_text_is_a_wrong_one(api: TinyBotApi) -> None:
    """Bytes that are no UTF-8 are refused like any other secret."""
    async with hooked(api, []) as address:
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: 0\r\n{SECRET_HEADER}: "
        writer.write(head.encode() + b"\xff\xfe\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 403")
        writer.close()


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET[:-1], SECRET + "x", "§"])
async def test_nobody_else_is_heard(api: TinyBotApi, secret: str | None) -> None:
    """Without the whole secret an update is refused, and nothing of it is read."""
    seen: list[int] = []
    async with hooked(api, seen) as address:
        assert await bring(address, json.dumps(update(1)).encode(), secret) == 403
        await asyncio.sleep(0.05)
    assert seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"update_id": "x"',
        b'{"update_id": "x"}',
        b'{"update_id": 9223372036854775808}',
        b"\xff\xfe",
        b'{"message": {}}',
    ],
)
async def test_what_cannot_be_read_is_passed_over(api: TinyBotApi, body: bytes) -> None:
    """It is answered, since Telegram would bring it for ever; the next update comes through."""
    seen: list[int] = []
    async with hooked(api, seen) as address:
        assert await bring(address, body) == 200
        assert await bring(address, json.dumps(update(2)).encode()) == 200
        await asyncio.sleep(0.1)
    assert seen == [2]


async def test_what_is_brought_twice_is_handled_once(api: TinyBotApi, db: Database) -> None:
    """Telegram brings an update again when the answer was lost, to this receiver or to another one, also at once."""
    seen: list[int] = []
    first, second = (Arrivals(db, MovableClock()).is_new for _ in range(2))
    async with hooked(api, seen, is_new=first) as one, hooked(api, seen, is_new=second) as other:
        for number in (5, 7, 6):
            statuses = [bring(one, json.dumps(update(number)).encode()) for _ in range(2)]
            statuses += [bring(other, json.dumps(update(number)).encode()) for _ in range(2)]
            assert await asyncio.gather(*statuses) == [200] * 4
        await asyncio.sleep(0.1)
    assert seen == [5, 7, 6]


async def test_an_update_that_cannot_be_noted_is_handled(
    api: TinyBotApi, db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever pressed is to hear that the database is in trouble."""
    seen: list[int] = []
    await db.close()
    async with hooked(api, seen, is_new=Arrivals(db, MovableClock()).is_new) as address:
        assert await bring(address, json.dumps(update(1)).encode()) == 200
        await asyncio.sleep(0.1)
    assert seen == [1]
    assert "update 1 was not noted" in caplog.text


async def test_telegram_is_told_until_it_listens(api: TinyBotApi) -> None:
    """A Telegram that is away or asks to wait is told the address again."""
    api.plan("setWebhook", refusal(502, "Bad Gateway"), refusal(429, "Too Many Requests: retry after 0", retry_after=0))
    seen: list[int] = []
    async with hooked(api, seen) as address:
        while len(api.of("setWebhook")) < 3:  # noqa: ASYNC110 - the far end tells nobody
            await asyncio.sleep(0.02)
        assert await bring(address, json.dumps(update(1)).encode()) == 200
        await asyncio.sleep(0.1)
    assert seen == [1]


async def test_too_much_is_refused(api: TinyBotApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that no update has is not read; with too many waiting, Telegram is asked to come again."""
    monkeypatch.setattr(webhook, "MOST_WAITING", 2)
    seen: list[int] = []
    held = asyncio.Event()
    async with hooked(api, seen, held) as address:
        assert await bring(address, b" " * (webhook.MOST_BYTES + 1)) == 413
        statuses = [await bring(address, json.dumps(update(number)).encode()) for number in range(1, 6)]
        assert statuses[:2] == [200, 200]
        assert statuses[-1] == 503
        held.set()
        await asyncio.sleep(0.1)
        assert await bring(address, json.dumps(update(9)).encode()) == 200
        await asyncio.sleep(0.1)
    assert seen[-1] == 9


async def test_a_port_that_is_taken_and_a_token_that_is_wrong(api: TinyBotApi) -> None:
    """Each ends the program with its own sentence."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        hook = Hook("https://bot.example.org/", SECRET, "127.0.0.1", taken.getsockname()[1])
        application: App = ApplicationBuilder().bot(make_bot(TOKEN, api.url)).build()
        with pytest.raises(BadSetting, match="WEBHOOK_PORT"):
            await run_webhook(application, asyncio.Event(), hook, is_new=always_new, timings=QUICK)
    api.always("getMe", refusal(401, "Unauthorized"))
    application = ApplicationBuilder().bot(make_bot(TOKEN, api.url)).build()
    with pytest.raises(BadToken):
        await run_webhook(application, asyncio.Event(), hook, is_new=always_new, timings=QUICK)


def test_the_secret_is_the_tokens_own() -> None:
    """Every program with the token finds the same one, another token has another, and Telegram takes it."""
    assert secret_of("1:a") == secret_of("1:a") != secret_of("1:b")
    assert len(SECRET) <= 256
    assert SECRET.isalnum()
