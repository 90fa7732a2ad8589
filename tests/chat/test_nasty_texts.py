"""Texts of papers and people that would like to be markup, go through whole views and stay texts."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import tree
from bot.chat.blocks import rich_messages
from bot.chat.classic import MOST_ENTITIES, MOST_UNITS, messages
from bot.chat.clean import clean
from bot.chat.formula import sound
from bot.chat.templating import Templates
from bot.chat.tree import Document
from bot.learning import Learned, Share
from bot.model import (
    Correction,
    Follow,
    FollowKind,
    Formula,
    JudgedPaper,
    Motivation,
    Profile,
    Reason,
    ReasonKind,
    Row,
    Tally,
    VerdictKind,
)
from bot.subscription import Wish
from bot.why import Explanation, Outcome
from tests.support import builders as a
from tests.support.rich_checks import buttons, check_rich, nodes
from tests.support.telegram_html import Seen, read
from tests.support.views import LISTINGS, LOCAL_CARD, said

templates = Templates(lambda key, language: key, lambda code: code)

nasty = st.one_of(
    st.text(st.characters(codec=None), min_size=1, max_size=200),
    st.sampled_from(
        [
            "<b>bold</b> & <script>alert(1)</script>",
            '<tg-button data="x">press</tg-button><button data="1x|chat">Delete</button>',
            "</blockquote></td></tr></table><a href='https://evil.example'>x</a>",
            "{{ 7 * 7 }} {% raw %} %(count)s %s {0}",
            "*bold* _it_ `code` [x](https://evil.example) ||spoiler||",
            "\u202egnp.exe\u2066\u2069 \u200b\u200b\u200b مرحبا בעולם",
            "\ud83d unpaired \udc00",
            "word" * 2500,
            "\u0301" * 400 + "Z\u0336\u0337\u0338\u0339\u033a\u033b\u033c",
            "$\\frac{a}{b$ and $<b>x</b>$ and $$\\text{<i>}$$",
            "]]> <!-- x --> <!DOCTYPE x> <?php ?> &nbsp; &#x202e; &lt;",
            "https://evil.example/ @someone #tag /start tel:+49",
            "\n\n\n",
            " ",
        ]
    ),
)


OURS = ("https://arxiv.org/", "https://github.com/example/")


def seen(view: str, language: str, **values: object) -> list[Seen]:
    """A view as a person sees it, once it is known that Telegram takes it, in either layout."""
    document = templates.render(view, language, **values)
    for _, content in rich_messages(document, sound):
        check_rich(content)
        assert all(node["url"].startswith(OURS) for node in nodes(content) if "url" in node)
        assert {one["callback_data"] for one in buttons(content) if "callback_data" in one} <= _said(document)
    parts = messages(document, lambda latex: latex)
    shown = [read(part.html) for part in parts]
    for one in shown:
        assert 0 < one.units <= MOST_UNITS
        assert one.entities <= MOST_ENTITIES
    return shown


def ours(shown: list[Seen]) -> bool:
    """Whether every link leads where our own templates lead."""
    return all(link.startswith(OURS) for one in shown for link in one.links)


def _said(document: Document) -> set[str]:
    return {button.data for button in tree.buttons(document.blocks)}


def squeezed(text: str) -> str:
    """A text without its white space."""
    return "".join(text.split())


@settings(max_examples=80)
@given(nasty, nasty, nasty, st.sampled_from(["en", "zh"]))
def test_a_table_of_nasty_papers(title: str, institution: str, label: str, language: str) -> None:
    """Titles, institutions, authors and interests in a table open no link and no button that is not ours."""
    reasons = tuple(Reason(kind, label, share, 3) for share, kind in zip((0.5, 0.4, 0.3), ReasonKind, strict=False))
    rows: tuple[Row, ...] = tuple(
        a.row(n, title=title, institution=institution, direction=label[:30], reasons=reasons) for n in range(1, 6)
    )
    profile = Profile(interests=label, categories=("cs.LG",))
    shown = seen("digest", language, digest=a.digest(rows=rows, listings=LISTINGS), profile=profile)
    assert ours(shown)
    document = templates.render("digest", language, digest=a.digest(rows=rows, listings=()), profile=profile)
    assert document.size.buttons == 5


@settings(max_examples=80)
@given(nasty, nasty, st.sampled_from(["en", "zh"]))
def test_a_card_of_a_nasty_paper(text: str, other: str, language: str) -> None:
    """Quotes, sections, formulas and institutions on a card are shown as written."""
    card = replace(
        LOCAL_CARD,
        title=text,
        authors=(other, text),
        institutions=(other,),
        tags=(text[:40], "code"),
        method=(said(text, section=other, anchor=other[:20]),),
        motivation=Motivation(problem=(said(other),), formalisation=(Formula(text, other, text[:10], other),)),
    )
    shown = seen(
        "card", language, card=card, paper=a.paper(1, title=text), heat=None, tally=Tally(), chat=a.chat(), under=1
    )
    assert ours(shown)
    if len(clean(text)) < 500 and "$" not in text and "\\" not in text:
        assert squeezed(clean(text)) in squeezed("".join(one.text for one in shown))


@settings(max_examples=40)
@given(nasty, st.sampled_from(["en", "zh"]))
def test_a_profile_of_nasty_wishes(text: str, language: str) -> None:
    """What people type is shown to them as they typed it, in the text and on buttons."""
    profile = Profile(interests=text, categories=("cs.LG",), follows=(Follow(FollowKind.AUTHOR, text),))
    known: dict[str, object] = {"chat": a.chat(), "profile": profile, "languages": ("en", "zh"), "verdicts": dict.fromkeys(("like", "dislike", "save"), 0)}  # fmt: skip
    paper = a.paper(1, title=text)
    liked = JudgedPaper(paper, 7, VerdictKind.LIKE, a.NOW)
    said = Correction(ReasonKind.INTEREST, text, text, a.NOW, 7)
    word = Reason(ReasonKind.WORD, text, 0.2, 0, text)
    known["wishes"] = (Wish(text, 2.0, contradicted=True, occurs=False), Wish(text, -1.0))
    learned = Learned(a.chat(), profile, (word,), papers=(liked,), corrections=(said,), readers=(Share(7, 1, 1.0),))
    assert ours(seen("profile", language, **known, learned=learned, names={7: text}, numbers=None))
    reasons = tuple(Reason(kind, text, 0.3, 1, paper.id) for kind in ReasonKind)
    assert ours(seen("why", language, told=Explanation(a.chat(), paper, Outcome.SHOWN, 1.0, reasons, a.DAY, 1, 9, 5)))
    assert ours(seen("interests", language, **known, asking=True, noted=False))
    if squeezed(clean(text)):
        assert ours(seen("follow", language, **known, asking=False, done=profile.follows, removed=False))
