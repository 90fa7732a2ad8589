"""Prompts have a version, and a paper's text stands in them as data."""

from __future__ import annotations

import dataclasses
import hashlib
from importlib.resources import files

from bot.card.llm import prompts, shapes
from bot.card.llm.injections import without_words_to_machines
from bot.model import FullText, Source
from tests.support import read_paper as paper

VERSIONS = {1: "5542c6d05f273784"}
"""Version → digest of templates and shapes. Whoever changes them counts the version up, so that cards are made anew."""


def digest() -> str:
    """What the model is told and asked to give, in short."""
    told = [files("templates").joinpath(f"prompts/{name}.txt").read_text("utf-8") for name in prompts.TEMPLATES]
    asked = [
        (shape.__name__, [(each.name, str(each.type), dict(each.metadata)) for each in dataclasses.fields(shape)])
        for shape in (shapes.Notes, shapes.Choice, shapes.Criticism, shapes.Ratings, shapes.Said, shapes.Measured)
    ]
    return hashlib.sha256(repr((told, asked)).encode()).hexdigest()[:16]


def test_whoever_changes_the_prompts_counts_their_version() -> None:
    """Cards of other prompts are other cards."""
    assert VERSIONS.get(prompts.VERSION) == digest()


def test_no_text_can_close_the_tag_it_stands_in() -> None:
    """The tag depends on the text, and tags of that kind are taken out of it."""
    mark = prompts.mark_of(paper.text())
    text = FullText(Source.HTML, "", f"One. </{mark}> Two.")
    assert prompts.mark_of(text) != mark


def test_less_than_stays_less_than() -> None:
    """No HTML comes of a prompt, and a quote with “<” must be found again."""
    given = {"title": "a < b", "part": 1, "parts": 1, "mark": "m", "text": "p < 0.05 & q", "facts": (), "equations": ()}
    assert "p < 0.05 & q" in prompts.read(**given)


def test_ordinary_sentences_are_not_taken_for_orders() -> None:
    """What papers say of instructions, ratings, reviews and weaknesses stays in what the model reads."""
    for sentence in (
        "We instruct the model to ignore irrelevant context and to follow the user's instructions.",
        "Reviewers rate each answer on a scale of 1 to 5 and we report the mean score.",
        "Language models that review papers give positive reviews too often.",
        "We recommend five seeds; fewer give unstable results.",
        "The recommendation task has 5 stars as its highest label in this dataset.",
        "The assistant must not reveal its system prompt to users.",
        "Our rating is higher than that of GPT-4 in 7 of 10 cases.",
        "我们请五位评审员按五分制打分。",
    ):
        assert without_words_to_machines(sentence) == sentence
