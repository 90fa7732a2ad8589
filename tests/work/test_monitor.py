"""Watching over the bot: health tells the truth, metrics are what Prometheus reads, and nothing else is answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.chat.outcome import Outcome
from bot.errors import BadSetting, DatabaseBroken
from bot.model import ChatKind, ListingState
from bot.status import Measures, ModelUse, Status
from bot.work import gauges
from bot.work.jobs import JobReport
from bot.work.monitor import Sample, monitored
from storage import cards, chats, deliveries, digests, listings
from storage.database import Database
from storage.model_calls import Spent
from tests.support import builders
from tests.support.movable_clock import MovableClock


async def samples() -> list[Sample]:
    """Two of one name and one of another."""
    await asyncio.sleep(0)
    return [
        Sample("messages", "Messages.", 3, {"state": "planned"}),
        Sample("messages", "Messages.", 1, {"state": "failed"}),
        Sample("sends", "Sends.", 7, counts=True),
    ]


async def broken() -> list[Sample]:
    """A database that does not answer."""
    await asyncio.sleep(0)
    raise DatabaseBroken("paperboy.db", "the disk cannot be read or written")


async def well() -> list[str]:
    """Nothing is wrong."""
    await asyncio.sleep(0)
    return []


@asynccontextmanager
async def asking(
    measure: Callable[[], Awaitable[list[Sample]]] = samples, ills: Sequence[str] = ()
) -> AsyncIterator[Callable[..., Awaitable[tuple[int, str]]]]:
    """Asks a monitor on a free port for a path; → status and body."""

    async def problems() -> Sequence[str]:
        if measure is broken:
            await broken()
        return ills

    async with monitored("127.0.0.1", 0, measure, problems) as port, aiohttp.ClientSession() as session:

        async def ask(path: str, method: str = "GET") -> tuple[int, str]:
            async with session.request(method, f"http://127.0.0.1:{port}{path}") as answer:
                return answer.status, await answer.text()

        yield ask


def values(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """Every number by its name and its labels' values, read by Prometheus' own parser."""
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_metrics_are_what_prometheus_reads() -> None:
    """Each sample with its labels, counters with `_total`, the process' own numbers, and that the database answers."""
    async with asking() as ask:
        status, text = await ask("/metrics")
    found = values(text)
    assert status == 200
    assert found["paperboy_messages", ("planned",)] == 3
    assert found["paperboy_messages", ("failed",)] == 1
    assert found["paperboy_sends_total", ()] == 7
    assert found["paperboy_database_up", ()] == 1
    assert found["process_resident_memory_bytes", ()] > 0


async def test_health_tells_what_is_wrong() -> None:
    """200 while all is well; 503 with the sentences otherwise, and when the database does not answer."""
    async with asking() as ask:
        assert await ask("/health") == (200, '{"status": "ok", "problems": []}')
    async with asking(ills=["The job mail fails: X."]) as ask:
        assert await ask("/health") == (503, '{"status": "ill", "problems": ["The job mail fails: X."]}')
    async with asking(broken) as ask:
        status, text = await ask("/health")
        assert (status, "the disk cannot be read" in text) == (503, True)
        status, text = await ask("/metrics")
        assert (status, values(text)["paperboy_database_up", ()]) == (200, 0)


@pytest.mark.parametrize(("path", "method"), [("/", "GET"), ("/metrics", "POST"), ("/health", "DELETE")])
async def test_nothing_else_is_answered(path: str, method: str) -> None:
    """No other page, and nothing that could change anything."""
    async with asking() as ask:
        status, _ = await ask(path, method)
    assert status in (404, 405)


async def test_a_port_that_is_taken_is_a_wrong_setting() -> None:
    """The sentence names the setting and the address."""
    async with monitored("127.0.0.1", 0, samples, well) as port:
        with pytest.raises(BadSetting, match=f"METRICS_PORT.*127.0.0.1:{port}"):
            async with monitored("127.0.0.1", port, samples, well):
                pass


async def test_the_state_is_measured(db: Database) -> None:
    """Messages by state, the lag of whoever waits longest, listings by state, cards by analyst."""
    clock = MovableClock()
    async with db.begin() as conn:
        await listings.save_poll(conn, builders.poll("cs.LG"))
        await listings.save_poll(conn, builders.poll("cs.CL", ListingState.FAILED, page_date=None))
        wanting = {"subscribed": True, "next_at": clock()}
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", wanting, clock(), categories=("cs.LG", "cs.CL"))
        held = {**wanting, "next_at": clock() - timedelta(hours=3), "held_since": clock()}
        await chats.ensure(conn, 2, 0, ChatKind.PRIVATE, "", held, clock())
        await cards.save(conn, builders.card(), clock(), 1)
    clock.advance(seconds=90)
    measures = await Status(db, clock).measures()
    assert measures == Measures(
        measures.polls, {"planned": 0, "sending": 0, "failed": 0}, 90.0, 2, {builders.card().analyst: 1}
    )
    use = ModelUse("openai:small", Spent(calls=3, failed=1, input_tokens=500, output_tokens=70), 2000)
    asked = {(one.name, tuple(one.labels.values())): one.value for one in gauges.of_state(replace(measures, model=use))}
    assert asked["llm_tokens_today", ("openai:small", "input")] == 500
    assert asked["llm_tokens_today", ("openai:small", "output")] == 70
    assert (asked["llm_budget_tokens", ()], asked["llm_failed_calls_today", ()]) == (2000, 1)
    async with db.begin() as conn:
        await chats.update(conn, chat.id, next_at=clock() + timedelta(days=1))
        digest = await digests.create(conn, chat.id, builders.DAY, clock(), 1, [builders.row()], [], [])
        await deliveries.plan(conn, chat.id, digest.id, [{"text": "a"}])
    clock.advance(seconds=30)
    measures = await Status(db, clock).measures()
    assert (measures.lag, measures.messages["planned"]) == (30.0, 1)
    found = {(one.name, tuple(one.labels.values())): one.value for one in gauges.of_state(measures)}
    assert found["listings", ("fresh",)] == found["listings", ("failed",)] == 1
    assert found["digest_lag_seconds", ()] == 30.0


def test_jobs_and_outcomes_are_measured() -> None:
    """Runs and failures by job; what was sent apart from what was refused, by kind."""
    reports = {"mail": JobReport(runs=3, last_success=builders.NOW), "heat": JobReport(runs=1, last_error="X: y")}
    found = {(one.name, tuple(one.labels.values())): one.value for one in gauges.of_jobs(reports)}
    assert found["job_runs", ("mail",)] == 3
    assert (found["job_failing", ("mail",)], found["job_failing", ("heat",)]) == (0, 1)
    assert ("job_last_success_timestamp_seconds", ("heat",)) not in found
    sent = {(one.name, tuple(one.labels.values())): one.value for one in gauges.of_messages({"sent": 5, "Retry": 2})}
    none = {("refusals", (kind.__name__,)): 0 for kind in get_args(Outcome)}
    assert sent == none | {("sends", ()): 5, ("refusals", ("Retry",)): 2}
