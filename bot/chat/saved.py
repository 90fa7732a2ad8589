"""/saved: what was kept with 🔖."""

from __future__ import annotations

from bot.chat.visit import Visit
from bot.model import ChatKind

MOST_SHOWN = 60


async def saved(visit: Visit) -> None:
    """/saved: in a private chat the reader's own papers, elsewhere those that anybody saved there."""
    reader_id = visit.reader_id if visit.chat.kind is ChatKind.PRIVATE else None
    papers = await visit.desk.feedback.saved(visit.chat.id, reader_id)
    await visit.show("saved", papers=papers, most=MOST_SHOWN)
