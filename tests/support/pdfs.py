"""Small PDFs for tests, written word by word: what a page looks like is what a test says it looks like."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO

import pypdfium2 as pdfium
from pypdfium2 import raw

WIDTH, HEIGHT = 612.0, 792.0


@dataclass(slots=True)
class Pdf:
    """A document that is being written. Sizes and places in points, from the lower left corner."""

    document: pdfium.PdfDocument = field(default_factory=pdfium.PdfDocument.new)
    fonts: dict[str, raw.FPDF_FONT] = field(default_factory=dict)
    page: pdfium.PdfPage | None = None

    def turn_page(self, rotation: int = 0) -> None:
        """Begin a new page; `rotation` is how it is turned when shown."""
        self.finish_page()
        self.page = self.document.new_page(WIDTH, HEIGHT)
        if rotation:
            self.page.set_rotation(rotation)

    def finish_page(self) -> None:
        """What was written is on the page."""
        if self.page is not None:
            self.page.gen_content()

    def word(
        self, x: float, y: float, text: str, *, size: float = 10, font: str = "Times-Roman", angle: float = 0
    ) -> float:
        """Write at a place; → where it ends. `angle` in degrees against the clock."""
        if self.page is None:
            self.turn_page()
        assert self.page is not None
        written = raw.FPDFPageObj_CreateTextObj(self.document.raw, self._font(font), size)
        units = (text + "\0").encode("utf-16-le")
        raw.FPDFText_SetText(written, ctypes.cast(ctypes.create_string_buffer(units), ctypes.POINTER(ctypes.c_ushort)))
        turn = math.radians(angle)
        raw.FPDFPageObj_Transform(written, math.cos(turn), math.sin(turn), -math.sin(turn), math.cos(turn), x, y)
        raw.FPDFPage_InsertObject(self.page.raw, written)
        return x + self.width(text, size=size, font=font)

    def line(
        self, x: float, y: float, text: str, *, to: float = 0, size: float = 10, font: str = "Times-Roman"
    ) -> None:
        """Write a line; its spaces are stretched until it ends at `to`, where given."""
        words = text.split()
        space = self.width(" ", size=size, font=font)
        if to and len(words) > 1:
            space = (to - x - sum(self.width(word, size=size, font=font) for word in words)) / (len(words) - 1)
        for word in words:
            x = self.word(x, y, word, size=size, font=font) + space

    def block(
        self,
        x: float,
        y: float,
        text: str,
        *,
        width: float = 240,
        indent: float = 0,
        size: float = 10,
        leading: float = 12,
        font: str = "Times-Roman",
    ) -> float:
        """Write a justified paragraph from a first baseline; → the baseline below it. A soft hyphen in a word is where
        it may be divided."""
        lines = list(self._lines(text, width, indent, size, font))
        for i, line in enumerate(lines):
            left = x + (indent if i == 0 else 0)
            self.line(left, y, line, to=x + width if i < len(lines) - 1 else 0, size=size, font=font)
            y -= leading
        return y

    def width(self, text: str, *, size: float = 10, font: str = "Times-Roman") -> float:
        """How wide a text is."""
        total = 0.0
        for character in text:
            one = ctypes.c_float()
            raw.FPDFFont_GetGlyphWidth(self._font(font), ord(character), size, one)
            total += one.value
        return total

    def made(self) -> bytes:
        """The file."""
        self.finish_page()
        out = BytesIO()
        self.document.save(out)
        return out.getvalue()

    def _font(self, name: str) -> raw.FPDF_FONT:
        if name not in self.fonts:
            self.fonts[name] = raw.FPDFText_LoadStandardFont(self.document.raw, name.encode())
        return self.fonts[name]

    def _lines(self, text: str, width: float, indent: float, size: float, font: str) -> Iterable[str]:
        line, room = "", width - indent
        words = text.split()
        while words:
            word = words.pop(0)
            plain = word.replace("\u00ad", "")
            longer = f"{line} {plain}".strip()
            if self.width(longer, size=size, font=font) <= room:
                line = longer
                continue
            for at in range(word.count("\u00ad"), 0, -1):
                parts = word.split("\u00ad")
                begun = f"{line} {''.join(parts[:at])}-".strip()
                if self.width(begun, size=size, font=font) <= room:
                    line, plain = begun, "".join(parts[at:])
                    break
            yield line
            line, room = plain, width
        if line:
            yield line


def scanned(pages: int) -> bytes:
    """A document that is nothing but pictures of pages."""
    pdf = Pdf()
    for _ in range(pages):
        pdf.turn_page()
        assert pdf.page is not None
        picture = pdfium.PdfImage.new(pdf.document)
        bitmap = pdfium.PdfBitmap.new_native(8, 8, raw.FPDFBitmap_Gray)
        bitmap.fill_rect((200, 200, 200, 255), 0, 0, 8, 8)
        picture.set_bitmap(bitmap)
        picture.set_matrix(pdfium.PdfMatrix().scale(WIDTH, HEIGHT))
        pdf.page.insert_obj(picture)
    return pdf.made()


def locked() -> bytes:
    """A document that asks for a password nobody knows."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]>>",
        b"<</Filter/Standard/V 1/R 2/P -4/O<" + b"41" * 32 + b">/U<" + b"42" * 32 + b">>>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + part + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 5/Root 1 0 R/Encrypt 4 0 R/ID[<00><00>]>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 5\n0000000000 65535 f \n" + table + end
