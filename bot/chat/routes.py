"""Every route of the bot in one ordered list: the first that takes an update handles it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from telegram.ext import BaseHandler, CallbackQueryHandler, ChatMemberHandler, CommandHandler, MessageHandler, filters

from bot.chat import (
    answers,
    card,
    digest,
    drawing,
    fallback,
    follows,
    forget,
    layout,
    library,
    membership,
    paper,
    profile,
    report,
    saved,
    settings,
    start,
    status,
    subscribing,
    verdicts,
    why,
)
from bot.chat.callbacks import (
    Category,
    Draw,
    Empty,
    Fold,
    Forget,
    Hour,
    Language,
    Layout,
    NotBecause,
    Page,
    Press,
    Quiet,
    Read,
    ReportFile,
    Restore,
    Setup,
    Size,
    Subscribe,
    Unfold,
    Unfollow,
    UnknownPress,
    Unmute,
    Vote,
    Why,
    Zone,
    decode,
)
from bot.chat.desk import Desk
from bot.chat.reception import Handler, Reception

Route = BaseHandler[Any, Any, Any]

# Edited messages are not heard again: what was said first was answered.
NEW = filters.UpdateType.MESSAGE | filters.UpdateType.CHANNEL_POST


def routes(desk: Desk) -> list[Route]:
    """The routes, in the order in which they are asked."""
    at = Reception(desk)

    def command(name: str, handler: Handler) -> Route:
        return CommandHandler(name, at.command(handler), NEW)

    def press(kind: type[Any], handler: Callable[..., Any], *, admins: bool = False) -> Route:
        return CallbackQueryHandler(at.press(handler, admins=admins), partial(_means, kind))

    return [
        # What happens to chats comes first: it must be known whatever else is wrong with them.
        ChatMemberHandler(at.membership(membership.changed), ChatMemberHandler.MY_CHAT_MEMBER),
        MessageHandler(filters.StatusUpdate.MIGRATE, at.service(membership.migrated)),
        command("start", start.start),
        command("help", start.show_help),
        command("digest", digest.digest),
        command("paper", paper.paper),
        command("report", report.report),
        command("interests", settings.interests),
        command("categories", settings.categories),
        command("follow", follows.follow),
        command("unfollow", follows.unfollow),
        command("mute", follows.mute),
        command("unmute", follows.unmute),
        command("time", settings.hour),
        command("timezone", settings.timezone),
        command("language", settings.language),
        command("layout", layout.layout),
        command("size", settings.size),
        command("quiet", settings.quiet),
        command("why", why.why),
        command("whynot", why.why),
        command("search", library.search),
        command("similar", library.similar),
        command("saved", saved.saved),
        command("profile", profile.profile),
        command("stats", library.stats),
        command("export", library.export),
        command("subscribe", subscribing.subscribe),
        command("unsubscribe", subscribing.unsubscribe),
        command("status", status.status),
        command("forget", forget.forget),
        press(Unfold, card.unfold),
        press(Fold, card.fold),
        press(Page, card.turn),
        press(Draw, drawing.draw),
        press(Vote, verdicts.vote),
        press(Read, digest.press),
        press(ReportFile, report.press),
        press(Setup, start.step, admins=True),
        press(Category, settings.choose_category, admins=True),
        press(Hour, settings.choose_hour, admins=True),
        press(Zone, settings.choose_zone, admins=True),
        press(Language, settings.choose_language, admins=True),
        press(Layout, layout.press, admins=True),
        press(Size, settings.choose_size, admins=True),
        press(Quiet, settings.choose_quiet, admins=True),
        press(Subscribe, subscribing.press, admins=True),
        press(Unfollow, follows.press_unfollow, admins=True),
        press(Unmute, follows.press_unmute, admins=True),
        press(Forget, forget.press),
        press(Why, why.press),
        press(NotBecause, why.not_because),
        press(Restore, why.restore),
        press(Empty, settings.empty, admins=True),
        # Whatever else was pressed is from another version, and must be answered as well.
        CallbackQueryHandler(at.unknown_press(fallback.old_button)),
        # Plain text comes after all commands; in groups only what replies to the bot is for it.
        MessageHandler(_private(filters.TEXT & ~filters.COMMAND), at.text(answers.in_private)),
        MessageHandler(
            filters.UpdateType.MESSAGE
            & filters.ChatType.GROUPS
            & filters.TEXT
            & ~filters.COMMAND
            & filters.REPLY
            & _TO_US,
            at.text(answers.in_group),
        ),
        # A command nobody knows, a picture, a voice: in private somebody waits for an answer.
        MessageHandler(_private(~filters.StatusUpdate.ALL), at.text(fallback.not_understood)),
    ]


def _private(what: filters.BaseFilter) -> filters.BaseFilter:
    return filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE & what


class _ReplyToUs(filters.MessageFilter):
    """Messages that reply to one of the bot's own."""

    def filter(self, message: Any) -> bool:
        """Whether it does."""
        replied = message.reply_to_message
        return bool(replied and replied.from_user and replied.from_user.id == message.get_bot().id)


_TO_US = _ReplyToUs()


def _means(kind: type[Press], data: object) -> bool:
    """Whether a button's data means this kind of press."""
    try:
        return isinstance(decode(str(data)), kind)
    except UnknownPress:
        return False
