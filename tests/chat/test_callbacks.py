from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import callbacks
from bot.chat.callbacks import (
    Ask,
    Category,
    Draw,
    Empty,
    Fold,
    Forget,
    Hour,
    Language,
    Layout,
    NotBecause,
    Page,
    Press,
    Quiet,
    Read,
    ReportFile,
    Restore,
    Setup,
    Size,
    Subscribe,
    Unfold,
    Unfollow,
    UnknownPress,
    Unmute,
    Vote,
    Why,
    Zone,
    decode,
    encode,
    mark,
)
from bot.model import VerdictKind

# What stands in chats already: these lines may only ever grow.
CARRIED: list[tuple[str, Press]] = [
    ("1u|2602.14080v1", Unfold("2602.14080v1")),
    ("1u|astro-ph.CO/0701001v12", Unfold("astro-ph.CO/0701001v12")),
    ("1f|hep-th/9901001v1|2147483647", Fold("hep-th/9901001v1", 2147483647)),
    ("1v|like|2602.14080v1|17", Vote(VerdictKind.LIKE, "2602.14080v1", 17)),
    ("1v|dislike|math.GT/0309136v2|0", Vote(VerdictKind.DISLIKE, "math.GT/0309136v2", 0)),
    ("1v|save|2602.14080v1|17", Vote(VerdictKind.SAVE, "2602.14080v1", 17)),
    ("1s|interests", Setup("interests")),
    ("1c|setup|cond-mat.mtrl-sci", Category("setup", "cond-mat.mtrl-sci")),
    ("1h|settings|0830", Hour("settings", "0830")),
    ("1z|settings|America/Argentina/ComodRivadavia", Zone("settings", "America/Argentina/ComodRivadavia")),
    ("1l|setup|zh", Language("setup", "zh")),
    ("1n|10", Size(10)),
    ("1q|0", Quiet(0)),
    ("1o|1", Subscribe(1)),
    ("1a|interests", Ask("interests")),
    ("1w|0123456789ab", Unfollow("0123456789ab")),
    ("1m|0123456789ab", Unmute("0123456789ab")),
    ("1x|chat", Forget("chat")),
    ("1d|2026-02-18", Read("2026-02-18")),
    ("1d|", Read("")),
    ("1R|2026-02-18", ReportFile("2026-02-18")),
    ("1p|2602.14080v1|17|3", Page("2602.14080v1", 17, 3)),
    ("1i|2602.14080v1", Draw("2602.14080v1")),
    ("1y|rich", Layout("rich")),
    ("1k|astro-ph.CO/0701001", Why("astro-ph.CO/0701001")),
    (
        "1b|institution|0123456789ab|astro-ph.CO/0701001",
        NotBecause("institution", "0123456789ab", "astro-ph.CO/0701001"),
    ),
    ("1b|word|0123456789ab|", NotBecause("word", "0123456789ab", "")),
    ("1r|0123456789ab", Restore("0123456789ab")),
    ("1e|interests", Empty("interests")),
]


@pytest.mark.parametrize(("data", "press"), CARRIED, ids=[data for data, _ in CARRIED])
def test_old_buttons_keep_their_meaning(data: str, press: Press) -> None:
    """What a button carried when it was posted means the same in every later Paperboy."""
    assert decode(data) == press
    assert encode(press) == data
    assert len(data.encode()) <= 64


def test_every_press_is_held_to_its_letter() -> None:
    """No press is without a line above."""
    assert {type(press) for _, press in CARRIED} == set(callbacks._LETTERS.values())


@pytest.mark.parametrize(
    "data",
    [
        "",
        "1",
        "1u",
        "u|x",
        "2u|2602.14080v1",
        "1!|x",
        "1u|a|b",
        "1f|2602.1v1|x",
        "1v|love|2602.1v1|1",
        "1n|",
        "{}",
        f"1n|{2**63}",
        "1f|2602.1v1|-99999999999999999999",
    ],
)
def test_unknown_data_is_told_apart(data: str) -> None:
    """Data of another bot, of a newer Paperboy or damaged is never taken for something else."""
    with pytest.raises(UnknownPress):
        decode(data)


@given(st.text(max_size=80))
def test_any_data_is_a_press_or_unknown(data: str) -> None:
    """Whatever a client sends, there is no other error."""
    try:
        press = decode(data)
    except UnknownPress:
        return
    assert type(press) in callbacks._LETTERS.values()


@pytest.mark.parametrize("paper", ["a|b", "x" * 80, "字" * 30, "a\nb"])
def test_what_cannot_be_carried_is_refused(paper: str) -> None:
    """A button that Telegram would refuse, or that would be read wrongly, is never made."""
    with pytest.raises(ValueError, match="no button"):
        encode(Unfold(paper))


def test_fields_are_of_kinds_that_can_be_read_back() -> None:
    """Every field of every press has a reader."""
    for kind in callbacks._LETTERS.values():
        assert {str(field.type) for field in fields(kind)} <= set(callbacks._READERS)


def test_a_mark_is_the_same_everywhere() -> None:
    """A mark does not depend on the process that made it, and tells neighbours apart."""
    assert mark("author", "Yann LeCun") == mark("author", "Yann LeCun") == "f200b27b5c34"
    assert mark("author", "a") != mark("authora", "")
