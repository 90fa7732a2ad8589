"""Voices: each reader's model is the solution of its own equations, however it is found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from bot.rank import voices
from bot.rank.voices import Common, Said, Vector, fitted

RNG = np.random.default_rng(5)
JUDGED, LEFT, USUAL = 9, 4, 30
STARTS = np.array([0, 1, 6, 9, 11, 12, 14])


def _rows(width: int) -> Vector:
    return RNG.standard_normal((JUDGED + LEFT + USUAL, width), dtype=np.float32) / np.float32(width**0.5)


WORDS, REST = _rows(20), _rows(5)
COMMON = Common(
    words=WORDS[JUDGED:] @ WORDS[JUDGED:].T,
    word_share=np.float32(0.7),
    rest=REST[JUDGED:],
    across=np.float32(0.7) * (WORDS[JUDGED:] @ WORDS[:JUDGED].T) + REST[JUDGED:] @ REST[:JUDGED].T,
    wanted=np.repeat(np.array([-0.1, 0.0], dtype=np.float32), [LEFT, USUAL]),
    ridge=np.repeat(np.array([4.0, 0.9], dtype=np.float32), [LEFT, USUAL]),
    usual=USUAL,
    counting=np.arange(LEFT + USUAL) % 7 != 6,
)
SAID = Said(
    places=np.array([3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 2, 4, 6]),
    wanted=RNG.choice([1.0, -0.4], STARTS[-1]),
    ridge=RNG.uniform(0.03, 0.5, STARTS[-1]),
    starts=STARTS,
)
NEAR = 0.7 * (WORDS[:JUDGED] @ WORDS[:JUDGED].T).astype(np.float64) + REST[:JUDGED] @ REST[:JUDGED].T


@pytest.mark.parametrize("few", [0, 10])
def test_each_reader_has_the_model_of_their_own_verdicts(monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """Worked out alone or with others, it solves the ridge regression on them and on what counts of what all have in
    common."""
    monkeypatch.setattr(voices, "FEW", few)
    found = fitted(NEAR, COMMON, SAID)
    counting = np.flatnonzero(COMMON.counting)
    inner = COMMON.likeness[np.ix_(counting, counting)]
    for reader, (start, end) in enumerate(pairwise(STARTS.tolist())):
        mine = SAID.places[start:end]
        across = COMMON.across[np.ix_(counting, mine)]
        whole = np.block([[NEAR[np.ix_(mine, mine)], across.T], [across, inner]]) + 1.0
        whole += np.diag(np.concatenate([SAID.ridge[start:end], COMMON.ridge[counting]]))
        wanted = np.concatenate([SAID.wanted[start:end], COMMON.wanted[counting]])
        shares = np.linalg.solve(whole, wanted)
        assert found.judged[mine, reader] == pytest.approx(shares[: len(mine)], abs=1e-6)
        assert found.common[counting, reader] == pytest.approx(shares[len(mine) :], abs=1e-6)
        assert np.count_nonzero(found.judged[:, reader]) == len(mine)
    assert not found.common[~COMMON.counting].any()


def test_what_steps_do_not_find_is_worked_out_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chat is not left without its table because a system is stubborn."""
    one = Said(SAID.places[:1], SAID.wanted[:1], SAID.ridge[:1], STARTS[:2])
    usual = fitted(NEAR, COMMON, one)
    monkeypatch.setattr(voices, "MOST_STEPS", 2)
    found = fitted(NEAR, COMMON, one)
    assert found.judged == pytest.approx(usual.judged, abs=1e-6)
    assert found.common == pytest.approx(usual.common, abs=1e-6)


def test_what_is_no_number_has_no_model() -> None:
    """It says so instead of ranking by nothing."""
    one = Said(SAID.places[:1], SAID.wanted[:1] * np.nan, SAID.ridge[:1] * np.nan, STARTS[:2])
    with pytest.raises(np.linalg.LinAlgError):
        fitted(NEAR, COMMON, one)
