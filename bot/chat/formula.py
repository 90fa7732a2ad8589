"""A formula from outside as one line of text, whatever it does to whoever reads it."""

from __future__ import annotations

from collections.abc import Callable

from bot.chat.clean import clean, visible
from bot.chat.spaces import flat


def line_of(latex: str, latex_line: Callable[[str], str]) -> str:
    """What `latex_line` makes of the LaTeX, fit to be shown; "" where it raises, or makes nothing that can be seen."""
    try:
        line = flat(clean(latex_line(latex)))
    except Exception:  # noqa: BLE001 - a broken formula must never break a message
        return ""
    return line if visible(line) else ""
