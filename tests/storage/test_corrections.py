"""Corrections, statements and what was left alone: what a ranking as of a moment needs to know."""

from __future__ import annotations

from datetime import timedelta

from bot.model import ChatKind, Correction, ReasonKind, VerdictKind
from storage import chats, corrections, deliveries, digests, heat, papers, verdicts
from storage.chats import NEWEST_TABLES
from storage.database import Database
from tests.support import builders as a
from tests.support.builders import DAY, NOW, minutes, paper, row


async def make(conn: chats.AsyncConnection, n: int = 1) -> int:
    """A chat; → its id."""
    return (await chats.ensure(conn, n, 0, ChatKind.GROUP, "", {}, NOW)).id


async def test_a_correction_is_kept_once_and_can_be_undone(db: Database) -> None:
    """Said twice it is one; the chat's own and a reader's are two; undone it is gone."""
    whole = Correction(ReasonKind.LIKED, paper(1).id, "Paper 1", NOW)
    own = Correction(ReasonKind.LIKED, paper(1).id, "Paper 1", minutes(1), 7)
    heated = Correction(ReasonKind.HEAT, "", "", minutes(2))
    async with db.begin() as conn:
        chat, other = await make(conn), await make(conn, 2)
        for one in (whole, whole, own, heated):
            await corrections.add(conn, chat, one)
        assert await corrections.of_chat(conn, chat) == (heated, own, whole)
        assert (await chats.profile(conn, chat)).corrections == (heated, own, whole)
        assert await corrections.of_chat(conn, other) == ()
        assert await corrections.remove(conn, chat, whole)
        assert not await corrections.remove(conn, chat, whole)
        assert await corrections.clear(conn, chat, ReasonKind.HEAT) == 1
        assert await verdicts.forget_reader(conn, chat, 7) == 0
        assert await corrections.of_chat(conn, chat) == ()


async def test_interests_are_known_as_of_a_moment(db: Database) -> None:
    """A past day is ranked by what was stated then; what was ruled out of the old text is stated anew."""
    async with db.begin() as conn:
        chat = await make(conn)
        assert (await chats.profile(conn, chat, NOW)).interests == ""
        await chats.set_interests(conn, chat, "robots", ("robotics",), minutes(10))
        await corrections.add(conn, chat, Correction(ReasonKind.INTEREST, "robots", "robots", minutes(11)))
        await chats.set_interests(conn, chat, "", (), minutes(20))
        assert await corrections.of_chat(conn, chat) == ()
        stated = [(await chats.profile(conn, chat, minutes(at))).interests for at in (5, 10, 15, 25)]
        assert stated == ["", "", "robots", ""]
        assert (await chats.profile(conn, chat, minutes(15))).widened == ("robotics",)
        assert (await chats.profile(conn, chat)).interests == ""


async def test_verdicts_and_what_was_left_alone_are_known_as_of_a_moment(db: Database) -> None:
    """A row counts as left alone until somebody judges it; that its card was looked at stays known when it is folded."""
    async with db.begin() as conn:
        chat = await make(conn)
        await papers.save(conn, [paper(1), paper(2), paper(3)])
        await digests.create(conn, chat, DAY, NOW, 3, [row(1), row(2)], [], [])
        await verdicts.cast(conn, chat, 7, paper(3).id, VerdictKind.LIKE, minutes(8))
        await verdicts.cast(conn, chat, 7, paper(1).id, VerdictKind.LIKE, minutes(30))
        await deliveries.unfold(conn, chat, 5, paper(2).id, (6,), minutes(5))
        await deliveries.folded(conn, chat, 5, paper(2).id)
        early, late = await chats.profile(conn, chat, minutes(10)), await chats.profile(conn, chat)
        assert [(one.paper.id, one.unfolded) for one in early.left] == [(paper(1).id, False), (paper(2).id, True)]
        assert [one.paper.id for one in early.judged] == [paper(3).id]
        assert [one.paper.id for one in late.left] == [paper(2).id]
        assert [one.paper.id for one in late.judged] == [paper(1).id, paper(3).id]
        assert late.left[0].at == NOW
        assert (await chats.profile(conn, chat, NOW)).left == ()


async def test_what_was_left_alone_is_read_of_the_newest_tables_where_somebody_judges(db: Database) -> None:
    """A year of tables is not read for every chat and table: the newest are, and none where nothing was ever judged."""
    async with db.begin() as conn:
        judging, silent = await make(conn), await make(conn, 2)
        await papers.save(conn, [paper(1), paper(2), paper(3), paper(4)])
        for back in range(NEWEST_TABLES + 1):
            for chat in (judging, silent):
                old, new = row(1, 1 if back == NEWEST_TABLES else 2), row(2, 3)
                await digests.create(conn, chat, DAY - timedelta(days=back), NOW, 2, [old, new], [], [])
        await verdicts.cast(conn, judging, 7, paper(4).id, VerdictKind.LIKE, minutes(1))
        found = await chats.profiles(conn, [judging, silent])
    assert {one.paper.id for one in found[judging].left} == {paper(2).id, paper(3).id}
    assert len(found[judging].left) == 2 * NEWEST_TABLES
    assert found[silent].left == ()


async def test_heat_is_known_as_of_a_moment(db: Database) -> None:
    """The newest reading of a past moment, not of today."""
    async with db.begin() as conn:
        await heat.save(conn, [a.heat_entry(1, 10, NOW), a.heat_entry(1, 90, minutes(60))])
        then, now = await heat.newest(conn, [paper(1).id], minutes(5)), await heat.newest(conn, [paper(1).id])
    assert (then[paper(1).id].upvotes, now[paper(1).id].upvotes) == (10, 90)
