"""How fast a listing page is read: our parser beside the `arxiv` package on as many Atom entries, in the same run.

    python tests/bench/bench_listing.py [--rounds 30]

Page and feed hold the same papers: those that cs.LG listed on 2026-02-17 where the replay world is there, else
invented ones of the same number. Both begin with bytes and end with whole papers. They take turns within each round,
because the machine's speed wanders; medians and their ratio are printed.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import statistics
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from urllib.request import ProxyHandler, build_opener

import arxiv

from bot.pull.listing import assemble, parse
from tests.support.arxiv_pages import atom_feed, invented, new_page
from tests.support.world import find_world, start_world

CATEGORY, DAY = "cs.LG", date(2026, 2, 17)
INVENTED = 264


@dataclass(frozen=True, slots=True)
class _Feed:
    """A session for the package that gives the feed without a network."""

    content: bytes
    status_code: int = 200

    def get(self, *_: object, **__: object) -> _Feed:
        """The answer to any request."""
        return self


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    origin, page, feed = _recorded() or _invented()

    def ours() -> int:
        return len(assemble([parse(page.decode(), CATEGORY)]).announcements)

    client = arxiv.Client(page_size=2000, delay_seconds=0, num_retries=0)
    client._session = _Feed(feed)

    def package() -> int:
        return len(list(client.results(arxiv.Search(query="all", max_results=2000))))

    entries = ours()
    if package() != entries:
        raise SystemExit(f"the feed has {package()} papers, the page {entries}")
    times: dict[str, list[float]] = {"ours": [], "arxiv": []}
    for _ in range(rounds):
        times["ours"].append(_seconds(ours))
        times["arxiv"].append(_seconds(package))
    listing, atom = (statistics.median(times[name]) * 1000 for name in ("ours", "arxiv"))
    print(f"{entries} entries, {origin}; medians of {rounds} rounds")
    print(f"listing page {len(page) / 1e6:6.2f} MB  {listing:7.1f} ms  paperboy")
    print(f"Atom feed    {len(feed) / 1e6:6.2f} MB  {atom:7.1f} ms  arxiv {importlib.metadata.version('arxiv')}")
    print(f"ratio        {atom / listing:6.2f}× {'faster' if atom > listing else 'slower'} than the package")


def _seconds(work: Callable[[], int]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _invented() -> tuple[str, bytes, bytes]:
    papers = invented(INVENTED)
    return "invented", new_page(DAY, papers).encode(), atom_feed(papers)


def _recorded() -> tuple[str, bytes, bytes] | None:
    program = find_world()
    if program is None:
        return None
    opener = build_opener(ProxyHandler({}))
    with contextmanager(start_world)(program, DAY) as world:
        page: bytes = opener.open(f"{world.url}/list/{CATEGORY}/new?skip=0&show=2000").read()
        ids = [paper.id for paper in assemble([parse(page.decode(), CATEGORY)]).papers]
        feed: bytes = opener.open(f"{world.api_url}?max_results=2000&id_list={','.join(ids)}").read()
    return f"{CATEGORY} of {DAY} as recorded", page, feed


if __name__ == "__main__":
    main()
