"""What ranking costs, and how well it finds a reader's next papers, each beside what it is to reach.

    python tests/bench/bench_ranking.py [--chats 1000] [--rankbench ../shared/rankbench] [--tracks arxiv_lists,…]
                                        [--split dev] [--limit READERS] [--only costs|quality]

Costs (see ranking_costs.py) are measured on real papers where rankbench is at hand and on invented ones elsewhere. Quality
is measured by rankbench, whose references run beside our ranker in the same run, where its folder is given or lies beside
the checkout and its libraries are there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from bot.model import Paper
from tests.bench.ranking_costs import DAY_PAPERS, PAST_PAPERS, costs, made_up, told

ROOT = Path(__file__).resolve().parents[2]
OURS, DENSE = "rankbench_module", "rankbench_dense_module"
PEERS = ("aslite", "bm25", "lex_pu", "hybrid_pu", "hybrid_int")
TRACKS = ("cula_titles", "cula_abs", "cult_bow", "arxiv_lists", "arxiv_authors")
LIKES = ("0", "1", "5", "10", "20")
LIBRARIES = ("numpy", "scipy", "sklearn", "pyarrow")

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
        costs(chosen.chats, _real(chosen.rankbench) or made_up())
    if chosen.only != "costs":
        quality(chosen.rankbench, chosen.tracks.split(","), chosen.split, chosen.limit)


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
