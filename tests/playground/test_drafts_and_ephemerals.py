"""What is shown for a while or to one person alone: drafts and ephemeral messages."""

from __future__ import annotations

from typing import Any

import pytest

from bot.playground.control import Impossible, Playground
from bot.playground.state import Chat, Event, Happening, Role, User
from tests.support.bot_api import BotApi, keyboard
from tests.support.movable_clock import MovableClock


def rich(text: str) -> dict[str, Any]:
    """A rich message of one paragraph and a button."""
    button = {"text": "More", "callback_data": "more"}
    return {"blocks": [{"type": "paragraph", "text": text}, {"type": "buttons", "buttons": [button]}]}


# --------------------------------------------------------------------------- drafts


async def test_a_draft_grows_and_gives_way_to_the_message(api: BotApi, playground: Playground, chat: Chat) -> None:
    """Drafts follow each other in one place, are no messages, and go when the message comes."""
    seen: list[str] = []

    def note(event: Event) -> None:
        if event.kind is Happening.DRAFT:
            seen.append(event.draft.plain if event.draft else "")

    async with playground.listen(note):
        assert await api.ok("sendMessageDraft", chat_id=chat.id, draft_id=7, text="") is True
        thinking = {"blocks": [{"type": "thinking", "text": "Reading"}]}
        await api.ok("sendRichMessageDraft", chat_id=chat.id, draft_id=7, rich_message=thinking)
        await api.ok("sendRichMessageDraft", chat_id=chat.id, draft_id=7, rich_message=rich("The card"))
        assert playground.messages(chat) == []
        await api.ok("sendRichMessage", chat_id=chat.id, rich_message=rich("The card, whole"))
    assert seen == ["", "Reading", "The card\n[More]", ""]
    assert playground.draft(chat) is None


async def test_a_draft_lasts_half_a_minute(
    api: BotApi, playground: Playground, chat: Chat, clock: MovableClock
) -> None:
    """After thirty seconds without news a draft is gone."""
    await api.ok("sendMessageDraft", chat_id=chat.id, draft_id=-7, text="so far")
    clock.advance(seconds=30)
    draft = playground.draft(chat)
    assert draft is not None
    assert (draft.id, draft.plain) == (-7, "so far")
    clock.advance(seconds=1)
    assert playground.draft(chat) is None


@pytest.mark.parametrize("keep", [True, False])
async def test_a_person_stops_a_draft(api: BotApi, playground: Playground, chat: Chat, keep: bool) -> None:
    """The bot hears which draft was stopped; it stands only where the bot said so, and is not renewed."""
    values = {"chat_id": chat.id, "draft_id": 9, "rich_message": rich("So far")}
    await api.ok("sendRichMessageDraft", **values)
    with pytest.raises(Impossible):
        await playground.stop_generation(chat)
    await api.ok("sendRichMessageDraft", **values, can_stop=True, keep_on_stop=keep)
    await playground.stop_generation(chat)
    [update] = await api.ok("getUpdates")
    told = update["stopped_message_generation"]
    assert (told["draft_id"], told["chat"]["id"]) == (9, chat.id)
    await api.ok("sendRichMessageDraft", **values | {"rich_message": rich("Further")}, can_stop=True)
    draft = playground.draft(chat)
    assert (draft.plain if draft else None) == ("So far\n[More]" if keep else None)


async def test_drafts_that_telegram_refuses(api: BotApi, playground: Playground, ada: User, chat: Chat) -> None:
    """No draft without an id, none outside of private chats, none with an upload, none too long."""
    group = playground.add_group("Lab", ada)
    await playground.join(group, playground.bot)
    for chat_id, values in (
        (chat.id, {"draft_id": 0, "text": "x"}),
        (chat.id, {"text": "x"}),
        (group.id, {"draft_id": 1, "text": "x"}),
        (chat.id, {"draft_id": 1, "text": "x" * 4097}),
    ):
        assert (await api.refused("sendMessageDraft", chat_id=chat_id, **values))[0] == 400
    upload = {"blocks": [{"type": "photo", "photo": {"type": "photo", "media": "attach://p"}}]}
    assert (await api.refused("sendRichMessageDraft", chat_id=chat.id, draft_id=1, rich_message=upload))[0] == 400
    assert playground.draft(chat) is None


# --------------------------------------------------------------------------- ephemeral messages


@pytest.fixture
async def lab(playground: Playground, ada: User) -> Chat:
    """A group with Ada, Bob and the bot."""
    group = playground.add_group("Lab", ada, [playground.add_user("Bob", user_id=77)])
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    return group


