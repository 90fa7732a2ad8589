"""The command line: data to stdout, progress and logs to stderr; exit 0 done, 1 failed, 2 wrong usage.

Heavy modules are imported inside the commands, so that `paperboy --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from bot.commandline import Format
    from bot.config import Settings

T = TypeVar("T")

EPILOG = """\
Settings come from the environment or from .env; .env.example explains each of them.
Data goes to stdout, progress and logs go to stderr. Exit status: 0 done, 1 failed, 2 wrong usage."""


class Terminated(Exception):
    """Somebody asked the program to end (SIGTERM), and it has."""


def main(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - one return per way it can end
    """Runs the command that `argv` (by default the program's own arguments) names; returns the exit status.

    Raises:
        SystemExit: wrong usage (status 2), or `--help` or `--version` (status 0).
    """
    arguments = _parser().parse_args(argv)
    # A day's matrices are small: more threads would only spin beside the program's own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from bot.errors import PaperboyError

    secrets: tuple[str, ...] = ()
    try:
        settings = _settings()
        secrets = settings.secrets()
        _prepare_streams(arguments, settings)
        return int(arguments.do(arguments, settings))
    except PaperboyError as error:
        return _failed(str(error), error, arguments, secrets)
    except KeyboardInterrupt:
        return 130
    except Terminated:
        return 0 if arguments.command == "run" else 143
    except BrokenPipeError:
        # Whoever read our output has gone. Python would complain once more when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:  # noqa: BLE001 - the last place that can turn an error into a sentence
        first = _first(error)
        if isinstance(first, PaperboyError):
            return _failed(str(first), error, arguments, secrets)
        what = f"{type(first).__name__}: {first}" if str(first) else type(first).__name__
        again = "" if arguments.debug else "; the same command with --debug shows where"
        return _failed(f"something unexpected happened ({what}){again}.", error, arguments, secrets)


def _failed(sentence: str, error: Exception, arguments: argparse.Namespace, secrets: tuple[str, ...]) -> int:
    from bot.journal import masked

    if arguments.debug:
        import traceback

        _say(masked("".join(traceback.format_exception(error)), secrets))
    _say(f"paperboy: {masked(sentence, secrets)}")
    return 1


def _first(error: BaseException) -> BaseException:
    """The error itself, or what came first in the group of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# --------------------------------------------------------------------------- the words of the command line


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="paperboy",
        description="A Telegram bot that reads the day's arXiv for you and learns from every verdict.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    parser.add_argument("--debug", action="store_true", help="tell everything on stderr, with tracebacks")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(title="commands", dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text, parents=[common])
        return made

    run = command("run", "run the bot; needs TELEGRAM_BOT_TOKEN")
    run.set_defaults(do=_run)
    run.add_argument(
        "--role",
        choices=("all", "updates", "worker", "clock"),
        default="all",
        help="what this program does where several share a PostgreSQL database: answer people, run jobs and send, "
        "start jobs on time; default: all of it",
    )

    demo = command("demo", "try the bot here, without a token and without internet")
    demo.set_defaults(do=_demo)
    where = demo.add_mutually_exclusive_group()
    where.add_argument(
        "--page",
        action="store_const",
        const=True,
        help="talk on the chat page, and keep it open until Ctrl-C; default at a terminal",
    )
    where.add_argument(
        "--terminal",
        dest="page",
        action="store_const",
        const=False,
        help="talk here, until the input ends; default where the input or the output is no terminal",
    )
    demo.add_argument("--no-browser", action="store_true", help="only print the page's address")
    demo.add_argument(
        "--layout",
        choices=("rich", "classic"),
        help="how the bot writes: rich messages, or text for clients that show none; default: rich on the page",
    )
    demo.add_argument("--port", type=_port, default=0, metavar="N", help="serve the page here; default: a free port")

    digest = command("digest", "print a day's ranked papers, without Telegram")
    digest.set_defaults(do=_digest)
    digest.add_argument(
        "--date", type=_date, metavar="D", help="announcement day, like 2026-02-18; default: the newest"
    )
    digest.add_argument(
        "--categories", type=_names, metavar="A,B", help="arXiv categories; default: DEFAULT_CATEGORIES"
    )
    digest.add_argument("--interests", default="", metavar="TEXT", help="what you care about, in your own words")
    digest.add_argument("--top", type=_count, metavar="N", help="how many papers; default: DIGEST_SIZE")
    digest.add_argument("--cards", action="store_true", help="with the card of every paper")

    card = command("card", "print the card of one paper, without Telegram")
    card.set_defaults(do=_card)
    card.add_argument("paper", metavar="ID", help="an arXiv id or address, like 2602.14080 or 2602.14080v2")

    for subject in (digest, card):
        subject.add_argument("--language", type=_language, metavar="L", help="en or zh; default: DEFAULT_LANGUAGE")
        subject.add_argument(
            "--format",
            choices=("json", "md", "html", "text"),
            help="default: what the ending of FILE says, otherwise text",
        )
        subject.add_argument("--out", metavar="FILE", help="write to FILE, whole or not at all, instead of stdout")

    doctor = command("doctor", "check token, sources, database and clock, and say what to do")
    doctor.set_defaults(do=_doctor)
    doctor.add_argument(
        "--ranking", action="store_true", help="only how good the ranking was on the chats' own past days"
    )

    database = command("db", "look after the database")
    actions = database.add_subparsers(title="actions", dest="action", required=True, metavar="ACTION")
    for name, text in (
        ("upgrade", "bring the database to this version"),
        ("backup", "copy the database to FILE, also while the bot runs"),
        ("copy", "move everything into the empty database TARGET, to PostgreSQL or back; stop the bot before"),
        ("check", "look for damage"),
    ):
        action = actions.add_parser(name, help=text, description=text, parents=[common])
        action.set_defaults(do=_database, target="")
        if name == "backup":
            action.add_argument("target", metavar="FILE")
        elif name == "copy":
            action.add_argument("target", metavar="TARGET", help="an address such as DATABASE_URL has")

    command("health", "exit 0 while a bot is alive on this database, for containers").set_defaults(do=_health)
    return parser


class _Version(argparse.Action):
    """Looks the version up only when somebody asks for it."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from importlib.metadata import version

        print(f"paperboy {version('paperboy')}")
        parser.exit()


def _date(text: str) -> date:
    import re
    from datetime import date

    try:
        # fromisoformat alone would take 20260218 and 2026-W08-3 too.
        return date.fromisoformat(text if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else "")
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{text}” is not a date like 2026-02-18") from None


def _names(text: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.replace(",", " ").split()))
    if not names:
        raise argparse.ArgumentTypeError("no category is named; write them like cs.LG,cs.CL")
    return names


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 1000):
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number from 1 to 1000")
    return int(text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= 65535):
        raise argparse.ArgumentTypeError(f"“{text}” is not a port from 0 to 65535")
    return int(text)


def _language(text: str) -> str:
    from bot.config import LANGUAGES

    if text not in LANGUAGES:
        raise argparse.ArgumentTypeError(f"“{text}” is none of {', '.join(LANGUAGES)}")
    return text


# --------------------------------------------------------------------------- the commands


def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot.commandline import Role
    from bot.errors import BadSetting

    if not settings.telegram_bot_token:
        raise BadSetting(
            "TELEGRAM_BOT_TOKEN",
            "`paperboy run` needs the token that @BotFather gives you, `paperboy demo` works without one",
        )
    from bot import app

    _wait(app.run(settings, role=Role(arguments.role)))
    return 0


def _demo(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import app
    from bot.commandline import DemoRequest

    request = DemoRequest(arguments.page, not arguments.no_browser, arguments.port, arguments.layout)
    _wait(app.demo(settings, request))
    return 0


def _digest(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import app, output
    from bot.commandline import DigestRequest, bars

    file = output.target(arguments.out)

    with bars(sys.stderr) as progress:
        request = DigestRequest(
            date=arguments.date,
            categories=arguments.categories or settings.default_categories,
            interests=arguments.interests,
            top=arguments.top or settings.digest_size,
            language=arguments.language or settings.default_language,
            cards=arguments.cards,
            format=_format(arguments.format, file),
            progress=progress,
        )
        text = _wait(app.digest(settings, request))
    output.give(text, file)
    return 0


def _card(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import app, output
    from bot.commandline import CardRequest, bars

    file = output.target(arguments.out)

    with bars(sys.stderr) as progress:
        request = CardRequest(
            paper=arguments.paper,
            language=arguments.language or settings.default_language,
            format=_format(arguments.format, file),
            progress=progress,
        )
        text = _wait(app.card(settings, request))
    output.give(text, file)
    return 0


def _doctor(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import doctor, output

    if arguments.ranking:
        return _doctor_of_ranking(settings)
    findings = _wait(doctor.examine(settings))
    output.give(doctor.report(findings), None)
    return int(doctor.is_ill(findings))


def _doctor_of_ranking(settings: Settings) -> int:
    from bot import doctor, output, ranking_check
    from bot.commandline import bars

    with bars(sys.stderr) as progress:
        table, finding = _wait(ranking_check.examine(settings, progress=progress))
    output.give("\n\n".join(filter(None, (table, doctor.report([finding])))), None)
    return int(doctor.is_ill([finding]))


def _database(arguments: argparse.Namespace, settings: Settings) -> int:
    from bot import app, output
    from bot.commandline import bars

    with bars(sys.stderr) as progress:
        said, well = _wait(app.database(settings, arguments.action, arguments.target, progress))
    output.give(said, None)
    return int(not well)


def _health(_: argparse.Namespace, settings: Settings) -> int:
    from datetime import UTC, datetime

    from bot import heartbeat
    from bot.errors import PaperboyError

    file = heartbeat.place(settings.database_url)
    seconds = heartbeat.age(file, datetime.now(UTC))
    if seconds is None:
        raise PaperboyError(f"There is no sign of life in {file}; is `paperboy run` running on this database?")
    if seconds > heartbeat.FRESH:
        raise PaperboyError(f"The last sign of life in {file} is {seconds:.0f} s old; restart the bot.")
    print(f"alive: last sign of life {max(seconds, 0):.0f} s ago")
    return 0


# --------------------------------------------------------------------------- doing


def _settings() -> Settings:
    from pathlib import Path

    from bot import config

    return config.read(os.environ, Path(".env"))


def _prepare_streams(arguments: argparse.Namespace, settings: Settings) -> None:
    """Logs to stderr with the secrets masked; both streams take every character, whatever the locale says."""
    import io
    import logging

    from bot import journal

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    talkative = arguments.command == "run"
    level = logging.DEBUG if arguments.debug else logging.INFO if talkative else logging.WARNING
    journal.configure(level, settings.secrets(), as_json=settings.log_format == "json")


def _format(given: str | None, file: Path | None) -> Format:
    from bot.commandline import Format

    endings = {".json": Format.JSON, ".md": Format.MARKDOWN, ".html": Format.HTML, ".htm": Format.HTML}
    ending = file.suffix.lower() if file else ""
    return Format(given) if given else endings.get(ending, Format.TEXT)


def _wait(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs to the end; SIGTERM ends it as orderly as Ctrl-C does.

    Raises:
        Terminated: SIGTERM came and the coroutine has closed what it had open.
    """
    import asyncio
    import signal

    async def until_told() -> T:
        task = asyncio.current_task()
        told = asyncio.Event()

        def stop() -> None:
            told.set()
            if task is not None:
                task.cancel()

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        try:
            return await coroutine
        except asyncio.CancelledError:
            if told.is_set():
                raise Terminated from None
            raise

    return asyncio.run(until_told())


if __name__ == "__main__":
    sys.exit(main())
