"""The second stage of a ranking: a language model's word on the first papers, held against what a chat cares about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from bot.llm.languagemodel import LanguageModel
from bot.model import Paper

MOST_JUDGED = 30
LONGEST_ABSTRACT = 700
LONGEST_REASON = 200
BEST_FIT = 4
MOST_SHARE = 0.5
"""What the best fit adds to a score, and the worst takes from it; the middle of the scale changes nothing."""


@dataclass(frozen=True, slots=True)
class Word:
    """What the model says of one paper."""

    number: int = field(metadata={"description": "the paper's number in the list"})
    fit: int = field(metadata={"description": "0 not what they want, 2 perhaps, 4 exactly what they want"})
    because: str = field(default="", metadata={"description": "why, in one short sentence"})


@dataclass(frozen=True, slots=True)
class Words:
    """A word on each paper."""

    words: tuple[Word, ...] = ()


Judge = Callable[[str, Sequence[Paper], str], Awaitable[Mapping[str, tuple[float, str]]]]
"""Interests, papers, language → by the paper's id what the model's word adds to the score, and its reason."""


def judge_with(model: LanguageModel | None) -> Judge | None:
    """A function that has the model judge papers; None where no model is configured.

    It raises ModelFailed or BudgetSpent where the model gives no word.
    """
    if model is None:
        return None

    async def judge(interests: str, papers: Sequence[Paper], language: str) -> Mapping[str, tuple[float, str]]:
        template = files("templates").joinpath("prompts/judge.txt").read_text("utf-8")
        environment = Environment(undefined=StrictUndefined, autoescape=True)
        prompt = environment.from_string(template).render(
            interests=interests,
            papers=[(paper.title, paper.abstract[:LONGEST_ABSTRACT]) for paper in papers],
            language={"zh": "Simplified Chinese"}.get(language, "English"),
        )
        return shares(await model.ask("ranking", "", prompt, Words), papers)

    return judge


def shares(said: Words, papers: Sequence[Paper]) -> dict[str, tuple[float, str]]:
    """What each word adds to its paper's score, and its reason on one line; words on papers that were not asked about
    are passed over, and of two on one paper the first counts."""
    found: dict[str, tuple[float, str]] = {}
    for word in said.words:
        if 1 <= word.number <= len(papers):
            fit = min(max(word.fit, 0), BEST_FIT)
            share = MOST_SHARE * (2.0 * fit / BEST_FIT - 1.0)
            found.setdefault(papers[word.number - 1].id, (share, " ".join(word.because.split())[:LONGEST_REASON]))
    return found
