"""Updates that were brought to the webhook.

Revision: pb0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0007"
down_revision = "pb0006"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "updates",
        sa.Column(
            "id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Telegram's number of the update"
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was brought first"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_updates")),
        comment="the newest updates that Telegram brought to the webhook, of which it brings some twice",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("updates")
