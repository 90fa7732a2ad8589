"""What people type into a setting → what it means: hours, interests, names to follow or mute. Values in, values out."""

from __future__ import annotations

import re
import unicodedata
from datetime import time

from bot.errors import BadFollow, BadInterests, BadTime
from bot.model import Follow, FollowKind, Mute, MuteKind

MOST_INTERESTS = 4000
_NOTHING = re.compile(r"[-–—−]|(?:clear|none|nothing|empty|reset|清空|清除|没有|无|空)[.。]?", re.IGNORECASE)
LONGEST_NAME = 120


def parse_hour(text: str) -> time:
    """A time of day as people write it: "8", "8:30", "08.30", "8 pm", "20点30分", "晚上8点".

    Raises:
        BadTime: it is none.
    """
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    evening = bool(re.search(r"pm|p\.m\.|下午|晚上", plain))
    morning = bool(re.search(r"am|a\.m\.|上午|早上|凌晨", plain))
    plain = re.sub(r"pm|p\.m\.|am|a\.m\.|下午|晚上|上午|早上|凌晨|uhr", "", plain).strip()
    match = re.fullmatch(r"(\d{1,2})(?:\s*[:.h点时]\s*(\d{2}|半)?\s*分?)?", plain)
    if match is None or (evening and morning):
        raise BadTime(text.strip())
    hour, minute = int(match[1]), 30 if match[2] == "半" else int(match[2] or 0)
    if (evening or morning) and not 1 <= hour <= 12 + 12 * evening:
        raise BadTime(text.strip())
    if hour == 12 and (morning or "晚上" in text):
        hour = 0
    elif evening and hour < 12:
        hour += 12
    if hour > 23 or minute > 59:
        raise BadTime(text.strip())
    return time(hour, minute)


def parse_interests(text: str) -> str:
    """Stated interests in a person's own words; lines stay, other runs of white space become one space. "-", "clear",
    "none", 清空 and their like state none: "".

    Raises:
        BadInterests: empty, or longer than 4,000 characters.
    """
    if _NOTHING.fullmatch(text.strip()):
        return ""
    plain = re.sub(r"[^\S\n]+", " ", unicodedata.normalize("NFC", _visible(text))).strip()
    says_something = re.search(r"\w", plain) is not None
    if not says_something or len(plain) > MOST_INTERESTS:
        raise BadInterests(len(plain) if says_something else 0, MOST_INTERESTS)
    return plain


_INSTITUTION = re.compile(r"(?:@|inst(?:itution)?\s*[:：]|org\s*[:：]|机构\s*[:：])\s*", re.IGNORECASE)
_AUTHOR = re.compile(r"(?:author\s*[:：]|作者\s*[:：])\s*", re.IGNORECASE)
_INSTITUTION_WORD = re.compile(
    r"\b(?:universit\w*|institut\w*|laborator\w*|labs?|research|college|school|academy|mit|eth|epfl|inria|cnrs|kaist"
    r"|cmu|google|deepmind|meta|microsoft|openai|anthropic|nvidia|amazon|apple|ibm|alibaba|tencent|bytedance|huawei"
    r"|baidu|deepseek|mistral|salesforce|samsung|qwen|moonshot|stanford|berkeley|princeton|harvard|oxford|tsinghua)\b"
    r"|大学|学院|研究院|研究所|实验室|公司",
    re.IGNORECASE,
)


def parse_follow(text: str) -> Follow:
    """What somebody wants to follow; without a mark, words like "University" tell an institution from an author.

    Raises:
        BadFollow: nobody is named, or the name is too long.
    """
    plain = re.sub(r"\s+", " ", _visible(text)).strip()
    for mark, kind in ((_INSTITUTION, FollowKind.INSTITUTION), (_AUTHOR, FollowKind.AUTHOR)):
        match = mark.match(plain)
        if match is not None:
            return Follow(kind, _name(text, plain[match.end() :]))
    kind = FollowKind.INSTITUTION if _INSTITUTION_WORD.search(plain) else FollowKind.AUTHOR
    return Follow(kind, _name(text, plain))


_FURTHER = re.compile(r"[;；、\n]+|[,，]")
_BELONGS = re.compile(
    r"(?:jr|sr|ii|iii|iv|inc|ltd|llc|gmbh)\.?|[^\W\d_]\.?(?:[\s.-]+[^\W\d_]\.?){0,2}"
    r"|berkeley|los angeles|san diego|santa (?:barbara|cruz)|irvine|davis|riverside|merced|san francisco|shenzhen|weihai"
    r"|bombay|delhi|madras|kanpur|kharagpur|roorkee|guwahati|hyderabad|austin|dallas|arlington|madison|urbana-champaign"
    r"|ann arbor|amherst|twin cities|boulder|college park|chapel hill|china|usa|uk|germany|singapore",
    re.IGNORECASE,
)
"""What after a comma is part of the name before it: "Smith, Jr.", "LeCun, Y.", "University of California, Berkeley"."""


def parse_follows(text: str) -> tuple[Follow, ...]:
    """Whom somebody wants to follow, one or several: "Yann LeCun, Kaiming He", "inst: MIT, ETH"; each once, in order.

    Raises:
        BadFollow: nobody is named, or a name is too long.
    """
    names: list[str] = []
    for separator, part in _parts(text):
        if separator in {",", "，"} and names and _BELONGS.fullmatch(part):
            names[-1] += f", {part}"
        else:
            names.append(part)
    marked = re.match(r"\s*(\w+\s*[:：])", text)
    found = [
        parse_follow(name if at == 0 or not marked or _marked(name) else marked[1] + name)
        for at, name in enumerate(names)
    ]
    if not found:
        raise BadFollow(text.strip())
    return tuple(dict.fromkeys(found))


def _parts(text: str) -> list[tuple[str, str]]:
    """The separator before each part of a text, and the part; parts without a word are passed over."""
    found, at, separator = [], 0, ""
    for match in [*_FURTHER.finditer(text), None]:
        part = text[at : match.start() if match else len(text)].strip()
        if re.search(r"\w", part):
            found.append((separator, part))
        if match:
            at, separator = match.end(), match[0]
    return found


def _marked(name: str) -> bool:
    return any(mark.match(name) for mark in (_INSTITUTION, _AUTHOR))


def parse_mute(text: str) -> Mute:
    """What somebody wants to mute.

    Raises:
        BadFollow: nothing is named, or it is too long.
    """
    plain = re.sub(r"\s+", " ", _visible(text)).strip()
    match = _AUTHOR.match(plain)
    if match is not None:
        return Mute(MuteKind.AUTHOR, _name(text, plain[match.end() :]))
    return Mute(MuteKind.WORD, _name(text, plain))


def _name(text: str, name: str) -> str:
    cleaned = name.strip(" ,.;，。；")
    if not cleaned or len(cleaned) > LONGEST_NAME:
        raise BadFollow(text.strip())
    return cleaned


def _visible(text: str) -> str:
    """`text` without control characters (white space stays) and unpaired surrogates."""
    return "".join(ch for ch in text if ch.isspace() or unicodedata.category(ch) not in ("Cc", "Cs", "Co", "Cn"))
