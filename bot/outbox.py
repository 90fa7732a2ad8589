"""The ledger of messages that are to be sent, as the sender sees it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from bot.errors import DatabaseConflict
from bot.groupcommit import GroupCommit
from bot.model import Chat, Delivery
from storage import chats, deliveries
from storage.database import Database


@dataclass(frozen=True, slots=True)
class _Begin:
    delivery_id: int


@dataclass(frozen=True, slots=True)
class _Sent:
    delivery_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class _Failed:
    delivery_id: int
    reason: str
    retry_at: datetime | None


_Step = _Begin | _Sent | _Failed


class Outbox:
    """Planned messages, taken and marked one by one; every step is written down before the next.

    Steps of several messages that come at about the same time share a transaction, so that a fast broadcast does not
    wait for the disk twice a message. A step is done when that transaction is.
    """

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self._steps: GroupCommit[_Step, tuple[Delivery, Chat] | None] = GroupCommit(self._write)

    async def plan(self, chat_id: int, bodies: Sequence[Mapping[str, object]]) -> None:
        """Messages that are to be sent to the chat, in this order."""
        async with self._db.begin() as conn:
            await deliveries.plan(conn, chat_id, None, bodies)

    async def take(self, limit: int, held: Collection[int] = ()) -> list[Delivery]:
        """What is to be sent now, of each chat its next message: those in doubt after a crash first, then planned ones,
        in order; without those that are `held`."""
        async with self._db.read() as conn:
            return await deliveries.next_ones(conn, self._clock(), limit, held)

    async def begin(self, delivery_id: int) -> tuple[Delivery, Chat] | None:
        """Mark as being sent; → the message and where it goes, None if somebody else already has it or it is gone."""
        return await self._steps.ask(_Begin(delivery_id))

    async def replan(self, delivery_id: int, bodies: Sequence[Mapping[str, object]]) -> Delivery | None:
        """Let a message that is being sent become these, which show the same; None if it is gone."""
        async with self._db.begin() as conn:
            return await deliveries.replan(conn, delivery_id, bodies)

    async def sent(self, delivery_id: int, message_id: int) -> None:
        """Mark as sent, with Telegram's number of the message."""
        await self._steps.ask(_Sent(delivery_id, message_id))

    async def failed(self, delivery_id: int, reason: str, retry_at: datetime | None) -> None:
        """Mark as failed for good, or (with `retry_at`) to be tried again then."""
        await self._steps.ask(_Failed(delivery_id, reason, retry_at))

    async def pause(self, chat_id: int, reason: str) -> None:
        """Stop posting to a chat that cannot be reached, until it comes back; one that was forgotten needs no stopping."""
        with suppress(DatabaseConflict):
            async with self._db.begin() as conn:
                await chats.update(conn, chat_id, paused=reason)

    async def migrate(self, telegram_id: int, new_telegram_id: int) -> None:
        """A group became a supergroup: everything of it moves over."""
        async with self._db.begin() as conn:
            await chats.migrate(conn, telegram_id, new_telegram_id)

    async def _write(self, steps: Sequence[_Step]) -> list[tuple[Delivery, Chat] | None]:
        now = self._clock()
        async with self._db.begin() as conn:
            for step in steps:
                if isinstance(step, _Failed):
                    await deliveries.failed(conn, step.delivery_id, step.reason, step.retry_at, now)
            sent = {step.delivery_id: step.message_id for step in steps if isinstance(step, _Sent)}
            await deliveries.done(conn, sent, now)
            begun = await deliveries.begin(conn, [one.delivery_id for one in steps if isinstance(one, _Begin)], now)
            homes = await chats.many(conn, [one.chat_id for one in begun.values()])
        handed_out: list[tuple[Delivery, Chat] | None] = []
        for step in steps:
            one = begun.pop(step.delivery_id, None) if isinstance(step, _Begin) else None
            handed_out.append(None if one is None else (one, homes[one.chat_id]))
        return handed_out
