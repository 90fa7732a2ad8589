"""A recorded model: answers to questions about three of the bundled papers, written by hand, good and bad ones.

No model gave them: they are what one might say. It stands in where none is configured, so that the whole way of a model's
card is tried without a key; what it is measured at tells nothing of a real model. What is false in the recorded answers is told beside them, and must not be shown on a card.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from bot.card.llm.parts import tokens_of
from bot.card.llm.shapes import Choice, Criticism, Notes, Ratings
from bot.errors import ModelFailed
from bot.model import FullText, Paper
from bot.playground import sample_fulltext
from bot.playground.sample_day import load
from bot.pull.fulltext import parse_html
from storage import codec

T = TypeVar("T")
NAME = "recorded:answers"
_KEYS: Mapping[type[Any], str] = {Notes: "notes", Criticism: "criticism", Ratings: "ratings"}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A paper with its text, the language of its card, and what is false in the answers about it."""

    paper: Paper
    text: FullText
    language: str
    planted: tuple[str, ...]


@cache
def _answers() -> dict[str, dict[str, Any]]:
    read: dict[str, Any] = json.loads(
        Path(__file__).with_suffix("").with_name("recorded_answers.json").read_text("utf-8")
    )
    return {key: value for key, value in read.items() if key != "//"}


@cache
def recorded() -> tuple[Recorded, ...]:
    """The papers that answers were written for."""
    sample = {each.paper.id: each for each in load().papers}
    found = []
    for key, answers in _answers().items():
        paper_id, language = key.split()
        shown = sample[paper_id]
        if shown.source is None:
            raise ValueError(f"{paper_id} has no text")
        page = sample_fulltext.page(shown.paper, sample_fulltext.read(shown.source.read_text("utf-8")))
        text = parse_html(page, f"https://arxiv.org/html/{shown.paper.versioned_id}")
        found.append(Recorded(shown.paper, text, language, tuple(answers["planted"])))
    return tuple(found)


@dataclass
class RecordedModel:
    """Gives the answers written for it. `tokens` are those of all questions and answers so far."""

    tokens: int = 0
    asked: list[str] = field(default_factory=list)

    async def __call__(self, purpose: str, system: str, prompt: str, shape: type[T]) -> T:
        """The recorded answer.

        Raises:
            ModelFailed: none was recorded of this paper in this language.
        """
        self.asked.append(shape.__name__)
        if shape is Choice:
            return shape()
        answer = next((answers for key, answers in _answers().items() if _is_about(key, system, prompt)), None)
        if answer is None:
            raise ModelFailed("failed", "No answer was recorded for this paper.")
        given = answer[_KEYS[shape]]
        self.tokens += tokens_of(system) + tokens_of(prompt) + tokens_of(json.dumps(given, ensure_ascii=False))
        return codec.decode(shape, given)


def _is_about(key: str, system: str, prompt: str) -> bool:
    paper_id, language = key.split()
    title = next(each.paper.title for each in recorded() if each.paper.id == paper_id)
    return f"Title: {title}\n" in f"{prompt}\n" and ("Chinese" in system) is (language == "zh")
