"""/search, /similar, /stats and /export: what can be looked up, counted and taken away."""

from __future__ import annotations

import io

from telegram import InputFile, ReplyParameters

from bot.chat.paper import named
from bot.chat.visit import Visit
from bot.errors import BadPaperId
from bot.model import ChatKind

NUMBERS_WITHIN = 3.0


async def search(visit: Visit) -> None:
    """/search WORDS: papers of the last weeks, by what they are about."""
    await visit.desk.subscriptions.ask(visit.chat.id, "" if visit.text else "search")
    if not visit.text:
        await visit.show("ask_search", asking=True)
        return
    await visit.working()
    visit.let_go()
    found = await visit.desk.library.search(visit.text)
    await visit.show("found", papers=found, asked=visit.text, like=None)


async def similar(visit: Visit) -> None:
    """/similar ID: papers of the last weeks that are most like one."""
    await visit.desk.subscriptions.ask(visit.chat.id, "" if visit.text else "similar")
    if not visit.text:
        await visit.show("ask_similar", asking=True)
        return
    refs, wrong = named(visit, visit.text)
    if not refs:
        raise wrong[0] if wrong else BadPaperId(visit.text)
    await visit.working()
    visit.let_go()
    paper = await visit.desk.reading.asked(visit.chat.id, visit.reader_id, refs[0][0])
    await visit.show("found", papers=await visit.desk.library.similar(paper), asked="", like=paper)


async def stats(visit: Visit) -> None:
    """/stats: what there was so far, and how good it was."""
    await visit.working()
    counts = await visit.desk.library.counts(visit.chat.id)
    numbers = await visit.desk.replays.numbers(visit.chat.id, NUMBERS_WITHIN)
    await visit.show("stats", counts=counts, numbers=numbers)


async def export(visit: Visit) -> None:
    """/export [bibtex|json]: liked and saved papers, and all that is set and was said, as files."""
    wish = visit.text.lower()
    await visit.working()
    visit.let_go()
    bibtex, data = await visit.desk.library.export(visit.chat.id, visit.reader_id)
    if "json" not in wish:
        await _send(visit, bibtex, "paperboy.bib")
    if "bib" not in wish:
        await _send(visit, data, "paperboy.json")


async def _send(visit: Visit, text: str, name: str) -> None:
    under = visit.message_id if visit.chat.kind is ChatKind.GROUP else 0
    await visit.bot.send_document(
        visit.chat.telegram_id,
        InputFile(io.BytesIO(text.encode()), filename=name, attach=False),
        message_thread_id=visit.chat.thread_id or None,
        reply_parameters=ReplyParameters(under, allow_sending_without_reply=True) if under else None,
    )
