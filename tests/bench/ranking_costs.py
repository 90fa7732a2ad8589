"""What ranking costs in CPU time, so that a busy machine counts for little, each figure beside what it is to reach: once a
day for all chats, for one chat of many, after a verdict; arxiv-sanity-lite's SVM on the same papers; and how it grows."""

from __future__ import annotations

import math
import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any, TypeVar

import numpy as np

from bot.model import JudgedPaper, Paper, Profile, ScoredPaper, VerdictKind
from bot.rank import glossary, interests
from bot.rank.asked import Asked, Wishes
from bot.rank.batch import Ask, Batch
from bot.rank.features import Background, Features
from bot.rank.ranking import Ranking
from bot.rank.score import score, wishes_of
from bot.rank.select import Choice, select_all
from bot.rank.taste import Taste, learn

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
PAST_PAPERS, DAY_PAPERS = 3000, 1000
CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO")
SVM_CHATS = 5
ALONE = 20
MANY = 10_000
PART = 50
"""Chats that are ranked together, as the bot's rounds do."""

Made = TypeVar("Made")


def costs(chats: int, papers: list[Paper]) -> None:
    """Measure and print; `papers` are as many as a background and a day need."""
    rng = random.Random(7)
    past, day = papers[:PAST_PAPERS], papers[PAST_PAPERS : PAST_PAPERS + DAY_PAPERS]
    print("## once a day for all chats")
    background, seconds = _timed(lambda: Background.of(past))
    told(f"background of {PAST_PAPERS} past papers", f"{seconds * 1e3:.0f} ms")
    features, seconds = _timed(lambda: Features.of(day, background))
    told(f"features of {DAY_PAPERS} new papers", f"{seconds * 1e3:.0f} ms")
    batch, seconds = _timed(lambda: _warm(background, features))
    told("what all chats have in common", f"{seconds * 1e3:.0f} ms")
    print("## for each chat, with four interests and 20 verdicts")
    profiles = [_profile(rng, past, 20) for _ in range(chats)]
    work, wall = _on_two_cores(batch, _many(rng, profiles, _tastes(background, profiles)))
    told(
        f"{MANY} chats × {DAY_PAPERS} papers on two cores",
        f"{work:.1f} s",
        "at most 15 s of each core, each with interests of its own, worked out anew",
        work <= 15,
    )
    told("  the same on the wall clock", f"{wall:.1f} s", "with whatever else runs here")
    wishes, seconds = _timed(partial(_wishes, profiles))
    told("read its stated interests", f"{seconds / chats * 1e3:.2f} ms", "when they change, or were not asked for long")
    _, seconds = _timed(lambda: [Asked.of_many(background, some) for some in _parts(wishes)])
    told("work out what they ask for", f"{seconds / chats * 1e3:.2f} ms", "once a day")
    tastes, fit = _timed(partial(_tastes, background, profiles))
    fit /= chats
    told("fit its taste to 20 verdicts", f"{fit * 1e3:.2f} ms", "once a day and after a verdict")
    asks = [Ask(profile, taste) for profile, taste in zip(profiles, tastes, strict=True)]
    scored = _least(lambda: _ranked(batch, asks)) / chats
    told(
        f"score {DAY_PAPERS} papers for one chat of many",
        f"{scored * 1e3:.2f} ms",
        "at most 1 ms",
        scored <= 1e-3,
    )
    rankings = batch.rank(asks[:PART], {}, {}, NOW)
    seconds = _least(partial(_tables, rankings)) / len(rankings)
    told("choose 5 with their reasons", f"{seconds * 1e3:.2f} ms")
    some = asks[:ALONE]
    seconds = _least(lambda: [score(features, one.profile, {}, {}, NOW, one.taste) for one in some]) / len(some)
    told("score for a chat alone", f"{seconds * 1e3:.2f} ms", "where somebody asks for a table meanwhile")
    _verdicts(background, past)
    _digests(rng, background, batch, past, chats)
    if find_spec("sklearn") is not None:
        _beside_svm(past, day, profiles[:SVM_CHATS], fit, scored)
    _growth(background, batch, past, day, asks)


def told(what: str, figure: str, wanted: str = "", met: bool | None = None) -> None:
    """One line of the report."""
    verdict = "" if met is None else ("  met" if met else "  MISSED")
    print(f"{what:58s} {figure:>26s}  {wanted}{verdict}", flush=True)


def made_up() -> list[Paper]:
    """Invented papers for a background and a day."""
    rng = random.Random(6)
    return [_invented(rng, n) for n in range(PAST_PAPERS + DAY_PAPERS)]


# --------------------------------------------------------------------------- verdicts and digests


