"""The metrics of a paper: known names, and names that headers, lists and abbreviations make ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from bot.card import lexicon, names
from bot.card.evidence import ARROWS, ENOUGH, TABLE, Passage, Votes, items_of, listed_before, table_place
from bot.card.mentions import Mention, abbreviations
from bot.card.outline import Part
from bot.model import Claim, Table

_AS_METRICS = re.compile(
    r"\s(?:(?:are|is|were|was)\s+)?(?:(?:adopted|used|chosen|employed|reported|taken|considered)\s+)?"
    r"(?:as (?:the |our )?(?:\w+ )?(?:metrics?|measures?)|for evaluation|to (?:measure|assess|evaluate|quantify) (?:the )?(?:performance|quality|models?|methods?))\b"
    r"|\s(?:are|is|were) reported\b",
    re.IGNORECASE,
)
_TAKEN = re.compile(r"\b(?:using|use|uses|with|by|of|adopt|employ|choose|take|report|we)\s", re.IGNORECASE)
_MEASURED_BY = re.compile(
    r"\b(?:performance|quality|accuracy|discrimination|calibration|effectiveness|results?|models?|methods?|estimates|predictions|agreement)\b[^.;:]{0,30}?"
    r"\b(?:measured|assessed|evaluated|quantified|judged|scored)\s+(?:by|using|with|via|through|in terms of)\s+(?P<list>[^.;:]{3,220})",
    re.IGNORECASE,
)
_METRIC_LIST = re.compile(
    r"\bmetrics?\b[^.;:]{0,30}?(?:\bare|\bis|\binclude|:|\bsuch as|,? namely)\s+(?P<list>[^;]{2,200})|\bwe (?:also )?report (?:the )?(?P<reported>[^;.]{2,160})",
    re.IGNORECASE,
)
METRIC_WORD = re.compile(
    r"(?:scores?|rates?|errors?|accuracy|distances?|loss|index|ratios?|similarity|precision|recall|f1|deviations?|fractions?|time|latency|throughput"
    r"|correlations?|coefficients?|agreement|bias|factor|kappa|alpha|perplexity|regret|reward|return|coverage|divergence|consistency|diversity|second|frequency|@\d+|auc|memory|speed|cost|length)$",
    re.IGNORECASE,
)
_ANNOUNCING = (_MEASURED_BY, _METRIC_LIST)
_UNIT = re.compile(r"\s*\((?:s|ms|h|%|sec|min|m|cm|mm|GB|MB|dB|px)\)$")
_FAMOUS = frozenset({"WER", "MSE", "MAE", "FID", "SSIM", "PSNR", "AUC", "BLEU", "mAP", "IoU", "mIoU"})
_AT = re.compile(r"(?<![\w@.])[A-Za-z][A-Za-z-]*@(?:\d+|k|K|N|n)(?!\w)")


_Span = tuple[int, int, str]


def metrics_of(
    passages: tuple[Passage, ...],
    tables: tuple[tuple[Part, Table], ...],
    named: Iterable[Mention],
    datasets: set[str],
) -> tuple[Claim, ...]:
    """The metrics by how well they are borne out: headers and captions, then what the text measures and announces."""
    votes = Votes()
    shorts = {long.casefold(): short for passage in passages for long, short in abbreviations(passage.text)}
    shorts |= {long.casefold(): short for _, table in tables for long, short in abbreviations(table.caption)}
    longs = {short: long for long, short in shorts.items()}
    for part, table in tables:
        weight = TABLE * (0.6 if part.section.appendix else 1.0)
        for name in _shown(table, longs):
            votes.add(name, weight, table_place(part, table))
    for passage in passages:
        announced = tuple(_announced(passage.text))
        for name, weight in (*_measured(passage, announced), *_listed(passage, announced)):
            votes.add(name, weight, passage.where)
    for mention in named:
        if _fits(mention):
            votes.add(mention.name, mention.weight, (mention.anchor, mention.section))
    return votes.claims(_of_each_one(votes, shorts, datasets))


def _shown(table: Table, longs: Mapping[str, str]) -> Iterator[str]:
    """The metrics of a table's caption and header; a header's abbreviation in the words it stands for."""
    index = names.index_of("metrics")
    yield from (name for _, name, _ in names.known(table.caption, index))
    for cell in dict.fromkeys(cell for row in table.header for cell in row[1:]):
        known = [name for _, name, _ in names.known(cell, index)]
        yield from known
        bare = _UNIT.sub("", ARROWS.sub("", cell)).strip(" ,:()")
        if known or not 0 < len(bare) <= 30 or not any(c.isalpha() for c in bare):
            continue
        long = longs.get(bare, "")
        if ARROWS.search(cell) or METRIC_WORD.search(long) or (METRIC_WORD.search(bare) and len(bare.split()) < 4):
            yield long or bare


def _measured(passage: Passage, announced: Iterable[_Span]) -> Iterator[tuple[str, float]]:
    """Known metrics with a number beside them or in an announcement, and whatever has an "@k"."""
    listed, index = lexicon.forms("metrics"), names.index_of("metrics")
    text = passage.text
    stated = [(begin, end) for begin, end, _ in announced]
    for place, name, entry in names.known(text, index):
        after = text[place + len(name) : place + len(name) + 30]
        numbered = re.match(r"[^.;]{0,24}\d", after) is not None or re.search(
            r"\d(?:\.\d+)?\s?(?:%|points?)?\s(?:\w+ )?$", text[max(0, place - 24) : place]
        )
        within = any(begin <= place < end for begin, end in stated)
        if within or (numbered and (listed[entry][1] or re.match(r"\s(?:of|is|=|at|:)\s?\d", after))):
            yield name, max(ENOUGH, passage.weight) if within else passage.weight if passage.weight >= 1.5 else 1.0
    yield from ((match[0], max(ENOUGH, passage.weight)) for match in _AT.finditer(text))


def _listed(passage: Passage, announced: Iterable[_Span]) -> Iterator[tuple[str, float]]:
    """What a list makes metrics: "measured by the A, the B and the C", "A and B are adopted as metrics"."""
    known = lexicon.forms("metrics")
    for _, _, words in announced:
        for item in items_of(words):
            short = re.search(r"\(([^()]+)\)$", item)
            bare = item[: short.start()].strip() if short else item
            fits = bare in known or short is not None or METRIC_WORD.search(bare) is not None
            if fits and 0 < len(bare.split()) <= 5 and not bare[0].isdigit():
                yield bare, max(ENOUGH, passage.weight)


def _announced(text: str) -> Iterator[_Span]:
    """Where metrics are announced, with the words that list them."""
    yield from listed_before(text, _AS_METRICS, _TAKEN)
    for pattern in _ANNOUNCING:
        for match in pattern.finditer(text):
            yield *match.span(), next(group for group in match.groupdict().values() if group)


def _fits(mention: Mention) -> bool:
    name = mention.name
    telling = name in lexicon.forms("metrics") or METRIC_WORD.search(name) is not None or mention.weight in (2.0, 2.5)
    return telling and len(name.split()) <= 5 and not names.is_model(name)


def _of_each_one(votes: Votes, shorts: Mapping[str, str], datasets: set[str]) -> Iterable[str]:
    """One name for each metric. Of its forms the words say more than the letters ("Success rate", not "SR"), unless the
    letters are what everybody knows ("SSIM")."""
    listed = lexicon.forms("metrics")
    kept: dict[str, str] = {}
    chosen = [name for name in votes.chosen() if name not in datasets]
    for name in chosen:
        short = shorts.get(name.casefold(), "")
        entry = next((form for form in (name, name[0].lower() + name[1:], short) if form in listed), "")
        key = listed[entry][0] if entry else name.casefold()
        key = next((k for k in kept if f" {key}".endswith(f" {k}") or f" {k}".endswith(f" {key}")), key)
        if short and short in listed and name not in listed and short in chosen:
            name = short  # noqa: PLW2901 - the same metric by its better name
        if key not in kept or (len(kept[key]) < 5 < len(name) and kept[key] not in _FAMOUS):
            kept[key] = name
    letters = {short for long, short in shorts.items() if any(long == name.casefold() for name in kept.values())}
    shown = dict.fromkeys(name for name in kept.values() if name not in letters)
    return [votes.renamed(name, _with_letters(name, shorts)) for name in shown]


def _with_letters(name: str, shorts: Mapping[str, str]) -> str:
    """A name that nobody knows with the letters that the paper gives it: "queries per second (QPS)"."""
    short = shorts.get(name.casefold(), "")
    return f"{name} ({short})" if short and not {name, short} & lexicon.forms("metrics").keys() else name
