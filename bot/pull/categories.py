"""arXiv's categories: what people write → the category's code."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from bot.errors import UnknownCategory

MOST_NEAR = 5


@cache
def names() -> Mapping[str, str]:
    """Every category that arXiv announces, code → English name, in the order of the codes."""
    text = files("bot.pull").joinpath("categories.tsv").read_text(encoding="utf-8")
    return MappingProxyType(dict(line.split("\t", 1) for line in text.splitlines()))


def check(name: str) -> str:
    """The code of the category `name`, in arXiv's own spelling: “CS.lg” → cs.LG, “robotics” → cs.RO.

    Raises:
        UnknownCategory: there is none, or the name fits several; the error names near ones, best first.
    """
    wanted = _plain(name)
    found = [code for code in names() if _plain(code) == wanted] or [
        code for code, full in names().items() if _plain(full) == wanted
    ]
    if len(found) == 1:
        return found[0]
    raise UnknownCategory(name.strip(), tuple(found or near(name)))


def near(name: str) -> tuple[str, ...]:
    """Codes of categories that may be meant, best first: by archive, by words of the name, by spelling."""
    wanted = _plain(name)
    if not wanted:
        return ()
    of_archive = [code for code in names() if code.lower().startswith(f"{wanted}.")]
    words = set(wanted.split())
    by_words = [code for code, full in names().items() if words <= set(_plain(full).split())]
    spelt = {_bare(code): code for code in names()} | {_plain(full): code for code, full in names().items()}
    close = difflib.get_close_matches(_bare(wanted), spelt, MOST_NEAR, 0.7) + difflib.get_close_matches(
        wanted, spelt, MOST_NEAR, 0.6
    )
    return tuple(dict.fromkeys([*by_words, *of_archive, *(spelt[match] for match in close)]))[:MOST_NEAR]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w.-]+", text.lower()))


def _bare(text: str) -> str:
    return re.sub(r"[^a-z]+", "", text.lower())
