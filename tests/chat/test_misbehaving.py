"""A broadcast over the wire to a server that misbehaves in every way that Telegram and the network between do.

Chats of every nature get their messages while calls fail at random; afterwards everybody has everything exactly once and in
order, except what could not be known to have arrived, and the ledger tells the truth.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import select
from telegram.error import TelegramError

from bot.chat.delivery import Postman
from bot.chat.lanes import Lanes
from bot.chat.offers import Offers
from bot.chat.outcome import InDoubt, judge
from bot.chat.posting import through
from bot.chat.retries import MOST_BROKEN, MOST_LATE, doubts_of
from bot.model import Chat, ChatKind
from bot.outbox import Outbox
from storage import chats, deliveries, tables
from storage.database import Database
from tests.support.ledger import open_messages
from tests.support.quick_bot import NOW, Clock, quick_bot
from tests.support.tiny_bot_api import HANG, LOST, RESET, SLOW, Call, Reply, TinyBotApi, refusal

PARTS = 3
HTML = "<html><body>Bad Gateway</body></html>"

GONE = {
    "blocked": refusal(403, "Forbidden: bot was blocked by the user"),
    "deactivated": refusal(403, "Forbidden: user is deactivated"),
    "kicked": refusal(403, "Forbidden: bot was kicked from the supergroup chat"),
    "deleted": refusal(403, "Forbidden: the group chat was deleted"),
    "not-found": refusal(400, "Bad Request: chat not found"),
    "no-rights": refusal(400, "Bad Request: not enough rights to send text messages to the chat"),
}
"""The chat's nature, which is also the reason for which it is paused → what Telegram says."""

TOO_LONG = refusal(400, "Bad Request: message is too long")
ALL_FULL = refusal(429, "Too Many Requests: retry after 1", retry_after=1)
CLOSED = refusal(400, "Bad Request: TOPIC_CLOSED")

REFUSED = (
    refusal(500, "Internal Server Error"),
    Reply(502, HTML),
    Reply(503, HTML),
    refusal(429, "Too Many Requests: retry after 7", retry_after=7),
    refusal(429, "Too Many Requests"),
    Reply(429, HTML, {"Retry-After": "7"}),
)
"""It surely was not done."""

MOST_SLOW = 3
"""How many calls are not answered in a run, since each is waited for."""

LATE = (HANG, SLOW)
BROKEN = (
    RESET,
    LOST,
    Reply(200, HTML),
    Reply(200, HTML, accepted=True),
    Reply(200, '{"ok":true,"result":{"message_id', accepted=True),
    Reply(200, {"ok": True, "result": True}, accepted=True),
)
"""It may have been done, or not."""


@dataclass
class Moody:
    """What the server does: each chat according to its nature, and any call may go wrong besides."""

    rng: random.Random
    clock: Clock
    natures: dict[int, str] = field(default_factory=dict)
    broken: Counter[str] = field(default_factory=Counter)
    late: set[str] = field(default_factory=set)
    shut: dict[int, float] = field(default_factory=dict)
    """Until when a chat must not be written to; 0 stands for all of them."""
    hasty: list[str] = field(default_factory=list)
    """What came to one chat though it was told to wait."""

    def __call__(self, call: Call) -> Reply | None:
        """The answer to a call."""
        if call.method != "sendMessage":
            return None
        chat, text, now = call.chat(), call.fields["text"], self._now()
        if now < self.shut.get(0, 0.0):
            return ALL_FULL
        if now < self.shut.get(chat, 0.0):
            self.hasty.append(text)
        return self._by_nature(chat, call) or self._mishap(chat, text, now)

    def _now(self) -> float:
        """The time of the bot's lanes."""
        return time.monotonic() + (self.clock.now - NOW).total_seconds()

    def _by_nature(self, chat: int, call: Call) -> Reply | None:
        nature = self.natures.get(chat, "")
        if nature in GONE:
            return GONE[nature]
        if nature == "migrates":
            return refusal(
                400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat * 1000
            )
        if nature == "closed" and "message_thread_id" in call.fields:
            return CLOSED
        return TOO_LONG if call.fields["text"].endswith("long") else None

    def _mishap(self, chat: int, text: str, now: float) -> Reply | None:
        drawn = self.rng.random()
        if drawn < 0.01:
            self.shut[0] = now + 1
            return ALL_FULL
        if drawn < 0.10:
            reply = self.rng.choice(REFUSED)
            if reply.status == 429:
                self.shut[chat] = now + (7 if reply is not REFUSED[4] else 1)
            return reply
        if drawn < 0.12 and len(self.late) < MOST_SLOW and not self.broken[text]:
            self.late.add(text)
            return self.rng.choice(LATE)
        if drawn < 0.20 and self.broken[text] < MOST_BROKEN and text not in self.late:
            self.broken[text] += 1
            return self.rng.choice(BROKEN)
        return None


