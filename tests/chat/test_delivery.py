from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from telegram.error import BadRequest, ChatMigrated, Forbidden, NetworkError, RetryAfter, TelegramError, TimedOut

from bot.chat.delivery import ALARM, LONGEST_PAUSE, MOST_INTERRUPTED, THREAD_CLOSED_FOR, Postman
from bot.chat.retries import MOST_ATTEMPTS, MOST_BROKEN, doubts_of, in_doubt
from bot.chat.transport import NotSent, ServerTrouble
from bot.errors import StorageError
from bot.model import Chat, DeliveryState
from tests.support.fake_outbox import FakeOutbox


class Telegram:
    """The far end: remembers what arrived; `answer` may refuse, and `takes` rounds of the event loop go by."""

    def __init__(self) -> None:
        self.arrived: list[tuple[int, int, str]] = []
        self.under_way: Counter[int] = Counter()
        self.most_under_way = 0
        self.overlapped = False
        self.takes = 3
        self.answer: Callable[[Chat, str], Exception | None] = lambda chat, text: None

    async def __call__(self, chat: Chat, body: Mapping[str, object]) -> int:
        """A message comes."""
        text = str(body["text"])
        self.under_way[chat.telegram_id] += 1
        self.overlapped |= self.under_way[chat.telegram_id] > 1
        self.most_under_way = max(self.most_under_way, self.under_way.total())
        for _ in range(self.takes):
            await asyncio.sleep(0)
        self.under_way[chat.telegram_id] -= 1
        error = self.answer(chat, text)
        if error is not None:
            raise error
        self.arrived.append((chat.telegram_id, chat.thread_id, text))
        return 5000 + len(self.arrived)

    def texts(self) -> list[str]:
        """What arrived, in order."""
        return [text for _, _, text in self.arrived]


class World:
    """A postman with an outbox, a far end and a clock."""

    def __init__(
        self,
        concurrency: int = 4,
        moved_note: Callable[[Chat], str] | None = None,
        rest: Callable[[Chat], float] | None = None,
        probe: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.now = datetime(2026, 2, 18, 8, tzinfo=UTC)
        self.outbox = FakeOutbox(lambda: self.now)
        self.far = Telegram()
        self.concurrency = concurrency
        self.moved_note = moved_note
        self.rest = rest
        self.probe = probe
        self.slept: list[float] = []
        self.postman = self.new_postman()

    def new_postman(self) -> Postman:
        """A postman as after a start of the program."""

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)

        return Postman(
            self.outbox,
            self.far,
            lambda: self.now,
            concurrency=self.concurrency,
            rest=self.rest,
            probe=self.probe,
            moved_note=self.moved_note,
            rng=random.Random(1),
            sleep=sleep,
        )

    async def later(self, seconds: float) -> int:
        """Time goes by, and the postman makes a round."""
        self.now += timedelta(seconds=seconds)
        return await self.postman.deliver()

    def refuse_once(self, error: Exception) -> None:
        """The next message is refused so."""
        errors = [error]
        self.far.answer = lambda chat, text: errors.pop() if errors else None


async def test_what_is_due_is_sent_and_written_down() -> None:
    """Every planned message arrives once and bears Telegram's number afterwards."""
    world = World()
    for chat in range(1, 301):
        world.outbox.plan(chat, f"to {chat}")
    assert await world.postman.deliver() == 300
    assert sorted(world.far.texts()) == sorted(f"to {chat}" for chat in range(1, 301))
    assert set(world.outbox.states()) == {"sent"}
    assert all(row.message_id for row in world.outbox.rows.values())
    assert world.far.most_under_way == 4
    assert await world.postman.deliver() == 0


async def test_parts_arrive_in_order_and_never_side_by_side() -> None:
    """A chat's messages keep their order, one at a time, while other chats are served."""
    world = World()
    for chat in range(1, 21):
        world.outbox.plan(chat, *(f"{chat}:{part}" for part in range(5)))
    world.far.takes = 7
    await world.postman.deliver()
    for chat in range(1, 21):
        mine = [text for to, _, text in world.far.arrived if to == 1000 + chat]
        assert mine == [f"{chat}:{part}" for part in range(5)]
    assert not world.far.overlapped
    assert world.far.most_under_way == 4


