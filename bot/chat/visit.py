"""One thing seen or pressed: who it was, where, what it says, and the means to answer it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from telegram import CallbackQuery, InlineKeyboardMarkup, Message
from telegram.constants import ChatAction
from telegram.error import BadRequest, RetryAfter, TelegramError
from telegram.ext import ExtBot

from bot.chat.desk import Desk
from bot.chat.layouts import CLASSIC, RICH, Laid
from bot.chat.posting import Body, Spot, Way, change, change_buttons, falls_back, remove, send
from bot.chat.transport import UnknownMethod
from bot.chat.tree import Document
from bot.errors import NotAllowed
from bot.model import Chat, ChatKind

log = logging.getLogger(__name__)

_UNCHANGED = "message is not modified"


@dataclass
class Visit:
    """What a handler gets.

    `reader_id` is 0 where Telegram names nobody (a channel's post); `text` is what follows a command, or the whole of
    a plain message; `message_id` is the message that was seen, or whose button was pressed; `governs` is True where it
    is known without asking that the visitor administers the chat.
    """

    desk: Desk
    bot: ExtBot[Any]
    chat: Chat
    reader_id: int
    message_id: int
    text: str = ""
    query: CallbackQuery | None = None
    governs: bool = False
    let_go: Callable[[], None] = field(default=lambda: None)
    """Lets what comes next from this chat be heard: for handlers that take their time."""
    served: Callable[[], None] = field(default=lambda: None)
    """Says that nobody waits for the answer any more."""
    answered: bool = False

    # ------------------------------------------------------------------ who may

    async def administers(self) -> bool:
        """Whether the visitor may change this chat's settings."""
        if self.governs or self.chat.kind is ChatKind.PRIVATE:
            return True
        return bool(self.reader_id) and await self.desk.administrators.governs(
            self.bot, self.chat.telegram_id, self.reader_id
        )

    async def must_administer(self) -> None:
        """Raises NotAllowed unless the visitor may change this chat's settings."""
        if not await self.administers():
            raise NotAllowed("admins")

    # ------------------------------------------------------------------ what is said

    async def show(self, view: str, *, asking: bool = False, **values: object) -> None:
        """Answer with a view that knows the chat's settings: under a press by changing its message, otherwise by a new
        one. With `asking`, a group is offered a field to reply in."""
        document = await self.picture(view, asking=asking, **values)
        if self.query is not None:
            await self.edit(document)
        else:
            await self.reply(document, force=asking)

    async def picture(self, view: str, **values: object) -> Document:
        """A view that knows the chat's settings as they are now."""
        overview = await self.desk.subscriptions.overview(self.chat.id)
        self.chat = overview.chat
        templates = self.desk.views.templates
        known = {
            "profile": overview.profile,
            "verdicts": overview.verdicts,
            "wishes": overview.wishes,
            "languages": templates.languages,
        }
        return templates.render(view, self.chat.language, **known, chat=self.chat, **values)

    async def ask(self, setting: str, view: str, **values: object) -> None:
        """Show a setting and take the next plain text for its new value. Whoever may not change it is only shown it, and
        in a channel no post is taken for an answer."""
        may = self.chat.kind is not ChatKind.CHANNEL and await self.administers()
        if may:
            await self.desk.subscriptions.ask(self.chat.id, setting)
        await self.show(view, asking=may, **values)

    async def reply(self, document: Document, *, to: int = 0, force: bool = False) -> tuple[Spot, ...]:
        """Send a document in the chat's layout, in a group as a reply to what was seen; → where its messages are."""
        sent: list[Spot] = []
        await self.reply_into(sent, self.desk.lay_out(document, self.chat.layout), to=to, force=force)
        return tuple(sent)

    async def reply_into(self, sent: list[Spot], laid: Iterable[Laid], *, to: int = 0, force: bool = False) -> None:
        """The same with what is laid out already, each message's place noted at once: what is there stays known if the
        rest cannot be sent."""
        in_group = self.chat.kind is ChatKind.GROUP
        way = Way(under=to or (self.message_id if in_group else 0), asking=force and in_group)
        if self.query is not None and self.spot.ephemeral_id:
            # What is asked where nobody else sees it is answered there.
            way = Way(receiver_id=self.reader_id, query_id=self.query.id)
        await self.put(sent, laid, way)

    async def put(self, sent: list[Spot], laid: Iterable[Laid], way: Way) -> None:
        """Send messages, of which the first replies. Where a rich one is not taken, the classic ones that show the same
        go in the same breath; where Telegram asks to wait for long, what is left goes to the ledger."""
        bodies: deque[Body] = deque(one.body for one in laid)
        while bodies:
            body = bodies[0]
            try:
                sent.append(await send(self.bot, self.desk.offers, self.chat, body, way))
            except TelegramError as error:
                if "rich" in body and falls_back(error):
                    bodies.popleft()
                    bodies.extendleft(reversed(body["classic"]))
                    continue
                if isinstance(error, RetryAfter) and not way.receiver_id:
                    log.info("the rest of an answer to chat %d waits: %s", self.chat.id, error)
                    await self.desk.plan(self.chat.id, [{**bodies.popleft(), "under": way.under}, *bodies])
                    return
                raise
            bodies.popleft()
            way = replace(way, under=0)

    async def edit(self, document: Document) -> None:
        """Change the message whose button was pressed; a new one takes its place where it cannot be changed."""
        await self.edit_to(self.desk.lay_out(document, RICH if self.spot.rich else CLASSIC, always=True))

    async def edit_to(self, laid: Sequence[Laid]) -> None:
        """The same with what is laid out already."""
        first, *rest = laid
        spot = self.spot
        if not await self.change(spot, first):
            await self.take_away(spot)
            rest = [first, *rest]
        way = Way(receiver_id=spot.receiver_id, query_id=self.query.id if self.query and spot.receiver_id else "")
        await self.put([], rest, way)

    async def change(self, spot: Spot, laid: Laid) -> bool:
        """Change a message of ours; False where it cannot be: it is gone, too old, or of another layout."""
        if spot.rich != (laid.rich is not None):
            return False
        try:
            await change(self.bot, self.chat, spot, laid.body)
        except (BadRequest, UnknownMethod) as error:
            if _UNCHANGED not in error.message.lower():
                log.info("message %s cannot be changed: %s", spot, error)
                return False
        return True

    async def take_away(self, spot: Spot) -> bool:
        """Take a message of ours away; False where Telegram keeps it."""
        try:
            await remove(self.bot, self.chat, spot)
        except (BadRequest, UnknownMethod) as error:
            log.info("message %s cannot be taken away: %s", spot, error)
            return "can't be deleted" not in error.message.lower()
        return True

    async def edit_buttons(self, markup: InlineKeyboardMarkup) -> None:
        """Change only the buttons under the message that was pressed; best effort, since the next press does it again."""
        try:
            await change_buttons(self.bot, self.chat, self.spot, markup)
        except (BadRequest, RetryAfter, UnknownMethod) as error:
            if _UNCHANGED not in str(error).lower():
                log.info("the buttons of message %s were not changed: %s", self.spot, error)

    async def toast(self, name: str, *, alert: bool = False, **values: object) -> None:
        """Answer the press with a line that goes away by itself (an `alert` stays until it is closed)."""
        await self.say(self.desk.views.toast(name, self.chat.language, **values), alert=alert)

    async def say(self, text: str = "", *, alert: bool = False) -> None:
        """Answer the press, once; Telegram may have forgotten it meanwhile."""
        if self.query is None or self.answered:
            return
        self.answered = True
        try:
            await self.query.answer(text or None, show_alert=alert)
        except BadRequest as error:
            log.info("a press was answered too late: %s", error)
        finally:
            self.served()

    async def working(self) -> None:
        """Show that an answer is being made; best effort, and nowhere in channels, where Telegram shows none."""
        if self.chat.kind is ChatKind.CHANNEL:
            return
        try:
            await self.bot.send_chat_action(
                self.chat.telegram_id, ChatAction.TYPING, message_thread_id=self.chat.thread_id or None
            )
        except TelegramError as error:
            log.info("no sign of working could be given: %s", error)

    # ------------------------------------------------------------------ what is there

    @property
    def pressed(self) -> Message | None:
        """The message whose button was pressed, where Telegram still shows it to us."""
        message = self.query.message if self.query is not None else None
        return message if isinstance(message, Message) and message.is_accessible else None

    @property
    def spot(self) -> Spot:
        """Where the message is whose button was pressed."""
        told = self.pressed.api_kwargs if self.pressed is not None else {}
        number = told.get("ephemeral_message_id", 0)
        return Spot(0 if number else self.message_id, number, self.reader_id if number else 0, "rich_message" in told)
