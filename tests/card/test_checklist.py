"""The checklist says what words a text has, where, and by which rule; it invents no absence."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.card.checklist import check, code_links, data_links, releases_code
from bot.card.local import analyse
from bot.card.outline import parts_of
from bot.model import ChecklistItem, Section, Source
from tests.support.builders import paper
from tests.support.texts import figure, part, table, text


def items(
    *sections: Section, abstract: str = "Short.", source: Source = Source.HTML, links: tuple[str, ...] = ()
) -> dict[str, ChecklistItem]:
    """The checklist of these sections, by key."""
    whole = text(*sections, abstract=abstract, source=source, links=links)
    return {item.key: item for item in check(paper(1, abstract="", comments=""), whole, parts_of(whole))}


PLAIN = part("Results", "The method works well on all inputs that we tried.")


@pytest.mark.parametrize(
    ("section", "where"),
    [
        (part("Ablation study", "x"), "Ablation study"),
        (part("What matters", "x"), "What matters"),
        (part("Component analysis", "x"), "Component analysis"),
        (part("Model Variations", "x"), "Model Variations"),
        (part("Effect of the window size", "x"), "Effect of the window size"),
        (part("Results", "We ablate the window in the appendix."), "ablate"),
        (part("Results", "Removing the decay phase lowers accuracy to 70.2."), "Removing the decay phase lowers"),
        (
            part("Results", "x", tables=(table("Table 3: Impact of depth.", ("D", "A"), ("1", "2")),)),
            "Table 3: Impact of depth.",
        ),
        (part("Results", "x", tables=(table("Table 3: Parts.", ("Variant", "A"), ("w/o time", "2")),)), "w/o time"),
        (part("Results", "x", figures=(figure("Figure 2: Ablation of the loss."),)), "Figure 2: Ablation of the loss."),
        (part("Effectiveness of each module", "x"), "Effectiveness of each module"),
        (part("Which component helps?", "x"), "Which component helps?"),
        (part("Hyper-parameter analysis", "x"), "Hyper-parameter analysis"),
        (part("Results", "When the gate is removed, SR drops by 20 points."), "When the gate is removed"),
        (
            part("Results", "Replacing the mixer by attention raises MSE by 3%."),
            "Replacing the mixer by attention raises",
        ),
        (part("Results", "Without egocentric data SR falls by 20 points."), "Without egocentric data SR falls"),
        (part("Results", "Performance is insensitive to the choice of k."), "insensitive to the choice"),
        (
            part("Results", "x", tables=(table("Table 3.", ("M", "A"), ("Full model", "3"), ("gate off", "2")),)),
            "Full model",
        ),
        (part("Results", "Design choices: we vary the depth. It helps."), None),
        (part("Results", "We work without any labels and replace nothing."), None),
    ],
)
def test_ablations_go_by_many_names(section: Section, where: str | None) -> None:
    """A study of the parts is seen by its title, caption, rows or words, even where nobody calls it an ablation."""
    item = items(section)["ablation"]
    assert item.found is (where is not None)
    assert item.where == ((where,) if where else ())
    assert item.rule == "titles-captions-tables-words"


@pytest.mark.parametrize(
    ("section", "found"),
    [
        (part("Limitations and Future Work", "x"), True),
        (part("Threats to validity", "x"), True),
        (part("Failure cases", "x"), True),
        (part("Conclusion", "It works. Limitations. It is slow."), True),
        (part("Discussion", "One limitation is that our index needs places."), True),
        (part("Discussion", "A weakness of our approach is its memory."), True),
        (part("Discussion", "This study has several shortcomings."), True),
        (part("Conclusion", "It fails for occluded limbs, which is a drawback."), True),
        (part("Conclusion", "We did not test more than 128K tokens."), True),
        (part("Introduction", "The limitations of existing methods are well known."), False),
        (part("Introduction", "One drawback of existing methods is cost."), False),
        (part("Discussion", "The calculation is restricted to Gaussian inputs."), False),
    ],
)
def test_limitations_are_the_paper_s_own(section: Section, found: bool) -> None:
    """A section, a heading within a paragraph, or words about the work's own limits; not those of others."""
    assert items(section)["limitations"].found is found


