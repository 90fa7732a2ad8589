from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from babel.lists import format_list
from jinja2 import Environment

from bot.chat.classic import messages
from bot.chat.layouts import classic_body as body
from bot.chat.layouts import rows
from bot.chat.plain import plain_text
from bot.chat.templating import Templates
from bot.chat.tree import Table, buttons, inline_text
from bot.chat.views import LONGEST_TOAST, Views
from bot.digest import DigestView, QuietView
from bot.errors import EmptyListing, NoDigest, UnknownPaper, UnknownTimezone
from bot.learning import Learned
from bot.model import ChatKind, JudgedPaper, ListingState, Reason, ReasonKind, Tally, VerdictKind
from bot.reading import CardView
from bot.report import Report
from bot.schedule import QuietKind
from tests.support import builders as a
from tests.support.telegram_html import read
from tests.support.views import ABSTRACT_CARD, LISTINGS, LOCAL_CARD, PROFILE, READ_ROWS, ROWS, SOON, TRIED

views = Views(Templates(lambda key, language: f"{key}/{language}", lambda code: code))


def latex_line(latex: str) -> str:
    """Formulas as they are."""
    return latex


async def test_what_is_seen_first_is_compiled_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what it takes in: nobody who presses first waits for that."""
    fresh = Views(Templates(lambda key, language: f"{key}/{language}", lambda code: code))
    await fresh.get_ready()
    compiled: list[str] = []
    compile_ = Environment.compile

    def noting(self: Environment, *given: Any, **named: Any) -> Any:
        compiled.append(str(named))
        return compile_(self, *given, **named)

    monkeypatch.setattr(Environment, "compile", noting)
    for language in ("en", "zh"):
        view = DigestView(a.chat(language=language), a.digest(rows=ROWS, listings=LISTINGS), PROFILE)
        fresh.digest(view)
        fresh.card(CardView(view.chat, a.paper(1), LOCAL_CARD, Tally(0, 0, 0), None), 7)
    assert compiled == []
    fresh.templates.line("folded", "en", paper="2602.00001v1")
    assert len(compiled) == 1


def test_a_digest_has_note_table_states_and_a_button_per_row() -> None:
    """What the chat gets for a day: why these, the ranked table, what was missing, what came late."""
    view = DigestView(a.chat(language="en"), a.digest(rows=ROWS, listings=LISTINGS, late=LISTINGS[2:3]), PROFILE)
    document = views.digest(view)
    (table,) = [block for block in document.blocks if isinstance(block, Table)]
    assert [inline_text(cell.inlines) for cell in table.header] == ["No.", "Paper", "Institution · Direction", "Heat"]
    assert len(table.rows) == 3
    assert [button.data for button in buttons(document.blocks)] == [
        "1u|2602.14080v1",
        "1u|2602.14979v2",
        "1u|hep-th/9901001v3",
    ]
    (message,) = messages(document, latex_line)
    text = read(message.html).text
    assert text.startswith("Wednesday, 18 February 2026\n\n3 of 412 announced, because of “factuality”")
    assert "matches “factuality” from your interests; you liked 2 similar papers\n" in text
    assert "\ncs.RO/en\n" in text
    assert "cs.AI: arXiv asks us to wait (too many requests)" in text
    assert "Also considers what was missing before: cs.AI of 18 Feb." in text


def test_a_reason_says_more_than_the_column_of_heat_beside_it() -> None:
    """Where attention is all that speaks for a paper, its category stands with it; where there is more, neither does."""
    seen = (Reason(ReasonKind.HEAT, "", 0.25, 31), Reason(ReasonKind.CATEGORY, "cs.RO", 0.02))
    liked = Reason(ReasonKind.INTEREST, "GRPO", 0.75, 1)
    lines = (a.row(1, reasons=seen), a.row(2, reasons=(liked, *seen)))
    document = views.digest(DigestView(a.chat(language="en"), a.digest(rows=lines), PROFILE))
    (table,) = [block for block in document.blocks if isinstance(block, Table)]
    assert [inline_text(line.note) for line in table.rows] == [
        "31 upvotes; in cs.RO, one of your categories",
        "matches “GRPO” from your interests",
    ]


def test_what_a_table_says_of_a_paper_is_never_of_another_day_or_language() -> None:
    """What is kept of a row's cells is told again only where all that they tell is the same."""
    before = a.row(1, heat=3, institution="A & B")
    changed = (
        replace(before, rank=2),
        replace(before, heat=4),
        replace(before, heat=None),
        replace(before, version=before.version + 1),
        replace(before, title="$x^2$ & another title"),
        replace(before, institution=""),
        replace(before, direction="cs.IR"),
    )
    for row in (before, *changed, before):
        for language in ("en", "zh"):
            view = DigestView(a.chat(language=language), a.digest(rows=(row, before)), PROFILE)
            alone = Views(Templates(lambda key, language: f"{key}/{language}", lambda code: code))
            assert views.digest(view) == alone.digest(view)
            report = Report(a.DAY, {}, 412, (row, before), PROFILE, ())
            assert views.report(report, language) == alone.report(report, language)


