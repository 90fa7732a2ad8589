"""The blocks of a rich message as the server reads them: InputRichBlock in, RichBlock out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.playground import limits
from bot.playground.errors import bad_request
from bot.playground.fields import Fields
from bot.playground.rich_text import Json, RichText, TextReader, deeper, plain_text

Media = Callable[[str, Fields], Json]
"""Turns a kind and its InputMedia… into the fields that a received block has of it."""

_SIMPLE = frozenset({"paragraph", "footer", "thinking"})
_QUOTES = frozenset({"pullquote", "expandable_blockquote"})
_GALLERIES = frozenset({"collage", "slideshow"})
MEDIA = frozenset({"animation", "audio", "document", "photo", "video", "voice_note"})
_ALIGN = ("left", "center", "right")
_VALIGN = ("top", "middle", "bottom")
_NUMBERS = ("a", "A", "i", "I", "1")
_TABLE_FLAGS = ("is_bordered", "is_striped", "is_compact")
_MOST_SPAN = 500


@dataclass(frozen=True, slots=True)
class RichMessage:
    """A rich message as clients receive it. `buttons` are those inside of it in reading order, with plain labels."""

    blocks: tuple[Json, ...]
    is_rtl: bool = False
    buttons: tuple[Json, ...] = ()

    def wire(self) -> Json:
        """RichMessage of the Bot API."""
        return {"blocks": list(self.blocks)} | ({"is_rtl": True} if self.is_rtl else {})

    @property
    def plain(self) -> str:
        """Its text, a line for each block and each row of a table."""
        return "\n".join(lines(list(self.blocks)))


class BlockReader:
    """Reads the blocks of one message. With `draft` a thinking block is allowed."""

    def __init__(self, text: TextReader, media: Media, *, draft: bool) -> None:
        self._text = text
        self._media = media
        self._draft = draft
        self._tally = text.tally

    def read(self, listed: object, depth: int) -> list[Json]:
        """Blocks as a client receives them; they stand `depth` levels deep, 0 for a message's own.

        Raises:
            ApiError: one cannot be read, or is too deep.
        """
        if not isinstance(listed, list):
            raise bad_request("Can't parse InputRichBlock: expected an Array of InputRichBlock")
        return [self._block(Fields(value, "InputRichBlock"), deeper(depth)) for value in listed]

    def _block(self, given: Fields, depth: int) -> Json:
        self._tally.blocks += 1
        kind = given.text("type")
        if kind in _SIMPLE and (kind != "thinking" or self._draft):
            return {"type": kind, "text": self._text.read(given.any("text"), depth)}
        if kind in _QUOTES:
            return {"type": kind, "text": self._text.read(given.any("text"), depth)} | self._optional(
                given, depth, "credit"
            )
        if kind in _GALLERIES:
            blocks = self.read(given.any("blocks"), depth)
            if not blocks or any(block["type"] not in ("animation", "photo", "video") for block in blocks):
                raise bad_request(f"RICH_MESSAGE_{kind.upper()}_INVALID")
            return {"type": kind, "blocks": blocks} | self._caption(given, depth)
        if kind in MEDIA:
            return self._medium(kind, given, depth)
        special = {
            "heading": self._heading,
            "pre": self._pre,
            "divider": _divider,
            "mathematical_expression": self._formula,
            "anchor": _anchor,
            "list": self._list,
            "blockquote": self._blockquote,
            "table": self._table,
            "details": self._details,
            "map": self._map,
            "buttons": self._buttons,
        }.get(kind)
        if special is None:
            raise given.wrong(f'type "{kind}" is unsupported')
        return {"type": kind} | special(given, depth)

    def _optional(self, given: Fields, depth: int, name: str) -> Json:
        return {name: self._text.read(given.any(name), depth)} if given.has(name) else {}

    def _caption(self, given: Fields, depth: int) -> Json:
        if not given.has("caption"):
            return {}
        held = Fields(given.any("caption"), "RichBlockCaption")
        return {"caption": {"text": self._text.read(held.any("text"), depth)} | self._optional(held, depth, "credit")}

    # ---------------------------------------------------------------- one kind each

    def _heading(self, given: Fields, depth: int) -> Json:
        text, size = self._text.read(given.any("text"), depth), given.integer("size")
        if not 1 <= size <= 6:
            raise bad_request("Invalid section heading size specified")
        return {"text": text, "size": size}

    def _pre(self, given: Fields, depth: int) -> Json:
        shown = {"text": self._text.read(given.any("text"), depth, plain=True)}
        return shown | ({"language": given.text("language")} if given.optional_text("language") else {})

    def _formula(self, given: Fields, _depth: int) -> Json:
        return {"expression": self._text.formula(given)}

    def _blockquote(self, given: Fields, depth: int) -> Json:
        return {"blocks": self.read(given.any("blocks"), depth)} | self._optional(given, depth, "credit")

    def _details(self, given: Fields, depth: int) -> Json:
        shown = {
            "summary": self._text.read(given.any("summary"), depth),
            "blocks": self.read(given.any("blocks"), depth),
        }
        return shown | ({"is_open": True} if given.flag("is_open") else {})

    def _list(self, given: Fields, depth: int) -> Json:
        items = [Fields(item, "InputRichBlockListItem") for item in given.array("items")]
        if not items:
            raise bad_request("List must be non-empty")
        numbered = {item.has("value") or item.has("type") for item in items}
        if len(numbered) > 1:
            raise bad_request("List must be either ordered or unordered")
        value = 0
        shown: list[Json] = []
        for item in items:
            self._tally.blocks += 1
            received: Json = {"label": "•", "blocks": self.read(item.any("blocks"), depth)}
            for name in ("has_checkbox", "is_checked"):
                if item.flag(name):
                    received[name] = True
            if numbered == {True}:
                value = item.optional_integer("value", value + 1)
                style = item.optional_text("type") or "1"
                if style not in _NUMBERS:
                    raise bad_request("Invalid list item type specified")
                received |= {"label": f"{_label(value, style)}.", "value": value, "type": style}
            shown.append(received)
        return {"items": shown}

    def _table(self, given: Fields, depth: int) -> Json:
        rows = given.array("cells")
        shown: list[list[Json]] = []
        below: list[int] = []  # of each column: how many more rows a cell from above takes
        for row in rows:
            if not isinstance(row, list):
                raise given.wrong('Field "cells" must be an Array of Arrays of RichBlockTableCell')
            self._tally.blocks += 1
            cells = [self._cell(cell, depth) for cell in row]
            below = _occupied(below, cells)
            if len(below) > limits.RICH_COLUMNS:
                raise bad_request("RICH_MESSAGE_TABLE_COLS_TOO_MANY")
            shown.append(cells)
        flags = {name: True for name in _TABLE_FLAGS if given.flag(name)}
        return {"cells": shown} | flags | self._optional(given, depth, "caption")

    def _cell(self, value: object, depth: int) -> Json:
        given = Fields(value, "PageBlockTableCell")
        shown: Json = {}
        if given.has("text"):
            shown["text"] = self._text.read(given.any("text"), depth, "PageBlockTableCell")
        if given.flag("is_header"):
            shown["is_header"] = True
        for name in ("colspan", "rowspan"):
            span = given.optional_integer(name, 1)
            if not 0 <= span <= _MOST_SPAN:
                raise bad_request(f"Invalid table cell {name} specified")
            if span > 1:
                shown[name] = span
        for name, allowed in (("align", _ALIGN), ("valign", _VALIGN)):
            place = given.optional_text(name) or allowed[0]
            if place not in allowed:
                raise given.wrong(f'Invalid value of field "{name}" specified')
            shown[name] = place
        return shown

    def _map(self, given: Fields, depth: int) -> Json:
        held = Fields(given.any("location"), "Location")
        latitude, longitude = held.decimal("latitude"), held.decimal("longitude")
        zoom, width, height = (
            given.optional_integer(name, default) for name, default in (("zoom", 16), ("width", 600), ("height", 400))
        )
        narrow, wide = sorted((width, height))
        fits = abs(latitude) <= 90 and abs(longitude) <= 180 and 0 <= zoom <= 24
        if not fits or narrow < 1 or narrow + wide > 10_000 or wide > 20 * narrow:
            raise bad_request("Invalid map properties specified")
        self._tally.seen = True
        shown: Json = {"location": {"latitude": latitude, "longitude": longitude}}
        return shown | {"zoom": zoom, "width": width, "height": height} | self._caption(given, depth)

    def _buttons(self, given: Fields, depth: int) -> Json:
        listed = given.array("buttons")
        if not 1 <= len(listed) <= limits.RICH_BUTTONS:
            raise bad_request("RICH_MESSAGE_BUTTONS_INVALID")
        align = given.optional_text("align")
        if align and align not in _ALIGN:
            raise given.wrong('Invalid value of field "align" specified')
        shown: Json = {"buttons": [self._text.button(value, depth) for value in listed]}
        return shown | ({"align": align} if align else {})

    def _medium(self, kind: str, given: Fields, depth: int) -> Json:
        value = given.any(kind)
        if not isinstance(value, dict):
            raise bad_request(f'Field "{kind}" must be of type Object')
        self._tally.media += 1
        self._tally.seen = True
        return {"type": kind} | self._media(kind, Fields(value, "InputMedia")) | self._caption(given, depth)


def _divider(_given: Fields, _depth: int) -> Json:
    return {}


def _anchor(given: Fields, _depth: int) -> Json:
    return {"name": given.text("name")}


def _occupied(below: list[int], cells: list[Json]) -> list[int]:
    """Of each column so far, how many rows after this one (of `cells`) a cell still takes."""
    taken = [left > 0 for left in below]
    after = [max(0, left - 1) for left in below]
    column = 0
    for cell in cells:
        while column < len(taken) and taken[column]:
            column += 1
        end = column + int(cell.get("colspan", 1))
        after += [0] * (end - len(after))
        for place in range(column, end):
            after[place] = max(after[place], int(cell.get("rowspan", 1)) - 1)
        column = end
    return after


def _label(value: int, style: str) -> str:
    """A number as a list writes it: in digits, letters or Roman numerals."""
    if style == "1" or value < 1:
        return str(value)
    if style in "aA":
        letters = ""
        while value:
            value, rest = divmod(value - 1, 26)
            letters = chr(ord("a") + rest) + letters
    else:
        letters = _roman(value)
    return letters if style.islower() else letters.upper()


def _roman(value: int) -> str:
    steps = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
    pieces = ""
    for worth, letters in (*steps, (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")):
        pieces += letters * (value // worth)
        value %= worth
    return pieces


# --------------------------------------------------------------------------- what a reader sees


def lines(blocks: list[Json]) -> Iterator[str]:
    """Received blocks as plain lines: a formula as its source, a table row by row, a button in brackets."""
    for block in blocks:
        yield from _lines(block)


def _lines(block: Any) -> Iterator[str]:
    match block["type"]:
        case "table":
            if "caption" in block:
                yield plain_text(block["caption"])
            for row in block["cells"]:
                yield " | ".join(plain_text(cell.get("text", "")) for cell in row)
        case "list":
            for item in block["items"]:
                first, *rest = [*lines(item["blocks"]), ""]
                yield f"{item['label']} {first}"
                yield from rest[:-1]
        case "details":
            yield plain_text(block["summary"])
            yield from lines(block["blocks"])
        case "buttons":
            yield " ".join(f"[{plain_text(button['text'])}]" for button in block["buttons"])
        case "mathematical_expression":
            yield str(block["expression"])
        case _:
            yield from _words(block)


def _words(block: Any) -> Iterator[str]:
    if "text" in block:
        yield from plain_text(block["text"]).split("\n")
    yield from lines(block.get("blocks", []))
    caption: RichText = block.get("caption", {}).get("text", "")
    for text in (caption, block.get("credit", "")):
        if text:
            yield plain_text(text)
