"""The settings: each command shows or sets one, each button chooses one, each answer in plain text sets one."""

from __future__ import annotations

from bot.chat import start
from bot.chat.callbacks import Category, Empty, Hour, Language, Quiet, Size, Zone
from bot.chat.visit import Visit

SETUP = {"categories": "categories", "time": "hour", "timezone": "hour", "language": "categories"}
"""The step of the set-up that a setting belongs to."""


async def interests(visit: Visit) -> None:
    """/interests [TEXT]."""
    if not visit.text:
        await visit.ask("interests", "interests", noted=False)
        return
    await visit.must_administer()
    await visit.desk.subscriptions.set_interests(visit.chat.id, visit.text)
    await visit.show("interests", noted=True)


async def categories(visit: Visit) -> None:
    """/categories [NAMES]."""
    if visit.text:
        await visit.must_administer()
        await visit.desk.subscriptions.set_categories(visit.chat.id, visit.text)
    await visit.ask("categories", "categories")


async def hour(visit: Visit) -> None:
    """/time [HOUR]."""
    if visit.text:
        await visit.must_administer()
        await visit.desk.subscriptions.set_hour(visit.chat.id, visit.text)
    await visit.ask("time", "time")


async def timezone(visit: Visit) -> None:
    """/timezone [ZONE]."""
    if visit.text:
        await visit.must_administer()
        await visit.desk.subscriptions.set_timezone(visit.chat.id, visit.text)
    await visit.ask("timezone", "timezone")


async def language(visit: Visit) -> None:
    """/language [NAME]."""
    if visit.text:
        await visit.must_administer()
        await visit.desk.subscriptions.set_language(visit.chat.id, visit.text)
    await visit.show("language")


async def size(visit: Visit) -> None:
    """/size [ROWS]."""
    if visit.text:
        await visit.must_administer()
        await visit.desk.subscriptions.set_size(visit.chat.id, visit.text)
    await visit.ask("size", "size")


async def quiet(visit: Visit) -> None:
    """/quiet [on|off]: “on” passes over days without papers in silence."""
    wish = visit.text.lower()
    if wish in ("on", "off"):
        await visit.must_administer()
        await visit.desk.subscriptions.set_quiet(visit.chat.id, notes=wish == "off")
    await visit.show("quiet_days")


# --------------------------------------------------------------------------- buttons


async def empty(visit: Visit, press: Empty) -> None:
    """Take back the stated interests."""
    if press.setting == "interests":
        await visit.desk.subscriptions.set_interests(visit.chat.id, "-")
    await visit.toast("chosen")
    await visit.show("interests", noted=True)


async def choose_category(visit: Visit, press: Category) -> None:
    """Add a category or take it away."""
    names = await visit.desk.subscriptions.toggle_category(visit.chat.id, press.name)
    if names == (press.name,):
        await visit.toast("last-category")
    await _chosen(visit, press.where, "categories")


async def choose_hour(visit: Visit, press: Hour) -> None:
    """Choose the hour."""
    await visit.desk.subscriptions.set_hour(visit.chat.id, f"{press.hour[:2]}:{press.hour[2:]}")
    await _chosen(visit, press.where, "time")


async def choose_zone(visit: Visit, press: Zone) -> None:
    """Choose the time zone."""
    await visit.desk.subscriptions.set_timezone(visit.chat.id, press.name)
    await _chosen(visit, press.where, "timezone")


async def choose_language(visit: Visit, press: Language) -> None:
    """Choose the language."""
    visit.chat = await visit.desk.subscriptions.set_language(visit.chat.id, press.name)
    await _chosen(visit, press.where, "language")


async def choose_size(visit: Visit, press: Size) -> None:
    """Choose how many rows a table has."""
    await visit.desk.subscriptions.set_size(visit.chat.id, str(press.rows))
    await _chosen(visit, "settings", "size")


async def choose_quiet(visit: Visit, press: Quiet) -> None:
    """Choose whether days without papers are told."""
    await visit.desk.subscriptions.set_quiet(visit.chat.id, notes=bool(press.notes))
    await _chosen(visit, "settings", "quiet_days")


async def _chosen(visit: Visit, where: str, view: str) -> None:
    """Show the choice where it was made: in the set-up, or among the settings."""
    await visit.toast("chosen")
    if where == "setup":
        await start.go_to(visit, SETUP[view])
    else:
        await visit.show(view)
