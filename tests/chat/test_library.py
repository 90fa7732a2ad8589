"""/search, /similar, /stats and /export."""

from __future__ import annotations

import json

from bot.library import bibtex
from bot.model import VerdictKind
from bot.playground.control import Playground
from bot.playground.state import Chat, User
from storage import listings
from tests.support import builders as a
from tests.support.chat_bot import ChatBot

ABOUT = {
    1: (
        "Group relative policy optimization for reasoning",
        "We train language models with GRPO and verifiable rewards.",
    ),
    2: ("Rewards that can be verified", "Verifiable rewards train language models to reason by policy optimization."),
    3: ("World models for robot manipulation", "A world model predicts what a robot arm will feel and see."),
    4: ("A survey of graph neural networks", "We survey graph neural networks and their applications."),
}


async def read(bot: ChatBot) -> None:
    """A listing of past papers."""
    filler = [
        a.paper(n, title=f"On subject {n} of kind {n % 7}", abstract=f"Subject {n} and kind {n % 7} are studied.")
        for n in range(100, 330)
    ]
    known = [a.paper(n, title=title, abstract=text, has_html=False) for n, (title, text) in ABOUT.items()]
    async with bot.db.begin() as conn:
        await listings.save_page(conn, a.page(new=[*known, *filler]), a.NOW)
        await listings.save_poll(conn, a.poll())


async def test_papers_are_found_by_words_and_by_likeness(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """A question in English or Chinese, or a paper, finds the papers that are about it; nonsense is told to find nothing."""
    await read(bot)
    for text, title in (
        ("/search policy optimization", "Group relative policy optimization"),
        ("/search 世界模型", "World models for robot manipulation"),
        ("/similar 2602.00001", "Rewards that can be verified"),
    ):
        sent = await playground.user_sends(private, ada, text)
        found = await playground.wait_for_message(private, title, after=sent.id, timeout=30)
        assert "graph neural" not in found.text
    sent = await playground.user_sends(private, ada, "/search qwertzuiop")
    await playground.wait_for_message(private, "No paper of the last weeks is near it", after=sent.id, timeout=30)
    await playground.user_sends(private, ada, "/search")
    await playground.wait_for_message(private, "Answer with words")
    sent = await playground.user_sends(private, ada, "graph neural networks")
    await playground.wait_for_message(private, "A survey of graph", after=sent.id, timeout=30)


async def test_what_was_said_can_be_counted_and_taken_away(
    bot: ChatBot, playground: Playground, private: Chat, ada: User
) -> None:
    """/stats counts, /export sends BibTeX of liked papers and JSON of all verdicts; 👎 is in the JSON alone."""
    await read(bot)
    sent = await playground.user_sends(private, ada, "/stats")
    await playground.wait_for_message(private, "no table here yet", after=sent.id, timeout=30)
    await playground.user_sends(private, ada, "/categories cs.LG")
    await playground.user_sends(private, ada, "/digest")
    await playground.wait_for_message(private, "of 234 announced", timeout=30)
    chat = await bot.chat(private)
    await bot.desk.feedback.press(chat.id, ada.id, "2602.00001", VerdictKind.SAVE)
    await bot.desk.feedback.press(chat.id, ada.id, "2602.00003", VerdictKind.DISLIKE)
    sent = await playground.user_sends(private, ada, "/stats")
    shown = await playground.wait_for_message(private, "1 table since", after=sent.id, timeout=30)
    assert "5 rows, chosen from 234 announced papers" in shown.text
    await playground.user_sends(private, ada, "/export")
    await playground.wait_for(lambda: len(bot.calls("sendDocument")) == 2, timeout=30)
    references, taken = await bot.desk.library.export(chat.id, ada.id)
    assert "Group relative policy optimization" in references
    assert "World models" not in references
    verdicts = {entry["id"]: entry for entry in json.loads(taken)["verdicts"]}
    assert verdicts["2602.00003"]["dislike"] == 1
    assert verdicts["2602.00001"]["save"] == 1
    nobody, nothing = await bot.desk.library.export(chat.id, 99)
    assert nobody.startswith("%")
    assert json.loads(nothing)["verdicts"] == []


def test_bibtex_is_sound_whatever_a_title_holds() -> None:
    """Special characters are escaped outside of formulas, braces stay balanced, and old numbers make keys as well."""
    made = bibtex(
        [
            a.paper(1, title="R&D: 50% of $x_1 & y$", authors=("Ada Lovelace", "Bo Č. Writer")),
            a.paper(2, id="hep-th/9901001", title="Broken } and $half", authors=()),
        ]
    )
    assert r"title = {{R\&D: 50\% of $x_1 & y$}}" in made
    assert "author = {Ada Lovelace and Bo Č. Writer}" in made
    assert "@misc{lovelace2026_2602_00001," in made
    assert "@misc{paper1999_hep_th_9901001," in made
    assert made.count("{") == made.count("}")
