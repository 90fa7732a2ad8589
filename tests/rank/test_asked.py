"""What interests ask for: the past papers that speak of them most."""

from __future__ import annotations

import random

import numpy as np

from bot.rank import interests
from bot.rank.asked import ECHO_PAPERS, Asked
from bot.rank.features import Background
from tests.support.builders import paper


def test_those_past_papers_stand_for_an_interest_that_speak_of_it_most() -> None:
    """Of papers that are alike otherwise, those that name it oftenest, however many there are."""
    rng = random.Random(1)
    often = [1 + n % 40 for n in range(1200)]
    rng.shuffle(often)
    past = [
        paper(n, title=f"Paper {n}", abstract="bandits " * times + "filler " * (60 - times), categories=("cs.LG",))
        for n, times in enumerate(often)
    ]
    (places,) = Asked.of(Background.of(past), interests.parse("bandits")).past
    assert sorted(often[at] for at in places) == sorted(often)[-ECHO_PAPERS:]


def test_past_papers_that_speak_equally_of_an_interest_count_in_their_order() -> None:
    """The same on every machine."""
    past = [paper(n, title="Bandits", abstract="Regret of bandits.", categories=("cs.LG",)) for n in range(300)]
    asked = Asked.of(Background.of(past), interests.parse("bandits"))
    assert np.array_equal(asked.past, [range(ECHO_PAPERS)])
    assert np.allclose(asked.past_shares, asked.past_shares[0, 0])
