"""What nobody else handles."""

from __future__ import annotations

from bot.chat.visit import Visit


async def not_understood(visit: Visit) -> None:
    """Something in a private chat that is neither command nor answer nor paper."""
    await visit.show("not_understood")


async def old_button(visit: Visit) -> None:
    """A button of another version, or of nobody."""
    await visit.toast("old-button", alert=True)
