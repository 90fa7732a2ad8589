"""👍 👎 🔖 under a card."""

from __future__ import annotations

import logging

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import RetryAfter

from bot.chat.callbacks import UnknownPress, Vote, decode
from bot.chat.card import laid_out, versioned
from bot.chat.layouts import RICH
from bot.chat.visit import Visit
from bot.model import Tally

log = logging.getLogger(__name__)


async def vote(visit: Visit, press: Vote) -> None:
    """Give a verdict, or take it back; the buttons then show how the chat stands."""
    paper_id, _ = versioned(press.paper)
    tally = await visit.desk.feedback.press(visit.chat.id, visit.reader_id, paper_id, press.kind)
    await visit.toast("verdict", mine=tally.mine)
    visit.let_go()  # what is pressed next is answered while this change still waits for its turn at Telegram
    message = visit.pressed
    if visit.spot.rich:
        await _show_anew(visit, press)
    elif message is not None and message.reply_markup is not None:
        await visit.edit_buttons(_relabelled(visit, message.reply_markup, press.paper, tally))


async def _show_anew(visit: Visit, press: Vote) -> None:
    """The buttons of a rich card stand inside of it, in the last of its messages, which is made anew; best effort, since
    the next press does it again."""
    paper_id, version = versioned(press.paper)
    view = await visit.desk.reading.card(visit.chat.id, visit.reader_id, paper_id, version)
    try:
        await visit.change(visit.spot, laid_out(visit, view, press.under, RICH)[-1])
    except RetryAfter as error:
        log.info("the buttons of %s were not changed: %s", visit.spot, error)


def _relabelled(visit: Visit, markup: InlineKeyboardMarkup, paper: str, tally: Tally) -> InlineKeyboardMarkup:
    """The keyboard as it stands, with the verdict buttons of this paper labelled anew."""
    return InlineKeyboardMarkup(
        [[_button(visit, button, paper, tally) for button in row] for row in markup.inline_keyboard]
    )


def _button(visit: Visit, button: InlineKeyboardButton, paper: str, tally: Tally) -> InlineKeyboardButton:
    try:
        press = decode(str(button.callback_data or ""))
    except UnknownPress:
        return button
    if not isinstance(press, Vote) or press.paper != paper:
        return button
    return InlineKeyboardButton(
        visit.desk.views.verdict(press.kind, tally, visit.chat), callback_data=button.callback_data
    )
