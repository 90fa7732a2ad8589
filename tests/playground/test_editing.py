from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from bot.playground.control import Playground
from bot.playground.state import Chat, Role, User
from tests.support.bot_api import BotApi, keyboard
from tests.support.movable_clock import MovableClock

SAME = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


async def sent_with_button(api: BotApi, chat: Chat, text: str = "Table") -> int:
    """The id of a message with one button."""
    sent = await api.ok("sendMessage", chat_id=chat.id, text=text, reply_markup=keyboard([("Open", "o:1")]))
    return int(sent["message_id"])


async def test_an_edit_replaces_text_and_keyboard_and_keeps_the_past(
    api: BotApi, playground: Playground, chat: Chat
) -> None:
    """An edit without a keyboard takes the keyboard away; the old version stays in the history."""
    message_id = await sent_with_button(api, chat)
    edited = await api.ok(
        "editMessageText", chat_id=chat.id, message_id=message_id, text="<i>Card</i>", parse_mode="HTML"
    )
    assert edited["text"] == "Card"
    assert "edit_date" in edited
    assert "reply_markup" not in edited
    [message] = playground.messages(chat)
    assert [(v.text, len(v.markup.buttons) if v.markup else 0) for v in message.past] == [("Table", 1)]


async def test_an_edit_must_change_something(api: BotApi, chat: Chat) -> None:
    """The same text and keyboard again is refused; other formatting or another button is a change."""
    message_id = await sent_with_button(api, chat)
    here: dict[str, Any] = {"chat_id": chat.id, "message_id": message_id}
    same = keyboard([("Open", "o:1")])
    assert await api.refused("editMessageText", **here, text=" Table ", reply_markup=same) == (400, SAME)
    assert await api.refused("editMessageReplyMarkup", **here, reply_markup=same) == (400, SAME)
    await api.ok("editMessageText", **here, text="<b>Table</b>", parse_mode="HTML", reply_markup=same)
    await api.ok("editMessageReplyMarkup", **here, reply_markup=keyboard([("Open", "o:2")]))
    await api.ok("editMessageReplyMarkup", **here, reply_markup={"inline_keyboard": []})
    assert await api.refused("editMessageReplyMarkup", **here) == (400, SAME)


@pytest.mark.parametrize(
    ("values", "description"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "x", "message_id": 999}, "message to edit not found"),
        ({"text": "x", "message_id": 0}, "message to edit not found"),
        ({"text": "x", "chat_id": "", "message_id": 0}, "message identifier is not specified"),
        ({"text": "x", "chat_id": 5}, "chat not found"),
        ({"text": "x", "reply_markup": keyboard([("a", "b" * 65)])}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": {"force_reply": True}}, "inline keyboard expected"),
    ],
)
async def test_bad_edits(api: BotApi, chat: Chat, values: dict[str, Any], description: str) -> None:
    """Each mistake has its own 400."""
    message_id = await sent_with_button(api, chat)
    asked = {"chat_id": chat.id, "message_id": message_id} | values
    assert await api.refused("editMessageText", **asked) == (400, f"Bad Request: {description}")


