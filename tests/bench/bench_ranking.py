"""What ranking costs, and how well it finds a reader's next papers, each beside what it is to reach.

    python tests/bench/bench_ranking.py [--chats 1000] [--rankbench ../shared/rankbench] [--tracks arxiv_lists,…]
                                        [--split dev] [--limit READERS] [--only costs|quality]

Costs are measured on real papers where rankbench is at hand and on invented ones elsewhere, in CPU time, so that a busy machine does not count: a background and a day's features
(once a day for all chats), scoring for many chats, refitting after a verdict, and arxiv-sanity-lite's SVM on the same
papers in the same run. Quality is measured by rankbench, whose references run beside our ranker in the same run, where its
folder is given or lies beside the checkout and its libraries are there.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from bot.model import JudgedPaper, Paper, Profile, VerdictKind
from bot.rank import glossary
from bot.rank.asked import Asked
from bot.rank.batch import Ask, Batch
from bot.rank.features import Background, Features
from bot.rank.score import score, wishes_of
from bot.rank.select import select
from bot.rank.taste import Taste, learn

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)
PAST_PAPERS, DAY_PAPERS = 3000, 1000
CATEGORIES = ("cs.LG", "cs.CL", "cs.AI", "cs.CV", "cs.RO")
SVM_CHATS = 10
PART = 50

OURS, DENSE = "rankbench_module", "rankbench_dense_module"
PEERS = ("aslite", "bm25", "lex_pu", "hybrid_pu", "hybrid_int")
TRACKS = ("cula_titles", "cula_abs", "cult_bow", "arxiv_lists", "arxiv_authors")
LIKES = ("0", "1", "5", "10", "20")
LIBRARIES = ("numpy", "scipy", "sklearn", "pyarrow")

Made = TypeVar("Made")
Found = dict[str, dict[str, dict[str, Any]]]
"""Track → module → likes → figures, as rankbench writes them."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--chats", type=int, default=1000)
    parser.add_argument("--rankbench", type=Path, default=ROOT.parent / "shared" / "rankbench")
    parser.add_argument("--tracks", default=",".join(TRACKS))
    parser.add_argument("--split", default="dev")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--only", choices=("costs", "quality"))
    chosen = parser.parse_args()
    if chosen.only != "quality":
        costs(chosen.chats, _real(chosen.rankbench) or _made_up())
    if chosen.only != "costs":
        quality(chosen.rankbench, chosen.tracks.split(","), chosen.split, chosen.limit)


def told(what: str, figure: str, wanted: str = "", met: bool | None = None) -> None:
    """One line of the report."""
    verdict = "" if met is None else ("  met" if met else "  MISSED")
    print(f"{what:58s} {figure:>26s}  {wanted}{verdict}", flush=True)


# --------------------------------------------------------------------------- costs


