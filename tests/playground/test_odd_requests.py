"""No request, however odd, breaks the stand-in: it is answered or refused as JSON."""

from __future__ import annotations

import random

import pytest

from bot.playground.control import Playground
from bot.playground.methods import METHODS
from bot.playground.state import Chat, User
from tests.support.bot_api import BotApi, keyboard

NAMES = [
    "chat_id", "user_id", "message_id", "message_ids", "message_thread_id", "text", "caption", "parse_mode", "entities", "caption_entities", "reply_markup", "reply_parameters", "reply_to_message_id", "link_preview_options", "action", "document", "photo", "commands", "scope", "language_code", "name", "description", "short_description", "callback_query_id", "show_alert", "offset", "limit", "allowed_updates", "url",
]  # fmt: skip
VALUES = [
    "", "0", "1", "-1", "²", "٣", "9" * 400, "1e9", "true", "null", "[]", "{}", "[[]]", "[null]", "{", '"x"', "@x",
    "HTML", "<b>x</b>", "<a href='http://[bad'>x</a>", "<tg-emoji emoji-id='²'>x</tg-emoji>", "typing", "zh",
    '{"message_id": "abc"}', '{"message_id": 1, "chat_id": []}', '{"type": ["chat"]}', '{"type": "chat", "chat_id": {}}',
    '[{"type": "text_link", "offset": 0, "length": 1}]', '[{"type": "text_mention", "offset": 0, "length": 1, "user": 5}]',
    '[{"type": "bold", "offset": "a", "length": 1}]', '[{"type": "bold", "offset": -5, "length": 99}]', '[1, "x", -3]',
    '[{"command": 5, "description": null}]', '{"inline_keyboard": [[{"text": 5, "callback_data": 7}]]}',
    '{"inline_keyboard": [[{"text": [], "url": {}}]]}', '{"inline_keyboard": {"a": 1}}', '{"is_disabled": true}',
]  # fmt: skip


@pytest.mark.parametrize("method", [*METHODS, "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo"])
async def test_odd_arguments_are_refused_not_stumbled_over(
    api: BotApi, playground: Playground, chat: Chat, ada: User, method: str
) -> None:
    """Sixty mixtures of odd values a method: each is 200 or a refusal, never a server error."""
    rng = random.Random(method)
    await playground.user_sends(chat, ada, "hello")
    await api.ok("sendMessage", chat_id=chat.id, text="x", reply_markup=keyboard([("a", "b")]))
    for _ in range(60):
        values = {name: rng.choice(VALUES) for name in rng.sample(NAMES, rng.randint(0, 12))}
        if rng.random() < 0.7:
            values["chat_id"] = str(chat.id)
        status, body, _ = await api.raw(method, data=values)
        assert status in (200, 400, 401, 403, 404, 409, 501), (values, body)
        assert body["ok"] is (status == 200)
    assert (await api.ok("getMe"))["id"] == playground.bot.id


async def test_numbers_in_buttons_become_texts(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A JSON number where a text belongs is taken as its digits, as the server does."""
    markup = {"inline_keyboard": [[{"text": 5, "callback_data": 7}]]}
    sent = await api.ok("sendMessage", chat_id=chat.id, text="x", reply_markup=markup)
    assert sent["reply_markup"] == keyboard([("5", "7")])
    assert (await playground.press(chat, ada, sent["message_id"], "5")).data == "7"


async def test_listed_entities_are_taken_over(api: BotApi, chat: Chat, ada: User) -> None:
    """Entities may be listed instead of marked up; those that the server finds itself are ignored."""
    listed = [
        {"type": "bold", "offset": 0, "length": 2},
        {"type": "text_link", "offset": 3, "length": 2, "url": "arxiv.org"},
        {"type": "text_mention", "offset": 6, "length": 2, "user": {"id": ada.id, "first_name": "Ada"}},
        {"type": "pre", "offset": 9, "length": 2, "language": "tex"},
        {"type": "url", "offset": 0, "length": 2},
    ]
    sent = await api.ok("sendMessage", chat_id=chat.id, text="ab cd ef gh", entities=listed)
    assert [(e["type"], e["offset"], e["length"]) for e in sent["entities"]] == [
        ("bold", 0, 2),
        ("text_link", 3, 2),
        ("text_mention", 6, 2),
        ("pre", 9, 2),
    ]
    assert sent["entities"][1]["url"] == "http://arxiv.org/"
    assert sent["entities"][2]["user"]["first_name"] == "Ada"
    assert sent["entities"][3]["language"] == "tex"
