"""What a button says when it is pressed: at most 64 bytes, readable by every later Paperboy, by no state of a process.

A press is written as its version, its letter and its fields: `1u|2602.14080v1`. Old buttons stay in chats for ever, so a
letter is never given a second meaning and its fields are never reordered: what changes gets a new letter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2s
from typing import Any

from bot.model import VerdictKind

VERSION = "1"
_BETWEEN = "|"
HIGHEST = 2**63 - 1


class UnknownPress(ValueError):
    """Data that no button of ours carries: another bot's, damaged, or of a newer Paperboy."""


@dataclass(frozen=True, slots=True)
class Unfold:
    """Unfold a paper's card under this message, or fold it again. `paper` is the id with its version."""

    paper: str


@dataclass(frozen=True, slots=True)
class Fold:
    """Fold the card that this message is part of; it was unfolded under the message `under`."""

    paper: str
    under: int


@dataclass(frozen=True, slots=True)
class Vote:
    """Give a verdict on a paper, or take it back."""

    kind: VerdictKind
    paper: str
    under: int


@dataclass(frozen=True, slots=True)
class Page:
    """Turn the card that this message is to a page, counted from 0; it was unfolded under the message `under`."""

    paper: str
    under: int
    number: int


@dataclass(frozen=True, slots=True)
class Draw:
    """Show a paper's formulas as a picture."""

    paper: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Choose the layout."""

    name: str


@dataclass(frozen=True, slots=True)
class Setup:
    """Go to a step of the guided set-up."""

    step: str


@dataclass(frozen=True, slots=True)
class Category:
    """Add a category or take it away. `where` is the view to show then: "setup" or "settings"; so below."""

    where: str
    name: str


@dataclass(frozen=True, slots=True)
class Hour:
    """Choose the hour, as HHMM."""

    where: str
    hour: str


@dataclass(frozen=True, slots=True)
class Zone:
    """Choose the time zone."""

    where: str
    name: str


@dataclass(frozen=True, slots=True)
class Language:
    """Choose the language."""

    where: str
    name: str


@dataclass(frozen=True, slots=True)
class Size:
    """Choose how many rows a table has."""

    rows: int


@dataclass(frozen=True, slots=True)
class Quiet:
    """Choose whether quiet days are told (1) or passed over (0)."""

    notes: int


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Subscribe (1) or unsubscribe (0)."""

    on: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Be asked for a setting in words."""

    setting: str


@dataclass(frozen=True, slots=True)
class Unfollow:
    """Stop following what has this mark."""

    mark: str


@dataclass(frozen=True, slots=True)
class Unmute:
    """Stop muting what has this mark."""

    mark: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Delete: "chat" everything about the chat, "reader" everything the presser said here, "no" nothing."""

    what: str


@dataclass(frozen=True, slots=True)
class Read:
    """Show the digest of a date."""

    date: str


@dataclass(frozen=True, slots=True)
class ReportFile:
    """Send the report of a date as a Markdown file."""

    date: str


@dataclass(frozen=True, slots=True)
class Why:
    """Tell why this paper stood in a table, or why not. `paper` is its id without a version."""

    paper: str


@dataclass(frozen=True, slots=True)
class NotBecause:
    """Rule out the reason of this kind with this mark: one that was told for `paper`, or where that is "" a line of
    what was learned."""

    kind: str
    mark: str
    paper: str


@dataclass(frozen=True, slots=True)
class Restore:
    """Let what has this mark among the corrections count again."""

    mark: str


@dataclass(frozen=True, slots=True)
class Empty:
    """Take back the stated interests."""

    setting: str


Press = (
    Unfold | Fold | Vote | Setup | Category | Hour | Zone | Language | Size | Quiet | Subscribe | Ask | Unfollow | Unmute
    | Forget | Read | Page | Draw | Layout | ReportFile | Why | NotBecause | Restore | Empty
)  # fmt: skip

_LETTERS: dict[str, type[Press]] = {
    "u": Unfold,
    "f": Fold,
    "v": Vote,
    "s": Setup,
    "c": Category,
    "h": Hour,
    "z": Zone,
    "l": Language,
    "n": Size,
    "q": Quiet,
    "o": Subscribe,
    "a": Ask,
    "w": Unfollow,
    "m": Unmute,
    "x": Forget,
    "d": Read,
    "R": ReportFile,
    "p": Page,
    "i": Draw,
    "y": Layout,
    "k": Why,
    "b": NotBecause,
    "r": Restore,
    "e": Empty,
}
_LETTER_OF = {press: letter for letter, press in _LETTERS.items()}
_FIELDS_OF = {press: tuple(field.name for field in fields(press)) for press in _LETTERS.values()}


def _number(text: str) -> int:
    """A number that a database can hold.

    Raises:
        ValueError: it is none.
    """
    number = int(text)
    if not -HIGHEST <= number <= HIGHEST:
        raise ValueError(text)
    return number


_READERS: Mapping[str, Callable[[str], Any]] = {"str": str, "int": _number, "VerdictKind": VerdictKind}


def encode(press: Press) -> str:
    """What a button carries.

    Raises:
        ValueError: a field holds what cannot be carried, or all together are longer than 64 bytes.
    """
    values = [str(getattr(press, name)) for name in _FIELDS_OF[type(press)]]
    data = VERSION + _LETTER_OF[type(press)] + _BETWEEN + _BETWEEN.join(values)
    if any(_BETWEEN in value for value in values) or not data.isprintable() or len(data.encode()) > 64:
        raise ValueError(f"no button can carry {press}")
    return data


def decode(data: str) -> Press:
    """What a button meant.

    Raises:
        UnknownPress: nothing that this Paperboy knows.
    """
    kind = _LETTERS.get(data[1:2]) if data[:1] == VERSION and data[2:3] == _BETWEEN else None
    if kind is None:
        raise UnknownPress(data)
    values = data[3:].split(_BETWEEN)
    try:
        return kind(*(_READERS[str(field.type)](value) for field, value in zip(fields(kind), values, strict=True)))
    except ValueError as error:
        raise UnknownPress(data) from error


def mark(*values: str) -> str:
    """A short mark of something too long for a button; the same in every process."""
    return blake2s("\0".join(values).encode("utf-8", "replace"), digest_size=6).hexdigest()
