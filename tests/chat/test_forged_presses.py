"""Presses that no button of ours made: Telegram hands on whatever a client sends."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import pytest
import telegram
from sqlalchemy import select

from bot.chat import callbacks
from bot.chat.callbacks import UnknownPress, decode, encode, mark
from bot.chat.card import versioned
from bot.chat.forged import forged
from bot.model import Chat as Stored
from bot.model import ReasonKind, VerdictKind
from bot.playground import wire
from bot.playground.control import Playground
from bot.playground.state import Chat, Message, Press, User
from storage.database import Database
from storage.tables import metadata
from tests.support import builders as a
from tests.support.chat_bot import ChatBot
from tests.support.full_chat import live

WORDS = "contrastive"
PAPER = a.paper(1).versioned_id
TEXTS = (
    "chat", "reader", "setup", "settings", "interests", "rich", "classic", "zh", "cs.CV", "0900", "Asia/Tokyo", a.DAY.isoformat(),
    PAPER, a.paper(1).id, "hep-th/9901001v3", "", "'; DROP TABLE chats", "🙂", ReasonKind.INTEREST.value, "author", "word",
    mark("author", WORDS), mark("word", WORDS), mark(ReasonKind.INTEREST, WORDS), mark(ReasonKind.INTEREST, WORDS, "0"),
)  # fmt: skip
NUMBERS = (0, 1, -1, 5, 6, 7, 2**31, 2**63, -(2**63) - 1)
OWN = {"verdicts", "corrections", "openings", "unfolded"}
"""Tables in which a member of a group may leave something of their own."""


@dataclass
class Scene:
    """A group with everything in it that Ada administers and Mei is in, Ada's own chat likewise, and Mei's own chat."""

    bot: ChatBot
    playground: Playground
    group: Chat
    chats: Sequence[Stored]
    ada: User
    mei: User

    async def forge(self, user: User, message: Message, data: str) -> Press:
        """What a client of one's own sends."""
        state = self.playground.state
        press = state.add_press(user, message, data)
        state.updates.put("callback_query", wire.callback_query(state, press))
        return await self.playground.wait_for_answer(press)

    async def theirs(self) -> dict[str, list[dict[str, Any]]]:
        """What Mei has no right to change: everything about the group and Ada's chat but what is Mei's own."""
        ids = [chat.id for chat in self.chats]
        found = {}
        async with self.bot.db.read() as conn:
            for table in metadata.sorted_tables:
                owner = table.c.get("chat_id", table.c.id if table.name == "chats" else None)
                if owner is None:
                    continue
                query = select(table).where(owner.in_(ids)).order_by(*table.primary_key.columns)
                rows = [dict(row) for row in (await conn.execute(query)).mappings()]
                if table.name in OWN:
                    rows = [row for row in rows if row.get("reader_id", self.ada.id) != self.mei.id]
                found[table.name] = rows
        return found


@pytest.fixture
async def scene(
    bot: ChatBot, db: Database, playground: Playground, group: Chat, private: Chat, ada: User, mei: User
) -> Scene:
    """Everybody is there, and every table holds something of the group's and of Ada's."""
    await bot.save(a.paper(1, has_html=False))
    await playground.user_sends(private, ada, "/help")
    await bot.settled()
    async with db.begin() as conn:
        chats = [await live(conn, place.id, ada.id, WORDS) for place in (group, private)]
    return Scene(bot, playground, group, chats, ada, mei)


def presses(rng: random.Random, count: int) -> list[str]:
    """Data of every kind, `count` of each, with fields that fit and fields that do not, some of it damaged."""
    made = []
    for kind in callbacks._LETTERS.values():
        for _ in range(count):
            values: list[Any] = []
            for field in fields(kind):
                one = {"int": NUMBERS, "VerdictKind": tuple(VerdictKind), "str": TEXTS}[str(field.type)]
                values.append(rng.choice(one))
            try:
                data = encode(kind(*values))
            except ValueError:
                continue
            if rng.random() < 0.2:
                at = rng.randrange(len(data))
                data = data[:at] + rng.choice("|1vx-0é") + data[at + 1 :]
            made.append(data)
    return made


