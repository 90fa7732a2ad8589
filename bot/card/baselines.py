"""What a paper compares itself with: the other rows of the tables in which its own method stands, and enumerations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.card import names
from bot.card.evidence import Passage, Votes, clean, is_ours, is_own, items_of, label_of, listed_before, table_place
from bot.card.mentions import KIND, Mention
from bot.card.outline import Part
from bot.model import Claim, FullText, Table

_NO_BASELINE = re.compile(
    r"^(?:by|in|on|with|from|at|of|for|as|to)\s|^(?:av(?:era)?ge?\.?|mean|overall|total|improvement|gain|delta|Δ|δ|std\.?|#.*|\W*|full(?: model)?|all|none|baselines?|method|model"
    r"|.|[\d.,%±()\s/×x-]+)$|^(?:w/o|without|\+|−|–|-)\s|\bw/o\b|\bours\b"
    r"|\b(?:methods|models|approaches|algorithms|techniques|policies|systems|baselines|variants)$|\bmodels? trained\b",
    re.IGNORECASE,
)
_BASELINE_LIST = re.compile(
    r"\bas (?:our |the |strong )?baselines?,? we (?:\w+ )?(?:include|use|choose|select|consider|adopt|utili[sz]e|take|employ|compare (?:\w+ )?(?:against|with|to))\s+(?P<taken>[^;]{3,400})"
    r"|\bbaselines?\b(?: methods?| models?)?(?: that we consider)?\s*(?:\bare|\binclude[sd]?|\bcomprise|:|\bincluding|\bsuch as|,? namely)\s+(?P<list>[^;]{3,400})"
    r"|\b(?:we|is|are) (?:\w+ )?(?:compared?|benchmarked?)\b[^.;]{0,60}?\b(?:with|against|to)\b(?: (?:the )?(?:following )?(?:\w+ ){0,3}(?:baselines?|methods?|models?|approaches)[:,]?)?\s+(?P<compared>[^;]{3,300})",
    re.IGNORECASE,
)
_ABLATION = re.compile(r"ablat|effects? of", re.IGNORECASE)
_AS_BASELINES = re.compile(
    r"\s(?:(?:(?:we|are|is|were|was)\s+)?(?:serve[ds]?|used|chosen|selected|considered|adopted|taken|act(?:ed)?|included)\s+)?"
    r"as (?:our |the |strong |main |additional )?(?:baselines?|competitors|comparison methods|points of comparison)\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"\b(?:select|choose|use|consider|adopt|take|include|with)\s", re.IGNORECASE)


def baselines_of(
    passages: tuple[Passage, ...],
    tables: tuple[tuple[Part, Table], ...],
    named: Iterable[Mention],
    own: frozenset[str],
    taken: set[str],
) -> tuple[Claim, ...]:
    """The methods that the text or a table sets beside the paper's own; `taken` are names that are something else."""
    votes = Votes()
    told = [(name, 2.0, passage.where) for passage in passages for name in _enumerated(passage.text, own)]
    told += [(each.name, each.weight, (each.anchor, each.section)) for each in named if each.weight >= 2]
    shown = [
        (label, 2.0, table_place(part, table))
        for part, table in tables
        if not (part.section.appendix or part.role == "ablation" or _ABLATION.search(table.caption))
        for label in _labels(table, own)
    ]
    lists: list[list[str]] = []
    for found in (told, shown):
        fitting = [each for each in found if _baseline_like(each[0], own) and each[0].casefold() not in taken]
        for name, weight, where in fitting:
            votes.add(name, weight, where)
        lists.append(names.distinct(filter(None, (clean(name) for name, _, _ in fitting))))
    # The same methods go by other words in text and table: what one may mean by the other's names is not told twice.
    first, second = sorted(lists, key=len, reverse=True)
    more = [name for name in second if not any(names.same(name, other) for other in first)]
    return votes.claims([*first, *more])


def _enumerated(text: str, own: frozenset[str]) -> Iterator[str]:
    """The members of "baselines are A, B and C", "we compare with A and B", "A, B and C served as baselines"."""
    for match in _BASELINE_LIST.finditer(text):
        stated = match["taken"] or match["list"]
        for item in items_of(stated or match["compared"]):
            if stated or names.shaped(item) or names.is_model(item):
                yield item
    for _, _, words in listed_before(text, _AS_BASELINES, _TAKEN):
        yield from (item for item in items_of(words) if _baseline_like(item, own))


def _labels(table: Table, own: frozenset[str]) -> Iterator[str]:
    """The names of methods in a table: those of the column, or of the header, in which the paper's own stands."""
    for i in range(2):
        column = [row[i] for row in table.rows if len(row) > i]
        if any(is_ours(label, own) for label in column):
            return (label_of(label) for label in column if not is_ours(label, own))
    heads = table.header[-1][1:] if table.header else ()
    if sum(is_ours(cell, own) for cell in heads) == 1:
        return (label_of(cell) for cell in dict.fromkeys(heads) if not is_ours(cell, own))
    return iter(())


def _baseline_like(name: str, own: frozenset[str]) -> bool:
    return (
        1 < len(name) <= 60
        and len(name.split()) <= 8
        and not _NO_BASELINE.search(name)
        and not is_own(name, own)
        and "\ufffd" not in name
        and "$" not in name
        and not re.match(r"\d+(?:\.\d+)?[%BMKkx]?(?:\s|$)", name)
        and any(c.isalpha() for c in name)
        and not re.search(rf"\b{KIND}$", name)
    )


_YEAR = re.compile(r"(?<!\d)(?:19[5-9]\d|20[0-4]\d)(?!\d)")


def years_of(text: FullText, baselines: list[str]) -> tuple[tuple[str, str], ...]:
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
