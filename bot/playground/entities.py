"""Formatted text as Telegram reads it: HTML parse mode, cleaning, limits and entities found on their own.

Offsets and lengths are counted in UTF-16 code units, as everywhere in the Bot API. The rules and the wording of the
refusals follow TDLib's public source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from bot.playground.errors import bad_request

# what stands first among entities of the same place, as the server sorts them
_PRIORITY = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 10,
    "code": 20,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}
_SPLITTABLE = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler"})
_LITERAL = frozenset({"pre", "code"})
_QUOTES = frozenset({"blockquote", "expandable_blockquote"})
_FOUND = frozenset({"mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number"})


_MOST_UNITS = 1_000_000
_BEYOND = re.compile("[\U00010000-\U0010ffff]")
_ODD = re.compile("[\x00-\x09\x0b-\x1f\u2028-\u202e]")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entity:
    """A piece of text with a meaning. `argument` is a link's address, a code block's language, a mentioned user's or
    a custom emoji's id; "" where the type needs none."""

    type: str
    offset: int
    length: int
    argument: str = ""

    @property
    def end(self) -> int:
        """The first code unit after it."""
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class FormattedText:
    """A text with its entities, sorted as the server sorts them."""

    text: str
    entities: tuple[Entity, ...] = ()


def utf16_length(text: str) -> int:
    """The number of UTF-16 code units of `text`."""
    return len(text) + len(_BEYOND.findall(text))


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The piece of `text` that begins at UTF-16 code unit `offset` and has `length` of them."""
    raw = text.encode("utf-16-le", "surrogatepass")
    return raw[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


def checked(text: str, entities: Iterable[Entity] = (), *, may_be_empty: bool = False) -> FormattedText:
    """`text` as it will stand in the message: cleaned, trimmed, its entities in order, links and commands found.

    Raises:
        ApiError: it is not valid Unicode, or nothing visible is left of it.
    """
    if _SURROGATE.search(text):
        raise bad_request("Strings must be encoded in UTF-8")
    entities = tuple(entities)
    for entity in entities:
        for what, number in (("offset", entity.offset), ("length", entity.length)):
            if not 0 <= number <= _MOST_UNITS:
                raise bad_request(f"Receive an entity with incorrect {what} {number}")
    text, kept = _clean(text, entities)
    text, kept = _trim(text, kept)
    if not text.strip(" \n\u200b\u200c\u200d\u2060\ufeff"):
        if may_be_empty:
            return FormattedText("")
        raise bad_request("Text must be non-empty")
    given = _fit(text, kept)
    blocked = [entity for entity in given if entity.type not in _SPLITTABLE | _QUOTES]
    found = [entity for entity in find(text) if not any(_overlap(entity, other) for other in blocked)]
    return FormattedText(text, tuple(sorted((*given, *found), key=_order)))


def cleaned(text: str) -> str:
    """`text` without the control characters that no message keeps.

    Raises:
        ApiError: it is not valid Unicode.
    """
    if _SURROGATE.search(text):
        raise bad_request("Strings must be encoded in UTF-8")
    return _clean(text, ())[0]


def _order(entity: Entity) -> tuple[int, int, int]:
    return entity.offset, -entity.length, _PRIORITY.get(entity.type, 50)


def _overlap(one: Entity, other: Entity) -> bool:
    return one.offset < other.end and other.offset < one.end


# --------------------------------------------------------------------------- cleaning


def _clean(text: str, entities: Iterable[Entity]) -> tuple[str, list[Entity]]:
    """Control characters become spaces; carriage returns and embedding controls vanish; offsets follow."""
    if not _ODD.search(text):
        return text, list(entities)
    pieces: list[str] = []
    new_place: list[int] = []  # of each old code unit
    place = 0
    for character in text:
        if character == "\r" or "\u2028" <= character <= "\u202e":
            piece = ""
        elif character < " " and character != "\n":
            piece = " "
        else:
            piece = character
        new_place.extend([place] * (1 + (character > "\uffff")))
        pieces.append(piece)
        place += utf16_length(piece)
    new_place.append(place)

    def moved(offset: int) -> int:
        return new_place[min(max(offset, 0), len(new_place) - 1)]

    cleaned = [replace(e, offset=moved(e.offset), length=moved(e.end) - moved(e.offset)) for e in entities]
    return "".join(pieces), cleaned


def _trim(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Spaces and line ends at both ends go, in front only as far as no entity begins there."""
    text = text.rstrip(" \n")
    end = utf16_length(text)
    kept = [replace(e, length=min(e.length, end - e.offset)) for e in entities if e.offset < end]
    first = min((entity.offset for entity in kept if entity.length > 0), default=end)
    lead = min(len(text) - len(text.lstrip(" \n")), first)
    return text[lead:], [replace(e, offset=e.offset - lead) for e in kept]


