from __future__ import annotations

import asyncio
import io
import socket
import traceback
from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import telegram
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest

from bot.chat.transport import AnswerLost, NotSent, NotSentInTime, ServerTrouble, Timeouts, Transport, sound
from tests.support.tiny_bot_api import HANG, LOST, RESET, TOKEN, Reply, TinyBotApi, refusal

QUICK = Timeouts(connect=1.0, pool=0.2, answer=0.2, call=0.4, file=1.5)


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


@pytest.fixture
async def bot(api: TinyBotApi) -> AsyncIterator[telegram.Bot]:
    """A bot whose requests go through our transport."""
    async with _bot(api.url) as one:
        yield one


def _bot(url: str, transport: Transport | None = None, token: str = TOKEN) -> telegram.Bot:
    return telegram.Bot(
        token,
        base_url=f"{url}/bot",
        base_file_url=f"{url}/file/bot",
        request=transport or Transport(timeouts=QUICK),
        get_updates_request=Transport(in_flight=2, timeouts=QUICK),
    )


def _closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_a_message_arrives_as_it_was_written(api: TinyBotApi, bot: telegram.Bot) -> None:
    """Text of any kind, keyboards and flags arrive unchanged, and the answer comes back as an object."""
    text = "a & b < c é 数学 🧠 \u202bעברית\u202c ='&chat_id=1"
    keyboard = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("1", callback_data="a:1")]])
    message = await bot.send_message(7, text, reply_markup=keyboard, disable_notification=True)
    (call,) = api.of("sendMessage")
    assert call.fields["text"] == text
    assert call.fields["chat_id"] == "7"
    assert '"callback_data": "a:1"' in call.fields["reply_markup"]
    assert call.fields["disable_notification"] == "true"
    assert message.message_id > 100


async def test_files_are_uploaded_with_their_names(api: TinyBotApi, bot: telegram.Bot) -> None:
    """A document, its thumbnail and the other fields arrive whole, whatever the file is called."""
    content = bytes(range(256)) * 4000
    name = 'report "2026"\r\n数学.pdf'
    await bot.send_document(7, io.BytesIO(content), filename=name, caption="ça", thumbnail=b"thumb")
    (call,) = api.of("sendDocument")
    assert call.fields["caption"] == "ça"
    files = list(call.files.values())
    assert (files[0][1], files[1][1]) == (content, b"thumb")
    assert files[0][0] == "report _2026___数学.pdf"


async def test_a_file_handle_is_streamed(api: TinyBotApi, bot: telegram.Bot) -> None:
    """A file that python-telegram-bot leaves unread is read by the transport."""
    handle = telegram.InputFile(io.BytesIO(b"x" * 300_000), filename="a.txt", read_file_handle=False)
    await bot.send_document(7, handle)
    assert api.of("sendDocument")[0].files["document"] == ("a.txt", b"x" * 300_000)


