"""Taste: what verdicts teach, how it is shared out, and that each reader counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from bot.model import JudgedPaper, Paper, Profile, ShownPaper, VerdictKind
from bot.rank import taste as tastes
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.taste import MOST_JUDGED, Side, learn, learn_all
from tests.support import builders

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
THEMES = {
    "robots": "robot arms grasp objects with tactile fingers and cameras",
    "quarks": "quarks and gluons bind into hadrons on a lattice",
    "proteins": "proteins fold into structures that enzymes recognise",
    "markets": "auctions set prices for bidders in online markets",
    "speech": "speakers are recognised by their voice and pronunciation",
    "galaxies": "galaxies merge and their stars drift in dark halos",
    "codes": "parity checks correct erasures on noisy channels",
    "crops": "fields of wheat are watched by drones for blight",
    "courts": "judges cite statutes and earlier verdicts in appeals",
    "waves": "ocean swell breaks on reefs and erodes beaches",
}
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na")


def about(theme: str, n: int) -> Paper:
    """Paper number `n` on a theme; every number has words of its own."""
    own = " ".join(f"{SYLLABLES[n % 11]}{SYLLABLES[n // 11 % 11]}{SYLLABLES[n * k % 7]}q" for k in (3, 5))
    return builders.paper(n, title=f"On {theme}", abstract=f"{THEMES[theme]} {own}")


PAST = [about(list(THEMES)[n % 10], n) for n in range(1, 401)]
BACKGROUND = Background.of(PAST)
DAY = [about(theme, 900 + n) for n, theme in enumerate(THEMES)]
FEATURES = Features.of(DAY, BACKGROUND)


def verdicts(
    theme: str,
    kind: VerdictKind = VerdictKind.LIKE,
    count: int = 1,
    reader: int = 1,
    days: float = 1.0,
    first: int = 500,
) -> tuple[JudgedPaper, ...]:
    """So many verdicts of a reader on papers of a theme."""
    return tuple(
        JudgedPaper(about(theme, first + 7 * n), reader, kind, NOW - timedelta(days=days)) for n in range(count)
    )


def scores(*judged: JudgedPaper) -> dict[str, float]:
    """The day's scores by theme."""
    return dict(zip(THEMES, score(FEATURES, Profile(judged=judged), {}, {}, NOW).scores, strict=True))


def test_without_verdicts_there_is_no_taste() -> None:
    """Nothing judged, nothing learned."""
    assert learn(BACKGROUND, Profile(interests="robots"), NOW) is None


def test_likes_and_bookmarks_lift_dislikes_lower() -> None:
    """👍 and 🔖 teach the same, 👎 the opposite; what was not judged stays about where it was."""
    liked, saved = scores(*verdicts("robots")), scores(*verdicts("robots", VerdictKind.SAVE))
    disliked = scores(*verdicts("robots", VerdictKind.DISLIKE))
    assert liked == saved
    assert max(liked, key=lambda theme: liked[theme]) == "robots"
    assert min(disliked, key=lambda theme: disliked[theme]) == "robots"
    assert disliked["robots"] < 0
    assert abs(liked["markets"] - liked["speech"]) < 0.2 * (liked["robots"] - liked["markets"])


def test_both_sides_add_up_to_the_whole() -> None:
    """What likes add and what dislikes take is together what was learned, and a usual paper gets about nothing."""
    profile = Profile(
        judged=(*verdicts("robots", count=3), *verdicts("markets", VerdictKind.DISLIKE, count=3, first=600))
    )
    taste = learn(BACKGROUND, profile, NOW)
    assert taste is not None
    assert taste.drawn is not None
    assert taste.put_off is not None
    assert taste.likes == 3
    whole = taste.drawn.of(FEATURES.likeness) + taste.put_off.of(FEATURES.likeness)
    assert list(THEMES)[int(whole.argmax())] == "robots"
    assert list(THEMES)[int(whole.argmin())] == "markets"
    usual = BACKGROUND.everything.take(BACKGROUND.usual(frozenset({"cs.LG"})).places)
    assert abs(float(np.mean(taste.put_off.of(usual)))) < 1e-6
    assert abs(float(np.mean(taste.drawn.of(usual) + taste.put_off.of(usual)))) < 0.15


def test_judged_papers_that_are_past_ones_are_read_from_these(monkeypatch: pytest.MonkeyPatch) -> None:
    """They say the same as if they had to be read anew, also where one reader likes what another dislikes."""
    profile = Profile(
        judged=(
            *verdicts("robots", count=3, first=10),
            *verdicts("markets", VerdictKind.DISLIKE, count=2, first=600),
            JudgedPaper(PAST[3], 1, VerdictKind.LIKE, NOW),
            JudgedPaper(PAST[3], 2, VerdictKind.DISLIKE, NOW),
        ),
        left=(ShownPaper(PAST[5], NOW),),
    )
    known = learn(BACKGROUND, profile, NOW)
    monkeypatch.setattr(Background, "past_places", lambda _, papers: np.full(len(papers), -1))
    read = learn(BACKGROUND, profile, NOW)
    assert known is not None
    assert read is not None
    for one, other in ((known.drawn, read.drawn), (known.put_off, read.put_off)):
        assert one is not None
        assert other is not None
        assert len(one.others) < len(other.others)
        assert np.allclose(one.words, other.words, atol=1e-6)
        assert np.allclose(one.of(FEATURES.likeness), other.of(FEATURES.likeness), atol=1e-5)


