"""Whether a quote stands in the source, and whether every number of a claim stands in its quote or in a table.

Both sides are made plain first: Unicode forms, dashes and quotation marks, references in brackets, hyphens and line
breaks within words, and the markup of formulas do not count; letters, digits, signs and decimal points do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from bot.card.citations import without_citations
from bot.card.claims import claims_of, with_claims
from bot.card.quantities import Number, Quantities, quantities, stands
from bot.card.symbols import unified
from bot.model import Card, Claim, FullText, Judgement, Paper, Section

DOUBTFUL = 0.1
"""Share of unverified claims from which on a card as a whole needs verification."""

BATCH = 100_000
"""Characters that are made plain in one go."""

_LEAST_CONDENSED = 16  # letters; shorter quotes must stand there as whole words
_LEAST_WORDS = 4  # of a quote that is to bear out other words than its own
_LEAST_HAN = 8
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.\.\.)\s*\]|…+|\.{3,})\s*")
_ACROSS = 1200  # characters that may be left out of a quote at an ellipsis
_HAN = re.compile("[\u3400-\u9fff]")


_POWER = re.compile(r"(?<=\d)\^\{?(-?\d+)\}?")
_MARKUP = re.compile(r"[{}_^$&~⁡]")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SIGN = re.compile(r"(?<![\w)%.¦])\s?-\s?(?=[\d.])")
_RANGE = re.compile(r"(?<=\d)\s?-\s?(?=\d)")
_HYPHEN = re.compile(r"(?<=[^\W\d])-\s*(?=\w)|(?<=\w)-\s+(?=[^\W\d])|(?<=\d)-(?=[^\W\d])")
_STOP = re.compile(r"\.(?!\d)|(?<!\d)\.(?=\D)")
_OTHER = re.compile(r"[^\w\s.%±+−–<>=≤≥≈×∼→←↑↓∈·/|¶¦]")
_OPERATOR = re.compile(r"([±+<>=≤≥≈×∼→←↑↓∈·/|])")
_ONE_LETTER = str.maketrans({"ϵ": "ε", "ϕ": "φ", "ϑ": "θ", "ℓ": "l"})


def plain(text: str) -> str:
    """A text in the form in which quotes are compared: words and numbers in lower case, one space between them."""
    text = unified(without_citations(text)).casefold().translate(_ONE_LETTER)
    text = _POWER.sub(r"¦\1", text)  # 10^4 is not 104
    text = _THOUSANDS.sub("", _MARKUP.sub("", text))
    text = _SIGN.sub(" −", text)  # a sign, unlike the dash of a range or a word
    text = _STOP.sub(" ", _HYPHEN.sub("", _RANGE.sub("–", text)))
    return " ".join(_OPERATOR.sub(r" \1 ", _OTHER.sub(" ", text)).split())


def _condensed(spaced: str) -> str:
    """A plain text without its spaces, but for those between numbers."""
    return re.sub(r"(?<=[\d.]) (?=[\d.−])", "¬", spaced).replace(" ", "")


@dataclass(frozen=True, slots=True)
class Haystack:
    """A paper's whole text, made plain, in which quotes are looked for; build it once for a paper.

    `tables` holds each table's anchor and words, caption and header included; `references` the tables, figures, sections
    and equations there are ("table 2", "section 4.1").
    """

    spaced: str
    condensed: str
    tables: tuple[tuple[str, str], ...]
    references: frozenset[str]

    @classmethod
    def of(cls, text: FullText, paper: Paper | None = None) -> Haystack:
        """The haystack of a full text: abstract, headings, paragraphs, captions and tables, and what arXiv says of the
        paper where that is given."""
        # Many in one go, but a book in several, since an expression holds the interpreter while it runs. What separates pieces (¶) is in no quote, so no quote runs from one into the next.
        pieces = (piece.replace("¶", " ") for piece in _pieces(text, paper))
        whole = " ¶ ".join(plain("\n¶\n".join(batch)) for batch in _batches(pieces))
        tables = tuple(
            (table.anchor, " ; ".join([table.caption, *_cells(table.header), *_cells(table.rows)]))
            for section in text.sections
            for table in section.tables
        )
        return cls(f" {whole} ", _condensed(whole), tables, frozenset(_references(text.sections)))

    def has(self, quote: str) -> bool:
        """Whether a quote stands in the text; one with an ellipsis when its pieces stand in one paragraph, in order."""
        pieces = [piece for piece in _ELLIPSIS.split(quote) if plain(piece)]
        if len(pieces) > 1:
            return self._has_abridged(pieces)
        return bool(pieces) and self._find(plain(quote.replace("¶", " ")))

    def _find(self, needle: str) -> bool:
        if not needle:
            return False
        if f" {needle} " in self.spaced:
            return True
        condensed = _condensed(needle)
        return len(condensed) >= _LEAST_CONDENSED and self._has_condensed(condensed)

    def _has_condensed(self, needle: str) -> bool:
        """Spaces aside; but no number may be cut in two."""
        at = self.condensed.find(needle)
        while at >= 0:
            before, after = self.condensed[at - 1 : at], self.condensed[at + len(needle) : at + len(needle) + 2]
            if not (needle[-1].isdigit() and re.match(r"\d|\.\d|¦", after)) and not (
                needle[0].isdigit() and before and (before.isdigit() or before in ".¦")
            ):
                return True
            at = self.condensed.find(needle, at + 1)
        return False

    def _has_abridged(self, pieces: list[str]) -> bool:
        needles = [plain(piece.replace("¶", " ")) for piece in pieces]
        if any(len(needle.split()) < 2 and not _HAN.search(needle) for needle in needles):
            return False
        at = self.spaced.find(f" {needles[0]} ")
        while at >= 0:
            if self._goes_on(at + len(needles[0]) + 1, needles[1:]):
                return True
            at = self.spaced.find(f" {needles[0]} ", at + 1)
        return False

    def _goes_on(self, end: int, needles: list[str]) -> bool:
        for needle in needles:
            stop = self.spaced.find("¶", end)
            stop = min(end + _ACROSS, stop if stop >= 0 else len(self.spaced))
            at = self.spaced.find(f" {needle} ", end, stop)
            if at < 0:
                return False
            end = at + len(needle) + 1
        return True

    def names(self, name: str) -> bool:
        """Whether a name with digits in it stands anywhere in the text, hyphens and spaces aside."""
        needle = plain(name)
        return f" {needle} " in self.spaced or (len(needle) > 3 and self._has_condensed(_condensed(needle)))

    def refers(self, reference: str) -> bool:
        """Whether there is such a table, figure, section or equation, or the text speaks of one."""
        return reference in self.references or f" {reference} " in self.spaced.replace(" fig ", " figure ")

    def in_tables(self, number: Number, claim: Claim) -> bool:
        """Whether a number stands in a table. One or two digits stand in too many: they count only in the table that
        the claim points to."""
        telling = len(number.value.replace(".", "")) > 2 or "." in number.value
        named = {each for each in quantities(claim.text).references if each.startswith("table")}
        for anchor, words in self.tables:
            stated = _stated(words)
            pointed = (anchor and claim.anchor.startswith(anchor)) or bool(named & stated.references)
            if (telling or pointed) and stands(number, stated.numbers):
                return True
        return False


@lru_cache(maxsize=256)
def _stated(table: str) -> Quantities:
    return quantities(table, source=True)


def _batches(pieces: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for piece in pieces:
        batch.append(piece)
        size += len(piece)
        if size > BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _cells(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield from (cell for row in rows for cell in row)


def _pieces(text: FullText, paper: Paper | None) -> Iterator[str]:
    if paper is not None:
        yield from (paper.title, paper.abstract, paper.comments)
    yield text.abstract
    for section in text.sections:
        yield section.title
        yield from (paragraph.text for paragraph in section.paragraphs)
        yield from (figure.caption for figure in section.figures)
        for table in section.tables:
            yield table.caption
            for row in (*table.header, *table.rows):
                yield " ; ".join(row)


def _references(sections: Iterable[Section]) -> Iterator[str]:
    for section in sections:
        if section.number:
            yield f"section {section.number.casefold()}"
        for equation in section.equations:
            if equation.number:
                yield f"equation {equation.number.strip('()').casefold()}"
        for kind, shown in (("table", section.tables), ("figure", section.figures)):
            for each in shown:
                yield from quantities(each.caption[:40]).references
                numbered = re.search(r"\.[TF](\d+)$", each.anchor)
                if numbered is not None:
                    yield f"{kind} {numbered[1]}"


# --------------------------------------------------------------------------- claims


def verified(claim: Claim, haystack: Haystack) -> Claim:
    """The claim with `verified` computed: its quote stands in the source and bears its text out (it has the same words,
    or words enough), and every number of its text stands in the quote or in one of the paper's tables."""
    return replace(claim, verified=_bears_out(claim) and haystack.has(claim.quote) and not unfounded(claim, haystack))


