"""What is kept of how like papers are is what would be worked out anew."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from bot.rank import nearness
from bot.rank.nearness import KeptNearness, Nearness
from tests.rank.test_promises import DAY, FEATURES, PAST

PLACES = [4, 0, 2]


def test_kept_and_fresh_are_the_same() -> None:
    """Pairs of the day's papers, and the day's against judged ones, each compared by itself."""
    fresh, kept = Nearness(FEATURES), KeptNearness(FEATURES)
    words = FEATURES.likeness.words[PLACES]
    for judged in (PAST[:5], PAST[3:9], [DAY[0], PAST[1]], []):
        theirs = FEATURES.background.likeness(judged).words
        assert np.allclose(kept.to(judged, PLACES), (words @ theirs.T).toarray(), atol=1e-6)
    assert np.allclose(kept.alike(PLACES), fresh.alike(PLACES), atol=1e-6)


@pytest.mark.parametrize("summed_at_once", [1, 512])
def test_a_sum_is_that_of_its_papers(monkeypatch: pytest.MonkeyPatch, summed_at_once: int) -> None:
    """Several rows of shares of the same papers at once: the likeness of each paper, times its share, in sum."""
    monkeypatch.setattr(nearness, "MOST_SUMMED", summed_at_once)
    kept, everything = KeptNearness(FEATURES), range(len(DAY))
    shares = [np.array([0.5, 0.0, -2.0], dtype=np.float32), np.array([0.0, 1.0, 0.0], dtype=np.float32)]
    found = kept.summed([PAST[:3], PAST[5:6]], [shares, [np.ones(1, dtype=np.float32)]])
    near = kept.to(PAST[:3], everything)
    assert np.allclose(
        found.words, [near @ shares[0], near @ shares[1], kept.to(PAST[5:6], everything)[:, 0]], atol=1e-6
    )
    topics = FEATURES.background.likeness(PAST[:3]).topics
    assert found.spaces[0] is not None
    assert np.allclose(found.spaces[0][0], shares[0] @ topics, atol=1e-6)


def test_more_papers_than_pairs_are_kept_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """After days without an announcement there are many papers: only what is asked for is compared."""
    monkeypatch.setattr(nearness, "MOST_PAIRED", 3)
    kept = KeptNearness(FEATURES)
    assert np.allclose(kept.alike(PLACES), Nearness(FEATURES).alike(PLACES), atol=1e-6)
    assert "_pairs" not in vars(kept)


@pytest.mark.parametrize("most", [0, 2048])
def test_past_papers_in_sum_are_as_each_of_them(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Those that stand for what is usual, all or some, each times its share, whether their likeness is kept or there are
    too many papers for that, and more sums than are written out at once."""
    monkeypatch.setattr(nearness, "MOST_PAIRED", most)
    monkeypatch.setattr(nearness, "ADDED_AT_ONCE", 2)
    past = FEATURES.background.papers
    fresh = Nearness(FEATURES).to(past, range(len(DAY)))
    shares = np.random.default_rng(0).normal(size=(5, len(past))).astype(np.float32)
    shares[:, ::3] = 0.0
    kept = KeptNearness(FEATURES)
    assert np.allclose(kept.past(shares), shares @ fresh.T, atol=1e-5)
    assert np.allclose(kept.past(sparse.csr_matrix(shares)), shares @ fresh.T, atol=1e-5)
    some = np.array([3, 0, 7])
    assert np.allclose(kept.past(shares[:, some], some), shares[:, some] @ fresh[:, some].T, atol=1e-5)
