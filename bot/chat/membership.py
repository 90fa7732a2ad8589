"""What becomes of the bot in a chat: brought in, thrown out, blocked, let in again; and groups that move."""

from __future__ import annotations

from telegram import Message

from bot.chat.desk import Desk
from bot.chat.visit import Visit
from bot.model import ChatKind


async def changed(visit: Visit, was_inside: bool, is_inside: bool) -> None:
    """Nothing is posted to a chat that cannot be reached; one that comes back goes on where it was."""
    if not is_inside:
        reason = "blocked" if visit.chat.kind is ChatKind.PRIVATE else "kicked"
        await visit.desk.subscriptions.pause(visit.chat.id, reason)
        return
    await visit.desk.subscriptions.resume(visit.chat.id)
    if not was_inside and visit.chat.kind is ChatKind.GROUP:
        await visit.show("welcome")
    if not was_inside and visit.chat.kind is ChatKind.CHANNEL:
        # Nobody talks to a bot in a channel: whoever brought it there wants its tables.
        await visit.desk.subscriptions.start(visit.chat.id)


async def migrated(desk: Desk, message: Message) -> None:
    """A group became a supergroup: everything of it moves over. Both chats tell it; the second time does nothing."""
    if message.migrate_to_chat_id:
        await desk.subscriptions.migrate(message.chat.id, message.migrate_to_chat_id)
    elif message.migrate_from_chat_id:
        await desk.subscriptions.migrate(message.migrate_from_chat_id, message.chat.id)
