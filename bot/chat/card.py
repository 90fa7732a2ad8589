"""A paper's card: unfolded by its row's button, turned, and folded by the same button or by its own.

In a private chat and in a channel it is a reply under the table. In a group it is shown to whoever pressed, alone, so that
the table stays where the others read it; a server that cannot do so shows it to everybody, as a reply.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Sequence

from telegram.error import BadRequest, TelegramError

from bot.chat.callbacks import Fold, Page, Unfold, encode
from bot.chat.draft import Draft
from bot.chat.layouts import CLASSIC, RICH, Laid
from bot.chat.posting import Spot, Way, falls_back, remove
from bot.chat.transport import UnknownMethod
from bot.chat.tree import Document
from bot.chat.visit import Visit
from bot.errors import PaperboyError
from bot.model import ChatKind
from bot.reading import CardView

log = logging.getLogger(__name__)

AT_ONCE = 5.0
"""Seconds in which a card is waited for before something is shown in its place; a message for one member alone must be
sent within 15 of the press."""

_VERSIONED = re.compile(r"(?P<id>.+?)(?:v(?P<version>[1-9]\d{0,4}))?")


async def unfold(visit: Visit, press: Unfold) -> None:
    """A row's button: unfolds its card, or folds it if it is open. Pressed again meanwhile, it only says so."""
    paper_id, version = versioned(press.paper)
    alone = visit.chat.kind is ChatKind.GROUP
    key = (visit.chat.id, visit.message_id, paper_id, visit.reader_id if alone else 0)
    if key in visit.desk.unfolding:
        await visit.toast("still-reading")
        return
    visit.desk.unfolding.add(key)
    try:
        if await _fold_open(visit, press.paper, visit.message_id):
            return
        await visit.toast("reading")
        visit.let_go()
        if alone:
            await _show_alone(visit, paper_id, version)
        else:
            await _show_once(visit, paper_id, version)
    finally:
        visit.desk.unfolding.discard(key)


async def fold(visit: Visit, press: Fold) -> None:
    """The card's own button."""
    await visit.toast("folded")
    spot = visit.spot
    paper_id, _ = versioned(press.paper)
    if spot.ephemeral_id:
        # Telegram gives its number to another message now.
        visit.desk.alone.pop((visit.chat.id, press.under, paper_id, visit.reader_id), None)
    else:
        known = await visit.desk.reading.unfolded(visit.chat.id, press.under, paper_id) or ()
        others = [Spot.of(number) for number in known if abs(number) != spot.message_id]
        await _remove(visit, press.paper, others)
    await _remove(visit, press.paper, [spot])


async def turn(visit: Visit, press: Page) -> None:
    """Another page of the card."""
    paper_id, version = versioned(press.paper)
    view = await visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version)
    await visit.edit_to(laid_out(visit, view, press.under, CLASSIC, page=press.number))


async def _show_once(visit: Visit, paper_id: str, version: int | None) -> None:
    """Send the card under the table unless another program is doing so, for a press that came there."""
    place = (visit.chat.id, visit.message_id, paper_id)
    if not await visit.desk.reading.begins_unfolding(*place):
        return
    try:
        await show_card(visit, paper_id, version, visit.message_id)
    except Exception:
        if not await visit.desk.reading.open_card(*place):
            await visit.desk.reading.unfolded(*place)
        raise


async def show_card(visit: Visit, paper_id: str, version: int | None, under: int) -> None:
    """Send a card as a reply to the message `under`, and remember of which messages it consists."""
    view = await visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version)
    sent: list[Spot] = []
    try:
        await visit.reply_into(sent, laid_out(visit, view, under, visit.chat.layout), to=under)
    finally:
        if sent:
            await _remember(visit, under, view, sent)
    _await_model(visit, view, under)


def laid_out(visit: Visit, view: CardView, under: int, layout: str, *, page: int = 0) -> tuple[Laid, ...]:
    """A card as messages."""

    def carried(number: int) -> str:
        return encode(Page(view.paper.versioned_id, under, number))

    document = visit.desk.views.card(view, under)
    return visit.desk.lay_out(document, layout, always=layout == RICH, turn=carried, page=page)


def versioned(text: str) -> tuple[str, int | None]:
    """An id and its version: "2602.14080v2" → ("2602.14080", 2)."""
    match = _VERSIONED.fullmatch(text)
    if match is None:
        return text, None
    return match["id"], int(match["version"]) if match["version"] else None


# --------------------------------------------------------------------------- to one member of a group


async def _show_alone(visit: Visit, paper_id: str, version: int | None) -> None:
    """Show a card under the table to whoever pressed; first a sign that it is being read, where that takes long."""
    under = visit.message_id
    reading = asyncio.ensure_future(visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version))
    sent: list[Spot] = []
    try:
        await asyncio.wait((reading,), timeout=AT_ONCE)
        if not reading.done():
            document = visit.desk.views.templates.render("reading", visit.chat.language, paper=paper_id)
            await _put_alone(visit, sent, visit.desk.lay_out(document, visit.chat.layout, always=True)[0])
        try:
            view = await reading
        except Exception:
            for spot in sent:
                await visit.take_away(spot)
            raise
    finally:
        reading.cancel()
    laid = laid_out(visit, view, under, visit.chat.layout)
    if len(laid) > 1:  # what is for one member is one message, of which pages are turned
        laid = laid_out(visit, view, under, CLASSIC)
    if not (sent and await visit.change(sent[-1], laid[0])):
        for spot in sent:
            await visit.take_away(spot)
        sent.clear()
        await _put_alone(visit, sent, laid[0])
    await _remember(visit, under, view, sent)
    _await_model(visit, view, under)


