"""/why, /whynot and /profile: what brought papers up, what was learned, and the buttons that correct it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.allowance import MOST
from bot.model import Paper, VerdictKind
from bot.playground.control import Playground
from bot.playground.state import Chat, Message, User
from bot.pull.identify import PaperRef
from bot.pull.lookup import Lookup
from storage import heat, listings
from tests.support import builders as a
from tests.support.chat_bot import ChatBot

THEMES = (
    "Reward models rank answers of language models by human preference",
    "Robot arms grasp objects with tactile fingers and cameras",
    "Proteins fold into structures that enzymes recognise",
    "Auctions set prices for bidders in online markets",
    "Speakers are recognised by their voice and pronunciation",
    "Galaxies merge and their stars drift in dark halos",
)


def about(n: int) -> Paper:
    """Paper number `n`, on one of the themes; numbers that differ by six are about the same."""
    theme = THEMES[n % len(THEMES)]
    return a.paper(n, title=f"Study {n}: {theme}", abstract=f"{theme}. Case {n} of it. {theme}.", has_html=False)


ZETA = a.paper(950, title="Zeros of zeta functions", abstract="We count zeros.", categories=("math.NT", "cs.LG"))
PAST, DAY = [about(n) for n in range(100, 340)], [about(n) for n in range(6, 24)]


async def announced(bot: ChatBot) -> None:
    """Months of past papers, and a day that no chat has had yet."""
    async with bot.db.begin() as conn:
        await listings.save_page(conn, a.page(date=a.DAY - timedelta(days=9), new=PAST), a.NOW)
        await listings.save_page(conn, a.page(new=[*DAY, ZETA]), a.NOW)
        await listings.save_page(
            conn, a.page("cs.CV", new=[a.paper(900, title="Elsewhere", categories=("cs.CV",))]), a.NOW
        )
        await listings.save_poll(conn, a.poll())
        await heat.save(conn, [a.heat_entry(6, 80), a.heat_entry(7, 40)])


async def told(playground: Playground, place: Chat, user: User, text: str, part: str = "Score") -> Message:
    """Somebody asks; the answer."""
    sent = await playground.user_sends(place, user, text)
    return await playground.wait_for_message(place, part, after=sent.id, timeout=30)


def shares(message: Message) -> tuple[list[float], float]:
    """The shares and the score that an explanation tells."""
    parts = [float(found) for found in re.findall(r"^([-+]\d+\.\d\d) ", message.text, re.MULTILINE)]
    (score,) = re.findall(r"^Score (-?\d+\.\d\d)$", message.text, re.MULTILINE)
    return parts, float(score)


def labels(message: Message) -> list[str]:
    """The buttons that rule something out."""
    return [str(button["text"]) for button in message.buttons if str(button["text"]).startswith("✕")]


async def pressed(playground: Playground, place: Chat, user: User, message: Message, label: str) -> str:
    """Somebody presses a button; what is answered, when the message has changed."""
    was = (message.text, [button["text"] for button in message.buttons])
    press = await playground.wait_for_answer(await playground.press(place, user, message.id, label))
    await playground.wait_for(lambda: (message.text, [button["text"] for button in message.buttons]) != was, timeout=30)
    assert press.answer is not None
    return press.answer.text


@pytest.fixture
async def read(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> Message:
    """A chat with interests and its table of the day."""
    await announced(bot)
    await told(playground, private, ada, "/categories cs.LG", "cs.LG")
    await told(playground, private, ada, "/interests reward models, robot grasping; no auctions", "Interests noted")
    return await told(playground, private, ada, "/digest", "of 19 announced")


async def test_shares_add_up_and_a_reason_that_is_ruled_out_lowers_its_paper(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, read: Message
) -> None:
    """Every button of every row's explanation: the shares add up to the score, and without the reason it is lower."""
    shown = set(re.findall(r"Study (\d+)", read.text))
    assert len(shown) == 5
    for n in sorted(shown, key=int)[:3]:
        message = await told(playground, private, ada, f"/why {a.paper(int(n)).id}")
        assert "No. " in message.text
        before = 99.0
        while labels(message):
            parts, score = shares(message)
            assert sum(parts) == pytest.approx(score, abs=1e-9)
            assert score < before
            before = score
            answered = await pressed(playground, private, ada, message, labels(message)[0])
            assert "not because of this" in answered
        assert shares(message)[1] < before
        assert "what was ruled out since" in message.text


