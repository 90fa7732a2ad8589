"""Settings from the environment and `.env`; `.env.example` explains each one, a test holds the two together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from bot.errors import BadSetting, PaperboyError

LANGUAGES = ("en", "zh")
LAYOUTS = ("classic", "rich")
LOG_FORMATS = ("text", "json")
MOST_ROWS = 20
MOST_PAID = 1000


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting by its name in lower case, parsed and checked. Secrets are kept out of `repr`."""

    telegram_bot_token: str = ""
    telegram_api_url: str = "https://api.telegram.org"
    database_url: str = "sqlite+aiosqlite:///paperboy.db"
    arxiv_url: str = "https://arxiv.org"
    arxiv_api_url: str = "https://export.arxiv.org/api/query"
    arxiv_delay: float = 15.0
    arxiv_api_delay: float = 3.0
    hf_url: str = "https://huggingface.co"
    llm_model: str = ""
    llm_base_url: str = ""
    llm_api_key: str = ""
    llm_daily_tokens: int = 2_000_000
    llm_context: int = 0
    llm_timeout: float = 90.0
    embedding_model: str = ""
    embedding_base_url: str = ""
    embedding_api_key: str = ""
    default_categories: tuple[str, ...] = ("cs.LG", "cs.CL", "cs.AI")
    default_language: str = "en"
    default_time: time = time(8, 0)
    default_timezone: str = "UTC"
    default_layout: str = "classic"
    digest_size: int = 5
    admin_ids: frozenset[int] = frozenset()
    allowed_chats: frozenset[int] = frozenset()
    contact: str = ""
    webhook_url: str = ""
    webhook_secret: str = ""
    webhook_host: str = "127.0.0.1"
    webhook_port: int = 8443
    paid_broadcast: int = 0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    log_format: str = "text"

    def __repr__(self) -> str:
        """The settings without their secrets."""
        shown = (
            f"{f.name}={'…' if _is_secret(f.name) and getattr(self, f.name) else getattr(self, f.name)!r}"
            for f in fields(self)
        )
        return f"Settings({', '.join(shown)})"

    def secrets(self) -> tuple[str, ...]:
        """The values that must never be written anywhere, for whoever filters logs."""
        values = [getattr(self, f.name) for f in fields(self) if _is_secret(f.name)]
        password = urlsplit(self.database_url).password or ""
        return tuple(dict.fromkeys(str(value) for value in (*values, password, unquote(password)) if value))


def _is_secret(name: str) -> bool:
    return name.endswith(("_token", "_key", "_secret")) or name == "database_url"


def read(environ: Mapping[str, str], dotenv: Path | None = None) -> Settings:
    """The settings of `environ`, which wins over the file `dotenv` where that exists.

    Raises:
        BadSetting: a value cannot be used; the message names the setting and what it may be.
        PaperboyError: the file cannot be read.
    """
    values: dict[str, str] = {}
    if dotenv is not None and dotenv.is_file():
        try:
            values.update({name: value for name, value in dotenv_values(dotenv).items() if value is not None})
        except (OSError, UnicodeDecodeError):
            raise PaperboyError(f"{dotenv} cannot be read; it must be text in UTF-8 that you may read.") from None
    values.update(environ)
    given = {name: value.strip() for name, value in values.items() if value.strip()}
    parsed: dict[str, Any] = {
        f.name: _parse(f.name, given[f.name.upper()]) for f in fields(Settings) if f.name.upper() in given
    }
    return Settings(**parsed)


def _parse(name: str, text: str) -> object:
    setting = name.upper()
    if name in _READERS:
        return _READERS[name](setting, text)
    return _url(setting, text) if name.endswith("_url") else text


def _url(setting: str, text: str) -> str:
    try:
        parts = urlsplit(text)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise BadSetting(setting, f"“{text}” is not an http or https address")
    return text.rstrip("/")


def _https(setting: str, text: str) -> str:
    if urlsplit(text).scheme != "https":
        raise BadSetting(setting, f"“{text}” is not an https address; Telegram comes to no other")
    return _url(setting, text)


def _secret(setting: str, text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", text):
        raise BadSetting(setting, "it may have up to 256 letters, digits, _ and -")
    return text


def _database_url(setting: str, text: str) -> str:
    if not text.startswith(("sqlite+aiosqlite://", "postgresql+asyncpg://")):
        raise BadSetting(setting, "it must begin with sqlite+aiosqlite:// or postgresql+asyncpg://")
    try:
        urlsplit(text)
    except ValueError:
        raise BadSetting(setting, "it is no address; write [ and ] in a password as %5B and %5D") from None
    return text


def _number(setting: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise BadSetting(setting, f"“{text}” is not a number of seconds")
    return value


def _positive(setting: str, text: str) -> float:
    value = _number(setting, text)
    if value <= 0:
        raise BadSetting(setting, f"“{text}” is not a number of seconds above 0")
    return value


def _whole(setting: str, text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"\d{1,13}", text) or not least <= int(text) <= most:
        raise BadSetting(setting, f"“{text}” is not a whole number from {least} to {most}")
    return int(text)


def _categories(setting: str, text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", text) if part))
    if not names:
        raise BadSetting(setting, "no category is named")
    return names


def _time(setting: str, text: str) -> time:
    match = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if match is None:
        raise BadSetting(setting, f"“{text}” is not a time of day like 08:00")
    return time(int(match[1]), int(match[2]))


def _timezone(setting: str, text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(setting, f"“{text}” is not a time zone like Europe/Berlin") from None
    return text


def _one_of(setting: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        raise BadSetting(setting, f"“{text}” is none of {', '.join(choices)}")
    return text


def _ids(setting: str, text: str) -> frozenset[int]:
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if not all(re.fullmatch(r"-?\d{1,18}", part) for part in parts):
        raise BadSetting(setting, f"“{text}” is not a list of numbers")
    return frozenset(int(part) for part in parts)


_READERS: Mapping[str, Callable[[str, str], object]] = {
    "database_url": _database_url,
    "arxiv_delay": _number,
    "arxiv_api_delay": _number,
    "llm_daily_tokens": partial(_whole, least=0, most=10**12),
    "llm_context": partial(_whole, least=4000, most=10**8),
    "llm_timeout": _positive,
    "default_categories": _categories,
    "default_language": partial(_one_of, choices=LANGUAGES),
    "default_time": _time,
    "default_timezone": _timezone,
    "default_layout": partial(_one_of, choices=LAYOUTS),
    "digest_size": partial(_whole, least=1, most=MOST_ROWS),
    "admin_ids": _ids,
    "allowed_chats": _ids,
    "paid_broadcast": partial(_whole, least=0, most=MOST_PAID),
    "webhook_url": _https,
    "webhook_secret": _secret,
    "webhook_port": partial(_whole, least=1, most=65535),
    "metrics_port": partial(_whole, least=0, most=65535),
    "log_format": partial(_one_of, choices=LOG_FORMATS),
}
"""Setting → what reads and checks it; other addresses are http addresses, and what is left is any text."""
