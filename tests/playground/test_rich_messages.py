"""Rich messages in the playground: what is refused, with which words, and what stands in the chat afterwards."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from bot.playground.control import Playground
from bot.playground.state import Chat, User
from tests.support.bot_api import BotApi, keyboard

Json = dict[str, Any]


def paragraph(text: object = "x") -> Json:
    """A paragraph."""
    return {"type": "paragraph", "text": text}


def button(label: object = "Go", **action: object) -> Json:
    """A rich button, a callback one unless another action is given."""
    return {"text": label, **(action or {"callback_data": "go"})}


def row(*buttons: Json) -> Json:
    """A row of buttons."""
    return {"type": "buttons", "buttons": list(buttons)}


def nested(levels: int) -> Json:
    """A paragraph within so many details."""
    block = paragraph()
    for _ in range(levels):
        block = {"type": "details", "summary": "s", "blocks": [block]}
    return block


def table(*rows: list[Json]) -> Json:
    """A table."""
    return {"type": "table", "cells": list(rows)}


async def test_a_rich_message_is_answered_as_clients_receive_it(
    api: BotApi, playground: Playground, chat: Chat
) -> None:
    """The answer carries rich_message with every default filled in, no text, and the keyboard."""
    blocks = [
        {"type": "heading", "text": "Today", "size": 2},
        paragraph(["see ", {"type": "bold", "text": {"type": "italic", "text": "this"}}]),
        table([{"text": "Paper", "is_header": True}, {"text": "★", "align": "right", "rowspan": 2}], [{"text": "A"}]),
        {
            "type": "list",
            "items": [{"blocks": [paragraph("one")], "value": 3}, {"blocks": [paragraph("two")], "type": "i"}],
        },
        {"type": "list", "items": [{"blocks": [paragraph("done")], "has_checkbox": True, "is_checked": True}]},
        {"type": "mathematical_expression", "expression": r"\frac{a}{b}"},
        {"type": "blockquote", "blocks": [paragraph("said")], "credit": "Ada"},
        row(button(style="primary", callback_data="go"), button("Site", url="https://arxiv.org")),
    ]
    sent = await api.ok(
        "sendRichMessage", chat_id=chat.id, rich_message={"blocks": blocks}, reply_markup=keyboard([("More", "more")])
    )
    assert "text" not in sent
    shown = sent["rich_message"]["blocks"]
    assert shown[:2] == blocks[:2]
    assert shown[2]["cells"][0] == [
        {"text": "Paper", "is_header": True, "align": "left", "valign": "top"},
        {"text": "★", "rowspan": 2, "align": "right", "valign": "top"},
    ]
    assert [(item["label"], item["value"]) for item in shown[3]["items"]] == [("3.", 3), ("iv.", 4)]
    assert shown[4]["items"][0] == {
        "label": "•", "blocks": [paragraph("done")], "has_checkbox": True, "is_checked": True,
    }  # fmt: skip
    assert shown[5:] == blocks[5:]
    message = playground.last(chat)
    assert [b["text"] for b in message.buttons] == ["Go", "Site", "More"]
    assert "Paper | ★\nA" in message.plain
    assert message.text == ""


async def test_a_press_inside_a_rich_message_carries_the_message(
    api: BotApi, playground: Playground, ada: User, chat: Chat
) -> None:
    """The callback query has data and message.rich_message, and no text."""
    sent = await api.ok(
        "sendRichMessage", chat_id=chat.id, rich_message={"blocks": [paragraph(), row(button(callback_data="go:1"))]}
    )
    press = await playground.press(chat, ada, sent["message_id"], "Go")
    [update] = await api.ok("getUpdates")
    query = update["callback_query"]
    assert (query["id"], query["data"]) == (press.id, "go:1")
    assert query["message"]["rich_message"] == sent["rich_message"]
    assert "text" not in query["message"]


async def test_what_is_found_in_plain_text_can_be_switched_off(api: BotApi, chat: Chat) -> None:
    """Links, mentions and hashtags become rich text unless skip_entity_detection is set; code stays as it is."""
    text = ["see arxiv.org, @ada_reads #ml ", {"type": "code", "text": "a.org"}]
    found = await api.ok("sendRichMessage", chat_id=chat.id, rich_message={"blocks": [paragraph(text)]})
    assert found["rich_message"]["blocks"][0]["text"] == [
        [
            "see ",
            {"type": "url", "text": "arxiv.org", "url": "http://arxiv.org/"},
            ", ",
            {"type": "mention", "text": "@ada_reads", "username": "ada_reads"},
            " ",
            {"type": "hashtag", "text": "#ml", "hashtag": "ml"},
            " ",
        ],
        {"type": "code", "text": "a.org"},
    ]
    kept = await api.ok(
        "sendRichMessage", chat_id=chat.id, rich_message={"blocks": [paragraph(text)], "skip_entity_detection": True}
    )
    assert kept["rich_message"]["blocks"][0]["text"] == text


GOOD: dict[str, list[Json]] = {
    "as long as allowed": [paragraph("x" * 32768)],
    "as many blocks as allowed": [paragraph()] * 500,
    "as deep as allowed": [nested(15)],
    "as wide as allowed": [table([{"text": "x"}] * 20)],
    "as many buttons as allowed": [row(*[button()] * 8)],
    "as much data as allowed": [row(button(callback_data="é" * 32))],
    "a formula alone": [{"type": "mathematical_expression", "expression": "x"}],
    "a map alone": [{"type": "map", "location": {"latitude": 41.9, "longitude": 12.5}}],
    "buttons alone": [row(button())],
    "an empty paragraph among others": [paragraph(""), paragraph()],
    "unknown fields": [paragraph() | {"colour": "red"}],
    "a button that does nothing": [row(button(disabled={}))],
    "a label with a date": [
        row(button(["at ", {"type": "date_time", "text": "8", "unix_time": 1, "date_time_format": "t"}]))
    ],
}


@pytest.mark.parametrize("case", GOOD)
async def test_everything_up_to_the_limits_is_taken(api: BotApi, chat: Chat, case: str) -> None:
    """Exactly at a limit, and in the forms that Telegram's documentation allows, nothing is refused."""
    await api.ok("sendRichMessage", chat_id=chat.id, rich_message={"blocks": GOOD[case]})


