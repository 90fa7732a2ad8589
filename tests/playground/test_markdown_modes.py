"""parse_mode Markdown and MarkdownV2."""

from __future__ import annotations

import pytest

from bot.playground.errors import ApiError
from bot.playground.markdown_modes import parse_markdown, parse_markdown_v2
from bot.playground.state import Chat
from tests.support.bot_api import BotApi

V2 = [
    ("*b* _i_ __u__ ~s~ ||p|| `c`", "b i u s p c", ["bold 0 1", "italic 2 1", "underline 4 1", "strikethrough 6 1", "spoiler 8 1", "code 10 1"]),
    ("*b _bi_ b*", "b bi b", ["bold 0 6", "italic 2 2"]),
    ("[a b](https://a.org/x\\)y)", "a b", ["text_link 0 3 https://a.org/x)y"]),
    ("[me](tg://user?id=42)", "me", ["text_mention 0 2 42"]),
    ("![👍](tg://emoji?id=5368324170671202286)", "👍", ["custom_emoji 0 2 5368324170671202286"]),
    ("```python\nx = 1.0\n```", "x = 1.0\n", ["pre 0 8 python"]),
    ("```\nx!\n```", "x!\n", ["pre 0 3"]),
    ("a\\.b \\* \\\\", "a.b * \\", []),
    ("x\n>one\n>two\nthree", "x\none\ntwo\nthree", ["blockquote 2 7"]),
    ("**>one\n>two||", "one\ntwo", ["expandable_blockquote 0 7"]),
    (">one\n**>two", "one\ntwo", ["blockquote 0 3", "blockquote 4 3"]),
    ("é*b*", "éb", ["bold 1 1"]),
    ("_italic ||both||_", "italic both", ["italic 0 11", "spoiler 7 4"]),
]  # fmt: skip

V1 = [
    ("*b* _i_ `c` [l](https://a.org)", "b i c l", ["bold 0 1", "italic 2 1", "code 4 1", "text_link 6 1 https://a.org/"]),
    ("a.b! \\*x \\_", "a.b! *x _", []),
    ("```py\nx\n```", "x\n", ["pre 0 2 py"]),
    ("*a_b*", "a_b", ["bold 0 3"]),
]  # fmt: skip

REFUSED = [
    ("a.b", "Character '.' is reserved and must be escaped with the preceding '\\'"),
    ("x |y", "Character '|' is reserved and must be escaped with the preceding '\\'"),
    ("é *x", "Can't find end of Bold entity at byte offset 3"),
    ("__x_", "Can't find end of Italic entity at byte offset 3"),
    ("[x](https://a", "Can't find end of a URL at byte offset 3"),
    ("```x", "Can't find end of Pre entity at byte offset 0"),
    ("x > y", "Character '>' is reserved and must be escaped with the preceding '\\'"),
    ("![x](https://a.org)", "Custom emoji entity must contain a tg://emoji URL"),
]


def listed(parsed: object) -> list[str]:
    """Entities as short lines."""
    return [
        f"{e.type} {e.offset} {e.length} {e.argument}".rstrip()
        for e in parsed.entities  # type: ignore[attr-defined] # a FormattedText
    ]


@pytest.mark.parametrize(("source", "text", "entities"), V2)
def test_markdown_v2_is_read(source: str, text: str, entities: list[str]) -> None:
    """Text and entities are those that Telegram's documentation promises."""
    parsed = parse_markdown_v2(source)
    assert (parsed.text, listed(parsed)) == (text, entities)


@pytest.mark.parametrize(("source", "text", "entities"), V1)
def test_the_old_markdown_is_read(source: str, text: str, entities: list[str]) -> None:
    """The old mode has no nesting and no reserved characters."""
    parsed = parse_markdown(source)
    assert (parsed.text, listed(parsed)) == (text, entities)


@pytest.mark.parametrize(("source", "why"), REFUSED)
def test_broken_markdown_v2_is_refused(source: str, why: str) -> None:
    """What cannot be read is refused with the words and the place that bots know."""
    with pytest.raises(ApiError) as refused:
        parse_markdown_v2(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_broken_old_markdown_is_refused() -> None:
    """An entity without an end is named by its place."""
    with pytest.raises(ApiError, match="Can't find end of the entity starting at byte offset 2"):
        parse_markdown("x *y")


async def test_both_modes_work_in_messages_and_captions(api: BotApi, chat: Chat) -> None:
    """parse_mode is taken in any case, and the message carries the entities."""
    sent = await api.ok("sendMessage", chat_id=chat.id, text="*b*\\!", parse_mode="markdownv2")
    assert (sent["text"], sent["entities"]) == ("b!", [{"type": "bold", "offset": 0, "length": 1}])
    sent = await api.ok("sendMessage", chat_id=chat.id, text="*b*!", parse_mode="Markdown")
    assert (sent["text"], sent["entities"]) == ("b!", [{"type": "bold", "offset": 0, "length": 1}])
