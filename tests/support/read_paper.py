"""A paper for the tests of the analyst that asks a model: a page with what models lie about, and honest answers to it."""

from __future__ import annotations

from typing import Any

from bot.card.local import analyse
from bot.model import Card, FullText, Paper
from bot.pull.fulltext import parse_html
from tests.support import builders, latexml

ABSTRACT = (
    "Agents forget what they saw. We propose GridMem, a memory that indexes observations by place. "
    "On ALFWorld it reaches 53.7% success against 44.9% for MemGPT."
)
PAPER: Paper = builders.paper(7, title="GridMem: Memory by Place", abstract=ABSTRACT)

ROWS = [["Method", "ALFWorld", "WebArena"], ["MemGPT", "44.9", "14.1"], ["GridMem (ours)", "53.7", "17.3"]]
ABLATED = [["Variant", "ALFWorld"], ["full", "53.7"], ["w/o index", "46.2"]]


def html(*, injected: str = "", filler: int = 0) -> str:
    """The page; `injected` stands in the middle of it, `filler` adds so many paragraphs."""
    return latexml.page(
        latexml.section(
            "S1",
            "Introduction",
            latexml.para(
                "S1.p1",
                "However, existing agents forget observations once they leave the context window. "
                "Recent models with long contexts make such a memory affordable for the first time.",
            ),
            latexml.para("S1.p2", f"We hypothesise that places are better keys than words. {injected}"),
            number="1",
        ),
        latexml.section(
            "S2",
            "Method",
            latexml.para(
                "S2.p1",
                "GridMem stores each observation in the cell of a grid where it was made. We maximise",
                latexml.equation("S2.E1", r"J(\\theta)=\\sum_t r_t-\\lambda c_t".replace("\\\\", "\\"), "1"),
                "where the cost counts lookups.",
            ),
            *(
                latexml.para(f"S2.p{n + 2}", f"Detail {n} of the grid concerns cell {n} and its neighbours only.")
                for n in range(filler)
            ),
            number="2",
        ),
        latexml.section(
            "S3",
            "Experiments",
            latexml.para(
                "S3.p1",
                "We compare with MemGPT on ALFWorld and WebArena, averaged over three random seeds. "
                "All agents use the same 8 A100 GPUs.",
            ),
            latexml.table("S3.T1", "Success rate (%).", latexml.tabular(ROWS)),
            latexml.table("S3.T2", "Ablation of the index.", latexml.tabular(ABLATED), number=2),
            latexml.para("S3.p2", "Without the index the success rate falls to 46.2% on ALFWorld."),
            number="3",
        ),
        latexml.section(
            "S4",
            "Conclusion",
            latexml.para(
                "S4.p1",
                "We conclude that memory by place helps agents in houses. "
                "A limitation is that the grid must be known before the agent starts.",
            ),
            number="4",
        ),
        abstract=ABSTRACT,
    )


def text(**options: Any) -> FullText:
    """The page as a document."""
    return parse_html(html(**options), "https://arxiv.org/html/2602.00007v1")


def local(document: FullText, language: str = "en") -> Card:
    """The local analyst's card of it."""
    return analyse(PAPER, document, language)


def said(words: str, quote: str = "") -> dict[str, str]:
    """A statement."""
    return {"text": words, "quote": quote}


NOTES: dict[str, Any] = {
    "problem": [said("Agents forget what they saw.", "existing agents forget observations once they leave the context window")],
    "why_now": [said("Long contexts make it affordable.", "Recent models with long contexts make such a memory affordable")],
    "hypotheses": [said("Places are better keys than words.", "We hypothesise that places are better keys than words")],
    "equations": ["E1"],
    "method": [said("It stores observations in the cells of a grid.", "stores each observation in the cell of a grid")],
    "baselines": [said("MemGPT")],
    "datasets": [said("ALFWorld"), said("WebArena")],
    "metrics": [said("success rate", "Without the index the success rate falls")],
    "setup": [said("Three seeds, the same 8 A100 GPUs for all.", "All agents use the same 8 A100 GPUs")],
    "results": [
        {
            "text": "GridMem reaches 53.7% on ALFWorld.",
            "quote": "On ALFWorld it reaches 53.7% success against 44.9% for MemGPT",
            "metric": "success",
            "value": "53.7%",
            "compared": "MemGPT: 44.9%",
            "where": "Table 1",
        }
    ],
    "conclusions": [said("Memory by place helps in houses.", "memory by place helps agents in houses")],
    "limitations": [said("The grid must be known.", "the grid must be known before the agent starts")],
    "impact": [said("Agents in houses could keep what they saw.", "memory by place helps agents in houses")],
    "impact_kind": "method",
}  # fmt: skip

CRITICISM: dict[str, Any] = {
    "strengths": [said("The index is shown to matter.", "Without the index the success rate falls to 46.2% on ALFWorld")],
    "problems": [
        {
            "point": "One rival is few: only MemGPT is compared with in Table 1.",
            "quote": "We compare with MemGPT on ALFWorld and WebArena",
            "evidence": "Table 1",
            "severity": 2,
            "would_settle": "A comparison with a memory that is indexed by words.",
        }
    ],
}  # fmt: skip

RATINGS: dict[str, Any] = {
    "novelty": {"stars": 3, "reason": "Known parts in a new combination.", "basis": 3},
    "recommendation": {"stars": 4, "reason": "The gain is large for so simple a memory.", "basis": 1},
}

CHOICE: dict[str, Any] = {"keep": [1, 2, 3]}


def honest(fields: Any) -> dict[str, Any]:
    """The honest answer to a question whose shape has these fields."""
    if "problem" in fields:
        return NOTES
    if "problems" in fields:
        return CRITICISM
    return RATINGS if "novelty" in fields else CHOICE
