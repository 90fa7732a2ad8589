"""Keeping up with arXiv and with heat: what was announced goes from the pull stage into the database.

Every listing is stored with its state. A day counts as done only when a whole page of it was read and its counts
agreed, or arXiv said that there was none; until then it is asked for again, for up to 90 days.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.errors import EmptyListing, NotAnnounced, PaperboyError, SourceError, StalePage, Throttled
from bot.model import Kind, Listing, ListingPage, ListingState, Poll
from bot.pull import calendar
from bot.pull.announced import Announced, is_stale, may_be_empty
from bot.pull.heat import DailyPapers
from storage import chats, heat, listings
from storage.database import Database

log = logging.getLogger(__name__)

CATCH_UP = timedelta(days=90)
JUST_NOW = timedelta(minutes=2)
LOOK_BACK = timedelta(days=9)
FIRST_LOOK_BACK = 4
HEAT_DAYS = 7
STANDS_STILL = timedelta(days=4)

# What arXiv no longer shows may have had papers: that it is too old does not make a day quiet.
_STATES = {"quiet": ListingState.QUIET, "future": ListingState.WAITING}


class Intake:
    """The use case of pulling; one pull of a category at a time, whoever asks."""

    def __init__(
        self,
        db: Database,
        announced: Announced,
        daily_papers: DailyPapers,
        clock: Callable[[], datetime],
        rng: random.Random,
    ) -> None:
        self._db = db
        self._announced = announced
        self._daily_papers = daily_papers
        self._clock = clock
        self._rng = rng
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    # ------------------------------------------------------------------ listings

    async def poll_due(self) -> bool:
        """Look at the listings of all subscribed categories whose time has come, and fetch missed days; → whether any
        of them has advanced."""
        async with self._db.read() as conn:
            wanted = await chats.all_categories(conn)
            polls = await listings.polls(conn, list(wanted))
        now = self._clock()
        due = [name for name in wanted if _is_owing(polls.get(name), now) or self._is_due(polls.get(name), now)]
        after = await self._pull({name: wanted[name] for name in due})
        return any(poll.page_date != (polls[name].page_date if name in polls else None) for name, poll in after.items())

    async def refresh(self, categories: Iterable[str]) -> None:
        """Look now at those categories that may have something new, because a chat's hour has come or somebody asks.

        A category whose newest expected listing is complete, or that was looked at a moment ago, or that must wait
        after a failure, is not asked for a newer one; days that were missed are waited for all the same.
        """
        names = list(dict.fromkeys(categories))
        async with self._db.read() as conn:
            wanted = await chats.all_categories(conn)
            polls = await listings.polls(conn, names)
        worth = [name for name in names if self._worth_a_look(polls.get(name))]
        await self._pull({name: wanted.get(name) for name in worth})
        for name, poll in polls.items():
            if name not in worth and poll.failures == 0:
                await self._pull_missed(name, wanted.get(name), poll, poll)

    async def has_missed(self, categories: Iterable[str]) -> bool:
        """Whether days of these categories were missed that arXiv may well tell us now: the bot was away."""
        async with self._db.read() as conn:
            wanted = await chats.all_categories(conn)
            polls = await listings.polls(conn, categories)
        expected = calendar.expected_date(self._clock())
        fine = [name for name, poll in polls.items() if poll.failures == 0]
        return any([await self._missing(name, wanted.get(name), expected) for name in fine])

    def _is_due(self, poll: Poll | None, now: datetime) -> bool:
        return calendar.next_poll(poll, now, self._rng) <= now

    def _worth_a_look(self, poll: Poll | None) -> bool:
        now = self._clock()
        if poll is None or calendar.is_ahead(poll, now):
            return True
        if poll.not_before is not None and now < poll.not_before:
            return False
        if poll.failures > 0:
            return True
        if now - poll.checked_at < JUST_NOW:
            return False
        return not poll.state.complete or poll.page_date is None or poll.page_date < calendar.expected_date(now)

    async def pull(self, category: str, since: date | None) -> Poll:
        """Read a category's newest listing and the days missed since `since`; what came of it is stored and returned.

        Never raises for what arXiv does: that is in the returned state.
        """
        return (await self._pull({category: since}))[category]

    async def _pull(self, wanted: Mapping[str, date | None]) -> dict[str, Poll]:
        """The newest listing of every category first, since that is what chats wait for; then the missed days."""
        async with self._db.read() as conn:
            before = await listings.polls(conn, list(wanted))
        polls = {category: await self._pull_newest(category) for category in wanted}
        for category, since in wanted.items():
            if polls[category].failures == 0:
                polls[category] = await self._pull_missed(category, since, polls[category], before.get(category))
        return polls

    async def _pull_newest(self, category: str) -> Poll:
        asked_at = self._clock()
        async with self._locks[category]:
            before = await self._poll(category)
            if before is not None and before.failures == 0 and _was_since(before, asked_at, self._clock()):
                return before  # somebody else has just looked
            try:
                page_date = await self._newest(category)
            except PaperboyError as error:
                log.warning("listing %s: %s", category, error)
                async with self._db.read() as conn:
                    newest = await listings.newest(conn, category)
                poll = self._again_later(Poll(category, self._clock(), _state_of(error), newest), before, error)
            else:
                expected = calendar.expected_date(self._clock())
                state = ListingState.FRESH if page_date >= expected else ListingState.WAITING
                poll = Poll(category, self._clock(), state, page_date)
            await self._save(poll)
            return poll

    async def _pull_missed(self, category: str, since: date | None, poll: Poll, before: Poll | None) -> Poll:
        if poll.page_date is None:
            return poll
        async with self._locks[category]:
            error = await self._catch_up(category, since, poll.page_date)
            if error is not None:
                poll = self._again_later(poll, before, error)
                await self._save(poll)
            return poll

    async def _save(self, poll: Poll) -> None:
        async with self._db.begin() as conn:
            await listings.save_poll(conn, poll)

    async def _poll(self, category: str) -> Poll | None:
        async with self._db.read() as conn:
            return (await listings.polls(conn, [category])).get(category)

    def _again_later(self, poll: Poll, before: Poll | None, error: PaperboyError) -> Poll:
        """`poll` with one failure more and the moment of the next attempt."""
        failures = (before.failures if before else 0) + 1
        told = error.retry_after if isinstance(error, Throttled) and error.retry_after else 0.0
        # Seconds at first, since a reset or a half page is often over at once; never more than half an hour.
        grown = min(30.0 * 2 ** min(failures - 1, 6), 1800.0) * self._rng.uniform(0.9, 1.1)
        not_before = self._clock() + timedelta(seconds=max(told, grown))
        return replace(poll, detail=_detail_of(error), failures=failures, not_before=not_before)

    async def _newest(self, category: str) -> date:
        """Read the newest listing and store it if it is new; → its date."""
        try:
            page = await self._announced.newest(category)
        except EmptyListing as empty:
            return await self._empty(category, empty)
        async with self._db.read() as conn:
            known = await listings.known_dates(conn, category, page.date)
        if not known.get(page.date, ListingState.WAITING).complete:
            await self._store(page, first_look=True)
        return page.date

    async def _empty(self, category: str, empty: EmptyListing) -> date:
        """A listing without any paper, shown twice: believed of a category that has few on other days, or, where no
        other day can be had, if no other listing of that day names the category.

        Raises:
            EmptyListing: it cannot be believed yet.
        """
        day = date.fromisoformat(empty.day)
        await self._look_back(category, day)
        async with self._db.read() as conn:
            known = await listings.known_dates(conn, category, None)
            earlier = [then for then, state in known.items() if state is ListingState.FRESH and then < day]
            totals = [len(await listings.ids(conn, category, then, tuple(Kind))) for then in earlier[-5:]]
            believed = may_be_empty(totals) if totals else await listings.nobody_names(conn, category, day)
        if not believed:
            raise empty
        await self._mark(category, day, ListingState.QUIET, empty.detail)
        return day

    async def _store(self, page: ListingPage, *, first_look: bool = False) -> None:
        """Store a page unless it shows another day's papers under its date.

        Raises:
            StalePage: it does; the listing is marked as failed.
        """
        if first_look:
            await self._look_back(page.category, page.date)
        async with self._db.read() as conn:
            known = await listings.known_dates(conn, page.category, None)
            neighbours = _neighbours(page.date, (day for day, state in known.items() if state is ListingState.FRESH))
            shown = [await listings.ids(conn, page.category, day, (Kind.NEW,)) for day in neighbours]
        if any(is_stale(page, ids) for ids in shown):
            await self._mark(page.category, page.date, ListingState.FAILED, "stale-page")
            raise StalePage("arXiv")
        async with self._db.begin() as conn:
            await listings.save_page(conn, page, self._clock())
        log.info("listing %s %s: %d new, %d cross", page.category, page.date, page.declared.new, page.declared.cross)

    async def _look_back(self, category: str, before: date) -> None:
        """Have the announcement day before to compare a listing with; yesterday's papers are known by their ids.

        Best effort: without it a page is taken as it is.

        Raises:
            StalePage: the day before shows an earlier day's papers as well.
        """
        async with self._db.read() as conn:
            known = await listings.known_dates(conn, category, None)
        fresh = (day for day, state in known.items() if day < before and state is ListingState.FRESH)
        newest = max(fresh, default=date.min)
        days = calendar.announcement_days(max(newest, before - LOOK_BACK), before - timedelta(days=1))
        missing = [day for day in reversed(days) if not known.get(day, ListingState.WAITING).complete]
        for day in missing[:FIRST_LOOK_BACK]:
            try:
                await self._store(await self._announced.day(category, day))
            except NotAnnounced as answer:
                if answer.why == "quiet":
                    await self._mark(category, day, ListingState.QUIET, answer.why)
                continue
            except StalePage:
                raise
            except SourceError as error:
                log.info("no earlier listing of %s to compare with: %s", category, error)
            return

    async def _catch_up(self, category: str, since: date | None, page_date: date) -> PaperboyError | None:
        """Fetch the days missed before `page_date`, oldest first; → the first error, after which the other days were
        still tried unless arXiv asked us to wait."""
        first: PaperboyError | None = None
        for day in await self._missing(category, since, page_date):
            try:
                await self._read_day(category, day)
            except NotAnnounced as answer:
                await self._mark(category, day, ListingState.QUIET, answer.why)
            except PaperboyError as error:
                await self._mark(category, day, _state_of(error), _detail_of(error))
                first = first or error
                if isinstance(error, Throttled):
                    break
        return first

    async def _missing(self, category: str, since: date | None, page_date: date) -> list[date]:
        if since is None:
            return []
        oldest = max(since, page_date - CATCH_UP)
        async with self._db.read() as conn:
            known = await listings.known_dates(conn, category, oldest)
        days = calendar.announcement_days(oldest - timedelta(days=1), page_date - timedelta(days=1))
        return [day for day in days if not known.get(day, ListingState.WAITING).complete]

    async def day(self, category: str, day: date) -> Listing:
        """One category's listing of one date, from the database or else from arXiv; for the command line.

        Never raises for what arXiv does: that is in the returned state.
        """
        async with self._locks[category]:
            async with self._db.read() as conn:
                listing = (await listings.states(conn, [category], day)).get(category)
            if listing is not None and listing.state.complete:
                return listing
            try:
                await self._read_day(category, day, first_look=True)
            except NotAnnounced as answer:
                await self._mark(category, day, _STATES.get(answer.why, ListingState.FAILED), answer.why)
            except PaperboyError as error:
                log.warning("listing %s %s: %s", category, day, error)
                await self._mark(category, day, _state_of(error), _detail_of(error))
            async with self._db.read() as conn:
                return (await listings.states(conn, [category], day))[category]

    async def _read_day(self, category: str, day: date, *, first_look: bool = False) -> None:
        """Read and store one day's listing; the one that should be newest now stands on the page of new listings."""
        if first_look and day == calendar.expected_date(self._clock()):
            try:
                page = await self._announced.newest(category)
            except EmptyListing as empty:
                if empty.day == day.isoformat():
                    await self._empty(category, empty)
                    return
            else:
                if page.date == day:
                    await self._store(page, first_look=True)
                    return
        try:
            await self._store(await self._announced.day(category, day), first_look=first_look)
        except EmptyListing as empty:
            await self._empty(category, empty)

    async def _mark(self, category: str, day: date, state: ListingState, detail: str) -> None:
        async with self._db.begin() as conn:
            await listings.mark(conn, Listing(category, day, state, checked_at=self._clock(), detail=detail))

    # ------------------------------------------------------------------ heat

    async def refresh_heat(self, last: date | None = None) -> None:
        """Read the lists of the seven days up to `last`; what one day's list lacks does not keep the others away.

        Without `last` it is today. The newest announcement is the measure of today where it is far from the clock's
        date, so that the days of an arXiv that stands still, or is replayed, have their heat as well.
        """
        if last is None:
            last = self._clock().date()
            async with self._db.read() as conn:
                polls = await listings.all_polls(conn)
            newest = max((poll.page_date for poll in polls if poll.page_date is not None), default=last)
            if abs(last - newest) > STANDS_STILL:
                last = newest
        for day in (last - timedelta(days=back) for back in range(HEAT_DAYS)):
            try:
                entries = await self._daily_papers.day(day)
            except SourceError as error:
                log.warning("heat of %s: %s", day, error)
                if isinstance(error, Throttled):
                    return
                continue
            async with self._db.begin() as conn:
                await heat.save(conn, entries)


def _is_owing(poll: Poll | None, now: datetime) -> bool:
    """Whether something failed the last time and may be tried again."""
    return poll is not None and poll.failures > 0 and (poll.not_before or now) <= now


def _was_since(poll: Poll, asked_at: datetime, now: datetime) -> bool:
    """Whether this attempt was made after that moment, by a clock that was not set back since."""
    return poll.checked_at > asked_at and not calendar.is_ahead(poll, now)


def _state_of(error: PaperboyError) -> ListingState:
    return ListingState.THROTTLED if isinstance(error, Throttled) else ListingState.FAILED


def _detail_of(error: PaperboyError) -> str:
    return error.detail if isinstance(error, SourceError) else error.code


def _neighbours(day: date, days: Iterable[date]) -> list[date]:
    """The nearest of `days` before and after `day`."""
    known = sorted(days)
    before = [known_day for known_day in known if known_day < day]
    after = [known_day for known_day in known if known_day > day]
    return before[-1:] + after[:1]
