"""What a paper tried things with: datasets, metrics and baselines, from table headers and from mentions in the text.

Every one is given as it stands in the text, with the place where it stands first. A mere mention is not a use: names
count by where they stand (a table's header more than an introduction), and what only related work names is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from bot.card import lexicon, names
from bot.card.citations import without_citations
from bot.card.outline import Part
from bot.card.sentences import split
from bot.model import Claim, FullText, Table

MOST = 12

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
_UNREAD = frozenset({"related", "background", "acknowledgements", "availability"})
_ENOUGH = 1.9
_TABLE = 3.0

_KIND = r"(?:datasets?|data sets?|benchmarks?|corpus|corpora|test ?sets?|testbeds?|suites?|collections?|leaderboards?|tasks?|environments?)"
_NAMED_KIND = re.compile(rf"(?<![\w-])({names.NAME})(?: \(\w[^)]{{0,40}}\))? (?:[a-z-]+ )?{_KIND}\b")
_KIND_LISTS = re.compile(
    rf"\b{_KIND}\b[^.;:()]{{0,40}}?(?:\b(?:are|is|include|includes|including|namely|such as|like|comprise|called|named)\b|:)\s+(?P<list>[^;]{{2,300}})",
    re.IGNORECASE,
)
_NO_DATASET = re.compile(
    r"^(?:The|This|These|Our|We|Each|All|Both|Other|Existing|Recent|Several|Many|Most|New|Some|Such|Public|Standard|Common"
    r"|Table|Figure|Fig|Section|Appendix|Algorithm|Theorem|Lemma|Equation|Eq|Sec|Two|Three|Four|Five|Training|Test|In|On"
    r"|For|A|An|English|Chinese|German|French|LLM|LLMs|AI|ML|RL|NLP|CV|QA|VQA|GPU|CPU|API|US|EU|UK|II|III|IV|SOTA|VLM"
    r"|MLLM|VLA|LM|ASR|TTS|OCR|IID|OOD|NLI|NER|IR|I|However|While|When|Although|As|By|To|From|With|If|It|Human|Synthetic)$"
)

_OURS = re.compile(r"\b(?:ours?|proposed|this (?:work|paper)|we)\b", re.IGNORECASE)
_NO_BASELINE = re.compile(
    r"^(?:av(?:era)?ge?\.?|mean|overall|total|improvement|gain|delta|Δ|δ|std\.?|#.*|\W*|full(?: model)?|all|none|baselines?|method|model"
    r"|.|[\d.,%±()\s/×x-]+)$|^(?:w/o|without|\+|−|–|-)\s|\bw/o\b|\bours\b",
    re.IGNORECASE,
)
_BASELINE_LIST = re.compile(
    r"\bbaselines?\b(?: methods?| models?)?(?: that we consider)?\s*(?:\bare|\binclude[sd]?|\bcomprise|:|\bincluding|\bsuch as|,? namely)\s+(?P<list>[^;]{3,400})"
    r"|\b(?:we|is|are) (?:\w+ )?(?:compared?|benchmarked?|evaluate)\b[^.;]{0,60}?\b(?:with|against|to)\b(?: (?:the )?(?:following )?(?:\w+ ){0,3}(?:baselines?|methods?|models?|approaches)[:,]?)?\s+(?P<compared>[^;]{3,300})",
    re.IGNORECASE,
)
_METRIC_LIST = re.compile(
    r"\bmetrics?\b[^.;:]{0,30}?(?:\bare|\bis|\binclude|:|\bsuch as|,? namely)\s+(?P<list>[^;]{2,200})|\bwe (?:also )?report (?:the )?(?P<reported>[^;.]{2,160})",
    re.IGNORECASE,
)
_ITEM_END = re.compile(
    r"\s(?:on|for|in|over|with respect|which|that|where|when|while|because|to (?:measure|evaluate|assess)|as (?:our|the)|across"
    r"|under|using|is|are|was|were|has|have|we|unless|at|from|by|against)\s",
    re.IGNORECASE,
)
_ARROWS = re.compile(r"[↑↓⇑⇓]|\(\s*(?:%|[↑↓])\s*\)|\$\\(?:up|down)arrow\$")


@dataclass(slots=True)
class _Tally:
    """How strongly a name is borne out, and where it stands first."""

    weight: float = 0.0
    where: tuple[str, str] = ("", "")
    order: int = 0
    count: int = 0


def _clean(name: str) -> str:
    return " ".join(name.split()).strip(" ,.;:*†‡")


@dataclass(slots=True)
class _Votes:
    """Names with their weights, in the order in which they came."""

    tallies: dict[str, _Tally] = field(default_factory=dict)

    def add(self, name: str, weight: float, where: tuple[str, str]) -> None:
        name = _clean(name)
        if not name:
            return
        tally = self.tallies.setdefault(name, _Tally(where=where, order=len(self.tallies)))
        tally.weight = max(tally.weight, weight) + (0.25 if tally.count else 0.0)
        tally.count += 1

    def chosen(self, least: float = _ENOUGH) -> list[str]:
        ranked = [name for name, tally in self.tallies.items() if tally.weight >= least]
        return sorted(ranked, key=lambda name: (-min(self.tallies[name].weight, 4.0), self.tallies[name].order))

    def claims(self, chosen: Iterable[str]) -> tuple[Claim, ...]:
        return tuple(
            Claim(text=name, quote=name, anchor=self.tallies[name].where[0], section=self.tallies[name].where[1])
            for name in [name for name in chosen if name in self.tallies][:MOST]
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What the analyst found of the experiments; `years` says when the baselines' references are from, by name."""

    datasets: tuple[Claim, ...]
    metrics: tuple[Claim, ...]
    baselines: tuple[Claim, ...]
    years: tuple[tuple[str, str], ...]


