"""Cells of a PDF's table are told apart by where they stand."""

from __future__ import annotations

from bot.pull.pdf.grid import grid
from bot.pull.pdf.layout import Float
from bot.pull.pdf.lines import Line, Word


def line(*words: Word) -> Line:
    """A line of words of size 10, so that cells are 8.5 points apart."""
    text = " ".join(word[2] for word in words)
    return Line(1, words[0][0], words[-1][1], 500, 10, text, [], 0, 0, 0, "Times", list(words))


def table(*rows: Line) -> Float:
    """A table of such rows."""
    return Float("table", 1, [], [[row] for row in rows])


ROWS = (
    line((0, 20, "Mean"), (23, 54, "teacher"), (70, 90, "84.1"), (110, 130, "14.8")),
    line((0, 40, "FixMatch"), (70, 90, "84.6"), (110, 130, "14.1")),
    line((0, 30, "BAPL"), (70, 90, "86.2"), (110, 130, "11.3")),
)


def test_columns_as_near_as_words_are_told_apart_by_the_other_rows() -> None:
    """A long label that runs up to its number, and headings without room between them."""
    heading = line((0, 30, "Method"), (64, 84, "Kvasir"), (87, 97, "D"), (100, 140, "HD95"))
    long = line((0, 40, "Supervised"), (43, 62, "only"), (70, 90, "78.4"), (110, 130, "21.6"))
    found = grid(table(heading, long, *ROWS))
    assert found == (
        (("Method", "Kvasir D", "HD95"),),
        (
            ("Supervised only", "78.4", "21.6"),
            ("Mean teacher", "84.1", "14.8"),
            ("FixMatch", "84.6", "14.1"),
            ("BAPL", "86.2", "11.3"),
        ),
    )


def test_a_heading_over_two_columns_stays_whole() -> None:
    """What reaches into columns without filling them is one cell."""
    above = line((78, 100, "Polyp"), (103, 121, "data"))
    heading = line((0, 30, "Method"), (70, 90, "Dice"), (110, 130, "HD95"))
    (first, second), _ = grid(table(above, heading, *ROWS))
    assert "Polyp data" in first
    assert second == ("Method", "Dice", "HD95")


def test_a_heading_of_one_word_for_each_column_is_one_cell_each() -> None:
    """Right-aligned numbers stand beside their headings, which fill no column."""
    heading = line((30, 36, "d"), (40, 66, "Theory"), (70, 112, "Simulation"))
    rows = [
        line((20, 36, "512"), (50, 66, "62.4"), (80, 112, "63.0")),
        line((10, 36, "4096"), (50, 66, "83.2"), (80, 112, "82.0")),
    ]
    assert grid(table(heading, *rows))[0] == (("d", "Theory", "Simulation"),)
