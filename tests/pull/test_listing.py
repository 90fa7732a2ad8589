"""An arXiv announcement page is read whole or not at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bot.errors import CountMismatch, Malformed
from bot.model import Announcement, Counts, Kind
from bot.pull.listing import assemble, parse
from tests.support.arxiv_pages import Listed, catchup_page, invented, new_page

DAY = date(2026, 2, 18)


def test_an_entry_is_read_with_all_its_fields() -> None:
    """Every field of a listed paper arrives, with entities decoded and white space tidied."""
    entry = Listed(
        id="2602.14080",
        title="Empty Shelves &amp; Lost\n   Keys: $\\mathcal{O}(n^2)$ &lt;ü&gt;",
        authors=("Łukasz Żółć", "王 小明", "J. R. O&#39;Neil"),
        abstract='First line.\n<br>Second at <a href="https://x.org/a?b=1&amp;c=2">this https URL</a>.',
        subjects=(
            "Computation and Language (cs.CL)",
            "High Energy Physics - Theory (hep-th)",
            "Materials Science (cond-mat.mtrl-sci)",
        ),
        version=3,
        comments='12 pages; code: <a href="https://github.com/a/b">this https URL</a>; see <a href="/abs/2401.00001">arXiv:2401.00001</a>',
        journal_ref="Proc. of X <b>12</b> (2026)",
    )
    page = parse(new_page(DAY, [entry]), "cs.CL")
    (only,) = page.entries
    assert only.kind is Kind.NEW
    paper = only.paper
    assert paper.id == "2602.14080"
    assert paper.version == 3
    assert paper.title == "Empty Shelves & Lost Keys: $\\mathcal{O}(n^2)$ <ü>"
    assert paper.authors == ("Łukasz Żółć", "王 小明", "J. R. O'Neil")
    assert paper.abstract == "First line. Second at https://x.org/a?b=1&c=2."
    assert paper.categories == ("cs.CL", "hep-th", "cond-mat.mtrl-sci")
    assert paper.comments == "12 pages; code: https://github.com/a/b; see arXiv:2401.00001"
    assert paper.journal_ref == "Proc. of X 12 (2026)"
    assert paper.has_html is True
    assert paper.published is None


def test_what_an_entry_lacks_is_empty() -> None:
    """A paper without authors, comments, HTML or known subject codes is kept, with nothing invented for them."""
    entry = Listed(id="hep-th/9901001", authors=(), subjects=("Brand New Science", "cs.XX"), version=None)
    paper = parse(new_page(DAY, [entry]), "cs.LG").entries[0].paper
    assert (paper.id, paper.authors, paper.comments, paper.has_html) == ("hep-th/9901001", (), "", False)
    assert paper.categories == ("Brand New Science", "cs.XX")


def test_a_colon_behind_a_teams_name_is_nobody() -> None:
    """“GLM-5 Team, :, Aohan Zeng” has two authors."""
    entry = Listed(id="2602.15763", authors=("GLM-5 Team", ":", "Aohan Zeng"))
    assert parse(new_page(DAY, [entry]), "cs.LG").entries[0].paper.authors == ("GLM-5 Team", "Aohan Zeng")


@pytest.mark.parametrize(
    ("kind", "linked", "version"),
    [("new", None, 1), ("cross", None, 1), ("replace", None, 2), ("replace", 7, 7), ("cross", 3, 3)],
)
def test_the_version_is_that_of_the_html_link_or_the_least_possible(
    kind: str, linked: int | None, version: int
) -> None:
    """Without a link a new or cross-listed paper counts as version 1, a replacement as version 2."""
    page = parse(new_page(DAY, [Listed("2602.00001", kind=kind, version=linked)]), "cs.LG")
    assert page.entries[0].paper.version == version


def test_a_link_to_html_without_a_version_is_a_link() -> None:
    """The paper has HTML; its version is then the least possible."""
    html = new_page(DAY, [Listed("2602.00001", version=5)]).replace("/html/2602.00001v5", "/html/2602.00001")
    paper = parse(html, "cs.LG").entries[0].paper
    assert (paper.has_html, paper.version) == (True, 1)


def test_sections_dates_and_counts_are_those_of_the_page() -> None:
    """The date, the three sections and their counts come from the page's own words."""
    listed = invented(90)
    page = parse(new_page(DAY, listed), "cs.LG")
    assert page.date == DAY
    assert page.declared == page.shown == Counts(30, 30, 30)
    assert page.total == 90
    assert [entry.kind.value for entry in page.entries] == [each.kind for each in listed]
    whole = assemble([page])
    assert whole.declared == Counts(30, 30, 30)
    assert [paper.id for paper in whole.papers] == [each.id for each in listed]
    assert whole.announcements[31] == Announcement("2602.00031", whole.papers[31].version, "cs.LG", DAY, Kind.CROSS)


def test_the_older_wording_of_headings_is_understood() -> None:
    """“New submissions for Wednesday, 18 February 2026 (showing 1 of 1 entries )” is a section like the others."""
    html = new_page(DAY, [Listed("2602.00001")]).replace(
        "New submissions (showing 1 of 1 entries)",
        "New submissions for Wednesday, 18 February 2026 (showing 1 of 1 entries )",
    )
    assert parse(html, "cs.LG").declared == Counts(1, 0, 0)


@pytest.mark.parametrize("size", [25, 50, 100])
def test_pages_are_put_together(size: int) -> None:
    """A listing read in pages of any size is the same as the listing read at once."""
    listed = invented(131)
    pages = [parse(new_page(DAY, listed, skip=skip, show=size), "cs.LG") for skip in range(0, 131, size)]
    assert assemble(pages) == assemble([parse(new_page(DAY, listed), "cs.LG")])


