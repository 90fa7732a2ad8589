"""Made-up papers of several classes, each as the LaTeX that pdflatex was given and the PDF that it made.

The LaTeX is the truth: what sections, paragraphs and formulas there are. Two texts count as the same paragraph when
nine tenths of their words are the same in the same order; formulas, citations and numbers are left out of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import TypeVar

from bot.model import FullText

T = TypeVar("T")
FOLDER = Path(__file__).parents[1] / "pull" / "papers"
NAMES = ("ieee", "icml", "els", "neurips")
_HEADING = re.compile(r"\\(?:sub)*(?:section|chapter|paragraph)\*?\{([^}]*)\}")
_BLOCK = re.compile(
    r"\\begin\{(table|figure)\*?\}.*?\\end\{\1\*?\}|\\footnote\{[^}]*\}|\\(?:sub)*(?:section|paragraph)\*?\{[^}]*\}|\\label\{[^}]*\}",
    re.DOTALL,
)
_EQUATION = re.compile(r"\n?\\begin\{equation\}.*?\\end\{equation\}\n?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Truth:
    """What a paper's LaTeX says: titles without the final stop of run-in ones, paragraphs in reading order."""

    sections: tuple[str, ...]
    paragraphs: tuple[str, ...]
    equations: int
    tables: int
    figures: int
    references: int
    abstract: str


def pdf(name: str) -> bytes:
    """The PDF of a paper."""
    return (FOLDER / f"{name}.pdf").read_bytes()


def truth(name: str) -> Truth:
    """What is in it."""
    latex = (FOLDER / f"{name}.tex").read_text("utf-8")
    begun = latex.index(r"\section{Introduction}")
    body, _, appendix = latex[begun:].partition(r"\begin{thebibliography}")
    body += appendix.partition(r"\appendix")[2].partition(r"\end{document}")[0]
    plain = _BLOCK.sub("\n\n", _EQUATION.sub(" ", body))
    plain = re.sub(r"\\(?:begin|end)\{\w+\}(?:\[[^\]]*\])?|\\item\b", "\n\n", plain)
    return Truth(
        tuple(title.rstrip(".") for title in _HEADING.findall(body)),
        tuple(block for block in re.split(r"\n\s*\n", plain) if len(words(block)) > 1),
        len(_EQUATION.findall(body)),
        body.count(r"\begin{table"),
        body.count(r"\begin{figure"),
        latex.count(r"\bibitem"),
        latex.partition(r"\begin{abstract}")[2].partition(r"\end{abstract}")[0]
        or latex.partition(r"\begin{quote}")[2].partition(r"\end{quote}")[0],
    )


def words(text: str) -> list[str]:
    """The words that two texts are compared by."""
    text = re.sub(r"\$[^$]*\$|\\(?:cite|ref)\{[^}]*\}|https?://\S+", " ", text)
    return [word for word in re.findall(r"[a-zäöü]+", text.lower()) if len(word) > 2]


def alike(one: str, other: str) -> bool:
    """Whether two texts are the same paragraph."""
    left, right = words(one), words(other)
    if min(len(left), len(right)) < 0.8 * max(len(left), len(right)):
        return False
    return SequenceMatcher(None, left, right, autojunk=False).ratio() >= 0.9


def agreement(expected: Sequence[T], found: Sequence[T], same: Callable[[T, T], bool]) -> float:
    """F1 of the longest run of things found in the expected order."""
    best = [[0] * (len(found) + 1) for _ in range(len(expected) + 1)]
    for i, one in enumerate(expected):
        for j, other in enumerate(found):
            best[i + 1][j + 1] = max(best[i][j + 1], best[i + 1][j], best[i][j] + int(same(one, other)))
    return 2 * best[-1][-1] / max(1, len(expected) + len(found))


def paragraphs(text: FullText) -> list[str]:
    """A text's paragraphs without its footnotes, which the LaTeX has elsewhere."""
    all_of_them = [paragraph.text for section in text.sections for paragraph in section.paragraphs]
    return [paragraph for paragraph in all_of_them if "is available at https:" not in paragraph]
