"""What people do with the bot in a private chat, a group and a channel: the whole program over HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.playground.state import Message, Role
from bot.reading import UNFOLDED_WITHIN
from storage import chats, deliveries, digests
from tests.support.databases import Engine, opened
from tests.support.telegram_life import Life, buttons, living

EIGHT = datetime(2026, 2, 19, 8, 0, tzinfo=UTC)
TITLE = "Empty Shelves or Lost Keys"


@pytest.fixture
async def life(database_url: str) -> AsyncIterator[Life]:
    """A running bot on the morning of the sample day."""
    async with living(database_url) as running:
        yield running


def rows(message: Message) -> list[str]:
    """The buttons of a table's rows."""
    return [label for label in buttons(message) if label.isdigit()]


async def test_a_private_chat_from_start_to_forget(life: Life) -> None:
    """Set-up, the digest at the hour, every button, verdicts, a restart, look-up, and leaving without a trace."""
    ada = life.playground.add_user("Ada", language="en")
    chat = life.playground.private(ada)
    assert "arXiv" in (await life.say(chat, ada, "/start"))[0].text
    await life.say(chat, ada, "/interests factuality of language models, GRPO")
    await life.say(chat, ada, "/time 08:00")
    assert not any(rows(message) for message in life.playground.messages(chat, by_bot=True))

    table = await life.table(chat, EIGHT)
    assert "19 February 2026" in table.text
    assert re.search(r"5 of \d+ announced", table.text)
    assert len(rows(table)) == 5
    assert TITLE in table.text
    assert "factuality" in table.text

    cards = [await life.unfold(chat, ada, table, label) for label in rows(table)]
    for label, card in zip(rows(table), cards, strict=True):
        await life.fold(chat, ada, table, label, card)
    assert life.playground.last(chat).id == table.id

    card = await life.unfold(chat, ada, table, "1")
    voted = await life.press(chat, ada, card, "👍")
    assert voted.answer is not None
    assert voted.answer.text
    await life.shows(card, lambda labels: "👍" not in labels and any("👍" in label for label in labels))
    await life.press(chat, ada, card, "👍")
    await life.shows(card, lambda labels: "👍" in labels)
    await life.press(chat, ada, card, "🔖")
    assert card.text.splitlines()[0] in (await life.say(chat, ada, "/saved"))[0].text

    await life.stop()
    await life.start()
    assert (await life.unfold(chat, ada, table, "2")).id > card.id

    again = await life.say(chat, ada, "/digest 2026-02-19")
    assert "19 February 2026" in again[0].text
    assert "2026-02-01" in (await life.say(chat, ada, "/digest 2026-02-01"))[0].text
    found = await life.say(chat, ada, "/paper 2602.14080v1 https://huggingface.co/papers/2602.15922 nonsense")
    assert any(TITLE in message.text for message in found)
    assert any("World Action Models" in message.text for message in found)
    assert any("nonsense" in message.text for message in found)

    (asked,) = await life.say(chat, ada, "/forget")
    await life.press(chat, ada, asked, "Delete everything")
    assert "GRPO" not in (await life.say(chat, ada, "/profile"))[0].text


async def test_the_digest_comes_once(life: Life) -> None:
    """Restarts at the hour and after it do not post it again."""
    ada = life.playground.add_user("Ada")
    chat = life.playground.private(ada)
    await life.say(chat, ada, "/subscribe")
    await life.table(chat, EIGHT)
    for _ in range(2):
        await life.stop()
        await life.start()
        await life.playground.settle(quiet=0.5)
    tables = [m for m in life.playground.messages(chat, by_bot=True) if "19 February 2026" in m.text]
    assert len(tables) == 1


async def test_a_card_that_a_killed_program_had_begun_can_be_unfolded(life: Life, run_engine: Engine) -> None:
    """The only program knows at its start that nobody is at it any more; where there may be others, they are waited for."""
    ada = life.playground.add_user("Ada")
    chat = life.playground.private(ada)
    await life.say(chat, ada, "/subscribe")
    table = await life.table(chat, EIGHT)
    await life.stop()
    async with opened(life.settings.database_url) as db, db.begin() as conn:
        known = await chats.find(conn, chat.id, 0)
        assert known is not None
        shown = await digests.latest(conn, known.id)
        assert shown is not None
        begun = (known.id, table.id, shown.rows[0].paper_id, EIGHT, UNFOLDED_WITHIN)
        assert await deliveries.begin_unfolding(conn, *begun)
    await life.start()
    if run_engine == "postgresql":
        life.now += UNFOLDED_WITHIN
    await life.unfold(chat, ada, table, "1")


