from __future__ import annotations

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import journal

TOKEN = "7000000001:AAH-kq_3fYlZ0secretsecretsecret"
KEY = "sk-live/4+ä&%:z"
PASSWORD = "p@ss:w\\rd"
SECRETS = (TOKEN, KEY, PASSWORD)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """What is written; the loggers are as before afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in journal.LOUD}
    root.handlers.clear()
    written = io.StringIO()
    journal.configure(logging.INFO, SECRETS, written)
    yield written
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def _lines(stream: io.StringIO) -> list[str]:
    return stream.getvalue().splitlines()


def _forms() -> list[str]:
    """Every way in which one of the secrets could be read off a line."""
    written = [*SECRETS, TOKEN.split(":")[1]]
    ways = (str, quote, quote_plus, repr, json.dumps, lambda one: quote(one, safe=""))
    return [way(one).strip("'\"") for one in written for way in ways]


def _clean(text: str) -> bool:
    return not any(form in text for form in _forms())


def test_an_event_is_one_line_with_time_level_and_room(stream: io.StringIO) -> None:
    """The line says when in UTC, how bad, where and what."""
    logging.getLogger("bot.pull.client").warning("cs.LG is %s", "late")
    (line,) = _lines(stream)
    moment, rest = line[:20], line[20:]
    assert moment[4] == moment[7] == "-"
    assert moment.endswith("Z")
    assert rest == " warning pull.client: cs.LG is late"


@pytest.mark.parametrize("form", _forms())
def test_no_form_of_a_secret_is_written(stream: io.StringIO, form: str) -> None:
    """As it is, in an address, in JSON or as Python shows it: a secret is masked in message, argument and exception."""
    log = logging.getLogger("bot.chat")
    log.info("before " + form + " after")  # noqa: G003 - a message may be put together
    log.info("with %s and %r", form, {"key": form})
    try:
        raise ValueError(form) from KeyError(form)  # noqa: TRY301 - to be caught here
    except ValueError:
        log.exception("failed at https://api.telegram.org/bot%s/getMe", form)
    assert len(_lines(stream)) == 3
    assert _clean(stream.getvalue())


def test_tokens_and_passwords_in_addresses_are_masked_even_if_they_are_not_ours(stream: io.StringIO) -> None:
    """What looks like a bot's token or a password in an address is never written, known or not."""
    log = logging.getLogger("bot")
    log.info("POST https://api.telegram.org/bot123:Foreign-Token_x/getMe")
    log.info("POST https://api.telegram.org/file/bot123%3AForeign-Token_x/a.pdf")
    log.info("postgresql+asyncpg://paperboy:x@localhost/db and http://me:pw@proxy:3128")
    text = stream.getvalue()
    assert "Foreign" not in text
    assert ":x@" not in text
    assert ":pw@" not in text
    assert "postgresql+asyncpg://paperboy:…@localhost/db" in text


def test_the_longest_secret_goes_first() -> None:
    """A secret that begins another one does not leave the other's end behind."""
    assert journal.masked("sesame-open and sesame", ("sesame", "sesame-open")) == "… and …"


def test_a_very_short_secret_does_not_eat_the_words() -> None:
    """A password of two letters is masked as a password, not wherever two letters meet."""
    masked = journal.mask(("in",))
    assert masked("listing in postgresql://me:in@host/db") == "listing in postgresql://me:…@host/db"


def test_without_secrets_a_text_stays() -> None:
    """Nothing is masked where there is nothing to hide."""
    assert journal.masked("cs.LG 2026-02-18: 412 papers", ()) == "cs.LG 2026-02-18: 412 papers"


