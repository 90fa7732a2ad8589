"""Posting updates to the bot's webhook, one after the other, until it takes them."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp

from bot.playground.polling import Webhook
from bot.playground.state import State
from bot.playground.wire import seconds

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_RETRY_SECONDS = 1.0


class Courier:
    """Delivers while a webhook is set; an update counts as taken when it is answered with 2xx."""

    def __init__(self, state: State, webhook: Webhook) -> None:
        self._state = state
        self._webhook = webhook
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to watch for updates."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Ends; what was not taken stays pending."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        updates = self._state.updates
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            while True:
                await updates.arrived.wait()
                updates.arrived.clear()
                while self._webhook.url and (ready := updates.ready(1)):
                    if await self._post(session, ready[0].wire()):
                        updates.confirm(ready[0].id + 1)
                    else:
                        await asyncio.sleep(_RETRY_SECONDS)

    async def _post(self, session: aiohttp.ClientSession, update: dict[str, object]) -> bool:
        webhook = self._webhook
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret_token} if webhook.secret_token else {}
        try:
            async with session.post(webhook.url, json=update, headers=headers, allow_redirects=False) as response:
                if 200 <= response.status < 300:
                    return True
                webhook.last_error = f"Wrong response from the webhook: {response.status} {response.reason}"
        except (aiohttp.ClientError, TimeoutError) as error:
            webhook.last_error = "Connection timed out" if isinstance(error, TimeoutError) else "Connection refused"
        webhook.last_error_date = seconds(self._state.clock())
        return False
