"""One long conversation in both layouts, everywhere the bot can be: every request is one that Telegram takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.playground.control import Playground
from bot.playground.state import Chat, Message, Role, User
from tests.support.chat_bot import check
from tests.support.telegram_life import Life, buttons, living

EIGHT = datetime(2026, 2, 19, 8, 0, tzinfo=UTC)
COMMANDS = (
    "/help", "/profile", "/status", "/saved", "/interests", "/categories", "/time", "/timezone", "/language", "/size 7",
    "/size 99", "/quiet", "/follow Yann LeCun", "/mute survey", "/digest 2020-01-01", "/paper 9999.99999", "/paper nonsense",
    "/start", "/forget", "nothing in particular",
)  # fmt: skip


@pytest.mark.parametrize(("layout", "language"), [("rich", "en"), ("classic", "zh-hans")])
async def test_a_long_conversation_is_one_that_telegram_takes(database_url: str, layout: str, language: str) -> None:
    """Start, tables, cards, pages, votes, pictures, the switch of the layout, a group, a topic, a channel, and mistakes."""
    async with living(database_url, default_layout=layout) as life:
        world = life.playground
        ada, bo = world.add_user("Ada", language=language), world.add_user("Bo", language=language)
        private = world.private(ada)
        await life.say(private, ada, "/start")
        await life.say(private, ada, "/interests factuality of language models, GRPO; 世界模型")
        group, channel = await _places(world, ada, bo)
        await life.say(group, ada, "/subscribe")
        table = await life.table(private, EIGHT)
        assert (table.rich is not None) == (layout == "rich")
        await world.wait_for(lambda: all(_table_in(world, chat) is not None for chat in (group, channel)))
        for label in ("1", "2"):
            await _use(life, private, ada, await life.unfold(private, ada, table, label))
        in_group, in_channel = _table_in(world, group), _table_in(world, channel)
        assert in_group is not None
        assert in_channel is not None
        card = await life.unfold_alone(group, bo, in_group, "1")
        await life.press(group, bo, card, "👍")
        await world.wait_for(lambda: any("👍 1" in buttons(one) for one in world.ephemerals(group, bo)))
        assert world.last(group) is in_group
        await life.unfold(channel, ada, in_channel, "1")
        for text in COMMANDS[layout == "rich" :: 2]:
            await world.user_sends(private, ada, text)
        await world.settle(quiet=1.5)
        await life.say(private, ada, "/layout")
        sample = next(one for one in reversed(world.messages(private, by_bot=True)) if one.rich is not None)
        await life.press(private, ada, sample, "1y|rich")
        (again, *_) = await life.say(private, ada, "/digest 2026-02-19")
        assert again.rich is not None
        await life.say(private, ada, "/layout classic")
        (again, *_) = await life.say(private, ada, "/digest 2026-02-19")
        assert again.rich is None
        check(world.calls)


async def _places(world: Playground, ada: User, bo: User) -> tuple[Chat, Chat]:
    """A group and a channel with the bot in them."""
    group = world.add_group("Lab", ada, [bo])
    await world.join(group, world.bot, by=ada)
    channel = world.add_channel("Papers", ada)
    await world.join(channel, world.bot, by=ada, role=Role.ADMINISTRATOR)
    await world.settle()
    return group, channel


def _table_in(world: Playground, chat: Chat) -> Message | None:
    found = [one for one in world.messages(chat, by_bot=True) if "1" in buttons(one)]
    return found[-1] if found else None


async def _use(life: Life, chat: Chat, user: User, card: Message) -> None:
    """Every button of a card that leads on, then its own to fold it."""
    for label in [label for label in buttons(card) if label.startswith("▸")]:
        await life.press(chat, user, card, label)
    if any(label.startswith("∑") for label in buttons(card)):
        last = life.playground.last(chat)
        await life.press(chat, user, card, "∑")
        await life.playground.wait_for(lambda: life.playground.last(chat) is not last, timeout=30.0)
        assert life.playground.last(chat).attachment is not None
    await life.press(chat, user, card, "👍")
    await life.shows(card, lambda labels: "👍 ✓" in labels)
    fold = next(label for label in buttons(card) if label in ("Fold", "收起"))
    await life.press(chat, user, card, fold)
    await life.playground.wait_for(lambda: card.deleted is not None)
