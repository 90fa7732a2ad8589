"""MathML from outside, let into a page only as what it should be: known elements and attributes, everything escaped."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET

from bot.chat.clean import clean

_PRESENTATION = """
    math semantics mrow mi mn mo ms mtext mspace msup msub msubsup munder mover munderover mmultiscripts mprescripts none
    mfrac msqrt mroot mtable mtr mtd mlabeledtr mstyle mpadded mphantom menclose mfenced merror
"""
_LOOKS = """
    display mathvariant stretchy fence separator form accent accentunder movablelimits lspace rspace minsize maxsize
    symmetric largeop displaystyle scriptlevel width height depth notation rowspacing columnspacing rowlines columnlines
    frame open close separators linethickness columnalign rowalign columnspan rowspan
"""
_ELEMENTS = frozenset(_PRESENTATION.split())
_ATTRIBUTES = frozenset(_LOOKS.split())


def mathml_of(latex: str, block: bool) -> str:
    """LaTeX as MathML, as a line of its own where it is a `block`.

    Raises:
        Exception: whatever latex2mathml raises for what it cannot read.
    """
    from latex2mathml.converter import convert  # heavy; a chat without pages never needs it

    return convert(latex, display="block" if block else "inline")


def safe_mathml(text: str) -> str:
    """`text` with nothing in it but MathML's presentation elements.

    Raises:
        ValueError: it is not well-formed, or something else is in it.
    """
    if "<!" in text:
        raise ValueError("a declaration in MathML")
    try:
        root = ET.fromstring(clean(text))  # noqa: S314 - declarations, and with them entities, were refused
    except ET.ParseError as error:
        raise ValueError(str(error)) from error
    if _name(root.tag) != "math":
        raise ValueError(f"<{root.tag}> is no formula")
    return _written(root)


def _written(element: ET.Element) -> str:
    name = _name(element.tag)
    if name not in _ELEMENTS:
        raise ValueError(f"<{name}> in MathML")
    kept = {_name(key): value for key, value in element.attrib.items()}
    attributes = "".join(f' {key}="{html.escape(value)}"' for key, value in kept.items() if key in _ATTRIBUTES)
    inner = "".join(_written(child) + html.escape(child.tail or "") for child in element if not _is_note(child))
    return f"<{name}{attributes}>{html.escape(element.text or '')}{inner}</{name}>"


def _is_note(element: ET.Element) -> bool:
    """The LaTeX that a formula carries beside itself."""
    return _name(element.tag) in ("annotation", "annotation-xml")


def _name(tag: str) -> str:
    return tag.rpartition("}")[2]
