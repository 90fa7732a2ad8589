"""Troubles of the bot itself, remembered so that each is told once.

Revision: pb0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0002"
down_revision = "pb0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "alerts",
        sa.Column("key", sa.Text(), nullable=False, comment="the trouble: listing:cs.LG, lag:"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False, comment="when it was first seen"),
        sa.Column(
            "told_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the administrators were told, null while it may still pass",
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_alerts")),
        comment="troubles of the bot itself that last, so that each is told once",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("alerts")
