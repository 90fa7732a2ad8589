"""In which language a text is written, told from its letters and its commonest words."""

from __future__ import annotations

import re
from collections import Counter

_COMMON = {
    "en": "the of and to in is that we for with are this by from which",
    "fr": "le la les des et une que dans nous est pour sur par avec du",
    "de": "der die und das den nicht mit ist des eine auf für wir von werden",
    "es": "el los las una que para del con por se como más este en y",
    "pt": "os uma que para não com mais dos das pela são como em ao do",
    "it": "il di che della per una con non sono del le gli nel si più",
}
_WORDS = {
    word: frozenset(code for code, words in _COMMON.items() if word in words.split())
    for words in _COMMON.values()
    for word in words.split()
}
_LETTERS = re.compile(r"[^\W\d_]+")
_APART = {mark: chr(mark) if chr(mark).isalpha() else " " for mark in range(128)}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]"), 0.1),
    ("zh", re.compile(r"[\u3400-\u9fff]"), 0.2),
    ("ko", re.compile(r"[\uac00-\ud7af]"), 0.2),
    ("ru", re.compile(r"[\u0400-\u04ff]"), 0.3),
    ("el", re.compile(r"[\u0370-\u03ff]"), 0.5),
    ("ar", re.compile(r"[\u0600-\u06ff]"), 0.3),
)
_LEAST = 12  # common words; fewer tell nothing


def language_of(text: str) -> str:
    """The language as ISO 639-1, "" where the text is too short or in none of those known here."""
    lower = text.lower()
    # Most texts are plain, and their words apart at a tenth of the pattern's time.
    words = lower.translate(_APART).split() if lower.isascii() else _LETTERS.findall(lower)
    letters = sum(map(len, words))
    if letters < 40:
        return ""
    for code, script, share in () if text.isascii() else _SCRIPTS:
        if len(script.findall(text)) > share * letters:
            return code
    found: Counter[str] = Counter()
    for word, times in Counter(filter(_WORDS.__contains__, words)).items():
        for code in _WORDS[word]:
            found[code] += times
    if not found:
        return ""
    (code, count), *rest = found.most_common(2)
    return code if count >= _LEAST and (not rest or count > 1.2 * rest[0][1]) else ""