async def _put_alone(visit: Visit, sent: list[Spot], laid: Laid) -> None:
    query = visit.query
    way = Way(under=visit.message_id, receiver_id=visit.reader_id, query_id=query.id if query is not None else "")
    try:
        await visit.put(sent, (laid,), way)
    except TelegramError as error:
        if not falls_back(error):
            raise
        log.info("nothing can be shown to one member of chat %d alone: %s", visit.chat.id, error)
        await visit.put(sent, (laid,), Way(under=visit.message_id))


# --------------------------------------------------------------------------- which is open where


async def _remember(visit: Visit, under: int, view: CardView, sent: Sequence[Spot]) -> None:
    """What one member sees is forgotten with the process; Telegram forgets it as well, sooner or later."""
    alone = tuple(spot for spot in sent if spot.ephemeral_id)
    if alone:
        visit.desk.remember_alone((visit.chat.id, under, view.paper.id, visit.reader_id), alone)
    numbers = [spot.number for spot in sent if not spot.ephemeral_id]
    if numbers:
        await visit.desk.reading.remember_unfolded(visit.chat.id, under, view.paper.id, numbers)


async def _fold_open(visit: Visit, paper: str, under: int) -> bool:
    """Fold the card that is open under this table, to this reader or to everybody, and say so before it is written down;
    → whether any was there."""
    paper_id, _ = versioned(paper)
    alone = visit.desk.alone.pop((visit.chat.id, under, paper_id, visit.reader_id), ())
    known = await visit.desk.reading.open_card(visit.chat.id, under, paper_id)
    there = await _remove(visit, paper, [*alone, *map(Spot.of, known or ())])
    if there:
        await visit.toast("folded")
    if known:
        await visit.desk.reading.unfolded(visit.chat.id, under, paper_id)
    return there


async def _remove(visit: Visit, paper: str, spots: Sequence[Spot]) -> bool:
    """Take a card's messages away; what Telegram keeps becomes a stub. → whether any of them was there."""
    there = False
    for spot in spots:
        there |= await _away(visit, paper, spot)
    return there


async def _away(visit: Visit, paper: str, spot: Spot) -> bool:
    """Take one message away; → whether it was there. A stub is laid out as the message was: clients draw plain text
    over a rich one."""
    try:
        await remove(visit.bot, visit.chat, spot)
    except (BadRequest, UnknownMethod) as error:
        if "can't be deleted" not in error.message.lower():
            log.info("card message %s is gone: %s", spot, error)
            return False
        document = visit.desk.views.templates.render("folded", visit.chat.language, paper=paper)
        await visit.change(spot, visit.desk.lay_out(document, RICH if spot.rich else CLASSIC, always=True)[0])
    return True


# --------------------------------------------------------------------------- when a model's card comes


def _await_model(visit: Visit, view: CardView, under: int) -> None:
    """Let the card that a language model is still writing take the local one's place when it is there."""
    if view.note == "writing":
        visit.desk.later(_replace_when_written(visit, view, under))


async def _replace_when_written(visit: Visit, view: CardView, under: int) -> None:
    reading = visit.desk.reading
    asked = (visit.chat.id, visit.reader_id, view.paper.id, view.paper.version)

    def partly(partial: CardView) -> Document:
        return visit.desk.views.card(partial, under)

    written = None
    async with Draft(visit, partly) as draft:
        try:
            written = await reading.finished(*asked, progress=draft.show)
        except PaperboyError as error:
            log.info("no model's card of %s: %s", view.paper.id, error)
    view = written or await reading.card(*asked)  # without a model's card, the note says why
    alone = visit.desk.alone.pop((visit.chat.id, under, view.paper.id, visit.reader_id), ())
    known = [*alone, *map(Spot.of, await reading.unfolded(visit.chat.id, under, view.paper.id) or ())]
    if not known:
        return  # folded meanwhile
    shown = list(known)
    try:
        await _replace(visit, view, under, shown, anew=draft.shown and written is not None)
    finally:
        await _remember(visit, under, view, shown)


async def _replace(visit: Visit, view: CardView, under: int, shown: list[Spot], *, anew: bool) -> None:
    """Show a card where another is shown, noting at once what is there: `anew` where a draft is to end in it, since only
    a message that is sent ends a draft; else in place."""
    first = shown[0]
    laid = list(laid_out(visit, view, under, RICH if first.rich else CLASSIC))
    way = Way(under=under)
    if first.ephemeral_id:
        laid, way = laid[:1], Way(under=under, receiver_id=first.receiver_id)
    kept: list[Spot] = []
    if not anew:
        while laid and len(kept) < len(shown) and await visit.change(shown[len(kept)], laid[0]):
            kept.append(shown[len(kept)])
            laid.pop(0)
    sent: list[Spot] = []
    try:
        await visit.put(sent, laid, way)
    finally:
        old = shown[len(kept) :]
        shown[:] = [*kept, *sent, *(old if laid and not sent else ())]
    for spot in old:
        if spot not in shown:
            await visit.take_away(spot)
