"""Past papers that are near a question or another paper."""

from __future__ import annotations

import numpy as np

from bot.model import Paper
from bot.rank import interests
from bot.rank.features import Background, Likeness
from bot.rank.taste import alike

TOPIC_SHARE = 0.5
"""How much of the likeness to a paper its topics are."""

COVERED = 0.4


def matching(background: Background, text: str, most: int) -> list[Paper]:
    """The past papers that a question in English or Chinese fits best, the best first, at most `most`: those that have at
    least `COVERED` of its words, by their rarity. Of equally good ones the newer comes first."""
    units = list(dict.fromkeys(unit for wish in interests.parse(text) if wish.weight > 0 for unit in wish.units))
    # Neighbours that no two papers have say nothing; a word or topic that nobody uses says that it was not found.
    units = [unit for unit in units if " " not in unit or unit in background.vocabulary]
    if not units or not background.papers:
        return []
    rarity = background.rarity(units)
    mentions = background.mentions_of(units)
    covered = (mentions > 0) @ rarity / rarity.sum()
    fit = mentions @ rarity
    order = sorted(np.flatnonzero(covered >= COVERED).tolist(), key=lambda at: (-fit[at], at))
    return [background.papers[at] for at in order[:most]]


def nearest(background: Background, likeness: Likeness, most: int, least: float) -> list[Paper]:
    """The past papers most like it, the nearest first, at most `most` and each alike by at least `least`."""
    if not background.papers:
        return []
    near = alike(likeness, background.everything, TOPIC_SHARE)[0]
    order = sorted(np.flatnonzero(near >= least).tolist(), key=lambda at: (-near[at], background.papers[at].id))
    return [background.papers[at] for at in order[:most]]