async def test_a_file_is_downloaded(api: TinyBotApi, bot: telegram.Bot) -> None:
    """A file's bytes come back as they are, with no Bot API answer expected."""
    file = telegram.File("id", "unique", file_path=f"{api.url}/file/bot{TOKEN}/a/b.pdf")
    file.set_bot(bot)
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.7 of a/b.pdf"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (refusal(400, "Bad Request: message text is empty"), BadRequest),
        (refusal(403, "Forbidden: bot was blocked by the user"), Forbidden),
        (refusal(429, "Too Many Requests: retry after 7", retry_after=7), RetryAfter),
        (refusal(500, "Internal Server Error: restart"), ServerTrouble),
        (Reply(502, "<html><h1>502 Bad Gateway</h1></html>"), ServerTrouble),
        (Reply(504, ""), TimedOut),
        (Reply(404, "<html>nginx</html>"), NotSent),
        (Reply(413, "<html>Request Entity Too Large</html>"), BadRequest),
        (Reply(302, "", {"Location": "https://elsewhere.example/"}), NotSent),
        (Reply(200, "<html>a hotel's login page</html>"), NetworkError),
        (Reply(200, {"ok": True}), AnswerLost),
        (Reply(200, '{"ok":true,"result":{"message_id":7,"da'), AnswerLost),
        (Reply(200, '{"ok": true, "resu'), AnswerLost),
        (Reply(200, {"ok": False, "error_code": 403, "description": "Forbidden: bot was kicked"}), Forbidden),
    ],
)
async def test_refusals_become_their_errors(
    api: TinyBotApi, bot: telegram.Bot, reply: Reply, expected: type[TelegramError]
) -> None:
    """Every kind of refusal becomes the error that names it, and no other request is made."""
    api.plan("sendMessage", reply)
    with pytest.raises(TelegramError) as caught:
        await bot.send_message(7, "x")
    assert type(caught.value) is expected
    assert len(api.of("sendMessage")) == 1


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [("", "9", 9), ('{"ok":false,"description":"Too Many Requests"}', "9", 9), ("", None, 1)],
)
async def test_a_429_always_has_a_wait(
    api: TinyBotApi, bot: telegram.Bot, body: str, header: str | None, seconds: int
) -> None:
    """Where the body does not tell how long to wait, the header does; where none does, it is a second."""
    api.plan("sendMessage", Reply(429, body, {"Retry-After": header} if header else {}))
    with pytest.raises(RetryAfter) as caught:
        await bot.send_message(7, "x")
    assert caught.value.retry_after == timedelta(seconds=seconds)


@pytest.mark.parametrize("reply", [RESET, LOST])
async def test_a_broken_connection_is_in_doubt_and_not_repeated(
    api: TinyBotApi, bot: telegram.Bot, reply: Reply
) -> None:
    """A send whose answer got lost is reported once and made once: it may have arrived."""
    await bot.send_message(7, "opens a connection that is then reused")
    api.plan("sendMessage", reply)
    with pytest.raises(NetworkError) as caught:
        await bot.send_message(7, "x")
    assert not isinstance(caught.value, NotSent)
    assert len(api.of("sendMessage")) == 2


async def test_a_server_that_hangs_is_given_up(api: TinyBotApi, bot: telegram.Bot) -> None:
    """No answer in time is a time-out that leaves open whether the message arrived."""
    api.plan("sendMessage", HANG)
    with pytest.raises(TimedOut) as caught:
        await bot.send_message(7, "x")
    assert not isinstance(caught.value, NotSent)


async def test_answers_to_presses_are_given_up_sooner_than_uploads(api: TinyBotApi) -> None:
    """Each kind of call has its own time: answers to presses little, uploads plenty."""
    times: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    async with _bot(api.url, Transport(timeouts=Timeouts(answer=0.1, call=0.3, file=0.6))) as bot:
        for name in ("answerCallbackQuery", "sendMessage", "sendDocument"):
            api.plan(name, HANG)
        for name, call in (
            ("press", bot.answer_callback_query("1")),
            ("message", bot.send_message(7, "x")),
            ("file", bot.send_document(7, b"x")),
        ):
            begun = loop.time()
            with pytest.raises(TimedOut):
                await call
            times[name] = loop.time() - begun
    assert 0.1 <= times["press"] < times["message"] < times["file"]


async def test_a_long_poll_is_waited_for(api: TinyBotApi, bot: telegram.Bot) -> None:
    """A poll may last as long as it was asked to, well beyond the time of ordinary calls."""
    assert await bot.get_updates(timeout=1) == ()


async def test_no_connection_means_not_sent() -> None:
    """A refused connection says that nothing was sent."""
    transport = Transport(timeouts=QUICK)
    await transport.initialize()
    with pytest.raises(NotSent):
        await transport.post(f"http://127.0.0.1:{_closed_port()}/bot{TOKEN}/sendMessage")
    await transport.shutdown()


