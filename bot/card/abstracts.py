"""What each sentence of an abstract does: background, objective, method, result or conclusion.

Words of each role are weighed together with where the sentence stands, and the roles follow each other in an order that
abstracts keep: the sequence with the greatest sum is taken (Viterbi).
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.card import lexicon

ROLES = ("background", "objective", "method", "result", "conclusion")

# How likely each role is in each fifth of an abstract, as an additive score.
_PLACES = {
    "background": (1.6, 0.8, -0.6, -1.6, -2.4),
    "objective": (0.2, 0.5, -0.2, -1.4, -2.2),
    "method": (-1.0, 0.3, 0.9, 0.2, -1.2),
    "result": (-2.2, -0.9, 0.4, 1.2, 0.7),
    "conclusion": (-2.6, -2.2, -1.2, 0.0, 1.4),
}
# From one sentence's role to the next one's; going back costs.
_STEPS = {
    "background": {"background": 0.6, "objective": 0.3, "method": 0.3, "result": -1.2, "conclusion": -2.0},
    "objective": {"background": -0.8, "objective": 0.0, "method": 0.7, "result": -0.1, "conclusion": -1.2},
    "method": {"background": -1.2, "objective": -0.9, "method": 0.7, "result": 0.4, "conclusion": -0.5},
    "result": {"background": -2.2, "objective": -1.8, "method": -0.7, "result": 0.8, "conclusion": 0.3},
    "conclusion": {"background": -2.6, "objective": -2.2, "method": -1.8, "result": -0.9, "conclusion": 0.8},
}
_FIRST = {"background": 0.4, "objective": 0.3, "method": 0.0, "result": -1.0, "conclusion": -2.0}


def roles_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """The role of each sentence of an abstract, one of `ROLES`."""
    if not sentences:
        return ()
    last = max(1, len(sentences) - 1)
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for i, sentence in enumerate(sentences):
        scores = _scores(sentence, i / last if len(sentences) > 1 else 0.4)
        if not best:
            best = {role: (_FIRST[role] + scores[role], (role,)) for role in ROLES}
            continue
        step: dict[str, tuple[float, tuple[str, ...]]] = {}
        for role in ROLES:
            before = max(ROLES, key=lambda r: best[r][0] + _STEPS[r][role])
            score, path = best[before]
            step[role] = (score + _STEPS[before][role] + scores[role], (*path, role))
        best = step
    return max(best.values(), key=lambda each: each[0])[1]


def _scores(sentence: str, position: float) -> dict[str, float]:
    fifth = min(4, int(position * 5))
    return {
        role: _PLACES[role][fifth]
        + sum(w for pattern, w in lexicon.weights("abstracts")[role] if pattern.search(sentence))
        for role in ROLES
    }
