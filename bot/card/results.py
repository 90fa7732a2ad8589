"""Results as metric, value, what it is compared with, and where: from the rows of the paper's own method, and from sentences.

A table's result is a cell in our row (or column); the strongest other method is named only where it is known which way is
better, by an arrow or by the metric. Nothing is computed: every number is one of the paper's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.card import lexicon, names
from bot.card.evidence import ARROWS, UNREAD, is_ours, label_of
from bot.card.mentions import abbreviations
from bot.card.outline import Part
from bot.model import Claim, Result, Table

MOST_OF_A_TABLE = 4
MOST_TABLES = 2
_NEAR = 40

_LOWER = re.compile(
    r"↓|\b(?:error|loss|perplexity|ppl|wer|cer|eer|fid|fvd|kid|lpips|mse|rmse|nrmse|mae|mape|smape|crps|latency|time|distance|hd95|regret|forgetting|cost|flops|memory"
    r"|ece|brier|nll|miss rate|collision|false positive|fpr|fpr95|ade|fde|mpjpe|absrel|epe|bias|outlier|scatter|rtf|real-time factor|attack success|toxicity)\b",
    re.IGNORECASE,
)
_HIGHER = re.compile(
    r"↑|\b(?:acc|accuracy|f1|auc|auroc|auprc|map|ap|ap50|miou|iou|dice|dsc|bleu|rouge(?:-[l12])?|meteor|cider|em|exact match|pass@\d+|recall(?:@\d+)?|r@\d+|precision|ndcg(?:@\d+)?|mrr"
    r"|hit(?:s)?@\d+|hr@\d+|psnr|ssim|success(?: rate)?s?|sr|score|win rate|reward|return|spearman|pearson|r2|throughput|qps|fps|speedup|kappa|coverage)\b",
    re.IGNORECASE,
)
_VALUE = re.compile(r"^\W*[-+−]?\d[\d,]*(?:\.\d+)?\s?(?:%|×|x|k|K|M|B|s|ms|h)?(?:\s?(?:±|\(|/).*)?\W*$")
_DIGITS = re.compile(r"[-+−]?\d[\d,]*(?:\.\d+)?")
_NO_COLUMN = re.compile(
    r"^(?:#|params?|parameters|flops|backbone|year|venue|size|epochs?|iterations?|ref|source|resolution|data)\b",
    re.IGNORECASE,
)
_OWN_MEASURE = re.compile(
    r"\b(?:share|compute|words?|steps?|rollouts?|tokens?|time|counts?|numbers?|length|questions?|deliver\w+|conflicts?|openings?|per|an?|each|mean|average|total|extra"
    r"|objects?|seconds?|samples?|points?|gain|drop|change|usage|memory)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"^\s*((?:table|tab\.|tableau|tabelle|表)\s*[A-Z]?\.?\d+(?:\.\d+)*)", re.IGNORECASE)
_ABLATION = re.compile(r"ablat|effects? of|variants?|sensitivity|statistics|hyper-?parameter", re.IGNORECASE)

_QUANTITY = r"[-+−]?\d[\d,]*(?:\.\d+)?(?:\s?±\s?\d+(?:\.\d+)?)?(?:\s?(?:\\?%|per ?cent\b|×|x\b|points?\b|pp\b|ms\b|s\b|dB\b|times\b|-fold\b|hours?\b))?"
_RIVAL = r"(?:(?!(?:at|on|in|for|with|by|of|and|while|when|which|that|is|was|to|a|an|the)\b)[\w-]+)(?: (?!(?:at|on|in|for|with|by|of|and|while|when|which|that|is|was|to|a|an|the)\b)[\w-]+){0,3}"
_NUMBER_RANGE = r"(?:\d+(?:\.\d+)?\s?(?:to|–|-)\s?)?"
_FROM_TO = re.compile(rf"\bfrom\s+(?P<other>{_QUANTITY})\s+(?:down |up )?to\s+(?P<value>{_QUANTITY})")
_AGAINST = re.compile(
    rf"(?P<value>{_QUANTITY})(?P<between>[^.;\d]{{0,40}}?),?\s(?:against|versus|vs\.?|compared (?:with|to)|instead of|rather than|over)\s+(?:the\s)?(?P<other>{_QUANTITY})(?:\s+(?:for|of|by|with)\s+(?:the\s|a\s|an\s)?(?P<name>{_RIVAL}))?"
)
_BY = re.compile(
    rf"\b(?:by|of)\s+(?:up to\s|about\s|over\s|more than\s|nearly\s|roughly\s)?(?P<value>{_QUANTITY})(?:[^.;\d]{{0,40}}?\b(?:over|than|compared (?:with|to)|against|above|relative to)\s+(?:the\s|a\s|an\s)?(?P<name>{_RIVAL}))?"
)
_REACHES = re.compile(
    rf"\b(?:reach\w*|achiev\w*|attain\w*|obtain\w*|scor\w*|yield\w*|is|was|at|to)\s+(?:an?\s|the\s)?(?:(?!(?:with|using|after|for|within|from)\b)[\w-]+\s){{0,4}}?(?P<value>{_NUMBER_RANGE}{_QUANTITY})"
)
_SHARE = re.compile(
    r"\s(?:of|as many|as much|fewer|less|more)\s"
)  # "with 41% of the rollouts" measures none of the metrics
_UNITED = re.compile(r"[%×]|\d\.\d|(?:per ?cent|points?|pp|ms|dB|times|x|-fold|hours?)$")


def of_tables(parts: Iterable[Part], own: frozenset[str]) -> tuple[Result, ...]:
    """The results of the first tables that set the paper's own method beside others."""
    found: list[Result] = []
    shown = 0
    for part in parts:
        if part.role in UNREAD | {"ablation"} or part.section.appendix:
            continue
        for table in part.section.tables:
            results = [] if _ABLATION.search(table.caption) else list(_of_table(table, part, own))
            if results and shown < MOST_TABLES:
                shown += 1
                found += results[:MOST_OF_A_TABLE]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Series:
    """One column of a table, or one row of a turned one: what it measures, our cell, and the others' by name."""

    measures: str
    ours: str
    others: tuple[tuple[str, str], ...]
    row: tuple[str, ...]


