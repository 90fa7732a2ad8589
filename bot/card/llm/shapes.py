"""What the model is to answer in each pass: plain dataclasses whose fields all have defaults.

A field's description goes to the model with the shape. The texts are in the reader's language, quotes in the paper's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


def _about(description: str) -> dict[str, str]:
    return {"description": description}


@dataclass(frozen=True, slots=True)
class Said:
    """One statement about the paper."""

    text: str = field(default="", metadata=_about("the statement, one or two plain sentences in the reader's language"))
    quote: str = field(
        default="", metadata=_about("the paper's own words it rests on, copied exactly; empty if there are none")
    )


@dataclass(frozen=True, slots=True)
class Measured:
    """One result."""

    text: str = field(default="", metadata=_about("the result in one sentence in the reader's language"))
    quote: str = field(default="", metadata=_about("the paper's own words or the table's cells, copied exactly"))
    metric: str = field(default="", metadata=_about("what was measured, e.g. accuracy"))
    value: str = field(default="", metadata=_about("the paper's own number with its unit, as it stands in the text"))
    compared: str = field(default="", metadata=_about("what it is compared with, with its number: MemGPT: 44.9"))
    where: str = field(default="", metadata=_about("the table or section that shows it: Table 2"))


@dataclass(frozen=True, slots=True)
class Notes:
    """What the paper, or a part of it, says."""

    problem: tuple[Said, ...] = field(default=(), metadata=_about("the problem it wants to solve; at most 3"))
    why_now: tuple[Said, ...] = field(
        default=(), metadata=_about("why now: what changed or became possible; at most 2")
    )
    hypotheses: tuple[Said, ...] = field(
        default=(), metadata=_about("the core hypotheses or assumptions it stands on; at most 4")
    )
    equations: tuple[str, ...] = field(
        default=(), metadata=_about("ids of the given equations (E1, E2, …) that formalise the problem; at most 3")
    )
    method: tuple[Said, ...] = field(default=(), metadata=_about("how the method works; at most 4"))
    baselines: tuple[Said, ...] = field(
        default=(), metadata=_about("each text is only the name of a system compared with; at most 10")
    )
    datasets: tuple[Said, ...] = field(
        default=(), metadata=_about("each text is only the name of a dataset or benchmark used; at most 10")
    )
    metrics: tuple[Said, ...] = field(default=(), metadata=_about("each text is only a metric's name; at most 8"))
    setup: tuple[Said, ...] = field(
        default=(), metadata=_about("what a replication needs: models, data sizes, seeds, hardware; at most 4")
    )
    results: tuple[Measured, ...] = field(default=(), metadata=_about("the main results with their numbers; at most 6"))
    conclusions: tuple[Said, ...] = field(
        default=(), metadata=_about("what it concludes, with the numbers that carry it; at most 4")
    )
    limitations: tuple[Said, ...] = field(
        default=(), metadata=_about("limits that the authors themselves admit; at most 4")
    )
    impact: tuple[Said, ...] = field(
        default=(), metadata=_about("what it would change for the field or its users; at most 2")
    )
    impact_kind: Literal["", "method", "finding", "theory", "resource", "application", "overview"] = field(
        default="", metadata=_about("what the paper offers in the first place")
    )

    def lacks(self) -> str:
        """What an answer must have before it is one."""
        said = (
            self.problem,
            self.method,
            self.results,
            self.conclusions,
            self.setup,
            self.hypotheses,
            self.limitations,
        )
        return "" if any(said) else "The answer is empty: give at least what the text says of its problem and method."


@dataclass(frozen=True, slots=True)
class Choice:
    """The numbers of the notes to keep, the most important first."""

    keep: tuple[int, ...] = field(default=(), metadata=_about("numbers of the notes to keep, most important first"))


@dataclass(frozen=True, slots=True)
class Point:
    """One problem of the paper."""

    point: str = field(default="", metadata=_about("the problem in one or two sentences in the reader's language"))
    quote: str = field(default="", metadata=_about("the paper's own words that show it, copied exactly"))
    evidence: str = field(
        default="", metadata=_about("the section, table, number or assumption it rests on: Table 2; Section 4.1")
    )
    severity: int = field(default=1, metadata=_about("1 minor, 2 weakens a claim, 3 puts the main claim in doubt"))
    would_settle: str = field(
        default="", metadata=_about("what experiment or proof would settle it, without inventing numbers")
    )


@dataclass(frozen=True, slots=True)
class Criticism:
    """What speaks for the paper and against it."""

    strengths: tuple[Said, ...] = field(default=(), metadata=_about("at most 4, each with its quote"))
    problems: tuple[Point, ...] = field(default=(), metadata=_about("at most 6, gravest first"))


@dataclass(frozen=True, slots=True)
class Stars:
    """A rating with its reason."""

    stars: int = field(default=0, metadata=_about("1 to 5 by the given anchors; 0 if the statements do not suffice"))
    reason: str = field(default="", metadata=_about("one line why, in the reader's language, without new numbers"))
    basis: int = field(default=0, metadata=_about("the number of the statement that bears the rating most"))


@dataclass(frozen=True, slots=True)
class Ratings:
    """How new the paper is, and whether to read it."""

    novelty: Stars = field(default_factory=Stars, metadata=_about("how new it is"))
    recommendation: Stars = field(default_factory=Stars, metadata=_about("whether a researcher should read it"))