async def test_only_own_text_can_be_edited(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A person's message, a file's text and a plain message's caption cannot be edited."""
    hers = await playground.user_sends(chat, ada, "hello")
    refused = await api.refused("editMessageText", chat_id=chat.id, message_id=hers.id, text="x")
    assert refused == (400, "Bad Request: message can't be edited")
    form = aiohttp.FormData({"chat_id": str(chat.id), "caption": "a"})
    form.add_field("document", b"x", filename="x.txt")
    _, body, _ = await api.raw("sendDocument", data=form)
    file_id = body["result"]["message_id"]
    refused = await api.refused("editMessageText", chat_id=chat.id, message_id=file_id, text="x")
    assert refused == (400, "Bad Request: there is no text in the message to edit")
    edited = await api.ok("editMessageCaption", chat_id=chat.id, message_id=file_id, caption="b")
    assert edited["caption"] == "b"
    plain = await sent_with_button(api, chat)
    refused = await api.refused("editMessageCaption", chat_id=chat.id, message_id=plain, caption="b")
    assert refused == (400, "Bad Request: there is no caption in the message to edit")


async def test_a_deleted_message_is_gone_for_good(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """What the bot or a person deleted can neither be edited, nor deleted again, nor replied to."""
    message_id = await sent_with_button(api, chat)
    other = await sent_with_button(api, chat)
    assert await api.ok("deleteMessage", chat_id=chat.id, message_id=message_id) is True
    await playground.user_deletes(playground.messages(chat)[-1])
    for gone in (message_id, other):
        here: dict[str, Any] = {"chat_id": chat.id, "message_id": gone}
        assert await api.refused("editMessageText", **here, text="x") == (400, "Bad Request: message to edit not found")
        assert await api.refused("deleteMessage", **here) == (400, "Bad Request: message to delete not found")
    assert playground.messages(chat) == []


async def test_what_a_bot_may_delete(
    api: BotApi, playground: Playground, chat: Chat, ada: User, clock: MovableClock
) -> None:
    """Own messages for two days, a person's in private, everything as administrator."""
    group = playground.add_group("Readers", ada)
    await playground.join(group, playground.bot)
    hers = await playground.user_sends(group, ada, "/start")
    ours = await sent_with_button(api, group)
    refused = await api.refused("deleteMessage", chat_id=group.id, message_id=hers.id)
    assert refused == (400, "Bad Request: message can't be deleted")
    private = await playground.user_sends(chat, ada, "hi")
    assert await api.ok("deleteMessages", chat_id=chat.id, message_ids=[private.id, 4711]) is True
    clock.advance(hours=49)
    refused = await api.refused("deleteMessage", chat_id=group.id, message_id=ours)
    assert refused == (400, "Bad Request: message can't be deleted")
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    assert await api.ok("deleteMessages", chat_id=group.id, message_ids=[hers.id, ours]) is True


@pytest.mark.parametrize(
    ("ids", "description"),
    [
        ("", "message identifiers are not specified"),
        ([], "message identifiers are not specified"),
        ("{", "can't parse message_ids JSON object"),
        ({"a": 1}, "expected an Array of message identifiers"),
        ([-1], "invalid message identifier specified"),
        (list(range(1, 102)), "too many message identifiers specified"),
    ],
)
async def test_bad_lists_of_messages(api: BotApi, chat: Chat, ids: object, description: str) -> None:
    """A deletion in bulk takes 1 to 100 positive numbers."""
    refused = await api.refused("deleteMessages", chat_id=chat.id, message_ids=ids)
    assert refused == (400, f"Bad Request: {description}")


TOO_OLD = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")


async def test_a_press_is_answered_once_and_in_time(
    api: BotApi, playground: Playground, chat: Chat, ada: User, clock: MovableClock
) -> None:
    """The person sees the answer; a second, a late and an invented one are refused."""
    message_id = await sent_with_button(api, chat)
    press = await playground.press(chat, ada, message_id, "Open")
    [update] = await api.ok("getUpdates")
    query = update["callback_query"]
    assert (query["id"], query["data"], query["from"]["id"]) == (press.id, "o:1", ada.id)
    assert query["message"]["message_id"] == message_id
    assert query["chat_instance"]
    assert await api.ok("answerCallbackQuery", callback_query_id=press.id, text="Opening…", show_alert=True) is True
    assert press.answer is not None
    assert (press.answer.text, press.answer.alert) == ("Opening…", True)
    assert await api.refused("answerCallbackQuery", callback_query_id=press.id) == TOO_OLD
    late = await playground.press(chat, ada, message_id, "o:1")
    clock.advance(seconds=16)
    assert await api.refused("answerCallbackQuery", callback_query_id=late.id) == TOO_OLD
    assert await api.refused("answerCallbackQuery", callback_query_id="12345") == TOO_OLD


async def test_an_answer_has_200_characters_at_most(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """201 characters are refused and the press stays unanswered."""
    press = await playground.press(chat, ada, await sent_with_button(api, chat), "Open")
    refused = await api.refused("answerCallbackQuery", callback_query_id=press.id, text="x" * 201)
    assert refused == (400, "Bad Request: MESSAGE_TOO_LONG")
    await api.ok("answerCallbackQuery", callback_query_id=press.id, text="x" * 200)


async def test_a_button_of_a_message_that_is_gone(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A client that has not noticed the deletion may still press; the bot gets an inaccessible message."""
    message_id = await sent_with_button(api, chat)
    await api.ok("deleteMessage", chat_id=chat.id, message_id=message_id)
    await playground.press(chat, ada, message_id, "Open")
    [update] = await api.ok("getUpdates")
    message = update["callback_query"]["message"]
    assert (message["message_id"], message["date"], set(message)) == (message_id, 0, {"chat", "message_id", "date"})
