"""What each sentence of an abstract does: background, objective, method, result or conclusion; or nothing, if it is "other".

Words of each role are weighed together with where the sentence stands, and the roles follow each other in an order that
abstracts keep: the sequence with the greatest sum is taken (Viterbi). Headings within an abstract ("Methods: …") decide
for themselves.

The names are those of structured abstracts. Public collections of labelled abstracts have the same (PubMed-RCT:
BACKGROUND, OBJECTIVE, METHODS, RESULTS, CONCLUSIONS), or count conclusions among the results (CSAbstruct: background,
objective, method, result, other).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.card import lexicon

OTHER = "other"
ROLES = ("background", "objective", "method", "result", "conclusion", OTHER)

_TOLD = ROLES[:-1]  # those that words and places tell
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
# The last sentence concludes more often than its fifth tells, and the one before it somewhat more.
_LAST = (0.5, 1.4)
_SURE = 8.0

# Numbers that a collection has blotted out: "@ patients (p = @)".
_BLOTTED = re.compile(r"(?<![\w@])@(?![\w@])")
_HEADINGS = {
    "background": re.compile(r"(?:background|introduction|context|motivation|importance|problem(?: statement)?)", re.IGNORECASE),
    "objective": re.compile(r"(?:objectives?|aims?|purpose|goals?|hypothes[ie]s)", re.IGNORECASE),
    "method": re.compile(r"(?:(?:materials and |data and |patients and )?methods?|methodology|approach|(?:study )?design|setting|participants)", re.IGNORECASE),
    "result": re.compile(r"(?:(?:main |key )?results?|findings)", re.IGNORECASE),
    "conclusion": re.compile(r"(?:conclusions?|discussion|significance|interpretation|implications|limitations)", re.IGNORECASE),
}  # fmt: skip
_HEADING = re.compile(r"[*\\{(\[]*([A-Za-z]+(?: [A-Za-z]+){0,2})[*})\]]*\s?[:—–.]\s?[*}]*\s*(?=\S)")
_BOILERPLATE = re.compile(
    r"©|\(c\) ?(?:19|20)\d\d|all rights reserved|\belsevier (?:ltd|b\.?v|inc|science)|\bspringer(?:-verlag| nature| science)|\bcopyright \d{4}"
    r"|^\W*key ?words\s?[:—]|^\W*doi\s?:|^\W*$|^(?:\d+ )(?:figures?|tables?|pages?)\b[^a-z]*$",
    re.IGNORECASE,
)


def roles_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """The role of each sentence of an abstract, one of `ROLES`."""
    places = [i for i, sentence in enumerate(sentences) if not _BOILERPLATE.search(sentence)]
    found = [OTHER] * len(sentences)
    for place, role in zip(places, _told([sentences[i] for i in places]), strict=True):
        found[place] = role
    return tuple(found)


def _told(sentences: Sequence[str]) -> tuple[str, ...]:
    if not sentences:
        return ()
    under = _headed(sentences)
    best: dict[str, tuple[float, tuple[str, ...]]] = {}
    for i, sentence in enumerate(sentences):
        scores = _scores(sentence, i, len(sentences))
        if under[i]:
            scores[under[i]] += _SURE
        if not best:
            best = {role: (_FIRST[role] + scores[role], (role,)) for role in _TOLD}
            continue
        step: dict[str, tuple[float, tuple[str, ...]]] = {}
        for role in _TOLD:
            before = max(_TOLD, key=lambda r: best[r][0] + _STEPS[r][role])
            score, path = best[before]
            step[role] = (score + _STEPS[before][role] + scores[role], (*path, role))
        best = step
    return max(best.values(), key=lambda each: each[0])[1]


def _headed(sentences: Sequence[str]) -> list[str]:
    """The role that a heading within the abstract gives each sentence, "" for none; one heading alone is no structure."""
    own = []
    for sentence in sentences:
        match = _HEADING.match(sentence)
        words = match[1] if match is not None else ""
        own.append(next((role for role, pattern in _HEADINGS.items() if pattern.fullmatch(words)), ""))
    if len(set(filter(None, own))) < 2:
        return [""] * len(sentences)
    for i in range(1, len(own)):
        own[i] = own[i] or own[i - 1]
    return own


def _scores(sentence: str, i: int, count: int) -> dict[str, float]:
    sentence = _BLOTTED.sub("1.5", sentence)
    position = i / (count - 1) if count > 1 else 0.4
    fifth = min(4, int(position * 5))
    scores = {
        role: _PLACES[role][fifth]
        + sum(w for pattern, w in lexicon.weights("abstracts")[role] if pattern.search(sentence))
        for role in _TOLD
    }
    if count > 3 and i >= count - 2:
        scores["conclusion"] += _LAST[i - count + 2]
    return scores