def _verdicts(background: Background, past: list[Paper]) -> None:
    """A refit, which somebody who presses a button waits for at most."""
    rng = random.Random(9)
    print("## after a verdict")
    for verdicts, readers, most in ((20, 1, 0.05), (200, 1, 0.05), (200, 200, 0.05)):
        profile = _profile(rng, past, verdicts, readers)
        taken = statistics.median(_timed(partial(learn, background, profile, NOW))[1] for _ in range(9))
        of = f" of {readers} readers" if readers > 1 else ""
        told(
            f"refit at {verdicts} verdicts{of}", f"{taken * 1e3:.1f} ms", f"at most {most * 1e3:.0f} ms", taken <= most
        )


def _digests(rng: random.Random, background: Background, batch: Batch, past: list[Paper], chats: int) -> None:
    """All that ranking does for a morning's digests, a fifth of the chats having verdicts, and nothing being kept."""
    profiles = [_profile(rng, past, 0 if n % 5 else 15) for n in range(chats)]
    interests.parse.cache_clear()
    spent = {"read interests": 0.0, "work them out": 0.0, "fit tastes": 0.0, "score": 0.0, "choose": 0.0}

    def stage(name: str, work: Callable[[], Made]) -> Made:
        made, seconds = _timed(work)
        spent[name] += seconds
        return made

    for some in _parts(profiles):
        wishes = stage("read interests", partial(_wishes, some))
        stage("work them out", partial(Asked.of_many, background, wishes))
        tastes = stage("fit tastes", partial(_tastes, background, some))
        asks = [Ask(profile, taste) for profile, taste in zip(some, tastes, strict=True)]
        rankings = stage("score", partial(batch.rank, asks, {}, {}, NOW))
        stage("choose", partial(_tables, rankings))
    print("## a morning's digests, 15 verdicts in a fifth of the chats")
    whole = sum(spent.values()) / chats
    told("rank and choose for a chat, from nothing", f"{whole * 1e3:.2f} ms", "5 ms are 200 chats a second")
    for name, seconds in spent.items():
        told(f"  {name}", f"{seconds / chats * 1e3:.2f} ms")


# --------------------------------------------------------------------------- beside an SVM


def _beside_svm(past: list[Paper], day: list[Paper], profiles: Sequence[Profile], fit: float, scored: float) -> None:
    print("## beside arxiv-sanity-lite's SVM, fitted and scored for the same chats")
    for what, everything in (
        ("over all papers it holds, as its server does", True),
        ("over likes and new papers", False),
    ):
        svm = _svm(past, day, profiles, everything=everything)
        told(f"the SVM {what}", f"{svm * 1e3:.1f} ms")
        told(
            "  we score with the taste that is kept",
            f"{svm / scored:.1f} × as fast",
            "at least 20 ×" if everything else "",
            svm >= 20 * scored if everything else None,
        )
        told("  we fit anew and score", f"{svm / (fit + scored):.1f} × as fast")


def _svm(past: list[Paper], day: list[Paper], profiles: Sequence[Profile], *, everything: bool) -> float:
    """Seconds of CPU to fit and score one chat as arxiv-sanity-lite does (its tf-idf is made beforehand): what was liked
    against all other papers it holds, or against the new ones alone."""
    import scipy.sparse as sp
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    vectorizer = TfidfVectorizer(
        lowercase=True,
        stop_words="english",
        ngram_range=(1, 2),
        max_features=20_000,
        sublinear_tf=True,
        max_df=0.1,
        min_df=5,
    )
    rows = vectorizer.fit_transform([f"{paper.title} {paper.abstract}" for paper in (*past, *day)]).tocsr()
    place = {paper.id: at for at, paper in enumerate(past)}
    new = rows[len(past) :]

    def one(profile: Profile) -> None:
        liked = [place[one.paper.id] for one in profile.judged if one.kind is VerdictKind.LIKE]
        wanted = np.zeros(rows.shape[0] if everything else len(liked) + len(day))
        wanted[liked if everything else slice(len(liked))] = 1.0
        known = rows if everything else sp.vstack([rows[liked], new]).tocsr()
        LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01).fit(known, wanted).decision_function(new)

    def everybody() -> None:
        for profile in profiles:
            one(profile)

    _, seconds = _timed(everybody)
    return seconds / len(profiles)


# --------------------------------------------------------------------------- growth


def _growth(background: Background, batch: Batch, past: list[Paper], day: list[Paper], asks: Sequence[Ask]) -> None:
    print("## growth: the power of the number that the time grows with, over the sizes that were measured")
    _grows("chats: score for all of them", {n: _least(partial(_ranked, batch, asks[:n])) for n in _sizes(len(asks))})
    some = asks[:PART]
    taken = {}
    for count in (250, 500, 1000):
        fewer = Batch(Features.of(day[:count], background))
        _ranked(fewer, some)
        taken[count] = _least(partial(_ranked, fewer, some)) / len(some)
    _grows("papers: score them for one chat", taken)
    rng = random.Random(8)
    fits, scores = {}, {}
    for count in (25, 50, 100, 200, 400):
        profile = _profile(rng, past, count)
        fits[count] = _least(partial(learn, background, profile, NOW), 5)
        alike = [Ask(profile, learn(background, profile, NOW))] * PART
        _ranked(batch, alike)
        scores[count] = _least(partial(_ranked, batch, alike)) / PART
    _grows("verdicts: fit a taste to them", fits)
    _grows("verdicts: score for one chat", scores)


