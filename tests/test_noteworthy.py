"""Which papers of a day stand out, and by what."""

from __future__ import annotations

from bot.model import Card, ChecklistItem, Experiments, Rating, Result, Row
from bot.noteworthy import noteworthy, standings
from tests.support import builders as a


def stars(novelty: int | None, recommendation: int | None, n: int = 1) -> Card:
    """A card with stars."""
    return a.card(
        n,
        analyst="llm:m" if novelty or recommendation else "local",
        novelty=Rating(novelty) if novelty else None,
        recommendation=Rating(recommendation) if recommendation else None,
    )


def chosen(rows: list[Row], *cards: Card) -> list[str]:
    """The ids of what stands out, best first."""
    found = noteworthy(standings(rows, {card.paper_id: card for card in cards}))
    return [one.row.paper_id for one in found]


ROWS = [a.row(n, heat=None) for n in (1, 2, 3)]
ONE, TWO, THREE = (row.paper_id for row in ROWS)


def test_recommendation_comes_before_novelty_and_novelty_before_score() -> None:
    """Stars decide, the analyst's recommendation first; only two papers stand out."""
    assert chosen(ROWS, stars(5, 2, 1), stars(1, 4, 2), stars(3, 4, 3)) == [THREE, TWO]


def test_unrated_papers_go_by_score() -> None:
    """Without any stars, the table's own order holds where nothing else tells papers apart."""
    assert chosen(ROWS, stars(None, None, 1), stars(None, None, 2), stars(None, None, 3)) == [ONE, TWO]


def test_an_unrated_paper_stands_between_praised_and_blamed_ones() -> None:
    """A paper that no model read neither hides a recommended one nor yields to one that can be skipped."""
    assert chosen(ROWS, stars(4, 1, 1), stars(None, None, 2), stars(2, 4, 3)) == [THREE, TWO]


def test_attention_and_checked_results_lift_and_doubt_lowers() -> None:
    """Of two papers with nearly the same score, the one with more to show for itself stands out."""
    rows = [a.row(1, score=1.0, heat=0), a.row(2, score=0.95, heat=40), a.row(3, score=0.0, heat=0)]
    plain = [a.card(n) for n in (1, 2, 3)]
    assert chosen(rows, *plain)[0] == TWO
    cold = [a.row(1, score=1.0, heat=None), a.row(2, score=0.95, heat=None), a.row(3, score=0.0, heat=None)]
    assert chosen(cold, *plain)[0] == ONE
    measured = Result(a.claim("It reaches 53.7%."), "accuracy", "53.7%")
    assert chosen(cold, plain[0], a.card(2, experiments=Experiments(results=(measured,) * 4)), plain[2])[0] == TWO
    doubted = Result(a.claim("It reaches 53.7%.", verified=False), "accuracy", "53.7%")
    assert chosen(cold, plain[0], a.card(2, experiments=Experiments(results=(doubted,) * 4)), plain[2])[0] == ONE
    unsure = a.card(1, method=(a.claim("x", verified=False),) * 30)
    assert chosen(cold, unsure, plain[1], plain[2])[0] == TWO


def test_a_standing_says_what_decided() -> None:
    """The numbers that a reader is told are those of the card and the row."""
    measured = Result(a.claim("It reaches 53.7%."), "accuracy", "53.7%")
    wordy, doubted = Result(a.claim("It is better.")), Result(a.claim("9%", verified=False), "x", "9%")
    card = a.card(
        1,
        experiments=Experiments(results=(wordy, doubted, measured)),
        checklist=(ChecklistItem("code", found=True, where=("https://github.com/x/y",)),),
    )
    one, other = standings([a.row(1, heat=7), a.row(2, heat=7), a.row(3)], {ONE: card, TWO: a.card(2)})
    assert (one.results, one.code, one.best_match, one.most_heat) == ((measured,), "https://github.com/x/y", True, True)
    assert (one.claims - one.verified, one.doubtful) == (1, 1)
    assert (other.best_match, other.most_heat, other.doubtful, other.code) == (False, True, 0, "")


def test_a_day_without_cards_or_scores_has_an_answer_as_well() -> None:
    """No card, one paper, scores that are all alike, a card without a statement: none of them breaks the report."""
    assert standings(ROWS, {}) == []
    assert chosen([a.row(1, score=0.0, heat=0)], a.card(1)) == [ONE]
    empty = Card(ONE, 1, "x", (), (), "en", "local", a.card().source, "")
    assert chosen(ROWS, empty, a.card(2), a.card(3))[0] in (ONE, TWO, THREE)
    assert standings(ROWS, {ONE: empty})[0].claims == 0
