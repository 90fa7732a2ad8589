"""The characters of a PDF's pages: what each is, where it stands, how large and in which font, in the order written.

Only this file talks to pypdfium2, by its raw interface: the comfortable one gives text without places, or places
without fonts.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pypdfium2 as pdfium
from pypdfium2 import raw

_HYPHENS = frozenset({0x02, 0xAD, 0xFFFE})  # how PDFium marks a hyphen at the end of a line
_BOLD = re.compile(
    r"bold|black|heavy|medi(?!um)|demi|cmbx|sfbx|cmb\d|cmssbx|semib|-bd|bd$|T[BZ]$|rtxb|txb|pplb|ptmb|phvb|\bbx",
    re.IGNORECASE,
)
_ITALIC = re.compile(r"ital|obli|slant|cmti|cmsl|sfti|sfsl|cmbxti|-it\b|T[IZ]$|ptmri|ReguItal", re.IGNORECASE)
_MATH = re.compile(
    r"cmmi|cmsy|cmex|cmbsy|cmmib|msam|msbm|eufm|eurm|eusm|rsfs|stmary|wasy|bbold|dsrom|bbm\d|txmi|txsy|txex|pxmi|pxsy|pxex|"
    r"rtxmi|ntx(?:mi|sy|ex)|newtx(?:mi|math)|libertinemath|math|symbol|mt-?extra|mtmi|mtsy|mtex|euex|eusb|fourier-math|"
    r"mathematicalpi|esint|lasy|pzdr|yhcmex|zplm|boondox|xits|stix\w*(?:sy|mi|ex|math)",
    re.IGNORECASE,
)
# Bitmap fonts carry TeX's own codes: those of its old text fonts (OT1) and those of its newer ones (T1).
_OLD_TEX = dict(
    enumerate(("ff", "fi", "fl", "ffi", "ffl", "ı", "ȷ", "`", "´", "ˇ", "˘", "¯", "˚", "¸", "ß", "æ", "œ", "ø"), 0x0B)
)
_NEW_TEX = (
    dict(enumerate(("“", "”", "„", "«", "»", "–", "—"), 0x10))
    | dict(enumerate(("ff", "fi", "fl", "ffi", "ffl"), 0x1B))
    | {0x7F: "-"}
)
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_BOLD_WEIGHT = 600
_TEX_FIRST, _NEW_FIRST, _TEX_HYPHEN = 0x0B, 0x10, 0x7F
_HIGH_HALF, _LOW_HALF, _LOW_END = 0xD800, 0xDC00, 0xE000  # a character beyond 16 bits comes as two
_SPECK = 0.5  # points; smaller characters are not meant to be read
_SLANT = 5  # degrees


@dataclass(frozen=True, slots=True)
class Style:
    """The look of a run of characters; `size` in points, as shown."""

    font: str
    size: float
    bold: bool
    italic: bool
    math: bool


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character: its left and right edge and its baseline in points, y upwards."""

    text: str
    x0: float
    x1: float
    y: float
    style: Style


@dataclass(slots=True)
class PageGlyphs:
    """A page as shown: its size in points, its upright characters, and its links as (address, x, y). `turned` counts those that run up or down the
    page; `pictured` says that pictures cover most of it."""

    number: int
    width: float
    height: float
    glyphs: list[Glyph] = field(default_factory=list)
    links: list[tuple[str, float, float]] = field(default_factory=list)
    turned: int = 0
    pictured: bool = False


def page_glyphs(document: pdfium.PdfDocument, index: int) -> PageGlyphs:
    """The characters of page `index`, counted from 0, in the order the file writes them."""
    page = document[index]
    try:
        width, height = page.get_size()
        found = PageGlyphs(index + 1, width, height)
        text = page.get_textpage()
        try:
            _read(page, text, found)
        finally:
            text.close()
        found.links.extend(_links(document, page))
        if len(found.glyphs) < 40:
            found.pictured = _is_picture(page, width, height)
        return found
    finally:
        page.close()


def _read(page: pdfium.PdfPage, text: pdfium.PdfTextPage, found: PageGlyphs) -> None:
    handle, shown = text.raw, _Frame.of(page)
    box, x, y = raw.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    fonts: dict[int, tuple[str, bool, bool, bool]] = {}
    coded: list[tuple[int, int]] = []
    last, style, upright = -1, Style("", 0.0, bold=False, italic=False, math=False), True
    unicode_of, object_of = raw.FPDFText_GetUnicode, raw.FPDFText_GetTextObject
    for i in range(raw.FPDFText_CountChars(handle)):
        code, written = unicode_of(handle, i), object_of(handle, i)
        if not written or not _is_character(code):
            continue  # a space or line break that PDFium supposes
        address = ctypes.cast(written, ctypes.c_void_p).value or 0
        if address != last:
            last = address
            style, angle = _style(handle, i, written, fonts)
            upright = shown.is_upright(angle)
        if not upright:
            found.turned += 1
            continue
        raw.FPDFText_GetLooseCharBox(handle, i, box)
        raw.FPDFText_GetCharOrigin(handle, i, x, y)
        x0, x1, base = shown.place(box, x.value, y.value)
        if x1 < 0 or x0 > found.width or not -5 < base < found.height + 5 or style.size <= _SPECK:
            continue  # outside the page: cropped away or a printer's mark
        if _LOW_HALF <= code < _LOW_END and found.glyphs and found.glyphs[-1].text >= "\ud800":
            code = 0x10000 + ((ord(found.glyphs.pop().text) - _HIGH_HALF) << 10) + code - _LOW_HALF
        if _TEX_FIRST <= code < ord(" ") or code == _TEX_HYPHEN:
            coded.append((len(found.glyphs), code))
        found.glyphs.append(Glyph("-" if code in _HYPHENS else chr(code), x0, x1, base, style))
    found.glyphs[:] = [glyph for glyph in found.glyphs if not _HIGH_HALF <= ord(glyph.text) < _LOW_END]
    table = _OLD_TEX if any(code < _NEW_FIRST for _, code in coded) else _NEW_TEX
    for at, code in coded:
        found.glyphs[at] = replace(found.glyphs[at], text=table.get(code, " "))


