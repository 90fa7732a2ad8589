"""Seen from the other side: arXiv never has two of our requests at once, and the pauses are kept."""

from __future__ import annotations

import asyncio
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from bot.errors import SourceError
from bot.pull.announced import Announced
from bot.pull.client import Client, Plane
from bot.pull.heat import DailyPapers
from bot.pull.identify import PaperRef
from bot.pull.lookup import Lookup
from tests.support.world import World

PAGES, API, HEAT = r"^/(list|catchup|html)/", r"^/api/query", r"^/api/(daily_)?papers"
ROUNDED = 0.0002  # the world's log has four decimals


def _gaps(rows: list[dict[str, Any]]) -> list[float]:
    """Seconds from the end of each request to the begin of the next."""
    return [after["time"] - before["time"] - before["seconds"] for before, after in pairwise(rows)]


@pytest.mark.parametrize("faults", [False, True])
async def test_many_callers_at_once(world: World, faults: bool) -> None:
    """Listings, catch-up, HTML, look-ups in threads and heat all at once: one request in flight, every pause kept,
    also when requests hang, are dropped or cut off."""
    world.move("2026-02-20")
    if faults:
        world.fault("hang", "^/list/cs.CL", seconds=0.2)
        world.fault("reset", "^/catchup/", times=2)
        world.fault("truncate", "^/api/query", times=2, abort=True)
        world.fault("status", "^/html/", times=1, code=500)
    async with Client("a@b.c", arxiv_delay=0.15, api_delay=0.05, hf_delay=0.02) as client:
        announced = Announced(client, world.url, page_size=50)
        lookup = Lookup(client, world.api_url)
        daily = DailyPapers(client, world.url)
        outcomes = await asyncio.gather(
            *(announced.newest(category) for category in ("cs.LG", "cs.CL", "cs.CV")),
            *(announced.day("cs.RO", date(2026, 2, day)) for day in (16, 17, 14)),
            *(client.get(f"{world.url}/html/2602.9000{n}v1", Plane.ARXIV, urgent=True) for n in (1, 2)),
            *(lookup.by_id([PaperRef(f"2602.1408{n}")]) for n in range(5)),
            *(lookup.search("cat:cs.RO", 3) for _ in range(3)),
            *(daily.day(date(2026, 2, day)) for day in range(14, 19)),
            return_exceptions=True,
        )
    unexpected = [each for each in outcomes if isinstance(each, BaseException) and not isinstance(each, SourceError)]
    assert unexpected == []
    log = world.log()
    assert {row["inflight"] for row in log} == {1}
    assert len(world.log(PAGES)) >= 12
    assert len(world.log(API)) == 8
    assert min(_gaps(world.log(PAGES))) >= 0.15 - ROUNDED
    assert min(_gaps(world.log(API))) >= 0.05 - ROUNDED
    assert min(_gaps(world.log(f"{PAGES}|{API}"))) >= 0.05 - ROUNDED
    assert min(_gaps(world.log(HEAT))) >= 0.02 - ROUNDED
    assert {row["user_agent"] for row in log} == {client.user_agent}
    assert all(row["accept"] not in (None, "*/*") for row in log)


async def test_a_throttled_plane_leaves_arxiv_alone(world: World) -> None:
    """After “slow down” there is not one further request of that kind until the time is over."""
    world.fault("status", "^/list/", times=-1, code=429, retry_after=60)
    async with Client(arxiv_delay=0.01, api_delay=0.01, patience=1) as client:
        announced = Announced(client, world.url)
        attempts = (announced.newest(category) for category in ("cs.LG", "cs.CL", "cs.CV", "cs.RO"))
        errors = await asyncio.gather(*attempts, return_exceptions=True)
        assert [getattr(error, "code", "") for error in errors] == ["throttled"] * 4
        assert len(world.log("^/list/")) == 1
        assert "2602.14080" in await Lookup(client, world.api_url).by_id([PaperRef("2602.14080")])
