"""How a message becomes a call of Telegram's: sent, changed, taken away; rich or classic, to a chat or to one of its
members alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from telegram import InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import BadRequest, TelegramError
from telegram.ext import ExtBot

from bot.chat.calling import call_raw
from bot.chat.offers import Offers
from bot.chat.outcome import Refused, judge
from bot.chat.pacing import Lane
from bot.chat.transport import UnknownMethod
from bot.model import Chat

Post = Callable[[Chat, Mapping[str, object]], Awaitable[int]]
"""Sends one message body to a chat; the number that Telegram gave it."""

Body = Mapping[str, Any]
"""A classic message {"text": HTML, "keyboard": [[{"text", "data" or "url", "style"}]]}, or a rich one {"rich":
InputRichMessage, "classic": [the same as classic messages]}; either may be "silent", or a reply to the message "under"."""

RICH = "sendRichMessage"
CLASSIC = "sendMessage"
_PLAIN = LinkPreviewOptions(is_disabled=True)
_AS_HTML = {"parse_mode": ParseMode.HTML.value, "link_preview_options": {"is_disabled": True}}
_NAMES = {"text": "text", "data": "callback_data", "url": "url", "style": "style"}
_ASKING = {"force_reply": True, "selective": True}


@dataclass(frozen=True, slots=True)
class Spot:
    """Where one message of ours is: its number in the chat, or, shown to one member alone, its number for that member."""

    message_id: int = 0
    ephemeral_id: int = 0
    receiver_id: int = 0
    rich: bool = False

    @property
    def number(self) -> int:
        """A message that everybody sees in one number, as it is remembered: that of a rich one is negative."""
        return -self.message_id if self.rich else self.message_id

    @classmethod
    def of(cls, number: int) -> Spot:
        """The place that was remembered as this number."""
        return cls(abs(number), rich=number < 0)


@dataclass(frozen=True, slots=True)
class Way:
    """How a message goes: in which lane (None: the interactive one), under which message, asking for a reply, to one member (`receiver_id`) in answer
    to a press (`query_id`)."""

    lane: Lane | None = None
    under: int = 0
    asking: bool = False
    paid: bool = False
    receiver_id: int = 0
    query_id: str = ""


ANSWER = Way()


def through(bot: ExtBot[Lane], offers: Offers, *, paid: bool = False) -> Post:
    """How `bot` sends a body as a broadcast; `paid` messages may go faster and cost Stars."""

    async def post(chat: Chat, body: Body) -> int:
        way = Way(Lane.BROADCAST, under=body.get("under", 0), paid=paid)
        return (await send(bot, offers, chat, body, way)).message_id

    return post


async def send(bot: ExtBot[Lane], offers: Offers, chat: Chat, body: Body, way: Way = ANSWER) -> Spot:
    """Send one message; a rich one only as it is.

    Raises:
        UnknownMethod: the server has no rich messages.
        TelegramError: as the call.
    """
    rich = "rich" in body
    call = {
        "chat_id": chat.telegram_id,
        "message_thread_id": chat.thread_id or None,
        "disable_notification": bool(body.get("silent")) or None,
        "reply_parameters": {"message_id": way.under, "allow_sending_without_reply": True} if way.under else None,
        "allow_paid_broadcast": way.paid or None,
        "reply_markup": _inline(body.get("keyboard")) or (_ASKING if way.asking else None),
        **alone(way.receiver_id, way.query_id),
        **({"rich_message": body["rich"]} if rich else {"text": str(body["text"]), **_AS_HTML}),
    }
    if not rich:
        return _spot(await call_raw(bot, CLASSIC, call, way.lane), way)
    offers.must_have(RICH)
    try:
        return _spot(await call_raw(bot, RICH, call, way.lane), way, rich=True)
    except TelegramError as error:
        if falls_back(error):
            offers.refused(RICH, error)
        raise


async def change(bot: ExtBot[Lane], chat: Chat, spot: Spot, body: Body) -> None:
    """Show something else where a message of ours is; a rich one stays rich, since clients draw plain text over it.

    Raises:
        TelegramError: as the call.
    """
    markup = keyboard(body.get("keyboard"))
    rich = {"rich_message": body["rich"]} if "rich" in body else {}
    if spot.ephemeral_id:
        text = {} if rich else {"text": body["text"], "parse_mode": ParseMode.HTML, "link_preview_options": _PLAIN}
        call = {**_whom(chat, spot), **text, **rich, "reply_markup": markup}
        await bot.do_api_request("editEphemeralMessageText", _given(call))
        return
    await bot.edit_message_text(
        None if rich else body["text"],  # type: ignore[arg-type] # python-telegram-bot leaves out what is None
        chat.telegram_id,
        spot.message_id,
        parse_mode=None if rich else ParseMode.HTML,
        link_preview_options=None if rich else _PLAIN,
        reply_markup=markup,
        api_kwargs=rich,
    )


async def change_buttons(bot: ExtBot[Lane], chat: Chat, spot: Spot, markup: InlineKeyboardMarkup) -> None:
    """Change the buttons under a classic message of ours.

    Raises:
        TelegramError: as the call.
    """
    if spot.ephemeral_id:
        call = {**_whom(chat, spot), "reply_markup": markup}
        await bot.do_api_request("editEphemeralMessageReplyMarkup", call)
        return
    await bot.edit_message_reply_markup(chat.telegram_id, spot.message_id, reply_markup=markup)


async def remove(bot: ExtBot[Lane], chat: Chat, spot: Spot) -> None:
    """Take a message of ours away.

    Raises:
        TelegramError: as the call.
    """
    if spot.ephemeral_id:
        await bot.do_api_request("deleteEphemeralMessage", _whom(chat, spot))
        return
    await bot.delete_message(chat.telegram_id, spot.message_id)


def falls_back(error: TelegramError) -> bool:
    """Whether the error says that the message as it is will never be taken, while another form of it may be."""
    return isinstance(error, BadRequest | UnknownMethod) and isinstance(judge(error), Refused)


def keyboard(rows: Any) -> InlineKeyboardMarkup | None:
    """The buttons of a body; None without any."""
    plain = _inline(rows)
    return InlineKeyboardMarkup.de_json(plain, None) if plain is not None else None


def _inline(rows: Any) -> dict[str, Any] | None:
    if not rows:
        return None
    return {"inline_keyboard": [[_button(one) for one in row] for row in rows]}


def _button(one: Mapping[str, str]) -> dict[str, str]:
    return {_NAMES[name]: value for name, value in one.items() if value is not None}


def alone(receiver_id: int, query_id: str = "") -> dict[str, Any]:
    """What makes a message one that `receiver_id` alone sees, in answer to a press where there is one; 0: everybody."""
    if not receiver_id:
        return {}
    who: dict[str, Any] = {"receiver_user_id": receiver_id}
    return {"ephemeral_message_parameters": who | ({"callback_query_id": query_id} if query_id else {})}


def _whom(chat: Chat, spot: Spot) -> dict[str, Any]:
    return {
        "chat_id": chat.telegram_id,
        "receiver_user_id": spot.receiver_id,
        "ephemeral_message_id": spot.ephemeral_id,
    }


def _given(call: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if value is not None}


def _spot(sent: Mapping[str, Any], way: Way, *, rich: bool = False) -> Spot:
    """Where the sent message is. A server without such messages shows one member's to everybody, and numbers it."""
    number = sent.get("ephemeral_message_id", 0)
    return Spot(0 if number else sent["message_id"], number, way.receiver_id if number else 0, rich)
