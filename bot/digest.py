"""A chat's digest: what is in and not yet considered becomes one ranked table, kept for ever."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date, datetime
from weakref import WeakValueDictionary

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import schedule
from bot.errors import BadDate, DatabaseConflict, NoDigest, PaperboyError
from bot.llm.judging import MOST_JUDGED, Judge
from bot.material import Material, Materials, states_on
from bot.model import (
    Chat,
    Digest,
    Heat,
    Listing,
    ListingState,
    Paper,
    Poll,
    Profile,
    ReasonKind,
    ScoredPaper,
)
from bot.precedence import Precedence
from bot.pull import calendar
from bot.rank.corrections import ruled_out
from bot.rank.ranking import Ranking
from bot.rank.select import Choice, select_all
from bot.rankings import Rankings
from bot.schedule import EmptyHour, QuietKind
from bot.table import Names, names_of, read_texts, rows_of
from storage import chats, deliveries, digests, heat, listings
from storage.database import Database

log = logging.getLogger(__name__)

LOOK_AT_MOST = 120.0
CARDS_AHEAD = 5
"""First rows of a table whose cards are made before anybody presses."""

CARDS_WITHIN = 10.0
"""Seconds that a table waits for the cards of its first rows; nobody who asks for a table waits for them."""

JUDGED_WITHIN = 30.0
"""Seconds that tables wait for a language model's word on their first papers."""

JUDGED_AT_ONCE = 8

KEPT_AT_ONCE = 24
"""Digests that are written in one transaction, of which each takes a while whatever is in it: who writes down that a message
was sent has to wait for its end."""

FindInstitutions = Callable[[Sequence[Paper]], Awaitable[None]]
Look = Callable[[Sequence[str]], Awaitable[None]]
PrepareCards = Callable[[Sequence[Paper], str, float], Awaitable[None]]
Made = Digest | Exception | None
NextAt = Callable[[Chat], datetime]


@dataclass(frozen=True, slots=True)
class DigestView:
    """One part of a digest with what a reader needs to understand it."""

    chat: Chat
    digest: Digest
    profile: Profile


