"""A card says which of a chat's stated interests its paper names, and where."""

from __future__ import annotations

import pytest

from bot.model import Motivation
from bot.related import related
from tests.support import builders as a

PAPER = a.paper(
    1,
    title="Group policy optimization for language models",
    abstract="Reward models drift. We train a model with retrieval-augmented generation.",
)
CARD = a.card(1, motivation=Motivation(problem=(a.claim("Frogs sing at night.", section="Discussion"),)))


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("policy optimization", [("policy optimization", "title", PAPER.title)]),
        ("reward models", [("reward models", "abstract", "Reward models drift.")]),
        ("singing frogs", []),
        ("frogs", [("frogs", "Discussion", "Frogs sing at night.")]),
        ("quantum chemistry", []),
        ("大语言模型", []),
        ("检索增强生成", [("检索增强生成", "abstract", "We train a model with retrieval-augmented generation.")]),
        ("RAG", [("RAG", "abstract", "We train a model with retrieval-augmented generation.")]),
        ("no reward models, frogs", [("frogs", "Discussion", "Frogs sing at night.")]),
        ("frogs, mostly policy optimization", [("policy optimization", "title", PAPER.title), ("frogs", "Discussion", "Frogs sing at night.")]),
    ],
)  # fmt: skip
def test_what_a_paper_names_of_the_interests(stated: str, expected: list[tuple[str, str, str]]) -> None:
    """In English and Chinese, in the reader's own words, the most wanted first; what is not wanted is not named."""
    assert [(r.interest, r.place, r.quote) for r in related(CARD, PAPER, stated) or ()] == expected


@pytest.mark.parametrize("stated", ["", "no reward models", "…"])
def test_without_stated_interests_there_is_nothing_to_say(stated: str) -> None:
    """None is not the same as naming none of them."""
    assert related(CARD, PAPER, stated) is None
