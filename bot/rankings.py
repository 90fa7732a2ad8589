"""Rankings for use cases: backgrounds, features and tastes kept in memory, and refitted while nobody waits.

Nothing here is stored: a background, a day's features and a taste can be made anew from papers and verdicts.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from bot.model import Paper, Profile
from bot.rank.features import Background, Features
from bot.rank.ranking import Ranking
from bot.rank.score import score
from bot.rank.taste import Taste, learn
from bot.table import names_of
from storage import chats, heat, listings
from storage.database import Database

log = logging.getLogger(__name__)

BACKGROUND_PAPERS = 3000
DAYS_KEPT = 8
BACKGROUNDS_KEPT = 3
TASTES_KEPT = 2000
SETTLE = 2.0
"""Seconds after a verdict until its chat's taste is fitted anew: what is said meanwhile is learned in one go."""

Listed = tuple[tuple[str, date], ...]
"""Category and date of the listings that papers were drawn from."""

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A taste and what it was learned from."""

    of: Hashable
    taste: Taste | None


class Rankings:
    """Ranks papers for chats."""

    def __init__(self, db: Database, clock: Callable[[], datetime], *, settle: float = SETTLE) -> None:
        self._db = db
        self._clock = clock
        self._settle = settle
        self._features: OrderedDict[Listed, Features] = OrderedDict()
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
        async with self._db.read() as conn:
            heats = await heat.newest(conn, features.ids, until)
            names = await names_of(conn, features.papers)
        taste = await self.taste(chat_id, profile, features.background, now)
        return await asyncio.to_thread(score, features, profile, heats, names, now, taste)

    async def features(self, papers: Sequence[Paper], drawn_from: Iterable[tuple[str, date]]) -> Features:
        """The papers' features, made once for all chats with the same listings."""
        key = tuple(sorted(drawn_from))
        kept = self._features.get(key)
        if kept is not None and kept.ids == tuple(paper.id for paper in papers):
            self._features.move_to_end(key)
            return kept
        background = await self.background_before(min(day for _, day in key))
        made = await asyncio.to_thread(Features.of, papers, background)
        _keep_newest(self._features, key, made, DAYS_KEPT)
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
            made = await asyncio.to_thread(Background.of, past)
            _keep_newest(self._backgrounds, (day, names), made, BACKGROUNDS_KEPT)
            return made

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
        # A hash stands for the verdicts: the papers behind them are too much to keep for every chat.
        said = hash((profile.categories, profile.judged, profile.left, profile.corrections))
        of = (id(background), now.date(), said)
        kept = self._tastes.get(chat_id)
        if kept is not None and kept.of == of:
            self._tastes.move_to_end(chat_id)
            return kept.taste
        taste = await asyncio.to_thread(learn, background, profile, now)
        _keep_newest(self._tastes, chat_id, _Kept(of, taste), TASTES_KEPT)
        return taste

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


def _keep_newest(kept: OrderedDict[K, V], key: K, value: V, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
