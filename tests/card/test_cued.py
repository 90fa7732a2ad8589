"""Patterns with cues find what they find without."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.card import tags
from bot.card.cued import Cued, cued

OF_TAGS = {name: one for name, one in vars(tags).items() if isinstance(one, Cued)}


@pytest.mark.parametrize("name", OF_TAGS)
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(data=st.data())
def test_whatever_matches_has_a_cue(name: str, data: st.DataObject) -> None:
    """No cue keeps a pattern from finding what it stands for, whatever stands around it and in whatever case."""
    one = OF_TAGS[name]
    text = data.draw(st.from_regex(one.pattern))
    for written in (text, text.upper(), text.title()):
        found, plain = one.search(written), one.pattern.search(written)
        assert plain == found or (plain and found and plain.span() == found.span())


def test_letters_that_a_pattern_takes_for_others() -> None:
    """A long s, a dotless i, one with a dot and the sign of the kelvin match s, i and k where case does not matter."""
    one = cued(r"\bdisk", "disk")
    for written in ("diſk", "dısk", "DİSK", "dis\u212a"):
        assert one.search(written) is not None
        assert one.search(f"{written} \u2013 élan") is not None


def test_without_a_cue_nothing_is_found() -> None:
    """The cues decide; a pattern whose cues are wrong would be held by the test above."""
    assert cued("disk", "tape").search("a disk") is None
