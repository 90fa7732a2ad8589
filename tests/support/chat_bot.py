"""The whole chat room at work: real routes, use cases and database, polling a Telegram of its own on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import aiogram.methods
from aiogram.methods import TelegramMethod
from telegram import Update
from telegram.ext import ExtBot

from bot.chat.application import application
from bot.chat.classic import MOST_UNITS
from bot.chat.desk import Desk
from bot.chat.templating import Templates
from bot.chat.transport import Transport
from bot.chat.views import Views
from bot.config import Settings
from bot.digest import Digests
from bot.feedback import Feedback
from bot.learning import Learning
from bot.library import Library
from bot.model import Chat, Paper
from bot.outbox import Outbox
from bot.playground.control import Playground
from bot.playground.server import Call
from bot.playground.state import Chat as Place
from bot.pull.client import Client
from bot.pull.fulltext import FullTexts
from bot.pull.lookup import Lookup
from bot.rankings import Rankings
from bot.reading import Reading
from bot.replay import Replays
from bot.status import Status
from bot.subscription import Subscriptions
from bot.why import Explanations
from storage import chats, listings, papers
from storage.database import Database
from tests.support import builders as a
from tests.support.rich_checks import check_rich, no_extras
from tests.support.telegram_html import read

NOBODY = "http://127.0.0.1:9"
"""Where no arXiv answers."""

METHODS: Mapping[str, type[TelegramMethod[Any]]] = {
    method.__api_method__.lower(): method
    for method in vars(aiogram.methods).values()
    if isinstance(method, type) and issubclass(method, TelegramMethod) and method is not TelegramMethod
}


@dataclass(frozen=True)
class ChatBot:
    """What a test needs of a running bot."""

    desk: Desk
    db: Database
    playground: Playground
    bot: ExtBot[Any]
    at_work: Callable[[], bool]
    """Whether an update waits or is handled."""

    async def chat(self, place: Place, thread_id: int = 0) -> Chat:
        """The chat as it is stored."""
        async with self.db.read() as conn:
            found = await chats.find(conn, place.id, thread_id)
        assert found is not None
        return found

    async def save(self, *shown: Paper) -> None:
        """Papers that arXiv has no full text of, so that reading them asks nobody."""
        async with self.db.begin() as conn:
            await papers.save(conn, shown)

    async def announce(self, count: int = 3, **page: Any) -> None:
        """A listing that no chat has had yet."""
        made = a.page(new=[a.paper(n, has_html=False) for n in range(1, count + 1)], **page)
        async with self.db.begin() as conn:
            await listings.save_page(conn, made, a.NOW)

    def calls(self, method: str) -> list[Call]:
        """The requests of one method so far."""
        return [call for call in self.playground.calls if call.method.lower() == method.lower()]

    async def until(self, condition: Callable[[], Awaitable[bool]], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a test says how long
        """Wait until something holds that is not seen in a chat."""
        async with asyncio.timeout(timeout):
            while not await condition():  # noqa: ASYNC110 - the database tells nobody what happens in it
                await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Wait until nothing seems to go on, to see that something did not happen."""
        assert await self.playground.settle(quiet=0.3, timeout=20, busy=self.at_work)


@asynccontextmanager
async def chat_bot(
    db: Database,
    playground: Playground,
    clock: Callable[[], datetime],
    settings: Settings | None = None,
    *,
    arxiv: str = NOBODY,
) -> AsyncIterator[ChatBot]:
    """The bot, polling until the block ends; then every request it made is validated by aiogram's models."""
    settings = settings or Settings()
    async with Client("", arxiv_delay=0, api_delay=0, hf_delay=0, patience=0) as client:
        reading = Reading(db, Lookup(client, f"{arxiv}/api/query"), FullTexts(client, arxiv), clock)

        async def nothing(_: object) -> None:
            return

        rankings = Rankings(db, clock, settle=0.05)
        replays = Replays(db, clock)
        desk = Desk(
            subscriptions=Subscriptions(db, settings, clock, occurs=rankings.occurs),
            digests=Digests(db, clock, look=nothing, find_institutions=nothing, rankings=rankings),
            reading=reading,
            feedback=Feedback(db, clock, rankings.learn_soon),
            explanations=Explanations(db, rankings, clock),
            learning=Learning(db, rankings, clock),
            replays=replays,
            library=Library(db, rankings, clock),
            status=Status(db, clock),
            views=Views(Templates(lambda key, language: f"{key}/{language}", lambda code: f"Name of {code}")),
            latex_line=lambda latex: latex,
            clock=clock,
            plan=Outbox(db, clock).plan,
            admin_ids=settings.admin_ids,
        )
        bot: ExtBot[Any] = ExtBot(
            playground.token, base_url=f"{playground.url}/bot", request=Transport(), get_updates_request=Transport()
        )
        running = application(bot, desk)

        def at_work() -> bool:
            # The next poll confirms updates once they are in the queue.
            waiting = playground.state.updates.pending + running.update_queue.qsize()
            return waiting + running.update_processor.current_concurrent_updates > 0

        async with running:
            await running.start()
            assert running.updater is not None
            await running.updater.start_polling(timeout=5, allowed_updates=Update.ALL_TYPES)
            yield ChatBot(desk, db, playground, bot, at_work)
            await running.updater.stop()
            await running.stop()
            assert not desk.digests.precedence.waiting, "somebody who was answered still counts as waiting"
        await desk.close()
        await rankings.close()
        await replays.close()
        await reading.close()
    check(playground.calls)


def check(calls: Sequence[Call]) -> None:
    """Every request that the bot made, held against aiogram's models of the Bot API and against Telegram's limits."""
    assert calls
    for call in calls:
        fields = {name: _value(value) for name, value in call.arguments.values.items()}
        fields |= dict.fromkeys(call.arguments.files, "attach://file")
        no_extras(METHODS[call.method.lower()].model_validate(fields))
        if "rich_message" in fields:
            check_rich(cast("Mapping[str, Any]", fields["rich_message"]), draft=call.method.endswith("Draft"))
        if fields.get("parse_mode") == "HTML":
            assert 0 < read(str(fields["text"])).units <= MOST_UNITS
        for row in cast("dict[str, Any]", fields.get("reply_markup") or {}).get("inline_keyboard", ()):
            assert 1 <= len(row) <= 8
            assert all(1 <= len(one.get("callback_data", "x").encode()) <= 64 for one in row)


def _value(text: str) -> object:
    """An argument as it was before it became a form's text."""
    if text[:1] in "{[" or text in ("true", "false"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text
