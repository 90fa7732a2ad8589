"""Reads a message's HTML as strictly as Telegram does, so that a test can say what a person would see."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

ALLOWED = {"b", "i", "u", "s", "code", "pre", "a", "blockquote"}


@dataclass
class Seen:
    """A message as shown: its text, how many entities it has, and every link in it."""

    text: str = ""
    entities: int = 0
    links: list[str] = field(default_factory=list)

    @property
    def units(self) -> int:
        """Its length in UTF-16 code units."""
        return len(self.text.encode("utf-16-le")) // 2


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Seen()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, f"Telegram knows no <{tag}>"
        assert "code" not in self.open, "code cannot hold other entities"
        assert tag not in self.open, f"<{tag}> inside <{tag}>"
        self.open.append(tag)
        self.seen.entities += 1
        self.seen.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        self.seen.text += data


def read(html: str) -> Seen:
    """What a person sees of a message.

    Raises:
        AssertionError: Telegram would reject the message, or show it otherwise than meant.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"never closed: {reader.open}"
    return reader.seen
