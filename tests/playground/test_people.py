from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from bot.playground.control import Impossible, Playground
from bot.playground.state import Chat, Event, Happening, Role, User
from tests.support.bot_api import BotApi, keyboard


async def news(api: BotApi) -> list[dict[str, Any]]:
    """What has happened since the last time, confirmed."""
    updates: list[dict[str, Any]] = await api.ok("getUpdates")
    if updates:
        await api.ok("getUpdates", offset=updates[-1]["update_id"] + 1)
    return updates


async def test_a_command_comes_with_its_entity(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Commands are marked at UTF-16 offsets, with and without the bot's name."""
    await playground.user_sends(chat, ada, "🔥 /paper@paperboy_playground_bot 2602.14080")
    [update] = await news(api)
    message = update["message"]
    assert message["entities"] == [{"type": "bot_command", "offset": 3, "length": 30}]
    assert message["from"] == {
        "id": ada.id,
        "is_bot": False,
        "first_name": "Ada",
        "last_name": "Reader",
        "username": "ada_reads",
        "language_code": "en",
    }
    assert message["chat"]["type"] == "private"


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("/start", True),
        ("/start@paperboy_playground_bot", True),
        ("/start@another_bot", False),
        ("hello @paperboy_playground_bot", True),
        ("hello all", False),
    ],
)
async def test_privacy_mode_hides_what_is_not_for_the_bot(
    api: BotApi, playground: Playground, ada: User, *, text: str, arrives: bool
) -> None:
    """In a group a bot sees commands, mentions and replies to it, as long as it is no administrator."""
    group = playground.add_group("Readers", ada)
    await playground.join(group, playground.bot)
    await news(api)
    await playground.user_sends(group, ada, text)
    assert bool(await news(api)) is arrives
    question = await api.ok("sendMessage", chat_id=group.id, text="What interests you?")
    await playground.user_sends(group, ada, "graphs", reply_to=question["message_id"])
    assert len(await news(api)) == 1
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await news(api)
    await playground.user_sends(group, ada, text)
    assert len(await news(api)) == 1


async def test_a_group_learns_of_the_bot_and_the_bot_of_the_group(
    api: BotApi, playground: Playground, ada: User
) -> None:
    """Joining, promotion and being thrown out arrive as my_chat_member; joining as a service message too."""
    group = playground.add_group("Readers", ada, [playground.add_user("Bob")])
    await playground.join(group, playground.bot)
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.kick(group, ada)
    updates = await news(api)
    changes = [update["my_chat_member"] for update in updates if "my_chat_member" in update]
    assert [(c["old_chat_member"]["status"], c["new_chat_member"]["status"]) for c in changes] == [
        ("left", "member"),
        ("member", "administrator"),
        ("administrator", "kicked"),
    ]
    assert {change["from"]["id"] for change in changes} == {ada.id}
    [service] = [update["message"] for update in updates if "message" in update]
    assert service["new_chat_members"][0]["id"] == playground.bot.id


