from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO

import pytest

import bot
from bot import heartbeat
from bot.__main__ import main
from bot.commandline import CardRequest, DemoRequest, DigestRequest, Format, Progress, Role, bars
from bot.config import Settings
from bot.errors import UnknownPaper

ROOT = Path(__file__).parent.parent


@dataclass
class StandIn:
    """Stands in for bot.app: records what it was asked, and answers or fails as a test says."""

    asked: list[tuple[str, Settings, object]] = field(default_factory=list)
    answer: Callable[[], object] = lambda: "text"

    async def run(self, settings: Settings, role: Role) -> object:
        """As app.run."""
        return await self._ask("run", settings, role)

    async def demo(self, settings: Settings, request: DemoRequest) -> object:
        """As app.demo."""
        return await self._ask("demo", settings, request)

    async def digest(self, settings: Settings, request: DigestRequest) -> object:
        """As app.digest."""
        return await self._ask("digest", settings, request)

    async def card(self, settings: Settings, request: CardRequest) -> object:
        """As app.card."""
        return await self._ask("card", settings, request)

    async def database(self, settings: Settings, action: str, target: str, progress: Progress) -> object:
        """As app.database."""
        progress("tables", 1, 2)
        return await self._ask("database", settings, (action, target))

    async def _ask(self, what: str, settings: Settings, request: object) -> object:
        await asyncio.sleep(0)
        self.asked.append((what, settings, request))
        return self.answer()


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty folder without .env, none of our settings in the environment, and the loggers as before afterwards."""
    monkeypatch.chdir(tmp_path)
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        name, sign, _ = line.lstrip("#").partition("=")
        if sign:
            monkeypatch.delenv(name, raising=False)
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    logger.handlers.clear()
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """The stand-in, in the place of bot.app."""
    stand_in = StandIn()
    monkeypatch.setitem(sys.modules, "bot.app", stand_in)
    monkeypatch.setattr(bot, "app", stand_in, raising=False)
    return stand_in


# --------------------------------------------------------------------------- what is asked of the program


def test_a_digest_without_options_takes_the_settings(app: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """Categories, number and language come from the settings, the day is the newest, the format is text."""
    monkeypatch.setenv("DEFAULT_CATEGORIES", "cs.RO")
    monkeypatch.setenv("DIGEST_SIZE", "7")
    monkeypatch.setenv("DEFAULT_LANGUAGE", "zh")
    assert main(["digest"]) == 0
    [(what, _, request)] = app.asked
    assert what == "digest"
    assert request == DigestRequest(
        date=None, categories=("cs.RO",), interests="", top=7, language="zh", cards=False, format=Format.TEXT
    )


def test_every_option_of_digest_arrives(app: StandIn) -> None:
    """What stands on the command line wins over the settings."""
    options = ["--date", "2026-02-18", "--categories", "cs.LG,cs.CL", "--top", "3", "--language", "zh", "--cards"]
    assert main(["digest", *options, "--format", "json", "--interests", "RLHF, 强化学习"]) == 0
    assert app.asked[0][2] == DigestRequest(
        date=date(2026, 2, 18),
        categories=("cs.LG", "cs.CL"),
        interests="RLHF, 强化学习",
        top=3,
        language="zh",
        cards=True,
        format=Format.JSON,
    )


def test_a_card_is_asked_for_as_it_was_typed(app: StandIn) -> None:
    """The id or address reaches the program as it is; the program knows how to read it."""
    assert main(["card", "https://arxiv.org/abs/2602.14080v2", "--format", "md"]) == 0
    assert app.asked[0][2] == CardRequest("https://arxiv.org/abs/2602.14080v2", "en", Format.MARKDOWN)


@pytest.mark.parametrize(
    ("name", "option", "expected"),
    [
        ("day.json", [], Format.JSON),
        ("day.md", [], Format.MARKDOWN),
        ("day.HTML", [], Format.HTML),
        ("day.txt", [], Format.TEXT),
        ("day", [], Format.TEXT),
        ("day.json", ["--format", "html"], Format.HTML),
    ],
)
def test_the_file_ending_tells_the_format(app: StandIn, name: str, option: list[str], expected: Format) -> None:
    """--out day.json means JSON; --format has the last word."""
    assert main(["digest", "--out", name, *option]) == 0
    request = app.asked[0][2]
    assert isinstance(request, DigestRequest)
    assert request.format is expected
    assert Path(name).read_text(encoding="utf-8") == "text\n"


def test_data_goes_to_stdout_or_to_the_file(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """The data, and nothing else, is on stdout; with --out it stays empty."""
    assert main(["card", "2602.14080"]) == 0
    assert capsys.readouterr() == ("text\n", "")
    assert main(["card", "2602.14080", "--out", "card.txt"]) == 0
    assert capsys.readouterr() == ("", "")
    assert len(app.asked) == 2


def test_a_target_that_cannot_be_written_is_told_before_the_work(
    app: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody waits minutes for a digest that cannot be written in the end."""
    assert main(["digest", "--out", "no/such/folder/day.md"]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert app.asked == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["upgrade"], ("upgrade", "")),
        (["backup", "copy.db"], ("backup", "copy.db")),
        (["copy", "sqlite+aiosqlite:///new.db"], ("copy", "sqlite+aiosqlite:///new.db")),
        (["check"], ("check", "")),
    ],
)
def test_the_database_is_looked_after(
    app: StandIn, capsys: pytest.CaptureFixture[str], words: list[str], expected: tuple[str, str]
) -> None:
    """`db` hands the action and its target on, prints what there is to say, and exits with 1 where not all is well."""
    app.answer = lambda: ("All is well.", True)
    assert main(["db", *words]) == 0
    assert app.asked[0][2] == expected
    app.answer = lambda: ("2 rows are damaged.", False)
    assert main(["db", *words]) == 1
    assert capsys.readouterr() == ("All is well.\n2 rows are damaged.\n", "")


