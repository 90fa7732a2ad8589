"""The frozen nouns that all rooms share: values without behaviour that reaches anywhere.

Times are timezone-aware UTC `datetime`s unless a name says local; dates of listings are arXiv's announcement dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum

# --------------------------------------------------------------------------- papers and what arXiv announced


class Kind(StrEnum):
    """How a listing shows a paper."""

    NEW = "new"
    CROSS = "cross"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of a paper, by arXiv's metadata.

    `id` carries no version ("2602.14080", "hep-th/9901001"); `categories` begins with the primary one; `has_html` is
    None where nobody has said yet; dates are None where the source (a listing) does not tell them.
    """

    id: str
    version: int
    title: str
    authors: tuple[str, ...]
    abstract: str
    categories: tuple[str, ...]
    comments: str = ""
    journal_ref: str = ""
    doi: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    has_html: bool | None = None

    @property
    def primary(self) -> str:
        """The primary category, or "" for a paper without any."""
        return self.categories[0] if self.categories else ""

    @property
    def versioned_id(self) -> str:
        """The id with its version, as arXiv writes it: "2602.14080v2"."""
        return f"{self.id}v{self.version}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """arXiv listed this paper in this category on this date."""

    paper_id: str
    version: int
    category: str
    date: date
    kind: Kind


class ListingState(StrEnum):
    """What became of one category on one announcement date; only FRESH and QUIET are complete."""

    FRESH = "fresh"
    WAITING = "waiting"
    QUIET = "quiet"
    THROTTLED = "throttled"
    FAILED = "failed"

    @property
    def complete(self) -> bool:
        """Whether nothing more is expected of this listing."""
        return self in (ListingState.FRESH, ListingState.QUIET)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many papers a listing has of each kind."""

    new: int = 0
    cross: int = 0
    replace: int = 0

    @property
    def total(self) -> int:
        """All three together."""
        return self.new + self.cross + self.replace


@dataclass(frozen=True, slots=True)
class Listing:
    """One category on one announcement date: its state, what the page declared and what was parsed.

    `detail` is a short machine-readable cause ("http-429", "count-mismatch", "stale-page", "hang", …), "" when fresh.
    """

    category: str
    date: date
    state: ListingState
    declared: Counts | None = None
    parsed: Counts | None = None
    checked_at: datetime | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ListingPage:
    """A whole listing as read: every page of it, counts verified. `papers` and `announcements` run in page order."""

    category: str
    date: date
    declared: Counts
    papers: tuple[Paper, ...]
    announcements: tuple[Announcement, ...]


@dataclass(frozen=True, slots=True)
class Poll:
    """The last attempt at a category's newest listing, whatever came of it.

    `page_date` is the date of the newest listing ever read whole; `failures` counts failed attempts in a row;
    `not_before` is the earliest moment of the next attempt.
    """

    category: str
    checked_at: datetime
    state: ListingState
    page_date: date | None = None
    detail: str = ""
    failures: int = 0
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heat:
    """One reading of a paper's attention outside arXiv. `source` is "hf" for Hugging Face daily papers."""

    paper_id: str
    source: str
    at: datetime
    upvotes: int
    comments: int = 0
    stars: int | None = None


@dataclass(frozen=True, slots=True)
class HeatEntry:
    """One paper on a heat list: the reading and what the list knows of the paper besides."""

    heat: Heat
    organization: str = ""
    repository: str = ""
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HeatFacts:
    """What the heat lists know of a paper besides its heat."""

    paper_id: str
    organization: str = ""
    repository: str = ""
    keywords: tuple[str, ...] = ()


# --------------------------------------------------------------------------- chats, readers, profiles


class ChatKind(StrEnum):
    """What Telegram says a chat is; a supergroup is a group here."""

    PRIVATE = "private"
    GROUP = "group"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Chat:
    """Who may be subscribed: a private chat, a group, a channel, or one forum topic (`thread_id` ≠ 0).

    `id` is ours and stays when Telegram's changes (a group that becomes a supergroup). `next_at` is the moment of the
    next digest, None while not subscribed; `held_since` is set while a digest waits for a late listing. `pending`
    names the question whose answer the chat's next plain text is ("interests", "timezone", …), "" for none.
    """

    id: int
    telegram_id: int
    thread_id: int
    kind: ChatKind
    title: str = ""
    language: str = "en"
    timezone: str = "UTC"
    hour: time = time(8, 0)
    layout: str = "classic"
    size: int = 5
    quiet_notes: bool = True
    subscribed: bool = False
    paused: str = ""
    pending: str = ""
    next_at: datetime | None = None
    held_since: datetime | None = None
    created_at: datetime | None = None


