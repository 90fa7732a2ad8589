"""What a chat's verdicts taught, line by line, and how a line is ruled out or counts again."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.errors import NotAllowed
from bot.model import (
    Chat,
    Correction,
    Follow,
    FollowKind,
    JudgedPaper,
    Mute,
    MuteKind,
    Paper,
    Profile,
    Reason,
    ReasonKind,
    VerdictKind,
)
from bot.rank.corrections import ruled_out
from bot.rank.direction import direction
from bot.rank.features import Background
from bot.rank.learned import words_of
from bot.rank.units import kinds_of
from bot.rankings import Rankings
from storage import chats, corrections
from storage.database import Database

MOST_WORDS = 10
MOST_GROUPS = 4
MOST_PAPERS = 8
LEAST_IN_GROUP = 2
LIFT = 1.5
"""How much more often a kind must occur among liked papers than among past ones to say something."""

FOLLOWED = (ReasonKind.AUTHOR, ReasonKind.INSTITUTION)
NAMELESS = (ReasonKind.HEAT, ReasonKind.MODEL, ReasonKind.EXPLORATION)
JUDGED = (ReasonKind.LIKED, ReasonKind.DISLIKED)


@dataclass(frozen=True, slots=True)
class Group:
    """Liked papers that have something in common: a direction, or a kind of paper; `key` names it."""

    key: str
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """One reader's part in what a chat has learned: each reader weighs the same, however many verdicts there are."""

    reader_id: int
    verdicts: int
    share: float


@dataclass(frozen=True, slots=True)
class Learned:
    """What the next tables go by besides what is stated: learned words, directions and kinds of the liked papers, the
    judged papers (newest first, each once per kind), what was ruled out, and whose verdicts they are."""

    chat: Chat
    profile: Profile
    words: tuple[Reason, ...] = ()
    topics: tuple[Group, ...] = ()
    kinds: tuple[Group, ...] = ()
    papers: tuple[JudgedPaper, ...] = ()
    corrections: tuple[Correction, ...] = ()
    readers: tuple[Share, ...] = ()

    def reasons(self, kind: str) -> list[tuple[str, tuple[Reason, ...]]]:
        """The lines of a kind that can be ruled out, by their keys: "word", "liked", "disliked", "topic", "sort"."""
        if kind in ("topic", "sort"):
            groups = self.topics if kind == "topic" else self.kinds
            return [(group.key, tuple(_liked(paper) for paper in group.papers)) for group in groups]
        lines = [*self.words, *(_reason_of(one) for one in self.papers)]
        return [(line.key, (line,)) for line in lines if line.kind == kind]


