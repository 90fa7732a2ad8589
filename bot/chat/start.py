"""/start, the guided set-up, and /help."""

from __future__ import annotations

from bot.chat.callbacks import Setup
from bot.chat.visit import Visit
from bot.errors import BadTime, UnknownTimezone
from bot.model import ChatKind

ASKS = {"categories": "setup-categories", "interests": "setup-interests", "hour": "setup-hour"}
"""Steps that take plain text, and the question they leave open."""


async def start(visit: Visit) -> None:
    """/start subscribes the chat and begins the set-up; in a group only for its administrators, in a channel, where
    everybody would see the steps, it tells the settings instead."""
    if not await visit.administers():
        await visit.show("welcome")
        return
    await visit.desk.subscriptions.start(visit.chat.id)
    await go_to(visit, "done" if visit.chat.kind is ChatKind.CHANNEL else "categories")


async def step(visit: Visit, press: Setup) -> None:
    """Go to a step of the set-up."""
    if press.step == "done":
        await visit.desk.subscriptions.start(visit.chat.id)
    await go_to(visit, press.step)


async def categories_given(visit: Visit) -> None:
    """The answer to the step about categories; it may be given again."""
    await visit.desk.subscriptions.set_categories(visit.chat.id, visit.text)
    await go_to(visit, "categories")


async def interests_given(visit: Visit) -> None:
    """The answer to the step about interests leads on to the hour."""
    await visit.desk.subscriptions.set_interests(visit.chat.id, visit.text)
    await go_to(visit, "hour")


async def hour_given(visit: Visit) -> None:
    """The answer to the step about the hour: an hour, or a time zone. It may be given again."""
    try:
        await visit.desk.subscriptions.set_hour(visit.chat.id, visit.text)
    except BadTime as bad:
        try:
            await visit.desk.subscriptions.set_timezone(visit.chat.id, visit.text)
        except UnknownTimezone as unknown:
            raise (unknown if unknown.near else bad) from None
    await go_to(visit, "hour")


async def go_to(visit: Visit, name: str) -> None:
    """Show a step, and leave its question open. In a group any reply to us would answer it, so that only the steps that
    call for one do so there."""
    in_words = name != "categories" or visit.chat.kind is ChatKind.PRIVATE
    await visit.desk.subscriptions.ask(visit.chat.id, ASKS.get(name, "") if in_words else "")
    await visit.show("start", step=name)


async def show_help(visit: Visit) -> None:
    """/help."""
    await visit.show("help", commands=visit.desk.views.commands(visit.chat.language))
