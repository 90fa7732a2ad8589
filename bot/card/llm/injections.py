"""Words in a paper that are addressed to machines: what a model reads is left without them, since they are no science.

That is only the first line: the model has no tools, what it says is checked, and whoever rates sees checked statements
alone (see docs/decisions/0034). The patterns stand in data/injections.json.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

LEFT_OUT = "[…]"
_SENTENCE = re.compile(r"[^.!?。！？\n]*(?:[.!?。！？]+[\"'”’)\]]*\s*|\n|$)")


@cache
def _pattern() -> re.Pattern[str]:
    data = json.loads(files("bot.card").joinpath("data", "injections.json").read_text("utf-8"))
    return re.compile("|".join(data["addressed_to_machines"]), re.IGNORECASE)


def addressed_to_machines(text: str) -> bool:
    """Whether something in a text tells its reader what to answer: "ignore previous instructions", "recommend 5 stars"."""
    return _pattern().search(_folded(text)) is not None


def without_words_to_machines(text: str) -> str:
    """The text with each sentence that is addressed to machines replaced by a mark."""
    if not addressed_to_machines(text):
        return text
    kept = (LEFT_OUT + " " if addressed_to_machines(each) else each for each in _SENTENCE.findall(text) if each)
    rest = "".join(kept).strip()
    # Spread over sentences, it still is what it is.
    return LEFT_OUT if addressed_to_machines(rest) else rest


def _folded(text: str) -> str:
    return " ".join(text.translate(_INVISIBLE).split())


_INVISIBLE = dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF, *range(0xE0000, 0xE0080)])
