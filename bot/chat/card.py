"""A paper's card: unfolded by its row's button, folded by the same or by its own."""

from __future__ import annotations

import logging
import re

from telegram.constants import ParseMode
from telegram.error import BadRequest

from bot.chat.callbacks import Fold, Unfold
from bot.chat.visit import Visit

log = logging.getLogger(__name__)

_VERSIONED = re.compile(r"(?P<id>.+?)(?:v(?P<version>[1-9]\d*))?")


async def unfold(visit: Visit, press: Unfold) -> None:
    """A row's button: unfolds its card, or folds it if it is open. Pressed again meanwhile, it only says so."""
    paper_id, version = versioned(press.paper)
    key = (visit.chat.id, visit.message_id, paper_id)
    if key in visit.desk.unfolding:
        await visit.toast("still-reading")
        return
    visit.desk.unfolding.add(key)
    try:
        open_in = await visit.desk.reading.unfolded(visit.chat.id, visit.message_id, paper_id)
        if open_in and await _remove(visit, press.paper, open_in):
            await visit.toast("folded")
            return
        await visit.toast("reading")
        visit.let_go()
        await show_card(visit, paper_id, version, visit.message_id)
    finally:
        visit.desk.unfolding.discard(key)


async def fold(visit: Visit, press: Fold) -> None:
    """The card's own button."""
    paper_id, _ = versioned(press.paper)
    known = await visit.desk.reading.unfolded(visit.chat.id, press.under, paper_id) or ()
    await visit.toast("folded")
    await _remove(visit, press.paper, tuple(dict.fromkeys((*known, visit.message_id))))


async def show_card(visit: Visit, paper_id: str, version: int | None, under: int) -> None:
    """Send a card as a reply to the message `under`, and remember of which messages it consists."""
    view = await visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version)
    sent: list[int] = []
    try:
        await visit.reply_into(sent, visit.desk.views.card(view, under), to=under)
    finally:
        if sent:
            await visit.desk.reading.remember_unfolded(visit.chat.id, under, view.paper.id, sent)


def versioned(text: str) -> tuple[str, int | None]:
    """An id and its version: "2602.14080v2" → ("2602.14080", 2)."""
    match = _VERSIONED.fullmatch(text)
    if match is None:
        return text, None
    return match["id"], int(match["version"]) if match["version"] else None


async def _remove(visit: Visit, paper: str, message_ids: tuple[int, ...]) -> bool:
    """Delete a card's messages; what Telegram no longer deletes becomes a stub. → whether any of them was there."""
    there = False
    for message_id in message_ids:
        try:
            await visit.bot.delete_message(visit.chat.telegram_id, message_id)
        except BadRequest as error:
            if "can't be deleted" not in error.message.lower():
                log.info("card message %d is gone: %s", message_id, error)
                continue
            await _stub(visit, paper, message_id)
        there = True
    return there


async def _stub(visit: Visit, paper: str, message_id: int) -> None:
    document = visit.desk.views.templates.render("folded", visit.chat.language, paper=paper)
    try:
        await visit.bot.edit_message_text(
            visit.desk.lay_out(document)[0].html, visit.chat.telegram_id, message_id, parse_mode=ParseMode.HTML
        )
    except BadRequest as error:
        log.info("card message %d cannot be folded: %s", message_id, error)
