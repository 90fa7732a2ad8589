"""Datasets, metrics and baselines are found where a reader would look for them, and mere mentions are not taken."""

from __future__ import annotations

import pytest

from bot.card import names
from bot.card.experiments import Found, find
from bot.card.outline import parts_of
from bot.model import Section
from tests.support.texts import part, table, text


def found(
    *sections: Section, abstract: str = "", own: frozenset[str] = frozenset(), references: tuple[str, ...] = ()
) -> Found:
    """What is found in these sections."""
    whole = text(*sections, abstract=abstract, references=references)
    return find(whole, parts_of(whole), own)


def texts_of(claims: tuple[object, ...]) -> list[str]:
    """The claims' texts."""
    return [claim.text for claim in claims]  # type: ignore[attr-defined] # claims


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("We evaluate on GSM8K, MS MARCO and CIFAR-10.", ["GSM8K", "MS MARCO", "CIFAR-10"]),
        ("We use the FooBench-2 benchmark and the Snowfall dataset.", ["FooBench-2", "Snowfall"]),
        (
            "Datasets are Foo-SEG (1,000 images) and BarClinicDB (612 images), with 10% kept.",
            ["Foo-SEG", "BarClinicDB"],
        ),
        ("We test on ImageNet-LT and on mini-ImageNet.", ["ImageNet-LT", "mini-ImageNet"]),
        ("We evaluate Llama-3-8B and GPT-4 on our own log.", []),
        ("Existing benchmarks are small. The dataset is ours. Each task takes an hour.", []),
        ("We draw an ARC and do the MATH ourselves.", []),
    ],
)
def test_datasets_of_a_sentence(sentence: str, expected: list[str]) -> None:
    """Known names, and names that their neighbours call datasets; models and ordinary words are none."""
    assert texts_of(found(part("Experiments", sentence)).datasets) == expected


def test_a_mention_is_no_use() -> None:
    """What only related work or the introduction names is not among the paper's datasets."""
    result = found(
        part("Introduction", "Since ImageNet, vision has changed."),
        part("Related Work", "Others use COCO and the KITTI benchmark."),
        part("Experiments", "We evaluate on GSM8K."),
    )
    assert texts_of(result.datasets) == ["GSM8K"]


def test_a_table_s_header_is_strong_evidence() -> None:
    """Datasets and metrics stand in headers; an arrow makes any name a metric, the caption gives its long form."""
    result = found(
        part(
            "Results",
            "See the table.",
            tables=(
                table(
                    "Table 1: Average accuracy (Acc) and forgetting (F).",
                    ("Method", "ALFWorld", "Acc ↑", "F ↓"),
                    ("EWC", "1", "2", "3"),
                    ("Ours", "2", "3", "4"),
                ),
            ),
        )
    )
    assert texts_of(result.datasets) == ["ALFWorld"]
    assert set(texts_of(result.metrics)) == {"Average accuracy", "forgetting"}
    assert result.datasets[0].anchor == "S1.T1"


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Metrics are nDCG@10 and Recall@100.", ["nDCG@10", "Recall@100"]),
        ("It reaches an F1 of 0.83 and a BLEU score of 28.4.", ["F1", "BLEU"]),
        ("Latency rises from 11.3 ms to 12.1 ms.", ["Latency"]),
        ("We train in mixed precision and recall that rewards vary.", []),
        ("We report precision and recall over all classes.", ["precision", "recall"]),
    ],
)
def test_metrics_of_a_sentence(sentence: str, expected: list[str]) -> None:
    """A metric is measured or announced; "mixed precision" is none."""
    assert texts_of(found(part("Results", sentence)).metrics) == expected


MAIN = table(
    "Table 1: Success rate.",
    ("Method", "SR"),
    ("BC Transformer [7]", "47.5"),
    ("Diffusion Policy [8]", "61.3"),
    ("Average", "54.4"),
    ("CCD (ours)", "72.8"),
    ("w/o schedule", "67.1"),
)


def test_baselines_are_the_other_rows_of_our_table() -> None:
    """The methods beside our own, without averages, ablations and references."""
    result = found(
        part("Experiments", "See Table 1.", tables=(MAIN,)),
        references=("[7] A. Cloner. 2019.", "[8] B. Diffuser. Proc. 2023, revised 2024."),
    )
    assert texts_of(result.baselines) == ["BC Transformer", "Diffusion Policy"]
    assert result.years == (("BC Transformer", "2019"), ("Diffusion Policy", "2024"))


def test_our_row_is_known_by_the_name_we_gave_it() -> None:
    """Where no row says "ours", the name that the paper gave its method marks it."""
    rows = table("Table 1: SR.", ("Model", "SR"), ("BM25", "1"), ("NWF", "2"), ("RRF", "1.5"))
    assert texts_of(found(part("Results", "x", tables=(rows,)), own=frozenset({"NWF"})).baselines) == ["BM25", "RRF"]
    assert texts_of(found(part("Results", "x", tables=(rows,))).baselines) == []


