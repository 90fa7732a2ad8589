"""What every handler works with: the use cases, the views, and how a document becomes messages."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

from telegram.error import TelegramError

from bot.alerts import News
from bot.chat.administrators import Administrators
from bot.chat.drawings import Drawings
from bot.chat.layouts import CLASSIC, Laid, Turn, lay_out
from bot.chat.offers import Offers
from bot.chat.posting import Spot
from bot.chat.tree import Document
from bot.chat.views import Views
from bot.digest import Digests, DigestView, QuietView
from bot.errors import PaperboyError
from bot.feedback import Feedback
from bot.learning import Learning
from bot.library import Library
from bot.model import Chat
from bot.reading import Reading
from bot.replay import Replays
from bot.status import Status
from bot.subscription import Subscriptions
from bot.why import Explanations

log = logging.getLogger(__name__)

MOST_ALONE = 5000


@dataclass(frozen=True)
class Desk:
    """`latex_line` writes a formula as one Unicode line; `admin_ids` are who may see how the bot itself is doing."""

    subscriptions: Subscriptions
    digests: Digests
    reading: Reading
    feedback: Feedback
    explanations: Explanations
    learning: Learning
    replays: Replays
    library: Library
    status: Status
    views: Views
    latex_line: Callable[[str], str]
    clock: Callable[[], datetime]
    plan: Callable[[int, Sequence[Mapping[str, object]]], Awaitable[None]]
    """Hands messages for a chat to the ledger, for when Telegram does not take them now."""
    admin_ids: frozenset[int] = frozenset()
    offers: Offers = field(init=False)
    administrators: Administrators = field(init=False)
    unfolding: set[tuple[int, int, str, int]] = field(default_factory=set)
    """The cards that are being unfolded at this moment: chat, message, paper, and for whom (0: for everybody there)."""
    alone: OrderedDict[tuple[int, int, str, int], tuple[Spot, ...]] = field(default_factory=OrderedDict)
    """The cards that are open for one reader alone: chat, message, paper, reader."""
    reporting: set[int] = field(default_factory=set)
    """The chats whose report is being read at this moment."""
    drawings: Drawings = field(default_factory=Drawings)
    _background: set[asyncio.Task[None]] = field(default_factory=set)
    turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Whose turn it is in each chat, so that what is said there is heard in order."""

    def __post_init__(self) -> None:
        """What is remembered for a while is so by the desk's own clock."""
        object.__setattr__(self, "offers", Offers(self.clock))
        object.__setattr__(self, "administrators", Administrators(self.clock))

    def remember_alone(self, key: tuple[int, int, str, int], spots: tuple[Spot, ...]) -> None:
        """A card is open for one reader alone; the oldest of very many are forgotten."""
        self.alone[key] = spots
        self.alone.move_to_end(key)
        while len(self.alone) > MOST_ALONE:
            self.alone.popitem(last=False)

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something go on while nobody waits for it; what goes wrong in it is written down."""
        task = asyncio.create_task(_written_down(work))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def close(self) -> None:
        """End what still goes on."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def lay_out(
        self, document: Document, layout: str, *, always: bool = False, turn: Turn | None = None, page: int = 0
    ) -> tuple[Laid, ...]:
        """The document as messages, rich ones where that is the layout and they gain by it, or `always`; with `turn` as
        one whose pages are turned, where it is long and classic."""
        return lay_out(document, layout, self.latex_line, always=always, turn=turn, page=page)

    def digest_bodies(self, view: DigestView) -> list[Mapping[str, object]]:
        """A digest as bodies for the ledger of deliveries."""
        return [laid.body for laid in self.lay_out(self.views.digest(view), view.chat.layout)]

    def quiet_bodies(self, view: QuietView) -> list[Mapping[str, object]]:
        """A line without a table as bodies for the ledger of deliveries."""
        return [laid.body for laid in self.lay_out(self.views.quiet(view), view.chat.layout)]

    def alert_bodies(self, chat: Chat, found: News) -> list[Mapping[str, object]]:
        """What an administrator is told of the bot itself, as bodies for the ledger of deliveries."""
        document = self.views.templates.render("alert", chat.language, begun=found.begun, over=found.over)
        return [laid.body for laid in self.lay_out(document, chat.layout)]

    def moved_note(self, chat: Chat) -> str:
        """What a chat is told when a closed topic's table comes to the main chat, as HTML."""
        document = self.views.templates.render("moved", chat.language)
        return self.lay_out(document, CLASSIC)[0].classic[0].html


async def _written_down(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except (PaperboyError, TelegramError) as error:
        log.warning("something in the background came to nothing: %s", error)
    except Exception:
        log.exception("something in the background failed")
