"""Why a paper stood in a table, or why not: its place, its score, and the reasons whose shares add up to it.

What was shown is told as it is kept with its row. What was not is ranked again among the papers of its digest, by what
was known then; corrections count at once, so that it can be seen what they change.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from bot.model import Announcement, Chat, Digest, Kind, Paper, Profile, Reason, ReasonKind, Row
from bot.rank.corrections import ruled_out
from bot.rank.features import Features
from bot.rank.ranking import Ranking
from bot.rank.taste import alike
from bot.rankings import Rankings
from storage import chats, digests, listings
from storage.database import Database

MOST_LACKING = 2
LEAST_LACKING = 0.05
"""Shares that the rows of a table have on average, and a paper has not, are told from here on."""

LIKENESS = 0.5
"""How much topics count when a paper is held against the rows that it may repeat; as in selecting."""

KEPT_WITH_ROW = (ReasonKind.MODEL, ReasonKind.EXPLORATION)
"""Reasons that are not made anew: a language model's word, and why something was tried."""


class Outcome(StrEnum):
    """What became of a paper in a chat."""

    SHOWN = "shown"
    OUTRANKED = "outranked"
    MUTED = "muted"
    SEEN = "seen"
    REPEATS = "repeats"
    NEXT = "next"
    ELSEWHERE = "elsewhere"
    EARLIER = "earlier"
    REPLACED = "replaced"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a paper was shown or not.

    `day` is the date of the digest, or of the announcement; None for a paper that was never announced. `rank` is its
    row, or its place by score among the `announced` papers of the digest (0 where it was not ranked among others); the
    shares of `reasons` add up to `score`. `before` is the score before corrections that were made since, None where
    none were. `last` is the score of the table's last row, `lacking` what its rows have on average more than this
    paper, `repeats` the row that says much the same, `seen_on` when it was shown before, `categories` where it was
    announced.
    """

    chat: Chat
    paper: Paper
    outcome: Outcome
    score: float
    reasons: tuple[Reason, ...]
    day: date | None = None
    rank: int = 0
    announced: int = 0
    size: int = 0
    before: float | None = None
    last: float | None = None
    lacking: tuple[Reason, ...] = ()
    repeats: Row | None = None
    seen_on: date | None = None
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Context:
    """What is known of a paper in a chat."""

    chat: Chat
    digest: Digest | None
    announcements: tuple[Announcement, ...]
    categories: tuple[str, ...]
    pending: tuple[tuple[str, date], ...]


class Explanations:
    """The use case of asking why."""

    def __init__(self, db: Database, rankings: Rankings, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._rankings = rankings
        self._clock = clock

    async def explain(self, chat_id: int, paper: Paper) -> Explanation:
        """Why this paper stood in the chat's newest table that had it, or what became of it instead.

        Raises:
            NotAllowed: the chat was forgotten.
        """
        context = await self._context(chat_id, paper)
        if context.digest is not None:
            return await self._in_digest(context.chat, context.digest, paper)
        shown = [one for one in context.announcements if one.kind is not Kind.REPLACE]
        if any((one.category, one.date) in context.pending for one in shown):
            return await self._in_next(context, paper)
        return await self._outside(context, paper, shown)

    async def _context(self, chat_id: int, paper: Paper) -> _Context:
        async with self._db.read() as conn:
            chat = await chats.must(conn, chat_id)
            digest = await digests.that_showed(conn, chat_id, paper.id)
            return _Context(
                chat,
                digest or await digests.that_considered(conn, chat_id, paper.id),
                tuple(await listings.announcements_of(conn, paper.id)),
                await chats.categories(conn, chat_id),
                tuple((one.category, one.date) for one in await listings.unconsidered(conn, chat_id)),
            )

    # ------------------------------------------------------------------ what a digest considered

    async def _in_digest(self, chat: Chat, digest: Digest, paper: Paper) -> Explanation:
        row = next((row for row in digest.rows if row.paper_id == paper.id), None)
        async with self._db.read() as conn:
            profile = await chats.profile(conn, chat.id, digest.created_at)
        corrected = any(one.at >= digest.created_at for one in profile.corrections)
        if row is not None and not corrected:
            return Explanation(
                chat,
                paper,
                Outcome.SHOWN,
                sum(reason.share for reason in row.reasons),
                row.reasons,
                day=digest.date,
                rank=row.rank,
                announced=digest.announced,
                size=len(digest.rows),
            )
        async with self._db.read() as conn:
            drawn = await listings.drawn_from(conn, digest.id)
            papers = [one for one, _ in await listings.papers_in(conn, chat.id, drawn, digest.id)]
            seen = await digests.shown_before(conn, chat.id, [one.id for one in papers], digest.id)
        if paper.id not in {one.id for one in papers}:
            papers = [*papers, paper]
        ranking = await self._rankings.rank(chat.id, profile, papers, drawn or [("", digest.date)], digest.created_at)
        if row is not None:
            return _as_shown(chat, digest, row, ranking, profile, paper)
        return await self._left_out(chat, digest, ranking, seen, paper)

    async def _left_out(
        self, chat: Chat, digest: Digest, ranking: Ranking, seen: set[str], paper: Paper
    ) -> Explanation:
        at = ranking.features.ids.index(paper.id)
        scored = ranking[at]
        told = Explanation(
            chat,
            paper,
            Outcome.OUTRANKED,
            scored.score,
            scored.reasons,
            day=digest.date,
            rank=_place(ranking, at, seen),
            announced=digest.announced,
            size=len(digest.rows),
            last=_last(digest.rows),
        )
        if scored.hidden:
            return replace(told, outcome=Outcome.MUTED)
        if paper.id in seen:
            async with self._db.read() as conn:
                earlier = await digests.that_showed(conn, chat.id, paper.id)
            return replace(told, outcome=Outcome.SEEN, seen_on=earlier.date if earlier else None)
        if told.last is not None and scored.score >= told.last:
            return replace(told, outcome=Outcome.REPEATS, repeats=_nearest(ranking, at, digest.rows))
        return replace(told, lacking=lacking(scored.reasons, digest.rows))

    # ------------------------------------------------------------------ what none has considered

    async def _in_next(self, context: _Context, paper: Paper) -> Explanation:
        """A paper that is in, but in no table yet: its place as things stand."""
        chat = context.chat
        async with self._db.read() as conn:
            profile = _without_verdicts_on(paper, await chats.profile(conn, chat.id))
            papers = [one for one, _ in await listings.papers_in(conn, chat.id, context.pending)]
            seen = await digests.shown_before(conn, chat.id, [one.id for one in papers])
        ranking = await self._rankings.rank(chat.id, profile, papers, context.pending)
        at = ranking.features.ids.index(paper.id)
        scored = ranking[at]
        return Explanation(
            chat,
            paper,
            Outcome.MUTED if scored.hidden else Outcome.NEXT,
            scored.score,
            scored.reasons,
            rank=_place(ranking, at, seen),
            announced=len(papers),
            size=chat.size,
        )

    async def _outside(self, context: _Context, paper: Paper, shown: Sequence[Announcement]) -> Explanation:
        """A paper that no table of the chat could have: where it was announced, and what it would score."""
        scored = await self._alone(context.chat, paper)
        told = Explanation(context.chat, paper, Outcome.NEVER, scored.score, scored.reasons)
        if not shown:
            if not context.announcements:
                return told
            return replace(told, outcome=Outcome.REPLACED, day=context.announcements[0].date)
        mine = [one for one in shown if one.category in context.categories]
        return replace(
            told,
            outcome=Outcome.EARLIER if mine else Outcome.ELSEWHERE,
            day=(mine or shown)[0].date,
            categories=tuple(dict.fromkeys(one.category for one in mine or shown)),
        )

    async def _alone(self, chat: Chat, paper: Paper) -> ScoredAlone:
        background = await self._rankings.background_before(self._clock().date())
        features = await asyncio.to_thread(Features.of, [paper], background)
        async with self._db.read() as conn:
            profile = _without_verdicts_on(paper, await chats.profile(conn, chat.id))
        (scored,) = await self._rankings.score(chat.id, features, profile)
        return ScoredAlone(scored.score, scored.reasons)


@dataclass(frozen=True, slots=True)
class ScoredAlone:
    """A score and its reasons."""

    score: float
    reasons: tuple[Reason, ...]


def lacking(reasons: Iterable[Reason], rows: Sequence[Row]) -> tuple[Reason, ...]:
    """What the rows of a table have on average and these reasons have not, the most first; what verdicts teach is taken
    together."""
    compared = [row for row in rows if not any(one.kind is ReasonKind.EXPLORATION for one in row.reasons)]
    if not compared:
        return ()
    mine, theirs = _grouped(reasons), _grouped(reason for row in compared for reason in row.reasons)
    gaps = [
        Reason(kind, label, share / len(compared) - mine.get((kind, label), 0.0))
        for (kind, label), share in theirs.items()
    ]
    told = sorted((gap for gap in gaps if gap.share >= LEAST_LACKING), key=lambda gap: (-gap.share, gap.label))
    return tuple(told[:MOST_LACKING])


def _grouped(reasons: Iterable[Reason]) -> dict[tuple[ReasonKind, str], float]:
    found: defaultdict[tuple[ReasonKind, str], float] = defaultdict(float)
    for reason in reasons:
        learned = reason.kind in (ReasonKind.LIKED, ReasonKind.WORD)
        found[ReasonKind.LIKED if learned else reason.kind, "" if learned else reason.label] += reason.share
    return found


def _as_shown(chat: Chat, digest: Digest, row: Row, ranking: Ranking, profile: Profile, paper: Paper) -> Explanation:
    """A row as it would have stood with the corrections made since."""
    scored = ranking[ranking.features.ids.index(paper.id)]
    kept = tuple(
        reason
        for reason in row.reasons
        if reason.kind in KEPT_WITH_ROW and reason.key not in ruled_out(profile, reason.kind)
    )
    reasons = (*scored.reasons, *kept)
    return Explanation(
        chat,
        paper,
        Outcome.SHOWN,
        sum(reason.share for reason in reasons),
        reasons,
        day=digest.date,
        rank=row.rank,
        announced=digest.announced,
        size=len(digest.rows),
        before=row.score,
    )


def _place(ranking: Ranking, at: int, seen: set[str]) -> int:
    """The paper's place by score among those that could be shown; a muted or seen one's as if it could."""
    ids = ranking.features.ids
    better = (
        other
        for other in range(len(ranking))
        if other not in ranking.hidden and ids[other] not in seen and ranking.scores[other] > ranking.scores[at]
    )
    return 1 + sum(1 for _ in better)


def _last(rows: Sequence[Row]) -> float | None:
    """The score of the last row that stands there for its score."""
    scores = [row.score for row in rows if not any(one.kind is ReasonKind.EXPLORATION for one in row.reasons)]
    return min(scores, default=None)


def _nearest(ranking: Ranking, at: int, rows: Sequence[Row]) -> Row | None:
    """The row that is most like the paper."""
    ids = ranking.features.ids
    there = [row for row in rows if row.paper_id in ids]
    if not there:
        return None
    likeness = ranking.features.likeness
    near = alike(likeness.take([at]), likeness.take([ids.index(row.paper_id) for row in there]), LIKENESS)[0]
    return there[int(near.argmax())]


def _without_verdicts_on(paper: Paper, profile: Profile) -> Profile:
    """The profile as if nobody had judged this paper: it is no reason for itself."""
    return replace(profile, judged=tuple(one for one in profile.judged if one.paper.id != paper.id))