@pytest.mark.parametrize(("loud", "quiet"), [("quarks", "proteins"), ("markets", "waves"), ("codes", "robots")])
@pytest.mark.parametrize("few", [1, 4])
def test_one_reader_does_not_outvote_another(loud: str, quiet: str, few: int) -> None:
    """One reader's forty likes and another's few lift their themes about the same, far above the rest."""
    found = scores(*verdicts(loud, count=40, reader=1), *verdicts(quiet, count=few, reader=2, first=850))
    assert found[loud] / 1.5 < found[quiet] < 1.5 * found[loud]
    assert min(found[loud], found[quiet]) > 3 * max(
        value for theme, value in found.items() if theme not in {loud, quiet}
    )


def test_who_says_little_is_heard_against_who_says_much() -> None:
    """A theme that a quiet reader likes and a loud one dislikes stands about where the loud one's own theme stands."""
    dislike = VerdictKind.DISLIKE
    found = scores(
        *verdicts("quarks", count=40, reader=1, first=500),
        *verdicts("proteins", dislike, count=40, reader=1, first=1500),
        *verdicts("proteins", count=4, reader=2, first=2500),
        *verdicts("quarks", dislike, count=4, reader=2, first=3500),
    )
    assert found["quarks"] / 1.5 < found["proteins"] < 1.5 * found["quarks"]
    assert min(found["quarks"], found["proteins"]) > 3 * max(
        value for theme, value in found.items() if theme not in {"quarks", "proteins"}
    )


def test_readers_who_agree_say_what_each_says() -> None:
    """The same verdicts from two readers teach what they teach from one."""
    one = (*verdicts("robots", count=3), *verdicts("courts", VerdictKind.DISLIKE, count=2, first=600))
    both = (*one, *(replace(said, reader_id=2) for said in one))
    alone, together = scores(*one), scores(*both)
    assert list(alone.values()) == pytest.approx(list(together.values()), abs=1e-6)


def test_the_recent_weighs_more() -> None:
    """A taste that turned is followed: of two themes liked equally often the later one leads."""
    found = scores(
        *verdicts("quarks", count=4, days=2.0, first=500), *verdicts("proteins", count=4, days=240.0, first=600)
    )
    assert found["quarks"] > found["proteins"] > found["robots"]


def test_the_last_word_counts() -> None:
    """A reader who disliked a paper and liked it later likes it."""
    paper = about("robots", 500)
    turned = (
        JudgedPaper(paper, 1, VerdictKind.DISLIKE, NOW - timedelta(days=2)),
        JudgedPaper(paper, 1, VerdictKind.LIKE, NOW - timedelta(days=1)),
    )
    assert scores(*turned) == scores(turned[1])


def test_taking_back_a_like_lowers_what_it_lifted() -> None:
    """Without the liked paper that a reason names, the paper stands lower."""
    both = (*verdicts("robots"), *verdicts("speech", first=600))
    assert scores(*both)["speech"] > scores(*both[:1])["speech"]


def test_thousands_of_verdicts_are_bounded() -> None:
    """The newest verdicts are learned from, each reader's in turn, and there is still an order."""
    many = tuple(
        verdict
        for reader in (1, 2)
        for n in range(450)
        for verdict in verdicts(list(THEMES)[n % 10], reader=reader, days=n / 10, first=1000 * reader + n)
    )
    taste = learn(BACKGROUND, Profile(judged=many), NOW)
    assert taste is not None
    assert taste.likes == MOST_JUDGED
    assert np.isfinite(taste.drawn.of(FEATURES.likeness)).all() if taste.drawn else False


def test_judged_papers_of_the_background_do_not_count_as_usual() -> None:
    """Liking a paper that is itself among the past papers works like liking a new one."""
    known = JudgedPaper(PAST[0], 1, VerdictKind.LIKE, NOW)
    found = scores(known)
    assert max(found, key=lambda theme: found[theme]) == list(THEMES)[1]


def test_a_kept_taste_gives_the_same_scores_and_belongs_to_its_background() -> None:
    """A taste made before is as good as one made now; with other features it is refused."""
    profile = Profile(judged=verdicts("robots", count=2))
    taste = learn(BACKGROUND, profile, NOW)
    fresh, kept = score(FEATURES, profile, {}, {}, NOW), score(FEATURES, profile, {}, {}, NOW, taste)
    assert np.array_equal(fresh.scores, kept.scores)
    other = Features.of(DAY, Background.of(PAST[:300]))
    with pytest.raises(ValueError, match="another background"):
        score(other, profile, {}, {}, NOW, taste)


@pytest.mark.parametrize("at_once", [1, 20, 1000])
def test_many_are_learned_as_one_is(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Whatever is read in one go, each profile gets its own taste, and none without verdicts."""
    monkeypatch.setattr(tastes, "READ_AT_ONCE", at_once)
    left = tuple(ShownPaper(about("waves", 800 + n), NOW - timedelta(days=n)) for n in range(5))
    profiles = [
        Profile(judged=verdicts("robots", count=9), left=left),
        Profile(left=left),
        Profile(judged=(*verdicts("quarks", count=3), *verdicts("codes", VerdictKind.DISLIKE, reader=2, first=600))),
        Profile(),
        Profile(judged=verdicts("courts", VerdictKind.DISLIKE, count=4), categories=("cs.LG",)),
    ]
    for found, profile in zip(learn_all(BACKGROUND, profiles, NOW), profiles, strict=True):
        alone = learn(BACKGROUND, profile, NOW)
        assert (found is None) == (alone is None) == (not profile.judged)
        if found is not None and alone is not None:
            assert (found.liked.papers, found.disliked.papers) == (alone.liked.papers, alone.disliked.papers)
            assert said(found.drawn) == pytest.approx(said(alone.drawn), abs=1e-6)
            assert said(found.put_off) == pytest.approx(said(alone.put_off), abs=1e-6)


def said(side: Side | None) -> list[float]:
    """What a side adds to each of the day's papers."""
    return [] if side is None else side.of(FEATURES.likeness).tolist()
