from __future__ import annotations

import random
from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.playground.control import Playground
from bot.playground.state import Chat, User
from tests.support.bot_api import BotApi
from tests.support.movable_clock import MovableClock


@pytest.fixture
def clock() -> MovableClock:
    """A clock at eight in the morning of the sample day."""
    return MovableClock()


@pytest.fixture
async def playground(clock: MovableClock) -> AsyncIterator[Playground]:
    """A running playground without rate limits."""
    async with Playground(clock=clock, rng=random.Random(7)) as world:
        yield world


@pytest.fixture
async def api(playground: Playground) -> AsyncIterator[BotApi]:
    """The bot's side of it, spoken by hand."""
    async with aiohttp.ClientSession() as session:
        yield BotApi(session, playground.url, playground.token)


@pytest.fixture
def ada(playground: Playground) -> User:
    """A person."""
    return playground.add_user("Ada", "Reader", username="ada_reads")


@pytest.fixture
def chat(playground: Playground, ada: User) -> Chat:
    """Her private chat with the bot."""
    return playground.private(ada)