@pytest.mark.parametrize("command", ["run", "demo"])
def test_the_bot_runs(app: StandIn, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run` and `demo` run the program with the settings and exit with 0 when it ends."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:x")
    assert main([command]) == 0
    assert [(what, settings.telegram_bot_token) for what, settings, _ in app.asked] == [(command, "1:x")]


@pytest.mark.parametrize("role", Role)
def test_the_role_is_handed_on(app: StandIn, role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run --role` names what this program does; without it, everything."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:x")
    assert main(["run", *(["--role", role] if role is not Role.ALL else [])]) == 0
    assert app.asked[0][2] is role


def test_the_settings_file_beside_the_program_is_read(app: StandIn) -> None:
    """A .env in the working folder counts."""
    Path(".env").write_text("DIGEST_SIZE=9\n", encoding="utf-8")
    assert main(["digest"]) == 0
    assert app.asked[0][1].digest_size == 9


# --------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["dance"],
        ["digest", "--date", "20260218"],
        ["digest", "--date", "2026-02-30"],
        ["digest", "--date", "yesterday"],
        ["digest", "--categories", ", "],
        ["digest", "--top", "0"],
        ["digest", "--top", "1001"],
        ["digest", "--top", "five"],
        ["digest", "--top", "٣"],
        ["digest", "--language", "tlh"],
        ["digest", "--format", "pdf"],
        ["digest", "2026-02-18"],
        ["card"],
        ["card", "2602.14080", "2602.14979"],
        ["db"],
        ["db", "backup"],
        ["db", "copy"],
        ["run", "--role", "sender"],
        ["db", "upgrade", "head"],
        ["run", "--loud"],
    ],
)
def test_wrong_usage_exits_with_two(words: list[str], app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be meant ends at once, with status 2 and the usage on stderr, and nothing is asked of the program."""
    with pytest.raises(SystemExit) as caught:
        main(words)
    out, err = capsys.readouterr()
    assert caught.value.code == 2
    assert out == ""
    assert err.startswith("usage: paperboy")
    assert app.asked == []


def fail_with(error: BaseException) -> Callable[[], object]:
    """An answer that is an error."""

    def answer() -> object:
        raise error

    return answer


def test_our_errors_are_one_sentence(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """What went wrong is said in one line on stderr, without a traceback, and the status is 1."""
    app.answer = fail_with(UnknownPaper("2602.99999"))
    assert main(["card", "2602.99999"]) == 1
    assert capsys.readouterr() == ("", "paperboy: arXiv has no paper 2602.99999; check the number.\n")


def test_an_error_in_a_group_is_told_as_itself(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """What a task group wrapped is unwrapped."""
    app.answer = fail_with(ExceptionGroup("tasks", [ExceptionGroup("inner", [UnknownPaper("2602.99999")])]))
    assert main(["card", "2602.99999"]) == 1
    assert capsys.readouterr().err == "paperboy: arXiv has no paper 2602.99999; check the number.\n"


def test_the_unexpected_is_one_sentence_that_names_debug(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """An error nobody thought of is told in one line that says how to see more."""
    app.answer = fail_with(ZeroDivisionError("division by zero"))
    assert main(["digest"]) == 1
    expected = "something unexpected happened (ZeroDivisionError: division by zero)"
    assert capsys.readouterr().err == f"paperboy: {expected}; the same command with --debug shows where.\n"


@pytest.mark.parametrize("words", [["--debug", "digest"], ["digest", "--debug"]])
def test_debug_shows_where_but_no_secret(
    words: list[str], app: StandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """--debug, before or after the command, adds the traceback; secrets are masked in it and in the sentence."""
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "1:sesame")
    app.answer = fail_with(ValueError("cannot open https://api.example/bot1:sesame/getMe"))
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" in err
    assert "in answer\n" in err
    assert err.splitlines()[-1].startswith("paperboy: something unexpected happened (ValueError: cannot open")
    assert "sesame" not in err


def test_a_bad_setting_is_one_sentence(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot be used ends every command with its name."""
    monkeypatch.setenv("DIGEST_SIZE", "many")
    assert main(["health"]) == 1
    assert capsys.readouterr().err.startswith("paperboy: DIGEST_SIZE: “many” is not a whole number")


def test_run_without_a_token_names_the_demo(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a token `run` says where to get one, and what works without."""
    assert main(["run"]) == 1
    err = capsys.readouterr().err
    assert "TELEGRAM_BOT_TOKEN" in err
    assert "@BotFather" in err
    assert "paperboy demo" in err
    assert app.asked == []


def test_an_interrupted_command_is_quiet(app: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends with status 130 and no word."""
    app.answer = fail_with(KeyboardInterrupt())
    assert main(["digest"]) == 130
    assert capsys.readouterr() == ("", "")


# --------------------------------------------------------------------------- as a process of its own

SLOW = """
import asyncio, signal, sys, types
import bot

# Whoever runs the tests in the background has given them a deaf ear to interruptions.
signal.signal(signal.SIGINT, signal.default_int_handler)

async def slow(settings, *request, **how):
    print("begun", file=sys.stderr, flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("closed", file=sys.stderr, flush=True)

async def long(settings, request):
    return "\\u00d7\\n" * 200_000

bot.app = sys.modules["bot.app"] = types.SimpleNamespace(run=slow, digest=slow, card=long)
from bot.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


def start(
    *words: str, code: str = SLOW, stdout: IO[bytes] | int = subprocess.PIPE, **environ: str
) -> subprocess.Popen[bytes]:
    """A process that runs `code` with `words` as its arguments."""
    return subprocess.Popen(  # noqa: S603 - our own Python with our own words
        [sys.executable, "-c", code, *words],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TELEGRAM_BOT_TOKEN": "1:x", "PYTHONUNBUFFERED": "", **environ},
    )


@pytest.mark.parametrize(
    ("command", "number", "status"),
    [
        ("run", signal.SIGINT, 130),
        ("digest", signal.SIGINT, 130),
        ("run", signal.SIGTERM, 0),
        ("digest", signal.SIGTERM, 143),
    ],
)
def test_a_signal_ends_the_program_orderly(command: str, number: signal.Signals, status: int) -> None:
    """What is open is closed, nothing is printed, and the status tells; a bot that was asked to stop has done well."""
    with start(command) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"begun\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (status, b"", b"closed\n")


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`paperboy card … | head -1` ends without a word on stderr."""
    with start("card", "2602.14080") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "×\n".encode()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(timeout=20) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_behind_stdout_is_one_sentence() -> None:
    """`paperboy card … > FILE` on a full disk fails with status 1, and Python adds no complaint of its own."""
    with Path("/dev/full").open("wb") as full, start("card", "2602.14080", stdout=full) as process:
        assert process.stderr is not None
        said = process.stderr.read().decode()
        assert process.wait(timeout=20) == 1
    assert said == "paperboy: stdout cannot be written: No space left on device; name another file with --out.\n"


def test_every_character_can_be_printed_in_every_locale() -> None:
    """Data is UTF-8 also where the locale is plain ASCII."""
    with start("card", "2602.14080", LC_ALL="POSIX", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, b"")
    assert out.startswith("×\n".encode())


def test_help_imports_nothing_heavy() -> None:
    """`paperboy --help` answers at once, for no heavy module is imported before a command needs it."""
    code = (
        "import sys\nfrom bot.__main__ import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    with start(code=code) as process:
        out, err = process.communicate(timeout=20)
    loaded = set(json.loads(err.decode().replace("'", '"')))
    assert out.startswith(b"usage: paperboy")
    heavy = {"asyncio", "logging", "dotenv", "aiohttp", "sqlalchemy", "telegram", "numpy", "jinja2", "babel", "rich"}
    assert not heavy & loaded
    assert {name for name in loaded if name.startswith(("bot", "storage"))} == {"bot", "bot.__main__"}


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Every command stands in the help, and so does where data, logs and settings go."""
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    text = capsys.readouterr().out
    for word in ("run", "demo", "digest", "card", "doctor", "db", "health", ".env.example", "stdout", "stderr"):
        assert word in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the installed version."""
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"paperboy {version('paperboy')}\n"


# --------------------------------------------------------------------------- health and progress


def test_a_bot_that_beats_is_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    """A fresh sign of life exits with 0."""
    heartbeat.beat(heartbeat.place(Settings().database_url), datetime.now(UTC))
    assert main(["health"]) == 0
    assert capsys.readouterr().out.startswith("alive: last sign of life 0 s ago")


def test_a_bot_that_stopped_beating_is_ill(capsys: pytest.CaptureFixture[str]) -> None:
    """An old sign of life exits with 1 and says how old it is."""
    heartbeat.beat(
        heartbeat.place(Settings().database_url), datetime.now(UTC) - timedelta(seconds=heartbeat.FRESH + 30)
    )
    assert main(["health"]) == 1
    assert "120 s old" in capsys.readouterr().err


def test_no_sign_of_life_is_ill(capsys: pytest.CaptureFixture[str]) -> None:
    """Without any sign of life the status is 1."""
    assert main(["health"]) == 1
    assert "no sign of life" in capsys.readouterr().err


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_terminal_sees_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal every piece of work has a bar with its name and its count."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with bars(stream) as progress:
        progress("listings", 0, 3)
        progress("listings", 3, 3)
        progress("cards [1]", 1, 5)
    assert "listings" in stream.getvalue()
    assert "3/3" in stream.getvalue()
    assert "cards [1]" in stream.getvalue()
    assert "1/5" in stream.getvalue()


def test_a_file_sees_none() -> None:
    """Where stderr is no terminal, progress is silent."""
    stream = io.StringIO()
    with bars(stream) as progress:
        progress("listings", 1, 3)
    assert stream.getvalue() == ""
