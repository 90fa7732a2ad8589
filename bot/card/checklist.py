"""What code can decide about a text: facts about the words in it, never about the science.

Every item says what was found and where, or that the rule found nothing; the rule is named by a key, so that whoever
reads "no section titled ablation, the word does not occur" can be told what was searched. Of a paper whose abstract or
first pages alone are at hand, or that is not in English as most of the words searched for are, only what was found is
said: that something is not there means nothing.

Items, in this order, with their rules (searched in titles and run-in headings, captions, tables, or all words):
    ablation      "titles-captions-tables-words"
    limitations   "titles-words"       without any, the sentences that may name one
    variance      "words-tables"       ±, deviations, intervals, seeds, runs
    significance  "words"
    code          "links"              addresses of code hosts, or beside the word code; without any, what is promised
    data          "links"
    compute       "words"              accelerators, processors, hours
    baselines     "mentions"           names, with the year of their reference where the text cites one, else the word
    human         "words"
    ethics        "titles-words"
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from bot.card import lexicon
from bot.card.outline import Part, run_in_headings
from bot.card.sentences import split
from bot.model import ChecklistItem, FullText, Paper, Source

MOST = 4  # places shown for an item
_REACH = 120  # characters to each side of a word that its pattern may look at

_CODE_HOSTS = (
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "codeberg.org",
    "anonymous.4open.science",
    "sourceforge.net",
    "gitee.com",
    "codeocean.com",
)
_DATA_HOSTS = (
    "zenodo.org",
    "kaggle.com",
    "figshare.com",
    "osf.io",
    "dataverse.org",
    "physionet.org",
    "data.mendeley.com",
    "openml.org",
    "tensorflow.org/datasets",
    "datadryad.org",
)
_ADDRESS = re.compile(r"(?:https?://|(?<![\w./@])(?:github\.com|gitlab\.com|huggingface\.co)/)[^\s<>\"'{}|\\^`]+")
_CODE_WORDS = re.compile(
    r"\b(?:code|codes|source|implementation|repository|repo|software|scripts?|toolkit|library)\b", re.IGNORECASE
)
_DATA_WORDS = re.compile(r"\b(?:data|datasets?|benchmark|corpus|annotations|recordings)\b", re.IGNORECASE)
_OFFERED = re.compile(
    r"\b(?:available|released?|open[- ]?sourced?|public(?:ly)?|provided?|found|accessible|hosted|download\w*|at|here)\b",
    re.IGNORECASE,
)
_PROMISED = re.compile(
    r"\b(?:will be|upon (?:acceptance|publication|request)|to be released|after publication|soon|plan to)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Searched:
    """The pieces of a text that rules search; `cells` are the labels of tables' rows, `values` all their cells; `words`
    is all of it, `lower` the same in lower case."""

    titles: tuple[str, ...]
    captions: tuple[str, ...]
    cells: tuple[str, ...]
    values: tuple[str, ...]
    words: str
    lower: str


def check(
    paper: Paper,
    text: FullText,
    parts: tuple[Part, ...],
    baselines: Iterable[str] = (),
    years: Iterable[tuple[str, str]] = (),
    limits: Iterable[str] = (),
) -> tuple[ChecklistItem, ...]:
    """The facts about a text. `baselines` and `years` are what was found of the experiments, `limits` the sentences that
    the card shows as the authors' limitations."""
    searched = _searched(paper, text, parts)
    items = [
        _item("ablation", "titles-captions-tables-words", searched),
        _limitations(searched, limits),
        _item("variance", "words-tables", searched),
        _item("significance", "words", searched),
        _links("code", code_links(paper, text), searched),
        _links("data", data_links(paper, text), searched),
        _item("compute", "words", searched),
        _baselines(tuple(baselines), dict(years), searched),
        _item("human", "words", searched),
        _item("ethics", "titles-words", searched),
    ]
    if text.source is Source.ABSTRACT or text.shortfall or text.language not in ("", "en"):
        return tuple(item for item in items if item.found)
    return tuple(items)


