"""Holds a rich message against aiogram's models of the Bot API and against Telegram's limits, counted on what is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aiogram.methods import SendRichMessage
from pydantic import BaseModel

MOST_BYTES, MOST_BLOCKS, MOST_LEVELS, MOST_COLUMNS, MOST_IN_A_ROW, MOST_DATA = 32_768, 500, 16, 20, 8, 64
_TEXTS = ("text", "expression", "alternative_text")


def check_rich(content: Mapping[str, Any], *, draft: bool = False) -> None:
    """A message that Telegram takes: every field known and of its type, blocks alone, and within all limits. A draft has
    no buttons.

    Raises:
        AssertionError, ValidationError: it is not.
    """
    assert set(content) == {"blocks", "skip_entity_detection"}
    assert content["skip_entity_detection"] is True
    assert content["blocks"]
    no_extras(SendRichMessage.model_validate({"chat_id": 1, "rich_message": dict(content)}))
    assert size_in_bytes(content) <= MOST_BYTES
    assert sum(_blocks(block) for block in content["blocks"]) <= MOST_BLOCKS
    assert max(map(_levels, content["blocks"])) <= MOST_LEVELS
    assert not (draft and buttons(content))
    for node in nodes(content):
        _check_node(node)


def size_in_bytes(content: object) -> int:
    """UTF-8 bytes of all text, labels and LaTeX included."""
    return sum(len(text.encode()) for text in texts(content))


def texts(value: object) -> Iterator[str]:
    """Every text that a reader may see, in order."""
    match value:
        case str():
            yield value
        case list():
            for one in value:
                yield from texts(one)
        case dict():
            for name, inner in value.items():
                if isinstance(inner, (list, dict)) or name in (*_TEXTS, "summary", "credit", "caption"):
                    yield from texts(inner)


def nodes(value: object) -> Iterator[dict[str, Any]]:
    """Every object inside, in order."""
    if isinstance(value, list):
        for one in value:
            yield from nodes(one)
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes(inner)


def buttons(content: object) -> list[dict[str, Any]]:
    """The buttons inside, in order."""
    return [node for node in nodes(content) if "callback_data" in node or ("url" in node and "type" not in node)]


def no_extras(model: BaseModel) -> None:
    """Nothing was given that the Bot API does not know, at any depth.

    Raises:
        AssertionError: something was.
    """
    assert not model.model_extra, f"{type(model).__name__} has no {model.model_extra}"
    for name in type(model).model_fields:
        for one in _models(getattr(model, name)):
            no_extras(one)


def _models(value: object) -> Iterator[BaseModel]:
    if isinstance(value, BaseModel):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _models(one)


def _check_node(node: dict[str, Any]) -> None:
    if "callback_data" in node:
        assert 1 <= len(node["callback_data"].encode()) <= MOST_DATA
        assert "url" not in node
    match node.get("type"):
        case "buttons":
            assert 1 <= len(node["buttons"]) <= MOST_IN_A_ROW
        case "table":
            assert node["cells"]
            for row in node["cells"]:
                assert row
                assert sum(cell.get("colspan", 1) for cell in row) <= MOST_COLUMNS
        case "list":
            assert node["items"]
            assert len({"value" in item for item in node["items"]}) == 1
            assert all(item["blocks"] for item in node["items"])
        case "heading":
            assert 1 <= node["size"] <= 6


def _blocks(block: dict[str, Any]) -> int:
    inner = sum(map(_blocks, block.get("blocks", ())))
    items = sum(1 + sum(map(_blocks, item["blocks"])) for item in block.get("items", ()))
    return 1 + inner + items + len(block.get("cells", ()))


def _levels(value: object) -> int:
    """How many blocks, items, rows and styles stand inside each other."""
    if isinstance(value, list):
        return max(map(_levels, value), default=0)
    if not isinstance(value, dict):
        return 0
    own = 1 if "type" in value or "blocks" in value or "callback_data" in value else 0
    return own + max((_levels(inner) for inner in value.values()), default=0)
