"""/profile: what is set, and what was learned."""

from __future__ import annotations

from telegram.error import TelegramError

from bot.chat.visit import Visit
from bot.learning import Learned
from bot.model import ChatKind

MOST_NAMED = 10
NUMBERS_WITHIN = 3.0
"""Seconds that somebody waits for the numbers of a replay; they are there when it is asked again."""


async def profile(visit: Visit) -> None:
    """/profile."""
    await visit.working()
    await show(visit)


async def show(visit: Visit) -> None:
    """Show it, in the place of the pressed message if there is one."""
    learned = await visit.desk.learning.learned(visit.chat.id)
    numbers = await visit.desk.replays.numbers(visit.chat.id, NUMBERS_WITHIN)
    await visit.show("profile", learned=learned, names=await _names(visit, learned), numbers=numbers)


async def _names(visit: Visit, learned: Learned) -> dict[int, str]:
    """How the readers of a group are called; nobody's name is stored, so Telegram is asked."""
    found: dict[int, str] = {}
    if visit.chat.kind is not ChatKind.GROUP:
        return found
    for share in learned.readers[:MOST_NAMED]:
        try:
            member = await visit.bot.get_chat_member(visit.chat.telegram_id, share.reader_id)
        except TelegramError:
            continue  # who left, or was never seen there, has no name
        found[share.reader_id] = member.user.full_name
    return found
