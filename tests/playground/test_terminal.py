from __future__ import annotations

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator

import pytest

from bot.playground.control import Playground
from bot.playground.entities import checked, parse_html
from bot.playground.state import Chat, User
from bot.playground.terminal import Terminal
from bot.playground.terminal_text import Line, changed_part, lines_of
from tests.support.bot_api import BotApi, keyboard


def lines(source: str, *, links_shown: bool = True) -> list[Line]:
    """The lines of an HTML message."""
    parsed = parse_html(source)
    body = checked(parsed.text, parsed.entities)
    return lines_of(body.text, body.entities, links_shown=links_shown)


def plain(shown: list[Line]) -> list[str]:
    """What stands in them."""
    return [f"{'│ ' if line.quoted else ''}{line.text.plain}" for line in shown]


def test_entities_become_styles_at_the_right_place() -> None:
    """Offsets are UTF-16; a style begins and ends with its entity."""
    [line] = lines("🔥 <b>bold</b> <code>x</code>")
    styled = {line.text.plain[span.start : span.end]: str(span.style) for span in line.text.spans if str(span.style)}
    assert styled["bold"] == "bold"
    assert styled["x"] == "cyan"


def test_quotations_have_a_bar_and_links_their_address() -> None:
    """Only quoted lines have the bar; an address that is its own text is not repeated."""
    shown = lines(
        'Top\n<blockquote>a\n<b>b</b></blockquote>\nsee <a href="https://arxiv.org/abs/1">it</a>, '
        '<a href="https://e.org/">https://e.org/</a>'
    )
    assert plain(shown) == ["Top", "│ a", "│ b", "see it <https://arxiv.org/abs/1>, https://e.org/"]


def test_an_address_is_not_repeated() -> None:
    """The second place on a page is shown by its fragment, the same place again not at all."""
    page = "https://arxiv.org/html/1"
    links = (
        f'<a href="{page}#S1">a</a>',
        f'<a href="{page}#S2">b</a>',
        f'<a href="{page}#S1">c</a>',
        f'<a href="{page}">d</a>',
    )
    assert plain(lines(" ".join(links))) == [f"a <{page}#S1> b <#S2> c d"]


def test_a_terminal_gets_clickable_links() -> None:
    """Where links can be clicked their address is not printed."""
    [line] = lines('<a href="https://arxiv.org/abs/1">it</a>', links_shown=False)
    assert line.text.plain == "it"
    assert any("link https://arxiv.org/abs/1" in str(span.style) for span in line.text.spans)


def test_terminal_controls_in_text_are_removed() -> None:
    """No text can move the cursor."""
    assert plain(lines("a\x1b[2Jb\x9bc")) == ["a [2Jbc"]


def test_edits_of_long_messages_show_what_changed() -> None:
    """A long message shows its new part between ellipses, a short one all of itself."""
    rows = [f"row {n}" for n in range(20)]
    before = lines("\n".join(rows))
    after = lines("\n".join([*rows[:5], "unfolded", "card", *rows[5:]]))
    assert plain(changed_part(before, after)) == ["⋮", "unfolded", "card", "⋮"]
    assert plain(changed_part(after, before)) == ["⋮", "⋮"]
    assert plain(changed_part(lines("a"), lines("b\nc"))) == ["b", "c"]


async def tiny_bot(api: BotApi) -> None:
    """Sends a table at /start, unfolds and counts below it, deletes it at the end, repeats what is said."""
    offset, likes = 0, 0
    while True:
        for update in await api.ok("getUpdates", offset=offset, timeout=20):
            offset = update["update_id"] + 1
            if text := update.get("message", {}).get("text"):
                values: dict[str, object] = {"text": f"You said {text}"}
                if text == "/start":
                    values = {
                        "text": "<b>Papers</b> &amp; more",
                        "parse_mode": "HTML",
                        "reply_markup": keyboard([("1 · Unfold", "u"), (f"👍 {likes}", "like")], [("End", "end")]),
                    }
                await api.ok("sendMessage", chat_id=update["message"]["chat"]["id"], **values)
            if query := update.get("callback_query"):
                likes += query["data"] == "like"
                await api.ok("answerCallbackQuery", callback_query_id=query["id"], text=query["data"])
                place = {"chat_id": query["message"]["chat"]["id"], "message_id": query["message"]["message_id"]}
                markup = keyboard([("1 · Fold", "u"), (f"👍 {likes}", "like")], [("End", "end")])
                if query["data"] == "end":
                    await api.ok("deleteMessage", **place)
                elif query["data"] == "u":
                    await api.ok("editMessageText", **place, text="Working…", reply_markup=markup)
                    await api.ok("editMessageText", **place, text="The card", reply_markup=markup)
                else:
                    await api.ok("editMessageReplyMarkup", **place, reply_markup=markup)


