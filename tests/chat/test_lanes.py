from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import pytest
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter
from telegram.ext import ExtBot

from bot.chat.lanes import MOST_WAITING, Borrowed, Lanes, seconds, writes
from bot.chat.pacing import Lane, Limits
from bot.chat.transport import Transport
from tests.support.tiny_bot_api import TOKEN, TinyBotApi, refusal
from tests.support.virtual_time import VirtualTime


class Far:
    """The far end of a call: takes a while, may refuse, and remembers what came and when."""

    def __init__(self, time: VirtualTime, takes: float = 0.02) -> None:
        self.time = time
        self.takes = takes
        self.calls: list[tuple[float, Any, str]] = []
        self.refuse: Callable[[Any, int], Exception | None] = lambda chat, number: None

    async def __call__(self, endpoint: str, data: dict[str, Any]) -> str:
        """The call arrives."""
        self.calls.append((self.time.now, data.get("chat_id"), endpoint))
        refused = self.refuse(data.get("chat_id"), len(self.calls))
        await self.time.sleep(self.takes)
        if refused is not None:
            raise refused
        return f"done {endpoint}"

    def moments(self, chat: Any = None) -> list[float]:
        """When calls (to `chat`) came."""
        return [at for at, to, _ in self.calls if chat in (None, to)]


class World:
    """A limiter on virtual time, and what lies behind it."""

    def __init__(self, limits: Limits | None = None, patience: float = 30.0) -> None:
        self.time = VirtualTime()
        self.far = Far(self.time)
        self.lanes = Lanes(limits, patience=patience, clock=self.time.clock, sleep=self.time.sleep)
        self.begun = self.time.now

    def call(
        self, chat: Any, lane: Lane | None = None, endpoint: str = "sendMessage", **data: Any
    ) -> Coroutine[Any, Any, Any]:
        """One call as python-telegram-bot makes it."""
        data = data if chat is None else {"chat_id": chat, **data}
        return self.lanes.process_request(self.far, (endpoint, data), {}, endpoint, data, lane)

    async def after(self, seconds: float, work: Awaitable[Any]) -> float:
        """Does `work` later; tells how long it took."""
        await self.time.sleep(seconds)
        begun = self.time.now
        await work
        return self.time.now - begun

    async def run(self, *work: Awaitable[Any]) -> list[Any]:
        """All of it, and what came of each: a result or an error."""

        async def together() -> list[Any]:
            return await asyncio.gather(*work, return_exceptions=True)

        done = await self.time.run(together())
        await self.lanes.shutdown()
        return done


async def test_a_broadcast_keeps_to_thirty_a_second_and_loses_nothing() -> None:
    """Everything is sent once, at 30 a second and never faster."""
    world = World()
    done = await world.run(*(world.call(chat, Lane.BROADCAST) for chat in range(1, 301)))
    assert done == ["done sendMessage"] * 300
    moments = world.far.moments()
    assert all(later - earlier >= 1.0 for earlier, later in zip(moments, moments[30:], strict=False))
    assert 299 / (moments[-1] - moments[0]) >= 0.97 * 30


async def test_they_tell_how_long_a_chat_is_to_be_left_alone() -> None:
    """So that a broadcast can see to others meanwhile."""
    world = World()
    assert world.lanes.rest(7) == 0.0
    await world.run(world.call(7, Lane.BROADCAST))
    assert 1.0 < world.lanes.rest(7) <= 1.05


