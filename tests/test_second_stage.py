"""A language model's word on the first papers: an optional second stage, whose share is a reason like the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from bot.digest import Digests
from bot.errors import ModelFailed
from bot.llm.judging import MOST_SHARE, Judge, Word, Words, shares
from bot.model import ChatKind, Correction, Digest, Paper, ReasonKind
from storage import chats, corrections, listings
from storage.database import Database
from tests.support import builders as a
from tests.support.builders import NOW


async def nothing(_: object) -> None:
    """Nobody outside is asked."""


async def made_with(
    db: Database, judge: Judge | None, *, interests: str = "question 3", ruled_out: bool = False
) -> Digest:
    """A digest of twelve papers, made with this second stage."""
    async with db.begin() as conn:
        await listings.save_page(conn, a.page(new=range(1, 13)), NOW)
        await listings.save_poll(conn, a.poll())
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {"size": 3}, NOW)
        await chats.set_categories(conn, chat.id, ("cs.LG",), a.DAY)
        await chats.set_interests(conn, chat.id, interests, (), NOW)
        if ruled_out:
            await corrections.add(conn, chat.id, Correction(ReasonKind.MODEL, "", "", NOW))
    made = await Digests(db, lambda: NOW, nothing, nothing, judge=judge).make(chat.id)
    assert made is not None
    return made


async def prefers_nine(interests: str, papers: Sequence[Paper], language: str) -> Mapping[str, tuple[float, str]]:
    """A model that wants paper 9 and nothing else."""
    assert interests
    assert language == "en"
    return {p.id: (0.5, "It is the ninth.") if p == a.paper(9) else (-0.5, "It is not.") for p in papers}


async def test_the_models_word_is_a_reason_like_the_others(db: Database) -> None:
    """What it lifts stands first, with its sentence; the shares of every row still add up to its score."""
    made = await made_with(db, prefers_nine)
    assert made.rows[0].paper_id == a.paper(9).id
    assert [one.label for one in made.rows[0].reasons if one.kind is ReasonKind.MODEL] == ["It is the ninth."]
    for row in made.rows:
        assert row.score == pytest.approx(sum(one.share for one in row.reasons))


async def test_the_first_stage_stands_where_the_model_fails(db: Database) -> None:
    """Whatever goes wrong with the model, the table is the one of the ranking alone."""

    async def fails(*_: object) -> Mapping[str, tuple[float, str]]:
        raise ModelFailed("failed", "no")

    made = await made_with(db, fails)
    assert not any(one.kind is ReasonKind.MODEL for row in made.rows for one in row.reasons)
    assert len(made.rows) == 3


@pytest.mark.parametrize(("interests", "ruled_out"), [("", False), ("question 3", True)])
async def test_nobody_asks_a_model_that_has_nothing_to_go_by_or_was_ruled_out(
    db: Database, interests: str, *, ruled_out: bool
) -> None:
    """Without stated interests, or after “not because of this”, no token is spent."""

    async def asked(*_: object) -> Mapping[str, tuple[float, str]]:
        raise AssertionError("the model was asked")

    made = await made_with(db, asked, interests=interests, ruled_out=ruled_out)
    assert len(made.rows) == 3


def test_what_a_model_says_is_held_within_its_bounds() -> None:
    """Numbers that were not asked about are passed over, a fit beyond the scale is its end, the middle changes nothing."""
    papers = [a.paper(1), a.paper(2), a.paper(3)]
    said = Words((Word(1, 9, " very\n good "), Word(2, 2), Word(3, -4), Word(7, 4), Word(1, 0)))
    assert shares(said, papers) == {
        papers[0].id: (MOST_SHARE, "very good"),
        papers[1].id: (0.0, ""),
        papers[2].id: (-MOST_SHARE, ""),
    }