def _searched(paper: Paper, text: FullText, parts: tuple[Part, ...]) -> _Searched:
    parts = tuple(part for part in parts if part.role not in ("related", "forms"))
    paragraphs = [p.text for part in parts for p in part.section.paragraphs]
    tables = [table for part in parts for table in part.section.tables]
    titles = [part.section.title for part in parts if part.section.title]
    titles += [heading for paragraph in paragraphs for heading in run_in_headings(paragraph)]
    captions = [t.caption for t in tables] + [f.caption for part in parts for f in part.section.figures]
    labels = [cell for t in tables for row in t.rows for cell in row[: 2 if len(row) > 2 else 1]]
    values = dict.fromkeys(cell for table in tables for row in (*table.header, *table.rows) for cell in row)
    words = "\n".join(map(_unified, [text.abstract or paper.abstract, *paragraphs, *captions, " ; ".join(values)]))
    lower = words.lower()
    if len(lower) != len(words):  # letters that have no lower case of their own length
        words = lower
    return _Searched(
        titles=tuple(map(_unified, titles)),
        captions=tuple(map(_unified, captions)),
        cells=tuple(dict.fromkeys(labels)),
        values=tuple(values),
        words=words,
        lower=lower,
    )


def _unified(text: str) -> str:
    """A text with ligatures, kinds of dashes and spaces as one, and without soft hyphens."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).replace("\u00ad", "")
    return re.sub("[\u2010-\u2015\u2212]", "-", text)


def _item(key: str, rule: str, searched: _Searched) -> ChecklistItem:
    searches = lexicon.rules("checklist")[key]
    places = [
        piece for kind, pattern in searches.pieces.items() for piece in getattr(searched, kind) if pattern.search(piece)
    ]
    for word, pattern in searches.words.items():
        places.extend(_occurrences(word, pattern, searched))
    return ChecklistItem(key, found=bool(places), where=_few(places), rule=rule)


def _occurrences(word: str, pattern: re.Pattern[str] | None, searched: _Searched) -> Iterator[str]:
    """The first places where a word stands as its pattern wants it, in the text's own spelling."""
    found, at = 0, searched.lower.find(word)
    while at >= 0 and found < MOST:
        end = at + len(word)
        if pattern is not None:
            # The pattern may reach to both sides of the word, but not beyond its paragraph.
            begin = max(at - _REACH, searched.lower.rfind("\n", 0, at) + 1)
            line_end = searched.lower.find("\n", end)
            stop = min(end + _REACH, line_end if line_end >= 0 else len(searched.lower))
            match = next((m for m in pattern.finditer(searched.lower, begin, stop) if m.start() <= at < m.end()), None)
            begin, end = match.span() if match is not None else (-1, end)
        else:
            begin = at
        if begin >= 0:
            found += 1
            yield _shown(searched.words, begin, end)
        at = searched.lower.find(word, max(end, at + 1))


def _shown(text: str, begin: int, end: int) -> str:
    """What was found, with the number that belongs to it: "3 random seeds", "78.4±0.9"."""
    if text[begin:end] in ("±", "\\pm"):
        left, right = (
            re.search(r"[\d.]*\d\s*$", text[max(0, begin - 12) : begin]),
            re.match(r"\s*[\d.]*\d", text[end : end + 12]),
        )
        return f"{left[0].strip() if left else ''}±{right[0].strip() if right else ''}"
    if text.count("$", begin, end) % 2 and (closing := text.find("$", end, end + _REACH)) > 0:
        end = closing + 1  # a formula is shown whole
    before = re.search(r"\d(?:[\d.,]*\d)?[- ]$", text[max(0, begin - 12) : begin])
    return f"{before[0] if before else ''}{text[begin:end]}".strip()


def _few(places: Iterable[str]) -> tuple[str, ...]:
    """The first places, each once, without those that are part of another."""
    shown: list[str] = []
    for place in (" ".join(each.split())[:160] for each in places):
        if not any(place.casefold() in other.casefold() for other in shown):
            shown = [other for other in shown if other.casefold() not in place.casefold()]
            shown.append(place)
    return tuple(shown[:MOST])