def test_methods_may_stand_in_the_header() -> None:
    """A table with methods as columns is read the other way round."""
    turned = table("Table 2: MSE.", ("Dataset", "Informer", "DLinear", "Ours"), ("ETTh1", "0.9", "0.5", "0.4"))
    assert texts_of(found(part("Results", "x", tables=(turned,))).baselines) == ["Informer", "DLinear"]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        (
            "Baselines are sequential fine-tuning, EWC, uniform experience replay, and A-GEM. We report more.",
            ["sequential fine-tuning", "EWC", "uniform experience replay", "A-GEM"],
        ),
        (
            "Baselines: BM25, a dense retriever, and reciprocal rank fusion (RRF).",
            ["BM25", "dense retriever", "reciprocal rank fusion (RRF)"],
        ),
        (
            "We compare against Full Context, MemGPT (Packer et al., 2023), and Generative Agents.",
            ["Full Context", "MemGPT", "Generative Agents"],
        ),
        ("We compare the results to those of the last section.", []),
    ],
)
def test_baselines_of_a_sentence(sentence: str, expected: list[str]) -> None:
    """Enumerations behind "baselines are" and "we compare against"."""
    assert sorted(texts_of(found(part("Experiments", sentence)).baselines)) == sorted(expected)


def test_text_and_table_do_not_name_the_same_twice() -> None:
    """The table's "Uniform replay" is the text's "uniform experience replay"."""
    rows = table("Table 1: Acc.", ("Method", "Acc"), ("Uniform replay", "68.9"), ("EWC", "63"), ("BRS (ours)", "71.4"))
    result = found(part("Experiments", "Baselines are EWC, uniform experience replay, and A-GEM.", tables=(rows,)))
    assert texts_of(result.baselines) == ["EWC", "uniform experience replay", "A-GEM"]


@pytest.mark.parametrize(
    ("title", "abstract", "own"),
    [
        ("GridMem: Indexed Memory", "", {"GridMem"}),
        ("Budgets", "We propose Budgeted Replay Scheduling (BRS), which saves.", {"BRS", "Replay Scheduling"}),
        ("On memory: a study", "We study memory.", set()),
    ],
)
def test_the_paper_s_own_name_is_no_baseline(title: str, abstract: str, own: set[str]) -> None:
    """Its title and its proposal say what it calls itself."""
    assert names.own_names(title, abstract, ()) == own


@pytest.mark.parametrize(
    ("words", "datasets", "metrics", "baselines"),
    [
        ("As baselines, we choose AKS [18] and Q-Frame [64], and uniform sampling (UNI).", set(), set(), {"AKS", "Q-Frame", "uniform sampling (UNI)"}),
        ("As baselines, we compare against the S&P 500, an equal-weighted portfolio, and a plain one.", set(), set(), {"S&P 500", "equal-weighted portfolio", "plain one"}),
        ("On VMD-D, we evaluate against TVSD (Chen et al., 2021c) and STICT (Lu et al., 2022).", set(), set(), {"TVSD", "STICT"}),
        ("We benchmark against standard baselines, including CRLQAS [35], SA-QAS [37], and quantumDARTS [41].", set(), set(), {"CRLQAS", "SA-QAS", "quantumDARTS"}),
        ("It outperforms competitors such as FooNet [3] and BarFormer [4] on Cityscapes [5] and ADE20K [6].", {"Cityscapes", "ADE20K"}, set(), {"FooNet", "BarFormer"}),
        ("Experiments are conducted on two laboratory datasets (CK+, TFEID) and one more dataset (RAF-DB).", {"CK+", "TFEID", "RAF-DB"}, set(), set()),
        ("We report mIoU on PASCAL-5i and COCO-20i.", {"PASCAL-5i", "COCO-20i"}, {"mIoU"}, set()),
        ("We adopt three metrics: Chamfer Distance (CD), F1 Score, and Invalid Rate (IR).", set(), {"Chamfer Distance (CD)", "F1 Score", "Invalid Rate (IR)"}, set()),
        ("We evaluate it on several open models: QwQ-32B [22] and Llama-3-8B [9].", set(), set(), set()),
        ("The evaluation covers GSM8K [8]. As baselines, we include CoD [31] and DEER [32].", {"GSM8K"}, set(), {"CoD", "DEER"}),
    ],
)  # fmt: skip
def test_what_sentences_call_what(words: str, datasets: set[str], metrics: set[str], baselines: set[str]) -> None:
    """References mark other people's names; the words around them tell data from rivals, and models that are tried from
    both."""
    result = found(part("Experiments", words))
    assert set(texts_of(result.datasets)) == datasets
    assert set(texts_of(result.metrics)) == metrics
    assert set(texts_of(result.baselines)) == baselines
