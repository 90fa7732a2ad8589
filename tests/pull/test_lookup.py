"""Papers by id and by search come whole from arXiv's API, through the `arxiv` package."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from bot.errors import BadPaperId, CountMismatch, Malformed, PaperboyError, Throttled, Unreachable
from bot.pull.client import Client
from bot.pull.identify import PaperRef, parse_refs
from bot.pull.lookup import Lookup
from tests.support.arxiv_pages import Listed, atom_feed
from tests.support.far_end import far_end
from tests.support.world import World

SHELVES = PaperRef("2602.14080")


@asynccontextmanager
async def _lookup(url: str, *, within: float = 10) -> AsyncIterator[Lookup]:
    async with Client("a@b.c", arxiv_delay=0, api_delay=0, timeout=within) as client:
        yield Lookup(client, url)


async def test_papers_by_id(world: World) -> None:
    """Every known id gives its paper with all metadata; an unknown one is simply not there."""
    world.move("2026-02-20")
    async with _lookup(world.api_url) as lookup:
        found = await lookup.by_id([*parse_refs("2602.14080v1 2602.14979 2602.15922"), PaperRef("2602.99998")])
    assert found.keys() == {"2602.14080", "2602.14979", "2602.15922"}
    paper = found["2602.14080"]
    assert paper.title.startswith("Empty Shelves or Lost Keys")
    assert (paper.version, paper.primary) == (1, "cs.CL")
    assert paper.authors
    assert paper.abstract
    assert "\n" not in paper.abstract
    assert paper.published is not None
    assert paper.published.tzinfo is not None
    (request,) = world.log()
    assert request["user_agent"].startswith("Paperboy/")
    assert "atom" in request["accept"]
    assert request["query"]["max_results"] == "4"


async def test_many_ids_go_in_batches_of_a_hundred(world: World) -> None:
    """More than a hundred ids are asked for in several requests, each for its own number of results."""
    world.move("2026-02-17")
    refs = [PaperRef(f"2602.{number}") for number in range(13264, 13464)]
    async with _lookup(world.api_url) as lookup:
        found = await lookup.by_id([*refs, SHELVES])
    assert [row["query"]["max_results"] for row in world.log()] == ["100", "100", "1"]
    assert len(found) > 100
    assert found.keys() <= {ref.id for ref in [*refs, SHELVES]}


async def test_one_paper_in_several_versions_comes_in_the_newest(world: World) -> None:
    """Asked for v1 and for the newest at once, the newest is given."""
    async with _lookup(world.api_url) as lookup:
        assert (await lookup.by_id([PaperRef(SHELVES.id, 1), SHELVES])).keys() == {SHELVES.id}
    (request,) = world.log()
    assert request["query"]["id_list"] == SHELVES.id


async def test_nothing_asked_nothing_requested(world: World) -> None:
    """No ids, no request."""
    async with _lookup(world.api_url) as lookup:
        assert await lookup.by_id([]) == {}
    assert world.log() == []


async def test_search_keeps_to_its_limit(world: World) -> None:
    """A search gives at most as many papers as asked for, in one request; no hit is an empty list."""
    async with _lookup(world.api_url) as lookup:
        assert len(await lookup.search("cat:cs.LG", 7)) == 7
        assert await lookup.search('ti:"no such words anywhere"', 7) == []
    assert len(world.log()) == 2


async def test_old_style_ids() -> None:
    """Ids with an archive keep it, without the subject class and the version."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=atom_feed([Listed("hep-th/9901001", version=3)]), content_type="application/atom+xml")

    async with far_end(answer) as url, _lookup(f"{url}/api/query") as lookup:
        found = await lookup.by_id(parse_refs("arXiv:hep-th/9901001v3"))
    assert found["hep-th/9901001"].version == 3


@pytest.mark.parametrize(
    ("kind", "more", "error", "detail"),
    [
        ("status", {"code": 403}, Throttled, "http-403"),
        ("status", {"code": 406}, Throttled, "http-406"),
        ("status", {"code": 429, "retry_after": 77}, Throttled, "http-429"),
        ("status", {"code": 503}, Throttled, "http-503"),
        ("status", {"code": 500}, Unreachable, "http-500"),
        ("status", {"code": 400}, Malformed, "bad-query"),
        ("rate_exceeded_200", {}, Throttled, "rate-exceeded"),
        ("hang", {"seconds": 1.2}, Unreachable, "timeout"),
        ("truncate", {"keep": 0.0005}, Malformed, "not-a-feed"),
        ("truncate", {}, Malformed, "truncated"),
        ("truncate", {"keep": 0.999}, Malformed, "truncated"),
        ("truncate", {"abort": True}, Malformed, "truncated"),
        ("count_mismatch", {}, CountMismatch, "count-mismatch"),
        ("empty", {}, CountMismatch, "count-mismatch"),
        ("garbage_html", {}, Malformed, "not-a-feed"),
        ("reset", {}, Unreachable, "reset"),
    ],
)
async def test_every_fault_is_an_error_and_one_request(
    world: World, kind: str, more: dict[str, Any], error: type[PaperboyError], detail: str
) -> None:
    """No fault gives an empty or short list, and the package never repeats a request behind our back."""
    world.fault(kind, "^/api/query", **more)
    async with _lookup(world.api_url, within=0.7) as lookup:
        with pytest.raises(error) as caught:
            await lookup.search("cat:cs.RO", 500)
    assert getattr(caught.value, "detail", "") == detail
    if isinstance(caught.value, Throttled):
        assert (caught.value.retry_after or 0) >= more.get("retry_after", 0)
    assert len(world.log()) == 1
    async with _lookup(world.api_url) as lookup:
        assert SHELVES.id in await lookup.by_id([SHELVES])


async def test_a_total_that_is_too_high_does_no_harm_where_nothing_is_missing(world: World) -> None:
    """Asked for by id, a paper is taken although the feed declares more than was asked for."""
    world.fault("count_mismatch", "^/api/query")
    async with _lookup(world.api_url) as lookup:
        assert SHELVES.id in await lookup.by_id([SHELVES])


async def test_an_id_that_arxiv_refuses_is_named() -> None:
    """When arXiv says that something is no id, that id is in the error."""

    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=400, text="<feed><summary>incorrect id format for 2602.1x</summary></feed>")

    async with far_end(refuse) as url, _lookup(f"{url}/api/query") as lookup:
        with pytest.raises(BadPaperId) as caught:
            await lookup.by_id([PaperRef("2602.1x")])
    assert caught.value.text == "2602.1x"


async def test_a_feed_that_trickles_is_given_up() -> None:
    """The time-out is that of the whole request, though every single byte comes in time."""

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x" * 70_000)
            await asyncio.sleep(0.05)
        return response

    begun = time.monotonic()
    async with far_end(trickle) as url, _lookup(f"{url}/api/query", within=0.4) as lookup:
        with pytest.raises(Unreachable, match="timeout"):
            await lookup.by_id([SHELVES])
    assert time.monotonic() - begun < 2


async def test_nobody_at_home() -> None:
    """A refused connection is an error at once."""
    async with _lookup("http://127.0.0.1:9/api/query") as lookup:
        with pytest.raises(Unreachable):
            await lookup.by_id([SHELVES])
