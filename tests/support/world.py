"""The replay world: a small server that stands in for arXiv and Hugging Face, with recorded days and faults.

It is found in the folder that PAPERBOY_WORLD names, else in ../shared/world beside the checkout; tests that ask for
the fixture `world` are skipped where there is none.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

FIRST_DAY = date(2026, 2, 18)
STARTS_WITHIN = 30.0

_direct = build_opener(ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class World:
    """A running world at `url`. What it serves is as of its date."""

    url: str

    @property
    def api_url(self) -> str:
        """The address of the query API."""
        return f"{self.url}/api/query"

    def move(self, day: date | str, *, listing: date | str | None = None) -> None:
        """Make it `day`; `listing` names the newest announcement where that of the day itself has not come yet."""
        body = {"date": str(day)} | ({"listing": str(listing)} if listing else {})
        self._ask("POST", "date", body)

    def fault(self, kind: str, path: str = ".*", *, times: int = 1, **more: object) -> None:
        """Let the next `times` requests (-1: all) whose address matches the pattern `path` go wrong."""
        self._ask("POST", "faults", {"kind": kind, "path": path, "times": times, **more})

    def heal(self) -> None:
        """Forget all faults."""
        self._ask("DELETE", "faults")

    def log(self, path: str = "") -> list[dict[str, Any]]:
        """The requests so far whose path matches, oldest first: time, path, query, status, inflight, seconds and more."""
        rows: list[dict[str, Any]] = self._ask("GET", "log")
        return [row for row in rows if re.search(path, row["path"])]

    def forget(self) -> None:
        """Empty the log."""
        self._ask("DELETE", "log")

    def settle(self) -> None:
        """Wait until requests that were given up by their callers, but still hang here, are over."""
        while True:
            with _direct.open(f"{self.url}/robots.txt", timeout=10):
                pass
            if self.log("^/robots.txt$")[-1]["inflight"] == 1:
                return
            time.sleep(0.05)

    def _ask(self, method: str, what: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with _direct.open(Request(f"{self.url}/_world/{what}", data, method=method), timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)


def find_world() -> Path | None:
    """The world's program, None where there is none."""
    named = os.environ.get("PAPERBOY_WORLD")
    places = [Path(named)] if named else [Path(__file__).resolve().parents[2].parent / "shared" / "world"]
    return next((place / "world.py" for place in places if (place / "world.py").is_file()), None)


def start_world(program: Path, day: date = FIRST_DAY, *options: str) -> Iterator[World]:
    """Run the world on a free port as long as the iterator lives."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(program), "--port", str(port), "--date", day.isoformat(), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our own program
        try:
            world = World(f"http://127.0.0.1:{port}")
            _wait_for(world, process)
            yield world
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(world: World, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            world.log()
        except URLError:
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError("the replay world did not start") from None
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def running_world() -> Iterator[World]:
    """A world for the whole session; ask for `world` instead, which is tidied up for each test."""
    program = find_world()
    if program is None:
        pytest.skip("needs the replay world")
    yield from start_world(program)


@pytest.fixture
def world(running_world: World) -> World:
    """The replay world on 2026-02-18, without faults and with an empty log."""
    running_world.heal()
    running_world.settle()
    running_world.move(FIRST_DAY)
    running_world.forget()
    return running_world
