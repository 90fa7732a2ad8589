"""The first tables.

Revision: pb0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "pb0001"
down_revision = None

JSON = sa.JSON(none_as_null=True)


def upgrade() -> None:
    """Make all tables and their indexes."""
    op.create_table(
        "cards",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column("version", sa.Integer(), nullable=False, comment="which version of it"),
        sa.Column("language", sa.Text(), nullable=False, comment="language code of the card"),
        sa.Column("analyst", sa.Text(), nullable=False, comment="local, or llm:<model>"),
        sa.Column("schema", sa.Integer(), nullable=False, comment="shape of the card; another shape is made anew"),
        sa.Column("body", JSON, nullable=False, comment="the card"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False, comment="when"),
        sa.PrimaryKeyConstraint("paper_id", "version", "language", "analyst", "schema", name="pk_cards"),
        comment="cards made so far, so that none is made twice",
    )
    op.create_table(
        "chats",
        sa.Column(
            "id", sa.Integer(), autoincrement=True, nullable=False, comment="ours; stays when Telegram's changes"
        ),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False, comment="Telegram's number of the chat"),
        sa.Column("thread_id", sa.BigInteger(), nullable=False, comment="forum topic, 0 for the chat itself"),
        sa.Column("kind", sa.Text(), nullable=False, comment="private, group or channel"),
        sa.Column("title", sa.Text(), nullable=False, comment="its name, for the administrator's eyes"),
        sa.Column("language", sa.Text(), nullable=False, comment="language code"),
        sa.Column("timezone", sa.Text(), nullable=False, comment="IANA name"),
        sa.Column("hour", sa.Time(), nullable=False, comment="local time of day of the digest"),
        sa.Column("layout", sa.Text(), nullable=False, comment="classic or rich"),
        sa.Column("size", sa.Integer(), nullable=False, comment="rows of a table"),
        sa.Column("quiet_notes", sa.Boolean(), nullable=False, comment="whether quiet days are told in one line"),
        sa.Column("subscribed", sa.Boolean(), nullable=False, comment="whether digests are wanted"),
        sa.Column(
            "paused", sa.Text(), nullable=False, comment="why nothing is posted (kicked, blocked, …), '' for not paused"
        ),
        sa.Column(
            "pending", sa.Text(), nullable=False, comment="the question that the next plain text answers, '' for none"
        ),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="moment of the next digest, null while not subscribed",
        ),
        sa.Column(
            "held_since",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when a digest waits for a late listing",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="first seen"),
        sa.Column("interests", sa.Text(), nullable=False, comment="what the chat says it cares about"),
        sa.Column("widened", JSON, nullable=False, comment="further search terms for the interests"),
        sa.PrimaryKeyConstraint("id", name="pk_chats"),
        sa.UniqueConstraint("telegram_id", "thread_id", name="uq_chats_telegram_id"),
        comment="who may be subscribed: a private chat, a group, a channel or one forum topic",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_chats_due", "chats", ["subscribed", "paused", "next_at"], unique=False)
    op.create_table(
        "heat",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper; heat may come before the paper does"),
        sa.Column("source", sa.Text(), nullable=False, comment="hf: Hugging Face daily papers"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when it was read"),
        sa.Column("upvotes", sa.Integer(), nullable=False, comment="upvotes then"),
        sa.Column("comments", sa.Integer(), nullable=False, comment="comments then"),
        sa.Column("stars", sa.Integer(), nullable=True, comment="the repository's stars then, where told"),
        sa.PrimaryKeyConstraint("paper_id", "source", "at", name="pk_heat"),
        comment="attention outside arXiv as a series of readings",
    )
    op.create_index("ix_heat_source", "heat", ["source", "at"], unique=False)
    op.create_table(
        "heat_facts",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column("organization", sa.Text(), nullable=False, comment="who submitted it there, '' for nobody"),
        sa.Column("repository", sa.Text(), nullable=False, comment="address of its code, '' for none"),
        sa.Column("keywords", JSON, nullable=False, comment="its keywords there"),
        sa.PrimaryKeyConstraint("paper_id", name="pk_heat_facts"),
        comment="what a heat source knows of a paper besides its heat",
    )
    op.create_table(
        "institutions",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column("version", sa.Integer(), nullable=False, comment="read from which version"),
        sa.Column("names", JSON, nullable=False, comment="institutions in the paper's order; []: looked, found none"),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False, comment="when they were read"),
        sa.PrimaryKeyConstraint("paper_id", "version", name="pk_institutions"),
        comment="where a paper's authors work",
    )
    op.create_table(
        "listings",
        sa.Column("category", sa.Text(), nullable=False, comment="category code"),
        sa.Column("date", sa.Date(), nullable=False, comment="announcement date"),
        sa.Column("state", sa.Text(), nullable=False, comment="fresh, waiting, quiet, throttled or failed"),
        sa.Column(
            "declared_new",
            sa.Integer(),
            nullable=True,
            comment="how many new papers the page says it has; null: never read",
        ),
        sa.Column("declared_cross", sa.Integer(), nullable=True, comment="likewise, cross-listed"),
        sa.Column("declared_replace", sa.Integer(), nullable=True, comment="likewise, replaced"),
        sa.Column("parsed_new", sa.Integer(), nullable=True, comment="how many new papers were read from it"),
        sa.Column("parsed_cross", sa.Integer(), nullable=True, comment="likewise, cross-listed"),
        sa.Column("parsed_replace", sa.Integer(), nullable=True, comment="likewise, replaced"),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True, comment="when it was last looked at"),
        sa.Column("detail", sa.Text(), nullable=False, comment="short cause of a state that is not fresh"),
        sa.PrimaryKeyConstraint("category", "date", name="pk_listings"),
        comment="one category on one announcement date, and what became of it",
    )
    op.create_table(
        "papers",
        sa.Column("id", sa.Text(), nullable=False, comment="arXiv's id without a version: 2602.14080, hep-th/9901001"),
        sa.Column(
            "latest_version", sa.Integer(), nullable=False, comment="the highest version with a row in paper_versions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_papers"),
        comment="papers that were announced or looked up",
    )
    op.create_table(
        "polls",
        sa.Column("category", sa.Text(), nullable=False, comment="category code"),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="when the newest listing was last asked for",
        ),
        sa.Column("state", sa.Text(), nullable=False, comment="what came of it"),
        sa.Column("page_date", sa.Date(), nullable=True, comment="date of the newest listing ever read whole"),
        sa.Column("detail", sa.Text(), nullable=False, comment="short cause of a failure"),
        sa.Column("failures", sa.Integer(), nullable=False, comment="failed attempts in a row"),
        sa.Column(
            "not_before", sa.DateTime(timezone=True), nullable=True, comment="earliest moment of the next attempt"
        ),
        sa.PrimaryKeyConstraint("category", name="pk_polls"),
        comment="the last attempt at each category's newest listing",
    )
    op.create_table(
        "announcements",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column(
            "version", sa.Integer(), nullable=False, comment="the version announced, as far as the listing tells"
        ),
        sa.Column("category", sa.Text(), nullable=False, comment="in which category's listing"),
        sa.Column("date", sa.Date(), nullable=False, comment="the listing's announcement date"),
        sa.Column("kind", sa.Text(), nullable=False, comment="new, cross or replace"),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name="fk_announcements_paper_id"),
        sa.PrimaryKeyConstraint("paper_id", "category", "date", "kind", name="pk_announcements"),
        comment="arXiv listed this paper in this category on this date",
    )
    op.create_index("ix_announcements_listing", "announcements", ["category", "date"], unique=False)
    op.create_table(
        "chat_categories",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("category", sa.Text(), nullable=False, comment="category code"),
        sa.Column(
            "since",
            sa.Date(),
            nullable=True,
            comment="first announcement date that counts; null: only the newest listing so far",
        ),
        sa.Column("position", sa.Integer(), nullable=False, comment="order in which the chat named them"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_chat_categories_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "category", name="pk_chat_categories"),
        comment="the categories a chat reads",
    )
    op.create_table(
        "digests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False, comment="ours"),
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("date", sa.Date(), nullable=False, comment="announcement date"),
        sa.Column(
            "part", sa.Integer(), nullable=False, comment="0, then 1, 2, … for what was posted later for the same date"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, comment="when it was made"),
        sa.Column("announced", sa.Integer(), nullable=False, comment="distinct new and cross-listed papers considered"),
        sa.Column("listings", JSON, nullable=False, comment="states of the chat's categories when it was made"),
        sa.Column("late", JSON, nullable=False, comment="listings of earlier days that are included"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_digests_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_digests"),
        sa.UniqueConstraint("chat_id", "date", "part", name="uq_digests_chat_id"),
        comment="what one chat got for one announcement day, kept for ever",
        sqlite_autoincrement=True,
    )
    op.create_table(
        "follows",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("kind", sa.Text(), nullable=False, comment="author or institution"),
        sa.Column("value", sa.Text(), nullable=False, comment="the name"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_follows_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "kind", "value", name="pk_follows"),
        comment="authors and institutions a chat follows",
    )
    op.create_table(
        "mutes",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("kind", sa.Text(), nullable=False, comment="word or author"),
        sa.Column("value", sa.Text(), nullable=False, comment="the word or name"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_mutes_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "kind", "value", name="pk_mutes"),
        comment="words and authors a chat does not want to see",
    )
    op.create_table(
        "notices",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("day", sa.Date(), nullable=False, comment="for which day"),
        sa.Column("kind", sa.Text(), nullable=False, comment="quiet, waiting, …"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_notices_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "day", "kind", name="pk_notices"),
        comment="one-line notes already given",
    )
    op.create_table(
        "paper_versions",
        sa.Column("paper_id", sa.Text(), nullable=False, comment="of which paper"),
        sa.Column("version", sa.Integer(), nullable=False, comment="arXiv's version, from 1"),
        sa.Column("title", sa.Text(), nullable=False, comment="as arXiv writes it, LaTeX included"),
        sa.Column("authors", JSON, nullable=False, comment="names in order"),
        sa.Column("abstract", sa.Text(), nullable=False, comment="'' where nobody has told it yet"),
        sa.Column("categories", JSON, nullable=False, comment="category codes, the primary one first"),
        sa.Column("comments", sa.Text(), nullable=False, comment="the authors' remark, '' for none"),
        sa.Column("journal_ref", sa.Text(), nullable=False, comment="'' for none"),
        sa.Column("doi", sa.Text(), nullable=False, comment="'' for none"),
        sa.Column(
            "published", sa.DateTime(timezone=True), nullable=True, comment="when version 1 was submitted, where told"
        ),
        sa.Column(
            "updated", sa.DateTime(timezone=True), nullable=True, comment="when this version was submitted, where told"
        ),
        sa.Column(
            "has_html", sa.Boolean(), nullable=True, comment="whether arXiv shows it as HTML; null: nobody has said"
        ),
        sa.ForeignKeyConstraint(["paper_id"], ["papers.id"], name="fk_paper_versions_paper_id"),
        sa.PrimaryKeyConstraint("paper_id", "version", name="pk_paper_versions"),
        comment="arXiv's metadata, one row per version",
    )
    op.create_table(
        "unfolded",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("message_id", sa.BigInteger(), nullable=False, comment="Telegram's number of the table's message"),
        sa.Column("paper_id", sa.Text(), nullable=False, comment="whose card is open"),
        sa.Column("card_message_ids", JSON, nullable=False, comment="Telegram's numbers of the card's messages"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="since when"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_unfolded_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "message_id", "paper_id", name="pk_unfolded"),
        comment="which cards are open under which table",
    )
    op.create_table(
        "verdicts",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("reader_id", sa.BigInteger(), nullable=False, comment="Telegram's number of who pressed"),
        sa.Column("paper_id", sa.Text(), nullable=False, comment="on which paper"),
        sa.Column("kind", sa.Text(), nullable=False, comment="like, dislike or save"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="when"),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_verdicts_chat_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "reader_id", "paper_id", name="pk_verdicts"),
        comment="one reader's last word on one paper in one chat",
    )
    op.create_index("ix_verdicts_at", "verdicts", ["chat_id", "at"], unique=False)
    op.create_index("ix_verdicts_paper", "verdicts", ["chat_id", "paper_id"], unique=False)
    op.create_index("ix_verdicts_reader", "verdicts", ["reader_id"], unique=False)
    op.create_table(
        "considered",
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("category", sa.Text(), nullable=False, comment="category of the listing"),
        sa.Column("date", sa.Date(), nullable=False, comment="date of the listing"),
        sa.Column(
            "digest_id", sa.Integer(), nullable=True, comment="the digest that drew from it, null where none was made"
        ),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_considered_chat_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_considered_digest_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("chat_id", "category", "date", name="pk_considered"),
        comment="the ledger: this listing has been considered for this chat",
    )
    op.create_index("ix_considered_digest_id", "considered", ["digest_id"], unique=False)
    op.create_index("ix_considered_listing", "considered", ["category", "date"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column(
            "id",
            sa.Integer(),
            autoincrement=True,
            nullable=False,
            comment="ours, in the order in which messages are to appear",
        ),
        sa.Column("chat_id", sa.Integer(), nullable=False, comment="whose"),
        sa.Column("digest_id", sa.Integer(), nullable=True, comment="the digest it shows, null for a note"),
        sa.Column("position", sa.Integer(), nullable=False, comment="place among the messages of its subject, from 0"),
        sa.Column("body", JSON, nullable=False, comment="the message as planned"),
        sa.Column("state", sa.Text(), nullable=False, comment="planned, sending, sent or failed"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="sends begun"),
        sa.Column("message_id", sa.BigInteger(), nullable=True, comment="Telegram's number of the message once sent"),
        sa.Column("reason", sa.Text(), nullable=False, comment="why the last send failed, '' if none did"),
        sa.Column(
            "not_before", sa.DateTime(timezone=True), nullable=True, comment="earliest moment of the next attempt"
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the state last changed, null while only planned",
        ),
        sa.ForeignKeyConstraint(["chat_id"], ["chats.id"], name="fk_deliveries_chat_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_deliveries_digest_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        comment="one message each, recorded before and after the send",
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_chat", "deliveries", ["chat_id", "state"], unique=False)
    op.create_index("ix_deliveries_digest_id", "deliveries", ["digest_id"], unique=False)
    op.create_index("ix_deliveries_state", "deliveries", ["state", "id"], unique=False)
    op.create_table(
        "digest_rows",
        sa.Column("digest_id", sa.Integer(), nullable=False, comment="of which digest"),
        sa.Column("rank", sa.Integer(), nullable=False, comment="line of the table, from 1"),
        sa.Column("paper_id", sa.Text(), nullable=False, comment="which paper"),
        sa.Column("version", sa.Integer(), nullable=False, comment="the version known then"),
        sa.Column("title", sa.Text(), nullable=False, comment="as shown"),
        sa.Column("authors", JSON, nullable=False, comment="as shown"),
        sa.Column("institution", sa.Text(), nullable=False, comment="as shown, '' where unknown"),
        sa.Column("direction", sa.Text(), nullable=False, comment="key of a topic, or a category"),
        sa.Column("heat", sa.Integer(), nullable=True, comment="upvotes then, null where no source knew the paper"),
        sa.Column("score", sa.Float(), nullable=False, comment="the ranker's score"),
        sa.Column("reasons", JSON, nullable=False, comment="why it was chosen, by shares of the score"),
        sa.Column("tags", JSON, nullable=False, comment="facts and judgements by key"),
        sa.Column(
            "added_from",
            sa.Date(),
            nullable=True,
            comment="date of the late listing that brought it, null for the digest's own day",
        ),
        sa.ForeignKeyConstraint(["digest_id"], ["digests.id"], name="fk_digest_rows_digest_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest_id", "rank", name="pk_digest_rows"),
        comment="the lines of the tables",
    )
    op.create_index("ix_digest_rows_paper", "digest_rows", ["paper_id"], unique=False)


def downgrade() -> None:
    """Drop all tables; indexes go with them."""
    for table in (
        "digest_rows",
        "deliveries",
        "considered",
        "verdicts",
        "unfolded",
        "paper_versions",
        "notices",
        "mutes",
        "follows",
        "digests",
        "chat_categories",
        "announcements",
        "polls",
        "papers",
        "listings",
        "institutions",
        "heat_facts",
        "heat",
        "chats",
        "cards",
    ):
        op.drop_table(table)
