"""Time zones as people write them."""

from __future__ import annotations

import contextlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import timezones
from bot.errors import UnknownTimezone


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        ("berlin", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("new_york", "America/New_York"),
        ("北京", "Asia/Shanghai"),
        ("Beijing", "Asia/Shanghai"),
        ("UTC", "UTC"),
        ("utc+8", "Etc/GMT-8"),
        ("GMT-5", "Etc/GMT+5"),
        ("UTC+05:30", "Asia/Kolkata"),
        ("+8", "Etc/GMT-8"),
        ("UTC+0", "UTC"),
        ("  Tokyo ", "Asia/Tokyo"),
    ],
)
def test_find(text: str, zone: str) -> None:
    """Names, cities and offsets are understood, whatever their case."""
    assert timezones.find(text) == zone
    ZoneInfo(timezones.find(text))


def test_near_names_are_offered() -> None:
    """A slip of the pen names what was probably meant."""
    with pytest.raises(UnknownTimezone) as caught:
        timezones.find("Europe/Berln")
    assert "Europe/Berlin" in caught.value.near


@pytest.mark.parametrize("text", ["", "nowhere at all", "UTC+99", "UTC+8:17", "../etc/passwd", "\x00", "Factory"])
def test_what_is_no_zone_is_refused(text: str) -> None:
    """There is always one clear error."""
    with pytest.raises(UnknownTimezone):
        timezones.find(text)


@given(st.text(max_size=60))
def test_any_text_gives_a_zone_or_the_error(text: str) -> None:
    """Nothing that can be typed breaks the search, and what is found can be loaded."""
    with contextlib.suppress(UnknownTimezone):
        ZoneInfo(timezones.find(text))
