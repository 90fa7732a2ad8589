"""What the program writes about itself to stderr, with every secret masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import TextIO

MASK = "…"


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with each of `secrets` replaced; the longest first, so that no end of one stays behind."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


class MaskingFormatter(logging.Formatter):
    """Formats as usual and masks at the very end: messages, arguments and tracebacks alike."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%Y-%m-%d %H:%M:%S")
        self._secrets = tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """The line, or lines, of one record."""
        return masked(super().format(record), self._secrets)


def configure(level: int, secrets: Iterable[str], stream: TextIO | None = None) -> None:
    """Sends the records of all loggers from `level` up to `stream` (stderr by default); replaces what was configured before."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(MaskingFormatter(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # These tell every job and every request; at INFO that would bury what the bot itself has to say.
    for talkative in ("aiosqlite", "alembic", "apscheduler", "asyncio", "httpx", "httpx2", "telegram"):
        logging.getLogger(talkative).setLevel(max(level, logging.WARNING))