@pytest.fixture
async def talking(api: BotApi) -> AsyncIterator[None]:
    """The tiny bot at work."""
    task = asyncio.create_task(tiny_bot(api))
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.usefixtures("talking")
async def test_a_script_is_played_to_its_end(playground: Playground, chat: Chat, ada: User) -> None:
    """Lines are said and echoed, answers awaited; quick edits show once, votes as their row, and nothing is coloured."""
    script = io.StringIO("/start\n1\n\n2\n#Fold\n3\n1\n99\nhello\n\\q\n")
    out = io.StringIO()
    await Terminal(script, out).converse(playground, chat, ada)
    said = out.getvalue()
    assert "\x1b" not in said
    shown = said.splitlines()
    assert shown[0].startswith("Write a command or a text. A number presses that button")
    assert shown[shown.index("> /start") :] == [
        "> /start",
        "Paperboy 08:00",
        "  Papers & more",
        "  [1] 1 · Unfold   [2] 👍 0",
        "  [3] End",
        "> 1",
        "💬 u",
        "Paperboy 08:00 · edited",
        "  The card",
        "  [1] 1 · Fold   [2] 👍 0",
        "  [3] End",
        "> 2",
        "💬 like",
        "Paperboy 08:00 · buttons now",
        "  [1] 1 · Fold   [2] 👍 1",
        "> #Fold",
        "💬 u",
        "> 3",
        "💬 end",
        "deleted: The card",
        "> 1",
        "There is no such button any more.",
        "> 99",
        "Paperboy 08:00",
        "  You said 99",
        "> hello",
        "Paperboy 08:00",
        "  You said hello",
        "> \\q",
        "Paperboy 08:00",
        "  You said q",
    ]


@pytest.mark.usefixtures("talking")
async def test_q_ends_a_script(playground: Playground, chat: Chat, ada: User) -> None:
    """What follows q is not said."""
    out = io.StringIO()
    await Terminal(io.StringIO("one\nq\ntwo\n"), out).converse(playground, chat, ada)
    assert "You said one" in out.getvalue()
    assert "two" not in out.getvalue()


async def test_a_script_waits_for_what_a_press_was_promised(
    playground: Playground, api: BotApi, chat: Chat, ada: User
) -> None:
    """Words in answer to a press say that something comes: the script does not end before it is there."""
    await api.ok("sendMessage", chat_id=chat.id, text="table", reply_markup=keyboard([("1", "u")]))

    async def slow_bot() -> None:
        (update,) = await api.ok("getUpdates", timeout=20)
        await api.ok("answerCallbackQuery", callback_query_id=update["callback_query"]["id"], text="Reading…")
        await asyncio.sleep(0.6)
        await api.ok("sendMessage", chat_id=chat.id, text="the card")

    bot = asyncio.create_task(slow_bot())
    out = io.StringIO()
    await Terminal(io.StringIO("1\n"), out).converse(playground, chat, ada)
    await bot
    assert "the card" in out.getvalue()


async def test_a_bot_that_never_answers_does_not_hang_the_script(playground: Playground, chat: Chat, ada: User) -> None:
    """After its patience the script goes on, and says so."""
    out = io.StringIO()
    await Terminal(io.StringIO("hello\n"), out, patience=0.3).converse(playground, chat, ada)
    assert "not finished after 0 seconds" in out.getvalue()


async def test_what_was_said_before_is_shown_first(playground: Playground, api: BotApi, chat: Chat, ada: User) -> None:
    """Messages that stood in the chat already come with the greeting; impossible input is explained."""
    await api.ok("sendMessage", chat_id=chat.id, text="This morning's digest")
    await playground.block(ada)
    out = io.StringIO()
    await Terminal(io.StringIO("hello\n"), out, patience=0.2).converse(playground, chat, ada)
    assert "  This morning's digest" in out.getvalue()
    assert "That cannot be done: the bot is blocked; unblock it first." in out.getvalue()


@pytest.mark.usefixtures("talking")
async def test_a_visit_subscribes_waits_and_asks_for_the_digest(playground: Playground) -> None:
    """Without a word of input the bot is set up and asked; the digest waits until the papers are there."""
    order: list[str] = []

    async def ready() -> None:
        order.extend(m.text for chat in playground.state.chats.values() for m in playground.messages(chat))

    out = io.StringIO()
    terminal = Terminal(io.StringIO(""), out)
    terminal.opening(live=False)
    await terminal.talk(playground, ready=ready)
    shown = out.getvalue().splitlines()
    assert "42 invented papers, marked [sample]" in " ".join(shown)
    assert [line for line in shown if line.startswith(("> /", "(arXiv"))] == [
        "> /start",
        next(line for line in shown if line.startswith("> /interests ")),
        "(arXiv is being read)",
        "> /digest",
    ]
    assert "  You said /digest" in shown
    assert order[-1].startswith("You said /interests")


class FakeTerminal(io.StringIO):
    """A terminal's output side."""

    def isatty(self) -> bool:
        """Yes."""
        return True


@pytest.mark.usefixtures("talking")
async def test_at_a_terminal_messages_come_as_they_are_sent(
    playground: Playground, api: BotApi, chat: Chat, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is colour, nothing is echoed, and messages appear without any input; q ends."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    reading, writing = os.pipe()
    out = FakeTerminal()
    with os.fdopen(reading) as raw, os.fdopen(writing, "w", buffering=1) as keys:
        raw.isatty = lambda: True  # type: ignore[method-assign] # a pipe that plays a terminal
        talk = asyncio.create_task(Terminal(raw, out).converse(playground, chat, ada))
        await api.ok("sendMessage", chat_id=chat.id, text="<b>Good</b> morning", parse_mode="HTML")
        keys.write("/start\n")
        await playground.wait_for_message(chat, "Papers")
        async with asyncio.timeout(5):
            while "Papers" not in out.getvalue():  # noqa: ASYNC110 - output has no event
                await asyncio.sleep(0.02)
        keys.write("q\n")
        await asyncio.wait_for(talk, 5)
    said = out.getvalue()
    assert "\x1b[1mGood\x1b[0m morning" in said
    assert "> /start" not in said
