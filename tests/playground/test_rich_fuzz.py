"""Whatever a bot sends as a rich message is answered: taken within the limits, or refused with a 400."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.playground.arguments import Arguments, from_json
from bot.playground.control import Playground
from bot.playground.errors import ApiError
from bot.playground.methods import METHODS
from tests.support.movable_clock import MovableClock

texts = st.text(st.characters(exclude_categories=()), max_size=12)
names = st.sampled_from(
    ("type", "text", "blocks", "cells", "items", "summary", "size", "expression", "buttons", "callback_data", "url", "credit",
     "caption", "colspan", "rowspan", "align", "name", "photo", "media", "location", "latitude", "value", "language", "is_open")
)  # fmt: skip
kinds = st.sampled_from(
    ("paragraph", "heading", "pre", "footer", "divider", "mathematical_expression", "anchor", "list", "blockquote",
     "expandable_blockquote", "pullquote", "collage", "table", "details", "map", "buttons", "photo", "bold", "url", "button",
     "date_time", "text_mention", "custom_emoji", "reference", "nothing")
)  # fmt: skip
leaves = st.none() | st.booleans() | st.integers(-5, 600) | texts | kinds
values: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=5).map(
        lambda found: {"type": "paragraph", "text": "x"} | found
    ),
    max_leaves=25,
)  # fmt: skip
tags = st.sampled_from(
    ("<b>", "</b>", "<p>", "</p>", "<table>", "<tr>", "<td colspan=2>", "</table>", "<ol start=3>", "<li>", "<details>",
     "<summary>", "<tg-math>", "</tg-math>", "<tg-button type=url url=a.org>", "</tg-button>", "<img src='x'/>", "<a href='#x'>",
     "&lt;", "$x$", "$$y$$", "**", "||", "==", "```", "\n\n", "| a | b |\n|--|--|\n", "- [x] ", "> ", "[^1]", "![a](tg://time?unix=1)", "# ")
)  # fmt: skip


def answered(**given: object) -> bool:
    """Send it; nothing but a refusal may come of it, and then nothing is in the chat."""
    world = Playground(clock=MovableClock(), rng=random.Random(7))
    chat = world.private(world.add_user("Ada"))
    arguments = Arguments(from_json({"chat_id": chat.id, "rich_message": given}))
    refusals = []
    try:
        METHODS["sendrichmessage"](world.state, arguments)
    except ApiError as error:
        refusals.append(error.code)
    shown = [message.plain for message in world.messages(chat)]
    return (refusals, len(shown)) in (([], 1), ([400], 0))


@settings(max_examples=150)
@given(values)
def test_any_blocks_are_answered(value: Any) -> None:
    """No shape of blocks breaks the server."""
    assert answered(blocks=value if isinstance(value, list) else [value])


@settings(max_examples=100)
@given(st.lists(tags | texts, max_size=12).map("".join), st.sampled_from(("html", "markdown")))
def test_any_html_and_markdown_is_answered(source: str, form: str) -> None:
    """No text breaks the parsers."""
    assert answered(**{form: source})
