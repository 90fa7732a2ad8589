"""On short papers of many fields the analyst lists what a reader would list: made-up texts with hand-made labels."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from bot.card.local import analyse
from bot.model import Card, Claim
from tests.support.builders import paper
from tests.support.labelled_papers import LABELLED, Labelled

KINDS = ("datasets", "metrics", "baselines")


def card_of(labelled: Labelled) -> Card:
    """The local card of a labelled paper."""
    return analyse(paper(1, title=labelled.title, abstract=labelled.text.abstract, comments=""), labelled.text, "en")


def bare(name: str) -> str:
    """A name as it is compared: letters, digits and @ alone."""
    return re.sub(r"[^a-z0-9@]", "", name.casefold())


def same(one: str, other: str) -> bool:
    """Whether two names are the same, or the one is part of the other."""
    one, other = bare(one), bare(other)
    return one == other or (min(len(one), len(other)) > 2 and (one in other or other in one))


def f1(pairs: Iterable[tuple[tuple[str, ...], tuple[Claim, ...]]]) -> float:
    """F1 over all papers of what was found against what was labelled."""
    right = found = hit = wanted = 0
    for labels, claims in pairs:
        right += sum(any(same(claim.text, label) for label in labels) for claim in claims)
        hit += sum(any(same(claim.text, label) for claim in claims) for label in labels)
        found, wanted = found + len(claims), wanted + len(labels)
    precision, recall = right / found, hit / wanted
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_found_in_papers_of_many_fields(kind: str) -> None:
    """Headings, lists, enumerations, references and tables name them in many ways; nearly all are understood."""
    assert f1((getattr(each, kind), getattr(card_of(each).experiments, kind)) for each in LABELLED) >= 0.9


@pytest.mark.parametrize("labelled", LABELLED, ids=lambda each: each.title[:20])
def test_the_checklist_agrees_with_a_reader(labelled: Labelled) -> None:
    """No false absence and no false presence, in whatever words."""
    found = {item.key: item.found for item in card_of(labelled).checklist}
    assert {key: found[key] for key in labelled.checklist} == dict(labelled.checklist)
