"""What the command line asks of the program: its requests, and the progress it shows meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TextIO

Progress = Callable[[str, int, int], None]
"""Told what is being done, how many steps of it are done, and how many there are: `progress("listings", 1, 3)`."""


def silent(what: str, done: int, total: int) -> None:
    """The progress nobody watches."""


class Format(StrEnum):
    """How a digest or a card is written out."""

    JSON = "json"
    MARKDOWN = "md"
    HTML = "html"
    TEXT = "text"


class Role(StrEnum):
    """What one program does where several share the work on a PostgreSQL database. Only one of those that fetch updates
    does so at any moment, one of the clocks puts jobs into the queue, and one of the workers sends broadcasts; the
    others stand by."""

    ALL = "all"
    UPDATES = "updates"
    WORKER = "worker"
    CLOCK = "clock"

    def has(self, part: Role) -> bool:
        """Whether a program of this role does that part."""
        return self in (part, Role.ALL)


@dataclass(frozen=True, slots=True)
class DigestRequest:
    """`paperboy digest`: `date` is None for the newest announced day; every other choice is made."""

    date: date | None
    categories: tuple[str, ...]
    interests: str
    top: int
    language: str
    cards: bool
    format: Format
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class CardRequest:
    """`paperboy card`: `paper` is what was typed, an id or an address."""

    paper: str
    language: str
    format: Format
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """`paperboy demo`: `page` says whether one talks on the chat page (True) or in the terminal (False), None leaves it to
    where the command was typed; `browser` whether the page is opened; `port` 0 takes a free one; `layout` is how its chats
    begin, None for rich on the page and DEFAULT_LAYOUT in the terminal."""

    page: bool | None = None
    browser: bool = True
    port: int = 0
    layout: str | None = None


@contextmanager
def bars(stream: TextIO) -> Iterator[Progress]:
    """Progress as bars on `stream` where that is a terminal, otherwise silence; the bars go away at the end."""
    if not stream.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Display

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Display(*columns, console=Console(file=stream), transient=True) as display:
        tasks = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = display.add_task(what, total=total)
            display.update(tasks[what], completed=done, total=total)

        yield show
