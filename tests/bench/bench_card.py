"""How fast a paper's page is read and a local card made, beside the bare parser and a bare split into sentences.

    python tests/bench/bench_card.py [--rounds 10]

The pages are made up: one of about 1.2 MB, most of it formulas and tables as in real papers, and one of about 100 KB.
CPU time of this process, medians; the peers do far less and only say what the machine can do.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from collections.abc import Callable

from selectolax.lexbor import LexborHTMLParser

from bot.card.local import analyse
from bot.card.verify import Haystack
from bot.pull.fulltext import parse_html
from tests.support import latexml as ltx
from tests.support.builders import paper

URL = "https://arxiv.org/html/2602.00001v1"
SUM = (
    "<munderover><mo>∑</mo><mrow><mi>k</mi><mo>=</mo><mn>1</mn></mrow><mi>T</mi></munderover><msub><mi>𝔼</mi><mrow><mi>x</mi><mo>∼</mo>"
    "<msub><mi>𝒟</mi><mi>k</mi></msub></mrow></msub><mrow><mo>[</mo><mi>ℓ</mi><mo>(</mo><msub><mi>θ</mi><mi>k</mi></msub><mo>;</mo><mi>x</mi><mo>)</mo><mo>]</mo></mrow>"
)
SENTENCES = (
    "However, existing methods {i} fail to follow fast users [1] and lose {i}.5% of their recall.",
    "We propose a memory that indexes {i} observations and answers in {m}, which no other method does.",
    "On ALFWorld it reaches {i}.7% against 41.2% for the best baseline (Doe et al., 2020), averaged over {i} seeds.",
    "The window follows from the budget, so that the rate is the only free parameter of the schedule.",
)


def made_up(size: int) -> str:
    """A page of about `size` bytes."""
    titles = ("Introduction", "Related Work", "Method", "Experiments", "Ablation study", "Limitations", "Conclusion")
    sections: list[str] = []
    while sum(map(len, sections)) < size:
        n = len(sections) + 1
        inline = ltx.math(r"\mathcal{O}(\log n)", SUM)
        words = " ".join(sentence.format(i=n, m=inline) for sentence in SENTENCES)
        rows = [
            ["Method", "ALFWorld", "WebArena"],
            *([f"Method {i}", f"{i}.5", f"{n}.7"] for i in range(8)),
            ["Ours", "53.7", "17.3"],
        ]
        sections.append(
            ltx.section(
                f"S{n}",
                titles[n % len(titles)],
                *(
                    ltx.para(
                        f"S{n}.p{i}", words, ltx.equation(f"S{n}.E{i}", rf"L_{{{i}}}=\sum_k x_k", str(i), SUM), words
                    )
                    for i in range(4)
                ),
                ltx.table(f"S{n}.T1", "Success rate (%).", ltx.tabular(rows)),
                number=str(n),
            )
        )
    return ltx.page(*sections, abstract=" ".join(SENTENCES).format(i=1, m="time"))


def median(rounds: int, work: Callable[[], object]) -> float:
    """Milliseconds of CPU that `work` takes, the median of `rounds` after a first one."""
    work()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - begun))
    return statistics.median(spent)


def measure(size: int, rounds: int) -> None:
    """Measure a page of about `size` bytes and print."""
    page = made_up(size)
    text = parse_html(page, URL)
    words = " ".join(p.text for section in text.sections for p in section.paragraphs)
    mine = paper(1, title="GridMem: A Title")
    print(f"a page of {len(page.encode()) / 1000:.0f} KB, {len(words) / 1000:.0f} KB of it running text; ms of CPU")
    reading, bare = median(rounds, lambda: parse_html(page, URL)), median(rounds, lambda: LexborHTMLParser(page))
    print(f"  page → document                {reading:7.1f}   (the bare parser: {bare:.1f})")
    carding = median(rounds, lambda: analyse(mine, text, "en"))
    splitting = median(rounds, lambda: re.split(r"(?<=[.!?]) ", words))
    print(f"  document → local card          {carding:7.1f}   (a bare split at full stops: {splitting:.1f})")
    print(f"    of it, for the verification  {median(rounds, lambda: Haystack.of(text)):7.1f}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    rounds = parser.parse_args().rounds
    for size in (1_200_000, 100_000):
        measure(size, rounds)


if __name__ == "__main__":
    main()
