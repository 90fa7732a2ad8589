"""`paperboy doctor --ranking`: how good the ranking was on the chats' own past days, against plain keywords."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from bot.config import Settings
from bot.doctor import Finding, State, missing_file
from bot.embedding import embedding_of
from bot.errors import PaperboyError
from bot.replay import LEAST_LIKES, Numbers, Replays
from storage import chats
from storage.database import Database

Clock = Callable[[], datetime]

MOST_CHATS = 50
"""Chats that are replayed, those with the most verdicts."""

LEAST_DAYS = 5
"""Days that must have been replayed for the check to fail by them."""

WORSE = 0.02
"""By how much plain keywords may be better before something is wrong."""

COLUMNS = ("chat", "days", "liked", "hits", "(keywords)", "nDCG@10", "(keywords)")


async def examine(
    settings: Settings,
    clock: Clock = lambda: datetime.now(UTC),
    progress: Callable[[str, int, int], None] = lambda *_: None,
) -> tuple[str, Finding]:
    """The table of all chats with verdicts enough ("" where there is none), and what it says on the whole."""
    try:
        missing = missing_file(settings.database_url)
        if missing is not None:
            return "", Finding("ranking", State.SKIPPED, f"{missing} is not there yet, so nothing was ranked")
        db = await Database.open(settings.database_url)
        try:
            embedding = embedding_of(settings, db, clock)
            found = await _replayed(Replays(db, clock, embedding), db, progress)
        finally:
            await db.close()
    except PaperboyError as error:
        return "", Finding("ranking", State.FAILED, str(error))
    told = [(chat_id, numbers) for chat_id, numbers in found if numbers.enough]
    return table(told), finding(told, others=len(found) - len(told))


async def _replayed(
    replays: Replays, db: Database, progress: Callable[[str, int, int], None]
) -> list[tuple[int, Numbers]]:
    async with db.read() as conn:
        ids = await chats.with_verdicts(conn, 1, MOST_CHATS)
    found = []
    for at, chat_id in enumerate(ids):
        progress("ranking", at, len(ids))
        found.append((chat_id, await replays.replay(chat_id)))
    progress("ranking", len(ids), len(ids))
    return found


def finding(told: Sequence[tuple[int, Numbers]], others: int) -> Finding:
    """What the numbers of all chats say on the whole; every day weighs the same."""
    days = [day for _, numbers in told for day in numbers.days]
    if not days:
        sentence = f"no chat has liked {LEAST_LIKES} papers after their tables yet, so there is nothing to measure"
        return Finding("ranking", State.SKIPPED, sentence, "wait for more verdicts" if others else "")
    whole = Numbers(0, 0, sum(day.likes for day in days), tuple(days), needed=0)
    sentence = (
        f"on {len(days)} past days of {len(told)} chats nDCG@10 is {whole.ndcg:.2f}, by plain keywords "
        f"{whole.keyword_ndcg:.2f}"
    )
    if len(days) >= LEAST_DAYS and whole.ndcg < whole.keyword_ndcg - WORSE:
        advice = "look at /profile in the chats that stand below their keywords: what was learned may be out of date"
        return Finding("ranking", State.FAILED, sentence, advice)
    return Finding("ranking", State.OK, sentence)


def table(told: Sequence[tuple[int, Numbers]]) -> str:
    """The chats' numbers as columns, by our number of each chat; "" for none."""
    if not told:
        return ""
    lines = [COLUMNS, *(_line(chat_id, numbers) for chat_id, numbers in told)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    return "\n".join("  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True)) for line in lines)


def _line(chat_id: int, numbers: Numbers) -> tuple[str, ...]:
    return (
        str(chat_id),
        str(len(numbers.days)),
        str(numbers.likes),
        f"{numbers.hit_rate:.0%}",
        f"{numbers.keyword_hit_rate:.0%}",
        f"{numbers.ndcg:.2f}",
        f"{numbers.keyword_ndcg:.2f}",
    )