def _fit(text: str, entities: Iterable[Entity]) -> list[Entity]:
    """The entities that may stand together: nothing inside code, no link in a link, no quotation in a quotation."""
    visible = [e for e in entities if e.length > 0 and utf16_slice(text, e.offset, e.length).strip(" \n")]
    ordered = sorted(visible, key=_order)
    quotes: list[Entity] = []
    firm: list[Entity] = []
    for entity in ordered:
        if entity.type in _QUOTES and not any(_overlap(entity, other) for other in quotes):
            quotes.append(entity)
        elif entity.type not in _QUOTES | _SPLITTABLE and not any(_overlap(entity, other) for other in firm):
            firm.append(entity)
    literal = [entity for entity in firm if entity.type in _LITERAL]
    soft: list[Entity] = []
    for kind in _SPLITTABLE:
        soft.extend(_without(_joined([e for e in ordered if e.type == kind]), literal))
    return sorted((*quotes, *firm, *soft), key=_order)


def _joined(entities: list[Entity]) -> list[Entity]:
    """Entities of one kind, sorted, with overlapping and touching ones made one."""
    joined: list[Entity] = []
    for entity in entities:
        if joined and entity.offset <= joined[-1].end:
            last = joined.pop()
            entity = replace(last, length=max(last.end, entity.end) - last.offset)  # noqa: PLW2901 - the joined one
        joined.append(entity)
    return joined


def _without(entities: list[Entity], holes: list[Entity]) -> list[Entity]:
    """The entities minus the ranges of `holes`."""
    rest: list[Entity] = []
    for entity in entities:
        start = entity.offset
        for hole in sorted((h for h in holes if _overlap(h, entity)), key=_order):
            if hole.offset > start:
                rest.append(replace(entity, offset=start, length=hole.offset - start))
            start = max(start, hole.end)
        if start < entity.end:
            rest.append(replace(entity, offset=start, length=entity.end - start))
    return rest


# --------------------------------------------------------------------------- what is found without being marked

_DOMAIN = r"(?:[a-z0-9-]+\.)+(?:org|com|net|io|ai|co|edu|gov|dev|app|me|cn|de|uk|fr|jp)"
_PATTERNS = (
    ("email", re.compile(rf"(?<![\w.+-])[\w.+-]+@{_DOMAIN}(?![\w-])", re.IGNORECASE)),
    (
        "url",
        re.compile(rf"(?<![\w@/.])(?:https?://[^\s<>\"]+|{_DOMAIN}(?::\d+)?(?:/[^\s<>\"]*)?(?![\w-]))", re.IGNORECASE),
    ),
    ("bot_command", re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@/])@[A-Za-z0-9_]{3,32}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#/&])#(?=\w*[^\W\d])\w+")),
)


