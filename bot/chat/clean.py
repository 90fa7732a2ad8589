"""Text from outside made fit to be shown: nothing that hides, reverses, floods or breaks a message."""

from __future__ import annotations

import re
import unicodedata

# Control characters, invisible fillers, bidirectional controls, tag characters and non-characters. Joiners stay: emoji,
# Persian and Indic words need them.
_HIDDEN = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\U000e0000-\U000e007f"
    + "".join(chr((plane << 16) + end) for plane in range(1, 17) for end in (0xFFFE, 0xFFFF))
)
_BLANK = "\x0b\x0c\x85\u2028\u2029\u2800"
_DROPPED = re.compile(f"[{_HIDDEN}]")
_SPACES = re.compile(f"[{_BLANK}]")
_JOINERS = re.compile("[\u200c\u200d]+")
_LONE_JOINER = re.compile(r"(?:^|(?<=\s))[\u200c\u200d]|[\u200c\u200d](?=\s|$)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ODD = re.compile(f"[{_HIDDEN}{_BLANK}\u200c\u200d\ud800-\udfff]")
_PLAIN = bytes([*b"\t\n\r", *range(0x20, 0x7F)])
_PRINTED = re.compile("[!-~]")

MOST_MARKS = 6
"""Combining marks kept on one letter: enough for every script in use, too few to climb over other lines."""


def clean(text: str) -> str:
    """`text` as it may stand in any message: well-formed Unicode, without control, bidirectional control and invisible
    characters, with at most one joiner and `MOST_MARKS` combining marks in a row. Everything visible stays."""
    # Most characters are plain, and looking each of them up in classes as wide as those above would take long.
    beyond = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN).decode("utf-8", "surrogatepass")
    if not _ODD.search(beyond):
        return _without_towers(text, beyond)
    if _SURROGATE.search(text):
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    text = _SPACES.sub(" ", _DROPPED.sub("", text))
    text = _JOINERS.sub(lambda run: run[0][-1], text)
    return _LONE_JOINER.sub("", _without_towers(text, text))


def visible(text: str) -> bool:
    """Whether a reader sees anything of `text`."""
    if text[:1].isalnum() or _PRINTED.search(text):
        return True
    return not text.isspace() and any(unicodedata.category(character)[0] not in "ZCM" for character in text)


def _without_towers(text: str, among: str) -> str:
    """`text` with at most `MOST_MARKS` marks on a letter; all its marks are `among` these."""
    towers = {each for each in set(among) if unicodedata.category(each) in ("Mn", "Me")}
    if not towers:
        return text
    kept: list[str] = []
    height = 0
    for character in text:
        height = height + 1 if character in towers else 0
        if height <= MOST_MARKS:
            kept.append(character)
    return "".join(kept)