async def test_a_chat_that_has_to_wait_holds_up_nobody() -> None:
    """While chats are left alone after each message, the others' go: nobody's place is taken by one that only waits."""
    world = World(concurrency=2, rest=lambda chat: 1.5 if chat.id <= 5 else 0.0)
    for chat in range(1, 6):
        world.outbox.plan(chat, f"{chat}:first", f"{chat}:second")
    for chat in range(6, 106):
        world.outbox.plan(chat, f"{chat}:first")
    assert await world.postman.deliver() == 5 + 100 + 5
    assert [text.partition(":")[2] for text in world.far.texts()] == ["first"] * 105 + ["second"] * 5


async def test_a_group_with_many_topics_holds_up_nobody() -> None:
    """Topics have their group's limits in common: one message at a time is on its way to all of them, and the others wait
    in nobody's place."""
    world = World(concurrency=4, rest=lambda chat: 0.2 if chat.thread_id else 0.0)
    for topic in range(1, 7):
        world.outbox.chat(topic, telegram_id=-1001, thread_id=topic)
        world.outbox.plan(topic, f"topic {topic}")
    for chat in range(7, 107):
        world.outbox.plan(chat, "other")
    assert await world.postman.deliver() == 106
    topics = [number for number, text in enumerate(world.far.texts()) if text.startswith("topic")]
    assert topics[1:] == list(range(101, 106))
    assert not world.far.overlapped
    assert world.far.most_under_way == 4


async def test_a_long_outbox_is_taken_in_portions() -> None:
    """Many chats with several messages each are served without asking the outbox again for every message."""
    world = World(concurrency=8)
    for chat in range(1, 501):
        world.outbox.plan(chat, "a", "b")
    assert await world.postman.deliver() == 1000
    assert world.outbox.taken <= 40


async def test_a_later_part_waits_for_an_earlier_one_that_is_tried_again() -> None:
    """When the first part has to wait, the second does not overtake it."""
    world = World()
    world.outbox.plan(1, "first", "second", "third")
    world.outbox.plan(2, "other")
    world.refuse_once(RetryAfter(timedelta(seconds=30)))
    await world.postman.deliver()
    assert world.far.texts() == ["other"]
    assert await world.later(10) == 0
    assert await world.later(21) == 3
    assert world.far.texts() == ["other", "first", "second", "third"]


async def test_it_is_written_down_before_and_after() -> None:
    """While a message is on its way the ledger says so; afterwards it says sent."""
    world = World()
    (number,) = world.outbox.plan(1, "x")
    seen: list[tuple[str, int]] = []

    def look(chat: Chat, text: str) -> None:
        row = world.outbox.rows[number]
        seen.append((row.state.value, row.attempts))

    world.far.answer = look
    await world.postman.deliver()
    assert seen == [("sending", 1)]
    assert world.outbox.rows[number].state is DeliveryState.SENT


async def test_after_a_crash_what_was_in_flight_is_sent_once_more() -> None:
    """Messages found "being sent" at a start are sent again, before the planned ones; what was sent stays sent."""
    world = World(concurrency=1)
    world.outbox.plan(1, "planned")
    world.outbox.plan(2, "in doubt", state="sending")
    world.outbox.plan(3, "done", state="sent")
    await world.postman.deliver()
    assert world.far.texts() == ["in doubt", "planned"]
    assert set(world.outbox.states()) == {"sent"}


