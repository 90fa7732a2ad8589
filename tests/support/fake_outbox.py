"""An outbox in memory that behaves like the one in the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.errors import DatabaseLocked
from bot.model import Chat, ChatKind, Delivery, DeliveryState


class FakeOutbox:
    """Deliveries and chats by id. `broken` names methods that fail as a locked database does."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.rows: dict[int, Delivery] = {}
        self.chats: dict[int, Chat] = {}
        self.broken: set[str] = set()
        self.taken = 0
        self._clock = clock

    def chat(self, chat_id: int, *, thread_id: int = 0, telegram_id: int | None = None) -> Chat:
        """A new chat."""
        kind = ChatKind.PRIVATE if (telegram_id or chat_id) > 0 else ChatKind.GROUP
        chat = Chat(chat_id, telegram_id if telegram_id is not None else 1000 + chat_id, thread_id, kind)
        self.chats[chat_id] = chat
        return chat

    def plan(self, chat_id: int, *bodies: Mapping[str, object] | str, state: str = "planned") -> list[int]:
        """Messages that are to be sent."""
        if chat_id not in self.chats:
            self.chat(chat_id)
        ids = []
        for position, body in enumerate(bodies):
            number = len(self.rows) + 1
            given = {"text": body} if isinstance(body, str) else body
            self.rows[number] = Delivery(number, chat_id, None, position, given, DeliveryState(state))
            ids.append(number)
        return ids

    def states(self) -> list[str]:
        """The states of all messages, in their order."""
        return [row.state.value for row in self.rows.values()]

    def _fail(self, name: str) -> None:
        if name in self.broken:
            raise DatabaseLocked("the test's database")

    async def take(self, limit: int, held: Collection[int]) -> list[Delivery]:
        """What is to be sent now."""
        self._fail("take")
        self.taken += 1
        now = self._clock()
        heads: dict[int, Delivery] = {}
        for row in sorted(self.rows.values(), key=lambda row: row.id):
            if row.state in (DeliveryState.PLANNED, DeliveryState.SENDING):
                heads.setdefault(row.chat_id, row)
        open_now = [
            row
            for row in heads.values()
            if row.id not in held
            and (row.state is DeliveryState.SENDING or row.not_before is None or row.not_before <= now)
        ]
        first = sorted(open_now, key=lambda row: (row.state is DeliveryState.PLANNED, row.id))[:limit]
        places = {chat.id: chat.telegram_id for chat in self.chats.values()}
        return [replace(row, telegram_id=places.get(row.chat_id, 0)) for row in first]

    async def begin(self, delivery_id: int) -> tuple[Delivery, Chat] | None:
        """Mark a planned message as being sent."""
        self._fail("begin")
        row = self.rows.get(delivery_id)
        if row is None or row.state is not DeliveryState.PLANNED or row.chat_id not in self.chats:
            return None
        self.rows[delivery_id] = row = replace(row, state=DeliveryState.SENDING, attempts=row.attempts + 1)
        return row, self.chats[row.chat_id]

    async def replan(self, delivery_id: int, bodies: Sequence[Mapping[str, object]]) -> Delivery | None:
        """Let a message that is being sent become these."""
        self._fail("replan")
        row = self.rows[delivery_id] = replace(self.rows[delivery_id], body=bodies[0])
        later = [
            one
            for one in self.rows.values()
            if one.chat_id == row.chat_id and one.id > row.id and one.state is DeliveryState.PLANNED
        ]
        for one in later:
            del self.rows[one.id]
        number = max(self.rows) + len(later)
        for one in (*(replace(row, body=body, state=DeliveryState.PLANNED, attempts=0) for body in bodies[1:]), *later):
            number += 1
            self.rows[number] = replace(one, id=number)
        return row

    async def sent(self, delivery_id: int, message_id: int) -> None:
        """Mark as sent."""
        self._fail("sent")
        row = self.rows[delivery_id]
        self.rows[delivery_id] = replace(row, state=DeliveryState.SENT, message_id=message_id)

    async def failed(self, delivery_id: int, reason: str, retry_at: datetime | None) -> None:
        """Mark as failed, for good or for now."""
        self._fail("failed")
        state = DeliveryState.FAILED if retry_at is None else DeliveryState.PLANNED
        row = self.rows[delivery_id]
        self.rows[delivery_id] = replace(row, state=state, reason=reason, not_before=retry_at)

    async def pause(self, chat_id: int, reason: str) -> None:
        """Stop posting to a chat."""
        self.chats[chat_id] = replace(self.chats[chat_id], paused=reason)

    async def migrate(self, telegram_id: int, new_telegram_id: int) -> None:
        """A group became a supergroup."""
        self._fail("migrate")
        for chat in list(self.chats.values()):
            if chat.telegram_id == telegram_id:
                self.chats[chat.id] = replace(chat, telegram_id=new_telegram_id)
