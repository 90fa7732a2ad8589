"""Stretches of styled text: counted as Telegram counts, cut where it hurts least, written as Telegram's HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

_SENTENCE_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？；][”’）]*\s*|\n+")
_WORD_END = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Tag:
    """One of Telegram's HTML tags: `<name attributes>`; the attributes are written already. Stretches in equal tags
    become one, which a different `key` prevents."""

    name: str
    attributes: str = ""
    key: int = 0


class Run(NamedTuple):
    """A stretch of text inside the same tags, outermost first."""

    text: str
    tags: tuple[Tag, ...] = ()


def units(text: str) -> int:
    """The length of `text` in UTF-16 code units, which is what Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def length(runs: Iterable[Run]) -> int:
    """The length of the visible text in UTF-16 code units."""
    return units(plain(runs))


def plain(runs: Iterable[Run]) -> str:
    """The visible text."""
    return "".join([run.text for run in runs])


def entities(runs: Sequence[Run]) -> int:
    """How many tags are opened, each of which becomes an entity of the message."""
    return sum(len(opened) for _, opened, _ in _changes(runs))


def to_html(runs: Sequence[Run]) -> str:
    """The runs as Telegram's HTML; every tag that is opened is closed, in order."""
    written: list[str] = []
    for closed, opened, text in _changes(runs):
        if closed:
            written += [f"</{tag.name}>" for tag in reversed(closed)]
        if opened:
            written += [f"<{tag.name}{tag.attributes}>" for tag in opened]
        written.append(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))
    return "".join(written)


def _changes(runs: Iterable[Run]) -> Iterator[tuple[tuple[Tag, ...], tuple[Tag, ...], str]]:
    """For each run the tags closed before it, those opened, and its text; a last one closes what is left open."""
    before: tuple[Tag, ...] = ()
    for text, tags in runs:
        if tags is before:
            yield (), (), text
            continue
        shared = _shared(before, tags)
        yield before[shared:], tags[shared:], text
        before = tags
    yield before, (), ""


def _shared(some: tuple[Tag, ...], others: tuple[Tag, ...]) -> int:
    """How many tags both begin with."""
    kept = 0
    if not some or not others:
        return kept
    for one, other in zip(some, others, strict=False):
        if one is not other and one != other:
            break
        kept += 1
    return kept


def glue(before: Sequence[Run], text: str, after: Sequence[Run]) -> Run:
    """`text` between two stretches, inside the tags that go on from one to the other."""
    if not before or not after:
        return Run(text)
    tags = before[-1].tags
    return Run(text, tags[: _shared(tags, after[0].tags)])


def cut(runs: Sequence[Run], most_units: int, most_entities: int) -> tuple[tuple[Run, ...], tuple[Run, ...]]:
    """A first part within both limits and the rest, cut after a sentence, else after a word, else between characters.

    White space at the cut is left out; the first part is never empty if `runs` has text.
    """
    within = _within_entities(runs, most_entities)
    text = plain(runs)
    fitting = _fitting(text, min(most_units, length(within)))
    at = fitting if fitting == len(text) else _good_place(text, fitting)
    first, rest = _split_at(runs, at)
    return _stripped_end(first), _stripped_start(rest)


def _within_entities(runs: Sequence[Run], most: int) -> Sequence[Run]:
    opened = 0
    for index, (_, opening, _) in enumerate(_changes(runs)):
        opened += len(opening)
        if opened > most and index:
            return runs[:index]
    return runs


def _fitting(text: str, most: int) -> int:
    """How many characters of `text` have at most `most` units."""
    if units(text) <= most:
        return len(text)
    used = 0
    for index, character in enumerate(text):
        used += 1 + (character > "\uffff")
        if used > most:
            return index
    return len(text)


def _good_place(text: str, fitting: int) -> int:
    """Where to cut so that at most `fitting` characters come before; at least a third of them do."""
    for ends in (_SENTENCE_END, _WORD_END):
        places = [match.end() for match in ends.finditer(text, 0, fitting) if match.end() > fitting // 3]
        if places:
            return places[-1]
    at = fitting
    while at > fitting // 3 and _belongs_to_previous(text, at):
        at -= 1
    return max(at, 1)


def _belongs_to_previous(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` would tear a letter from its marks or an emoji apart."""
    return unicodedata.category(text[at])[0] == "M" or "\u200d" in (text[at], text[at - 1])


def _split_at(runs: Sequence[Run], at: int) -> tuple[list[Run], list[Run]]:
    first: list[Run] = []
    rest: list[Run] = []
    for run in runs:
        here = min(max(at, 0), len(run.text))
        if here:
            first.append(Run(run.text[:here], run.tags))
        if here < len(run.text):
            rest.append(Run(run.text[here:], run.tags))
        at -= len(run.text)
    return first, rest


def _stripped_end(runs: Sequence[Run]) -> tuple[Run, ...]:
    kept = list(runs)
    while kept:
        last = kept.pop()
        if text := last.text.rstrip():
            return (*kept, Run(text, last.tags))
    return ()


def _stripped_start(runs: Sequence[Run]) -> tuple[Run, ...]:
    for index, run in enumerate(runs):
        if text := run.text.lstrip():
            return (Run(text, run.tags), *runs[index + 1 :])
    return ()
