"""The pauses that several programs on one server keep together.

Revision: pb0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0005"
down_revision = "pb0004"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "turns",
        sa.Column("name", sa.Text(), nullable=False, comment="what pauses: arxiv, api, both, hf"),
        sa.Column("free_at", sa.DateTime(timezone=True), nullable=False, comment="earliest moment of the next request"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_turns")),
        comment="the pauses between requests that several programs on one PostgreSQL server keep together",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("turns")
