"""How the page draws what the Bot API says: texts, rich messages, edits, drafts, ephemeral messages, files."""

from __future__ import annotations

import asyncio
import json
import struct
import zlib
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, Locator, expect

from bot.playground.entities import checked
from bot.playground.state import Role
from tests.support.bot_api import keyboard
from tests.support.chat_page import PHONE, Stage, needs_chromium, opened

pytestmark = [pytest.mark.asyncio(loop_scope="module"), needs_chromium]

CASES = r"f(x)=\begin{cases}x^2 & \text{if } x<0\\ 1 & \text{otherwise}\end{cases}"
SCRIPT = b"<script>alert(1)</script>"
NASTY = (
    "<img src=x onerror=alert(1)><script>alert(2)</script><tg-button>x</tg-button> **bold** `code` &lt;b&gt; "
    "\u202eabc\u202c \u200b\u200b </li></ol><svg onload=alert(3)> javascript:alert(4)"
)


def text(*pieces: object) -> list[object]:
    """A rich text of several pieces."""
    return list(pieces)


def styled(kind: str, inside: object, **more: object) -> dict[str, object]:
    """A piece of rich text."""
    return {"type": kind, "text": inside, **more}


def cell(inside: object, **more: object) -> dict[str, object]:
    """A cell of a table."""
    return {"text": inside, "align": "left", "valign": "top", **more}


EVERYTHING: list[Any] = [
    {"type": "heading", "text": "One table a day", "size": 1},
    {"type": "heading", "text": "and its cards", "size": 4},
    {
        "type": "paragraph",
        "text": text(
            styled("bold", "bold"),
            styled("italic", "italic"),
            styled("underline", "under"),
            styled("strikethrough", "struck"),
            styled("spoiler", "hidden"),
            styled("subscript", "low"),
            styled("superscript", "high"),
            styled("marked", "marked"),
            styled("code", "code"),
            styled("url", "a link", url="https://arxiv.org/abs/2602.14080"),
            {"type": "mathematical_expression", "expression": r"\alpha_i^2"},
        ),
    },
    {
        "type": "table",
        "is_compact": True,
        "is_bordered": True,
        "is_striped": True,
        "caption": "The day",
        "cells": [
            [cell("#", is_header=True), cell("Paper", is_header=True, colspan=2)],
            [
                cell("1", align="right"),
                cell("Recall is the bottleneck"),
                cell({"type": "button", "button": {"text": "Unfold", "callback_data": "row-1", "style": "link"}}),
            ],
        ],
    },
    {
        "type": "details",
        "summary": "Experiments",
        "blocks": [
            {"type": "paragraph", "text": "Baselines"},
            {"type": "mathematical_expression", "expression": CASES},
        ],
    },
    {"type": "details", "summary": "Open", "is_open": True, "blocks": [{"type": "paragraph", "text": "already"}]},
    {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "We find"}], "credit": "Section 4"},
    {"type": "expandable_blockquote", "text": "\n".join(f"line {n}" for n in range(12)), "credit": "Appendix"},
    {"type": "pullquote", "text": "Lost keys", "credit": "the title"},
    {
        "type": "list",
        "items": [
            {"blocks": [{"type": "paragraph", "text": "checked"}], "has_checkbox": True, "is_checked": True},
            {"blocks": [{"type": "paragraph", "text": "open"}], "has_checkbox": True},
        ],
    },
    {"type": "list", "items": [{"blocks": [{"type": "paragraph", "text": "third"}], "value": 3, "type": "1"}]},
    {"type": "pre", "text": "for x in y:\n    pass", "language": "python"},
    {"type": "divider"},
    {"type": "mathematical_expression", "expression": r"\sum_{i=1}^n \frac{1}{i^2}"},
    {"type": "mathematical_expression", "expression": r"\frac{1}"},
    {"type": "footer", "text": "Read from the full text"},
    {
        "type": "buttons",
        "buttons": [
            {"text": "👍", "callback_data": "up", "style": "success"},
            {"text": "👎", "callback_data": "down", "style": "danger"},
            {"text": "Why", "callback_data": "why", "style": "primary"},
            {"text": "Plain", "callback_data": "plain"},
            {"text": "Off", "disabled": {}},
            {"text": "arXiv", "url": "https://arxiv.org/abs/2602.14080"},
        ],
    },
]


