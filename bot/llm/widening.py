"""English search terms that stand for what a chat says it cares about."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from bot.llm.languagemodel import LanguageModel

MOST_TERMS = 30
LONGEST_TERM = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """Search terms."""

    terms: tuple[str, ...] = field(default=(), metadata={"description": "the terms, most important first"})


def widener(model: LanguageModel | None) -> Callable[[str], Awaitable[tuple[str, ...]]] | None:
    """A function that finds English search terms for stated interests; None where no model is configured.

    It raises ModelFailed where the model gives none.
    """
    if model is None:
        return None

    async def widen(interests: str) -> tuple[str, ...]:
        """Up to 30 terms, most important first."""
        template = files("templates").joinpath("prompts/widen.txt").read_text("utf-8")
        environment = Environment(undefined=StrictUndefined, autoescape=True)
        prompt = environment.from_string(template).render(interests=interests)
        answer = await model.ask("interests", "", prompt, Terms)
        terms = (" ".join(term.split()) for term in answer.terms)
        return tuple(dict.fromkeys(term for term in terms if 0 < len(term) <= LONGEST_TERM))[:MOST_TERMS]

    return widen
