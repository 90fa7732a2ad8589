from __future__ import annotations

from bot.chat.causes import Clause, by_kind, causes, clauses, count_of
from bot.chat.templating import Templates
from bot.chat.views import Views
from bot.model import Reason, ReasonKind
from tests.support import builders as a


def test_the_strongest_reasons_are_told() -> None:
    """Of many reasons the three strongest kinds are told, each label once, and what spoke against it."""
    told = by_kind(
        (
            Reason(ReasonKind.INTEREST, "GRPO", 0.2),
            Reason(ReasonKind.INTEREST, "RLHF", 0.4),
            Reason(ReasonKind.INTEREST, "GRPO", 0.1),
            Reason(ReasonKind.HEAT, "", 0.3, 31),
            Reason(ReasonKind.LIKED, "A", 0.2, 2),
            Reason(ReasonKind.CATEGORY, "cs.LG", 0.01),
            Reason(ReasonKind.DISLIKED, "B", -0.1, 1),
            Reason(ReasonKind.AUTHOR, "not for it", -0.5),
        )
    )
    assert [reason.label for reason in told["interest"]] == ["RLHF", "GRPO"]
    assert {kind for kind, reasons in told.items() if reasons} == {"interest", "heat", "liked", "disliked"}
    assert count_of(told["heat"]) == 31
    assert count_of(told["category"]) == 0


def test_what_weighs_little_beside_the_strongest_is_not_told() -> None:
    """A label with less than a quarter of the strongest one's share would only distract."""
    told = by_kind(tuple(Reason(ReasonKind.INTEREST, label, share) for label, share in (("A", 0.8), ("B", 0.2), ("C", 0.1))))  # fmt: skip
    assert [reason.label for reason in told["interest"]] == ["A", "B"]


def said(reasons: tuple[Reason, ...], heat: bool) -> list[Clause]:
    """What the sentence about a row with these reasons says."""
    return clauses(by_kind(reasons), heat)


def test_what_a_sentence_about_a_row_says() -> None:
    """Interests that the paper names come before those that it is close to, the number of likes before learned words;
    what spoke against the paper comes last."""
    named, close = Reason(ReasonKind.INTEREST, "GRPO", 0.5, 1), Reason(ReasonKind.INTEREST, "RLHF", 0.9)
    liked, word = Reason(ReasonKind.LIKED, "A", 0.4, 2), Reason(ReasonKind.WORD, "rollout", 0.3, 0)
    disliked, author = Reason(ReasonKind.DISLIKED, "B", -0.1, 1), Reason(ReasonKind.AUTHOR, "Ada", 0.2)
    assert said((disliked, liked, close, named), heat=True) == [
        Clause(ReasonKind.INTEREST, ("GRPO",), 1),
        Clause(ReasonKind.LIKED, count=2),
        Clause(ReasonKind.DISLIKED, count=1),
    ]
    assert said((author, word, close), heat=True) == [
        Clause(ReasonKind.INTEREST, ("RLHF",)),
        Clause(ReasonKind.AUTHOR, ("Ada",)),
        Clause(ReasonKind.WORD, ("rollout",)),
    ]
    assert said((liked, word), heat=True) == [Clause(ReasonKind.LIKED, count=2)]
    assert said((Reason(ReasonKind.MODEL, "", 0.4),), heat=True) == said((), heat=False) == []
    assert said((Reason(ReasonKind.MODEL, "a step", 0.4),), heat=True) == [Clause(ReasonKind.MODEL, ("a step",))]


def test_upvotes_and_the_category_fill_what_is_left_of_a_sentence() -> None:
    """Upvotes are told where they are not told beside the sentence or are all there is; a category stands in for more."""
    seen, category = Reason(ReasonKind.HEAT, "", 0.2, 31), Reason(ReasonKind.CATEGORY, "cs.RO", 0.1)
    author = Reason(ReasonKind.AUTHOR, "Ada", 0.3)
    upvotes, by_her = Clause(ReasonKind.HEAT, count=31), Clause(ReasonKind.AUTHOR, ("Ada",))
    in_category = Clause(ReasonKind.CATEGORY, ("cs.RO",))
    for heat in (True, False):
        assert said((seen, category), heat=heat) == [upvotes, in_category]
        assert said((category,), heat=heat) == [in_category]
    assert said((author, seen, category), heat=True) == [by_her, upvotes]
    assert said((author, seen, category), heat=False) == [by_her]
    assert said((author, category), heat=True) == [by_her, in_category]


def test_what_a_table_rests_on() -> None:
    """Over all rows the labels that matched most often come first; verdicts and heat are told if they helped anywhere."""
    rows = [
        a.row(1, reasons=(Reason(ReasonKind.INTEREST, "GRPO", 0.5), Reason(ReasonKind.AUTHOR, "Ada", 0.1))),
        a.row(2, reasons=(Reason(ReasonKind.INTEREST, "RLHF", 0.9),)),
        a.row(3, reasons=(Reason(ReasonKind.INTEREST, "RLHF", 0.1), Reason(ReasonKind.LIKED, "x", 0.1, 1))),
    ]
    found = causes(rows)
    assert found.interests == ("RLHF", "GRPO")
    assert found.follows == ("Ada",)
    assert (found.liked, found.heat) == (True, False)
    assert causes([]).interests == ()


def test_nothing_similar_is_not_counted() -> None:
    """Where single words of judged papers made the difference, no number of similar papers is told."""
    vague = (Reason(ReasonKind.LIKED, "", 0.3), Reason(ReasonKind.DISLIKED, "", -0.1))
    views = Views(Templates(lambda key, language: key, lambda code: code))
    said = views.reasons(a.row(1, reasons=vague), "en")
    assert "0" not in said
    assert said
