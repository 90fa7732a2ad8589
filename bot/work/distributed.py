"""Jobs in several programs on several machines: PostgreSQL holds the queue, procrastinate runs it.

A program takes part as a *clock* (one of them leads and puts jobs into the queue when their time comes), as a *worker*
(takes jobs out of it; one of the workers leads and does what must stay in one place), or as both. Whatever dies or
hangs, its place is taken within half a minute: leads are locks of connections that must not fall silent, and jobs of
workers without a sign of life are given to others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import procrastinate
from procrastinate.exceptions import AlreadyEnqueued, ProcrastinateException
from procrastinate.jobs import Status

from bot.errors import DatabaseBroken
from bot.work import jobs
from bot.work.jobs import Job, JobReport, NumberedJob
from storage.address import libpq, parse, place_of
from storage.engines import program_name
from storage.leading import Lead, lead

log = logging.getLogger(__name__)

AT_ONCE = 4
"""How many jobs a worker runs at once; what they do is mostly waiting for arXiv, a model or the database."""

SIGN_OF_LIFE = 5.0
SURELY_DEAD = 20.0
"""Seconds between a worker's signs of life, and without one until its jobs are given to others."""

TIDY = 5.0
"""Seconds between two looks at what dead workers have left."""

LOOK_FOR_JOBS = 5.0
"""Seconds between two looks at the queue where the server's notice of a new job got lost."""

FORGOTTEN = 600.0
"""Seconds after which the failure of a job here says nothing any more: other programs may have run it since."""


@dataclass(frozen=True, slots=True)
class _Timed:
    seconds: float
    first_in: float = 0.0


