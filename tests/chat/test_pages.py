"""Long documents as one classic message whose pages are turned."""

from __future__ import annotations

from bot.chat.classic import MOST_ENTITIES, MOST_UNITS, Message, messages
from bot.chat.document import parse
from bot.chat.pages import paged
from tests.support.telegram_html import read

LONG = "word " * 700
CARD = (
    f"<h2>Title</h2><p>{LONG}</p><details><summary>Experiments</summary><p>tried {LONG}</p><p>and {LONG}</p></details>"
    f"<details><summary>Checklist: what the text says, not whether it is right</summary><p>checked</p></details>"
    "<footer>small</footer><buttons><button data='v'>👍</button><button url='https://a.b'>arXiv</button></buttons>"
)


def line(latex: str) -> str:
    """Formulas as they are written."""
    return latex


def page(markup: str, number: int = 0) -> Message:
    """One page."""
    (message,) = paged(parse(markup), line, str, number)
    return message


def labels(message: Message) -> list[str]:
    """What its buttons say."""
    return [button.label for row in message.keyboard for button in row]


def test_what_one_message_holds_has_no_pages() -> None:
    """Folds are expandable quotations then, and need no way to Telegram and back."""
    short = CARD.replace(LONG, "word ")
    assert paged(parse(short), line, str) == messages(parse(short), line)


def test_folds_are_behind_buttons() -> None:
    """The first page is what stands outside of the folds; each fold has a button, and a way back."""
    first = page(CARD)
    assert "tried" not in first.html
    assert "small" in first.html
    assert labels(first) == ["▸ Experiments", "▸ Checklist", "👍", "arXiv"]
    to = {button.label: int(button.data) for row in first.keyboard for button in row if button.data.isdigit()}
    tried = page(CARD, to["▸ Experiments"])
    assert read(tried.html).text.startswith("Title\n\nExperiments\n\ntried")
    assert labels(tried) == ["1/2", "›", "←", "▸ Checklist", "👍", "arXiv"]
    assert labels(page(CARD, to["▸ Experiments"] + 1))[:3] == ["‹", "2/2", "←"]
    assert "checked" in page(CARD, to["▸ Checklist"]).html


def test_a_page_that_is_not_there_is_the_first() -> None:
    """A button of a card that has become shorter leads to its beginning."""
    assert page(CARD, 99) == page(CARD, 0) == page(CARD, -1)


def test_all_pages_together_show_everything() -> None:
    """Every page is a message that Telegram takes and can be reached, and nothing of the document is on none of them."""
    parts = [f"<p>{' '.join(f'p{part}w{word}' for word in range(1500))}</p>" for part in range(4)]
    markup = f"<h2>Title</h2>{parts[0]}<details><summary>A</summary>{parts[1]}{parts[2]}</details>{parts[3]}"
    markup += "<details><summary>B</summary><p>short</p></details><buttons><button data='v'>👍</button></buttons>"
    waiting, seen = [0], {}
    while waiting:
        number = waiting.pop()
        message = page(markup, number)
        seen[number] = read(message.html)
        assert 0 < seen[number].units <= MOST_UNITS
        assert seen[number].entities <= MOST_ENTITIES
        turns = [int(button.data) for row in message.keyboard for button in row if button.data.isdigit()]
        waiting += [to for to in turns if to not in seen and to not in waiting]
    words = {word for one in seen.values() for word in one.text.split()}
    assert {f"p{part}w{word}" for part in range(4) for word in range(1500)} | {"Title", "A", "B", "short"} <= words
    assert len(seen) > 6
