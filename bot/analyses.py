"""The language model's cards: each is made once for everybody, kept, and not asked for again too soon after a failure."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from bot.card import SCHEMA
from bot.errors import ModelFailed, PaperboyError
from bot.model import Card, FullText, Paper, Source
from storage import cards
from storage.database import Database

log = logging.getLogger(__name__)

Progress = Callable[[Card], Awaitable[None]]

AHEAD_AT_ONCE = 2
PRESSED_AT_ONCE = 6
AGAIN = timedelta(minutes=5)
"""After a first failure; each further one of the same paper, or of the model itself, doubles it."""
AGAIN_AT_LEAST = timedelta(seconds=30)
AGAIN_AT_MOST = timedelta(hours=12)
FAILURES_KEPT = 1000
DRAFT_WITHIN = 10.0
"""Seconds in which a draft must be shown, so that a slow chat does not hold up the card for everybody."""
CAUSES = frozenset({"budget", "timeout", "refused", "throttled", "failed"})


class Analyst(Protocol):
    """Whoever reads papers better than rules do. `name` stands on its cards; `maker` is what they are kept by, so it
    tells one version of the questions from another."""

    name: str
    maker: str

    async def card(self, paper: Paper, text: FullText, local: Card, progress: Progress) -> Card:
        """The card of a paper in the language of `local`, the local analyst's card of the same text; `progress` is
        awaited with what is ready so far.

        Raises:
            ModelFailed: there is none; the cause says why.
        """
        ...


@dataclass
class _Work:
    """An analysis under way: its card or failure to come, who watches it, and whether somebody waits for it."""

    done: asyncio.Future[Card | None]
    pressed: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: set[Progress] = field(default_factory=set)
    partial: Card | None = None
    task: asyncio.Task[None] | None = None


@dataclass(frozen=True, slots=True)
class _Failure:
    cause: str
    times: int
    until: datetime


class Analyses:
    """The cards of one analyst. Two who ask at once share one analysis; whoever presses goes before what is only made
    ahead."""

    def __init__(self, db: Database, analyst: Analyst, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._analyst = analyst
        self._clock = clock
        self._work: dict[tuple[str, str], _Work] = {}
        self._failures: dict[tuple[str, str], _Failure] = {}
        self._model_failure: _Failure | None = None
        self._ahead = asyncio.Semaphore(AHEAD_AT_ONCE)
        self._pressed = asyncio.Semaphore(PRESSED_AT_ONCE)

    async def kept(self, paper: Paper, language: str) -> Card | None:
        """The analyst's stored card."""
        async with self._db.read() as conn:
            return await cards.get(conn, paper.id, paper.version, language, SCHEMA, self._analyst.maker)

    def begin(self, paper: Paper, local: Card, text: Callable[[], Awaitable[FullText]], *, pressed: bool) -> str:
        """See to it that the card is made of what `text` fetches; → "writing", or the cause why the analyst is not asked
        now."""
        key = (paper.versioned_id, local.language)
        work = self._work.get(key)
        if work is None:
            failure = self._failure(key)
            if failure is not None:
                return failure.cause
            work = self._work[key] = _Work(asyncio.get_running_loop().create_future())
            work.task = asyncio.create_task(self._run(key, work, paper, local, text))
        if pressed:
            work.pressed.set()
        return "writing"

    def cause(self, paper: Paper, language: str) -> str:
        """Why there is no card: "writing", the cause of a failure, or "" where nobody asked yet."""
        key = (paper.versioned_id, language)
        if key in self._work:
            return "writing"
        failure = self._failure(key)
        return failure.cause if failure else ""

    async def finished(self, paper: Paper, language: str, progress: Progress | None = None) -> Card | None:
        """The card that is being made, once it is there; None where it fails or nobody is making it."""
        work = self._work.get((paper.versioned_id, language))
        if work is None:
            return await self.kept(paper, language)
        if progress is None:
            return await asyncio.shield(work.done)
        work.watchers.add(progress)
        try:
            if work.partial is not None:
                await progress(work.partial)
            return await asyncio.shield(work.done)
        finally:
            work.watchers.discard(progress)

    async def close(self) -> None:
        """End what is under way."""
        tasks = [work.task for work in self._work.values() if work.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # ------------------------------------------------------------------ doing

    async def _run(
        self, key: tuple[str, str], work: _Work, paper: Paper, local: Card, fetch: Callable[[], Awaitable[FullText]]
    ) -> None:
        made: Card | None = None
        try:
            async with _turn(self._ahead, self._pressed, work.pressed):
                made = await self.kept(paper, local.language)
                if made is None or made.source is Source.ABSTRACT:
                    text = await fetch()
                    if made is None or text.source is not Source.ABSTRACT:
                        made = await self._make(work, paper, local, text)
            self._failures.pop(key, None)
            self._model_failure = None
        except ModelFailed as error:
            log.warning("%s has no card by %s: %s", paper.versioned_id, self._analyst.name, error)
            self._note_failure(key, error)
        except PaperboyError as error:
            log.warning("%s has no card by %s: %s", paper.versioned_id, self._analyst.name, error)
            self._note_failure(key, ModelFailed("failed", str(error)))
        except Exception:
            log.exception("%s has no card by %s", paper.versioned_id, self._analyst.name)
            self._note_failure(key, ModelFailed("failed", ""))
        finally:
            del self._work[key]
            if not work.done.done():
                work.done.set_result(made)

    async def _make(self, work: _Work, paper: Paper, local: Card, text: FullText) -> Card:
        async def progress(card: Card) -> None:
            work.partial = card
            for watcher in tuple(work.watchers):
                try:
                    async with asyncio.timeout(DRAFT_WITHIN):
                        await watcher(card)
                except Exception:
                    log.exception("a draft of %s was not shown", paper.versioned_id)
                    work.watchers.discard(watcher)

        card = await self._analyst.card(paper, text, local, progress)
        async with self._db.begin() as conn:
            await cards.save(conn, card, self._clock(), SCHEMA, self._analyst.maker)
        return card

    # ------------------------------------------------------------------ failures

    def _failure(self, key: tuple[str, str]) -> _Failure | None:
        """The failure after which it is too early to ask again."""
        now = self._clock()
        for failure in (self._model_failure, self._failures.get(key)):
            if failure is not None and now < failure.until:
                return failure
        return None

    def _note_failure(self, key: tuple[str, str], error: ModelFailed) -> None:
        before = self._model_failure if error.everywhere else self._failures.get(key)
        times = before.times + 1 if before else 1
        pause = min(AGAIN * 2 ** min(times - 1, 10), AGAIN_AT_MOST)
        if error.retry_after is not None:
            pause = min(max(timedelta(seconds=error.retry_after), AGAIN_AT_LEAST), AGAIN_AT_MOST)
        failure = _Failure(error.cause if error.cause in CAUSES else "failed", times, self._clock() + pause)
        if error.everywhere:
            self._model_failure = failure
            return
        self._failures.pop(key, None)
        self._failures[key] = failure
        while len(self._failures) > FAILURES_KEPT:
            del self._failures[next(iter(self._failures))]


@asynccontextmanager
async def _turn(ahead: asyncio.Semaphore, pressed: asyncio.Semaphore, is_pressed: asyncio.Event) -> AsyncIterator[None]:
    """A turn among those that are made ahead; what is pressed meanwhile takes one among the pressed instead."""
    waiting = asyncio.ensure_future(ahead.acquire())
    hurried = asyncio.ensure_future(is_pressed.wait())
    try:
        await asyncio.wait({waiting, hurried}, return_when=asyncio.FIRST_COMPLETED)
        if waiting.done():
            yield
        else:
            async with pressed:
                yield
    finally:
        hurried.cancel()
        if not waiting.cancel() and not waiting.cancelled():
            ahead.release()
