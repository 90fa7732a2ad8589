"""Results come as metric, value, what they are compared with, and where: each part as the paper has it."""

from __future__ import annotations

import pytest

from bot.card.outline import parts_of
from bot.card.results import of_sentence, of_tables
from bot.model import Claim, Result, Table
from tests.support.texts import part, table, text

OWN = frozenset({"GridMem"})


def of(shown: Table) -> list[tuple[str, str, str, str]]:
    """The results of one table, by their parts."""
    results = of_tables(parts_of(text(part("Results", "x", tables=(shown,)))), OWN)
    return [parts(result) for result in results]


def parts(result: Result) -> tuple[str, str, str, str]:
    """A result without its claim."""
    return (result.metric, result.value, result.compared, result.where)


ROWS = (("MemGPT [3]", "44.9", "6.1"), ("Full context", "41.2", "0.9"), ("GridMem", "53.7", "1.2"))


def test_our_row_beside_the_strongest_other() -> None:
    """The rival is the best of the others, and better is what the arrow or the metric says."""
    found = of(table("Table 2: Results on ALFWorld.", ("Method", "SR ↑", "Latency (s)"), *ROWS))
    assert found == [
        ("SR ↑", "53.7", "MemGPT: 44.9", "Table 2"),
        ("Latency (s)", "1.2", "Full context: 0.9", "Table 2"),
    ]


def test_without_a_direction_nobody_is_the_best() -> None:
    """What is better of two unknown things is not ours to say; columns that measure nothing are left out."""
    assert of(table("Table 2: Results.", ("Method", "Zeta", "Params"), *ROWS)) == [("Zeta", "53.7", "", "Table 2")]


def test_the_caption_says_what_the_columns_measure() -> None:
    """Where columns are datasets the metric stands in the caption."""
    found = of(table("Table 3: Success rate in two worlds.", ("Method", "ALFWorld", "WebArena"), *ROWS))
    assert found[0] == ("Success rate, ALFWorld", "53.7", "MemGPT: 44.9", "Table 3")


def test_methods_in_the_header() -> None:
    """A turned table is read by its rows."""
    turned = table("Table 4: MSE.", ("Dataset", "DLinear", "Ours"), ("ETTh1", "0.5", "0.4"))
    assert of(turned) == [("MSE, ETTh1", "0.4", "DLinear: 0.5", "Table 4")]


@pytest.mark.parametrize("caption", ["Table 5: Ablation.", "Table 5: Dataset statistics."])
def test_other_tables_hold_no_results(caption: str) -> None:
    """Parts taken away and sizes of data are no results."""
    assert of(table(caption, ("Method", "SR"), ("MemGPT", "44.9"), ("GridMem", "53.7"))) == []


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It raises the success rate from 41.2% to 53.7%.", ("success rate", "53.7%", "41.2%")),
        ("It reaches 71.4 average accuracy against 68.9 for uniform replay at 5%.", ("average accuracy", "71.4", "uniform replay: 68.9")),
        ("An AUROC of 0.87 (95% CI 0.85–0.89), compared with 0.81 for XGBoost.", ("AUROC", "0.87", "XGBoost: 0.81")),
        ("GridMem outperforms MemGPT by 8.8 points over the best baseline on ALFWorld.", ("", "8.8 points", "best baseline")),
        ("It is $3.8\\pm 0.9$ against 4.1 predicted.", ("", "3.8± 0.9", "4.1")),
        ("It lowers perplexity by 6.4 percent.", ("perplexity", "6.4 percent", "")),
        ("AGS reaches the accuracy of GRPO with 41% of the rollouts.", ("", "", "")),
        ("It is 1.4 to 3.0 times faster.", ("", "1.4 to 3.0 times", "")),
        ("We use 8 layers in 3 stages.", ("", "", "")),
    ],
)  # fmt: skip
def test_the_parts_of_a_sentence(sentence: str, expected: tuple[str, str, str]) -> None:
    """The metric is the one beside the value; what the sentence does not say plainly is left open."""
    assert parts(of_sentence(Claim(sentence, sentence)))[:3] == expected
