"""Formulas as a picture."""

from __future__ import annotations

import struct

import pytest

from bot.chat.picture import LONGEST, NoPicture, can_be_drawn, drawn

CASES = r"\text{Fact}_i = \begin{cases} 1 & p_i > \tau \\ 0 & \text{otherwise} \end{cases}"


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height in pixels."""
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    return width, height


@pytest.mark.parametrize(
    "latex",
    [
        CASES,
        r"\begin{aligned} a &= b \\ &= c \end{aligned}",
        r"\begin{align} a &= b \label{x} \\ &= c \tag{3} \end{align}",
        r"A = \begin{pmatrix} 1 & 0 \\ 0 & \sqrt{x} \end{pmatrix}",
    ],
)
async def test_what_one_line_cannot_show_is_drawn(latex: str) -> None:
    """Cases, aligned equations and matrices have more than one line."""
    _, height = size_of(await drawn([latex]))
    _, line = size_of(await drawn(["x"]))
    assert height > 1.3 * line


async def test_several_formulas_are_one_picture() -> None:
    """They stand under each other, and one that cannot be drawn does not keep the others away."""
    one = size_of(await drawn([CASES]))
    two = size_of(await drawn([CASES, r"\frac{a}{b", CASES]))
    assert two[0] == one[0]
    assert 1.5 * one[1] < two[1] < 2.5 * one[1]


async def test_a_picture_is_one_that_telegram_takes() -> None:
    """Neither too large nor too narrow a strip."""
    for formulas in (["x + " * 60 + "x"], [CASES] * 12):
        width, height = size_of(await drawn(formulas))
        assert width + height <= 10_000
        assert max(width, height) <= 20 * min(width, height)


@pytest.mark.parametrize("latex", [r"\frac{a}{b", "", "x" * (LONGEST + 1), r"\begin{cases} a"])
async def test_what_is_broken_is_no_picture(latex: str) -> None:
    """That is known before anything is drawn."""
    assert not can_be_drawn(latex)
    with pytest.raises(NoPicture):
        await drawn([latex])


async def test_a_formula_that_takes_ages_is_left_out() -> None:
    """The drawing program needs twice the time for each of these fences; the formula beside them is drawn."""
    ages = r"\left(" * 60 + "x" + r"\right)" * 60
    assert size_of(await drawn([ages, "x"])) == size_of(await drawn(["x"]))


async def test_a_picture_that_takes_too_long_is_given_up() -> None:
    """Whoever waits is told."""
    with pytest.raises(NoPicture):
        await drawn([CASES], seconds=0.01)
