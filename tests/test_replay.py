"""Honest numbers: past days ranked again, forwards in time, against plain keywords."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import pytest

from bot import ranking_check
from bot.config import Settings
from bot.digest import Digests
from bot.doctor import State
from bot.embedding import Embedding
from bot.feedback import Feedback
from bot.model import ChatKind, Paper, VerdictKind
from bot.replay import Day, Numbers, Replays, ndcg
from bot.subscription import Subscriptions
from storage import chats, listings
from storage.database import Database
from tests.support import builders as a
from tests.support.movable_clock import MovableClock

THEMES = (
    "reward models rank answers of language models by human preference",
    "robot arms grasp objects with tactile fingers and cameras",
    "proteins fold into structures that enzymes recognise",
    "auctions set prices for bidders in online markets",
    "speakers are recognised by their voice and pronunciation",
    "galaxies merge and their stars drift in dark halos",
)
READER = 7


def about(n: int) -> Paper:
    """Paper number `n` on one of the themes, with words of its own."""
    theme = THEMES[n % len(THEMES)].split()
    own = f"{theme[n % len(theme)]} w{n % 17}x w{n % 23}y"
    return a.paper(n, title=f"{' '.join(theme[n % 3 : n % 3 + 3])} {n}", abstract=f"{THEMES[n % len(THEMES)]} {own}")


async def nothing(_: object) -> None:
    """Nobody outside is asked."""


def on_one_theme(n: int) -> bool:
    """Whether paper number `n` is about galaxies."""
    return n % len(THEMES) == 2


async def lived(db: Database, clock: MovableClock, days: int, likes: Callable[[int], bool] = on_one_theme) -> int:
    """A chat that had a table a day and liked those of its papers whose numbers it likes; → its id."""
    digests = Digests(db, clock, nothing, nothing)
    feedback = Feedback(db, clock)
    async with db.begin() as conn:
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {"size": 8}, clock())
        await chats.set_categories(conn, chat.id, ("cs.LG",), a.day(-1))
        await listings.save_poll(conn, a.poll())
        await listings.save_page(conn, a.page(date=a.day(-9), new=[about(n) for n in range(3000, 3300)]), clock())
        await listings.consider(conn, [(chat.id, None, [a.listing(date=a.day(-9))])])
    for day in range(days):
        clock.now = datetime.combine(a.day(day), time(8), UTC)
        async with db.begin() as conn:
            page = a.page(date=a.day(day), new=[about(n) for n in range(100 * day, 100 * day + 48)])
            await listings.save_page(conn, page, clock())
        made = await digests.make(chat.id)
        assert made is not None
        clock.advance(hours=2)
        for row in made.rows:
            if likes(int(row.paper_id.partition(".")[2])):
                await feedback.press(chat.id, READER, row.paper_id, VerdictKind.LIKE)
    return chat.id


async def test_a_replay_finds_again_what_was_liked(db: Database) -> None:
    """A reader with one theme: after the first likes the tables are full of it, and the replay says so."""
    clock = MovableClock()
    chat_id = await lived(db, clock, 6)
    numbers = await Replays(db, clock).replay(chat_id)
    assert numbers.enough
    assert numbers.shown == 48
    assert 0 < numbers.liked <= numbers.likes
    assert [day.date for day in numbers.days] == sorted(day.date for day in numbers.days)
    assert all(0 <= day.ndcg <= 1 and 0 <= day.keyword_ndcg <= 1 for day in numbers.days)
    assert numbers.days[-1].hit
    assert numbers.days[-1].ndcg > 0.7
    assert numbers.hit_rate >= numbers.days[0].hit


async def test_a_day_is_ranked_by_what_was_known_before_it(db: Database) -> None:
    """What is said, stated or corrected later changes no earlier day's number but by what it is held against."""
    clock = MovableClock()
    chat_id = await lived(db, clock, 5)
    replays = Replays(db, clock)
    before = await replays.replay(chat_id)
    clock.advance(hours=24)
    await Subscriptions(db, Settings(), clock).set_interests(chat_id, "galaxies; no proteins")
    async with db.begin() as conn:
        await listings.save_page(conn, a.page(date=a.day(-3), new=[about(n) for n in range(4000, 4100)]), clock())
    for n in range(4000, 4012):
        await Feedback(db, clock).press(chat_id, READER, about(n).id, VerdictKind.DISLIKE)
    after = await Replays(db, clock).replay(chat_id)
    assert [(day.date, day.likes) for day in after.days] == [(day.date, day.likes) for day in before.days]
    assert [day.ndcg for day in after.days] == pytest.approx([day.ndcg for day in before.days], abs=0.05)
    assert [day.keyword_ndcg for day in after.days] == pytest.approx([d.keyword_ndcg for d in before.days], abs=0.05)
    assert await replays.numbers(chat_id, 60) is not None


