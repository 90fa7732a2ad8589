"""A taste that turns is followed; one that tells good from bad within a topic is not taken for turning."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.model import JudgedPaper, Profile, VerdictKind
from bot.rank import turning
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.turning import LEAST_STANDING
from tests.support.invented_months import Announcements

NOW = datetime(2026, 5, 4, 8, tzinfo=UTC)
MADE = Announcements()
PAPERS = [paper for _ in range(40) for paper in MADE.papers()]
BY_THEME = {
    theme: [paper for paper in PAPERS if paper.title.startswith(theme)] for theme in ("Protein", "Galaxy", "Swell")
}
BACKGROUND = Background.of(PAPERS[:400])
DAY = MADE.papers()
FEATURES = Features.of(DAY, BACKGROUND)


def said(theme: str, kind: VerdictKind, days: list[int], reader: int = 1, first: int = 0) -> list[JudgedPaper]:
    """A verdict on one paper of a theme on each of these days before now."""
    return [
        JudgedPaper(paper, reader, kind, NOW - timedelta(days=day))
        for paper, day in zip(BY_THEME[theme][first:], days, strict=False)
    ]


def standing(judged: list[JudgedPaper]) -> dict[int, float]:
    """How far these verdicts stand, their papers compared as the ranker does."""
    words = BACKGROUND.likeness([one.paper for one in judged]).words
    return turning.standing(judged, (words @ words.T).toarray().astype(float))


def mean(judged: list[JudgedPaper], theme: str) -> float:
    """The mean score of the day's papers on a theme."""
    scores = score(FEATURES, Profile(judged=tuple(judged)), {}, {}, NOW).scores
    found = [value for paper, value in zip(DAY, scores, strict=True) if paper.title.startswith(theme)]
    return float(sum(found) / len(found))


def test_a_week_of_other_verdicts_outweighs_months_of_old_ones() -> None:
    """A hundred likes of one theme, then a week in which it is disliked and another liked now and then: the other leads."""
    months = said("Protein", VerdictKind.LIKE, list(range(110, 10, -1)))
    week = [
        *said("Protein", VerdictKind.DISLIKE, [day for day in range(7, 0, -1) for _ in range(4)], first=120),
        *said("Galaxy", VerdictKind.LIKE, [6, 5, 4, 3, 3, 2, 1]),
    ]
    assert mean(months, "Protein") > mean(months, "Galaxy")
    assert mean([*months, *week], "Galaxy") > mean([*months, *week], "Protein")


def test_who_tells_good_from_bad_within_a_topic_keeps_both() -> None:
    """Likes and dislikes of one theme by turns, more likes than dislikes: hardly any like is overruled."""
    likes = said("Protein", VerdictKind.LIKE, list(range(100, 0, -1)))
    dislikes = said("Protein", VerdictKind.DISLIKE, list(range(99, 0, -3)), first=110)
    stands = standing([*likes, *dislikes])
    kept = [stands.get(id(one), 1.0) for one in likes]
    assert sum(kept) / len(kept) > 0.7
    assert mean([*likes, *dislikes], "Protein") > mean([*likes, *dislikes], "Swell")


def test_one_reader_does_not_overrule_another() -> None:
    """What one member dislikes says nothing about what another liked."""
    hers = said("Protein", VerdictKind.LIKE, list(range(60, 40, -1)))
    his = said("Protein", VerdictKind.DISLIKE, list(range(20, 0, -1)), reader=2, first=60)
    assert standing([*hers, *his]) == {}


def test_verdicts_of_one_sitting_tell_papers_apart() -> None:
    """Dislikes and then likes of one theme on the same morning stand, in whichever order they were given."""
    dislikes = said("Protein", VerdictKind.DISLIKE, [3, 3, 3])
    likes = [
        replace(one, at=one.at + timedelta(minutes=5)) for one in said("Protein", VerdictKind.LIKE, [3] * 9, first=9)
    ]
    assert standing([*dislikes, *likes]) == {}
    assert standing([*dislikes, *(replace(one, at=NOW) for one in likes)]) != {}


def test_nothing_is_overruled_below_the_least() -> None:
    """However many contrary verdicts there are, a rest of the old one stays; a dislike can be overruled as well."""
    old = said("Protein", VerdictKind.DISLIKE, [100, 99])
    new = said("Protein", VerdictKind.LIKE, list(range(90, 0, -1)), first=10)
    stands = standing([*old, *new])
    assert [stands[id(one)] for one in old] == [LEAST_STANDING, LEAST_STANDING]
    assert standing([]) == {}
