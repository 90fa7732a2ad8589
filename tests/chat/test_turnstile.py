from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, TypeHandler

from bot.chat.line import make_bot
from bot.chat.turnstile import Turnstile
from tests.support.tiny_bot_api import TOKEN, TinyBotApi


class House:
    """An application behind a turnstile whose handlers take a while."""

    def __init__(self, application: Application[Any, Any, Any, Any, Any, Any]) -> None:
        self.application = application
        self.begun: list[tuple[int, int]] = []
        self.inside: Counter[int] = Counter()
        self.from_no_chat = 0
        self.most_inside = 0
        self.most_of_one = 0
        self.release = asyncio.Event()

    async def handle(self, update: Update, context: object) -> None:
        """One update is handled: it waits until everybody may go."""
        if update.message is None:
            self.from_no_chat += 1
            return
        chat = update.message.chat.id
        self.begun.append((chat, update.update_id))
        self.inside[chat] += 1
        self.most_inside = max(self.most_inside, self.inside.total())
        self.most_of_one = max(self.most_of_one, *self.inside.values())
        if chat == 1:
            await self.release.wait()
        await asyncio.sleep(0)
        self.inside[chat] -= 1

    def arrive(self, chat: int, number: int) -> None:
        """An update comes from a chat."""
        about = {"id": chat, "type": "private", "first_name": "A"}
        message = {"message_id": number, "date": 1, "chat": about, "text": "x"}
        update = Update.de_json({"update_id": number, "message": message}, self.application.bot)
        self.application.update_queue.put_nowait(update)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A running application."""
    async with TinyBotApi() as api:
        application = ApplicationBuilder().bot(make_bot(TOKEN, api.url)).concurrent_updates(Turnstile(6, 2)).build()
        async with application:
            one = House(application)
            application.add_handler(TypeHandler(Update, one.handle))
            await application.start()
            yield one
            one.release.set()
            await application.stop()


async def test_a_flooding_chat_does_not_take_the_others_places(house: House) -> None:
    """While one chat's 300 updates are stuck, everybody else's are handled at once."""
    for number in range(300):
        house.arrive(1, number)
    for number in range(300, 320):
        house.arrive(number, number)
    async with asyncio.timeout(5):
        while sum(chat != 1 for chat, _ in house.begun) < 20:  # noqa: ASYNC110 - the handlers set no event
            await asyncio.sleep(0.01)
    assert house.inside[1] == 2
    house.release.set()
    await house.application.update_queue.join()
    assert len(house.begun) == 320


async def test_each_chats_updates_begin_in_order_and_places_are_bounded(house: House) -> None:
    """Order is kept within a chat, and never are more inside than allowed, of one chat or in all."""
    house.release.set()
    for number in range(400):
        house.arrive(number % 9 + 1, number)
    await house.application.update_queue.join()
    for chat in range(1, 10):
        mine = [number for of, number in house.begun if of == chat]
        assert mine == sorted(mine)
    assert len(house.begun) == 400
    assert house.most_inside <= 6
    assert house.most_of_one <= 2


async def test_what_comes_from_no_chat_is_handled(house: House) -> None:
    """An update without a chat passes like any other, and what is no update does no harm."""
    update = Update(7)
    house.application.update_queue.put_nowait(update)
    house.application.update_queue.put_nowait("not an update")
    await house.application.update_queue.join()
    assert house.from_no_chat == 1