def _of_table(table: Table, part: Part, own: frozenset[str]) -> Iterator[Result]:
    numbered = _NUMBERED.match(table.caption)
    where = numbered[1] if numbered else ""
    caption_metric = _metric_in(table.caption)
    longs = {short: long for long, short in abbreviations(table.caption)}
    for series in _series(table, own):
        metric = series.measures
        if not any(c.isalpha() for c in metric):
            continue
        if caption_metric and _is_where(series):
            metric = f"{caption_metric}, {metric}"
        bare = metric.strip(" ↑↓")
        metric = metric.replace(bare, longs.get(bare, bare))
        best = _best(series, metric)
        compared = f"{best[0]}: {best[1]}" if best else ""
        text = f"{metric}: {series.ours}" + (f" ({compared})" if compared else "")
        quote = table.caption if len(table.caption.split()) >= 4 else " ; ".join(series.row)
        claim = Claim(text, quote, table.anchor or part.section.anchor, part.section.title)
        yield Result(claim, metric, series.ours, compared, where)


def _is_where(series: _Series) -> bool:
    """Whether a heading names a place where the caption's metric was measured ("ALFWorld", "Pick"), not a measure of its
    own ("Extra tokens"): one word or a name, with values of the same kind as most of the row."""
    head = series.measures
    if _LOWER.search(head) or _HIGHER.search(head) or _metric_in(head) or "↑" in head or "↓" in head:
        return False
    values = [cell for cell in series.row if _VALUE.match(cell)]
    percents = sum("%" in cell for cell in values)
    usual = ("%" in series.ours) is (2 * percents > len(values)) or 2 * percents == len(values)
    return usual and (
        len(head.split()) == 1 or names.shaped(head) or (len(head.split()) == 2 and not _OWN_MEASURE.search(head))
    )


