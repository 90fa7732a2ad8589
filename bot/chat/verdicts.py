"""👍 👎 🔖 under a card."""

from __future__ import annotations

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from bot.chat.callbacks import UnknownPress, Vote, decode
from bot.chat.card import versioned
from bot.chat.visit import Visit
from bot.model import Tally


async def vote(visit: Visit, press: Vote) -> None:
    """Give a verdict, or take it back; the buttons then show how the chat stands."""
    paper_id, _ = versioned(press.paper)
    tally = await visit.desk.feedback.press(visit.chat.id, visit.reader_id, paper_id, press.kind)
    await visit.toast("verdict", mine=tally.mine)
    message = visit.pressed
    if message is not None and message.reply_markup is not None:
        await visit.edit_buttons(_relabelled(visit, message.reply_markup, press.paper, tally))


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
