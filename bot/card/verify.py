"""Whether a quote stands in the source, and whether every number of a claim stands in its quote or in a table.

Both sides are made plain first: Unicode forms, dashes and quotation marks, references in brackets, hyphens and line
breaks within words, and the markup of formulas do not count; letters, digits, signs and decimal points do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.card import lexicon
from bot.card.citations import without_citations
from bot.model import Claim, FullText

_SYMBOLS = {
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "pm": "±", "mp": "∓", "times": "×", "cdot": "·",
    "approx": "≈", "sim": "∼", "simeq": "≃", "equiv": "≡", "propto": "∝", "infty": "∞", "to": "→", "rightarrow": "→",
    "leftarrow": "←", "uparrow": "↑", "downarrow": "↓", "Rightarrow": "⇒", "mapsto": "↦", "in": "∈", "notin": "∉",
    "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩", "sum": "∑", "prod": "∏", "int": "∫", "partial": "∂",
    "nabla": "∇", "forall": "∀", "exists": "∃", "mid": "|", "ldots": "...", "dots": "...", "cdots": "...", "ell": "l",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω",
    "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω", "prime": "′", "star": "⋆", "dagger": "†", "langle": "⟨", "rangle": "⟩", "top": "⊤",
}  # fmt: skip
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?|\\([^A-Za-z])")
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_INVISIBLE = re.compile("[\u0300-\u036f\u20d0-\u20ff\u00ad\u200b-\u200f\u2060-\u2064\ufeff\ue000-\uf8ff]")
_NAME = re.compile(r"[A-Za-z]\w*(?:-[\w.]*\w)+")  # GPT-4, Llama-3-8B, mean-teacher
_NUMBER = re.compile(r"(?<![\w.])[+-]?\d(?:[\d]|,(?=\d{3}(?!\d)))*(?:\.\d+)?")
_LEAST_CONDENSED = 16  # letters; shorter quotes must stand there as whole words


def plain(text: str) -> str:
    """A text in the form in which quotes are compared: words and numbers in lower case, one space between them."""
    text = without_citations(text)
    text = _COMMAND.sub(_command, text)
    text = unicodedata.normalize("NFKC", text)
    text = _INVISIBLE.sub("", text)
    text = _DASHES.sub("-", text).casefold().replace("ϵ", "ε").replace("ϕ", "φ").replace("ϑ", "θ").replace("ℓ", "l")
    text = re.sub(r"[{}_^$&~⁡]", "", text)
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)  # thousands
    text = re.sub(r"(?<![\w)%.])\s?-\s?(?=[\d.])", " −", text)  # a sign, unlike the dash of a range or a word
    text = re.sub(r"(?<=\d)\s?-\s?(?=\d)", "–", text)
    text = re.sub(r"(?<=[^\W\d])-\s*(?=\w)|(?<=\w)-\s+(?=[^\W\d])|(?<=\d)-(?=[^\W\d])", "", text)
    text = re.sub(r"\.(?!\d)|(?<!\d)\.(?=\D)", " ", text)
    text = re.sub(r"[^\w\s.%±+−–<>=≤≥≈×∼→←↑↓∈·/|¶]", " ", text)
    text = re.sub(r"([±+<>=≤≥≈×∼→←↑↓∈·/|])", r" \1 ", text)
    return " ".join(text.split())


def _command(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2] if match[2] in "%$&#_{}|" else " "
    if match[1] in _SYMBOLS:
        return _SYMBOLS[match[1]]
    return "" if match[1] in lexicon.words("latex_styles") else match[1]


def numbers(text: str) -> frozenset[str]:
    """The numbers that stand in a text by themselves, thousands and trailing zeros made plain; not those of names like
    GPT-4 or F1."""
    text = unicodedata.normalize("NFKC", _COMMAND.sub(_command, text))
    text = _NAME.sub(" ", re.sub(r"[{}$]", "", _DASHES.sub("-", text)))
    return frozenset(_value(match[0]) for match in _NUMBER.finditer(text))


def _value(number: str) -> str:
    number = number.replace(",", "").removeprefix("+")
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return number.lstrip("-") or "0"


@dataclass(frozen=True, slots=True)
class Haystack:
    """A paper's whole text, made plain, in which quotes are looked for; build it once for a paper."""

    spaced: str
    condensed: str
    table_numbers: frozenset[str]

    @classmethod
    def of(cls, text: FullText) -> Haystack:
        """The haystack of a full text: abstract, headings, paragraphs, captions and tables."""
        # In one go: what separates pieces (¶) is in no quote, so no quote runs from one into the next.
        whole = plain("\n¶\n".join(piece.replace("¶", " ") for piece in _pieces(text)))
        cells = " ".join(
            cell for section in text.sections for table in section.tables for row in table.rows for cell in row
        )
        return cls(f" {whole} ", whole.replace(" ", ""), numbers(cells))

    def has(self, quote: str) -> bool:
        """Whether a quote stands in the text."""
        needle = plain(quote.replace("¶", " "))
        if not needle:
            return False
        if f" {needle} " in self.spaced:
            return True
        condensed = needle.replace(" ", "")
        return len(condensed) >= _LEAST_CONDENSED and self._has_condensed(condensed)

    def _has_condensed(self, needle: str) -> bool:
        """Spaces aside; but no number may be cut in two."""
        at = self.condensed.find(needle)
        while at >= 0:
            before, after = self.condensed[at - 1 : at], self.condensed[at + len(needle) : at + len(needle) + 2]
            if not (needle[-1].isdigit() and re.match(r"\d|\.\d", after)) and not (
                needle[0].isdigit() and before and (before.isdigit() or before == ".")
            ):
                return True
            at = self.condensed.find(needle, at + 1)
        return False


def _pieces(text: FullText) -> Iterator[str]:
    yield text.abstract
    for section in text.sections:
        yield section.title
        yield from (paragraph.text for paragraph in section.paragraphs)
        yield from (figure.caption for figure in section.figures)
        for table in section.tables:
            yield table.caption
            for row in (*table.header, *table.rows):
                yield " ; ".join(row)


def verified(claim: Claim, haystack: Haystack) -> Claim:
    """The claim with `verified` computed: its quote stands in the source, and every number of its text stands in the
    quote or in one of the paper's tables."""
    stands = haystack.has(claim.quote) and numbers(claim.text) <= numbers(claim.quote) | haystack.table_numbers
    return replace(claim, verified=stands)