class VerdictKind(StrEnum):
    """What a reader may say of a paper."""

    LIKE = "like"
    DISLIKE = "dislike"
    SAVE = "save"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One reader's word on one paper in one chat; the last one counts."""

    chat_id: int
    reader_id: int
    paper_id: str
    kind: VerdictKind
    at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How a chat's readers judged one paper, and what one of them said."""

    like: int = 0
    dislike: int = 0
    save: int = 0
    mine: VerdictKind | None = None


class FollowKind(StrEnum):
    """What can be followed."""

    AUTHOR = "author"
    INSTITUTION = "institution"


class MuteKind(StrEnum):
    """What can be muted."""

    WORD = "word"
    AUTHOR = "author"


@dataclass(frozen=True, slots=True)
class Follow:
    """An author or institution a chat follows."""

    kind: FollowKind
    value: str


@dataclass(frozen=True, slots=True)
class Mute:
    """A word or author a chat does not want to see."""

    kind: MuteKind
    value: str


@dataclass(frozen=True, slots=True)
class JudgedPaper:
    """A paper with one reader's verdict on it: what a ranker learns from."""

    paper: Paper
    reader_id: int
    kind: VerdictKind
    at: datetime


@dataclass(frozen=True, slots=True)
class ShownPaper:
    """A paper that a table showed and nobody has judged; `unfolded` where somebody looked at its card."""

    paper: Paper
    at: datetime
    unfolded: bool = False


@dataclass(frozen=True, slots=True)
class Correction:
    """Somebody said of a reason: not because of this. It no longer adds anything to a score.

    `key` is the reason's, `label` what was shown for it; `reader_id` is whose verdict does not count, 0 where the
    correction holds for everybody in the chat.
    """

    kind: ReasonKind
    key: str
    label: str
    at: datetime
    reader_id: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """What a chat cares about: what it stated, and what its readers judged.

    `widened` holds further English search terms that stand for the stated interests (from a language model); the
    glossary is not in it. `left` are papers that were shown and left without a verdict, newest first.
    """

    interests: str = ""
    widened: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    follows: tuple[Follow, ...] = ()
    mutes: tuple[Mute, ...] = ()
    judged: tuple[JudgedPaper, ...] = ()
    left: tuple[ShownPaper, ...] = ()
    corrections: tuple[Correction, ...] = ()


# --------------------------------------------------------------------------- ranking


