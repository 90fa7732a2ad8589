from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest

import bot.work.embedded as room
from bot.work import jobs as every_job
from bot.work.embedded import Embedded


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def jobs() -> AsyncIterator[Embedded]:
    """A runner that is stopped at the end."""
    one = Embedded(_now)
    yield one
    await one.stop(1.0)


class Counting:
    """A job that counts its runs; it may take long and may fail."""

    def __init__(self, takes: float = 0.0, error: Exception | None = None) -> None:
        self.begun = 0
        self.ended = 0
        self.takes = takes
        self.error = error
        self.most_at_once = 0

    async def __call__(self) -> None:
        """One run."""
        self.begun += 1
        self.most_at_once = max(self.most_at_once, self.begun - self.ended)
        try:
            await asyncio.sleep(self.takes)
            if self.error is not None:
                raise self.error
        finally:
            self.ended += 1


async def _until(true: Callable[[], object], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not true():  # noqa: ASYNC110 - the jobs set no event
            await asyncio.sleep(0.005)


async def test_a_job_runs_at_once_and_then_every_so_often(jobs: Embedded) -> None:
    """The first run comes at the start, further ones at their interval; before the start there is none."""
    job, rare = Counting(), Counting()
    jobs.every("tick", 0.1, job)
    jobs.every("rare", 60, rare)
    await asyncio.sleep(0.15)
    assert (job.begun, rare.begun) == (0, 0)
    await jobs.start()
    begun = asyncio.get_running_loop().time()
    await _until(lambda: job.begun >= 4)
    assert 0.2 <= asyncio.get_running_loop().time() - begun <= 2
    assert rare.begun == 1


async def test_the_first_run_can_come_later(jobs: Embedded) -> None:
    """first_in puts off the first run."""
    job = Counting()
    jobs.every("later", 60, job, first_in=0.3)
    await jobs.start()
    await asyncio.sleep(0.1)
    assert job.begun == 0
    await _until(lambda: job.begun == 1)


async def test_a_job_never_runs_beside_itself_and_missed_ticks_are_one(jobs: Embedded) -> None:
    """A job that takes longer than its interval is not started again meanwhile, nor run several times afterwards."""
    slow, quick = Counting(takes=0.3), Counting()
    jobs.every("slow", 0.02, slow)
    jobs.every("quick", 0.02, quick)
    await jobs.start()
    await _until(lambda: slow.begun == 3)
    assert slow.most_at_once == 1
    assert quick.begun > 6


async def test_a_job_that_fails_is_named_and_harms_no_other(jobs: Embedded, caplog: pytest.LogCaptureFixture) -> None:
    """The failure is logged with the job's name and told in the report; the job and the others run on."""
    bad, good = Counting(error=ValueError("no luck")), Counting()
    jobs.every("bad", 0.05, bad)
    jobs.every("good", 0.05, good)
    await jobs.start()
    await _until(lambda: bad.begun >= 3 and good.begun >= 3)
    assert "job bad failed" in caplog.text
    assert "job good failed" not in caplog.text
    report = jobs.report()
    assert report["bad"].last_error == "ValueError: no luck"
    assert report["bad"].last_success is None
    assert report["good"].last_error == ""
    assert report["good"].last_success is not None


async def test_a_job_that_comes_seldom_and_fails_runs_again_soon(
    jobs: Embedded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It need not wait for hours to show that all is well again; one that went well, or was planned once, keeps its time."""
    monkeypatch.setattr(every_job, "AGAIN", 0.1)
    bad, good, once = Counting(error=ValueError("no luck")), Counting(), Counting(error=ValueError("no luck"))
    jobs.every("bad", 3600, bad)
    jobs.every("good", 3600, good)
    jobs.once_at("once", _now(), once)
    await jobs.start()
    await _until(lambda: bad.begun >= 2)
    bad.error = None
    await _until(lambda: not jobs.report()["bad"].last_error)
    begun = bad.begun
    await asyncio.sleep(0.3)
    assert (bad.begun, good.begun, once.begun) == (begun, 1, 1)


async def test_the_report_tells_how_each_job_fares() -> None:
    """Runs, beginning, end and success are told in the caller's own time; a job that has not run has none."""
    clock = [datetime(2026, 2, 18, 8, tzinfo=UTC)]
    jobs = Embedded(lambda: clock[0])
    job = Counting(takes=0.1)
    jobs.every("job", 60, job)
    jobs.every("never", 60, job, first_in=50)
    await jobs.start()
    await _until(lambda: jobs.report()["job"].running)
    clock[0] += timedelta(minutes=3)
    await _until(lambda: job.ended)
    await asyncio.sleep(0.01)
    report = jobs.report()
    assert (report["job"].runs, report["job"].running) == (1, False)
    assert report["job"].last_started == datetime(2026, 2, 18, 8, tzinfo=UTC)
    assert report["job"].last_finished == report["job"].last_success == datetime(2026, 2, 18, 8, 3, tzinfo=UTC)
    assert report["never"].last_started is None
    await jobs.stop()


async def test_a_nudge_runs_a_job_now(jobs: Embedded) -> None:
    """A job that would only come in a minute runs when it is nudged."""
    job = Counting()
    jobs.every("mail", 60, job, first_in=60)
    await jobs.start()
    jobs.nudge("mail")
    await _until(lambda: job.ended == 1)


async def test_nudges_during_a_run_bring_one_more(jobs: Embedded) -> None:
    """What was announced while the job ran is not missed, and ten nudges are no more than one."""
    job = Counting(takes=0.1)
    jobs.every("mail", 60, job)
    await jobs.start()
    await _until(lambda: job.begun == 1)
    for _ in range(10):
        jobs.nudge("mail")
    await _until(lambda: job.ended == 2)
    await asyncio.sleep(0.15)
    assert job.begun == 2
    assert job.most_at_once == 1


async def test_a_nudge_before_the_start_counts(jobs: Embedded) -> None:
    """A nudge that comes too early is kept until the start."""
    job = Counting()
    jobs.every("mail", 60, job, first_in=60)
    jobs.nudge("mail")
    await asyncio.sleep(0.05)
    assert job.begun == 0
    await jobs.start()
    await _until(lambda: job.ended == 1)


async def test_nudging_what_is_not_there_is_a_mistake(jobs: Embedded) -> None:
    """A misspelt name is told."""
    with pytest.raises(KeyError):
        jobs.nudge("nothing")


async def test_a_job_can_be_planned_for_one_moment() -> None:
    """once_at goes by the given clock, even when that is another day's, and a new plan replaces the old."""
    there = datetime(2026, 2, 18, 8, tzinfo=UTC)
    offset = there - _now()
    jobs = Embedded(lambda: _now() + offset)
    first, second, past = Counting(), Counting(), Counting()
    jobs.once_at("one", there + timedelta(seconds=0.3), first)
    jobs.once_at("one", there + timedelta(seconds=0.4), second)
    jobs.once_at("past", there - timedelta(days=3), past)
    await jobs.start()
    await _until(lambda: past.ended == 1)
    assert second.begun == 0
    await _until(lambda: second.ended == 1)
    assert first.begun == 0
    await asyncio.sleep(0.1)
    assert (second.begun, past.begun) == (1, 1)
    await jobs.stop()


async def test_stopping_waits_for_what_runs() -> None:
    """A job in the middle comes to its end; nothing begins any more, nudged or not."""
    jobs = Embedded(_now)
    job = Counting(takes=0.3)
    jobs.every("slow", 0.01, job)
    await jobs.start()
    await _until(lambda: job.begun == 1)
    jobs.nudge("slow")
    await jobs.stop(5)
    assert (job.begun, job.ended) == (1, 1)
    jobs.nudge("slow")
    await asyncio.sleep(0.05)
    assert job.begun == 1
    await jobs.stop()


async def test_stopping_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """What does not end in time is cancelled, by name."""
    jobs = Embedded(_now)
    endless, other = Counting(takes=3600), Counting()
    jobs.every("endless", 60, endless)
    jobs.every("other", 60, other)
    await jobs.start()
    await _until(lambda: endless.begun == 1)
    await asyncio.wait_for(jobs.stop(0.1), 2)
    assert endless.ended == 1
    assert "job endless is cancelled" in caplog.text
    assert jobs.report()["endless"].last_error == "cancelled"


async def test_intervals_survive_a_clock_that_is_set_back(
    jobs: Embedded, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """When the system's clock is set back by an hour, jobs go on at their interval instead of an hour later."""
    monkeypatch.setattr(room, "LOOK_AROUND", 0.1)
    caplog.set_level(logging.WARNING)
    job = Counting()
    jobs.every("tick", 0.1, job)
    await jobs.start()
    await _until(lambda: job.begun >= 2)
    back = timedelta(hours=1)

    class SetBack(datetime):
        """The system's clock after somebody set it."""

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override] # a plain datetime will do
            """An hour ago."""
            return datetime.now(UTC) - back

    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SetBack)
    monkeypatch.setattr(room, "_system_now", SetBack.now)
    begun = job.begun
    await _until(lambda: job.begun >= begun + 4, within=3)
    assert "clock was set by -3600 s" in caplog.text


async def test_numbers_are_spread_two_at_a_time(jobs: Embedded, caplog: pytest.LogCaptureFixture) -> None:
    """Each number once, in their order, never more than two at once; one that fails is named and stops no other."""
    begun: list[int] = []
    now, most = 0, 0

    async def serve(number: int) -> None:
        nonlocal now, most
        begun.append(number)
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1
        if number == 2:
            raise ValueError("broken")

    jobs.numbered("serve", serve)
    await jobs.spread("serve", [3, 2, 3, 5, 4, 2])
    assert begun == [3, 2, 5, 4]
    assert most == 2
    assert "job serve failed for 2" in caplog.text
