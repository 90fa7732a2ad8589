from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

from bot.playground.control import Playground
from bot.playground.state import Chat, User
from storage.database import Database
from tests.support.movable_clock import MovableClock

if TYPE_CHECKING:
    from tests.support.chat_bot import ChatBot


@pytest.fixture
def clock() -> MovableClock:
    """A clock at eight in the morning of the sample day."""
    return MovableClock()


@pytest.fixture
async def playground(clock: MovableClock) -> AsyncIterator[Playground]:
    """A Telegram of its own."""
    async with Playground(clock=clock, rng=random.Random(7)) as world:
        yield world


@pytest.fixture
def ada(playground: Playground) -> User:
    """A person who reads English."""
    return playground.add_user("Ada", "Reader", language="en")


@pytest.fixture
def mei(playground: Playground) -> User:
    """A person who reads Chinese."""
    return playground.add_user("Mei", language="zh-hans")


@pytest.fixture
def private(playground: Playground, ada: User) -> Chat:
    """Ada's private chat with the bot."""
    return playground.private(ada)


@pytest.fixture
async def bot(db: Database, playground: Playground, clock: MovableClock) -> AsyncIterator[ChatBot]:
    """The bot at work, with the settings everybody begins with."""
    from tests.support.chat_bot import chat_bot  # the whole program, which other tests of this room do not need

    async with chat_bot(db, playground, clock) as running:
        yield running


@pytest.fixture
async def group(bot: ChatBot, playground: Playground, ada: User, mei: User) -> Chat:
    """A group that Ada owns and Mei is in, with the bot."""
    made = playground.add_group("Readers", ada, [mei])
    await playground.join(made, playground.bot)
    await bot.settled()
    return made