def _is_character(code: int) -> bool:
    return (code >= _TEX_FIRST and code != 0xFFFF) or code in _HYPHENS or code in (9, 10)


@dataclass(frozen=True, slots=True)
class _Frame:
    """How a page's coordinates lie when it is shown: its edges and its rotation in degrees, clockwise."""

    left: float
    bottom: float
    right: float
    top: float
    rotation: int

    @classmethod
    def of(cls, page: pdfium.PdfPage) -> _Frame:
        left, bottom, right, top = page.get_mediabox()
        return cls(left, bottom, right, top, page.get_rotation() % 360)

    def is_upright(self, angle: float) -> bool:
        turned = (math.degrees(angle) + self.rotation) % 360  # both run clockwise
        return min(turned, 360 - turned) <= _SLANT

    def place(self, box: raw.FS_RECTF, x: float, y: float) -> tuple[float, float, float]:
        """Left and right edge and baseline as shown."""
        if self.rotation == 0:
            return box.left - self.left, box.right - self.left, y - self.bottom
        if self.rotation == 90:
            return box.bottom - self.bottom, box.top - self.bottom, self.right - x
        if self.rotation == 180:
            return self.right - box.right, self.right - box.left, self.top - y
        return self.top - box.top, self.top - box.bottom, x - self.left


def _style(
    handle: raw.FPDF_TEXTPAGE, i: int, written: raw.FPDF_PAGEOBJECT, fonts: dict[int, tuple[str, bool, bool, bool]]
) -> tuple[Style, float]:
    font = raw.FPDFTextObj_GetFont(written)
    key = ctypes.cast(font, ctypes.c_void_p).value or 0
    if key not in fonts:
        fonts[key] = _font(font)
    name, bold, italic, is_math = fonts[key]
    matrix = raw.FS_MATRIX()
    size = raw.FPDFText_GetFontSize(handle, i)
    if raw.FPDFText_GetMatrix(handle, i, matrix):
        size *= math.hypot(matrix.c, matrix.d)
    return Style(name, round(abs(size), 2), bold, italic, is_math), max(raw.FPDFText_GetCharAngle(handle, i), 0.0)


def _font(font: raw.FPDF_FONT) -> tuple[str, bool, bool, bool]:
    buffer = ctypes.create_string_buffer(256)
    raw.FPDFFont_GetBaseFontName(font, buffer, 256)
    name = _SUBSET.sub("", buffer.value.decode("utf-8", "replace"))
    is_math = bool(_MATH.search(name))
    bold = bool(_BOLD.search(name)) or (raw.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT and not is_math)
    return name, bold, bool(_ITALIC.search(name)) and not is_math, is_math


def _is_picture(page: pdfium.PdfPage, width: float, height: float) -> bool:
    """Whether pictures cover most of a page."""
    return sum(_area(each) for each in _pictures(page)) > 0.4 * width * height


def _pictures(page: pdfium.PdfPage) -> Iterator[tuple[float, float, float, float]]:
    for each in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE], max_depth=3):
        try:
            yield each.get_bounds()
        except pdfium.PdfiumError:
            continue


def _area(bounds: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = bounds
    return max(0.0, right - left) * max(0.0, top - bottom)


_MOST_LINKS = 400


def _links(document: pdfium.PdfDocument, page: pdfium.PdfPage) -> Iterator[tuple[str, float, float]]:
    """The outside addresses that a page links to, and the lower left corner of each link."""
    link, position = raw.FPDF_LINK(), ctypes.c_int(0)
    for _ in range(_MOST_LINKS):
        if not raw.FPDFLink_Enumerate(page.raw, position, link):
            return
        action = raw.FPDFLink_GetAction(link)
        if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
            continue
        length = raw.FPDFAction_GetURIPath(document.raw, action, None, 0)
        if not 8 < length < 1000:
            continue
        buffer = ctypes.create_string_buffer(length)
        raw.FPDFAction_GetURIPath(document.raw, action, buffer, length)
        address, box = buffer.value.decode("utf-8", "replace"), raw.FS_RECTF()
        if address.startswith(("http://", "https://")) and raw.FPDFLink_GetAnnotRect(link, box):
            yield address, box.left, box.bottom
