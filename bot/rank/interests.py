"""A reader's stated interests, free text in Chinese or English, as weighted phrases a paper can be compared with."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from bot.rank import glossary
from bot.rank.units import units_of_words
from bot.rank.words import STOP_WORDS, Token, tokens

MOST_CHARACTERS = 20_000
MOST_PHRASES = 64
LABEL_LENGTH = 80
LONG_PHRASE = 5
"""Words from which on a phrase without separators is a sentence: only the terms and word groups in it count."""

WIDENED_WEIGHT = 0.4


@dataclass(frozen=True, slots=True)
class Interest:
    """One phrase of the stated interests. `label` is how the reader wrote it, `weight` how much it is wanted (negative:
    not wanted), `units` what to look for in a paper (see `units`)."""

    label: str
    weight: float
    units: tuple[str, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> tuple[Interest, ...]:
    """The interests that `text` states, in its order; () where nothing in it can be looked for.

    Commas, semicolons, "and", 和, … part phrases. "mostly", 主要 double a phrase, "a bit of", 偶尔 halve it, "no", 不要
    turn it round; "RLHF: 2", "+RLHF", "-surveys" do the same in signs.
    """
    found: dict[tuple[str, ...], Interest] = {}
    for interest in _interests(unicodedata.normalize("NFC", text)[:MOST_CHARACTERS]):
        known = found.get(interest.units)
        if known is None or (known.weight < 0) is not (interest.weight < 0):
            key = interest.units if known is None else (*interest.units, "")
            found.setdefault(key, interest)
        if len(found) >= MOST_PHRASES:
            break
    return tuple(found.values())


def widened(terms: Iterable[str]) -> tuple[Interest, ...]:
    """Search terms that somebody else found for the interests, at less than their weight."""
    return tuple(
        Interest(interest.label, WIDENED_WEIGHT * interest.weight, interest.units)
        for term in list(terms)[:MOST_PHRASES]
        for interest in parse(term)[:1]
    )


# --------------------------------------------------------------------------- parting

_CLAUSE = re.compile(
    r"[;；。！？!?\n\r]+|\.(?=\s|$)|\s+(?:but|however)\b|[,，]?\s*(?:但是|但|不过|然而)|(?=(?:除了|除开))",
    re.IGNORECASE,
)
_COMMA = re.compile(r"[,，]+")
_WEAK = re.compile(
    r"[、/|→⇒>•·)）\]】]+|[(（\[【](?!\s*(?:weight|权重)?\s*[:：]?\s*\d)|->|=>|\s&\s|\s\+\s|(?<=[^\W_])\s+(?:and|or|nor|plus|as well as|along with|and/or)\s+",
    re.IGNORECASE,
)
_JOINT = re.compile(r"和|与|及|或|还|跟|并|加上|也|、")
_BULLET = re.compile(r"^\s*(?:[-*•·‣]\s+|\(?\d{1,2}[.)、]\s*)")

_LASTING_NO = re.compile(
    r"^\W*(?:(?:i'?m\s+|i\s+am\s+)?not\s+(?:really\s+|at all\s+)?interested\s+in|(?:i\s+)?(?:do\s+not|don'?t|dont)\s+"
    r"(?:want|like|care\s+(?:for|about)|show|send|need)(?:\s+me)?(?:\s+to\s+(?:see|read))?|please\s+no|avoid(?:ing)?|"
    r"exclud(?:e|es|ing)|except(?:\s+for)?|skip|ignore|hide|mute|nothing\s+(?:about|on)|anything\s+but|"
    r"不想(?:要|看|读)?|不感兴趣(?:的)?[是有]?|没兴趣|排除|除了|除开|避免|屏蔽|过滤掉?|"
    r"讨厌|无需|不需要|不关心|不关注|拒绝|去掉|跳过|忽略)\s*[:：]?\s*(?:any\s+|more\s+)?",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no\s+more|not|non|never|no|without|minus|不要(?:看|推荐|推)?|别(?:给我)?(?:推荐|推|看|发)?|不含|不看|不|非|没有|无)\s*",
    re.IGNORECASE,
)
_FEWER = re.compile(
    r"^\W*(?:less|fewer|not\s+so\s+much|not\s+too\s+much|少(?:看|推|来)?(?:一?点|些)?)\s*(?=\S)", re.IGNORECASE
)
_MORE = re.compile(
    r"^\W*(?:most(?:ly)?|mainly|especially|particularly|in\s+particular|primarily|above\s+all|first\s+of\s+all|very|"
    r"strongly|focus(?:ed|ing)?\s+on|core|priority|more|主要(?:是|关注|看|研究|做)?|重点(?:是|关注|看)?|尤其(?:是)?|特别(?:是|关注|喜欢)?|"
    r"核心(?:是)?|首先(?:是)?|最(?:关注|喜欢|关心|想看)?(?:的是|是)?|优先|强烈|更多|多(?:推|看|来)?(?:一?点|些)?)\s*[:：]?\s*",
    re.IGNORECASE,
)
_LITTLE = re.compile(
    r"^\W*(?:a\s+(?:bit|little)(?:\s+(?:of|about))?|some|sometimes|occasional(?:ly)?|maybe|perhaps|also|secondarily|"
    r"slightly|marginally|稍微|偶尔(?:看看|看)?|顺便|一点点?|少量|其次(?:是)?|可能|有时|略微|一些|一点)\s*",
    re.IGNORECASE,
)
_FRAME = re.compile(
    r"^\W*(?:(?:i|we)(?:'m|'d|\s+am|\s+are|\s+would)?\s+(?:(?:currently|mostly|mainly|also|really|now)\s+)?(?:interested\s+in|work(?:ing)?\s+"
    r"(?:on|in|with)|like|love|enjoy|stud(?:y|ying)|research(?:ing)?|want(?:\s+to\s+(?:see|read|know))?|follow(?:ing)?|"
    r"care\s+about|focus(?:ing)?\s+on|look(?:ing)?\s+for|read(?:ing)?|do|need|prefer)|my\s+(?:main\s+|current\s+)?(?:research|work|interests?|"
    r"topics?|fields?|areas?)(?:\s+(?:interests?|areas?|topics?|fields?))?\s*(?:is|are|includes?|covers?|:)?|(?:research\s+)?"
    r"(?:interests?|topics?|keywords?|areas?)\s*(?:are|is|include)?\s*[:：]|interested\s+in|working\s+on|looking\s+for|"
    r"(?:please\s+)?(?:show|send|give)\s+me|please|(?:new|recent|all|any|more|good|the|latest)\s+(?=papers|work|articles|research|studies)|"
    r"(?:papers?|works?|articles?|research|stud(?:y|ies)|anything|everything|things?|stuff|topics?)\s+"
    r"(?:on|about|in|around|related\s+to|regarding|of|like|with|from|that\s+\w+)|such\s+as|including|for\s+example|e\.?g\.?|like|about|on|"
    r"regarding|related\s+to|as\s+well\s+as|then|and|or|also|the|an?|any|all|"
    r"(?:我|我们|本人|本群|大家)?(?:目前|现在|最近|平时|一直|主要|想|希望|只)*(?:在|是)?(?:研究方向(?:是|为)?|研究领域(?:是|为)?|研究兴趣(?:是|为)?|"
    r"感兴趣的(?:是|有|方向是|领域是)?|关注的(?:是|方向是)?|关注|研究|从事|喜欢(?:看)?|想看|想了解|希望看到|对|做|看|"
    r"了解|关心|需要|推荐)|请|帮我|关于|有关|例如|比如|包括|以及|还有|和|与|或|并|及|兴趣|方向|主题|关键词|(?:我|我们))\s*[:：]?\s*",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*(?:(?:related|based)?\s*(?:papers?|articles?|works?|research|stuff|topics?|please|too|as\s+well|etc\.?|and\s+so\s+on|in\s+general|only)|"
    r"(?:比较|很|非常|也|都|更|最)?(?:感兴趣|有兴趣)|(?:等等|等)?(?:方面|相关|领域|方向|类|有关)?的?(?:最新)?(?:论文|文章|工作|内容|研究|进展|东西|话题|主题)|"
    r"方面|相关|领域|方向|等等|等|以外|之外|除外|的|吧|了|啊|呢)\s*$",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\s*[\(（\[【]?\s*(?:weight|权重|重要性)?\s*(?:[:：=*×^]|(?<=\s)x(?=\d)|(?<=[\(（\[【])|(?<=\s)(?=\d{1,3}\s*%))\s*(\d{1,3}(?:\.\d+)?)\s*(%?)\s*[\)）\]】]?\s*$",
    re.IGNORECASE,
)
_SIGN = re.compile(r"^\s*(\++|[-−!！]|\^+)\s*(?=[^\W_])")
_WORDY = re.compile(r"[^\W_]")
_LATIN = re.compile(r"[^\W\d_\u3400-\u9fff][^\u3400-\u9fff、]*")


_AMONG = r"[^,，;；。\n!！?？]{1,60}?"
_END = r"(?=\s*(?:[,，;；。\n]|\.(?:\s|$)|$))"
_REWRITTEN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.MULTILINE), plain)
    for pattern, plain in (
        # Weights: "(weight 2)", "GRPO!!", "GRPO 3x", "2x GRPO", "theory >> vision".
        (r"\s*[(（\[【]\s*(?:weight|权重|重要性)\s*[:：=]?\s*(\d{1,2}(?:\.\d)?)\s*[)）\]】]", r": \1"),
        (r"(?<=\w)\s?[!！]{3,}", ": 3; "),
        (r"(?<=\w)\s?[!！]{2}", ": 2; "),
        (r"(?:^|(?<=[\s,，;；]))[!！](?=\w)", "-"),
        (rf"\s(\d(?:\.\d)?)\s?[x×]{_END}", r": \1"),
        (rf"(?:^|(?<=[,，;；。\n]))\s*(\d(?:\.\d)?)\s?[x×]\s+({_AMONG}){_END}", r" \2: \1"),
        (r"\s*>>+\s*", ": 2; "),
        # "Besides A also B" wants both; "besides A, B" wants B alone.
        (rf"(?:除了|除)({_AMONG})(?:以外|之外|外)?\s*[,，]?\s*(?:我|我们)?(?:也|还|同时|另外)(?=\S)", r"\1；"),
        (rf"(?:除了|除开|除)({_AMONG})(?:以外|之外|外)的?\s*[,，]?\s*", r"不要\1；"),
        (rf"(?:除了|除开)({_AMONG})\s*[,，]\s*", r"不要\1；"),
        (
            r"\b(?:anything|everything|all(?:\s+papers?)?)\s+(?:except(?:\s+for)?|but|excluding|other\s+than)\s+(?=\w)",
            "; no ",
        ),
        # What is excepted from "no" is wanted, and from anything else is not.
        (
            (
                rf"((?:\bno|\bnot|\bwithout|\bdon'?t)\s{_AMONG}),?\s*\b(?:except(?:\s+for)?|unless(?:\s+it'?s)?|other\s+than)"
                r"(?:\s+(?:on|about|in|those\s+(?:on|about)))?\s+(?=\w)"
            ),
            r"\1; ",
        ),
        (
            (
                r"(?<=\w)[\s,，(（]+(?:except(?:\s+for)?|excluding|but\s+not|just\s+not|but\s+no|other\s+than|apart\s+from|"
                r"anything\s+but|everything\s+but)\s+(?=\w)"
            ),
            "; no ",
        ),
        (r"(?<=\w)\s*[,，(（]?\s*(?:但不要|但不看|但不包括|不包括|不含|但排除)(?=\S)", "；不要"),
        (r"\bno\s+more\s+than\s+\w+\s+(?:papers?\s+)?(?:on|about)\s+", "a bit of "),
        (
            (
                r"(?:^|(?<=[,，;；.。\n]))\s*(?:and\s+)?(?:i\s+)?(?:really\s+)?(?:hate|dislike|detest|can'?t\s+stand|"
                r"am\s+(?:tired\s+of|fed\s+up\s+with|bored\s+by))\s+"
            ),
            " no ",
        ),
        (rf"\b(more\s{_AMONG})\s+(?:and\s+)?(less|fewer)\s+(?=\w)", r"\1; \2 "),
        (r"都(?:看|行|可以|要|喜欢|感兴趣)" + _END, ""),
    )
)
"""Ways of speaking over several phrases, and how the rules for single phrases read them."""


def _plain(text: str) -> str:
    """The text with what is said over several phrases said in each of them."""
    for pattern, plain in _REWRITTEN:
        text = pattern.sub(plain, text)
    return text


def _interests(text: str) -> Iterator[Interest]:
    for clause in _CLAUSE.split(_plain(text)):
        lasting = False
        for part in _COMMA.split(clause or ""):
            weight = -1.0 if lasting else 1.0
            for piece in _pieces(part):
                stance, phrase, lasting_now = _stance(_BULLET.sub("", piece))
                lasting = lasting or lasting_now
                if stance is not None:
                    weight = -abs(stance) if lasting else stance
                phrase, factor = _amount(phrase)
                yield from _stated(phrase, weight * factor)


def _pieces(part: str) -> Iterator[str]:
    """A part between commas, parted at "and", "/" and the like, but never inside a term of the glossary."""
    pieces = [piece for piece in _WEAK.split(part) if piece and _WORDY.search(piece)]
    at = 0
    while at < len(pieces):
        together = pieces[at]
        while at + 1 < len(pieces) and _one_term(together, pieces[at + 1], part):
            at += 1
            start = part.find(together)
            together = part[start : part.find(pieces[at], start + len(together)) + len(pieces[at])]
        at += 1
        yield together


def _one_term(left: str, right: str, part: str) -> bool:
    start = part.find(left)
    end = part.find(right, start + len(left))
    if start < 0 or end < 0:
        return False
    border = len(list(tokens(left)))
    return any(
        found.start < border < found.end for found in glossary.asked_in(list(tokens(part[start : end + len(right)])))
    )


def _stance(phrase: str) -> tuple[float | None, str, bool]:
    """How much a phrase is wanted (None where nothing is said), the phrase without saying so, and whether a "not" goes
    on after the next comma."""
    stance: float | None = None
    lasting = False
    sign = _SIGN.match(phrase)
    if sign is not None:
        stance = -1.0 if sign[1] in {"-", "−", "!", "！"} else 1.0 + 0.5 * len(sign[1])
        phrase = phrase[sign.end() :]
    for _ in range(8):
        for pattern, value, lasts in (
            (_LASTING_NO, -1.0, True),
            (_FEWER, -0.5, False),
            (_NO, -1.0, False),
            (_LITTLE, 0.5, False),
            (_MORE, 2.0, False),
            (_FRAME, None, False),
        ):
            match = pattern.match(phrase)
            if match is not None and _is_manner(phrase, match.end()):
                phrase = phrase[match.end() :]
                stance = value if value is not None and stance is None else stance
                lasting = lasting or lasts
                break
        else:
            break
    return stance, phrase, lasting


def _is_manner(phrase: str, end: int) -> bool:
    """Whether the phrase up to `end` is a way of speaking and something follows, rather than the beginning of a word
    or of a term ("audio", "non-convex", "无监督学习")."""
    if not _WORDY.search(phrase[end:]) or (phrase[end - 1 : end + 1].isascii() and phrase[end - 1 : end + 1].isalnum()):
        return False
    words = len(list(tokens(phrase[:end])))
    english = any(found.start < words < found.end for found in glossary.asked_in(list(tokens(phrase[:200]))))
    return not english and not any(
        found.start < end < found.end for found in glossary.chinese_in(phrase[:60], words=True)
    )


def _amount(phrase: str) -> tuple[str, float]:
    match = _AMOUNT.search(phrase)
    if match is None or not _WORDY.search(phrase[: match.start()]) or _term_last(phrase, match.start()):
        return phrase, 1.0
    value = float(match[1]) / (50.0 if match[2] else 1.0)
    return phrase[: match.start()], min(max(value, 0.1), 5.0)


# --------------------------------------------------------------------------- phrases


@lru_cache(maxsize=8192)
def _stated(phrase: str, weight: float) -> tuple[Interest, ...]:
    """What a phrase asks for, kept as many chats state the same."""
    return tuple(_of_phrase(phrase, weight))


def _of_phrase(phrase: str, weight: float) -> Iterator[Interest]:
    phrase = _trimmed(phrase)
    if not phrase or weight == 0:
        return
    if glossary.is_chinese(phrase):
        yield from _of_chinese(phrase, weight)
        return
    words = list(tokens(phrase))
    telling = sum(word.written.lower() not in STOP_WORDS for word in words)
    if telling <= LONG_PHRASE or any(found.end - found.start == len(words) for found in glossary.asked_in(words)):
        units = units_of_words(words)
        if units:
            yield Interest(phrase[:LABEL_LENGTH], weight, units)
        return
    yield from _of_sentence(phrase, weight)


def _of_sentence(phrase: str, weight: float) -> Iterator[Interest]:
    """The terms of a long phrase, and the groups of words between them at half the weight."""
    words = list(tokens(phrase))
    at = 0
    for found in [*glossary.asked_in(words), None]:
        group: list[int] = []
        for place in range(at, found.start if found else len(words)):
            if words[place].written.lower() in STOP_WORDS:
                yield from _of_group(phrase, [words[place] for place in group], weight)
                group = []
            else:
                group.append(place)
        yield from _of_group(phrase, [words[place] for place in group], weight)
        if found:
            named = words[found.start : found.end]
            yield Interest(_as_written(phrase, named), weight, units_of_words(named))
            at = found.end


def _of_group(phrase: str, words: list[Token], weight: float) -> Iterator[Interest]:
    units = units_of_words(words)
    if units:
        yield Interest(_as_written(phrase, words), weight / 2, units)


def _as_written(phrase: str, words: list[Token]) -> str:
    match = re.search(r"\W+".join(re.escape(word.written) for word in words), phrase)
    return (match[0] if match else " ".join(word.written for word in words))[:LABEL_LENGTH]


def _of_chinese(phrase: str, weight: float) -> Iterator[Interest]:
    """A Chinese phrase: its terms and its words in Latin letters; neighbours belong together until a 和, 与, …."""
    groups: list[_Part] = []
    for part in _parts_of_chinese(phrase):
        if groups and not _JOINT.search(phrase[groups[-1].end : part.start]):
            groups[-1] = _joined(groups[-1], part)
        else:
            groups.append(part)
    for group in groups:
        label = _trimmed(phrase[group.start : group.end]) if len(groups) > 1 else phrase
        yield Interest(label[:LABEL_LENGTH], weight, tuple(dict.fromkeys(group.units)))


class _Part(NamedTuple):
    """A piece of a phrase that can be looked for."""

    start: int
    end: int
    units: tuple[str, ...]


def _joined(left: _Part, right: _Part) -> _Part:
    """Two parts as one; words that touch are looked for side by side as well."""
    words = [[unit for unit in part.units if unit[0] not in "=~" and " " not in unit] for part in (left, right)]
    touching = (f"{words[0][-1]} {words[1][0]}",) if left.end == right.start and all(words) else ()
    return _Part(left.start, right.end, left.units + touching + right.units)


def _parts_of_chinese(phrase: str) -> list[_Part]:
    terms = glossary.chinese_in(phrase, words=True)
    parts = [_Part(found.start, found.end, _units_of_term(found.term)) for found in terms]
    at = 0
    for start, end in [*((found.start, found.end) for found in terms), (len(phrase), len(phrase))]:
        for match in _LATIN.finditer(phrase, at, start):
            units = units_of_words(list(tokens(match[0])))
            if units:
                parts.append(_Part(match.start(), match.end(), units))
        at = end
    return sorted(parts)


def _units_of_term(term: glossary.Term) -> tuple[str, ...]:
    if term.is_kind:
        return (term.name,)
    words = list(tokens(term.english[0].removeprefix("=")))
    if not term.name:
        stems = [word.stem for word in words]
        return (*stems, *(f"{left} {right}" for left, right in pairwise(stems)))
    return units_of_words(words, term)


def _trimmed(phrase: str) -> str:
    phrase = phrase.strip(" \t\"'“”‘’«»「」『』《》()（）[]【】{}<>:：.·*_`~#、-–—=")
    for _ in range(4):
        match = _TAIL.search(phrase)
        if match is None or not _WORDY.search(phrase[: match.start()]) or _term_last(phrase, match.start()):
            break
        phrase = phrase[: match.start()].rstrip()
    return phrase


def _term_last(phrase: str, start: int) -> bool:
    """Whether what looks like a way of speaking is the end of a term ("future of work")."""
    words = len(list(tokens(phrase[:start])))
    english = any(found.start < words < found.end for found in glossary.asked_in(list(tokens(phrase))))
    return english or any(found.start < start < found.end for found in glossary.chinese_in(phrase, words=True))
