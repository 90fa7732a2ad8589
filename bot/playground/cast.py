"""The people and places of the demo: a person with a private chat, a group of readers, a channel."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from pathlib import Path

from bot.playground.control import Playground
from bot.playground.state import Chat, Json, Role, User

SLOWEST = 600.0
"""After how many seconds a bot that has not asked for updates never will: a slow machine needs minutes to load it."""


@cache
def _words() -> Json:
    words: Json = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
    return words


@dataclass(slots=True)
class PushedClock:
    """A clock that runs as the system's does, `ahead` of it, and that people may push further ahead."""

    base: Callable[[], datetime]
    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        """What it shows, in UTC."""
        return self.base() + self.ahead

    def push(self, seconds: float) -> None:
        """Puts it forward."""
        self.ahead += timedelta(seconds=max(0.0, seconds))

    def push_to(self, hour: time) -> None:
        """Puts it forward to the next time it shows this hour (UTC)."""
        now = self()
        wanted = datetime.combine(now.date(), hour, UTC)
        self.push((wanted - now).total_seconds() % timedelta(days=1).total_seconds())


@dataclass(slots=True)
class Cast:
    """Who takes part. The first of `people` is the person who tries the bot; `clock` is None where time is real."""

    playground: Playground
    people: list[User]
    language: str = "en"
    clock: PushedClock | None = None
    places: list[Chat] = field(default_factory=list)

    @property
    def me(self) -> User:
        """The person who tries the bot."""
        return self.people[0]

    def by_id(self, user_id: int) -> User | None:
        """A person of the cast."""
        return next((person for person in self.people if person.id == user_id), None)

    async def begin(self, ready: Callable[[], Awaitable[object]]) -> None:
        """The first minute of a visit: once the bot listens, it is subscribed, and asked for the digest as soon as it is
        `ready` (has read arXiv)."""
        chat = self.playground.private(self.me)
        await self.playground.wait_for(lambda: self.playground.state.updates.asked_at is not None, timeout=SLOWEST)
        for line in _words()["opening"]:
            await self.playground.user_sends(chat, self.me, line)
            await self.playground.settle()
        await ready()
        await self.playground.user_sends(chat, self.me, str(_words()["digest"]))
        await self.playground.settle()

    async def gather(self) -> None:
        """The group and the channel come to be, and the bot is brought into both; once, when somebody comes to look."""
        if self.places:
            return
        names = _words()["places"].get(self.language, _words()["places"]["en"])
        bot = self.playground.bot
        group = self.playground.add_group(names["group"], self.me, self.people[1:])
        channel = self.playground.add_channel(names["channel"], self.me)
        channel.members |= {person.id: Role.MEMBER for person in self.people[1:]}
        self.places = [group, channel]
        await self.playground.join(group, bot)
        await self.playground.join(channel, bot, role=Role.ADMINISTRATOR)

    async def speak(self, language: str) -> None:
        """Everybody's client changes its language, and the bot is asked to speak it in every chat where it was heard."""
        self.language = language
        for person in self.people:
            person.language_code = language
        for chat in list(self.playground.state.chats.values()):
            if self.playground.messages(chat, by_bot=True) and chat.role(self.playground.bot).inside:
                await self.playground.user_sends(chat, chat.person or self.me, f"/language {language}")


def gathered(playground: Playground, language: str, clock: PushedClock | None = None) -> Cast:
    """The people; nobody has said anything yet."""
    names = [_words()["person"], *_words()["others"]]
    return Cast(playground, [playground.add_user(name, language=language) for name in names], language, clock)