async def test_what_no_button_of_a_table_says_does_nothing(scene: Scene) -> None:
    """A member presses all kinds of data on a table whose buttons say other things: each press is answered, nothing is
    changed anywhere, and the table is neither changed nor taken away."""
    sent = await scene.playground.user_sends(scene.group, scene.ada, "/digest")
    table = await scene.playground.wait_for_message(scene.group, after=sent.id)
    await scene.bot.settled()
    before = (await scene.theirs(), len(scene.playground.calls))
    said = {button.get("callback_data") for button in table.buttons}
    assert any(str(data).startswith("1u") for data in said)
    shown = (table.text, table.buttons)
    count = 0
    for data in presses(random.Random(2), 3):
        if _known(data) and data not in said:
            await scene.forge(scene.mei, table, data)
            count += 1
    await scene.bot.settled()
    assert count >= 60
    assert await scene.theirs() == before[0]
    assert (table.text, table.buttons) == shown
    assert not table.deleted
    done = {call.method.lower() for call in scene.playground.calls[before[1] :]} - {"getupdates", "answercallbackquery"}
    assert done == set()


async def test_a_card_s_press_leaves_other_messages_alone(scene: Scene) -> None:
    """A member can neither take the settings that an administrator looks at away, nor put a card in their place."""
    sent = await scene.playground.user_sends(scene.group, scene.ada, "/time")
    shown = await scene.playground.wait_for_message(scene.group, after=sent.id)
    before = (shown.text, shown.buttons)
    for data in (f"1p|{PAPER}|{shown.id}|0", f"1f|{PAPER}|{shown.id}"):
        await scene.forge(scene.mei, shown, data)
    await scene.bot.settled()
    assert (shown.text, shown.buttons) == before
    assert not shown.deleted


def _known(data: str) -> bool:
    try:
        decode(data)
    except UnknownPress:
        return False
    return True


async def test_no_data_reaches_another_chat_or_reader(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a button would say it: whatever is pressed in one's own chat, or by a member in a group, leaves other
    chats, other readers and the group's settings as they are."""
    monkeypatch.setattr("bot.chat.reception.forged", lambda _message, _data: False)
    own = scene.playground.private(scene.mei)
    sent = await scene.playground.user_sends(own, scene.mei, "/help")
    places = [
        await scene.playground.wait_for_message(own, after=sent.id),
        next(iter(scene.playground.messages(scene.group, by_bot=True))),
    ]
    before = await scene.theirs()
    for data in presses(random.Random(3), 3):
        for message in places:
            await scene.forge(scene.mei, message, data)
    await scene.bot.settled()
    after = await scene.theirs()
    for name in before:
        if name in ("openings", "unfolded", "digests", "deliveries", "considered"):
            # Reading is open to all, and leaves traces; what was there stays.
            assert [row for row in before[name] if row not in after[name]] == [], name
        else:
            assert after[name] == before[name], name


def test_a_version_that_no_database_holds_is_none() -> None:
    """It stays part of the id, which nobody knows then."""
    assert versioned("2602.14080v12") == ("2602.14080", 12)
    assert versioned(f"2602.14080v{'9' * 12}") == (f"2602.14080v{'9' * 12}", None)


def keys(*said: str) -> dict[str, Any]:
    """A keyboard."""
    return {"reply_markup": {"inline_keyboard": [[{"text": "1", "callback_data": one}] for one in said]}}


def blocks(*said: str) -> dict[str, Any]:
    """Buttons inside of a rich message."""
    return {"rich_message": {"blocks": [{"type": "buttons", "buttons": [{"callback_data": one} for one in said]}]}}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (keys("1u|2602.1v1"), True),
        (keys("1u|2602.1v1", "1n|5"), False),
        (blocks("1u|2602.1v1"), True),
        (blocks("1u|2602.1v1", "1n|5"), False),
        (keys("1n|6"), False),
        (keys("1q|1", "another bot's"), True),
        (keys("1n|6", "1q|1"), False),
        (keys("another bot's"), False),
        ({"rich_message": {}}, False),
        ({}, False),
    ],
)
def test_what_no_button_says_is_forged(more: dict[str, Any], expected: bool) -> None:
    """On a table whatever it is, elsewhere what is of another kind than all buttons; where none of ours is shown to us
    the press has the benefit of the doubt."""
    told = {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}, **more}
    message = telegram.Message.de_json(told, None)
    assert message is not None
    assert forged(message, "1n|5") is expected