async def height(place: Locator) -> float:
    """How many pixels something is high."""
    box = await place.bounding_box()
    assert box is not None
    return box["height"]


async def press_of(stage: Stage, data: str) -> Any:
    """The newest press of this data, once it is there."""
    await stage.playground.wait_for(lambda: any(p.data == data for p in stage.playground.state.presses.values()))
    return [p for p in stage.playground.state.presses.values() if p.data == data][-1]


async def test_a_rich_message_is_drawn_whole(browser: Browser, stage: Stage) -> None:
    """Every block and every inline style has its element; what was folded opens, formulas are MathML or their source."""
    await stage.send_rich(*EVERYTHING)
    async with opened(browser, stage.address) as tab:
        rich = tab.page.locator(".rich")
        for name in (
            *("h1", "h4", "strong", "em", "u", "s", ".spoiler", "sub", "sup", "mark", "p code", "p math msubsup"),
            *("table.compact.bordered.striped caption", "th[colspan='2']", "td[data-align='right']"),
            *("blockquote > cite", "aside cite", ".check[data-on]", "pre[data-language='python']", "hr", "footer"),
            *(".formula math munderover, .formula math munder", "pre.source", ".button.success", ".button.danger"),
            *(".button.primary", ".button.plain", ".button[disabled]", "a.button[rel~='noopener']"),
        ):
            await expect(rich.locator(name).first, name).to_be_attached()
        link = rich.get_by_role("link", name="a link")
        assert await link.get_attribute("href") == "https://arxiv.org/abs/2602.14080"
        await expect(rich.locator("ol .label")).to_have_text("3.")
        await expect(rich.get_by_text("already")).to_be_visible()
        brace = rich.locator("details .formula math mtable mtr")
        await expect(brace.first).to_be_hidden()
        await rich.locator("summary", has_text="Experiments").click()
        await expect(brace).to_have_count(2)
        await expect(brace.first).to_be_visible()
        quote = rich.locator("blockquote.expandable")
        folded = await height(quote)
        await quote.get_by_role("button").click()
        assert await height(quote) > folded + 80
        await rich.locator(".spoiler").click()
        await expect(rich.locator(".spoiler.shown")).to_be_visible()


async def test_presses_inside_and_under_a_message_reach_the_bot(browser: Browser, stage: Stage) -> None:
    """A toast for the one who pressed, an alert that waits for OK; the button shows that it is waiting."""
    await stage.send_rich(*EVERYTHING, reply_markup=json.dumps(keyboard([("Under", "under")])))
    async with opened(browser, stage.address) as tab:
        await tab.button("Unfold").click()
        await expect(tab.page.locator(".button.waiting")).to_have_text("Unfold")
        press = await press_of(stage, "row-1")
        await stage.api.ok("answerCallbackQuery", callback_query_id=press.id, text="Unfolding")
        await expect(tab.page.locator(".toast")).to_have_text("Unfolding")
        await expect(tab.page.locator(".button.waiting")).to_have_count(0)
        await tab.button("Under").click()
        press = await press_of(stage, "under")
        await stage.api.ok("answerCallbackQuery", callback_query_id=press.id, text="Sure?", show_alert=True)
        await expect(tab.page.locator("dialog[open]")).to_contain_text("Sure?")
        await tab.page.keyboard.press("Enter")
        await expect(tab.page.locator("dialog[open]")).to_have_count(0)


