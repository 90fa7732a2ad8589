"""How good the ranking was: a chat's own past days ranked again with only what was known before each of them.

Each day with verdicts that were given afterwards is ranked once by us and once by plain keywords. Time runs forwards
only: a day's background is older than the day, its profile is the one of the moment when its table was made. Verdicts
can only be given on papers that somebody saw, which favours whatever order was shown; so the two numbers are to be held
against each other, not against those of other programs.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from bot.embedding import Embedding, background_of, features_of
from bot.model import Digest, Paper, Profile
from bot.rank.features import Background, Features
from bot.rank.keywords import keyword_scores
from bot.rank.score import score
from bot.rankings import BACKGROUND_PAPERS
from bot.table import names_of
from storage import chats, digests, heat, listings, verdicts
from storage.database import Database

log = logging.getLogger(__name__)

MOST_DAYS = 20
"""Past tables that are replayed, the newest with likes that were given afterwards."""

LEAST_LIKES = 10
"""Papers that must have been liked after their day for a number to mean something."""

WINDOW = timedelta(days=60)
DEPTH = 10
FEATURES_KEPT = 2
RESULTS_KEPT = 5000


@dataclass(frozen=True, slots=True)
class Day:
    """One replayed table: how many of its papers were liked afterwards, and for us and for plain keywords whether the
    first rows would have held one of them, and nDCG@10."""

    date: date
    likes: int
    hit: bool
    ndcg: float
    keyword_hit: bool
    keyword_ndcg: float


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a replay found. `shown` rows were posted in the last 60 days, of which `liked` got a 👍 or 🔖; `likes` of at
    least `needed` papers were liked after their day; the rest is means over `days`, and None where likes are too few."""

    shown: int
    liked: int
    likes: int
    days: tuple[Day, ...] = ()
    needed: int = LEAST_LIKES

    @property
    def enough(self) -> bool:
        """Whether there are verdicts enough for the numbers to mean something."""
        return self.likes >= self.needed and bool(self.days)

    @property
    def hit_rate(self) -> float:
        """The share of days on which the first rows would have held a paper that was liked."""
        return _mean([float(day.hit) for day in self.days])

    @property
    def keyword_hit_rate(self) -> float:
        """The same for plain keywords."""
        return _mean([float(day.keyword_hit) for day in self.days])

    @property
    def ndcg(self) -> float:
        """Mean nDCG@10."""
        return _mean([day.ndcg for day in self.days])

    @property
    def keyword_ndcg(self) -> float:
        """The same for plain keywords."""
        return _mean([day.keyword_ndcg for day in self.days])


@dataclass(frozen=True, slots=True)
class _Past:
    """A table of the past that can be replayed: what it chose from, what was known, and what was liked afterwards."""

    digest: Digest
    papers: tuple[Paper, ...]
    seen: frozenset[str]
    profile: Profile
    liked: frozenset[str]


