"""Jobs in several programs: each runs in one of them, wherever it was asked for, and what dies is taken over."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.work import distributed
from bot.work import jobs as every_job
from bot.work.distributed import Distributed
from bot.work.jobs import Job
from storage import engines, leading
from tests.support.movable_clock import MovableClock

EITHER = {"ticks": True, "works": True}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at now and then is looked at often."""
    monkeypatch.setattr(leading, "LOOK_AGAIN", 0.05)
    monkeypatch.setattr(distributed, "TIDY", 0.1)
    monkeypatch.setattr(distributed, "SIGN_OF_LIFE", 0.2)
    monkeypatch.setattr(distributed, "SURELY_DEAD", 1.0)
    monkeypatch.setattr(distributed, "LOOK_FOR_JOBS", 0.2)


async def until(holds: Callable[[], bool], within: float = 20.0) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for happens behind a server
            await asyncio.sleep(0.02)


def part(url: str, *, ticks: bool, works: bool) -> Distributed:
    """A program's part in the work."""
    return Distributed(url, lambda: datetime.now(UTC), ticks=ticks, works=works)


@asynccontextmanager
async def started(*parts: Distributed) -> AsyncIterator[None]:
    """All of them take part while inside."""
    for one in parts:
        await one.start()
    try:
        yield
    finally:
        await asyncio.gather(*(one.stop() for one in parts))


async def test_a_job_runs_in_time_in_one_program_at_a_time(postgres_url: str) -> None:
    """Two programs that both tick and work run a job one after the other, again and again, and both queues are made."""
    inside, most, runs = 0, 0, 0

    async def job() -> None:
        nonlocal inside, most, runs
        inside += 1
        most = max(most, inside)
        await asyncio.sleep(0.05)
        inside -= 1
        runs += 1

    parts = [part(postgres_url, **EITHER) for _ in range(2)]
    for one in parts:
        one.every("listings", 0.05, job)
    async with started(*parts):
        await until(lambda: runs >= 4)
    assert most == 1
    assert sum(one.report()["listings"].runs for one in parts) >= 4


async def test_a_nudge_reaches_a_worker_elsewhere(postgres_url: str) -> None:
    """A program that only answers people has its job run by another one; without a worker it waits."""
    done: list[str] = []

    async def here() -> None:
        done.append("here")

    async def there() -> None:
        done.append("there")

    asking, working = part(postgres_url, ticks=False, works=False), part(postgres_url, ticks=False, works=True)
    asking.every("listings", 3600.0, here)
    working.every("listings", 3600.0, there)
    async with started(asking):
        asking.nudge("listings")
        await asyncio.sleep(0.3)
        assert done == []
        async with started(working):
            await until(lambda: done == ["there"])
    with pytest.raises(KeyError):
        asking.nudge("unknown")


async def test_numbers_are_spread_once_each(postgres_url: str) -> None:
    """Each number runs once, whichever program takes it, and one that waits is not added again."""
    ran: list[int] = []

    async def serve(number: int) -> None:
        await asyncio.sleep(0.01)
        ran.append(number)

    asking = part(postgres_url, ticks=False, works=False)
    workers = [part(postgres_url, ticks=False, works=True) for _ in range(2)]
    for one in (asking, *workers):
        one.numbered("serve", serve)
    async with started(asking):
        await asking.spread("serve", [3, 1, 2, 3])
        await asking.spread("serve", range(1, 5))
        async with started(*workers):
            await until(lambda: len(ran) >= 4)
            await asyncio.sleep(0.3)
    assert sorted(ran) == [1, 2, 3, 4]


async def test_what_runs_alone_runs_in_one_program(postgres_url: str) -> None:
    """The worker that leads does it again and again; when it stops, another one goes on; a nudge makes it come sooner."""
    ran: list[str] = []

    def noting(name: str) -> Callable[[], object]:
        async def job() -> None:
            await asyncio.sleep(0)
            ran.append(name)

        return job

    first, second = (part(postgres_url, ticks=False, works=True) for _ in range(2))
    first.alone("mail", 3600.0, noting("first"))  # type: ignore[arg-type] # a coroutine function
    second.alone("mail", 0.05, noting("second"))  # type: ignore[arg-type] # likewise
    async with started(second):
        async with started(first):
            await until(lambda: ran == ["first"] or ran.count("second") > 2)
            leader = ran[0]
            first.nudge("mail")
            await until(lambda: len(ran) >= 2)
            assert set(ran) == {leader}
        await until(lambda: ran[-1] == "second")


