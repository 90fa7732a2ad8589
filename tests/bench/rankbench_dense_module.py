"""The same door as `rankbench_module`, with the benchmark's vectors where the bot has those of EMBEDDING_MODEL."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.rank.vectors import Vectors

# Benchmarks load a module by its path, each time anew; the door is loaded beside it in the same way.
_spec = importlib.util.spec_from_file_location("rankbench_door", Path(__file__).with_name("rankbench_module.py"))
if _spec is None or _spec.loader is None:
    raise ImportError("rankbench_module.py lies beside this file")
_door = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_door)
_state: dict[str, Any] = {}


def setup(corpus: Sequence[Mapping[str, Any]], env: Any) -> None:
    """Make the background once, with the vectors of `env`."""
    vectors = Vectors()
    for document, row in zip(corpus, env.emb(corpus), strict=True):
        vectors.papers[str(document["id"]), 1] = np.asarray(row, dtype=np.float32)
    _state.update(env=env, vectors=vectors)
    _door.setup(corpus, env, vectors)


def rank(
    interests: Sequence[str],
    liked: Sequence[Mapping[str, Any]],
    disliked: Sequence[Mapping[str, Any]],
    candidates: Sequence[Mapping[str, Any]],
) -> NDArray[np.float64]:
    """One score per candidate."""
    texts = _state["vectors"].texts
    missing = [text for text in interests if text not in texts]
    if missing:
        texts.update(zip(missing, np.asarray(_state["env"].text_emb(missing), dtype=np.float32), strict=True))
    found: NDArray[np.float64] = _door.rank(interests, liked, disliked, candidates)
    return found
