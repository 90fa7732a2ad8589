"""What people type into a setting → what it means: hours, interests, names to follow or mute. Values in, values out."""

from __future__ import annotations

import re
import unicodedata
from datetime import time

from bot.errors import BadFollow, BadInterests, BadTime
from bot.model import Follow, FollowKind, Mute, MuteKind

MOST_INTERESTS = 4000
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
    """Stated interests in a person's own words; lines stay, other runs of white space become one space.

    Raises:
        BadInterests: empty, or longer than 4,000 characters.
    """
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
