"""Features: a day's papers as numbers, the same on every run, whatever the background."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.rank import features
from bot.rank.features import LEAST_PAPERS, Background, Features, in_words, main_directions
from bot.rank.taste import alike
from bot.rank.vectors import Vectors
from tests.support import builders

TOPICS = (
    ("Group relative policy optimization", "We train language models with GRPO and verifiable rewards."),
    ("Grasping with tactile sensors", "A robot hand feels what it grasps and holds it."),
    ("Lattice gauge theory", "We simulate quarks and gluons on a lattice."),
    ("Protein folding", "Amino acids fold into enzymes."),
    ("Auctions for bidders", "Prices clear in markets with many bidders."),
    ("Wheat under drones", "Fields are watched from above for blight."),
    ("Galaxies merge", "Stars drift in dark halos."),
    ("Statutes in court", "Judges cite earlier verdicts."),
)


def past(count: int) -> Background:
    """A background of so many papers on eight topics."""
    return Background.of(
        builders.paper(n, title=TOPICS[n % 8][0], abstract=f"{TOPICS[n % 8][1]} Variant {chr(97 + n % 7)}{n % 11}.")
        for n in range(1, count + 1)
    )


DAY = [builders.paper(900 + n, title=title, abstract=abstract) for n, (title, abstract) in enumerate(TOPICS[:3])]


def test_papers_on_one_topic_are_alike_and_others_are_not() -> None:
    """Likeness is 1 for the same text, high within a topic and low across topics."""
    background = past(LEAST_PAPERS)
    features = Features.of(DAY, background)
    same = alike(features.likeness, features.likeness, 0.4)
    assert np.diag(same) == pytest.approx(1.0)
    across = alike(features.likeness, background.likeness(background.papers[:8]), 0.4)
    assert [int(row.argmax()) for row in across] == [7, 0, 1]
    assert min(row.max() for row in across) > 0.5
    assert max(np.sort(row)[-2] for row in across) < 0.1


def test_the_same_papers_give_the_same_numbers() -> None:
    """Nothing in the features depends on the run."""
    one, other = Features.of(DAY, past(250)), Features.of(DAY, past(250))
    assert np.array_equal(one.likeness.topics, other.likeness.topics)
    assert (one.likeness.words != other.likeness.words).nnz == 0
    assert one.ids == tuple(paper.id for paper in DAY)


def test_vectors_tell_papers_of_one_field_apart() -> None:
    """Where all vectors differ in their field above all, papers of one field are as good as the same by them, and plainly
    not once that is turned down; the same subject stays near, and a paper without a vector is near nothing."""
    rng = np.random.default_rng(3)
    papers = [builders.paper(n, title=f"Study {n}") for n in range(1, 241)]
    vectors = Vectors()
    for at, paper in enumerate(papers[:-1]):
        field, subject = np.eye(2)[at % 2], np.eye(8)[at % 8]
        about = np.concatenate([9.0 * field, subject, 0.1 * rng.standard_normal(8)])
        vectors.papers[paper.id, paper.version] = about.astype(np.float32)
    likeness = Background.of(papers, vectors).likeness([papers[0], papers[8], papers[2], papers[1], papers[-1]])
    assert likeness.dense is not None
    assert likeness.fine is not None
    broad, fine = (likeness.dense @ likeness.dense.T)[0], (likeness.fine @ likeness.fine.T)[0]
    same, field = 1, 2
    assert broad[same] - broad[field] < 0.1
    assert fine[same] - fine[field] > 0.4
    assert fine[same] > 0.4
    assert broad[-1] == fine[-1] == 0.0


def test_a_few_vectors_do_no_harm() -> None:
    """One vector or none among the past papers, or all the same: still numbers, unit rows or zeros."""
    papers = [builders.paper(n, title=f"Study {n}") for n in range(1, 241)]
    for known in (0, 1, len(papers)):
        vectors = Vectors()
        for paper in (*papers[:known], *DAY):
            vectors.papers[paper.id, paper.version] = np.array([1.0, 2.0, 3.0], dtype=np.float32)
        likeness = Features.of(DAY, Background.of(papers, vectors)).likeness
        assert likeness.fine is not None
        lengths = np.linalg.norm(likeness.fine, axis=1)
        assert all(length == 0 or length == pytest.approx(1.0, abs=1e-5) for length in lengths)


def test_too_few_past_papers_are_joined_by_the_days() -> None:
    """Without a past, the day's own papers tell what is usual, each once."""
    assert len(Features.of(DAY, Background.of(())).background.papers) == len(DAY)
    thin = Background.of([DAY[0], builders.paper(1)])
    assert [paper.id for paper in Features.of(DAY, thin).background.papers] == [
        paper.id for paper in (DAY[0], builders.paper(1), DAY[1], DAY[2])
    ]
    rich = past(LEAST_PAPERS)
    assert Features.of(DAY, rich).background is rich


