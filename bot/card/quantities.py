"""The numbers that a text asserts: values with their units, names that carry digits, and references like "Table 2".

Made for comparing what somebody says with what a paper says: nothing is rounded, a unit that both state must agree, and
number words ("two", 三个) are numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bot.card.citations import without_citations
from bot.card.symbols import unified

_LETTER = "A-Za-z\u00c0-\u024f\u0370-\u03ff\u0400-\u04ff"
_HAN = "\u3400-\u9fff"

_UNDER_TWENTY = (
    *("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS = {word: n for n, word in enumerate(_UNDER_TWENTY, 2)} | {word: 10 * n for n, word in enumerate(_TENS, 2)}
_WORD = re.compile(rf"(?<![\w-])(?:{'|'.join(_WORDS)})(?![\w-])", re.IGNORECASE)
_HAN_DIGITS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN_NUMBER = re.compile(
    r"(?<![第十百千万亿])(?:[二两三四五六七八九]?十[一二三四五六七八九]?|[二两三四五六七八九]|一(?=[百千万亿]))"
    r"(?=个|种|项|条|倍|次|组|类|名|位|篇|份|台|块|张|层|步|轮|天|年|周|小时|分钟|秒|百|千|万|亿|款|套|路|折)"
)
_MULTIPLES = {
    "twice": "2×",
    "doubl": "2×",
    "thrice": "3×",
    "tripl": "3×",
    "quadrupl": "4×",
    "halv": "50%",
    "half": "50%",
}
_MULTIPLE = re.compile(r"\b(?:twice|thrice|half|(?:doubl|tripl|quadrupl|halv)(?:e[ds]?|ing))\b", re.IGNORECASE)
# What asserts a multiple and nothing else: "double descent" and "half-precision" assert none.
_TIMES_AS_MUCH = re.compile(r"\b(?:twice|thrice|(?:doubl|tripl|quadrupl|halv)(?:e[ds]|ing))\b", re.IGNORECASE)
_FOLD = re.compile(rf"\b({'|'.join(_WORDS)})-?fold\b", re.IGNORECASE)
_HAN_MULTIPLES = (
    ("一倍", " 2× "),
    ("翻了一番", " 2× "),
    ("翻一番", " 2× "),
    ("翻番", " 2× "),
    ("翻倍", " 2× "),
    ("加倍", " 2× "),
    ("减半", " 50% "),
)

_SCALES = {
    **dict.fromkeys(("k", "K", "thousand", "千"), 3),
    **dict.fromkeys(("hundred", "百"), 2),
    **dict.fromkeys(("M", "million", "百万"), 6),
    **dict.fromkeys(("B", "billion", "bn", "十亿"), 9),
    **dict.fromkeys(("T", "trillion", "万亿"), 12),
    "万": 4,
    "亿": 8,
    "千万": 7,
}
_UNITS = {
    "%": ("%", "percent", "per cent", "percentage"),
    "points": ("percentage points", "percentage point", "percentage-point", "% points", "points", "point", "pts", "pp", "个百分点", "百分点", "个点"),
    "×": ("×", "x", "X", "times", "fold", "倍"),
    "ms": ("ms", "milliseconds", "millisecond", "msec", "毫秒"),
    "s": ("s", "seconds", "second", "sec", "secs", "秒"),
    "min": ("min", "mins", "minutes", "minute", "分钟"),
    "h": ("h", "hours", "hour", "hrs", "hr", "个小时", "小时"),
    "d": ("days", "day", "天"),
    "week": ("weeks", "week", "周"),
    "month": ("months", "month", "个月"),
    "year": ("years", "year", "年"),
    "KB": ("KB", "KiB"), "MB": ("MB", "MiB"), "GB": ("GB", "GiB"), "TB": ("TB", "TiB"),
    "dB": ("dB",), "Hz": ("Hz",), "kHz": ("kHz",), "MHz": ("MHz",), "GHz": ("GHz",),
    "W": ("W",), "kW": ("kW",), "nm": ("nm",), "mm": ("mm",), "cm": ("cm",), "km": ("km",), "kg": ("kg",), "mg": ("mg",),
}  # fmt: skip
_UNIT_OF = {written: unit for unit, forms in _UNITS.items() for written in forms}


def _any(words: Iterable[str]) -> str:
    """The words as alternatives, the longest first; one in letters must not go on."""
    longest = sorted(words, key=len, reverse=True)
    return "|".join(
        re.escape(word) + (rf"(?![{_LETTER}])" if word[-1].isascii() and word[-1].isalpha() else "") for word in longest
    )


_NUMBER = re.compile(
    rf"(?<![{_LETTER}0-9_.^])(?P<value>\d+(?:\.\d+|,\d{{1,2}}(?![\d,]))?|(?<![\d.])\.\d+)"
    rf"(?:(?:[eE]|\s?[×x·*]\s?10\s?\^)\(?(?P<exponent>[+-]?\d{{1,3}})(?!\d)|\^\(?(?P<power>-?\d+)\)?)?"
    rf"(?:[ -]?(?P<scale>{_any(_SCALES)}))?(?P<range>(?:\s?(?:-|–|to|and|至|到|~|±)\s?(?=[\d.])))?(?:[ -]?(?P<unit>{_any(_UNIT_OF)}))?"
)
_ORDINAL = re.compile(rf"(?<![{_LETTER}0-9_.])\d+(?:st|nd|rd|th)(?![{_LETTER}])")
_NAME = re.compile(rf"(?<![{_LETTER}0-9_])[{_LETTER}][{_LETTER}0-9_]*(?:[-@/.+][{_LETTER}0-9_]+)*(?<=[{_LETTER}0-9_])")
_REFERENCE_WORDS = (
    r"(?P<table>tables?|tabs?\.|(?<![代发列])表格?)|(?P<figure>figures?|figs?\.|(?<![意地])图)"
    r"|(?P<section>sections?|secs?\.|§+|appendix|appendices|chapters?|附录|第(?=\s*\d+(?:\.\d+)*\s*[节章]))"
    r"|(?P<equation>equations?|eqs?\.|eqn\.|公式|式(?=\s*\())"
    r"|(?P<other>algorithms?|alg\.|theorems?|thm\.|lemmas?|propositions?|corollary|definitions?|assumptions?|算法|定理|引理|假设)"
)
_REFERENCE_NUMBER = r"\(?(?:(?-i:[A-Z])?\d+(?:\.\d+)*|(?-i:[A-Z])(?:\.\d+)*(?!\w))[a-z]?\)?(?![\d%A-Za-z])"
_REFERENCE = re.compile(
    rf"(?<![{_LETTER}])(?:{_REFERENCE_WORDS})\s*(?P<numbers>{_REFERENCE_NUMBER}(?:\s*(?:,|and|&|-|–|to|、|和|与|至)\s*{_REFERENCE_NUMBER})*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Number:
    """A value in plain decimal digits without its sign, and its unit, "" where none was recognised."""

    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Quantities:
    """What a text asserts in digits: numbers, names with digits in them ("gpt4"), and references ("table 2")."""

    numbers: frozenset[Number]
    names: frozenset[str]
    references: frozenset[str]


def quantities(text: str, *, source: bool = False) -> Quantities:
    """The numbers, names and references of a text. Read as a `source`, what can be read in two ways counts in both:
    "3,5" as one number or two, "twice" as two times, "one" as 1."""
    text = without_citations(text.replace("\n", " "))
    text = re.sub(r"[{}$~]", lambda match: " " if match[0] == "~" else "", unified(text))
    references: set[str] = set()
    text = _REFERENCE.sub(lambda match: _referred(match, references), text)
    names: set[str] = set()
    text = _NAME.sub(lambda match: _named(match, names), _ORDINAL.sub(" ", text))
    text = _FOLD.sub(lambda match: f"{_WORDS[match[1].lower()]}×", text)
    for written, multiple in _HAN_MULTIPLES:
        text = text.replace(written, multiple)
    text = (_MULTIPLE if source else _TIMES_AS_MUCH).sub(_multiple, text)
    text = _WORD.sub(lambda match: str(_WORDS[match[0].lower()]), text)
    text = _HAN_NUMBER.sub(lambda match: str(_han_value(match[0])), text)
    # "224x224" and "1,2,3" are several numbers each.
    text = re.sub(r"(?<=\d)\s?[x×]\s?(?=\d)", " × ", text)
    text = re.sub(r"\d+(?:,\d+){2,}", lambda match: match[0].replace(",", ", "), text)
    found = set(_numbers(text))
    if source:
        text = re.sub(r"(?<=\d),(?=\d)", ", ", re.sub(r"\bone\b|一(?=[个种项次])", "1", text, flags=re.IGNORECASE))
        found |= set(_numbers(text))
    return Quantities(frozenset(found), frozenset(names), frozenset(references))


def _multiple(match: re.Match[str]) -> str:
    return next(v for k, v in _MULTIPLES.items() if match[0].lower().startswith(k))


def stands(number: Number, among: Iterable[Number]) -> bool:
    """Whether a number is among others: the same value, and the same unit where both state one."""
    return any(
        number.value == other.value and (not number.unit or not other.unit or number.unit == other.unit)
        for other in among
    )


def _numbers(text: str) -> Iterable[Number]:
    waiting: list[str] = []  # the first numbers of a range, which have the unit of its last
    for match in _NUMBER.finditer(text):
        value = _value(match)
        unit = _UNIT_OF.get(match["unit"] or "", "")
        if match["range"] and not unit:
            waiting.append(value)
            continue
        yield from (Number(each, unit) for each in (*waiting, value))
        waiting = []
    yield from (Number(each) for each in waiting)


def _value(match: re.Match[str]) -> str:
    written = match["value"].replace(",", ".")
    if match["power"] and written != "10":
        return f"{_plain(Decimal(written))}^{match['power']}"
    try:
        exponent = int(match["power"] if match["power"] and written == "10" else match["exponent"] or 0)
        value = Decimal(1) if match["power"] and written == "10" else Decimal(written)
        return _plain(value.scaleb(exponent + _SCALES.get(match["scale"] or "", 0)))
    except (InvalidOperation, ValueError):
        return match[0]


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _han_value(written: str) -> int:
    if "十" not in written:
        return _HAN_DIGITS[written]
    tens, _, ones = written.partition("十")
    return 10 * (_HAN_DIGITS[tens] if tens else 1) + (_HAN_DIGITS[ones] if ones else 0)


def _named(match: re.Match[str], names: set[str]) -> str:
    word = match[0]
    if not any(c.isdigit() for c in word):
        return word
    names.add(name_key(word))
    return " "


def name_key(name: str) -> str:
    """The form in which names with digits are compared: "GPT-4o" → "gpt4o"."""
    return re.sub(r"[-_/+]", "", name).casefold().strip(".")


def _referred(match: re.Match[str], references: set[str]) -> str:
    kind = next(kind for kind in ("table", "figure", "section", "equation", "other") if match[kind])
    words = match["numbers"].replace("(", " ").replace(")", " ")
    for each in re.findall(r"[A-Z]?\d+(?:\.\d+)*|[A-Z](?:\.\d+)*", words):
        references.add(f"{kind} {each.casefold()}")
    return " "
