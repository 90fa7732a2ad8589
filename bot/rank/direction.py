"""The research direction a paper belongs to, and how directions are called."""

from __future__ import annotations

from collections import defaultdict

from bot.model import Paper
from bot.rank import glossary
from bot.rank.units import topics_of

TITLE_WEIGHT = 3.0
ABROAD = 0.3
"""What evidence counts for a direction that none of the paper's categories is home to: "sequence" alone is no biology."""

LEAST = 1.6
"""The evidence a direction needs; with less, the paper's primary category stands for it."""


def direction(paper: Paper) -> str:
    """The key of the direction that the paper's title and abstract speak most of, or its primary category where they
    speak of none plainly. `topic_name` has the name."""
    evidence: defaultdict[str, float] = defaultdict(float)
    times: defaultdict[str, int] = defaultdict(int)
    for topics, weight in zip(topics_of(paper), (TITLE_WEIGHT, 1.0), strict=True):
        for found in topics:
            term = found.term
            if term.direction:
                evidence[term.direction] += weight * term.strength * (0.6 ** times[term.name])
                times[term.name] += 1
    homes = glossary.homes()
    for key in evidence:
        if not any(category.startswith(homes[key]) for category in paper.categories):
            evidence[key] *= ABROAD
    most = max(evidence.values(), default=0.0)
    if most < LEAST:
        return paper.primary
    return next(key for key in glossary.directions() if evidence.get(key) == most)


def topic_name(key: str, language: str) -> str:
    """The name of a direction in a language ("en", "zh"; English where that is missing); anything that is no direction
    (a category code) is its own name."""
    names = glossary.directions().get(key, {})
    return names.get(language, names.get("en", key))
