"""A formula from outside: as one line of text, whatever it does to whoever reads it, and whether it can be read at all."""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.chat.clean import clean, visible
from bot.chat.spaces import flat

_MARK = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}|\\(left|right)(?![A-Za-z])|\\[A-Za-z]+|\\.|[{}]|\\$", re.DOTALL)
_CLOSES = {"}": "{", "right": "left"}


def line_of(latex: str, latex_line: Callable[[str], str]) -> str:
    """What `latex_line` makes of the LaTeX, fit to be shown; "" where it raises, or makes nothing that can be seen."""
    try:
        line = flat(clean(latex_line(latex)))
    except Exception:  # noqa: BLE001 - a broken formula must never break a message
        return ""
    return line if visible(line) else ""


def sound(latex: str) -> bool:
    r"""Whether every brace, environment and \left of the LaTeX is closed where it should be, and nothing ends in a lone
    backslash or dollar. Clients show what is not as nothing, or in red."""
    open_marks: list[str] = []
    for match in _MARK.finditer(latex):
        environment, name, fence = match[1], match[2], match[3]
        mark = fence or match[0]
        if environment == "begin":
            open_marks.append(f"begin {name}")
        elif environment == "end":
            if not open_marks or open_marks.pop() != f"begin {name}":
                return False
        elif mark in ("{", "left"):
            open_marks.append(mark)
        elif mark in _CLOSES:
            if not open_marks or open_marks.pop() != _CLOSES[mark]:
                return False
        elif mark == "\\":
            return False
    return not open_marks and visible(latex) and not re.search(r"(?<!\\)\$", latex)