@pytest.mark.parametrize("seed", range(20))
async def test_killed_at_any_moment_nothing_is_lost_and_little_comes_twice(seed: int) -> None:
    """However often it is killed: everybody gets everything in order, and only what was in flight comes twice."""
    rng = random.Random(seed)
    world = World(concurrency=3)
    for chat in range(1, 16):
        world.outbox.plan(chat, *(f"{chat}:{part}" for part in range(3)))
    in_flight: Counter[str] = Counter()
    for _ in range(12):
        running = asyncio.ensure_future(world.postman.deliver())
        for _ in range(rng.randrange(60)):
            await asyncio.sleep(0)
        in_flight.update(str(row.body["text"]) for row in world.outbox.rows.values() if row.state == "sending")
        running.cancel()
        await asyncio.wait((running,))
        world.postman = world.new_postman()
    await world.postman.deliver()
    arrived = Counter(world.far.texts())
    assert set(arrived) == {f"{chat}:{part}" for chat in range(1, 16) for part in range(3)}
    assert all(times <= 1 + in_flight[text] for text, times in arrived.items())
    for chat in range(1, 16):
        mine = list(dict.fromkeys(text for to, _, text in world.far.arrived if to == 1000 + chat))
        assert mine == [f"{chat}:{part}" for part in range(3)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), "blocked"),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), "kicked"),
        (Forbidden("Forbidden: user is deactivated"), "deactivated"),
        (BadRequest("Chat not found"), "not-found"),
    ],
)
async def test_a_chat_that_is_gone_is_paused_and_spares_the_rest(error: TelegramError, reason: str) -> None:
    """The chat is paused with the reason, none of its messages is tried after the first, and others are served."""
    world = World()
    world.outbox.plan(1, "a", "b", "c")
    world.outbox.plan(2, "d")
    tried: list[str] = []

    def answer(chat: Chat, text: str) -> Exception | None:
        tried.append(text)
        return error if chat.id == 1 else None

    world.far.answer = answer
    await world.postman.deliver()
    assert world.outbox.chats[1].paused == reason
    assert sorted(tried) == ["a", "d"]
    assert world.outbox.states() == ["failed", "failed", "failed", "sent"]
    assert {row.reason for row in world.outbox.rows.values() if row.chat_id == 1} == {reason}


async def test_a_group_that_became_a_supergroup_gets_its_messages_there() -> None:
    """The migration is written down, and this and the following messages go to the new id at once."""
    world = World()
    world.outbox.chat(1, telegram_id=-5)
    world.outbox.plan(1, "a", "b")
    world.far.answer = lambda chat, text: ChatMigrated(-1005) if chat.telegram_id == -5 else None
    assert await world.postman.deliver() == 2
    assert world.far.arrived == [(-1005, 0, "a"), (-1005, 0, "b")]
    assert world.outbox.chats[1].telegram_id == -1005


async def test_a_group_that_migrates_for_ever_is_not_followed_for_ever() -> None:
    """A server that keeps sending us elsewhere ends in a later attempt."""
    world = World()
    world.outbox.plan(1, "a")
    world.far.answer = lambda chat, text: ChatMigrated(chat.telegram_id - 1)
    await world.postman.deliver()
    assert world.outbox.states() == ["planned"]


async def test_a_closed_topic_falls_back_to_the_main_chat_and_says_so_once() -> None:
    """Messages for a closed topic come to the main chat after one note; later the topic is tried again."""
    world = World(moved_note=lambda chat: f"topic {chat.thread_id} is closed")
    world.outbox.chat(1, thread_id=9)
    world.outbox.plan(1, "a", "b")
    open_again = False

    def answer(chat: Chat, text: str) -> Exception | None:
        return BadRequest("TOPIC_CLOSED") if chat.thread_id and not open_again else None

    world.far.answer = answer
    assert await world.postman.deliver() == 2
    assert world.far.arrived == [(1001, 0, "topic 9 is closed"), (1001, 0, "a"), (1001, 0, "b")]
    open_again = True
    world.outbox.plan(1, "c")
    await world.later(THREAD_CLOSED_FOR.total_seconds())
    assert world.far.arrived[-1] == (1001, 9, "c")


async def test_a_closed_topic_is_told_of_even_where_that_has_to_wait() -> None:
    """When the note cannot be sent now, the message waits with it: nothing comes to the main chat unexplained."""
    world = World(moved_note=lambda chat: f"topic {chat.thread_id} is closed")
    world.outbox.chat(1, thread_id=9)
    world.outbox.plan(1, "a")
    refusals = [RetryAfter(timedelta(seconds=5))]

    def answer(chat: Chat, text: str) -> Exception | None:
        if chat.thread_id:
            return BadRequest("TOPIC_CLOSED")
        return refusals.pop() if refusals else None

    world.far.answer = answer
    assert await world.postman.deliver() == 0
    assert await world.later(5) == 1
    assert world.far.arrived == [(1001, 0, "topic 9 is closed"), (1001, 0, "a")]


