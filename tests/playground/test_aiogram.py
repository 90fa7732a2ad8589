"""A small bot of aiogram's own kind lives in the playground; its strict models read every answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiogram import Bot, Dispatcher, F
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ChatMemberStatus, ParseMode
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.filters import Command
from aiogram.types import (
    BotCommand,
    BotCommandScopeChatAdministrators,
    BufferedInputFile,
    CallbackQuery,
    EphemeralMessageParameters,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaDocument,
    InputMediaPhoto,
    InputRichBlockButtons,
    InputRichBlockDetails,
    InputRichBlockMathematicalExpression,
    InputRichBlockParagraph,
    InputRichBlockSectionHeading,
    InputRichBlockTable,
    InputRichMessage,
    Message,
    ReactionTypeEmoji,
    ReplyParameters,
    RichBlockTableCell,
    RichMessageButton,
    RichTextBold,
    RichTextButton,
)

from bot.playground.control import Playground
from bot.playground.errors import too_many_requests
from bot.playground.state import Chat, Role, User

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000030000000208060000009d74661a0000000049454e44ae426082")


def vote(up: int) -> InlineKeyboardMarkup:
    """A keyboard that counts."""
    return InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text=f"👍 {up}", callback_data=f"up:{up}")]])


async def paper(message: Message) -> None:
    """Answers a command with a voted card."""
    await message.reply("<blockquote expandable>A card</blockquote>", reply_markup=vote(0))


async def up(query: CallbackQuery) -> None:
    """Counts a vote under the message."""
    assert query.data is not None
    assert isinstance(query.message, Message)
    await query.answer("Thanks")
    await query.message.edit_reply_markup(reply_markup=vote(int(query.data[3:]) + 1))


@pytest.fixture
async def bot(playground: Playground) -> AsyncIterator[Bot]:
    """The library's client."""
    session = AiohttpSession(api=TelegramAPIServer.from_base(playground.url))
    async with Bot(playground.token, session, DefaultBotProperties(parse_mode=ParseMode.HTML)) as bot:
        yield bot


@pytest.fixture
async def polling(bot: Bot) -> AsyncIterator[None]:
    """The bot at work."""
    dispatcher = Dispatcher()
    dispatcher.message.register(paper, Command("paper"))
    dispatcher.callback_query.register(up, F.data.startswith("up:"))
    task = asyncio.create_task(
        dispatcher.start_polling(bot, handle_signals=False, close_bot_session=False, polling_timeout=5)
    )
    await asyncio.sleep(0.1)
    yield
    await dispatcher.stop_polling()
    await task


@pytest.mark.usefixtures("polling")
async def test_a_group_votes(playground: Playground, ada: User) -> None:
    """A command in a forum topic is answered there, and two members' votes are counted."""
    bob = playground.add_user("Bob")
    forum = playground.add_group("Lab", ada, [bob], forum=True)
    await playground.join(forum, playground.bot)
    thread = await playground.add_topic(forum, ada, "Papers")
    asked = await playground.user_sends(forum, ada, "/paper 2602.14080", thread_id=thread)
    card = await playground.wait_for_message(forum, "A card")
    assert (card.reply_to, card.thread_id) == (asked, thread)
    assert [entity.type for entity in card.entities] == ["expandable_blockquote"]
    for user, label in ((ada, "👍 1"), (bob, "👍 2")):
        await playground.press(forum, user, card.id, "👍")
        await playground.wait_for(lambda label=label: card.buttons[0]["text"] == label)  # type: ignore[misc]  # mypy infers no lambda with a default


