"""Sizes and rates of the Bot API. Sizes always hold; rates only where they are switched on."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

TEXT = 4096  # UTF-16 code units after parsing
CAPTION = 1024
SOURCE_BYTES = 32768  # of the text before parsing
CALLBACK_ANSWER = 200
FILE_BYTES = 50 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
MESSAGES_AT_ONCE = 100  # ids in deleteMessages
DELETE_HOURS = 48
POLL_SECONDS = 50
UPDATE_HOURS = 24
CALLBACK_DATA_BYTES = 64
COPY_TEXT = 256
DRAFT_SECONDS = 30  # how long a draft stays when nothing follows
EPHEMERAL_SECONDS = 15  # after a press, for a message that is shown to the person who pressed
ALBUM = (2, 10)  # media of one sendMediaGroup
DOWNLOAD_BYTES = 20 * 1024 * 1024

# of one rich message; text counts characters with custom emoji and formulas' sources
RICH_TEXT = 32768
RICH_BLOCKS = 500  # nested ones, list items and table rows too
RICH_LEVELS = 16  # of nested blocks and formatting
RICH_MEDIA = 50
RICH_COLUMNS = 20
RICH_BUTTONS = 8  # in one row


@dataclass(frozen=True, slots=True)
class Rates:
    """How much a bot may send before it is told to wait; edits count like messages.

    Telegram publishes no exact numbers; these are the ones of its bots' FAQ. `enforced` switches the 429s,
    `polling` how getUpdates slows down a bot that asks the same too often.
    """

    enforced: bool = False
    polling: bool = False
    overall: int = 30  # in one second
    private: int = 5  # in five seconds: one a second, short bursts allowed
    group: int = 20  # in one minute; channels too


class Meter:
    """Counts what was sent, in sliding windows. Seconds come in as an argument."""

    def __init__(self, rates: Rates) -> None:
        self.rates = rates
        self._sent: dict[int, deque[float]] = {}

    def wait(self, chat_id: int, now: float) -> int:
        """How many seconds to wait before sending to this chat; 0 means: go ahead, and it counts."""
        if not self.rates.enforced:
            return 0
        chat = (self.rates.private, 5.0) if chat_id > 0 else (self.rates.group, 60.0)
        waits = [self._left(0, self.rates.overall, 1.0, now), self._left(chat_id, *chat, now)]
        if max(waits) > 0:
            return math.ceil(max(waits))
        for key in (0, chat_id):
            self._sent.setdefault(key, deque()).append(now)
        return 0

    def _left(self, key: int, most: int, seconds: float, now: float) -> float:
        sent = self._sent.setdefault(key, deque())
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds - now if len(sent) >= most else 0.0
