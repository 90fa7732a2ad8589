"""Real announcement days: directions tell papers apart, and interests find what they name in either language."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from bot.model import Paper, Profile, ReasonKind, ScoredPaper
from bot.rank.direction import direction, topic_name
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rank.select import select
from tests.support.world import find_world

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)


def recorded(day: str) -> list[Paper]:
    """The papers announced on a day, as recorded."""
    program = find_world()
    if program is None:
        pytest.skip("needs the replay world")
    with gzip.open(program.parent / "data" / f"{day}.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        Paper(
            id=row["id"],
            version=row["version"],
            title=row["title"],
            authors=tuple(row["authors"]),
            abstract=row["abstract"],
            categories=tuple(row["categories"]),
        )
        for row in rows
    ]


@pytest.fixture(scope="module")
def features() -> Features:
    """A real day against the one before."""
    return Features.of(recorded("2026-02-18"), Background.of(recorded("2026-02-16")))


def chosen(features: Features, interests: str, size: int = 5) -> list[ScoredPaper]:
    """The rows for these interests."""
    profile = Profile(interests=interests, categories=("cs.LG", "cs.CL", "cs.AI"))
    return select(score(features, profile, {}, {}, NOW), size, seen=frozenset())


def test_directions_tell_papers_apart() -> None:
    """Of a day's papers most have a direction, there are dozens of them, and none has a tenth of the day."""
    found = Counter(direction(paper) for paper in recorded("2026-02-18"))
    total = sum(found.values())
    named = {key: times for key, times in found.items() if topic_name(key, "en") != key}
    assert sum(named.values()) > 0.75 * total
    assert len(named) > 50
    assert max(found.values()) < 0.1 * total


@pytest.mark.parametrize(
    ("paper_id", "key"),
    [("2602.14080", "llm-factuality"), ("2602.15922", "world-models"), ("2602.15989", "human-motion")],
)
def test_known_papers_have_the_direction_a_reader_would_give(paper_id: str, key: str) -> None:
    """Empty shelves or lost keys is about factuality, world action models about world models, SAM 3D Body about bodies."""
    papers = {paper.id: paper for day in ("2026-02-17", "2026-02-18", "2026-02-19") for paper in recorded(day)}
    assert direction(papers[paper_id]) == key


@pytest.mark.parametrize(
    "interests", ["GRPO", "reinforcement learning", "强化学习", "检索增强生成", "world models", "世界模型"]
)
def test_interests_bring_up_what_names_them(features: Features, interests: str) -> None:
    """The first row names the interest in its own words, and says so."""
    first = chosen(features, interests)[0]
    assert [(r.label, r.count) for r in first.reasons if r.kind is ReasonKind.INTEREST] == [(interests, 1)]


def test_chinese_interests_choose_nearly_what_english_ones_choose(features: Features) -> None:
    """The same interests in both languages share most of their first ten papers."""
    english = chosen(features, "vision-language models, LLM agents, reinforcement learning", 10)
    chinese = chosen(features, "视觉语言模型、大模型智能体、强化学习", 10)
    shared = {one.paper.id for one in english} & {one.paper.id for one in chinese}
    assert len(shared) >= 6
