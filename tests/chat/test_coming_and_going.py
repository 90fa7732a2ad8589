"""What happens to chats, and what the bot tells Telegram of itself."""

from __future__ import annotations

import logging

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.application import register_commands
from bot.model import VerdictKind
from bot.playground.control import Playground
from bot.playground.errors import ApiError, bad_request
from bot.playground.state import Chat, User
from storage import chats
from tests.support import builders as a
from tests.support.chat_bot import ChatBot


async def test_a_blocked_chat_is_paused_and_comes_back(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """Nothing is posted to who blocked the bot; unblocking goes on where it was."""
    await playground.user_sends(private, ada, "/subscribe")
    await playground.wait_for_message(private, "Subscribed.")
    await playground.block(ada)
    await bot.until(lambda: paused(bot, private, "blocked"))
    await playground.unblock(ada)
    await bot.until(lambda: paused(bot, private, ""))
    assert (await bot.chat(private)).subscribed


async def paused(bot: ChatBot, place: Chat, reason: str) -> bool:
    """Whether nothing is posted to the chat for this reason."""
    return (await bot.chat(place)).paused == reason


async def test_a_group_that_throws_the_bot_out_is_paused(
    bot: ChatBot, playground: Playground, group: Chat, ada: User
) -> None:
    """Kicked is paused, without a word; brought back it greets and goes on."""
    await playground.user_sends(group, ada, "/subscribe")
    before = await playground.wait_for_message(group, "Subscribed.")
    await playground.kick(group, ada)
    await bot.until(lambda: paused(bot, group, "kicked"))
    await playground.join(group, playground.bot)
    await playground.wait_for_message(group, "An administrator sets me up", after=before.id)
    chat = await bot.chat(group)
    assert (chat.paused, chat.subscribed) == ("", True)


async def test_topics_come_back_with_their_group(bot: ChatBot, playground: Playground, ada: User) -> None:
    """A topic's table that did not get through paused the topic; the bot that is brought back goes on there too, and only
    there: what was never paused keeps its hour."""
    forum = playground.add_group("Forum", ada, forum=True)
    await playground.join(forum, playground.bot)
    topics = [await playground.add_topic(forum, ada, name) for name in ("Vision", "Language")]
    for topic in topics:
        sent = await playground.user_sends(forum, ada, "/subscribe", thread_id=topic)
        await playground.wait_for_message(forum, "Subscribed.", after=sent.id)
    await bot.desk.subscriptions.pause((await bot.chat(forum, topics[0])).id, "kicked")
    untouched = await bot.chat(forum, topics[1])
    await playground.kick(forum, ada)
    await bot.until(lambda: paused(bot, forum, "kicked"))
    assert (await bot.chat(forum, topics[0])).paused == "kicked"
    await playground.join(forum, playground.bot)
    await bot.until(lambda: paused(bot, forum, ""))
    chat = await bot.chat(forum, topics[0])
    assert (chat.paused, chat.subscribed) == ("", True)
    assert chat.next_at is not None
    assert await bot.chat(forum, topics[1]) == untouched


async def test_a_paused_chat_that_writes_is_reachable(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """Whatever made the bot believe that a chat is gone, a message from it says otherwise."""
    await playground.user_sends(private, ada, "/subscribe")
    await playground.wait_for_message(private, "Subscribed.")
    await bot.desk.subscriptions.pause((await bot.chat(private)).id, "not-found")
    await playground.user_sends(private, ada, "/help")
    await playground.wait_for_message(private, "What Paperboy understands")
    assert (await bot.chat(private)).paused == ""


async def test_a_group_that_becomes_a_supergroup_keeps_everything(
    bot: ChatBot, playground: Playground, ada: User
) -> None:
    """The settings move to the new chat, whichever of the two messages about it comes first."""
    old = playground.add_group("Small", ada, supergroup=False)
    await playground.join(old, playground.bot)
    await playground.user_sends(old, ada, "/size 14")
    await playground.wait_for_message(old, "A table has 14 rows.")
    before = await bot.chat(old)
    new = await playground.migrate(old, ada)

    async def moved() -> bool:
        async with bot.db.read() as conn:
            return await chats.find(conn, old.id, 0) is None

    await bot.until(moved)
    after = await bot.chat(new)
    assert (after.id, after.size) == (before.id, 14)


async def test_forgetting_is_asked_twice_and_then_done(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """/forget deletes nothing by itself; the button deletes everything, and the chat may begin anew."""
    await playground.user_sends(private, ada, "/interests RLHF")
    await playground.user_sends(private, ada, "/forget")
    question = await playground.wait_for_message(private, "Delete everything about you")
    await playground.press(private, ada, question.id, "Keep it")
    await playground.wait_for(lambda: question.text == "Nothing was deleted.")
    assert (await bot.desk.subscriptions.overview((await bot.chat(private)).id)).profile.interests == "RLHF"
    await playground.user_sends(private, ada, "/forget")
    question = await playground.wait_for_message(private, "Delete everything about you")
    await playground.press(private, ada, question.id, "Delete everything")
    await playground.wait_for(lambda: question.text == "Everything is deleted. /start begins anew.")
    assert (await bot.desk.status.overview()).counts["chats"] == 0


async def test_a_member_forgets_only_what_is_theirs(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """In a group each member deletes the own verdicts; the rest is for administrators."""
    await bot.save(a.paper(1, has_html=False))
    chat = await bot.chat(group)
    for user in (ada, mei):
        await bot.desk.feedback.press(chat.id, user.id, "2602.00001", VerdictKind.LIKE)
    await playground.user_sends(group, mei, "/forget")
    question = await playground.wait_for_message(group, "What is to be deleted?")
    press = await playground.wait_for_answer(await playground.press(group, mei, question.id, "My verdicts here"))
    assert press.answer is not None
    assert press.answer.text == "1 verdict deleted."
    assert (await bot.desk.feedback.tally(chat.id, ada.id, "2602.00001")).like == 1
    refused = await playground.wait_for_answer(await playground.press(group, mei, question.id, "Everything about"))
    assert refused.answer is not None
    assert refused.answer.text.startswith("Only administrators")
    assert await bot.chat(group) == chat
    await playground.press(group, ada, question.id, "Everything about")
    await playground.wait_for(lambda: "Everything is deleted." in question.text)


async def test_commands_are_registered_in_both_languages(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, mei: User
) -> None:
    """Each client's menu shows the commands in its language."""
    await register_commands(bot.bot, bot.desk)
    english, chinese = (playground.commands(playground.private(user), user) for user in (ada, mei))
    assert [one["command"] for one in english] == [one["command"] for one in chinese]
    assert {one["command"]: one["description"] for one in english}["digest"] == "the newest table, or that of a date"
    assert {one["command"]: one["description"] for one in chinese}["digest"] == "最新的榜单，或某一天的榜单"
    for command in english:
        assert len(command["command"]) <= 32
        assert 1 <= len(command["description"]) <= 256


async def test_a_telegram_that_takes_no_commands_stops_nothing(
    bot: ChatBot, playground: Playground, caplog: pytest.LogCaptureFixture
) -> None:
    """Registering is a nicety; its failure is noted."""
    playground.refuse("setMyCommands", bad_request("BOT_COMMAND_INVALID"))
    await register_commands(bot.bot, bot.desk)
    assert "commands were not registered" in caplog.text


async def test_what_comes_from_one_chat_is_heard_in_order(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """Messages that arrive together are answered one after the other, as they were written."""
    for text in ("/size 1", "/size 2", "/interests", "first answer", "/size 3", "/mute", "second answer", "/size 4"):
        await playground.user_sends(private, ada, text)
    await playground.wait_for_message(private, "A table has 4 rows.")
    chat = await bot.chat(private)
    profile = (await bot.desk.subscriptions.overview(chat.id)).profile
    assert (chat.size, profile.interests) == (4, "first answer")
    assert [mute.value for mute in profile.mutes] == ["second answer"]


@pytest.mark.parametrize(
    "error",
    [
        ApiError(403, "Forbidden: bot was blocked by the user"),
        bad_request("not enough rights to send text messages to the chat"),
        bad_request("message thread not found"),
        ApiError(502, "Bad Gateway"),
    ],
    ids=lambda error: str(error.code) + error.description[:20],
)
async def test_an_answer_that_cannot_be_sent_breaks_nothing(
    bot: ChatBot,
    playground: Playground,
    private: Chat,
    ada: User,
    caplog: pytest.LogCaptureFixture,
    error: ApiError,
) -> None:
    """Where a chat cannot be written to there is nobody to tell; the next command is answered."""
    playground.refuse("sendMessage", error)
    await playground.user_sends(private, ada, "/size 6")

    async def refused() -> bool:
        return bool(bot.calls("sendMessage"))

    await bot.until(refused)
    await playground.user_sends(private, ada, "/size 7")
    await playground.wait_for_message(private, "A table has 7 rows.")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_pictures_and_unknown_commands_are_answered_in_private(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """In a private chat somebody waits for an answer, even to what cannot be understood."""
    await playground.user_sends(private, ada, "/frobnicate now")
    first = await playground.wait_for_message(private, "I did not understand that.")
    picture = {
        "message_id": 800,
        "date": 1771488000,
        "chat": {"id": ada.id, "type": "private", "first_name": "Ada"},
        "from": {"id": ada.id, "is_bot": False, "first_name": "Ada"},
        "photo": [{"file_id": "x", "file_unique_id": "y", "width": 9, "height": 9}],
        "caption": "look",
    }
    playground.state.updates.put("message", picture)
    await playground.wait_for_message(private, "I did not understand that.", after=first.id)


@pytest.mark.parametrize(
    "where",
    [
        {"inline_message_id": "AAA"},
        {"message": {"message_id": 5, "date": 0, "chat": {"id": -1001, "type": "supergroup", "title": "F", "is_forum": True}}},
    ],
    ids=["inline", "forum"],
)  # fmt: skip
async def test_a_press_from_nowhere_is_answered(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, where: dict[str, object]
) -> None:
    """Where Telegram does not say to which chat or topic a button belonged, nothing is done and the press is answered."""
    message = await bot.bot.send_message(private.id, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data="1n|9")]]))  # fmt: skip
    press = playground.state.add_press(ada, playground.state.messages[private.id][message.message_id], "1n|9")
    who = {"id": ada.id, "is_bot": False, "first_name": "Ada", "language_code": "en"}
    update = {"id": press.id, "from": who, "chat_instance": "1", "data": "1n|9"} | where
    playground.state.updates.put("callback_query", update)
    await playground.wait_for_answer(press)
    assert press.answer is not None
    assert press.answer.text.startswith("That message is gone or too old")
    assert (await bot.desk.status.overview()).counts["chats"] == 0
