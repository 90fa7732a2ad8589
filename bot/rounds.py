"""The postman's round: whose hour has come gets a digest, or is told why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.digest import Digests, DigestView, QuietView
from bot.errors import PaperboyError
from bot.model import Chat
from bot.reading import Reading
from bot.schedule import next_slot
from storage import chats
from storage.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 200
PART = 50
"""How many chats are served in one go."""
PULL_PATIENCE = 180.0
AHEAD = timedelta(hours=1)
SOON = timedelta(minutes=1)
PUT_OFF = timedelta(minutes=10)

Bodies = Sequence[Mapping[str, object]]


class Rounds:
    """The use case of posting on time. `lay_out` turns a digest, and `lay_out_note` an empty hour, into messages."""

    def __init__(
        self,
        db: Database,
        digests: Digests,
        reading: Reading,
        clock: Callable[[], datetime],
        *,
        lay_out: Callable[[DigestView], Bodies],
        lay_out_note: Callable[[QuietView], Bodies],
    ) -> None:
        self._db = db
        self._digests = digests
        self._reading = reading
        self._clock = clock
        self._lay_out = lay_out
        self._lay_out_note = lay_out_note

    async def waiting(self) -> list[int]:
        """The parts of all chats in which somebody's hour has come, longest waiting first; their listings are looked at
        before. Parts can be served apart from each other, by several programs at once."""
        now = self._clock()
        async with self._db.read() as conn:
            parts = await chats.parts_due(conn, now, PART)
            names = await chats.categories_due(conn, now) if parts else []
        if parts:
            await self._digests.look(names, PULL_PATIENCE)
        return parts

    async def serve(self, part: int) -> None:
        """Serve every chat of a part whose hour has come; one chat's trouble does not touch the others."""
        async with self._db.read() as conn:
            waiting = await chats.due(conn, self._clock(), PART, range(part * PART, (part + 1) * PART))
        for chat in waiting:
            try:
                await self._serve(chat)
            except PaperboyError as error:
                log.warning("chat %d was not served: %s", chat.id, error)
                await self._put_off(chat, SOON)
            except Exception:
                log.exception("chat %d was not served", chat.id)
                await self._put_off(chat, PUT_OFF)

    async def due(self) -> None:
        """Serve everybody whose hour has come, here and now."""
        for part in await self.waiting():
            await self.serve(part)

    async def _serve(self, known: Chat) -> None:
        # Looking at the listings and serving the others may have taken minutes in which the chat changed its mind.
        async with self._db.read() as conn:
            chat = await chats.get(conn, known.id)
        if chat is None or chat.paused or chat.next_at != known.next_at:
            return
        digest = await self._digests.make(chat.id, self._lay_out)
        if digest is not None:
            await self._next(chat, next_slot(chat.hour, chat.timezone, self._clock()), held_since=None)
            return
        hour = await self._digests.empty_hour(chat)
        if hour.say is not None:
            await self._digests.note(chat, hour.say, self._lay_out_note)
        held_since = (chat.held_since or chat.next_at) if hour.held else None
        await self._next(chat, hour.next_at, held_since=held_since)

    async def _next(self, chat: Chat, next_at: datetime, held_since: datetime | None) -> None:
        """Set the chat's next hour, unless somebody has set it meanwhile: another time, unsubscribed, forgotten."""
        async with self._db.begin() as conn:
            now = await chats.get(conn, chat.id)
            if now is not None and now.next_at == chat.next_at:
                await chats.update(conn, chat.id, next_at=next_at, held_since=held_since)

    async def _put_off(self, chat: Chat, wait: timedelta) -> None:
        """Try a chat again later, so that it keeps nobody else waiting."""
        try:
            await self._next(chat, self._clock() + wait, chat.held_since)
        except PaperboyError as error:
            log.warning("chat %d was not put off: %s", chat.id, error)

    async def ahead(self) -> None:
        """Read what the chats of the next hour will be shown, so that institutions and cards are there on time."""
        now = self._clock()
        async with self._db.read() as conn:
            soon = await chats.due(conn, now + AHEAD, AT_ONCE)
        for chat in soon:
            try:
                shown = await self._digests.preview(chat.id)
            except PaperboyError as error:
                log.info("chat %d was not read ahead: %s", chat.id, error)
                continue
            for paper in shown:
                try:
                    await self._reading.prepare(paper)
                except PaperboyError as error:
                    log.info("%s was not read ahead: %s", paper.id, error)
                    return
            await self._reading.prepare_cards(shown, chat.language, 0.0)
