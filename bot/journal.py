"""What the program writes about itself: one line for each event, on stderr, with every secret masked.

A line tells when (UTC), how bad, which room, and what: `2026-02-18 08:00:04Z warning pull.client: …`. An exception is
told in the same line, with the places that it came through; at DEBUG its whole traceback follows. For machines the same
stands in JSON, with the event's constant words beside the message. Masking is the last step before the line is written,
so it covers messages, arguments, exceptions and whatever libraries say.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from traceback import FrameSummary, extract_tb
from types import TracebackType
from typing import TextIO
from urllib.parse import quote, quote_plus

MASK = "…"

LEAST = 4
"""A secret shorter than this is masked only where it stands as a password in an address: words would fall to it."""

MOST = 4000
"""How many characters of a line are written."""

PLACES = 4
"""How many of the places that an exception came through are named."""

LOUD = ("aiohttp", "aiosqlite", "alembic", "apscheduler", "arxiv", "asyncio", "httpcore", "httpx", "httpx2", "procrastinate", "psycopg", "sqlalchemy", "telegram")  # fmt: skip
"""Libraries that tell every step; of them only warnings are heard."""

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""What a terminal takes for an order, or a reader of lines for the end of one."""

_PASSWORD = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+(?=@)")
_TOKEN = re.compile(r"(?<=/bot)\d+(?::|%3A)[\w-]+", re.ASCII | re.IGNORECASE)


def mask(secrets: Iterable[str]) -> Callable[[str], str]:
    """A function that makes a text safe: each secret, as it is and in the ways in which it appears in addresses, in
    JSON and in Python's own notation, is replaced; so are passwords and bot tokens in any address."""
    forms = {form for secret in secrets for form in _forms(secret) if len(form) >= LEAST}
    # The longest first, so that no end of one stays behind where another one begins it.
    known = re.compile("|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True)) or r"(?!)")

    def masked(text: str) -> str:
        text = known.sub(MASK, text)
        text = _PASSWORD.sub(rf"\1:{MASK}", text)
        return _TOKEN.sub(MASK, text)

    return masked


def masked(text: str, secrets: Iterable[str]) -> str:
    """This text made safe, for whoever has only one."""
    return mask(secrets)(text)


def _forms(secret: str) -> set[str]:
    bare = {secret}
    number, colon, rest = secret.partition(":")
    if colon and number.isdigit() and len(rest) >= 2 * LEAST:
        bare.add(rest)  # of a bot's token this half alone is the secret
    return {
        form
        for one in bare
        for form in (one, quote(one), quote(one, safe=""), quote_plus(one), json.dumps(one)[1:-1], repr(one)[1:-1])
    }


def configure(level: int, secrets: Iterable[str], stream: TextIO | None = None, *, as_json: bool = False) -> None:
    """Sends what all loggers say from `level` up to `stream` (stderr as it is at each line, by default), and with it
    warnings and exceptions that nobody caught; replaces what was configured before. `as_json`: one object a line."""
    handler = _Handler(stream)
    line = _JsonLine if as_json else _Line
    handler.setFormatter(line(mask(secrets), whole=level <= logging.DEBUG))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in LOUD:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread


class _Line(logging.Formatter):
    """One record as one line; `whole` lets the traceback follow it."""

    def __init__(self, safe: Callable[[str], str], *, whole: bool) -> None:
        super().__init__()
        self._safe = safe
        self._whole = whole

    def format(self, record: logging.LogRecord) -> str:
        """The line, with everything masked that must be."""
        moment = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(record.created))
        name = record.name.removeprefix("bot.")
        text = _said(record)
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            text = f"{text}: {told(error)}" if text else told(error)
        line = _one_line(self._safe(f"{moment} {record.levelname.lower()} {name}: {text}"))
        if self._whole and record.exc_info and error is not None:
            line += "\n" + self._safe(self.formatException(record.exc_info))
        return line


class _JsonLine(_Line):
    """One record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """The object, with everything masked that must be. `event` is the same for every record of its kind."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        told_of = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "room": record.name.removeprefix("bot."),
            "event": str(record.msg),
            "message": _said(record),
        }
        if error is not None:
            told_of["error"] = told(error)
            if self._whole and record.exc_info:
                told_of["traceback"] = self.formatException(record.exc_info)
        shown = {key: _cut(self._safe(value)) for key, value in told_of.items()}
        line = json.dumps(shown, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
        return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line)


class _Handler(logging.Handler):
    """Writes lines; one that cannot be made is told without what was to be in it."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. A closed or full stream is nobody's fault here and stops nothing."""
        stream = self._stream or sys.stderr
        try:
            stream.write(self.format(record) + "\n")
            stream.flush()
        except (OSError, ValueError):
            return


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:  # noqa: BLE001 - arguments that do not fit must not stop the program, nor be shown raw
        return f"{record.msg} ({type(error).__name__} in its arguments at {Path(record.pathname).name}:{record.lineno})"


def told(error: BaseException) -> str:
    """An exception in one line: its kind, what it says, where it came through, and what caused it."""
    parts: list[str] = []
    current: BaseException | None = error
    while current is not None and len(parts) < PLACES:
        what = f"{type(current).__name__}: {current}" if str(current) else type(current).__name__
        places = [_place(frame) for frame in extract_tb(current.__traceback__)[-PLACES:]]
        parts.append(f"{what} [{' > '.join(places)}]" if places else what)
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "; after ".join(parts)


def _place(frame: FrameSummary) -> str:
    file = Path(frame.filename)
    return f"{file.parent.name}/{file.name}:{frame.lineno}"


def _one_line(text: str) -> str:
    return _cut(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", " ⏎ ".join(part.strip() for part in text.splitlines())))


def _cut(text: str) -> str:
    return text if len(text) <= MOST else f"{text[: MOST - 1]}…"


def _uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    logging.getLogger("bot").critical("the program ends", exc_info=(kind, error, traceback))


def _uncaught_in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None:
        name = found.thread.name if found.thread is not None else "a thread"
        logging.getLogger("bot").critical(
            "%s ends", name, exc_info=(found.exc_type, found.exc_value, found.exc_traceback)
        )