async def test_edits_and_deletions_are_seen_and_what_was_open_stays_open(browser: Browser, stage: Stage) -> None:
    """An edit redraws the message in its place with its mark; a deleted one goes."""
    message_id = await stage.send_rich(*EVERYTHING)
    other = await stage.send("soon gone")
    async with opened(browser, stage.address) as tab:
        await tab.page.locator("summary", has_text="Experiments").click()
        changed = json.dumps({"blocks": [{"type": "heading", "text": "Changed", "size": 1}, *EVERYTHING[1:]]})
        await stage.api.ok("editMessageText", chat_id=stage.chat.id, message_id=message_id, rich_message=changed)
        await expect(tab.page.locator(".rich h1")).to_have_text("Changed")
        await expect(tab.page.locator(".edited")).to_be_visible()
        await expect(tab.page.locator("details", has_text="Experiments")).to_have_attribute("open", "")
        await expect(tab.messages).to_have_count(3)
        await stage.api.ok("deleteMessage", chat_id=stage.chat.id, message_id=other)
        await expect(tab.messages).to_have_count(2)


async def test_a_change_of_buttons_alone_is_no_edit(browser: Browser, stage: Stage) -> None:
    """As in Telegram, a new keyboard does not make a message “edited”."""
    message_id = await stage.send("vote", reply_markup=keyboard([("👍", "up")]))
    async with opened(browser, stage.address) as tab:
        await stage.api.ok(
            "editMessageReplyMarkup",
            chat_id=stage.chat.id,
            message_id=message_id,
            reply_markup=keyboard([("👍 1", "up")]),
        )
        await expect(tab.button("👍 1")).to_be_visible()
        await expect(tab.page.locator(".edited")).to_have_count(0)
        inside = await stage.send_rich(*EVERYTHING)
        voted = [*EVERYTHING[:-1], {"type": "buttons", "buttons": [{"text": "👍 2", "callback_data": "up"}]}]
        rich = json.dumps({"blocks": voted})
        await stage.api.ok("editMessageText", chat_id=stage.chat.id, message_id=inside, rich_message=rich)
        await expect(tab.button("👍 2")).to_be_visible()
        await expect(tab.page.locator(".edited")).to_have_count(0)


async def test_a_draft_grows_until_the_message_comes(browser: Browser, stage: Stage) -> None:
    """One bubble is written in; its stop button stops; the message takes its place."""
    async with opened(browser, stage.address) as tab:
        for said in ("The idea", "The idea is"):
            draft = json.dumps({"blocks": [{"type": "paragraph", "text": said}]})
            await stage.api.ok(
                "sendRichMessageDraft", chat_id=stage.chat.id, draft_id=7, rich_message=draft, can_stop=True
            )
            await expect(tab.page.locator(".rich p")).to_have_text(said)
        await expect(tab.messages).to_have_count(2)
        await tab.page.get_by_role("button", name="Stop generating").click()
        await stage.playground.wait_for(lambda: stage.playground.draft(stage.chat) is None)
        await expect(tab.messages).to_have_count(1)
        await stage.api.ok("sendMessageDraft", chat_id=stage.chat.id, draft_id=8, text="Another")
        await expect(tab.page.get_by_text("Another")).to_be_visible()
        await stage.send("Another one, whole")
        await expect(tab.messages).to_have_count(2)
        await expect(tab.page.locator(".writing")).to_have_count(0)