BAD: list[tuple[object, str]] = [
    (None, "RICH_MESSAGE_CONTENT_REQUIRED"),
    ({}, "RICH_MESSAGE_CONTENT_REQUIRED"),
    ("{", "can't parse rich message JSON object"),
    ([], "can't parse InputRichMessage: expected an Object"),
    ({"blocks": [paragraph()], "html": "x"}, "can't parse InputRichMessage: exactly one of the fields html, markdown, or blocks must be used"),
    ({"blocks": []}, "RICH_MESSAGE_EMPTY"),
    ({"blocks": [{"type": "divider"}, {"type": "anchor", "name": "a"}]}, "RICH_MESSAGE_EMPTY"),
    ({"blocks": [paragraph(" \u200b\n")]}, "RICH_MESSAGE_EMPTY"),
    ({"blocks": [paragraph("x" * 32769)]}, "RICH_MESSAGE_TEXT_TOO_LONG"),
    ({"blocks": [paragraph("x" * 32765), row(button("four"))]}, "RICH_MESSAGE_TEXT_TOO_LONG"),
    ({"blocks": [paragraph()] * 501}, "RICH_MESSAGE_BLOCKS_TOO_MANY"),
    ({"blocks": [table(*[[{"text": "x"}]] * 500)]}, "RICH_MESSAGE_BLOCKS_TOO_MANY"),
    ({"blocks": [nested(16)]}, "RICH_MESSAGE_DEPTH_INVALID"),
    ({"blocks": [table([{"text": "x", "colspan": 21}])]}, "RICH_MESSAGE_TABLE_COLS_TOO_MANY"),
    ({"blocks": [table([{"text": "x", "rowspan": 2}], [{"text": "x"}] * 20)]}, "RICH_MESSAGE_TABLE_COLS_TOO_MANY"),
    ({"blocks": [{"type": "table"}]}, 'can\'t parse InputRichBlock: Can\'t find field "cells"'),
    ({"blocks": [{"type": "heading", "text": "x"}]}, 'can\'t parse InputRichBlock: Can\'t find field "size"'),
    ({"blocks": [{"type": "heading", "text": "x", "size": 7}]}, "invalid section heading size specified"),
    ({"blocks": [{"type": "sectionHeading", "text": "x"}]}, 'can\'t parse InputRichBlock: type "sectionHeading" is unsupported'),
    ({"blocks": [{"type": "thinking", "text": "x"}]}, 'can\'t parse InputRichBlock: type "thinking" is unsupported'),
    ({"blocks": [{"text": "x"}]}, 'can\'t parse InputRichBlock: Can\'t find field "type"'),
    ({"blocks": [paragraph({"type": "plain", "text": "x"})]}, "can't parse InputRichBlock: Unsupported rich text type"),
    ({"blocks": [table([{"text": {"type": "plain"}}])]}, "can't parse PageBlockTableCell: Unsupported rich text type"),
    ({"blocks": [table([{"text": "x", "colspan": -1}])]}, "invalid table cell colspan specified"),
    ({"blocks": [{"type": "list", "items": []}]}, "list must be non-empty"),
    ({"blocks": [{"type": "list", "items": [{"blocks": []}, {"blocks": [], "value": 2}]}]}, "list must be either ordered or unordered"),
    ({"blocks": [{"type": "map", "location": {"latitude": 1, "longitude": 1}, "width": 9999, "height": 2}]}, "invalid map properties specified"),
    ({"blocks": [paragraph({"type": "email_address", "text": "x", "email_address": "x"})]}, "RICH_MESSAGE_EMAIL_INVALID"),
    ({"blocks": [paragraph({"type": "date_time", "text": "x", "unix_time": 1, "date_time_format": "now"})]}, "RICH_MESSAGE_DATE_INVALID"),
    ({"blocks": [{"type": "photo", "photo": "x"}]}, 'field "photo" must be of type Object'),
    ({"blocks": [paragraph("\ud800")]}, "strings must be encoded in UTF-8"),
    ({"blocks": [row(*[button()] * 9)]}, "RICH_MESSAGE_BUTTONS_INVALID"),
    ({"blocks": [row()]}, "RICH_MESSAGE_BUTTONS_INVALID"),
    ({"blocks": [row(button(callback_data="é" * 33))]}, "BUTTON_DATA_INVALID"),
    ({"blocks": [row(button(callback_data=""))]}, "BUTTON_DATA_INVALID"),
    ({"blocks": [row({"text": "Go"})]}, "can't parse RichMessageButton: exactly one of the optional fields must be used to specify the type of the button"),
    ({"blocks": [row(button(url="a.org", callback_data="x"))]}, "can't parse RichMessageButton: exactly one of the optional fields must be used to specify the type of the button"),
    ({"blocks": [row(button({"type": "bold", "text": "Go"}))]}, "RICH_MESSAGE_BUTTON_TEXT_INVALID"),
    ({"blocks": [row(button(url="https://a.org", style="link"))]}, "BUTTON_STYLE_INVALID"),
    ({"blocks": [row(button(url="nowhere"))]}, "BUTTON_URL_INVALID"),
]  # fmt: skip


