"""What a paper tried things with: datasets, metrics and baselines, from table headers and from mentions in the text.

Every one is given as it stands in the text, with the place where it stands first. A mere mention is not a use: names
count by where they stand (a table's header more than an introduction), and what only related work names is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.card.baselines import baselines_of, years_of
from bot.card.datasets import datasets_of
from bot.card.evidence import UNREAD, passages_of
from bot.card.mentions import BASELINE, DATASET, METRIC, mentions
from bot.card.metrics import metrics_of
from bot.card.outline import Part
from bot.model import Claim, FullText


@dataclass(frozen=True, slots=True)
class Found:
    """What the analyst found of the experiments; `years` says when the baselines' references are from, by name."""

    datasets: tuple[Claim, ...]
    metrics: tuple[Claim, ...]
    baselines: tuple[Claim, ...]
    years: tuple[tuple[str, str], ...]


def find(text: FullText, parts: tuple[Part, ...], own: frozenset[str]) -> Found:
    """The datasets, metrics and baselines of a paper; `own` is what it calls its own work."""
    passages = tuple(passages_of(text, parts))
    tables = tuple((part, table) for part in parts for table in part.section.tables if part.role not in UNREAD)
    named = tuple(mentions(parts, UNREAD))
    datasets = datasets_of(passages, tables, [each for each in named if each.subject == DATASET], own)
    sets = {claim.text for claim in datasets}
    metrics = metrics_of(passages, tables, [each for each in named if each.subject == METRIC], sets)
    taken = {claim.text.casefold() for claim in (*datasets, *metrics)}
    baselines = baselines_of(passages, tables, [each for each in named if each.subject == BASELINE], own, taken)
    return Found(datasets, metrics, baselines, years_of(text, [claim.text for claim in baselines]))
