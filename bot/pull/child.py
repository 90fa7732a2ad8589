"""PDFs and long pages are read in a child process that is killed when it takes too long or too much memory.

A PDF can hang or crash its reader, and a long text would hold up every chat; a child can be ended without the bot. It
inherits no secrets: its environment is empty but for what starting Python needs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import Malformed
from bot.model import Equation, Figure, FullText, Paragraph, Section, Source, Table
from bot.pull.client import host_of

log = logging.getLogger(__name__)

_START = "import sys; sys.path[:] = {path!r}; from bot.pull.child_main import main; main()"
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
_LOOK = 0.2  # seconds between two looks at the child's memory
_KILLED = frozenset({-9, -24})  # SIGKILL, SIGXCPU


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may take: seconds of CPU after which no further page is read, seconds by the clock after
    which the child is killed, bytes of memory, and pages."""

    seconds: float = 25.0
    kill_after: float = 75.0
    memory: int = 900_000_000
    pages: int = 400


class ChildReader:
    """Reads files apart from the bot, one of each kind at a time."""

    def __init__(self, limits: Limits = Limits()) -> None:
        self._limits = limits
        self._turns = {"pdf": asyncio.Semaphore(1), "html": asyncio.Semaphore(1)}

    async def pdf(self, data: bytes, url: str, *, title: str = "", abstract: str = "") -> FullText:
        """The document of a PDF. `url` is its address; `title` and `abstract` are arXiv's and help to find them in it.

        Raises:
            Malformed: "scanned", "encrypted", "broken", "too-slow" (killed) or "crash".
        """
        if b"%PDF-" not in data[:1024]:
            raise Malformed(host_of(url), "broken")
        text = await self._read("pdf", data, url, title, abstract)
        if text.shortfall == "scanned":
            raise Malformed(host_of(url), "scanned")
        return text

    async def html(self, page: str, url: str) -> FullText:
        """The document of an arXiv HTML page.

        Raises:
            Malformed: "no-document", "no-text", "too-slow" (killed) or "crash".
        """
        return await self._read("html", page.encode("utf-8", "replace"), url, "", "")

    async def _read(self, kind: str, data: bytes, url: str, title: str, abstract: str) -> FullText:
        limits = self._limits
        told: dict[str, str | float] = {"kind": kind, "url": url, "title": title, "abstract": abstract}
        told |= {"pages": limits.pages, "seconds": limits.seconds, "memory": limits.memory}
        async with self._turns[kind]:
            outcome = await self._outcome(json.dumps(told).encode() + b"\n" + data, url)
        if "text" not in outcome:
            raise Malformed(host_of(url), str(outcome.get("failed", "crash")))
        return full_text(outcome["text"])

    async def _outcome(self, given: bytes, url: str) -> Mapping[str, Any]:
        limits = self._limits
        try:
            child = await self._start()
        except OSError as error:
            log.warning("%s cannot be read, no process starts: %s", url, error.strerror)
            return {"failed": "crash"}
        guard = asyncio.create_task(_guard(child, limits.memory))
        try:
            async with asyncio.timeout(limits.kill_after):
                output, said = await child.communicate(given)
        except TimeoutError:
            log.warning("reading %s was ended after %s s", url, limits.kill_after)
            return {"failed": "too-slow"}
        finally:
            guard.cancel()
            if child.returncode is None:
                child.kill()
                await child.wait()
        if child.returncode != 0 or not output:
            last = said.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
            log.warning("reading %s ended with %s: %s", url, child.returncode, last)
            return {"failed": "too-slow" if child.returncode in _KILLED or "MemoryError" in last else "crash"}
        outcome: dict[str, Any] = json.loads(output)
        return outcome

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-c",
            _START.format(path=sys.path),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
        )


async def _guard(child: asyncio.subprocess.Process, memory: int) -> None:
    """Kill a child that holds more than `memory` bytes: not every system keeps to the limit the child sets itself."""
    while child.returncode is None:
        held = _held(child.pid)
        if held is None:
            return
        if held > memory:
            log.warning("reading a paper took %d MB of memory and was ended", held // 1_000_000)
            child.kill()
            return
        await asyncio.sleep(_LOOK)


def _held(pid: int) -> int | None:
    """The bytes of memory that a process holds, None where the system does not say so or the process is over."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def full_text(stated: Mapping[str, Any]) -> FullText:
    """A full text from what the child says of it."""
    fields = dict(stated)
    fields["source"] = Source(fields["source"])
    fields["sections"] = tuple(map(_section, fields["sections"]))
    for name in ("references", "links", "author_lines", "institutions"):
        fields[name] = tuple(fields[name])
    return FullText(**fields)


def _section(stated: Mapping[str, Any]) -> Section:
    fields = dict(stated)
    fields["paragraphs"] = tuple(Paragraph(**each) for each in fields["paragraphs"])
    fields["equations"] = tuple(Equation(**each) for each in fields["equations"])
    fields["figures"] = tuple(Figure(**each) for each in fields["figures"])
    fields["tables"] = tuple(
        Table(each["anchor"], each["caption"], _rows(each["header"]), _rows(each["rows"])) for each in fields["tables"]
    )
    return Section(**fields)


def _rows(stated: list[list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(map(tuple, stated))