def test_what_the_card_shows_as_limits_is_not_denied() -> None:
    """Where nothing is called a limitation, the sentences that the card shows under that name stand beside the answer."""
    limit = "The calculation is restricted to Gaussian inputs and online learning."
    whole = text(part("Discussion", limit))
    card = analyse(paper(1, abstract="", comments=""), whole, "en")
    item = next(each for each in card.checklist if each.key == "limitations")
    assert [claim.text for claim in card.critique.limitations] == [limit]
    assert (item.found, item.where) == (False, (limit,))


def test_a_formula_is_shown_whole() -> None:
    """What was found within a formula is shown with all of it, so that it can be drawn."""
    assert items(part("Results", "It is better with $p<0.01$."))["significance"].where == ("$p<0.01$",)


@pytest.mark.parametrize(
    ("words", "where"),
    [
        ("We use 3 random seeds in all runs.", "3 random seeds"),
        ("The score is 78.4 ± 0.9 on the test set.", "78.4±0.9"),
        ("It is $3.8\\pm 0.9$ in the end.", "3.8±0.9"),
        ("Values are the mean over 20 runs of the model.", "mean over 20 runs"),
        ("We give a 95% confidence interval for all.", "95% confidence interval"),
        ("Every method is run ten times and the average is reported.", "ten times and the average"),
        ("95% CIs were obtained by bootstrapping.", "95% CIs"),
        ("We use five-fold cross-validation.", "five-fold cross-validation"),
        ("The statistical uncertainties are below 1%.", "statistical uncertainties"),
        ("Experiments are repeated 3 times.", "repeated 3 times"),
        ("We start from seed images and seed nodes.", None),
        ("The reward varies over time.", None),
    ],
)
def test_spread_is_seen_in_words_and_signs(words: str, where: str | None) -> None:
    """±, deviations, intervals, seeds and runs; a seed image is none."""
    item = items(part("Results", words))["variance"]
    assert item.found is (where is not None)
    assert where is None or any(where in place for place in item.where)


@pytest.mark.parametrize(
    ("key", "words", "found"),
    [
        ("significance", "A paired t-test gives p < 0.01 for all.", True),
        ("significance", "This is a significant step forward.", False),
        ("significance", "Trust was higher (t(210) = 3.4, p = .001).", True),
        ("compute", "All of it runs on a laptop with 16 GB RAM.", True),
        ("compute", "It takes 3,000 CPU hours.", True),
        ("compute", "We train on two NVIDIA A6000 GPUs.", True),
        ("human", "Thirty volunteers chose the better image.", True),
        ("human", "Two radiologists reviewed the scans.", True),
        ("human", "The outputs were rated by three experts.", True),
        ("ethics", "There is a risk of misuse.", True),
        ("baselines", "All baselines use the same budget.", True),
        ("baselines", "The baseline characteristics of patients are shown.", False),
        ("compute", "Each run takes 3.5 hours on one A100 GPU.", True),
        ("compute", "We train on 8 NVIDIA H100 GPUs.", True),
        ("compute", "We thank the A-team and 40 hours of music.", False),
        ("human", "Three annotators rated every answer.", True),
        ("human", "Humans are mortal.", False),
        ("ethics", "The study was approved by the ethics committee.", True),
        ("ethics", "The ethos of the field is open.", False),
    ],
)
def test_other_words(key: str, words: str, found: bool) -> None:
    """Each question has its words."""
    assert items(part("Experiments", words))[key].found is found


def test_related_work_answers_nothing() -> None:
    """What others did is not what the paper did."""
    answers = items(
        part("Related Work", "They ablate with 5 seeds on A100 GPUs and a t-test; one limitation is cost."), PLAIN
    )
    assert [key for key, item in answers.items() if item.found] == []


