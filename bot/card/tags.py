"""Facts about a paper by key. Judgements ("must read") are not the local analyst's to make."""

from __future__ import annotations

import re

from bot.card.checklist import data_links, releases_code
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

_WITHDRAWN = re.compile(
    r"\b(?:this|the) (?:paper|article|submission|manuscript|work) (?:has been|is|was) (?:temporarily )?withdrawn|\bwithdrawn (?:by|due|because)\b",
    re.IGNORECASE,
)
_SURVEY = re.compile(r"\b(?:survey|review|overview|tutorial|roadmap|taxonomy|primer)\b", re.IGNORECASE)
_SURVEYS = re.compile(
    r"\b(?:this (?:survey|review|overview|tutorial)|we (?:survey|review|systematically review)|(?:comprehensive|systematic|literature) (?:survey|review))\b",
    re.IGNORECASE,
)
_NO_SURVEY = re.compile(
    r"\b(?:peer|code|product|movie|book|user|customer|restaurant)[- ]reviews?\b|\breviews?(?:er|ing)\b", re.IGNORECASE
)
_BENCHMARK = re.compile(r"bench\b|benchmark|leaderboard|challenge track|testbed", re.IGNORECASE)
_OFFERS_BENCHMARK = re.compile(
    r"\b(?:introduce|present|propose|release|develop|construct|build|create|curate|establish)\w*\b[^.]{0,60}\bbench(?:mark)?s?\b",
    re.IGNORECASE,
)
_OFFERS_DATASET = re.compile(
    r"\b(?:introduce|present|propose|release|construct|build|create|curate|collect|contribute|compile|publish|open-source)\w*\b[^.]{0,60}\b(?:datasets?|corpus|corpora|data set)\b",
    re.IGNORECASE,
)
_POSITION = re.compile(
    r"^position\b|\bposition paper\b|\bwe argue that the (?:field|community)\b|\bperspective\b", re.IGNORECASE
)
_REPLICATION = re.compile(
    r"\b(?:replication|reproduction|reproducibility) (?:study|of|paper|report)\b|\bwe (?:reproduce|replicate|re-?evaluate)\b|^re-?visiting\b",
    re.IGNORECASE,
)
_THEOREM = re.compile(
    r"^(?:(?:theorem|lemma|proposition|corollary)\s*[A-Z]?[\d.]*\d?\s*(?:\.|\(|:)|proof\b)", re.IGNORECASE
)
_USER_STUDY = re.compile(
    r"\b(?:user study|interviews? with \d+|\d+ participants|semi-structured interviews|survey of \d+)\b", re.IGNORECASE
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
        "dataset": not is_survey
        and bool(
            re.search(r"\bdata ?sets?\b|\bcorpus\b", paper.title, re.IGNORECASE) or _OFFERS_DATASET.search(abstract)
        ),
        "theory": _is_theory(paper, parts, front),
        "position": bool(
            _POSITION.search(paper.title) or re.search(r"\bthis position paper\b", abstract, re.IGNORECASE)
        ),
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
    proves = re.search(
        r"\bwe (?:\w+ )?(?:prove|derive|show that the|establish)\b|\btheorem\b|\bmean-field\b|\bprovabl[ey]\b",
        front,
        re.IGNORECASE,
    )
    return stated >= 3 or (titled > 0 and bool(proves)) or (bool(proves) and paper.primary.startswith(_MATHEMATICS))