class Seer:
    """An embedding model that knows something of papers that their words do not say: the last digit of their number."""

    name = "seer"

    async def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """A direction of its own for each digit."""
        digits = [re.findall(r"\d+", text.partition(".")[0])[-1][-1] for text in texts]
        return [[float(digit == str(at)) for at in range(10)] for digit in digits]


async def test_a_replay_ranks_with_the_vectors_that_the_tables_were_made_with(db: Database) -> None:
    """Where an embedding model is set, the numbers are those of ranking with it."""
    clock = MovableClock()
    chat_id = await lived(db, clock, 8, likes=lambda n: n % 10 < 3)
    by_words = await Replays(db, clock).replay(chat_id)
    by_vectors = await Replays(db, clock, Embedding(db, Seer(), clock)).replay(chat_id)
    assert by_vectors.enough
    assert by_vectors.ndcg > by_words.ndcg + 0.1


async def test_too_few_likes_are_told_as_too_few(db: Database) -> None:
    """Three likes make no number."""
    clock = MovableClock()
    chat_id = await lived(db, clock, 1)
    numbers = await Replays(db, clock).replay(chat_id)
    assert numbers.likes < numbers.needed
    assert not numbers.enough
    assert numbers.days == ()


def test_ndcg_is_what_it_is_defined_to_be() -> None:
    """One where the relevant stand first, less the later they come, nothing where none is or they come too late."""
    assert ndcg(np.array([True, True, False])) == 1.0
    assert ndcg(np.array([False, True])) == pytest.approx(1 / np.log2(3))
    assert ndcg(np.array([False, False])) == 0.0
    assert ndcg(np.array([False] * 10 + [True])) == 0.0
    assert ndcg(np.array([True] + [False] * 9 + [True] * 5)) < 0.5


def test_the_check_of_all_chats_fails_where_plain_keywords_are_better() -> None:
    """Six days, ours worse on each: the finding fails and says what to do; the table has a line per chat."""
    bad = Numbers(60, 5, 12, tuple(Day(a.day(n), 2, False, 0.1, True, 0.5) for n in range(6)))
    good = Numbers(60, 5, 12, tuple(Day(a.day(n), 2, True, 0.6, True, 0.5) for n in range(6)))
    assert ranking_check.finding([(3, bad)], 0).state is State.FAILED
    assert ranking_check.finding([(3, bad)], 0).advice
    assert ranking_check.finding([(3, good)], 0).state is State.OK
    assert "nDCG@10 is 0.35, by plain keywords 0.50" in ranking_check.finding([(3, bad), (4, good)], 0).sentence
    assert ranking_check.finding([], 2).state is State.SKIPPED
    assert len(ranking_check.table([(3, bad), (14, good)]).splitlines()) == 3
    assert ranking_check.table([]) == ""


async def test_the_check_reads_a_database_that_is_there_and_makes_none(tmp_path: Path) -> None:
    """Without a database there is nothing to say; the file is not made."""
    file = tmp_path / "paperboy.db"
    table, finding = await ranking_check.examine(Settings(database_url=f"sqlite+aiosqlite:///{file}"))
    assert (table, finding.state) == ("", State.SKIPPED)
    assert not file.exists()


async def test_the_check_of_a_database_without_verdicts_has_nothing_to_say(database_url: str) -> None:
    """It is passed over, with the reason."""
    table, finding = await ranking_check.examine(Settings(database_url=database_url))
    assert (table, finding.state) == ("", State.SKIPPED)
    assert "no chat has liked 10 papers" in finding.sentence