async def test_a_missing_thread_in_a_chat_without_topics_is_a_refusal() -> None:
    """There is nowhere to fall back to from the main chat."""
    world = World()
    world.outbox.plan(1, "a")
    world.far.answer = lambda chat, text: BadRequest("message thread not found")
    await world.postman.deliver()
    assert world.outbox.states() == ["failed"]


async def test_what_telegram_refuses_fails_for_good_and_the_rest_goes_on() -> None:
    """A message that is wrong in itself is not repeated; the digest's other parts arrive."""
    world = World()
    world.outbox.plan(1, "a", "bad", "c")
    world.far.answer = lambda chat, text: BadRequest("can't parse entities") if text == "bad" else None
    await world.postman.deliver()
    assert world.outbox.states() == ["sent", "failed", "sent"]
    assert world.outbox.rows[2].reason == "can't parse entities"
    assert await world.later(86400) == 0


async def test_a_mistake_of_ours_harms_one_message(caplog: pytest.LogCaptureFixture) -> None:
    """A body that cannot be made into a message fails for good, is logged, and stops nobody."""
    world = World()
    world.outbox.plan(1, "a", {"no": "text"})
    world.outbox.plan(2, "b")
    await world.postman.deliver()
    assert sorted(world.outbox.states()) == ["failed", "sent", "sent"]
    assert "could not be made" in caplog.text


async def test_a_flooded_chat_is_tried_when_telegram_said() -> None:
    """The wait of a 429 is kept to the second, and doesn't hold up others."""
    world = World()
    world.outbox.plan(1, "a")
    world.outbox.plan(2, "b")
    world.far.answer = lambda chat, text: RetryAfter(timedelta(seconds=77)) if chat.id == 1 else None
    assert await world.postman.deliver() == 1
    assert world.outbox.rows[1].not_before == world.now + timedelta(seconds=77)


async def test_retries_grow_and_end() -> None:
    """A message that Telegram's servers never take is tried at growing intervals, then fails for good."""
    world = World()
    world.outbox.plan(1, "a")
    world.far.answer = lambda chat, text: ServerTrouble("HTTP 502 Bad Gateway")
    waits: list[float] = []
    for _ in range(MOST_ATTEMPTS):
        await world.postman.deliver()
        row = world.outbox.rows[1]
        if row.not_before is not None:
            waits.append((row.not_before - world.now).total_seconds())
            world.now = max(row.not_before, world.now + timedelta(seconds=LONGEST_PAUSE))
    assert world.outbox.states() == ["failed"]
    assert world.outbox.rows[1].attempts == MOST_ATTEMPTS
    assert 4 <= waits[0] <= 6
    assert all(later > earlier for earlier, later in itertools.pairwise(waits[:9]))
    assert max(waits) <= 3600 * 1.2
    assert sum(waits) > 5 * 3600


async def test_an_answer_that_takes_too_long_is_repeated_once() -> None:
    """After a time-out the message is sent once more; after a second one it stays in doubt and is not sent a third time."""
    world = World()
    world.outbox.plan(1, "a", "b")
    world.far.answer = lambda chat, text: TimedOut("no answer") if text == "a" else None
    await world.postman.deliver()
    assert world.outbox.states() == ["planned", "planned"]
    await world.later(60)
    assert world.outbox.states() == ["failed", "sent"]
    assert world.outbox.rows[1].attempts == 2
    assert world.outbox.rows[1].reason.startswith("in doubt")


async def test_doubt_is_remembered_through_other_refusals() -> None:
    """Time-out, flood, time-out: still sent no more than one time too many."""
    world = World()
    world.outbox.plan(1, "a")
    for error in (TimedOut("1"), RetryAfter(timedelta(seconds=5)), TimedOut("2"), None):
        if error is not None:
            world.refuse_once(error)
        await world.later(600)
    assert world.outbox.states() == ["failed"]


