"""python-telegram-bot's application with our routes in it."""

from __future__ import annotations

import logging
from typing import Any

from telegram import Bot, BotCommand
from telegram.error import TelegramError
from telegram.ext import Application, ApplicationBuilder, ExtBot

from bot.chat.desk import Desk
from bot.chat.reception import Context
from bot.chat.routes import routes
from bot.chat.turnstile import Turnstile

log = logging.getLogger(__name__)


def application(bot: ExtBot[Any], desk: Desk) -> Application[Any, Any, Any, Any, Any, Any]:
    """An application that is ready to be initialized and started. Its updates come from its updater or from whoever
    puts them in."""
    built = ApplicationBuilder().bot(bot).concurrent_updates(Turnstile()).build()
    built.add_handlers(routes(desk))
    built.add_error_handler(_write_down)
    return built


async def register_commands(bot: Bot, desk: Desk) -> None:
    """Tell Telegram the commands in every language; a Telegram that does not take them keeps nothing from working."""
    templates = desk.views.templates
    for language in ("", *templates.languages):
        commands = [BotCommand(one.name, one.about) for one in desk.views.commands(language)]
        try:
            await bot.set_my_commands(commands, language_code=language or None)
        except TelegramError as error:
            log.warning("the commands were not registered (%s): %s", language or "all", error)
            return


async def _write_down(update: object, context: Context) -> None:
    log.error("an update was not handled: %s", type(update).__name__, exc_info=context.error)
