"""What use cases return, as documents: which template shows it, and what that template needs to know."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.chat.mathml import mathml_of
from bot.chat.templating import Templates
from bot.chat.tree import Block, Document, List, inline_text, lines_of
from bot.chat.webpage import webpage
from bot.digest import DigestView, QuietView
from bot.errors import PaperboyError
from bot.model import Card, Chat, Heat, Paper, Row, Tally, VerdictKind
from bot.noteworthy import noteworthy, standings
from bot.reading import CardView
from bot.report import Report

FIRST_SEEN = ("digest", "card", "toasts/reading", "toasts/folded", "toasts/verdict", "verdict")

LONGEST_TOAST = 200
"""Characters that Telegram shows as the answer to a press."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command as it is registered with Telegram."""

    name: str
    about: str


@dataclass(frozen=True, slots=True)
class Views:
    """Every view that is made of more than a chat's own settings."""

    templates: Templates

    async def get_ready(self) -> None:
        """Make ready what most people see first, in every language, while nobody waits for it."""
        for language in self.templates.languages:
            for view in FIRST_SEEN:
                await asyncio.to_thread(self.templates.compile, view, language)

    def digest(self, view: DigestView) -> Document:
        """One part of a digest."""
        return self.templates.render("digest", view.chat.language, digest=view.digest, profile=view.profile)

    def quiet(self, view: QuietView) -> Document:
        """The line that stands where a table would."""
        return self.templates.render(
            "quiet",
            view.chat.language,
            chat=view.chat,
            kind=view.kind,
            listings=view.listings,
            next_announcement=view.next_announcement,
        )

    def card(self, view: CardView, under: int) -> Document:
        """A card with its verdicts, unfolded under the message `under`."""
        return self.templates.render(
            "card",
            view.chat.language,
            card=view.card,
            paper=view.paper,
            heat=view.heat,
            tally=view.tally,
            chat=view.chat,
            under=under,
            note=view.note,
            relations=view.relations,
        )

    def printed_card(self, card: Card, paper: Paper | None, heat: Heat | None, language: str) -> Document:
        """A card for a file or a terminal."""
        return self.templates.render("printed_card", language, card=card, paper=paper, heat=heat)

    def report(self, report: Report, language: str) -> Document:
        """A day as one document, for a chat, a file or a terminal."""
        standing = standings(report.rows, {card.paper_id: card for card in report.cards})
        return self.templates.render(
            "report",
            language,
            date=report.date,
            listings=list(report.listings.values()),
            announced=report.announced,
            rows=report.rows,
            profile=report.profile,
            cards=report.cards,
            papers=report.papers,
            standings=standing,
            noteworthy=noteworthy(standing),
        )

    def page(self, document: Document, language: str) -> str:
        """A document as a web page that needs nothing besides itself."""
        return webpage(document, mathml_of, self.templates.css(), language, self.templates.line("contents", language))

    def error(self, error: PaperboyError, language: str) -> Document:
        """What is wrong and what to do about it, in one sentence."""
        codes = [kind.code for kind in type(error).__mro__ if issubclass(kind, PaperboyError)]
        view = next(view for code in codes if self.templates.has(view := f"errors/{code}"))
        return self.templates.render(view, language, error=error)

    def error_line(self, error: PaperboyError, language: str) -> str:
        """The same for the answer to a press."""
        return _short(" ".join(map(_text, self.error(error, language).blocks)))

    def toast(self, name: str, language: str, **values: object) -> str:
        """The answer to a press, short enough for Telegram."""
        return _short(self.templates.line(f"toasts/{name}", language, **values))

    def verdict(self, kind: VerdictKind, tally: Tally, chat: Chat) -> str:
        """A verdict button's label."""
        return self.templates.line("verdict", chat.language, kind=kind, tally=tally, chat=chat)

    def reasons(self, row: Row, language: str) -> str:
        """Why a row is in its table, in plain words."""
        return self.templates.line("reasons", language, row=row)

    def tag(self, key: str, language: str) -> str:
        """A tag in words."""
        return self.templates.line("tag", language, key=key)

    def commands(self, language: str) -> list[Command]:
        """Every command, in the order of Telegram's menu."""
        (listed,) = self.templates.render("commands", language).blocks
        if not isinstance(listed, List):
            raise TypeError("commands.html is one list")
        pairs = [_text(item[0]).partition(": ") for item in listed.items]
        return [Command(name, about) for name, _, about in pairs]


def _text(block: Block) -> str:
    return " ".join(inline_text(line) for line in lines_of(block))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_TOAST else text[: LONGEST_TOAST - 1] + "…"
