"""What a person does with the demo: the whole program as somebody starts it, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.support.chat_page import PHONE, Tab, demonstrated, needs_chromium, opened

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]

DAY = "19 February 2026"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def address(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """A running demo without internet."""
    folder: Path = tmp_path_factory.mktemp("demo")
    async with demonstrated(folder) as printed:
        yield printed


def tables(tab: Tab, text: str = DAY) -> Locator:
    """The messages of the open chat that show a day's table."""
    return tab.messages.filter(has_text=text, has_not_text="Motivation")  # a card quotes the table it answers


def cards(tab: Tab) -> Locator:
    """The messages of the open chat that show a card."""
    return tab.messages.filter(has_text="Motivation")


async def see_the_table(tab: Tab, text: str = DAY) -> Locator:
    """The newest table of the open chat, asked for where none is there yet; the demo asks for the first by itself."""
    table = tables(tab, text).last
    await expect(table).to_be_visible(timeout=45_000)
    return table


async def test_the_first_digest_is_there_without_a_word(browser: Browser, address: str) -> None:
    """Five ranked rows with a reason and a button each; the page fits its window."""
    async with opened(browser, address) as tab:
        table = await see_the_table(tab)
        await expect(table.get_by_role("button", name=re.compile(r"^[1-5]$"))).to_have_count(5)
        await expect(table).to_contain_text(re.compile(r"5 of \d+ announced"))
        await expect(table.locator("table")).to_be_visible()
        assert await tab.overflow() <= 0


async def test_a_row_unfolds_its_card_and_folds_it(browser: Browser, address: str) -> None:
    """The card comes as a reply to the table, its parts open, and the same button takes it away."""
    async with opened(browser, address) as tab:
        table = await see_the_table(tab)
        before = await cards(tab).count()
        await table.get_by_role("button", name="1", exact=True).click()
        await expect(cards(tab)).to_have_count(before + 1, timeout=30_000)
        card = cards(tab).last
        folded = card.locator("details:not([open])").first
        inside = folded.locator(".inside")
        await expect(inside).to_be_hidden()
        await card.locator("details:not([open]) summary").first.click()
        await expect(card.locator("details[open] .inside").first).to_be_visible()
        await table.get_by_role("button", name="1", exact=True).click()
        await expect(cards(tab)).to_have_count(before, timeout=30_000)


async def test_a_group_votes_member_by_member(browser: Browser, address: str) -> None:
    """Every member presses as themselves on one card; the counts are seen by all. Its `cases` formula is drawn."""
    async with opened(browser, address) as tab:
        await tab.open_chat("Reading group")
        await tab.say("/paper 2602.99038")
        card = cards(tab).last
        await expect(card.locator(".formula math mtable mtr")).to_have_count(3, timeout=30_000)
        for count, name in enumerate(("You", "Mei", "Jonas"), 1):
            await tab.become(name)
            await cards(tab).last.get_by_role("button", name=re.compile("^👍")).click()
            await expect(cards(tab).last.get_by_role("button", name=f"👍 {count}")).to_be_visible(timeout=30_000)
        await tab.become("Mei")
        await cards(tab).last.get_by_role("button", name=re.compile("^👎")).click()
        await expect(cards(tab).last.get_by_role("button", name="👍 2")).to_be_visible(timeout=30_000)


async def test_in_a_group_a_card_unfolds_for_one_alone(browser: Browser, address: str) -> None:
    """The table stays where the others read it; only the member who pressed sees the card."""
    async with opened(browser, address) as tab:
        await tab.open_chat("Reading group")
        await tab.say("/digest")
        table = await see_the_table(tab)
        await tab.become("Ada")
        await tables(tab).last.get_by_role("button", name="2", exact=True).click()
        only = tab.messages.filter(has_text="Only visible to you")
        await expect(only).to_have_count(1, timeout=30_000)
        await expect(only).to_contain_text("Motivation")
        await tab.become("Jonas")
        await expect(only).to_have_count(0)
        await expect(table).to_be_visible()


async def test_a_channel_gets_its_table_at_the_hour(browser: Browser, address: str) -> None:
    """The clock can be put to the hour that the chats wish; the post has the channel's name."""
    async with opened(browser, address) as tab:
        await see_the_table(tab)
        await tab.open_chat("arXiv, every day")
        await tab.page.locator("#to-hour").click()
        table = await see_the_table(tab)
        await expect(table.locator("time")).to_have_text(re.compile("08:0[0-9]"))
        await expect(table.locator(".sender")).to_have_text("arXiv, every day")


async def test_a_client_without_rich_messages(browser: Browser, address: str) -> None:
    """The table is the placeholder that such clients show, and comes back with the switch."""
    async with opened(browser, address) as tab:
        await see_the_table(tab)
        await tab.switch("Classic")
        await expect(tab.messages.filter(has_text="currently not supported").last).to_be_visible()
        await expect(tables(tab)).to_have_count(0)
        await tab.switch("Rich")
        await see_the_table(tab)


