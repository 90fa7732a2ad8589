"""References in brackets: what they look like in running text, and the text without them."""

from __future__ import annotations

import re

_YEAR = r"(?:1[89]|20)\d{2}[a-z]?"
_NUMBERS = re.compile(r"\s?\[[1-9]\d{0,3}(?:\s?[,;–—-]\s?[1-9]\d{0,3})*\](?:\s?[–—-]\s?\[[1-9]\d{0,3}\])*")
_LABELS = re.compile(r"\s?\[[A-Z][A-Za-z]{0,6}\+?\d{2}[a-z]?(?:[,;]\s?[A-Z][A-Za-z]{0,6}\+?\d{2}[a-z]?)*\]")
_NAMED = (
    r"[^()\[\]$;]{0,80}?[A-ZÀ-Þ][^()\[\]$;]{0,120}?(?:et al\.?,?|,|\band\b [^()\[\]$;]{1,40}|& [^()\[\]$;]{1,40})\s?"
)
_AUTHORS = re.compile(
    rf"\s?(?:\({_NAMED}{_YEAR}(?:,\s?{_YEAR})*(?:\s?;\s?(?:{_NAMED})?{_YEAR}(?:,\s?{_YEAR})*)*\)"
    rf"|\[{_NAMED}{_YEAR}(?:,\s?{_YEAR})*(?:\s?;\s?(?:{_NAMED})?{_YEAR}(?:,\s?{_YEAR})*)*\])"
)
_LOWER = re.compile(rf"\s?[\[(][a-z][\w+-]{{1,20}},\s{_YEAR}[\])]")  # "[qwq, 2025]", a label without an author
_INTERVAL = re.compile(r"(?:\bin|\bof|range|interval|between|from|to|∈|=)\s*$", re.IGNORECASE)
_MONTH = re.compile(
    r"\b(?:january|february|march|april|may|june|july|august|september|october|november|december)\b", re.IGNORECASE
)
_MATH = re.compile(r"\$\$.+?\$\$|\$(?=\S)[^$]*?(?<=\S)\$(?!\d)")


_POSSIBLE = re.compile(r"[\[(][^\])]{0,400}\d")
_SPACES = re.compile(r" {2,}")
_STRAY = re.compile(r"\s+([.,;:!?])")

CITED = "\x02"
"""What `marked` puts in the place of references."""


def without_citations(text: str) -> str:
    """The text without its references in brackets: "[1, 2]", "[ABC+20]", "(Brown et al., 2020)".

    Those that are words of the sentence ("Park et al. (2023) proposed") stay, and so do formulas and intervals.
    """
    return _replaced(text, "")


def marked(text: str) -> str:
    """The text with `CITED` in the place of its references: names beside it are other people's work."""
    text = re.sub(rf"\((\w[\w.+-]{{0,14}})\s?[;,]\s(?=[^()]*{_YEAR}\))", r"(\1) (", text)  # "(GSM; Su et al., 2025)"
    return _replaced(text, f" {CITED}")


def _replaced(text: str, instead: str) -> str:
    if not _POSSIBLE.search(text):
        return text
    pieces: list[str] = []
    end = 0
    for match in _MATH.finditer(text):
        pieces += [_stripped(text[end : match.start()], instead), match[0]]
        end = match.end()
    pieces.append(_stripped(text[end:], instead))
    joined = "".join(pieces)
    return joined if joined == text else _STRAY.sub(r"\1", _SPACES.sub(" ", joined))


def cites(text: str, bare: str) -> bool:
    """Whether a text refers to other works; `bare` is the same without its references in brackets."""
    return text != bare or ("et al" in text or re.search(rf"\({_YEAR}\)", text) is not None)


def _stripped(text: str, instead: str) -> str:
    text = _LABELS.sub(instead, text)
    text = _LOWER.sub(instead, text)
    text = _NUMBERS.sub(lambda m: m[0] if _INTERVAL.search(text, max(0, m.start() - 16), m.start()) else instead, text)
    return _AUTHORS.sub(lambda m: m[0] if _MONTH.search(m[0]) else instead, text)
