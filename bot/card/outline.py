"""A full text as the analyst reads it: each section with its role, each sentence with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.card import lexicon
from bot.card.citations import cites, without_citations
from bot.card.sentences import quotable, split
from bot.model import FullText, Paragraph, Section

ABSTRACT = "abstract"
METHOD = "method"
OTHER = "other"

_RUN_IN = re.compile(r"(?:^|(?<=[.!?] ))[A-Z][^.:?!$]{2,60}(?=[.:?](?:\s+[A-Z$“\"(]|\s*$))")
_VERB = re.compile(r"\b(?:is|are|was|were|we|has|have|can|it|this|these|shows?|our|their|needs?)\b", re.IGNORECASE)
_UNQUOTED = frozenset({"forms", "related", "background", "acknowledgements", "availability"})
_KEEPING = frozenset({"forms", "related", "limitations", "acknowledgements", "impact"})
_BEFORE_METHOD = frozenset({"introduction", "related", "background", "problem"})
_AFTER_METHOD = frozenset({"setup", "results", "ablation", "discussion", "conclusion"})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that can be quoted: its words without references, where it stands, and how far down its section
    (0 to 1)."""

    text: str
    anchor: str
    section: str
    role: str
    position: float
    appendix: bool
    cites: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A section with its role."""

    section: Section
    role: str


def parts_of(text: FullText) -> tuple[Part, ...]:
    """The sections with their roles, by their titles, else by their parents, else by where they stand."""
    own = [role_of(section.title) for section in text.sections]
    return tuple(Part(section, role) for section, role in zip(text.sections, _filled(text.sections, own), strict=True))


def role_of(title: str) -> str:
    """The role that a title tells, "" for none."""
    return next((role for role, pattern in lexicon.patterns("sections").items() if pattern.search(title)), "")


def _filled(sections: tuple[Section, ...], own: list[str]) -> list[str]:
    first_after = next((i for i, r in enumerate(own) if r in _AFTER_METHOD and not sections[i].appendix), len(own))
    roles: list[str] = []
    above: dict[int, str] = {}
    for i, section in enumerate(sections):
        parent = next((above[level] for level in range(section.level - 1, 0, -1) if level in above), "")
        role = own[i]
        if parent == "forms" or (parent in _KEEPING and role not in _KEEPING | {"conclusion", "discussion"}):
            role = parent  # "Training" below "Related Work" is no method
        elif role == METHOD and parent in _AFTER_METHOD:
            role = parent  # nor is "Language models" below "Experiments"
        if not role:
            role = parent or (METHOD if roles and i < first_after and set(roles) & _BEFORE_METHOD else OTHER)
        roles.append(role)
        above = {level: r for level, r in above.items() if level < section.level} | {section.level: role}
    return roles


def sentences_of(text: FullText, parts: tuple[Part, ...]) -> tuple[Sentence, ...]:
    """Every sentence that can be quoted, in the order of reading; of other people's work and of appendices only what
    the authors say of their own limits."""
    found = list(_of_abstract(text.abstract))
    for part in parts:
        if part.role not in _UNQUOTED and (not part.section.appendix or part.role in ("limitations", "impact")):
            found.extend(_of_section(part))
    return tuple(found)


def _of_abstract(abstract: str) -> Iterator[Sentence]:
    pieces = split(abstract)
    for i, piece in enumerate(pieces):
        words = without_citations(piece)
        if quotable(words):
            position = i / max(1, len(pieces) - 1)
            yield Sentence(words, ABSTRACT, "", ABSTRACT, position, appendix=False, cites=cites(piece, words))


def _of_section(part: Part) -> Iterator[Sentence]:
    section = part.section
    pieces = [(p, role, piece) for p in section.paragraphs for role, piece in _of_paragraph(p, part.role)]
    for i, (paragraph, role, piece) in enumerate(pieces):
        words = without_citations(piece)
        if not quotable(words):
            continue
        position = i / max(1, len(pieces) - 1)
        yield Sentence(
            words,
            paragraph.anchor or section.anchor,
            section.title,
            role if section.title or role != OTHER else _by_position(position),
            position,
            appendix=section.appendix,
            cites=cites(piece, words),
        )


def _by_position(position: float) -> str:
    """The role of a sentence in a letter without headings: it introduces at first, and concludes at last."""
    return "introduction" if position < 0.25 else "conclusion" if position > 0.9 else OTHER


def _of_paragraph(paragraph: Paragraph, role: str) -> Iterator[tuple[str, str]]:
    """The sentences of a paragraph with their roles: a heading within it ("Limitations. Our …") changes the role."""
    headings = run_in_headings(paragraph.text)
    for piece in split(paragraph.text):
        heading = next(
            (h for h in headings if piece.startswith(h) and piece[len(h) : len(h) + 1] in (".", ":", "?")), ""
        )
        if heading:
            role = role_of(heading) or role
            rest = piece[len(heading) :].lstrip(".:? ")
            if rest:
                yield role, rest
        else:
            yield role, piece


def run_in_headings(text: str) -> tuple[str, ...]:
    """The headings within a paragraph, like "Limitations." or "Main results:": a few words with a role and no verb."""
    return tuple(match[0] for match in _RUN_IN.finditer(text) if _is_heading(match[0]))


def _is_heading(words: str) -> bool:
    role = role_of(words)
    # "Model." heads a paragraph; "The training takes long." does not.
    return bool(role) and len(words.split()) <= (2 if role == METHOD else 6) and not _VERB.search(words)