class Replays:
    """The use case of honest numbers. One replay runs at a time, in the background, and each day's result is kept as
    long as nothing that it rests on changes."""

    def __init__(self, db: Database, clock: Callable[[], datetime], embedding: Embedding | None = None) -> None:
        self._embedding = embedding
        self._db = db
        self._clock = clock
        self._lock = asyncio.Lock()
        self._results: OrderedDict[tuple[int, int, int], Day] = OrderedDict()
        self._background: tuple[date, Background] | None = None
        self._features: OrderedDict[tuple[str, ...], Features] = OrderedDict()
        self._running: dict[int, asyncio.Task[Numbers]] = {}

    async def numbers(self, chat_id: int, within: float) -> Numbers | None:
        """A chat's numbers; None where they are not there within so many seconds: they are worked out all the same, and
        are there the next time."""
        task = self._running.get(chat_id)
        if task is None:
            task = asyncio.create_task(self.replay(chat_id))
            self._running[chat_id] = task
            task.add_done_callback(lambda _: self._running.pop(chat_id, None))
        done, _ = await asyncio.wait({task}, timeout=within)
        return task.result() if done else None

    async def replay(self, chat_id: int) -> Numbers:
        """The numbers of a chat, worked out day by day."""
        since = self._clock() - WINDOW
        async with self._db.read() as conn:
            shown, liked = await digests.rows_liked(conn, chat_id, since)
            past = await digests.judged_afterwards(conn, chat_id, MOST_DAYS)
        likes = sum(count for _, count in past)
        if likes < LEAST_LIKES:
            return Numbers(shown, liked, likes)
        days: list[Day] = []
        async with self._lock:
            for digest_id, _ in reversed(past):
                day = await self._day(chat_id, digest_id)
                if day is not None:
                    days.append(day)
        return Numbers(shown, liked, likes, tuple(days))

    async def close(self) -> None:
        """End what still goes on in the background."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------ one day

    async def _day(self, chat_id: int, digest_id: int) -> Day | None:
        past = await self._past(chat_id, digest_id)
        if past is None or not past.liked:
            return None
        # The hash stands for them: the papers behind a profile are too much to keep.
        of = (chat_id, digest_id, hash((past.liked, past.profile)))
        kept = self._results.get(of)
        if kept is not None:
            self._results.move_to_end(of)
            return kept
        features = await self._features_of(past)
        if self._embedding is not None:
            await self._embedding.know_profile(past.profile)
        async with self._db.read() as conn:
            heats = await heat.newest(conn, features.ids, past.digest.created_at)
            names = await names_of(conn, features.papers)
        day = await asyncio.to_thread(
            lambda: _compared(
                past,
                features,
                score(features, past.profile, heats, names, past.digest.created_at).scores,
                keyword_scores(features, past.profile),
            )
        )
        self._results[of] = day
        while len(self._results) > RESULTS_KEPT:
            self._results.popitem(last=False)
        return day

    async def _past(self, chat_id: int, digest_id: int) -> _Past | None:
        async with self._db.read() as conn:
            digest = await digests.get(conn, digest_id)
            if digest is None:
                return None
            made_at = digest.created_at
            profile = await chats.profile(conn, chat_id, made_at)
            drawn = await listings.drawn_from(conn, digest_id)
            papers = [paper for paper, _ in await listings.papers_in(conn, chat_id, drawn, digest_id)]
            seen = await digests.shown_before(conn, chat_id, [paper.id for paper in papers], digest_id)
            liked = await verdicts.liked_since(conn, chat_id, [paper.id for paper in papers], made_at)
        known = replace(profile, corrections=tuple(one for one in profile.corrections if one.at < made_at))
        return _Past(digest, tuple(papers), frozenset(seen), known, frozenset(liked))

    async def _features_of(self, past: _Past) -> Features:
        """The day's papers against what was usual in the weeks before it; kept for other chats of the same day."""
        ids = tuple(paper.id for paper in past.papers)
        kept = self._features.get(ids)
        if kept is not None:
            return kept
        monday = past.digest.date - timedelta(days=past.digest.date.weekday())
        if self._background is None or self._background[0] != monday:
            async with self._db.read() as conn:
                names = sorted(poll.category for poll in await listings.all_polls(conn))
                papers = await listings.sample_before(conn, names, monday, BACKGROUND_PAPERS)
            self._background = (monday, await background_of(papers, self._embedding))
        made = await features_of(past.papers, self._background[1], self._embedding)
        self._features[ids] = made
        while len(self._features) > FEATURES_KEPT:
            self._features.popitem(last=False)
        return made


def _compared(past: _Past, features: Features, ours: NDArray[np.float64], keywords: NDArray[np.float64]) -> Day:
    """The day's order by our scores and by plain keywords, each held against what was liked afterwards."""
    ids = [at for at, paper_id in enumerate(features.ids) if paper_id not in past.seen]
    relevant = np.array([features.ids[at] in past.liked for at in ids])
    size = max(len(past.digest.rows), 1)
    found = [_order(scores[ids], [features.ids[at] for at in ids]) for scores in (ours, keywords)]
    return Day(
        past.digest.date,
        int(relevant.sum()),
        bool(relevant[found[0][:size]].any()),
        ndcg(relevant[found[0]]),
        bool(relevant[found[1][:size]].any()),
        ndcg(relevant[found[1]]),
    )


def _order(scores: NDArray[np.float64], ids: Sequence[str]) -> list[int]:
    return sorted(range(len(scores)), key=lambda at: (-scores[at], ids[at]))


def ndcg(relevant: NDArray[np.bool_], depth: int = DEPTH) -> float:
    """The nDCG at `depth` of an order in which these places are relevant; 0 where none is."""
    gains = 1.0 / np.log2(np.arange(2, depth + 2))
    best = float(gains[: int(relevant.sum())].sum())
    return float((relevant[:depth] * gains[: len(relevant[:depth])]).sum()) / best if best else 0.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0