async def test_an_ephemeral_message_is_for_one_pair_of_eyes(browser: Browser, stage: Stage) -> None:
    """In a group only the receiver sees it, marked as such, in the place of what it replaces; its buttons work."""
    async with opened(browser, stage.address) as tab:
        await tab.open_chat("Reading group")
        group = stage.cast.places[0]
        table = await stage.send("The table", group, reply_markup=keyboard([("Unfold", "u")]))
        await tab.become("Mei")
        await tab.button("Unfold").click()
        press = await press_of(stage, "u")
        parameters = {"receiver_user_id": press.user.id, "callback_query_id": press.id}
        for text_shown, instead in (("For Mei", False), ("In its place", True)):
            await stage.api.ok(
                "sendMessage",
                chat_id=group.id,
                text=text_shown,
                ephemeral_message_parameters={**parameters, "replace_callback_query_message": instead},
                reply_markup=keyboard([(text_shown, text_shown)]),
            )
            await expect(tab.messages.filter(has_text=text_shown)).to_contain_text("Only visible to you")
        await expect(tab.messages.get_by_text("The table")).to_have_count(0)
        await tab.button("For Mei").click()
        assert (await press_of(stage, "For Mei")).message.receiver is press.user
        await tab.become("Jonas")
        await expect(tab.messages.get_by_text("The table")).to_be_visible()
        await expect(tab.page.get_by_text("Only visible to you")).to_have_count(0)
        assert stage.playground.messages(group)[-1].id == table


async def test_nasty_texts_never_become_elements(browser: Browser, stage: Stage) -> None:
    """In texts, entities, names, labels, tables, formulas and file names they are letters."""
    mean = stage.playground.add_user(NASTY)
    stage.cast.people.append(mean)
    blocks = [
        {"type": "paragraph", "text": text(NASTY, styled("bold", NASTY))},
        {"type": "table", "caption": NASTY, "cells": [[cell(NASTY)]]},
        {"type": "mathematical_expression", "expression": NASTY},
        {"type": "mathematical_expression", "expression": r"\text{<img src=x onerror=alert(5)>}"},
        {"type": "pre", "text": NASTY, "language": '"><script>alert(6)</script>'},
        {"type": "buttons", "buttons": [{"text": NASTY, "callback_data": "x"}]},
    ]
    await stage.send_rich(*blocks)
    await stage.send(NASTY, reply_markup=keyboard([(NASTY, "x")]), entities=[{"type": "pre", "offset": 0, "length": 9}])
    await stage.playground.user_sends(stage.chat, stage.cast.me, "x" * 4000)
    async with opened(browser, stage.address) as tab:
        await expect(tab.messages).to_have_count(4)
        inside = tab.page.locator("li.message")
        for name in ("img", "script", "svg[onload]", "tg-button", "a[href^='javascript']", "[onerror]"):
            await expect(inside.locator(name)).to_have_count(0)
        await expect(inside.locator("p", has_text="<script>alert(2)</script>").first).to_be_visible()
        assert await tab.overflow() <= 0
        await tab.page.set_viewport_size(PHONE)  # type: ignore[arg-type] # a TypedDict's keys
        assert await tab.overflow() <= 0


async def test_files_come_as_pictures_and_downloads(browser: Browser, stage: Stage) -> None:
    """A photo is seen with its caption, a document can be saved, whatever is in it; both can be answered to."""
    for method, name, content in (("sendPhoto", "photo", picture()), ("sendDocument", "document", SCRIPT)):
        data = aiohttp.FormData({"chat_id": str(stage.chat.id), "caption": "A formula"})
        data.add_field(name, content, filename=f"{name}.html")
        status, said, _ = await stage.api.raw(method, data=data)
        assert status == 200, said
    async with opened(browser, stage.address) as tab:
        photo = tab.page.locator("img.photo")
        await expect(photo).to_have_js_property("naturalWidth", 2)
        async with tab.page.expect_download() as saved:
            await tab.page.locator("a.file").click()
        assert (await (await saved.value).path()).read_bytes() == SCRIPT


