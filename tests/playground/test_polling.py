from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.playground.control import Playground
from bot.playground.limits import Rates
from bot.playground.state import Chat, Role, User
from tests.support.bot_api import BotApi
from tests.support.movable_clock import MovableClock

TAKEN_OVER = (
    409,
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
)


async def wrote(playground: Playground, chat: Chat, ada: User, *texts: str) -> None:
    """She wrote these, one after the other."""
    for text in texts:
        await playground.user_sends(chat, ada, text)


def texts(updates: list[dict[str, Any]]) -> list[str]:
    """What the updates' messages say."""
    return [update["message"]["text"] for update in updates]


async def test_updates_wait_until_an_offset_confirms_them(
    api: BotApi, playground: Playground, chat: Chat, ada: User
) -> None:
    """Asking again without an offset gives the same; an offset forgets what is before it."""
    await wrote(playground, chat, ada, "one", "two", "three")
    first = await api.ok("getUpdates", limit=2)
    assert texts(first) == ["one", "two"]
    assert [u["update_id"] for u in first] == [first[0]["update_id"], first[0]["update_id"] + 1]
    assert texts(await api.ok("getUpdates")) == ["one", "two", "three"]
    rest = await api.ok("getUpdates", offset=first[-1]["update_id"] + 1)
    assert texts(rest) == ["three"]
    assert texts(await api.ok("getUpdates")) == ["three"]


