"""What the ledger of messages holds, for tests to look at."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.model import Delivery, DeliveryState
from storage.tables import deliveries


async def open_messages(conn: AsyncConnection) -> list[Delivery]:
    """Every message that is planned or being sent, in order."""
    rows = await conn.execute(
        select(deliveries).where(deliveries.c.state.in_(("planned", "sending"))).order_by(deliveries.c.id)
    )
    return [
        Delivery(
            row.id,
            row.chat_id,
            row.digest_id,
            row.position,
            row.body,
            DeliveryState(row.state),
            row.attempts,
            row.message_id,
            row.reason,
            row.not_before,
        )
        for row in rows
    ]
