"""Facts about a paper by key. Judgements ("must read") are not the local analyst's to make."""

from __future__ import annotations

import re

from bot.card.checklist import data_links, releases_code
from bot.card.cued import cued
from bot.card.outline import Part
from bot.model import FullText, Paper, Source

TAGS = (
    "withdrawn",
    "abstract-only",
    "code",
    "data",
    "survey",
    "benchmark",
    "dataset",
    "theory",
    "position",
    "replication",
    "user-study",
)
"""Every tag that `tags_of` may give."""

_WITHDRAWN = cued(
    r"\b(?:this|the) (?:paper|article|submission|manuscript|work) (?:has been|is|was) (?:temporarily )?withdrawn|\bwithdrawn (?:by|due|because)\b",
    "withdrawn",
)
_SURVEY = re.compile(r"\b(?:survey|review|overview|tutorial|roadmap|taxonomy|primer)\b", re.IGNORECASE)
_SURVEYS = cued(
    r"\b(?:this (?:survey|review|overview|tutorial)|we (?:survey|review|systematically review)|(?:comprehensive|systematic|literature) (?:survey|review))\b",
    *("survey", "review", "overview", "tutorial"),
)
_NO_SURVEY = re.compile(
    r"\b(?:peer|code|product|movie|book|user|customer|restaurant)[- ]reviews?\b|\breviews?(?:er|ing)\b", re.IGNORECASE
)
_BENCHMARK = cued(
    r"bench\b|benchmark|leaderboard|challenge track|testbed", "bench", "leaderboard", "challenge track", "testbed"
)
_OFFERS_BENCHMARK = cued(
    r"\b(?:introduce|present|propose|release|develop|construct|build|create|curate|establish)\w*\b[^.]{0,60}\bbench(?:mark)?s?\b",
    "bench",
)
_DATASET = cued(r"\bdata ?sets?\b|\bcorpus\b", "dataset", "data set", "corpus")
_OFFERS_DATASET = cued(
    r"\b(?:introduce|present|propose|release|construct|build|create|curate|collect|contribute|compile|publish|open-source)\w*\b[^.]{0,60}\b(?:datasets?|corpus|corpora|data set)\b",
    *("dataset", "corpus", "corpora", "data set"),
)
_POSITION = cued(
    r"^position\b|\bposition paper\b|\bwe argue that the (?:field|community)\b|\bperspective\b",
    *("position", "we argue that the", "perspective"),
)
_POSITION_PAPER = cued(r"\bthis position paper\b", "this position paper")
_REPLICATION = cued(
    r"\b(?:replication|reproduction|reproducibility) (?:study|of|paper|report)\b|\bwe (?:reproduce|replicate|re-?evaluate)\b|^re-?visiting\b",
    *("replicat", "reproduc", "we reevaluate", "we re-evaluate", "revisiting", "re-visiting"),
)
_PROVES = re.compile(
    r"\bwe (?:\w+ )?(?:prove|derive|show that the|establish)\b|\btheorem\b|\bmean-field\b|\bprovabl[ey]\b",
    re.IGNORECASE,
)
_THEOREM = re.compile(
    r"^(?:(?:theorem|lemma|proposition|corollary)\s*[A-Z]?[\d.]*\d?\s*(?:\.|\(|:)|proof\b)", re.IGNORECASE
)
_USER_STUDY = cued(
    r"\b(?:user study|interviews? with \d+|\d+ participants|semi-structured interviews|survey of \d+)\b",
    *("user study", "interview", "participants", "survey of"),
)
_MATHEMATICS = ("math.", "stat.TH", "cs.IT", "cs.CC", "cs.DS", "cs.LO", "cs.GT", "hep-th", "math-ph", "cs.DM", "cs.FL")


def tags_of(paper: Paper, text: FullText, parts: tuple[Part, ...]) -> tuple[str, ...]:
    """The facts that hold of a paper, in the order of `TAGS`."""
    abstract = text.abstract or paper.abstract
    front = f"{paper.title}. {abstract}"
    is_survey = bool(_SURVEY.search(_NO_SURVEY.sub("", paper.title)) or _SURVEYS.search(abstract))
    holds = {
        "withdrawn": is_withdrawn(paper),
        "abstract-only": text.source is Source.ABSTRACT,
        "code": releases_code(paper, text),
        "data": bool(data_links(paper, text)),
        "survey": is_survey,
        "benchmark": not is_survey and bool(_BENCHMARK.search(paper.title) or _OFFERS_BENCHMARK.search(abstract)),
        "dataset": not is_survey and bool(_DATASET.search(paper.title) or _OFFERS_DATASET.search(abstract)),
        "theory": _is_theory(paper, parts, front),
        "position": bool(_POSITION.search(paper.title) or _POSITION_PAPER.search(abstract)),
        "replication": bool(_REPLICATION.search(front)),
        "user-study": bool(_USER_STUDY.search(abstract)),
    }
    return tuple(tag for tag in TAGS if holds[tag])


def is_withdrawn(paper: Paper) -> bool:
    """Whether arXiv's metadata say that the paper was withdrawn."""
    return bool(_WITHDRAWN.search(paper.comments) or _WITHDRAWN.search(paper.abstract[:300]))


def _is_theory(paper: Paper, parts: tuple[Part, ...], front: str) -> bool:
    """Theorems in the text; of an abstract alone, a proof announced in a field where proofs are the method."""
    stated = sum(1 for part in parts for p in part.section.paragraphs if _THEOREM.match(p.text))
    titled = sum(1 for part in parts if part.role == "theory" and not part.section.appendix)
    if stated >= 3:
        return True
    # Where a proof would make no difference, none is looked for.
    return (titled > 0 or paper.primary.startswith(_MATHEMATICS)) and _PROVES.search(front) is not None