async def test_a_negative_offset_keeps_the_newest(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """-1 forgets all but the last update."""
    await wrote(playground, chat, ada, "one", "two", "three")
    assert texts(await api.ok("getUpdates", offset=-1)) == ["three"]
    assert texts(await api.ok("getUpdates")) == ["three"]


async def test_updates_are_kept_for_a_day(
    api: BotApi, playground: Playground, chat: Chat, ada: User, clock: MovableClock
) -> None:
    """What nobody fetched within 24 hours is gone."""
    await wrote(playground, chat, ada, "old")
    clock.advance(hours=23)
    await wrote(playground, chat, ada, "new")
    clock.advance(hours=2)
    assert texts(await api.ok("getUpdates")) == ["new"]


async def test_a_waiting_poll_gets_the_next_update(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Long polling returns as soon as something happens, and empty after its time."""
    poll = asyncio.create_task(api.ok("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    await wrote(playground, chat, ada, "there")
    assert texts(await asyncio.wait_for(poll, 2)) == ["there"]
    last = (await api.ok("getUpdates"))[-1]["update_id"]
    assert await api.ok("getUpdates", offset=last + 1, timeout=1) == []


async def test_a_second_poller_takes_over(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """The poll that waits gets the 409; the newer one gets the updates."""
    older = asyncio.create_task(api.refused("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    newer = asyncio.create_task(api.ok("getUpdates", timeout=20))
    assert await asyncio.wait_for(older, 2) == TAKEN_OVER
    await wrote(playground, chat, ada, "for the newer one")
    assert texts(await asyncio.wait_for(newer, 2)) == ["for the newer one"]


async def test_a_poll_that_hung_up_takes_nothing(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """A client that goes away while it waits neither loses updates nor meets a conflict."""
    poll = asyncio.create_task(api.ok("getUpdates", timeout=20))
    await asyncio.sleep(0.05)
    poll.cancel()
    await asyncio.gather(poll, return_exceptions=True)
    await asyncio.sleep(0.05)
    await wrote(playground, chat, ada, "still there")
    assert texts(await api.ok("getUpdates", timeout=5)) == ["still there"]


async def test_only_wanted_kinds_are_queued(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """allowed_updates holds until it is given again; an empty list is the default."""
    assert await api.ok("getUpdates", allowed_updates=["callback_query"]) == []
    await wrote(playground, chat, ada, "unwanted")
    assert await api.ok("getUpdates") == []
    assert (await api.ok("getWebhookInfo"))["allowed_updates"] == ["callback_query"]
    assert await api.ok("getUpdates", allowed_updates=[]) == []
    await wrote(playground, chat, ada, "wanted")
    assert texts(await api.ok("getUpdates")) == ["wanted"]


async def test_members_are_told_of_only_where_asked(api: BotApi, playground: Playground, ada: User) -> None:
    """chat_member comes only if it is named, and to administrators alone."""
    group = playground.add_group("Readers", ada)
    await playground.join(group, playground.bot, by=ada, role=Role.ADMINISTRATOR)
    bob = playground.add_user("Bob")
    await playground.join(group, bob)
    assert not [u for u in await api.ok("getUpdates") if "chat_member" in u]
    await api.ok("getUpdates", allowed_updates=["chat_member", "my_chat_member"])
    await playground.leave(group, bob)
    [update] = [u for u in await api.ok("getUpdates") if "chat_member" in u]
    change = update["chat_member"]
    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "left")


@pytest.fixture
async def strict(clock: MovableClock) -> AsyncIterator[Playground]:
    """A playground that counts."""
    rates = Rates(enforced=True, polling=True)
    async with Playground(clock=clock, rng=random.Random(3), rates=rates) as world:
        yield world


async def test_hasty_polling_is_slowed_down(strict: Playground) -> None:
    """The same offset again within half a second: one update at most, and three seconds to wait for it."""
    ada = strict.add_user("Ada")
    chat = strict.private(ada)
    loop = asyncio.get_running_loop()
    async with aiohttp.ClientSession() as session:
        api = BotApi(session, strict.url, strict.token)
        assert await api.ok("getUpdates") == []
        started = loop.time()
        assert await api.ok("getUpdates") == []
        assert 2.5 < loop.time() - started < 4
        await wrote(strict, chat, ada, "one", "two")
        assert len(await api.ok("getUpdates")) == 2
        assert len(await api.ok("getUpdates")) == 1


async def test_sending_too_fast_is_told_to_wait(strict: Playground, clock: MovableClock) -> None:
    """The 429 says how long in body and header; waiting that long helps; edits count."""
    ada = strict.add_user("Ada")
    chat = strict.private(ada)
    async with aiohttp.ClientSession() as session:
        api = BotApi(session, strict.url, strict.token)
        for _ in range(5):
            sent = await api.ok("sendMessage", chat_id=chat.id, text="x")
        edit = {"chat_id": str(chat.id), "message_id": str(sent["message_id"]), "text": "y"}
        status, body, headers = await api.raw("editMessageText", data=edit)
        assert (status, body) == (
            429,
            {
                "ok": False,
                "error_code": 429,
                "description": "Too Many Requests: retry after 5",
                "parameters": {"retry_after": 5},
            },
        )
        assert headers["Retry-After"] == "5"
        clock.advance(seconds=5)
        status, body, _ = await api.raw("editMessageText", data=edit)
        assert status == 200, body
        strict.set_rates(Rates())
        for _ in range(10):
            await api.ok("sendMessage", chat_id=chat.id, text="x")


async def test_groups_and_all_chats_together_have_their_own_rates(strict: Playground, clock: MovableClock) -> None:
    """20 a minute for a group, 30 a second over all."""
    ada = strict.add_user("Ada")
    group = strict.add_group("Readers", ada)
    await strict.join(group, strict.bot)
    others = [strict.private(strict.add_user(f"Reader {n}")) for n in range(12)]
    async with aiohttp.ClientSession() as session:
        api = BotApi(session, strict.url, strict.token)
        for _ in range(20):
            await api.ok("sendMessage", chat_id=group.id, text="x")
        assert (await api.refused("sendMessage", chat_id=group.id, text="x"))[1].endswith("retry after 60")
        for place in others[:10]:
            await api.ok("sendMessage", chat_id=place.id, text="x")
        assert (await api.refused("sendMessage", chat_id=others[10].id, text="x"))[1].endswith("retry after 1")
        clock.advance(seconds=1)
        await api.ok("sendMessage", chat_id=others[10].id, text="x")


async def test_a_webhook_takes_the_updates_over(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Updates are posted with the secret until they are taken; polling meanwhile is a conflict."""
    came: list[dict[str, Any]] = []
    all_came = asyncio.Event()
    statuses = iter([500, 200, 200])

    async def take(request: web.Request) -> web.Response:
        assert request.headers["X-Telegram-Bot-Api-Secret-Token"] == "s3cret"
        came.append(await request.json())
        if len(came) == 3:
            all_came.set()
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        waiting = asyncio.create_task(api.refused("getUpdates", timeout=20))
        await asyncio.sleep(0.05)
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        status, body, _ = await api.raw("setWebhook", data={"url": url, "secret_token": "s3cret"})
        assert (status, body["description"]) == (200, "Webhook was set")
        assert await waiting == (409, "Conflict: terminated by setWebhook request")
        assert (await api.refused("getUpdates"))[0] == 409
        await wrote(playground, chat, ada, "one", "two")
        async with asyncio.timeout(10):
            await all_came.wait()
        await asyncio.sleep(0.1)
        info = await api.ok("getWebhookInfo")
        assert info["pending_update_count"] == 0
        assert texts(came) == ["one", "one", "two"]
        assert info["url"] == url
        assert info["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
        _, body, _ = await api.raw("deleteWebhook")
        assert body["description"] == "Webhook was deleted"
        assert (await api.ok("getWebhookInfo"))["url"] == ""
        assert await api.ok("getUpdates") == []
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("values", "description"),
    [
        ({"url": "not an address"}, "invalid webhook URL specified"),
        ({"url": "https://example.org/hook"}, "bad webhook: the playground posts to loopback addresses only"),
        ({"url": "http://127.0.0.1:9/h", "secret_token": "x" * 257}, "secret token is too long"),
        ({"url": "http://127.0.0.1:9/h", "secret_token": "é"}, "secret token contains unallowed characters"),
    ],
)
async def test_bad_webhooks(api: BotApi, values: dict[str, str], description: str) -> None:
    """Unusable addresses and secrets are refused."""
    assert await api.refused("setWebhook", **values) == (400, f"Bad Request: {description}")


async def test_pending_updates_can_be_dropped(api: BotApi, playground: Playground, chat: Chat, ada: User) -> None:
    """Ending a webhook with drop_pending_updates forgets what waits."""
    await wrote(playground, chat, ada, "old news")
    await api.ok("deleteWebhook", drop_pending_updates=True)
    assert await api.ok("getUpdates") == []
