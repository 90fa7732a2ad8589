from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest

from bot.playground.control import Playground
from bot.playground.errors import ApiError, upgraded
from bot.playground.server import Fault
from bot.playground.state import Chat, ChatType, Role, User
from tests.support.bot_api import BotApi, keyboard
from tests.support.movable_clock import MovableClock

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a0000000049454e44ae426082")


async def test_a_message_is_stored_and_answered_as_telegram_does(
    api: BotApi, playground: Playground, chat: Chat
) -> None:
    """A sent message gives the Message that stands in the chat: text, entities, keyboard, sender."""
    sent = await api.ok(
        "sendMessage", chat_id=chat.id, text="<b>Hi</b> Ada", parse_mode="HTML", reply_markup=keyboard([("Go", "go:1")])
    )
    assert sent["text"] == "Hi Ada"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["chat"] == {
        "id": chat.id,
        "type": "private",
        "first_name": "Ada",
        "last_name": "Reader",
        "username": "ada_reads",
    }
    assert sent["from"]["is_bot"] is True
    assert sent["reply_markup"] == keyboard([("Go", "go:1")])
    [message] = playground.messages(chat)
    assert (message.id, message.text, [b["text"] for b in message.buttons]) == (sent["message_id"], "Hi Ada", ["Go"])


@pytest.mark.parametrize("how", ["form", "multipart", "json", "query"])
async def test_every_form_of_request_is_understood(api: BotApi, chat: Chat, how: str) -> None:
    """Form fields, multipart, a JSON body and a GET with a query string say the same."""
    values: dict[str, Any] = {"chat_id": chat.id, "text": "héllo & <x>", "disable_notification": True}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    if how == "query":
        async with api.session.get(f"{api.url}/bot{api.token}/sendMessage", params=texts) as response:
            body = await response.json()
    elif how == "json":
        _, body, _ = await api.raw("sendMessage", json=values)
    elif how == "form":
        _, body, _ = await api.raw("SENDMESSAGE", data=texts)
    else:
        parts = aiohttp.FormData(texts, default_to_multipart=True)
        _, body, _ = await api.raw("sendMessage", data=parts)
    assert body["ok"] is True, body
    assert body["result"]["text"] == "héllo & <x>"


@pytest.mark.parametrize(
    ("values", "description"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "🔥" * 2049}, "message is too long"),
        ({"text": "x" * 32769}, "text is too long"),
        ({"text": "x", "parse_mode": "XML"}, "unsupported parse_mode"),
        ({"text": "<i>x", "parse_mode": "html"}, 'can\'t parse entities: Can\'t find end tag corresponding to start tag "i"'),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "chat_id": 99}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody_here"}, "chat not found"),
        ({"text": "x", "reply_parameters": {"message_id": 4711}}, "message to be replied not found"),
        ({"text": "x", "reply_to_message_id": 4711}, "message to be replied not found"),
        ({"text": "x", "reply_parameters": "{"}, "can't parse reply parameters JSON object"),
        ({"text": "x", "message_thread_id": 5}, "message thread not found"),
        ({"text": "x", "reply_markup": "{"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": [1]}, "object expected as reply markup"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [{}]}}, 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"callback_data": "a"}]]}}, 'can\'t parse inline keyboard button: Can\'t find field "text"'),
        ({"text": "x", "reply_markup": keyboard([("a", "")])}, "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "reply_markup": keyboard([(" ", "a")])}, "inline keyboard button text must be non-empty"),
        ({"text": "x", "reply_markup": keyboard([("a", "é" * 33)])}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard([("a", "b")] * 9)}, "reply markup is too long"),
        ({"text": "x", "reply_markup": keyboard(*[[("a", "b")]] * 101)}, "reply markup is too long"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "no link"}]]}}, "inline keyboard button URL 'no link' is invalid: Wrong HTTP URL"),
        ({"text": "x", "entities": [{"type": "sparkle", "offset": 0, "length": 1}]}, "can't parse MessageEntity: Unsupported type specified"),
    ],
)  # fmt: skip
async def test_bad_messages_are_refused_in_telegrams_words(
    api: BotApi, playground: Playground, chat: Chat, values: dict[str, Any], description: str
) -> None:
    """Each mistake has its own 400, and nothing is sent."""
    assert await api.refused("sendMessage", **{"chat_id": chat.id} | values) == (400, f"Bad Request: {description}")
    assert playground.messages(chat) == []