def test_a_missing_page_is_noticed() -> None:
    """Pages that together hold less than they declare give no listing, whichever page is missing."""
    listed = invented(131)
    pages = [parse(new_page(DAY, listed, skip=skip, show=50), "cs.LG") for skip in range(0, 131, 50)]
    for missing in range(3):
        with pytest.raises(CountMismatch):
            assemble(pages[:missing] + pages[missing + 1 :])


def test_pages_of_different_days_are_refused() -> None:
    """When the announcement comes between two requests, the pages do not make one listing."""
    listed = invented(60)
    first = parse(new_page(DAY, listed, show=50), "cs.LG")
    second = parse(new_page(date(2026, 2, 19), listed, skip=50, show=50), "cs.LG")
    with pytest.raises(Malformed, match="pages-disagree"):
        assemble([first, second])


def test_pages_that_overlap_are_refused() -> None:
    """When entries move to the next page between two requests, the listing is not taken though its count is right."""
    listed = invented(60)
    late = replace(listed[20], id="2602.99999")
    moved = [*listed[:20], late, *listed[20:39], *listed[40:]]
    first = parse(new_page(DAY, listed, show=25), "cs.LG")
    rest = [parse(new_page(DAY, moved, skip=skip, show=25), "cs.LG") for skip in (25, 50)]
    with pytest.raises(Malformed, match="pages-overlap"):
        assemble([first, *rest])


def test_a_paper_listed_twice_keeps_both_announcements() -> None:
    """A paper that is cross-listed and replaced on one day has both announcements, and once the same version."""
    twice = [
        Listed("2602.00001"),
        Listed("2601.00009", kind="cross", version=2),
        Listed("2601.00009", kind="replace", version=2),
    ]
    whole = assemble([parse(new_page(DAY, twice), "cs.LG")])
    assert [paper.id for paper in whole.papers] == ["2602.00001", "2601.00009"]
    assert [(each.paper_id, each.kind) for each in whole.announcements[1:]] == [
        ("2601.00009", Kind.CROSS),
        ("2601.00009", Kind.REPLACE),
    ]


@pytest.mark.parametrize("more", [1, 7, 2000])
def test_a_page_that_declares_more_than_it_shows_is_refused(more: int) -> None:
    """Declared and parsed counts must agree; the error names the section and both numbers."""
    with pytest.raises(CountMismatch) as caught:
        assemble([parse(new_page(DAY, invented(9), declare_more=more), "cs.LG")])
    assert (caught.value.section, caught.value.declared, caught.value.parsed) == ("new", 3 + more, 3)


def test_a_page_cut_off_anywhere_is_refused() -> None:
    """However much of a page arrives, nothing but the whole of it is taken."""
    html = new_page(DAY, invented(12))
    for percent in range(100):
        with pytest.raises((Malformed, CountMismatch)):
            assemble([parse(html[: len(html) * percent // 100], "cs.LG")])
    assert len(assemble([parse(html, "cs.LG")]).papers) == 12


@pytest.mark.parametrize(
    "html",
    [
        "",
        "Rate exceeded.",
        "<html><head><title>Just a moment...</title></head><body><h1>Verifying you are human</h1></body></html>",
        "<html><body><h1>arXiv is down on 18 February 2026</h1></body></html>",
        "{}",
    ],
)
def test_something_else_is_not_a_listing(html: str) -> None:
    """A challenge page, a notice or plain text is malformed, never an empty listing."""
    with pytest.raises(Malformed, match="no-listing"):
        parse(html, "cs.LG")


def test_an_entry_without_id_or_title_is_malformed() -> None:
    """An entry that cannot be read is an error, not a paper less."""
    html = new_page(DAY, [Listed("2602.00001"), Listed("2602.00002")])
    for broken in (html.replace("/abs/2602.00002", "/abs/"), html.replace("list-title", "list-headline", 1)):
        with pytest.raises(Malformed, match="unreadable-entry"):
            parse(broken, "cs.LG")


def test_a_quiet_page_says_so() -> None:
    """“No updates” without entries is quiet; the catch-up page links to the next announcement day."""
    page = parse(catchup_page(date(2026, 2, 14), [], next_day=date(2026, 2, 16)), "cs.LG")
    assert (page.date, page.quiet, page.total, page.entries) == (date(2026, 2, 14), True, 0, ())
    assert page.next_day == date(2026, 2, 16)
    empty = parse(new_page(DAY, []), "cs.LG")
    assert (empty.date, empty.quiet, empty.total) == (DAY, True, None)


def test_words_of_a_paper_are_not_taken_for_words_of_the_page() -> None:
    """A paper may talk of totals, updates and headings without confusing the page's own counts."""
    sly = Listed(
        "2602.00001",
        title="No updates today: Total of 999 entries",
        abstract="New submissions (showing 5 of 5 entries). Showing new listings for Friday, 1 January 2027. &lt;/html&gt;",
        comments="<a href='/catchup/cs.LG/2027-01-01'>Continue</a>",
    )
    page = parse(catchup_page(DAY, [sly]), "cs.LG")
    assert (page.date, page.total, page.declared, page.quiet) == (DAY, 1, Counts(1, 0, 0), False)
    assert page.next_day is None


def test_withdrawn_papers_are_kept_with_their_comment() -> None:
    """A withdrawal is a replacement whose comment says so."""
    gone = replace(
        Listed("2501.00001", kind="replace", version=None), comments="This paper has been withdrawn by Ada Lovelace"
    )
    entry = parse(new_page(DAY, [gone]), "cs.LG").entries[0]
    assert entry.kind is Kind.REPLACE
    assert entry.paper.comments.startswith("This paper has been withdrawn")
