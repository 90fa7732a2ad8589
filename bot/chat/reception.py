"""Between python-telegram-bot and the handlers: who comes in, in which order, and what they are told when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import telegram
from telegram import Update
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import TelegramError
from telegram.ext import CallbackContext, ExtBot

from bot.chat.callbacks import Press, decode
from bot.chat.desk import Desk
from bot.chat.forged import forged
from bot.chat.outcome import Migrated, Refused, judge
from bot.chat.visit import Visit
from bot.errors import PaperboyError, StorageError
from bot.model import Chat, ChatKind

log = logging.getLogger(__name__)

Handler = Callable[[Visit], Awaitable[None]]
P = TypeVar("P", bound=Press)
Context = CallbackContext[Any, Any, Any, Any]
Callback = Callable[[Update, Context], Coroutine[Any, Any, None]]

OUTSIDE = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)

KINDS = {
    ChatType.PRIVATE: ChatKind.PRIVATE,
    ChatType.GROUP: ChatKind.GROUP,
    ChatType.SUPERGROUP: ChatKind.GROUP,
    ChatType.CHANNEL: ChatKind.CHANNEL,
}


class Reception:
    """Makes callbacks for python-telegram-bot out of our handlers.

    Whatever comes from one chat is handled in order, up to where a handler lets go; different chats do not wait for
    each other. Every press is answered. What goes wrong is told to whoever asked, and written down once.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def command(self, handler: Handler) -> Callback:
        """For a command: the handler gets what follows it."""

        async def callback(update: Update, context: Context) -> None:
            message = cast("telegram.Message", update.effective_message)
            if message.is_automatic_forward:
                return  # a channel's post that Telegram repeats in the group beside it was answered in the channel
            command = message.entities[0].length
            text = (message.text or "").encode("utf-16-le")[2 * command :].decode("utf-16-le").strip()
            await self._receive(update, context.bot, self._settling(handler), text)

        return callback

    def text(self, handler: Handler) -> Callback:
        """For a plain message: the handler gets the whole of it."""

        async def callback(update: Update, context: Context) -> None:
            message = cast("telegram.Message", update.effective_message)
            await self._receive(update, context.bot, handler, (message.text or "").strip())

        return callback

    def press(self, handler: Callable[[Visit, P], Awaitable[None]], *, admins: bool = False) -> Callback:
        """For a button: the handler gets what it means. With `admins` only administrators may press it. What is forged
        does nothing."""

        async def handle(visit: Visit) -> None:
            data = (visit.query.data if visit.query is not None else None) or ""
            if visit.pressed is not None and forged(visit.pressed, data):
                log.info("no button of message %d says what was pressed", visit.message_id)
                return
            if admins:
                await visit.must_administer()
            await handler(visit, cast("P", decode(data)))

        async def callback(update: Update, context: Context) -> None:
            await self._receive(update, context.bot, handle)

        return callback

    def unknown_press(self, handler: Handler) -> Callback:
        """For a button that no longer means anything."""

        async def callback(update: Update, context: Context) -> None:
            await self._receive(update, context.bot, handler)

        return callback

    def membership(self, handler: Callable[[Visit, bool, bool], Awaitable[None]]) -> Callback:
        """For what becomes of the bot in a chat: the handler gets whether it was inside, and whether it is."""

        async def callback(update: Update, context: Context) -> None:
            change = cast("telegram.ChatMemberUpdated", update.my_chat_member)
            was, now = (member.status not in OUTSIDE for member in (change.old_chat_member, change.new_chat_member))

            async def handle(visit: Visit) -> None:
                await handler(visit, was, now)

            await self._receive(update, context.bot, handle, "", silent=not now)

        return callback

    def service(self, handler: Callable[[Desk, telegram.Message], Awaitable[None]]) -> Callback:
        """For a service message, which needs no answer and no chat of ours."""

        async def callback(update: Update, context: Context) -> None:  # noqa: ARG001 - python-telegram-bot's form
            await handler(self._desk, cast("telegram.Message", update.effective_message))

        return callback

    # ------------------------------------------------------------------ one visit

    async def _receive(
        self, update: Update, bot: ExtBot[Any], handler: Handler, text: str = "", *, silent: bool = False
    ) -> None:
        """Handle one update; a `silent` one says that we are outside: nobody is answered, whatever goes wrong."""
        served = self._desk.digests.precedence.waits()
        try:
            await self._attend(update, bot, handler, text, served, silent=silent)
        finally:
            served()

    async def _attend(
        self,
        update: Update,
        bot: ExtBot[Any],
        handler: Handler,
        text: str,
        served: Callable[[], None],
        *,
        silent: bool,
    ) -> None:
        lock = self._desk.turns.setdefault(_place(update), asyncio.Lock())
        await lock.acquire()
        held = True

        def let_go() -> None:
            nonlocal held
            if held:
                held = False
                lock.release()

        visit = self._visit(update, bot, text, let_go, served)
        try:
            if _is_lost(update):
                await visit.toast("gone", alert=True)
                return
            visit.chat = await self._arrive(update)
            if visit.chat.paused and not silent:
                visit.chat = await self._desk.subscriptions.resume(visit.chat.id)
            await handler(visit)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, whoever asked is told
            await self._tell(visit, error, silent=silent)
        finally:
            let_go()
            await self._close(visit)

    def _settling(self, handler: Handler) -> Handler:
        """A command in a private chat ends the question that was open there."""

        async def handle(visit: Visit) -> None:
            if visit.chat.pending and visit.chat.kind is ChatKind.PRIVATE:
                await self._desk.subscriptions.ask(visit.chat.id, "")
            await handler(visit)

        return handle

    def _visit(
        self, update: Update, bot: ExtBot[Any], text: str, let_go: Callable[[], None], served: Callable[[], None]
    ) -> Visit:
        """The visit before its chat is known to the database."""
        query, message = update.callback_query, update.effective_message
        telegram_id, thread_id = _place(update)
        user = update.effective_user
        sender = message.sender_chat if message is not None and query is None else None
        stranger = Chat(0, telegram_id, thread_id, _kind(update), language=_language(update) or "")
        return Visit(
            desk=self._desk,
            bot=bot,
            chat=stranger,
            reader_id=user.id if user is not None else 0,
            message_id=message.message_id if message is not None else 0,
            text=text,
            query=query,
            # Whoever posts as the chat itself, in a channel or as an anonymous administrator, administers it.
            governs=query is None and (update.channel_post is not None or (sender is not None and sender.id == telegram_id)),
            let_go=let_go,
            served=served,
        )  # fmt: skip

    async def _arrive(self, update: Update) -> Chat:
        telegram_id, thread_id = _place(update)
        return await self._desk.subscriptions.arrive(
            telegram_id, thread_id, _kind(update), _title(update), _language(update)
        )

    async def _tell(self, visit: Visit, error: Exception, *, silent: bool) -> None:
        """Tell whoever asked what went wrong; what is no fault of theirs is written down."""
        try:
            if isinstance(error, PaperboyError):
                await self._explain(visit, error, silent=silent)
            elif isinstance(error, TelegramError):
                await self._cope(visit, error)
            else:
                log.error("a handler failed", exc_info=error)
                await _apologise(visit)
        except TelegramError as trouble:
            log.warning("nobody could be told of “%s”: %s", type(error).__name__, trouble)

    async def _explain(self, visit: Visit, error: PaperboyError, *, silent: bool) -> None:
        log.log(logging.ERROR if isinstance(error, StorageError) else logging.INFO, "%s: %s", error.code, error)
        if silent:
            return
        if visit.query is not None and not visit.answered:
            await visit.say(self._desk.views.error_line(error, visit.chat.language), alert=True)
        else:
            await visit.reply(self._desk.views.error(error, visit.chat.language), to=_pressed_id(visit))

    async def _cope(self, visit: Visit, error: TelegramError) -> None:
        """Telegram refused a call. Where the chat cannot be written to there is nobody to tell."""
        match judge(error):
            case Migrated(new_id):
                await self._desk.subscriptions.migrate(visit.chat.telegram_id, new_id)
            case Refused(reason):
                log.error("Telegram refused an answer: %s", reason, exc_info=error)
                await _apologise(visit)
            case other:
                log.warning("an answer did not get through: %s", other)

    async def _close(self, visit: Visit) -> None:
        """No press stays unanswered."""
        try:
            await visit.say()
        except TelegramError as error:
            log.warning("a press stayed unanswered: %s", error)


