"""Every table, commented column by column. The migrations build exactly this; a test holds the two together.

Times are UTC; dates of listings are arXiv's announcement dates; `json` columns hold what `storage.codec` writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Time,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

REVISION = "pb0007"
"""The migration that builds these tables; a database of this revision needs no migrating."""

VERSION_TABLE = "paperboy_revision"
"""Where a database says which revision it has: a name of our own, so that nobody else's is taken for it."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class _SqliteMoment(sqlite.DATETIME):
    """Moments as SQLAlchemy writes them in SQLite, read in one step: a digest takes dozens, and whatever a Python function
    adds to each is felt."""

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], str | None]:  # noqa: ARG002 - SQLAlchemy's signature
        """What writes a moment of UTC."""
        return lambda moment: None if moment is None else moment.replace(tzinfo=None).isoformat(" ", "microseconds")

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], datetime | None]:  # noqa: ARG002 - likewise
        """What reads it."""
        return lambda text: None if text is None else datetime.fromisoformat(text + "Z")


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in, aware UTC datetimes out, on both engines. Text order is time order on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """How the engine keeps them; PostgreSQL's driver reads them in UTC."""
        if dialect.name != "sqlite":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(_SqliteMoment())  # type: ignore[no-untyped-call] # theirs has no types

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - likewise
        """The moment in UTC; a naive time is a mistake of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone: {value!r}")
        return value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Any text that people or arXiv may send. What no engine stores (NUL, half of a surrogate pair) becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """The text without what cannot be stored."""
        return value if value is None else _UNSTORABLE.sub("\ufffd", str(value))


Json = JSON(none_as_null=True)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _own_id(comment: str) -> Column[int]:
    """A key that is never given twice, so that an old button cannot reach what came later."""
    return Column("id", Integer, primary_key=True, autoincrement=True, comment=comment)


def _chat(**options: Any) -> Column[int]:
    return Column(
        "chat_id", Integer, ForeignKey("chats.id", ondelete="CASCADE"), nullable=False, comment="whose", **options
    )


# --------------------------------------------------------------------------- papers and what arXiv announced

papers = Table(
    "papers",
    metadata,
    Column("id", Words, primary_key=True, comment="arXiv's id without a version: 2602.14080, hep-th/9901001"),
    Column("latest_version", Integer, nullable=False, comment="the highest version with a row in paper_versions"),
    comment="papers that were announced or looked up",
)

paper_versions = Table(
    "paper_versions",
    metadata,
    Column("paper_id", Words, ForeignKey("papers.id"), nullable=False, comment="of which paper"),
    Column("version", Integer, nullable=False, comment="arXiv's version, from 1"),
    Column("title", Words, nullable=False, comment="as arXiv writes it, LaTeX included"),
    Column("authors", Json, nullable=False, comment="names in order"),
    Column("abstract", Words, nullable=False, comment="'' where nobody has told it yet"),
    Column("categories", Json, nullable=False, comment="category codes, the primary one first"),
    Column("comments", Words, nullable=False, comment="the authors' remark, '' for none"),
    Column("journal_ref", Words, nullable=False, comment="'' for none"),
    Column("doi", Words, nullable=False, comment="'' for none"),
    Column("published", UtcDateTime, comment="when version 1 was submitted, where told"),
    Column("updated", UtcDateTime, comment="when this version was submitted, where told"),
    Column("has_html", Boolean, comment="whether arXiv shows it as HTML; null: nobody has said"),
    PrimaryKeyConstraint("paper_id", "version"),
    comment="arXiv's metadata, one row per version",
)

announcements = Table(
    "announcements",
    metadata,
    Column("paper_id", Words, ForeignKey("papers.id"), nullable=False, comment="which paper"),
    Column("version", Integer, nullable=False, comment="the version announced, as far as the listing tells"),
    Column("category", Words, nullable=False, comment="in which category's listing"),
    Column("date", Date, nullable=False, comment="the listing's announcement date"),
    Column("kind", Words, nullable=False, comment="new, cross or replace"),
    PrimaryKeyConstraint("paper_id", "category", "date", "kind"),
    Index("ix_announcements_listing", "category", "date"),
    comment="arXiv listed this paper in this category on this date",
)

listings = Table(
    "listings",
    metadata,
    Column("category", Words, nullable=False, comment="category code"),
    Column("date", Date, nullable=False, comment="announcement date"),
    Column("state", Words, nullable=False, comment="fresh, waiting, quiet, throttled or failed"),
    Column("declared_new", Integer, comment="how many new papers the page says it has; null: never read"),
    Column("declared_cross", Integer, comment="likewise, cross-listed"),
    Column("declared_replace", Integer, comment="likewise, replaced"),
    Column("parsed_new", Integer, comment="how many new papers were read from it"),
    Column("parsed_cross", Integer, comment="likewise, cross-listed"),
    Column("parsed_replace", Integer, comment="likewise, replaced"),
    Column("checked_at", UtcDateTime, comment="when it was last looked at"),
    Column("detail", Words, nullable=False, comment="short cause of a state that is not fresh"),
    PrimaryKeyConstraint("category", "date"),
    comment="one category on one announcement date, and what became of it",
)

polls = Table(
    "polls",
    metadata,
    Column("category", Words, primary_key=True, comment="category code"),
    Column("checked_at", UtcDateTime, nullable=False, comment="when the newest listing was last asked for"),
    Column("state", Words, nullable=False, comment="what came of it"),
    Column("page_date", Date, comment="date of the newest listing ever read whole"),
    Column("detail", Words, nullable=False, comment="short cause of a failure"),
    Column("failures", Integer, nullable=False, comment="failed attempts in a row"),
    Column("not_before", UtcDateTime, comment="earliest moment of the next attempt"),
    comment="the last attempt at each category's newest listing",
)

heat = Table(
    "heat",
    metadata,
    Column("paper_id", Words, nullable=False, comment="which paper; heat may come before the paper does"),
    Column("source", Words, nullable=False, comment="hf: Hugging Face daily papers"),
    Column("at", UtcDateTime, nullable=False, comment="when it was read"),
    Column("upvotes", Integer, nullable=False, comment="upvotes then"),
    Column("comments", Integer, nullable=False, comment="comments then"),
    Column("stars", Integer, comment="the repository's stars then, where told"),
    PrimaryKeyConstraint("paper_id", "source", "at"),
    Index("ix_heat_source", "source", "at"),
    comment="attention outside arXiv as a series of readings",
)

heat_facts = Table(
    "heat_facts",
    metadata,
    Column("paper_id", Words, primary_key=True, comment="which paper"),
    Column("organization", Words, nullable=False, comment="who submitted it there, '' for nobody"),
    Column("repository", Words, nullable=False, comment="address of its code, '' for none"),
    Column("keywords", Json, nullable=False, comment="its keywords there"),
    comment="what a heat source knows of a paper besides its heat",
)

institutions = Table(
    "institutions",
    metadata,
    Column("paper_id", Words, nullable=False, comment="which paper"),
    Column("version", Integer, nullable=False, comment="read from which version"),
    Column("names", Json, nullable=False, comment="institutions in the paper's order; []: looked, found none"),
    Column("found_at", UtcDateTime, nullable=False, comment="when they were read"),
    PrimaryKeyConstraint("paper_id", "version"),
    comment="where a paper's authors work",
)

# --------------------------------------------------------------------------- chats and readers

chats = Table(
    "chats",
    metadata,
    _own_id("ours; stays when Telegram's changes"),
    Column("telegram_id", BigInteger, nullable=False, comment="Telegram's number of the chat"),
    Column("thread_id", BigInteger, nullable=False, comment="forum topic, 0 for the chat itself"),
    Column("kind", Words, nullable=False, comment="private, group or channel"),
    Column("title", Words, nullable=False, comment="its name, for the administrator's eyes"),
    Column("language", Words, nullable=False, comment="language code"),
    Column("timezone", Words, nullable=False, comment="IANA name"),
    Column("hour", Time, nullable=False, comment="local time of day of the digest"),
    Column("layout", Words, nullable=False, comment="classic or rich"),
    Column("size", Integer, nullable=False, comment="rows of a table"),
    Column("quiet_notes", Boolean, nullable=False, comment="whether quiet days are told in one line"),
    Column("subscribed", Boolean, nullable=False, comment="whether digests are wanted"),
    Column("paused", Words, nullable=False, comment="why nothing is posted (kicked, blocked, …), '' for not paused"),
    Column("pending", Words, nullable=False, comment="the question that the next plain text answers, '' for none"),
    Column("next_at", UtcDateTime, comment="moment of the next digest, null while not subscribed"),
    Column("held_since", UtcDateTime, comment="since when a digest waits for a late listing"),
    Column("created_at", UtcDateTime, nullable=False, comment="first seen"),
    Column("interests", Words, nullable=False, comment="what the chat says it cares about"),
    Column("widened", Json, nullable=False, comment="further search terms for the interests"),
    UniqueConstraint("telegram_id", "thread_id"),
    Index("ix_chats_due", "subscribed", "paused", "next_at"),
    sqlite_autoincrement=True,
    comment="who may be subscribed: a private chat, a group, a channel or one forum topic",
)

chat_categories = Table(
    "chat_categories",
    metadata,
    _chat(),
    Column("category", Words, nullable=False, comment="category code"),
    Column("since", Date, comment="first announcement date that counts; null: only the newest listing so far"),
    Column("position", Integer, nullable=False, comment="order in which the chat named them"),
    PrimaryKeyConstraint("chat_id", "category"),
    comment="the categories a chat reads",
)

follows = Table(
    "follows",
    metadata,
    _chat(),
    Column("kind", Words, nullable=False, comment="author or institution"),
    Column("value", Words, nullable=False, comment="the name"),
    PrimaryKeyConstraint("chat_id", "kind", "value"),
    comment="authors and institutions a chat follows",
)

mutes = Table(
    "mutes",
    metadata,
    _chat(),
    Column("kind", Words, nullable=False, comment="word or author"),
    Column("value", Words, nullable=False, comment="the word or name"),
    PrimaryKeyConstraint("chat_id", "kind", "value"),
    comment="words and authors a chat does not want to see",
)

verdicts = Table(
    "verdicts",
    metadata,
    _chat(),
    Column("reader_id", BigInteger, nullable=False, comment="Telegram's number of who pressed"),
    Column("paper_id", Words, nullable=False, comment="on which paper"),
    Column("kind", Words, nullable=False, comment="like, dislike or save"),
    Column("at", UtcDateTime, nullable=False, comment="when"),
    PrimaryKeyConstraint("chat_id", "reader_id", "paper_id"),
    Index("ix_verdicts_paper", "chat_id", "paper_id"),
    Index("ix_verdicts_at", "chat_id", "at"),
    Index("ix_verdicts_reader", "reader_id"),
    comment="one reader's last word on one paper in one chat",
)

statements = Table(
    "statements",
    metadata,
    _chat(),
    Column("at", UtcDateTime, nullable=False, comment="from when on"),
    Column("interests", Words, nullable=False, comment="what the chat said it cares about, '' for nothing"),
    Column("widened", Json, nullable=False, comment="further search terms for that"),
    PrimaryKeyConstraint("chat_id", "at"),
    comment="the interests a chat stated, one after the other, so that past days can be ranked as they were",
)

corrections = Table(
    "corrections",
    metadata,
    _chat(),
    Column("kind", Words, nullable=False, comment="kind of the reason that was ruled out"),
    Column("key", Words, nullable=False, comment="what of that kind: a phrase, a paper, a word, a name; '' for heat"),
    Column("reader_id", BigInteger, nullable=False, comment="whose own verdict does not count; 0: for the whole chat"),
    Column("label", Words, nullable=False, comment="the reason's name as it was shown"),
    Column("at", UtcDateTime, nullable=False, comment="when it was ruled out"),
    PrimaryKeyConstraint("chat_id", "kind", "key", "reader_id"),
    comment="reasons that somebody said do not count: not because of this",
)

openings = Table(
    "openings",
    metadata,
    _chat(),
    Column("paper_id", Words, nullable=False, comment="which paper"),
    Column("at", UtcDateTime, nullable=False, comment="when somebody last did"),
    PrimaryKeyConstraint("chat_id", "paper_id"),
    comment="papers whose card somebody in the chat has looked at",
)

# --------------------------------------------------------------------------- digests

digests = Table(
    "digests",
    metadata,
    _own_id("ours"),
    _chat(),
    Column("date", Date, nullable=False, comment="announcement date"),
    Column("part", Integer, nullable=False, comment="0, then 1, 2, … for what was posted later for the same date"),
    Column("created_at", UtcDateTime, nullable=False, comment="when it was made"),
    Column("announced", Integer, nullable=False, comment="distinct new and cross-listed papers considered"),
    Column("listings", Json, nullable=False, comment="states of the chat's categories when it was made"),
    Column("late", Json, nullable=False, comment="listings of earlier days that are included"),
    UniqueConstraint("chat_id", "date", "part"),
    sqlite_autoincrement=True,
    comment="what one chat got for one announcement day, kept for ever",
)

digest_rows = Table(
    "digest_rows",
    metadata,
    Column(
        "digest_id", Integer, ForeignKey("digests.id", ondelete="CASCADE"), nullable=False, comment="of which digest"
    ),
    Column("rank", Integer, nullable=False, comment="line of the table, from 1"),
    Column("paper_id", Words, nullable=False, comment="which paper"),
    Column("version", Integer, nullable=False, comment="the version known then"),
    Column("title", Words, nullable=False, comment="as shown"),
    Column("authors", Json, nullable=False, comment="as shown"),
    Column("institution", Words, nullable=False, comment="as shown, '' where unknown"),
    Column("direction", Words, nullable=False, comment="key of a topic, or a category"),
    Column("heat", Integer, comment="upvotes then, null where no source knew the paper"),
    Column("score", Float, nullable=False, comment="the ranker's score"),
    Column("reasons", Json, nullable=False, comment="why it was chosen, by shares of the score"),
    Column("tags", Json, nullable=False, comment="facts and judgements by key"),
    Column("added_from", Date, comment="date of the late listing that brought it, null for the digest's own day"),
    PrimaryKeyConstraint("digest_id", "rank"),
    Index("ix_digest_rows_paper", "paper_id"),
    comment="the lines of the tables",
)

considered = Table(
    "considered",
    metadata,
    _chat(),
    Column("category", Words, nullable=False, comment="category of the listing"),
    Column("date", Date, nullable=False, comment="date of the listing"),
    Column(
        "digest_id",
        Integer,
        ForeignKey("digests.id", ondelete="CASCADE"),
        index=True,
        comment="the digest that drew from it, null where none was made",
    ),
    PrimaryKeyConstraint("chat_id", "category", "date"),
    Index("ix_considered_listing", "category", "date"),
    comment="the ledger: this listing has been considered for this chat",
)

notices = Table(
    "notices",
    metadata,
    _chat(),
    Column("day", Date, nullable=False, comment="for which day"),
    Column("kind", Words, nullable=False, comment="quiet, waiting, …"),
    PrimaryKeyConstraint("chat_id", "day", "kind"),
    comment="one-line notes already given",
)

# --------------------------------------------------------------------------- delivery and cards

deliveries = Table(
    "deliveries",
    metadata,
    _own_id("ours, in the order in which messages are to appear"),
    _chat(),
    Column(
        "digest_id",
        Integer,
        ForeignKey("digests.id", ondelete="CASCADE"),
        index=True,
        comment="the digest it shows, null for a note",
    ),
    Column("position", Integer, nullable=False, comment="place among the messages of its subject, from 0"),
    Column("body", Json, nullable=False, comment="the message as planned"),
    Column("state", Words, nullable=False, comment="planned, sending, sent or failed"),
    Column("attempts", Integer, nullable=False, comment="sends begun"),
    Column("message_id", BigInteger, comment="Telegram's number of the message once sent"),
    Column("reason", Words, nullable=False, comment="why the last send failed, '' if none did"),
    Column("not_before", UtcDateTime, comment="earliest moment of the next attempt"),
    Column("updated_at", UtcDateTime, comment="when the state last changed, null while only planned"),
    Index("ix_deliveries_state", "state", "id"),
    Index("ix_deliveries_chat", "chat_id", "state"),
    sqlite_autoincrement=True,
    comment="one message each, recorded before and after the send",
)

unfolded = Table(
    "unfolded",
    metadata,
    _chat(),
    Column("message_id", BigInteger, nullable=False, comment="Telegram's number of the table's message"),
    Column("paper_id", Words, nullable=False, comment="whose card is open"),
    Column("card_message_ids", Json, nullable=False, comment="Telegram's numbers of the card's messages"),
    Column("at", UtcDateTime, nullable=False, comment="since when"),
    PrimaryKeyConstraint("chat_id", "message_id", "paper_id"),
    comment="which cards are open under which table",
)

cards = Table(
    "cards",
    metadata,
    Column("paper_id", Words, nullable=False, comment="which paper"),
    Column("version", Integer, nullable=False, comment="which version of it"),
    Column("language", Words, nullable=False, comment="language code of the card"),
    Column("analyst", Words, nullable=False, comment="local, or llm:<model>"),
    Column("schema", Integer, nullable=False, comment="shape of the card; another shape is made anew"),
    Column("body", Json, nullable=False, comment="the card"),
    Column("made_at", UtcDateTime, nullable=False, comment="when"),
    PrimaryKeyConstraint("paper_id", "version", "language", "analyst", "schema"),
    comment="cards made so far, so that none is made twice",
)

alerts = Table(
    "alerts",
    metadata,
    Column("key", Words, primary_key=True, comment="the trouble: listing:cs.LG, lag:"),
    Column("since", UtcDateTime, nullable=False, comment="when it was first seen"),
    Column("told_at", UtcDateTime, comment="when the administrators were told, null while it may still pass"),
    comment="troubles of the bot itself that last, so that each is told once",
)

model_calls = Table(
    "model_calls",
    metadata,
    _own_id("ours, in the order of asking"),
    Column("question", Words, nullable=False, comment="digest of model, shape and prompt"),
    Column("model", Words, nullable=False, comment="which model"),
    Column("purpose", Words, nullable=False, comment="what for: card, interests, …"),
    Column("day", Date, nullable=False, comment="day (UTC) whose budget it counts against"),
    Column("begun_at", UtcDateTime, nullable=False, comment="when it was asked"),
    Column("ended_at", UtcDateTime, comment="when the answer or failure came, null while under way or lost"),
    Column("state", Words, nullable=False, comment="begun, answered, or the cause of a failure"),
    Column("input_tokens", Integer, nullable=False, comment="tokens that went in, estimated until it has ended"),
    Column("output_tokens", Integer, nullable=False, comment="tokens that came out"),
    Column("cost", Float, comment="US dollars, null where no price is known"),
    Column("answer", Json, comment="what it answered, kept for a week"),
    Index("ix_model_calls_question", "question"),
    Index("ix_model_calls_day", "day"),
    sqlite_autoincrement=True,
    comment="what a language model was asked and what it took",
)

turns = Table(
    "turns",
    metadata,
    Column("name", Words, primary_key=True, comment="what pauses: arxiv, api, both, hf"),
    Column("free_at", UtcDateTime, nullable=False, comment="earliest moment of the next request"),
    comment="the pauses between requests that several programs on one PostgreSQL server keep together",
)

updates = Table(
    "updates",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False, comment="Telegram's number of the update"),
    Column("at", UtcDateTime, nullable=False, comment="when it was brought first"),
    comment="the newest updates that Telegram brought to the webhook, of which it brings some twice",
)

vectors = Table(
    "vectors",
    metadata,
    Column("model", Words, nullable=False, comment="which embedding model"),
    Column("key", Words, nullable=False, comment="paper:ID:version, or text: and a digest of the text"),
    Column("vector", LargeBinary, nullable=False, comment="numbers of two bytes each, the lowest byte first"),
    Column("made_at", UtcDateTime, nullable=False, comment="when"),
    PrimaryKeyConstraint("model", "key"),
    comment="what an embedding model made of papers and stated interests, so that it is asked once",
)
