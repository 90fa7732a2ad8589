"""The research direction a paper belongs to, and how directions are called."""

from __future__ import annotations

from collections import defaultdict

from bot.model import Paper
from bot.rank import glossary
from bot.rank.words import tokens

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
    for text, weight in ((paper.title, TITLE_WEIGHT), (paper.abstract, 1.0)):
        for found in glossary.topics_in(list(tokens(text))):
            if found.term.direction:
                times[found.term.name] += 1
                evidence[found.term.direction] += weight * found.term.strength * (0.6 ** (times[found.term.name] - 1))
    for key in evidence:
        if not any(category.startswith(home) for home in glossary.homes()[key] for category in paper.categories):
            evidence[key] *= ABROAD
    order = list(glossary.directions())
    best = min(evidence, key=lambda key: (-evidence[key], order.index(key)), default="")
    return best if best and evidence[best] >= LEAST else paper.primary


def topic_name(key: str, language: str) -> str:
    """The name of a direction in a language ("en", "zh"; English where that is missing); anything that is no direction
    (a category code) is its own name."""
    names = glossary.directions().get(key, {})
    return names.get(language, names.get("en", key))
