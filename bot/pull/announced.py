"""What arXiv announced: a category's newest listing, or that of an earlier day, whole or not at all.

What a day is like is asked of the server, never of our own clock: theirs may differ by months in a replay.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from urllib.parse import quote

from bot.errors import EmptyListing, Malformed, NotAnnounced, NotThere, UnknownCategory
from bot.model import Kind, ListingPage
from bot.pull import categories
from bot.pull.client import Answer, Client, Plane, host_of
from bot.pull.listing import ParsedPage, assemble, parse

PAGE = 2000
MOST_ENTRIES = 20_000
IN_A_THREAD = 50_000
FRIDAY = 4
SMALL = 5

_UNKNOWN = re.compile(r"Invalid (?:archive or category|subject)", re.IGNORECASE)
_TOO_OLD = re.compile(r"past \d+ days", re.IGNORECASE)
_FUTURE = re.compile(r"later than today", re.IGNORECASE)


class Announced:
    """arXiv's announcements at `arxiv_url`. `page_size` is the number of entries asked for at a time from the page of
    new listings (arXiv allows 25, 50, 100, 250, 500, 1000 and 2000)."""

    def __init__(self, client: Client, arxiv_url: str, *, page_size: int = PAGE) -> None:
        self._client = client
        self._url = arxiv_url.rstrip("/")
        self._service = host_of(arxiv_url)
        self._page_size = page_size

    async def newest(self, category: str) -> ListingPage:
        """The newest listing of a category, under its own date, with all its pages.

        arXiv's page of new listings can be empty for a while; then the catch-up of the same day is asked.

        Raises:
            EmptyListing: both are empty on a day of announcements.
            CountMismatch, Malformed: it is not whole, or no listing.
            UnknownCategory: arXiv does not have the category.
            Throttled, Unreachable, NotThere: no answer.
        """
        pages: list[ParsedPage] = []
        for skip in range(0, MOST_ENTRIES, self._page_size):
            page = await self._page(f"/list/{quote(category)}/new?skip={skip}&show={self._page_size}", category)
            pages.append(page)
            if not page.entries or _expected(pages[0]) <= skip + self._page_size:
                break
        first = pages[0]
        if not first.entries and _expected(first) == 0:
            return await self._filled(category, first.date)
        return assemble(pages)

    async def day(self, category: str, day: date) -> ListingPage:
        """A category's listing of one announcement day, with all its pages; arXiv keeps about 90 days.

        Raises:
            NotAnnounced: `why` is "quiet" (arXiv announced nothing on that day, and has gone on to a later one),
                "future" (not yet) or "too-old".
            EmptyListing: arXiv announced on that day, but nothing in this category.
            CountMismatch, Malformed, UnknownCategory, Throttled, Unreachable, NotThere: as `newest`.
        """
        pages: list[ParsedPage] = []
        for number in range(1, MOST_ENTRIES // PAGE + 1):
            page = await self._catchup(category, day, number)
            if page.date != day:
                raise Malformed(self._service, "other-date")
            pages.append(page)
            if not page.entries or _expected(pages[0]) <= number * PAGE:
                break
        if not pages[0].entries and _expected(pages[0]) == 0:
            raise await self._why_empty(category, day, pages[0])
        return assemble(pages)

    async def _filled(self, category: str, day: date) -> ListingPage:
        try:
            return await self.day(category, day)
        except NotAnnounced:
            # The page of new listings has just named that very day.
            raise EmptyListing(self._service, day.isoformat()) from None

    async def _why_empty(self, category: str, day: date, page: ParsedPage) -> NotAnnounced | EmptyListing:
        """Why a catch-up page shows nothing, by what arXiv says: the page of the day before links to the next day that
        was announced, which is `day` itself, or a later one, or none yet."""
        if not page.quiet:
            return EmptyListing(self._service, day.isoformat())
        if day.weekday() > FRIDAY:
            return NotAnnounced(self._service, day.isoformat(), "quiet")
        try:
            before = await self._catchup(category, day - timedelta(days=1), 1, abstracts=False)
        except NotAnnounced:
            # The day before is just too old to be shown.
            return EmptyListing(self._service, day.isoformat())
        if before.next_day == day:
            return EmptyListing(self._service, day.isoformat())
        return NotAnnounced(self._service, day.isoformat(), "quiet" if before.next_day else "future")

    async def _catchup(self, category: str, day: date, number: int, *, abstracts: bool = True) -> ParsedPage:
        path = f"/catchup/{quote(category)}/{day.isoformat()}?abs={abstracts}&page={number}"
        return await self._page(path, category, day)

    async def _page(self, path: str, category: str, day: date | None = None) -> ParsedPage:
        try:
            answer = await self._client.get(self._url + path, Plane.ARXIV, passing=(400,))
        except NotThere:
            if category in categories.names():
                raise
            raise UnknownCategory(category, categories.near(category)) from None
        if answer.status == 400:
            raise self._refusal(answer, category, day)
        if len(answer.body) < IN_A_THREAD:
            return parse(answer.text, category)
        return await asyncio.to_thread(parse, answer.text, category)

    def _refusal(self, answer: Answer, category: str, day: date | None) -> NotAnnounced | UnknownCategory | Malformed:
        said = answer.text
        if day is not None and _TOO_OLD.search(said):
            return NotAnnounced(self._service, day.isoformat(), "too-old")
        if day is not None and _FUTURE.search(said):
            return NotAnnounced(self._service, day.isoformat(), "future")
        if _UNKNOWN.search(said) or category not in categories.names():
            return UnknownCategory(category, categories.near(category))
        return Malformed(self._service, "http-400")


def _expected(page: ParsedPage) -> int:
    """How many entries the whole listing has, by what its page declares."""
    return max(page.total or 0, page.declared.total)


def is_stale(page: ListingPage, earlier_new_ids: AbstractSet[str]) -> bool:
    """Whether a page shows an earlier day's papers under its date: more than half of its new submissions were new on
    the earlier day already. A paper is a new submission of a category only once."""
    ids = {announcement.paper_id for announcement in page.announcements if announcement.kind is Kind.NEW}
    return 2 * len(ids & earlier_new_ids) > len(ids)


def may_be_empty(earlier_totals: Sequence[int]) -> bool:
    """Whether a listing without any paper is believable, given how many papers earlier listings of the same category
    had: fewer than five on average. Without any earlier listing it is not."""
    return bool(earlier_totals) and sum(earlier_totals) < SMALL * len(earlier_totals)
