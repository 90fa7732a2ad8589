"""A long document as one classic message whose pages are turned by buttons, instead of many messages in a row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from bot.chat.classic import Keyboard, Message, keyboard, messages
from bot.chat.tree import Block, Button, Buttons, Details, Document, Heading, inline_text

LONGEST_NAME = 24
"""Characters of a section's name on its button; a longer name is told up to its colon, or in part."""

MOST_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class _Section:
    """What is read in one go: `name` is "" for what stands outside of every fold; its pages count from `first`."""

    name: str
    pages: tuple[Message, ...]
    first: int

    def holds(self, page: int) -> bool:
        return self.first <= page < self.first + len(self.pages)


def paged(
    document: Document, latex_line: Callable[[str], str], turn: Callable[[int], str], page: int = 0
) -> tuple[Message, ...]:
    """The document as it is if one message holds it. Otherwise page `page` of it: what is folded in the document is
    behind buttons, and what is long has several pages; `turn` says what the button to a page carries. A page that there
    is not (any more) is the first. () where there is nothing to show."""
    whole = messages(document, latex_line)
    if len(whole) <= 1:
        return whole
    own = keyboard(document)
    sections = _sections([block for block in document.blocks if not isinstance(block, Buttons)], latex_line)
    here = next((section for section in sections if section.holds(page)), sections[0])
    at = page if here.holds(page) else here.first
    shown = here.pages[at - here.first]
    return (Message(shown.html, (*shown.keyboard, *_pager(here, at, turn), *_folds(sections, here, turn), *own)),)


def _sections(blocks: Sequence[Block], latex_line: Callable[[str], str]) -> list[_Section]:
    folded = [block for block in blocks if isinstance(block, Details) and not block.open]
    seen = tuple(block for block in blocks if block not in folded)
    title = tuple(islice((block for block in blocks if isinstance(block, Heading)), 1))
    sections: list[_Section] = []
    for name, content in (
        ("", seen),
        *((inline_text(fold.summary), (*title, Heading(4, fold.summary), *fold.blocks)) for fold in folded),
    ):
        first = sections[-1].first + len(sections[-1].pages) if sections else 0
        pages = messages(Document(content), latex_line)
        if pages:
            sections.append(_Section(name, pages, first))
    return sections


def _pager(here: _Section, at: int, turn: Callable[[int], str]) -> Keyboard:
    count = len(here.pages)
    if count == 1:
        return ()
    row = [Button(f"{at - here.first + 1}/{count}", turn(at))]
    if at > here.first:
        row.insert(0, Button("‹", turn(at - 1)))
    if at < here.first + count - 1:
        row.append(Button("›", turn(at + 1)))
    return (tuple(row),)


def _folds(sections: Sequence[_Section], here: _Section, turn: Callable[[int], str]) -> Keyboard:
    """A button for every fold but the open one, and the way back out of it."""
    row = [
        Button(f"▸ {_short(section.name)}" if section.name else "←", turn(section.first))
        for section in sections
        if section is not here
    ]
    return tuple(tuple(row[start : start + MOST_IN_A_ROW]) for start in range(0, len(row), MOST_IN_A_ROW))


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    name = re.split("[:：]", name)[0]
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
