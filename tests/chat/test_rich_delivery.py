"""Rich messages from the ledger over the wire to Bot API servers that do not know them, refuse them, or fail midway."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
from telegram.ext import ExtBot

from bot.chat.delivery import Postman
from bot.chat.document import parse
from bot.chat.layouts import lay_out
from bot.chat.offers import Offers
from bot.chat.pacing import Lane
from bot.chat.posting import through
from bot.model import Chat, ChatKind, Delivery, DeliveryState
from bot.outbox import Outbox
from storage import chats, deliveries
from storage.database import Database
from tests.support.ledger import open_messages
from tests.support.quick_bot import NOW, Clock, quick_bot
from tests.support.rich_checks import check_rich, texts
from tests.support.telegram_html import read
from tests.support.tiny_bot_api import LOST, RESET, Call, Reply, TinyBotApi, refusal

UNKNOWN = refusal(404, "Not Found: method not found")
TOO_LONG = refusal(400, "Bad Request: RICH_MESSAGE_TEXT_TOO_LONG")
FLOOD = refusal(429, "Too Many Requests: retry after 7", retry_after=7)
WORDS = 1500
"""Words of a paragraph, of which a classic message holds some eight hundred and a rich one some seven thousand."""


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


class Mail:
    """One chat's ledger and a postman who serves it."""

    def __init__(self, db: Database, bot: ExtBot[Lane], clock: Clock, chat: Chat) -> None:
        self.db = db
        self.bot = bot
        self.clock = clock
        self.chat = chat
        self.offers = Offers(clock)

    def postman(self) -> Postman:
        """A postman, as after a start of the program."""
        return Postman(Outbox(self.db, self.clock), through(self.bot, self.offers), self.clock, rng=random.Random(1))

    async def plan(self, paragraphs: int, first: int = 1) -> str:
        """A document that is several rich messages; → all that it says."""
        said = [f"p{n} {' '.join(f'{n}w{word}' for word in range(WORDS))}." for n in range(first, first + paragraphs)]
        markup = "<table><tr><td>t</td></tr></table>" + "".join(f"<p>{text}</p>" for text in said)
        bodies = [laid.body for laid in lay_out(parse(markup), "rich", lambda latex: latex)]
        for body in bodies:
            check_rich(body["rich"])  # type: ignore[arg-type] # a body is a mapping of plain values
        async with self.db.begin() as conn:
            await deliveries.plan(conn, self.chat.id, None, bodies)
        return _squeezed("t", *said)

    async def deliver(self, rounds: int = 40) -> None:
        """Serve until nothing is open; time goes by between the rounds."""
        for _ in range(rounds):
            await self.postman().deliver()
            if not await self.open():
                return
            self.clock.now += timedelta(seconds=90)
        raise AssertionError("never done")

    async def open(self) -> list[Delivery]:
        """What is still to be sent."""
        async with self.db.read() as conn:
            return await open_messages(conn)


@pytest.fixture
async def mail(db: Database, bot: ExtBot[Lane], clock: Clock) -> Mail:
    """A private chat's mail."""
    async with db.begin() as conn:
        chat = await chats.ensure(conn, 7, 0, ChatKind.PRIVATE, "A", {}, NOW)
    return Mail(db, bot, clock, chat)


def _squeezed(*said: str) -> str:
    return "".join("".join(said).split())


def shown(calls: Sequence[Call]) -> str:
    """What the chat shows, without white space."""
    said: list[str] = []
    for call in calls:
        if call.method == "sendRichMessage":
            said += texts(json.loads(call.fields["rich_message"]))
        elif call.method == "sendMessage":
            said.append(read(call.fields["text"]).text)
    return _squeezed(*said)


async def test_a_server_with_rich_messages_gets_them_alone(mail: Mail, api: TinyBotApi) -> None:
    """Parts in order, each once, and nothing of the classic form."""
    said = await mail.plan(8)
    await mail.deliver()
    assert len(api.of("sendRichMessage")) > 1
    assert not api.of("sendMessage")
    assert shown(api.accepted) == said


