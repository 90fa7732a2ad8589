"""Chats in the rich layout: tables, cards, votes, the choice itself, and cards that are still being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.delivery import Postman
from bot.chat.line import make_bot
from bot.chat.posting import through
from bot.config import Settings
from bot.model import Claim, Formula, Motivation
from bot.outbox import Outbox
from bot.playground.control import Playground
from bot.playground.errors import ApiError, bad_request, too_many_requests
from bot.playground.server import Fault
from bot.playground.state import Chat, Message, User
from bot.reading import CardView
from storage import listings
from storage.database import Database
from tests.support import builders as a
from tests.support.chat_bot import ChatBot, chat_bot
from tests.support.movable_clock import MovableClock

UNKNOWN = ApiError(404, "Not Found: method not found")
CASES = r"f = \begin{cases} 1 & x > 0 \\ 0 & x \le 0 \end{cases}"


@pytest.fixture
async def bot(db: Database, playground: Playground, clock: MovableClock) -> AsyncIterator[ChatBot]:
    """The bot at work, where a new chat begins in the rich layout."""
    async with chat_bot(db, playground, clock, Settings(default_layout="rich")) as running:
        yield running


@pytest.fixture
async def table(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> Message:
    """A table of three papers in Ada's chat."""
    return await the_table(bot, playground, private, ada)


async def the_table(bot: ChatBot, playground: Playground, chat: Chat, user: User) -> Message:
    """A table of three papers in a chat."""
    sent = await playground.user_sends(chat, user, "/categories cs.LG")
    await playground.wait_for_message(chat, "cs.LG", after=sent.id)
    await bot.announce(3)
    await playground.user_sends(chat, user, "/digest")
    return await playground.wait_for_message(chat, "3 of 3 announced", after=sent.id)


def labels(message: Message) -> list[str]:
    """What its buttons say."""
    return [button["text"] for button in message.buttons]


async def unfolded(bot: ChatBot, playground: Playground, chat: Chat, user: User, table: Message) -> Message:
    """The card that the first row's button brings, once the bot has written down where it is."""
    await playground.press(chat, user, table.id, "1")
    card = await playground.wait_for_message(chat, "Read from the abstract", after=table.id)

    async def written_down() -> bool:
        return not bot.desk.unfolding

    await bot.until(written_down)
    return card


def kinds(message: Message) -> list[str]:
    """The kinds of its blocks."""
    assert message.rich is not None
    return [block["type"] for block in message.rich.blocks]


# --------------------------------------------------------------------------- tables and cards


async def test_a_table_is_one_native_table(table: Message) -> None:
    """One compact table in one message; its rows carry their own buttons."""
    assert kinds(table).count("table") == 1
    assert table.markup is None
    assert labels(table) == ["1", "2", "3"]
    (shown,) = [block for block in table.rich.blocks if block["type"] == "table"]  # type: ignore[union-attr] # as above
    assert shown["is_compact"]


