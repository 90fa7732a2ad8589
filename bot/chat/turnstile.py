"""How many updates are handled at once, so that one busy chat does not take the others' places."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any
from weakref import WeakValueDictionary

from telegram import Update
from telegram.ext import BaseUpdateProcessor

OUTSIDE = 100_000
"""How many updates may stand before the turnstile; python-telegram-bot asks for a number."""


class Turnstile(BaseUpdateProcessor):
    """Handles up to `at_once` updates side by side, of which at most `of_one_chat` are one chat's.

    A chat that sends more waits outside, in order, and takes no place while it waits. Updates of one chat begin in the
    order in which they came.
    """

    __slots__ = ("_chats", "_of_one_chat", "_places")

    def __init__(self, at_once: int = 128, of_one_chat: int = 8) -> None:
        super().__init__(OUTSIDE)
        self._places = asyncio.Semaphore(at_once)
        self._of_one_chat = of_one_chat
        self._chats: WeakValueDictionary[int, asyncio.Semaphore] = WeakValueDictionary()

    async def do_process_update(self, update: object, coroutine: Awaitable[Any]) -> None:
        """Waits for a place of the chat, then for one of all."""
        chat = update.effective_chat if isinstance(update, Update) else None
        own = self._chats.setdefault(chat.id if chat is not None else 0, asyncio.Semaphore(self._of_one_chat))
        async with own, self._places:
            await coroutine

    async def initialize(self) -> None:
        """Nothing to open."""

    async def shutdown(self) -> None:
        """Nothing to close."""
