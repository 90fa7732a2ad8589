"""Vectors of papers and interests.

Revision: pb0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0006"
down_revision = "pb0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "vectors",
        sa.Column("model", sa.Text(), nullable=False, comment="which embedding model"),
        sa.Column("key", sa.Text(), nullable=False, comment="paper:ID:version, or text: and a digest of the text"),
        sa.Column(
            "vector", sa.LargeBinary(), nullable=False, comment="numbers of two bytes each, the lowest byte first"
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="when"),
        sa.PrimaryKeyConstraint("model", "key", name=op.f("pk_vectors")),
        comment="what an embedding model made of papers and stated interests, so that it is asked once",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("vectors")
