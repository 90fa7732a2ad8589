"""Selection: the best papers, but not the same thing twice."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.model import Paper, Profile, ReasonKind
from bot.rank.features import Background, Features
from bot.rank.ranking import Ranking
from bot.rank.score import score
from bot.rank.select import Choice, select, select_all
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
THEMES = (
    ("Robots that grasp", "Fingers and cameras of robots learn to grasp cups by touch."),
    ("Legs on sand", "Legs keep their balance on sand with one motor."),
    *((title, "") for title in ("Quarks on a lattice", "Markets and prices", "Voices in noise", "Wheat under drones")),
    *((title, "") for title in ("Galaxies merge", "Statutes in court", "Proteins fold", "Waves on reefs")),
)
PAST = Background.of(
    builders.paper(500 + n, title=THEMES[n % 10][0], abstract=f"{THEMES[n % 10][1]} Case {n % 17} of kind {n % 5}.")
    for n in range(240)
)


def ranking(papers: list[Paper], interests: str = "") -> Ranking:
    """Papers scored for these interests."""
    return score(Features.of(papers, PAST), Profile(interests=interests), {}, {}, NOW)


def test_equal_papers_come_by_id() -> None:
    """With nothing to tell papers apart, the order is that of their ids, whatever order they came in."""
    papers = [builders.paper(n, title=f"Thing{chr(96 + n)}", abstract="") for n in (3, 1, 2)]
    chosen = select(ranking(papers), 3, seen=frozenset())
    assert [one.paper.id for one in chosen] == ["2602.00001", "2602.00002", "2602.00003"]


def test_of_more_equal_papers_than_are_looked_at_the_first_count() -> None:
    """Where scores say nothing, the ids decide which papers are looked at, and a better one comes before all."""
    papers = [builders.paper(n, title=f"Thing{n}", abstract="") for n in (*range(60, 20, -1), *range(1, 21))]
    robots = builders.paper(99, title="Robots that grasp", abstract="Robots learn to grasp by touch.")
    chosen = select(ranking([*papers, robots], "robots"), 3, seen={"2602.00002"})
    assert [one.paper.id for one in chosen] == ["2602.00099", "2602.00001", "2602.00003"]


def test_of_twins_one_is_shown_while_there_is_something_else() -> None:
    """A copy of a chosen paper gives way to a lesser paper that says something else; without one it comes too."""
    text = "Robots grasp cups with soft robot fingers and cameras; robots learn to grasp from touch."
    twins = [builders.paper(n, title="Robots that grasp", abstract=text) for n in (1, 2)]
    other = builders.paper(3, title="Legs on sand", abstract="Legs and balance on sand, with one motor of a robot.")
    chosen = select(ranking([*twins, other], "robots"), 2, seen=frozenset())
    assert [one.paper.id for one in chosen] == [twins[0].id, other.id]
    assert {one.paper.id for one in select(ranking([*twins, other], "robots"), 3, seen=frozenset())} == {
        "2602.00001",
        "2602.00002",
        "2602.00003",
    }


def test_there_may_be_less_than_asked_for() -> None:
    """One paper, none, all seen, no rows wanted: the selection is as long as it can be."""
    papers = [builders.paper(1)]
    assert len(select(ranking(papers), 5, seen=frozenset())) == 1
    assert select(ranking([]), 5, seen=frozenset()) == []
    assert select(ranking(papers), 5, seen={papers[0].id}) == []
    assert select(ranking(papers), 0, seen=frozenset()) == []


def test_only_the_named_places_are_chosen_from() -> None:
    """What may not be chosen is as if it were not there, for what it repeats and for the last row as well."""
    text = "Robots grasp cups with soft robot fingers and cameras; robots learn to grasp from touch."
    about = [builders.paper(n, title=f"Robots that grasp {n}", abstract=text) for n in range(1, 6)]
    others = [builders.paper(10 + n, title=title, abstract=body) for n, (title, body) in enumerate(THEMES)]
    everything = ranking([*about, *others], "robots, legs")
    for among in ([], [0], [4, 2, 7], range(3, 15)):
        alone = ranking([everything.features.papers[at] for at in among], "robots, legs")
        for explore in (False, True):
            chosen = select(everything, 5, seen=frozenset(), explore=explore, among=among)
            expected = select(alone, 5, seen=frozenset(), explore=explore)
            assert [one.paper.id for one in chosen] == [one.paper.id for one in expected]
            assert [one.score for one in chosen] == pytest.approx([one.score for one in expected], abs=1e-5)


@pytest.mark.parametrize("pairs_at_once", [1, 2**16])
def test_tables_chosen_together_are_those_chosen_one_by_one(
    monkeypatch: pytest.MonkeyPatch, pairs_at_once: int
) -> None:
    """Tables of several sizes, some of which teach, some with few papers to choose from and some with none."""
    monkeypatch.setattr("bot.rank.select.AT_ONCE", pairs_at_once)
    papers = [builders.paper(n, title=THEMES[n % 10][0], abstract=f"{THEMES[n % 10][1]} Case {n}.") for n in range(80)]
    rankings = [ranking(papers, interests) for interests in ("robots", "", "quarks, wheat", "voices; no robots")]
    choices = [
        Choice(one, size, frozenset(paper.id for paper in papers[:seen]), explore, among)
        for one in rankings
        for size, seen, explore, among in (
            (5, 0, True, None),
            (5, 3, False, range(70)),
            (5, 0, True, range(9, 20)),
            (1, 0, True, None),
            (8, 2, True, None),
            (4, 0, True, ()),
            (0, 0, False, None),
        )
    ]
    found = select_all(choices)
    assert found == [
        select(one.ranking, one.size, seen=one.seen, explore=one.explore, among=one.among) for one in choices
    ]
    assert {len(table) for table in found} == {0, 1, 5, 8}
    assert any(reason.kind is ReasonKind.EXPLORATION for table in found for row in table for reason in row.reasons)
