"""From chosen papers to the rows of a table: institutions, direction and heat join what the ranker said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache

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
        Row(
            rank=rank,
            paper_id=choice.paper.id,
            version=choice.paper.version,
            title=choice.paper.title,
            authors=choice.paper.authors,
            institution=next(iter(names.get(choice.paper.id, ())), ""),
            direction=_direction(choice.paper),
            heat=heats[choice.paper.id].upvotes if choice.paper.id in heats else None,
            score=choice.score,
            reasons=choice.reasons,
            tags=_tags(choice.paper),
            added_from=added_from.get(choice.paper.id),
        )
        for rank, choice in enumerate(chosen, 1)
    )


@lru_cache(maxsize=PAPERS_KEPT)
def _direction(paper: Paper) -> str:
    """A paper stands in many chats' tables, and what it is about takes a millisecond to find."""
    return direction(paper)


@lru_cache(maxsize=PAPERS_KEPT)
def _tags(paper: Paper) -> tuple[str, ...]:
    """What the title and abstract alone tell of a paper's kind; that only they were read is no news in a table."""
    return tuple(tag for tag in tags_of(paper, abstract_only(paper), ()) if tag != "abstract-only")
