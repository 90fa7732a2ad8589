"""Text of papers for a template: escaped, with the formulas that it carries as $LaTeX$ marked up as formulas."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

# As pandoc reads it: no white space inside the dollars' ends, no digit after them, so that prices stay prices.
_MATH = re.compile(
    r"(?<!\\)\$\$(?P<block>[^$]{1,600}?)\$\$|(?<![\\$])\$(?P<inline>[^\s$](?:[^$]{0,598}?[^\s$\\])?)\$(?!\d)"
)
_QUOTED = re.compile(r"``(\S(?:[^`]{0,300}?\S)?)''")
_DASH = re.compile(r"(?<=\w)--(?=\w)")  # "95--98", "Cold--Warm", but no "--lr"


def prose(text: str) -> Markup:
    """`text` as markup of our dialect."""
    if "$" not in text:
        return _plain(text)
    pieces: list[Markup] = []
    end = 0
    for match in _MATH.finditer(text):
        latex = (match["block"] or match["inline"]).strip()
        pieces += [_plain(text[end : match.start()]), Markup("<math>{}</math>").format(latex)]
        end = match.end()
    return Markup("").join([*pieces, _plain(text[end:])])


def _plain(text: str) -> Markup:
    """Words as they are printed: abstracts carry TeX's quotation marks and dashes."""
    if "``" in text:
        text = _QUOTED.sub(r"“\1”", text)
    if "--" in text:
        text = _DASH.sub("–", text)
    return escape(text.replace(r"\$", "$").replace(r"\%", "%"))


def clip(text: str, most: int) -> str:
    """`text` if it has at most `most` characters; otherwise what fits of its words, and an ellipsis. A formula is not
    cut in two."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    for match in _MATH.finditer(text):
        if match.start() < most <= match.end():
            most = match.start() + 1
            break
    kept = text[: most - 1]
    space = kept.rfind(" ")
    return (kept[:space] if space > most // 2 else kept).rstrip(" ,;:.") + "…"