async def test_every_answer_fits_the_models(bot: Bot, playground: Playground, ada: User, chat: Chat) -> None:
    """What the playground answers is valid for aiogram's Bot API 10.3 models."""
    assert (await bot.get_me()).can_join_groups is True
    group = playground.add_group("Lab", ada, forum=True)
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    sent = await bot.send_message(chat.id, 'see <a href="https://arxiv.org/abs/2602.14080">it</a> &lt;here&gt;')
    assert sent.html_text == 'see <a href="https://arxiv.org/abs/2602.14080">it</a> &lt;here&gt;'
    replied = await bot.send_message(chat.id, "re", reply_parameters=ReplyParameters(message_id=sent.message_id))
    assert replied.reply_to_message is not None
    edited = await bot.edit_message_text("<code>x</code>", chat_id=chat.id, message_id=sent.message_id)
    assert isinstance(edited, Message)
    assert edited.edit_date is not None
    file = await bot.send_document(chat.id, BufferedInputFile(b"x", "x.txt"), caption="<b>c</b>")
    assert file.caption_entities is not None
    assert await bot.send_chat_action(chat.id, "typing") is True
    assert (await bot.get_chat(group.id)).is_forum is True
    assert (await bot.get_chat(chat.id)).accepted_gift_types.unique_gifts is True
    for user, status in ((ada, ChatMemberStatus.CREATOR), (playground.bot, ChatMemberStatus.ADMINISTRATOR)):
        assert (await bot.get_chat_member(group.id, user.id)).status == status
    assert len(await bot.get_chat_administrators(group.id)) == 2
    scope = BotCommandScopeChatAdministrators(chat_id=group.id)
    await bot.set_my_commands([BotCommand(command="a", description="b")], scope=scope)
    assert (await bot.get_my_commands(scope=scope))[0].command == "a"
    assert await bot.delete_messages(chat.id, [sent.message_id, file.message_id]) is True
    assert (await bot.get_webhook_info()).pending_update_count == 2  # joining, and its service message
    for update in await bot.get_updates():
        assert update.event_type in ("my_chat_member", "message")
    await playground.kick(group, ada)
    change = (await bot.get_updates())[-1].my_chat_member
    assert change is not None
    assert change.new_chat_member.status == ChatMemberStatus.KICKED


async def test_rich_messages_drafts_and_ephemerals_fit_the_models(
    bot: Bot, playground: Playground, ada: User, chat: Chat
) -> None:
    """The library's own rich blocks go out and come back through its models, in messages, edits, drafts and presses."""
    cell = RichBlockTableCell(text="A", align="left", valign="top")
    go = RichMessageButton(text="Unfold", callback_data="card:1")
    rich = InputRichMessage(
        blocks=[
            InputRichBlockSectionHeading(text="Today", size=1),
            InputRichBlockTable(cells=[[cell, cell]], is_compact=True),
            InputRichBlockDetails(summary="More", blocks=[InputRichBlockMathematicalExpression(expression="x^2")]),
            InputRichBlockParagraph(text=[RichTextBold(text="bold"), RichTextButton(button=go)]),
            InputRichBlockButtons(buttons=[go]),
        ],
        skip_entity_detection=True,
    )
    assert await bot.send_rich_message_draft(chat.id, 5, rich, can_stop=True) is True
    await playground.stop_generation(chat)
    sent = await bot.send_rich_message(chat.id, rich)
    assert sent.rich_message is not None
    assert [block.type for block in sent.rich_message.blocks] == ["heading", "table", "details", "paragraph", "buttons"]
    text = await bot.send_message(chat.id, "x")
    edited = await bot.edit_message_text(chat_id=chat.id, message_id=text.message_id, rich_message=rich)
    assert isinstance(edited, Message)
    assert edited.rich_message == sent.rich_message
    group = playground.add_group("Lab", ada)
    await playground.join(group, playground.bot)
    table = await bot.send_rich_message(group.id, rich)
    press = await playground.press(group, ada, table.message_id, "card:1")
    how = EphemeralMessageParameters(receiver_user_id=ada.id, callback_query_id=press.id)
    own = await bot.send_rich_message(group.id, rich, ephemeral_message_parameters=how)
    assert own.receiver_user is not None
    assert (own.message_id, own.receiver_user.id) == (0, ada.id)
    assert own.ephemeral_message_id is not None
    assert await bot.edit_ephemeral_message_text(group.id, ada.id, own.ephemeral_message_id, text="done") is True
    assert await bot.delete_ephemeral_message(group.id, ada.id, own.ephemeral_message_id) is True
    updates = await bot.get_updates()
    assert [update.event_type for update in updates][-1] == "callback_query"
    assert updates[0].stopped_message_generation is not None
    assert updates[0].stopped_message_generation.draft_id == 5


