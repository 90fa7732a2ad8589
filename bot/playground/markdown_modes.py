"""parse_mode Markdown and MarkdownV2 as Telegram reads them; the rules and the refusals follow TDLib's public source."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.playground.entities import Entity, FormattedText, link, utf16_length
from bot.playground.errors import ApiError, bad_request

_RESERVED = "_*[]()~`>#+-=|{}.!"
_LITERAL = frozenset({"code", "pre"})
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "Blockquote",
}
_BEGINS = (
    ("||", "spoiler"),
    ("__", "underline"),
    ("_", "italic"),
    ("```", "pre"),
    ("`", "code"),
    ("![", "custom_emoji"),
    ("*", "bold"),
    ("~", "strikethrough"),
    ("[", "text_link"),
)
_CLOSES = {
    "bold": "*",
    "italic": "_",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
_LANGUAGE = re.compile(r"[^\s`]+(?=\s)")
_EMOJI = re.compile(r"tg://emoji\?id=([0-9]{1,19})")


@dataclass(slots=True)
class _Open:
    kind: str
    offset: int  # of the entity, in UTF-16 code units
    place: int  # in the source
    argument: str = ""


class _Reader:
    """What both modes share: the source, where we are, what has come of it."""

    def __init__(self, source: str) -> None:
        self.text = source
        self.at = 0
        self.result: list[str] = []
        self.offset = 0
        self.entities: list[Entity] = []

    def emit(self, piece: str) -> None:
        self.result.append(piece)
        self.offset += utf16_length(piece)

    def byte(self, place: int) -> int:
        return len(self.text[:place].encode("utf-8", "surrogatepass"))

    def starts(self, piece: str) -> bool:
        return self.text.startswith(piece, self.at)

    def add(self, kind: str, offset: int, argument: str = "") -> None:
        if kind and self.offset > offset:
            self.entities.append(Entity(kind, offset, self.offset - offset, argument))

    def language(self) -> str:
        """A code block's language, which its first line may name; moves behind it."""
        match = _LANGUAGE.match(self.text, self.at)
        if match:
            self.at = match.end()
        if self.starts("\n"):
            self.at += 1
        return match[0] if match else ""

    def done(self) -> FormattedText:
        return FormattedText("".join(self.result), tuple(self.entities))


def parse_markdown(source: str) -> FormattedText:
    """The text and entities of a text in the old Markdown mode; still to be `checked`.

    Raises:
        ApiError: an entity has no end.
    """
    reader = _Reader(source)
    while reader.at < len(source):
        character = source[reader.at]
        if character == "\\" and source[reader.at + 1 : reader.at + 2] in tuple("_*`["):
            reader.emit(source[reader.at + 1])
            reader.at += 2
        elif character in "_*`[":
            _old_entity(reader, character)
        else:
            reader.emit(character)
            reader.at += 1
    return reader.done()


def _old_entity(reader: _Reader, character: str) -> None:
    begin, offset = reader.at, reader.offset
    block = reader.starts("```")
    mark = "```" if block else "]" if character == "[" else character
    reader.at += 3 if block else 1
    language = reader.language() if block else ""
    end = reader.text.find(mark, reader.at)
    if end < 0:
        raise _refuse(f"Can't find end of the entity starting at byte offset {reader.byte(begin)}")
    inner = reader.text[reader.at : end]
    reader.emit(inner)
    reader.at = end + len(mark)
    if character == "[":
        address = inner
        if reader.starts("("):
            close = reader.text.find(")", reader.at)
            close = len(reader.text) if close < 0 else close
            address, reader.at = reader.text[reader.at + 1 : close], close + 1
        reader.add(*_placed(link(address), offset))
    else:
        kind = "pre" if block else {"_": "italic", "*": "bold", "`": "code"}[character]
        reader.add(kind, offset, language)


def _placed(found: tuple[str, str], offset: int) -> tuple[str, int, str]:
    return found[0], offset, found[1]


def parse_markdown_v2(source: str) -> FormattedText:
    """The text and entities of a text in the mode MarkdownV2; still to be `checked`.

    Raises:
        ApiError: a reserved character is not escaped, or an entity has no end.
    """
    return _Second(source).parse()


