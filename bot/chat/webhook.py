"""How updates are received: Telegram brings them to an address of ours, behind whatever balances between several of us."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Bot, Update
from telegram.ext import Application

from bot.chat.callbacks import HIGHEST
from bot.chat.line import ALLOWED_UPDATES, Line, Timings
from bot.errors import BadSetting

log = logging.getLogger(__name__)

MOST_BYTES = 1024 * 1024
"""The longest update that is read; Telegram's are far shorter."""

MOST_WAITING = 1000
"""With so many updates waiting a further one is refused, and Telegram brings it again later."""

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of the header, not what is in it


@dataclass(frozen=True, slots=True)
class Hook:
    """`url` is where Telegram brings updates, `host` and `port` where we listen for what comes to that address' path;
    `secret` is what shows that it is Telegram who comes."""

    url: str
    secret: str
    host: str
    port: int


def secret_of(token: str) -> str:
    """A secret that every program with this token knows and nobody else."""
    return hmac.new(token.encode(), b"paperboy webhook", hashlib.sha256).hexdigest()


async def run_webhook(
    application: Application[Any, Any, Any, Any, Any, Any],
    stop: asyncio.Event,
    hook: Hook,
    *,
    is_new: Callable[[int], Awaitable[bool]],
    on_started: Callable[[], Awaitable[object]] | None = None,
    on_stopping: Callable[[], Awaitable[object]] | None = None,
    timings: Timings | None = None,
) -> None:
    """Connects to Telegram, tells it the address, and hands what comes there to `application` until `stop` is set. The
    address stays told, since others may listen there; until somebody does, Telegram keeps the updates. An update whose
    answer did not reach Telegram is brought again, here or to another one; `is_new` says of its number whether it is one.

    Raises:
        BadToken: Telegram does not know the token.
        BadSetting: the address cannot be listened on.
    """
    line = _Hooked(application, stop, timings or Timings())
    await line.run(lambda: line.serve(hook, is_new), None, on_started, on_stopping)


class _Hooked(Line):
    """A line on which updates are brought."""

    async def serve(self, hook: Hook, is_new: Callable[[int], Awaitable[bool]]) -> None:
        """Listen, tell Telegram where, and wait until we are stopped."""
        async with _listening(hook, self.application, is_new):
            log.info("updates are received on %s:%d", hook.host, hook.port)
            if await self.connect(lambda: self._tell(hook)):
                await self.stop.wait()

    async def _tell(self, hook: Hook) -> None:
        await self.bot.set_webhook(hook.url, allowed_updates=ALLOWED_UPDATES, secret_token=hook.secret)


@asynccontextmanager
async def _listening(
    hook: Hook, application: Application[Any, Any, Any, Any, Any, Any], is_new: Callable[[int], Awaitable[bool]]
) -> AsyncIterator[None]:
    async def receive(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "").encode(errors="replace")
        if not hmac.compare_digest(given, hook.secret.encode()):
            log.warning("somebody without the secret came to the webhook")
            return web.Response(status=403)
        if application.update_queue.qsize() >= MOST_WAITING:
            return web.Response(status=503, headers={"Retry-After": "1"})
        try:
            update = _update(await request.read(), application.bot)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            # Telegram would bring it again for ever.
            log.warning("an update could not be read: %s", type(error).__name__)
            return web.Response()
        if await is_new(update.update_id):
            await application.update_queue.put(update)
        return web.Response()

    site = web.Application(client_max_size=MOST_BYTES)
    site.router.add_post(urlsplit(hook.url).path or "/", receive)
    runner = web.AppRunner(site, access_log=None, handle_signals=False, shutdown_timeout=2.0)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, hook.host, hook.port, reuse_port=None).start()
        except OSError as error:
            raise BadSetting(
                "WEBHOOK_PORT", f"{hook.host}:{hook.port} cannot be listened on ({error.strerror or error})"
            ) from None
        yield
    finally:
        await runner.cleanup()


def _update(body: bytes, bot: Bot) -> Update:
    """The update in what was brought.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: there is none in it.
    """
    update = Update.de_json(json.loads(body), bot)
    if not 0 <= update.update_id <= HIGHEST:
        raise ValueError("no number that an update has")
    return update
