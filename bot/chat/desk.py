"""What every handler works with: the use cases, the views, and how a document becomes messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakValueDictionary

from bot.alerts import News
from bot.chat.administrators import Administrators
from bot.chat.classic import Keyboard, Message, messages
from bot.chat.tree import Document
from bot.chat.views import Views
from bot.digest import Digests, DigestView, QuietView
from bot.feedback import Feedback
from bot.model import Chat
from bot.reading import Reading
from bot.status import Status
from bot.subscription import Subscriptions


@dataclass(frozen=True)
class Desk:
    """`latex_line` writes a formula as one Unicode line; `admin_ids` are who may see how the bot itself is doing."""

    subscriptions: Subscriptions
    digests: Digests
    reading: Reading
    feedback: Feedback
    status: Status
    views: Views
    latex_line: Callable[[str], str]
    clock: Callable[[], datetime]
    admin_ids: frozenset[int] = frozenset()
    administrators: Administrators = field(init=False)
    unfolding: set[tuple[int, int, str]] = field(default_factory=set)
    """The cards that are being unfolded at this moment: chat, message, paper."""
    turns: WeakValueDictionary[tuple[int, int], asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Whose turn it is in each chat, so that what is said there is heard in order."""

    def __post_init__(self) -> None:
        """Who administers a chat is remembered by the desk's own clock."""
        object.__setattr__(self, "administrators", Administrators(self.clock))

    def lay_out(self, document: Document) -> tuple[Message, ...]:
        """The document as messages."""
        return messages(document, self.latex_line)

    def digest_bodies(self, view: DigestView) -> list[Mapping[str, object]]:
        """A digest as bodies for the ledger of deliveries."""
        return [body(message) for message in self.lay_out(self.views.digest(view))]

    def quiet_bodies(self, view: QuietView) -> list[Mapping[str, object]]:
        """A line without a table as bodies for the ledger of deliveries."""
        return [body(message) for message in self.lay_out(self.views.quiet(view))]

    def alert_bodies(self, chat: Chat, found: News) -> list[Mapping[str, object]]:
        """What an administrator is told of the bot itself, as bodies for the ledger of deliveries."""
        document = self.views.templates.render("alert", chat.language, begun=found.begun, over=found.over)
        return [body(message) for message in self.lay_out(document)]

    def moved_note(self, chat: Chat) -> str:
        """What a chat is told when a closed topic's table comes to the main chat, as HTML."""
        return self.lay_out(self.views.templates.render("moved", chat.language))[0].html


def body(message: Message) -> dict[str, object]:
    """A message as it stands in the ledger."""
    return {"text": message.html, "keyboard": rows(message.keyboard)}


def rows(keyboard: Keyboard) -> list[list[dict[str, str]]]:
    """Rows of buttons as plain values."""
    return [[_button(button.label, button.data, button.url) for button in row] for row in keyboard]


def _button(label: str, data: str, url: str) -> dict[str, str]:
    return {"text": label, "data": data} if data else {"text": label, "url": url}