async def test_an_answer_to_a_press_never_waits() -> None:
    """Answers, chat actions and questions go at once, however much waits and even while everybody is paused."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=20)) if number <= 3 else None
    flood = [world.call(chat, Lane.BROADCAST) for chat in range(1, 500)]
    free = [
        world.after(2.0, world.call(None, endpoint="answerCallbackQuery", callback_query_id="1")),
        world.after(2.0, world.call(7, endpoint="sendChatAction")),
        world.after(2.0, world.call(-7, endpoint="getChatMember")),
        world.after(2.0, world.call(7, endpoint="deleteMessage")),
    ]
    done = await world.run(*free, *flood)
    assert done[:4] == [pytest.approx(0.02)] * 4


@pytest.mark.parametrize("endpoint", ["editMessageText", "editMessageReplyMarkup", "sendRichMessage", "sendDocument"])
async def test_edits_and_all_kinds_of_messages_count(endpoint: str) -> None:
    """An edit takes a turn like a message does."""
    world = World()
    await world.run(*(world.call(chat, endpoint=endpoint) for chat in range(1, 62)))
    assert world.far.moments()[-1] - world.begun >= 2.0


def test_what_counts_is_what_puts_or_changes_a_message() -> None:
    """Inline messages and everything that only asks or answers go free."""
    assert writes("sendMessage", {"chat_id": 7})
    assert writes("copyMessage", {"chat_id": 7})
    assert writes("sendRichMessage", {"chat_id": 7})
    assert writes("sendRichMessageDraft", {"chat_id": 7})
    assert writes("editEphemeralMessageText", {"chat_id": 7})
    assert not writes("deleteEphemeralMessage", {"chat_id": 7})
    assert not writes("editMessageText", {"inline_message_id": "x"})
    assert not writes("sendMessage", {"chat_id": None})
    assert not writes("getChat", {"chat_id": 7})
    assert not writes("answerCallbackQuery", {"callback_query_id": "x"})


async def test_a_press_is_answered_as_if_there_were_no_broadcast() -> None:
    """With 3,000 messages waiting, edits after presses take no more than two places of the overall pace."""
    world = World()
    rng = random.Random(3)
    flood = [world.call(chat, Lane.BROADCAST) for chat in range(1, 601)]
    presses = [world.after(0.2 * n, world.call(10_000 + n, endpoint="editMessageText")) for n in range(80)]
    work = [*flood, *presses]
    rng.shuffle(work)
    done = await world.run(*work)
    took = [one for one in done if isinstance(one, float)]
    assert len(took) == 80
    assert max(took) <= 0.02 + 2 / 30 + 1e-6


async def test_a_flooded_chat_stalls_nobody_else() -> None:
    """A 429 for one chat leaves the others at full speed; its broadcast is handed back with the wait."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=40)) if chat == 7 else None
    done = await world.run(*(world.call(chat, Lane.BROADCAST) for chat in range(1, 121)))
    assert [type(one) for one in done if not isinstance(one, str)] == [RetryAfter]
    assert world.far.moments()[-1] - world.begun < 4.2


async def test_a_broadcast_to_a_flooded_chat_is_handed_back_unasked() -> None:
    """While a chat is to be left alone, a broadcast to it does not reach Telegram; it learns how long it has to wait."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=40)) if number == 1 else None
    refused, later = await world.run(world.call(7, Lane.BROADCAST), world.after(10.0, world.call(7, Lane.BROADCAST)))
    assert seconds(refused) == 40
    assert 30 <= seconds(later) <= 32
    assert len(world.far.calls) == 1


async def test_a_short_wait_is_sat_out_for_somebody_who_waits() -> None:
    """An interactive call that is refused for a few seconds is made again after them, and not before."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=5)) if number == 1 else None
    assert await world.run(world.call(7)) == ["done sendMessage"]
    first, second = world.far.moments(7)
    assert second - first >= 5.0


async def test_a_call_that_is_refused_again_and_again_is_given_up() -> None:
    """After three refusals the last one is passed on."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=2))
    (done,) = await world.run(world.call(7))
    assert isinstance(done, RetryAfter)
    assert len(world.far.calls) == 3


async def test_a_long_wait_is_reported_at_once_to_all_who_wait_for_that_chat() -> None:
    """When Telegram closes a chat for minutes, whoever waits for it is told now; others are served."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=300)) if chat == 7 else None
    work = [world.call(7) for _ in range(6)] + [world.call(8), world.after(20.0, world.call(7))]
    done = await world.run(*work)
    assert [type(one) for one in done] == [RetryAfter] * 6 + [str, RetryAfter]
    assert len(world.far.moments(7)) <= 2
    assert world.time.now - world.begun < 21


async def test_three_chats_refused_in_a_row_pause_everybody() -> None:
    """A refusal that is everybody's is waited out once, then things go on as before; nothing is lost."""
    world = World()
    world.far.refuse = lambda chat, number: RetryAfter(timedelta(seconds=8)) if number <= 3 else None
    done = await world.run(*(world.call(chat, Lane.BROADCAST) for chat in range(1, 100)))
    assert sum(isinstance(one, RetryAfter) for one in done) == 3
    moments = world.far.moments()
    assert moments[3] - moments[2] >= 8.0 or moments[4] - moments[3] >= 8.0
    assert all(later - earlier >= 1.0 for earlier, later in zip(moments, moments[30:], strict=False))


@pytest.mark.parametrize("error", [Forbidden("blocked"), BadRequest("chat not found")])
async def test_other_refusals_are_passed_on_and_show_that_telegram_serves(error: Exception) -> None:
    """A blocked chat among flooded ones shows that the flood is not everybody's."""
    world = World()

    def refuse(chat: Any, number: int) -> Exception | None:
        return error if chat == 100 else RetryAfter(timedelta(seconds=60)) if chat < 100 else None

    world.far.refuse = refuse
    chats = [1, 2, 100, 3, 4, 200]
    done = await world.run(*(world.after(n, world.call(chat, Lane.BROADCAST)) for n, chat in enumerate(chats)))
    assert done[2] is error
    assert done[5] == pytest.approx(0.02)


async def test_other_errors_are_passed_on() -> None:
    """A broken connection is the caller's matter: it is neither repeated nor taken for a flood."""
    world = World()
    error = NetworkError("broke")
    world.far.refuse = lambda chat, number: error if chat == 7 else None
    assert await world.run(world.call(7), world.call(8)) == [error, "done sendMessage"]
    assert len(world.far.calls) == 2


