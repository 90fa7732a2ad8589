"""Verdicts: one per reader, paper and chat; the last one counts."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import ChatKind, Tally, Verdict, VerdictKind
from storage import chats, papers, verdicts
from storage.database import Database
from tests.support.builders import NOW, minutes, paper

ONE, TWO, THREE = paper(1).id, paper(2).id, paper(3).id
ADA, BO = 7, 6_000_000_000


async def make(conn: AsyncConnection, n: int = 1) -> int:
    """A chat; → its id."""
    return (await chats.ensure(conn, n, 0, ChatKind.GROUP, "", {}, NOW)).id


async def test_the_last_word_counts(db: Database) -> None:
    """Each reader has one vote, sees their own, and may take it back."""
    async with db.begin() as conn:
        chat = await make(conn)
        assert await verdicts.tally(conn, chat, ONE, ADA) == Tally()
        await verdicts.cast(conn, chat, ADA, ONE, VerdictKind.LIKE, NOW)
        await verdicts.cast(conn, chat, ADA, ONE, VerdictKind.LIKE, minutes(1))
        await verdicts.cast(conn, chat, BO, ONE, VerdictKind.LIKE, minutes(1))
        assert await verdicts.tally(conn, chat, ONE, ADA) == Tally(like=2, mine=VerdictKind.LIKE)
        await verdicts.cast(conn, chat, ADA, ONE, VerdictKind.DISLIKE, minutes(2))
        assert await verdicts.tally(conn, chat, ONE, ADA) == Tally(like=1, dislike=1, mine=VerdictKind.DISLIKE)
        assert await verdicts.tally(conn, chat, ONE, BO) == Tally(like=1, dislike=1, mine=VerdictKind.LIKE)
        assert await verdicts.tally(conn, chat, ONE, 99) == Tally(like=1, dislike=1)
        await verdicts.cast(conn, chat, ADA, ONE, None, minutes(3))
        await verdicts.cast(conn, chat, ADA, TWO, None, minutes(3))
        assert await verdicts.tally(conn, chat, ONE, ADA) == Tally(like=1)


async def test_chats_do_not_mix(db: Database) -> None:
    """The same reader's vote elsewhere is another vote."""
    async with db.begin() as conn:
        one, two = await make(conn, 1), await make(conn, 2)
        await verdicts.cast(conn, one, ADA, ONE, VerdictKind.SAVE, NOW)
        assert await verdicts.tally(conn, two, ONE, ADA) == Tally()
        assert await verdicts.tally(conn, one, ONE, ADA) == Tally(save=1, mine=VerdictKind.SAVE)


async def test_saved_papers_newest_first(db: Database) -> None:
    """One reader's, or everybody's, each paper once and in its latest version."""
    async with db.begin() as conn:
        chat, other = await make(conn, 1), await make(conn, 2)
        await papers.save(conn, [paper(1), paper(1, version=2), paper(2), paper(3)])
        for reader, paper_id, kind, minute in (
            (ADA, ONE, VerdictKind.SAVE, 0),
            (ADA, TWO, VerdictKind.SAVE, 1),
            (BO, ONE, VerdictKind.SAVE, 2),
            (BO, THREE, VerdictKind.LIKE, 3),
            (BO, "2602.99999", VerdictKind.SAVE, 4),
        ):
            await verdicts.cast(conn, chat, reader, paper_id, kind, minutes(minute))
        await verdicts.cast(conn, other, ADA, THREE, VerdictKind.SAVE, NOW)
        assert await verdicts.saved(conn, chat, ADA) == [paper(2), paper(1, version=2)]
        assert await verdicts.saved(conn, chat, None) == [paper(1, version=2), paper(2)]
        assert await verdicts.saved(conn, chat, 99) == []


async def test_a_readers_words(db: Database) -> None:
    """In one chat, newest first."""
    async with db.begin() as conn:
        chat = await make(conn)
        await verdicts.cast(conn, chat, BO, ONE, VerdictKind.LIKE, NOW)
        await verdicts.cast(conn, chat, BO, TWO, VerdictKind.SAVE, minutes(1))
        await verdicts.cast(conn, chat, ADA, TWO, VerdictKind.LIKE, minutes(1))
        assert await verdicts.of_reader(conn, chat, BO) == [
            Verdict(chat, BO, TWO, VerdictKind.SAVE, minutes(1)),
            Verdict(chat, BO, ONE, VerdictKind.LIKE, NOW),
        ]