def costs(chats: int, papers: list[Paper]) -> None:
    """What a day takes, once for all chats and for each."""
    rng = random.Random(7)
    past, day = papers[:PAST_PAPERS], papers[PAST_PAPERS : PAST_PAPERS + DAY_PAPERS]
    background, seconds = _timed(lambda: Background.of(past))
    told(f"background of {PAST_PAPERS} past papers", f"{seconds * 1e3:.0f} ms", "once a day")
    features, seconds = _timed(lambda: Features.of(day, background))
    told(f"features of {DAY_PAPERS} new papers", f"{seconds * 1e3:.0f} ms", "once a day")
    profiles = [_profile(rng, past, 20) for _ in range(chats)]
    tastes, seconds = _timed(lambda: [learn(background, profile, NOW) for profile in profiles])
    told("fit at 20 verdicts", f"{seconds / chats * 1e3:.2f} ms", f"mean of {chats} chats")
    fit = seconds / chats
    heavy = _profile(rng, past, 200)
    times = [_timed(lambda: learn(background, heavy, NOW))[1] for _ in range(9)]
    told(
        "refit at 200 verdicts",
        f"{statistics.median(times) * 1e3:.1f} ms",
        "at most 50 ms",
        statistics.median(times) <= 0.05,
    )
    background.everything, background.mentions, features.by_word  # noqa: B018 - parts of what is made once a day
    asks = [Ask(profile, taste) for profile, taste in zip(profiles, tastes, strict=True)]
    work, wall = _on_two_cores(features, asks)
    told(
        f"10,000 chats × {DAY_PAPERS} papers on two cores",
        f"{work / chats * 10_000:.1f} s",
        "at most 15 s of each core, interests worked out anew",
        work / chats * 10_000 <= 15,
    )
    told("  the same on the wall clock", f"{wall / chats * 10_000:.1f} s", "with whatever else runs here")
    wishes = [wishes_of(profile) for profile in profiles]
    _, seconds = _timed(lambda: [Asked.of(background, some) for some in wishes])
    told(
        "what its stated interests ask for",
        f"{seconds / chats * 1e3:.2f} ms",
        "a chat, once a day, not in the following",
    )
    batch, seconds = _timed(lambda: Batch(features))
    told("what all chats have in common", f"{seconds * 1e3:.0f} ms", "once a day")
    _, seconds = _timed(lambda: _in_parts(batch, asks))
    told(
        f"score {DAY_PAPERS} papers for one chat of many",
        f"{seconds / chats * 1e3:.2f} ms",
        "at most 1 ms",
        seconds / chats <= 1e-3,
    )
    scored = seconds / chats
    everybody = partial(_score_all, features, list(zip(profiles, tastes, strict=True)))
    rankings, seconds = _timed(everybody)
    told(f"score {DAY_PAPERS} papers for a chat alone", f"{seconds / chats * 1e3:.2f} ms", "as a digest does")
    _, seconds = _timed(lambda: [select(one, 5, seen=frozenset(), explore=True) for one in rankings])
    told("select 5 with their reasons", f"{seconds / chats * 1e3:.2f} ms", f"mean of {chats} chats")
    if find_spec("sklearn") is not None:
        svm = _svm(past, day, profiles[:SVM_CHATS])
        told("arxiv-sanity-lite's SVM, fit and score one chat", f"{svm * 1e3:.1f} ms")
        told(
            "  we score one chat with its taste kept",
            f"{svm / scored:.1f} × as fast",
            "at least 20 ×, as one of many",
            svm >= 20 * scored,
        )
        told("  we fit and score one chat", f"{svm / (fit + scored):.0f} × as fast")
    _growth(background, past, day, profiles[: max(chats // 20, 10)])


def _growth(background: Background, past: list[Paper], day: list[Paper], profiles: Sequence[Profile]) -> None:
    for count in (250, 500, 1000):
        features = Features.of(day[:count], background)
        tastes = [learn(background, profile, NOW) for profile in profiles]
        pairs = list(zip(profiles, tastes, strict=True))
        _score_all(features, pairs)
        _, seconds = _timed(partial(_score_all, features, pairs))
        told(f"growth: score {count} papers", f"{seconds / len(profiles) * 1e3:.2f} ms", "a chat")
    rng = random.Random(8)
    for count in (20, 100, 200, 400):
        profile = _profile(rng, past, count)
        times = [_timed(partial(learn, background, profile, NOW))[1] for _ in range(5)]
        told(f"growth: fit at {count} verdicts", f"{statistics.median(times) * 1e3:.1f} ms")


def _in_parts(batch: Batch, asks: Sequence[Ask]) -> None:
    """Rank for all chats, part by part, as the bot's rounds do."""
    for start in range(0, len(asks), PART):
        batch.rank(asks[start : start + PART], {}, {}, NOW)


def _score_all(features: Features, chats: Sequence[tuple[Profile, Taste | None]]) -> list[Any]:
    return [score(features, profile, {}, {}, NOW, taste) for profile, taste in chats]


def _on_two_cores(features: Features, asks: Sequence[Ask]) -> tuple[float, float]:
    """Seconds of CPU of the slower one, and on the wall clock, in which two processes that have the day's features and
    the tastes score all chats; starting the processes is left out."""
    context = get_context("fork")
    said = context.Queue()
    workers = [context.Process(target=_score_some, args=(features, asks[at::2], said)) for at in range(2)]
    for worker in workers:
        worker.start()
    times = [said.get() for _ in workers]
    for worker in workers:
        worker.join()
    return max(work for work, _ in times), max(wall for _, wall in times)


def _score_some(features: Features, asks: Sequence[Ask], said: Any) -> None:
    begun = time.perf_counter()
    _, work = _timed(lambda: _in_parts(Batch(features), asks))
    said.put((work, time.perf_counter() - begun))


def _svm(past: list[Paper], day: list[Paper], profiles: Sequence[Profile]) -> float:
    """Seconds of CPU to fit and score one chat as arxiv-sanity-lite does (its tf-idf is made beforehand)."""
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
        joined = sp.vstack([rows[liked], new]).tocsr()
        wanted = np.r_[np.ones(len(liked)), np.zeros(len(day))]
        LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.01).fit(joined, wanted).decision_function(new)

    def everybody() -> None:
        for profile in profiles:
            one(profile)

    _, seconds = _timed(everybody)
    return seconds / len(profiles)


def _real(folder: Path) -> list[Paper]:
    """Papers of rankbench, whose abstracts are as long and as varied as real ones are; [] where they are not at hand."""
    documents = folder / "data" / "arxiv.docs.parquet"
    if find_spec("pyarrow") is None or not documents.is_file():
        return []
    import pyarrow.parquet as pq

    rows = pq.read_table(documents).slice(0, PAST_PAPERS + DAY_PAPERS).to_pylist()
    print(f"costs on {len(rows)} real papers", flush=True)
    return [
        Paper(f"2602.{n:05d}", 1, row["title"], (f"Author {n}",), row["abstract"], tuple(row["categories"].split()))
        for n, row in enumerate(rows)
    ]


def _made_up() -> list[Paper]:
    print("costs on invented papers, which have fewer words than real ones", flush=True)
    rng = random.Random(6)
    return [_invented(rng, n) for n in range(PAST_PAPERS + DAY_PAPERS)]


def _timed(work: Callable[[], Made]) -> tuple[Made, float]:
    begun = time.process_time()
    made = work()
    return made, time.process_time() - begun


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


# --------------------------------------------------------------------------- quality


def quality(folder: Path, tracks: Sequence[str], split: str, limit: int | None) -> None:
    """Run rankbench, ours beside the references, and hold the figures against what is to be reached."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    program = folder / "rankbench.py"
    if not program.is_file():
        print(f"quality: no rankbench at {folder}; name its folder with --rankbench")
        return
    if missing:
        print(f"quality: rankbench needs {', '.join(missing)}, which are not installed here")
        return
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as scratch:
        figures = Path(scratch) / "figures.json"
        modules = [str(here / f"{OURS}.py"), str(here / f"{DENSE}.py"), *PEERS]
        command = [sys.executable, str(program), "-m", ",".join(modules), "--tracks", ",".join(tracks)]
        command += ["--split", split, "--json", str(figures)] + (["--limit", str(limit)] if limit else [])
        subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)})  # noqa: S603 - our own arguments
        found: Found = json.loads(figures.read_text("utf-8"))
    print("\n## what is to be reached (nDCG@10)")
    targets(found)
    if "arxiv_lists" in tracks:
        _chinese(folder, split, limit)


def targets(found: Found) -> None:
    """Each figure to reach beside the one that is reached."""

    def value(track: str, module: str, likes: str) -> float:
        return float(found[track][module][likes]["ndcg10"])

    def mean(module: str, likes: str, tracks: Sequence[str]) -> float:
        return statistics.mean(value(track, module, likes) for track in tracks)

    for tracks, peer, more in (
        (("cula_abs", "arxiv_lists", "arxiv_authors"), "hybrid_pu", 0.0),
        (("cula_titles", "cult_bow"), "lex_pu", 0.01),
    ):
        if all(track in found for track in tracks):
            for likes in LIKES[1:]:
                ours, least = mean(OURS, likes, tracks), mean(peer, likes, tracks) + more
                told(f"{', '.join(tracks)}  n={likes}", f"{ours:.4f}", f"{peer} + {more}: {least:.4f}", ours >= least)
    for track in found:
        for likes in LIKES:
            ours, least = value(track, OURS, likes), value(track, "aslite", likes) - 0.005
            told(f"{track}  n={likes}", f"{ours:.4f}", f"aslite - 0.005: {least:.4f}", ours >= least)
        ours, least = value(track, OURS, "0"), max(value(track, peer, "0") for peer in ("bm25", "lex_pu"))
        told(f"{track}  n=0", f"{ours:.4f}", f"better of bm25 and lex_pu: {least:.4f}", ours >= least)
    for likes in LIKES:
        ours = mean(DENSE, likes, list(found))
        best = max(PEERS, key=lambda peer: mean(peer, likes, list(found)))
        least = mean(best, likes, list(found)) + 0.01
        told(f"with vectors, all tracks  n={likes}", f"{ours:.4f}", f"{best} + 0.01: {least:.4f}", ours >= least)


def _chinese(folder: Path, split: str, limit: int | None) -> None:
    """The interests of arxiv_lists in Chinese beside the same in English, without a single like."""
    lines = Path(__file__).with_name("interests_zh.tsv").read_text("utf-8").splitlines()
    chinese = dict(line.split("\t") for line in lines if not line.startswith("#"))
    bench, door = _loaded(folder / "rankbench.py"), _loaded(Path(__file__).with_name(f"{OURS}.py"))
    documents, readers, env = bench.load_track("arxiv_lists")
    by_id = {document["id"]: document for document in documents}
    door.setup(documents, env)
    gained: dict[str, list[float]] = {"en": [], "zh": []}
    for reader in [one for one in readers if one["split"] == split][:limit]:
        if not all(interest in chinese for interest in reader["interests"]):
            continue
        candidates = [by_id[at] for at in reader["candidates"]]
        hits = np.array([at in set(reader["positives"]) for at in reader["candidates"]])
        for language, words in (("en", reader["interests"]), ("zh", [chinese[one] for one in reader["interests"]])):
            gained[language].append(bench.metrics(door.rank(words, [], [], candidates), hits)[0])
    if gained["en"]:
        english, other = statistics.mean(gained["en"]), statistics.mean(gained["zh"])
        told(
            f"Chinese interests of {len(gained['en'])} readers  n=0",
            f"{other:.4f} ({other / english:.2f})",
            f"0.8 of English: {0.8 * english:.4f}",
            other >= 0.8 * english,
        )


def _loaded(path: Path) -> Any:
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} cannot be loaded")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