Plan = Callable[[DigestView], Sequence[Mapping[str, object]]]


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
class _Draft:
    """A digest that is not kept yet, and the messages that are to bring it to its chat."""

    material: Material
    digest: Digest
    bodies: Sequence[Mapping[str, object]]


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
        self.precedence = Precedence()
        """Whose answers go before tables that are made for many."""
        self._keeping = asyncio.Lock()
        """Held while digests are written, so that a verdict that is given meanwhile waits for a few of them, not for those
        of every part."""
        # A lock lives while somebody holds it or waits for it: chats are many.
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._materials = Materials(db, clock)
        self._rankings = rankings or Rankings(db, clock)
        self._judge = judge
        self._texts_read = date.min

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

    async def make(self, chat_id: int, plan: Plan | None = None) -> Digest | None:
        """Make the chat's next digest out of everything that is in and was not considered yet; None if nothing is.

        With `plan`, the messages it lays out are written to the ledger in the same transaction, so that a digest that
        exists is always delivered; it sees the digest before it has a number of its own.
        """
        async with self._lock(chat_id):
            try:
                made = (await self._make([chat_id], plan, None))[chat_id]
            except DatabaseConflict:  # another program has just made it, or a part of it
                made = (await self._make([chat_id], plan, None))[chat_id]
        if isinstance(made, Exception):
            raise made
        return made

    async def make_all(self, chat_ids: Iterable[int], plan: Plan, next_at: NextAt) -> dict[int, Made]:
        """Make the next digests of several chats together, in a few steps for all of them, and with each set its chat's
        next hour unless somebody has set another one meanwhile; they are kept a few at a time, all of those or none.

        Returns:
            By chat its digest, None where nothing is in, or what went wrong with this chat alone. Of several chats those
            are left out whose digest somebody else is making at this moment; for a single one that is waited for.

        Raises:
            DatabaseConflict: another program has made one of the digests, or a chat was forgotten meanwhile: it was not
                kept, nor were some others, and each chat whose hour is still open should be asked for by itself.
        """
        locks = {chat_id: self._lock(chat_id) for chat_id in sorted(chat_ids)}
        free = [chat_id for chat_id, lock in locks.items() if not lock.locked() or len(locks) == 1]
        async with AsyncExitStack() as held:
            for chat_id in free:
                await held.enter_async_context(locks[chat_id])
            return await self._make(free, plan, next_at)

    def _lock(self, chat_id: int) -> asyncio.Lock:
        lock = self._locks.get(chat_id)
        if lock is None:
            lock = self._locks[chat_id] = asyncio.Lock()
        return lock

    async def previews(self, chat_ids: Iterable[int]) -> dict[int, list[Paper]]:
        """The papers that digests made now would show, by chat, so that what is slow can be looked up before the hour."""
        materials = await self._materials.read(chat_ids)
        chosen = await self._choose(materials)
        return {one.chat.id: [scored.paper for scored in rows] for one, rows in zip(materials, chosen, strict=True)}

    async def _make(self, chat_ids: Sequence[int], plan: Plan | None, next_at: NextAt | None) -> dict[int, Made]:
        made: dict[int, Made] = dict.fromkeys(chat_ids)
        materials = await self._materials.read(chat_ids)
        if not materials:
            return made
        chosen = await self._choose(materials)
        await self._look_up(materials, chosen, CARDS_WITHIN if plan is not None else 0.0)
        drafts: list[_Draft] = []
        for material, draft in zip(materials, await self._drafts(materials, chosen, plan), strict=True):
            if isinstance(draft, Exception):
                made[material.chat.id] = draft
            else:
                drafts.append(draft)
        for start in range(0, len(drafts), KEPT_AT_ONCE):
            await self._give_way(len(chat_ids))
            async with self._keeping:
                kept = await self._keep(drafts[start : start + KEPT_AT_ONCE], next_at)
            for digest in kept:
                made[digest.chat_id] = digest
                log.info(
                    "digest %s of chat %d: %d of %d", digest.date, digest.chat_id, len(digest.rows), digest.announced
                )
        return made

    async def _choose(self, materials: Sequence[Material]) -> list[list[ScoredPaper]]:
        """The papers for each table, best first; chats that draw from the same days are ranked together."""
        chosen: list[list[ScoredPaper]] = [[] for _ in materials]
        of_days: defaultdict[int, list[int]] = defaultdict(list)
        for at, material in enumerate(materials):
            if len(material.among):
                of_days[id(material.shown)].append(at)
        for places in of_days.values():
            some = [materials[at] for at in places]
            days = sorted({listing.date for listing in some[0].pending})
            features = await self._rankings.features_of_days(days, some[0].shown.papers)
            await self._read_texts(days[-1], features.papers)
            asked = [(one.chat.id, one.profile) for one in some]
            rankings = await self._judged(some, await self._rankings.rank_many(asked, features))
            for at, rows in zip(places, await asyncio.to_thread(_select_all, some, rankings), strict=True):
                chosen[at] = rows
        return chosen

    async def _read_texts(self, day: date, papers: Sequence[Paper]) -> None:
        """Read what rows say of the papers' own texts, once for all chats when the first table of a day is looked at:
        an hour before it is due, mostly."""
        if day > self._texts_read:
            self._texts_read = day
            await asyncio.to_thread(read_texts, papers)

    async def _judged(self, materials: Sequence[Material], rankings: Sequence[Ranking]) -> Sequence[Ranking]:
        """The rankings with a language model's word on each one's first papers, where there is a model and something
        stated to hold them against; where it fails, or takes too long for all together, a ranking stands as it is."""
        judge = self._judge
        if judge is None:
            return rankings
        until = asyncio.get_running_loop().time() + JUDGED_WITHIN
        at_once = asyncio.Semaphore(JUDGED_AT_ONCE)

        async def one(material: Material, ranking: Ranking) -> Ranking:
            profile = material.profile
            if not profile.interests or ruled_out(profile, ReasonKind.MODEL):
                return ranking
            first = [ranking.features.papers[at] for at in _first(material, ranking)]
            try:
                async with asyncio.timeout_at(until), at_once:
                    said = await judge(profile.interests, first, material.chat.language)
            except (PaperboyError, TimeoutError) as error:
                log.info("the first papers of chat %d were not judged: %r", material.chat.id, error)
                return ranking
            except Exception:
                log.exception("the first papers of chat %d were not judged", material.chat.id)
                return ranking
            return ranking.with_model(said)

        return await asyncio.gather(*map(one, materials, rankings))

    async def _look_up(
        self, materials: Sequence[Material], chosen: Sequence[Sequence[ScoredPaper]], seconds: float
    ) -> None:
        """Find institutions and begin cards, for all tables together: what most of them show comes first."""
        papers = _most_wanted([scored.paper for scored in rows] for rows in chosen)
        await self._find_institutions(papers)
        if self._prepare_cards is None:
            return
        first: defaultdict[str, list[list[Paper]]] = defaultdict(list)
        for material, rows in zip(materials, chosen, strict=True):
            first[material.chat.language].append([scored.paper for scored in rows[:CARDS_AHEAD]])
        await asyncio.gather(
            *(self._prepare_cards(_most_wanted(some), language, seconds) for language, some in first.items())
        )

    async def _drafts(
        self, materials: Sequence[Material], chosen: Sequence[Sequence[ScoredPaper]], plan: Plan | None
    ) -> list[_Draft | Exception]:
        """The digests with their messages; or, for a chat that cannot be served, what is wrong."""
        papers = {scored.paper.id: scored.paper for rows in chosen for scored in rows}

        async def known(conn: AsyncConnection) -> tuple[Mapping[str, Heat], Names]:
            return await heat.newest(conn, papers), await names_of(conn, list(papers.values()))

        heats, names = await self._db.reading(known)
        drafts: list[_Draft | Exception] = []
        for material, rows in zip(materials, chosen, strict=True):
            late = _late(material, rows)
            digest = Digest(
                0,
                material.chat.id,
                material.day,
                material.part,
                self._clock(),
                len(material.among),
                rows_of(rows, names, heats, late),
                material.states,
                material.late,
            )
            try:
                bodies = plan(DigestView(material.chat, digest, material.profile)) if plan is not None else ()
                drafts.append(_Draft(material, digest, bodies))
            except Exception as error:  # noqa: BLE001 - one chat's trouble, which is told to whoever asked
                drafts.append(error)
            await self._give_way(len(materials))
        return drafts

    async def _give_way(self, tables: int) -> None:
        """Let whoever waits go before tables that are made for many; the one of a single chat is mostly waited for itself."""
        if tables > 1:
            await self.precedence.give_way()

    async def _keep(self, drafts: Sequence[_Draft], next_at: NextAt | None) -> list[Digest]:
        """Write digests with all that goes with them, or nothing."""
        since: defaultdict[date, list[int]] = defaultdict(list)
        for draft in drafts:
            since[draft.material.since].append(draft.digest.chat_id)
        hours = [(draft.material.chat, next_at(draft.material.chat), None) for draft in drafts] if next_at else []

        async def write(conn: AsyncConnection) -> list[Digest]:
            # The chats before what is theirs, also where no hour is set or somebody has just set another one.
            await chats.hold_all(conn, [draft.digest.chat_id for draft in drafts])
            made = await digests.create_all(conn, [draft.digest for draft in drafts])
            both = list(zip(drafts, made, strict=True))
            await listings.consider(conn, [(one.chat_id, one.id, draft.material.pending) for draft, one in both])
            await chats.reschedule(conn, hours)
            for day, chat_ids in sorted(since.items()):
                await chats.set_since(conn, chat_ids, day)
            await deliveries.plan_all(conn, [(one.chat_id, one.id, draft.bodies) for draft, one in both])
            return made

        return await self._db.writing(write)

    # ------------------------------------------------------------------ empty hours

    async def empty_hours(self, asking: Sequence[Chat]) -> dict[int, EmptyHour]:
        """What to do at these chats' hours when nothing is in that was not posted, by chat; one for which something has come
        in meanwhile is missing."""
        now = self._clock()
        ids = [chat.id for chat in asking]
        async with self._db.read() as conn:
            names = await chats.categories_of(conn, ids)
            polls = await listings.polls(conn, {name for some in names.values() for name in some})
            last = await digests.last_made(conn, ids)
            # After the polls: one that says that a listing was read has been written after it.
            come_in = await listings.unconsidered_of(conn, ids)
        expected = calendar.expected_date(now)
        return {
            chat.id: schedule.empty_hour(
                chat,
                [polls[name] for name in names.get(chat.id, ()) if name in polls],
                expected=expected,
                expected_since=calendar.announced_at(expected),
                last_digest_at=last.get(chat.id),
                now=now,
            )
            for chat in asking
            if chat.id not in come_in
        }

    async def quiet(self, chat_id: int, kind: QuietKind | None) -> QuietView:
        """Why there is no table now, with the states of the chat's listings; `kind` where the schedule has decided."""
        async with self._db.read() as conn:
            chat = await _must(conn, chat_id)
            names = await chats.categories(conn, chat_id)
            polls = await listings.polls(conn, names)
        return self._quiet_view(chat, names, polls, kind)

    def _quiet_view(
        self, chat: Chat, names: Sequence[str], known: Mapping[str, Poll], kind: QuietKind | None
    ) -> QuietView:
        now = self._clock()
        polls = {name: known[name] for name in names if name in known}
        if kind is None:
            troubled = any(poll.state in (ListingState.THROTTLED, ListingState.FAILED) for poll in polls.values())
            kind = QuietKind.UNREACHABLE if troubled else QuietKind.WAITING
        newest = max((poll.page_date for poll in polls.values() if poll.page_date), default=None)
        states = states_on(names, calendar.expected_date(now), {}, polls, now)
        return QuietView(chat, kind, schedule.local_day(chat, now), states, newest, calendar.next_announcement(now))

    async def note(
        self, said: Sequence[tuple[Chat, QuietKind]], plan: Callable[[QuietView], Sequence[Mapping[str, object]]]
    ) -> set[int]:
        """Plan one-line notes, one for each chat per local day and kind; none where it was given or the chat wants none.
        → the chats that get one.

        Trouble is always told; days that are merely quiet only to chats that want to know.
        """
        wanted = [(chat, kind) for chat, kind in said if chat.quiet_notes or kind is QuietKind.UNREACHABLE]
        if not wanted:
            return set()
        async with self._db.read() as conn:
            names = await chats.categories_of(conn, [chat.id for chat, _ in wanted])
            polls = await listings.polls(conn, {name for some in names.values() for name in some})
            views = [self._quiet_view(chat, names.get(chat.id, ()), polls, kind) for chat, kind in wanted]
            given = await digests.noticed(conn, [view.chat.id for view in views], {view.day for view in views})
        laid: list[tuple[QuietView, Sequence[Mapping[str, object]]]] = []
        for view in views:
            if (view.chat.id, view.day, view.kind.value) not in given:
                laid.append((view, plan(view)))
                await asyncio.sleep(0)  # as with digests
        async with self._db.begin() as conn:
            fresh = await digests.notice(conn, [(view.chat.id, view.day, view.kind.value) for view, _ in laid])
            await deliveries.plan_all(
                conn, [(view.chat.id, None, bodies) for view, bodies in laid if view.chat.id in fresh]
            )
        return fresh


