"""Corrections of reasons, what interests were stated when, and which papers somebody looked at.

Revision: pb0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0003"
down_revision = "pb0002"

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "statements",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="from when on"),
        sa.Column("interests", sa.Text(), nullable=False, comment="what the chat said it cares about, '' for nothing"),
        sa.Column("widened", JSON, nullable=False, comment="further search terms for that"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_statements_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "at", name="pk_statements"),
        comment="the interests a chat stated, one after the other, so that past days can be ranked as they were",
    )
    op.create_table(
        "corrections",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("kind", sa.Text(), nullable=False, comment="kind of the reason that was ruled out"),
        sa.Column(
            "key",
            sa.Text(),
            nullable=False,
            comment="what of that kind: a phrase, a paper, a word, a name; '' for heat",
        ),
        sa.Column(
            "reader_id",
            sa.BigInteger(),
            nullable=False,
            comment="whose own verdict does not count; 0: for the whole chat",
        ),
        sa.Column("label", sa.Text(), nullable=False, comment="the reason's name as it was shown"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was ruled out"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_corrections_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "kind", "key", "reader_id", name="pk_corrections"),
        comment="reasons that somebody said do not count: not because of this",
    )
    op.create_table(
        "openings",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when somebody last did"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_openings_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "paper_id", name="pk_openings"),
        comment="papers whose card somebody in the chat has looked at",
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("openings", "corrections", "statements"):
        op.drop_table(table)
