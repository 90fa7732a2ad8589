"""What the running text names as datasets, metrics and baselines, told by headings, lists, references and neighbours.

A paragraph has a subject when its heading, the heading within it or the sentence before its list gives one
("Baselines. We compare with …"). Under a subject count: the heads of list items, the members of enumerations, and names
with a reference right behind them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.card import names
from bot.card.citations import CITED, marked
from bot.card.outline import Part
from bot.card.sentences import split

DATASET, METRIC, BASELINE = "dataset", "metric", "baseline"

KIND = (
    r"(?:data-?sets?|data sets?|benchmarks?|corpus|corpora|test ?sets?|testbeds?|suites?|collections?|leaderboards?|tasks?"
    r"|environments?|domains?|simulators?|surveys?|catalog(?:ue)?s?)"
)

_HEADINGS = {
    METRIC: re.compile(
        r"\bmetrics?\b|\bmeasures?\b|\bevaluation (?:criteria|protocols?|measures?)\b|评[价估]指标|指标", re.IGNORECASE
    ),
    BASELINE: re.compile(
        r"\bbaselines?\b|\bcompetitors?\b|\bcompet\w+ (?:methods?|approaches)|\bcompar(?:ed|ison|ative|ing|able)\b.{0,20}\b(?:methods?|models?|algorithms?|approaches|systems)"
        r"|\bmethods? (?:compared|for comparison)|\breference methods?|基线|对比方法",
        re.IGNORECASE,
    ),
    DATASET: re.compile(rf"\b{KIND}\b|^data\b|数据集", re.IGNORECASE),
}
_LEADS = {
    METRIC: re.compile(
        r"\b(?:metrics?|measures|criteria|we (?:also )?report|in terms of|indicators)\b|指标", re.IGNORECASE
    ),
    BASELINE: re.compile(
        r"\bbaselines?\b|\bcompetitors?\b|\bcompar(?:e|ed|ing|isons?)\b(?!\s+\w+\s+on\b).{0,60}?\b(?:with|against|to)\b|\bcompeting\b|\bcounterparts\b"
        r"|\b(?:state-of-the-art|existing|previous|recent|other|representative|following) (?:\w+ ){0,3}(?:methods|models|approaches|algorithms|systems|policies)\b|基线|方法进行(?:比较|对比)",
        re.IGNORECASE,
    ),
    DATASET: re.compile(
        rf"\b{KIND}\b|\b(?:evaluat|experiment|test|conduct|benchmark|validat)\w*\b.{{0,40}}?\b(?:on|over|across)\b|数据集",
        re.IGNORECASE,
    ),
}
_WORD_HEADINGS = re.compile(
    r"^(?:(?:the |our )?(?:evaluation |benchmark |training |test |comparison )?(?:datasets?|baselines?|benchmarks?|metrics?|measures|tasks?|environments?)"
    r"(?: and (?:\w+ )?(?:datasets?|baselines?|benchmarks?|metrics?|settings?|tasks?))?)\s+(?=[A-Z])",
    re.IGNORECASE,
)
_RUN_IN = re.compile(r"^(?P<words>[A-Z][^.:?!$\x02]{2,60})[.:]\s+(?=[A-Z\d\"“(•])")
_BULLET = re.compile(r"^(?:[•▪◦‣·∙\-–—*]|\(?(?:[ivx]{1,4}|\d{1,2}|[a-h])[.)])\s+")
_ENUMERATOR = re.compile(r"(?:^|(?<=[\s;,:]))\(?(?:i{1,3}|iv|vi{0,3}|ix|x|\d{1,2}|[a-h])\)\s*")
_PHRASE = rf"(?:{names.NAME}|[A-Za-z][\w@+'’.-]*)(?: (?:{names.NAME}|[a-z][\w-]*|\+|&)){{0,5}}?"
_VERB = (
    r"(?:is|are|was|were|has|uses?|learns?|integrates?|combines?|proposes?|introduces?|employs?|applies|trains?|extends?|adopts?|leverages?|models?"
    r"|performs?|achieves?|balances?|balanc\w+|consists?|contains?|includes?|provides?|comprises?|refers?|denotes?|measures?|computes?|covers?|extracts?|generates?|predicts?|selects?)"
)
_HEAD = re.compile(
    rf"^(?P<name>{_PHRASE})(?:\s*\((?P<short>[A-Za-z][\w@.+-]{{0,14}})\))?(?P<cited>\s*{CITED})?"
    rf"\s*(?P<end>:|—|–|\s-\s|\.(?=\s|$)|,|;|\(|$|(?=\s{_VERB}\b)|(?<={CITED}))"
)
_NO_HEAD = frozenset(
    {
        "we",
        "it",
        "this",
        "these",
        "those",
        "the",
        "a",
        "an",
        "in",
        "for",
        "on",
        "as",
        "all",
        "our",
        "to",
        "each",
        "both",
    }
)
_NAMED_BEFORE = re.compile(
    rf"(?<![\w-])(?P<name>{names.NAME}(?: (?:{names.NAME}))*)(?:\s*\((?P<short>[A-Za-z][\w@.+-]{{0,14}})\))?\s?{CITED}"
)
_BORROWED = re.compile(
    r"\b(?:using|use|by|from|via|of|following|follow|follows|than|based on|trained with|provided in|proposed in|implemented in|initiali[sz]ed (?:with|from)"
    r"|introduced (?:in|by)|in line with|according to|similar to|like|with the help of|see)\s+(?:the\s+)?(?:\w+\s)?$",
    re.IGNORECASE,
)
_ON = re.compile(rf"\b(?:on|over|across)\s+(?:the\s+)?(?:{names.NAME}(?:\s?{CITED})?(?:,| and|, and)\s+)*$")
_PLAIN_CITED = re.compile(
    rf"(?:, | and | or |\bto |\bwith |\bagainst )(?P<name>[a-z][a-z-]+(?: [a-z][a-z-]+){{1,2}}) {CITED}"
)
_COMPARES = re.compile(
    r"\bas (?:our |strong |the )?baselines?\b|\bbaselines?\b.{0,40}\b(?:include|including|are|such as|namely)\b|\bcompetitors?\b"
    r"|\b(?:we|is|are) (?:\w+ )?(?:compared?|benchmarked?|evaluated?|tested)\b(?:(?! on ).){0,60}\b(?:against|with|to)\b"
    r"|\bcompar(?:e|ed|ing|ison) (?:\w+ ){0,4}(?:with|to|against)\b|\boutperform\w*\b",
    re.IGNORECASE,
)
_SHORT = re.compile(r"\((?P<short>[A-Z][\w@.-]*[A-Z0-9][\w@.-]*|[A-Z]{1,2}[a-z]?|[A-Z]\.[A-Z]\.)\)")
_LONG_FORM = re.compile(r"(?:[\w'’-]+ ){1,6}$")


@dataclass(frozen=True, slots=True)
class Mention:
    """A name with what it is named as, and how sure that is (2 and more: sure), in a paragraph."""

    subject: str
    name: str
    weight: float
    anchor: str
    section: str


def mentions(parts: tuple[Part, ...], unread: frozenset[str]) -> Iterator[Mention]:
    """What the sections name, those of the roles `unread` aside."""
    for part in parts:
        if part.role not in unread:
            yield from _of_section(part)


def _of_section(part: Part) -> Iterator[Mention]:
    section = part.section
    titled = subject_of_heading(section.title)
    under = titled
    listed = ""  # the subject of the list that goes on
    factor = 0.8 if section.appendix else 1.0
    for paragraph in section.paragraphs:
        text = marked(paragraph.text).strip()
        heading, rest = _run_in(text)
        bulleted = _BULLET.match(text) is not None
        if heading and not bulleted and not (listed and names.shaped(heading)):
            under, listed, text = subject_of_heading(heading) or (titled if _is_item(heading) else ""), "", rest
        head = _head(_BULLET.sub("", text)) if (listed or bulleted or under) else None
        subject = listed or under
        in_list = bool(listed) or bulleted
        if subject and head is not None and (in_list or head.strong):
            yield Mention(subject, head.name, 2.5 * factor, paragraph.anchor or section.anchor, section.title)
        elif listed and not bulleted:
            listed = ""
        for name, named_as, weight in _of_text(text, under if not in_list else ""):
            yield Mention(named_as, name, weight * factor, paragraph.anchor or section.anchor, section.title)
        if text.rstrip().endswith(":"):
            listed = subject_of_lead(split(text)[-1]) or under


def subject_of_heading(title: str) -> str:
    """What a heading announces, "" for nothing; of several ("Datasets and metrics") nothing, for each sentence tells."""
    found = [subject for subject, pattern in _HEADINGS.items() if pattern.search(title)]
    return found[0] if len(found) == 1 else ""


def subject_of_lead(sentence: str) -> str:
    """What a sentence leads to: of the words for datasets, metrics and baselines the last one decides."""
    places = {subject: [m.end() for m in pattern.finditer(sentence)] for subject, pattern in _LEADS.items()}
    best = max(places, key=lambda subject: places[subject][-1] if places[subject] else -1)
    if best == DATASET and re.search(
        r"\b(?:models?|llms|backbones?|architectures?|networks?)\s*$", sentence, re.IGNORECASE
    ):
        return ""  # what is tried, not what it is tried on
    return best if places[best] else ""


def _run_in(text: str) -> tuple[str, str]:
    """A heading within a paragraph and what follows it: "Baselines. We …", "Datasets We …"."""
    match = _WORD_HEADINGS.match(text)
    if match is not None:
        return match[0].strip(), text[match.end() :]
    match = _RUN_IN.match(text)
    if match is not None and len(match["words"].split()) <= 6:
        return match["words"], text[match.end() :]
    return "", text


def _is_item(heading: str) -> bool:
    return names.shaped(heading)


@dataclass(frozen=True, slots=True)
class _Head:
    name: str
    strong: bool


def _head(text: str) -> _Head | None:
    """The name at the head of a list item, with whether something but its place says that it is one."""
    match = _HEAD.match(text)
    if match is None:
        return None
    name = match["name"]
    shaped = names.shaped(name) or names.is_model(name)
    marked_off = match["cited"] is not None or match["end"] in (":", "—", "–", "(") or match["short"] is not None
    if not (shaped or marked_off) or len(name.split()) > 6 or name.split()[0].casefold() in _NO_HEAD:
        return None
    return _Head(name, strong=marked_off and (shaped or match["cited"] is not None))


def _of_text(text: str, under: str) -> Iterator[tuple[str, str, float]]:
    for sentence in split(text):
        lead, colon, _ = sentence.partition(": ")
        subject = subject_of_lead(lead) if colon else ""
        enumerated = [rest for rest in _ENUMERATOR.split(sentence)[1:] if rest]
        if len(enumerated) > 1:
            named_as = subject_of_lead(_ENUMERATOR.split(sentence)[0]) or under
            for item in enumerated:
                head = _head(item.strip())
                if named_as and head is not None:
                    yield head.name, named_as, 2.5
            continue
        if CITED not in sentence and not (under or subject) and "(" not in sentence:
            continue
        told, sure = _told(sentence)
        about = subject or under or told
        if not about:
            continue
        weight = 2.2 if subject or under == about or sure else 1.6
        for match in _NAMED_BEFORE.finditer(sentence):
            before = sentence[: match.start()]
            if not _BORROWED.search(before):
                on_data = about == BASELINE and _ON.search(before) is not None
                yield match["name"], DATASET if on_data else about, weight
        if about == BASELINE and sure:
            yield from ((match["name"], BASELINE, 2.0) for match in _PLAIN_CITED.finditer(sentence))
        if about == METRIC:
            yield from ((name, METRIC, 2.0) for name in _shortened(sentence))


def _told(sentence: str) -> tuple[str, bool]:
    """The subject of a sentence under no heading, and whether the words are plain."""
    if _COMPARES.search(sentence):
        return BASELINE, True
    if re.search(
        rf"\b(?:evaluate|experiment|experiments|test|tested|evaluated|conducted|validate)\b.{{0,60}}\bon\b|\b{KIND}\b.{{0,20}}(?:,|:|namely|such as|are)",
        sentence,
        re.IGNORECASE,
    ):
        return DATASET, False
    if re.search(r"\bmetrics?\b|\bwe report\b", sentence, re.IGNORECASE):
        return METRIC, False
    return "", False


def _shortened(sentence: str) -> Iterator[str]:
    """The long forms of a sentence's abbreviations: "queries per second (QPS)"."""
    return (long for long, _ in abbreviations(sentence))


def abbreviations(text: str) -> Iterator[tuple[str, str]]:
    """What a text abbreviates, with the letters: ("queries per second", "QPS"). The long form is the fewest words before
    the bracket in which the letters stand in order, the first one at the head."""
    for match in _SHORT.finditer(text):
        before = _LONG_FORM.search(text, max(0, match.start() - 100), match.start())
        words = before[0].split() if before is not None else []
        letters = [c.casefold() for c in match["short"] if c.isalpha()]
        for n in range(max(1, min(len(letters), len(words)) - 1), len(words) + 1):
            tail = " ".join(words[-n:])
            if letters and tail[0].casefold() == letters[0] and _in_order(letters, tail.casefold()):
                yield tail, match["short"]
                break


def _in_order(letters: list[str], words: str) -> bool:
    rest = iter(words)
    return all(letter in rest for letter in letters)