async def test_it_is_sure_who_runs_alone(postgres_url: str) -> None:
    """Inside its job the program that leads is sure of it at once; the other one waits until the lead is its own."""
    ran: list[str] = []
    parts = {name: part(postgres_url, ticks=False, works=True) for name in ("first", "second")}

    def sure(name: str) -> Job:
        async def job() -> None:
            await asyncio.wait_for(parts[name].surely_alone(), 1)
            ran.append(name)

        return job

    for name, one in parts.items():
        one.alone("mail", 0.05, sure(name))
    async with started(*parts.values()):
        await until(lambda: len(ran) >= 2)
        (leader,) = set(ran)
        (other,) = set(parts) - {leader}
        waiting = asyncio.create_task(parts[other].surely_alone())
        await asyncio.sleep(0.3)
        assert not waiting.done()
        await parts[leader].stop()
        await asyncio.wait_for(waiting, 20)
    assert all(not one.report()["mail"].last_error for one in parts.values() if one is not parts[leader])


async def test_what_ends_with_the_lead_is_no_failure(postgres_url: str) -> None:
    """Whoever loses the lead in the middle of its job is not ill from then on: the job is another one's."""
    begun: list[str] = []
    parts = {name: part(postgres_url, ticks=False, works=True) for name in ("first", "second")}

    def long(name: str) -> Job:
        async def job() -> None:
            begun.append(name)
            if len(begun) == 1:
                raise RuntimeError("no luck")
            await asyncio.sleep(60)

        return job

    for name, one in parts.items():
        one.alone("mail", 0.05, long(name))
    async with started(*parts.values()):
        await until(lambda: len(begun) == 2)
        engine = engines.plain(make_url(postgres_url))
        async with engine.begin() as conn:
            await conn.execute(text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"))
        await engine.dispose()
        await until(lambda: len(begun) == 3)
        assert [one.report()["mail"].last_error for one in parts.values()] == ["", ""]


async def test_a_failure_is_forgotten_once_others_may_have_made_up_for_it(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job that comes seldom and fails runs again soon, somewhere; where it failed that is not told for ever."""
    monkeypatch.setattr(every_job, "AGAIN", 0.1)
    failed: list[str] = []
    clock = MovableClock()
    parts = {name: Distributed(postgres_url, clock, ticks=True, works=True) for name in ("first", "second")}

    def job_of(name: str) -> Job:
        async def job() -> None:
            if not failed:
                failed.append(name)
                raise RuntimeError("no luck")

        return job

    for name, one in parts.items():
        one.every("heat", 3600, job_of(name))
    async with started(*parts.values()):
        await until(lambda: sum(one.report()["heat"].runs for one in parts.values()) == 2)
        clock.advance(seconds=distributed.FORGOTTEN + 1)
        assert not any(one.report()["heat"].last_error for one in parts.values())


async def test_a_job_that_fails_is_told_and_runs_again(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Its report says why, the other jobs go on, and nothing of it stays in the queue."""
    tries = 0

    async def bad() -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        raise RuntimeError("no luck")

    one = part(postgres_url, **EITHER)
    one.every("bad", 0.1, bad)
    async with started(one):
        await until(lambda: tries >= 2)
        await until(lambda: bool(one.report()["bad"].last_error))
    assert one.report()["bad"].last_error == "RuntimeError: no luck"
    assert "job bad failed" in caplog.text
    engine = engines.plain(make_url(postgres_url))
    async with engine.begin() as conn:
        kept = await conn.scalar(text("SELECT count(*) FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing')"))
    await engine.dispose()
    assert kept == 0


def _work_until_killed(url: str, begun: Event, note: str) -> None:
    async def run() -> None:
        async def hang() -> None:
            begun.set()
            with Path(note).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - a line in a test
                file.write("begun\n")
            await asyncio.sleep(60)

        one = part(url, ticks=False, works=True)
        distributed.SIGN_OF_LIFE = 0.2
        one.every("listings", 3600.0, hang)
        await one.start()
        one.nudge("listings")
        await asyncio.sleep(60)

    asyncio.run(run())


async def test_a_killed_workers_job_is_run_by_another(postgres_url: str, tmp_path: Path) -> None:
    """Kill -9 in the middle of a job: without a sign of life the job is given to who lives."""
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    other = context.Process(target=_work_until_killed, args=(postgres_url, begun, str(tmp_path / "note")))
    other.start()
    assert await asyncio.to_thread(begun.wait, 60)
    os.kill(other.pid or 0, signal.SIGKILL)
    other.join()
    ran = asyncio.Event()

    async def job() -> None:
        ran.set()

    one = part(postgres_url, **EITHER)
    one.every("listings", 3600.0, job, first_in=3600.0)
    async with started(one):
        await asyncio.wait_for(ran.wait(), 20)