async def test_albums_and_files_fit_the_models(bot: Bot, chat: Chat) -> None:
    """An album of uploads, a file fetched again by its path, and a text that becomes a picture."""
    png = BufferedInputFile(PNG, "f.png")
    sent = await bot.send_media_group(
        chat.id, [InputMediaPhoto(media=png, caption="<b>one</b>"), InputMediaPhoto(media=png)]
    )
    assert {message.media_group_id for message in sent} == {sent[0].media_group_id}
    assert (sent[0].caption, sent[1].caption) == ("one", None)
    assert sent[0].photo is not None
    fetched = await bot.download(sent[0].photo[-1])
    assert fetched is not None
    assert fetched.read() == PNG
    text = await bot.send_message(chat.id, "x")
    media = InputMediaPhoto(media=sent[0].photo[-1].file_id, caption="now a picture")
    edited = await bot.edit_message_media(media, chat_id=chat.id, message_id=text.message_id)
    assert isinstance(edited, Message)
    assert (edited.caption, edited.photo) == ("now a picture", sent[0].photo)
    with pytest.raises(TelegramBadRequest, match="album"):
        await bot.send_media_group(chat.id, [media])
    mixed: list[Any] = [media, InputMediaDocument(media=BufferedInputFile(b"x", "x.txt"))]
    with pytest.raises(TelegramBadRequest, match="mixed"):
        await bot.send_media_group(chat.id, mixed)


async def test_messages_are_forwarded_copied_pinned_and_reacted_to(
    bot: Bot, playground: Playground, ada: User, chat: Chat
) -> None:
    """What is in a chat can be sent on, marked and found again, and only by whoever may."""
    asked = await playground.user_sends(chat, ada, "look at this")
    forwarded = await bot.forward_message(chat.id, chat.id, asked.id)
    assert forwarded.forward_origin is not None
    assert (forwarded.text, forwarded.forward_origin.type) == ("look at this", "user")
    photo = await bot.send_photo(chat.id, BufferedInputFile(PNG, "f.png"), caption="one")
    copied = await bot.copy_message(chat.id, chat.id, photo.message_id, caption="two")
    assert playground.last(chat).id == copied.message_id
    assert (playground.last(chat).text, playground.last(chat).origin) == ("two", {})
    several = await bot.copy_messages(chat.id, chat.id, [photo.message_id, 4711, asked.id], remove_caption=True)
    assert [m.plain for m in playground.messages(chat)][-2:] == ["", "look at this"]
    assert len(several) == 2
    assert await bot.set_message_reaction(chat.id, asked.id, [ReactionTypeEmoji(emoji="👍")]) is True
    assert [one["emoji"] for one in asked.reactions] == ["👍"]
    assert await bot.pin_chat_message(chat.id, photo.message_id) is True
    pinned = (await bot.get_chat(chat.id)).pinned_message
    assert pinned is not None
    assert pinned.message_id == photo.message_id
    assert await bot.unpin_chat_message(chat.id) is True
    assert (await bot.get_chat(chat.id)).pinned_message is None
    with pytest.raises(TelegramBadRequest, match="message to unpin not found"):
        await bot.unpin_chat_message(chat.id)
    with pytest.raises(TelegramBadRequest, match="message to forward not found"):
        await bot.forward_message(chat.id, chat.id, 4711)
    group = playground.add_group("Lab", ada)
    await playground.join(group, playground.bot, by=ada)
    sent = await bot.send_message(group.id, "x")
    with pytest.raises(TelegramBadRequest, match="not enough rights to manage pinned messages"):
        await bot.pin_chat_message(group.id, sent.message_id)


async def test_errors_have_their_classes(bot: Bot, playground: Playground, ada: User, chat: Chat) -> None:
    """Each refusal becomes the exception that aiogram has for it."""
    with pytest.raises(TelegramBadRequest, match="message text is empty"):
        await bot.send_message(chat.id, "")
    playground.refuse("sendMessage", too_many_requests(3))
    with pytest.raises(TelegramRetryAfter) as slow:
        await bot.send_message(chat.id, "x")
    assert slow.value.retry_after == 3
    group = playground.add_group("Readers", ada, supergroup=False)
    group.members[bot.id] = Role.MEMBER
    new = await playground.migrate(group, ada)
    with pytest.raises(TelegramMigrateToChat) as migrated:
        await bot.send_message(group.id, "x")
    assert migrated.value.migrate_to_chat_id == new.id
    with pytest.raises(TelegramNotFound):  # the playground doesn't know this method yet
        await bot.send_dice(chat.id)
    await playground.block(ada)
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(chat.id, "x")
    session = AiohttpSession(api=TelegramAPIServer.from_base(playground.url))
    async with Bot("1:wrong", session) as stranger:
        with pytest.raises(TelegramUnauthorizedError):
            await stranger.get_me()
