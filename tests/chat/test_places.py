"""Groups, topics and channels: who may change what, and where answers go."""

from __future__ import annotations

from typing import Any

import pytest

from bot.config import Settings
from bot.model import ChatKind
from bot.playground.control import Playground
from bot.playground.state import Chat, Message, Role, User
from storage.database import Database
from tests.support import builders as a
from tests.support.chat_bot import ChatBot, chat_bot
from tests.support.movable_clock import MovableClock

ONLY_ADMINS = "Only administrators of this group change its settings."


def labels(message: Message) -> list[str]:
    """What its buttons say."""
    return [button["text"] for button in message.buttons]


async def test_a_group_is_greeted_and_set_up_by_its_administrators(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """Everybody is greeted; /start begins the set-up for an administrator, and is only a greeting for others."""
    hello = await playground.wait_for_message(group, "An administrator sets me up")
    await playground.user_sends(group, mei, "/start")
    await playground.wait_for_message(group, "An administrator sets me up", after=hello.id)
    assert not (await bot.chat(group)).subscribed
    sent = await playground.user_sends(group, ada, "/start")
    steps = await playground.wait_for_message(group, "Step 1 of 3", after=sent.id)
    assert steps.reply_to is sent
    chat = await bot.chat(group)
    assert (chat.kind, chat.subscribed, chat.title) == (ChatKind.GROUP, True, "Readers")


@pytest.mark.parametrize(
    "text",
    [
        "/subscribe",
        "/unsubscribe",
        "/interests RLHF",
        "/categories cs.CV",
        "/follow Ada",
        "/unfollow Ada",
        "/mute x",
        "/unmute x",
        "/time 7",
        "/timezone Berlin",
        "/language zh",
        "/size 3",
        "/quiet on",
    ],
)
async def test_members_change_no_settings_by_command(
    bot: ChatBot, playground: Playground, group: Chat, mei: User, text: str
) -> None:
    """Each setting of a group is its administrators'."""
    before = await bot.chat(group)
    sent = await playground.user_sends(group, mei, text)
    told = await playground.wait_for_message(group, ONLY_ADMINS)
    assert told.reply_to is sent
    assert await bot.chat(group) == before


async def test_members_change_no_settings_by_button(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """A member who presses a setting's button is told why nothing happens; an administrator's press counts."""
    await playground.user_sends(group, ada, "/size")
    view = await playground.wait_for_message(group, "A table has 5 rows.")
    press = await playground.wait_for_answer(await playground.press(group, mei, view.id, "10"))
    assert press.answer is not None
    assert (press.answer.text, press.answer.alert) == (ONLY_ADMINS, True)
    assert (await bot.chat(group)).size == 5
    await playground.press(group, ada, view.id, "10")
    await playground.wait_for(lambda: "10 rows" in view.text)


async def test_members_read_and_vote(bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User) -> None:
    """Reading is open to all; each member has one vote, the numbers stand next to the buttons, the own state is told."""
    await bot.save(a.paper(1, has_html=False))
    for text in ("/help", "/profile", "/saved", "/interests", "/categories"):
        sent = await playground.user_sends(group, mei, text)
        await playground.wait_for_message(group, after=sent.id)
    await playground.user_sends(group, mei, "/paper 2602.00001")
    card = await playground.wait_for_message(group, "Read from the abstract")
    assert labels(card)[:5] == ["👍", "👎", "🔖", "Why?", "Fold"]
    for user, button, shown, said in (
        (mei, "👍", ["👍 1", "👎", "🔖"], "👍 noted"),
        (ada, "👍", ["👍 2", "👎", "🔖"], "👍 noted"),
        (ada, "👎", ["👍 1", "👎 1", "🔖"], "👎 noted"),
        (ada, "👎", ["👍 1", "👎", "🔖"], "Taken back."),
        (mei, "🔖", ["👍", "👎", "🔖 1"], "🔖 saved"),
    ):
        press = await playground.wait_for_answer(await playground.press(group, user, card.id, button))
        assert press.answer is not None
        assert press.answer.text.startswith(said)
        await playground.wait_for(lambda shown=shown: labels(card)[:3] == shown)  # type: ignore[misc] # bound at once
    sent = await playground.user_sends(group, ada, "/saved")
    await playground.wait_for_message(group, "1 saved paper", after=sent.id)


async def test_who_administers_is_asked_once_a_minute(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, clock: MovableClock
) -> None:
    """Telegram's answer is remembered for sixty seconds, and then asked again: who lost the office loses the right."""
    for size in ("6", "7", "8"):
        await playground.user_sends(group, ada, f"/size {size}")
        await playground.wait_for_message(group, f"A table has {size} rows.")
    assert len(bot.calls("getChatMember")) == 1
    clock.advance(seconds=61)
    await playground.join(group, ada, role=Role.MEMBER)
    await playground.user_sends(group, ada, "/size 9")
    await playground.wait_for_message(group, ONLY_ADMINS)
    assert len(bot.calls("getChatMember")) == 2


async def test_an_anonymous_administrator_is_one(bot: ChatBot, playground: Playground, group: Chat) -> None:
    """Who writes as the group itself administers it, and nobody has to be asked."""
    playground.state.updates.put("message", anonymous(playground, group, "/size 12"))
    await playground.wait_for_message(group, "A table has 12 rows.")
    assert bot.calls("getChatMember") == []


def anonymous(playground: Playground, group: Chat, text: str) -> dict[str, Any]:
    """A message of an administrator who remains anonymous."""
    here = {"id": group.id, "type": "supergroup", "title": group.title}
    return {
        "message_id": 900,
        "date": 1771488000,
        "chat": here,
        "sender_chat": here,
        "from": {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"},
        "text": text,
        "entities": [{"type": "bot_command", "offset": 0, "length": text.index(" ")}],
    }


async def test_a_question_in_a_group_is_answered_by_a_reply(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """The bot asks with a field to reply in; only an administrator's reply to it counts, other talk is left alone."""
    await playground.user_sends(group, ada, "/interests")
    question = await playground.wait_for_message(group, "Answer with what you work on")
    assert '"force_reply": true' in bot.calls("sendMessage")[-1].arguments.text("reply_markup")
    await playground.user_sends(group, mei, "kittens", reply_to=question.id)
    await playground.user_sends(group, ada, "nice weather")
    await playground.user_sends(group, mei, "/help")
    await playground.wait_for_message(group, "What Paperboy understands")
    await playground.user_sends(group, ada, "robot learning", reply_to=question.id)
    await playground.wait_for_message(group, "Interests noted.")
    overview = await bot.desk.subscriptions.overview((await bot.chat(group)).id)
    assert overview.profile.interests == "robot learning"


async def test_any_member_may_say_which_paper(bot: ChatBot, playground: Playground, group: Chat, mei: User) -> None:
    """Reading is open to all, and so is answering which paper to read."""
    await bot.save(a.paper(1, has_html=False))
    await playground.user_sends(group, mei, "/paper")
    question = await playground.wait_for_message(group, "Which paper?")
    await playground.user_sends(group, mei, "2602.00001", reply_to=question.id)
    await playground.wait_for_message(group, "Read from the abstract")


async def test_what_is_set_is_shown_to_those_who_may_not_set_it(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """A member reads the group's interests without being asked for others; in a channel no post is an answer."""
    await playground.user_sends(group, ada, "/interests RLHF")
    noted = await playground.wait_for_message(group, "Interests noted.")
    await playground.user_sends(group, mei, "/interests")
    shown = await playground.wait_for_message(group, "RLHF", after=noted.id)
    assert "Answer with" not in shown.text
    channel = playground.add_channel("Daily", ada)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.user_sends(channel, ada, "/interests")
    await playground.wait_for_message(channel, "/interests and a text after it")
    assert ((await bot.chat(group)).pending, (await bot.chat(channel)).pending) == ("", "")


async def test_commands_for_other_bots_and_edited_messages_are_not_heard(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, private: Chat
) -> None:
    """In a group only what is addressed to this bot, or to nobody, is taken; an edit is not heard again."""
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)  # it now sees every message
    await playground.user_sends(group, ada, "/size@some_other_bot 17")
    await playground.user_sends(group, ada, f"/size@{playground.bot.username} 16")
    await playground.wait_for_message(group, "A table has 16 rows.")
    sent = await playground.user_sends(private, ada, "/size 4")
    await playground.wait_for_message(private, "A table has 4 rows.")
    await playground.user_edits(sent, "/size 19")
    await bot.settled()
    assert (await bot.chat(group)).size == 16
    assert (await bot.chat(private)).size == 4


async def test_each_topic_is_a_chat_of_its_own(bot: ChatBot, playground: Playground, ada: User) -> None:
    """In a forum answers stay in their topic, cards too, and every topic has its own settings."""
    await bot.save(a.paper(1, has_html=False))
    forum = playground.add_group("Forum", ada, forum=True)
    await playground.join(forum, playground.bot)
    topics = [await playground.add_topic(forum, ada, name) for name in ("Vision", "Language")]
    for topic, size in zip(topics, ("3", "15"), strict=True):
        await playground.user_sends(forum, ada, f"/size {size}", thread_id=topic)
        await playground.wait_for_message(forum, f"A table has {size} rows.")
    await playground.user_sends(forum, ada, "/paper 2602.00001", thread_id=topics[1])
    card = await playground.wait_for_message(forum, "Read from the abstract")
    press = await playground.press(forum, ada, card.id, "👍")
    await playground.wait_for_answer(press)
    await bot.settled()
    for topic, rows in zip(topics, (3, 15), strict=True):
        assert (await bot.chat(forum, topic)).size == rows
        assert [m for m in playground.messages(forum, thread_id=topic, by_bot=True) if "rows" in m.text]
    assert card.thread_id == topics[1]
    tally = await bot.desk.feedback.tally((await bot.chat(forum, topics[1])).id, ada.id, "2602.00001")
    assert tally.like == 1


async def test_a_channel_is_set_up_by_its_posts(bot: ChatBot, playground: Playground, ada: User, mei: User) -> None:
    """Who may post in a channel may command there, and nobody has to be asked; subscribers vote."""
    await bot.save(a.paper(1, has_html=False))
    channel = playground.add_channel("Daily", ada)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.join(channel, mei)
    await playground.user_sends(channel, ada, "/start")
    await playground.wait_for_message(channel, "All set")
    await playground.user_sends(channel, ada, "/categories cs.RO")
    await playground.wait_for_message(channel, "cs.RO – Name of cs.RO")
    await playground.user_sends(channel, ada, "/time 21:00")
    await playground.wait_for_message(channel, "Hour: 21:00")
    assert bot.calls("getChatMember") == []
    chat = await bot.chat(channel)
    assert (chat.kind, chat.subscribed, chat.hour.hour) == (ChatKind.CHANNEL, True, 21)
    await playground.user_sends(channel, ada, "/paper 2602.00001")
    card = await playground.wait_for_message(channel, "Read from the abstract")
    await playground.press(channel, mei, card.id, "👍")
    await playground.wait_for(lambda: labels(card)[0] == "👍 1")
    press = await playground.wait_for_answer(await playground.press(channel, mei, playground.messages(channel)[1].id, "Show a table now"))  # fmt: skip
    assert press.answer is not None


@pytest.mark.parametrize("command", ["/time 7:30", "/timezone Berlin", "/size 8"])
async def test_a_channel_is_told_to_command(bot: ChatBot, playground: Playground, ada: User, command: str) -> None:
    """Where no post is taken for an answer, none is asked for: a setting's value comes with its command."""
    channel = playground.add_channel("Daily", ada)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    sent = await playground.user_sends(channel, ada, command)
    told = await playground.wait_for_message(channel, f"with its command, for example {command}", after=sent.id)
    assert "answer" not in told.text
    assert (await bot.chat(channel)).pending == ""


async def test_a_post_that_a_group_repeats_is_not_a_command(bot: ChatBot, playground: Playground, group: Chat) -> None:
    """Telegram repeats a channel's posts in the group beside it; what was commanded there is not commanded here."""
    message = anonymous(playground, group, "/size 13") | {"is_automatic_forward": True}
    playground.state.updates.put("message", message)
    await bot.settled()
    assert (await bot.chat(group)).size == 5


async def test_only_allowed_chats_are_served(
    db: Database, playground: Playground, clock: MovableClock, ada: User, mei: User
) -> None:
    """Where ALLOWED_CHATS names the chats, all others are told so, and nothing of them is stored."""
    here, there = playground.private(ada), playground.private(mei)
    async with chat_bot(db, playground, clock, Settings(allowed_chats=frozenset({ada.id}))) as bot:
        await playground.user_sends(there, mei, "/start")
        await playground.wait_for_message(there, "本机器人不能在这个聊天中使用")
        await playground.user_sends(here, ada, "/start")
        await playground.wait_for_message(here, "Step 1 of 3")
        assert (await bot.desk.status.overview()).counts["chats"] == 1


async def test_status_is_for_the_bots_administrators(
    db: Database, playground: Playground, clock: MovableClock, ada: User, mei: User
) -> None:
    """Where ADMIN_IDS names people, only they see how the bot is doing; they see everything."""
    here, there = playground.private(ada), playground.private(mei)
    async with chat_bot(db, playground, clock, Settings(admin_ids=frozenset({ada.id}))) as bot:
        await bot.announce(2)
        await playground.user_sends(there, mei, "/status")
        await playground.wait_for_message(there, "只有本机器人的管理员可以查看")
        await playground.user_sends(here, ada, "/status")
        told = await playground.wait_for_message(here, "Status")
        assert "chats: 2" in told.text


async def test_status_shows_public_facts_where_nobody_administers(
    bot: ChatBot, playground: Playground, private: Chat, group: Chat, ada: User
) -> None:
    """Without ADMIN_IDS a private chat is told what arXiv itself shows, and no numbers of others; a group nothing."""
    await playground.user_sends(private, ada, "/status")
    told = await playground.wait_for_message(private, "No listing was read yet.")
    assert "chats" not in told.text
    await playground.user_sends(group, ada, "/status")
    await playground.wait_for_message(group, "Only the administrators of this bot may see that.")
