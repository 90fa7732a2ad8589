"""How a message looks in a terminal: its entities as styles, its quotations with a bar, its buttons with numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.playground.entities import Entity

_STYLES = {
    "bold": Style(bold=True),
    "italic": Style(italic=True),
    "underline": Style(underline=True),
    "strikethrough": Style(strike=True),
    "spoiler": Style(dim=True),
    "code": Style(color="cyan"),
    "pre": Style(color="cyan"),
    "bot_command": Style(color="blue"),
    "mention": Style(color="blue"),
    "hashtag": Style(color="blue"),
    "url": Style(color="blue", underline=True),
    "text_link": Style(color="blue", underline=True),
    "text_mention": Style(color="blue"),
}
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_CONTROLS = re.compile("[\x7f-\x9f]")  # the lower ones never get into a message
INDENT = 2
SHORT = 12  # an edited message of at most so many lines is shown whole


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message."""

    text: Text
    quoted: bool


def lines_of(text: str, entities: Sequence[Entity], *, links_shown: bool) -> list[Line]:
    """The lines of a message. With `links_shown` a link's address follows its text, else a terminal can click it.

    An address is shown once in a message; another place on the same page is shown by its fragment.
    """
    units = _code_points(text)
    marks = [(units[e.offset], units[e.end], e) for e in entities]
    cuts = sorted({0, len(text), *(start for start, _, _ in marks), *(end for _, end, _ in marks)})
    lines = [Line(Text(), quoted=False)]
    told = {""}
    for start, end in pairwise(cuts):
        around = [entity for first, last, entity in marks if first <= start < last]
        style = _style(around, links_shown=links_shown)
        quoted = any(entity.type in _QUOTES for entity in around)
        for number, piece in enumerate(_CONTROLS.sub("", text[start:end]).split("\n")):
            if number:
                lines.append(Line(Text(), quoted))
            lines[-1].text.append(piece, style)
            if piece and quoted != lines[-1].quoted:
                lines[-1] = Line(lines[-1].text, quoted)
        for _, last, entity in marks:
            if links_shown and last == end and entity.type == "text_link" and entity.argument not in text:
                shown = _address(entity.argument, told)
                lines[-1].text.append(f" <{shown}>" if shown else "", Style(dim=True))
    return lines


def _address(address: str, told: set[str]) -> str:
    """What to show of an address: all of it, its fragment where its page is `told`, "" where it is told itself."""
    page, _, fragment = address.partition("#")
    shown = "" if address in told else f"#{fragment}" if page in told and fragment else address
    told.update((address, page))
    return shown


def _code_points(text: str) -> list[int]:
    """For every UTF-16 code unit, and the end, the index of its character."""
    places: list[int] = []
    for place, character in enumerate(text):
        places.extend([place] * (1 + (character > "\uffff")))
    return [*places, len(text)]


def _style(entities: Iterable[Entity], *, links_shown: bool) -> Style:
    style = Style.null()
    for entity in entities:
        style += _STYLES.get(entity.type, Style.null())
        if entity.type == "text_link" and not links_shown:
            style += Style(link=entity.argument)
    return style


def draw(console: Console, lines: Sequence[Line]) -> None:
    """Prints lines indented and wrapped; quotations have a bar in front of every wrapped line."""
    for line in lines:
        bar = Text("│ ", Style(dim=True)) if line.quoted else Text()
        width = max(20, console.width - INDENT - len(bar))
        for piece in line.text.wrap(console, width) or [line.text]:
            piece.rstrip()
            console.print(Text(" " * INDENT) + bar + piece)


def changed_part(before: Sequence[Line], after: Sequence[Line]) -> list[Line]:
    """What is new in an edited message: all of a short one, else the part between what stayed the same."""
    if len(after) <= SHORT:
        return list(after)
    old, new = ([line.text.plain for line in lines] for lines in (before, after))
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    gap = Line(Text("⋮", Style(dim=True)), quoted=False)
    middle = list(after[same : len(after) - tail])
    return [*([gap] if same else []), *middle, *([gap] if tail else [])]
