"""The analyst that needs no model and no network: a card made of the paper's own sentences.

Sentences are chosen by the role of their section, by cue words, position and numbers; every claim is such a sentence,
or a name from a table, word for word, and is verified like everybody else's. What cannot be known this way (novelty,
severity, a recommendation) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from bot.card import abstracts, checklist, experiments, lexicon, names, results
from bot.card.formulas import formula_line
from bot.card.outline import ABSTRACT, METHOD, OTHER, Part, Sentence, parts_of, sentences_of
from bot.card.sentences import MISSING, split
from bot.card.tags import tags_of
from bot.card.verify import Haystack, verified
from bot.model import (
    Card,
    Claim,
    Critique,
    Equation,
    Experiments,
    Formula,
    FullText,
    ImpactKind,
    Motivation,
    Paper,
    Result,
)

ANALYST = "local"

_SPEAKS_FOR_ITSELF = 3.0  # from this bonus on a section's sentences need no cue: what stands in it is what it is

MOST_FORMULAS = 3
LONGEST_FORMULA = 500  # characters of LaTeX; a longer one says nothing on a card

_SIZED = re.compile(r"\\(?:big|Big|bigg|Bigg)[lrm]?\s*\{(\\?[^\\{}])\}")  # LaTeXML's \bigl{(}, which few others read
_ENDS = re.compile(r"(?<!\\)[\s,.;]+$")  # what ends a formula's sentence, not the formula
_NUMBER = re.compile(r"(?<![\w.-])[−-]?\d+(?:[.,]\d+)*(?:\s?(?:%|\\%|×|x\b|\\times|points?\b|ms\b|dB\b|k\b))?")
_MEASURED = re.compile(r"\d\.\d|\d\s?(?:%|\\%|×|x\b|\\times|points?\b|ms\b|dB\b|times\b)")
_LEANING = re.compile(
    r"^(?:this|these|those|it|they|he|she|such|here|there|the former|the latter|both|also|then|in addition)\b",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"\b(?:see|cf\.|refer to|shown in|illustrated in|depicted|we refer|appendix)\b|\b(?:Fig|Figure|Eq|Equation|Algorithm)\.? ?\(?\d",
    re.IGNORECASE,
)
_OUTLINE = re.compile(
    r"\b(?:(?:is|are) (?:as follows|the following)[.:]$|the (?:rest|remainder) of (?:this|the) paper|is organi[sz]ed as follows|in the following section|section \d+ (?:describes|presents|discusses))\b",
    re.IGNORECASE,
)
_PROPOSES = re.compile(
    r"\b(?:we|(?:this|the|our) (?:paper|work|article|study))\b[^.]{0,30}\b(?:propos|present|introduc|develop)\w*|\bour (?:method|approach)\b",
    re.IGNORECASE,
)
_SHOWS = re.compile(r"\bwe (?:\w+ )?(?:show|find|found|prove|demonstrate|observe)\b", re.IGNORECASE)
_RESOURCE = re.compile(
    r"data ?set|bench|corpus|corpora|collection|test ?bed|suite|\bdata\b|arena|leaderboard|challenge|gym\b",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"^(?:this|the present) (?:(?:paper|work|article|study|note|report|thesis) )?(?:is|was) (?:an?|written)\b",
    re.IGNORECASE,
)
_ABSTRACT_BONUS = {
    "problem": {"background": 1.5, "objective": 0.8},
    "method": {"method": 1.5, "objective": 0.8},
    "results": {"result": 2.0},
    "conclusions": {"conclusion": 1.5},
}


@dataclass(frozen=True, slots=True)
class _Field:
    """How the sentences of one field are chosen: how many at most, from which roles (with a bonus each), from what
    score on, and whether they must carry a number."""

    name: str
    most: int
    roles: Mapping[str, float]
    least: float
    number: float = 0.0
    must: Callable[[Sentence], bool] = lambda sentence: True  # noqa: ARG005 - every sentence will do


# In the order in which they choose: what one field has taken, the others leave.
_FIELDS = (
    _Field("limitations", 3, {"limitations": 4.0, "discussion": 1.2, "conclusion": 0.5, OTHER: 0.5}, 3.2),
    _Field(
        "hypotheses",
        3,
        {"introduction": 1.5, ABSTRACT: 1.0, METHOD: 0.5, "problem": 0.5, "theory": 0.5, OTHER: 0.5},
        4.0,
    ),
    _Field(
        "results",
        3,
        {ABSTRACT: 2.0, "results": 1.5, "conclusion": 1.0, "introduction": 0.3, "discussion": 0.3, OTHER: 0.8},
        4.0,
        number=1.0,
        must=lambda sentence: bool(_NUMBER.search(sentence.text)),
    ),
    _Field("method", 3, {ABSTRACT: 2.0, "introduction": 1.5, METHOD: 0.5, OTHER: 0.8}, 3.5),
    _Field("problem", 2, {"introduction": 2.0, ABSTRACT: 1.8, "problem": 0.5, OTHER: 0.6}, 2.6),
    _Field("why_now", 1, {"introduction": 1.0, ABSTRACT: 0.8}, 3.0),
    _Field("conclusions", 2, {"conclusion": 3.0, ABSTRACT: 0.8, "discussion": 0.6, OTHER: 0.6}, 3.0),
    _Field("setup", 2, {"setup": 2.0, "results": 1.0, OTHER: 0.3}, 3.0, number=0.3),
    _Field("impact", 1, {"impact": 3.0, "conclusion": 0.5, "discussion": 0.5}, 3.0),
)


def analyse(paper: Paper, text: FullText, language: str) -> Card:
    """The card of a paper by its text. Quotes are in the paper's language; `language` is the chat's.

    The same paper and text give the same card; no text makes it raise.
    """
    parts = parts_of(text)
    sentences = sentences_of(text, parts)
    haystack = Haystack.of(text)
    chosen = _choose(sentences, _abstract_roles(text))
    introduction = (p.text for part in parts if part.role == "introduction" for p in part.section.paragraphs)
    own = names.own_names(paper.title, text.abstract, introduction)
    found = experiments.find(text, parts, own)
    tags = tags_of(paper, text, parts)

    limits = tuple(sentence.text for sentence in chosen["limitations"])

    def claims(field: str) -> tuple[Claim, ...]:
        return _verified((_claim(sentence) for sentence in chosen[field]), haystack)

    return Card(
        paper_id=paper.id,
        version=paper.version,
        title=paper.title,
        authors=paper.authors,
        institutions=text.institutions,
        language=language,
        analyst=ANALYST,
        source=text.source,
        source_url=text.url,
        tags=tags,
        shortfall=text.shortfall,
        withdrawn=text.withdrawn,
        text_language=text.language,
        pages=text.pages,
        pages_read=text.pages_read,
        motivation=Motivation(
            problem=claims("problem"),
            formalisation=_formulas(parts),
            why_now=claims("why_now"),
            hypotheses=claims("hypotheses"),
        ),
        method=claims("method"),
        experiments=Experiments(
            baselines=_verified(found.baselines, haystack),
            datasets=_verified(found.datasets, haystack),
            metrics=_verified(found.metrics, haystack),
            setup=claims("setup"),
            results=(
                *(results.of_sentence(claim) for claim in claims("results")),
                *_shown(results.of_tables(parts, own), haystack),
            ),
        ),
        conclusions=claims("conclusions"),
        critique=Critique(limitations=claims("limitations")),
        impact=claims("impact"),
        impact_kind=_impact_kind(tags, paper.title),
        checklist=checklist.check(paper, text, parts, (claim.text for claim in found.baselines), found.years, limits),
    )


def _impact_kind(tags: Iterable[str], title: str) -> ImpactKind | None:
    """What kind of thing the paper brings, where its tags tell; how much it changes is not ours to say. Many a method
    comes with a data set: a resource it is only where the title says so."""
    kinds = {
        "survey": ImpactKind.OVERVIEW,
        "position": ImpactKind.OVERVIEW,
        "benchmark": ImpactKind.RESOURCE,
        "dataset": ImpactKind.RESOURCE,
        "theory": ImpactKind.THEORY,
        "replication": ImpactKind.FINDING,
        "user-study": ImpactKind.FINDING,
    }
    told = [
        kinds[tag] for tag in tags if tag in kinds and (tag not in ("benchmark", "dataset") or _RESOURCE.search(title))
    ]
    return next(iter(told), None)


def _claim(sentence: Sentence) -> Claim:
    return Claim(text=sentence.text, quote=sentence.text, anchor=sentence.anchor, section=sentence.section)


def _verified(claims: Iterable[Claim], haystack: Haystack) -> tuple[Claim, ...]:
    """The claims that stand in the source; one that does not (a name cut from its cell) is no quote and is left out."""
    return tuple(claim for claim in (verified(each, haystack) for each in claims) if claim.verified)


def _shown(found: Iterable[Result], haystack: Haystack) -> Iterator[Result]:
    """The results whose numbers and words the paper's tables bear out."""
    for result in found:
        claim = verified(result.claim, haystack)
        if claim.verified:
            yield replace(result, claim=claim)


