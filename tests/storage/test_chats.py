"""Chats: who is due, what they read and care about, and that they can be moved and forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import DatabaseConflict
from bot.model import (
    Chat,
    ChatKind,
    Follow,
    FollowKind,
    JudgedPaper,
    Mute,
    MuteKind,
    Profile,
    VerdictKind,
)
from storage import chats, papers, verdicts
from storage.database import Database
from tests.support.builders import DAY, NOW, day, minutes, paper

FAR = -1_003_000_000_000


async def make(conn: AsyncConnection, n: int = 1, **fields: Any) -> Chat:
    """Chat number `n`, kept."""
    return await chats.ensure(conn, n, 0, ChatKind.PRIVATE, f"Chat {n}", fields, NOW)


# --------------------------------------------------------------------------- the chat itself


async def test_a_chat_is_made_on_first_sight(db: Database) -> None:
    """With the defaults given then; later ones change nothing. Topics of a forum are chats of their own."""
    async with db.begin() as conn:
        first = await chats.ensure(conn, FAR, 0, ChatKind.GROUP, "AI & <b>", {"size": 7, "hour": time(9, 30)}, NOW)
        assert first == Chat(first.id, FAR, 0, ChatKind.GROUP, "AI & <b>", size=7, hour=time(9, 30), created_at=NOW)
        assert await chats.ensure(conn, FAR, 0, ChatKind.GROUP, "x", {"size": 9}, minutes(1)) == first
        topic = await chats.ensure(conn, FAR, 42, ChatKind.GROUP, "x", {}, NOW)
        assert topic.id != first.id
        assert await chats.find(conn, FAR, 42) == topic
        assert await chats.find(conn, FAR, 43) is None
        assert await chats.get(conn, topic.id + 1) is None


async def test_every_field_can_be_changed(db: Database) -> None:
    """And comes back as it was given."""
    async with db.begin() as conn:
        chat = await make(conn)
        wanted = replace(
            chat,
            title="中文 \U0001f600",
            kind=ChatKind.CHANNEL,
            language="zh",
            timezone="Asia/Shanghai",
            hour=time(23, 59),
            layout="rich",
            size=20,
            quiet_notes=False,
            subscribed=True,
            paused="kicked",
            pending="interests",
            next_at=minutes(1.5),
            held_since=minutes(2),
        )
        changes = {name: getattr(wanted, name) for name in wanted.__slots__ if name != "id"}
        assert await chats.update(conn, chat.id, **changes) == wanted
        assert await chats.get(conn, chat.id) == wanted


async def test_a_forgotten_chat_cannot_be_changed(db: Database) -> None:
    """It is a conflict, not a new chat."""
    async with db.begin() as conn:
        with pytest.raises(DatabaseConflict):
            await chats.update(conn, 4711, size=9)
        with pytest.raises(DatabaseConflict):
            await chats.set_interests(conn, 4711, "x", (), NOW)


async def test_who_is_due(db: Database) -> None:
    """Subscribed, not paused, and the hour has come; the longest waiting first."""
    async with db.begin() as conn:
        situations: tuple[dict[str, Any], ...] = (
            {"subscribed": True, "next_at": minutes(0)},
            {"subscribed": True, "next_at": minutes(-9)},
            {"subscribed": True, "next_at": minutes(1)},
            {"subscribed": True, "next_at": minutes(-9), "paused": "blocked"},
            {"subscribed": False, "next_at": minutes(-9)},
            {"subscribed": True, "next_at": None},
            {"subscribed": True, "next_at": minutes(-5)},
        )
        for n, fields in enumerate(situations):
            await make(conn, n, **fields)
        assert [chat.telegram_id for chat in await chats.due(conn, NOW, 10)] == [1, 6, 0]
        assert [chat.telegram_id for chat in await chats.due(conn, NOW, 2)] == [1, 6]
        assert await chats.next_due(conn) == minutes(-9)


async def test_nobody_is_due(db: Database) -> None:
    """There is no next moment then."""
    async with db.begin() as conn:
        await make(conn)
        assert await chats.due(conn, NOW, 10) == []
        assert await chats.next_due(conn) is None


# --------------------------------------------------------------------------- categories


async def test_categories_keep_their_order_and_their_date(db: Database) -> None:
    """Only added ones get the new date; one taken away and added again is new."""
    async with db.begin() as conn:
        chat = await make(conn, subscribed=True)
        await chats.set_categories(conn, chat.id, ("cs.LG", "cs.CL"), day(-5))
        await chats.set_categories(conn, chat.id, ("cs.RO", "cs.LG", "cs.RO"), DAY)
        assert await chats.categories(conn, chat.id) == ("cs.RO", "cs.LG")
        assert await chats.all_categories(conn) == {"cs.LG": day(-5), "cs.RO": DAY}
        await chats.set_categories(conn, chat.id, ("cs.CL", "cs.LG"), None)
        assert await chats.all_categories(conn) == {"cs.CL": None, "cs.LG": day(-5)}
        await chats.set_categories(conn, chat.id, (), None)
        assert await chats.categories(conn, chat.id) == ()


async def test_categories_are_those_of_subscribed_chats(db: Database) -> None:
    """With the earliest date of any of them."""
    async with db.begin() as conn:
        for n, (subscribed, since) in enumerate([(True, DAY), (True, day(-3)), (True, None), (False, day(-9))]):
            chat = await make(conn, n, subscribed=subscribed)
            await chats.set_categories(conn, chat.id, ("cs.LG", f"q-bio.{n}"), since)
        assert await chats.all_categories(conn) == {
            "cs.LG": day(-3),
            "q-bio.0": DAY,
            "q-bio.1": day(-3),
            "q-bio.2": None,
        }


async def test_the_date_from_which_categories_count_only_moves_back(db: Database) -> None:
    """A missing one is set, an earlier one stays."""
    async with db.begin() as conn:
        chat = await make(conn, subscribed=True)
        await chats.set_categories(conn, chat.id, ("a",), None)
        await chats.set_categories(conn, chat.id, ("a", "b"), day(-5))
        await chats.set_categories(conn, chat.id, ("a", "b", "c"), day(5))
        await chats.set_since(conn, [chat.id], DAY)
        assert await chats.all_categories(conn) == {"a": DAY, "b": day(-5), "c": DAY}


# --------------------------------------------------------------------------- what it cares about


async def test_a_profile_is_what_was_said(db: Database) -> None:
    """Interests, categories, follows, mutes and verdicts, the newest verdict first."""
    ada = Follow(FollowKind.AUTHOR, "Ada Author1")
    async with db.begin() as conn:
        chat = await make(conn)
        other = await make(conn, 2)
        assert await chats.profile(conn, chat.id) == Profile()
        await chats.set_interests(conn, chat.id, "强化学习, GRPO", ("reinforcement learning",), NOW)
        await chats.set_categories(conn, chat.id, ("cs.LG", "cs.CL"), None)
        assert await chats.follow(conn, chat.id, ada)
        assert not await chats.follow(conn, chat.id, ada)
        assert await chats.follow(conn, chat.id, Follow(FollowKind.INSTITUTION, "ETH"))
        assert await chats.mute(conn, chat.id, Mute(MuteKind.WORD, "survey"))
        assert not await chats.mute(conn, chat.id, Mute(MuteKind.WORD, "survey"))
        await chats.follow(conn, other.id, Follow(FollowKind.AUTHOR, "Somebody Else"))
        await papers.save(conn, [paper(1), paper(1, version=2), paper(2)])
        await verdicts.cast(conn, chat.id, 7, paper(1).id, VerdictKind.LIKE, minutes(1))
        await verdicts.cast(conn, chat.id, 8, paper(2).id, VerdictKind.DISLIKE, minutes(2))
        await verdicts.cast(conn, other.id, 8, paper(1).id, VerdictKind.SAVE, minutes(3))
        await verdicts.cast(conn, chat.id, 8, "2602.99999", VerdictKind.SAVE, minutes(4))
        assert await chats.profile(conn, chat.id) == Profile(
            interests="强化学习, GRPO",
            widened=("reinforcement learning",),
            categories=("cs.LG", "cs.CL"),
            follows=(ada, Follow(FollowKind.INSTITUTION, "ETH")),
            mutes=(Mute(MuteKind.WORD, "survey"),),
            judged=(
                JudgedPaper(paper(2), 8, VerdictKind.DISLIKE, minutes(2)),
                JudgedPaper(paper(1, version=2), 7, VerdictKind.LIKE, minutes(1)),
            ),
        )
        assert await chats.unfollow(conn, chat.id, ada)
        assert not await chats.unfollow(conn, chat.id, ada)
        assert await chats.unmute(conn, chat.id, Mute(MuteKind.WORD, "survey"))
        assert not await chats.unmute(conn, chat.id, Mute(MuteKind.AUTHOR, "survey"))
        found = await chats.profile(conn, chat.id)
        assert (found.follows, found.mutes) == ((Follow(FollowKind.INSTITUTION, "ETH"),), ())
        assert await chats.profile(conn, 4711) == Profile()


async def test_a_profile_has_the_newest_verdicts(db: Database) -> None:
    """At most two thousand, so that years of reading cost no more than months."""
    async with db.begin() as conn:
        chat = await make(conn)
        await papers.save(conn, [paper(n) for n in range(2001)])
        await conn.execute(
            text(
                "INSERT INTO verdicts (chat_id, reader_id, paper_id, kind, at)"
                " SELECT :chat, 7, id, 'like', '2026-02-18 08:00:00.000000' FROM papers"
            ),
            {"chat": chat.id},
        )
        await verdicts.cast(conn, chat.id, 7, paper(1500).id, VerdictKind.SAVE, minutes(1))
        judged = (await chats.profile(conn, chat.id)).judged
    assert len(judged) == 2000
    assert judged[0].paper == paper(1500)


# --------------------------------------------------------------------------- moving


async def test_a_group_that_moves_keeps_everything(db: Database) -> None:
    """All its topics; what was begun under the new number is dropped; told twice it moves once."""
    async with db.begin() as conn:
        old = await chats.ensure(conn, -5, 0, ChatKind.GROUP, "old", {}, NOW)
        topic = await chats.ensure(conn, -5, 3, ChatKind.GROUP, "old", {}, NOW)
        await chats.set_interests(conn, old.id, "RL", (), NOW)
        await verdicts.cast(conn, old.id, 7, paper(1).id, VerdictKind.LIKE, NOW)
        new = await chats.ensure(conn, FAR, 0, ChatKind.GROUP, "new", {}, NOW)
        kept = await chats.ensure(conn, FAR, 4, ChatKind.GROUP, "new", {}, NOW)
        assert await chats.migrate(conn, -5, FAR) == 2
        assert await chats.find(conn, FAR, 0) == replace(old, telegram_id=FAR)
        assert await chats.find(conn, FAR, 3) == replace(topic, telegram_id=FAR)
        assert await chats.find(conn, FAR, 4) == kept
        assert await chats.get(conn, new.id) is None
        assert (await verdicts.tally(conn, old.id, paper(1).id, 7)).like == 1
        assert await chats.migrate(conn, -5, FAR) == 0
        assert await chats.migrate(conn, FAR, FAR) == 0
        assert await chats.find(conn, FAR, 0) == replace(old, telegram_id=FAR)


async def test_counts_of_everything(db: Database) -> None:
    """For /status."""
    async with db.begin() as conn:
        await make(conn, 1, subscribed=True)
        await make(conn, 2, subscribed=True, paused="blocked")
        chat = await make(conn, 3)
        for reader in (7, 8):
            await verdicts.cast(conn, chat.id, reader, paper(reader).id, VerdictKind.LIKE, NOW)
        await verdicts.cast(conn, chat.id, 7, paper(1).id, VerdictKind.SAVE, NOW)
        await papers.save(conn, [paper(1)])
        assert await chats.counts(conn) == {
            "chats": 3,
            "subscribed": 2,
            "paused": 1,
            "readers": 2,
            "verdicts": 3,
            "papers": 1,
            "listings": 0,
            "digests": 0,
            "cards": 0,
            "planned": 0,
            "sending": 0,
            "sent": 0,
            "failed": 0,
        }