async def _apologise(visit: Visit) -> None:
    views = visit.desk.views
    if visit.query is not None and not visit.answered:
        await visit.say(views.templates.line("apology", visit.chat.language), alert=True)
    else:
        await visit.reply(views.templates.render("apology", visit.chat.language), to=_pressed_id(visit))


def _pressed_id(visit: Visit) -> int:
    return visit.message_id if visit.query is not None else 0


def _is_lost(update: Update) -> bool:
    """Whether a press came from a message of which Telegram no longer says to which chat or topic it belonged."""
    if update.callback_query is None:
        return False
    message = update.callback_query.message
    return message is None or (not message.is_accessible and bool(message.chat.is_forum))


def _place(update: Update) -> tuple[int, int]:
    """The chat's identity: its id, and the forum topic's, 0 outside of topics."""
    chat, message = update.effective_chat, update.effective_message
    in_topic = isinstance(message, telegram.Message) and message.is_topic_message
    thread_id = message.message_thread_id if in_topic and message is not None else None
    return chat.id if chat is not None else 0, thread_id or 0


def _kind(update: Update) -> ChatKind:
    chat = update.effective_chat
    return KINDS.get(ChatType(chat.type), ChatKind.GROUP) if chat is not None else ChatKind.PRIVATE


def _title(update: Update) -> str:
    chat = update.effective_chat
    return (chat.title or chat.full_name or "") if chat is not None else ""


def _language(update: Update) -> str | None:
    user = update.effective_user
    return user.language_code if user is not None else None
