"""Sections get roles by their titles, their parents and their places; sentences know where they stand."""

from __future__ import annotations

import pytest

from bot.card.outline import parts_of, role_of, run_in_headings, sentences_of
from tests.support.texts import part, text


@pytest.mark.parametrize(
    ("title", "role"),
    [
        ("Introduction", "introduction"),
        ("Related Work and Background", "related"),
        ("Experimental setup", "setup"),
        ("Experiments", "results"),
        ("What matters", "ablation"),
        ("Component analysis", "ablation"),
        ("Effect of the window", "ablation"),
        ("Discussion and Limitations", "limitations"),
        ("Conclusion and Future Work", "conclusion"),
        ("Problem formulation", "problem"),
        ("Materials and methods", "method"),
        ("Broader Impact Statement", "impact"),
        ("Einleitung", "introduction"),
        ("结论", "conclusion"),
        ("GridMem", ""),
    ],
)
def test_a_title_tells_the_role(title: str, role: str) -> None:
    """By the words of headings, in several languages."""
    assert role_of(title) == role


def test_untitled_roles_come_from_parent_and_place() -> None:
    """A subsection is what its section is; a section with a name of its own, between introduction and experiments, is
    the method."""
    sections = (
        part("Introduction"),
        part("Memory", level=1),
        part("The index", level=2),
        part("Experiments"),
        part("ALFWorld", level=2),
        part("Language models", level=2),
        part("Related Work"),
        part("Training agents", level=2),
        part("Limitations and Conclusion"),
        part("Conclusion.", level=4),
        part("Odds and ends"),
    )
    assert [p.role for p in parts_of(text(*sections))] == [
        "introduction",
        "method",
        "method",
        "results",
        "results",
        "results",
        "related",
        "related",
        "limitations",
        "conclusion",
        "other",
    ]


def test_a_heading_within_a_paragraph_changes_the_role() -> None:
    """The word "Limitations." in bold at the end of the conclusion begins the limitations."""
    whole = text(
        part("Conclusion", "We presented an index. Limitations. Our index needs places. It has no sense of time.")
    )
    assert [(s.role, s.text) for s in sentences_of(whole, parts_of(whole))] == [
        ("conclusion", "We presented an index."),
        ("limitations", "Our index needs places."),
        ("limitations", "It has no sense of time."),
    ]


@pytest.mark.parametrize(
    ("paragraph", "headings"),
    [
        ("Limitations. Ours is slow.", ("Limitations",)),
        ("Main results: We win.", ("Main results",)),
        ("It works. Broader Impact. It may harm.", ("Broader Impact",)),
        ("Our experiments are here. They work.", ()),
        ("Limitations of prior work are known to be many and hard. We differ.", ()),
        ("Paris. It is big.", ()),
    ],
)
def test_a_heading_within_a_paragraph_has_a_role_and_no_verb(paragraph: str, headings: tuple[str, ...]) -> None:
    """Short sentences are not headings, and names are none."""
    assert run_in_headings(paragraph) == headings


def test_other_people_s_work_and_appendices_are_not_quoted() -> None:
    """What is said of related work, or in an appendix, is no claim of the paper; limits are quoted wherever they are."""
    whole = text(
        part("Related Work", "Their method forgets everything at once."),
        part("Proofs", "The bound follows from the lemma above.", appendix=True),
        part("Limitations", "We tested a single robot arm only.", appendix=True),
        abstract="We present an index of places and times.",
    )
    assert [(s.anchor, s.text) for s in sentences_of(whole, parts_of(whole))] == [
        ("abstract", "We present an index of places and times."),
        ("S-Limitations.p1", "We tested a single robot arm only."),
    ]


def test_references_are_left_out_of_a_quote_and_remembered() -> None:
    """A sentence is shown without its references, and is known to have had some."""
    whole = text(part("Introduction", "Existing trackers [1] fail to follow fast users [2, 3]. Ours follows them all."))
    assert [(s.text, s.cites) for s in sentences_of(whole, parts_of(whole))] == [
        ("Existing trackers fail to follow fast users.", True),
        ("Ours follows them all.", False),
    ]