def _grows(what: str, taken: dict[int, float]) -> None:
    sizes, times = [math.log(size) for size in taken], [math.log(seconds) for seconds in taken.values()]
    power = statistics.linear_regression(sizes, times).slope
    told(what, f"power {power:.2f}", ", ".join(f"{size}: {seconds * 1e3:.2f} ms" for size, seconds in taken.items()))


def _sizes(most: int) -> list[int]:
    return sorted({max(most // 16, 1), max(most // 4, 1), most})


# --------------------------------------------------------------------------- how it is measured


def _warm(background: Background, features: Features) -> Batch:
    """What the first chat of the day would wait for."""
    batch = Batch(features)
    one = JudgedPaper(background.papers[0], 1, VerdictKind.LIKE, NOW)
    _ranked(batch, [Ask(Profile(interests="language models", judged=(one,)))])
    _tables(batch.rank([Ask(Profile(interests="language models"))], {}, {}, NOW))
    return batch


def _wishes(profiles: Sequence[Profile]) -> list[Wishes]:
    return [wishes_of(one) for one in profiles]


def _tastes(background: Background, profiles: Sequence[Profile]) -> list[Taste | None]:
    return [learn(background, one, NOW) for one in profiles]


def _tables(rankings: Sequence[Ranking]) -> list[list[ScoredPaper]]:
    return select_all([Choice(one, 5, seen=frozenset(), explore=True) for one in rankings])


def _ranked(batch: Batch, asks: Sequence[Ask]) -> None:
    for some in _parts(asks):
        batch.rank(some, {}, {}, NOW)


def _parts(some: Sequence[Made]) -> Iterable[Sequence[Made]]:
    return (some[start : start + PART] for start in range(0, len(some), PART))


def _many(rng: random.Random, profiles: Sequence[Profile], tastes: Sequence[Taste | None]) -> list[Ask]:
    """Many chats with interests of their own; the verdicts of these few by turns."""
    return [
        Ask(replace(profiles[n % len(profiles)], interests=_stated(rng)), tastes[n % len(profiles)])
        for n in range(MANY)
    ]


def _on_two_cores(batch: Batch, asks: Sequence[Ask]) -> tuple[float, float]:
    """Seconds of CPU of the slower one, and on the wall clock, in which two processes that have what is made once a day
    and the tastes score all chats; starting the processes is left out."""
    context = get_context("fork")
    said = context.Queue()
    workers = [context.Process(target=_score_some, args=(batch, asks[at::2], said)) for at in range(2)]
    for worker in workers:
        worker.start()
    times = [said.get() for _ in workers]
    for worker in workers:
        worker.join()
    return max(work for work, _ in times), max(wall for _, wall in times)


def _score_some(batch: Batch, asks: Sequence[Ask], said: Any) -> None:
    begun = time.perf_counter()
    _, work = _timed(lambda: _ranked(batch, asks))
    said.put((work, time.perf_counter() - begun))


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    begun = time.process_time()
    made = work()
    return made, time.process_time() - begun


def _least(work: Callable[[], object], times: int = 3) -> float:
    """Seconds of CPU that it takes when least disturbed."""
    return min(_timed(work)[1] for _ in range(times))


# --------------------------------------------------------------------------- what is ranked


def _invented(rng: random.Random, n: int) -> Paper:
    """A paper of about an abstract's length, its words drawn from three topics of the glossary and from common ones."""
    topics = rng.sample(glossary.topics(), 3)
    words = [variant.removeprefix("=") for topic in topics for variant in topic.english]
    common = ["we", "show", "that", "model", "data", "task", "results", "improves", "over", "strong", "baselines", "on"]
    text = " ".join(rng.choice(words if rng.random() < 0.3 else common) for _ in range(140))
    return Paper(
        id=f"2602.{n:05d}",
        version=1,
        title=" ".join(rng.sample(words, min(3, len(words)))),
        authors=(f"Author {n}",),
        abstract=text,
        categories=tuple(rng.sample(CATEGORIES, 2)),
    )


def _stated(rng: random.Random) -> str:
    return ", ".join(topic.english[0].removeprefix("=") for topic in rng.sample(glossary.topics(), 4))


def _profile(rng: random.Random, past: list[Paper], verdicts: int, readers: int = 1) -> Profile:
    """Four topics and three categories, verdicts on past papers of which some three in ten are dislikes."""
    judged = tuple(
        JudgedPaper(
            paper,
            1 + at % readers,
            VerdictKind.DISLIKE if rng.random() < 0.3 else VerdictKind.LIKE,
            NOW - timedelta(days=at // readers),
        )
        for at, paper in enumerate(rng.sample(past, verdicts))
    )
    return Profile(interests=_stated(rng), categories=CATEGORIES[:3], judged=judged)