def picture() -> bytes:
    """A PNG of 2 × 1 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    rows = zlib.compress(b"\0" + b"\xff\0\0" * 2)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


async def test_a_reply_quotes_and_leads_to_what_it_answers(browser: Browser, stage: Stage) -> None:
    """The quoted message stands over the answer; a person can reply too."""
    first = await stage.send("The question")
    await stage.send("The answer", reply_parameters={"message_id": first})
    async with opened(browser, stage.address) as tab:
        await expect(tab.page.locator(".quoted")).to_contain_text("The question")
        await tab.page.locator(".quoted").click()
        await expect(tab.messages.filter(has=tab.page.get_by_text("The question")).first).to_be_focused()
        await tab.messages.last.hover()
        await tab.messages.last.get_by_role("button", name="Reply").click()
        await tab.say("And why?")
        await stage.playground.wait_for(lambda: stage.playground.messages(stage.chat)[-1].text == "And why?")
        replied = stage.playground.messages(stage.chat)[-1].reply_to
        assert replied is not None
        assert replied.text == "The answer"


async def test_forwards_reactions_and_pins_are_seen(browser: Browser, stage: Stage) -> None:
    """Whose message it was, what the bot feels about it, and that it was pinned."""
    said = await stage.playground.user_sends(stage.chat, stage.cast.me, "worth keeping")
    await stage.api.ok("forwardMessage", chat_id=stage.chat.id, from_chat_id=stage.chat.id, message_id=said.id)
    async with opened(browser, stage.address) as tab:
        await expect(tab.page.locator(".forwarded")).to_have_text("Forwarded from You")
        reaction = [{"type": "emoji", "emoji": "👀"}]
        await stage.api.ok("setMessageReaction", chat_id=stage.chat.id, message_id=said.id, reaction=reaction)
        await expect(tab.page.locator(".reactions")).to_have_text("👀")
        await stage.api.ok("pinChatMessage", chat_id=stage.chat.id, message_id=said.id)
        await expect(tab.page.locator("li.service").last).to_have_text("Paperboy pinned a message")


async def test_reply_keyboards_and_wishes_for_a_reply(browser: Browser, stage: Stage) -> None:
    """Buttons under the field say their text; a message that asks for a reply gets the field ready for it."""
    await stage.send("Which?", reply_markup={"keyboard": [[{"text": "cs.LG"}, {"text": "cs.CL"}]]})
    async with opened(browser, stage.address) as tab:
        await tab.page.locator(".offered").get_by_role("button", name="cs.CL").click()
        await stage.playground.wait_for(lambda: stage.playground.messages(stage.chat)[-1].text == "cs.CL")
        await stage.send("Gone", reply_markup={"remove_keyboard": True})
        await expect(tab.page.locator(".offered")).to_be_hidden()
        asked = await stage.send("Name them", reply_markup={"force_reply": True, "input_field_placeholder": "Names"})
        await expect(tab.page.locator(".replying")).to_contain_text("Name them")
        assert await tab.field.get_attribute("placeholder") == "Names"
        await tab.say("these")
        await stage.playground.wait_for(lambda: stage.playground.messages(stage.chat)[-1].text == "these")
        replied = stage.playground.messages(stage.chat)[-1].reply_to
        assert replied is not None
        assert replied.id == asked


async def test_the_classic_client_shows_rich_messages_as_unsupported(browser: Browser, stage: Stage) -> None:
    """As Telegram Web did: a placeholder in the bubble; the switch goes both ways, and texts are as always."""
    await stage.send_rich(*EVERYTHING)
    await stage.send("a text")
    async with opened(browser, stage.address) as tab:
        await expect(tab.page.locator(".rich table")).to_be_visible()
        await tab.switch("Classic")
        await expect(tab.page.locator(".rich")).to_have_count(0)
        await expect(tab.page.get_by_text("This message is currently not supported").first).to_be_visible()
        await expect(tab.messages.get_by_text("a text")).to_be_visible()
        await tab.switch("Rich")
        await expect(tab.page.locator(".rich table")).to_be_visible()


async def test_commands_complete_themselves(browser: Browser, stage: Stage) -> None:
    """The bot's own list, by what was typed; Tab completes, Enter sends, Escape closes; the menu shows all."""
    commands = [{"command": name, "description": f"about {name}"} for name in ("digest", "disc", "help")]
    await stage.api.ok("setMyCommands", commands=commands)
    async with opened(browser, stage.address) as tab:
        offered = tab.page.locator("#commands").get_by_role("option")
        await tab.field.press_sequentially("/di")
        await expect(offered).to_have_count(2)
        await tab.field.press("ArrowDown")
        await tab.field.press("Tab")
        await expect(tab.field).to_have_value("/disc ")
        await expect(offered).to_have_count(0)
        await tab.field.fill("/h")
        await expect(offered).to_have_text(["/helpabout help"])
        await tab.field.press("Enter")
        await stage.playground.wait_for(lambda: stage.playground.messages(stage.chat)[-1].text == "/help")
        await tab.page.get_by_role("button", name="Commands").click()
        await expect(offered).to_have_count(3)
        await tab.field.press("Escape")
        await expect(offered).to_have_count(0)


