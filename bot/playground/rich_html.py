"""Rich HTML as Telegram documents it: the html of an InputRichMessage becomes blocks, which are then read like any others.

Telegram parses it on its own servers, so what is broken is read here as browsers read it where the documentation says
nothing, and only a tag that is not documented is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bot.playground.errors import bad_request

Json = dict[str, Any]

_FORMATS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "code": "code",
    "mark": "marked",
    "sub": "subscript",
    "sup": "superscript",
    "tg-spoiler": "spoiler",
}
_INLINE = {*_FORMATS, "a", "br", "tg-emoji", "tg-time", "tg-math", "tg-reference", "tg-button", "span"}
_HEADINGS = {f"h{size}": size for size in range(1, 7)}
_VOID = {"br", "hr", "img", "input", "tg-map"}
_MEDIA = {"img": "photo", "video": "video", "audio": "audio", "tg-document": "document"}
_PARTS = {"li", "tr", "td", "th", "thead", "tbody", "tfoot", "caption", "summary", "cite", "figcaption", "input"}
_CONTAINERS = {"figure", "div", "ul", "ol", "blockquote", "aside", "details", "table", "tg-collage", "tg-slideshow"}
_BLOCKS = {*_HEADINGS, *_MEDIA, *_CONTAINERS, "p", "pre", "footer", "hr", "tg-map", "tg-math-block", "tg-button-row", "tg-thinking"}  # fmt: skip
_KNOWN = _INLINE | _BLOCKS | _PARTS
_EMOJI = re.compile(r"tg://emoji\?id=([0-9]{1,19})")
_MENTION = re.compile(r"tg://user\?id=([0-9]{1,18})")
_OWN_MEDIA = re.compile(r"tg://(?:photo|video|audio|document)\?id=([A-Za-z0-9_-]{1,64})")
_SPACE = re.compile(r"[ \t\r\n\f]+")
_DEEPEST = 100  # elements within each other; blocks and formats are counted more strictly later
_ENDS_ITSELF = {"p": _BLOCKS, "li": {"li"}, "tr": {"tr"}, "td": {"td", "th", "tr"}, "th": {"td", "th", "tr"}}


@dataclass(slots=True)
class Node:
    """An element; `inner` holds texts and elements in order."""

    tag: str
    attributes: dict[str, str]
    inner: list[Node | str] = field(default_factory=list)

    def elements(self, *tags: str) -> list[Node]:
        """The elements directly inside, of these tags where any are named."""
        return [one for one in self.inner if isinstance(one, Node) and (not tags or one.tag in tags)]

    def text(self) -> str:
        """All text inside."""
        return "".join(one if isinstance(one, str) else one.text() for one in self.inner)


class _Tree(HTMLParser):
    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _KNOWN:
            raise bad_request(f'Can\'t parse rich message: Unsupported start tag "{tag}"')
        while tag in _ENDS_ITSELF.get(self._open[-1].tag, ()):
            self._open.pop()
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].inner.append(node)
        if tag not in _VOID:
            self._open.append(node)
        if len(self._open) > _DEEPEST:
            raise bad_request("RICH_MESSAGE_DEPTH_INVALID")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        names = [node.tag for node in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        elif tag not in _VOID and tag != "p":  # a paragraph ends where a block begins
            raise bad_request(f'Can\'t parse rich message: Unexpected end tag "{tag}"')

    def handle_data(self, data: str) -> None:
        self._open[-1].inner.append(data)


def blocks_of(source: str, media: dict[str, Json]) -> list[Json]:
    """The InputRichBlocks of rich HTML; `media` are the InputMedia objects that tg://photo?id= and the like name.

    Raises:
        ApiError: a tag is not documented, or a named medium is not there.
    """
    return _Reader(media).blocks(_Tree(source).root.inner)


class _Reader:
    def __init__(self, media: dict[str, Json]) -> None:
        self._media = media

    # ---------------------------------------------------------------- blocks

    def blocks(self, inner: Iterable[Node | str]) -> list[Json]:
        """Blocks; text that stands between them becomes paragraphs."""
        found: list[Json] = []
        loose: list[Node | str] = []

        def close() -> None:
            if any(not isinstance(one, str) or one.strip() for one in loose):
                found.append(self._paragraph(list(loose)))
            loose.clear()

        for one in inner:
            if isinstance(one, Node) and self._is_block(one):
                close()
                found.extend(self._block(one))
            else:
                loose.append(one)
        close()
        return found

    def _is_block(self, node: Node) -> bool:
        return node.tag in _BLOCKS and not (node.tag == "img" and _EMOJI.fullmatch(node.attributes.get("src", "")))

    def _paragraph(self, loose: list[Node | str]) -> Json:
        anchors = [one for one in loose if isinstance(one, Node) or one.strip()]
        if (
            len(anchors) == 1
            and isinstance(anchors[0], Node)
            and anchors[0].tag == "a"
            and "name" in anchors[0].attributes
        ):
            return {"type": "anchor", "name": anchors[0].attributes["name"]}
        return {"type": "paragraph", "text": self.line(loose)}

    def _block(self, node: Node) -> list[Json]:
        tag = node.tag
        if tag in _HEADINGS:
            return [{"type": "heading", "text": self.line(node.inner), "size": _HEADINGS[tag]}]
        if tag in _MEDIA:
            return [self._medium(node)]
        if tag == "p" and not node.elements() and not node.text().strip():
            return []
        simple = {"p": "paragraph", "footer": "footer", "tg-thinking": "thinking"}.get(tag)
        if simple:
            return [self._paragraph(node.inner) if tag == "p" else {"type": simple, "text": self.line(node.inner)}]
        special = {
            "hr": _divider,
            "pre": self._pre,
            "tg-math-block": _formula,
            "tg-map": _map,
            "tg-button-row": self._buttons,
            "ul": self._list,
            "ol": self._list,
            "blockquote": self._quote,
            "aside": self._pull_quote,
            "details": self._details,
            "table": self._table,
            "tg-collage": self._gallery,
            "tg-slideshow": self._gallery,
            "figure": self._figure,
        }.get(tag)
        return self.blocks(node.inner) if special is None else [special(node)]

    def _pre(self, node: Node) -> Json:
        codes = node.elements("code")
        language = codes[0].attributes.get("class", "").removeprefix("language-") if len(codes) == 1 else ""
        shown: Json = {"type": "pre", "text": node.text().strip("\n")}
        return shown | ({"language": language} if language else {})

    def _list(self, node: Node) -> Json:
        items: list[Json] = []
        step = -1 if "reversed" in node.attributes else 1
        value = _number(node.attributes.get("start", ""), 1)
        for item in node.elements("li"):
            shown: Json = {}
            boxes = [box for box in item.elements("input") if box.attributes.get("type") == "checkbox"]
            if boxes:
                shown |= {"has_checkbox": True} | ({"is_checked": True} if "checked" in boxes[0].attributes else {})
            if node.tag == "ol":
                value = _number(item.attributes.get("value", ""), value)
                shown |= {"value": value, "type": item.attributes.get("type") or node.attributes.get("type") or "1"}
                value += step
            inner = [one for one in item.inner if not (isinstance(one, Node) and one.tag == "input")]
            items.append({"blocks": self.blocks(inner)} | shown)
        return {"type": "list", "items": items}

    def _quote(self, node: Node) -> Json:
        inner, credit = self._credited(node)
        if "expandable" in node.attributes:
            return {"type": "expandable_blockquote", "text": self.line(inner)} | credit
        return {"type": "blockquote", "blocks": self.blocks(inner)} | credit

    def _pull_quote(self, node: Node) -> Json:
        inner, credit = self._credited(node)
        return {"type": "pullquote", "text": self.line(inner)} | credit

    def _credited(self, node: Node) -> tuple[list[Node | str], Json]:
        cites = node.elements("cite")
        inner = [one for one in node.inner if one not in cites]
        return inner, {"credit": self.line(cites[0].inner)} if cites else {}

    def _details(self, node: Node) -> Json:
        summaries = node.elements("summary")
        inner = [one for one in node.inner if one not in summaries]
        shown: Json = {"type": "details", "summary": self.line(summaries[0].inner) if summaries else ""}
        return shown | {"blocks": self.blocks(inner)} | ({"is_open": True} if "open" in node.attributes else {})

    def _table(self, node: Node) -> Json:
        parts = [node, *node.elements("thead", "tbody", "tfoot")]
        rows = [row for part in parts for row in part.elements("tr")]
        shown: Json = {
            "type": "table",
            "cells": [[self._cell(cell) for cell in row.elements("td", "th")] for row in rows],
        }
        shown |= {f"is_{name}": True for name in ("bordered", "striped", "compact") if name in node.attributes}
        captions = node.elements("caption")
        return shown | ({"caption": self.line(captions[0].inner)} if captions else {})

    def _cell(self, node: Node) -> Json:
        given = node.attributes
        style = re.search(r"text-align:\s*(left|center|right)", given.get("style", ""))
        shown: Json = {"text": self.line(node.inner), "align": given.get("align") or (style[1] if style else "left")}
        shown["valign"] = given.get("valign") or "top"
        if node.tag == "th":
            shown["is_header"] = True
        return shown | {name: _number(given[name], 1) for name in ("colspan", "rowspan") if name in given}

    def _buttons(self, node: Node) -> Json:
        shown: Json = {"type": "buttons", "buttons": [self._button(one) for one in node.elements("tg-button")]}
        return shown | ({"align": node.attributes["align"]} if node.attributes.get("align") else {})

    def _gallery(self, node: Node) -> Json:
        inner = self.blocks(one for one in node.elements() if one.tag != "figcaption")
        return {"type": node.tag.removeprefix("tg-"), "blocks": inner} | self._captioned(node)

    def _figure(self, node: Node) -> Json:
        inner = self.blocks(one for one in node.elements() if one.tag != "figcaption")
        if len(inner) != 1:
            raise bad_request("Can't parse rich message: a figure must hold exactly one medium")
        return inner[0] | self._captioned(node)

    def _captioned(self, node: Node) -> Json:
        captions = node.elements("figcaption")
        if not captions:
            return {}
        inner, credit = self._credited(captions[0])
        return {"caption": {"text": self.line(inner)} | credit}

    def _medium(self, node: Node) -> Json:
        source = node.attributes.get("src", "")
        named = _OWN_MEDIA.fullmatch(source)
        if named:
            medium = self._media.get(named[1])
            if medium is None:
                raise bad_request("RICH_MESSAGE_MEDIA_INVALID")
        else:
            medium = {"type": _MEDIA[node.tag], "media": source}
        if "tg-spoiler" in node.attributes:
            medium = medium | {"has_spoiler": True}
        kind = str(medium.get("type"))
        return {"type": kind, kind: medium}

    # ---------------------------------------------------------------- inline

    def line(self, inner: Iterable[Node | str]) -> Any:
        """RichText of texts and elements, white space as a browser shows it."""
        pieces = _tidied([piece for one in inner for piece in self._inline(one)])
        return pieces[0] if len(pieces) == 1 else pieces or ""

    def _inline(self, one: Node | str) -> list[Any]:
        if isinstance(one, str):
            return [_SPACE.sub(" ", one)]
        if one.tag in _FORMATS:
            return [{"type": _FORMATS[one.tag], "text": self._within(one)}]
        special: Callable[[Node], Any] | None = {
            "br": lambda _: "\n",
            "a": self._link,
            "tg-math": lambda node: {"type": "mathematical_expression", "expression": node.text()},
            "tg-emoji": lambda node: _emoji(node.attributes.get("emoji-id", ""), node.text()),
            "img": _image_emoji,
            "tg-time": self._time,
            "tg-reference": self._reference,
            "tg-button": lambda node: {"type": "button", "button": self._button(node)},
        }.get(one.tag)
        return [self._within(one) if special is None else special(one)]

    def _time(self, node: Node) -> Json:
        moment = {"unix_time": node.attributes.get("unix", ""), "date_time_format": node.attributes.get("format", "")}
        return {"type": "date_time", "text": self._within(node)} | moment

    def _reference(self, node: Node) -> Json:
        return {"type": "reference", "text": self._within(node), "name": node.attributes.get("name", "")}

    def _within(self, node: Node) -> Any:
        pieces = [piece for one in node.inner for piece in self._inline(one)]
        return pieces[0] if len(pieces) == 1 else pieces

    def _link(self, node: Node) -> Json:
        address, text = node.attributes.get("href", ""), self._within(node)
        if "name" in node.attributes and not address:
            return {"type": "anchor", "name": node.attributes["name"]}
        mention = _MENTION.fullmatch(address)
        if mention:
            return {"type": "text_mention", "text": text, "user": {"id": int(mention[1])}}
        for start, kind in (("mailto:", "email_address"), ("tel:", "phone_number"), ("#", "anchor_link")):
            if address.startswith(start):
                name = "anchor_name" if kind == "anchor_link" else kind
                return {"type": kind, "text": text, name: address.removeprefix(start)}
        return {"type": "url", "text": text, "url": address}

    def _button(self, node: Node) -> Json:
        given = node.attributes
        kind = given.get("type", "")
        action: Any = {
            "url": given.get("url", ""),
            "callback_data": given.get("data", ""),
            "web_app": {"url": given.get("url", "")},
            "login_url": {"url": given.get("url", "")} | ({"request_write_access": True} if "request-write-access" in given else {}),
            "switch_inline_query": given.get("query", ""),
            "switch_inline_query_current_chat": given.get("query", ""),
            "switch_inline_query_chosen_chat": {"query": given.get("query", "")}
            | {name.replace("-", "_"): True for name in given if name.startswith("allow-")},
            "copy_text": {"text": given.get("text", "")},
            "disabled": {},
        }.get(kind)  # fmt: skip
        if action is None:
            raise bad_request(f'Can\'t parse rich message: Unsupported button type "{kind}"')
        return {"text": self._within(node), kind: action} | ({"style": given["style"]} if given.get("style") else {})


def _emoji(number: str, shown: str) -> Json:
    return {"type": "custom_emoji", "custom_emoji_id": number, "alternative_text": shown}


def _image_emoji(node: Node) -> Json:
    named = _EMOJI.fullmatch(node.attributes.get("src", ""))
    return _emoji(named[1] if named else "", node.attributes.get("alt", ""))


def _divider(_node: Node) -> Json:
    return {"type": "divider"}


def _formula(node: Node) -> Json:
    return {"type": "mathematical_expression", "expression": node.text().strip()}


def _map(node: Node) -> Json:
    given = node.attributes
    place = {"latitude": given.get("lat", ""), "longitude": given.get("long", "")}
    sizes = {name: _number(given[name], 0) for name in ("zoom", "width", "height") if name in given}
    return {"type": "map", "location": place} | sizes


def _number(text: str, default: int) -> int:
    return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else default


def _tidied(pieces: list[Any]) -> list[Any]:
    """A line's pieces without white space at its ends and around line breaks."""
    joined: list[Any] = []
    for piece in pieces:
        if isinstance(piece, str) and joined and isinstance(joined[-1], str):
            joined[-1] += piece
        else:
            joined.append(piece)
    joined = [re.sub(r" *\n *", "\n", re.sub(" +", " ", one)) if isinstance(one, str) else one for one in joined]
    if joined and isinstance(joined[0], str):
        joined[0] = joined[0].lstrip(" ")
    if joined and isinstance(joined[-1], str):
        joined[-1] = joined[-1].rstrip(" ")
    return [piece for piece in joined if piece != ""]


def query_of(address: str, name: str) -> str:
    """A value in an address's query, "" where it is missing."""
    return next(iter(parse_qs(urlsplit(address).query).get(name, [])), "")
