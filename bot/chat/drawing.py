"""The button under a classic card that shows its formulas as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from hashlib import sha256

from telegram import InputFile, ReplyParameters
from telegram.error import BadRequest

from bot.chat.callbacks import Draw
from bot.chat.card import versioned
from bot.chat.picture import NoPicture, can_be_drawn, drawn
from bot.chat.posting import alone
from bot.chat.tree import Document, MathBlock, walk
from bot.chat.visit import Visit


async def draw(visit: Visit, press: Draw) -> None:
    """Show the card's display formulas, to whoever sees the card."""
    paper_id, version = versioned(press.paper)
    view = await visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version)
    formulas = formulas_of(visit.desk.views.card(view, visit.message_id))
    if not any(map(can_be_drawn, formulas)):
        await visit.toast("no-picture", alert=True)
        return
    key = sha256("\0".join(formulas).encode()).hexdigest()
    async with visit.desk.drawings.alone(visit.chat.id, key) as first:
        if not first:
            await visit.toast("still-drawing")
            return
        await visit.toast("drawing")
        visit.let_go()
        await _show(visit, key, formulas)


async def _show(visit: Visit, key: str, formulas: Sequence[str]) -> None:
    drawings = visit.desk.drawings
    if (known := drawings.get(key)) is not None:
        try:
            await _send(visit, known)
        except BadRequest:
            drawings.drop(key)
        else:
            return
    try:
        async with drawings.room:
            made = await drawn(formulas)
    except NoPicture:
        document = visit.desk.views.templates.render("no_picture", visit.chat.language)
        await visit.reply(document, to=visit.spot.message_id)
        return
    file_id = await _send(visit, InputFile(io.BytesIO(made), filename="formulas.png", attach=False))
    if file_id:
        drawings.put(key, file_id)


def formulas_of(document: Document) -> tuple[str, ...]:
    """The LaTeX of a document's display formulas, each once."""
    return tuple(dict.fromkeys(block.latex for block in walk(document.blocks) if isinstance(block, MathBlock)))


async def _send(visit: Visit, photo: InputFile | str) -> str:
    """Send the picture as a reply to the card; → Telegram's name of it, "" where it tells none."""
    spot = visit.spot
    message = await visit.bot.send_photo(
        visit.chat.telegram_id,
        photo,
        message_thread_id=visit.chat.thread_id or None,
        reply_parameters=ReplyParameters(spot.message_id, allow_sending_without_reply=True)
        if spot.message_id
        else None,
        api_kwargs=alone(spot.receiver_id, visit.query.id if visit.query is not None else ""),
    )
    return message.photo[-1].file_id if message.photo else ""
