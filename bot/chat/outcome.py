"""What an error of Telegram's means for a message that was to be sent: a decision by type and text, nothing is done here.

Texts are compared without regard to case, because python-telegram-bot writes them with a capital of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TimedOut,
)

from bot.chat.transport import AnswerLost, NotSent, ServerTrouble

MOST_REASON = 200
"""How much of Telegram's own words is kept as a reason."""


class Gone(StrEnum):
    """Why a chat cannot be reached until somebody there does something."""

    BLOCKED = "blocked"
    KICKED = "kicked"
    DEACTIVATED = "deactivated"
    NOT_FOUND = "not-found"
    DELETED = "deleted"
    NO_RIGHTS = "no-rights"


@dataclass(frozen=True, slots=True)
class Retry:
    """It was not sent and can be tried again: after `wait` seconds, or when the sender thinks fit.

    `everywhere` says that the trouble is not this chat's: the network, Telegram's servers, the token.
    """

    reason: str
    wait: float | None = None
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class ChatGone:
    """This chat cannot be written to."""

    reason: Gone


@dataclass(frozen=True, slots=True)
class Migrated:
    """The group became a supergroup and has this id now."""

    telegram_id: int


@dataclass(frozen=True, slots=True)
class ThreadClosed:
    """The forum topic is closed or gone; the chat itself is there."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram will never take this message."""

    reason: str


@dataclass(frozen=True, slots=True)
class InDoubt:
    """It may have been sent. `broken` tells a connection that broke from an answer that took too long or was damaged."""

    reason: str
    broken: bool


Outcome = Retry | ChatGone | Migrated | ThreadClosed | Refused | InDoubt

# What Telegram's server says, and what the network behind it says in capitals; the first that occurs decides.
_GONE: Mapping[str, Gone] = {
    "bot was blocked by the user": Gone.BLOCKED,
    "user_is_blocked": Gone.BLOCKED,
    "bot can't initiate conversation": Gone.BLOCKED,
    "user is deactivated": Gone.DEACTIVATED,
    "input_user_deactivated": Gone.DEACTIVATED,
    "user_deactivated": Gone.DEACTIVATED,
    "bot was kicked from": Gone.KICKED,
    "bot is not a member of": Gone.KICKED,
    "user_banned_in_channel": Gone.KICKED,
    "channel_private": Gone.KICKED,
    "group chat was deleted": Gone.DELETED,
    "group chat was deactivated": Gone.DELETED,
    "chat_forbidden": Gone.KICKED,
    "chat not found": Gone.NOT_FOUND,
    "user not found": Gone.NOT_FOUND,
    "peer_id_invalid": Gone.NOT_FOUND,
    "chat_id_invalid": Gone.NOT_FOUND,
    "channel_invalid": Gone.NOT_FOUND,
    "not enough rights": Gone.NO_RIGHTS,
    "have no rights": Gone.NO_RIGHTS,
    "need administrator rights": Gone.NO_RIGHTS,
    "chat_write_forbidden": Gone.NO_RIGHTS,
    "chat_send_plain_forbidden": Gone.NO_RIGHTS,
    "chat_restricted": Gone.NO_RIGHTS,
    "chat_admin_required": Gone.NO_RIGHTS,
}
_THREAD = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid", "topic closed")
_UPGRADED = "upgraded to a supergroup"


def judge(error: Exception) -> Outcome:  # noqa: PLR0911 - one return per outcome reads best
    """What `error`, raised by a send, means for the message."""
    reason = shortened(error)
    match error:
        case RetryAfter():
            wait = error.retry_after
            return Retry(reason, wait.total_seconds() if isinstance(wait, timedelta) else float(wait))
        case ChatMigrated():
            return Migrated(error.new_chat_id)
        case NotSent() | ServerTrouble() | InvalidToken() | EndPointNotFound() | Conflict():
            # A revoked token answers like an unknown method; the polling finds out and ends the program.
            return Retry(reason, everywhere=True)
        case Forbidden() | BadRequest():
            return _refusal(error, reason)
        case TimedOut() | AnswerLost():
            return InDoubt(reason, broken=False)
        case NetworkError():
            return InDoubt(reason, broken=True)
    return Refused(reason)


def _refusal(error: Forbidden | BadRequest, reason: str) -> Outcome:
    text = error.message.casefold()
    if _UPGRADED in text:
        return Retry(reason)  # without the new id; the group's own message about it brings that
    if any(words in text for words in _THREAD):
        return ThreadClosed(reason)
    for words, gone in _GONE.items():
        if words in text:
            return ChatGone(gone)
    return ChatGone(Gone.KICKED) if isinstance(error, Forbidden) else Refused(reason)


def shortened(error: Exception) -> str:
    """The error in few words on one line, for the ledger."""
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= MOST_REASON else f"{words[: MOST_REASON - 1]}…"
