"""A card that is still being written, streamed as a draft: a preview that its reader sees grow and that leaves no trace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self
from zlib import crc32

from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.chat.layouts import CLASSIC, RICH
from bot.chat.pacing import Lane
from bot.chat.tree import Buttons, Document
from bot.chat.visit import Visit
from bot.model import ChatKind
from bot.reading import CardView

log = logging.getLogger(__name__)

PAUSE = 1.5
"""Seconds between two states of a draft: each is one more message to Telegram's counts, and nobody reads faster."""

RICH_DRAFT, CLASSIC_DRAFT = "sendRichMessageDraft", "sendMessageDraft"


class Draft:
    """Shows states of a card in a private chat, the newest when the pause since the last is over; elsewhere, and where
    the server takes no drafts, it shows nothing. `shown` tells whether anything was.

    A draft never holds up a message: it goes in the broadcast's lane, and what is refused is not repeated.
    """

    def __init__(self, visit: Visit, picture: Callable[[CardView], Document], *, pause: float = PAUSE) -> None:
        self.shown = False
        self._visit = visit
        self._picture = picture
        self._pause = pause
        self._newest: CardView | None = None
        self._id = 1
        self._showing: asyncio.Task[None] | None = None
        self._open = visit.chat.kind is ChatKind.PRIVATE

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        if self._showing is not None:
            self._showing.cancel()
            await asyncio.gather(self._showing, return_exceptions=True)

    async def show(self, view: CardView) -> None:
        """This is the newest state."""
        self._newest = view
        # Telegram animates states of one draft; another card under the same table is another draft.
        self._id = crc32(f"{self._visit.message_id} {view.paper.versioned_id}".encode()) or 1
        if self._open and (self._showing is None or self._showing.done()):
            self._showing = asyncio.create_task(self._show_newest())

    async def _show_newest(self) -> None:
        while self._open and (view := self._newest) is not None:
            self._newest = None
            if not await self._send(view):
                self._open = False
                return
            self.shown = True
            await asyncio.sleep(self._pause)

    async def _send(self, view: CardView) -> bool:
        """Show one state; False where drafts are not taken."""
        document = self._picture(view)
        still = Document(tuple(block for block in document.blocks if not isinstance(block, Buttons)))
        desk = self._visit.desk
        rich = desk.lay_out(still, RICH, always=True)[:1] if self._visit.chat.layout == RICH else ()
        if rich and rich[0].rich is not None and await self._take(RICH_DRAFT, {"rich_message": rich[0].rich}):
            return True
        classic = desk.lay_out(still, CLASSIC)[0].classic[0].html
        return await self._take(CLASSIC_DRAFT, {"text": classic, "parse_mode": ParseMode.HTML})

    async def _take(self, method: str, content: dict[str, Any]) -> bool:
        visit, offers = self._visit, self._visit.desk.offers
        if not offers.has(method):
            return False
        where: dict[str, Any] = {
            "chat_id": visit.chat.telegram_id,
            "draft_id": self._id,
            "message_thread_id": visit.chat.thread_id or None,
        }
        lane = Lane.BROADCAST if visit.bot.rate_limiter is not None else None
        try:
            if method == CLASSIC_DRAFT:
                await visit.bot.send_message_draft(**where, **content, rate_limit_args=lane)
            else:
                call = {name: value for name, value in {**where, **content}.items() if value is not None}
                await visit.bot.do_api_request(method, call, rate_limit_args=lane)
        except TelegramError as error:
            offers.refused(method, error)
            return False
        return True
