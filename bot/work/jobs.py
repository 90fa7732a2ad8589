"""What the program asks of whatever runs its jobs: in one process (`embedded`) or in several (`distributed`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Job = Callable[[], Awaitable[object]]
NumberedJob = Callable[[int], Awaitable[object]]

AGAIN = 60.0
"""Seconds after which a job that failed runs again, where its next time would come later."""


@dataclass(frozen=True, slots=True)
class JobReport:
    """How a job has fared. `last_error` is "" when its last run went well; `last_success` is when one last did."""

    runs: int = 0
    running: bool = False
    last_started: datetime | None = None
    last_finished: datetime | None = None
    last_success: datetime | None = None
    last_error: str = ""


class Jobs(Protocol):
    """Named jobs, each registered once under its name before `start`. A job never runs beside itself, wherever it runs;
    one that raises is logged and runs again at its next time, or after `AGAIN` seconds where that is earlier."""

    def every(self, name: str, seconds: float, job: Job, *, first_in: float = 0.0) -> None:
        """Run `job` every so many seconds, somewhere."""

    def alone(self, name: str, seconds: float, job: Job) -> None:
        """Run `job` every so many seconds, always in the same program until that ends."""

    def numbered(self, name: str, job: NumberedJob) -> None:
        """Have `job` ready for `spread`."""

    async def spread(self, name: str, numbers: Iterable[int]) -> None:
        """Run the numbered job `name` once for each number, somewhere; a number that waits already is not added."""

    def nudge(self, name: str) -> None:
        """Run that job as soon as it is not running."""

    async def surely_alone(self) -> None:
        """Return when it is sure that what runs alone runs here, and in no other program."""

    async def start(self) -> None:
        """Begin to run jobs."""

    async def stop(self, limit: float = 8.0) -> None:
        """Begin nothing more, and give what runs `limit` seconds."""

    async def waiting(self) -> int:
        """How many jobs wait for a free hand, in all programs together."""

    def report(self) -> Mapping[str, JobReport]:
        """How every job has fared in this program, by name."""
