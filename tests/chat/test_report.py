"""A day as one document: its order, every form of it, and /report in a chat."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.classic import messages as classic
from bot.chat.markdown import markdown
from bot.chat.plain import plain_text
from bot.chat.templating import Templates
from bot.chat.tree import Document, Heading, Table, inline_text, walk
from bot.chat.views import Views
from bot.model import Card, Claim, Row
from bot.playground.control import Playground
from bot.playground.errors import ApiError
from bot.playground.state import Chat, Message, Role, User
from bot.report import Report
from tests.support import builders as a
from tests.support.chat_bot import ChatBot
from tests.support.views import ABSTRACT_CARD, EMPTY_CARD, LISTINGS, LOCAL_CARD, MODEL_CARD, PROFILE, READ_ROWS

views = Views(Templates(lambda key, language: f"{key}/{language}", lambda code: code))

SECTIONS = {
    "en": [
        "Basic facts", "Motivation", "Why now", "Hypotheses", "Method", "Experiments", "Conclusions", "Severe critique", "Impact",
    ],
    "zh": ["基本信息", "动机", "为何是现在", "假设", "方法", "实验", "结论", "严格评审", "影响"],
}  # fmt: skip
ENDS = {"en": ["All at a glance", "Most noteworthy"], "zh": ["总览", "最值得关注"]}
CARDS = (LOCAL_CARD, MODEL_CARD, ABSTRACT_CARD, EMPTY_CARD)


def report(rows: tuple[Row, ...] = READ_ROWS, cards: tuple[Card, ...] = CARDS) -> Report:
    """A day of papers in every state that a card has."""
    papers = tuple(a.paper(1, id=card.paper_id, published=a.NOW) for card in cards)
    return Report(a.DAY, {one.category: one for one in LISTINGS}, 412, rows, PROFILE, cards, papers)


def headings(document: Document) -> list[tuple[int, str]]:
    """The outline."""
    return [(b.level, inline_text(b.inlines)) for b in walk(document.blocks) if isinstance(b, Heading)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_report_has_its_parts_in_order_also_where_they_are_empty(language: str) -> None:
    """Note, table, a chapter per paper with all nine sections, the closing table, the noteworthy two: in this order."""
    document = views.report(report(), language)
    (_, title), (_, table), *rest = headings(document)
    assert "2026" in title
    assert table in ("Table", "总表")
    chapters = [(2, f"{row.rank} · {row.title}") for row in READ_ROWS]
    expected = [one for chapter in chapters for one in (chapter, *((3, name) for name in SECTIONS[language]))]
    assert [(level, text.replace("$", "")) for level, text in rest] == [
        (level, text.replace("$", "")) for level, text in expected
    ] + [(2, name) for name in ENDS[language]]
    first, *_, last = [block for block in walk(document.blocks) if isinstance(block, Table)]
    assert [len(first.header), len(first.rows), len(last.header), len(last.rows)] == [5, 4, 5, 4]


def test_nothing_is_left_out_in_silence() -> None:
    """A card in which nothing was found says so in every section; a paper without a card is still there."""
    text = plain_text(views.report(report(READ_ROWS[3:], (EMPTY_CARD,)), "en"), str, 100)
    for name in ("Baselines", "Datasets", "Metrics", "Setup", "Results", "As a formula"):
        assert f"{name}: not stated in the text" in text
    for name in ("Strengths", "Problems", "Kind of impact", "Novelty", "Recommendation"):
        assert f"{name}: not assessed" in text
    assert "stars were not assessed" in text
    missing = plain_text(views.report(report(READ_ROWS, (EMPTY_CARD,)), "en"), str, 100)
    assert missing.count("could not be read now") == 3


def test_the_closing_table_and_the_noteworthy_papers_tell_numbers() -> None:
    """Stars, kind of impact and what needs verification come from the cards; the reasons are what decided."""
    text = markdown(views.report(report(), "en"))
    closing = text.split("## All at a glance")[1]
    assert "★★★★☆ | method | ★★★☆☆" in closing
    assert re.search(r"yes: \d+ of \d+ statements", closing)
    assert "recommendation ★★★☆☆, worth a look at its main result" in closing
    assert closing.count("\n1. ") == closing.count("\n2. ") == 1
    assert "\n3. " not in closing
    for _, reasons in re.findall(r"\n\d\. \*\*(.+?)\*\*: (.+)", closing):
        assert re.search(r"No\. \d in the table: \w+", reasons)


def test_stars_keep_their_names_where_a_table_is_written_as_lines() -> None:
    """In the classic form nobody has to guess which stars are the novelty's, and no button belongs to a paper unnamed."""
    messages = classic(views.report(report(), "en"), str)
    told = "".join(message.html for message in messages).split("All at a glance")[1]
    assert "Novelty ★★★★☆" in told
    assert "Recommendation ★★★☆☆" in told
    assert not [button for message in messages for row in message.keyboard for button in row if button.url]


