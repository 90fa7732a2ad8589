"""The report's web page in a real browser: on a phone and a desk, in light and dark, on paper, without a network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from bot.chat.templating import Templates
from bot.chat.views import Views
from bot.model import Profile
from bot.report import Report
from tests.support import builders as a
from tests.support.chat_page import PHONE, WIDE, needs_chromium
from tests.support.views import ABSTRACT_CARD, EMPTY_CARD, LISTINGS, LOCAL_CARD, MODEL_CARD, READ_ROWS

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]

views = Views(Templates(lambda key, _: key, lambda code: code))
CARDS = (LOCAL_CARD, MODEL_CARD, ABSTRACT_CARD, EMPTY_CARD)


@pytest.fixture(scope="module", params=["en", "zh"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report as it is sent, in a language."""
    made = Report(a.DAY, {one.category: one for one in LISTINGS}, 412, READ_ROWS, Profile(categories=("cs.LG",)), CARDS)
    path = tmp_path_factory.mktemp("report") / f"report-{request.param}.html"
    path.write_text(views.page(views.report(made, request.param), request.param), encoding="utf-8")
    return path


@asynccontextmanager
async def opened(
    browser: Browser, file: Path, size: dict[str, int], scheme: str
) -> AsyncIterator[tuple[Page, list[str]]]:
    """The page, and what it asked for or complained of."""
    heard: list[str] = []
    context = await browser.new_context(viewport=size, color_scheme=scheme)  # type: ignore[arg-type] # plain values
    page = await context.new_page()
    page.on("request", lambda request: heard.append(request.url) if request.url != file.as_uri() else None)
    page.on("console", lambda message: heard.append(message.text))
    await page.goto(file.as_uri())
    try:
        yield page, heard
    finally:
        await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, WIDE])
async def test_a_report_fits_its_window_and_asks_for_nothing(
    browser: Browser, file: Path, size: dict[str, int], scheme: str
) -> None:
    """No request, no complaint, nothing wider than the window, ink that is read on its paper, formulas that are drawn."""
    async with opened(browser, file, size, scheme) as (page, heard):
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        ink, paper = await page.evaluate(
            "['color', 'backgroundColor'].map(name => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number))"
        )
        assert (sum(ink) < sum(paper)) is (scheme == "light")
        assert abs(sum(ink) - sum(paper)) > 400
        boxes = await page.evaluate("[...document.querySelectorAll('math')].map(m => m.getBoundingClientRect().height)")
        assert len(boxes) > 3
        assert min(boxes) > 5
        await page.click("nav li:nth-child(2) a")
        assert await page.evaluate("Math.abs(document.querySelector('#part-2').getBoundingClientRect().top) < 4")
        assert heard == []


async def test_a_report_prints_on_paper(browser: Browser, file: Path, tmp_path: Path) -> None:
    """On A4 nothing is cut at the side, and black is printed on white also where the screen is dark."""
    async with opened(browser, file, WIDE, "dark") as (page, _):
        await page.emulate_media(media="print")
        await page.set_viewport_size({"width": 673, "height": 1000})  # A4 without its margins, at 96 dots an inch
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        cut = "[...document.querySelectorAll('.wide')].filter(box => box.scrollWidth > box.clientWidth + 1).length"
        assert await page.evaluate(cut) == 0
        printed = await page.pdf(path=tmp_path / "report.pdf", prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert b"/MediaBox [0 0 59" in printed.replace(b"[ ", b"[") or b"/MediaBox[0 0 59" in printed
