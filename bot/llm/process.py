"""The process beside this one in which the model's library runs: started by the first question, ended when idle."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from collections.abc import Mapping
from typing import Any

from bot.errors import ModelFailed

log = logging.getLogger(__name__)

IDLE = 600.0
LIMIT_BEYOND = 30.0
"""Seconds beyond the other side's own limit after which it is taken for dead."""
ENDS_WITHIN = 2.0
_START = "from bot.llm.answering import main; main()"


class Process:
    """Whoever answers, over lines of JSON (see bot/llm/answering.py). `configuration` goes in by stdin, since it holds
    the key; `seconds` are the most that one answer may take."""

    def __init__(self, configuration: Mapping[str, object], seconds: float) -> None:
        self._configuration = configuration
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._idle: asyncio.TimerHandle | None = None
        self._last = 0

    async def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        """The reply to a question.

        Raises:
            ModelFailed: the process ended or does not answer.
        """
        process = await self._started()
        self._last += 1
        number = self._last
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        try:
            await self._say(process, {"id": number, **question})
            async with asyncio.timeout(self._seconds + LIMIT_BEYOND):
                return await reply
        except TimeoutError:
            await self.close()
            raise ModelFailed("timeout", "The language model did not answer in time.", everywhere=True) from None
        except asyncio.CancelledError:
            await self._say(process, {"cancel": number})
            raise
        finally:
            self._waiting.pop(number, None)
            self._rest()

    async def close(self) -> None:
        """End the process; whoever still waits is told."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            async with asyncio.timeout(ENDS_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        if self._reading is not None:
            await self._reading

    async def _started(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._idle is not None:
                self._idle.cancel()
            if self._process is None or self._process.returncode is not None:
                self._process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-c",
                    _START,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.DEVNULL,
                    limit=64 * 2**20,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
                    start_new_session=True,  # Ctrl-C is for this process, which then ends the other in good order
                )
                self._reading = asyncio.create_task(self._read(self._process))
                await self._say(self._process, self._configuration)
            return self._process

    @staticmethod
    async def _say(process: asyncio.subprocess.Process, message: Mapping[str, object]) -> None:
        if process.stdin is None or process.stdin.is_closing():
            return
        try:
            process.stdin.write(json.dumps(message).encode() + b"\n")
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            log.debug("the model's process has gone")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Hand the replies to whoever waits for them; at the end tell those who still do."""
        if process.stdout is None:
            return
        try:
            while line := await process.stdout.readline():
                reply = json.loads(line)
                waiting = self._waiting.get(reply["id"])
                if waiting is not None and not waiting.done():
                    waiting.set_result(reply)
        finally:
            await process.wait()
            if process.returncode and self._process is process:
                log.warning("the model's process ended with %d", process.returncode)
            if self._process is process or self._process is None:
                for waiting in self._waiting.values():
                    if not waiting.done():
                        waiting.set_exception(
                            ModelFailed("failed", "The language model's process ended before it had answered.")
                        )

    def _rest(self) -> None:
        """End the process in a while, unless it is asked again."""
        if self._waiting or self._process is None:
            return
        if self._idle is not None:
            self._idle.cancel()
        loop = asyncio.get_running_loop()
        self._idle = loop.call_later(IDLE, lambda: loop.create_task(self._close_if_idle()))

    async def _close_if_idle(self) -> None:
        if not self._waiting:
            await self.close()