# --------------------------------------------------------------------------- sentences


def _abstract_roles(text: FullText) -> dict[str, str]:
    pieces = split(text.abstract)
    return dict(zip(pieces, abstracts.roles_of(pieces), strict=True))


def _choose(sentences: tuple[Sentence, ...], abstract_roles: Mapping[str, str]) -> dict[str, tuple[Sentence, ...]]:
    taken: set[str] = set()
    chosen: dict[str, tuple[Sentence, ...]] = {}
    bodyless = all(sentence.role == ABSTRACT for sentence in sentences)
    for field in _FIELDS:
        ranked = []
        for i, sentence in enumerate(sentences):
            if sentence.role not in field.roles or sentence.text in taken or not field.must(sentence):
                continue
            score = _score(field, sentence, abstract_roles.get(sentence.text, ""), bodyless=bodyless)
            if score >= field.least:
                ranked.append((-score, i))
        best: list[int] = []
        for _, i in sorted(ranked):
            if len(best) < field.most and not any(_alike(sentences[i].text, sentences[j].text) for j in best):
                best.append(i)
        chosen[field.name] = tuple(sentences[i] for i in sorted(best))
        taken |= {sentences[i].text for i in best}
    return _completed(chosen, sentences, abstract_roles, taken)


def _score(field: _Field, sentence: Sentence, abstract_role: str, *, bodyless: bool) -> float:
    cues = sum(weight for pattern, weight in lexicon.weights("cues")[field.name] if pattern.search(sentence.text))
    if cues <= 0 and field.roles[sentence.role] < _SPEAKS_FOR_ITSELF:
        return -1.0
    score = min(cues, 6.0) + field.roles[sentence.role] + _ABSTRACT_BONUS.get(field.name, {}).get(abstract_role, 0.0)
    if field.number:
        score += field.number * min(2, len(_NUMBER.findall(sentence.text))) + field.number * bool(
            _MEASURED.search(sentence.text)
        )
    if abstract_role and field.name in _ABSTRACT_BONUS and abstract_role not in _ABSTRACT_BONUS[field.name]:
        score -= 1.5
    if sentence.role == ABSTRACT and not bodyless and field.name == "conclusions":
        score -= 0.5
    return score - _penalty(field, sentence)


