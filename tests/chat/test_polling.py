from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, TypeHandler

from bot.chat.line import ALLOWED_UPDATES, Timings, make_bot
from bot.chat.polling import Rivals, run_polling
from bot.errors import AlreadyRunning, BadToken
from tests.support.tiny_bot_api import HANG, TOKEN, Reply, TinyBotApi, refusal

QUICK = Timings(poll=5, first_wait=0.05, longest_wait=0.2, ending=0.5, young=10.0, young_patience=0.4, patience=5.0)

App = Application[Any, Any, Any, Any, Any, Any]


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


def _application(url: str, seen: list[int], handle: Callable[[int], Awaitable[None]] | None = None) -> App:
    application: App = ApplicationBuilder().bot(make_bot(TOKEN, url)).concurrent_updates(8).build()

    async def note(update: Update, context: object) -> None:
        seen.append(update.update_id)
        if handle is not None:
            await handle(update.update_id)

    application.add_handler(TypeHandler(Update, note))
    return application


def _message(number: int) -> dict[str, Any]:
    chat = {"id": 7, "type": "private", "first_name": "A"}
    return {"message": {"message_id": number, "date": 1, "chat": chat, "text": "hello"}}


@asynccontextmanager
async def _running(application: App, **options: Any) -> AsyncIterator[tuple[asyncio.Event, asyncio.Task[None]]]:
    """A bot that runs while the block does, and is stopped and awaited after it."""
    stop, started = asyncio.Event(), asyncio.Event()

    async def on_started() -> None:
        started.set()

    given = {"on_started": on_started, "timings": QUICK, **options}
    if given["on_started"] is None:
        started.set()
    task = asyncio.create_task(run_polling(application, stop, **given))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait((task, waiting), timeout=5, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        yield stop, task
    finally:
        stop.set()
        await asyncio.wait((task,), timeout=5)
        assert task.done()


async def _until(true: Callable[[], object], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - what is waited for happens in another program's stead and sets no event
            await asyncio.sleep(0.01)


async def test_updates_arrive_once_and_are_confirmed(api: TinyBotApi) -> None:
    """Updates reach the handlers in order; at the end Telegram knows which are done with, so none comes again."""
    seen: list[int] = []
    async with _running(_application(api.url, seen)):
        for number in range(5):
            api.push(**_message(number))
        await _until(lambda: len(seen) == 5)
    assert seen == [1000, 1001, 1002, 1003, 1004]
    polls = api.of("getUpdates")
    assert polls[-1].fields["offset"] == "1005"
    again: list[int] = []
    async with _running(_application(api.url, again)):
        await _until(lambda: len(api.of("getUpdates")) > len(polls))
    assert again == []


async def test_it_asks_for_what_the_bot_wants_to_hear(api: TinyBotApi) -> None:
    """Messages, channel posts, presses and changes of membership are asked for; a webhook is taken away first."""
    async with _running(_application(api.url, [])):
        await _until(lambda: api.of("getUpdates"))
    assert set(ALLOWED_UPDATES) == {"message", "channel_post", "callback_query", "my_chat_member"}
    fields = api.of("getUpdates")[0].fields
    assert all(f'"{kind}"' in fields["allowed_updates"] for kind in ALLOWED_UPDATES)
    assert fields["timeout"] == "5"
    assert [call.method for call in api.calls][:3] == ["getMe", "deleteWebhook", "getUpdates"]


async def test_stopping_takes_no_time_in_the_middle_of_a_long_poll(api: TinyBotApi) -> None:
    """A stop ends the wait for updates at once."""
    loop = asyncio.get_running_loop()
    async with _running(_application(api.url, [])) as (stop, task):
        await _until(lambda: api.of("getUpdates"))
        begun = loop.time()
        stop.set()
        await task
        assert loop.time() - begun < 1.0


async def test_handlers_end_and_messages_can_be_sent_until_the_end(api: TinyBotApi) -> None:
    """What is being handled at the stop comes to its end, and `on_stopping` can still send."""
    seen: list[int] = []
    ended: list[int] = []

    async def slow(number: int) -> None:
        await asyncio.sleep(0.2)
        ended.append(number)

    application = _application(api.url, seen, slow)

    async def on_stopping() -> None:
        await application.bot.send_message(7, "good night")

    async with _running(application, on_stopping=on_stopping):
        api.push(**_message(1))
        await _until(lambda: seen)
    assert ended == [1000]
    assert api.of("sendMessage")[0].fields["text"] == "good night"


async def test_a_handler_that_never_ends_does_not_keep_the_program(
    api: TinyBotApi, caplog: pytest.LogCaptureFixture
) -> None:
    """After some seconds the end comes without it, and it is said so."""
    seen: list[int] = []
    application = _application(api.url, seen, lambda number: asyncio.sleep(3600))
    async with _running(application) as (stop, task):
        api.push(**_message(1))
        await _until(lambda: seen)
        stop.set()
        await asyncio.wait_for(task, 3)
    assert "still being handled" in caplog.text
    for left in asyncio.all_tasks() - {asyncio.current_task()}:
        if "process_concurrent_update" in left.get_name():
            left.cancel()


async def test_a_wrong_token_is_told_in_a_sentence_without_it(api: TinyBotApi) -> None:
    """Telegram's 401 at the start ends in BadToken, and the token is nowhere in it."""
    api.token = "1:another"
    with pytest.raises(BadToken) as caught:
        await run_polling(_application(api.url, []), asyncio.Event(), timings=QUICK)
    assert TOKEN not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("token", ["", "12 3:abc", "1:ключ", "1:a\nb", "1:a?b#c"])
def test_a_token_that_cannot_be_one_is_refused_before_anything_is_sent(token: str) -> None:
    """What would make a broken address is no token."""
    with pytest.raises(BadToken):
        make_bot(token, "http://127.0.0.1:1")


async def test_a_token_revoked_while_running_ends_the_program(api: TinyBotApi) -> None:
    """When Telegram stops knowing the token the program does not go deaf in silence."""
    async with _running(_application(api.url, [])) as (_, task):
        await _until(lambda: api.of("getUpdates"))
        api.token = "1:another"
        api.push(**_message(1))
        with pytest.raises(BadToken):
            await asyncio.wait_for(task, 5)


async def test_a_single_unauthorized_while_running_is_survived(api: TinyBotApi) -> None:
    """A Bot API server that is being restarted may refuse, once and again, with other trouble between."""
    seen: list[int] = []
    async with _running(_application(api.url, seen)):
        await _until(lambda: api.of("getUpdates"))
        unknown = refusal(401, "Unauthorized")
        api.plan("getUpdates", unknown, refusal(502, "Bad Gateway"), unknown, refusal(409, "Conflict"), unknown)
        api.push(**_message(1))
        await _until(lambda: len(api.of("getUpdates")) >= 7)
        api.push(**_message(2))
        await _until(lambda: len(seen) == 2)


async def test_a_newcomer_gives_way_to_the_bot_that_runs(api: TinyBotApi) -> None:
    """Of two bots with one token the second ends with a clear sentence, and the first goes on."""
    first: list[int] = []
    established = Timings(**{**_as_dict(QUICK), "young": 0.1})
    async with _running(_application(api.url, first), timings=established) as (_, task):
        await _until(lambda: api.of("getUpdates"))
        await asyncio.sleep(0.2)
        with pytest.raises(AlreadyRunning, match="already running on this bot's token"):
            await asyncio.wait_for(run_polling(_application(api.url, []), asyncio.Event(), timings=QUICK), 5)
        assert not task.done()
        api.push(**_message(1))
        await _until(lambda: first)


def _as_dict(timings: Timings) -> dict[str, Any]:
    return {name: getattr(timings, name) for name in Timings.__slots__}


def test_who_gives_way_is_decided_by_age() -> None:
    """A newcomer puts up with conflicts for ten seconds, an established bot for five minutes, and pauses begin anew."""
    timings = Timings()
    young = Rivals(timings, begun=0.0)
    assert [young.too_many(at) for at in (1.0, 4.0, 7.0, 11.5)] == [False, False, False, True]
    old = Rivals(timings, begun=0.0)
    assert not any(old.too_many(1000.0 + at) for at in range(0, 299, 3))
    assert old.too_many(1301.0)
    passing = Rivals(timings, begun=0.0)
    assert not any(passing.too_many(at) for at in (5.0, 500.0, 1000.0, 1500.0))


async def test_a_passing_conflict_is_survived(api: TinyBotApi) -> None:
    """One conflict, as after a restart, is told in one line and then forgotten."""
    seen: list[int] = []
    api.plan("getUpdates", refusal(409, "Conflict: terminated by other getUpdates request"))
    async with _running(_application(api.url, seen)):
        api.push(**_message(1))
        await _until(lambda: seen)


async def test_without_a_network_it_tries_again_in_one_line_each_time(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody there at the start: one line per attempt, no traceback, and a stop ends it."""
    application = _application(f"http://127.0.0.1:{unused_tcp_port}", [])
    stop = asyncio.Event()
    task = asyncio.create_task(run_polling(application, stop, timings=QUICK))
    await _until(lambda: len(caplog.records) >= 3)
    assert not task.done()
    stop.set()
    await asyncio.wait_for(task, 2)
    assert all(record.levelno == logging.WARNING and record.exc_info is None for record in caplog.records)
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert "no connection to Telegram" in caplog.text
    assert "trying again" in caplog.text


async def test_it_begins_when_telegram_comes_back(api: TinyBotApi) -> None:
    """A server that answers with errors at first is waited for."""
    seen: list[int] = []
    api.plan("getMe", Reply(502, "<html>Bad Gateway</html>"), refusal(429, "Too Many Requests", retry_after=1))
    api.plan("deleteWebhook", refusal(500, "Internal Server Error"))
    async with _running(_application(api.url, seen)):
        api.push(**_message(1))
        await _until(lambda: seen)


async def test_trouble_while_running_is_survived(api: TinyBotApi, caplog: pytest.LogCaptureFixture) -> None:
    """Errors, junk and broken connections while fetching cost a line each, and no update."""
    caplog.set_level(logging.INFO)
    seen: list[int] = []
    junk = Reply(200, {"ok": True, "result": [{"update_id": "not a number", "message": {"chat": 1}}]})
    api.plan("getUpdates", Reply(502, "x"), Reply(then="reset"), Reply(200, "<html>"), junk)
    async with _running(_application(api.url, seen)):
        api.push(**_message(1))
        await _until(lambda: seen)
    assert "Telegram answers again" in caplog.text
    assert TOKEN not in caplog.text


async def test_a_stop_before_the_connection_ends_without_one(api: TinyBotApi) -> None:
    """Told to stop while Telegram hangs, the bot ends at once and never begins."""
    api.plan("getMe", HANG)
    async with _running(_application(api.url, []), on_started=None) as (stop, task):
        await _until(lambda: api.of("getMe"))
        stop.set()
        await asyncio.wait_for(task, 2)
    assert api.of("getUpdates") == []


async def test_a_server_without_webhooks_is_served(api: TinyBotApi) -> None:
    """A Bot API server that does not know deleteWebhook is not taken for a wrong token."""
    api.always("deleteWebhook", refusal(404, "Not Found: method not found"))
    seen: list[int] = []
    async with _running(_application(api.url, seen)):
        api.push(**_message(1))
        await _until(lambda: seen)


async def test_an_error_at_the_start_closes_everything(api: TinyBotApi) -> None:
    """What the program cannot do at its start is passed on, after everything was closed."""

    async def on_started() -> None:
        raise AlreadyRunning("paperboy.db")

    application = _application(api.url, [])
    with pytest.raises(AlreadyRunning, match=r"paperboy\.db"):
        await run_polling(application, asyncio.Event(), on_started=on_started, timings=QUICK)
    assert not application.running