@given(st.text(min_size=journal.LEAST, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_any_secret_is_masked_anywhere(secret: str, before: str, after: str) -> None:
    """Whatever a secret consists of, a text around it is told without it."""
    shown = journal.masked(before + secret + after, (secret,))
    assert secret not in shown or secret in before + journal.MASK + after


def test_an_exception_is_told_in_the_line(stream: io.StringIO) -> None:
    """Kind, words, places and cause, without a line break."""

    def inner() -> None:
        raise KeyError("x")

    try:
        try:
            inner()
        except KeyError as error:
            raise ValueError("first\nsecond") from error
    except ValueError:
        logging.getLogger("bot.work").exception("job mail failed")
    (line,) = _lines(stream)
    assert "error work: job mail failed: ValueError: first ⏎ second [tests/test_journal.py:" in line
    assert "; after KeyError: 'x' [tests/test_journal.py:" in line


def test_what_was_hidden_on_purpose_stays_hidden(stream: io.StringIO) -> None:
    """`raise … from None` keeps the original out of the line."""
    try:
        try:
            raise KeyError("original")  # noqa: TRY301 - likewise
        except KeyError:
            raise ValueError("told") from None
    except ValueError:
        logging.getLogger("bot").exception("failed")
    assert "original" not in stream.getvalue()


def test_an_endless_or_broken_message_is_one_line_of_bearable_length(stream: io.StringIO) -> None:
    """What comes from outside can neither flood the journal nor forge a line of it."""
    log = logging.getLogger("bot")
    log.info("x" * 100_000)
    log.info("a\n2026-02-18 08:00:00Z info bot: forged\r\nb\u2028c")
    lines = _lines(stream)
    assert len(lines) == 2
    assert len(lines[0]) == journal.MOST


def test_arguments_that_do_not_fit_are_no_reason_to_show_them() -> None:
    """A mistake in a log call is told with its place; Python's own report of it would show the arguments raw."""
    written = _run(f"logging.getLogger('bot').info('%d papers', {TOKEN!r})")
    assert "info bot: %d papers (TypeError in its arguments at <string>:3)" in written
    assert "Logging error" not in written
    assert _clean(written)


def test_a_closed_stream_stops_nothing(stream: io.StringIO) -> None:
    """Nobody to write to is no error of whoever writes."""
    stream.close()
    logging.getLogger("bot").info("to nobody")


def test_libraries_are_heard_from_warning_up(stream: io.StringIO) -> None:
    """What libraries tell of every step is not written, their warnings are."""
    for name in ("httpx", "apscheduler.scheduler", "telegram.ext.Application", "aiohttp.access", "alembic.runtime"):
        logging.getLogger(name).info("a step")
        logging.getLogger(name).warning("a worry")
    assert "a step" not in stream.getvalue()
    assert len(_lines(stream)) == 5


def test_warnings_and_what_nobody_caught_come_as_lines(stream: io.StringIO) -> None:
    """Python's warnings, and exceptions that end the program or a thread, are masked lines too."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn(f"beware of {TOKEN}", UserWarning, stacklevel=1)
    error = RuntimeError(f"at https://x/bot{TOKEN}/y")
    sys.excepthook(RuntimeError, error, None)

    def fail() -> None:
        raise error

    thread = threading.Thread(target=fail, name="pdf")
    thread.start()
    thread.join()
    text = stream.getvalue()
    assert "beware of …" in text
    assert "critical bot: the program ends: RuntimeError: at https://x/bot…/y" in text
    assert "critical bot: pdf ends: RuntimeError" in text
    assert _clean(text)


async def test_what_a_forgotten_task_says_is_masked(stream: io.StringIO) -> None:
    """The event loop's own report of an exception that nobody fetched goes through the journal."""

    async def fail() -> None:
        raise ValueError(TOKEN)

    task = asyncio.create_task(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    asyncio.get_running_loop().call_exception_handler({"message": f"lost {TOKEN}", "exception": ValueError(KEY)})
    assert "lost …" in stream.getvalue()
    assert _clean(stream.getvalue())


def test_at_debug_the_traceback_follows() -> None:
    """Whoever asked for everything gets the whole traceback, masked as well, of what nobody caught too."""
    written = _run(
        "try:",
        f"    int({TOKEN!r})",
        "except ValueError:",
        "    logging.getLogger('bot').exception('failed')",
        f"raise RuntimeError({TOKEN!r})",
    )
    assert written.count("Traceback (most recent call last):") == 2
    assert "error bot: failed: ValueError: invalid literal for int() with base 10: '…'" in written
    assert _clean(written)


def _run(*program: str) -> str:
    """What a program of its own that uses the journal at DEBUG writes to stderr."""
    begin = ("import logging; from bot import journal", f"journal.configure(logging.DEBUG, ({TOKEN!r},))")
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", "\n".join((*begin, *program))], capture_output=True, text=True, check=False
    )
    return done.stderr


def _fail(words: str) -> None:
    known: dict[str, str] = {}
    try:
        known[words]
    except KeyError as cause:
        raise OSError(5, words, words) from cause


SAID = st.text(max_size=20) | st.sampled_from(
    [
        *SECRETS,
        f"https://api.telegram.org/bot{TOKEN}/getMe",
        quote(KEY, safe=""),
        "postgresql://me:p%40ss@db/x",
        "%s %d",
        "\ud800",
        "\u2028",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(SAID, max_size=4).map("".join),
    st.lists(SAID, max_size=2),
    st.lists(SAID, max_size=3).map("".join),
    st.booleans(),
)
def test_whatever_is_said_is_one_object_a_line_without_a_secret(
    stream: io.StringIO, message: str, arguments: list[str], failure: str, whole: bool
) -> None:
    """Messages, arguments that fit or do not, causes and tracebacks of exceptions: a machine can read each line, and
    nobody can read a secret in it."""
    written = io.StringIO()
    journal.configure(logging.DEBUG if whole else logging.INFO, SECRETS, written, as_json=True)
    try:
        _fail(failure)
    except OSError:
        logging.getLogger("bot.chat").exception(message, *arguments)
    logging.getLogger("elsewhere").warning("%s and %r", message, arguments)
    lines = written.getvalue().removesuffix("\n").split("\n")
    assert [set(json.loads(line)) for line in lines] == [
        {"time", "level", "room", "event", "message", "error"} | ({"traceback"} if whole else set()),
        {"time", "level", "room", "event", "message"},
    ]
    assert all(_clean(value) for line in lines for value in json.loads(line).values())


def test_json_lines_are_objects_with_a_constant_event(stream: io.StringIO) -> None:
    """For machines: time, level, room, the event's constant words, the message and the error, with secrets masked."""
    journal.configure(logging.INFO, SECRETS, stream, as_json=True)
    logging.getLogger("bot.pull.client").warning("%s is\nlate for %s", "cs.LG", KEY)
    logging.getLogger("bot").error("it failed", exc_info=ValueError(TOKEN))
    first, second = map(json.loads, _lines(stream))
    assert first["time"].endswith("Z")
    assert {key: first[key] for key in ("level", "room", "event", "message")} == {
        "level": "warning",
        "room": "pull.client",
        "event": "%s is\nlate for %s",
        "message": f"cs.LG is\nlate for {journal.MASK}",
    }
    assert second["error"].startswith(f"ValueError: {journal.MASK}")
    assert _clean(stream.getvalue())


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_is_said_moves_a_terminal_or_begins_a_line(stream: io.StringIO, as_json: bool) -> None:
    """What people write may hold orders to a terminal and line ends of every kind; a line of the log stays one."""
    journal.configure(logging.INFO, SECRETS, stream, as_json=as_json)
    said = "\x1b[2J\x1b]0;title\x07\x9b31m\u2028\u2029\x85\r\n\x0b\x0c\x00\x7f end"
    logging.getLogger("bot").info("somebody said %s", said)
    (line,) = _lines(stream)
    assert line.isprintable()
    assert "end" in line
    if as_json:
        assert json.loads(line)["message"] == f"somebody said {said}"