def test_the_whole_list_is_answered_for_a_full_text() -> None:
    """Of a full text every question is answered, in order, each with its rule."""
    answers = items(PLAIN)
    assert list(answers) == [
        "ablation",
        "limitations",
        "variance",
        "significance",
        "code",
        "data",
        "compute",
        "baselines",
        "human",
        "ethics",
    ]
    assert all(item.rule for item in answers.values())


def test_of_an_abstract_nothing_is_said_to_be_missing() -> None:
    """That an abstract does not name seeds means nothing; only what it has is listed."""
    answers = items(abstract="We average over 5 seeds.", source=Source.ABSTRACT)
    assert list(answers) == ["variance"]


def test_a_form_at_the_end_answers_nothing() -> None:
    """The printed questions of a conference's checklist name error bars, limitations and compute; the paper does not."""
    form = part(
        "NeurIPS Paper Checklist",
        "Does the paper report error bars? Does it discuss the limitations of the work? A100 GPU hours?",
    )
    answers = items(PLAIN, form, part("Limitations", "Question: Does it? Answer: NA.", level=2))
    assert not any(answers[key].found for key in ("limitations", "variance", "compute", "ablation"))


@pytest.mark.parametrize("value", ["78.4 ± 0.9", "71.4 (0.6)", "0.87 (0.85–0.89)", "53.1+/-2"])
def test_spread_in_cells(value: str) -> None:
    """Tables give deviations in many ways."""
    shown = part("Results", "See the table.", tables=(table("Table 1: Scores.", ("M", "A"), ("EWC", value)),))
    assert items(shown)["variance"].found


def test_ligatures_and_dashes_hide_no_word() -> None:
    """PDFs write ﬁ as one letter and hyphens as what they like."""
    found = items(part("Results", "We report conﬁdence intervals and use leave‑one‑out tests."))
    assert found["variance"].found
    assert found["ablation"].found


@pytest.mark.parametrize("more", [{"shortfall": "part"}, {"language": "de"}], ids=["part", "German"])
def test_of_a_text_that_is_not_read_as_a_whole_nothing_is_said_to_be_missing(more: dict[str, Any]) -> None:
    """The rest of a long PDF may have it, and in another language it has another name."""
    whole = replace(text(part("Results", "We average over 5 seeds."), abstract="Short."), **more)
    found = check(paper(1, abstract="", comments=""), whole, parts_of(whole))
    assert [item.key for item in found] == ["variance"]


# --------------------------------------------------------------------------- links


def test_a_promise_is_no_link_but_is_told() -> None:
    """Without an address the item says what the paper promises."""
    item = items(part("Setup", "Our code will be released upon acceptance."))["code"]
    assert not item.found
    assert item.where == ("Our code will be released upon acceptance",)


def test_code_offered_by_a_sentence_comes_first() -> None:
    """An address offered as code counts on any host; those of code hosts count anywhere; data are not code."""
    whole = text(
        part("Setup", "Code is available at https://example.org/brs. Data are at https://zenodo.org/record/1."),
        links=(
            "https://github.com/tool/tool",
            "https://zenodo.org/record/1",
            "https://huggingface.co/datasets/a/b",
            "https://x.example",
        ),
    )
    mine = paper(1, abstract="", comments="")
    assert code_links(mine, whole) == ("https://example.org/brs", "https://github.com/tool/tool")
    assert data_links(mine, whole) == ("https://zenodo.org/record/1", "https://huggingface.co/datasets/a/b")


@pytest.mark.parametrize(
    ("sentence", "comments", "released"),
    [
        ("Code is available at https://example.org/brs.", "", True),
        ("Code will be released at https://github.com/a/b upon acceptance.", "", False),
        ("We use the tool of https://github.com/tool/tool for plots.", "", False),
        ("Nothing here.", "Code: https://github.com/a/b", True),
        ("Nothing here.", "12 pages", False),
    ],
)
def test_released_code_is_more_than_a_link(sentence: str, comments: str, released: bool) -> None:
    """The paper must offer it; a promise or another's tool is none."""
    assert releases_code(paper(1, abstract="", comments=comments), text(part("Setup", sentence))) is released
