"""Several programs on one PostgreSQL server: one leads, another takes over, and all keep the same pauses."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from bot.errors import DatabaseBroken, Throttled
from bot.model import ChatKind
from storage import chats, engines, leading, tables, turns
from storage.leading import Lead, key_of, lead
from storage.turns import Turns
from tests.support.builders import NOW
from tests.support.databases import opened

PAUSE = 0.3


async def quickly(_seconds: float) -> None:
    """The wait before another attempt, shortened."""
    await asyncio.sleep(0.05)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until it is so."""
    while not holds():  # noqa: ASYNC110 - what is waited for happens behind a server
        await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks come quickly, so that a test does not wait for them."""
    monkeypatch.setattr(leading, "LOOK_AGAIN", 0.05)


def test_keys_are_the_same_everywhere() -> None:
    """A role has one number in every program, another role another one, and PostgreSQL can hold it."""
    assert key_of("sender") == key_of("sender") != key_of("clock")
    assert -(2**63) <= key_of("sender") < 2**63


async def test_one_leads_and_the_other_takes_over(migrated_postgres_url: str) -> None:
    """Only one works at any moment; when it ends, the other goes on."""
    working: list[str] = []
    both = False

    async def work(name: str) -> None:
        nonlocal both
        both = both or bool(working)
        working.append(name)
        try:
            await asyncio.Event().wait()
        finally:
            working.remove(name)

    first = asyncio.create_task(lead(migrated_postgres_url, "sender", lambda: work("first"), quickly))
    await until(lambda: bool(working))
    second = asyncio.create_task(lead(migrated_postgres_url, "sender", lambda: work("second"), quickly))
    await asyncio.sleep(0.3)
    assert working == ["first"]
    first.cancel()
    await until(lambda: working == ["second"])
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)
    assert not both
    assert working == []


async def end_the_lead(url: str) -> None:
    """The server ends the connection that holds the sender's lead."""
    engine = engines.plain(make_url(url))
    async with engine.begin() as conn:
        await conn.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :low"),
            {"low": key_of("sender") & 0xFFFFFFFF},
        )
    await engine.dispose()


async def test_a_lost_connection_ends_the_lead(migrated_postgres_url: str) -> None:
    """When the server ends the connection, the work is cancelled, and the lead is taken again."""
    begun = 0
    ended = asyncio.Event()

    async def work() -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    leader = asyncio.create_task(lead(migrated_postgres_url, "sender", work, quickly))
    await until(lambda: begun > 0)
    await end_the_lead(migrated_postgres_url)
    await asyncio.wait_for(ended.wait(), 10)
    await until(lambda: begun > 1)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)