async def test_a_card_is_native_and_folds(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The card is a rich reply with its buttons in it; the row's button, and its own, take it away."""
    card = await unfolded(bot, playground, private, ada, table)
    assert card.reply_to is table
    assert kinds(card)[0] == "heading"
    assert "blockquote" in kinds(card)
    assert kinds(card)[-2:] == ["buttons", "buttons"]
    await playground.press(private, ada, table.id, "1")
    await playground.wait_for(lambda: card.deleted is not None)
    again = await unfolded(bot, playground, private, ada, table)
    await playground.press(private, ada, again.id, "Fold")
    await playground.wait_for(lambda: again.deleted is not None)


async def test_a_vote_changes_the_button_inside(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The card is made anew with the verdict on it, and stays rich."""
    card = await unfolded(bot, playground, private, ada, table)
    before = kinds(card)
    await playground.press(private, ada, card.id, "👍")
    await playground.wait_for(lambda: "👍 ✓" in labels(card))
    assert kinds(card) == before
    assert all("text" not in call.arguments.values for call in bot.calls("editMessageText"))


async def test_a_card_too_old_to_be_deleted_becomes_a_rich_stub(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """Rich messages are never changed into plain text, which clients would draw over them."""
    card = await unfolded(bot, playground, private, ada, table)
    playground.refuse("deleteMessage", bad_request("message can't be deleted for everyone"))
    await playground.press(private, ada, table.id, "1")
    await playground.wait_for(lambda: card.plain.startswith("Folded: 2602.00001v1."))
    assert card.rich is not None


async def test_settings_and_errors_are_readable_everywhere(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """What rich messages show no better stays classic, so that nobody is locked out by a client."""
    for text, said in (("/size", "A table has"), ("/size 99", "99"), ("/help", "/layout")):
        sent = await playground.user_sends(private, ada, text)
        assert (await playground.wait_for_message(private, said, after=sent.id)).rich is None


# --------------------------------------------------------------------------- servers that do not take them


@pytest.mark.parametrize("error", [UNKNOWN, bad_request("RICH_MESSAGE_DEPTH_INVALID")])
async def test_a_card_comes_in_classic_form_where_it_is_refused(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, error: ApiError
) -> None:
    """In the same breath, once, with all its buttons; they work as ever."""
    playground.refuse("sendRichMessage", error, times=100)
    table = await the_table(bot, playground, private, ada)
    assert table.rich is None
    card = await unfolded(bot, playground, private, ada, table)
    assert card.rich is None
    assert [message for message in playground.messages(private, by_bot=True) if message.id > table.id] == [card]
    await playground.press(private, ada, card.id, "👍")
    await playground.wait_for(lambda: "👍 ✓" in labels(card))
    if error is UNKNOWN:
        assert len(bot.calls("sendRichMessage")) == 1


async def test_a_refused_edit_is_sent_anew(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """A rich message that cannot be changed goes away, and what it was to show comes as a new one."""
    await playground.user_sends(private, ada, "/layout")
    sample = await playground.wait_for_message(private, "a table with two columns")
    playground.refuse("editMessageText", bad_request("RICH_MESSAGE_EMPTY"))
    await playground.press(private, ada, sample.id, "I see this")
    anew = await playground.wait_for_message(private, "The rich layout is chosen.", after=sample.id)
    assert anew.rich is not None
    await playground.wait_for(lambda: sample.deleted is not None)


@pytest.mark.parametrize("layout", ["classic", "rich"])
async def test_a_flood_in_the_middle_of_an_answer_loses_nothing(
    db: Database, playground: Playground, clock: MovableClock, layout: str
) -> None:
    """Telegram asks to wait for a minute between two parts: the rest goes out after that, once and in order."""
    ada = playground.add_user("Ada", language="en")
    private = playground.private(ada)
    async with chat_bot(db, playground, clock, Settings(default_layout=layout, digest_size=20)) as bot:
        await playground.user_sends(private, ada, "/categories cs.LG")
        await playground.wait_for_message(private, "cs.LG")
        titles = [f"title {n} {'word ' * 46}" for n in range(1, 21)]
        page = a.page(new=[a.paper(n, title=title, has_html=False) for n, title in enumerate(titles, 1)])
        async with db.begin() as conn:
            await listings.save_page(conn, page, a.NOW)
        playground.refuse("sendRichMessage", UNKNOWN)
        playground.fail(Fault("sendMessage", too_many_requests(60), skip=1))
        sent = await playground.user_sends(private, ada, "/digest")
        await playground.wait_for_message(private, "20 of 20 announced", after=sent.id)
        await bot.settled()
        assert "title 20 " not in _since(playground, private, sent)
        clock.now += timedelta(minutes=2)
        async with make_bot(playground.token, playground.url) as sender:
            await Postman(Outbox(db, clock), through(sender, bot.desk.offers), clock).deliver()
    shown = _since(playground, private, sent)
    assert shown.count("20 of 20 announced") == 1
    places = [shown.index(f"title {n} ") for n in range(1, 21)]
    assert places == sorted(places)
    assert all(shown.count(f"title {n} ") == 1 for n in range(1, 21))


def _since(playground: Playground, chat: Chat, message: Message) -> str:
    return "\n".join(one.plain for one in playground.messages(chat, by_bot=True) if one.id > message.id)


# --------------------------------------------------------------------------- the choice


async def test_only_who_sees_the_button_chooses(db: Database, playground: Playground, clock: MovableClock) -> None:
    """A chat begins classic; the button inside the sample switches, “I see nothing” and /layout classic switch back."""
    ada = playground.add_user("Ada", language="en")
    private = playground.private(ada)
    async with chat_bot(db, playground, clock) as bot:
        await playground.user_sends(private, ada, "/layout")
        beside = await playground.wait_for_message(private, "Above this message")
        sample = playground.messages(private, by_bot=True)[-2]
        assert sample.rich is not None
        assert beside.rich is None
        assert (await bot.chat(private)).layout == "classic"

        async def chosen(name: str) -> None:
            async def it_is() -> bool:
                return (await bot.chat(private)).layout == name

            await bot.until(it_is)

        await playground.press(private, ada, sample.id, "I see this")
        await playground.wait_for(lambda: sample.plain.startswith("The rich layout is chosen."))
        await chosen("rich")
        await playground.press(private, ada, beside.id, "I see nothing")
        await playground.wait_for(lambda: beside.text.startswith("The classic layout is chosen."))
        await chosen("classic")
        await playground.press(private, ada, sample.id, "Back to the classic")
        await playground.wait_for(lambda: sample.plain.startswith("The classic layout is chosen."))
        assert sample.rich is not None


async def test_a_server_without_rich_messages_says_so(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """/layout then sends one message, without a sample."""
    playground.refuse("sendRichMessage", UNKNOWN)
    sent = await playground.user_sends(private, ada, "/layout")
    told = await playground.wait_for_message(private, "takes no rich messages", after=sent.id)
    assert [message for message in playground.messages(private, by_bot=True) if message.id > sent.id] == [told]


async def test_only_administrators_choose_a_groups_layout(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """A member is told so; an administrator's sample replies to what was asked."""
    sent = await playground.user_sends(group, mei, "/layout")
    assert "administrators" in (await playground.wait_for_message(group, after=sent.id)).text
    sent = await playground.user_sends(group, ada, "/layout")
    await playground.wait_for_message(group, "Above this message", after=sent.id)
    sample = playground.messages(group, by_bot=True)[-2]
    assert sample.reply_to is sent
    press = await playground.wait_for_answer(await playground.press(group, mei, sample.id, "I see this"))
    assert press.answer is not None
    assert "administrators" in press.answer.text


# --------------------------------------------------------------------------- groups: to one member alone


async def test_a_member_unfolds_for_themselves(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """Nobody else sees the card, and the table stays the last message; votes and folds work in it."""
    table = await the_table(bot, playground, group, ada)
    await playground.press(group, mei, table.id, "1")
    await playground.wait_for(lambda: any(map(labels, playground.ephemerals(group, mei))))
    (card,) = playground.ephemerals(group, mei)
    assert card.rich is not None
    assert not playground.ephemerals(group, ada)
    assert playground.last(group) is table
    await playground.press(group, mei, card, "👍")
    await playground.wait_for(lambda: "👍 1" in labels(card))
    await playground.press(group, mei, card, "Why?")
    await playground.wait_for(lambda: len(playground.ephemerals(group, mei)) == 2)
    assert playground.last(group) is table
    await playground.press(group, mei, card, "Fold")
    await playground.wait_for(lambda: card not in playground.ephemerals(group, mei))
    assert not bot.desk.alone


async def test_a_slow_card_holds_its_place(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A press must be answered within seconds: first comes a sign that the card is being read, then the card in its
    place."""
    table = await the_table(bot, playground, group, ada)
    go_on = asyncio.Event()
    read = bot.desk.reading.card

    async def slow(*arguments: Any) -> CardView:
        await go_on.wait()
        return await read(*arguments)

    monkeypatch.setattr(bot.desk.reading, "card", slow)
    monkeypatch.setattr("bot.chat.card.AT_ONCE", 0.05)
    await playground.press(group, ada, table.id, "1")
    await playground.wait_for(lambda: bool(playground.ephemerals(group, ada)))
    (shown,) = playground.ephemerals(group, ada)
    assert "Reading 2602.00001" in shown.plain
    go_on.set()
    await playground.wait_for(lambda: "Fold" in labels(shown))
    assert playground.ephemerals(group, ada) == [shown]


async def test_everything_of_a_topic_stays_in_it(bot: ChatBot, playground: Playground, ada: User) -> None:
    """Table, sample and a member's own card bear the topic's number, each in its own call."""
    forum = playground.add_group("Forum", ada, forum=True)
    await playground.join(forum, playground.bot)
    topic = await playground.add_topic(forum, ada, "arXiv")
    await bot.announce(3)
    for text in ("/categories cs.LG", "/digest", "/layout"):
        await playground.user_sends(forum, ada, text, thread_id=topic)
        await bot.settled()
    (table,) = [one for one in playground.messages(forum, by_bot=True) if "1" in labels(one)]
    await playground.press(forum, ada, table.id, "1")
    await playground.wait_for(lambda: any(map(labels, playground.ephemerals(forum, ada))))
    sent = bot.calls("sendRichMessage")
    assert len(sent) == 3
    assert {call.arguments.values["message_thread_id"] for call in sent} == {str(topic)}


async def test_where_nothing_can_be_shown_to_one_alone_everybody_sees_it(
    bot: ChatBot, playground: Playground, group: Chat, ada: User
) -> None:
    """A server that refuses gets an ordinary reply under the table."""
    table = await the_table(bot, playground, group, ada)
    playground.refuse("sendRichMessage", bad_request("EPHEMERAL_MESSAGE_NOT_ALLOWED"))
    playground.refuse("sendMessage", bad_request("EPHEMERAL_MESSAGE_NOT_ALLOWED"))
    await playground.press(group, ada, table.id, "1")
    card = await playground.wait_for_message(group, "Read from the abstract", after=table.id)
    assert card.reply_to is table
    assert card.rich is not None


# --------------------------------------------------------------------------- cards that a model is writing


Progress = Callable[[CardView], Awaitable[None]]


class Writer:
    """A language model that writes when it is told to."""

    def __init__(self, bot: ChatBot, monkeypatch: pytest.MonkeyPatch) -> None:
        self.progress: asyncio.Future[Progress | None] = asyncio.get_running_loop().create_future()
        self.done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._read = bot.desk.reading.card
        monkeypatch.setattr(bot.desk.reading, "card", self._card)
        monkeypatch.setattr(bot.desk.reading, "finished", self._finished)
        monkeypatch.setattr("bot.chat.draft.PAUSE", 0.01)

    async def _card(self, *arguments: Any) -> CardView:
        note = "writing" if not self.done.done() else "" if self.done.result() else "timeout"
        return replace(await self._read(*arguments), note=note)

    async def _finished(self, *arguments: Any, progress: Progress | None = None) -> CardView | None:
        self.progress.set_result(progress)
        return await self.written(*arguments, text="the whole card") if await self.done else None

    async def written(self, *arguments: Any, text: str) -> CardView:
        """What it has written so far."""
        view = await self._read(*arguments)
        return replace(view, card=replace(view.card, analyst="llm:test", conclusions=(Claim(text, verified=True),)))


async def test_a_models_card_takes_the_place_of_the_local_one(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local card comes at once and says what it waits for; the other replaces it in the same message."""
    writer = Writer(bot, monkeypatch)
    card = await unfolded(bot, playground, private, ada, table)
    assert "still reading" in card.plain
    writer.done.set_result(True)
    await playground.wait_for(lambda: "the whole card" in card.plain)
    assert "still reading" not in card.plain
    assert card.rich is not None
    assert playground.last(private) is card


async def test_a_card_that_does_not_come_says_why(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was announced and failed is not announced for ever."""
    writer = Writer(bot, monkeypatch)
    card = await unfolded(bot, playground, private, ada, table)
    writer.done.set_result(False)
    await playground.wait_for(lambda: "it took too long" in card.plain)


async def test_a_card_in_the_making_is_a_draft(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a private chat it is seen to grow; then the whole card comes as the message that ends the draft, and the local
    one goes."""
    writer = Writer(bot, monkeypatch)
    local = await unfolded(bot, playground, private, ada, table)
    progress = await writer.progress
    assert progress is not None
    chat = await bot.chat(private)
    for text in ("the first", "the first half"):
        await progress(await writer.written(chat.id, ada.id, "2602.00001", 1, text=text))
        await playground.wait_for(lambda text=text: text in (_draft(playground, private) or ""))  # type: ignore[misc] # bound at once
    writer.done.set_result(True)
    card = await playground.wait_for_message(private, "the whole card", after=local.id)
    await playground.wait_for(lambda: local.deleted is not None)
    assert card.reply_to is table
    assert len(bot.calls("sendRichMessageDraft")) == 2
    assert not any(block["type"] == "buttons" for call in bot.calls("sendRichMessageDraft") for block in _blocks(call))

    async def remembered() -> bool:
        return not bot.desk._background

    await bot.until(remembered)
    await playground.press(private, ada, table.id, "1")
    await playground.wait_for(lambda: card.deleted is not None)


def _draft(playground: Playground, chat: Chat) -> str | None:
    draft = playground.state.drafts.get((chat.id, 0))
    return draft.plain if draft is not None else None


def _blocks(call: Any) -> list[dict[str, Any]]:
    import json

    made: list[dict[str, Any]] = json.loads(call.arguments.values["rich_message"])["blocks"]
    return made


async def test_a_server_without_drafts_shows_none(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The card then replaces the local one in place, as if there had been none."""
    playground.refuse("sendRichMessageDraft", UNKNOWN, times=9)
    playground.refuse("sendMessageDraft", UNKNOWN, times=9)
    writer = Writer(bot, monkeypatch)
    card = await unfolded(bot, playground, private, ada, table)
    progress = await writer.progress
    assert progress is not None
    chat = await bot.chat(private)
    await progress(await writer.written(chat.id, ada.id, "2602.00001", 1, text="half"))
    await bot.settled()
    writer.done.set_result(True)
    await playground.wait_for(lambda: "the whole card" in card.plain)
    assert len(bot.calls("sendRichMessageDraft")) == len(bot.calls("sendMessageDraft")) == 1


async def test_a_card_that_was_folded_meanwhile_stays_folded(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes for a card that is not there any more is not shown."""
    writer = Writer(bot, monkeypatch)
    card = await unfolded(bot, playground, private, ada, table)
    await playground.press(private, ada, card.id, "Fold")
    await playground.wait_for(lambda: card.deleted is not None)
    writer.done.set_result(True)
    await bot.settled()
    assert playground.last(private) is table


async def test_a_members_own_card_is_replaced_as_well(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a group nobody sees a draft; the member's own message changes."""
    table = await the_table(bot, playground, group, ada)
    writer = Writer(bot, monkeypatch)
    await playground.press(group, ada, table.id, "1")
    await writer.progress
    writer.done.set_result(True)
    await playground.wait_for(lambda: any("the whole card" in card.plain for card in playground.ephemerals(group, ada)))
    assert len(playground.ephemerals(group, ada)) == 1
    assert playground.last(group) is table


# --------------------------------------------------------------------------- pictures


async def test_formulas_are_drawn_once(
    db: Database, playground: Playground, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The button under a classic card brings a picture as a reply; the second time Telegram's own copy is sent."""
    ada = playground.add_user("Ada", language="en")
    private = playground.private(ada)
    async with chat_bot(db, playground, clock) as bot:
        card = await _with_formula(bot, playground, private, ada, monkeypatch, CASES)
        for _ in range(2):
            before = playground.last(private)
            await playground.press(private, ada, card.id, "∑ Formulas")
            await playground.wait_for(lambda before=before: playground.last(private) is not before)  # type: ignore[misc] # bound at once
            picture = playground.last(private)
            assert picture.attachment is not None
            assert picture.reply_to is card

            async def drawn() -> bool:
                return not bot.desk.drawings._under_way

            await bot.until(drawn)
        first, second = bot.calls("sendPhoto")
        assert "photo" not in first.arguments.values or first.arguments.values["photo"].startswith("attach://")
        assert len(second.arguments.values["photo"]) > 10
        playground.refuse("sendPhoto", bad_request("wrong file identifier/HTTP URL specified"))
        before = playground.last(private)
        await playground.press(private, ada, card.id, "∑ Formulas")
        await playground.wait_for(lambda: playground.last(private) is not before)


async def test_a_broken_formula_is_told(
    db: Database, playground: Playground, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is drawn of it, and whoever pressed is told at once."""
    ada = playground.add_user("Ada", language="en")
    private = playground.private(ada)
    async with chat_bot(db, playground, clock) as bot:
        card = await _with_formula(bot, playground, private, ada, monkeypatch, r"\frac{a}{b")
        press = await playground.wait_for_answer(await playground.press(private, ada, card.id, "∑ Formulas"))
        assert press.answer is not None
        assert "cannot be drawn" in press.answer.text


async def _with_formula(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, monkeypatch: pytest.MonkeyPatch, latex: str
) -> Message:
    read = bot.desk.reading.card

    async def card(*arguments: Any) -> CardView:
        view = await read(*arguments)
        formula = Formula(latex, "", "S1.E1", "We define")
        return replace(view, card=replace(view.card, motivation=Motivation(formalisation=(formula,))))

    monkeypatch.setattr(bot.desk.reading, "card", card)
    await bot.save(a.paper(1, has_html=False))
    await playground.user_sends(private, ada, "/paper 2602.00001")
    return await playground.wait_for_message(private, "Paper 1")