def unfounded(claim: Claim, haystack: Haystack) -> tuple[str, ...]:
    """What a claim's text asserts in digits and the paper does not: numbers that are neither in the quote nor in a
    table, names ("GPT-5") and references ("table 9") that are nowhere. Nothing is rounded; units that differ differ."""
    if claim.text == claim.quote:
        return ()
    asserted = quantities(claim.text)
    quoted = quantities(claim.quote, source=True)

    def founded(number: Number) -> bool:
        return stands(number, quoted.numbers) or haystack.in_tables(number, claim) or _in_name(number, claim, haystack)

    missing = [
        f"{number.value} {number.unit}".strip()
        for number in sorted(asserted.numbers, key=lambda each: each.value)
        if not founded(number)
    ]
    missing += sorted(name for name in asserted.names - quoted.names if not haystack.names(name))
    for reference in sorted(asserted.references - quoted.references):
        # "In the table 86.2" refers to no table of that number.
        if not haystack.refers(reference) and not founded(Number(reference.split()[-1])):
            missing.append(reference)
    return tuple(missing)


def _in_name(number: Number, claim: Claim, haystack: Haystack) -> bool:
    """Whether a number is part of a name that the paper uses: "Llama 3", "WMT 2014"."""
    match = re.search(rf"[A-Z][\w-]*\s{re.escape(number.value)}(?![\d.]*\d)", unified(claim.text))
    return match is not None and not number.unit and haystack.names(match[0])