async def test_a_broken_connection_is_tried_some_times_more() -> None:
    """A connection that breaks usually broke before Telegram took the message: it is tried, but not for ever."""
    world = World()
    world.outbox.plan(1, "a")
    world.far.answer = lambda chat, text: NetworkError("broke")
    for _ in range(10):
        await world.later(600)
    assert world.outbox.states() == ["failed"]
    assert world.outbox.rows[1].attempts == 1 + MOST_BROKEN


async def test_an_interruption_does_not_use_up_the_repetitions() -> None:
    """A message that was in flight at several kills and then meets a time-out is still repeated."""
    world = World()
    world.outbox.plan(1, "a", state="sending")
    world.outbox.rows[1] = replace(world.outbox.rows[1], attempts=7)
    world.refuse_once(TimedOut("late"))
    await world.postman.deliver()
    assert world.outbox.states() == ["planned"]
    await world.later(7200)
    assert world.outbox.states() == ["sent"]


async def test_a_message_that_is_interrupted_every_time_ends() -> None:
    """A message that takes the program down with it each time does not do so for ever."""
    world = World()
    world.outbox.plan(1, "a", state="sending")
    world.outbox.rows[1] = replace(world.outbox.rows[1], attempts=MOST_INTERRUPTED)
    await world.postman.deliver()
    assert world.outbox.states() == ["failed"]


def test_the_number_of_doubts_survives_in_the_reason() -> None:
    """What is written down can be read again; other reasons hold no doubts."""
    assert doubts_of(in_doubt(2, "no answer (3): x")) == 2
    assert doubts_of("Flood control exceeded") == 0
    assert doubts_of("") == 0


async def test_with_the_network_down_few_messages_are_tried() -> None:
    """Without a connection the postman pauses and tries single messages, so that thousands don't use up their tries;
    when it is back everything goes out."""
    world = World(concurrency=8)
    for chat in range(1, 501):
        world.outbox.plan(chat, "x")
    world.far.answer = lambda chat, text: NotSent("no connection")
    for _ in range(600):
        await world.later(5)
    attempts = [row.attempts for row in world.outbox.rows.values()]
    assert sum(attempts) <= 8 + ALARM + 600 * 5 / LONGEST_PAUSE + 10
    assert set(world.outbox.states()) == {"planned"}
    world.far.answer = lambda chat, text: None
    for _ in range(3):
        await world.later(LONGEST_PAUSE)
    await world.later(7200)
    assert set(world.outbox.states()) == {"sent"}
    assert len(world.far.arrived) == 500


async def test_no_message_is_spent_on_finding_out_that_telegram_is_back() -> None:
    """While every connection breaks, which may mean that messages arrived, something harmless is asked for instead: after
    hours of that everybody is served, and of each message no more than what was on its way at first went out twice."""
    asked = 0

    async def probe() -> None:
        nonlocal asked
        asked += 1
        if down:
            raise NetworkError("the connection broke")

    world = World(concurrency=4, probe=probe)
    for chat in range(1, 101):
        world.outbox.plan(chat, "x")
    down = True
    world.far.answer = lambda chat, text: NetworkError("the connection broke") if down else None
    for _ in range(3 * 720):
        await world.later(5)
    assert sum(row.attempts for row in world.outbox.rows.values()) <= 4 + ALARM
    assert 3 * 60 - 10 <= asked <= 3 * 60 + 10
    down = False
    await world.later(LONGEST_PAUSE)
    assert set(world.outbox.states()) == {"sent"}
    before = asked
    await world.later(LONGEST_PAUSE)
    assert asked == before


async def test_a_question_that_hangs_does_not_hold_up_the_end() -> None:
    """Who gives up delivering gives up asking whether Telegram is there as well."""
    world = World(probe=asyncio.Event().wait)
    for chat in range(1, 9):
        world.outbox.plan(chat, "x")
    world.far.answer = lambda chat, text: NotSent("no connection")
    await world.postman.deliver()
    world.now += timedelta(seconds=LONGEST_PAUSE)
    running = asyncio.ensure_future(world.postman.deliver())
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait((running,), timeout=5)
    assert running.cancelled()
    assert len(world.outbox.rows) == 8