async def test_a_group_votes_and_only_administrators_change_it(life: Life) -> None:
    """Each member unfolds a card for themselves, the table stays where it is, and each has one vote; settings are for
    administrators."""
    ada, bo, cy = (life.playground.add_user(name) for name in ("Ada", "Bo", "Cy"))
    group = life.playground.add_group("Lab", ada, [bo, cy])
    await life.playground.join(group, life.playground.bot, by=ada)
    await life.playground.settle()
    refused = await life.say(group, bo, "/size 3")
    assert "3" not in refused[0].text
    await life.say(group, ada, "/subscribe")
    await life.say(group, ada, "/size 3")
    table = await life.table(group, EIGHT)
    assert len(rows(table)) == 3
    cards = {who: await life.unfold_alone(group, who, table, "1") for who in (ada, bo, cy)}
    for voter in (ada, bo, cy, cy, bo):
        await life.press(group, voter, cards[voter], "👍")
    await life.shows(cards[ada], lambda labels: "👍 1" in labels)
    await life.press(group, bo, cards[bo], "👎")
    await life.shows(cards[bo], lambda labels: {"👍 1", "👎 1"} <= set(labels))
    assert life.playground.last(group) is table
    await life.press(group, cy, cards[cy], "Fold")
    await life.playground.wait_for(lambda: not life.playground.ephemerals(group, cy))
    await life.press(group, bo, table, "1")
    await life.playground.wait_for(lambda: not life.playground.ephemerals(group, bo))
    assert life.playground.ephemerals(group, ada) == [cards[ada]]


async def test_a_channel_is_posted_to_without_being_asked(life: Life) -> None:
    """Brought into a channel, the bot posts its table at the default hour."""
    ada = life.playground.add_user("Ada")
    channel = life.playground.add_channel("Papers", ada)
    await life.playground.join(channel, life.playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await life.playground.settle(quiet=1.5)
    assert "19 February 2026" in (await life.table(channel, EIGHT)).text


async def test_a_group_that_moves_keeps_everything(life: Life) -> None:
    """A group that becomes a supergroup gets its table in the new chat."""
    ada = life.playground.add_user("Ada")
    group = life.playground.add_group("Lab", ada, supergroup=False)
    await life.playground.join(group, life.playground.bot, by=ada)
    await life.say(group, ada, "/subscribe")
    new = await life.playground.migrate(group, ada)
    await life.playground.settle()
    assert "19 February 2026" in (await life.table(new, EIGHT)).text


async def test_who_blocks_the_bot_is_left_alone_and_can_come_back(life: Life) -> None:
    """No table while blocked; after unblocking the next one comes."""
    ada = life.playground.add_user("Ada")
    chat = life.playground.private(ada)
    await life.say(chat, ada, "/subscribe")
    await life.playground.block(ada)
    await life.playground.settle()
    await life.nothing(EIGHT)
    assert not any("19 February 2026" in m.text for m in life.playground.messages(chat, by_bot=True))
    await life.playground.unblock(ada)
    await life.playground.settle()
    assert "19 February 2026" in (await life.table(chat, datetime(2026, 2, 20, 8, 0, tzinfo=UTC))).text


async def test_chinese_from_the_client(life: Life) -> None:
    """A Chinese client is spoken to in Chinese, and Chinese interests find English papers."""
    li = life.playground.add_user("Li", language="zh-hans")
    chat = life.playground.private(li)
    assert "订阅" in (await life.say(chat, li, "/start"))[0].text
    await life.say(chat, li, "/interests 世界模型，机器人")
    table = await life.table(chat, EIGHT)
    assert "2026年2月19日" in table.text
    assert "世界模型" in table.text
    assert "World Action Models" in table.text


async def test_a_chat_that_allowed_chats_leaves_out_gets_no_table(life: Life) -> None:
    """Who had subscribed before gets nothing from the next start on."""
    ada, mei = life.playground.add_user("Ada", language="en"), life.playground.add_user("Mei", language="en")
    here, there = life.playground.private(ada), life.playground.private(mei)
    for chat, person in ((here, ada), (there, mei)):
        await life.say(chat, person, "/start")
    await life.stop()
    life.settings = replace(life.settings, allowed_chats=frozenset({ada.id}))
    await life.start()
    before = life.playground.last(there).id
    await life.table(here, EIGHT)
    assert life.playground.last(there).id == before