async def test_one_member_unfolds_and_the_others_do_not_see_it(
    api: BotApi, playground: Playground, ada: User, lab: Chat
) -> None:
    """The message goes to the receiver alone, in the place of the pressed one; the chat keeps its table."""
    bob = playground.state.users[77]
    table = await api.ok("sendRichMessage", chat_id=lab.id, rich_message=rich("The table"))
    await api.ok("sendMessage", chat_id=lab.id, text="after")
    press = await playground.press(lab, bob, table["message_id"], "More")
    how = {"receiver_user_id": 77, "callback_query_id": press.id, "replace_callback_query_message": True}
    sent = await api.ok(
        "sendRichMessage", chat_id=lab.id, rich_message=rich("A card"), ephemeral_message_parameters=how
    )
    assert (sent["message_id"], sent["ephemeral_message_id"], sent["receiver_user"]["id"]) == (0, 1, 77)
    assert [m.plain for m in playground.seen_by(lab, bob) if m.plain] == ["A card\n[More]", "after"]
    assert [m.plain for m in playground.seen_by(lab, ada) if m.plain] == ["The table\n[More]", "after"]
    assert [m.plain for m in playground.messages(lab, by_bot=True)] == ["The table\n[More]", "after"]
    [card] = playground.ephemerals(lab, bob)
    with pytest.raises(Impossible):
        await playground.press(lab, ada, card, "More")
    await playground.press(lab, bob, card, "More")
    query = (await api.ok("getUpdates", offset=-1))[0]["callback_query"]
    assert (query["message"]["message_id"], query["message"]["ephemeral_message_id"]) == (0, 1)


async def test_an_ephemeral_message_is_edited_and_deleted(
    api: BotApi, playground: Playground, ada: User, lab: Chat
) -> None:
    """It is edited and deleted by its own methods, which answer True, and only for its receiver."""
    bob = playground.state.users[77]
    to_bob = {"receiver_user_id": 77}
    sent = await api.ok("sendMessage", chat_id=lab.id, text="one", ephemeral_message_parameters=to_bob)
    named = {"chat_id": lab.id, "receiver_user_id": 77, "ephemeral_message_id": sent["ephemeral_message_id"]}
    assert await api.ok("editEphemeralMessageText", **named, rich_message=rich("two")) is True
    assert await api.ok("editEphemeralMessageReplyMarkup", **named, reply_markup=keyboard([("A", "a")])) is True
    [message] = playground.ephemerals(lab, bob)
    assert (message.plain, [b["text"] for b in message.buttons]) == ("two\n[More]", ["More", "A"])
    code, why = await api.refused(
        "editEphemeralMessageText", **named, rich_message=rich("two"), reply_markup=keyboard([("A", "a")])
    )
    assert (code, why[:39]) == (400, "Bad Request: message is not modified: s")
    assert await api.refused("editMessageText", chat_id=lab.id, message_id=0, text="x") == (
        400,
        "Bad Request: message to edit not found",
    )
    others = named | {"receiver_user_id": ada.id}
    assert (await api.refused("deleteEphemeralMessage", **others))[1] == "Bad Request: message to delete not found"
    assert await api.ok("deleteEphemeralMessage", **named) is True
    assert playground.ephemerals(lab, bob) == []
    assert (await api.refused("deleteEphemeralMessage", **named))[1] == "Bad Request: message to delete not found"


async def test_an_ephemeral_message_follows_a_press_within_a_quarter_of_a_minute(
    api: BotApi, playground: Playground, ada: User, chat: Chat, lab: Chat, clock: MovableClock
) -> None:
    """A late press, another person's, an unknown one, an ephemeral one to replace, a private chat: all are refused."""
    bob = playground.state.users[77]
    table = await api.ok("sendRichMessage", chat_id=lab.id, rich_message=rich("The table"))
    press = await playground.press(lab, bob, table["message_id"], "More")
    await api.ok("answerCallbackQuery", callback_query_id=press.id)  # answered, it still counts

    async def send(**how: object) -> tuple[int, str]:
        return await api.refused("sendMessage", chat_id=lab.id, text="x", ephemeral_message_parameters=how)

    old = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    assert await send(receiver_user_id=ada.id, callback_query_id=press.id) == old
    assert await send(receiver_user_id=77, callback_query_id="1") == old
    assert (await send(callback_query_id=press.id))[0] == 400
    assert (await send(receiver_user_id=77, replace_callback_query_message=True))[0] == 400
    assert await send(receiver_user_id=4711) == (400, "Bad Request: user not found")
    stranger = playground.add_user("Eve")
    assert await send(receiver_user_id=stranger.id) == (400, "Bad Request: USER_NOT_PARTICIPANT")
    how: dict[str, object] = {"receiver_user_id": 77, "callback_query_id": press.id}
    clock.advance(seconds=15)
    await api.ok(
        "sendMessage",
        chat_id=lab.id,
        text="card",
        ephemeral_message_parameters=how,
        reply_markup=keyboard([("A", "a")]),
    )
    [card] = playground.ephemerals(lab, bob)
    again = await playground.press(lab, bob, card, "A")
    assert (await send(receiver_user_id=77, callback_query_id=again.id, replace_callback_query_message=True))[0] == 400
    clock.advance(seconds=1)
    assert await send(**how) == old
    private = await api.refused(
        "sendMessage", chat_id=chat.id, text="x", ephemeral_message_parameters={"receiver_user_id": ada.id}
    )
    assert private[0] == 400