async def test_the_limits_themselves_are_allowed(api: BotApi, chat: Chat) -> None:
    """4096 code units after parsing, 64 bytes of data, 8 buttons in a row, 100 in all."""
    await api.ok("sendMessage", chat_id=chat.id, text=f"<b>{'x' * 4094}</b>🔥", parse_mode="HTML")
    await api.ok("sendMessage", chat_id=chat.id, text="x", reply_markup=keyboard([("a", "é" * 32)]))
    rows = [[("a", "b")] * 8] * 12 + [[("a", "b")] * 4]
    await api.ok("sendMessage", chat_id=chat.id, text="x", reply_markup=keyboard(*rows))


async def test_a_reply_shows_what_it_replies_to(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """The answer carries reply_to_message; a missing one is forgiven only where the request says so."""
    asked = await playground.user_sends(chat, ada, "What's new?")
    sent = await api.ok("sendMessage", chat_id=chat.id, text="This.", reply_parameters={"message_id": asked.id})
    assert sent["reply_to_message"]["text"] == "What's new?"
    lenient = {"message_id": 4711, "allow_sending_without_reply": True}
    assert "reply_to_message" not in await api.ok("sendMessage", chat_id=chat.id, text="x", reply_parameters=lenient)


async def test_a_stranger_cannot_be_written_to(api: BotApi, playground: Playground) -> None:
    """Somebody who never opened the chat is a 403."""
    stranger = playground.add_user("Otto")
    assert await api.refused("sendMessage", chat_id=stranger.id, text="x") == (
        403,
        "Forbidden: bot can't initiate conversation with a user",
    )


async def test_blocked_deactivated_and_back(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Blocking, unblocking and deleting an account change the answer at once."""
    await playground.block(ada)
    assert await api.refused("sendMessage", chat_id=chat.id, text="x") == (
        403,
        "Forbidden: bot was blocked by the user",
    )
    await playground.unblock(ada)
    await api.ok("sendMessage", chat_id=chat.id, text="x")
    ada.deactivated = True
    assert await api.refused("sendMessage", chat_id=chat.id, text="x") == (403, "Forbidden: user is deactivated")


@pytest.mark.parametrize("supergroup", [False, True])
async def test_kicked_and_outside(api: BotApi, playground: Playground, ada: User, *, supergroup: bool) -> None:
    """Groups and supergroups refuse a bot that is not, or no longer, in them."""
    group = playground.add_group("Readers", ada, supergroup=supergroup)
    kind = "supergroup" if supergroup else "group"
    assert await api.refused("sendMessage", chat_id=group.id, text="x") == (
        403,
        f"Forbidden: bot is not a member of the {kind} chat",
    )
    await playground.join(group, playground.bot)
    await api.ok("sendMessage", chat_id=group.id, text="x")
    await playground.kick(group, ada)
    assert await api.refused("sendMessage", chat_id=group.id, text="x") == (
        403,
        f"Forbidden: bot was kicked from the {kind} chat",
    )


async def test_a_channel_wants_an_administrator(api: BotApi, playground: Playground, ada: User) -> None:
    """In a channel the bot posts as the channel, and only with the right to."""
    channel = playground.add_channel("Daily papers", ada, username="daily_papers")
    await playground.join(channel, playground.bot)
    assert await api.refused("sendMessage", chat_id=channel.id, text="x") == (
        400,
        "Bad Request: need administrator rights in the channel chat",
    )
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    sent = await api.ok("sendMessage", chat_id="@Daily_Papers", text="x")
    assert (
        sent["sender_chat"]
        == sent["chat"]
        == {
            "id": channel.id,
            "type": "channel",
            "title": "Daily papers",
            "username": "daily_papers",
        }
    )
    assert "from" not in sent


async def test_muted_groups_refuse_by_right(api: BotApi, playground: Playground, ada: User) -> None:
    """A group may be joined and yet not be written to."""
    group = playground.add_group("Quiet", ada)
    await playground.join(group, playground.bot)
    group.may_write = False
    assert await api.refused("sendMessage", chat_id=group.id, text="x") == (
        400,
        "Bad Request: not enough rights to send text messages to the chat",
    )


async def test_a_migrated_group_names_its_new_id(api: BotApi, playground: Playground, ada: User) -> None:
    """The 400 carries migrate_to_chat_id, service messages tell both sides, and the new chat works."""
    group = playground.add_group("Readers", ada, supergroup=False)
    await playground.join(group, playground.bot)
    await api.ok("getUpdates", offset=0)
    new = await playground.migrate(group, ada)
    status, body, _ = await api.raw("sendMessage", data={"chat_id": str(group.id), "text": "x"})
    assert (status, body) == (400, upgraded(new.id).body())
    assert body["parameters"] == {"migrate_to_chat_id": new.id}
    services = [u["message"] for u in await api.ok("getUpdates") if "message" in u][-2:]
    assert services[0]["chat"]["id"] == group.id
    assert services[0]["migrate_to_chat_id"] == new.id
    assert services[1]["chat"] == {"id": new.id, "type": "supergroup", "title": "Readers"}
    assert services[1]["migrate_from_chat_id"] == group.id
    await api.ok("sendMessage", chat_id=new.id, text="x")


async def test_forum_topics(api: BotApi, playground: Playground, ada: User) -> None:
    """A message goes to its topic; unknown and closed topics refuse it."""
    forum = playground.add_group("Lab", ada, forum=True)
    await playground.join(forum, playground.bot)
    thread = await playground.add_topic(forum, ada, "Papers")
    sent = await api.ok("sendMessage", chat_id=forum.id, message_thread_id=thread, text="x")
    assert (sent["message_thread_id"], sent["is_topic_message"], sent["chat"]["is_forum"]) == (thread, True, True)
    assert [m.text for m in playground.messages(forum, thread_id=thread, by_bot=True)] == ["x"]
    assert await api.refused("sendMessage", chat_id=forum.id, message_thread_id=thread + 50, text="x") == (
        400,
        "Bad Request: message thread not found",
    )
    forum.topics[thread].closed = True
    refused = await api.refused("sendMessage", chat_id=forum.id, message_thread_id=thread, text="x")
    assert refused == (400, "Bad Request: TOPIC_CLOSED")


async def test_files(api: BotApi, chat: Chat) -> None:
    """A document keeps name, type and size; a photo its measures; both can be sent again by file_id."""
    form = aiohttp.FormData({"chat_id": str(chat.id), "caption": "<b>Cards</b>", "parse_mode": "HTML"})
    form.add_field("document", b"# report", filename="report.md", content_type="text/markdown")
    _, body, _ = await api.raw("sendDocument", data=form)
    document = body["result"]["document"]
    assert (document["file_name"], document["mime_type"], document["file_size"]) == ("report.md", "text/markdown", 8)
    assert body["result"]["caption_entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    again = await api.ok("sendDocument", chat_id=chat.id, document=document["file_id"])
    assert again["document"] == document

    form = aiohttp.FormData({"chat_id": str(chat.id), "photo": "attach://formula"})
    form.add_field("formula", PNG, filename="f.png", content_type="image/png")
    _, body, _ = await api.raw("sendPhoto", data=form)
    assert [(size["width"], size["height"]) for size in body["result"]["photo"]] == [(3, 2)]


@pytest.mark.parametrize(
    ("method", "field", "content", "expected"),
    [
        ("sendDocument", "other", b"x", (400, "Bad Request: there is no document in the request")),
        ("sendPhoto", "other", b"x", (400, "Bad Request: there is no photo in the request")),
        ("sendDocument", "document", b"", (400, "Bad Request: file must be non-empty")),
        ("sendPhoto", "photo", b"not a picture", (400, "Bad Request: IMAGE_PROCESS_FAILED")),
    ],
)
async def test_bad_files(
    api: BotApi, chat: Chat, method: str, field: str, content: bytes, expected: tuple[int, str]
) -> None:
    """Missing, empty and undrawable files are refused."""
    form = aiohttp.FormData({"chat_id": str(chat.id)})
    form.add_field(field, content, filename="f.bin", content_type="application/octet-stream")
    status, body, _ = await api.raw(method, data=form)
    assert (status, body["description"]) == expected


async def test_unknown_files_and_long_captions(api: BotApi, chat: Chat) -> None:
    """A file_id nobody gave, an outside address, and 1025 code units are refused."""
    for document, description in (
        ("AAAA", "wrong file identifier/HTTP URL specified"),
        ("https://example.org/a.pdf", "failed to get HTTP URL content"),
    ):
        refused = await api.refused("sendDocument", chat_id=chat.id, document=document)
        assert refused == (400, f"Bad Request: {description}")
    form = aiohttp.FormData({"chat_id": str(chat.id), "caption": "x" * 1025})
    form.add_field("document", b"x", filename="x")
    _, body, _ = await api.raw("sendDocument", data=form)
    assert body["description"] == "Bad Request: message caption is too long"


async def test_chat_actions(api: BotApi, chat: Chat) -> None:
    """Known actions are taken, others refused."""
    assert await api.ok("sendChatAction", chat_id=chat.id, action="typing") is True
    refused = await api.refused("sendChatAction", chat_id=chat.id, action="dancing")
    assert refused == (400, "Bad Request: wrong parameter action in request")


async def test_the_door(api: BotApi, playground: Playground) -> None:
    """A wrong token is 401, an unknown method 404, a path that is none 404, a body that is none 400."""
    assert await api.refused("sendHologram", chat_id=1) == (404, "Not Found: method not found")
    stranger = BotApi(api.session, api.url, "123:wrong")
    assert await stranger.refused("getMe") == (401, "Unauthorized")
    nonsense = BotApi(api.session, api.url, "nonsense")
    assert await nonsense.refused("getMe") == (404, "Not Found")
    async with api.session.get(f"{api.url}/somewhere") as response:
        assert response.status == 404
    headers = {"Content-Type": "application/json"}
    status, body, _ = await api.raw("sendMessage", data=b"{", headers=headers)
    assert (status, body["description"]) == (400, "Bad Request: can't parse request body")
    assert playground.url.startswith("http://127.0.0.1:")


async def test_faults_come_when_asked_for(api: BotApi, playground: Playground, chat: Chat) -> None:
    """A test can refuse, delay and lose answers; a lost answer leaves the message behind."""
    playground.refuse("sendMessage", ApiError(502, "Bad Gateway"), times=2)
    for _ in range(2):
        assert await api.refused("sendMessage", chat_id=chat.id, text="x") == (502, "Bad Gateway")
    fault = playground.fail(Fault("sendMessage", lose_answer=True))
    with pytest.raises(aiohttp.ClientError):
        await api.raw("sendMessage", data={"chat_id": str(chat.id), "text": "there anyway"})
    assert fault.times == 0
    await api.ok("sendMessage", chat_id=chat.id, text="after")
    assert [m.text for m in playground.messages(chat)] == ["there anyway", "after"]
    assert [call.code for call in playground.calls] == [502, 502, 0, 200]


async def test_message_ids_count_as_telegram_counts(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Private chats and basic groups share one row of ids; each supergroup has its own."""
    basic = playground.add_group("Basic", ada, supergroup=False)
    large = playground.add_group("Large", ada)
    for group in (basic, large):
        group.members[playground.bot.id] = Role.MEMBER
    assert large.type is ChatType.SUPERGROUP
    order = (chat, basic, large, chat, large)
    ids = [(await api.ok("sendMessage", chat_id=place.id, text="x"))["message_id"] for place in order]
    assert ids == [1, 2, 1, 3, 2]
    assert basic.id < 0 < -large.id - 10**12


async def test_a_request_is_dated_by_the_clock(api: BotApi, chat: Chat, clock: MovableClock) -> None:
    """Messages carry the injected time."""
    clock.advance(hours=3)
    sent = await api.ok("sendMessage", chat_id=chat.id, text="x")
    assert sent["date"] == int(clock.now.timestamp())