async def test_a_server_without_them_gets_the_classic_form(
    mail: Mail, api: TinyBotApi, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """404: everything comes as classic messages, once and in order; the method is asked for again after an hour only."""
    api.always("sendRichMessage", UNKNOWN)
    with caplog.at_level(logging.WARNING, "bot.chat.offers"):
        said = await mail.plan(8) + await mail.plan(2, first=20)
        await mail.deliver()
    assert shown(api.accepted) == said
    assert len(api.of("sendRichMessage")) == 1
    assert len(caplog.records) == 1
    clock.now += timedelta(hours=1)
    api.always("sendRichMessage", None)
    again = await mail.plan(1)
    await mail.deliver()
    assert shown([call for call in api.accepted if call.method == "sendRichMessage"]) == again


@pytest.mark.parametrize(
    "answer",
    [
        Reply(404, "<html>nginx</html>"),
        refusal(404, "Not Found"),
        refusal(501, "Not Implemented"),
        refusal(405, "Method Not Allowed"),
        refusal(400, "Bad Request: method not found"),
        Reply(200, {"ok": False, "error_code": 404, "description": "Not Found: method not found"}),
    ],
)
async def test_servers_say_in_many_ways_that_a_method_is_missing(mail: Mail, api: TinyBotApi, answer: Reply) -> None:
    """Whatever a server without the method answers, the chat gets the classic form."""
    api.always("sendRichMessage", answer)
    said = await mail.plan(2)
    await mail.deliver(rounds=1)
    assert shown(api.accepted) == said


@pytest.mark.parametrize(
    "words",
    [
        "RICH_MESSAGE_TEXT_TOO_LONG",
        "RICH_MESSAGE_EMAIL_INVALID",
        "can't parse InputRichBlock: Can't find field \"cells\"",
        "Can't parse PageBlockTableCell: Unsupported rich text type",
        "List must be non-empty",
        "message text is empty",
    ],
)
async def test_a_refused_message_goes_as_a_classic_one(
    mail: Mail, api: TinyBotApi, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """400: only the refused part is sent in classic form, at once and in its place; the reason is written down once."""
    api.plan("sendRichMessage", Reply(200, _sent(1)), refusal(400, f"Bad Request: {words}"))
    said = await mail.plan(12)
    with caplog.at_level(logging.WARNING, "bot.chat.offers"):
        await mail.deliver(rounds=1)
    accepted = [*api.of("sendRichMessage")[:1], *api.accepted]
    assert shown(accepted) == said
    kinds = [call.method for call in accepted]
    assert kinds[0] == kinds[-1] == "sendRichMessage"
    assert "sendMessage" in kinds
    (record,) = caplog.records
    assert words.casefold() in record.getMessage().casefold()


def _sent(number: int) -> dict[str, object]:
    chat = {"id": 7, "type": "private", "first_name": "A"}
    return {"ok": True, "result": {"message_id": number, "date": 1, "chat": chat}}


async def test_a_flood_in_the_middle_loses_and_repeats_nothing(mail: Mail, api: TinyBotApi) -> None:
    """429 between the parts of a rich message, and between the classic parts that took its place."""
    said = await mail.plan(8)
    api.plan("sendRichMessage", Reply(200, _sent(1)), FLOOD, TOO_LONG)
    api.plan("sendMessage", Reply(200, _sent(2)), FLOOD)
    await mail.postman().deliver()
    waiting = await mail.open()
    assert waiting
    assert all(one.state is DeliveryState.PLANNED for one in waiting)
    await mail.deliver()
    answered_by_plan = [api.of("sendRichMessage")[0], api.of("sendMessage")[0]]
    everything = sorted([*answered_by_plan, *api.accepted], key=lambda call: call.at)
    assert shown(everything) == said


async def test_a_revoked_token_is_no_missing_method(mail: Mail, api: TinyBotApi) -> None:
    """401: nothing is said in another form, and the ledger keeps the message as it was planned."""
    api.always("sendRichMessage", refusal(401, "Unauthorized"))
    said = await mail.plan(2)
    await mail.postman().deliver()
    assert not api.of("sendMessage")
    assert mail.offers.has("sendRichMessage")
    (waiting,) = await mail.open()
    assert "rich" in waiting.body
    api.always("sendRichMessage", None)
    await mail.deliver()
    assert shown(api.accepted) == said
    assert not api.of("sendMessage")


async def test_a_kill_in_the_middle_of_a_fall_back(mail: Mail, api: TinyBotApi) -> None:
    """Killed while the first classic message is on its way, the program goes on with it after a restart."""
    api.always("sendRichMessage", UNKNOWN)
    api.plan("sendMessage", Reply(then="hang"))
    said = await mail.plan(4)
    running = asyncio.ensure_future(mail.postman().deliver())
    while not api.of("sendMessage"):  # noqa: ASYNC110 - the far end tells nobody what arrives
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait((running,))
    in_flight, *later = await mail.open()
    assert in_flight.state is DeliveryState.SENDING
    assert "text" in in_flight.body
    assert all(one.state is DeliveryState.PLANNED for one in later)
    await mail.deliver()
    assert shown(api.accepted) == said


async def test_faults_of_all_kinds_and_kills(mail: Mail, api: TinyBotApi) -> None:
    """Refusals, floods, broken connections and kills at any moment: what the chat shows is complete and in order, and
    only what was in doubt can be there twice."""
    rng = random.Random(11)
    doubtful = 0

    def mishap(call: Call) -> Reply | None:
        nonlocal doubtful
        faults = [RESET, LOST, FLOOD] + ([TOO_LONG] * 4 if call.method == "sendRichMessage" else [])
        reply = rng.choice(faults) if rng.random() < 0.3 else None
        doubtful += reply is LOST
        return reply

    api.mishap = mishap
    for first in range(1, 40, 8):
        await mail.plan(8, first=first)
    for _ in range(15):
        running = asyncio.ensure_future(mail.postman().deliver())
        await asyncio.wait((running,), timeout=rng.uniform(0.01, 0.08))
        running.cancel()
        await asyncio.wait((running,))
        doubtful += sum(one.state is DeliveryState.SENDING for one in await mail.open())
        mail.clock.now += timedelta(seconds=90)
    await mail.deliver()
    marks = [word for call in api.accepted for word in _marks(call)]
    assert set(marks) == {f"p{n}" for n in range(1, 41)}
    firsts = [marks.index(f"p{n}") for n in range(1, 41)]
    assert firsts == sorted(firsts)
    repeated = len([call for call in api.accepted if call.method.startswith("send")]) - len(
        {json.dumps(dict(call.fields), sort_keys=True) for call in api.accepted if call.method.startswith("send")}
    )
    assert repeated <= doubtful


def _marks(call: Call) -> list[str]:
    text = call.fields.get("text") or " ".join(texts(json.loads(call.fields.get("rich_message", "[]"))))
    return [word for word in text.split() if word[0] == "p" and word[1:].isdigit()]