def find(text: FullText, parts: tuple[Part, ...], own: frozenset[str]) -> Found:
    """The datasets, metrics and baselines of a paper; `own` is what it calls its own work."""
    passages = tuple(_passages(text, parts))
    tables = tuple((part, table) for part in parts for table in part.section.tables if part.role not in _UNREAD)
    datasets = _datasets(passages, tables, own)
    metrics = _metrics(passages, tables, {claim.text for claim in datasets})
    baselines = _baselines(passages, tables, own)
    return Found(datasets, metrics, baselines, _years(text, [claim.text for claim in baselines]))


@dataclass(frozen=True, slots=True)
class _Passage:
    text: str
    weight: float
    where: tuple[str, str]
    role: str


def _passages(text: FullText, parts: tuple[Part, ...]) -> Iterator[_Passage]:
    yield _Passage(text.abstract, 2.0, ("abstract", ""), "abstract")
    for part in parts:
        if part.role in _UNREAD:
            continue
        weight = _ROLE_WEIGHTS.get(part.role, 1.0) * (0.6 if part.section.appendix else 1.0)
        for paragraph in part.section.paragraphs:
            where = (paragraph.anchor or part.section.anchor, part.section.title)
            yield _Passage(without_citations(paragraph.text), weight, where, part.role)


def _table_place(part: Part, table: Table) -> tuple[str, str]:
    return (table.anchor or part.section.anchor, part.section.title)


# --------------------------------------------------------------------------- datasets


def _datasets(
    passages: tuple[_Passage, ...], tables: tuple[tuple[Part, Table], ...], own: frozenset[str]
) -> tuple[Claim, ...]:
    votes = _Votes()
    listed, index = lexicon.names("datasets"), names.index_of("datasets")
    for passage in passages:
        for place, name, entry in names.known(passage.text, index):
            near = passage.text[max(0, place - 40) : place + len(name) + 40]
            sure = listed[entry] or re.search(rf"\b{_KIND}\b", near) is not None
            votes.add(name, passage.weight if sure else passage.weight * 0.5, passage.where)
        for name in _patterned(passage.text):
            votes.add(
                name,
                passage.weight + 0.1 if passage.role in ("setup", "results", "abstract") else passage.weight,
                passage.where,
            )
    for part, table in tables:
        weight = _TABLE * (0.6 if part.section.appendix else 1.0)
        cells = [cell for row in table.header for cell in row[1:]] + [row[0] for row in table.rows if row]
        for piece in (table.caption, *cells):
            for _, name, _ in names.known(piece, index):
                votes.add(name, weight, _table_place(part, table))
    chosen = [name for name in votes.chosen() if not _own(name, own) and not names.is_model(name)]
    return votes.claims(_without_parts(chosen))