def _penalty(field: _Field, sentence: Sentence) -> float:
    text = sentence.text
    penalty = (
        0.7 * sentence.cites
        + 1.0 * sentence.appendix
        + 0.8 * bool(_ASIDE.search(text))
        + 5.0 * bool(_OUTLINE.search(text))
    )
    if _LEANING.match(text) and field.name not in ("limitations", "conclusions"):
        penalty += 1.2
    if text.endswith("?") and field.name not in ("problem", "hypotheses"):
        penalty += 1.5
    penalty += max(0.0, (len(text) - 260) / 120) + 0.8 * (len(text) < 40) + 1.2 * (len(text) < 30)
    if field.name == "conclusions" and re.search(r"\bfuture\b|\bwe (?:plan|hope|intend)\b", text, re.IGNORECASE):
        penalty += 2.5
    if field.name == "problem" and (_PROPOSES.search(text) or _SHOWS.search(text)):
        penalty += 3.0
    if field.name == "results" and _NUMBER.search(text) and not _MEASURED.search(text):
        penalty += 0.8
    return penalty


def _completed(
    chosen: dict[str, tuple[Sentence, ...]],
    sentences: tuple[Sentence, ...],
    abstract_roles: Mapping[str, str],
    taken: set[str],
) -> dict[str, tuple[Sentence, ...]]:
    """Where no cue spoke, the place speaks: the abstract's sentence of that role, the first of the conclusion's."""
    places: tuple[tuple[str, Callable[[Sentence], bool]], ...] = (
        ("limitations", lambda s: s.role == "limitations"),
        (
            "problem",
            lambda s: (
                abstract_roles.get(s.text) in ("background", "objective")
                and not _PROPOSES.search(s.text)
                and not _SELF.match(s.text)
            ),
        ),
        ("problem", lambda s: s.role == "introduction" and s.position < 0.5 and not s.cites),
        ("method", lambda s: abstract_roles.get(s.text) in ("method", "objective")),
        ("results", lambda s: abstract_roles.get(s.text) == "result"),
        ("conclusions", lambda s: s.role == "conclusion" and s.position < 0.5),
        ("conclusions", lambda s: abstract_roles.get(s.text) == "conclusion"),
        ("conclusions", lambda s: s.role == ABSTRACT and s.position >= 1.0),
    )
    for name, fits in places:
        if not chosen[name]:
            found = tuple(s for s in sentences if fits(s) and s.text not in taken)[: 2 if name != "conclusions" else 1]
            chosen[name] = found
            taken |= {s.text for s in found}
    return chosen


