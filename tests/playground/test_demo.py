"""The demo's people, places, clock and address."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from bot.errors import PaperboyError
from bot.playground.cast import PushedClock, gathered
from bot.playground.control import Playground
from bot.playground.demo import has_display, opened
from bot.playground.entities import checked
from bot.playground.state import ChatType, Role
from bot.playground.terminal import Terminal

BEGIN = datetime(2026, 2, 19, 7, 50, tzinfo=UTC)


def test_a_clock_is_put_forward_and_never_back() -> None:
    """By seconds, or to the next time that it shows an hour; an hour that it shows now is no day away."""
    clock = PushedClock(lambda: BEGIN)
    clock.push_to(time(8))
    assert clock() == datetime(2026, 2, 19, 8, tzinfo=UTC)
    clock.push_to(time(8))
    assert clock() == datetime(2026, 2, 19, 8, tzinfo=UTC)
    clock.push_to(time(7, 30))
    assert clock() == datetime(2026, 2, 20, 7, 30, tzinfo=UTC)
    clock.push(-60)
    assert clock() == datetime(2026, 2, 20, 7, 30, tzinfo=UTC)
    clock.push(timedelta(days=1).total_seconds())
    assert clock() == datetime(2026, 2, 21, 7, 30, tzinfo=UTC)


async def test_the_bot_is_brought_into_a_group_and_a_channel_once(playground: Playground) -> None:
    """However often somebody comes to look; in the channel it may post."""
    cast = gathered(playground, "zh")
    await cast.gather()
    await cast.gather()
    group, channel = [chat for chat in playground.state.chats.values() if chat.title]
    assert (group.type, channel.type) == (ChatType.SUPERGROUP, ChatType.CHANNEL)
    assert (group.title, channel.title) == ("论文共读", "每日 arXiv")
    assert group.role(playground.bot) is Role.MEMBER
    assert channel.role(playground.bot) is Role.ADMINISTRATOR
    assert all(group.role(person).inside and channel.role(person).inside for person in cast.people)


async def test_a_change_of_language_is_said_where_the_bot_was_heard(playground: Playground) -> None:
    """Every person's client changes; a chat in which the bot never spoke is left alone."""
    cast = gathered(playground, "en")
    ada = cast.people[1]
    mine, hers = playground.private(cast.me), playground.private(ada)
    playground.state.post(mine, playground.bot, checked("Hello!"))
    await playground.user_sends(hers, ada, "hello")
    await cast.speak("zh")
    assert {person.language_code for person in cast.people} == {"zh"}
    assert playground.messages(mine)[-1].text == "/language zh"
    assert playground.messages(hers)[-1].text == "hello"


async def test_a_taken_port_is_told_in_one_sentence(playground: Playground) -> None:
    """It names the port and what to do."""
    port = int(playground.url.rpartition(":")[2])
    clock = PushedClock(lambda: BEGIN)
    with pytest.raises(PaperboyError, match=rf"port {port} .*--port"):
        async with opened(clock, live=False, language="en", port=port):
            pass


async def test_the_page_is_shown_in_a_browser_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its whole address is opened, once, and only if it was wished; the terminal tells it in any case."""
    shown: list[str] = []
    monkeypatch.setattr("webbrowser.open", shown.append)
    monkeypatch.setenv("DISPLAY", ":0")
    out = io.StringIO()
    async with opened(PushedClock(lambda: BEGIN), live=False, language="en", port=0) as demo:
        visited = replace(demo, terminal=Terminal(io.StringIO(), out))
        for browser in (False, True):
            visit = asyncio.create_task(visited.on_page(asyncio.Event().wait, browser=browser))
            await asyncio.sleep(0.05)
            visit.cancel()
            await asyncio.gather(visit, return_exceptions=True)
        assert shown == [demo.page.address]
        assert out.getvalue().count(demo.page.address) == 2
    assert "until Ctrl-C" in out.getvalue()


async def test_no_two_demos_have_the_same_secrets() -> None:
    """Neither the page's key nor the bot's token can be known to anybody who did not see this run."""
    clock = PushedClock(lambda: BEGIN)
    first, second = (opened(clock, live=False, language="en", port=0) for _ in range(2))
    async with first as one, second as other:
        assert one.playground.token != other.playground.token
        assert one.page.address.rpartition("=")[2] != other.page.address.rpartition("=")[2]


@pytest.mark.parametrize(
    ("environ", "platform", "shown"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({"DISPLAY": ""}, "freebsd14", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_a_browser_is_opened_only_where_it_can_be_seen(environ: dict[str, str], platform: str, *, shown: bool) -> None:
    """Not over ssh, where a text browser would take the terminal."""
    assert has_display(environ, platform) is shown