async def test_who_loses_the_connection_is_not_sure_any_more(
    migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is free at once, and another program may have it: whoever led does not go on until the next look."""
    monkeypatch.setattr(leading, "LOOK_AGAIN", 60.0)
    held = Lead()
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    leader = asyncio.create_task(lead(migrated_postgres_url, "sender", work, asyncio.sleep, held))
    await begun.wait()
    await asyncio.wait_for(held.sure(), 1)
    await end_the_lead(migrated_postgres_url)
    await asyncio.wait_for(ended.wait(), 5)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(held.sure(), 0.2)
    leader.cancel()
    await asyncio.gather(leader, return_exceptions=True)


def _lead_until_killed(url: str, told: multiprocessing.synchronize.Event) -> None:
    async def work() -> None:
        told.set()
        await asyncio.sleep(60)

    asyncio.run(lead(url, "sender", work))


async def test_a_killed_program_is_followed_at_once(migrated_postgres_url: str) -> None:
    """Kill -9 on the leader lets another program lead without waiting for anything to expire."""
    context = multiprocessing.get_context("spawn")
    told = context.Event()
    other = context.Process(target=_lead_until_killed, args=(migrated_postgres_url, told))
    other.start()
    assert await asyncio.to_thread(told.wait, 30)
    leads = asyncio.Event()

    async def work() -> None:
        leads.set()
        await asyncio.sleep(60)

    follower = asyncio.create_task(lead(migrated_postgres_url, "sender", work, quickly))
    await asyncio.sleep(0.2)
    assert not leads.is_set()
    os.kill(other.pid or 0, signal.SIGKILL)
    await asyncio.wait_for(leads.wait(), 20)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    other.join()


async def reset(url: str) -> None:
    """One chat, whose number is 1."""
    async with opened(url) as db, db.begin() as conn:
        made = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "before", {}, NOW)
        await conn.execute(tables.chats.update().where(tables.chats.c.id == made.id).values(id=1))


def _act_while_leading(url: str, note: str, begun: multiprocessing.synchronize.Event) -> None:
    leading.LOOK_AGAIN, leading.SURE = 0.05, 0.5
    held = Lead()

    async def work() -> None:
        while True:
            await held.sure()
            with Path(note).open("a", encoding="ascii") as file:  # noqa: ASYNC230 - a line in a test
                file.write(f"{time.monotonic()}\n")
            begun.set()
            await asyncio.sleep(0.005)

    async def run() -> None:
        async with opened(url) as db, db.begin() as conn:
            await chats.update(conn, 1, title="in the middle of a change")
            await lead(url, "sender", work, held=held)

    asyncio.run(run())


async def test_a_program_that_hangs_is_followed_and_does_nothing_when_it_goes_on(
    migrated_postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lead of a stopped program is taken away, and what it had locked is free; once it goes on, it does not act a single time beside its follower,
    and waits for the lead like everybody else."""
    monkeypatch.setattr(leading, "SILENT", 3.0)
    context, note = multiprocessing.get_context("spawn"), tmp_path / "acts"
    await reset(migrated_postgres_url)
    begun = context.Event()
    other = context.Process(target=_act_while_leading, args=(migrated_postgres_url, str(note), begun), daemon=True)
    other.start()
    assert await asyncio.to_thread(begun.wait, 30)
    leads = asyncio.Event()

    async def work() -> None:
        leads.set()
        await asyncio.sleep(60)

    follower = asyncio.create_task(lead(migrated_postgres_url, "sender", work, quickly))
    await asyncio.sleep(1.5)
    assert not leads.is_set()
    os.kill(other.pid or 0, signal.SIGSTOP)
    try:
        await asyncio.wait_for(leads.wait(), 20)
        taken_over = time.monotonic()
        async with opened(migrated_postgres_url) as db, db.begin() as conn:
            await chats.update(conn, 1, title="free again")
    finally:
        os.kill(other.pid or 0, signal.SIGCONT)
    await asyncio.sleep(1.0)
    acts = [float(line) for line in note.read_text(encoding="ascii").splitlines()]
    assert max(acts) < taken_over
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    await until(lambda: float(note.read_text(encoding="ascii").splitlines()[-1]) > taken_over)
    other.kill()
    other.join()


async def test_a_lead_that_does_not_end_is_asked_for_now_and_then(
    migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server cannot end the connection of one that hangs, such as with a disk that does, nobody runs in circles."""
    attempts, waits = 0, asyncio.Queue[float]()

    async def to_no_avail(_conn: object, _key: int, _seconds: float) -> bool:
        nonlocal attempts
        attempts += 1
        return True

    async def wait(seconds: float) -> None:
        waits.put_nowait(seconds)
        await asyncio.sleep(0.05)

    monkeypatch.setattr(leading, "end_the_silent", to_no_avail)
    working = asyncio.Event()

    async def work() -> None:
        working.set()
        await asyncio.Event().wait()

    leader = asyncio.create_task(lead(migrated_postgres_url, "sender", work, quickly))
    await asyncio.wait_for(working.wait(), 20)
    follower = asyncio.create_task(lead(migrated_postgres_url, "sender", work, wait))
    for _ in range(3):
        assert await asyncio.wait_for(waits.get(), 5) == leading.LOOK_AGAIN
    assert attempts <= 4
    for one in (leader, follower):
        one.cancel()
    await asyncio.gather(leader, follower, return_exceptions=True)


async def test_a_lead_is_sure_for_a_while_after_each_answer() -> None:
    """It waits when the last answer is too old or the lead is lost, and goes on with the next one."""
    moment = 100.0
    held = Lead(lambda: moment)
    waiting = asyncio.create_task(held.sure())
    await asyncio.sleep(0)
    assert not waiting.done()
    held.confirmed(moment)
    await asyncio.wait_for(waiting, 1)
    moment += leading.SURE - 0.1
    await held.sure()
    moment += 0.2
    waiting = asyncio.create_task(held.sure())
    held.confirmed(100.0)  # an answer to what was asked long ago
    await asyncio.sleep(0.01)
    assert not waiting.done()
    held.confirmed(moment)
    await asyncio.wait_for(waiting, 1)
    held.lost()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(held.sure(), 0.01)


def test_who_is_sure_is_not_silent() -> None:
    """A lead is taken away only when its holder has long ceased to act, and within half a minute all the same."""
    assert leading.LOOK_AGAIN + leading.ANSWER_WITHIN < leading.SURE < leading.SILENT - 2
    assert leading.SILENT + 2 * leading.LOOK_AGAIN < 30


def _keep_a_turn(url: str, begun: multiprocessing.synchronize.Event) -> None:
    leading.LOOK_AGAIN = 0.05

    async def run() -> None:
        async with Turns(url).turn("arxiv", {"arxiv": 0.0}, 30.0):
            begun.set()
            await asyncio.sleep(60)

    asyncio.run(run())


async def test_a_turn_of_a_program_that_hangs_ends(migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes long but lives keeps its turn; whoever hangs in the middle of a request does not stop the others."""
    monkeypatch.setattr(turns, "WAITS", 0.2)
    monkeypatch.setattr(leading, "SILENT", 3.0)
    context = multiprocessing.get_context("spawn")
    begun = context.Event()
    other = context.Process(target=_keep_a_turn, args=(migrated_postgres_url, begun), daemon=True)
    other.start()
    assert await asyncio.to_thread(begun.wait, 30)

    async def ask() -> None:
        async with Turns(migrated_postgres_url).turn("arxiv", {"arxiv": 0.0}, 30.0):
            pass

    asking = asyncio.create_task(ask())
    await asyncio.sleep(4.0)
    assert not asking.done()
    os.kill(other.pid or 0, signal.SIGSTOP)
    await asyncio.wait_for(asking, 20)
    other.kill()
    other.join()


async def test_what_a_program_that_hangs_has_locked_is_free_again(
    migrated_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stays in the middle of a transaction for too long loses it, and is told so when it goes on."""
    monkeypatch.setattr(engines, "STUCK_SECONDS", 1)
    async with opened(migrated_postgres_url) as stuck, opened(migrated_postgres_url) as other:
        async with other.begin() as conn:
            chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "before", {}, NOW)

        async def hang() -> None:
            async with stuck.begin() as conn:
                await chats.update(conn, chat.id, title="stuck")
                async with other.begin() as theirs:
                    await chats.update(theirs, chat.id, title="other")
                await chats.update(conn, chat.id, title="stuck")

        with pytest.raises(DatabaseBroken):
            await hang()
        async with stuck.read() as conn:
            found = await chats.get(conn, chat.id)
        assert found is not None
        assert found.title == "other"


async def test_turns_are_taken_one_at_a_time_with_pauses_between(migrated_postgres_url: str) -> None:
    """Programs that ask at once ask one after the other, and each waits until the last one's pause is over."""
    inside, spans = 0, []

    async def ask() -> None:
        nonlocal inside
        async with Turns(migrated_postgres_url).turn("arxiv", {"arxiv": PAUSE}, 30.0):
            inside += 1
            assert inside == 1
            begun = time.monotonic()
            await asyncio.sleep(0.02)
            inside -= 1
            spans.append((begun, time.monotonic()))

    await asyncio.gather(*(ask() for _ in range(3)))
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(spans)]
    assert min(gaps) >= PAUSE * 0.95


async def test_other_names_do_not_wait(migrated_postgres_url: str) -> None:
    """A pause concerns its own name alone."""
    turns = Turns(migrated_postgres_url)
    await turns.block("arxiv", 3600.0)
    async with turns.turn("hf", {"hf": 0.0}, 1.0):
        pass
    with pytest.raises(Throttled) as refused:
        async with turns.turn("arxiv", {"arxiv": PAUSE, "both": PAUSE}, 30.0):
            pass
    assert 3500 < (refused.value.retry_after or 0) <= 3600


async def test_a_longer_pause_is_not_shortened(migrated_postgres_url: str) -> None:
    """Whoever was told to wait for long is not let go by somebody else's shorter pause."""
    turns = Turns(migrated_postgres_url)
    await turns.block("api", 600.0)
    await turns.block("api", 1.0)
    with pytest.raises(Throttled):
        async with turns.turn("api", {"api": 0.0}, 30.0):
            pass
