"""The guided set-up and the settings, in a private chat."""

from __future__ import annotations

from datetime import time

from bot.model import Follow, FollowKind, Mute, MuteKind
from bot.playground.control import Playground
from bot.playground.state import Chat, User
from tests.support.chat_bot import ChatBot


async def test_the_set_up_leads_from_start_to_done(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """/start subscribes and goes through categories, interests and hour by buttons and plain text, in one message."""
    await playground.user_sends(private, ada, "/start")
    steps = await playground.wait_for_message(private, "Step 1 of 3")
    assert (await bot.chat(private)).subscribed
    await playground.press(private, ada, steps.id, "cs.RO")
    await playground.wait_for(lambda: "✓ cs.RO" in [button["text"] for button in steps.buttons])
    await playground.press(private, ada, steps.id, "Next")
    await playground.wait_for(lambda: "Step 2 of 3" in steps.text)
    await playground.user_sends(private, ada, "GRPO, factuality\nof language models")
    hour = await playground.wait_for_message(private, "Step 3 of 3")
    await playground.press(private, ada, hour.id, "21:00")
    await playground.wait_for(lambda: "✓ 21:00" in [button["text"] for button in hour.buttons])
    await playground.press(private, ada, hour.id, "Shanghai")
    await playground.wait_for(lambda: "21:00 in Shanghai" in hour.text)
    await playground.user_sends(private, ada, "7:30")
    last = await playground.wait_for_message(private, "Now: 07:30 in Shanghai")
    await playground.press(private, ada, last.id, "Done")
    await playground.wait_for(lambda: "All set" in last.text)

    overview = await bot.desk.subscriptions.overview((await bot.chat(private)).id)
    assert overview.profile.categories == ("cs.LG", "cs.CL", "cs.AI", "cs.RO")
    assert overview.profile.interests == "GRPO, factuality\nof language models"
    assert (overview.chat.hour, overview.chat.timezone) == (time(7, 30), "Asia/Shanghai")
    assert (overview.chat.subscribed, overview.chat.pending) == (True, "")


async def test_the_set_up_takes_every_answer_in_words(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """Categories, an hour and a city may be written instead of pressed; what is none of them is told, and asked again."""
    await playground.user_sends(private, ada, "/start")
    await playground.user_sends(private, ada, "cs.XX")
    await playground.wait_for_message(private, "arXiv has no category “cs.XX”")
    await playground.user_sends(private, ada, "cs.CV, robotics")
    steps = await playground.wait_for_message(private, "Now: cs.CV and cs.RO")
    await playground.press(private, ada, steps.id, "Next")
    await playground.wait_for(lambda: "Step 2 of 3" in steps.text)
    await playground.user_sends(private, ada, "GRPO")
    await playground.wait_for_message(private, "Step 3 of 3")
    for text, answer in (
        ("Lisbon", "08:00 in Lisbon"),
        ("9:15", "09:15 in Lisbon"),
        ("Lisbn", "Near it: Europe/Lisbon"),
        ("soon", "“soon” is not a time of day"),
        ("UTC+8", "09:15 in UTC+8"),
    ):
        sent = await playground.user_sends(private, ada, text)
        await playground.wait_for_message(private, answer, after=sent.id)


async def test_the_language_comes_from_the_client(bot: ChatBot, playground: Playground, mei: User) -> None:
    """Who uses Telegram in Chinese is spoken to in Chinese, and may change it by a button at once."""
    place = playground.private(mei)
    await playground.user_sends(place, mei, "/start")
    first = await playground.wait_for_message(place, "第 1 步")
    await playground.press(place, mei, first.id, "English")
    await playground.wait_for(lambda: "Step 1 of 3" in first.text)
    assert (await bot.chat(place)).language == "en"


async def test_settings_by_command(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """Every setting can be stated with its command."""
    for text, answer in (
        ("/interests RLHF & <GRPO>", "RLHF & <GRPO>"),
        ("/categories cs.CV math.OC", "math.OC – Name of math.OC"),
        ("/time 20:15", "Hour: 20:15"),
        ("/timezone Berlin", "Time zone: Europe/Berlin"),
        ("/size 8", "8 rows"),
        ("/quiet on", "passed over in silence"),
        ("/follow Yann LeCun", "Followed: Yann LeCun"),
        ("/follow @Tsinghua University", "institution: Tsinghua University"),
        ("/mute survey", "Muted: survey"),
        ("/mute author: Jane Doe", "author: Jane Doe"),
        ("/language 中文", "语言"),
    ):
        await playground.user_sends(private, ada, text)
        await playground.wait_for_message(private, answer)
    chat = await bot.chat(private)
    profile = (await bot.desk.subscriptions.overview(chat.id)).profile
    assert (chat.hour, chat.timezone, chat.size) == (time(20, 15), "Europe/Berlin", 8)
    assert (chat.quiet_notes, chat.language) == (False, "zh")
    assert profile.categories == ("cs.CV", "math.OC")
    assert set(profile.follows) == {
        Follow(FollowKind.AUTHOR, "Yann LeCun"),
        Follow(FollowKind.INSTITUTION, "Tsinghua University"),
    }
    assert set(profile.mutes) == {Mute(MuteKind.WORD, "survey"), Mute(MuteKind.AUTHOR, "Jane Doe")}


async def test_settings_by_button(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """A command without a value shows what is set and offers others as buttons; the message then shows the choice."""
    for command, button, shown in (
        ("/categories", "cs.CV", "cs.CV – Name of cs.CV"),
        ("/time", "06:00", "Hour: 06:00"),
        ("/timezone", "Tokyo", "Time zone: Asia/Tokyo"),
        ("/size", "15", "15 rows"),
        ("/quiet", "Pass over", "passed over in silence"),
        ("/unsubscribe", "Subscribe again", "Subscribed."),
    ):
        sent = await playground.user_sends(private, ada, command)
        view = await playground.wait_for_message(private, after=sent.id)
        press = await playground.press(private, ada, view.id, button)
        await playground.wait_for(lambda view=view, shown=shown: shown in view.text)  # type: ignore[misc] # bound at once
        await playground.wait_for_answer(press)
    chat = await bot.chat(private)
    assert (chat.hour, chat.timezone, chat.size) == (time(6, 0), "Asia/Tokyo", 15)
    assert (chat.quiet_notes, chat.subscribed) == (False, True)


async def test_the_last_category_stays(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """A chat without categories would get nothing, and is told so."""
    await playground.user_sends(private, ada, "/categories cs.CV")
    view = await playground.wait_for_message(private, "cs.CV")
    press = await playground.wait_for_answer(await playground.press(private, ada, view.id, "✓ cs.CV"))
    assert press.answer is not None
    assert press.answer.text == "One category must stay."


async def test_follows_and_mutes_go_by_button_and_command(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """What is followed or muted can be taken back by its button or by name; a stale button takes back nothing else."""
    for text in ("/follow Ada Lovelace", "/follow @MIT", "/mute survey", "/mute author: Jo"):
        await playground.user_sends(private, ada, text)
    follows = await playground.wait_for_message(private, "institution: MIT")
    mutes = await playground.wait_for_message(private, "author: Jo")
    await bot.settled()
    for view, button, gone in ((follows, "✕ MIT", "institution: MIT"), (mutes, "✕ survey", "survey")):
        await playground.press(private, ada, view.id, button)
        await playground.wait_for(lambda view=view, gone=gone: f": {gone}" in view.text)  # type: ignore[misc] # bound at once
    await playground.user_sends(private, ada, "/unfollow ada lovelace")
    await playground.wait_for_message(private, "No longer followed: Ada Lovelace")
    await playground.user_sends(private, ada, "/unmute author: Jo")
    await playground.wait_for_message(private, "No longer muted: author: Jo")
    await playground.user_sends(private, ada, "/unmute nothing")
    await playground.wait_for_message(private, "Nothing of that name is muted")
    profile = (await bot.desk.subscriptions.overview((await bot.chat(private)).id)).profile
    assert (profile.follows, profile.mutes) == ((), ())


async def test_a_question_takes_the_next_plain_text(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """After a command without a value the next message is its value; a wrong one may be given again; the question is
    open once only."""
    await playground.user_sends(private, ada, "/interests")
    await playground.user_sends(private, ada, "protein folding")
    await playground.wait_for_message(private, "Interests noted.")
    await playground.user_sends(private, ada, "/size")
    await playground.user_sends(private, ada, "ninety")
    await playground.wait_for_message(private, "“ninety” is not a number of rows")
    await playground.user_sends(private, ada, "9")
    await playground.wait_for_message(private, "A table has 9 rows.")
    await bot.settled()
    await playground.user_sends(private, ada, "/follow")
    await playground.user_sends(private, ada, "/help")
    await playground.user_sends(private, ada, "Grace Hopper")
    await playground.wait_for_message(private, "I did not understand")
    profile = (await bot.desk.subscriptions.overview((await bot.chat(private)).id)).profile
    assert (profile.interests, profile.follows) == ("protein folding", ())


async def test_bad_values_end_in_a_sentence(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """What cannot be used is told in one sentence that says how to write it, and changes nothing."""
    for text, sentence in (
        ("/categories cs.LX", "arXiv has no category “cs.LX”. Near it: "),
        ("/time 25:00", "“25:00” is not a time of day"),
        ("/timezone Atlantis", "There is no time zone “Atlantis”"),
        ("/size 21", "“21” is not a number of rows. Write a number from 1 to 20."),
        ("/interests " + "x" * 4050, "These interests have 4,050 characters"),
        ("/language klingon", "I do not speak “klingon”; write English or Chinese."),
        ("/categories -cs.LG -cs.CL -cs.AI", "One category must stay"),
        ("/digest yesterday", "“yesterday” is not a date"),
        ("/digest 2026-02-18", "There is no table of 2026-02-18"),
        ("/paper hello", "“hello” is not an arXiv number"),
        ("/follow " + "x" * 300, "cannot be taken"),
    ):
        await playground.user_sends(private, ada, text)
        await playground.wait_for_message(private, sentence)
    chat = await bot.chat(private)
    assert (chat.hour, chat.timezone, chat.size, chat.language) == (time(8), "UTC", 5, "en")


async def test_profile_help_and_subscription(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """What is set can be read, every command is listed, and unsubscribing keeps the settings."""
    await playground.user_sends(private, ada, "/interests RLHF")
    await playground.user_sends(private, ada, "/subscribe")
    await playground.wait_for_message(private, "The next table comes on Fri 20 Feb 08:00 (UTC).")
    await playground.user_sends(private, ada, "/profile")
    profile = await playground.wait_for_message(private, "Verdicts: 👍 0")
    assert "RLHF" in profile.text
    await playground.user_sends(private, ada, "/unsubscribe")
    await playground.wait_for_message(private, "Unsubscribed.")
    assert not (await bot.chat(private)).subscribed
    await playground.user_sends(private, ada, "/help")
    told = await playground.wait_for_message(private, "/unsubscribe")
    listed = [one.name for one in bot.desk.views.commands("en")]
    assert [line[1:].split(" ")[0] for line in told.text.splitlines() if line.startswith("/")] == listed
