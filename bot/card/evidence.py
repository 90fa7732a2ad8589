"""What is borne out how strongly: names with their weights and places, and the pieces of a text in which they are looked
for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.card.citations import without_citations
from bot.card.outline import Part
from bot.card.sentences import split
from bot.model import Claim, FullText, Table

MOST = 16
ENOUGH = 1.9
TABLE = 3.0
UNREAD = frozenset({"forms", "related", "background", "acknowledgements", "availability"})
ARROWS = re.compile(r"[↑↓⇑⇓]|\(\s*(?:%|[↑↓])\s*\)|\$\\(?:up|down)arrow\$")

_ROLE_WEIGHTS = {
    "setup": 2.0,
    "results": 2.0,
    "ablation": 1.5,
    "limitations": 1.0,
    "discussion": 1.0,
    "conclusion": 1.5,
    "method": 1.0,
    "introduction": 0.9,
    "problem": 0.9,
    "theory": 0.5,
    "other": 1.0,
}
_OURS = re.compile(r"\b(?:ours?|proposed|this (?:work|paper)|we)\b", re.IGNORECASE)
_STOPS = re.compile(
    r"^(?:select|use|choose|compare|adopt|we|which|that|report|follow|train|test|evaluate|there|then|it|they|this)\b",
    re.IGNORECASE,
)
_ITEM_END = re.compile(
    r"\s(?:on|for|in|over|with respect|which|that|where|when|while|because|to (?:measure|evaluate|assess)|as (?:our|the)|across"
    r"|under|using|is|are|was|were|has|have|we|unless|at|from|by|against)\s",
    re.IGNORECASE,
)


_CLAUSE_END = re.compile(r"[.;:]\s")


@dataclass(slots=True)
class _Tally:
    """How strongly a name is borne out, and where it stands first."""

    weight: float = 0.0
    where: tuple[str, str] = ("", "")
    order: int = 0
    count: int = 0


def clean(name: str) -> str:
    """A name without stray spaces and marks."""
    return " ".join(name.split()).strip(" ,.;:*†‡")


@dataclass(slots=True)
class Votes:
    """Names with their weights, in the order in which they came."""

    tallies: dict[str, _Tally] = field(default_factory=dict)

    def add(self, name: str, weight: float, where: tuple[str, str]) -> None:
        """One more piece of evidence: the strongest counts, with a little for each further one."""
        name = clean(name)
        if not name:
            return
        tally = self.tallies.setdefault(name, _Tally(where=where, order=len(self.tallies)))
        tally.weight = max(tally.weight, weight) + (0.25 if tally.count else 0.0)
        tally.count += 1

    def chosen(self, least: float = ENOUGH) -> list[str]:
        """The names that are borne out well enough, the surest first."""
        ranked = [name for name, tally in self.tallies.items() if tally.weight >= least]
        return sorted(ranked, key=lambda name: (-min(self.tallies[name].weight, 4.0), self.tallies[name].order))

    def renamed(self, name: str, better: str) -> str:
        """The better name, which stands where the name stands."""
        self.tallies.setdefault(better, self.tallies[name])
        return better

    def claims(self, chosen: Iterable[str]) -> tuple[Claim, ...]:
        """The chosen names as claims, each with the place where it stands first."""
        return tuple(
            Claim(text=name, quote=name, anchor=self.tallies[name].where[0], section=self.tallies[name].where[1])
            for name in [name for name in chosen if name in self.tallies][:MOST]
        )


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph without its references, with how much its section counts and where it stands."""

    text: str
    weight: float
    where: tuple[str, str]
    role: str


def passages_of(text: FullText, parts: tuple[Part, ...]) -> Iterator[Passage]:
    """The abstract and every paragraph of the paper's own work."""
    yield Passage(text.abstract, 2.0, ("abstract", ""), "abstract")
    for part in parts:
        if part.role in UNREAD:
            continue
        weight = _ROLE_WEIGHTS.get(part.role, 1.0) * (0.6 if part.section.appendix else 1.0)
        for paragraph in part.section.paragraphs:
            where = (paragraph.anchor or part.section.anchor, part.section.title)
            yield Passage(without_citations(paragraph.text), weight, where, part.role)


def table_place(part: Part, table: Table) -> tuple[str, str]:
    """Where a table stands: anchor and section."""
    return (table.anchor or part.section.anchor, part.section.title)


def is_ours(label: str, own: frozenset[str]) -> bool:
    """Whether a label in a table means the paper's own method."""
    return bool(_OURS.search(label)) or any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", label) for name in own)


def label_of(cell: str) -> str:
    """A cell as a name: without references, formulas and marks."""
    cell = without_citations(re.sub(r"\$[^$]*\$", "", cell))
    return re.sub(r"[†‡*∗§]+|\s*\(\d{4}\)$", "", cell).strip()


def is_own(name: str, own: frozenset[str]) -> bool:
    """Whether a name is one of the paper's own, whatever its case."""
    return any(name.casefold() == mine.casefold() for mine in own)


def listed_before(text: str, tail: re.Pattern[str], verbs: re.Pattern[str]) -> Iterator[tuple[int, int, str]]:
    """The words before each place where `tail` stands, from the last mark or one of the `verbs` on: (begin, end, words).

    The tail is looked for first: a pattern that begins with a list would try every beginning.
    """
    for match in tail.finditer(text):
        if text[match.start() - 1 : match.start()] in (".", ";", ":"):  # the tail begins a sentence of its own
            continue
        begin = max(0, match.start() - 300)
        begin += max((m.end() for m in _CLAUSE_END.finditer(text[begin : match.start()])), default=0)
        begin += max((m.end() for m in verbs.finditer(text[begin : match.start()])), default=0)
        yield begin, match.end(), text[begin : match.start()]


def items_of(listing: str) -> list[str]:
    """The items of an enumeration, up to the end of its sentence."""
    sentence = next(iter(split(listing)), listing)
    sentence = re.split(r"(?<=[a-z0-9)])[.:](?:\s|$)", sentence)[0].rstrip(".")
    inner = re.sub(r"\([^()]*[,;\d][^()]*\)", "", sentence)  # "(1,000 images)"
    parts = re.split(r",?\s+(?:and|or|as well as|plus)\s+|[,;、，]\s*|\s+&\s+|\s+vs\.?\s+", inner)
    items = []
    for part in parts:
        item = re.sub(
            r"^(?:\(?(?:i{1,3}|iv|v|vi|\d|[a-f])\)|the|an?|and|or|our|both|either|two|three|four)\s+",
            "",
            part.strip(),
            flags=re.IGNORECASE,
        )
        item = re.sub(
            r"\s*\([^()]*\)$", lambda m: m[0] if re.fullmatch(r"\s*\([A-Z][\w+-]{1,12}\)", m[0]) else "", item
        )
        cut = _ITEM_END.search(f"{item} ")
        item = item[: cut.start()] if cut is not None else item
        if _STOPS.match(item):
            break
        if item.strip():
            items.append(item.strip(" .,"))
        if (
            cut is not None
            and cut.start() < len(part) - 1
            and part is not parts[-1]
            and not re.match(r"\s(?:on|for|in|with|over|from|by|at|under|using)\s", cut[0])
        ):
            break
    return items