async def test_why_not_names_what_was_missing(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, read: Message
) -> None:
    """Each paper that was not shown is told its place and its lack, or the rule that kept it away."""
    message = await told(playground, private, ada, f"/whynot {ZETA.id}")
    assert re.search(r"by its score it is no\. 19 of 19, and the table has 5 rows", message.text)
    assert "have on average, and it has not: “reward models” (+" in message.text
    shown = {int(n) for n in re.findall(r"Study (\d+)", read.text)}
    twin = next(n for n in range(6, 24, 6) if n not in shown)
    message = await told(playground, private, ada, f"/whynot {a.paper(twin).id}")
    assert re.search(r"much the same as no\. \d, “Study", message.text)
    await told(playground, private, ada, "/mute zeta", "Muted")
    assert "because it is muted here" in (await told(playground, private, ada, f"/whynot {ZETA.id}")).text
    assert "which this chat does not read" in (await told(playground, private, ada, "/whynot 2602.00900")).text
    assert "before this chat" in (await told(playground, private, ada, f"/whynot {a.paper(100).id}")).text
    await bot.save(a.paper(4000, title="Never announced"))
    assert "in none of the listings" in (await told(playground, private, ada, "/whynot 2602.04000")).text
    assert "arXiv has no" not in message.text


async def test_the_profile_tells_what_was_learned_and_undoes_each_line(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, read: Message
) -> None:
    """Words, directions and liked papers come with a button each; what was ruled out comes back by another."""
    chat = await bot.chat(private)
    for n in (104, 110, 116):
        await bot.desk.feedback.press(chat.id, ada.id, a.paper(n).id, VerdictKind.LIKE)
    message = await told(playground, private, ada, "/profile", "Learned from verdicts")
    assert "Words: " in message.text
    assert "protein" in message.text.lower()
    word = labels(message)[0]
    for button in (word, next(label for label in labels(message) if label.startswith("✕ 👍"))):
        await pressed(playground, private, ada, message, button)
        assert button not in labels(message)
    assert "Ruled out" in message.text
    back = [str(button["text"]) for button in message.buttons if str(button["text"]).startswith("↩")]
    assert len(back) == 2
    for button in back:
        await pressed(playground, private, ada, message, button)
    assert "Ruled out" not in message.text
    assert word in labels(message)