# --------------------------------------------------------------------------- forms


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag."""
        self.tags.append((tag, dict(attrs)))


def formulas(page: str) -> Iterator[str]:
    """The MathML in a page."""
    return (match[0] for match in re.finditer(r"<math.*?</math>", page, re.DOTALL))


def test_a_page_needs_nothing_besides_itself() -> None:
    """No script, no picture, no style sheet, no font from elsewhere; only links that somebody follows."""
    page = views.page(views.report(report(), "zh"), "zh")
    seen = Page(page).tags
    assert not {tag for tag, _ in seen} & {
        "script",
        "link",
        "img",
        "iframe",
        "object",
        "embed",
        "video",
        "audio",
        "form",
    }
    assert [tag for tag, attrs in seen if any(name in ("src", "srcset", "style", "onclick") for name in attrs)] == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page
    assert '<html lang="zh">' in page


def test_the_contents_lead_to_every_part() -> None:
    """Each part of a page has an anchor, and the list before the first part names them all in order."""
    page = views.page(views.report(report(), "en"), "en")
    seen = Page(page).tags
    anchors = [attrs["id"] for tag, attrs in seen if tag == "h2"]
    links = [str(attrs["href"])[1:] for tag, attrs in seen if tag == "a" and str(attrs.get("href")).startswith("#")]
    assert anchors == links == [f"part-{number}" for number in range(1, len(READ_ROWS) + 4)]
    assert page.index("3 of" if "3 of" in page else "412") < page.index("<nav") < page.index("<h2")
    short = views.page(views.printed_card(LOCAL_CARD, None, None, "en"), "en")
    assert "<nav" not in short


def test_formulas_are_mathml_in_a_page_and_dollars_in_markdown() -> None:
    """Every formula of a page is well-formed MathML; Markdown keeps the LaTeX, and a broken one stays readable."""
    document = views.report(report(), "en")
    found = list(formulas(views.page(document, "en")))
    assert len(found) >= 3
    for formula in found:
        assert ET.fromstring(formula).tag == "math"  # noqa: S314 - our own page
    assert any("mtable" in formula for formula in found)
    text = markdown(document)
    assert "$$\n\\text{Fact}_i" in text
    assert "$\\theta$" in text
    assert "\\frac{a}{b" in text


NASTY = '<script>alert(1)</script> <tg-button type="x">[a](javascript:b)</tg-button> **b** | `c` $x$ </p></table> \u202e\ud800'


def poisoned(text: str) -> Report:
    """A report with the text in every place that comes from outside."""
    claim = a.claim(text, anchor=text, section=text)
    card = replace(
        LOCAL_CARD,
        title=text,
        authors=(text, text),
        institutions=(text,),
        tags=(text,),
        method=(claim,),
        impact=(Claim(text),),
        conclusions=(replace(claim, text="other"),),
    )
    row = replace(READ_ROWS[0], title=text, institution=text, authors=(text,), direction=text)
    return report((row,), (card,))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_text_from_outside_is_never_markup(language: str) -> None:
    """Tags, buttons, Markdown, table bars and broken Unicode are shown as what they are, in every form."""
    document = views.report(poisoned(NASTY), language)
    page = views.page(document, language)
    assert not {tag for tag, _ in Page(page).tags} & {"script", "tg-button"}
    assert "javascript:" not in [str(attrs.get("href"))[:11] for _, attrs in Page(page).tags]
    page.encode()
    text = markdown(document)
    text.encode()
    bare = re.sub(r"(?<![\\`])(`+)(?!`).+?(?<!`)\1(?!`)", "", text)  # without code, where everything is as it is
    assert "<script" not in bare.replace("\\<", "")
    assert "[a](javascript" not in bare
    columns = [len(re.findall(r"(?<!\\)\|", line)) - 1 for line in text.split("\n") if line.startswith("| ")]
    assert {5} <= set(columns) <= {4, 5}  # the two tables of the day, and results where they are a table
    plain_text(document, str, 80).encode()


@settings(max_examples=25)
@given(
    st.text(st.characters(exclude_categories=()), max_size=60)
    | st.sampled_from(("$\\frac{", "<b>", "]]>", "&#0;", "|" * 9))
)
def test_whatever_a_paper_says_there_is_a_report(text: str) -> None:
    """No text breaks a form of the report, and none of it becomes a tag of the page."""
    document = views.report(poisoned(text), "en")
    known = {tag for tag, _ in Page(views.page(views.report(poisoned("x"), "en"), "en")).tags}
    mathematics = {"math", "mrow", "mi", "mo", "mn", "msub", "msup", "mtext", "mspace", "mfrac", "mstyle"}
    assert {tag for tag, _ in Page(views.page(document, "en")).tags if not tag.startswith("m")} <= known | mathematics
    markdown(document).encode()


# --------------------------------------------------------------------------- in a chat


@pytest.fixture
async def table(bot: ChatBot, playground: Playground, private: Chat, ada: User) -> Message:
    """A table of three papers in Ada's chat."""
    await playground.user_sends(private, ada, "/categories cs.LG")
    await playground.wait_for_message(private, "cs.LG")
    await bot.announce(3)
    await playground.user_sends(private, ada, "/digest")
    return await playground.wait_for_message(private, "3 of 3 announced")


