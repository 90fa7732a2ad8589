"""One thing seen or pressed: who it was, where, what it says, and the means to answer it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from telegram import Bot, CallbackQuery, ForceReply, InlineKeyboardMarkup, LinkPreviewOptions, Message, ReplyParameters
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest, RetryAfter, TelegramError

from bot.chat.classic import Message as Laid
from bot.chat.desk import Desk, rows
from bot.chat.posting import keyboard
from bot.chat.tree import Document
from bot.errors import NotAllowed
from bot.model import Chat, ChatKind

log = logging.getLogger(__name__)

_UNCHANGED = "message is not modified"
_PLAIN = LinkPreviewOptions(is_disabled=True)


@dataclass
class Visit:
    """What a handler gets.

    `reader_id` is 0 where Telegram names nobody (a channel's post); `text` is what follows a command, or the whole of
    a plain message; `message_id` is the message that was seen, or whose button was pressed; `governs` is True where it
    is known without asking that the visitor administers the chat.
    """

    desk: Desk
    bot: Bot
    chat: Chat
    reader_id: int
    message_id: int
    text: str = ""
    query: CallbackQuery | None = None
    governs: bool = False
    let_go: Callable[[], None] = field(default=lambda: None)
    """Lets what comes next from this chat be heard: for handlers that take their time."""
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
        known = {"profile": overview.profile, "verdicts": overview.verdicts, "languages": templates.languages}
        return templates.render(view, self.chat.language, **known, chat=self.chat, **values)

    async def ask(self, setting: str, view: str, **values: object) -> None:
        """Show a setting and take the next plain text for its new value. Whoever may not change it is only shown it, and
        in a channel no post is taken for an answer."""
        may = self.chat.kind is not ChatKind.CHANNEL and await self.administers()
        if may:
            await self.desk.subscriptions.ask(self.chat.id, setting)
        await self.show(view, asking=may, **values)

    async def reply(self, document: Document, *, to: int = 0, force: bool = False) -> tuple[int, ...]:
        """Send a document, in a group as a reply to what was seen; → the numbers of its messages."""
        sent: list[int] = []
        await self.reply_into(sent, document, to=to, force=force)
        return tuple(sent)

    async def reply_into(self, sent: list[int], document: Document, *, to: int = 0, force: bool = False) -> None:
        """The same, with each message's number noted at once: what is there stays known if the rest cannot be sent."""
        in_group = self.chat.kind is ChatKind.GROUP
        under = to or (self.message_id if in_group else 0)
        for message in self.desk.lay_out(document):
            sent.append(await self._send(message, under=0 if sent else under, force=force and in_group))

    async def _send(self, message: Laid, *, under: int = 0, force: bool = False) -> int:
        markup = _markup(message)
        sent = await self.bot.send_message(
            self.chat.telegram_id,
            message.html,
            parse_mode=ParseMode.HTML,
            message_thread_id=self.chat.thread_id or None,
            link_preview_options=_PLAIN,
            reply_parameters=ReplyParameters(under, allow_sending_without_reply=True) if under else None,
            reply_markup=ForceReply(selective=True) if force and markup is None else markup,
        )
        return sent.message_id

    async def edit(self, document: Document) -> None:
        """Change the message whose button was pressed; a new one takes its place where it cannot be changed."""
        first, *rest = self.desk.lay_out(document)
        try:
            await self.bot.edit_message_text(
                first.html,
                self.chat.telegram_id,
                self.message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=_PLAIN,
                reply_markup=_markup(first),
            )
        except BadRequest as error:
            if _UNCHANGED in error.message.lower():
                return
            log.info("message %d cannot be edited: %s", self.message_id, error)
            rest = [first, *rest]
        for message in rest:
            await self._send(message)

    async def edit_buttons(self, markup: InlineKeyboardMarkup) -> None:
        """Change only the buttons under the message that was pressed; best effort, since the next press does it again."""
        try:
            await self.bot.edit_message_reply_markup(self.chat.telegram_id, self.message_id, reply_markup=markup)
        except (BadRequest, RetryAfter) as error:
            if _UNCHANGED not in str(error).lower():
                log.info("the buttons of message %d were not changed: %s", self.message_id, error)

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


def _markup(message: Laid) -> InlineKeyboardMarkup | None:
    return keyboard(rows(message.keyboard))
