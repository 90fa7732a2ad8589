"""How fast the program is there, and how big: help, first poll, resident memory, each beside a peer in the same run.

    python tests/bench/bench_start.py [--rounds 5]

Help is measured beside Python that does nothing and Python that imports the Telegram library; the running bot beside
the smallest bot that python-telegram-bot makes. Both bots poll the same server on loopback. They take turns within
each round, because the machine's speed wanders; medians are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ME = {"id": 1, "is_bot": True, "first_name": "Paperboy", "username": "paperboy_bot"}
SETTLING = 2.0
"""Seconds between the first poll and the look at the memory."""

PEER = """
import sys
from telegram.ext import Application
builder = Application.builder().token("1:bench").base_url(sys.argv[1] + "/bot").base_file_url(sys.argv[1] + "/file/bot")
builder.build().run_polling()
"""


class BotApi(ThreadingHTTPServer):
    """Answers every method with "yes", and notes the first poll."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.polled = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_: object) -> None:
        """A bot that is ended in the middle of a poll is no error."""

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    """One connection to the server."""

    protocol_version = "HTTP/1.1"
    server: BotApi

    def do_POST(self) -> None:
        """Any method."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        method = self.path.rpartition("/")[2]
        result: object = True
        if method == "getMe":
            result = ME
        elif method == "getUpdates":
            self.server.polled.set()
            time.sleep(0.5)
            result = []
        self._say(200, json.dumps({"ok": True, "result": result}).encode())

    def do_GET(self) -> None:
        """There are no pages here."""
        self._say(404, b"")

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def seconds(words: list[str]) -> float:
    """How long a program runs."""
    begun = time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
    return time.perf_counter() - begun


def megabytes(process: int) -> float:
    """The resident memory of a process."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        [line] = [line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024
    listed = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], capture_output=True, check=True)  # noqa: S603, S607 - a number
    return int(listed.stdout) / 1024


@contextmanager
def running(words: list[str], folder: Path, environ: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A program while inside; what it says goes to a file that is shown when it ends by itself."""
    said = folder / "said"
    with (
        said.open("wb") as stream,
        subprocess.Popen(  # noqa: S603 - our own words
            words, cwd=folder, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=environ
        ) as process,
    ):
        try:
            yield process
        finally:
            ended = process.poll()
            process.terminate()
            process.wait(timeout=30)
    if ended is not None:
        sys.exit(f"it ended with {ended}:\n{said.read_text(encoding='utf-8', errors='replace')}")


def first_poll(words: Callable[[str], list[str]], folder: Path) -> tuple[float, float]:
    """Seconds from the start to the first getUpdates, and the resident megabytes a little later."""
    with BotApi() as server:
        environ = {
            **os.environ,
            "TELEGRAM_BOT_TOKEN": "1:bench",
            "TELEGRAM_API_URL": server.url,
            "ARXIV_URL": server.url,
            "ARXIV_API_URL": f"{server.url}/api/query",
            "HF_URL": server.url,
            "DATABASE_URL": f"sqlite+aiosqlite:///{folder}/paperboy.db",
        }
        begun = time.perf_counter()
        with running(words(server.url), folder, environ) as process:
            while not server.polled.wait(0.01):
                if process.poll() is not None or time.perf_counter() - begun > 60:
                    break
            took = time.perf_counter() - begun
            time.sleep(SETTLING)
            memory = megabytes(process.pid) if process.poll() is None else 0.0
        server.shutdown()
    return took, memory


def measure_help(rounds: int) -> None:
    """Prints how long the help takes."""
    peers = {
        "paperboy --help": [sys.executable, "-m", "bot", "--help"],
        "python -c pass": [sys.executable, "-c", "pass"],
        "python -c 'import telegram.ext'": [sys.executable, "-c", "import telegram.ext"],
    }
    taken: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, words in peers.items():
            taken[name].append(seconds(words))
    median = {name: statistics.median(found) for name, found in taken.items()}
    ours = median["paperboy --help"]
    for name, value in median.items():
        print(f"{name:<40} {value * 1000:7.0f} ms   ours ÷ this = {ours / value:.2f}")


def measure_start(rounds: int) -> None:
    """Prints how long the first poll takes, and the memory."""
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as other:
        ours: list[tuple[float, float]] = []
        fresh: list[tuple[float, float]] = []
        peer: list[tuple[float, float]] = []
        start = [sys.executable, "-m", "bot", "run"]
        first_poll(lambda _: start, Path(kept))  # makes the database
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as empty:
                fresh.append(first_poll(lambda _: start, Path(empty)))
            ours.append(first_poll(lambda _: start, Path(kept)))
            peer.append(first_poll(lambda url: [sys.executable, "-c", PEER, url], Path(other)))
    cases = {"paperboy run": ours, "paperboy run, new database": fresh, "python-telegram-bot alone": peer}
    base = [statistics.median(values) for values in zip(*peer, strict=True)]
    for name, found in cases.items():
        took, memory = (statistics.median(values) for values in zip(*found, strict=True))
        ratio = f"÷ python-telegram-bot alone = {took / base[0]:.2f} and {memory / base[1]:.2f}"
        print(f"{name:<40} {took * 1000:7.0f} ms to the first poll, {memory:4.0f} MB   {ratio}")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent.parent)
    measure_help(4 * rounds)
    measure_start(rounds)


if __name__ == "__main__":
    main()