def _patterned(text: str) -> Iterator[str]:
    """Names that their neighbours call datasets: "the X benchmark", "datasets are X and Y"."""
    for match in _NAMED_KIND.finditer(text):
        name = match[1]
        at_head = match.start() == 0 or text[match.start() - 2 : match.start()] in (". ", "? ", "! ")
        if at_head and " " in name and not re.search(r"\d|[a-z][A-Z]|[A-Z]{2}", name.split()[0]):
            name = name.split(" ", 1)[1]
        # "the Snowfall dataset" is a name, though it looks like any word; "Snowfall tasks" may be none.
        plain = (
            not at_head
            and re.fullmatch(r"[A-Z][a-z]{3,}", name)
            and re.search(r"(?:set|mark|corpus|corpora)s?$", match[0])
        )
        if _dataset_like(name, plain=bool(plain)):
            yield name
    for match in _KIND_LISTS.finditer(text):
        for item in _items(match["list"]):
            if _dataset_like(item):
                yield item


def _dataset_like(name: str, *, plain: bool = False) -> bool:
    first = name.split(maxsplit=1)[0] if name.split() else ""
    return (
        2 < len(name) <= 40
        and not _NO_DATASET.match(first)
        and not _NO_DATASET.match(name)
        and (plain or names.shaped(name))
        and re.fullmatch(names.NAME, name) is not None
        and not re.fullmatch(r"[\d.,%]+\S?", name)
        and name not in lexicon.forms("metrics")
    )


def _without_parts(chosen: list[str]) -> list[str]:
    """Without the names that are only the head of another ("CIFAR" beside "CIFAR-10")."""
    lower = [name.casefold() for name in chosen]
    return [
        name
        for i, name in enumerate(chosen)
        if lower[i] not in lower[:i]
        and not any(other != lower[i] and other.startswith((f"{lower[i]}-", f"{lower[i]} ")) for other in lower)
    ]


# --------------------------------------------------------------------------- metrics


def _metrics(
    passages: tuple[_Passage, ...], tables: tuple[tuple[Part, Table], ...], datasets: set[str]
) -> tuple[Claim, ...]:
    votes = _Votes()
    listed, index = lexicon.forms("metrics"), names.index_of("metrics")
    for part, table in tables:
        weight = _TABLE * (0.6 if part.section.appendix else 1.0)
        where = _table_place(part, table)
        for _, name, _ in names.known(table.caption, index):
            votes.add(name, weight, where)
        for cell in dict.fromkeys(cell for row in table.header for cell in row[1:]):
            known = [name for _, name, _ in names.known(cell, index)]
            for name in known:
                votes.add(name, weight, where)
            bare = _ARROWS.sub("", cell).strip(" ,:()")
            if _ARROWS.search(cell) and not known and 0 < len(bare) <= 30 and bare not in datasets:
                votes.add(_long_form(bare, table.caption, passages) or bare, weight, where)
    for passage in passages:
        stated = [match.span() for match in _METRIC_LIST.finditer(passage.text)]
        for place, name, entry in names.known(passage.text, index):
            after = passage.text[place + len(name) : place + len(name) + 30]
            numbered = re.match(r"[^.;]{0,24}\d", after) is not None or re.search(
                r"\d(?:\.\d+)?\s?(?:%|points?)?\s(?:\w+ )?$", passage.text[max(0, place - 24) : place]
            )
            named = any(begin <= place < end for begin, end in stated)
            if named or (numbered and (listed[entry][1] or re.match(r"\s(?:of|is|=|at|:)\s?\d", after))):
                votes.add(name, passage.weight if named or passage.weight >= 1.5 else 1.0, passage.where)
    kept: dict[str, str] = {}
    for name in votes.chosen():
        entry = name if name in listed else name[0].lower() + name[1:]
        key = listed[entry][0] if entry in listed else name.casefold()
        key = next((k for k in kept if f" {key}".endswith(f" {k}") or f" {k}".endswith(f" {key}")), key)
        # Of one metric's forms the words say more than the letters: "Success rate", not "SR".
        if key not in kept or (len(kept[key]) < 5 < len(name)):
            kept[key] = name
    return votes.claims(kept.values())


def _long_form(short: str, caption: str, passages: tuple[_Passage, ...]) -> str:
    """What a header's abbreviation stands for, where the caption or the text says so: "forgetting (F)" for "F"."""
    pattern = re.compile(rf"((?:[A-Za-z-]+ ){{0,2}}[A-Za-z-]+) \({re.escape(short)}\)")
    for text in (caption, *(passage.text for passage in passages)):
        match = pattern.search(text)
        if match is not None:
            words = re.split(
                r"^(?:.*\s)?(?:and|or|of|the|a|an|with|over|by|in|on|our|using|report|reports)\s", match[1]
            )[-1]
            if words and words.lstrip()[0].casefold() == short[0].casefold():
                return words
    return ""


