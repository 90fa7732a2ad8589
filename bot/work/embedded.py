"""Jobs in one process: APScheduler tells the time, this file sees to it that a job never runs beside itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.work import jobs
from bot.work.jobs import Job, JobReport, NumberedJob

log = logging.getLogger(__name__)

LOOK_AROUND = 30.0
"""Seconds between two looks at whether somebody has set the system's clock."""

AT_ONCE = 2
"""Numbered jobs that run at once: while one is ranked in a thread, another is read, laid out or written."""

NOTICEABLE = 5.0
"""By how many seconds the clock must have been set to matter."""


class Embedded:
    """Runs named jobs on the loop it is started on.

    Ticks that come while the job still runs are dropped; a nudge that comes then makes it run once more afterwards. A job
    that raises is logged by name and runs again at its next tick, or after `jobs.AGAIN` seconds where that is earlier; the
    others notice nothing.

    `clock` says what time it is, for the reports and for `once_at`; it may be another time than the system's.
    """

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        # What is late runs all the same, and what was missed several times runs once.
        defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
        self._jobs: dict[str, Job] = {}
        self._numbered: dict[str, NumberedJob] = {}
        self._reports: dict[str, JobReport] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._open = False
        self._watch: asyncio.Task[None] | None = None

    def every(self, name: str, seconds: float, job: Job, *, first_in: float = 0.0) -> None:
        """Run `job` every so many seconds, the first time `first_in` seconds from now, or at the start if that is later."""
        self._add(name, job)
        first = _system_now() + timedelta(seconds=first_in)
        self._scheduler.add_job(
            self._tick, "interval", (name,), id=name, seconds=seconds, next_run_time=first, replace_existing=True
        )

    def alone(self, name: str, seconds: float, job: Job) -> None:
        """As `every`: here each job runs in the one program there is."""
        self.every(name, seconds, job)

    def numbered(self, name: str, job: NumberedJob) -> None:
        """Have `job` ready for `spread`."""
        self._numbered[name] = job

    async def spread(self, name: str, numbers: Iterable[int]) -> None:
        """Run the numbered job for each number, in their order, `AT_ONCE` at a time; a number whose run fails is logged,
        and the others notice nothing.

        Raises:
            KeyError: there is no such job.
        """
        job = self._numbered[name]
        waiting = iter(dict.fromkeys(numbers))

        async def work() -> None:
            for number in waiting:
                try:
                    await job(number)
                except Exception:
                    log.exception("job %s failed for %d", name, number)

        async with asyncio.TaskGroup() as workers:
            for _ in range(AT_ONCE):
                workers.create_task(work())

    def once_at(self, name: str, moment: datetime, job: Job) -> None:
        """Run `job` once at `moment` (of `clock`), at once if that is past; a plan of the same name is replaced."""
        self._add(name, job)
        at = _system_now() + (moment - self._clock())
        self._scheduler.add_job(self._tick, "date", (name,), id=name, run_date=at, replace_existing=True)

    def nudge(self, name: str) -> None:
        """Run that job as soon as it is not running: at once, or after its present run. Before `start`: at the start.

        Raises:
            KeyError: there is no such job.
        """
        if name not in self._jobs:
            raise KeyError(name)
        if not self._open or name in self._running:
            self._again.add(name)
        else:
            self._begin(name)

    async def surely_alone(self) -> None:
        """At once: there is no other program."""

    async def start(self) -> None:
        """Begin to run jobs."""
        self._open = True
        self._scheduler.start()
        self._watch = asyncio.create_task(self._watch_clock(), name="clock watch")
        for name in sorted(self._again):
            self._begin(name)

    async def stop(self, limit: float = 8.0) -> None:
        """Begin nothing more, wait for running jobs up to `limit` seconds, then cancel them; harmless when stopped."""
        if not self._open:
            return
        self._open = False
        self._again.clear()
        self._scheduler.shutdown(wait=False)
        running = list(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=limit)
            for task in late:
                log.warning("%s is cancelled: it did not end within %.0f s", task.get_name(), limit)
                task.cancel()
            await asyncio.wait(running)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait((self._watch,))
        await asyncio.sleep(0)  # the scheduler takes itself down in the next round of the loop

    async def waiting(self) -> int:
        """How many jobs are to run again as soon as they have ended."""
        return len(self._again)

    def report(self) -> dict[str, JobReport]:
        """How every job has fared, by name."""
        return {name: replace(one, running=name in self._running) for name, one in self._reports.items()}

    def _add(self, name: str, job: Job) -> None:
        self._jobs[name] = job
        self._reports.setdefault(name, JobReport())

    async def _tick(self, name: str) -> None:
        """The scheduler's call: only begins the job, so that the scheduler itself never sees one overlap."""
        if self._open and name not in self._running:
            self._begin(name)

    def _begin(self, name: str) -> None:
        self._again.discard(name)
        self._running[name] = asyncio.create_task(self._run(name), name=f"job {name}")

    async def _run(self, name: str) -> None:
        report = self._reports[name]
        self._reports[name] = report = replace(report, runs=report.runs + 1, last_started=self._clock())
        try:
            await self._jobs[name]()
        except asyncio.CancelledError:
            self._reports[name] = replace(report, last_finished=self._clock(), last_error="cancelled")
            raise
        except Exception as error:
            log.exception("job %s failed", name)
            told = f"{type(error).__name__}: {error}"
            self._reports[name] = replace(report, last_finished=self._clock(), last_error=told)
            self._run_again(name)
        else:
            now = self._clock()
            self._reports[name] = replace(report, last_finished=now, last_success=now, last_error="")
        finally:
            del self._running[name]
        if name in self._again and self._open:
            self._begin(name)

    def _run_again(self, name: str) -> None:
        """Let the next tick of a job that failed come soon; what it failed for may be over then."""
        soon = _system_now() + timedelta(seconds=jobs.AGAIN)
        planned = self._scheduler.get_job(name) if self._open else None
        if planned is not None and planned.next_run_time > soon:
            planned.modify(next_run_time=soon)

    async def _watch_clock(self) -> None:
        """Move the plans along when somebody sets the system's clock: intervals are about time that has passed, and set
        back by an hour the scheduler would do nothing for one."""
        loop = asyncio.get_running_loop()
        offset = _system_now().timestamp() - loop.time()
        while True:
            await asyncio.sleep(LOOK_AROUND)
            jump = _system_now().timestamp() - loop.time() - offset
            if abs(jump) >= NOTICEABLE:
                log.warning("the system's clock was set by %.0f s; the plans move along", jump)
                offset += jump
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=job.next_run_time + timedelta(seconds=jump))


def _system_now() -> datetime:
    """The scheduler's own time."""
    return datetime.now(UTC)
