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
TRIAL = """
To investigate whether daily walking lowers pain in adults with low back pain . A total of @ adults were randomized to
walking or usual care for @ weeks . The primary outcome was pain on a scale from @ to @ . Pain was significantly lower in
the walking group ( p = @ ) . There were no serious adverse events . Walking is a safe and effective treatment for low
back pain .
"""
HEADED = """
Background: Many hospitals record vital signs. Methods: We used records of two hospitals. Alarms were counted. Results: A
network is used for prediction. Conclusions: The alarms were measured too late.
"""
PUBLISHED = """
Spreadsheets are used in every office. We propose a language for them. It makes errors 30% rarer in a study. 2010 Elsevier
Ltd. All rights reserved.
"""
ABSTRACTS = [
    (TRIAL, ("objective", "method", "method", "result", "result", "conclusion")),
    (HEADED, ("background", "method", "method", "result", "conclusion")),
    (PUBLISHED, ("background", "method", "result", "other")),
    (COMPUTING, ("background", "background", "method", "result", "conclusion")),
    (MEDICINE, ("objective", "method", "result", "conclusion")),
    (PHYSICS, ("background", "method", "result")),
]


@pytest.mark.parametrize(("abstract", "expected"), ABSTRACTS)
def test_roles_of_plain_cases(abstract: str, expected: tuple[str, ...]) -> None:
    """Background, objective, method, result and conclusion, of computing as of medicine."""
    assert roles_of(split(abstract)) == expected


def test_a_collection_may_count_conclusions_as_results() -> None:
    """Every role is one of those named, so that other collections' labels can be mapped onto them."""
    assert ROLES == ("background", "objective", "method", "result", "conclusion", "other")


@given(st.lists(st.text(max_size=60), max_size=12))
def test_every_sentence_has_a_role(sentences: list[str]) -> None:
    """Any sentences, in any number, get one role each."""
    roles = roles_of(sentences)
    assert len(roles) == len(sentences)
    assert set(roles) <= set(ROLES)
