"""A small bot of python-telegram-bot's own kind lives in the playground."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, RetryAfter
from telegram.ext import Application, CallbackQueryHandler, ChatMemberHandler, CommandHandler, ContextTypes

from bot.playground.control import Playground
from bot.playground.errors import too_many_requests
from bot.playground.state import Chat, Role, User

MENU = InlineKeyboardMarkup([[InlineKeyboardButton("Count", callback_data="count"), InlineKeyboardButton("End", callback_data="end")]])  # fmt: skip
joined: list[str] = []


async def start(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Greets with two buttons."""
    assert update.effective_message is not None
    await update.effective_message.reply_html("<b>0</b> presses &amp; counting", reply_markup=MENU)


async def count(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Counts a press in the message itself."""
    query = update.callback_query
    assert query is not None
    assert query.message is not None
    number = int(query.message.text.split()[0]) + 1  # type: ignore[attr-defined] # the message is accessible here
    await query.answer(f"{number}!", show_alert=number > 1)
    await query.edit_message_text(f"<b>{number}</b> presses", parse_mode="HTML", reply_markup=MENU)


async def end(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Removes the message."""
    assert update.callback_query is not None
    await update.callback_query.answer()
    await update.callback_query.delete_message()


async def membership(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Notes what becomes of the bot."""
    change = update.my_chat_member
    assert change is not None
    joined.append(f"{change.chat.title}: {change.new_chat_member.status}")


@pytest.fixture
async def application(playground: Playground) -> AsyncIterator[Application]:  # type: ignore[type-arg] # six defaults
    """The bot, polling."""
    joined.clear()
    application = Application.builder().token(playground.token).base_url(f"{playground.url}/bot").build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(count, "count"))
    application.add_handler(CallbackQueryHandler(end, "end"))
    application.add_handler(ChatMemberHandler(membership))
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=5, allowed_updates=Update.ALL_TYPES)
        yield application
        await application.updater.stop()
        await application.stop()


@pytest.mark.usefixtures("application")
async def test_a_conversation(playground: Playground, chat: Chat, ada: User) -> None:
    """Command, button, edit, alert and deletion all come through."""
    await playground.user_sends(chat, ada, "/start")
    message = await playground.wait_for_message(chat, "0 presses & counting")
    first = await playground.wait_for_answer(await playground.press(chat, ada, message.id, "Count"))
    await playground.wait_for(lambda: message.text == "1 presses")
    second = await playground.wait_for_answer(await playground.press(chat, ada, message.id, "Count"))
    assert first.answer is not None
    assert second.answer is not None
    assert (first.answer.text, first.answer.alert, second.answer.alert) == ("1!", False, True)
    await playground.wait_for(lambda: message.text == "2 presses")
    assert [version.text for version in message.past] == ["0 presses & counting", "1 presses"]
    await playground.press(chat, ada, message.id, "End")
    await playground.wait_for(lambda: message.deleted is not None)


@pytest.mark.usefixtures("application")
async def test_groups_and_channels(playground: Playground, ada: User) -> None:
    """The bot learns where it is and answers in a group."""
    group = playground.add_group("Readers", ada)
    channel = playground.add_channel("Daily", ada)
    await playground.join(group, playground.bot)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.user_sends(group, ada, f"/start@{playground.bot.username}")
    await playground.wait_for_message(group, "counting")
    assert joined == ["Readers: member", "Daily: administrator"]


async def test_calls_and_errors(playground: Playground, ada: User, chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's objects and exceptions are what its documentation says."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    async with Bot(playground.token, base_url=f"{playground.url}/bot") as bot:
        me = await bot.get_me()
        assert (me.id, me.username, me.can_read_all_group_messages) == (
            playground.bot.id,
            "paperboy_playground_bot",
            False,
        )
        document = await bot.send_document(chat.id, io.BytesIO(b"# x"), filename="x.md", caption="c")
        assert document.document is not None
        assert document.document.file_name == "x.md"
        full = await bot.get_chat(chat.id)
        assert full.first_name == "Ada"
        await bot.set_my_commands(
            [BotCommand("start", "Begin")], scope=BotCommandScopeAllGroupChats(), language_code="zh"
        )
        listed = await bot.get_my_commands(scope=BotCommandScopeAllGroupChats(), language_code="zh")
        assert listed == (BotCommand("start", "Begin"),)
        member = await bot.get_chat_member(chat.id, ada.id)
        assert member.status == "member"
        info = await bot.get_webhook_info()
        assert info.url == ""

        with pytest.raises(BadRequest, match="Chat not found"):
            await bot.send_message(99, "x")
        with pytest.raises(BadRequest, match="Can't parse entities"):
            await bot.send_message(chat.id, "<b>", parse_mode="HTML")
        sent = await bot.send_message(chat.id, "x")
        with pytest.raises(BadRequest, match="Message is not modified"):
            await bot.edit_message_text("x", chat.id, sent.message_id)
        playground.refuse("sendMessage", too_many_requests(7))
        with pytest.raises(RetryAfter) as slow:
            await bot.send_message(chat.id, "x")
        assert slow.value.retry_after == timedelta(seconds=7)
        group = playground.add_group("Readers", ada, supergroup=False)
        group.members[bot.id] = Role.MEMBER
        new = await playground.migrate(group, ada)
        with pytest.raises(ChatMigrated) as migrated:
            await bot.send_message(group.id, "x")
        assert migrated.value.new_chat_id == new.id
        await playground.block(ada)
        with pytest.raises(Forbidden, match="blocked by the user"):
            await bot.send_message(chat.id, "x")
        await bot.set_webhook("http://127.0.0.1:9/h")
        with pytest.raises(Conflict):
            await bot.get_updates()
        await bot.delete_webhook()

    with pytest.raises(InvalidToken):
        async with Bot("1:wrong", base_url=f"{playground.url}/bot"):
            pass
