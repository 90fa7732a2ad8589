"""The ledger of messages that are to be sent, as the sender sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from bot.errors import PaperboyError
from bot.model import Chat, Delivery
from storage import chats, deliveries
from storage.database import Database


class Outbox:
    """Planned messages, taken and marked one by one; every step is written down before the next."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock

    async def plan(self, chat_id: int, bodies: Sequence[Mapping[str, object]]) -> None:
        """Messages that are to be sent to the chat, in this order."""
        async with self._db.begin() as conn:
            await deliveries.plan(conn, chat_id, None, bodies)

    async def take(self, limit: int) -> list[Delivery]:
        """What is to be sent now: messages in doubt after a crash first, then planned ones, in order."""
        async with self._db.read() as conn:
            return await deliveries.open_ones(conn, self._clock(), limit)

    async def begin(self, delivery_id: int) -> Delivery | None:
        """Mark as being sent; None if somebody else already has it."""
        async with self._db.begin() as conn:
            return await deliveries.begin(conn, delivery_id, self._clock())

    async def replan(self, delivery_id: int, bodies: Sequence[Mapping[str, object]]) -> Delivery | None:
        """Let a message that is being sent become these, which show the same; None if it is gone."""
        async with self._db.begin() as conn:
            return await deliveries.replan(conn, delivery_id, bodies)

    async def sent(self, delivery_id: int, message_id: int) -> None:
        """Mark as sent, with Telegram's number of the message."""
        async with self._db.begin() as conn:
            await deliveries.done(conn, delivery_id, message_id, self._clock())

    async def failed(self, delivery_id: int, reason: str, retry_at: datetime | None) -> None:
        """Mark as failed for good, or (with `retry_at`) to be tried again then."""
        async with self._db.begin() as conn:
            await deliveries.failed(conn, delivery_id, reason, retry_at, self._clock())

    async def address(self, chat_id: int) -> Chat:
        """Where a message goes."""
        async with self._db.read() as conn:
            chat = await chats.get(conn, chat_id)
        if chat is None:
            raise PaperboyError(f"Chat {chat_id} is gone.")
        return chat

    async def pause(self, chat_id: int, reason: str) -> None:
        """Stop posting to a chat that cannot be reached, until it comes back."""
        async with self._db.begin() as conn:
            await chats.update(conn, chat_id, paused=reason)

    async def migrate(self, telegram_id: int, new_telegram_id: int) -> None:
        """A group became a supergroup: everything of it moves over."""
        async with self._db.begin() as conn:
            await chats.migrate(conn, telegram_id, new_telegram_id)