class Learning:
    """The use case of what was learned. `learn_soon` is told which chat has to be fitted anew, and returns at once."""

    def __init__(self, db: Database, rankings: Rankings, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._rankings = rankings
        self._clock = clock

    async def learned(self, chat_id: int) -> Learned:
        """Everything that the chat's verdicts taught up to now.

        Raises:
            NotAllowed: the chat was forgotten.
        """
        async with self._db.read() as conn:
            chat = await chats.must(conn, chat_id)
            profile = await chats.profile(conn, chat_id)
        told = Learned(
            chat,
            profile,
            papers=_papers(profile),
            corrections=profile.corrections,
            readers=_shares(profile.judged),
        )
        if not profile.judged:
            return told
        now = self._clock()
        background = self._rankings.newest_background() or await self._rankings.background_before(now.date())
        taste = await self._rankings.taste(chat_id, profile, background, now)
        if taste is None:
            return told
        words = await asyncio.to_thread(words_of, taste, MOST_WORDS)
        out = ruled_out(profile, ReasonKind.LIKED)
        liked = [paper for paper in taste.liked.papers if paper.id not in out]
        topics, kinds = await asyncio.to_thread(lambda: (_topics(liked), _kinds(liked, background)))
        return replace(
            told,
            words=tuple(Reason(ReasonKind.WORD, word.written, word.weight, 0, word.unit) for word in words),
            topics=topics,
            kinds=kinds,
        )

    # ------------------------------------------------------------------ correcting

    async def rule_out(self, chat_id: int, reader_id: int, reasons: Sequence[Reason], *, governs: bool) -> None:
        """Let these reasons no longer count. For the whole chat where the reader administers it (`governs`), otherwise
        the reader's own verdicts alone.

        Raises:
            NotAllowed: the reader neither administers the chat nor gave any of the verdicts behind these reasons.
        """
        now = self._clock()
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            own = _own(await chats.profile(conn, chat_id), reader_id) if not governs else set()
            if not governs and not any((reason.kind, reason.key) in own for reason in reasons):
                raise NotAllowed("admins")
            for reason in reasons:
                if governs or (reason.kind, reason.key) in own:
                    key = "" if reason.kind in NAMELESS else reason.key or reason.label
                    said = Correction(reason.kind, key, reason.label, now, 0 if governs else reader_id)
                    kept = await _let_go(conn, chat_id, said)
                    if kept is not None:
                        await corrections.add(conn, chat_id, kept)
        self._rankings.learn_soon(chat_id)

    async def undo(self, chat_id: int, reader_id: int, said: Correction, *, governs: bool) -> None:
        """Let a reason count again.

        Raises:
            NotAllowed: it holds for the chat, or is somebody else's, and the reader does not administer the chat.
        """
        if not governs and (not said.reader_id or said.reader_id != reader_id):
            raise NotAllowed("admins")
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            if await corrections.remove(conn, chat_id, said):
                await _take_back(conn, chat_id, said)
        self._rankings.learn_soon(chat_id)


async def _let_go(conn: chats.AsyncConnection, chat_id: int, said: Correction) -> Correction | None:
    """Unfollow or unmute where that is what the reason rests on; → the correction that knows how to bring it back, None
    where the mute is gone already."""
    if said.kind in FOLLOWED:
        await chats.unfollow(conn, chat_id, Follow(FollowKind(said.kind.value), said.key))
    if said.kind is ReasonKind.MUTED:
        for mute in (await chats.profile(conn, chat_id)).mutes:
            if mute.value == said.label:
                await chats.unmute(conn, chat_id, mute)
                return replace(said, key=f"{mute.kind}:{mute.value}")
        return None
    return said


async def _take_back(conn: chats.AsyncConnection, chat_id: int, said: Correction) -> None:
    if said.kind in FOLLOWED:
        await chats.follow(conn, chat_id, Follow(FollowKind(said.kind.value), said.key))
    if said.kind is ReasonKind.MUTED:
        kind, _, value = said.key.partition(":")
        await chats.mute(conn, chat_id, Mute(MuteKind(kind), value))


def _own(profile: Profile, reader_id: int) -> set[tuple[ReasonKind, str]]:
    """The reasons that rest on this reader's own verdicts."""
    return {(_kind_of(one), one.paper.id) for one in profile.judged if one.reader_id == reader_id}


def _kind_of(one: JudgedPaper) -> ReasonKind:
    return ReasonKind.DISLIKED if one.kind is VerdictKind.DISLIKE else ReasonKind.LIKED


def _reason_of(one: JudgedPaper) -> Reason:
    return Reason(_kind_of(one), one.paper.title, 0.0, 0, one.paper.id)


def _liked(paper: Paper) -> Reason:
    return Reason(ReasonKind.LIKED, paper.title, 0.0, 0, paper.id)


def _papers(profile: Profile) -> tuple[JudgedPaper, ...]:
    """The newest judged papers that count, each once as liked and once as disliked."""
    out = {kind: ruled_out(profile, kind) for kind in JUDGED}
    found: dict[tuple[ReasonKind, str], JudgedPaper] = {}
    for one in profile.judged:
        if one.paper.id not in out[_kind_of(one)]:
            found.setdefault((_kind_of(one), one.paper.id), one)
    return tuple(found.values())[:MOST_PAPERS]


def _shares(judged: Iterable[JudgedPaper]) -> tuple[Share, ...]:
    counts = Counter(one.reader_id for one in judged)
    return tuple(Share(reader, count, 1.0 / len(counts)) for reader, count in counts.most_common())


def _topics(liked: Sequence[Paper]) -> tuple[Group, ...]:
    found: defaultdict[str, list[Paper]] = defaultdict(list)
    for paper in liked:
        found[direction(paper)].append(paper)
    return _largest(found)


def _kinds(liked: Sequence[Paper], background: Background) -> tuple[Group, ...]:
    """The kinds of paper that are among the liked ones clearly more often than among past ones."""
    found: defaultdict[str, list[Paper]] = defaultdict(list)
    for paper in liked:
        for name in kinds_of(paper):
            found[name].append(paper)
    usual = {name: background.frequency_of(name) for name in found}
    return _largest(
        {name[1:]: papers for name, papers in found.items() if len(papers) >= LIFT * usual[name] * len(liked)}
    )


def _largest(groups: dict[str, list[Paper]]) -> tuple[Group, ...]:
    kept = [Group(key, tuple(papers)) for key, papers in groups.items() if len(papers) >= LEAST_IN_GROUP]
    return tuple(sorted(kept, key=lambda group: (-len(group.papers), group.key))[:MOST_GROUPS])
