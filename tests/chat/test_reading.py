"""Tables, cards and verdicts in a private chat."""

from __future__ import annotations

import asyncio
import logging

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import Fold, Unfold, Vote, encode
from bot.model import VerdictKind
from bot.playground.control import Playground
from bot.playground.errors import bad_request
from bot.playground.state import Chat, Message, User
from bot.reading import UNFOLDED_WITHIN
from storage import deliveries
from tests.support import builders as a
from tests.support.chat_bot import ChatBot

READING = "Reading …"


def labels(message: Message) -> list[str]:
    """What its buttons say."""
    return [button["text"] for button in message.buttons]


@pytest.fixture
async def table(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> Message:
    """A table of three papers in Ada's chat."""
    await playground.user_sends(private, ada, "/categories cs.LG")
    await playground.wait_for_message(private, "cs.LG")
    await bot.announce(3)
    await playground.user_sends(private, ada, "/digest")
    return await playground.wait_for_message(private, "3 of 3 announced")


async def unfolded(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message, row: str = "1"
) -> Message:
    """The card that a row's button brings, once the bot has written down where it is."""
    press = await playground.press(private, ada, table.id, row)
    card = await playground.wait_for_message(private, "Read from the abstract", after=table.id)
    await playground.wait_for_answer(press)
    assert press.answer is not None
    assert press.answer.text == READING

    async def written_down() -> bool:
        return not bot.desk.unfolding

    await bot.until(written_down)
    return card


async def test_a_table_has_a_button_per_row(table: Message) -> None:
    """/digest makes the table of what is in: numbered rows, reasons, a button each."""
    assert "1. Paper 1" in table.text
    assert "matches “" in table.text or "cs.LG" in table.text
    assert labels(table) == ["1", "2", "3"]


async def test_the_table_can_be_read_again(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The same table comes back by its date, and by /digest where nothing new is in."""
    for text in ("/digest", f"/digest {a.DAY}"):
        sent = await playground.user_sends(private, ada, text)
        again = await playground.wait_for_message(private, "3 of 3 announced", after=sent.id)
        assert (again.text, labels(again)) == (table.text, labels(table))


async def test_a_press_unfolds_and_the_next_folds(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The row's button answers at once, brings the card as a reply, and takes it away again; then it begins anew."""
    card = await unfolded(bot, playground, private, ada, table)
    assert card.reply_to is table
    assert card.text.startswith("Paper 1\n")
    assert labels(card) == ["👍", "👎", "🔖", "Why?", "Fold", "arXiv", "PDF"]
    press = await playground.wait_for_answer(await playground.press(private, ada, table.id, "1"))
    assert press.answer is not None
    assert press.answer.text == "Folded."
    assert card.deleted is not None
    again = await unfolded(bot, playground, private, ada, table)
    assert again.id > card.id


async def test_the_cards_own_button_folds_it(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """A card is folded from where it stands, and its row's button then unfolds it again."""
    card = await unfolded(bot, playground, private, ada, table, "2")
    await playground.press(private, ada, card.id, "Fold")
    await playground.wait_for(lambda: card.deleted is not None)
    again = await unfolded(bot, playground, private, ada, table, "2")
    assert again.text.startswith("Paper 2\n")


async def test_two_presses_at_once_make_one_card(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """An impatient second press is told that the card is being read."""
    presses = [await playground.press(private, ada, table.id, "3") for _ in range(3)]
    for press in presses:
        await playground.wait_for_answer(press)

    async def done() -> bool:
        return not bot.desk.unfolding

    await bot.until(done)
    cards = [message for message in playground.messages(private, by_bot=True) if message.id > table.id]
    said = [press.answer.text for press in presses if press.answer is not None]
    assert len(cards) == 1 - said.count("Folded.")
    assert said[0] == READING
    assert set(said[1:]) <= {"Still reading, one moment …", "Folded."}


async def test_presses_that_several_programs_hear_make_one_card(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """While another program unfolds the card no second one is sent; one that ended in the middle is not waited for."""
    place = ((await bot.chat(private)).id, table.id, a.paper(1).id)
    assert await bot.desk.reading.begins_unfolding(*place)
    await playground.wait_for_answer(await playground.press(private, ada, table.id, "1"))
    await bot.settled()
    assert playground.last(private) is table
    async with bot.db.begin() as conn:
        await deliveries.unfold(conn, *place, (), a.NOW - UNFOLDED_WITHIN)
    await unfolded(bot, playground, private, ada, table)


async def test_a_card_that_could_not_be_shown_is_unfolded_by_the_next_press(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """What failed is over: nobody has to wait before trying again."""
    playground.refuse("sendMessage", bad_request("something is wrong"))
    await playground.wait_for_answer(await playground.press(private, ada, table.id, "1"))
    await bot.settled()
    await unfolded(bot, playground, private, ada, table)


async def test_a_card_that_is_gone_is_unfolded_anew(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """Who deleted the card by hand gets it again by one press."""
    card = await unfolded(bot, playground, private, ada, table)
    await playground.user_deletes(card)
    again = await unfolded(bot, playground, private, ada, table)
    assert again.id > card.id


async def test_a_card_too_old_to_be_deleted_becomes_a_stub(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """Telegram keeps old messages; folding then leaves one line and no buttons."""
    card = await unfolded(bot, playground, private, ada, table)
    playground.refuse("deleteMessage", bad_request("message can't be deleted for everyone"))
    await playground.press(private, ada, table.id, "1")
    await playground.wait_for(lambda: card.text.startswith("Folded: 2602.00001v1."))
    assert labels(card) == []


async def test_a_verdict_is_shown_and_can_be_taken_back(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The reader's own state is marked; the last verdict counts, the same one again takes it back; /saved lists 🔖."""
    card = await unfolded(bot, playground, private, ada, table)
    for button, said, shown in (
        ("👍", "👍 noted; the next table has more like it.", ["👍 ✓", "👎", "🔖"]),
        ("👎", "👎 noted; the next table has less like it.", ["👍", "👎 ✓", "🔖"]),
        ("👎", "Taken back.", ["👍", "👎", "🔖"]),
        ("🔖", "🔖 saved; /saved lists it.", ["👍", "👎", "🔖 ✓"]),
    ):
        press = await playground.wait_for_answer(await playground.press(private, ada, card.id, button))
        assert press.answer is not None
        assert press.answer.text == said
        await playground.wait_for(lambda shown=shown: labels(card)[:3] == shown)  # type: ignore[misc] # bound at once
        assert labels(card)[3:] == ["Why?", "Fold", "arXiv", "PDF"]
    await playground.user_sends(private, ada, "/saved")
    saved = await playground.wait_for_message(private, "1 saved paper")
    await playground.press(private, ada, saved.id, "1")
    again = await playground.wait_for_message(private, "Read from the abstract", after=saved.id)
    assert labels(again)[:3] == ["👍", "👎", "🔖 ✓"]


async def test_papers_by_number_and_address(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """/paper brings a card for each paper that is named, whatever the form; what is none is named, and stops nobody."""
    await bot.save(
        a.paper(1, has_html=False), a.paper(2, has_html=False, version=3), a.paper(7, id="hep-th/9901001", has_html=False)
    )  # fmt: skip
    sent = await playground.user_sends(
        private, ada, "/paper 2602.00001, https://arxiv.org/pdf/2602.00002v3 nonsense hep-th/9901001"
    )
    await playground.wait_for_message(private, "“nonsense” is not an arXiv number")
    for title in ("Paper 1\n", "Paper 2\n", "Paper 7\n"):
        card = await playground.wait_for_message(private, title)
        assert card.reply_to is not None
        assert card.reply_to.id == sent.id
    await playground.press(private, ada, card.id, "Fold")
    await playground.wait_for(lambda: card.deleted is not None)


async def test_a_message_with_a_paper_is_answered_with_its_card(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """An address in plain words is enough, even while a question is open if there is nothing else in the message."""
    await bot.save(a.paper(1, has_html=False), a.paper(2, has_html=False))
    await playground.user_sends(private, ada, "have you seen https://arxiv.org/abs/2602.00001 ?")
    await playground.wait_for_message(private, "Paper 1\n")
    await playground.user_sends(private, ada, "/interests")
    await playground.user_sends(private, ada, "2602.00002")
    await playground.wait_for_message(private, "Paper 2\n")
    await playground.user_sends(private, ada, "hello there")
    await playground.wait_for_message(private, "Interests noted.")
    await playground.user_sends(private, ada, "hello again")
    await playground.wait_for_message(private, "I did not understand")


async def test_a_number_amid_chinese_is_found(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """Chinese marks and words may stand right beside a number; words that name no paper are told as they were written."""
    await bot.save(*(a.paper(n, has_html=False, title=f"Title {n}") for n in (1, 2)))
    await playground.user_sends(private, ada, "看看2602.00001，还有2602.00002这篇？")
    await playground.wait_for_message(private, "Title 1")
    await playground.wait_for_message(private, "Title 2")
    await playground.user_sends(private, ada, "/paper 你好")
    await playground.wait_for_message(private, "“你好” is not an arXiv number")


async def test_a_paper_that_is_asked_for(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """/paper alone asks which; the question is open for one answer."""
    await bot.save(a.paper(1, has_html=False))
    await playground.user_sends(private, ada, "/paper")
    await playground.wait_for_message(private, "Which paper?")
    await playground.user_sends(private, ada, "arXiv: 2602.00001")
    await playground.wait_for_message(private, "Paper 1\n")
    await playground.user_sends(private, ada, "thanks")
    await playground.wait_for_message(private, "I did not understand")


async def test_more_papers_than_can_be_read_at_once(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """A long list is cut, and the cut is told."""
    await bot.save(*(a.paper(n, has_html=False) for n in range(1, 13)))
    await playground.user_sends(private, ada, "/paper " + " ".join(a.paper(n).id for n in range(1, 13)))
    await playground.wait_for_message(private, "Only the first 10 of 12")
    await bot.settled()
    assert len([m for m in playground.messages(private, by_bot=True) if "Read from the abstract" in m.text]) == 10


async def test_arxiv_not_answering_is_told(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> None:
    """A paper that is not known here, while arXiv cannot be asked, ends in a sentence; the same under a button."""
    await playground.user_sends(private, ada, "/paper 2602.99999")
    told = await playground.wait_for_message(private, "does not answer")
    assert "127.0.0.1" in told.text
    message = await bot.bot.send_message(private.id, "an old table", reply_markup=_one(encode(Unfold("2602.88888v1"))))
    press = await playground.press(private, ada, message.message_id, "x")
    under = await playground.wait_for_message(private, "does not answer", after=message.message_id)
    assert under.reply_to is not None
    assert under.reply_to.id == message.message_id
    await playground.wait_for_answer(press)


def _one(data: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton("x", callback_data=data)]])


@pytest.mark.parametrize("data", ["9z|what", "garbage", "1u", "1v|love|2602.1v1|0"])
async def test_an_old_button_is_answered(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, data: str
) -> None:
    """A button that means nothing any more says so politely."""
    message = await bot.bot.send_message(private.id, "long ago", reply_markup=_one(data))
    press = await playground.wait_for_answer(await playground.press(private, ada, message.message_id, "x"))
    assert press.answer is not None
    assert press.answer.text.startswith("This button is from another version.")


@pytest.mark.parametrize(
    "data",
    [
        encode(Unfold("2602.00001v1")),
        encode(Fold("2602.00001v1", 3)),
        encode(Vote(VerdictKind.LIKE, "2602.00001v1", 3)),
        "1c|setup|cs.CV",
        "1s|hour",
        "1x|no",
    ],
)
async def test_a_press_on_a_message_that_is_gone_is_answered(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, data: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A callback whose message Telegram no longer shows is answered, does what it can, and nothing breaks."""
    await bot.save(a.paper(1, has_html=False))
    message = await bot.bot.send_message(private.id, "soon gone", reply_markup=_one(data))
    await playground.user_deletes(playground.last(private))
    press = await playground.press(private, ada, message.message_id, "x")
    await playground.wait_for_answer(press)
    await bot.settled()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_long_card_is_one_message_whose_pages_are_turned(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """What no single message holds has pages; all its buttons stand under each of them, and folding takes it away."""
    await bot.save(a.paper(5, has_html=False, title="Long", authors=tuple("Name " + "x" * 900 for _ in range(8))))
    await playground.user_sends(private, ada, "/paper 2602.00005")
    card = await playground.wait_for_message(private, "Long\n")
    assert labels(card)[0].startswith("1/")
    seen = [card.text]
    while "›" in labels(card):
        await playground.press(private, ada, card.id, "›")
        await playground.wait_for(lambda: card.text != seen[-1])
        seen.append(card.text)
    assert sum(page.count("x" * 900) for page in seen) == 8
    assert labels(card)[0] == "‹"
    assert {"👍", "👎", "🔖", "Fold"} <= set(labels(card))
    assert [message for message in playground.messages(private, by_bot=True) if message.id > table.id] == [card]
    await playground.press(private, ada, card.id, "👍")
    await playground.wait_for(lambda: "👍 ✓" in labels(card))
    await playground.press(private, ada, card.id, "Fold")
    await playground.wait_for(lambda: card.deleted is not None)


async def test_slow_reading_keeps_nobody_waiting(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a card is being read, the same chat is answered at once; only the same row says that it is being read."""
    await bot.save(a.paper(1, has_html=False))
    message = await bot.bot.send_message(private.id, "t", reply_markup=_one(encode(Unfold("2602.00001v1"))))
    go_on = asyncio.Event()
    card_of = bot.desk.reading.card_of

    async def slow(*arguments: object) -> object:
        await go_on.wait()
        return await card_of(*arguments)  # type: ignore[arg-type] # handed on as they came

    monkeypatch.setattr(bot.desk.reading, "card_of", slow)
    await playground.wait_for_answer(await playground.press(private, ada, message.message_id, "x"))
    again = await playground.wait_for_answer(await playground.press(private, ada, message.message_id, "x"))
    assert again.answer is not None
    assert again.answer.text.startswith("Still reading")
    await playground.user_sends(private, ada, "/size 7")
    await playground.wait_for_message(private, "A table has 7 rows.")
    go_on.set()
    await playground.wait_for_message(private, "Paper 1\n")


async def test_a_defect_is_written_down_once_and_apologised_for(
    bot: ChatBot,
    playground: Playground,
    private: Chat,
    ada: User,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error of ours reaches the log once with its traceback, and the chat as a short apology; presses are answered."""

    async def broken(*_: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(bot.desk.status, "overview", broken)
    monkeypatch.setattr(bot.desk.subscriptions, "toggle_category", broken)
    await playground.user_sends(private, ada, "/status")
    await playground.wait_for_message(private, "Something went wrong on my side.")
    message = await bot.bot.send_message(private.id, "t", reply_markup=_one("1c|setup|cs.CV"))
    press = await playground.wait_for_answer(await playground.press(private, ada, message.message_id, "x"))
    assert press.answer is not None
    assert press.answer.text.startswith("Something went wrong on my side.")
    failures = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [type(record.exc_info[1]) for record in failures if record.exc_info] == [ZeroDivisionError] * 2