def test_names_are_listed_as_their_language_lists_them() -> None:
    """English has a comma and an "and" as CLDR says, Chinese one mark between all; text stays text."""
    for near in (("A & B", "{C}"), ("A & B", "{C}", "D"), ("A & B", "{C}", "D", "E")):
        error = UnknownTimezone("X", near)
        assert f"Near it: {format_list(near, locale='en_GB')}." in views.error_line(error, "en")
        assert "、".join(near) in views.error_line(error, "zh")
    assert "Near it: A & B." in views.error_line(UnknownTimezone("X", ("A & B",)), "en")


@pytest.mark.parametrize("kind", QuietKind)
def test_a_quiet_day_is_one_line(kind: QuietKind) -> None:
    """An hour without a table is told in a single line."""
    listings = (a.listing(state=ListingState.THROTTLED, detail="http-429"),)
    view = QuietView(a.chat(), kind, a.DAY, listings, a.DAY, SOON)
    (message,) = messages(views.quiet(view), latex_line)
    assert "\n" not in read(message.html).text
    assert message.keyboard == ()


def test_a_card_says_where_it_comes_from() -> None:
    """Quotes link to their place, the source is named, and nobody takes it for a human's work."""
    view = CardView(a.chat(), a.paper(1), LOCAL_CARD, Tally(mine=VerdictKind.SAVE), a.heat())
    parts = messages(views.card(view, 17), latex_line)
    seen = [read(part.html) for part in parts]
    text = "\n".join(one.text for one in seen)
    links = {link for one in seen for link in one.links}
    assert "Read from the full text." in text
    assert "no human has checked it" in text
    assert "https://arxiv.org/html/2602.00001v1#S3.p1" in links
    assert rows(parts[-1].keyboard)[0] == [{"text": "∑ Formulas as a picture", "data": "1i|2602.00001v1"}]
    assert rows(parts[-1].keyboard)[1] == [
        {"text": "👍", "data": "1v|like|2602.00001v1|17"},
        {"text": "👎", "data": "1v|dislike|2602.00001v1|17"},
        {"text": "🔖 ✓", "data": "1v|save|2602.00001v1|17"},
        {"text": "Why?", "data": "1k|2602.00001"},
        {"text": "Fold", "data": "1f|2602.00001v1|17"},
    ]
    assert [button["text"] for button in rows(parts[-1].keyboard)[2]] == ["arXiv", "PDF", "HTML"]


def test_a_card_of_the_abstract_says_so() -> None:
    """Where only the abstract was read, the card says that and links no HTML."""
    view = CardView(a.chat(language="zh"), a.paper(3), ABSTRACT_CARD, Tally(), None)
    (message,) = messages(views.card(view, 0), latex_line)
    assert "仅依据摘要" in message.html
    assert [button.label for button in message.keyboard[1]] == ["arXiv", "PDF"]


def test_a_group_sees_numbers_and_a_reader_a_mark() -> None:
    """A verdict button shows the own state in private, and how many said it elsewhere."""
    tally = Tally(like=3, dislike=0, save=1, mine=VerdictKind.LIKE)
    assert [views.verdict(kind, tally, a.chat()) for kind in VerdictKind] == ["👍 ✓", "👎", "🔖"]
    group = a.chat(kind=ChatKind.GROUP)
    assert [views.verdict(kind, tally, group) for kind in VerdictKind] == ["👍 3", "👎", "🔖 1"]


def test_a_report_is_the_day_with_its_cards() -> None:
    """What the command line prints: note, table, listings that are missing, and the cards that were asked for."""
    report = Report(a.DAY, {one.category: one for one in LISTINGS}, 412, READ_ROWS[:3], PROFILE, (LOCAL_CARD,))
    text = plain_text(views.report(report, "en"), latex_line, 100)
    for expected in (
        "Wednesday, 18 February 2026",
        "3 of 412 announced",
        "Motivation",
        "cs.RO: arXiv's page could not",
    ):
        assert expected in text
    assert "Fold" not in text