class Distributed:
    """Runs named jobs together with other programs on the same PostgreSQL database.

    Args:
        url: the database.
        clock: the time, for the reports.
        ticks: whether this program may lead in putting jobs into the queue.
        works: whether it takes jobs out of it.
    """

    def __init__(self, url: str, clock: Callable[[], datetime], *, ticks: bool, works: bool) -> None:
        self._url = url
        self._clock = clock
        self._ticks = ticks
        self._works = works
        self._jobs: dict[str, Job | NumberedJob] = {}
        self._timed: dict[str, _Timed] = {}
        self._alone: dict[str, _Timed] = {}
        self._nudged: dict[str, asyncio.Event] = {}
        self._lead = Lead()
        self._reports: dict[str, JobReport] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._deferring: set[asyncio.Task[None]] = set()
        self._queue = procrastinate.App(
            connector=procrastinate.PsycopgConnector(
                conninfo=libpq(url), min_size=1, max_size=AT_ONCE + 4, kwargs={"application_name": program_name()}
            )
        )
        self._open = False

    # ------------------------------------------------------------------ what there is to do

    def every(self, name: str, seconds: float, job: Job, *, first_in: float = 0.0) -> None:
        """Put `job` into the queue every so many seconds, the first time `first_in` seconds after taking the lead."""
        self._add(name, job)
        self._timed[name] = _Timed(seconds, first_in)

    def alone(self, name: str, seconds: float, job: Job) -> None:
        """Run `job` every so many seconds in the worker that leads, past the queue."""
        self._jobs[name] = job
        self._reports.setdefault(name, JobReport())
        self._alone[name] = _Timed(seconds)
        self._nudged[name] = asyncio.Event()

    def numbered(self, name: str, job: NumberedJob) -> None:
        """Have `job` ready for `spread`, in every worker."""
        self._add(name, job)

    async def spread(self, name: str, numbers: Iterable[int]) -> None:
        """Put the numbered job into the queue for each number; one that waits there already is not added."""
        for number in dict.fromkeys(numbers):
            await self._defer(name, number)

    def nudge(self, name: str) -> None:
        """Put that job into the queue now, where it does not wait already; one that runs alone runs at once if this
        program leads in it, else at its next time.

        Raises:
            KeyError: there is no such job.
        """
        if name in self._nudged:
            self._nudged[name].set()
            return
        if name not in self._jobs:
            raise KeyError(name)
        if self._open:
            task = asyncio.create_task(self._defer(name), name=f"nudge {name}")
            self._deferring.add(task)
            task.add_done_callback(self._deferring.discard)

    async def surely_alone(self) -> None:
        """Return when this program surely leads in what runs alone. One that was stopped for a while does not know it
        until the server answers again; where another one has taken over meanwhile, what waits here is cancelled."""
        await self._lead.sure()

    async def waiting(self) -> int:
        """How many jobs wait in the queue.

        Raises:
            DatabaseBroken: it cannot be read.
        """
        try:
            queues = await self._queue.job_manager.list_queues_async(status=Status.TODO.value)
        except ProcrastinateException as error:
            raise self._unusable(error) from error
        return sum(int(queue["todo"]) for queue in queues)

    def report(self) -> dict[str, JobReport]:
        """How every job has fared in this program, by name. A failure is told for `FORGOTTEN` seconds."""
        told_since = self._clock() - timedelta(seconds=FORGOTTEN)
        return {
            name: one if one.last_finished is None or one.last_finished >= told_since else replace(one, last_error="")
            for name, one in self._reports.items()
        }

    # ------------------------------------------------------------------ running

    async def start(self) -> None:
        """Open the queue, made on first sight, and take part.

        Raises:
            DatabaseBroken: it cannot be opened.
        """
        try:
            await self._queue.open_async()
            if not await self._queue.check_connection_async():
                await self._make_queue()
        except ProcrastinateException as error:
            raise self._unusable(error) from error
        self._open = True
        if self._ticks:
            self._tasks.append(asyncio.create_task(lead(self._url, "clock", self._tick), name="clock"))
        if self._works:
            self._tasks.append(asyncio.create_task(self._work(), name="worker"))
            if self._alone:
                self._tasks.append(asyncio.create_task(self._lead_alone(), name="sender"))

    def _unusable(self, error: ProcrastinateException) -> DatabaseBroken:
        return DatabaseBroken(place_of(parse(self._url)), f"its queue of jobs cannot be used ({error})")

    async def _make_queue(self) -> None:
        """Make the queue's tables; another program may do so at this very moment."""
        try:
            await self._queue.schema_manager.apply_schema_async()
        except ProcrastinateException:
            if not await self._queue.check_connection_async():
                raise

    async def stop(self, limit: float = 8.0) -> None:
        """Begin nothing more, and give what runs `limit` seconds; harmless when stopped."""
        if not self._open:
            return
        self._open = False
        running = [*self._tasks, *self._deferring]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=limit + SIGN_OF_LIFE)
        with suppress(ProcrastinateException):
            await self._queue.close_async()

    async def _tick(self) -> None:
        """What the leading clock does: each job by its own time, and the dead workers' jobs to the living."""
        async with asyncio.TaskGroup() as group:
            for name, timed in self._timed.items():
                group.create_task(self._tick_one(name, timed))
            group.create_task(self._tidy())

    async def _tick_one(self, name: str, timed: _Timed) -> None:
        await asyncio.sleep(timed.first_in)
        while True:
            await self._defer(name)
            await asyncio.sleep(timed.seconds)

    async def _tidy(self) -> None:
        manager = self._queue.job_manager
        while True:
            try:
                for job in await manager.get_stalled_jobs(seconds_since_heartbeat=SURELY_DEAD):
                    await self._give_to_others(job)
                await manager.prune_stalled_workers(SURELY_DEAD)
            except ProcrastinateException as error:
                log.warning("the queue could not be tidied: %s", error)
            await asyncio.sleep(TIDY)

    async def _give_to_others(self, job: Any) -> None:
        """Let a job of a worker that is gone run again; where the same job waits already, that one will do."""
        log.info("job %s of a worker that is gone runs again", job.task_name)
        manager = self._queue.job_manager
        try:
            await manager.retry_job(job, retry_at=datetime.now(UTC))
        except ProcrastinateException:
            await manager.finish_job(job, Status.FAILED, delete_job=True)

    async def _work(self) -> None:
        """Take jobs out of the queue, also after the database was away."""
        while self._open:  # the worker makes an ordinary end of being cancelled
            try:
                await self._queue.run_worker_async(
                    concurrency=AT_ONCE,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    fetch_job_polling_interval=LOOK_FOR_JOBS,
                    update_heartbeat_interval=SIGN_OF_LIFE,
                    stalled_worker_timeout=SURELY_DEAD,
                    shutdown_graceful_timeout=8.0,
                )
            except ProcrastinateException as error:
                log.warning("no jobs can be taken: %s", error)
            await asyncio.sleep(1.0)

    async def _lead_alone(self) -> None:
        await lead(self._url, "sender", self._work_alone, held=self._lead)

    async def _work_alone(self) -> None:
        async with asyncio.TaskGroup() as group:
            for name, timed in self._alone.items():
                group.create_task(self._repeat(name, timed))

    async def _repeat(self, name: str, timed: _Timed) -> None:
        job = self._jobs[name]
        nudged = self._nudged[name]
        while True:
            nudged.clear()
            await self._run(name, job)
            with suppress(TimeoutError):
                async with asyncio.timeout(timed.seconds):
                    await nudged.wait()

    # ------------------------------------------------------------------ one run

    def _add(self, name: str, job: Job | NumberedJob) -> None:
        self._jobs[name] = job
        self._reports.setdefault(name, JobReport())

        async def run(number: int | None = None) -> None:
            await self._run(name, job, number)

        self._queue.task(name=name, queue="paperboy")(run)

    async def _run(self, name: str, job: Callable[..., Awaitable[object]], number: int | None = None) -> None:
        report = self._reports[name]
        self._reports[name] = report = replace(report, runs=report.runs + 1, running=True, last_started=self._clock())
        try:
            await (job() if number is None else job(number))
        except asyncio.CancelledError:
            # It ends here with the lead, or with the program, and is another one's from now on.
            self._reports[name] = replace(report, running=False, last_finished=self._clock(), last_error="")
            raise
        except Exception as error:
            log.exception("job %s failed", name)
            told = f"{type(error).__name__}: {error}"
            self._reports[name] = replace(report, running=False, last_finished=self._clock(), last_error=told)
            if name in self._timed and self._timed[name].seconds > jobs.AGAIN:
                asyncio.get_running_loop().call_later(jobs.AGAIN, self.nudge, name)
        else:
            now = self._clock()
            self._reports[name] = replace(report, running=False, last_finished=now, last_success=now, last_error="")

    async def _defer(self, name: str, number: int | None = None) -> None:
        """Put a job into the queue; the server refuses one that waits there already."""
        key = name if number is None else f"{name}:{number}"
        task = self._queue.tasks[name].configure(lock=key, queueing_lock=key)
        try:
            await (task.defer_async() if number is None else task.defer_async(number=number))
        except AlreadyEnqueued:
            pass
        except ProcrastinateException as error:
            log.warning("job %s could not be put into the queue: %s", key, error)
