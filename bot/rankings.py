"""Rankings for use cases: backgrounds, features and tastes kept in memory, and refitted while nobody waits.

Nothing here is stored: a background, a day's features and a taste can be made anew from papers and verdicts.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from bot.embedding import Embedding, background_of, features_of
from bot.heap import set_aside
from bot.model import FollowKind, Heat, Paper, Profile
from bot.pull.heat import SOURCE
from bot.rank import interests
from bot.rank.batch import Ask, Batch
from bot.rank.features import Background, Features
from bot.rank.ranking import Ranking
from bot.rank.score import score
from bot.rank.taste import Taste, learn_all
from bot.table import names_of
from storage import chats, heat, listings
from storage.database import Database

log = logging.getLogger(__name__)

BACKGROUND_PAPERS = 3000
DAYS_KEPT = 2
TAKEN_KEPT = 8
BACKGROUNDS_KEPT = 2
BATCHES_KEPT = 1
WORTH_A_BATCH = 4
"""Chats from which on it is worth working out what many have in common, unless that is at hand."""

TASTES_KEPT = 64
SETTLE = 2.0
"""Seconds after a verdict until its chat's taste is fitted anew: what is said meanwhile is learned in one go."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A taste and what it was learned from."""

    of: Hashable
    taste: Taste | None