async def test_the_page_and_the_bot_speak_chinese(browser: Browser, address: str) -> None:
    """One switch turns the page's words and the chats' language; the next table is Chinese."""
    async with opened(browser, address) as tab:
        await see_the_table(tab)
        await tab.switch("中文")
        await expect(tab.page.get_by_role("heading", name="聊天")).to_be_visible()
        await expect(tab.field).to_have_attribute("placeholder", "输入消息…")
        await expect(tab.messages.filter(has_text="/language zh")).to_be_visible()
        try:
            await tab.say("/digest")
            await see_the_table(tab, "2026年2月19日")
            assert await tab.page.evaluate("document.documentElement.lang") == "zh-Hans"
        finally:
            await tab.switch("English")
            await expect(tab.page.get_by_role("heading", name="Chats")).to_be_visible()


async def test_everything_is_done_with_the_keyboard(browser: Browser, address: str) -> None:
    """From the list to a chat, a command from the menu, to a row's button and back; one always sees where one is."""
    async with opened(browser, address) as tab:
        await see_the_table(tab)
        keyboard = tab.page.keyboard
        await expect(tab.field).to_be_focused()
        skip = tab.page.get_by_role("button", name="To the message field")
        await expect(skip).not_to_be_in_viewport()
        await skip.focus()
        await expect(skip).to_be_in_viewport()
        await keyboard.press("Enter")
        await expect(tab.field).to_be_focused()
        await skip.focus()
        await keyboard.press("Tab")
        await expect(tab.page.locator("button[data-chat]").first).to_be_focused()
        await keyboard.press("ArrowDown")
        await keyboard.press("Enter")
        await expect(tab.page.locator(".title h2")).to_have_text("Reading group")
        await keyboard.press("Escape")
        await keyboard.press("ArrowUp")
        await keyboard.press("Enter")
        await expect(tab.page.locator(".title h2")).to_have_text("Paperboy")
        await expect(tab.field).to_be_focused()
        await keyboard.type("/dig")
        await expect(tab.page.locator("#commands").get_by_role("option")).to_have_count(1)
        before = await tables(tab).count()
        await keyboard.press("Enter")
        await expect(tables(tab)).to_have_count(before + 1, timeout=45_000)
        await keyboard.press("ArrowUp")
        await expect(tables(tab).last).to_be_focused()
        await keyboard.press("ArrowRight")
        focused = tab.page.locator(":focus")
        await expect(focused).to_have_text("1")
        assert await focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
        await keyboard.press("ArrowDown")
        await keyboard.press("Escape")
        await expect(tables(tab).last).to_be_focused()
        await keyboard.press("ArrowRight")
        cards_before = await cards(tab).count()
        await keyboard.press("Enter")
        await expect(cards(tab)).to_have_count(cards_before + 1, timeout=30_000)


async def test_a_phone_shows_one_pane_at_a_time(browser: Browser, address: str) -> None:
    """Full screen, nothing beside the window; back leads to the list, with the button and the browser's own."""
    async with opened(browser, address, size=PHONE, has_touch=True, is_mobile=True) as tab:
        await see_the_table(tab)
        await expect(tab.page.locator(".sidebar")).to_be_hidden()
        assert await tab.overflow() <= 0
        await tab.page.get_by_role("button", name="Back to the chats").click()
        await expect(tab.page.locator("main.chat")).to_be_hidden()
        assert await tab.overflow() <= 0
        await tab.open_chat("Reading group")
        await tab.say("/paper 2602.99038")
        await expect(cards(tab).last).to_be_visible(timeout=30_000)
        assert await tab.overflow() <= 0
        await tab.page.go_back()
        await expect(tab.page.locator(".sidebar")).to_be_visible()


async def test_dark_as_the_system_and_by_the_switch(browser: Browser, address: str) -> None:
    """The system's wish counts until somebody chooses; less motion is none."""
    background = "getComputedStyle(document.body).backgroundColor"
    async with opened(browser, address, color_scheme="dark", reduced_motion="reduce") as tab:
        assert await tab.page.evaluate(background) == "rgb(23, 33, 43)"
        await tab.switch("Light")
        assert await tab.page.evaluate(background) == "rgb(255, 255, 255)"
        await tab.switch("Dark")
        assert await tab.page.evaluate(background) == "rgb(23, 33, 43)"
        await tab.page.reload()
        await tab.page.locator('#app[data-connection="open"]').wait_for()
        assert await tab.page.evaluate("document.documentElement.dataset.theme") == "dark"
        moving = "[...document.getAnimations()].filter((each) => each.playState === 'running').length"
        assert await tab.page.evaluate(moving) == 0