def test_a_word_that_nobody_used_before_can_still_be_looked_for() -> None:
    """A name coined today is found in today's papers, and what no paper has is found in none."""
    coined = builders.paper(950, title="Zorbify: a new thing", abstract="Zorbify zorbifies.")
    features = Features.of([*DAY, coined], past(LEAST_PAPERS))
    found = features.mentions_of(("zorbifi", "nowhere", "grpo", "=group relative policy optimization"))
    assert found.shape == (4, 4)
    assert found[3, 0] > 0
    assert not found[:, 1].any()
    assert found[0, 2] > 0
    assert found[0, 3] > 0
    assert not found[1:, 2:].any()


def test_the_title_counts_more_than_the_abstract() -> None:
    """A word in the title is more of a mention than one in the abstract."""
    named = builders.paper(1, title="Quark", abstract="Something else entirely is said here.")
    aside = builders.paper(2, title="Something", abstract="Quark else entirely is said here.")
    mentions = Features.of([named, aside], past(LEAST_PAPERS)).mentions_of(("quark",))[:, 0]
    assert mentions[0] > mentions[1] > 0


def test_rare_words_tell_more() -> None:
    """Rarity falls with the number of papers that have a word."""
    usual = past(300)
    assert usual.rarity(("nowhere",))[0] > usual.rarity(("quark",))[0] > usual.rarity(("variant",))[0] >= 0


def test_main_directions_are_the_strongest() -> None:
    """The projection finds what a full decomposition finds."""
    rng = np.random.default_rng(1)
    rows = (rng.standard_normal((60, 4)) * [9.0, 5.0, 3.0, 0.1]) @ rng.standard_normal((4, 40))
    found = main_directions(sparse.csr_matrix(rows.astype(np.float32)), 3)
    exact = np.linalg.svd(rows, full_matrices=False)[2][:3]
    assert np.abs(np.diag(found.T @ exact.T)) == pytest.approx(np.ones(3), abs=0.02)
    assert found.T @ found == pytest.approx(np.eye(3), abs=1e-3)