async def the_file(playground: Playground, chat: Chat, ending: str) -> Message:
    """The bot's message with a file of this ending."""

    def found() -> list[Message]:
        return [
            m for m in playground.messages(chat, by_bot=True) if m.attachment and m.attachment.name.endswith(ending)
        ]

    await playground.wait_for(lambda: bool(found()))
    return found()[-1]


def content(message: Message) -> str:
    """What its file says."""
    assert message.attachment is not None
    return message.attachment.content.decode()


async def test_a_report_comes_as_messages_and_as_a_page(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """/report tells how far it is, brings the document in order and once, then the page; nothing of the telling stays."""
    await playground.user_sends(private, ada, "/report")
    page = await the_file(playground, private, ".html")
    after = [m for m in playground.messages(private, by_bot=True) if m.id > table.id]
    text = "\n".join(m.plain for m in after)
    assert [text.count(f"{n} · Paper {n}\n") for n in (1, 2, 3)] == [2, 2, 2]  # its chapter, its line in the end
    assert text.count("Severe critique") == 3
    order = [
        "Report for",
        "3 of 3 announced",
        "1 · Paper 1",
        "2 · Paper 2",
        "3 · Paper 3",
        "All at a glance",
        "Most noteworthy",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert after[-1] is page
    assert page.attachment is not None
    assert page.attachment.name == f"paperboy-{a.DAY}.html"
    assert content(page).startswith("<!DOCTYPE html>")
    told = [call.arguments.text("text") for call in bot.calls("sendMessage") + bot.calls("editMessageText")]
    assert [line for line in told if line.startswith("Reading paper")] == [
        f"Reading paper {n} of 3 …" for n in (1, 2, 3)
    ]
    assert "Reading paper" not in text


async def test_the_page_has_a_button_for_markdown(
    playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """The button under the page sends the same day as Markdown."""
    await playground.user_sends(private, ada, f"/report {a.DAY}")
    page = await the_file(playground, private, ".html")
    press = await playground.press(private, ada, page.id, "Markdown")
    text = content(await the_file(playground, private, ".md"))
    await playground.wait_for_answer(press)
    assert text.startswith("# Report for")
    assert "## Most noteworthy" in text
    assert page.id > table.id


async def test_a_rich_chat_gets_a_rich_report(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """Where the chat shows rich messages, the report is one, with its tables, and the page follows all the same."""
    await bot.desk.subscriptions.set_layout((await bot.chat(private)).id, "rich")
    await playground.user_sends(private, ada, "/report")
    page = await the_file(playground, private, ".html")
    after = [m for m in playground.messages(private, by_bot=True) if table.id < m.id < page.id]
    assert [bool(m.rich) for m in after] == [True]
    assert after[0].rich is not None
    assert [block["type"] for block in after[0].rich.blocks].count("table") == 2
    assert "Most noteworthy" in after[0].plain


async def test_a_server_without_rich_messages_gets_the_whole_report_once(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """Where the server refuses the rich report, the classic messages bring it, complete and once."""
    await bot.desk.subscriptions.set_layout((await bot.chat(private)).id, "rich")
    playground.refuse("sendRichMessage", ApiError(404, "Not Found: method not found"), times=99)
    await playground.user_sends(private, ada, "/report")
    page = await the_file(playground, private, ".html")
    after = [m for m in playground.messages(private, by_bot=True) if table.id < m.id < page.id]
    text = "\n".join(m.plain for m in after)
    assert not any(m.rich for m in after)
    assert (text.count("Report for"), text.count("Severe critique"), text.count("Most noteworthy")) == (1, 3, 1)


async def test_a_group_gets_it_as_an_answer(bot: ChatBot, playground: Playground, ada: User) -> None:
    """In a group the report and its page reply to whoever asked, and any member may press for Markdown."""
    bob = playground.add_user("Bob")
    group = playground.add_group("Lab", ada, [bob])
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.user_sends(group, ada, "/categories cs.LG")
    await playground.wait_for_message(group, "cs.LG")
    await bot.announce(1)
    await playground.user_sends(group, ada, "/digest")
    await playground.wait_for_message(group, "1 of 1 announced")
    asked = await playground.user_sends(group, bob, "/report")
    page = await the_file(playground, group, ".html")
    assert page.reply_to is asked
    await playground.press(group, ada, page.id, "Markdown")
    assert (await the_file(playground, group, ".md")).reply_to is page


async def test_a_long_report_comes_as_a_file_alone(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the chat would be flooded, the table comes with a word on where the rest is, and the file has it all."""
    monkeypatch.setattr("bot.chat.report.MOST_MESSAGES", 1)
    await playground.user_sends(private, ada, "/categories cs.LG")
    await playground.wait_for_message(private, "cs.LG")
    await bot.announce(5)
    await playground.user_sends(private, ada, "/digest")
    table = await playground.wait_for_message(private, "5 of 5 announced")
    await playground.user_sends(private, ada, "/report")
    page = await the_file(playground, private, ".html")
    after = [m for m in playground.messages(private, by_bot=True) if m.id > table.id]
    assert [bool(m.attachment) for m in after] == [False, False, True]
    assert "it is in the file that follows" in after[1].plain
    assert "<h2" in content(page)


@pytest.mark.usefixtures("bot")
async def test_a_chat_without_a_table_is_told_so(playground: Playground, private: Chat, ada: User) -> None:
    """Before the first digest, and for a day that has none, one sentence says so."""
    await playground.user_sends(private, ada, "/report")
    first = await playground.wait_for_message(private, "")
    assert first.attachment is None
    await playground.user_sends(private, ada, "/report yesterday")
    await playground.wait_for_message(private, "yesterday", after=first.id)


async def test_two_who_ask_at_once_get_one_report(
    bot: ChatBot, playground: Playground, private: Chat, ada: User, table: Message
) -> None:
    """While a report is being read, another request says so; the chat goes on answering meanwhile."""
    bot.desk.reporting.add((await bot.chat(private)).id)
    await playground.user_sends(private, ada, "/report")
    await playground.wait_for_message(private, "Still reading", after=table.id)
    bot.desk.reporting.clear()
    await playground.user_sends(private, ada, "/report")
    await the_file(playground, private, ".html")


async def test_a_channel_gets_no_button_that_its_readers_could_press(
    bot: ChatBot, playground: Playground, ada: User
) -> None:
    """In a channel the page comes without the button."""
    channel = playground.add_channel("News", ada)
    await playground.join(channel, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    await playground.user_sends(channel, ada, "/categories cs.LG")
    await playground.wait_for_message(channel, "cs.LG")
    await bot.announce(1)
    await playground.user_sends(channel, ada, "/digest")
    await playground.wait_for_message(channel, "1 of 1 announced")
    await playground.user_sends(channel, ada, "/report")
    assert (await the_file(playground, channel, ".html")).buttons == []