async def test_typing_is_shown_and_ends_with_the_message(browser: Browser, stage: Stage) -> None:
    """The header says so, as does the list."""
    async with opened(browser, stage.address) as tab:
        await stage.api.ok("sendChatAction", chat_id=stage.chat.id, action="typing")
        await expect(tab.page.locator(".about")).to_have_text("typing")
        await stage.send("done")
        await expect(tab.page.locator(".about")).to_have_text("bot")


async def test_the_page_comes_back_after_a_restart_of_the_server(browser: Browser, stage: Stage) -> None:
    """It says that it is connecting, and then shows what happened meanwhile."""
    async with opened(browser, stage.address, allow="ERR_") as tab:
        port = int(stage.playground.url.rpartition(":")[2])
        await stage.playground.stop()
        await expect(tab.page.locator(".about")).to_have_text("Connecting…")
        stage.playground.state.post(stage.chat, stage.playground.bot, checked("while you were away"))
        await stage.playground.start(port)
        await expect(tab.page.get_by_text("while you were away").first).to_be_visible()
        await expect(tab.page.locator(".about")).to_have_text("bot")
        await tab.say("back again")
        await stage.playground.wait_for(lambda: stage.playground.messages(stage.chat)[-1].text == "back again")


async def test_another_run_is_told_from_a_broken_connection(browser: Browser, stage: Stage) -> None:
    """A page of an earlier run does not wait for ever: it says which address to open."""
    async with opened(browser, stage.address, allow="403") as tab:
        stage.page._key = "another"
        stage.page._end_streams()
        await expect(tab.page.locator("dialog[open]")).to_contain_text("has ended")


async def test_only_administrators_write_in_a_channel(browser: Browser, stage: Stage) -> None:
    """Its posts have the channel's name; subscribers have no field to write in."""
    async with opened(browser, stage.address) as tab:
        await tab.open_chat("arXiv, every day")
        channel = stage.cast.places[1]
        assert channel.role(stage.playground.bot) is Role.ADMINISTRATOR
        await stage.send("Today's table", channel)
        await expect(tab.page.locator(".sender")).to_have_text("arXiv, every day")
        await expect(tab.page.locator(".about")).to_have_text("5 subscribers")
        await tab.say("A post")
        await expect(tab.messages).to_have_count(2)
        await tab.become("Ada")
        await expect(tab.page.get_by_text("Only administrators post here")).to_be_visible()
        await expect(tab.field).to_be_hidden()


async def test_a_new_member_begins_with_start(browser: Browser, stage: Stage) -> None:
    """Everybody has a private chat of their own, which begins with the button that Telegram has there."""
    async with opened(browser, stage.address) as tab:
        await tab.become("Ada")
        await tab.page.get_by_role("button", name="Start").click()
        ada = stage.cast.people[1]
        await stage.playground.wait_for(
            lambda: (
                ada.id in stage.playground.state.chats
                and bool(stage.playground.messages(stage.playground.private(ada)))
            )
        )
        await expect(tab.field).to_be_focused()