async def test_a_follow_that_is_ruled_out_is_followed_again_by_its_button(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """“Not because of this” on a followed author stops following; the profile's button follows again."""
    await announced(bot)
    await told(playground, private, ada, "/categories cs.LG", "cs.LG")
    await told(playground, private, ada, "/follow Ada Author9, Bo Writer11", "Followed")
    await told(playground, private, ada, "/digest", "of 19 announced")
    message = await told(playground, private, ada, f"/why {a.paper(9).id}")
    await pressed(playground, private, ada, message, "✕ Ada Author9")
    assert "✕ Ada Author9" not in labels(message)
    chat = await bot.chat(private)
    overview = await bot.desk.subscriptions.overview(chat.id)
    assert [one.value for one in overview.profile.follows] == ["Bo Writer11"]
    profile = await told(playground, private, ada, "/profile", "Ruled out")
    await pressed(playground, private, ada, profile, "↩ Ada Author9")
    assert "Ruled out" not in profile.text
    overview = await bot.desk.subscriptions.overview(chat.id)
    assert sorted(one.value for one in overview.profile.follows) == ["Ada Author9", "Bo Writer11"]


async def test_a_member_rules_out_own_verdicts_alone(
    bot: ChatBot, playground: Playground, group: Chat, ada: User, mei: User
) -> None:
    """In a group a member's ✕ on a liked paper takes back the member's own part; everything else is for administrators."""
    await announced(bot)
    await told(playground, group, ada, "/categories cs.LG", "cs.LG")
    chat = await bot.chat(group)
    for n, reader in ((104, mei), (104, ada), (110, ada)):
        await bot.desk.feedback.press(chat.id, reader.id, a.paper(n).id, VerdictKind.LIKE)
    await told(playground, group, ada, "/digest", "of 19 announced")
    message = await told(playground, group, mei, f"/why {a.paper(6 + 2).id}")
    before = shares(message)[1]
    mine, others = [label for label in labels(message) if label.startswith("✕ 👍")][:2]
    mine, others = sorted((mine, others), key=lambda label: "104" not in label)
    refused = await playground.wait_for_answer(await playground.press(group, mei, message.id, others))
    assert refused.answer is not None
    assert "administrator" in refused.answer.text
    assert "Your own verdict" in await pressed(playground, group, mei, message, mine)
    assert shares(message)[1] < before
    profile = await told(playground, group, ada, "/profile", "Everybody's part")
    assert "Mei: 50 %" in profile.text
    assert "(Mei)" in profile.text


async def test_a_button_of_another_chat_means_nothing_here(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, mei: User, read: Message
) -> None:
    """A mark names a reason of the chat in which it is pressed; nothing of another chat can be reached with it."""
    message = await told(playground, private, ada, f"/why {a.paper(6).id}")
    data = next(str(button["callback_data"]) for button in message.buttons if "reward models" in str(button["text"]))
    other = playground.private(mei)
    forged = await told(playground, other, mei, "/help", "/why")
    forged.markup = message.markup
    press = await playground.wait_for_answer(await playground.press(other, mei, forged.id, data))
    assert press.answer is not None
    assert "不在" in press.answer.text
    for place in (private, other):
        assert (await bot.desk.learning.learned((await bot.chat(place)).id)).corrections == ()


async def test_interests_can_be_emptied_and_are_told_as_understood(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """Weights, exceptions, contradictions and words that no paper uses are told; “-” and a button empty the interests."""
    await announced(bot)
    await told(playground, private, ada, "/categories cs.LG", "cs.LG")
    await told(playground, private, ada, "/digest", "of 19 announced")
    said = await told(
        playground, private, ada, "/interests mostly reward models, proteins: 3; no auctions", "Looked for"
    )
    assert "reward models ×2, proteins ×3" in said.text
    assert "Not wanted: auctions" in said.text
    both = await told(playground, private, ada, "/interests GRPO; no GRPO", "Wanted and not wanted")
    assert "“GRPO”" in both.text
    nowhere = await told(playground, private, ada, "/interests машинное обучение", "No paper of the last weeks")
    assert "машинное обучение" in nowhere.text
    nothing = await told(playground, private, ada, "/interests the and of", "it names no topic")
    await playground.wait_for_answer(await playground.press(private, ada, nothing.id, "Clear"))
    await playground.wait_for(lambda: "No interests are stated any more" in nothing.text)
    await told(playground, private, ada, "/interests robots", "Interests noted")
    await told(playground, private, ada, "/interests -", "No interests are stated any more")
    assert (await bot.desk.subscriptions.overview((await bot.chat(private)).id)).profile.interests == ""


async def test_one_reader_asks_for_so_many_papers_at_once(
    bot: ChatBot, playground: Playground, private: Chat, group: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What /why and /similar name and nobody knows is asked of arXiv, for one reader ten at once at most, wherever that
    reader asks."""
    asked: list[str] = []
    over = asyncio.Event()

    async def hang(_self: Lookup, refs: Sequence[PaperRef], **_: object) -> dict[str, Paper]:
        asked.extend(ref.id for ref in refs)
        await over.wait()
        return {}

    monkeypatch.setattr(Lookup, "by_id", hang)
    try:
        for number in range(1, MOST // 2 + 1):
            await playground.user_sends(private, ada, f"/why 2501.0000{number}")
            await playground.user_sends(group, ada, f"/similar 2501.1000{number}")
        async with asyncio.timeout(10):
            while len(asked) < MOST:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.01)
        await playground.user_sends(private, ada, "/why 2501.00009")
        await playground.wait_for_message(private, f"{MOST} papers are being read")
    finally:
        over.set()
    await bot.settled()
    assert len(asked) == MOST
