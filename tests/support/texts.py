"""Full texts for the card's tests, put together from plain words: a test names only what it is about."""

from __future__ import annotations

from bot.model import Equation, Figure, FullText, Paragraph, Section, Source, Table

URL = "https://arxiv.org/html/2602.00001v1"


def part(
    title: str, *paragraphs: str, anchor: str = "", level: int = 1, appendix: bool = False, **floats: tuple[object, ...]
) -> Section:
    """A section; its anchor is made of its title, its paragraphs' anchors count from p1. `floats` are equations, tables
    and figures."""
    anchor = anchor or f"S-{title.replace(' ', '-')}"
    numbered = tuple(Paragraph(f"{anchor}.p{i}", text) for i, text in enumerate(paragraphs, 1))
    return Section(anchor, level, "", title, numbered, appendix=appendix, **floats)  # type: ignore[arg-type] # by name


def text(*sections: Section, abstract: str = "", source: Source = Source.HTML, **more: object) -> FullText:
    """A full text of these sections; `more` are further fields by their names."""
    return FullText(source, URL, abstract, sections, **more)  # type: ignore[arg-type] # by name


def equation(latex: str, anchor: str = "S1.E1", mathml: str = "") -> Equation:
    """A display equation."""
    return Equation(anchor, latex, mathml)


def table(caption: str, *rows: tuple[str, ...], anchor: str = "S1.T1") -> Table:
    """A table whose first row is its header."""
    return Table(anchor, caption, rows[:1], rows[1:])


def figure(caption: str, anchor: str = "S1.F1") -> Figure:
    """A figure."""
    return Figure(anchor, caption)
