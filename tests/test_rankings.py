"""Rankings kept in memory: fitted once for the same verdicts, and anew in the background after others."""

from __future__ import annotations

import asyncio

import pytest

from bot.feedback import Feedback
from bot.model import ChatKind, Profile, VerdictKind
from bot.rankings import Rankings
from storage import chats, listings, papers
from storage.database import Database
from tests.support import builders as a
from tests.support.builders import DAY, NOW, paper


async def chat_of(db: Database) -> int:
    """A chat in a world with one listing; → its id."""
    async with db.begin() as conn:
        await listings.save_page(conn, a.page(new=range(1, 12), date=a.day(-1)), NOW)
        await listings.save_page(conn, a.page(new=range(20, 30)), NOW)
        await listings.save_poll(conn, a.poll())
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {}, NOW)
        await chats.set_categories(conn, chat.id, ("cs.LG",), DAY)
    return chat.id


async def test_many_verdicts_at_once_are_learned_in_few_fits(db: Database) -> None:
    """Five hundred votes in a row are all counted, nobody waits for a fit, and few fits are made."""
    chat_id = await chat_of(db)
    rankings = Rankings(db, lambda: NOW, settle=0.05)
    feedback = Feedback(db, lambda: NOW, rankings.learn_soon)
    background = await rankings.background_before(DAY)
    for turn in range(500):
        kind = (VerdictKind.LIKE, VerdictKind.DISLIKE)[turn // 11 % 2]
        await feedback.press(chat_id, 7, paper(1 + turn % 11).id, kind)
    await asyncio.gather(*rankings._refitting.values())
    assert 1 <= rankings.refits <= 250
    async with db.read() as conn:
        profile = await chats.profile(conn, chat_id)
    fits = rankings._tastes[chat_id]
    assert await rankings.taste(chat_id, profile, background, NOW) is fits.taste
    assert len(profile.judged) == 11
    await rankings.close()


async def test_the_same_verdicts_are_fitted_once(db: Database) -> None:
    """A second table of the day takes the taste that is there; a verdict makes it new."""
    chat_id = await chat_of(db)
    rankings = Rankings(db, lambda: NOW)
    feedback = Feedback(db, lambda: NOW)
    async with db.read() as conn:
        (day,) = [one for one in await listings.unconsidered(conn, chat_id) if one.date == DAY]
        found = [one for one, _ in await listings.papers_in(conn, chat_id, [(day.category, day.date)])]
    await feedback.press(chat_id, 7, paper(1).id, VerdictKind.LIKE)
    tastes = []
    for _ in range(2):
        async with db.read() as conn:
            profile = await chats.profile(conn, chat_id)
        await rankings.rank(chat_id, profile, found, [("cs.LG", DAY)])
        tastes.append(rankings._tastes[chat_id].taste)
    assert tastes[0] is not None
    assert tastes[0] is tastes[1]
    await feedback.press(chat_id, 7, paper(2).id, VerdictKind.DISLIKE)
    async with db.read() as conn:
        profile = await chats.profile(conn, chat_id)
    await rankings.rank(chat_id, profile, found, [("cs.LG", DAY)])
    assert rankings._tastes[chat_id].taste is not tastes[0]


async def test_many_chats_are_scored_as_one_is(db: Database) -> None:
    """Chats scored together get the scores that each gets alone."""
    chat_id = await chat_of(db)
    rankings = Rankings(db, lambda: NOW)
    async with db.read() as conn:
        (day,) = [one for one in await listings.unconsidered(conn, chat_id) if one.date == DAY]
        found = [one for one, _ in await listings.papers_in(conn, chat_id, [(day.category, day.date)])]
    await Feedback(db, lambda: NOW).press(chat_id, 7, paper(1).id, VerdictKind.LIKE)
    async with db.read() as conn:
        profile = await chats.profile(conn, chat_id)
    features = await rankings.features(found, [("cs.LG", DAY)])
    some = [(chat_id, profile), (chat_id + 1, Profile(interests="reasoning"))]
    alone = [(await rankings.score(chat, features, one)).scores for chat, one in some]
    for asked in (some, some * 4, some):  # few for a start, then many, then few with what was worked out for many
        ranked = await rankings.rank_many(asked, features)
        assert [list(one.scores) for one in ranked] == [
            pytest.approx(list(row), abs=1e-4) for row in alone * (len(asked) // len(some))
        ]


async def test_a_verdict_on_a_withdrawn_paper_teaches_as_any_other(db: Database) -> None:
    """A version without an abstract, or with a note of withdrawal in its place, harms no ranking."""
    chat_id = await chat_of(db)
    rankings = Rankings(db, lambda: NOW)
    gone = [
        paper(40, abstract="", comments="This paper has been withdrawn"),
        paper(41, title="", abstract="Withdrawn by the authors."),
    ]
    async with db.begin() as conn:
        await papers.save(conn, gone)
    for one in gone:
        await Feedback(db, lambda: NOW).press(chat_id, 7, one.id, VerdictKind.DISLIKE)
    async with db.read() as conn:
        profile = await chats.profile(conn, chat_id)
    ranking = await rankings.rank(chat_id, profile, [paper(20), paper(21)], [("cs.LG", DAY)])
    for scored in ranking:
        assert scored.score == pytest.approx(sum(reason.share for reason in scored.reasons))
