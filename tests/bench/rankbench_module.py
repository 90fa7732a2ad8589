"""A door to Paperboy's ranker for benchmarks that know nothing of Paperboy: `setup` with every document, then `rank`.

What stands behind it is the code the bot runs, with a profile made of the benchmark's interests, likes and dislikes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.model import JudgedPaper, Paper, Profile, VerdictKind
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.vectors import Vectors

NOW = datetime(2026, 2, 18, tzinfo=UTC)
_day: dict[str, Any] = {}


def setup(corpus: Sequence[Mapping[str, Any]], env: object, vectors: Vectors | None = None) -> None:
    """Make the background once; `env` (a benchmark's vectors) is not used, an embedding model's `vectors` are."""
    _day.clear()
    _day["background"] = Background.of((_paper(document) for document in corpus), vectors)


def rank(
    interests: Sequence[str],
    liked: Sequence[Mapping[str, Any]],
    disliked: Sequence[Mapping[str, Any]],
    candidates: Sequence[Mapping[str, Any]],
) -> NDArray[np.float64]:
    """One score per candidate. The candidates' features are kept for the next call with the same candidates, as the
    bot keeps a day's."""
    ids = tuple(str(document["id"]) for document in candidates)
    if _day.get("ids") != ids:
        _day["ids"] = ids
        _day["features"] = Features.of([_paper(document) for document in candidates], _day["background"])
    profile = Profile(
        interests="; ".join(interests),
        judged=(*_judged(liked, VerdictKind.LIKE), *_judged(disliked, VerdictKind.DISLIKE)),
    )
    return score(_day["features"], profile, {}, {}, NOW).scores


def _judged(documents: Sequence[Mapping[str, Any]], kind: VerdictKind) -> list[JudgedPaper]:
    """Newest first, as the benchmark gives them, and a day apart: about what a reader of a daily table says."""
    return [
        JudgedPaper(_paper(document), reader_id=1, kind=kind, at=NOW - timedelta(days=age))
        for age, document in enumerate(documents)
    ]


def _paper(document: Mapping[str, Any]) -> Paper:
    return Paper(
        id=str(document["id"]),
        version=1,
        title=document["title"],
        authors=(),
        abstract=document["abstract"],
        categories=tuple(document["categories"].split()),
    )