async def test_blocking_is_told(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Block and unblock arrive as my_chat_member of the private chat; a blocked bot cannot be written to."""
    await playground.block(ada)
    with pytest.raises(Impossible, match="blocked"):
        await playground.user_sends(chat, ada, "hi")
    await playground.unblock(ada)
    changes = [update["my_chat_member"] for update in await news(api)]
    assert [(c["chat"]["type"], c["new_chat_member"]["status"]) for c in changes] == [
        ("private", "kicked"),
        ("private", "member"),
    ]


async def test_members_and_administrators(api: BotApi, playground: Playground, ada: User) -> None:
    """The bot can ask who is who."""
    bob, eve, stranger = (playground.add_user(name) for name in ("Bob", "Eve", "Stranger"))
    group = playground.add_group("Readers", ada, [eve], admins=[bob])
    await playground.join(group, playground.bot)
    statuses = [
        (await api.ok("getChatMember", chat_id=group.id, user_id=user.id))["status"]
        for user in (ada, bob, eve, playground.bot, stranger)
    ]
    assert statuses == ["creator", "administrator", "member", "member", "left"]
    admins = await api.ok("getChatAdministrators", chat_id=group.id)
    assert {member["user"]["id"] for member in admins} == {ada.id, bob.id}
    assert await api.ok("getChatMemberCount", chat_id=group.id) == 4
    full = await api.ok("getChat", chat_id=group.id)
    assert (full["title"], full["type"]) == ("Readers", "supergroup")
    await playground.leave(group, eve)
    assert (await api.ok("getChatMember", chat_id=group.id, user_id=eve.id))["status"] == "left"
    assert await api.refused("getChatMember", chat_id=group.id, user_id=1) == (400, "Bad Request: user not found")
    assert await api.refused("getChatMember", chat_id=group.id) == (400, "Bad Request: invalid user_id specified")
    private = playground.private(ada)
    refused = await api.refused("getChatAdministrators", chat_id=private.id)
    assert refused == (400, "Bad Request: there are no administrators in the private chat")


async def test_the_bot_can_leave(api: BotApi, playground: Playground, ada: User, chat: Chat) -> None:
    """Afterwards it is outside; a private chat cannot be left."""
    group = playground.add_group("Readers", ada)
    await playground.join(group, playground.bot)
    assert await api.ok("leaveChat", chat_id=group.id) is True
    assert group.role(playground.bot) is Role.LEFT
    assert (await api.refused("getChat", chat_id=group.id))[0] == 403
    refused = await api.refused("leaveChat", chat_id=chat.id)
    assert refused == (400, "Bad Request: chat member status can't be changed in private chats")


async def test_channels_speak_for_themselves(api: BotApi, playground: Playground, ada: User) -> None:
    """Posts of others reach the bot as channel_post, edits as edited_channel_post; readers cannot post."""
    channel = playground.add_channel("Daily papers", ada)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await news(api)
    post = await playground.user_sends(channel, ada, "/digest")
    await playground.user_edits(post, "/digest now")
    updates = await news(api)
    assert updates[0]["channel_post"]["sender_chat"]["id"] == channel.id
    assert updates[0]["channel_post"]["entities"][0]["type"] == "bot_command"
    assert updates[1]["edited_channel_post"]["text"] == "/digest now"
    reader = playground.add_user("Reader")
    await playground.join(channel, reader)
    with pytest.raises(Impossible, match="administrators"):
        await playground.user_sends(channel, reader, "me too")


async def test_edits_of_people_arrive(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A changed message comes as edited_message."""
    message = await playground.user_sends(chat, ada, "/papr")
    await playground.user_edits(message, "/paper")
    update = (await news(api))[-1]
    assert (update["edited_message"]["text"], "edit_date" in update["edited_message"]) == ("/paper", True)


async def test_forum_messages_carry_their_topic(api: BotApi, playground: Playground, ada: User) -> None:
    """A command in a topic arrives with message_thread_id."""
    forum = playground.add_group("Lab", ada, forum=True)
    await playground.join(forum, playground.bot)
    thread = await playground.add_topic(forum, ada, "Papers")
    await news(api)
    await playground.user_sends(forum, ada, "/digest", thread_id=thread)
    [update] = await news(api)
    assert update["message"]["message_thread_id"] == thread
    assert update["message"]["is_topic_message"] is True
    with pytest.raises(Impossible, match="forums"):
        await playground.add_topic(playground.private(ada), ada, "x")


async def test_buttons_are_found_by_data_label_or_part(
    api: BotApi, playground: Playground, chat: Chat, ada: User
) -> None:
    """A button is named by its data, its label or an unambiguous part; anything else is impossible."""
    markup = keyboard([("1 · Unfold", "u:1"), ("2 · Unfold", "u:2")], [("👍 0", "v:1")])
    markup["inline_keyboard"].append([{"text": "arXiv", "url": "https://arxiv.org/"}])
    sent = await api.ok("sendMessage", chat_id=chat.id, text="Table", reply_markup=markup)
    for name, data in (("u:2", "u:2"), ("1 · Unfold", "u:1"), ("👍", "v:1")):
        assert (await playground.press(chat, ada, sent["message_id"], name)).data == data
    for name in ("Unfold", "arXiv", "nothing"):
        with pytest.raises(Impossible):
            await playground.press(chat, ada, sent["message_id"], name)
    with pytest.raises(Impossible, match="no message"):
        await playground.press(chat, ada, 4711, "u:1")
    with pytest.raises(Impossible, match="not in this chat"):
        await playground.press(chat, playground.add_user("Eve"), sent["message_id"], "u:1")


async def test_waiting_for_messages_and_answers(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """wait_for wakes with every change; a wait in vain says what was last seen."""
    waiting = asyncio.create_task(playground.wait_for_message(chat, "ready", timeout=5))
    await asyncio.sleep(0.02)
    first = await api.ok("sendMessage", chat_id=chat.id, text="not yet", reply_markup=keyboard([("Go", "g")]))
    press = await playground.press(chat, ada, first["message_id"], "Go")
    await api.ok("editMessageText", chat_id=chat.id, message_id=first["message_id"], text="now ready")
    assert (await waiting).id == first["message_id"]
    answering = asyncio.create_task(playground.wait_for_answer(press, timeout=5))
    await api.ok("answerCallbackQuery", callback_query_id=press.id, text="ok")
    answer = (await answering).answer
    assert answer is not None
    assert answer.text == "ok"
    with pytest.raises(TimeoutError, match="now ready"):
        await playground.wait_for(lambda: False, timeout=0.05)


async def test_settling_waits_for_work_in_progress(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Untaken updates, unanswered presses and a chat action all mean: not done yet."""
    assert await playground.settle(quiet=0.05, timeout=1)
    await playground.user_sends(chat, ada, "hi")
    assert not await playground.settle(quiet=0.05, timeout=0.2)
    await news(api)
    assert await playground.settle(quiet=0.05, timeout=2)
    await api.ok("sendChatAction", chat_id=chat.id, action="typing")
    assert not await playground.settle(quiet=0.05, timeout=0.2)
    sent = await api.ok("sendMessage", chat_id=chat.id, text="done", reply_markup=keyboard([("Go", "g")]))
    assert await playground.settle(quiet=0.05, timeout=2)
    press = await playground.press(chat, ada, sent["message_id"], "Go")
    await news(api)
    assert not await playground.settle(quiet=0.05, timeout=0.2)
    await api.ok("answerCallbackQuery", callback_query_id=press.id)
    assert await playground.settle(quiet=0.05, timeout=2)
    assert not await playground.settle(quiet=0.05, timeout=0.2, busy=lambda: True)


async def test_listeners_hear_everything(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Whatever happens in a chat is an event, in order."""
    heard: list[Event] = []
    async with playground.listen(heard.append):
        await api.ok("sendChatAction", chat_id=chat.id, action="typing")
        sent = await api.ok("sendMessage", chat_id=chat.id, text="x", reply_markup=keyboard([("Go", "g")]))
        press = await playground.press(chat, ada, sent["message_id"], "g")
        await api.ok("answerCallbackQuery", callback_query_id=press.id)
        await api.ok("editMessageText", chat_id=chat.id, message_id=sent["message_id"], text="y")
        await api.ok("deleteMessage", chat_id=chat.id, message_id=sent["message_id"])
    await api.ok("sendMessage", chat_id=chat.id, text="unheard")
    assert [event.kind for event in heard] == [
        Happening.ACTION,
        Happening.SENT,
        Happening.PRESSED,
        Happening.ANSWERED,
        Happening.EDITED,
        Happening.DELETED,
    ]


async def test_commands_by_scope_and_language(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A client shows the narrowest scope's commands, in its own language where there are any."""

    def named(*names: str) -> list[dict[str, str]]:
        return [{"command": name, "description": name.title()} for name in names]

    await api.ok("setMyCommands", commands=named("help"))
    await api.ok("setMyCommands", commands=named("start"), scope={"type": "all_private_chats"})
    await api.ok(
        "setMyCommands", commands=named("start", "zh"), scope={"type": "all_private_chats"}, language_code="zh"
    )
    admins = {"type": "all_chat_administrators"}
    await api.ok("setMyCommands", commands=named("admin"), scope=admins)
    lin = playground.add_user("Lin", language="zh-hans")
    group = playground.add_group("Readers", ada, [lin])
    await playground.join(group, playground.bot)

    def shown(place: Chat, user: User) -> list[str]:
        return [command["command"] for command in playground.commands(place, user)]

    assert shown(chat, ada) == ["start"]
    assert shown(playground.private(lin), lin) == ["start", "zh"]
    assert (shown(group, ada), shown(group, lin)) == (["admin"], ["help"])
    member = {"type": "chat_member", "chat_id": group.id, "user_id": lin.id}
    await api.ok("setMyCommands", commands=named("mine"), scope=member)
    assert shown(group, lin) == ["mine"]
    assert await api.ok("getMyCommands", scope=member) == named("mine")
    assert await api.ok("getMyCommands", scope=member, language_code="zh") == []
    await api.ok("deleteMyCommands", scope=member)
    assert shown(group, lin) == ["help"]


@pytest.mark.parametrize(
    ("values", "description"),
    [
        ({"commands": [{"command": "Start", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "", "description": "x"}]}, "command must be non-empty"),
        ({"commands": [{"command": "x" * 33, "description": "x"}]}, "command length must not exceed 32"),
        ({"commands": [{"command": "x", "description": ""}]}, "command description must be non-empty"),
        ({"commands": [{"command": "x", "description": "x" * 257}]}, "command description length must not exceed 256"),
        ({"commands": [{"command": "x"}]}, "can't parse BotCommand: Can't find field \"description\""),
        ({"commands": [{"command": "x", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": "{"}, "can't parse commands JSON object"),
        ({"commands": [], "language_code": "zh-hans"}, "invalid language code specified"),
        ({"commands": [], "scope": {"type": "moon"}}, "can't parse BotCommandScope: Unsupported type specified"),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 5}}, "chat not found"),
    ],
)
async def test_bad_commands(api: BotApi, values: dict[str, Any], description: str) -> None:
    """Commands, languages and scopes are checked as the server checks them."""
    assert await api.refused("setMyCommands", **values) == (400, f"Bad Request: {description}")


async def test_the_bots_own_words(api: BotApi) -> None:
    """Name and descriptions by language fall back to the common one; they have a length."""
    assert await api.ok("getMyName") == {"name": "Paperboy"}
    await api.ok("setMyDescription", description="Reads arXiv")
    await api.ok("setMyDescription", description="读 arXiv", language_code="zh")
    assert await api.ok("getMyDescription", language_code="zh") == {"description": "读 arXiv"}
    assert await api.ok("getMyDescription", language_code="de") == {"description": "Reads arXiv"}
    await api.ok("setMyShortDescription", short_description="Papers")
    assert await api.ok("getMyShortDescription") == {"short_description": "Papers"}
    await api.ok("setMyName", name="Paperboy 2")
    assert await api.ok("getMyName") == {"name": "Paperboy 2"}
    refused = await api.refused("setMyShortDescription", short_description="x" * 121)
    assert refused == (400, "Bad Request: short description is too long")


def test_two_playgrounds_with_one_seed_are_alike() -> None:
    """Ids come from the injected randomness alone."""
    one, other = (Playground(rng=random.Random(5)) for _ in range(2))
    assert [one.add_user("A").id, one.add_user("B").id] == [other.add_user("A").id, other.add_user("B").id]
