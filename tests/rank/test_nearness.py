"""What is kept of how like papers are is what would be worked out anew."""

from __future__ import annotations

import numpy as np
import pytest

from bot.rank import nearness
from bot.rank.nearness import KeptNearness, Nearness
from tests.rank.test_promises import DAY, FEATURES, PAST

PLACES = [4, 0, 2]


def test_kept_and_fresh_are_the_same() -> None:
    """Pairs of the day's papers, and the day's against judged ones: the same from both, the first time and the next."""
    fresh, kept = Nearness(FEATURES), KeptNearness(FEATURES)
    for judged in (PAST[:5], PAST[3:9], [DAY[0], PAST[1]], []):
        assert np.allclose(kept.to(judged, PLACES), fresh.to(judged, PLACES), atol=1e-6)
        assert kept.to(judged, PLACES).shape == (3, len(judged))
    assert np.allclose(kept.alike(PLACES), fresh.alike(PLACES), atol=1e-6)


def test_a_sum_is_that_of_its_papers() -> None:
    """Several rows of shares of the same papers at once: the likeness of each paper, times its share, in sum."""
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


def test_more_papers_than_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more papers were judged than are kept, those of before make room."""
    monkeypatch.setattr(nearness, "MOST_KEPT", 6)
    fresh, kept = Nearness(FEATURES), KeptNearness(FEATURES)
    for start in range(0, 20, 4):
        judged = PAST[start : start + 5]
        assert np.allclose(kept.to(judged, PLACES), fresh.to(judged, PLACES), atol=1e-6)


def test_more_papers_than_pairs_are_kept_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """After days without an announcement there are many papers: only what is asked for is compared."""
    monkeypatch.setattr(nearness, "MOST_PAIRED", 3)
    kept = KeptNearness(FEATURES)
    assert np.allclose(kept.alike(PLACES), Nearness(FEATURES).alike(PLACES), atol=1e-6)
    assert "_pairs" not in vars(kept)


def test_past_papers_are_compared_from_the_start() -> None:
    """A judged paper that is one of the past ones takes no further room, and is what it would be compared anew."""
    kept, fresh = KeptNearness(FEATURES), Nearness(FEATURES)
    everything = range(len(DAY))
    assert np.allclose(kept.past.T, fresh.to(FEATURES.background.papers, everything), atol=1e-6)
    kept.to(FEATURES.background.papers[:5], everything)
    assert kept._used == len(kept.past)