@pytest.fixture
async def api() -> AsyncIterator[TinyBotApi]:
    """The far end."""
    async with TinyBotApi() as server:
        yield server


async def _plan(db: Database, moody: Moody) -> dict[int, list[str]]:
    """Chats of every nature, and what each is to get, by its number in the ledger."""
    natures = [*GONE, "migrates", "migrates", "closed", "long", *[""] * 9]
    moody.rng.shuffle(natures)
    planned: dict[int, list[str]] = {}
    async with db.begin() as conn:
        for number, nature in enumerate(natures, 1):
            group = nature in {"kicked", "deleted", "no-rights", "migrates", "closed"} or moody.rng.random() < 0.3
            telegram_id, thread = (-number, 9 * (nature == "closed")) if group else (number, 0)
            kind = ChatKind.GROUP if group else ChatKind.PRIVATE
            chat = await chats.ensure(conn, telegram_id, thread, kind, "A", {}, NOW)
            moody.natures[telegram_id] = nature
            texts = [f"{number}:{part}" for part in range(PARTS)]
            if nature == "long":
                texts[1] += ":long"
            planned[chat.id] = texts
            await deliveries.plan(conn, chat.id, None, [{"text": text} for text in texts])
    return planned


@pytest.mark.parametrize("seed", range(8))
async def test_whatever_the_server_does_everybody_gets_everything_once(
    db: Database, api: TinyBotApi, seed: int
) -> None:
    """Exactly once and in order, except what may have been taken without our hearing of it; each failure is in the ledger with its
    reason; a chat that is told to wait is left alone, and the others are served meanwhile."""
    clock = Clock()
    moody = api.mishap = Moody(random.Random(seed), clock)
    planned = await _plan(db, moody)
    async with quick_bot(api.url, clock) as bot:
        assert isinstance(bot.rate_limiter, Lanes)
        lanes = bot.rate_limiter
        send = through(bot, Offers(clock))
        unknown: Counter[object] = Counter()

        async def post(chat: Chat, body: Mapping[str, object]) -> int:
            try:
                return await send(chat, body)
            except TelegramError as error:
                unknown[body["text"]] += isinstance(judge(error), InDoubt)
                raise

        postman = Postman(
            Outbox(db, clock),
            post,
            clock,
            concurrency=6,
            rest=lambda chat: lanes.rest(chat.telegram_id),
            rng=random.Random(seed),
        )
        for _ in range(500):
            await postman.deliver()
            async with db.read() as conn:
                if not await open_messages(conn):
                    break
            clock.now += timedelta(seconds=10)
    in_order = [call.fields["text"] for call in api.accepted if call.method == "sendMessage"]
    taken = Counter(in_order)
    async with db.read() as conn:
        rows = (await conn.execute(select(tables.deliveries).order_by(tables.deliveries.c.id))).all()
        homes = await chats.many(conn, planned)
    assert [row.body["text"] for row in rows] == [text for texts in planned.values() for text in texts]
    for row in rows:
        text, chat = row.body["text"], homes[row.chat_id]
        if chat.paused:
            assert (row.state, row.reason, taken[text]) == ("failed", chat.paused, 0)
        elif text.endswith("long"):
            assert (row.state, taken[text]) == ("failed", 0)
        else:
            assert 1 <= taken[text] <= 1 + unknown[text]
            # On a machine that is busy an answer may be late by itself; once more than that is the end of it.
            assert row.message_id if row.state == "sent" else doubts_of(row.reason) > MOST_LATE
    assert sorted(chat.paused for chat in homes.values() if chat.paused) == sorted(GONE)
    assert sum(chat.telegram_id <= -1000 for chat in homes.values()) == 2
    for texts in planned.values():
        arrived = list(dict.fromkeys(text for text in in_order if text in texts))
        assert arrived == [text for text in texts if text in arrived]
    assert moody.hasty == []
    assert await db.check() == []
