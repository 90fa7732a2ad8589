"""White space as a reader sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.chat.clean import visible
from bot.chat.tree import Break, Button, Inline, Link, Math, Styled, Text, inline_text

_BLANKS = " \t\r\n"
_SPACE = re.compile(r"[ \t\r\n]+")


def flat(text: str) -> str:
    """`text` on one line, runs of white space as one space, none at the ends."""
    return _single(text.strip())


def _single(text: str) -> str:
    """`text` with runs of white space as one space; most has none, which is seen faster than looked for."""
    return _SPACE.sub(" ", text) if "  " in text or not text.isprintable() else text


def tidy(inlines: Sequence[Inline]) -> tuple[Inline, ...]:
    """A stretch of text with its white space as a reader sees it: runs as one space, none at the ends or around line
    breaks; what is empty then is left out. () where nothing can be seen."""
    if not inlines:
        return ()
    if len(inlines) == 1:  # as most cells and paragraphs are: nothing before or after it to mind
        match only := inlines[0]:
            case Text(text):
                text = _single(text.strip(_BLANKS))
                return (Text(text),) if text and visible(text) else ()
            case Button(label):
                return (only,) if visible(label) else ()
            case Styled() | Link():
                inner = tidy(only.inlines)
                return (_around(only, inner),) if inner else ()
    squeezed, _ = _squeeze(inlines)
    tidied = _trim_end(squeezed)
    return tidied if visible(inline_text(tidied)) else ()


def _squeeze(inlines: Iterable[Inline], *, after_space: bool = True) -> tuple[tuple[Inline, ...], bool]:
    """The stretch with runs of white space as one space, and whether it ends in one."""
    kept: list[Inline] = []
    for inline in inlines:
        match inline:
            case Text(text):
                text = _single(text)
                text = text.removeprefix(" ") if after_space else text
                after_space = text.endswith(" ") if text else after_space
                kept += [Text(text)] if text else []
            case Styled() | Link():
                inner, after_space = _squeeze(inline.inlines, after_space=after_space)
                kept += [_around(inline, inner)] if inner else []
            case Break():
                kept = [*_trim_end(kept), inline]
                after_space = True
            case Math() | Button():
                kept.append(inline)
                after_space = False
    return tuple(kept), after_space


def _trim_end(inlines: Iterable[Inline]) -> tuple[Inline, ...]:
    """Without white space and line breaks at the end."""
    kept = list(inlines)
    while kept:
        trimmed = _trimmed(kept.pop())
        if trimmed is not None:
            return (*kept, trimmed)
    return ()


def _trimmed(inline: Inline) -> Inline | None:
    """The last of a stretch without white space and line breaks at its end; None where nothing is left of it."""
    match inline:
        case Text(text):
            text = text.rstrip(" ")
            return Text(text) if text else None
        case Styled() | Link():
            inner = _trim_end(inline.inlines)
            return _around(inline, inner) if inner else None
        case Break():
            return None
    return inline


def _around(outer: Styled | Link, inner: tuple[Inline, ...]) -> Styled | Link:
    return Link(outer.url, inner) if isinstance(outer, Link) else Styled(outer.style, inner)
