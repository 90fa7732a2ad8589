"""What readers say of papers: 👍, 👎, 🔖, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.model import Paper, Tally, VerdictKind
from storage import chats, verdicts
from storage.database import Database


class Feedback:
    """The use case of judging papers. `learn_soon` is told which chat has something new to learn from, and returns at
    once."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        learn_soon: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._learn_soon = learn_soon

    async def press(self, chat_id: int, reader_id: int, paper_id: str, kind: VerdictKind) -> Tally:
        """Record a pressed button: the last verdict counts, the same one again takes it back."""
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            before = await verdicts.tally(conn, chat_id, paper_id, reader_id)
            said = None if before.mine is kind else kind
            await verdicts.cast(conn, chat_id, reader_id, paper_id, said, self._clock())
            after = await verdicts.tally(conn, chat_id, paper_id, reader_id)
        self._learn_soon(chat_id)
        return after

    async def tally(self, chat_id: int, reader_id: int, paper_id: str) -> Tally:
        """How the chat judged the paper, and what this reader said."""
        async with self._db.read() as conn:
            return await verdicts.tally(conn, chat_id, paper_id, reader_id)

    async def saved(self, chat_id: int, reader_id: int | None) -> list[Paper]:
        """The papers this reader (None: anybody in the chat) keeps with 🔖, newest first."""
        async with self._db.read() as conn:
            return await verdicts.saved(conn, chat_id, reader_id)
