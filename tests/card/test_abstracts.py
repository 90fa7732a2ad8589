"""The sentences of an abstract get the roles that readers would give them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.card.abstracts import ROLES, roles_of
from bot.card.sentences import split

COMPUTING = """
Language agents forget what they saw a thousand steps ago. Existing memories are slow and lose details. We introduce an
index over place and time. On ALFWorld it raises the success rate from 41.2% to 53.7%. These results suggest that
structure matters more than size.
"""
MEDICINE = """
To determine whether early surgery improves recovery after fractures. A total of 240 patients were randomized to early or
late surgery and were assessed after one year. Recovery was significantly better after early surgery (p < 0.01). Early
surgery should be offered to all patients.
"""
PHYSICS = """
Neural networks often learn nothing for a long time and then a lot at once. We derive a mean-field equation for the
overlap. Simulations agree with the predicted slope within 4%.
"""
ABSTRACTS = [
    (COMPUTING, ("background", "background", "method", "result", "conclusion")),
    (MEDICINE, ("objective", "method", "result", "conclusion")),
    (PHYSICS, ("background", "method", "result")),
]


@pytest.mark.parametrize(("abstract", "expected"), ABSTRACTS)
def test_roles_of_plain_cases(abstract: str, expected: tuple[str, ...]) -> None:
    """Background, objective, method, result and conclusion, of computing as of medicine."""
    assert roles_of(split(abstract)) == expected


@given(st.lists(st.text(max_size=60), max_size=12))
def test_every_sentence_has_a_role(sentences: list[str]) -> None:
    """Any sentences, in any number, get one role each."""
    roles = roles_of(sentences)
    assert len(roles) == len(sentences)
    assert set(roles) <= set(ROLES)
