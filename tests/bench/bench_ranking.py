"""What ranking costs, and how well it finds a reader's next papers.

    python tests/bench/bench_ranking.py [--chats 200] [--rankbench ../shared/rankbench] [--tracks arxiv_lists,…]

Costs are measured on invented papers: making a background and a day's features (once a day for all chats), scoring and
selecting for many chats, refitting after a verdict. Quality is measured by rankbench, whose peers run beside our ranker
in the same run, where its folder is given or lies beside the checkout and its libraries are there.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from bot.model import JudgedPaper, Paper, Profile, VerdictKind
from bot.rank import glossary
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.select import select
from bot.rank.taste import learn

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
PAST_PAPERS, DAY_PAPERS = 3000, 1000
CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO")
PEERS = "aslite,bm25,lex_pu,hybrid_pu"
Made = TypeVar("Made")
LIBRARIES = ("numpy", "scipy", "sklearn", "pyarrow")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chats", type=int, default=200)
    parser.add_argument("--rankbench", type=Path, default=ROOT.parent / "shared" / "rankbench")
    parser.add_argument("--tracks", default="")
    chosen = parser.parse_args()
    _costs(chosen.chats)
    _quality(chosen.rankbench / "rankbench.py", chosen.tracks)


def _costs(chats: int) -> None:
    rng = random.Random(7)
    past = [_invented(rng, n) for n in range(PAST_PAPERS)]
    day = [_invented(rng, PAST_PAPERS + n) for n in range(DAY_PAPERS)]
    background, seconds = _timed(lambda: Background.of(past))
    print(f"background of {PAST_PAPERS} past papers  {seconds * 1e3:8.0f} ms  once a day")
    features, seconds = _timed(lambda: Features.of(day, background))
    print(f"features of {DAY_PAPERS} new papers     {seconds * 1e3:8.0f} ms  once a day")
    profiles = [_profile(rng, past, 20) for _ in range(chats)]
    tastes, seconds = _timed(lambda: [learn(background, profile, NOW) for profile in profiles])
    print(f"fit at 20 verdicts             {seconds / chats * 1e3:8.2f} ms  mean of {chats} chats")
    heavy = _profile(rng, past, 200)
    times = [_timed(lambda: learn(background, heavy, NOW))[1] for _ in range(15)]
    print(f"fit at 200 verdicts            {statistics.median(times) * 1e3:8.2f} ms  median of 15")
    rankings, seconds = _timed(
        lambda: [score(features, profile, {}, {}, NOW, taste) for profile, taste in zip(profiles, tastes, strict=True)]
    )
    print(f"score {DAY_PAPERS} papers              {seconds / chats * 1e3:8.2f} ms  mean of {chats} chats")
    _, seconds = _timed(lambda: [select(ranking, 5, seen=frozenset()) for ranking in rankings])
    print(f"select 5 with reasons          {seconds / chats * 1e3:8.2f} ms  mean of {chats} chats")


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    begun = time.perf_counter()
    made = work()
    return made, time.perf_counter() - begun


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


def _profile(rng: random.Random, past: list[Paper], verdicts: int) -> Profile:
    interests = ", ".join(topic.english[0].removeprefix("=") for topic in rng.sample(glossary.topics(), 4))
    judged = tuple(
        JudgedPaper(
            paper, 1, VerdictKind.DISLIKE if rng.random() < 0.3 else VerdictKind.LIKE, NOW - timedelta(days=days)
        )
        for days, paper in enumerate(rng.sample(past, verdicts))
    )
    return Profile(interests=interests, categories=CATEGORIES[:3], judged=judged)


def _quality(program: Path, tracks: str) -> None:
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if not program.is_file():
        print(f"quality: no rankbench at {program.parent}; name its folder with --rankbench")
    elif missing:
        print(f"quality: rankbench needs {', '.join(missing)}, which are not installed here")
    else:
        command = [sys.executable, str(program), "-m", f"{Path(__file__).with_name('rankbench_module.py')},{PEERS}"]
        command += ["--tracks", tracks] if tracks else []
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603 - our own arguments


if __name__ == "__main__":
    main()
