"""What code decides about a model's remarks: which fit every paper, and which miss what is there. The patterns stand in
data/remarks.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from bot.model import ChecklistItem


@dataclass(frozen=True, slots=True)
class _Rules:
    general: re.Pattern[str]
    topics: Mapping[str, re.Pattern[str]]
    before: str
    after: str


@cache
def _rules() -> _Rules:
    data = json.loads(files("bot.card").joinpath("data", "remarks.json").read_text("utf-8"))
    before, after = "|".join(data["absent_before"]), "|".join(data["absent_after"])
    topics = {
        key: re.compile(
            rf"(?:{before})(?:[^.;。；]{{0,40}}?)(?:{'|'.join(words)})|(?:{'|'.join(words)})(?:[^.;。；]{{0,40}}?)(?:{after})",
            re.IGNORECASE,
        )
        for key, words in data["topics"].items()
    }
    return _Rules(re.compile("|".join(data["general"]), re.IGNORECASE), topics, before, after)


def is_general(remark: str) -> bool:
    """Whether a remark fits every paper: "more experiments are needed"."""
    return _rules().general.search(remark) is not None


def _absent(remark: str) -> frozenset[str]:
    """The checklist's questions of whose matter a remark says that it is not there."""
    return frozenset(key for key, pattern in _rules().topics.items() if pattern.search(remark))


def contradicted(remark: str, checklist: Iterable[ChecklistItem], names: Iterable[str] = (), quote: str = "") -> bool:
    """Whether a remark says that something is not there which the text has: what the checklist found, or one of the
    `names` of systems and data that it was compared with or tried on. What the paper's own `quote` says is missing is."""
    found = {item.key for item in checklist if item.found or (item.where and item.key == "limitations")} - _absent(
        quote
    )
    return bool(_absent(remark) & found) or any(_misses(remark, name) and not _misses(quote, name) for name in names)


def supported(remark: str, checklist: Iterable[ChecklistItem]) -> frozenset[str]:
    """The questions of the checklist of whose matter a remark says that it is not there, and for which the search found
    nothing."""
    return _absent(remark) & {item.key for item in checklist if not item.found}


def _misses(remark: str, name: str) -> bool:
    if len(name) < 3 or name.casefold() not in remark.casefold():
        return False
    rules = _rules()
    around = rf"(?:{rules.before})(?:[^.;。；]{{0,60}}?){re.escape(name)}|{re.escape(name)}(?:[^.;。；]{{0,30}}?)(?:{rules.after})"
    return re.search(around, remark, re.IGNORECASE) is not None
