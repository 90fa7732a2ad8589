"""Institutions are read from the author blocks of every class, each by its short name."""

from __future__ import annotations

import pytest

from bot.pull.institutions import from_html
from tests.support import latexml as ltx
from tests.support.world import find_world


def named(authors: str = "", before: str = "") -> tuple[str, ...]:
    """The institutions of a page with this author block."""
    body = ltx.section("S1", "Introduction", ltx.para("S1.p1", "At Foreign University."))
    return from_html(ltx.page(body, authors=authors, before=before))


def test_lines_under_the_names_are_told_from_people() -> None:
    """NeurIPS style: one block of lines, people separated by "&"; departments, e-mails and people are left out."""
    block = ltx.authors_in_lines(
        "Ada Testwell", "Department of Computer Science", "Example University", '<span class="ltx_text ltx_font_typewriter">ada@example.org</span>',
        "&amp;Bruno Sample", "Google DeepMind", "&amp;Chen Mockford", "Example University &amp; Fixture Labs",
    )  # fmt: skip
    assert named(block) == ("Example University", "Google DeepMind", "Fixture Labs")


def test_marks_tell_institutions_from_names() -> None:
    """Superscripts: what follows a mark at the head of a line is an institution, whatever it is called."""
    block = ltx.authors_in_lines(
        "Nora Feld^{1,2}  Omar Haddad^{*1}", "^1UIUC  ^2Ipsum", "^{*}Equal contribution", "{nora,omar}@x.example"
    )
    assert named(block) == ("UIUC", "Ipsum")


def test_marked_affiliations_are_believed() -> None:
    """Of revtex and IEEEtran: of an address its institution; a house whose name says nothing is taken by its place."""
    block = ltx.authors_with_roles(
        ("A. Beta", ("Department of Physics, Example State University, Sampleton",)),
        (
            "B. Gamma",
            (
                'School of Electrical and<br class="ltx_break">Computer Engineering<br class="ltx_break">Georgia Institute of Technology<br class="ltx_break">Atlanta 30332',
            ),
        ),
        (
            "C. Delta",
            ('Twentieth Century Fox<br class="ltx_break">Springfield, USA<br class="ltx_break">Email: h@x.example',),
        ),
    )
    assert named(block) == ("Example State University", "Georgia Institute of Technology", "Twentieth Century Fox")


def test_the_label_of_newer_pages_is_no_name() -> None:
    """Newer pages write "Affiliation:" before each, and sometimes something that is none."""
    block = ltx.authors_with_roles(
        ("A", ("Meta AI (FAIR)",)),
        ("B", ('Project Page: <a href="https://x.example">x.example</a>', "Mila, Quebec AI Institute")),
        label=True,
    )
    assert named(block) == ("Meta AI", "Mila")


def test_acm_states_the_institution_by_itself() -> None:
    """acmart: institution, city and country are marked; only the first counts."""
    block = ltx.authors_of_acm(
        ("Dora", "Sample Technical University", "Sampleton"), ("Emil", "The Thørväld Group", "Hekla")
    )
    assert named(block) == ("Sample Technical University", "The Thørväld Group")


def test_llncs_states_them_outside_the_author_block() -> None:
    """llncs: notes before the title."""
    notes = ltx.institutes("Nominal Medical School, Placeholder City", "Dummy Imaging Center, Exampleland")
    assert named(ltx.authors_in_lines("Farid Placeholder"), before=notes) == (
        "Nominal Medical School",
        "Dummy Imaging Center",
    )


def test_notes_of_thanks_are_the_last_resort() -> None:
    """IEEE journals say in a note whom the authors are with."""
    block = (
        '<div class="ltx_authors"><span class="ltx_creator"><span class="ltx_personname">M. Shell, J. Doe</span><span class="ltx_author_notes">'
        "M. Shell was with the Department of Electrical Engineering, Georgia Institute of Technology, Atlanta, USA e-mail: m@x.example.J. Doe is with "
        "Anonymous University.Manuscript received 2005.</span></span></div>"
    )
    assert named(block) == ("Georgia Institute of Technology", "Anonymous University")


def test_commands_that_were_not_converted_are_read() -> None:
    """The keyed affiliations of elsarticle and numbered lists come as paragraphs before the first section."""
    keyed = ltx.para(
        "p1", "[a]organization=Department of Energy, University of Examples, addressline=Main St 1, city=Sampleville"
    )
    page = ltx.page(keyed, ltx.section("S1", "I", ltx.para("S1.p1", "x")), authors=ltx.authors_in_lines("First Author"))
    assert from_html(page) == ("University of Examples",)
    listed = ltx.para("p1", "1]FAIR at Meta 2]University of Examples")
    page = ltx.page(
        listed, ltx.section("S1", "I", ltx.para("S1.p1", "x")), authors=ltx.authors_in_lines("First Author")
    )
    assert from_html(page) == ("FAIR at Meta", "University of Examples")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("清华大学", ("清华大学",)),
        ("Universität Hamburg, Deutschland", ("Universität Hamburg",)),
        ("Department of Physics at the University of Somewhere", ("University of Somewhere",)),
        ("ETH Zürich, Switzerland", ("ETH Zürich",)),
        ("Microsoft Research Asia, Beijing", ("Microsoft Research Asia",)),
        ("Max-Planck-Institut für Platzhalter, 01187 Dresden", ("Max-Planck-Institut für Platzhalter",)),
        ("University of Science and Technology of China", ("University of Science and Technology of China",)),
        ("Texas A&amp;M University", ("Texas A&M University",)),
        ("Specimen Robotics Inc.", ("Specimen Robotics Inc.",)),
        ("Lena Prototype", ()),
        ("Work done while an intern at Fixture University", ()),
    ],
)
def test_names_as_they_come(line: str, expected: tuple[str, ...]) -> None:
    """A line is an institution by its words, in several languages; people and remarks are none."""
    assert named(ltx.authors_in_lines("Ada Testwell", line)) == expected


def test_the_same_house_is_named_once() -> None:
    """Case, commas and repetition make no second institution."""
    block = ltx.authors_with_roles(
        ("A", ("Example University",)), ("B", ("EXAMPLE UNIVERSITY,",)), ("C", ("Example University",))
    )
    assert named(block) == ("Example University",)


@pytest.mark.parametrize("html", ["", "<html></html>", "not even markup", '<div class="ltx_document"></div>'])
def test_a_page_that_states_none_gives_none(html: str) -> None:
    """No institution is invented, neither from other pages nor from the text."""
    assert from_html(html) == ()
    assert named(ltx.authors_in_lines("Albert Q. Jiang", "Alexandre Sablayrolles")) == ()


EXPECTED = {
    "2602.90001": ("Example University", "Placeholder Institute for Machine Learning", "Fixture Labs"),
    "2602.90002": ("Sample Technical University", "Mock Search Company"),
    "2602.90003": ("Nominal Medical School", "Dummy Imaging Center"),
    "2602.90004": ("Example State University", "Center for Fictional Complex Systems"),
    "2602.90005": ("Example Institute of Technology", "Specimen Robotics Inc."),
    "2602.90006": ("University of Placeholder", "Ipsum AI"),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_pages_made_by_latexml(name: str) -> None:
    """The world's six pages, of five classes, give what their authors state."""
    program = find_world()
    if program is None:
        pytest.skip("needs the replay world")
    html = (program.parent / "synthetic" / "html" / f"{name}.html").read_text("utf-8")
    assert from_html(html) == EXPECTED[name]
