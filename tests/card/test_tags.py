"""Tags are facts by key."""

from __future__ import annotations

from typing import Any

import pytest

from bot.card.outline import parts_of
from bot.card.tags import TAGS, tags_of
from bot.model import Section, Source
from tests.support.builders import paper
from tests.support.texts import part, text


def tagged(*sections: Section, source: Source = Source.HTML, **fields: Any) -> tuple[str, ...]:
    """The tags of a paper with these sections."""
    mine = paper(1, **{"title": "A Title", "abstract": "", "comments": "", **fields})
    whole = text(*sections, abstract=mine.abstract, source=source)
    return tags_of(mine, whole, parts_of(whole))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ()),
        ({"comments": "This paper has been withdrawn due to an error in Lemma 2"}, ("withdrawn",)),
        ({"comments": "Code: https://github.com/a/b"}, ("code",)),
        ({"abstract": "Code will be available soon."}, ()),
        ({"title": "A Survey of Memory"}, ("survey",)),
        ({"title": "Learning from Peer Reviews"}, ()),
        ({"abstract": "We introduce FooBench, a benchmark for memory."}, ("benchmark",)),
        ({"abstract": "It beats others on RLBench, a benchmark."}, ()),
        ({"abstract": "We release a large dataset of polyps."}, ("dataset",)),
        ({"abstract": "We prove that groups grow.", "categories": ("math.GR",)}, ("theory",)),
        ({"title": "Position: Stop Counting"}, ("position",)),
        ({"abstract": "We conducted a user study."}, ("user-study",)),
        ({"abstract": "We reproduce three results."}, ("replication",)),
    ],
)
def test_facts_of_title_abstract_and_comments(fields: dict[str, Any], expected: tuple[str, ...]) -> None:
    """What the metadata say is a fact; what they merely mention is none."""
    assert tagged(**fields) == expected


def test_theorems_make_theory() -> None:
    """Three stated theorems or lemmas in the text."""
    assert tagged(part("Analysis", "Theorem 1 (Bound).", "Lemma 2.", "Proof.")) == ("theory",)
    assert tagged(part("Analysis", "Theorem 1 (Bound).")) == ()


def test_an_abstract_alone_is_told() -> None:
    """Whoever reads the card must know that nothing else was read."""
    assert tagged(source=Source.ABSTRACT) == ("abstract-only",)


def test_tags_keep_their_order() -> None:
    """The same facts give the same tags in the same order."""
    tags = tagged(
        title="A Survey", comments="withdrawn by the author. Code: https://github.com/a/b", source=Source.ABSTRACT
    )
    assert tags == tuple(tag for tag in TAGS if tag in tags)
    assert set(tags) == {"withdrawn", "abstract-only", "code", "survey"}
