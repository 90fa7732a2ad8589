"""Rich messages written as HTML or Markdown: what Telegram's own examples become."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.state import Chat, User
from tests.support.bot_api import BotApi

Json = dict[str, Any]


def bold(text: object) -> Json:
    """Bold text."""
    return {"type": "bold", "text": text}


def p(text: object) -> Json:
    """A paragraph."""
    return {"type": "paragraph", "text": text}


HTML: list[tuple[str, list[Json]]] = [
    ("plain <b>bold</b> &amp; &lt;x&gt;&nbsp;&#33;", [p(["plain ", bold("bold"), " & <x>\u00a0!"])]),
    ("<h1>T</h1>\n<p>one<br>two</p> three", [{"type": "heading", "text": "T", "size": 1}, p("one\ntwo"), p("three")]),
    ("<p>a<p>b", [p("a"), p("b")]),
    ('<a name="c"></a>', [{"type": "anchor", "name": "c"}]),
    ('<a href="https://t.me/">x</a>', [p({"type": "url", "text": "x", "url": "https://t.me/"})]),
    ('<a href="mailto:u@example.com">x</a>', [p({"type": "email_address", "text": "x", "email_address": "u@example.com"})]),
    ('<a href="tel:+1">x</a>', [p({"type": "phone_number", "text": "x", "phone_number": "+1"})]),
    ('<a href="#c">x</a>', [p({"type": "anchor_link", "text": "x", "anchor_name": "c"})]),
    ("<tg-math>x^2 < y</tg-math>", [p({"type": "mathematical_expression", "expression": "x^2 < y"})]),
    ("<tg-math-block>E = mc^2</tg-math-block>", [{"type": "mathematical_expression", "expression": "E = mc^2"}]),
    ('<pre><code class="language-py">x = 1\n</code></pre>', [{"type": "pre", "text": "x = 1", "language": "py"}]),
    ("<hr/><footer>f</footer>", [{"type": "divider"}, {"type": "footer", "text": "f"}]),
    ('<ol start="3" type="a" reversed><li>x</li><li>y</li></ol>', [{"type": "list", "items": [
        {"label": "c.", "blocks": [p("x")], "value": 3, "type": "a"}, {"label": "b.", "blocks": [p("y")], "value": 2, "type": "a"}]}]),
    ('<ul><li><input type="checkbox" checked>x</li></ul>', [{"type": "list", "items": [
        {"label": "•", "blocks": [p("x")], "has_checkbox": True, "is_checked": True}]}]),
    ("<blockquote>q<cite>A</cite></blockquote>", [{"type": "blockquote", "blocks": [p("q")], "credit": "A"}]),
    ("<blockquote expandable>q</blockquote>", [{"type": "expandable_blockquote", "text": "q"}]),
    ("<aside>q<cite>A</cite></aside>", [{"type": "pullquote", "text": "q", "credit": "A"}]),
    ("<details open><summary>S</summary>x</details>", [{"type": "details", "summary": "S", "blocks": [p("x")], "is_open": True}]),
    ('<table bordered><caption>C</caption><tr><th>H</th></tr><tr><td colspan="2" align="right" valign="bottom">v</td></tr></table>', [
        {"type": "table", "cells": [
            [{"text": "H", "is_header": True, "align": "left", "valign": "top"}],
            [{"text": "v", "colspan": 2, "align": "right", "valign": "bottom"}]], "is_bordered": True, "caption": "C"}]),
    ('<tg-button-row align="center"><tg-button type="callback_data" style="link" data="d">x</tg-button></tg-button-row>', [
        {"type": "buttons", "buttons": [{"text": "x", "callback_data": "d", "style": "link"}], "align": "center"}]),
    ('<p><tg-button type="copy_text" text="c">x</tg-button></p>', [p({"type": "button", "button": {"text": "x", "copy_text": {"text": "c"}}})]),
    ('<tg-time unix="1647531900" format="wDT">soon</tg-time>', [p({"type": "date_time", "text": "soon", "unix_time": 1647531900, "date_time_format": "wDT"})]),
]  # fmt: skip

MARKDOWN: list[tuple[str, list[Json]]] = [
    ("# T\n\nx **b** _i_ ~~s~~ `c`", [{"type": "heading", "text": "T", "size": 1}, p(["x ", bold("b"), " ", {"type": "italic", "text": "i"}, " ", {"type": "strikethrough", "text": "s"}, " ", {"type": "code", "text": "c"}])]),
    ("==m== ||p||", [p([{"type": "marked", "text": "m"}, " ", {"type": "spoiler", "text": "p"}])]),
    ("$x^2_i$ costs 5$ or 6$", [p([{"type": "mathematical_expression", "expression": "x^2_i"}, " costs 5$ or 6$"])]),
    ("```math\nE\n```", [{"type": "mathematical_expression", "expression": "E"}]),
    ("$$E = mc^2$$", [{"type": "mathematical_expression", "expression": "E = mc^2"}]),
    ("```py\nx\n```", [{"type": "pre", "text": "x", "language": "py"}]),
    ("> q\n> r", [{"type": "blockquote", "blocks": [p("q r")]}]),
    ("---", [{"type": "divider"}]),
    ("1. a\n2. b", [{"type": "list", "items": [
        {"label": "1.", "blocks": [p("a")], "value": 1, "type": "1"}, {"label": "2.", "blocks": [p("b")], "value": 2, "type": "1"}]}]),
    ("- [x] done", [{"type": "list", "items": [{"label": "•", "blocks": [p("done")], "has_checkbox": True, "is_checked": True}]}]),
    ("| H | I |\n|:--|--:|\n| a | **b** |", [{"type": "table", "cells": [
        [{"text": "H", "is_header": True, "align": "left", "valign": "top"}, {"text": "I", "is_header": True, "align": "right", "valign": "top"}],
        [{"text": "a", "align": "left", "valign": "top"}, {"text": bold("b"), "align": "right", "valign": "top"}]]}]),
    ("a <u>u **b**</u>", [p(["a ", {"type": "underline", "text": ["u ", bold("b")]}])]),
    ("![22:45](tg://time?unix=1647531900&format=wDT)", [p({"type": "date_time", "text": "22:45", "unix_time": 1647531900, "date_time_format": "wDT"})]),
    ("<details><summary>S</summary>\n\n- x\n\n</details>", [{"type": "details", "summary": "S", "blocks": [
        {"type": "list", "items": [{"label": "•", "blocks": [p("x")]}]}]}]),
]  # fmt: skip


async def shown(api: BotApi, chat: Chat, form: str, source: str) -> Any:
    """The blocks that come of it; a divider alone shows nothing, so there is a word beside it."""
    extra = {"---": "\n\nend", '<a name="c"></a>': "<p>end</p>"}.get(source, "")
    sent = await api.ok(
        "sendRichMessage", chat_id=chat.id, rich_message={form: source + extra, "skip_entity_detection": True}
    )
    blocks = sent["rich_message"]["blocks"]
    return blocks[:-1] if extra else blocks


@pytest.mark.parametrize(("source", "blocks"), HTML)
async def test_rich_html_becomes_blocks(api: BotApi, chat: Chat, source: str, blocks: list[Json]) -> None:
    """Each documented tag becomes its block or its rich text."""
    assert await shown(api, chat, "html", source) == blocks


@pytest.mark.parametrize(("source", "blocks"), MARKDOWN)
async def test_rich_markdown_becomes_blocks(api: BotApi, chat: Chat, source: str, blocks: list[Json]) -> None:
    """GitHub's dialect with Telegram's additions, and HTML within it."""
    assert await shown(api, chat, "markdown", source) == blocks


async def test_a_user_is_mentioned_and_a_footnote_linked(api: BotApi, chat: Chat, ada: User) -> None:
    """A link to a user becomes a mention; a footnote a reference that its mark leads to."""
    [block] = await shown(api, chat, "html", f'<a href="tg://user?id={ada.id}">her</a>')
    assert block["text"]["user"]["first_name"] == "Ada"
    text, note = await shown(api, chat, "markdown", "x[^1]\n\n[^1]: the *note*")
    assert text["text"][1]["text"] == {"type": "anchor_link", "text": "1", "anchor_name": "1"}
    assert note["text"]["name"] == "1"


@pytest.mark.parametrize(
    ("form", "source", "why"),
    [
        ("html", "<script>x</script>", 'can\'t parse rich message: Unsupported start tag "script"'),
        ("html", "x</b>", 'can\'t parse rich message: Unexpected end tag "b"'),
        ("html", '<tg-button type="x">y</tg-button>', 'can\'t parse rich message: Unsupported button type "x"'),
        ("html", '<img src="tg://photo?id=none"/>', "RICH_MESSAGE_MEDIA_INVALID"),
        ("html", '<img src="https://a.org/x.jpg"/>', "failed to get HTTP URL content"),
        ("html", " ", "RICH_MESSAGE_EMPTY"),
        ("html", "<b>" * 3000 + "x", "RICH_MESSAGE_DEPTH_INVALID"),
        ("markdown", "> " * 30 + "x", "RICH_MESSAGE_DEPTH_INVALID"),
        ("markdown", "x" * 32769, "RICH_MESSAGE_TEXT_TOO_LONG"),
        ("html", "<table><tr>" + "<td>x</td>" * 21 + "</tr></table>", "RICH_MESSAGE_TABLE_COLS_TOO_MANY"),
    ],
)
async def test_what_cannot_be_shown_is_refused(api: BotApi, chat: Chat, form: str, source: str, why: str) -> None:
    """The limits and rules of blocks hold for what was written as text as well."""
    assert await api.refused("sendRichMessage", chat_id=chat.id, rich_message={form: source}) == (
        400,
        f"Bad Request: {why}",
    )


async def test_text_can_make_live_buttons_in_html(api: BotApi, chat: Chat) -> None:
    """What makes text from outside dangerous in html and markdown: a tag in it becomes a button, unless it is escaped."""
    [live] = await shown(api, chat, "markdown", 'title <tg-button type="callback_data" data="x">press</tg-button>')
    assert live["text"][1]["type"] == "button"
    [dead] = await shown(api, chat, "markdown", "title &lt;tg-button&gt;")
    assert dead["text"] == "title <tg-button>"
