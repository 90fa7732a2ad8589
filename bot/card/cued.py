"""Patterns that match only where certain words stand, which are looked for first."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cued:
    """A pattern for which case does not matter, and its cues in lower case: whatever it matches holds one of them. Most
    texts lack all of them, and a word is found much faster than a pattern."""

    pattern: re.Pattern[str]
    cues: tuple[str, ...]

    def search(self, text: str) -> re.Match[str] | None:
        """The first place where the pattern matches, as it finds by itself."""
        lower = text.lower() if text.isascii() else _lower(text)
        for cue in self.cues:
            if cue in lower:
                return self.pattern.search(text)
        return None


def cued(pattern: str, *cues: str) -> Cued:
    """The pattern with its cues; case does not matter."""
    return Cued(re.compile(pattern, re.IGNORECASE), cues)


def _lower(text: str) -> str:
    """A text in lower case; the letters that patterns take for s and i although they are others become these."""
    return text.lower().replace("i\u0307", "i").replace("ı", "i").replace("ſ", "s")
