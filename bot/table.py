"""From chosen papers to the rows of a table: institutions, direction and heat join what the ranker said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.card.tags import tags_of
from bot.model import Heat, Paper, Row, ScoredPaper
from bot.pull.fulltext import abstract_only
from bot.rank.direction import direction
from storage import heat, institutions

PAPERS_KEPT = 2048

Names = Mapping[str, tuple[str, ...]]


async def names_of(conn: AsyncConnection, papers: Sequence[Paper]) -> dict[str, tuple[str, ...]]:
    """What is known of the papers' institutions by paper id: what the text states, else Hugging Face's organisation;
    papers of which nothing is known are left out."""
    ids = [paper.id for paper in papers]
    stated = await institutions.get(conn, ids)
    facts = await heat.facts(conn, ids)
    listed = {paper_id: (fact.organization,) for paper_id, fact in facts.items() if fact.organization}
    return listed | {paper_id: found for paper_id, found in stated.items() if found}


def rows_of(
    chosen: Sequence[ScoredPaper], names: Names, heats: Mapping[str, Heat], added_from: Mapping[str, date]
) -> tuple[Row, ...]:
    """The rows of the chosen papers, best first; `added_from` names the day of those that came late."""
    return tuple(
        [
            _row(rank, choice, _told(choice.paper), names, heats.get(choice.paper.id), added_from)
            for rank, choice in enumerate(chosen, 1)
        ]
    )


def _row(
    rank: int, choice: ScoredPaper, told: _Told, names: Names, warmth: Heat | None, added_from: Mapping[str, date]
) -> Row:
    paper = choice.paper
    return Row(
        rank=rank,
        paper_id=paper.id,
        version=paper.version,
        title=paper.title,
        authors=paper.authors,
        institution=next(iter(names.get(paper.id, ())), ""),
        direction=told.direction,
        heat=warmth.upvotes if warmth is not None else None,
        score=choice.score,
        reasons=choice.reasons,
        tags=told.tags,
        added_from=added_from.get(paper.id),
    )


def read_texts(papers: Iterable[Paper]) -> None:
    """Have at hand what rows say of these papers' texts, of the first ones where they are very many, so that making rows
    takes no time."""
    for paper in islice(papers, PAPERS_KEPT):
        _told(paper)


class _Told(NamedTuple):
    """What a paper's own text tells for its row."""

    direction: str
    tags: tuple[str, ...]


@lru_cache(maxsize=PAPERS_KEPT)
def _told(paper: Paper) -> _Told:
    """A paper stands in many chats' tables, and what its title and abstract tell takes a while to find; that only they
    were read is no news in a table."""
    tags = tags_of(paper, abstract_only(paper), ())
    return _Told(direction(paper), tuple([tag for tag in tags if tag != "abstract-only"]))