class _Second(_Reader):
    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.open: list[_Open] = []
        self.quote: _Open | None = None

    def parse(self) -> FormattedText:
        while self.at < len(self.text):
            self._step(self.text[self.at])
        if self.quote is not None:
            self._end_quote()
        if self.open:
            last = self.open[-1]
            raise _refuse(f"Can't find end of {_NAMES[last.kind]} entity at byte offset {self.byte(last.place)}")
        self.entities.sort(key=lambda entity: (entity.offset, -entity.length))
        return self.done()

    def _step(self, character: str) -> None:
        inside = self.open[-1].kind if self.open else ""
        following = self.text[self.at + 1 : self.at + 2]
        if character == "\\" and following and following <= "~":
            self.emit(following)
            self.at += 2
        elif inside and self.starts(_CLOSES[inside]) and not (inside == "italic" and self.starts("__")):
            self._close(self.open.pop())
        elif inside in _LITERAL or (character not in _RESERVED and character != "\n"):
            if character == "`":
                raise self._reserved(character)
            self.emit(character)
            self.at += 1
        elif character == "\n":
            self._new_line()
        else:
            self._begin(character)

    def _new_line(self) -> None:
        if self.quote is not None and not self.open and not self.starts("\n>"):
            self._end_quote()
        elif self.quote is not None and self.starts("\n>"):
            self.at += 1  # the mark of the quotation's next line
        self.emit("\n")
        self.at += 1

    def _begin(self, character: str) -> None:
        at_line_start = not self.result or self.result[-1].endswith("\n")
        if at_line_start and not self.open and self.quote is None and self.text.startswith((">", "**>"), self.at):
            self.at += 3 if self.starts("**>") else 1
            self.quote = _Open("blockquote", self.offset, self.at)
            return
        # At the very end of a quotation two bars make it expandable.
        if self.quote is not None and self.starts("||") and self.text[self.at + 2 : self.at + 3] in ("", "\n"):
            self.quote.kind = "expandable_blockquote"
            self.at += 2
            return
        kind, length = self._kind(character)
        self.open.append(_Open(kind, self.offset, self.at))
        self.at += length
        if kind == "pre":
            self.open[-1].argument = self.language()

    def _kind(self, character: str) -> tuple[str, int]:
        """The kind of entity that begins here, and how long its mark is."""
        for mark, kind in _BEGINS:
            if self.starts(mark):
                return kind, len(mark)
        raise self._reserved(character)

    def _reserved(self, character: str) -> ApiError:
        return _refuse(f"Character '{character}' is reserved and must be escaped with the preceding '\\'")

    def _close(self, opened: _Open) -> None:
        self.at += len(_CLOSES[opened.kind])
        kind, argument = opened.kind, opened.argument
        if kind in ("text_link", "custom_emoji"):
            address = self._address(opened)
            if kind == "text_link":
                kind, argument = link(address)
            else:
                match = _EMOJI.fullmatch(address)
                if match is None:
                    raise _refuse("Custom emoji entity must contain a tg://emoji URL")
                argument = match[1]
        self.add(kind, opened.offset, argument)

    def _address(self, opened: _Open) -> str:
        """The address in parentheses behind a link's text; without them the text itself is it."""
        if not self.starts("("):
            return "".join(self.result)[-(self.offset - opened.offset) :]
        begin = self.at
        pieces: list[str] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != ")":
            escaped = self.text[self.at] == "\\" and self.at + 1 < len(self.text)
            self.at += escaped
            pieces.append(self.text[self.at])
            self.at += 1
        if self.at >= len(self.text):
            raise _refuse(f"Can't find end of a URL at byte offset {self.byte(begin)}")
        self.at += 1
        return "".join(pieces)

    def _end_quote(self) -> None:
        if self.quote is not None:
            self.add(self.quote.kind, self.quote.offset)
        self.quote = None


def _refuse(text: str) -> ApiError:
    return bad_request(f"Can't parse entities: {text}")
