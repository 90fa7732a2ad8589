"""Who administers a chat, asked of Telegram and remembered for a minute."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Forbidden

REMEMBERED = timedelta(seconds=60)
MOST_REMEMBERED = 2000
_GOVERNING = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


class Administrators:
    """Answers whether somebody administers a group or channel."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._known: OrderedDict[tuple[int, int], tuple[bool, datetime]] = OrderedDict()

    async def governs(self, bot: Bot, telegram_id: int, user_id: int) -> bool:
        """Whether the user is an administrator or the owner of the chat now, or was within the last minute.

        Raises:
            TelegramError: Telegram could not be asked.
        """
        known, at = self._known.get((telegram_id, user_id), (False, None))
        if at is not None and self._clock() - at < REMEMBERED:
            return known
        try:
            member = await bot.get_chat_member(telegram_id, user_id)
        except (BadRequest, Forbidden):
            # Telegram does not know them there, or shows a channel's people to its administrators alone.
            return False
        governs = member.status in _GOVERNING
        self._known[telegram_id, user_id] = (governs, self._clock())
        self._known.move_to_end((telegram_id, user_id))
        while len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)
        return governs
