"""Reading a paper: look it up, fetch its text, make its card once for everybody."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from weakref import WeakValueDictionary

from bot.allowance import Allowance
from bot.analyses import Analyses, Progress
from bot.card import SCHEMA
from bot.card.local import analyse
from bot.errors import PaperboyError, SourceError, UnknownPaper
from bot.model import Card, Chat, FullText, Heat, Paper, Relation, Source, Tally
from bot.pull.fulltext import FullTexts, abstract_only
from bot.pull.identify import PaperRef, parse_refs
from bot.pull.lookup import Lookup
from bot.related import related
from storage import cards, chats, deliveries, heat, institutions, papers, verdicts
from storage.database import Database

log = logging.getLogger(__name__)

TEXTS_KEPT = 32
ASK_AGAIN = timedelta(hours=6)
INSTITUTIONS_WITHIN = 20.0
NO_WAITING = timedelta(minutes=10)
AHEAD_AGAIN = timedelta(minutes=10)
"""How long what was made ready for one table is ready for the others, without another look at whether it still is."""

READY_KEPT = 4096

UNFOLDED_WITHIN = timedelta(minutes=2)
"""After so long whoever began to unfold a card is taken for gone."""


@dataclass(frozen=True, slots=True)
class CardView:
    """A card with the paper it reads, its newest heat, and what the chat and this reader said of it.

    `note` is "" unless a language model is configured and this is not its card: "writing" where it is on its way, or
    the cause why the local analyst's is shown instead ("budget", "timeout", "refused", "throttled" or "failed").
    `relations` are the chat's stated interests that the paper names, None where it stated none.
    """

    chat: Chat
    paper: Paper
    card: Card
    tally: Tally
    heat: Heat | None
    note: str = ""
    relations: tuple[Relation, ...] | None = None


ShowCard = Callable[[CardView], Awaitable[None]]


class Reading:
    """The use case of unfolding papers. Texts are kept in memory for the work only; what is stored is the card.

    `analyses` makes the language model's cards, None where no model is configured.
    """

    def __init__(
        self,
        db: Database,
        lookup: Lookup,
        full_texts: FullTexts,
        clock: Callable[[], datetime],
        analyses: Analyses | None = None,
    ) -> None:
        self._db = db
        self._lookup = lookup
        self._full_texts = full_texts
        self._clock = clock
        self._analyses = analyses
        self._allowance = Allowance()
        self._texts: OrderedDict[str, tuple[FullText, datetime]] = OrderedDict()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._background: set[asyncio.Task[bool]] = set()
        self._no_waiting_before = datetime.min.replace(tzinfo=UTC)
        self._no_waiting_for_cards_before = self._no_waiting_before
        self._ready: OrderedDict[tuple[str, str], datetime] = OrderedDict()
        """When papers were made ready for tables: their versions, with the language of a card or "" for institutions."""

    def _lock(self, paper: Paper) -> asyncio.Lock:
        return self._locks.setdefault(paper.versioned_id, asyncio.Lock())

    # ------------------------------------------------------------------ papers

    @staticmethod
    def refs(text: str) -> list[PaperRef]:
        """The papers that a text names by id or address.

        Raises:
            BadPaperId: something in it is neither.
        """
        return parse_refs(text)

    async def paper(self, paper_id: str, version: int | None = None) -> Paper:
        """A paper by its id: known ones from the database, others from arXiv's API.

        Raises:
            UnknownPaper: arXiv has none of that number.
            SourceError: arXiv could not be asked.
        """
        async with self._db.read() as conn:
            known = await papers.get(conn, paper_id, version)
        if known is not None:
            return known
        ref = PaperRef(paper_id, version)
        found = (await self._lookup.by_id([ref], urgent=True)).get(paper_id)
        if found is None:
            raise UnknownPaper(paper_id if version is None else f"{paper_id}v{version}")
        async with self._db.begin() as conn:
            await papers.save(conn, [found])
        return found

    async def asked(self, chat_id: int, reader_id: int, paper_id: str) -> Paper:
        """A paper that a reader names; arXiv is asked for what is not known.

        Raises:
            UnknownPaper, SourceError: as `paper`.
            TooMuch: many papers are being read for this reader already.
        """
        with self._allowance.of(reader_id or -chat_id):
            return await self.paper(paper_id)

    # ------------------------------------------------------------------ cards

    async def card(self, chat_id: int, reader_id: int, paper_id: str, version: int | None = None) -> CardView:
        """The card of a paper for one reader in one chat, without waiting for a language model: while that writes, it is
        the local analyst's with the note "writing", and `finished` gives the other.

        Raises:
            UnknownPaper, SourceError: as `paper`; a text that cannot be had gives a card of the abstract instead.
            NotAllowed: the chat was forgotten.
            TooMuch: many papers are being read for this reader already.
        """
        chat = await self._chat(chat_id)
        with self._allowance.of(reader_id or -chat_id):
            paper = await self.paper(paper_id, version)
            card, note = await self._best(paper, chat.language, pressed=True)
        return await self._view(chat, reader_id, paper, card, note)

    async def finished(
        self,
        chat_id: int,
        reader_id: int,
        paper_id: str,
        version: int | None = None,
        progress: ShowCard | None = None,
    ) -> CardView | None:
        """The language model's card once it is there; None where no model is configured or none comes (then `card` has
        the cause). `progress` is awaited with what is ready so far, checked like the card itself.

        Raises:
            UnknownPaper, SourceError, NotAllowed: as `card`.
        """
        if self._analyses is None:
            return None
        chat = await self._chat(chat_id)
        paper = await self.paper(paper_id, version)

        async def show(card: Card) -> None:
            if progress is not None:
                await progress(await self._view(chat, reader_id, paper, card, "writing"))

        made = await self._analyses.finished(paper, chat.language, show)
        return None if made is None else await self._view(chat, reader_id, paper, made, "")

    async def _chat(self, chat_id: int) -> Chat:
        async with self._db.read() as conn:
            return await chats.must(conn, chat_id)

    async def _view(self, chat: Chat, reader_id: int, paper: Paper, card: Card, note: str) -> CardView:
        async with self._db.read() as conn:
            tally = await verdicts.tally(conn, chat.id, paper.id, reader_id)
            newest = (await heat.newest(conn, [paper.id])).get(paper.id)
            stated = await chats.interests(conn, chat.id)
        relations = await asyncio.to_thread(related, card, paper, stated) if stated else None
        return CardView(chat, paper, card, tally, newest, note, relations)

    async def card_of(self, paper: Paper, language: str) -> Card:
        """The best card there is of one paper version, at once: a language model's where it has made one, else the
        local analyst's, made once; two who ask at the same time get the same. No model is asked.

        A local card of the abstract alone is not kept, since arXiv's HTML may come later: it is made anew from what was
        fetched within the last six hours.
        """
        async with self._lock(paper):
            return await self._kept(paper, language) or await self._local(paper, language)

    async def awaited_card_of(self, paper: Paper, language: str, progress: Progress | None = None) -> tuple[Card, str]:
        """The card of one paper version by the best analyst, however long that takes, and "" or the cause why it is not
        the language model's."""
        card, note = await self._best(paper, language, pressed=True)
        if note != "writing" or self._analyses is None:
            return card, note
        made = await self._analyses.finished(paper, language, progress)
        return (card, self._analyses.cause(paper, language)) if made is None else (made, "")

    async def _best(self, paper: Paper, language: str, *, pressed: bool) -> tuple[Card, str]:
        """The best card at hand and its note; a model that has not made its own is asked for it in the background."""
        async with self._lock(paper):
            kept = await self._kept(paper, language)
            if self._analyses is None:
                return kept or await self._local(paper, language, urgent=pressed), ""
            own = await self._analyses.kept(paper, language)
            if own is not None and not await self._has_more_than(own, paper):
                return own, ""
            local = await self._local(paper, language, urgent=pressed)
            if "withdrawn" in local.tags:  # nobody is to pay for that
                return local, ""
        note = self._analyses.begin(paper, local, lambda: self._text_for_model(paper, urgent=pressed), pressed=pressed)
        shown = kept or local
        return shown, note if note == "writing" or shown.analyst == local.analyst else ""

    async def _has_more_than(self, card: Card, paper: Paper) -> bool:
        """Whether a card was made of the abstract alone and there is more to read now."""
        return card.source is Source.ABSTRACT is not (await self._text(paper)).source

    async def _kept(self, paper: Paper, language: str) -> Card | None:
        async with self._db.read() as conn:
            return await cards.get(conn, paper.id, paper.version, language, SCHEMA)

    async def _local(self, paper: Paper, language: str, *, urgent: bool = True) -> Card:
        async with self._db.read() as conn:
            kept = await cards.get(conn, paper.id, paper.version, language, SCHEMA, cards.LOCAL)
        if kept is not None:
            return kept
        text = await self._text(paper, urgent=urgent)
        card = await asyncio.to_thread(analyse, paper, text, language)
        if card.source is not Source.ABSTRACT:
            async with self._db.begin() as conn:
                await cards.save(conn, card, self._clock(), SCHEMA)
        return card

    async def _text_for_model(self, paper: Paper, *, urgent: bool) -> FullText:
        """A paper's text as `_text`, but no model is paid for the abstract of a paper that arXiv refuses to give.

        Raises:
            SourceError: arXiv asks us to wait or does not answer.
        """
        async with self._lock(paper):
            return await self._fetch(replace(paper, has_html=None), urgent=urgent)

    async def _text(self, paper: Paper, *, urgent: bool = True) -> FullText:
        """A paper's text; where arXiv refuses to give it, the abstract alone.

        A listing's "no HTML" is not taken for granted: conversions often come hours after the announcement.
        """
        try:
            return await self._fetch(replace(paper, has_html=None), urgent=urgent)
        except SourceError as error:
            log.info("%s is read by its abstract: %s", paper.versioned_id, error)
            return abstract_only(paper)

    async def _fetch(self, paper: Paper, *, urgent: bool = False) -> FullText:
        text, fetched_at = self._texts.get(paper.versioned_id, (None, self._clock()))
        if text is not None and (text.source is not Source.ABSTRACT or self._clock() - fetched_at < ASK_AGAIN):
            return text
        text = await self._full_texts.fetch(paper, urgent=urgent)
        self._texts[paper.versioned_id] = (text, self._clock())
        self._texts.move_to_end(paper.versioned_id)
        while len(self._texts) > TEXTS_KEPT:
            self._texts.popitem(last=False)
        async with self._db.begin() as conn:
            await institutions.save(conn, paper.id, paper.version, text.institutions, self._clock())
        return text

    async def prepare(self, paper: Paper) -> None:
        """Read a paper before anybody asks, as HTML or PDF: its institutions are stored and its text is at hand for the
        card.

        Raises:
            SourceError: arXiv asks us to wait or does not answer.
        """
        async with self._lock(paper):
            if paper.versioned_id in self._texts:
                return
            async with self._db.read() as conn:
                if paper.id in await institutions.get(conn, [paper.id]):
                    return
            await self._fetch(replace(paper, has_html=None))

    async def find_institutions(self, chosen: Sequence[Paper]) -> None:
        """Look up what the chosen papers' institutions are, for at most 20 seconds.

        When that was not enough, or arXiv refuses, the next ten minutes' tables do not wait at all; what was begun
        goes on in the background.
        """
        if self._clock() < self._no_waiting_before or not (new := self._not_ready(chosen, "")):
            return
        work = asyncio.create_task(self._prepare_all(new))
        self._background.add(work)
        work.add_done_callback(self._background.discard)
        await asyncio.wait({work}, timeout=INSTITUTIONS_WITHIN)
        if not work.done() or not work.result():
            self._no_waiting_before = self._clock() + NO_WAITING

    async def _prepare_all(self, chosen: Sequence[Paper]) -> bool:
        """Prepare papers one after the other; → whether all could be. A source that fails is not asked for the rest; a
        page that breaks us keeps neither the others nor a table away. Those that may be there as PDF only come last: they
        take two requests."""
        well = True
        for paper in sorted(chosen, key=lambda each: each.has_html is False):
            try:
                await self.prepare(paper)
            except PaperboyError as error:
                log.info("institutions of %s: %s", paper.id, error)
                return False
            except Exception:
                log.exception("institutions of %s", paper.id)
                well = False
            self._note_ready(paper, "")
        return well

    def _not_ready(self, chosen: Sequence[Paper], language: str) -> list[Paper]:
        """Those of the papers that were not made ready a short while ago: thousands of tables show the same ones."""
        since = self._clock() - AHEAD_AGAIN
        never = datetime.min.replace(tzinfo=UTC)
        return [one for one in chosen if self._ready.get((one.versioned_id, language), never) < since]

    def _note_ready(self, paper: Paper, language: str) -> None:
        self._ready[paper.versioned_id, language] = self._clock()
        self._ready.move_to_end((paper.versioned_id, language))
        while len(self._ready) > READY_KEPT:
            self._ready.popitem(last=False)

    async def prepare_cards(self, chosen: Sequence[Paper], language: str, seconds: float) -> None:
        """Make the cards of papers that tables show before anybody presses, and wait for them for at most `seconds`; what
        was begun goes on in the background. When that was not enough, the next ten minutes' tables do not wait."""
        new = self._not_ready(chosen, language)
        if not new:
            return
        work = asyncio.create_task(self._make_cards(new, language))
        self._background.add(work)
        work.add_done_callback(self._background.discard)
        if seconds <= 0 or self._clock() < self._no_waiting_for_cards_before:
            return
        await asyncio.wait({work}, timeout=seconds)
        if not work.done():
            self._no_waiting_for_cards_before = self._clock() + NO_WAITING

    async def _make_cards(self, chosen: Sequence[Paper], language: str) -> bool:
        """Make cards, the local analyst's first; → whether all could be."""
        well = True
        for paper in chosen:
            try:
                await self._best(paper, language, pressed=False)
            except Exception:
                log.exception("the card of %s was not made ahead", paper.versioned_id)
                well = False
            if self._analyses is None:
                self._note_ready(paper, language)
        if self._analyses is not None:
            for paper in chosen:
                await self._analyses.finished(paper, language)
                self._note_ready(paper, language)
        return well

    async def close(self) -> None:
        """End what still goes on in the background."""
        for work in self._background:
            work.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        if self._analyses is not None:
            await self._analyses.close()

    # ------------------------------------------------------------------ what is unfolded where

    async def begins_unfolding(self, chat_id: int, message_id: int, paper_id: str) -> bool:
        """Whether the card may be unfolded under this table now: it does not stand open there, and nobody else is at it,
        in no other program either. Remembering it ends that, as does asking with `unfolded`."""
        async with self._db.begin() as conn:
            return await deliveries.begin_unfolding(conn, chat_id, message_id, paper_id, self._clock(), UNFOLDED_WITHIN)

    async def begin_alone(self) -> None:
        """Nobody else unfolds cards: this program has just started, and is the only one. What one that was killed had begun
        may be asked for again at once."""
        async with self._db.begin() as conn:
            await deliveries.forget_begun(conn)

    async def open_card(self, chat_id: int, message_id: int, paper_id: str) -> tuple[int, ...] | None:
        """The messages of the card that is open under this table for this paper; None, as nearly always, if none is. Who
        asks need not wait for others who write."""
        async with self._db.read() as conn:
            return await deliveries.open_card(conn, chat_id, message_id, paper_id)

    async def unfolded(self, chat_id: int, message_id: int, paper_id: str) -> tuple[int, ...] | None:
        """The same; asking closes the record."""
        async with self._db.begin() as conn:
            return await deliveries.folded(conn, chat_id, message_id, paper_id)

    async def remember_unfolded(
        self, chat_id: int, message_id: int, paper_id: str, card_message_ids: Sequence[int]
    ) -> None:
        """Remember that the card was unfolded under a table, in these messages."""
        async with self._db.begin() as conn:
            await deliveries.unfold(conn, chat_id, message_id, paper_id, card_message_ids, self._clock())
