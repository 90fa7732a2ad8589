"""Pictures of the chat page for looking at: `make shots`, or `python tests/page/shots.py FOLDER`.

Wide and on a phone, light and dark, English and Chinese: the first digest, an unfolded card with a `cases` formula, a
group's votes, and the classic layout.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Locator

from tests.support.chat_page import PHONE, WIDE, Tab, chromium, demonstrated, launched, opened

SIZES = {"1280": WIDE, "390": PHONE}
TABLE = {"en": "19 February 2026", "zh": "2026年2月19日"}
GROUP = {"en": "Reading group", "zh": "论文共读"}
PAPER = "2602.99038"


def table(tab: Tab, language: str) -> Locator:
    """The newest table of the open chat."""
    return tab.messages.filter(has_text=TABLE[language]).first


async def prepare(browser: Browser, address: str, language: str) -> None:
    """What the pictures show has happened: the digest, a card with its formula, three votes in the group."""
    async with opened(browser, address) as tab:
        await table(tab, language).wait_for(timeout=90_000)
        await tab.open_chat(GROUP[language])
        await tab.say(f"/paper {PAPER}")
        up = tab.messages.get_by_role("button").filter(has_text="👍")
        await up.last.wait_for(timeout=60_000)
        for person in range(4):
            await tab.page.locator("#who").select_option(index=person)
            press = up if person != 2 else tab.messages.get_by_role("button").filter(has_text="👎")
            await press.last.click()
            await tab.page.locator(".toast").first.wait_for()
            await tab.page.wait_for_timeout(1500)


async def settle(tab: Tab) -> None:
    """Fonts are there, nothing moves."""
    await tab.page.evaluate("document.fonts.ready")
    await tab.page.wait_for_timeout(400)


async def show(tab: Tab, place: Locator) -> None:
    """Scrolls so that a message's beginning is in sight."""
    await place.evaluate("element => element.scrollIntoView({ block: 'start' })")
    await tab.page.mouse.move(5, 5)


async def shoot(browser: Browser, address: str, language: str, folder: Path, *, classic: bool) -> None:
    """All pictures of one demo."""
    for theme in ("light", "dark"):
        for width, size in SIZES.items():
            options = {"size": size, "color_scheme": theme, "device_scale_factor": 1}
            async with opened(browser, address, **options) as tab:  # type: ignore[arg-type] # a context's options
                name = f"{language}-{width}-{theme}.png"
                await table(tab, language).wait_for(timeout=60_000)
                await show(tab, table(tab, language))
                await settle(tab)
                await tab.page.screenshot(path=folder / f"{'classic' if classic else 'digest'}-{name}")
                if classic:
                    continue
                back = tab.page.locator(".back")
                if await back.is_visible():
                    await back.click()
                await tab.open_chat(GROUP[language])
                card = tab.messages.filter(has=tab.page.locator(".formula mtable")).last
                await card.wait_for()
                await show(tab, card)
                await settle(tab)
                await tab.page.screenshot(path=folder / f"card-{name}")
                await card.get_by_role("button").filter(has_text="👍").scroll_into_view_if_needed()
                await settle(tab)
                await tab.page.screenshot(path=folder / f"votes-{name}")


async def take_all(folder: Path) -> None:
    """Every picture, into a folder that is there."""
    async with launched() as browser:
        for language in TABLE:
            for layout in ("rich", "classic"):
                with tempfile.TemporaryDirectory() as empty:
                    async with demonstrated(Path(empty), language, "--layout", layout) as address:
                        if layout == "rich":
                            await prepare(browser, address, language)
                        await shoot(browser, address, language, folder, classic=layout == "classic")


if __name__ == "__main__":
    if not chromium():
        sys.exit("needs Chromium: install the package chromium, or name one with CHROMIUM")
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "shots")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take_all(target))
    sys.stderr.write(f"{len(list(target.glob('*.png')))} pictures in {target}\n")