def test_a_direction_in_which_nothing_differs_is_nothing() -> None:
    """What rounding leaves there is another on every processor, and would be as long as what tells papers apart."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((60, 3)) @ rng.standard_normal((3, 40))
    found = main_directions(sparse.csr_matrix(rows.astype(np.float32)), 8)
    assert found[:, :3].T @ found[:, :3] == pytest.approx(np.eye(3), abs=1e-3)
    assert not found[:, 3:].any()


@pytest.mark.parametrize("stretch", [1.0, 1e-2, 1e-5, 0.0])
def test_columns_are_set_upright(stretch: float) -> None:
    """However little one column sticks out of the others, what comes out is upright and spans the same."""
    columns = np.random.default_rng(2).standard_normal((50, 6)).astype(np.float32)
    columns[:, 3] = columns[:, 2] + np.float32(stretch) * columns[:, 3]
    found = features._upright(columns)
    assert found.T @ found == pytest.approx(np.eye(6), abs=1e-5)
    assert found @ (found.T @ columns) == pytest.approx(columns, abs=1e-4)


def test_what_is_usual_is_taken_from_the_wanted_categories() -> None:
    """Papers of the same categories stand for what is usual where there are enough of them, else all do."""
    mixed = Background.of(
        builders.paper(n, title=TOPICS[n % 8][0], categories=("cs.LG" if n % 2 else "hep-lat",)) for n in range(1, 301)
    )
    for wanted, found in (("hep-lat", {"hep-lat"}), ("math.NT", {"cs.LG", "hep-lat"})):
        usual = mixed.usual(frozenset({wanted}))
        assert {mixed.papers[at].primary for at in usual.places} == found
        assert usual.words.shape == (len(usual.places), len(usual.places))


def test_words_in_sum_are_those_of_their_papers() -> None:
    """The weights of past and other papers' words, each paper times its share, and those at a few words alone."""
    background = past(240)
    places = np.array([3, 17, 101], dtype=np.intp)
    shares, theirs = np.array([0.5, -1.0, 2.0], dtype=np.float32), np.array([1.0, -0.25, 3.0], dtype=np.float32)
    wanted = shares @ background.everything.words[places].toarray() + theirs @ background.likeness(DAY).words.toarray()
    assert np.allclose(background.summed(places, shares, DAY, theirs), wanted, atol=1e-6)
    some = np.arange(0, len(background.vocabulary), 7, dtype=np.int32)
    assert np.allclose(background.words_of(DAY, some), background.likeness(DAY).words[:, some].toarray())


def test_the_sample_of_what_is_usual_is_read_from_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are too many past papers for all their pairs to be kept, a sample is compared itself, with the same
    result."""
    kept = past(240).usual(frozenset({"cs.LG"}))
    monkeypatch.setattr(features, "MOST_PAIRED", 100)
    compared = past(240).usual(frozenset({"cs.LG"}))
    assert np.array_equal(kept.places, compared.places)
    assert np.allclose(kept.words, compared.words, atol=1e-3)


@pytest.mark.parametrize("at_once", [1, 7, 100])
def test_likeness_in_words_is_that_of_all_words(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    """Comparing by the words that are there finds the whole product, also for papers that have none."""
    monkeypatch.setattr(features, "COMPARED", at_once)
    background = past(240)
    left = background.everything.words
    nothing = builders.paper(950, title="", abstract="")
    right = background.likeness([*DAY, *background.papers[:30], nothing]).words
    assert np.allclose(in_words(left, right), (left @ right.T).toarray(), atol=1e-6)
    assert in_words(left, right[:0]).shape == (240, 0)


def test_the_papers_that_were_asked_for_last_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of judged papers those stay that somebody asks for, and what was dropped comes back the same."""
    monkeypatch.setattr(features, "MOST_ROWS", 2)
    background = past(240)
    wanted = [background.likeness([paper]).topics for paper in DAY]
    assert len(background._rows) == 2
    background.likeness(DAY[1:2])
    background.likeness(DAY[:1])
    assert set(background._rows) == {features.key_of(paper) for paper in DAY[:2]}
    assert [background.likeness([paper]).topics.tolist() for paper in DAY] == [rows.tolist() for rows in wanted]


def test_what_is_worked_out_is_kept() -> None:
    """What was asked for before is not worked out again, and the rest in one go, each once."""
    background, asked = past(30), list[list[str]]()

    def double(keys: list[str]) -> list[str]:
        asked.append(keys)
        return [key + key for key in keys]

    assert background.keep_all(["a", "b", "a"], double) == ["aa", "bb", "aa"]
    assert background.keep_all(["b", "c"], double) == ["bb", "cc"]
    assert background.keep_all(["c"], double) == ["cc"]
    assert asked == [["a", "b"], ["c"]]
