"""A chat's digest: what is in and not yet considered becomes one ranked table, kept for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bot import schedule
from bot.errors import BadDate, NoDigest, PaperboyError
from bot.llm.judging import MOST_JUDGED, Judge
from bot.model import (
    Announcement,
    Chat,
    Delivery,
    Digest,
    Listing,
    ListingState,
    Paper,
    Poll,
    Profile,
    ReasonKind,
    ScoredPaper,
)
from bot.pull import calendar
from bot.rank.corrections import ruled_out
from bot.rank.ranking import Ranking
from bot.rank.select import select
from bot.rankings import Rankings
from bot.schedule import EmptyHour, QuietKind
from bot.table import names_of, rows_of
from storage import chats, deliveries, digests, heat, listings
from storage.database import Database

log = logging.getLogger(__name__)

LOOK_AT_MOST = 120.0
CARDS_WITHIN = 10.0
"""Seconds that a table waits for the cards of its first rows; nobody who asks for a table waits for them."""

JUDGED_WITHIN = 30.0
"""Seconds that a table waits for a language model's word on its first papers."""

FindInstitutions = Callable[[Sequence[Paper]], Awaitable[None]]
Look = Callable[[Sequence[str]], Awaitable[None]]
PrepareCards = Callable[[Sequence[Paper], str, float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DigestView:
    """One part of a digest with what a reader needs to understand it."""

    chat: Chat
    digest: Digest
    profile: Profile


@dataclass(frozen=True, slots=True)
class QuietView:
    """An hour without a table: why, the states of the chat's listings, the newest announcement and the next one."""

    chat: Chat
    kind: QuietKind
    day: date
    listings: tuple[Listing, ...]
    newest: date | None
    next_announcement: datetime


@dataclass(frozen=True, slots=True)
class _Material:
    """What a digest is made of, read in one go."""

    chat: Chat
    profile: Profile
    pending: tuple[Listing, ...]
    papers: tuple[tuple[Paper, tuple[Announcement, ...]], ...]
    states: tuple[Listing, ...]
    seen: frozenset[str]


class Digests:
    """The use case of digests.

    `look` has a look at the listings of categories that may have something new, and `find_institutions` at what the
    chosen papers' institutions are, within its own limit of time; `prepare_cards` makes cards in a language and waits
    for them as many seconds as it is told. All store what they find and never raise for what the outside does.
    """

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        look: Look,
        find_institutions: FindInstitutions,
        prepare_cards: PrepareCards | None = None,
        rankings: Rankings | None = None,
        judge: Judge | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._look = look
        self._find_institutions = find_institutions
        self._prepare_cards = prepare_cards
        self._looking: set[asyncio.Future[None]] = set()
        self._locks: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._rankings = rankings or Rankings(db, clock)
        self._judge = judge

    # ------------------------------------------------------------------ reading

    async def read(self, chat_id: int, text: str) -> list[DigestView]:
        """The digest of a date ("2026-02-18"; "" for the newest), all its parts in order.

        Raises:
            BadDate: not a date.
            NoDigest: nothing was posted for it; the newest dates that have one are named.
        """
        async with self._db.read() as conn:
            chat = await _must(conn, chat_id)
            profile = await chats.profile(conn, chat_id)
            have = await digests.dates(conn, chat_id, 5)
            if text.strip():
                wanted = _date(text)
            elif have:
                wanted = have[0]
            else:
                raise NoDigest("", ())
            parts = await digests.of_date(conn, chat_id, wanted)
        if not parts:
            raise NoDigest(wanted.isoformat(), tuple(day.isoformat() for day in have))
        return [DigestView(chat, part, profile) for part in parts]

    async def now(self, chat_id: int) -> list[DigestView] | QuietView:
        """What `/digest` without a date shows: a new digest of what has not been considered, else the newest, else
        why there is none. arXiv is asked first where it may have something new, for at most two minutes."""
        async with self._db.read() as conn:
            names = await chats.categories(conn, chat_id)
        await self.look(names, LOOK_AT_MOST)
        made = await self.make(chat_id)
        if made is not None:
            return await self.read(chat_id, made.date.isoformat())
        async with self._db.read() as conn:
            have = await digests.dates(conn, chat_id, 1)
        if have:
            return await self.read(chat_id, have[0].isoformat())
        return await self.quiet(chat_id, None)

    # ------------------------------------------------------------------ making

    async def look(self, names: Sequence[str], seconds: float) -> None:
        """Have a look at these categories' listings, for at most `seconds`; a slow arXiv goes on in the background."""
        looking = asyncio.ensure_future(self._look(names))
        self._looking.add(looking)
        looking.add_done_callback(self._looking.discard)
        done, _ = await asyncio.wait({looking}, timeout=seconds)
        for task in done:
            task.result()

    async def close(self) -> None:
        """End what still goes on in the background."""
        for looking in self._looking:
            looking.cancel()
        await asyncio.gather(*self._looking, return_exceptions=True)

    async def make(
        self, chat_id: int, plan: Callable[[DigestView], Sequence[Mapping[str, object]]] | None = None
    ) -> Digest | None:
        """Make the chat's next digest out of everything that is in and was not considered yet; None if nothing is.

        With `plan`, the messages it lays out are written to the ledger in the same transaction, so that a digest that
        exists is always delivered.
        """
        async with self._locks[chat_id]:
            material = await self._material(chat_id)
            if material is None:
                return None
            chosen = await self._choose(material)
            papers = [scored.paper for scored in chosen]
            await self._find_institutions(papers)
            if self._prepare_cards is not None:
                await self._prepare_cards(papers, material.chat.language, 0.0 if plan is None else CARDS_WITHIN)
            return await self._keep(material, chosen, plan)

    async def preview(self, chat_id: int) -> list[Paper]:
        """The papers that a digest made now would show, so that what is slow can be looked up before the hour."""
        material = await self._material(chat_id)
        return [] if material is None else [scored.paper for scored in await self._choose(material)]

    async def _material(self, chat_id: int) -> _Material | None:
        async with self._db.read() as conn:
            pending = await listings.unconsidered(conn, chat_id)
            if not pending:
                return None
            chat = await _must(conn, chat_id)
            papers = await listings.fresh_papers(conn, chat_id, pending)
            day = max(listing.date for listing in pending)
            names = await chats.categories(conn, chat_id)
            return _Material(
                chat,
                await chats.profile(conn, chat_id),
                tuple(pending),
                tuple(papers),
                _states(
                    names,
                    day,
                    await listings.states(conn, names, day),
                    await listings.polls(conn, names),
                    self._clock(),
                ),
                frozenset(await digests.shown_before(conn, chat_id, [paper.id for paper, _ in papers])),
            )

    async def _choose(self, material: _Material) -> list[ScoredPaper]:
        papers = [paper for paper, _ in material.papers]
        if not papers:
            return []
        drawn_from = [(listing.category, listing.date) for listing in material.pending]
        ranking = await self._rankings.rank(material.chat.id, material.profile, papers, drawn_from)
        ranking = await self._judged(material, ranking)
        explore = not ruled_out(material.profile, ReasonKind.EXPLORATION)
        return await asyncio.to_thread(select, ranking, material.chat.size, seen=material.seen, explore=explore)

    async def _judged(self, material: _Material, ranking: Ranking) -> Ranking:
        """The ranking with a language model's word on its first papers, where there is a model and something stated to
        hold them against; where the model fails or takes too long, the ranking stands as it is."""
        profile = material.profile
        if self._judge is None or not profile.interests or ruled_out(profile, ReasonKind.MODEL):
            return ranking
        ids = ranking.features.ids
        places = [at for at in range(len(ranking)) if at not in ranking.hidden and ids[at] not in material.seen]
        first = sorted(places, key=lambda at: (-ranking.scores[at], ids[at]))[:MOST_JUDGED]
        papers = [ranking.features.papers[at] for at in first]
        try:
            async with asyncio.timeout(JUDGED_WITHIN):
                said = await self._judge(profile.interests, papers, material.chat.language)
        except (PaperboyError, TimeoutError) as error:
            log.info("the first papers of chat %d were not judged: %r", material.chat.id, error)
            return ranking
        except Exception:
            log.exception("the first papers of chat %d were not judged", material.chat.id)
            return ranking
        return ranking.with_model(said)

    async def _keep(
        self,
        material: _Material,
        chosen: Sequence[ScoredPaper],
        plan: Callable[[DigestView], Sequence[Mapping[str, object]]] | None,
    ) -> Digest:
        chat = material.chat
        day = max(listing.date for listing in material.pending)
        papers = [scored.paper for scored in chosen]
        announced_on = {paper.id: max(a.date for a in announcements) for paper, announcements in material.papers}
        late = {paper_id: on for paper_id, on in announced_on.items() if on < day}
        async with self._db.begin() as conn:
            heats = await heat.newest(conn, [paper.id for paper in papers])
            names = await names_of(conn, papers)
            rows = rows_of(chosen, names, heats, late)
            digest = await digests.create(
                conn,
                chat_id=chat.id,
                day=day,
                created_at=self._clock(),
                announced=len(material.papers),
                rows=rows,
                listings=material.states,
                late=tuple(listing for listing in material.pending if listing.date < day),
            )
            await listings.consider(conn, chat.id, digest.id, material.pending)
            await chats.set_since(conn, chat.id, min(listing.date for listing in material.pending))
            if plan is not None:
                bodies = plan(DigestView(chat, digest, material.profile))
                await deliveries.plan(conn, chat.id, digest.id, bodies)
        log.info("digest %s of chat %d: %d of %d", day, chat.id, len(rows), digest.announced)
        return digest

    # ------------------------------------------------------------------ empty hours

    async def empty_hour(self, chat: Chat) -> EmptyHour:
        """What to do at the chat's hour when nothing is in that was not posted."""
        now = self._clock()
        async with self._db.read() as conn:
            polls = await listings.polls(conn, await chats.categories(conn, chat.id))
            last = await digests.latest(conn, chat.id)
        expected = calendar.expected_date(now)
        return schedule.empty_hour(
            chat,
            polls.values(),
            expected=expected,
            expected_since=calendar.announced_at(expected),
            last_digest_at=last.created_at if last else None,
            now=now,
        )

    async def quiet(self, chat_id: int, kind: QuietKind | None) -> QuietView:
        """Why there is no table now, with the states of the chat's listings; `kind` where the schedule has decided."""
        now = self._clock()
        async with self._db.read() as conn:
            chat = await _must(conn, chat_id)
            names = await chats.categories(conn, chat_id)
            polls = await listings.polls(conn, names)
        expected = calendar.expected_date(now)
        if kind is None:
            troubled = any(poll.state in (ListingState.THROTTLED, ListingState.FAILED) for poll in polls.values())
            kind = QuietKind.UNREACHABLE if troubled else QuietKind.WAITING
        newest = max((poll.page_date for poll in polls.values() if poll.page_date), default=None)
        states = _states(names, expected, {}, polls, now)
        return QuietView(chat, kind, schedule.local_day(chat, now), states, newest, calendar.next_announcement(now))

    async def note(
        self, chat: Chat, kind: QuietKind, plan: Callable[[QuietView], Sequence[Mapping[str, object]]]
    ) -> list[Delivery]:
        """Plan a one-line note, once per local day and kind; [] where it was given or the chat wants none.

        Trouble is always told; days that are merely quiet only to chats that want to know.
        """
        if not chat.quiet_notes and kind is not QuietKind.UNREACHABLE:
            return []
        view = await self.quiet(chat.id, kind)
        async with self._db.begin() as conn:
            if not await digests.notice(conn, chat.id, view.day, kind.value):
                return []
            return await deliveries.plan(conn, chat.id, None, plan(view))


def _states(
    names: Sequence[str], day: date, stored: Mapping[str, Listing], polls: Mapping[str, Poll], now: datetime
) -> tuple[Listing, ...]:
    """The state of each category on `day`: what is stored, else what the last attempt at the category says."""
    states = []
    for name in names:
        listing = stored.get(name)
        if listing is None or not listing.state.complete:
            poll = polls.get(name)
            troubled = poll is not None and poll.state in (ListingState.THROTTLED, ListingState.FAILED)
            if poll is not None and troubled:
                listing = Listing(name, day, poll.state, checked_at=poll.checked_at, detail=poll.detail)
            elif listing is None:
                listing = Listing(name, day, ListingState.WAITING, checked_at=poll.checked_at if poll else now)
        states.append(listing)
    return tuple(states)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise BadDate(text.strip()) from None


async def _must(conn: chats.AsyncConnection, chat_id: int) -> Chat:
    chat = await chats.get(conn, chat_id)
    if chat is None:
        raise NoDigest("", ())
    return chat
