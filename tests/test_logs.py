from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from bot import logs

TOKEN = "123456:sesame"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What was logged; the loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    written = io.StringIO()
    logs.configure(logging.INFO, (TOKEN, TOKEN[:6], "pass word"), written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)


def test_secrets_in_messages_and_arguments_are_masked(stream: io.StringIO) -> None:
    """Neither a secret in the text nor one in an argument reaches the log."""
    logging.getLogger("bot.chat").info("POST %s with %s", f"https://api.example/bot{TOKEN}/getMe", "pass word")
    assert "POST https://api.example/bot…/getMe with …" in stream.getvalue()
    assert "sesame" not in stream.getvalue()


def test_secrets_in_tracebacks_are_masked(stream: io.StringIO) -> None:
    """An exception that carries a secret is logged without it."""
    try:
        int(f"bot{TOKEN}")
    except ValueError:
        logging.getLogger("bot.chat").exception("it failed")
    assert "ValueError: invalid literal for int() with base 10: 'bot…'" in stream.getvalue()
    assert "sesame" not in stream.getvalue()


def test_the_longest_secret_goes_first() -> None:
    """A secret that begins another one does not leave the other's end behind."""
    assert logs.masked(f"{TOKEN} and {TOKEN[:6]}", (TOKEN[:6], TOKEN)) == "… and …"


def test_less_than_the_level_is_not_told(stream: io.StringIO) -> None:
    """At INFO the talkative libraries are heard from WARNING up, our own modules from INFO up."""
    logging.getLogger("apscheduler.executors.default").info("job ran")
    logging.getLogger("bot.work").debug("detail")
    logging.getLogger("bot.work").info("a digest was posted")
    assert "a digest was posted" in stream.getvalue()
    assert "job ran" not in stream.getvalue()
    assert "detail" not in stream.getvalue()