def find(text: str) -> Iterator[Entity]:
    """Links, addresses, commands, mentions and hashtags that stand in the text."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            found = match[0].rstrip(".,:;!?'\")]}") if kind == "url" else match[0]
            start, end = match.start(), match.start() + len(found)
            if not any(start < other_end and other_start < end for other_start, other_end in taken):
                taken.append((start, end))
                yield Entity(kind, utf16_length(text[:start]), utf16_length(found))


# --------------------------------------------------------------------------- parse_mode HTML

_TAGS = {
    "a": "text_link",
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "u": "underline",
    "ins": "underline",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "tg-emoji": "custom_emoji",
    "pre": "pre",
    "code": "code",
    "blockquote": "blockquote",
}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]+));?")
_PLAIN = re.compile("[^<&]+")
_SPACES = " \t\r\n\0\v"


@dataclass(slots=True)
class _Open:
    tag: str
    argument: str
    offset: int
    place: int  # in the pieces of the result


class _Html:
    """One parse of an HTML text; `text` ends with a NUL so that looking ahead needs no bounds."""

    def __init__(self, source: str) -> None:
        self.text = source.replace("\0", " ") + "\0"
        self.size = len(source)
        self.at = 0
        self.result: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def parse(self) -> FormattedText:
        while self.at < self.size:
            character = self.text[self.at]
            if character == "&" and (decoded := self.reference()):
                self.emit(decoded)
            elif character != "<":
                run = _PLAIN.match(self.text, self.at, self.size)
                piece = run[0] if run else character
                self.at += len(piece)
                self.emit(piece)
            elif self.text[self.at + 1] == "/":
                self.end_tag()
            else:
                self.start_tag()
        if self.open:
            raise _refuse(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        text = "".join(self.result)
        try:  # two halves written as references make one character; one half alone is an error
            text = text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            raise _refuse(
                "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate "
                "code units"
            ) from None
        return FormattedText(text, tuple(self.entities))

    def emit(self, piece: str) -> None:
        self.result.append(piece)
        self.offset += utf16_length(piece)

    def byte(self, place: int) -> int:
        """Where a character stands in bytes, as the server's messages say it."""
        return len(self.text[:place].encode("utf-8", "surrogatepass"))

    def reference(self) -> str:
        """The character that a reference at the current place stands for, "" if it is none; moves behind it."""
        match = _REFERENCE.match(self.text, self.at)
        if match is None:
            return ""
        hexadecimal, decimal, name = match.groups()
        if name is not None:
            decoded = _NAMED.get(name, "")
        else:
            code = int(hexadecimal, 16) if hexadecimal else int(decimal) if decimal else 0
            too_long = len(match[0].rstrip(";")) >= 10
            decoded = "" if code == 0 or code >= 0x10FFFF or too_long else chr(code)
        if decoded:
            self.at = match.end()
        return decoded

    def skip_spaces(self) -> None:
        while self.text[self.at] in " \t\r\n\v":
            self.at += 1

    def until(self, stops: str) -> str:
        start = self.at
        while self.text[self.at] not in stops:
            self.at += 1
        return self.text[start : self.at]

    def start_tag(self) -> None:
        begin = self.at
        self.at += 1
        tag = self.until(_SPACES + ">").lower()
        if self.text[self.at] == "\0":
            raise _refuse(f"Unclosed start tag at byte offset {self.byte(begin)}")
        if tag not in _TAGS:
            raise _refuse(f'Unsupported start tag "{tag}" at byte offset {self.byte(begin)}')
        argument = ""
        while True:
            self.skip_spaces()
            if self.text[self.at] == ">":
                break
            name, value = self.attribute(tag, begin)
            argument = _argument(tag, name, value) or argument
        self.at += 1
        if tag == "span" and argument != "spoiler":
            raise _refuse(f'Tag "span" must have class "tg-spoiler" at byte offset {self.byte(begin)}')
        self.open.append(_Open(tag, argument, self.offset, len(self.result)))

    def attribute(self, tag: str, begin: int) -> tuple[str, str]:
        unclosed = f'Unclosed start tag "{tag}" at byte offset {self.byte(begin)}'
        name = self.until(_SPACES + "=>/\"'")
        if not name:
            raise _refuse(f'Empty attribute name in the tag "{tag}" at byte offset {self.byte(begin)}')
        self.skip_spaces()
        if self.text[self.at] == "\0":
            raise _refuse(unclosed)
        if self.text[self.at] != "=":
            return name, "1"
        self.at += 1
        self.skip_spaces()
        quote = self.text[self.at]
        if quote == "\0":
            raise _refuse(unclosed)
        if quote not in "\"'":
            token = self.at
            while self.text[self.at].isascii() and (self.text[self.at].isalnum() or self.text[self.at] in ".-"):
                self.at += 1
            if self.text[self.at] not in _SPACES + ">":
                raise _refuse(f"Unexpected end of name token at byte offset {self.byte(token)}")
            value = self.text[token : self.at].lower()
        else:
            self.at += 1
            value = self.quoted(quote)
        if self.text[self.at] == "\0":
            raise _refuse(f"Unclosed start tag at byte offset {self.byte(begin)}")
        return name, value

    def quoted(self, quote: str) -> str:
        pieces: list[str] = []
        while self.text[self.at] not in (quote, "\0"):
            if self.text[self.at] == "&" and (decoded := self.reference()):
                pieces.append(decoded)
            else:
                pieces.append(self.text[self.at])
                self.at += 1
        if self.text[self.at] == quote:
            self.at += 1
        return "".join(pieces)

    def end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise _refuse(f"Unexpected end tag at byte offset {self.byte(begin)}")
        self.at += 2
        tag = self.until(_SPACES + ">").lower()
        self.skip_spaces()
        if self.text[self.at] != ">":
            raise _refuse(f"Unclosed end tag at byte offset {self.byte(begin)}")
        self.at += 1
        opened = self.open.pop()
        if tag and tag != opened.tag:
            raise _refuse(
                f'Unmatched end tag at byte offset {self.byte(begin)}, expected "</{opened.tag}>", found "</{tag}>"'
            )
        if self.offset > opened.offset:
            self.close(opened)

    def close(self, opened: _Open) -> None:
        length = self.offset - opened.offset
        kind, argument = _TAGS[opened.tag], opened.argument
        last = self.entities[-1] if self.entities else None
        same_place = last is not None and (last.offset, last.length) == (opened.offset, length)
        if opened.tag == "a":
            kind, argument = link(argument or "".join(self.result[opened.place :]))
        elif opened.tag == "blockquote" and argument:
            kind, argument = "expandable_blockquote", ""
        elif opened.tag == "tg-emoji" and not re.fullmatch(r"0*[1-9][0-9]{0,18}", argument):
            raise _refuse("Invalid custom emoji identifier specified")
        elif opened.tag == "span":
            argument = ""
        elif last is not None and same_place and {last.type, kind} == _LITERAL and (last.argument or argument):
            self.entities.pop()  # <pre><code class="language-…"> is one block of that language
            kind, argument = "pre", last.argument or argument
        if kind:
            self.entities.append(Entity(kind, opened.offset, length, argument))


