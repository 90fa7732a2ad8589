"""Every view in every state that it has: (template, values), for the tests that render them all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.errors import (
    AlreadyRunning,
    BadCategories,
    BadDate,
    BadFollow,
    BadInput,
    BadInterests,
    BadPaperId,
    BadSize,
    BadTime,
    CountMismatch,
    DatabaseBroken,
    DatabaseForeign,
    DatabaseLocked,
    DatabaseNewer,
    Malformed,
    NoDigest,
    NotAllowed,
    NotAnnounced,
    NotThere,
    PaperboyError,
    SourceError,
    StalePage,
    StorageError,
    Throttled,
    TooMuch,
    UnknownCategory,
    UnknownLanguage,
    UnknownPaper,
    UnknownTimezone,
    Unreachable,
)
from bot.learning import Group, Learned, Share
from bot.library import Counts
from bot.model import (
    Card,
    ChatKind,
    ChecklistItem,
    Claim,
    ClaimKind,
    Correction,
    Critique,
    Delivery,
    DeliveryState,
    Experiments,
    Follow,
    FollowKind,
    Formula,
    ImpactKind,
    JudgedPaper,
    Judgement,
    Listing,
    ListingState,
    Motivation,
    Mute,
    MuteKind,
    Problem,
    Profile,
    Rating,
    Reason,
    ReasonKind,
    Relation,
    Result,
    Row,
    Source,
    Tally,
    Trouble,
    TroubleKind,
    VerdictKind,
)
from bot.noteworthy import noteworthy, standings
from bot.replay import Day, Numbers
from bot.schedule import QuietKind
from bot.status import ModelUse
from bot.subscription import Wish
from bot.why import Explanation, Outcome
from storage.model_calls import Spent
from tests.support import builders as a

KINDS_OF_PAPER = (
    *("derivation", "theory", "data", "benchmark", "survey", "code", "position", "paradigm", "empirical", "negative"),
    *("reproduction", "system", "application", "human", "efficient"),
)

SOON = datetime(2026, 2, 20, 1, 0, tzinfo=UTC)

PROFILE = Profile(
    interests="factuality of language models, GRPO <b>& more</b>",
    widened=("hallucination", "policy optimization"),
    categories=("cs.LG", "cs.CL", "math.OC"),
    follows=(Follow(FollowKind.AUTHOR, "Yann LeCun"), Follow(FollowKind.INSTITUTION, "Tsinghua University")),
    mutes=(Mute(MuteKind.WORD, "survey"), Mute(MuteKind.AUTHOR, "Jane Doe")),
    judged=(
        JudgedPaper(a.paper(9, title="A <liked> paper on $\\alpha$"), 7, VerdictKind.LIKE, a.NOW),
        JudgedPaper(a.paper(10), 7, VerdictKind.DISLIKE, a.NOW),
    ),
)

ROWS = (
    Row(
        1, "2602.14080", 1, "Empty Shelves or Lost Keys? Recall Is the Bottleneck for Parametric Factuality",
        ("Nitay Calderon", "Eyal Ben-David"), "Technion", "cs.CL", 31, 0.91,
        (
            Reason(ReasonKind.INTEREST, "factuality", 0.5, 1), Reason(ReasonKind.LIKED, "A liked paper", 0.2, 2),
            Reason(ReasonKind.HEAT, "", 0.1, 31), Reason(ReasonKind.CATEGORY, "cs.CL", 0.05),
        ),
    ),
    Row(
        2, "2602.14979", 2, "RynnBrain: Open <Embodied> Foundation Models & $\\pi_0$ 具身智能", ("L. Wang",), "", "cs.RO", None, 0.52,
        (
            Reason(ReasonKind.AUTHOR, "L. Wang", 0.3), Reason(ReasonKind.INSTITUTION, "Alibaba", 0.1),
            Reason(ReasonKind.DISLIKED, "A disliked paper", -0.1, 1),
        ), added_from=date(2026, 2, 17),
    ),
    Row(3, "hep-th/9901001", 3, "Old style", ("A. B.",), "清华大学", "hep-th", 0, 0.1, ()),
)  # fmt: skip

WISHES = (
    Wish("GRPO <b>", 2.0, contradicted=True, occurs=True),
    Wish("GRPO <b>", -1.0, contradicted=True),
    Wish("машинное обучение", 1.0, occurs=False),
    *(Wish(f"topic {n}", 1.0) for n in range(20)),
)

EVERY_REASON = tuple(
    Reason(kind, label, share, 3, key)
    for kind in ReasonKind
    for label, share, key in (("", 0.25, ""), ("A <name> & $x$", -0.125, "2602.00009"), ("Another", 0.001, "another"))
)

EXPLANATIONS = (
    *(Explanation(
        a.chat(), a.paper(1, title="On <things> & $\\alpha$"), outcome, sum(one.share for one in reasons), reasons,
        day=a.DAY, rank=17, announced=1412, size=5, before=before, last=0.61,
        lacking=(Reason(ReasonKind.INTEREST, "GRPO", 0.3), Reason(ReasonKind.LIKED, "", 0.2), Reason(ReasonKind.HEAT, "", 0.1)),
        repeats=repeats, seen_on=seen_on, categories=("cs.CV", "cs.RO"),
    )
    for outcome in Outcome
    for reasons in (EVERY_REASON, ())
    for before, repeats, seen_on in ((None, None, None), (1.25, ROWS[0], date(2026, 2, 12)))),
    Explanation(a.chat(), a.paper(1), Outcome.MUTED, 0.0, ()),
    Explanation(a.chat(), a.paper(1), Outcome.OUTRANKED, 0.0, (), day=a.DAY, size=1),
)  # fmt: skip

COUNTS = tuple(
    Counts(chat, since, 3, 1234, 15, 1, dict.fromkeys(VerdictKind, 2), 2)
    for chat in (a.chat(), a.chat(kind=ChatKind.GROUP))
    for since in (None, a.NOW)
)

NUMBERS = (None, Numbers(40, 9, 31, (Day(a.DAY, 3, True, 0.5, False, 0.25),)), Numbers(0, 0, 3))

LEARNED = Learned(
    a.chat(),
    PROFILE,
    words=(Reason(ReasonKind.WORD, "reward models", 0.3, 0, "reward model"), Reason(ReasonKind.WORD, "<proofs>", 0.2, 0, "proof")),
    topics=(Group("cs.LG", (a.paper(9), a.paper(10))),),
    kinds=tuple(Group(key, (a.paper(9),)) for key in KINDS_OF_PAPER),
    papers=PROFILE.judged,
    corrections=tuple(Correction(kind, f"key of {kind}", "A <name>", a.NOW, reader) for kind in ReasonKind for reader in (0, 7, 8)),
    readers=(Share(7, 12, 0.5), Share(8, 1, 0.5)),
)  # fmt: skip

TRIED = Row(
    4, "2602.14999", 1, "Tried <out>", ("A. B.",), "", "cs.LG", None, 0.2,
    (
        Reason(ReasonKind.EXPLORATION, "", 0.0), Reason(ReasonKind.WORD, "reward <models>", 0.15, 0, "reward model"),
        Reason(ReasonKind.MODEL, "It proves a bound that you asked for.", 0.05),
    ),
)  # fmt: skip

TROUBLES = (
    Trouble(TroubleKind.LISTING, "cs.LG", "http-429"),
    Trouble(TroubleKind.LISTING, "cs.CL"),
    Trouble(TroubleKind.LAG, minutes=17),
)

LISTINGS = (
    a.listing("cs.LG"),
    a.listing("cs.CL", state=ListingState.WAITING),
    a.listing("cs.AI", state=ListingState.THROTTLED, detail="http-429"),
    a.listing("cs.RO", state=ListingState.FAILED, detail="count-mismatch"),
    a.listing("cs.CV", state=ListingState.FAILED, detail="reset"),
    a.listing("cs.SE", state=ListingState.QUIET),
)

QUOTE = 'However, recall of facts encoded in $\\theta$ remains a bottleneck: 25--33\\% of facts & more are "known" but lost <here>.'


def said(text: str = QUOTE, **fields: Any) -> Claim:
    """A claim of the local analyst: its text is its quote."""
    return a.claim(text, **({"anchor": "S1.p2", "section": "1 Introduction"} | fields))


LOCAL_CARD: Card = a.card(
    1,
    title=ROWS[0].title,
    authors=tuple(f"Author {n}" for n in range(12)),
    institutions=("Technion", "Google Research"),
    tags=("cs.CL", "code", "survey"),
    motivation=Motivation(
        problem=(said(), said("It is unclear why.", anchor="abstract", section="")),
        formalisation=(
            Formula("\\text{Fact}_i = \\begin{cases}1 & p_i > \\tau\\\\0\\end{cases}", "Factᵢ = {1, if pᵢ > τ; 0", "S3.E1", "We define"),
            Formula("\\frac{a}{b", "", "", ""),
        ),
        why_now=(said("Recently, models grew.", section="1 Introduction"),),
        hypotheses=(said("We hypothesise that keys are lost.", verified=False),),
    ),
    method=(said("We propose WikiProfile.", anchor="S3.p1", section="3 Method"),),
    experiments=Experiments(
        baselines=(said("BM25", anchor="S4.T1"),),
        datasets=(said("PopQA", anchor="S4.p1"), said("SimpleQA", anchor="")),
        metrics=(said("accuracy", anchor="S4.p2"), said("We report a long sentence about many metrics, which is too long to be a name at all.")),
        setup=(said("We use 8 H100 GPUs."),),
        results=(
            Result(said("Thinking recovers 40 %.")),
            Result(said("GridMem reaches 53.7 %."), "success rate", "53.7 %", "MemGPT: 44.9 %", "Table 2"),
        ),
    ),
    conclusions=(said("Scaling helps encoding."),),
    critique=Critique(limitations=(said("We study English only.", anchor="S7.p1", section="Limitations"),)),
    checklist=(
        ChecklistItem("ablation", True, ("4.3 Ablation study",)),
        ChecklistItem("limitations", False, (), "titles-words"),
        ChecklistItem("ablation", False, (), "a rule of tomorrow"),
        ChecklistItem("code", True, ("https://github.com/example/keys",)),
        *(ChecklistItem(key, found) for key in ("variance", "significance", "data", "compute", "baselines", "ethics", "human", "else") for found in (True, False)),
    ),
)  # fmt: skip

MODEL_CARD: Card = a.card(
    2,
    language="zh",
    analyst="llm:qwen3",
    source=Source.PDF,
    institutions=tuple(f"Institute {n}" for n in range(7)),
    judgements=tuple(Judgement),
    impact_kind=ImpactKind.METHOD,
    novelty=Rating(4, said("A new combination.")),
    recommendation=Rating(3),
    needs_verification=True,
    motivation=Motivation(problem=(Claim("The problem in other words", QUOTE, "S1.p1", "1", ClaimKind.INFERRED, verified=False),)),
    critique=Critique(
        strengths=(said("Clear."),),
        problems=(
            Problem(said("One seed only."), 3, "Table 2 has no $\\pm$", "five seeds"),
            Problem(Claim("No anchor"), 1),
        ),
    ),
    impact=(Claim("Practitioners may care", verified=True),),
)  # fmt: skip

ABSTRACT_CARD: Card = a.card(
    3, source=Source.ABSTRACT, source_url="https://arxiv.org/abs/2602.00003v1", institutions=()
)


def _report(rows: tuple[Row, ...], cards: tuple[Card, ...], **values: Any) -> dict[str, Any]:
    standing = standings(rows, {card.paper_id: card for card in cards})
    return {
        "date": a.DAY, "listings": list(LISTINGS), "announced": 412, "rows": rows, "profile": PROFILE, "cards": cards,
        "papers": tuple(a.paper(1, id=card.paper_id, published=a.NOW) for card in cards),
        "standings": standing, "noteworthy": noteworthy(standing),
    } | values  # fmt: skip


EMPTY_CARD = Card(
    "2602.00004", 1, "Nothing said", ("A. B.",), (), "en", "local", Source.HTML, "https://arxiv.org/html/2602.00004v1"
)
"""A card of a text in which nothing was found."""

READ_ROWS = tuple(
    replace(ROWS[rank % 3], rank=rank + 1, paper_id=card.paper_id, version=1, title=card.title, heat=rank)
    for rank, card in enumerate((LOCAL_CARD, MODEL_CARD, ABSTRACT_CARD, EMPTY_CARD))
)
"""Rows of the cards above."""

REPORTS = (
    _report(READ_ROWS, (LOCAL_CARD, MODEL_CARD, ABSTRACT_CARD, EMPTY_CARD)),
    _report(READ_ROWS, (EMPTY_CARD,), listings=[]),
    _report(ROWS, ()),
    _report((), (), listings=[Listing("cs.LG", a.DAY, ListingState.FRESH)], announced=0),
)

RELATIONS = {
    MODEL_CARD.paper_id: (
        Relation("GRPO", "title", "GRPO for All"),
        Relation("<b>memory</b>", "abstract", "a memory that forgets"),
        Relation("language models", "Results", "of language models"),
    ),
    ABSTRACT_CARD.paper_id: (),
}

CUT_CARDS = (
    a.card(4, source=Source.PDF, shortfall="part", pages=712, pages_read=400, text_language="de"),
    *(a.card(4, source=Source.ABSTRACT, shortfall=cause) for cause in ("scanned", "broken", "too-slow", "no-text")),
    a.card(4, source=Source.ABSTRACT, shortfall="withdrawn", withdrawn="Withdrawn: <b>Lemma 2</b> is wrong."),
)

PRIVATE = a.chat(1, timezone="Asia/Shanghai", hour=time(8, 30), next_at=SOON, size=7)
GROUP = a.chat(2, ChatKind.GROUP, subscribed=False, next_at=None, quiet_notes=False, timezone="Etc/GMT-8", size=1)
CHANNEL = a.chat(3, ChatKind.CHANNEL, next_at=None, layout="rich")
CHATS = (PRIVATE, GROUP, CHANNEL)
LAYOUTS = (PRIVATE, a.chat(4, layout="rich"))

MODEL_USE = ModelUse("openai:gpt-5-mini", Spent(12, 1, 345_678, 9_012, 1.234), 2_000_000)

FAILURE = Delivery(1, 2, 3, 0, {}, DeliveryState.FAILED, 5, None, "Forbidden: bot was blocked by the user")

ERRORS: tuple[PaperboyError, ...] = (
    PaperboyError("x"),
    BadInput("x"),
    BadPaperId("<b>no id</b>"),
    UnknownPaper("2602.99999"),
    UnknownCategory("cs.XX", ("cs.LG", "cs.CL")),
    UnknownCategory("nothing"),
    BadTime("25 o'clock"),
    UnknownTimezone("Asia/Bejing", ("Asia/Shanghai",)),
    UnknownTimezone("nowhere"),
    BadDate("yesterday"),
    BadInterests(0, 4000),
    BadInterests(9999, 4000),
    BadSize("99", 20),
    TooMuch(10),
    BadCategories(0, 40),
    BadCategories(41, 40),
    UnknownLanguage("klingon", ("en", "zh")),
    BadFollow(""),
    BadFollow("x" * 300),
    NotAllowed("admins"),
    NotAllowed("chat"),
    NotAllowed("bot-admins"),
    NoDigest("2026-02-18", ("2026-02-17", "2026-02-16")),
    NoDigest("2026-02-18"),
    NoDigest(""),
    SourceError("arXiv", "x", "x"),
    Throttled("arXiv", "http-429", 1),
    Throttled("arXiv", "http-429", 30.2),
    Throttled("arXiv", "http-429", 600),
    Throttled("arXiv", "http-429"),
    Unreachable("arXiv", "reset"),
    Malformed("Hugging Face", "no JSON"),
    CountMismatch("arXiv", "new", 100, 93),
    StalePage("arXiv"),
    NotAnnounced("arXiv", "2026-02-21", "quiet"),
    NotAnnounced("arXiv", "2026-02-21", "future"),
    NotAnnounced("arXiv", "2020-02-21", "too-old"),
    NotThere("arXiv", "page"),
    StorageError("x"),
    DatabaseLocked("x"),
    DatabaseNewer("x", "y"),
    DatabaseForeign("x"),
    DatabaseBroken("x", "y"),
    AlreadyRunning("x"),
)


def _views() -> list[tuple[str, dict[str, Any]]]:
    languages = ("en", "zh")
    shown: list[tuple[str, dict[str, Any]]] = [
        ("digest", {"digest": a.digest(rows=ROWS, listings=LISTINGS, late=(a.listing("cs.AI", date(2026, 2, 17)), a.listing("cs.LG", date(2026, 2, 16)))), "profile": PROFILE}),
        ("digest", {"digest": a.digest(rows=(1,), part=1), "profile": PROFILE}),
        ("digest", {"digest": a.digest(rows=ROWS[2:]), "profile": Profile(categories=("cs.LG",))}),
        ("digest", {"digest": a.digest(rows=(), announced=7), "profile": PROFILE}),
        ("digest", {"digest": a.digest(rows=(), announced=0), "profile": PROFILE}),
        *(("report", report) for report in REPORTS),
        ("commands", {}),
        ("help", {"commands": [{"name": "digest", "about": "…"}, {"name": "paper", "about": "…"}]}),
        ("apology", {}), ("not_understood", {}), ("welcome", {}), ("paper", {}), ("moved", {}), ("contents", {}), ("report_in_file", {}), ("report_progress", {"number": 2, "of": 5}), ("too_many", {"most": 10, "count": 34}),
        ("folded", {"paper": "2602.14080v1"}),
        ("forgotten", {"what": "chat"}), ("forgotten", {"what": "no"}),
        ("tag", {"key": "code"}), ("tag", {"key": "cs.LG"}),
        *(("reasons", {"row": row}) for row in (*ROWS, TRIED)),
        ("ask_why", {}), ("ask_search", {}), ("ask_similar", {}),
        *(("found", {"papers": papers, "asked": "<what>", "like": like}) for papers in ((), (a.paper(1, title="<x> & $y$"),)) for like in (None, a.paper(2))),
        *(("stats", {"chat": counts.chat, "counts": counts, "numbers": numbers}) for counts in COUNTS for numbers in NUMBERS),
        *(("why", {"told": told}) for told in EXPLANATIONS),
    ]  # fmt: skip
    empty = {"chat": PRIVATE, "listings": LISTINGS, "next_announcement": SOON}
    shown += [("quiet", empty | {"kind": kind}) for kind in QuietKind]
    for card in (LOCAL_CARD, MODEL_CARD, ABSTRACT_CARD, *CUT_CARDS):
        shown.append(("printed_card", {"card": card, "paper": None, "heat": None}))
        for chat, tally in ((PRIVATE, Tally(mine=VerdictKind.LIKE)), (GROUP, Tally(2, 1, 0)), (CHANNEL, Tally())):
            shown += [
                ("card", {"card": card, "paper": a.paper(1, published=a.NOW), "heat": a.heat(), "tally": tally, "chat": chat, "under": 17, "note": "", "relations": RELATIONS.get(card.paper_id)}),
                *(("verdict", {"kind": kind, "tally": tally, "chat": chat}) for kind in VerdictKind),
            ]  # fmt: skip
    about = {"card": ABSTRACT_CARD, "paper": a.paper(3), "heat": None, "tally": Tally(), "chat": PRIVATE, "under": 17}
    for note in ("writing", "budget", "timeout", "refused", "throttled", "failed"):
        shown.append(("card", about | {"note": note}))
    shown += [
        ("layout", {"chat": chat, "state": state}) for chat in LAYOUTS for state in ("offered", "refused", "chosen")
    ]
    shown += [("layout_sample", {}), ("reading", {"paper": "2602.14080"}), ("no_picture", {})]
    for chat in CHATS:
        for profile in (PROFILE, Profile(categories=("cs.LG",))):
            known = {
                "chat": chat,
                "profile": profile,
                "languages": languages,
                "wishes": WISHES if profile.interests else (),
            }
            shown += [
                *(("start", known | {"step": step}) for step in ("categories", "interests", "hour", "done")),
                *(("interests", known | {"asking": asking, "noted": noted}) for asking in (True, False) for noted in (True, False)),
                ("categories", known),
                *((view, known | {"done": done, "removed": removed, "asking": asking})
                  for view, entries in (("follow", ((), PROFILE.follows, PROFILE.follows[:1])), ("mute", (None, *PROFILE.mutes)))
                  for done in entries for removed in (True, False) for asking in (True, False)),
                *((view, known) for view in ("subscription", "time", "timezone", "language", "size", "quiet_days", "forget")),
                *(("profile", known | {"verdicts": dict.fromkeys(VerdictKind, 3), "learned": learned, "names": {7: "Ada <Reader>"}, "numbers": numbers}) for learned, numbers in zip((LEARNED, LEARNED, Learned(chat, profile)), NUMBERS, strict=True)),
            ]  # fmt: skip
        polls = (
            a.poll("cs.LG"),
            *(
                a.poll("cs.CL", state, failures=2, detail="http-429", not_before=SOON, page_date=None)
                for state in ListingState
            ),
        )
        for full in (True, False):
            shown += [
                ("alert", {"begun": TROUBLES, "over": ("listing:cs.CV", "lag:")}),
                ("status", {"chat": chat, "now": a.NOW, "polls": polls, "counts": {"chats": 3, "failed": 1, "other": 1}, "failures": (FAILURE,), "model": MODEL_USE, "full": full}),
                ("status", {"chat": chat, "now": a.NOW + timedelta(1), "polls": (), "counts": {}, "failures": (), "model": None, "full": full}),
            ]  # fmt: skip
    for papers in ((), (a.paper(1),), tuple(a.paper(n, title="<x> & $y$") for n in range(5))):
        shown.append(("saved", {"papers": papers, "most": 3}))
    for toast in (
        "reading",
        "still-reading",
        "folded",
        "chosen",
        "last-category",
        "old-button",
        "gone",
        "looking",
        "restored",
        "not-there",
        "no-picture",
        "drawing",
        "still-drawing",
    ):
        shown.append((f"toasts/{toast}", {}))
    shown += [("toasts/verdict", {"mine": mine}) for mine in (None, *VerdictKind)]
    shown += [("toasts/ruled-out", {"own": own}) for own in (True, False)]
    shown += [("toasts/forgotten", {"count": count}) for count in (0, 1, 5)]
    return shown


VIEWS = _views()
