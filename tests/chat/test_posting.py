"""From the ledger over the postman, the lanes and the wire to a Bot API server, with nothing left out between."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram.ext import ExtBot

from bot.chat.delivery import Postman
from bot.chat.offers import Offers
from bot.chat.pacing import Lane
from bot.chat.posting import keyboard, through
from bot.model import Chat, ChatKind, Delivery, DeliveryState
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database
from tests.support.ledger import open_messages
from tests.support.quick_bot import NOW, Clock, quick_bot
from tests.support.tiny_bot_api import LOST, RESET, SLOW, Call, Reply, TinyBotApi, refusal


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


@pytest.fixture
def clock() -> Clock:
    """The ledger's time."""
    return Clock()


@pytest.fixture
async def bot(api: TinyBotApi, clock: Clock) -> AsyncIterator[ExtBot[Lane]]:
    """The bot as the program makes it, with limits that a test need not wait for."""
    async with quick_bot(api.url, clock) as one:
        yield one


async def _plan(db: Database, telegram_id: int, *texts: str, thread_id: int = 0) -> Chat:
    async with db.begin() as conn:
        kind = ChatKind.PRIVATE if telegram_id > 0 else ChatKind.GROUP
        chat = await chats.ensure(conn, telegram_id, thread_id, kind, "A", {}, NOW)
        await deliveries.plan(conn, chat.id, None, [{"text": text} for text in texts])
    return chat


async def test_a_body_becomes_a_message(api: TinyBotApi, bot: ExtBot[Lane], clock: Clock) -> None:
    """Text, buttons, silence and topic arrive as planned; links are not previewed."""
    body = {
        "text": "<b>1.</b> a &lt; b",
        "keyboard": [[{"text": "1", "data": "card:1"}, {"text": "arXiv", "url": "https://arxiv.org/abs/2602.14080"}]],
        "silent": True,
    }
    chat = Chat(1, -1007, 9, ChatKind.GROUP)
    number = await through(bot, Offers(clock))(chat, body)
    (call,) = api.of("sendMessage")
    assert number > 100
    assert call.fields["chat_id"] == "-1007"
    assert call.fields["message_thread_id"] == "9"
    assert call.fields["text"] == "<b>1.</b> a &lt; b"
    assert call.fields["parse_mode"] == "HTML"
    assert call.fields["disable_notification"] == "true"
    assert json.loads(call.fields["link_preview_options"]) == {"is_disabled": True}
    assert json.loads(call.fields["reply_markup"])["inline_keyboard"] == [
        [
            {"text": "1", "callback_data": "card:1"},
            {"text": "arXiv", "url": "https://arxiv.org/abs/2602.14080"},
        ]
    ]
    assert "allow_paid_broadcast" not in call.fields


async def test_a_plain_body_has_no_extras(api: TinyBotApi, bot: ExtBot[Lane], clock: Clock) -> None:
    """Without buttons and topic the message names none; paid broadcast is named where it is wanted."""
    await through(bot, Offers(clock), paid=True)(Chat(1, 7, 0, ChatKind.PRIVATE), {"text": "x"})
    fields = api.of("sendMessage")[0].fields
    assert "reply_markup" not in fields
    assert "message_thread_id" not in fields
    assert fields["allow_paid_broadcast"] == "true"
    assert keyboard([]) is None
    assert keyboard(None) is None


async def test_a_broadcast_over_the_wire_survives_kills_and_faults(
    db: Database, api: TinyBotApi, bot: ExtBot[Lane], clock: Clock
) -> None:
    """Resets, lost and late answers, server errors, floods, and the postman killed again and again: every chat gets its
    parts in order, and none comes twice that was neither in flight at a kill nor lost on its way back."""
    rng = random.Random(6)
    for n in range(1, 61):
        await _plan(db, n, f"{n}:0", f"{n}:1")
    faults = [
        RESET,
        LOST,
        SLOW,
        refusal(500, "Internal Server Error"),
        Reply(502, "<html>Bad Gateway</html>"),
        refusal(429, "Too Many Requests: retry after 1", retry_after=1),
    ]
    unheard = 0

    def mishap(_: Call) -> Reply | None:
        nonlocal unheard
        reply = rng.choice(faults) if rng.random() < 0.1 else None
        unheard += reply in (LOST, SLOW)
        return reply

    api.mishap = mishap
    in_flight = 0
    outbox = Outbox(db, clock)
    for round_ in range(100):
        postman = Postman(outbox, through(bot, Offers(clock)), clock, concurrency=6, rng=rng)
        running = asyncio.ensure_future(postman.deliver())
        await asyncio.wait((running,), timeout=rng.uniform(0.01, 0.1) if round_ < 12 else None)
        running.cancel()
        await asyncio.wait((running,))
        in_flight += await _in_flight(db)
        clock.now += timedelta(seconds=90)
        if round_ >= 12 and not await _open(db):
            break
    texts = [call.fields["text"] for call in api.accepted if call.method == "sendMessage"]
    assert set(texts) == {f"{n}:{part}" for n in range(1, 61) for part in range(2)}
    assert len(texts) - len(set(texts)) <= in_flight + unheard
    for n in range(1, 61):
        assert texts.index(f"{n}:0") < texts.index(f"{n}:1")
    async with db.read() as conn:
        given_up = await deliveries.failures(conn, 10)
    # One that broke once and was answered too late the next time is given up as probably there; here it always is.
    assert all(one.reason.startswith("in doubt") for one in given_up)


async def _in_flight(db: Database) -> int:
    """How many messages are "being sent" according to the ledger."""
    return sum(one.state is DeliveryState.SENDING for one in await _open(db))


async def _open(db: Database) -> list[Delivery]:
    async with db.read() as conn:
        return await open_messages(conn)


async def test_what_telegram_says_of_a_chat_reaches_the_database(
    db: Database, api: TinyBotApi, bot: ExtBot[Lane], clock: Clock
) -> None:
    """Blocked: paused with the reason. Upgraded: moved. Topic closed: in the main chat."""
    blocked = await _plan(db, 1, "x")
    group = await _plan(db, -5, "y")
    topic = await _plan(db, -1009, "z", thread_id=4)
    api.plan(
        "sendMessage",
        refusal(403, "Forbidden: bot was blocked by the user"),
        refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1005),
        Reply(200, {"ok": True, "result": {"message_id": 1, "date": 1, "chat": {"id": -1005, "type": "supergroup"}}}),
        refusal(400, "Bad Request: message thread not found"),
    )
    postman = Postman(
        Outbox(db, clock),
        through(bot, Offers(clock)),
        clock,
        concurrency=1,
        moved_note=lambda chat: "<i>the topic is closed</i>",
    )
    assert await postman.deliver() == 2
    async with db.read() as conn:
        assert (await chats.get(conn, blocked.id) or blocked).paused == "blocked"
        assert (await chats.get(conn, group.id) or group).telegram_id == -1005
        assert (await chats.get(conn, topic.id) or topic).thread_id == 4
    sent = [(call.fields["chat_id"], call.fields["text"]) for call in api.of("sendMessage")]
    assert sent == [
        ("1", "x"),
        ("-5", "y"),
        ("-1005", "y"),
        ("-1009", "z"),
        ("-1009", "<i>the topic is closed</i>"),
        ("-1009", "z"),
    ]
