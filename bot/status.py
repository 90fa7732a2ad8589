"""How the bot is doing, for its administrators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.llm import LanguageModel
from bot.model import Delivery, Poll
from storage import cards, chats, deliveries, listings
from storage.database import Database
from storage.model_calls import Spent


@dataclass(frozen=True, slots=True)
class StatusView:
    """The last attempts at every listing, how many chats, readers and verdicts there are, what failed for good, and what
    the language model took today of how many tokens (UTC; None where none is configured)."""

    now: datetime
    polls: tuple[Poll, ...]
    counts: dict[str, int]
    failures: tuple[Delivery, ...]
    model: ModelUse | None = None


@dataclass(frozen=True, slots=True)
class ModelUse:
    """What a language model took today (UTC), and the day's budget in tokens."""

    name: str
    spent: Spent
    budget: int


@dataclass(frozen=True, slots=True)
class Measures:
    """What is cheap to know at any time: the last attempts at listings that subscribed chats read, messages that are not
    sent by state, seconds that the longest waiting chat has waited beyond its hour, chats that want digests, cards by
    analyst, and what the language model took today (None where none is configured)."""

    polls: tuple[Poll, ...]
    messages: dict[str, int]
    lag: float
    subscribed: int
    cards: dict[str, int]
    model: ModelUse | None = None


class Status:
    """The use case of looking at the bot itself."""

    def __init__(self, db: Database, clock: Callable[[], datetime], model: LanguageModel | None = None) -> None:
        self._db = db
        self._clock = clock
        self._model = model

    async def overview(self) -> StatusView:
        """Everything as it stands now."""
        use = await self._model_use()
        async with self._db.read() as conn:
            return StatusView(
                self._clock(),
                tuple(await listings.all_polls(conn)),
                await chats.counts(conn),
                tuple(await deliveries.failures(conn, 10)),
                use,
            )

    async def measures(self) -> Measures:
        """The numbers for those who watch over the bot."""
        now = self._clock()
        use = await self._model_use()
        async with self._db.read() as conn:
            waiting = (await chats.behind_since(conn), await deliveries.behind_since(conn))
            since = min((moment for moment in waiting if moment is not None), default=now)
            return Measures(
                tuple(await listings.polls_wanted(conn)),
                await deliveries.unsent(conn),
                max((now - since).total_seconds(), 0.0),
                await chats.subscribed(conn),
                await cards.by_analyst(conn),
                use,
            )

    async def _model_use(self) -> ModelUse | None:
        model = self._model
        return None if model is None else ModelUse(model.name, await model.spent_today(), model.budget)
