"""Methods that bring updates to the bot: getUpdates and the webhook's settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from bot.playground.arguments import Arguments
from bot.playground.errors import bad_request, conflict
from bot.playground.limits import POLL_SECONDS
from bot.playground.state import Json, State


class Said(NamedTuple):
    """A result with the sentence that comes beside it."""

    result: object
    description: str


@dataclass(slots=True)
class Webhook:
    """Where updates are to be posted; `url` is "" while there is none."""

    url: str = ""
    secret_token: str = ""
    max_connections: int = 40
    last_error: str = ""
    last_error_date: int = 0


def _allowed(arguments: Arguments) -> list[str] | None:
    listed = arguments.parsed("allowed_updates", "allowed_updates")
    return [str(kind) for kind in listed] if isinstance(listed, list) else None


async def get_updates(state: State, webhook: Webhook, arguments: Arguments) -> list[Json]:
    """What happened, or will within the timeout (getUpdates)."""
    if webhook.url:
        raise conflict(
            "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
        )
    state.updates.allow(_allowed(arguments))
    return await state.updates.poll(
        arguments.integer("offset"),
        arguments.integer("limit", 100, 1, 100),
        arguments.integer("timeout", 0, 0, POLL_SECONDS),
    )


def set_webhook(state: State, webhook: Webhook, arguments: Arguments) -> Said:
    """Sets a webhook: any loopback address, http too; the playground posts nowhere else (setWebhook)."""
    url, secret = arguments.text("url"), arguments.text("secret_token")
    if not url:
        return delete_webhook(state, webhook, arguments)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise bad_request("bad webhook: the playground posts to loopback addresses only")
    if len(secret) > 256:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    state.updates.allow(_allowed(arguments))
    if arguments.boolean("drop_pending_updates"):
        state.updates.drop()
    state.updates.interrupt(conflict("terminated by setWebhook request"))
    same = (webhook.url, webhook.secret_token) == (url, secret)
    webhook.url, webhook.secret_token, webhook.last_error = url, secret, ""
    webhook.max_connections = arguments.integer("max_connections", 40, 1, 100)
    state.updates.arrived.set()
    return Said(result=True, description="Webhook is already set" if same else "Webhook was set")


def delete_webhook(state: State, webhook: Webhook, arguments: Arguments) -> Said:
    """Ends the webhook (deleteWebhook)."""
    if arguments.boolean("drop_pending_updates"):
        state.updates.drop()
    was_set = bool(webhook.url)
    webhook.url = webhook.secret_token = webhook.last_error = ""
    return Said(result=True, description="Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(state: State, webhook: Webhook, _arguments: Arguments) -> Json:
    """Where updates go, and how many wait (getWebhookInfo)."""
    info: Json = {
        "url": webhook.url,
        "has_custom_certificate": False,
        "pending_update_count": state.updates.pending,
    }
    if webhook.url:
        info["max_connections"] = webhook.max_connections
    if webhook.last_error:
        info |= {"last_error_date": webhook.last_error_date, "last_error_message": webhook.last_error}
    if state.updates.allowed is not None:
        info["allowed_updates"] = sorted(state.updates.allowed)
    return info