def _series(table: Table, own: frozenset[str]) -> Iterator[_Series]:
    """The columns beside our row, or the rows beside our column; with several rows of ours the last one counts."""
    heads = (
        [" ".join(dict.fromkeys(filter(None, cells))) for cells in zip(*table.header, strict=False)]
        if table.header
        else []
    )
    at = next((i for i in range(2) if any(len(row) > i and is_ours(row[i], own) for row in table.rows)), None)
    if at is not None and len(heads) > at:
        yield from _columns(table, own, heads, at)
    elif heads and sum(is_ours(head, own) for head in heads[1:]) == 1:
        mine = next(i for i, head in enumerate(heads) if i and is_ours(head, own))
        for row in table.rows:
            if len(row) == len(heads) and _VALUE.match(row[mine]):
                others = tuple(
                    (label_of(heads[i]), cell)
                    for i, cell in enumerate(row)
                    if i not in (0, mine) and _VALUE.match(cell)
                )
                yield _Series(label_of(row[0]), row[mine].strip(), others, row)


def _columns(table: Table, own: frozenset[str], heads: Sequence[str], at: int) -> Iterator[_Series]:
    ours = [row for row in table.rows if len(row) == len(heads) and is_ours(row[at], own)]
    for mine in ours[-1:] if at == 0 else _last_of_each(ours):
        rivals = [
            row
            for row in table.rows
            if len(row) == len(heads)
            and not is_ours(row[at], own)
            and (at == 0 or row[0] == mine[0])
            and label_of(row[at])
        ]
        for i in range(at + 1, len(heads)):
            head = ARROWS.sub(lambda match: match[0] if match[0] in "↑↓" else "", heads[i]).strip()
            if not head or _NO_COLUMN.search(head) or not _VALUE.match(mine[i]):
                continue
            others = tuple((label_of(row[at]), row[i].strip()) for row in rivals if _VALUE.match(row[i]))
            measures = head if at == 0 else f"{head}, {label_of(mine[0])}"
            yield _Series(measures, mine[i].strip(), others, mine)


def _last_of_each(rows: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    return list({row[0]: row for row in rows}.values())


def _best(series: _Series, metric: str) -> tuple[str, str] | None:
    lower, higher = _LOWER.search(metric) is not None, _HIGHER.search(metric) is not None
    values = [(name, value, _number(value)) for name, value in series.others]
    known = [(name, value, number) for name, value, number in values if number is not None]
    if lower == higher or not known:
        return None
    name, value, _ = (min if lower else max)(known, key=lambda each: each[2])
    return name, value


def _number(cell: str) -> float | None:
    match = _DIGITS.search(cell)
    return float(match[0].replace(",", "").replace("−", "-")) if match else None


def _metric_in(text: str) -> str:
    return next((name for _, name, _ in names.known(text, names.index_of("metrics"))), "")


# --------------------------------------------------------------------------- sentences


def of_sentence(claim: Claim) -> Result:
    """A sentence with a number as a result: the value, the metric beside it, and what the value is compared with, as far
    as the sentence says so in plain words."""
    plain = claim.text.replace("$", "").replace("\\pm", "±").replace("\\times", "×").replace("\\%", "%")
    text = re.sub(r"\([^()]*\)|\[[^\[\]]*\]", lambda match: " " * len(match[0]), plain)
    found = [match for pattern in (_FROM_TO, _AGAINST, _BY, _REACHES) for match in pattern.finditer(text)]
    for match in sorted(found, key=lambda each: ("other" not in each.groupdict(), each.start())):
        value = match["value"].strip()
        if _UNITED.search(value):
            groups = match.groupdict()
            compared = [(groups.get(part) or "").strip() for part in ("name", "other")]
            share = match.re is _REACHES and _SHARE.match(text, match.end())
            metric = "" if share else _beside(text, match.start(), match.end())
            return Result(claim, metric, value, ": ".join(filter(None, compared)), claim.section)
    return Result(claim, where=claim.section)


def _beside(text: str, start: int, end: int) -> str:
    """The known metric that stands nearest to a place, at most a few words away and in the same clause."""
    found = []
    for place, name, entry in names.known(text, names.index_of("metrics")):
        between = text[place + len(name) : start] if place < start else text[end:place]
        if place + len(name) <= end and place >= start:
            between = ""
        if (
            len(between) <= _NEAR
            and not re.search(r"[;:]|, (?:and|while|but) |\d\.\d", between)
            and lexicon.forms("metrics")[entry]
        ):
            found.append((len(between), name))
    return min(found)[1] if found else ""
