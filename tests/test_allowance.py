"""One reader's haste is not everybody's wait."""

from __future__ import annotations

import pytest

from bot.allowance import Allowance
from bot.errors import TooMuch


def test_so_many_at_once() -> None:
    """The allowance is each reader's own, comes back with what has ended, also badly, and leaves nothing behind."""
    ours = Allowance(most=2)
    with ours.of(1), ours.of(1):
        with pytest.raises(TooMuch, match="2 papers"), ours.of(1):
            pass
        with ours.of(2):
            pass
    with pytest.raises(ZeroDivisionError), ours.of(1):
        raise ZeroDivisionError
    with ours.of(1), ours.of(1):
        pass
    assert not ours._under_way
