"""Heat comes from Hugging Face's daily papers, whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from aiohttp import web

from bot.errors import Malformed, SourceError, Throttled, Unreachable
from bot.model import Heat, HeatEntry
from bot.pull.client import Client
from bot.pull.heat import DailyPapers
from tests.support.far_end import far_end
from tests.support.world import World

DAY = date(2026, 2, 18)
NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)

FULL = {
    "paper": {
        "id": "2602.23229",
        "upvotes": 10,
        "githubRepo": "https://github.com/marco-garosi/CIRCLE",
        "githubStars": 9,
        "ai_keywords": ["Vision-Language Models", " zero-shot  learning "],
        "organization": {"name": "MHUGLab", "fullname": "Multimedia and Human Understanding Group"},
    },
    "numComments": 3,
}
BARE = {"paper": {"id": "2602.00001"}}


@asynccontextmanager
async def _daily(url: str, *, within: float = 10) -> AsyncIterator[DailyPapers]:
    async with Client(hf_delay=0, timeout=within, clock=lambda: NOW) as client:
        yield DailyPapers(client, url)


@asynccontextmanager
async def _serving(rows: object) -> AsyncIterator[DailyPapers]:
    async def answer(request: web.Request) -> web.Response:
        page, limit = int(request.query.get("p", 0)), int(request.query.get("limit", 50))
        return web.json_response(rows[page * limit : (page + 1) * limit] if isinstance(rows, list) else rows)

    async with far_end(answer) as url, _daily(url) as daily:
        yield daily


async def test_an_entry_is_read_with_what_it_has() -> None:
    """Upvotes, comments, stars, organization, repository and keywords; what is missing is empty or None."""
    async with _serving([FULL, BARE]) as daily:
        full, bare = await daily.day(DAY)
    assert full == HeatEntry(
        heat=Heat("2602.23229", "hf", NOW, 10, 3, 9),
        organization="Multimedia and Human Understanding Group",
        repository="https://github.com/marco-garosi/CIRCLE",
        keywords=("Vision-Language Models", "zero-shot learning"),
    )
    assert bare == HeatEntry(heat=Heat("2602.00001", "hf", NOW, 0, 0, None))


async def test_a_recorded_day(world: World) -> None:
    """A real list has every paper once, with upvotes that grow from day to day."""
    async with _daily(world.url) as daily:
        entries = await daily.day(DAY)
        world.move("2026-02-20")
        later = {entry.heat.paper_id: entry.heat.upvotes for entry in await daily.day(DAY)}
    assert len(entries) == len(later) > 10
    assert sum(later.values()) > sum(entry.heat.upvotes for entry in entries) > 0
    assert any(entry.organization for entry in entries)
    assert {row["accept"] for row in world.log()} == {"application/json"}


async def test_all_pages_of_a_list_are_read() -> None:
    """A list of more than a hundred papers is read to its end; a paper that moved to the next page counts once."""
    rows = [{"paper": {"id": f"2602.{number:05d}", "upvotes": number}} for number in range(230)]
    async with _serving([*rows[:100], *rows[99:]]) as daily:
        entries = await daily.day(DAY)
    assert [entry.heat.paper_id for entry in entries] == [row["paper"]["id"] for row in rows]


async def test_a_day_that_is_not_open_yet_is_empty(world: World) -> None:
    """Hugging Face refuses a future date with 400: there is no list yet."""
    async with _daily(world.url) as daily:
        assert await daily.day(date(2026, 3, 1)) == ()


async def test_one_paper(world: World) -> None:
    """A single paper's reading, or None where Hugging Face does not know it."""
    async with _daily(world.url) as daily:
        known = (await daily.day(DAY))[0]
        assert await daily.paper(known.heat.paper_id) == known
        assert await daily.paper("2602.99999") is None


@pytest.mark.parametrize("rows", [{"error": "x"}, "text", None, [{"paper": {}}], [{"paper": {"id": 5}}], [[]], [None]])
async def test_something_else_is_malformed(rows: object) -> None:
    """An answer that is no list of papers is an error, never an empty list."""
    async with _serving(rows) as daily:
        with pytest.raises(Malformed):
            await daily.day(DAY)


@pytest.mark.parametrize(
    ("kind", "more", "error"),
    [
        ("status", {"code": 429, "retry_after": 40}, Throttled),
        ("status", {"code": 500}, Unreachable),
        ("hang", {"seconds": 1.2}, Unreachable),
        ("truncate", {}, Malformed),
        ("truncate", {"abort": True}, Malformed),
        ("garbage_html", {}, Malformed),
        ("reset", {}, Unreachable),
    ],
)
async def test_every_fault_is_an_error(world: World, kind: str, more: dict[str, Any], error: type[SourceError]) -> None:
    """A fault never looks like a day without papers."""
    world.fault(kind, "^/api/daily_papers", **more)
    async with _daily(world.url, within=0.7) as daily:
        with pytest.raises(error):
            await daily.day(DAY)
