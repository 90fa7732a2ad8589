"""Formulas as one picture: dark on white, so that it is legible in a light chat and in a dark one. Drawn offline."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

MOST_FORMULAS = 12
LONGEST = 2000
"""Characters of LaTeX of one formula."""

SIZE = 24.0
MARGIN = 20.0
GAP = 24.0
ZOOM = 2
MOST_PIXELS = 8000
"""Width and height of a picture together; Telegram takes 10,000."""

NARROWEST = 1 / 12
"""Height to width at least; Telegram takes a twentieth, and a strip is hard to open on a phone."""


class NoPicture(ValueError):
    """None of the formulas can be drawn."""


def picture(formulas: Sequence[str]) -> bytes:
    """The formulas (LaTeX) under each other as a PNG; what cannot be drawn is left out.

    It takes some tenths of a second of computing, so it does not belong on an event loop.

    Raises:
        NoPicture: nothing of it can be drawn.
    """
    drawn = [one for latex in formulas[:MOST_FORMULAS] if (one := _drawn(latex)) is not None]
    if not drawn:
        raise NoPicture
    import resvg_py

    svg, wide, high = _sheet(drawn)
    zoom = min(ZOOM, MOST_PIXELS / (wide + high))
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", zoom=zoom, skip_system_fonts=True))
    except ValueError as error:
        raise NoPicture from error


def _drawn(latex: str) -> ET.Element | None:
    from ziamath.zmath import Latex

    if len(latex) > LONGEST:
        return None
    try:
        root: ET.Element = Latex(_plain(latex), size=SIZE).svgxml()
    except Exception:  # noqa: BLE001 - whatever a formula from outside does to its reader, the others are drawn
        return None
    return root if _side(root, "width") > 0 and _side(root, "height") > 0 else None


def _plain(latex: str) -> str:
    """LaTeX without the habits that say nothing about looks."""
    return re.sub(r"\\(?:label|tag|ref|eqref)\*?\{[^{}]*\}|\\(?:nonumber|notag)\b", "", latex).strip()


def _side(root: ET.Element, name: str) -> float:
    return float(root.get(name, "0").removesuffix("px"))


def _sheet(drawn: Iterable[ET.Element]) -> tuple[str, float, float]:
    """One SVG with all of them under each other, and its sides."""
    drawn = list(drawn)
    wide = max(_side(one, "width") for one in drawn) + 2 * MARGIN
    high = sum(_side(one, "height") for one in drawn) + GAP * (len(drawn) - 1) + 2 * MARGIN
    full = max(high, wide * NARROWEST)
    sheet = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", width=f"{wide:.1f}", height=f"{full:.1f}")
    top = MARGIN + (full - high) / 2
    for one in drawn:
        one.set("x", f"{MARGIN:.1f}")
        one.set("y", f"{top:.1f}")
        sheet.append(one)
        top += _side(one, "height") + GAP
    return ET.tostring(sheet, encoding="unicode"), wide, full
