"""/status: how the bot is doing."""

from __future__ import annotations

from bot.chat.visit import Visit
from bot.errors import NotAllowed
from bot.model import ChatKind


async def status(visit: Visit) -> None:
    """/status: everything for the bot's administrators; where none are set, what arXiv itself shows, in private."""
    full = visit.reader_id in visit.desk.admin_ids
    if not full and (visit.desk.admin_ids or visit.chat.kind is not ChatKind.PRIVATE):
        raise NotAllowed("bot-admins")
    view = await visit.desk.status.overview()
    await visit.show(
        "status",
        now=view.now,
        polls=view.polls,
        counts=view.counts,
        failures=view.failures,
        model=view.model,
        full=full,
    )