def _bears_out(claim: Claim) -> bool:
    quote = plain(claim.quote)
    if not quote:
        return False
    if plain(claim.text) in quote:
        return True
    return len(quote.split()) >= _LEAST_WORDS or len(_HAN.findall(quote)) >= _LEAST_HAN


def states_number(claim: Claim) -> bool:
    """Whether a claim's text states a number."""
    return bool(quantities(claim.text).numbers)


def checked(card: Card, haystack: Haystack) -> Card:
    """The card with every claim verified. Those that fail stay and are marked, but those that fail and state a number
    are dropped; `needs_verification` and its judgement follow from the share of those that failed."""
    judged = [verified(claim, haystack) for claim in claims_of(card)]
    in_doubt = doubtful(judged)

    def keep(claim: Claim) -> Claim | None:
        result = verified(claim, haystack)
        return result if result.verified or not states_number(claim) else None

    others = tuple(judgement for judgement in card.judgements if judgement is not Judgement.NEEDS_VERIFICATION)
    judgements = (*others, Judgement.NEEDS_VERIFICATION) if in_doubt else others
    return replace(with_claims(card, keep), judgements=judgements, needs_verification=in_doubt)


def doubtful(claims: Iterable[Claim]) -> bool:
    """Whether so many claims are unverified that the card needs verification."""
    given = [claim for claim in claims if claim.text]
    return sum(not claim.verified for claim in given) > DOUBTFUL * len(given)