@pytest.mark.parametrize(("rich", "why"), BAD)
async def test_what_telegram_refuses_is_refused(
    api: BotApi, playground: Playground, chat: Chat, rich: object, why: str
) -> None:
    """Each broken rule is answered with 400 and its own words, in a message and in an edit, and nothing is sent."""
    values = {} if rich is None else {"rich_message": rich}
    assert await api.refused("sendRichMessage", chat_id=chat.id, **values) == (400, f"Bad Request: {why}")
    assert playground.messages(chat) == []
    # a message is looked at before the chat is
    assert await api.refused("sendRichMessage", chat_id=99, **values) == (400, f"Bad Request: {why}")
    if rich:
        text = await api.ok("sendMessage", chat_id=chat.id, text="x")
        edit = {"chat_id": chat.id, "message_id": text["message_id"], "rich_message": rich}
        assert await api.refused("editMessageText", **edit) == (400, f"Bad Request: {why}")


async def test_text_becomes_rich_and_rich_stays_rich(api: BotApi, playground: Playground, chat: Chat) -> None:
    """A text is edited into a rich message, that into another; the same again is no change; both at once is refused."""
    sent = await api.ok("sendMessage", chat_id=chat.id, text="first")
    edit = {"chat_id": chat.id, "message_id": sent["message_id"]}
    second = {"blocks": [paragraph("second")]}
    edited = await api.ok("editMessageText", **edit, rich_message=second)
    assert edited["rich_message"] == second
    assert "text" not in edited
    assert "edit_date" in edited
    code, why = await api.refused("editMessageText", **edit, rich_message=second)
    assert (code, why.startswith("Bad Request: message is not modified")) == (400, True)
    await api.ok("editMessageReplyMarkup", **edit, reply_markup=keyboard([("A", "a")]))
    third = {"blocks": [paragraph("third")]}
    assert (await api.ok("editMessageText", **edit, rich_message=third))["rich_message"] == third
    assert [(version.text, version.rich and version.rich.plain) for version in playground.last(chat).past] == [
        ("first", None),
        ("", "second"),
        ("", "second"),
    ]
    assert (await api.refused("editMessageText", **edit, rich_message=third, text="x"))[0] == 400


async def test_a_picture_in_a_rich_message(api: BotApi, chat: Chat) -> None:
    """An uploaded picture becomes PhotoSizes with a file_id that works again; an unknown file is refused."""
    png = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a0000000049454e44ae426082")
    upload = {"type": "photo", "photo": {"type": "photo", "media": "attach://p"}, "caption": {"text": "A figure"}}
    form = aiohttp.FormData({"chat_id": str(chat.id), "rich_message": json.dumps({"blocks": [upload]})})
    form.add_field("p", png, filename="f.png")
    _, body, _ = await api.raw("sendRichMessage", data=form)
    [block] = body["result"]["rich_message"]["blocks"]
    assert (block["photo"][0]["width"], block["caption"]) == (3, {"text": "A figure"})
    again = {"type": "photo", "photo": {"type": "photo", "media": block["photo"][0]["file_id"]}}
    await api.ok("sendRichMessage", chat_id=chat.id, rich_message={"blocks": [again]})
    unknown = {"type": "photo", "photo": {"type": "photo", "media": "nothing"}}
    assert (await api.refused("sendRichMessage", chat_id=chat.id, rich_message={"blocks": [unknown]}))[0] == 400
    many = {"blocks": [again] * 51}
    assert (await api.refused("sendRichMessage", chat_id=chat.id, rich_message=many))[1].endswith("MEDIA_TOO_MANY")
