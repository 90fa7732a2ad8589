from __future__ import annotations

import random
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from playwright.async_api import Browser

from bot.playground.cast import PushedClock, gathered
from bot.playground.control import Playground
from bot.playground.page import Page
from tests.support.bot_api import BotApi
from tests.support.chat_page import Stage, launched
from tests.support.movable_clock import MovableClock

KEY = "a-key-of-this-run"


@pytest_asyncio.fixture(loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    """A playground on the sample day's clock; the private chat is open and begun."""
    playground = Playground(clock=(clock := PushedClock(MovableClock())), rng=random.Random(7))
    cast = gathered(playground, "en", clock)
    page = Page(playground, cast, KEY)
    await playground.start()
    try:
        async with aiohttp.ClientSession() as session:
            made = Stage(playground, cast, page, BotApi(session, playground.url, playground.token))
            await playground.user_sends(made.chat, cast.me, "/start")
            yield made
    finally:
        await playground.stop()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def browser() -> AsyncIterator[Browser]:
    """One browser for all tests of a file."""
    async with launched() as one:
        yield one