async def test_single_failures_do_not_slow_down_the_others() -> None:
    """Now and then a server error among many sends is that message's matter alone."""
    world = World()
    for chat in range(1, 101):
        world.outbox.plan(chat, "x")
    world.far.answer = lambda chat, text: ServerTrouble("HTTP 500") if chat.id % 10 == 0 else None
    assert await world.postman.deliver() == 90


async def test_a_chat_that_was_forgotten_meanwhile_is_skipped() -> None:
    """Messages of a chat that is not there any more are not sent, and stop nothing."""
    world = World()
    world.outbox.plan(1, "a")
    world.outbox.plan(2, "b")
    del world.outbox.chats[1]
    running = asyncio.ensure_future(world.postman.deliver())
    await asyncio.sleep(0.01)
    del world.outbox.rows[1]
    assert await running == 1


async def test_a_send_that_cannot_be_written_down_is_not_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """With the database locked after a send, the result is kept in mind: nothing else is sent until it is written down,
    and the message is not sent again."""
    world = World(concurrency=1)
    world.outbox.plan(1, "a")
    world.outbox.plan(2, "b")
    world.outbox.broken = {"sent"}
    await world.postman.deliver()
    assert world.slept == [0.2, 1.0, 5.0]
    assert world.far.texts() == ["a"]
    assert await world.later(LONGEST_PAUSE) == 0
    assert world.far.texts() == ["a"]
    world.outbox.broken = set()
    await world.later(LONGEST_PAUSE)
    assert world.far.texts() == ["a", "b"]
    assert world.outbox.states() == ["sent", "sent"]


async def test_nothing_is_sent_that_could_not_be_written_down_before() -> None:
    """With the database locked before a send there is no send; later it goes out."""
    world = World()
    world.outbox.plan(1, "a")
    world.outbox.broken = {"begin"}
    assert await asyncio.wait_for(world.postman.deliver(), 5) == 0
    assert world.far.texts() == []
    world.outbox.broken = set()
    assert await world.later(LONGEST_PAUSE) == 1


async def test_an_unreadable_outbox_is_reported() -> None:
    """That the outbox cannot be read is the caller's to know."""
    world = World()
    world.outbox.broken = {"take"}
    with pytest.raises(StorageError):
        await world.postman.deliver()


async def test_what_is_planned_meanwhile_goes_out_in_the_same_round() -> None:
    """A message planned while others are sent does not wait for the next round."""
    world = World()
    world.outbox.plan(1, "a")
    planned = False

    def answer(chat: Chat, text: str) -> None:
        nonlocal planned
        if not planned:
            planned = True
            world.outbox.plan(2, "b")

    world.far.answer = answer
    assert await world.postman.deliver() == 2


async def test_halting_lets_what_is_on_its_way_arrive_and_begins_nothing_more() -> None:
    """After halt the round ends soon; nothing stays in doubt, the rest stays planned."""
    world = World(concurrency=3)
    for chat in range(1, 51):
        world.outbox.plan(chat, "x")
    world.far.answer = lambda chat, text: world.postman.halt() if len(world.far.arrived) == 5 else None
    sent = await world.postman.deliver()
    assert 5 <= sent <= 5 + 3
    assert Counter(world.outbox.states()) == {"sent": sent, "planned": 50 - sent}
    assert await world.postman.deliver() == 0


async def test_no_message_is_handed_out_twice_while_it_is_on_its_way() -> None:
    """The outbox shows what is being sent as in doubt; the postman knows its own and leaves them alone."""
    world = World(concurrency=4)
    for chat in range(1, 31):
        world.outbox.plan(chat, "x")
    world.far.takes = 50
    await world.postman.deliver()
    assert len(world.far.arrived) == 30
    assert world.outbox.taken >= 2


async def test_it_tells_what_became_of_messages(caplog: pytest.LogCaptureFixture) -> None:
    """Every failure is one line that names message, chat and reason; the counts add up."""
    caplog.set_level(logging.INFO)
    world = World()
    world.outbox.plan(1, "a")
    world.outbox.plan(2, "b")
    world.far.answer = lambda chat, text: BadRequest("message is too long") if chat.id == 1 else None
    await world.postman.deliver()
    assert world.postman.counts == {"sent": 1, "Refused": 1}
    assert "message 1 to chat 1 has failed for good: message is too long" in caplog.text
