"""The postman's round: whose hour has come gets a digest, or is told why there is none."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.digest import CARDS_AHEAD, Digests, DigestView, QuietView
from bot.errors import PaperboyError
from bot.model import Chat, Paper
from bot.parts import BLOCK, MOST, ids_of, parts_of
from bot.reading import Reading
from bot.schedule import LONGEST_DAY, next_slot
from storage import chats
from storage.database import Database

log = logging.getLogger(__name__)

AT_ONCE = 200
PULL_PATIENCE = 180.0
CATCH_UP_PATIENCE = 1200.0
"""Seconds that an hour waits for listings where days were missed, so that they come in one digest: a week of five
categories takes seven minutes at the pauses that arXiv asks for."""
AHEAD = timedelta(hours=1)
SOON = timedelta(minutes=1)
PUT_OFF = timedelta(minutes=10)

Bodies = Sequence[Mapping[str, object]]


class Rounds:
    """The use case of posting on time. `lay_out` turns a digest, and `lay_out_note` an empty hour, into messages;
    `has_missed` tells whether there are days of categories to catch up with."""

    def __init__(
        self,
        db: Database,
        digests: Digests,
        reading: Reading,
        clock: Callable[[], datetime],
        *,
        lay_out: Callable[[DigestView], Bodies],
        lay_out_note: Callable[[QuietView], Bodies],
        has_missed: Callable[[Sequence[str]], Awaitable[bool]] | None = None,
    ) -> None:
        self._db = db
        self._digests = digests
        self._reading = reading
        self._clock = clock
        self._lay_out = lay_out
        self._lay_out_note = lay_out_note
        self._has_missed = has_missed

    async def waiting(self) -> list[int]:
        """The parts of all chats in which somebody's hour has come, longest waiting first; their listings are looked at
        before. Parts can be served apart from each other, by several programs at once."""
        now = self._clock()
        await self._bring_back(now)
        async with self._db.read() as conn:
            parts = parts_of(await chats.blocks_due(conn, now, BLOCK))
            names = await chats.categories_due(conn, now) if parts else []
        if parts:
            missed = self._has_missed is not None and await self._has_missed(names)
            await self._digests.look(names, CATCH_UP_PATIENCE if missed else PULL_PATIENCE)
        return parts

    async def _bring_back(self, now: datetime) -> None:
        """Set the next hours anew of chats that would wait for longer than a day: the clock was set back since they were
        set."""
        async with self._db.read() as conn:
            far = await chats.due_after(conn, now + LONGEST_DAY, AT_ONCE)
        hours = [(chat, slot, None) for chat in far if (slot := self._next_hour(chat)) < (chat.next_at or now)]
        if hours:
            log.warning("the next hours of %d chats are set anew: the clock was set back", len(hours))
            async with self._db.begin() as conn:
                await chats.reschedule(conn, hours)

    async def serve(self, part: int) -> None:
        """Serve every chat of a part whose hour has come, all together in few steps; one chat's trouble does not touch
        the others."""
        async with self._db.read() as conn:
            waiting = await chats.due(conn, self._clock(), MOST, ids_of(part))
        for chat in await self._together(waiting):
            try:
                await self._serve(await self._still_waiting(chat))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is written down, and the next one is served
                await self._put_off(chat, error)

    async def due(self) -> None:
        """Serve everybody whose hour has come, here and now."""
        for part in await self.waiting():
            await self.serve(part)

    async def _together(self, waiting: Sequence[Chat]) -> Sequence[Chat]:
        """Serve chats together; → those that have to be served alone, which are all of them where something went wrong
        that may be one chat's trouble."""
        if len(waiting) < 2:
            return waiting
        try:
            return await self._serve(waiting)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may be one chat's alone
            log.info("%d chats are served one by one: %r", len(waiting), error)
            return waiting

    async def _still_waiting(self, chat: Chat) -> list[Chat]:
        """The chat as it is now; nobody where it changed its mind while others were served, which may take minutes."""
        async with self._db.read() as conn:
            now = await chats.get(conn, chat.id)
        return [now] if now is not None and not now.paused and now.next_at == chat.next_at else []

    async def _serve(self, waiting: Sequence[Chat]) -> list[Chat]:
        """Give each chat its digest, or say why there is none; → those that somebody else serves at this moment."""
        made = await self._digests.make_all([chat.id for chat in waiting], self._lay_out, self._next_hour)
        await self._say_why_not([chat for chat in waiting if chat.id in made and made[chat.id] is None])
        for chat in waiting:
            error = made.get(chat.id)
            if isinstance(error, Exception):
                await self._put_off(chat, error)
        return [chat for chat in waiting if chat.id not in made]

    def _next_hour(self, chat: Chat) -> datetime:
        return next_slot(chat.hour, chat.timezone, self._clock())

    async def _say_why_not(self, empty: Sequence[Chat]) -> None:
        """Tell chats why their hour brings no table, where there is something to say, and set their next hours. Where
        there is something for a table by now the hour stays as it is."""
        hours = await self._digests.empty_hours(empty) if empty else {}
        empty = [chat for chat in empty if chat.id in hours]
        if not empty:
            return
        said = [(chat, say) for chat in empty if (say := hours[chat.id].say) is not None]
        await self._digests.note(said, self._lay_out_note)
        async with self._db.begin() as conn:
            await chats.reschedule(
                conn,
                [
                    (chat, hours[chat.id].next_at, (chat.held_since or chat.next_at) if hours[chat.id].held else None)
                    for chat in empty
                ],
            )

    async def _put_off(self, chat: Chat, error: Exception) -> None:
        """Try a chat again later, so that it keeps nobody else waiting."""
        if isinstance(error, PaperboyError):
            log.warning("chat %d was not served: %s", chat.id, error)
        else:
            log.error("chat %d was not served", chat.id, exc_info=error)
        wait = SOON if isinstance(error, PaperboyError) else PUT_OFF
        try:
            async with self._db.begin() as conn:
                await chats.reschedule(conn, [(chat, self._clock() + wait, chat.held_since)])
        except PaperboyError as failure:
            log.warning("chat %d was not put off: %s", chat.id, failure)

    async def ahead(self) -> None:
        """Read what the chats of the next hour will be shown, so that institutions and cards are there on time."""
        now = self._clock()
        async with self._db.read() as conn:
            soon = await chats.due(conn, now + AHEAD, AT_ONCE)
        for start in range(0, len(soon), MOST):
            some = soon[start : start + MOST]
            try:
                shown = await self._digests.previews([chat.id for chat in some])
            except PaperboyError as error:
                log.info("%d chats were not read ahead: %s", len(some), error)
                continue
            for chat in some:
                if not await self._read_ahead(shown.get(chat.id, []), chat.language):
                    return

    async def _read_ahead(self, shown: Sequence[Paper], language: str) -> bool:
        """Read what one chat will be shown; → False where a source refuses."""
        for paper in shown:
            try:
                await self._reading.prepare(paper)
            except PaperboyError as error:
                log.info("%s was not read ahead: %s", paper.id, error)
                return False
        await self._reading.prepare_cards(shown[:CARDS_AHEAD], language, 0.0)
        return True
