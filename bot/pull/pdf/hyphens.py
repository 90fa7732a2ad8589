"""Lines → one text: a word that was divided at the end of its line is made whole, a compound keeps its hyphen.

Which is which is learnt from the document: from the words and compounds that stand undivided elsewhere in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

_TOKEN = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_LAST = re.compile(r"([^\W\d_]+(?:[-‐][^\W_]+)*)[-‐]$")
_FIRST = re.compile(r"[^\W_]+(?:[-‐][^\W_]+)*")
_JOINED_PREFIXES = frozenset(
    (
        "over",
        "under",
        "out",
        "inter",
        "trans",
        "sub",
        "super",
        "up",
        "down",
        "back",
        "fore",
        "un",
        "re",
        "de",
        "dis",
        "en",
        "em",
        "im",
        "in",
        "ir",
    )
)
_KEPT_PREFIXES = frozenset(
    (
        "self",
        "non",
        "well",
        "cross",
        "quasi",
        "semi",
        "multi",
        "ex",
        "high",
        "low",
        "long",
        "short",
        "half",
        "all",
        "state",
        "so",
        "one",
        "two",
        "three",
        "post",
    )
)
_CJK = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
_ADDRESS = re.compile(r"(?:https?://|www\.|github\.com|huggingface\.co)\S*$")


class Vocabulary:
    """The words of a document that stand undivided in it."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        for line in lines:
            tokens = _TOKEN.findall(line)
            if line.rstrip().endswith(("-", "‐")):
                tokens = tokens[:-1]
            # The first word of a line may be the second half of a divided one.
            self._words.update(token.casefold() for token in tokens[1:])

    def __getitem__(self, word: str) -> int:
        return self._words[word.casefold()]


def text_of_lines(lines: Sequence[str], vocabulary: Vocabulary) -> str:
    """Lines of one paragraph as a text."""
    text = ""
    for line in filter(None, map(str.strip, lines)):
        text = _together(text, line, vocabulary) if text else line
    return " ".join(text.split())


def _together(text: str, line: str, vocabulary: Vocabulary) -> str:
    address = _ADDRESS.search(text)
    if (
        address is not None
        and re.match(r"[\w/.?=&%#~-]+", line)
        and (text.endswith(("/", "-", "_", "=", "?", "&")) or (text.endswith(".") and line[0].islower()))
    ):
        return text + line
    left, right = _LAST.search(text), _FIRST.match(line)
    if left is None:
        close = _CJK.match(text[-1]) and _CJK.match(line)
        dashed = text.endswith(("—", "–")) or (text.endswith("-") and len(text) > 1 and text[-2].isdigit())
        return text + line if close or dashed else f"{text} {line}"
    if right is None:
        return f"{text} {line}" if line[:1] in "([" else text + line
    first, second = left[1], right[0]
    return text + line if _is_compound(first, second, vocabulary) else text[:-1] + line


def _is_compound(first: str, second: str, vocabulary: Vocabulary) -> bool:
    """Whether the hyphen between two parts stays."""
    if "-" in first or "‐" in first:
        return True  # TeX divides a compound at its hyphens only
    if second[0].isdigit() or (second[0].isupper() and not first.isupper()) or second in ("and", "or", "to"):
        return True
    tail = second.partition("-")[0]
    for whole, compound in ((first + second, f"{first}-{second}"), (first + tail, f"{first}-{tail}")):
        if vocabulary[whole] or vocabulary[compound]:
            return vocabulary[compound] > vocabulary[whole]
    prefix = first.casefold()
    if prefix in _KEPT_PREFIXES:
        return vocabulary[tail] > 0 or prefix in ("self", "non")
    words = vocabulary[first] > 1 and vocabulary[tail] > 1
    return words and len(first) > 2 and len(tail) > 3 and prefix not in _JOINED_PREFIXES
