"""What runs in the child process: its limits first, then a PDF or a page from stdin → a document as JSON on stdout.

The first line of stdin is JSON: {"kind": "pdf" or "html", "url", "title", "abstract", "pages", "seconds", "memory"}; the
file follows. Stdout is one JSON object: {"text": …} or {"failed": cause}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import asdict
from typing import Any

LEAST_PAGES = 3  # are read however slow they are, until the kill


def main() -> None:
    """Read one file and say what is in it."""
    told = json.loads(sys.stdin.buffer.readline())
    data = sys.stdin.buffer.read()
    _limit(told["memory"], told["seconds"])
    try:
        outcome = _read_pdf(data, told) if told["kind"] == "pdf" else _read_html(data, told)
    except MemoryError:
        outcome = {"failed": "too-slow"}
    sys.stdout.write(json.dumps(outcome))
    sys.stdout.flush()


def _limit(memory: int, seconds: float) -> None:
    """Take from this process what it does not need: memory in bytes, seconds of CPU, files, a place before the bot."""
    try:
        import resource
    except ImportError:
        return
    os.nice(5)
    for what, amount in (
        (resource.RLIMIT_AS, 2 * memory),  # of addresses, of which Python takes many
        (resource.RLIMIT_CPU, int(2 * seconds) + 5),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        try:
            resource.setrlimit(what, (amount, amount))
        except (ValueError, OSError):
            continue  # the system allows less already, or does not know this limit


def _read_html(data: bytes, told: dict[str, Any]) -> dict[str, Any]:
    from bot.errors import Malformed
    from bot.pull.latexml import parse

    try:
        return {"text": asdict(parse(data.decode("utf-8", "replace"), told["url"]))}
    except Malformed as error:
        return {"failed": error.detail}


def _read_pdf(data: bytes, told: dict[str, Any]) -> dict[str, Any]:
    import pypdfium2 as pdfium
    from pypdfium2 import raw

    from bot.pull.pdf.document import document
    from bot.pull.pdf.glyphs import PageGlyphs, page_glyphs

    begun = time.process_time()
    try:
        opened = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = getattr(error, "err_code", None) in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        return {"failed": "encrypted" if locked or "assword" in str(error) else "broken"}
    total = len(opened)
    pages: list[PageGlyphs] = []
    for index in range(min(total, told["pages"])):
        if len(pages) >= LEAST_PAGES and time.process_time() - begun > told["seconds"]:
            break
        try:
            pages.append(page_glyphs(opened, index))
        except pdfium.PdfiumError:
            if not pages:
                return {"failed": "broken"}
            break
    if not pages:
        return {"failed": "broken"}
    return {"text": asdict(document(pages, told["url"], title=told["title"], abstract=told["abstract"], total=total))}


if __name__ == "__main__":
    main()
