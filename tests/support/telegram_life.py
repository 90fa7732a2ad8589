"""The whole bot, as a user runs it, against a Telegram and an arXiv of our own on loopback, on a clock tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot import app
from bot.config import Settings
from bot.playground.control import Playground
from bot.playground.sample_sources import SampleSources
from bot.playground.state import Chat, Message, Press, User

QUICK = app.Paces(listings=0.2, hours=0.1, mail=0.1, ahead=600.0, heat=600.0)


@dataclass
class Life:
    """A running bot and the people around it."""

    playground: Playground
    settings: Settings
    now: datetime
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)
    _bot: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the bot, or start it anew after `stop`."""
        self._stop = asyncio.Event()
        self._bot = asyncio.create_task(
            app.run(self.settings, self._stop, lambda: self.now, paces=QUICK, heard=self.heard)
        )
        asked = self.playground.state.updates.asked_at
        while self.playground.state.updates.asked_at == asked:
            if self._bot.done():
                self._bot.result()
            await asyncio.sleep(0.02)

    async def stop(self) -> None:
        """Stop the bot as SIGTERM does."""
        self._stop.set()
        if self._bot is not None:
            await self._bot
            self._bot = None

    async def say(self, chat: Chat, user: User, text: str, **more: Any) -> list[Message]:
        """Somebody writes; what the bot says to it, in a private chat at Telegram's pace of one message a second."""
        before = max((message.id for message in self.playground.messages(chat)), default=0)
        await self.playground.user_sends(chat, user, text, **more)
        await self.playground.wait_for_message(chat, after=before)
        await self.playground.settle(quiet=1.3)
        return [m for m in self.playground.messages(chat, by_bot=True) if m.id > before]

    async def press(self, chat: Chat, user: User, message: Message, button: str) -> Press:
        """Somebody presses a button, and waits until everything that comes of it is there."""
        press = await self.playground.press(chat, user, message if message.ephemeral_id else message.id, button)
        await self.playground.wait_for_answer(press)
        await self.playground.settle()
        return press

    async def unfold(self, chat: Chat, user: User, table: Message, label: str) -> Message:
        """Somebody presses a row's button; the card that comes of it, when it has come whole."""
        before = max(message.id for message in self.playground.messages(chat))
        await self.press(chat, user, table, label)
        await self.playground.wait_for(lambda: bool(self._with_verdicts(chat, before)))
        return self._with_verdicts(chat, before)[0]

    async def unfold_alone(self, chat: Chat, user: User, table: Message, label: str) -> Message:
        """A member of a group presses a row's button; the card that they alone see."""
        await self.press(chat, user, table, label)
        await self.playground.wait_for(lambda: any(map(buttons, self.playground.ephemerals(chat, user))))
        return self.playground.ephemerals(chat, user)[-1]

    async def fold(self, chat: Chat, user: User, table: Message, label: str, card: Message) -> None:
        """Somebody presses the row's button again; the card goes away."""
        await self.press(chat, user, table, label)
        await self.playground.wait_for(lambda: card.deleted is not None)

    async def shows(self, message: Message, labels: Callable[[list[str]], bool]) -> None:
        """Wait until the buttons under a message are as they should be; edits keep Telegram's pace."""
        await self.playground.wait_for(lambda: labels(buttons(message)), timeout=30.0)

    def _with_verdicts(self, chat: Chat, after: int) -> list[Message]:
        shown = self.playground.messages(chat, by_bot=True)
        return [m for m in shown if m.id > after and any("👎" in label for label in buttons(m))]

    async def table(self, chat: Chat, moment: datetime, text: str = "2026") -> Message:
        """Let the clock show a later moment; the message with `text` that comes of it."""
        before = max((message.id for message in self.playground.messages(chat)), default=0)
        self.now = moment
        found = await self.playground.wait_for_message(chat, text, after=before, timeout=20.0)
        await self.playground.settle()
        return found

    async def nothing(self, moment: datetime) -> None:
        """Let the clock show a later moment, and the jobs find nothing to send."""
        self.now = moment
        await asyncio.sleep(2.0)
        await self.playground.settle(quiet=0.5)


@asynccontextmanager
async def living(database_url: str, day: date = date(2026, 2, 19), **settings: Any) -> AsyncIterator[Life]:
    """A bot that runs on the morning of the sample day, ten minutes before eight."""
    async with Playground() as playground, SampleSources(today=lambda: day) as sources:
        life = Life(
            playground,
            replace(
                Settings(
                    telegram_bot_token=playground.token,
                    telegram_api_url=playground.url,
                    database_url=database_url,
                    arxiv_url=sources.url,
                    arxiv_api_url=sources.api_url,
                    arxiv_delay=0.0,
                    arxiv_api_delay=0.0,
                    hf_url=sources.url,
                ),
                **settings,
            ),
            datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=7, minutes=50),
        )
        await life.start()
        try:
            yield life
        finally:
            await life.stop()


def buttons(message: Message) -> list[str]:
    """The labels under a message, in order."""
    return [str(button["text"]) for button in message.buttons]
