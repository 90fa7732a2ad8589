"""The plain keyword ranking that ours is held against: BM25 over the stated interests and the words of liked titles."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from bot.model import Profile, VerdictKind
from bot.rank import interests
from bot.rank.features import Features
from bot.rank.units import tells
from bot.rank.words import tokens

MOST_WORDS = 20
"""Words of liked titles that are searched for, the most telling ones."""


def keyword_scores(features: Features, profile: Profile) -> NDArray[np.float64]:
    """BM25 of each paper against what was stated as wanted, and against the commonest rare words of liked titles; no
    topics, no weights, nothing learned but the words."""
    wanted = [
        unit
        for wish in interests.parse(profile.interests)
        if wish.weight > 0
        for unit in wish.units
        if " " not in unit and unit[0] not in "=~@"
    ]
    liked = Counter(
        token.stem
        for one in profile.judged
        if one.kind is not VerdictKind.DISLIKE
        for token in tokens(one.paper.title)
        if tells(token)
    )
    names = list(liked)
    rarity = features.background.rarity(names) if names else np.zeros(0)
    by_weight = sorted(zip(names, rarity, strict=True), key=lambda pair: (-liked[pair[0]] * pair[1], pair[0]))
    searched = list(dict.fromkeys([*wanted, *(name for name, _ in by_weight[:MOST_WORDS])]))
    if not searched:
        return np.zeros(len(features.papers))
    return np.asarray(features.mentions_of(searched) @ features.background.rarity(searched), dtype=np.float64)
