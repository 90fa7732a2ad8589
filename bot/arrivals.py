"""Updates that Telegram brings to a webhook, each of them at least once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from bot.errors import StorageError
from storage import updates
from storage.database import Database

log = logging.getLogger(__name__)


class Arrivals:
    """The use case of taking updates in."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    async def is_new(self, update_id: int) -> bool:
        """Whether the update comes for the first time, to this program or any other. Where that cannot be written down,
        it counts as new: whoever pressed is to hear what is wrong."""
        try:
            async with self._db.begin() as conn:
                return await updates.note(conn, update_id, self._clock())
        except StorageError as error:
            log.warning("update %d was not noted: %s", update_id, error)
            return True