class ReasonKind(StrEnum):
    """What can bring a paper up or down; EXPLORATION is why a paper stands in a table to teach us something."""

    INTEREST = "interest"
    AUTHOR = "author"
    INSTITUTION = "institution"
    CATEGORY = "category"
    LIKED = "liked"
    DISLIKED = "disliked"
    WORD = "word"
    MODEL = "model"
    HEAT = "heat"
    EXPLORATION = "exploration"
    MUTED = "muted"


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a score: `label` is what to name (a phrase of the interests, an author, a liked paper's title, a
    learned word, a language model's sentence), `share` its signed part of the score, `count` the number behind it
    (similar likes, upvotes; for an interest 1 where the paper's own words name it and 0 where it is only close in
    topic). `key` is what a correction of it names where that is not the label: a judged paper's id, a word's unit."""

    kind: ReasonKind
    label: str = ""
    share: float = 0.0
    count: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class ScoredPaper:
    """A paper with its score for one profile; the shares of `reasons` add up to the score. `hidden` papers hit a mute
    and are never selected."""

    paper: Paper
    score: float
    reasons: tuple[Reason, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a digest. `heat` is the newest known upvotes, None where no source knows the paper; `institution`
    is "" where unknown; `direction` is a key of the topic list or a category; `added_from` is the date of the late
    listing that brought the paper, None for the digest's own day."""

    rank: int
    paper_id: str
    version: int
    title: str
    authors: tuple[str, ...]
    institution: str
    direction: str
    heat: int | None
    score: float
    reasons: tuple[Reason, ...]
    tags: tuple[str, ...] = ()
    added_from: date | None = None


@dataclass(frozen=True, slots=True)
class Digest:
    """What one chat got for one announcement day. `part` is 0, or 1, 2, … for what came late and was posted on its
    own; `listings` are the states of the chat's categories when it was made; `late` names the listings of earlier
    days that are included; `announced` counts the distinct new and cross-listed papers considered."""

    id: int
    chat_id: int
    date: date
    part: int
    created_at: datetime
    announced: int
    rows: tuple[Row, ...]
    listings: tuple[Listing, ...] = ()
    late: tuple[Listing, ...] = ()


# --------------------------------------------------------------------------- the bot itself


class TroubleKind(StrEnum):
    """What administrators are told of by themselves: a listing that cannot be read, tables that come late."""

    LISTING = "listing"
    LAG = "lag"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong with the bot now. `subject` is the listing's category, "" for what concerns all;
    `detail` a short machine-readable cause; `minutes` how long somebody has been waiting."""

    kind: TroubleKind
    subject: str = ""
    detail: str = ""
    minutes: int = 0

    @property
    def key(self) -> str:
        """The same for the same trouble at another time: "listing:cs.LG"."""
        return f"{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble as it is remembered: since when it has been seen, and when administrators were told of it."""

    key: str
    since: datetime
    told_at: datetime | None = None


# --------------------------------------------------------------------------- full text


class Source(StrEnum):
    """Where a card's text came from, best first."""

    HTML = "html"
    PDF = "pdf"
    ABSTRACT = "abstract"

    def link(self, url: str, anchor: str) -> str:
        """The address of a place in a text of this source at `url`: of a PDF, whose anchors are "p3.2" for the second
        paragraph of page 3, the page; of an abstract the whole."""
        if self is Source.PDF:
            page = anchor.removeprefix("p").partition(".")[0]
            return f"{url}#page={page}" if page.isdigit() else url
        return f"{url}#{anchor}" if anchor and self is Source.HTML else url


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph with the anchor that finds it in the source ("S3.SS2.p4", in a PDF "p3.2"). Formulas stand in `text`
    as $LaTeX$, those of a PDF as their characters."""

    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class Equation:
    """A display formula: its LaTeX, its MathML where the source has it, its number. Of a PDF `latex` is "" and `text`
    what its characters are; elsewhere `text` is ""."""

    anchor: str
    latex: str
    mathml: str = ""
    number: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table: caption, header rows and body rows as plain cells."""

    anchor: str
    caption: str
    header: tuple[tuple[str, ...], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure's caption."""

    anchor: str
    caption: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section or subsection in reading order. `level` is 1 for a section, 2 for a subsection, …; `number` is "3.2",
    "A", or ""; `paragraphs` and the rest hold only what stands directly in it, not in its subsections."""

    anchor: str
    level: int
    number: str
    title: str
    paragraphs: tuple[Paragraph, ...] = ()
    equations: tuple[Equation, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    appendix: bool = False


@dataclass(frozen=True, slots=True)
class FullText:
    """A paper's text as a document. `url` is the page the anchors belong to; `author_lines` is the author block's text
    as found; `institutions` what it states; `links` are outside addresses in the text.

    `language` is the text's (ISO 639-1), "" where it cannot be told. `pages` counts a PDF's pages and `pages_read` those
    that were read of it. `withdrawn` is the notice of a withdrawn paper, in its words. `shortfall` says why there is no
    more than this: "" for a whole text, "withdrawn", "no-text" (arXiv has neither HTML nor PDF), "scanned" (pictures of
    pages), "encrypted", "broken", "too-large", "too-slow" (time or memory ran out), "crash", or "part" (the first
    `pages_read` pages of a long PDF).
    """

    source: Source
    url: str
    abstract: str
    sections: tuple[Section, ...] = ()
    references: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    author_lines: tuple[str, ...] = ()
    institutions: tuple[str, ...] = ()
    language: str = ""
    pages: int = 0
    pages_read: int = 0
    withdrawn: str = ""
    shortfall: str = ""


# --------------------------------------------------------------------------- cards


class ClaimKind(StrEnum):
    """Whether the paper says it, or somebody concluded it."""

    STATED = "stated"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Claim:
    """The unit of a card: a text, the quote it rests on and where the quote stands.

    `anchor` is an id in the source's page ("S3.SS2.p4"; "abstract" for the abstract), `section` the title it stands
    under; `verified` is computed: the quote occurs in the source and every number of the text is in it.
    """

    text: str
    quote: str = ""
    anchor: str = ""
    section: str = ""
    kind: ClaimKind = ClaimKind.STATED
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Formula:
    """A display formula on a card: LaTeX, one Unicode line, and the sentence that introduces it."""

    latex: str
    line: str
    anchor: str = ""
    introduction: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One result: the claim that states it, and its parts as far as they are known.

    `metric` is what was measured, `value` the paper's own number with its unit as it stands in the text, `compared` what
    it is compared with, by name and with its number where there is one ("MemGPT: 44.9"), `where` the table or section
    that shows it ("Table 2").
    """

    claim: Claim
    metric: str = ""
    value: str = ""
    compared: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One point of a critique, severity 1 (minor) to 3 (grave). `evidence` names what it rests on: a section, table,
    number or assumption of the paper; `would_settle` what experiment or proof would answer it."""

    point: Claim
    severity: int
    evidence: str = ""
    would_settle: str = ""


@dataclass(frozen=True, slots=True)
class Rating:
    """Stars from 1 to 5 with one line why; what each number of stars means stands in templates/parts/ratings.html."""

    stars: int
    reason: Claim = Claim("")


class Judgement(StrEnum):
    """What an analyst may say of a paper in a word; NEEDS_VERIFICATION is computed, never asked for."""

    MUST_READ = "must-read"
    PARADIGM_SHIFT = "paradigm-shift"
    FLAWED = "interesting-but-flawed"
    INCREMENTAL = "incremental"
    NEEDS_VERIFICATION = "needs-verification"


class ImpactKind(StrEnum):
    """What a paper changes, in the first place."""

    METHOD = "method"
    FINDING = "finding"
    THEORY = "theory"
    RESOURCE = "resource"
    APPLICATION = "application"
    OVERVIEW = "overview"


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """A fact about the text that code decided. `key` names the question ("ablation", "limitations", "variance",
    "code", "data", "compute", …); `found` is what the rule found; `where` are section titles, links or words it found;
    `rule` says in plain words what was searched."""

    key: str
    found: bool
    where: tuple[str, ...] = ()
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Motivation:
    """Why the paper exists."""

    problem: tuple[Claim, ...] = ()
    formalisation: tuple[Formula, ...] = ()
    why_now: tuple[Claim, ...] = ()
    hypotheses: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Experiments:
    """What was tried."""

    baselines: tuple[Claim, ...] = ()
    datasets: tuple[Claim, ...] = ()
    metrics: tuple[Claim, ...] = ()
    setup: tuple[Claim, ...] = ()
    results: tuple[Result, ...] = ()


@dataclass(frozen=True, slots=True)
class Critique:
    """What speaks for and against it. `limitations` are the authors' own words."""

    strengths: tuple[Claim, ...] = ()
    problems: tuple[Problem, ...] = ()
    limitations: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """The structured reading of one paper version in one language.

    `analyst` is "local" or "llm:<model>"; `tags` are facts about the paper by key, `judgements` an analyst's opinions;
    `impact_kind`, `novelty` and `recommendation` are None where not assessed; `needs_verification` is computed from the
    claims, never asked for, and then also one of the judgements. `shortfall`, `withdrawn`, `pages` and `pages_read` are
    the full text's, and `text_language` is its language.
    """

    paper_id: str
    version: int
    title: str
    authors: tuple[str, ...]
    institutions: tuple[str, ...]
    language: str
    analyst: str
    source: Source
    source_url: str
    tags: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    motivation: Motivation = field(default_factory=Motivation)
    method: tuple[Claim, ...] = ()
    experiments: Experiments = field(default_factory=Experiments)
    conclusions: tuple[Claim, ...] = ()
    critique: Critique = field(default_factory=Critique)
    impact: tuple[Claim, ...] = ()
    impact_kind: ImpactKind | None = None
    novelty: Rating | None = None
    recommendation: Rating | None = None
    needs_verification: bool = False
    checklist: tuple[ChecklistItem, ...] = ()
    shortfall: str = ""
    withdrawn: str = ""
    text_language: str = ""
    pages: int = 0
    pages_read: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """That a paper names one of a chat's stated interests: `interest` is how the reader wrote it, `place` is "title",
    "abstract" or a section's title, `quote` the words there that name it."""

    interest: str
    place: str
    quote: str


# --------------------------------------------------------------------------- delivery


class DeliveryState(StrEnum):
    """How far one message has come."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of a digest or notice: recorded before and after the send. `position` counts from 0 within its
    subject; `attempts` counts sends begun; `telegram_id` is where it goes, told of a message that is to be sent next."""

    id: int
    chat_id: int
    digest_id: int | None
    position: int
    body: Mapping[str, object]
    state: DeliveryState
    attempts: int = 0
    message_id: int | None = None
    reason: str = ""
    not_before: datetime | None = None
    telegram_id: int = field(default=0, compare=False)