async def test_a_full_pool_means_not_sent(api: TinyBotApi) -> None:
    """Whoever waits in vain for a free connection is told that nothing was sent, and did not send."""
    async with _bot(api.url, Transport(in_flight=1, timeouts=Timeouts(connect=0.1, pool=0.1, call=2))) as bot:
        api.plan("sendMessage", HANG)
        first = asyncio.create_task(bot.send_message(7, "x"))
        await asyncio.sleep(0.05)
        with pytest.raises(NotSentInTime):
            await bot.send_message(8, "y")
        first.cancel()
    assert len(api.of("sendMessage")) == 1


async def test_what_is_in_flight_is_bounded(api: TinyBotApi) -> None:
    """Never are more requests under way than allowed; the others follow."""
    under_way = most = 0
    usual = api._usual

    async def slow(call: object) -> object:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return await usual(call)  # type: ignore[arg-type] # handed through

    api._usual = slow  # type: ignore[method-assign,assignment] # the server's slowness is the test's means
    async with _bot(api.url, Transport(in_flight=3)) as bot:
        await asyncio.gather(*(bot.send_message(n + 1, "x") for n in range(12)))
    assert most == 3
    assert len(api.of("sendMessage")) == 12


@pytest.mark.parametrize("way", ["refused", "reset", "hang", "junk", "bad-address", "resolver"])
async def test_the_token_is_in_no_error(
    api: TinyBotApi, way: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever goes wrong, neither the error, its chain, nor a log line holds the token."""
    caplog.set_level("INFO")
    url = {
        "refused": f"http://127.0.0.1:{_closed_port()}",
        "bad-address": "ftp://127.0.0.1",
        "resolver": "http://no-such-host.invalid",
    }.get(way, api.url)
    api.plan("sendMessage", {"reset": RESET, "hang": HANG}.get(way, Reply(200, "junk")))
    transport = Transport(timeouts=QUICK)
    await transport.initialize()
    with pytest.raises(NetworkError) as caught:
        await transport.post(f"{url}/bot{TOKEN}/sendMessage")
    await transport.shutdown()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + caplog.text
    for form in (TOKEN, quote(TOKEN, safe=""), TOKEN.split(":")[1]):
        assert form not in shown


async def test_a_wrong_token_is_named_so(api: TinyBotApi) -> None:
    """Telegram's 401 becomes InvalidToken."""
    bot = _bot(api.url, token="1:wrong")
    with pytest.raises(InvalidToken):
        await bot.initialize()
    await bot.shutdown()


async def test_the_environments_proxy_is_used_and_can_be_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go through HTTP_PROXY, unless NO_PROXY names the host or the transport is told not to look."""
    async with TinyBotApi() as proxy, TinyBotApi() as api:
        monkeypatch.setenv("http_proxy", proxy.url.removeprefix("http://"))
        monkeypatch.delenv("no_proxy", raising=False)
        async with _bot(api.url) as bot:
            await bot.send_message(7, "x")
        assert len(proxy.of("sendMessage")) == 1
        async with _bot(api.url, Transport(trust_env=False)) as bot:
            await bot.send_message(7, "x")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with _bot(api.url) as bot:
            await bot.send_message(7, "x")
        assert len(api.of("sendMessage")) == 2


async def test_an_endless_answer_is_cut(api: TinyBotApi, bot: telegram.Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer longer than any of Telegram's is not read to its end."""
    monkeypatch.setattr("bot.chat.transport.MOST_BYTES", 1000)
    api.plan("sendMessage", Reply(200, "x" * 100_000))
    with pytest.raises(NetworkError, match="broke"):
        await bot.send_message(7, "x")


async def test_it_can_be_opened_and_closed_twice(api: TinyBotApi) -> None:
    """Opening twice and closing twice are harmless, and a closed transport says so."""
    transport: BaseRequest = Transport()
    await transport.initialize()
    await transport.initialize()
    await transport.shutdown()
    await transport.shutdown()
    with pytest.raises(NotSent):
        await transport.post(f"{api.url}/bot{TOKEN}/getMe")


def test_a_usual_answer_is_passed_on_untouched() -> None:
    """The answer of every day is not even parsed twice."""
    body = b'{"ok":true,"result":true}'
    assert sound(200, body, None) == (200, body)
    assert sound(200, body, None)[1] is body
