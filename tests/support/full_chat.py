"""A chat about which every table holds something."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Chat, ChatKind, Correction, Follow, FollowKind, Mute, MuteKind, ReasonKind, VerdictKind
from storage import chats, corrections, deliveries, digests, listings, verdicts
from tests.support.builders import DAY, NOW, listing, paper, row


async def live(conn: AsyncConnection, telegram_id: int, reader_id: int, words: str) -> Chat:
    """A chat with something in every table that can hold something of it."""
    chat = await chats.ensure(conn, telegram_id, 0, ChatKind.GROUP, words, {"subscribed": True, "next_at": NOW}, NOW)
    await chats.set_categories(conn, chat.id, ("cs.LG",), DAY)
    await chats.set_interests(conn, chat.id, words, (words,), NOW)
    await chats.follow(conn, chat.id, Follow(FollowKind.AUTHOR, words))
    await chats.mute(conn, chat.id, Mute(MuteKind.WORD, words))
    await corrections.add(conn, chat.id, Correction(ReasonKind.INTEREST, words, words, NOW, reader_id))
    await verdicts.cast(conn, chat.id, reader_id, paper(1).id, VerdictKind.SAVE, NOW)
    digest = await digests.create(conn, chat.id, DAY, NOW, 1, [row(1, title=words)], [listing()], [])
    await listings.consider(conn, [(chat.id, digest.id, [listing()])])
    await digests.notice(conn, [(chat.id, DAY, "quiet")])
    await deliveries.plan(conn, chat.id, digest.id, [{"text": words, "chat_id": telegram_id}])
    await deliveries.plan(conn, chat.id, None, [{"text": words}])
    await deliveries.unfold(conn, chat.id, 5, paper(1).id, (6,), NOW)
    return chat