async def test_a_crowd_before_one_chat_is_turned_away() -> None:
    """More interactive calls than a chat can take in a reasonable time are refused instead of piling up."""
    world = World()
    done = await world.run(*(world.call(-7) for _ in range(MOST_WAITING + 20)))
    assert sum(isinstance(one, RetryAfter) for one in done) >= 15
    assert sum(isinstance(one, str) for one in done) >= MOST_WAITING


async def test_a_cancelled_call_is_not_made_and_takes_no_turn() -> None:
    """Who stops waiting is not served, and the others move up."""
    world = World()

    async def two() -> list[Any]:
        calls = [asyncio.ensure_future(world.call(7, Lane.BROADCAST)) for _ in range(3)]
        await world.time.sleep(0.1)
        calls[1].cancel()
        return await asyncio.gather(*calls, return_exceptions=True)

    (done,) = await world.run(two())
    assert isinstance(done[1], asyncio.CancelledError)
    assert len(world.far.calls) == 2
    assert world.time.now - world.begun < 1.2


async def test_a_call_that_comes_while_others_sleep_is_not_overslept() -> None:
    """A sleeper who waits for a far moment is woken for somebody who may go earlier."""
    world = World(Limits(group=1))
    done = await world.run(
        world.call(-7, Lane.BROADCAST),
        world.call(-7, Lane.BROADCAST),
        world.call(8, Lane.BROADCAST),
        world.after(1.5, world.call(8, Lane.BROADCAST)),
        world.after(1.6, world.call(8, Lane.BROADCAST)),
    )
    assert done[3] < 0.1
    assert done[4] < 1.1


async def test_paid_messages_have_their_own_rate() -> None:
    """allow_paid_broadcast takes a call out of the free 30 a second."""
    world = World(Limits(paid=500))
    await world.run(*(world.call(chat, Lane.BROADCAST, allow_paid_broadcast=True) for chat in range(1, 1001)))
    assert 1.9 <= world.far.moments()[-1] - world.begun <= 2.2


async def test_closing_cancels_who_waits() -> None:
    """Closing leaves nobody waiting for ever, and can be repeated."""
    world = World()
    calls = [asyncio.ensure_future(world.call(7, Lane.BROADCAST)) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await world.lanes.shutdown()
    await world.lanes.shutdown()
    done, _ = await asyncio.wait(calls[1:], timeout=1)
    assert all(call.cancelled() for call in done)
    calls[0].cancel()


async def test_what_is_awaited_before_a_message_comes_after_its_turn_and_concerns_one_bot() -> None:
    """A bot that must make sure of something does so when its turn has come, also in vain; another bot in the same
    lanes and what is no message do not wait for it."""
    world = World()
    gate, asked = asyncio.Event(), 0

    async def before() -> None:
        nonlocal asked
        asked += 1
        await gate.wait()

    careful, other = Borrowed(world.lanes, before), Borrowed(world.lanes)

    def call(lanes: Borrowed, chat: int | None, endpoint: str = "sendMessage") -> asyncio.Task[Any]:
        data = {} if chat is None else {"chat_id": chat}
        return asyncio.create_task(lanes.process_request(world.far, (endpoint, data), {}, endpoint, data, None))

    async def scene() -> None:
        held, given_up = call(careful, 1), call(careful, 2)
        await asyncio.gather(call(careful, None, "getMe"), call(other, 3))
        assert (asked, [chat for _, chat, _ in world.far.calls]) == (2, [None, 3])
        given_up.cancel()
        gate.set()
        assert await held == "done sendMessage"
        assert world.far.moments(2) == []

    await world.time.run(scene())
    await world.lanes.shutdown()


async def test_it_serves_python_telegram_bot() -> None:
    """With the real bot over HTTP: a 429 is waited out, the lane is named by rate_limit_args, the long poll is free."""
    async with TinyBotApi() as api:
        bot: ExtBot[Lane] = ExtBot(
            TOKEN,
            base_url=f"{api.url}/bot",
            request=Transport(),
            get_updates_request=Transport(),
            rate_limiter=Lanes(),
        )
        async with bot:
            api.plan("sendMessage", refusal(429, "Too Many Requests: retry after 1", retry_after=1))
            message = await bot.send_message(7, "x")
            assert message.chat.id == 7
            first, second = (call.at for call in api.of("sendMessage"))
            assert 1.0 <= second - first < 2.0
            api.plan("sendMessage", refusal(429, "Too Many Requests: retry after 1", retry_after=1))
            with pytest.raises(RetryAfter):
                await bot.send_message(8, "x", rate_limit_args=Lane.BROADCAST)
            await asyncio.wait_for(bot.answer_callback_query("1"), 0.5)
            assert await bot.get_updates(timeout=0) == ()