class Rankings:
    """Ranks papers for chats."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], datetime],
        *,
        settle: float = SETTLE,
        embedding: Embedding | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._embedding = embedding
        self._settle = settle
        self._features: OrderedDict[tuple[tuple[date, ...], tuple[str, ...]], Features] = OrderedDict()
        self._of_days: OrderedDict[tuple[date, ...], Features] = OrderedDict()
        self._heat_of: OrderedDict[tuple[str, ...], tuple[datetime | None, Mapping[str, Heat]]] = OrderedDict()
        self._making_features = asyncio.Lock()
        self._batches: list[Batch] = []
        self._making_batch = asyncio.Lock()
        self._backgrounds: OrderedDict[tuple[date, tuple[str, ...]], Background] = OrderedDict()
        self._making_background = asyncio.Lock()
        self._tastes: OrderedDict[int, _Kept] = OrderedDict()
        self._refitting: dict[int, asyncio.Task[None]] = {}
        self._said_more: set[int] = set()
        self.refits = 0
        """How often a taste was fitted in the background."""

    # ------------------------------------------------------------------ ranking

    async def rank(
        self,
        chat_id: int,
        profile: Profile,
        papers: Sequence[Paper],
        drawn_from: Iterable[tuple[str, date]],
        until: datetime | None = None,
    ) -> Ranking:
        """The papers, drawn from these listings, ranked for a profile as of `until`, or as of now."""
        features = await self.features(papers, drawn_from)
        return await self.score(chat_id, features, profile, until)

    async def score(self, chat_id: int, features: Features, profile: Profile, until: datetime | None = None) -> Ranking:
        """Features scored for a profile as of `until`, or as of now."""
        now = until or self._clock()
        by_place = any(follow.kind is FollowKind.INSTITUTION for follow in profile.follows)
        async with self._db.read() as conn:
            heats = await self._heats(conn, features.ids, until)
            names = await names_of(conn, features.papers) if by_place else {}
        await self._embed((), (wish.label for wish in interests.parse(profile.interests)))
        taste = await self.taste(chat_id, profile, features.background, now)
        return await asyncio.to_thread(score, features, profile, heats, names, now, taste)

    async def rank_many(
        self, asked: Sequence[tuple[int, Profile]], features: Features, until: datetime | None = None
    ) -> list[Ranking]:
        """Features scored for many chats by their ids and profiles, in that order, each as `score` does, at a fraction of
        its cost. A ranking takes some ten bytes for a paper and interest: whoever has thousands of chats asks in parts."""
        now = until or self._clock()
        if len(asked) < WORTH_A_BATCH and all(kept.features is not features for kept in self._batches):
            return [await self.score(chat_id, features, profile, until) for chat_id, profile in asked]
        by_place = any(follow.kind is FollowKind.INSTITUTION for _, one in asked for follow in one.follows)
        async with self._db.read() as conn:
            heats = await self._heats(conn, features.ids, until)
            names = await names_of(conn, features.papers) if by_place else {}
        await self._embed((), (wish.label for _, one in asked for wish in interests.parse(one.interests)))
        tastes = await self._tastes_of(asked, features.background, now)
        asks = [Ask(profile, taste) for (_, profile), taste in zip(asked, tastes, strict=True)]
        batch = await self._batch(features)
        return await asyncio.to_thread(batch.rank, asks, heats, names, now)

    async def _batch(self, features: Features) -> Batch:
        """What all chats have in common, made once for the same features."""
        async with self._making_batch:
            batch = next((kept for kept in self._batches if kept.features is features), None)
            if batch is None:
                batch = await asyncio.to_thread(Batch, features)
                set_aside()
            self._batches = [batch, *(kept for kept in self._batches if kept is not batch)][:BATCHES_KEPT]
            return batch

    async def _heats(
        self, conn: chats.AsyncConnection, ids: tuple[str, ...], until: datetime | None
    ) -> Mapping[str, Heat]:
        """The papers' newest heat, read once for all chats until further readings come in."""
        if until is not None:
            return await heat.newest(conn, ids, until)
        last = await heat.last_at(conn, SOURCE)
        kept = self._heat_of.get(ids)
        if kept is None or kept[0] != last:
            kept = (last, await heat.newest(conn, ids))
            _keep_newest(self._heat_of, ids, kept, TAKEN_KEPT)
        return kept[1]

    async def features(self, papers: Sequence[Paper], drawn_from: Iterable[tuple[str, date]]) -> Features:
        """The papers' features, taken from those of all papers of the same days, which are made once for all chats."""
        drawn = list(drawn_from)
        days = tuple(sorted({day for _, day in drawn}))
        ids = tuple(paper.id for paper in papers)
        kept = self._features.get((days, ids))
        if kept is not None and kept.papers == tuple(papers):
            self._features.move_to_end((days, ids))
            return kept
        of_days = self._of_days.get(days)
        if of_days is None or not _holds(of_days, papers):
            async with self._db.read() as conn:
                names = {poll.category for poll in await listings.all_polls(conn)}.union(name for name, _ in drawn)
                shown = await listings.shown_on(conn, names, days)
            of_days = await self.features_of_days(days, shown.papers)
        if _holds(of_days, papers):
            made = await asyncio.to_thread(of_days.take, ids)
        else:
            # What somebody holds in hand counts, whatever the database says by now.
            made = await features_of(papers, of_days.background, self._embedding)
        _keep_newest(self._features, (days, ids), made, TAKEN_KEPT)
        return made

    async def features_of_days(self, days: Iterable[date], papers: Sequence[Paper]) -> Features:
        """The features of `papers`, which are all that was announced on these days, in their order; made once for all
        chats while they stay the same."""
        key = tuple(sorted(days))
        async with self._making_features:
            kept = self._of_days.get(key)
            if kept is not None and kept.papers == tuple(papers):
                self._of_days.move_to_end(key)
                return kept
            background = await self.background_before(min(key))
            made = await features_of(papers, background, self._embedding)
            _keep_newest(self._of_days, key, made, DAYS_KEPT)
            return made

    async def background_before(self, day: date) -> Background:
        """The past papers of all categories that are read, as a background for all chats."""
        async with self._making_background:
            async with self._db.read() as conn:
                names = tuple(sorted(poll.category for poll in await listings.all_polls(conn)))
                kept = self._backgrounds.get((day, names))
                if kept is not None:
                    self._backgrounds.move_to_end((day, names))
                    return kept
                past = await listings.sample_before(conn, names, day, BACKGROUND_PAPERS)
            made = await background_of(past, self._embedding)
            _keep_newest(self._backgrounds, (day, names), made, BACKGROUNDS_KEPT)
            return made

    async def _embed(self, papers: Iterable[Paper], texts: Iterable[str] = ()) -> None:
        """Have the vectors of these at hand, where an embedding model is configured and answers."""
        if self._embedding is not None:
            await self._embedding.know(papers, texts)

    def newest_background(self) -> Background | None:
        """The newest background there is, where one was made already."""
        return self._backgrounds[max(self._backgrounds)] if self._backgrounds else None

    def occurs(self, units: Sequence[str]) -> bool | None:
        """Whether any of these units occurs in past papers; None while none are at hand."""
        background = self.newest_background()
        return None if background is None else any(unit in background.vocabulary for unit in units)

    # ------------------------------------------------------------------ tastes

    async def taste(self, chat_id: int, profile: Profile, background: Background, now: datetime) -> Taste | None:
        """What the profile's verdicts teach against this background, fitted once for the same verdicts on the same
        day."""
        return (await self._tastes_of([(chat_id, profile)], background, now))[0]

    async def _tastes_of(
        self, asked: Sequence[tuple[int, Profile]], background: Background, now: datetime
    ) -> list[Taste | None]:
        of = [(id(background), now.date(), _verdicts(one)) for _, one in asked]
        kept = [self._tastes.get(chat_id) for chat_id, _ in asked]
        found = {at: one.taste for at, one in enumerate(kept) if one is not None and one.of == of[at]}
        # What is usual is made for chats of the same categories, which come after each other therefore.
        new = sorted(set(range(len(asked))) - found.keys(), key=lambda at: asked[at][1].categories)
        profiles = [asked[at][1] for at in new]
        await self._embed([paper for one in profiles for paper in _papers_behind(one)])
        found |= zip(new, await asyncio.to_thread(learn_all, background, profiles, now), strict=True)
        for at, (chat_id, _) in enumerate(asked):
            _keep_newest(self._tastes, chat_id, _Kept(of[at], found[at]), TASTES_KEPT)
        return [found[at] for at in range(len(asked))]

    def learn_soon(self, chat_id: int) -> None:
        """Fit the chat's taste anew in the background, once for all that is said until then."""
        self._said_more.add(chat_id)
        if chat_id not in self._refitting:
            task = asyncio.create_task(self._refit(chat_id))
            self._refitting[chat_id] = task
            task.add_done_callback(lambda _: self._refitting.pop(chat_id, None))

    async def _refit(self, chat_id: int) -> None:
        while chat_id in self._said_more:
            await asyncio.sleep(self._settle)
            self._said_more.discard(chat_id)
            background = self.newest_background()
            if background is None:
                return  # nothing was ranked yet: the next table fits it
            try:
                async with self._db.read() as conn:
                    profile = await chats.profile(conn, chat_id)
                await self.taste(chat_id, profile, background, self._clock())
                self.refits += 1
            except Exception:
                # The next table fits it anew, and says what is wrong where somebody waits for it.
                log.exception("the taste of chat %d was not fitted", chat_id)

    async def close(self) -> None:
        """End what still goes on in the background."""
        tasks = list(self._refitting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _verdicts(profile: Profile) -> int:
    """A hash that stands for what a taste is learned from: the papers themselves are too much to keep for every chat, and
    to go through for every table."""
    if not profile.judged:
        return 0
    judged = tuple((one.paper.id, one.paper.version, one.reader_id, one.kind.value, one.at) for one in profile.judged)
    left = tuple((one.paper.id, one.paper.version, one.at, one.unfolded) for one in profile.left)
    return hash((profile.categories, judged, left, profile.corrections))


def _papers_behind(profile: Profile) -> Iterator[Paper]:
    yield from (one.paper for one in profile.judged)
    yield from (one.paper for one in profile.left)


def _holds(features: Features, papers: Sequence[Paper]) -> bool:
    """Whether these very papers are among the features' own."""
    known = {paper.id: paper for paper in features.papers}
    return all(known.get(paper.id) == paper for paper in papers)


def _keep_newest(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
