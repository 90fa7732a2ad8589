"""What a chat can look up in what was read: papers by words or likeness, its own numbers, and all of it to take away."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from bot.model import Chat, ChatKind, Paper, Profile, VerdictKind
from bot.rank import near
from bot.rankings import Rankings
from storage import chats, digests
from storage.database import Database

MOST_FOUND = 10
LEAST_SIMILAR = 0.1
"""Likeness from which a paper is worth naming."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What a chat had and said so far: tables, papers they chose from, rows, cards that somebody looked at, and verdicts
    by kind; `since` is the day of the first table, None before it."""

    chat: Chat
    since: datetime | None
    tables: int
    announced: int
    rows: int
    opened: int
    verdicts: dict[VerdictKind, int]
    readers: int


class Library:
    """The use case of looking up."""

    def __init__(self, db: Database, rankings: Rankings, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._rankings = rankings
        self._clock = clock

    async def search(self, text: str) -> list[Paper]:
        """The papers of the last weeks that a question in words fits; [] where it fits none."""
        background = await self._rankings.background_before(self._tomorrow())
        return await asyncio.to_thread(near.matching, background, text, MOST_FOUND)

    async def similar(self, paper: Paper) -> list[Paper]:
        """The other papers of the last weeks that are most like this one."""
        background = await self._rankings.background_before(self._tomorrow())

        def find() -> list[Paper]:
            found = near.nearest(background, background.likeness([paper]), MOST_FOUND + 1, LEAST_SIMILAR)
            return [one for one in found if one.id != paper.id][:MOST_FOUND]

        return await asyncio.to_thread(find)

    def _tomorrow(self) -> date:
        # What was announced today under tomorrow's date is past enough to be found.
        return (self._clock() + timedelta(days=2)).date()

    async def counts(self, chat_id: int) -> Counts:
        """What the chat had and said so far.

        Raises:
            NotAllowed: the chat was forgotten.
        """
        async with self._db.read() as conn:
            chat = await chats.must(conn, chat_id)
            since, tables, announced, rows, opened = await digests.counts(conn, chat_id)
            judged = (await chats.profile(conn, chat_id)).judged
        said = [one.kind for one in judged]
        readers = len({one.reader_id for one in judged})
        return Counts(
            chat, since, tables, announced, rows, opened, {kind: said.count(kind) for kind in VerdictKind}, readers
        )

    async def export(self, chat_id: int, reader_id: int) -> tuple[str, str]:
        """The chat's liked and saved papers as BibTeX, and its profile and verdicts as JSON. In a private chat the
        verdicts are the reader's own; elsewhere they are counted, since nobody's verdicts are for everybody to see.

        Raises:
            NotAllowed: the chat was forgotten.
        """
        async with self._db.read() as conn:
            chat = await chats.must(conn, chat_id)
            profile = await chats.profile(conn, chat_id)
        if chat.kind is ChatKind.PRIVATE:
            profile = _of_reader(profile, reader_id)
        liked = {one.paper.id: one.paper for one in profile.judged if one.kind is not VerdictKind.DISLIKE}
        taken = as_json(chat, profile, self._clock())
        return bibtex(list(liked.values())), json.dumps(taken, ensure_ascii=False, indent=2) + "\n"


def _of_reader(profile: Profile, reader_id: int) -> Profile:
    return replace(profile, judged=tuple(one for one in profile.judged if one.reader_id == reader_id))


def as_json(chat: Chat, profile: Profile, now: datetime) -> dict[str, Any]:
    """The profile and verdicts as plain values: the newest verdict first, counted by paper."""
    papers: dict[str, dict[str, Any]] = {}
    for one in profile.judged:
        entry = papers.setdefault(
            one.paper.id,
            {
                "id": one.paper.id,
                "title": one.paper.title,
                "authors": list(one.paper.authors),
                "categories": list(one.paper.categories),
                "url": f"https://arxiv.org/abs/{one.paper.id}",
                **{kind.value: 0 for kind in VerdictKind},
                "last": one.at.isoformat(),
            },
        )
        entry[one.kind.value] += 1
    return {
        "exported": now.isoformat(),
        "chat": chat.title,
        "interests": profile.interests,
        "categories": list(profile.categories),
        "follows": [{"kind": follow.kind.value, "name": follow.value} for follow in profile.follows],
        "mutes": [{"kind": mute.kind.value, "name": mute.value} for mute in profile.mutes],
        "corrections": [{"kind": one.kind.value, "what": one.label} for one in profile.corrections],
        "verdicts": list(papers.values()),
    }


_ESCAPED = str.maketrans({"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_"})


def bibtex(papers: Sequence[Paper]) -> str:
    """An entry for each paper, as arXiv itself writes them; formulas in titles stay LaTeX."""
    return "\n".join(map(_entry, papers)) or "% no liked or saved papers yet\n"


def _entry(paper: Paper) -> str:
    family = re.sub(r"[^a-z]", "", paper.authors[0].split()[-1].lower()) if paper.authors else ""
    fields = {
        "title": f"{{{_tex(paper.title)}}}",
        "author": _tex(" and ".join(paper.authors)),
        "year": _year(paper),
        "eprint": paper.id,
        "archivePrefix": "arXiv",
        "primaryClass": paper.primary,
        "url": f"https://arxiv.org/abs/{paper.id}",
        "doi": paper.doi,
        "note": _tex(paper.journal_ref),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    key = f"{family or 'paper'}{_year(paper)}_{re.sub(r'[^0-9a-z]', '_', paper.id)}"
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def _year(paper: Paper) -> str:
    if paper.published is not None:
        return str(paper.published.year)
    digits = re.search(r"(\d\d)\d\d[.\d]", paper.id)
    if digits is None:
        return ""
    return f"{'19' if int(digits[1]) > 90 else '20'}{digits[1]}"


def _tex(text: str) -> str:
    """Plain text for BibTeX, formulas between dollars untouched and braces balanced."""
    pieces = text.split("$")
    if len(pieces) % 2 == 0:
        pieces = [text.replace("$", r"\$")]
    told = [piece if at % 2 else piece.translate(_ESCAPED) for at, piece in enumerate(pieces)]
    joined = "$".join(told)
    return joined if joined.count("{") == joined.count("}") else joined.replace("{", "").replace("}", "")
