"""What a person types → the arXiv papers it names."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

from bot.errors import BadPaperId


@dataclass(frozen=True, slots=True)
class PaperRef:
    """An arXiv id without its version, and the version that was asked for (None: the newest)."""

    id: str
    version: int | None = None

    def __str__(self) -> str:
        return self.id if self.version is None else f"{self.id}v{self.version}"


_BETWEEN = re.compile(r"[\s,;，；、]+")
_LABEL = re.compile(r"arxiv\s*:\s*", re.IGNORECASE)
_SUBJECT = re.compile(r"\[[A-Za-z-]+(\.[A-Za-z-]+)?\]")
_ADDRESS = re.compile(
    r"""(?:https?://)?
    (?: (?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)
      | (?:www\.)?alphaxiv\.org/(?:abs|pdf|html|overview|resources)
      | (?:www\.)?(?:ar5iv\.org|ar5iv\.labs\.arxiv\.org)/(?:abs|html)
      | (?:www\.)?(?:huggingface\.co|hf\.co)/papers
      | (?:(?:dx\.)?doi\.org/)?10\.48550
    )/ (?:arxiv\.)? (?P<id>[^?\#]+)""",
    re.IGNORECASE | re.VERBOSE,
)
_NEW = re.compile(
    r"(?P<id>(?P<year>\d\d)(?P<month>\d\d)\.(?P<number>\d{4,5}))(?:v(?P<version>[1-9]\d{0,2}))?", re.IGNORECASE
)
_OLD = re.compile(
    r"""(?P<archive>acc-phys|adap-org|alg-geom|ao-sci|astro-ph|atom-ph|bayes-an|chao-dyn|chem-ph|cmp-lg|comp-gas|cond-mat
      |cs|dg-ga|funct-an|gr-qc|hep-ex|hep-lat|hep-ph|hep-th|math-ph|math|mtrl-th|nlin|nucl-ex|nucl-th|patt-sol|physics
      |plasm-ph|q-alg|q-bio|quant-ph|solv-int|supr-con)
    (?:\.[a-z]{2}|\.[a-z]+-[a-z]+)?/(?P<number>\d\d(?P<month>\d\d)\d{3})(?:v(?P<version>[1-9]\d{0,2}))?""",
    re.IGNORECASE | re.VERBOSE,
)
_WRAPPING = "<>()[]{}\"'“”‘’「」《》.。!?:"
_FIVE_DIGITS_SINCE = 1501
_NEW_SINCE = 704


def parse_refs(text: str) -> list[PaperRef]:
    """The papers that `text` names by id or address, in order, each once.

    Ids are separated by white space or commas; “arXiv:2602.14080v2 [cs.LG]”, old-style ids, and addresses of arXiv,
    alphaXiv, ar5iv, Hugging Face papers and arXiv DOIs are understood.

    Raises:
        BadPaperId: a part of it is none of these (the error names that part), or there is nothing in it.
    """
    # Chinese keyboards write ：, ！ and wide digits.
    plain = unicodedata.normalize("NFKC", text)
    parts = [part for part in _BETWEEN.split(_LABEL.sub("arxiv:", plain)) if part and not _SUBJECT.fullmatch(part)]
    refs = [_ref(part) for part in parts if part.strip(_WRAPPING)]
    if not refs:
        raise BadPaperId(text.strip())
    return list(dict.fromkeys(refs))


def _ref(part: str) -> PaperRef:
    bare = unquote(part.strip(_WRAPPING))
    if address := _ADDRESS.fullmatch(bare.split("?")[0].split("#")[0]):
        bare = address["id"].rstrip("/").removesuffix(".pdf").removesuffix(".PDF")
    bare = re.sub(r"^arxiv:", "", bare, flags=re.IGNORECASE)
    if match := _NEW.fullmatch(bare):
        ref = _new_style(match)
    elif match := _OLD.fullmatch(bare):
        ref = _old_style(match)
    else:
        ref = None
    if ref is None:
        raise BadPaperId(part)
    return ref


def _new_style(match: re.Match[str]) -> PaperRef | None:
    since = int(match["year"] + match["month"])
    digits = 5 if since >= _FIVE_DIGITS_SINCE else 4
    if since < _NEW_SINCE or not 1 <= int(match["month"]) <= 12:
        return None
    if len(match["number"]) != digits or int(match["number"]) == 0:
        return None
    return PaperRef(match["id"], _version(match))


def _old_style(match: re.Match[str]) -> PaperRef | None:
    """The subject class is no part of the id: math.GT/0309136 is math/0309136."""
    if not 1 <= int(match["month"]) <= 12:
        return None
    return PaperRef(f"{match['archive'].lower()}/{match['number']}", _version(match))


def _version(match: re.Match[str]) -> int | None:
    return int(match["version"]) if match["version"] else None