# --------------------------------------------------------------------------- baselines


def _baselines(
    passages: tuple[_Passage, ...], tables: tuple[tuple[Part, Table], ...], own: frozenset[str]
) -> tuple[Claim, ...]:
    votes = _Votes()
    told: list[str] = []
    for passage in passages:
        for match in _BASELINE_LIST.finditer(passage.text):
            stated = match["list"] is not None
            items = _items(match["list"] or match["compared"])
            for item in items:
                if _baseline_like(item, own) and (stated or names.shaped(item) or names.is_model(item)):
                    told.append(item)
                    votes.add(item, 2.0, passage.where)
    shown: list[str] = []
    for part, table in tables:
        if (
            part.section.appendix
            or part.role == "ablation"
            or re.search(r"ablat|effects? of", table.caption, re.IGNORECASE)
        ):
            continue
        for label in _labels(table, own):
            if _baseline_like(label, own):
                shown.append(label)
                votes.add(label, 2.0, _table_place(part, table))
    told, shown = names.distinct(map(_clean, told)), names.distinct(map(_clean, shown))
    first, second = (told, shown) if len(told) >= len(shown) else (shown, told)
    # The shorter list adds only what the longer one cannot mean: the same methods go by other words in text and table.
    more = (
        [name for name in second if not any(names.same(name, other) for other in first)]
        if len(second) > len(first) // 2 and first is shown
        else []
    )
    return votes.claims([*first, *more])


def _labels(table: Table, own: frozenset[str]) -> Iterator[str]:
    """The names of methods in a table: those of the column, or of the header, in which the paper's own stands."""
    for i in range(2):
        column = [row[i] for row in table.rows if len(row) > i]
        if any(_is_ours(label, own) for label in column):
            return (_label(label) for label in column if not _is_ours(label, own))
    heads = table.header[-1][1:] if table.header else ()
    if sum(_is_ours(cell, own) for cell in heads) == 1:
        return (_label(cell) for cell in dict.fromkeys(heads) if not _is_ours(cell, own))
    return iter(())


def _is_ours(label: str, own: frozenset[str]) -> bool:
    return bool(_OURS.search(label)) or any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", label) for name in own)


def _label(cell: str) -> str:
    cell = without_citations(re.sub(r"\$[^$]*\$", "", cell))
    return re.sub(r"[†‡*∗§]+|\s*\(\d{4}\)$", "", cell).strip()


def _baseline_like(name: str, own: frozenset[str]) -> bool:
    return (
        1 < len(name) <= 60
        and len(name.split()) <= 8
        and not _NO_BASELINE.search(name)
        and not _own(name, own)
        and "\ufffd" not in name
        and "$" not in name
        and any(c.isalpha() for c in name)
        and not re.search(rf"\b{_KIND}$", name)
    )


def _own(name: str, own: frozenset[str]) -> bool:
    return any(name.casefold() == mine.casefold() for mine in own)


def _items(listing: str) -> list[str]:
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


# --------------------------------------------------------------------------- years


_YEAR = re.compile(r"(?<!\d)(?:19[5-9]\d|20[0-4]\d)(?!\d)")


def _years(text: FullText, baselines: list[str]) -> tuple[tuple[str, str], ...]:
    """When the baselines' references are from, where the text cites one right behind the name."""
    numbered = {}
    for reference in text.references:
        head = re.match(r"\[?(\d{1,4})[\].]", reference)
        years = _YEAR.findall(reference)
        if head is not None and years:
            numbered[head[1]] = years[-1]
    whole = [p.text for s in text.sections for p in s.paragraphs] + [
        cell for s in text.sections for t in s.tables for row in t.rows for cell in row[:2]
    ]
    found = []
    for name in baselines:
        pattern = re.compile(
            rf"(?<!\w){re.escape(name)}(?!\w)[^.;,\[(]{{0,25}}(?:\[(\d{{1,4}})|[\[(][^\])]{{0,60}}?({_YEAR.pattern}))"
        )
        for passage in whole:
            match = pattern.search(passage) if name in passage else None
            year = (numbered.get(match[1], "") if match[1] else match[2]) if match is not None else ""
            if year:
                found.append((name, year))
                break
    return tuple(found)
