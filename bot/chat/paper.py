"""Cards of papers that are named: by /paper, or in a plain message."""

from __future__ import annotations

import re

from bot.chat.card import show_card
from bot.chat.visit import Visit
from bot.errors import BadPaperId, PaperboyError

_BETWEEN = re.compile(r"[\s,;，；、]+")
_HAN = re.compile("[\u4e00-\u9fff]+")
MOST_AT_ONCE = 10
"""Papers answered per message: arXiv allows one request at a time."""


async def paper(visit: Visit) -> None:
    """/paper IDS-OR-ADDRESSES: one card each; what is none of them is named, and does not keep the others away."""
    # Anybody may ask for a paper, so anybody may answer which.
    await visit.desk.subscriptions.ask(visit.chat.id, "" if visit.text else "paper")
    if not visit.text:
        await visit.show("paper", asking=True)
        return
    found, wrong = named(visit, visit.text)
    await visit.working()
    visit.let_go()
    for error in wrong[:3]:
        await visit.reply(visit.desk.views.error(error, visit.chat.language))
    await _cards(visit, found)


async def _cards(visit: Visit, found: list[tuple[str, int | None]]) -> None:
    for paper_id, version in found[:MOST_AT_ONCE]:
        try:
            await show_card(visit, paper_id, version, visit.message_id)
        except PaperboyError as error:
            await visit.reply(visit.desk.views.error(error, visit.chat.language))
    if len(found) > MOST_AT_ONCE:
        await visit.show("too_many", most=MOST_AT_ONCE, count=len(found))


async def mention(visit: Visit) -> bool:
    """Answer a plain message that names papers; → whether it does."""
    found, _ = named(visit, visit.text)
    if not found:
        return False
    await visit.working()
    visit.let_go()
    await _cards(visit, found)
    return True


def named(visit: Visit, text: str) -> tuple[list[tuple[str, int | None]], list[BadPaperId]]:
    """The papers that a text names, and what of it names none."""
    try:
        return [(ref.id, ref.version) for ref in visit.desk.reading.refs(text)], []
    except BadPaperId:
        return _word_by_word(visit, text)


def _word_by_word(visit: Visit, text: str) -> tuple[list[tuple[str, int | None]], list[BadPaperId]]:
    found: list[tuple[str, int | None]] = []
    wrong: list[BadPaperId] = []
    for word in filter(None, _BETWEEN.split(text)):
        try:
            found += _papers(visit, word)
        except BadPaperId as error:
            wrong.append(error)
    return list(dict.fromkeys(found)), wrong


def _papers(visit: Visit, word: str) -> list[tuple[str, int | None]]:
    """The papers that a word names; Chinese puts no blanks between its words and a number.

    Raises:
        BadPaperId: it names none.
    """
    try:
        refs = visit.desk.reading.refs(word)
    except BadPaperId as error:
        try:
            refs = visit.desk.reading.refs(_HAN.sub(" ", word))
        except BadPaperId:
            raise error from None
    return [(ref.id, ref.version) for ref in refs]
