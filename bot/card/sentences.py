"""Running text as sentences, each a piece of the text as it stands, and which of them can be quoted."""

from __future__ import annotations

import re

from bot.card import lexicon

MISSING = "\ufffd"  # the reader of the page puts it where something could not be converted

SHORTEST = 18
LONGEST = 420

_FORMULA = re.compile(r"\$\$.+?\$\$|(?<!\\)\$(?=\S)[^$]{0,2000}?(?<=\S)\$(?!\d)", re.DOTALL)
_ADDRESS = re.compile(r"https?://\S+|\b[\w.+-]+@[\w-]+\.\w+|\b(?:github|gitlab|huggingface)\.com?\S*")
_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|[。！？]+[”’」』）]?")
_ALWAYS_ENDS = frozenset({"etc", "al", "i.i.d", "u.s", "u.k"})  # may stand at the end of a sentence
_HAN = re.compile(r"[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]")
_BEGINNING = re.compile("[\"'“‘(\\[]*(?:[A-ZÀ-ÞΑ-ΩА-Я0-9\x01$•–]|x{2,}|[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af])")
_OPENING = re.compile(r"[\"'“‘(\[$]*[^\W_]")
_LEFTOVER = re.compile(r"\\[A-Za-z@]+|\bLABEL:|\?\?|[¡¿]|\[\s*\]|\(\s*\)|\bltx_|\{\}|&\w+;|https?://")


def split(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order; joined by spaces they are the text again, white space aside."""
    masked = _masked(text)
    found: list[str] = []
    begin = 0
    for match in _boundaries(masked):
        piece = text[begin:match].strip()
        if piece:
            found.append(piece)
        begin = match
    rest = text[begin:].strip()
    return (*found, rest) if rest else tuple(found)


def quotable(sentence: str) -> bool:
    """Whether a sentence is whole and readable: no display formula in it, no trace of a failed conversion, and no mere
    aside in parentheses."""
    if not SHORTEST <= len(sentence) <= LONGEST or MISSING in sentence or "$$" in sentence:
        return bool(_HAN.search(sentence)) and 8 <= len(sentence) < SHORTEST and sentence.endswith(("。", "！", "？"))
    plain = _FORMULA.sub("", sentence)
    aside = sentence.startswith("(") and sentence.endswith(")")
    if aside or _LEFTOVER.search(plain) or "$" in re.sub(r"\\?\$\d", "", plain):
        return False
    if not _OPENING.match(sentence) or not sentence.rstrip("\"'”’)]»").endswith((".", "!", "?", "…", "。", "！", "？")):
        return False
    first = re.search(r"[^\W\d_]", plain)
    if first is not None and first.start() == 0 and first[0].islower():
        return False
    letters = sum(map(str.isalpha, plain)) + sum(map(str.isspace, plain))
    if letters < 0.6 * len(sentence):  # mostly formulas or numbers
        return False
    return len(plain.split()) >= 3 or bool(_HAN.search(plain))


def _masked(text: str) -> str:
    """The text with formulas and addresses blotted out, as long as before: their full stops end nothing."""
    for pattern in (_FORMULA, _ADDRESS):
        text = pattern.sub(_blot, text)
    return text


def _blot(match: re.Match[str]) -> str:
    whole = match[0]
    if whole.startswith("$$"):
        return "\x01" * len(whole)
    kept = len(whole.rstrip(".,;:!?)")) if not whole.startswith("$") else len(whole)
    return "x" * kept + whole[kept:]


def _boundaries(masked: str) -> list[int]:
    ends = [match.end() for match in _END.finditer(masked) if _ends(masked, match)]
    # A display formula with a capital after it closed its sentence.
    ends += [match.end() for match in re.finditer("\x01+(?=\\s+[A-Z])", masked)]
    return sorted(set(ends))


def _ends(masked: str, match: re.Match[str]) -> bool:
    """Whether a mark ends its sentence: what follows can begin one, and what stands before is no abbreviation."""
    mark = match[0]
    after = masked[match.end() : match.end() + 40].lstrip()
    if mark[0] in "。！？" or not after:
        return True
    if not _BEGINNING.match(after):
        return False
    return not mark.startswith(".") or mark.startswith("..") or not _abbreviates(masked, match.start(), after)


def _abbreviates(masked: str, stop: int, after: str) -> bool:
    """Whether the full stop at `stop` belongs to the word before it."""
    near = masked[max(0, stop - 30) : stop].split()
    written = near[-1].lstrip("(\"'“‘[") if near and not masked[stop - 1].isspace() else ""
    word = written.casefold()
    next_word = re.match(r"\W*(\w+)", after)
    starts = next_word is not None and next_word[1].casefold() in lexicon.words("starters") and after[0].isupper()
    if word in lexicon.words("abbreviations") and not (written.isupper() and written.isalpha()):
        return not (starts and word in _ALWAYS_ENDS)
    initial = re.fullmatch(r"(?:[A-Za-z]\.)*[A-Z]", written)
    return initial is not None and not starts
