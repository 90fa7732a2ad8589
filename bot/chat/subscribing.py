"""/subscribe and /unsubscribe."""

from __future__ import annotations

from bot.chat.callbacks import Subscribe
from bot.chat.visit import Visit


async def subscribe(visit: Visit) -> None:
    """/subscribe."""
    await visit.must_administer()
    await visit.desk.subscriptions.start(visit.chat.id)
    await visit.show("subscription")


async def unsubscribe(visit: Visit) -> None:
    """/unsubscribe."""
    await visit.must_administer()
    await visit.desk.subscriptions.stop(visit.chat.id)
    await visit.show("subscription")


async def press(visit: Visit, press: Subscribe) -> None:
    """The button under either."""
    change = visit.desk.subscriptions.start if press.on else visit.desk.subscriptions.stop
    await change(visit.chat.id)
    await visit.show("subscription")
