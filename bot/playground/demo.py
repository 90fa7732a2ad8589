"""A visit to the demo: the page is served, and the conversation is held there or in the terminal."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import threading
import webbrowser
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.errors import PaperboyError
from bot.playground.cast import Cast, PushedClock, gathered
from bot.playground.control import BOT_ID, Playground
from bot.playground.page import Page
from bot.playground.terminal import Terminal


@dataclass(frozen=True, slots=True)
class Demo:
    """A playground with people and a page, which is being served."""

    playground: Playground
    cast: Cast
    page: Page
    terminal: Terminal

    async def in_terminal(self, ready: Callable[[], Awaitable[object]]) -> None:
        """The conversation in the terminal, until its input ends; the page shows the same chat as long."""
        self.terminal.note("meanwhile", address=self.page.address)
        await self.terminal.talk(self.playground, ready=ready, person=self.cast.me)

    async def on_page(self, ready: Callable[[], Awaitable[object]], *, browser: bool) -> None:
        """The conversation on the page, and at the same time in the terminal if somebody sits there, until they leave it;
        otherwise until somebody ends the program."""
        self.terminal.note("page", address=self.page.address)
        self.terminal.note("leave" if self.terminal.attended else "stays")
        if browser and has_display(os.environ, sys.platform):
            # Nobody waits for a browser that takes its time, or never returns.
            threading.Thread(target=webbrowser.open, args=(self.page.address,), daemon=True).start()
        if self.terminal.attended:
            await self.terminal.talk(self.playground, ready=ready, person=self.cast.me)
            return
        await self.cast.begin(ready)
        await asyncio.Event().wait()


@asynccontextmanager
async def opened(clock: PushedClock, *, live: bool, language: str, port: int) -> AsyncIterator[Demo]:
    """A demo on 127.0.0.1:`port` (0 takes a free one), closed again afterwards; its clock can be put forward unless the
    papers are `live`.

    Raises:
        PaperboyError: the port is taken.
    """
    # The Bot API is served at the same address, where any website may knock: nobody must know this bot's token.
    playground = Playground(clock=clock, token=f"{BOT_ID}:{secrets.token_urlsafe(26)}")
    cast = gathered(playground, language, None if live else clock)
    page = Page(playground, cast)
    try:
        await playground.start(port)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PaperboyError(f"Nothing can be served on port {port} ({why}); choose another one with --port.") from None
    try:
        yield Demo(playground, cast, page, Terminal())
    finally:
        await playground.stop()


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Whether a browser could show a window: always but on a Unix without a display."""
    return platform in ("darwin", "win32") or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
