"""What the model is told, from the templates in templates/prompts, and their version."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import DictLoader, Environment, StrictUndefined

from bot.card.llm.injections import without_words_to_machines
from bot.model import ChecklistItem, FullText, Problem

VERSION = 1
"""Counts what the model is told and asked to give; cards made with another version are made anew. A test holds it to the
templates and shapes."""

TEMPLATES = ("card_system", "card_paper", "card_read", "card_choose", "card_criticise", "card_rate")

_LANGUAGES = {"en": "English", "zh": "Simplified Chinese"}
_QUESTIONS = {
    "ablation": "ablations or studies of single components",
    "limitations": "a discussion of limitations",
    "variance": "variance, error bars or several seeds",
    "significance": "tests of statistical significance",
    "code": "a link to code",
    "data": "a link to data",
    "compute": "the compute that was used",
    "baselines": "systems compared with",
    "human": "human evaluation",
    "ethics": "a discussion of ethics",
}


@cache
def _environment() -> Environment:
    sources = {
        f"{name}.txt": files("templates").joinpath(f"prompts/{name}.txt").read_text("utf-8") for name in TEMPLATES
    }
    # No HTML comes of it: a "<" of the paper must stay one, or its quotes could not be found again.
    return Environment(  # noqa: S701 - prompts are plain text
        loader=DictLoader(sources), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def system(language: str, mark: str) -> str:
    """What holds for every question about one paper."""
    return _render("card_system", language=_LANGUAGES.get(language, language), mark=mark)


def mark_of(text: FullText) -> str:
    """The tag that the paper's text stands in. It depends on the text, so no text can name its own and close it."""
    digest = hashlib.sha256(repr((text.abstract, text.sections)).encode()).hexdigest()
    return f"paper-{digest[:10]}"


def read(**values: object) -> str:
    """Asks what the paper, or a part of it, says."""
    return _render("card_read", **values)


def choose(**values: object) -> str:
    """Asks which notes on the parts to keep."""
    return _render("card_choose", **values)


def criticise(**values: object) -> str:
    """Asks what speaks for and against the paper."""
    return _render("card_criticise", **values)


def rate(title: str, statements: Sequence[str], problems: Sequence[Problem], facts: Sequence[str]) -> str:
    """Asks for stars; nothing of the paper's own text goes in but what was checked."""
    return _render("card_rate", title=title, statements=statements, problems=problems, facts=facts)


def facts(checklist: Iterable[ChecklistItem]) -> tuple[str, ...]:
    """The checklist as sentences about the text."""
    said = []
    for item in checklist:
        question = _QUESTIONS.get(item.key, item.key)
        where = "; ".join(without_words_to_machines(place) for place in item.where)
        said.append(f"found: {question}{f' ({where})' if where else ''}" if item.found else f"not found: {question}")
    return tuple(said)


def _render(name: str, **values: object) -> str:
    rendered = _environment().get_template(f"{name}.txt").render(_tagless(values))
    return re.sub(r"\n{3,}", "\n\n", rendered).strip()


def _tagless(values: Mapping[str, object]) -> dict[str, object]:
    """The values; a title loses what is addressed to machines, like the text did."""
    title = values.get("title")
    return {**values, "title": without_words_to_machines(title)} if isinstance(title, str) else dict(values)
