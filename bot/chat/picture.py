"""Formulas as one picture: dark on white, so that it is legible in a light chat and in a dark one. Drawn offline.

LaTeX from outside can take a drawing program ages, or down, so that it is drawn in a process of its own:
`python -m bot.chat.picture` reads a JSON array of formulas and writes a PNG.
"""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType

from bot.chat.formula import sound

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


EACH = 2.0
"""Seconds of computing that a formula may take; it is left out then."""

_ROOT = Path(__file__).resolve().parents[2]
ALL = 20.0
"""Seconds until a picture is given up."""


class NoPicture(ValueError):
    """None of the formulas can be drawn."""


def can_be_drawn(latex: str) -> bool:
    """Whether it is worth trying to draw it."""
    return len(latex) <= LONGEST and sound(latex)


async def drawn(formulas: Sequence[str], seconds: float = ALL) -> bytes:
    """The formulas (LaTeX) under each other as a PNG; what cannot be drawn is left out.

    Raises:
        NoPicture: nothing of it can be drawn, or not in `seconds`.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot.chat.picture",
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(seconds):
            made, _ = await process.communicate(json.dumps(formulas[:MOST_FORMULAS]).encode())
    except TimeoutError:
        raise NoPicture from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if not made.startswith(b"\x89PNG"):
        raise NoPicture
    return made


def picture(formulas: Sequence[str]) -> bytes:
    """The same in this process and without a limit of time.

    Raises:
        NoPicture: nothing of it can be drawn.
    """
    found = [one for latex in formulas[:MOST_FORMULAS] if (one := _formula(latex)) is not None]
    if not found:
        raise NoPicture
    import resvg_py

    svg, wide, high = _sheet(found)
    zoom = min(ZOOM, MOST_PIXELS / (wide + high))
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=svg, background="#ffffff", zoom=zoom, skip_system_fonts=True))
    except ValueError as error:
        raise NoPicture from error


def _formula(latex: str) -> ET.Element | None:
    from ziamath.zmath import Latex

    if not can_be_drawn(latex):
        return None
    signal.setitimer(signal.ITIMER_VIRTUAL, EACH)
    try:
        root: ET.Element = Latex(_plain(latex), size=SIZE).svgxml()
    except Exception:  # noqa: BLE001 - whatever a formula from outside does to its reader, the others are drawn
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return root if _side(root, "width") > 0 and _side(root, "height") > 0 else None


def _plain(latex: str) -> str:
    """LaTeX without what says nothing about looks, and without numbers that the paper does not give its lines."""
    latex = re.sub(r"\\(?:label|tag|ref|eqref)\*?\{[^{}]*\}|\\(?:nonumber|notag)\b", "", latex)
    return re.sub(r"\\(begin|end)\{(?:align|equation|gather|multline|eqnarray)\*?\}", r"\\\1{aligned}", latex).strip()


def _side(root: ET.Element, name: str) -> float:
    return float(root.get(name, "0").removesuffix("px"))


def _sheet(found: Iterable[ET.Element]) -> tuple[str, float, float]:
    """One SVG with all of them under each other, and its sides."""
    drawn = list(found)
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


def _too_long(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError


def main() -> None:
    """A JSON array of formulas on stdin, a PNG on stdout; nothing where there is none."""
    signal.signal(signal.SIGVTALRM, _too_long)
    try:
        made = picture(json.load(sys.stdin))
    except NoPicture:
        return
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
