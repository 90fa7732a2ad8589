"""What arXiv announced is had whole, or the reason why not is told apart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import Any

import pytest
from aiohttp import web

from bot.errors import (
    CountMismatch,
    EmptyListing,
    Malformed,
    NotAnnounced,
    NotThere,
    SourceError,
    Throttled,
    UnknownCategory,
    Unreachable,
)
from bot.model import Counts, Kind, ListingPage
from bot.pull.announced import Announced, is_stale, may_be_empty
from bot.pull.client import Client
from tests.support.arxiv_pages import Listed, catchup_page, invented, new_page
from tests.support.far_end import Handler, far_end
from tests.support.world import World

WEDNESDAY = date(2026, 2, 18)
THURSDAY = date(2026, 2, 19)


@asynccontextmanager
async def _announced(url: str, *, within: float = 10, page_size: int = 2000) -> AsyncIterator[Announced]:
    async with Client(arxiv_delay=0, api_delay=0, timeout=within) as client:
        yield Announced(client, url, page_size=page_size)


def _ids(page: ListingPage, kind: Kind) -> set[str]:
    return {each.paper_id for each in page.announcements if each.kind is kind}


# ---------------------------------------------------------------------- real days


@pytest.mark.parametrize(
    ("category", "counts"),
    [
        ("cs.LG", Counts(70, 27, 1)),
        ("cs.CL", Counts(37, 12, 1)),
        ("cs.AI", Counts(28, 82, 3)),
        ("cs.RO", Counts(30, 3, 1)),
    ],
)
async def test_a_real_listing_is_whole(world: World, category: str, counts: Counts) -> None:
    """The newest listing of a recorded day has its date, its counts, and every paper with title and abstract."""
    async with _announced(world.url) as announced:
        page = await announced.newest(category)
    assert (page.category, page.date, page.declared) == (category, WEDNESDAY, counts)
    assert len(page.announcements) == counts.total
    assert all(paper.title and paper.abstract and paper.authors and paper.categories for paper in page.papers)
    assert all(paper.primary == category for paper in page.papers if paper.id in _ids(page, Kind.NEW))
    assert all(paper.version >= 2 for paper in page.papers if paper.id in _ids(page, Kind.REPLACE))
    (request,) = world.log()
    assert request["query"] == {"skip": "0", "show": "2000"}


@pytest.mark.parametrize("page_size", [25, 50, 100])
async def test_all_pages_of_a_listing_are_read(world: World, page_size: int) -> None:
    """Read in small pages, a listing is the same as in one, and no page is asked for twice or in vain."""
    world.move("2026-02-17")
    async with _announced(world.url) as announced:
        whole = await announced.newest("cs.LG")
    world.forget()
    async with _announced(world.url, page_size=page_size) as announced:
        assert await announced.newest("cs.LG") == whole
    assert [row["query"]["skip"] for row in world.log()] == [str(skip) for skip in range(0, 264, page_size)]


async def test_a_missed_day_is_caught_up(world: World) -> None:
    """The catch-up of a day is what its page of new listings was on that day."""
    async with _announced(world.url) as announced:
        then = await announced.newest("cs.CV")
        world.move("2026-02-20")
        later = await announced.day("cs.CV", WEDNESDAY)
    assert later == then


async def test_a_catch_up_of_several_pages_is_put_together() -> None:
    """Beyond 2,000 entries the further pages are read too."""
    listed = invented(4100)
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.query["page"])
        html = catchup_page(WEDNESDAY, listed, page=int(request.query["page"]))
        return web.Response(text=html, content_type="text/html")

    async with far_end(answer) as url, _announced(url) as announced:
        page = await announced.day("cs.LG", WEDNESDAY)
    assert asked == ["1", "2", "3"]
    assert [paper.id for paper in page.papers] == [each.id for each in listed]


# ---------------------------------------------------------------------- days without a listing


@pytest.mark.parametrize(
    ("day", "why"),
    [
        (date(2026, 2, 14), "quiet"),  # a Saturday
        (date(2026, 2, 15), "quiet"),  # a Sunday
        (date(2026, 2, 13), "quiet"),  # a weekday that arXiv passed over
        (date(2026, 2, 23), "future"),  # a day the server has not reached
        (date(2026, 2, 20), "future"),  # the server's today, not announced yet
        (date(2025, 11, 1), "too-old"),
    ],
)
async def test_why_there_is_no_listing(world: World, day: date, why: str) -> None:
    """Quiet, not yet and too long ago are told apart by the server's answers, whatever our own clock says."""
    world.move("2026-02-20", listing="2026-02-19")
    async with _announced(world.url) as announced:
        with pytest.raises(NotAnnounced) as caught:
            await announced.day("cs.LG", day)
    assert (caught.value.why, caught.value.day) == (why, day.isoformat())


