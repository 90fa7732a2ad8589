"""The chat page in a real browser: Debian's Chromium, driven by Playwright, which may talk to the page alone."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, Route, async_playwright

from bot.playground.cast import Cast
from bot.playground.control import Playground
from bot.playground.page import Page as Served
from bot.playground.state import Chat
from tests.support.bot_api import BotApi

ROOT = Path(__file__).parent.parent.parent
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
WIDE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def chromium() -> str:
    """Where the browser is: at CHROMIUM, or on the path; "" where there is none."""
    return os.environ.get("CHROMIUM", "") or next(filter(None, map(shutil.which, NAMES)), "")


needs_chromium = pytest.mark.skipif(not chromium(), reason="needs Chromium")


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def demonstrated(folder: Path, language: str = "en", *words: str) -> AsyncIterator[str]:
    """`paperboy demo` as somebody types it, with more `words`, without internet; → the address it prints. Ctrl-C ends it,
    in order."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    environ = {"ARXIV_URL": nobody, "DEFAULT_LANGUAGE": language, "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)}
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--page", "--no-browser", *words),
        cwd=folder,
        env={**os.environ, **environ},
        stdout=asyncio.subprocess.PIPE,
    )
    assert program.stdout is not None
    try:
        said = ""
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/\?key=\S+", said)):
            line = await program.stdout.readline()
            assert line, f"the demo ended: {said}"
            said += line.decode()
        yield found[0]
    finally:
        program.send_signal(signal.SIGINT)
        await program.communicate()
    assert program.returncode == 0


@dataclass
class Stage:
    """A playground whose bot does only what a test says, with a page."""

    playground: Playground
    cast: Cast
    page: Served
    api: BotApi

    @property
    def address(self) -> str:
        """What to open."""
        return self.page.address

    @property
    def chat(self) -> Chat:
        """The private chat of the person at the page, in which /start was said."""
        return self.playground.private(self.cast.me)

    async def send(self, text: str, chat: Chat | None = None, **more: object) -> int:
        """The bot sends a text; → the message's id."""
        sent = await self.api.ok("sendMessage", chat_id=(chat or self.chat).id, text=text, **more)
        return int(sent["message_id"])

    async def send_rich(self, *blocks: object, chat: Chat | None = None, **more: object) -> int:
        """The bot sends a rich message; → its id."""
        rich = json.dumps({"blocks": list(blocks), "skip_entity_detection": True})
        sent = await self.api.ok("sendRichMessage", chat_id=(chat or self.chat).id, rich_message=rich, **more)
        return int(sent["message_id"])


@dataclass
class Tab:
    """The page as a person has it in front of them. `wrong` collects what must not be: errors in the console, and
    requests to anything but the page's own server."""

    page: Page
    origin: str
    wrong: list[str] = field(default_factory=list)

    def heard(self, message: ConsoleMessage) -> None:
        """What the page wrote to the console."""
        if message.type in ("error", "warning"):
            self.wrong.append(message.text)

    async def ask(self, route: Route) -> None:
        """A request on its way: to the page's own server, or it is stopped and told."""
        if route.request.url.startswith((f"{self.origin}/", "data:", "blob:")):
            await route.continue_()
        else:
            self.wrong.append(f"asked {route.request.url}")
            await route.abort()

    # ------------------------------------------------------------------ what a person does

    async def open_chat(self, name: str) -> None:
        """Chooses a chat in the list."""
        await self.page.locator("button[data-chat]").filter(has_text=name).click()
        await self.page.locator(".title h2").filter(has_text=name).wait_for()

    async def say(self, text: str) -> None:
        """Writes and sends."""
        await self.field.fill(text)
        await self.field.press("Enter")

    async def switch(self, label: str) -> None:
        """Chooses one of the demo's switches."""
        await self.page.locator(".switches").get_by_text(label, exact=True).click()

    async def become(self, name: str) -> None:
        """Sits down as somebody else."""
        await self.page.locator("#who").select_option(label=name)

    @property
    def field(self) -> Locator:
        """Where one writes."""
        return self.page.locator("textarea")

    @property
    def messages(self) -> Locator:
        """The messages of the open chat."""
        return self.page.locator("li.message")

    def button(self, label: str) -> Locator:
        """The newest button in a message with exactly this label."""
        return self.page.locator("li.message").get_by_role("button", name=label, exact=True).last

    async def overflow(self) -> float:
        """How many pixels the page is wider than the window."""
        return float(await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


@asynccontextmanager
async def opened(
    browser: Browser, address: str, *, size: dict[str, int] | None = None, allow: str = "", **options: Any
) -> AsyncIterator[Tab]:
    """A tab at the address; afterwards nothing may have gone wrong in it but errors with `allow` in them."""
    context = await browser.new_context(viewport=size or WIDE, **options)  # type: ignore[arg-type] # a TypedDict's keys
    context.set_default_timeout(30_000)
    page = await context.new_page()
    tab = Tab(page, "/".join(address.split("/", 3)[:3]))
    await context.route("**/*", tab.ask)
    page.on("console", tab.heard)
    page.on("pageerror", lambda error: tab.wrong.append(str(error)))
    try:
        await page.goto(address)
        await page.locator('#app[data-connection="open"]').wait_for()
        yield tab
    finally:
        await context.close()
    assert [each for each in tab.wrong if not allow or allow not in each] == []