async def test_news_elsewhere_is_counted_and_read_by_opening(browser: Browser, stage: Stage) -> None:
    """A badge counts what came in a chat that is not open; the open one is announced to screen readers."""
    async with opened(browser, stage.address) as tab:
        await stage.playground.wait_for(lambda: bool(stage.cast.places))
        await stage.send("one", stage.cast.places[0])
        await stage.send("two", stage.cast.places[0])
        await expect(tab.page.locator(".chats .badge")).to_have_text("2")
        await tab.open_chat("Reading group")
        await expect(tab.page.locator(".chats .badge")).to_have_count(0)
        await stage.send("three", stage.cast.places[0])
        await expect(tab.page.get_by_role("log")).to_contain_text("Paperboy: three")


async def test_many_messages_at_once_keep_their_order(browser: Browser, stage: Stage) -> None:
    """However quickly they come, the newest is last and in sight."""
    async with opened(browser, stage.address) as tab:
        await asyncio.gather(*(stage.send(f"message {n}") for n in range(40)))
        await expect(tab.messages).to_have_count(41)
        shown = [each.strip() for each in await tab.page.locator("li.message.other .text").all_text_contents()]
        assert shown == [message.text for message in stage.playground.messages(stage.chat, by_bot=True)]
        await expect(tab.messages.last).to_be_in_viewport()


async def test_a_long_formula_fits_a_phone_or_scrolls_in_its_place(browser: Browser, stage: Stage) -> None:
    """It is drawn smaller where that is enough; nothing pushes the page wider."""
    rows = [rf"\text{{case number {n} of this}} & \text{{if }} x<{n}" for n in range(3)]
    long = r"f(x)=\begin{cases}" + r"\\".join(rows) + r"\end{cases}"
    endless = "+".join(f"x_{{{n}}}" for n in range(60))
    blocks = [{"type": "mathematical_expression", "expression": source} for source in (long, endless)]
    await stage.send_rich(*blocks)
    async with opened(browser, stage.address, size=PHONE) as tab:
        formulas = tab.page.locator(".formula")
        await expect(formulas).to_have_count(2)
        spare = "element => element.clientWidth - element.scrollWidth"
        await tab.page.wait_for_function(f"({spare})(document.querySelector('.formula')) >= -1")
        assert await formulas.last.evaluate(spare) < 0
        assert await tab.overflow() <= 0


async def test_one_s_own_message_leads_to_the_end_and_others_wait_below(browser: Browser, stage: Stage) -> None:
    """Whoever reads further up stays there, with a count of what came below; writing leads down."""
    for n in range(30):
        await stage.send(f"message {n}")
    async with opened(browser, stage.address) as tab:
        await expect(tab.messages.last).to_be_in_viewport()
        await tab.messages.first.scroll_into_view_if_needed()
        await stage.send("below")
        jump = tab.page.get_by_role("button", name="To the newest message")
        await expect(jump).to_have_text("1")
        await expect(tab.messages.first).to_be_in_viewport()
        await jump.click()
        await expect(tab.messages.last).to_be_in_viewport()
        await expect(jump).to_be_hidden()
        await tab.messages.first.scroll_into_view_if_needed()
        await tab.say("mine")
        await expect(tab.messages.filter(has_text="mine")).to_be_in_viewport()


async def test_what_is_unfolded_at_the_end_stays_in_sight(browser: Browser, stage: Stage) -> None:
    """Its heading does not move; what it holds opens below it."""
    inside = [{"type": "paragraph", "text": f"line {n}"} for n in range(60)]
    await stage.send_rich({"type": "details", "summary": "Experiments", "blocks": inside})
    for n in range(20):
        await stage.send(f"message {n}")
    await stage.send_rich({"type": "details", "summary": "Checklist", "blocks": inside})
    async with opened(browser, stage.address) as tab:
        summary = tab.page.locator("summary", has_text="Checklist")
        before = await summary.bounding_box()
        await summary.click()
        await expect(tab.page.get_by_text("line 0").last).to_be_in_viewport()
        await tab.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert await summary.bounding_box() == before