async def test_before_the_announcement_the_newest_listing_is_the_old_one(world: World) -> None:
    """It is the 19th but not announced: the page keeps its own date, the 18th."""
    world.move("2026-02-19", listing="2026-02-18")
    async with _announced(world.url) as announced:
        assert (await announced.newest("cs.LG")).date == WEDNESDAY
        world.move("2026-02-19")
        assert (await announced.newest("cs.LG")).date == THURSDAY


async def test_an_empty_page_of_new_listings_is_filled_from_the_catch_up(world: World) -> None:
    """A page that is not filled yet costs one more request, and no paper."""
    world.fault("empty", "^/list/cs.LG", times=-1)
    async with _announced(world.url) as announced:
        assert (await announced.newest("cs.LG")).declared == Counts(70, 27, 1)


async def test_an_empty_listing_on_a_day_of_announcements_is_suspicious(world: World) -> None:
    """When arXiv did announce that day, nothing in a category is an error with the day, never a quiet day."""
    world.fault("empty", "cs.LG", times=-1)
    async with _announced(world.url) as announced:
        for attempt in (announced.newest("cs.LG"), announced.day("cs.LG", WEDNESDAY)):
            with pytest.raises(EmptyListing) as caught:
                await attempt
            assert (caught.value.detail, caught.value.day) == ("empty-listing", "2026-02-18")


@pytest.mark.parametrize(
    ("totals", "believable"), [((), False), ((98, 140), False), ((4, 2, 0), True), ((0,), True), ((0, 0, 15), False)]
)
def test_an_empty_listing_is_believable_in_a_small_category(totals: tuple[int, ...], believable: bool) -> None:
    """Only where earlier listings had fewer than five papers on average."""
    assert may_be_empty(totals) is believable


async def test_a_category_that_arxiv_does_not_have(world: World) -> None:
    """An unknown category is named as such by both pages, with near ones."""
    async with _announced(world.url) as announced:
        for attempt in (announced.newest("cs.LGG"), announced.day("cs.LGG", WEDNESDAY)):
            with pytest.raises(UnknownCategory) as caught:
                await attempt
            assert caught.value.text == "cs.LGG"
            assert "cs.LG" in caught.value.near


async def test_a_known_category_that_is_not_found_is_no_unknown_one() -> None:
    """404 or a refusal without reason for a category that exists is the server's trouble."""

    def answering(status: int) -> Handler:
        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=status, text="Bad Request")

        return answer

    for status, error in ((404, NotThere), (400, Malformed)):
        async with far_end(answering(status)) as url, _announced(url) as announced:
            with pytest.raises(error):
                await announced.newest("cs.LG")
            with pytest.raises(UnknownCategory):
                await announced.newest("cs.LGG")


# ---------------------------------------------------------------------- faults

FAULTS: list[tuple[str, dict[str, Any], type[SourceError], str]] = [
    ("status", {"code": 403}, Throttled, "http-403"),
    ("status", {"code": 406}, Throttled, "http-406"),
    ("status", {"code": 429}, Throttled, "http-429"),
    ("status", {"code": 429, "retry_after": 77}, Throttled, "http-429"),
    ("status", {"code": 503}, Throttled, "http-503"),
    ("status", {"code": 503, "retry_after": 77}, Throttled, "http-503"),
    ("status", {"code": 500}, Unreachable, "http-500"),
    ("rate_exceeded_200", {}, Throttled, "rate-exceeded"),
    ("hang", {"seconds": 1.2}, Unreachable, "timeout"),
    ("truncate", {}, CountMismatch, "count-mismatch"),
    ("truncate", {"keep": 0.1}, CountMismatch, "count-mismatch"),
    ("truncate", {"keep": 0.001}, Malformed, "no-listing"),
    ("truncate", {"keep": 0.9999}, Malformed, "truncated"),
    ("truncate", {"abort": True}, Malformed, "truncated"),
    ("count_mismatch", {}, CountMismatch, "count-mismatch"),
    ("count_mismatch", {"by": 5000}, CountMismatch, "count-mismatch"),
    ("garbage_html", {}, Malformed, "no-listing"),
    ("reset", {}, Unreachable, "reset"),
]