def _select_all(materials: Sequence[Material], rankings: Sequence[Ranking]) -> list[list[ScoredPaper]]:
    """The papers for each table, best first."""
    return select_all(
        [
            Choice(
                ranking,
                material.chat.size,
                seen=material.seen,
                explore=not ruled_out(material.profile, ReasonKind.EXPLORATION),
                among=material.among,
            )
            for material, ranking in zip(materials, rankings, strict=True)
        ]
    )


def _first(material: Material, ranking: Ranking) -> list[int]:
    """The places of the papers that a language model is asked about."""
    ids = ranking.features.ids
    places = [at for at in material.among.tolist() if at not in ranking.hidden and ids[at] not in material.seen]
    return sorted(places, key=lambda at: (-ranking.scores[at], ids[at]))[:MOST_JUDGED]


def _most_wanted(tables: Iterable[Sequence[Paper]]) -> list[Paper]:
    """The papers of several tables, each once, those first that stand in most of them."""
    papers = [paper for table in tables for paper in table]
    return [paper for paper, _ in Counter(papers).most_common()]


def _late(material: Material, chosen: Sequence[ScoredPaper]) -> dict[str, date]:
    """By paper the day of those chosen that only a listing of an earlier day shows."""
    if material.since == material.day:
        return {}
    place = material.shown.place
    announced = {scored.paper.id: material.announced_on(place[scored.paper.id]) for scored in chosen}
    return {paper_id: on for paper_id, on in announced.items() if on < material.day}


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
