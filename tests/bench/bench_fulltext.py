"""How well and how fast papers are read: PDFs against the LaTeX they were made from, a long page against the bare parser.

    python tests/bench/bench_fulltext.py [--pdf FILE …] [--rounds 5]

Agreement is F1 of sections and of paragraphs in reading order. The peer is pypdfium2's own text of the pages, its lines
cut into paragraphs where one ends a sentence. CPU time of this process, medians; the lag is how much longer than asked a
task slept on the event loop while a page of 1.2 MB was parsed in a thread, beside the lag of an idle loop.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pypdfium2 as pdfium
from selectolax.lexbor import LexborHTMLParser

from bot.model import FullText
from bot.pull.fulltext import parse_html
from bot.pull.pdf.document import document
from bot.pull.pdf.glyphs import page_glyphs
from tests.bench.bench_card import made_up
from tests.support import papers

URL = "https://arxiv.org/html/2602.00001v1"
LONG_PAGE = 1_200_000


def read(data: bytes) -> FullText:
    """The document of a PDF."""
    opened = pdfium.PdfDocument(data)
    return document([page_glyphs(opened, i) for i in range(len(opened))], URL)


def peer(data: bytes) -> list[str]:
    """The paragraphs of the bare text."""
    found = [""]
    for page in pdfium.PdfDocument(data):
        for line in page.get_textpage().get_text_range().splitlines():
            found[-1] += f" {line}"
            if line.rstrip().endswith("."):
                found.append("")
    return [text for text in found if papers.words(text)]


def median(rounds: int, work: Callable[[], object]) -> float:
    """Milliseconds of CPU that `work` takes."""
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - begun))
    return statistics.median(spent)


async def lags(seconds: float, meanwhile: Callable[[], object] | None) -> list[float]:
    """By how many milliseconds a task on the loop is late, again and again, while a thread does something."""
    late: list[float] = []
    work = asyncio.create_task(asyncio.to_thread(meanwhile)) if meanwhile is not None else None
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or (work is not None and not work.done()):
        begun = time.perf_counter()
        await asyncio.sleep(0.002)
        late.append(1000 * (time.perf_counter() - begun - 0.002))
    return sorted(late)


def compare(rounds: int) -> None:
    """The papers of the repository against their LaTeX."""
    print(
        "paper     sections  paragraphs  formulas  tables  figures  references   (peer: paragraphs)   ms a page (peer)"
    )
    for name in papers.NAMES:
        data, truth = papers.pdf(name), papers.truth(name)
        text = read(data)
        titles = [section.title.casefold() for section in text.sections]
        sections = papers.agreement([each.casefold() for each in truth.sections], titles, lambda a, b: a == b)
        paragraphs = papers.agreement(truth.paragraphs, papers.paragraphs(text), papers.alike)
        bare = papers.agreement(truth.paragraphs, peer(data), papers.alike)
        counts = [
            f"{sum(len(getattr(s, kind)) for s in text.sections)}/{getattr(truth, kind)}"
            for kind in ("equations", "tables", "figures")
        ]
        ours, its = median(rounds, partial(read, data)) / text.pages, median(rounds, partial(peer, data)) / text.pages
        print(
            f"{name:9} {sections:7.2f} {paragraphs:11.2f} {counts[0]:>9} {counts[1]:>7} {counts[2]:>8} "
            f"{len(text.references):>7}/{truth.references} {bare:17.2f} {ours:21.0f} ({its:.0f})"
        )


def look_at(files: list[str]) -> None:
    """What is found in PDFs without a truth: paragraphs that do not end or begin as sentences do are suspicious."""
    for file in files:
        begun = time.process_time()
        text = read(Path(file).read_bytes())
        spent = 1000 * (time.process_time() - begun) / max(1, text.pages)
        all_of_them = [p.text for s in text.sections for p in s.paragraphs]
        ended = sum(each.rstrip().endswith((".", ":", "?", "!", ")", "”", ";")) for each in all_of_them)
        small = sum(each[:1].islower() for each in all_of_them)
        print(
            f"{Path(file).name}: {text.pages} pages, {spent:.0f} ms each, {len(text.sections)} sections, {len(all_of_them)} paragraphs "
            f"({ended} end, {small} begin small), {len(text.references)} references, {text.language or '?'}, {text.institutions[:3]}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--pdf", nargs="*", default=[])
    told = parser.parse_args()
    if told.pdf:
        look_at(told.pdf)
        return
    compare(told.rounds)
    page = made_up(LONG_PAGE)
    whole, bare = (
        median(told.rounds, lambda: parse_html(page, URL)),
        median(told.rounds, lambda: LexborHTMLParser(page)),
    )
    idle = asyncio.run(lags(1.0, None))
    busy = asyncio.run(lags(0.0, lambda: [parse_html(page, URL) for _ in range(told.rounds)]))
    print(f"a page of {len(page.encode()) / 1000:.0f} KB: {whole:.0f} ms of CPU (the bare parser: {bare:.0f})")
    for name, late in (("while it is parsed", busy), ("idle", idle)):
        print(f"  lag of the loop {name}: median {statistics.median(late):.1f} ms, worst {late[-1]:.0f} ms")


if __name__ == "__main__":
    main()