@pytest.mark.parametrize("path", ["^/list/", "^/catchup/"])
@pytest.mark.parametrize(("kind", "more", "error", "detail"), FAULTS)
async def test_every_fault_is_an_error_and_passes(
    world: World, path: str, kind: str, more: dict[str, Any], error: type[SourceError], detail: str
) -> None:
    """A fault is told by its kind and never gives a short or empty listing; afterwards the listing is whole."""
    world.fault(kind, path, times=-1 if kind == "count_mismatch" else 1, **more)

    async def read(announced: Announced) -> ListingPage:
        return await (announced.newest("cs.LG") if "list" in path else announced.day("cs.LG", WEDNESDAY))

    async with _announced(world.url, within=0.7) as announced:
        with pytest.raises(error) as caught:
            await read(announced)
    assert caught.value.detail == detail
    if isinstance(caught.value, Throttled):
        assert (caught.value.retry_after or 0) >= more.get("retry_after", 0)
    world.heal()
    async with _announced(world.url) as announced:
        assert (await read(announced)).declared == Counts(70, 27, 1)


@pytest.mark.parametrize("path", ["^/list/", "^/catchup/"])
async def test_yesterdays_papers_under_todays_date_are_recognised(world: World, path: str) -> None:
    """A stale page passes its own counts, but not the comparison with the earlier day's new submissions."""
    world.move("2026-02-19")
    async with _announced(world.url) as announced:
        earlier = _ids(await announced.day("cs.LG", WEDNESDAY), Kind.NEW)
        world.fault("stale", path, times=1, header="today")
        stale = await (announced.newest("cs.LG") if "list" in path else announced.day("cs.LG", THURSDAY))
        fresh = await (announced.newest("cs.LG") if "list" in path else announced.day("cs.LG", THURSDAY))
    assert (stale.date, fresh.date) == (THURSDAY, THURSDAY)
    assert is_stale(stale, earlier)
    assert not is_stale(fresh, earlier)


async def test_an_honest_old_page_keeps_its_date(world: World) -> None:
    """A page that has not advanced says so by its date."""
    world.move("2026-02-19")
    world.fault("stale", "^/list/", header="previous")
    async with _announced(world.url) as announced:
        assert (await announced.newest("cs.LG")).date == WEDNESDAY


def test_a_few_known_papers_do_not_make_a_page_stale() -> None:
    """Only when more than half of the new submissions were new before; replacements and cross-lists do not count."""
    from bot.pull.listing import assemble, parse

    listed = [Listed(f"2602.0000{n}") for n in range(1, 5)] + [Listed("2602.00009", kind="replace", version=2)]
    page = assemble([parse(new_page(WEDNESDAY, listed), "cs.LG")])
    assert not is_stale(page, set())
    assert not is_stale(page, {"2602.00001", "2602.00002", "2602.00009"})
    assert is_stale(page, {"2602.00001", "2602.00002", "2602.00003"})
    only_replaced = assemble([parse(new_page(WEDNESDAY, listed[4:]), "cs.LG")])
    assert not is_stale(only_replaced, {"2602.00009"})


async def test_a_page_of_another_day_is_refused() -> None:
    """A catch-up page whose own date is not the one asked for is malformed."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=catchup_page(THURSDAY, invented(3)), content_type="text/html")

    async with far_end(answer) as url, _announced(url) as announced:
        with pytest.raises(Malformed, match="other-date"):
            await announced.day("cs.LG", WEDNESDAY)
