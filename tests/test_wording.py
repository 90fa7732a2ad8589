"""What people type into a setting, in both languages, and what no setting takes."""

from __future__ import annotations

import contextlib
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import BadFollow, BadTime
from bot.model import Follow, FollowKind, Mute, MuteKind
from bot.wording import parse_follow, parse_follows, parse_hour, parse_interests, parse_mute


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("8", time(8)),
        ("08:00", time(8)),
        ("8:30", time(8, 30)),
        ("8.30", time(8, 30)),
        ("8 pm", time(20)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
        ("20点", time(20)),
        ("20点30分", time(20, 30)),
        ("晚上8点半", time(20, 30)),
        ("晚上12点", time(0)),
        ("下午12点", time(12)),
        ("早上7点", time(7)),
        ("23:59", time(23, 59)),
        ("８：３０", time(8, 30)),
        ("18h", time(18)),
    ],
)
def test_hours_as_people_write_them(text: str, hour: time) -> None:
    """Both languages' ways to write a time of day are understood."""
    assert parse_hour(text) == hour


@pytest.mark.parametrize("text", ["", "24:00", "8:60", "soon", "-1", "13 pm am", "25", "8:3", "0 am", "1e1"])
def test_what_is_no_hour_is_refused(text: str) -> None:
    """There is one clear error."""
    with pytest.raises(BadTime):
        parse_hour(text)


@given(st.text(max_size=30))
def test_any_text_is_an_hour_or_the_error(text: str) -> None:
    """Nothing that can be typed breaks the parser."""
    with contextlib.suppress(BadTime):
        assert isinstance(parse_hour(text), time)


@pytest.mark.parametrize(
    ("text", "follow"),
    [
        ("Yann LeCun", Follow(FollowKind.AUTHOR, "Yann LeCun")),
        ("author: Wei Meta", Follow(FollowKind.AUTHOR, "Wei Meta")),
        ("Tsinghua University", Follow(FollowKind.INSTITUTION, "Tsinghua University")),
        ("@MIT", Follow(FollowKind.INSTITUTION, "MIT")),
        ("机构：清华大学", Follow(FollowKind.INSTITUTION, "清华大学")),
        ("inst: Somewhere", Follow(FollowKind.INSTITUTION, "Somewhere")),
    ],
)
def test_follows(text: str, follow: Follow) -> None:
    """Marks and tell-tale words tell an institution from an author."""
    assert parse_follow(text) == follow


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Yann LeCun, Kaiming He", ["Yann LeCun", "Kaiming He"]),
        ("Hinton，Bengio；李飞飞、何恺明", ["Hinton", "Bengio", "李飞飞", "何恺明"]),
        ("University of California, Berkeley, @MIT", ["@University of California, Berkeley", "@MIT"]),
        ("LeCun, Y., Smith, Jr., CMU, Li", ["LeCun, Y", "Smith, Jr", "@CMU", "Li"]),
        ("inst: Somewhere, Elsewhere, author: Jane Doe", ["@Somewhere", "@Elsewhere", "Jane Doe"]),
        ("Ada Author,, ,Ada Author", ["Ada Author"]),
    ],
)
def test_several_follows(text: str, names: list[str]) -> None:
    """Commas part names, but not a name from what belongs to it; a mark holds for what comes after it."""
    found = parse_follows(text)
    assert [("@" if one.kind is FollowKind.INSTITUTION else "") + one.value for one in found] == names


def test_nobody_to_follow() -> None:
    """Separators alone name nobody."""
    for nothing in ("", " , ,", "；"):
        with pytest.raises(BadFollow):
            parse_follows(nothing)


@pytest.mark.parametrize("text", ["-", " clear ", "None", "清空", "—"])
def test_interests_are_taken_back(text: str) -> None:
    """A dash or a word for nothing states no interests."""
    assert parse_interests(text) == ""


def test_mutes() -> None:
    """A mute is a word unless it is marked as an author."""
    assert parse_mute("medical imaging") == Mute(MuteKind.WORD, "medical imaging")
    assert parse_mute("作者：Jane Doe") == Mute(MuteKind.AUTHOR, "Jane Doe")
    for nothing in ("", "  ", "author:", "x" * 121):
        with pytest.raises(BadFollow):
            parse_mute(nothing)


def test_white_space_of_any_kind_parts_words() -> None:
    """Tabs and wide spaces between words are one space, new lines stay, control characters go."""
    assert parse_interests("GRPO\treward\u3000hacking\x00\n world  models ") == "GRPO reward hacking\n world models"
    assert parse_follow("Yann\tLeCun") == Follow(FollowKind.AUTHOR, "Yann LeCun")
    assert parse_mute("medical\r\nimaging") == Mute(MuteKind.WORD, "medical imaging")