def _alike(one: str, other: str) -> bool:
    """Whether two sentences say the same: most words of the shorter are in the longer."""
    first, second = (set(re.findall(r"\w+", text.casefold())) for text in (one, other))
    return len(first & second) > 0.75 * min(len(first), len(second))


# --------------------------------------------------------------------------- formulas


def _formulas(parts: tuple[Part, ...]) -> tuple[Formula, ...]:
    """The first display equations of the part that states the problem or the method, each with the words that
    introduce it."""
    for roles in (("problem", METHOD), ("theory",), ("background", "other", "setup", "results")):
        found: list[Formula] = []
        for part in parts:
            if part.role in roles and not part.section.appendix:
                found.extend(_formulas_of(part))
        if found:
            return tuple(found[:MOST_FORMULAS])
    return ()


def _formulas_of(part: Part) -> Iterable[Formula]:
    for equation in part.section.equations:
        if not _says_something(equation):
            continue
        yield Formula(
            latex=_ENDS.sub("", _SIZED.sub(r"\1", equation.latex)),
            line=formula_line(equation.latex, equation.mathml).rstrip(" ,.;"),
            anchor=equation.anchor or part.section.anchor,
            introduction=_introduction(part, equation),
        )


def _says_something(equation: Equation) -> bool:
    latex = equation.latex
    return (
        5 < len(latex) <= LONGEST_FORMULA
        and MISSING not in latex
        and re.search(
            r"=|\\leq?|\\geq?|<|>|\\sim|\\propto|\\approx|\\to\b|\\leftarrow|\\in\b|\\simeq|\\equiv|\\min|\\max", latex
        )
        is not None
        and re.match(r"\\?(?:=|leq?\b|geq?\b|&)", latex) is None
    )


def _introduction(part: Part, equation: Equation) -> str:
    """The sentence that runs into an equation, without what went before it; "" where there is none fit to show."""
    mark = f"$${equation.latex}$$"
    for paragraph in part.section.paragraphs:
        before, found, _ = paragraph.text.partition(mark)
        if not found:
            continue
        before = before.rpartition("$$")[2] if "$$" in before else before
        pieces = split(before.strip())
        words = pieces[-1] if pieces else ""
        plain = re.sub(r"\$[^$]*\$", "", words)
        if MISSING in words or "\\" in plain or not 4 < len(words) <= 300:
            return ""
        return words
    return ""
