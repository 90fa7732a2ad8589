"""What a language model was asked and what that took, so that a day's budget holds over restarts.

Revision: pb0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0004"
down_revision = "pb0003"


def upgrade() -> None:
    """Make the table and its indexes."""
    op.create_table(
        "model_calls",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False, comment="ours, in the order of asking"),
        sa.Column("question", sa.Text(), nullable=False, comment="digest of model, shape and prompt"),
        sa.Column("model", sa.Text(), nullable=False, comment="which model"),
        sa.Column("purpose", sa.Text(), nullable=False, comment="what for: card, interests, …"),
        sa.Column("day", sa.Date(), nullable=False, comment="day (UTC) whose budget it counts against"),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False, comment="when it was asked"),
        sa.Column(
            "ended_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the answer or failure came, null while under way or lost",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="begun, answered, or the cause of a failure"),
        sa.Column(
            "input_tokens", sa.Integer(), nullable=False, comment="tokens that went in, estimated until it has ended"
        ),
        sa.Column("output_tokens", sa.Integer(), nullable=False, comment="tokens that came out"),
        sa.Column("cost", sa.Float(), nullable=True, comment="US dollars, null where no price is known"),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True, comment="what it answered, kept for a week"),
        sa.PrimaryKeyConstraint("id", name="pk_model_calls"),
        comment="what a language model was asked and what it took",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_model_calls_question", "model_calls", ["question"])
    op.create_index("ix_model_calls_day", "model_calls", ["day"])


def downgrade() -> None:
    """Drop it."""
    op.drop_index("ix_model_calls_day", "model_calls")
    op.drop_index("ix_model_calls_question", "model_calls")
    op.drop_table("model_calls")
