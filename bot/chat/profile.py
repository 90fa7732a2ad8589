"""/profile: what is set, and what was learned."""

from __future__ import annotations

from bot.chat.visit import Visit


async def profile(visit: Visit) -> None:
    """/profile."""
    await visit.show("profile")