def test_errors_are_told_by_their_own_or_a_wider_sentence() -> None:
    """A narrower error without words of its own is told in those of the wider one."""
    assert "arXiv has no paper 2602.99999" in views.error_line(UnknownPaper("2602.99999"), "en")
    assert "cannot be read" in views.error_line(EmptyListing("arXiv", "2026-02-18"), "en")
    assert len(views.error_line(NoDigest("2026-02-18", ("2026-02-17",) * 60), "en")) == LONGEST_TOAST


def test_words_for_the_command_line() -> None:
    """Reasons and tags are said in the language that was asked for."""
    assert views.reasons(ROWS[0], "zh") == "符合你兴趣中的“factuality”；你赞过 2 篇相似论文；31 个赞"
    assert (views.tag("code", "zh"), views.tag("cs.LG", "zh")) == ("代码", "cs.LG")


def test_a_body_is_plain_values() -> None:
    """What is written to the ledger of deliveries can be read back by any later version."""
    (message,) = messages(views.digest(DigestView(a.chat(), a.digest(), PROFILE)), latex_line)
    assert body(message) == {
        "text": message.html,
        "keyboard": [[{"text": "1", "data": "1u|2602.00001v1"}, {"text": "2", "data": "1u|2602.00002v1"}]],
    }


@pytest.mark.parametrize(
    ("zone", "english", "chinese"),
    [
        ("UTC", "UTC", "UTC"),
        ("EST", "EST", "EST"),
        ("Etc/GMT-8", "UTC+8", "UTC+8"),
        ("Etc/GMT+3", "UTC-3", "UTC-3"),
        ("Asia/Kolkata", "Kolkata", "加尔各答"),
        ("America/New_York", "New York", "纽约"),
        ("America/Argentina/Buenos_Aires", "Buenos Aires", "布宜诺斯艾利斯"),
    ],
)
def test_a_zone_is_called_as_its_people_call_it(zone: str, english: str, chinese: str) -> None:
    """A zone is told by its city in the chat's language, an offset as it was written and not as POSIX turns it round."""
    for language, name in (("en", english), ("zh", chinese)):
        chat = a.chat(language=language, timezone=zone)
        assert views.templates.line("time", language, chat=chat).startswith(
            f"{'Hour: ' if language == 'en' else '时间：'}08:00"
        )
        assert name in views.templates.line("time", language, chat=chat)
    if zone.startswith("Etc/"):
        assert "Etc/" not in views.templates.line("timezone", "en", chat=a.chat(timezone=zone))


def test_a_profile_tells_each_judged_paper_once() -> None:
    """What several members of a group said of one paper stands in one line."""
    paper, other = a.paper(9, title="Twice judged"), a.paper(10, title="Once judged")
    said = (
        (paper, 7, VerdictKind.SAVE),
        (paper, 8, VerdictKind.SAVE),
        (other, 7, VerdictKind.LIKE),
        (paper, 9, VerdictKind.LIKE),
    )
    judged = tuple(JudgedPaper(one, reader, kind, a.NOW) for one, reader, kind in said)
    profile = replace(PROFILE, judged=judged)
    told = views.templates.line(
        "profile",
        "en",
        chat=a.chat(),
        profile=profile,
        verdicts=dict.fromkeys(VerdictKind, 0),
        learned=Learned(a.chat(), profile, papers=judged[1:]),
        names={},
        numbers=None,
    )
    assert told.partition("✕ takes")[0].count("Twice judged") == 1
    assert "🔖 👍 Twice judged" in told
    assert "👍 Once judged" in told


@pytest.mark.parametrize("subscribed", [True, False])
def test_chinese_sentences_stand_without_a_blank_between_them(subscribed: bool) -> None:
    """What is subscribed or not is one line, what follows from it the next: Chinese puts no blank after its full stop."""
    chat = a.chat(language="zh", subscribed=subscribed, next_at=a.NOW if subscribed else None)
    (message,) = messages(views.templates.render("subscription", "zh", chat=chat), latex_line)
    assert "。 " not in read(message.html).text


def test_a_row_that_is_tried_out_says_so() -> None:
    """What stands in a table to teach us something is labelled, with the learned words and the model's sentence."""
    told = views.reasons(TRIED, "en")
    assert told.startswith("to learn your taste: ")
    assert "speaks of “reward <models>”, as papers that you liked do" in told
    assert "It proves a bound that you asked for." in told
    assert "to learn your taste" not in views.reasons(ROWS[0], "en")
