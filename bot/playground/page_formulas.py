"""Formulas for the chat page: LaTeX becomes MathML while an event is handed over, so that the page needs no library."""

from __future__ import annotations

import re
from functools import lru_cache
from xml.etree import ElementTree as ET

from latex2mathml.converter import convert

from bot.playground.state import Json

_FUNCTIONS = frozenset(
    "arccos arcsin arctan arg argmax argmin cos cosh cot det dim exp gcd inf lim ln log max min sin sinh sup tan tanh".split()  # noqa: SIM905 - words read better
)
LONGEST = 4000  # characters; what is longer is shown as its source
_MATHML = "{http://www.w3.org/1998/Math/MathML}"
_ELEMENTS = re.compile(
    "math|mrow|mi|mn|mo|mtext|mspace|msup|msub|msubsup|mfrac|msqrt|mroot|mover|munder|munderover|mmultiscripts|"
    "mprescripts|mtable|mtr|mtd|mstyle|mpadded|mphantom|menclose|merror|ms|none"
)
_CHILDREN = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}
_NAMED = re.compile(r"&(?!#|amp;|lt;|gt;|quot;|apos;)\w*;")


def with_mathml(value: object, *, block: bool = False) -> object:
    """A copy of a message's JSON in which each formula says its MathML ("" where it cannot be drawn); `block` is True
    among blocks, False inside a line."""
    if isinstance(value, list):
        return [with_mathml(item, block=block) for item in value]
    if not isinstance(value, dict):
        return value
    shown: Json = {name: with_mathml(item, block=name == "blocks") for name, item in value.items()}
    if value.get("type") == "mathematical_expression" and isinstance(value.get("expression"), str):
        shown["mathml"] = mathml(value["expression"], block=block)
    return shown


@lru_cache(maxsize=2048)
def mathml(latex: str, *, block: bool) -> str:
    """A formula as one <math> element of presentation MathML, "" where it cannot be read.

    It is well formed and holds presentation elements alone, whatever stands in the LaTeX.
    """
    if len(latex) > LONGEST:
        return ""
    try:
        made = convert(latex, display="block" if block else "inline")
        root = ET.fromstring(_NAMED.sub("", made))  # noqa: S314 - our own converter's output: no doctype, so no entities
    except Exception:  # noqa: BLE001 - the converter raises whatever it stumbles over
        return ""
    wrong = not all(_allowed(element) for element in root.iter())
    empty = not "".join(root.itertext()).strip()
    if root.tag != f"{_MATHML}math" or wrong or empty:
        return ""
    for element in list(root.iter()):
        _space(element)
        if element.tag == f"{_MATHML}mo" and element.text == "|" and element.get("stretchy") != "true":
            element.attrib |= {"lspace": "0", "rspace": "0"}  # TeX sets it like a letter, browsers like a relation
    ET.register_namespace("", _MATHML.strip("{}"))
    return ET.tostring(root, encoding="unicode")


def _allowed(element: ET.Element) -> bool:
    """Whether it is presentation, and has as many children as it needs."""
    name = element.tag.removeprefix(_MATHML) if element.tag.startswith(_MATHML) else ""
    return bool(_ELEMENTS.fullmatch(name)) and len(element) == _CHILDREN.get(name, len(element))


def _space(row: ET.Element) -> None:
    """Puts the thin space beside a function's name that TeX has there and browsers leave out."""
    if row.tag not in (f"{_MATHML}math", f"{_MATHML}mrow", f"{_MATHML}mtd"):
        return
    children = list(row)
    for place in range(len(children) - 1, 0, -1):
        before, after = children[place - 1], children[place]
        if _MATHML + "mo" not in (before.tag, after.tag) and (_is_function(before) or _is_function(after)):
            row.insert(place, ET.Element(f"{_MATHML}mspace", width="0.167em"))


def _is_function(element: ET.Element) -> bool:
    """Whether it is a function's name, also one with an index."""
    base = element if element.tag == f"{_MATHML}mi" else next(iter(element), element)
    return base.tag == f"{_MATHML}mi" and base.text in _FUNCTIONS