def _limitations(searched: _Searched, limits: Iterable[str]) -> ChecklistItem:
    """Whether limitations are called so; where they are not, what may be one all the same, so that nothing is denied
    which the card shows elsewhere."""
    item = _item("limitations", "titles-words", searched)
    return item if item.found else replace(item, where=_few(limits))


def _baselines(names: tuple[str, ...], years: dict[str, str], searched: _Searched) -> ChecklistItem:
    """The names that were found; where there are none, the places where the text speaks of baselines."""
    if not names:
        return _item("baselines", "mentions", searched)
    where = tuple(f"{name} ({years[name]})" if name in years else name for name in names)
    return ChecklistItem("baselines", found=bool(where), where=where[: 2 * MOST], rule="mentions")


# --------------------------------------------------------------------------- links


def _links(key: str, links: Iterable[str], searched: _Searched) -> ChecklistItem:
    """The links that were found; where there are none, what the text says instead: "code will be released"."""
    found = tuple(dict.fromkeys(links))[:MOST]
    where = found or _item(key, "links", searched).where
    return ChecklistItem(key, found=bool(found), where=where, rule="links")


def code_links(paper: Paper, text: FullText) -> tuple[str, ...]:
    """The addresses of code in a text: those that a sentence offers as code first, then those of code hosts."""
    offered = [link for link, _ in _offers(paper, text, _CODE_WORDS) if not _is_data(link)]
    hosted = [link for link in text.links if _is_code(link)]
    return tuple(dict.fromkeys([*offered, *hosted]))


def data_links(paper: Paper, text: FullText) -> tuple[str, ...]:
    """The addresses of data in a text, likewise."""
    offered = [
        link
        for link, sentence in _offers(paper, text, _DATA_WORDS)
        if _is_data(link) or not _CODE_WORDS.search(sentence)
    ]
    hosted = [link for link in text.links if _is_data(link)]
    return tuple(dict.fromkeys([*(link for link in offered if not _is_code(link) or _is_data(link)), *hosted]))


def releases_code(paper: Paper, text: FullText) -> bool:
    """Whether the paper says that its own code is to be had, with an address, and does not merely promise it."""
    for link, sentence in _offers(paper, text, _CODE_WORDS):
        if not _PROMISED.search(sentence) and not _is_data(link):
            return True
    front = f"{text.abstract} {paper.abstract} {paper.comments}"
    return any(_is_code(link) for link in _addresses(front))


def _offers(paper: Paper, text: FullText, words: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Sentences that offer something at an address, with the address."""
    pieces = [text.abstract, paper.abstract, paper.comments, *(p.text for s in text.sections for p in s.paragraphs)]
    for piece in dict.fromkeys(pieces):
        for sentence in split(piece) if _may_address(piece) else ():
            if _may_address(sentence) and words.search(_ADDRESS.sub("", sentence)) and _OFFERED.search(sentence):
                for link in _addresses(sentence):
                    yield link, sentence


def _may_address(text: str) -> bool:
    """Whether there can be an address in a text: what stands in every one is found much faster than the pattern."""
    return "://" in text or ".co" in text


def _addresses(text: str) -> Iterator[str]:
    for match in _ADDRESS.finditer(text) if _may_address(text) else ():
        address = match[0].rstrip(".,;:!?)]*")
        yield address if "://" in address else f"https://{address}"


def _is_code(link: str) -> bool:
    parts = urlsplit(link)
    host = parts.netloc.removeprefix("www.")
    return any(host == known or host.endswith(f".{known}") for known in _CODE_HOSTS) and parts.path.strip("/") != ""


def _is_data(link: str) -> bool:
    bare = link.split("://", 1)[-1].removeprefix("www.")
    return bare.startswith("huggingface.co/datasets/") or any(host in bare for host in _DATA_HOSTS)
