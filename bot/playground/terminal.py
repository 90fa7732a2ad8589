"""The conversation in a terminal: the bot's messages printed, lines of input sent as a person's, buttons by number."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.style import Style
from rich.text import Text

from bot.playground.control import Impossible, Playground
from bot.playground.errors import ApiError
from bot.playground.sample_day import load
from bot.playground.state import Answer, Chat, Event, Happening, Json, Message, User
from bot.playground.terminal_text import INDENT, Line, changed_part, draw, lines_of

_CALM_SECONDS = 0.2  # so long nothing may happen before changes are printed, so that quick edits show once
_LONGEST_DELAY = 1.0
_PIPE_WIDTH = 100
_PROMISE_SECONDS = 6.0  # so long a script waits for what follows a press that was answered with words
_DIM = Style(dim=True)


@cache
def _words() -> Json:
    words: Json = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
    return words


@dataclass(slots=True)
class _Shown:
    """A message as it was last printed."""

    lines: list[Line]
    rows: list[str]


@dataclass(slots=True)
class Screen:
    """Prints what happens in one chat, and knows which number is which button."""

    console: Console
    playground: Playground
    chat: Chat
    _shown: dict[int, _Shown] = field(default_factory=dict)
    _changed: dict[int, Message] = field(default_factory=dict)
    _answers: list[Answer] = field(default_factory=list)
    _numbers: dict[tuple[int, str], int] = field(default_factory=dict)
    _promised_at: float = float("-inf")  # loop time of an answer to a press that nothing has followed yet
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def awaits(self) -> bool:
        """Whether a press was just answered with words ("Reading…") and nothing has come of it yet."""
        return asyncio.get_running_loop().time() - self._promised_at < _PROMISE_SECONDS

    def hear(self, event: Event) -> None:
        """Remembers what is to be printed."""
        if event.chat is not self.chat:
            return
        message = event.message
        answer = event.press.answer if event.press is not None else None
        if answer is not None and answer.text:
            self._answers.append(answer)
            self._promised_at = asyncio.get_running_loop().time()
            self.stirred.set()
        if event.press is None and message is not None and message.sender in (self.playground.bot, None):
            self._changed[message.id] = message
            self._promised_at = float("-inf")
            self.stirred.set()

    def flush(self) -> None:
        """Prints what has changed since the last time."""
        changed, answers = list(self._changed.values()), list(self._answers)
        self._changed.clear()
        self._answers.clear()
        self.stirred.clear()
        for answer in answers:
            self.console.print(Text(f"{'❗' if answer.alert else '💬'} {answer.text}", Style(italic=True)))
        for message in changed:
            self._show(message)

    def button(self, number: int) -> tuple[Message, str] | None:
        """The message and data of a numbered button, None if there is none (any more)."""
        found = next((key for key, held in self._numbers.items() if held == number), None)
        message = self.playground.state.message(self.chat, found[0]) if found else None
        if found is None or message is None:
            return None
        return (message, found[1]) if any(b.get("callback_data") == found[1] for b in message.buttons) else None

    def numbered(self, number: int) -> bool:
        """Whether a button ever had this number."""
        return number in self._numbers.values()

    def labelled(self, label: str) -> tuple[Message, str] | None:
        """The newest button with `label` on it."""
        for message in reversed(self.playground.messages(self.chat, by_bot=True)):
            for button in message.buttons:
                if label in button["text"] and "callback_data" in button:
                    return message, str(button["callback_data"])
        return None

    # ---------------------------------------------------------------- one message

    def _show(self, message: Message) -> None:
        before = self._shown.get(message.id)
        if message.deleted:
            if self._shown.pop(message.id, None) is not None:
                text = _words()["deleted"].format(text=" ".join(message.plain.split())[:60])
                self.console.print(Text(text, _DIM))
            return
        links_shown = not self.console.is_terminal
        now = _Shown(lines_of(message.plain, message.entities, links_shown=links_shown), self._rows(message))
        self._shown[message.id] = now
        if before is None:
            self._print(message, now.lines, now.rows, "")
            return
        same_text = [line.text.markup for line in before.lines] == [line.text.markup for line in now.lines]
        rows = [row for row in now.rows if row not in before.rows]
        if not same_text:
            self._print(message, changed_part(before.lines, now.lines), now.rows, _words()["edited"])
        elif rows or len(now.rows) != len(before.rows):
            self._print(message, [], rows, _words()["buttons"])

    def _print(self, message: Message, lines: list[Line], rows: list[str], note: str) -> None:
        head = Text(self.playground.bot.first_name, Style(bold=True, color="green"))
        head.append(f" {message.date:%H:%M}{' · ' if note else ''}{note}", _DIM)
        self.console.print(head)
        if message.attachment is not None:
            file = _words()["file"].format(name=message.attachment.name, size=len(message.attachment.content))
            self.console.print(Text(f"{' ' * INDENT}{file}", _DIM))
        if lines and (len(lines) > 1 or lines[0].text):
            draw(self.console, lines)
        draw(self.console, [Line(Text(row, Style(color="magenta")), quoted=False) for row in rows])

    def _rows(self, message: Message) -> list[str]:
        rows = message.markup.rows if message.buttons and message.markup else ()
        return ["   ".join(self._button(message, button) for button in row) for row in rows]

    def _button(self, message: Message, button: Json) -> str:
        if "callback_data" in button:
            key = (message.id, str(button["callback_data"]))
            number = self._numbers.setdefault(key, len(self._numbers) + 1)
            return f"[{number}] {button['text']}"
        return f"{button['text']} <{button['url']}>" if "url" in button else str(button["text"])


class Terminal:
    """A person at a terminal, or a script of lines.

    At a terminal, messages appear as they come. Otherwise the input is a script: each line is echoed, and the next one
    waits until the bot has been quiet for `quiet` seconds and `busy` says no, `patience` seconds at most. The output has
    colour only at a terminal.
    """

    def __init__(
        self,
        source: TextIO | None = None,
        out: TextIO | None = None,
        *,
        quiet: float = 1.0,
        patience: float = 60.0,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        # Python has None for a stream that was closed before it began.
        self._source, out = source or sys.stdin or io.StringIO(), out or sys.stdout or io.StringIO()
        self._quiet, self._patience, self._busy = quiet, patience, busy
        width = None if out.isatty() else _PIPE_WIDTH
        self._console = Console(
            file=out, force_terminal=out.isatty(), width=width, markup=False, highlight=False, emoji=False
        )

    @property
    def attended(self) -> bool:
        """Whether a person sits there."""
        return self._source.isatty()

    def opening(self, *, live: bool) -> None:
        """Says which papers are shown: today's of the real arXiv, or the sample day's."""
        invented = len({listed.paper.id for listed in load().papers if listed.invented})
        self._note(_words()["live" if live else "sample"].format(invented=invented))

    def note(self, name: str, **values: object) -> None:
        """Says something about the demo itself, by its name in words.json."""
        self._console.print(Text(_words()[name].format(**values)), soft_wrap=True)

    async def talk(
        self,
        playground: Playground,
        *,
        ready: Callable[[], Awaitable[object]] | None = None,
        language: str = "en",
        person: User | None = None,
    ) -> None:
        """A whole visit: once the bot listens, `person` (by default a new one) subscribes it, waits until it is `ready`
        (has read arXiv), asks for the digest, and goes on with what comes in, until the input ends or says "q"."""
        user = person or playground.add_user(str(_words()["person"]), language=language)
        chat = playground.private(user)
        screen = Screen(self._console, playground, chat)
        async with playground.listen(screen.hear):
            await _until(lambda: playground.state.updates.asked_at is not None)
            for line in _words()["opening"]:
                await self._play(screen, user, line)
            if ready is not None:
                self._note(_words()["reading"])
                await ready()
            await self._play(screen, user, _words()["digest"])
            await self._go_on(screen, user)

    async def converse(self, playground: Playground, chat: Chat, user: User) -> None:
        """The conversation alone, in a chat that is there already."""
        screen = Screen(self._console, playground, chat)
        async with playground.listen(screen.hear):
            for message in playground.messages(chat, by_bot=True):
                screen.hear(Event(Happening.SENT, chat, message))
            await self._go_on(screen, user)

    async def _go_on(self, screen: Screen, user: User) -> None:
        self._note(_words()["hello"])
        if self.attended:
            await _live(screen, user, self._source)
            return
        await self._settle(screen)
        async for line in _lines(self._source):
            if line.strip() == "q":
                break
            await self._play(screen, user, line)

    async def _play(self, screen: Screen, user: User, line: str) -> None:
        """Echoes a line, does it and waits for what comes of it."""
        if line.strip():
            screen.console.print(Text(f"> {line.strip()}"))
            await _say(screen, user, line)
            await self._settle(screen)

    async def _settle(self, screen: Screen) -> None:
        if not await screen.playground.settle(self._quiet, self._patience, lambda: screen.awaits() or self._busy()):
            self._note(_words()["busy"].format(seconds=round(self._patience)))
        screen.flush()

    def _note(self, text: str) -> None:
        self._console.print(Text(text, _DIM))


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the bot's first poll has no event
        await asyncio.sleep(0.02)


async def _live(screen: Screen, user: User, source: TextIO) -> None:
    printing = asyncio.create_task(_keep_printing(screen))
    try:
        async for line in _lines(source):
            if line.strip() == "q":
                break
            await _say(screen, user, line)
    finally:
        printing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await printing


async def _say(screen: Screen, user: User, line: str) -> None:
    """Does what a line of input says."""
    text = line.strip()
    try:
        if text.startswith("#") or (text.isdecimal() and screen.numbered(int(text))):
            found = screen.labelled(text[1:].strip()) if text.startswith("#") else screen.button(int(text))
            if found is None:
                screen.console.print(Text(_words()["gone"], _DIM))
            else:
                await screen.playground.press(screen.chat, user, found[0].id, found[1])
        elif text:
            await screen.playground.user_sends(screen.chat, user, text.removeprefix("\\"))
    except (Impossible, ApiError) as error:
        screen.console.print(Text(_words()["impossible"].format(why=error), _DIM))


async def _keep_printing(screen: Screen) -> None:
    """Prints changes once they have calmed down, and an arrow that invites to write."""
    loop = asyncio.get_running_loop()
    while True:
        screen.console.print("> ", end="")
        screen.console.file.flush()
        await screen.stirred.wait()
        end = loop.time() + _LONGEST_DELAY
        while screen.stirred.is_set() and loop.time() < end:
            screen.stirred.clear()
            await asyncio.sleep(_CALM_SECONDS)
        screen.console.file.write("\n")
        screen.flush()


async def _lines(source: TextIO) -> AsyncIterator[str]:
    """The lines of a file as they come; a thread reads, since terminals and pipes cannot be awaited alike."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def hand_over(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(queue.put_nowait, line)

    def read() -> None:
        try:
            for line in source:
                hand_over(line)
        except (OSError, ValueError):  # closed under the thread
            pass
        hand_over(None)

    threading.Thread(target=read, name="terminal input", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line