def _refuse(text: str) -> Exception:
    return bad_request(f"Can't parse entities: {text}")


def _argument(tag: str, name: str, value: str) -> str:
    """What an attribute says that matters to its tag, "" for all others."""
    if (tag, name) in (("a", "href"), ("tg-emoji", "emoji-id")):
        return value
    if (tag, name) == ("code", "class") and value.startswith("language-"):
        return value.removeprefix("language-")
    if (tag, name) == ("span", "class") and value.startswith("tg-"):
        return value.removeprefix("tg-")
    return "1" if (tag, name) == ("blockquote", "expandable") else ""


def link(address: str) -> tuple[str, str]:
    """The kind and argument of a link's entity; a kind of "" for an address that the server drops."""
    user = re.fullmatch(r"tg://user/?\?id=([0-9]{1,18})", address.strip())
    if user:
        return "text_mention", user[1]
    link = checked_link(address)
    return ("text_link", link) if link else ("", "")


def checked_link(address: str) -> str:
    """`address` as the server keeps it ("arxiv.org" becomes "http://arxiv.org/"), "" if it cannot be a link."""
    address = address.strip()
    if not address or any(character in address for character in " \n\t"):
        return ""
    try:
        parts = urlsplit(address if "://" in address or address.startswith("tg:") else f"http://{address}")
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return ""
    if parts.scheme in ("tg", "ton"):
        return address
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not ("." in host or host == "localhost"):
        return ""
    path = parts.path or "/"
    return parts._replace(netloc=parts.netloc.lower(), path=path).geturl()


def parse_html(source: str) -> FormattedText:
    """The text and entities of an HTML text; still to be `checked`.

    Raises:
        ApiError: "can't parse entities: …", worded and placed (in bytes) as the server does.
    """
    parsed = _Html(source).parse()
    plain = (replace(e, argument="") if e.type == "code" else e for e in parsed.entities)
    return FormattedText(parsed.text, tuple(plain))


def from_wire(listed: object) -> list[Entity]:
    """The entities of a request's `entities` array.

    Raises:
        ApiError: one of them cannot be read.
    """
    if not isinstance(listed, list):
        return []
    entities: list[Entity] = []
    for item in listed:
        if not isinstance(item, dict):
            raise bad_request("Can't parse MessageEntity: expected an Object")
        try:
            kind, offset, length = str(item["type"]), int(item["offset"]), int(item["length"])
        except KeyError as missing:
            raise bad_request(f"Can't parse MessageEntity: Can't find field \"{missing.args[0]}\"") from None
        except (TypeError, ValueError):
            raise bad_request("Can't parse MessageEntity: Field must be of type Number") from None
        if kind in _FOUND:
            continue  # the server finds these itself
        if kind not in _PRIORITY:
            raise bad_request("Can't parse MessageEntity: Unsupported type specified")
        kind, argument = _wire_argument(kind, item)
        if kind:
            entities.append(Entity(kind, offset, length, argument))
    return entities


def _wire_argument(kind: str, item: dict[str, Any]) -> tuple[str, str]:
    """The kind and argument of a listed entity, the kind "" for a link that the server drops."""
    needed = {"text_link": "url", "text_mention": "user", "custom_emoji": "custom_emoji_id"}.get(kind)
    if needed and not item.get(needed):
        raise bad_request(f"Can't parse MessageEntity: Can't find field \"{needed}\"")
    if kind == "text_link":
        return link(str(item["url"]))
    if kind == "text_mention":
        user = item["user"]
        user_id = str(user.get("id")) if isinstance(user, dict) else ""
        return (kind, user_id) if re.fullmatch(r"[0-9]{1,18}", user_id) else ("", "")
    return kind, str(item.get("custom_emoji_id") or item.get("language") or "")
