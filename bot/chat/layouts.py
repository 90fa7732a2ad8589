"""A document as messages in the layout that its chat has chosen; a rich one carries its classic form with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.chat.blocks import Content, gains, rich_messages
from bot.chat.classic import Keyboard, LatexLine, Message, messages
from bot.chat.formula import sound
from bot.chat.pages import paged
from bot.chat.tree import Button, Document

RICH, CLASSIC = "rich", "classic"

Turn = Callable[[int], str]
"""What the button to a page says when it is pressed; pages count from 0."""


@dataclass(frozen=True, slots=True)
class Laid:
    """One rich message (`rich`) with the classic ones that show the same, or, where `rich` is None, one classic message."""

    classic: tuple[Message, ...]
    rich: Content | None = None

    @property
    def body(self) -> dict[str, object]:
        """As it stands in the ledger."""
        if self.rich is None:
            return classic_body(self.classic[0])
        return {"rich": self.rich, "classic": [classic_body(message) for message in self.classic]}


def lay_out(
    document: Document,
    layout: str,
    latex_line: LatexLine,
    *,
    always: bool = False,
    turn: Turn | None = None,
    page: int = 0,
) -> tuple[Laid, ...]:
    """The document as messages; in the rich layout as rich ones where it gains by that, or `always`. With `turn`, what is too long for one classic message is one that can be turned, and
    `page` of it is shown."""
    found = rich_messages(document, sound) if layout == RICH and (always or gains(document)) else ()
    if len(found) > 1:
        return tuple(Laid(messages(part, latex_line), content) for part, content in found)
    classic = paged(document, latex_line, turn, page) if turn is not None else messages(document, latex_line)
    if found:
        return (Laid(classic, found[0][1]),)
    return tuple(Laid((message,)) for message in classic)


def classic_body(message: Message) -> dict[str, object]:
    """A classic message as it stands in the ledger."""
    return {"text": message.html, "keyboard": rows(message.keyboard)}


def rows(keyboard: Keyboard) -> list[list[dict[str, str]]]:
    """Rows of buttons as plain values."""
    return [[_button(button) for button in row] for row in keyboard]


def _button(button: Button) -> dict[str, str]:
    said = {"data": button.data} if button.data else {"url": button.url}
    return {"text": button.label, **said, **({"style": button.style} if button.style else {})}
