"""The postman: takes planned messages from the outbox, sends them, and writes down what became of each.

A message is marked as being sent before it is, and as sent afterwards. Whoever finds one that is still "being sent"
after a crash does not know whether it arrived: it is sent once more, so that nobody misses anything and at most what
was in flight appears twice.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, Protocol, cast

from telegram.error import TelegramError

from bot.chat.outcome import ChatGone, InDoubt, Migrated, Outcome, Refused, Retry, ThreadClosed, judge, shortened
from bot.chat.posting import Body, Post
from bot.chat.retries import doubts_of, in_doubt, verdict
from bot.errors import StorageError
from bot.model import Chat, Delivery, DeliveryState

log = logging.getLogger(__name__)

MOST_INTERRUPTED = 100
"""After so many attempts a message that is interrupted each time is taken for the cause of it."""

BATCH = 100
"""How many messages are taken from the outbox at once, at least."""

AT_ONCE = 24
"""How many messages are on their way at once at Telegram's usual rate; after a crash so many may appear twice."""

ALARM = 3
"""After so many failures in a row that are not one chat's own, the postman pauses and then tries a single message."""

LONGEST_PAUSE = 60.0

THREAD_CLOSED_FOR = timedelta(hours=1)
"""How long a closed topic is taken for closed before it is tried again."""


class Outbox(Protocol):
    """What the postman needs of the ledger."""

    async def take(self, limit: int, held: Collection[int], /) -> Sequence[Delivery]:
        """What is to be sent now, of each chat its next message, those in doubt first; without those that are held."""

    async def begin(self, delivery_id: int, /) -> tuple[Delivery, Chat] | None:
        """Mark a planned message as being sent; → it and where it goes, None if it is not planned any more."""

    async def replan(self, delivery_id: int, bodies: Sequence[Mapping[str, object]], /) -> Delivery | None:
        """Let a message that is being sent become these, the first of which is being sent now; None if it is gone."""

    async def sent(self, delivery_id: int, message_id: int, /) -> None:
        """Mark as sent."""

    async def failed(self, delivery_id: int, reason: str, retry_at: datetime | None, /) -> None:
        """Mark as failed for good, or as planned again for `retry_at`."""

    async def pause(self, chat_id: int, reason: str, /) -> None:
        """Stop posting to a chat that cannot be reached."""

    async def migrate(self, telegram_id: int, new_telegram_id: int, /) -> None:
        """A group became a supergroup."""


class Postman:
    """Sends what the outbox holds, several chats at a time, each chat's messages one after the other; a group's topics
    have its limits in common, so theirs too.

    Args:
        outbox: the ledger.
        post: sends one message; it may raise whatever Telegram's client raises.
        clock: the current time.
        concurrency: how many messages are on their way at once.
        rest: for how many seconds a chat should be left alone now; its next message does not hold up others meanwhile.
        probe: asks Telegram for something harmless; it raises while Telegram cannot be reached.
        moved_note: what to tell a chat, as HTML, when a closed topic's messages come to the main chat.
        rng: for the jitter of the waits.
        sleep: waits between attempts to write something down.
    """

    def __init__(
        self,
        outbox: Outbox,
        post: Post,
        clock: Callable[[], datetime],
        *,
        concurrency: int = AT_ONCE,
        rest: Callable[[Chat], float] | None = None,
        probe: Callable[[], Awaitable[object]] | None = None,
        moved_note: Callable[[Chat], str] | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """What became of messages since the start, by outcome."""
        self.trouble = ""
        """Why nothing can be written down at present, in a sentence; '' while all is well."""
        self._outbox = outbox
        self._post = post
        self._clock = clock
        self._concurrency = concurrency
        self._rest = rest or (lambda _: 0.0)
        self._probe = probe
        self._moved_note = moved_note
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._halted = False
        self._interrupted = False
        self._posting: set[asyncio.Future[Any]] = set()
        self._in_hand: set[int] = set()
        self._unwritten: dict[int, Callable[[], Awaitable[None]]] = {}
        self._closed_threads: dict[tuple[int, int], datetime] = {}
        self._failures = 0
        self._pauses = 0
        self._calm_at: datetime | None = None

    def halt(self) -> None:
        """Begin nothing more; a running `deliver` ends when what is on its way has arrived."""
        self._halted = True

    async def deliver(self) -> int:
        """Send what is due until nothing is; the number of messages sent. Not to be run twice at once.

        It ends early when Telegram or the network is in trouble, and does nothing until the pause after that is over.
        Cancelled, it gives up what is on its way (that stays in doubt) but still writes down what has arrived.

        Raises:
            StorageError: the outbox cannot be read.
        """
        self._interrupted = False
        rounds = asyncio.ensure_future(self._round())
        try:
            return await asyncio.shield(rounds)
        except asyncio.CancelledError:
            self._interrupted = True
            for post in self._posting:
                post.cancel()
            await asyncio.wait((rounds,))
            raise

    async def _round(self) -> int:
        if not self._may_begin() or not await self._catch_up_writing():
            return 0
        before = self.counts["sent"]
        line = _Line(asyncio.get_running_loop().time)
        under_way = _UnderWay()
        try:
            while True:
                await self._fill(line, under_way)
                if not under_way and line.ready() and self._room():
                    await self._ask_first()
                while len(under_way) < self._room() and (delivery := line.next()) is not None:
                    under_way.add(self._serve(delivery, line))
                if not under_way and not (line and self._room()):
                    break
                # After a second at the latest, so that what is planned meanwhile goes out beside a send that takes long.
                await under_way.changed(min(1.0, line.rests()))
        finally:
            await under_way.all_done()
            self._in_hand = set(self._unwritten)
        return self.counts["sent"] - before

    def _may_begin(self) -> bool:
        return not self._halted and not self._interrupted and (self._calm_at is None or self._clock() >= self._calm_at)

    async def _ask_first(self) -> None:
        """After trouble, see whether Telegram can be reached at all: a message that finds out may be spent on it."""
        if self._failures < ALARM or self._probe is None:
            return
        probe = asyncio.ensure_future(self._probe())
        self._posting.add(probe)
        try:
            await probe
        except asyncio.CancelledError:
            return
        except TelegramError as error:
            log.info("Telegram cannot be reached: %s", shortened(error))
            self._trouble()
        finally:
            self._posting.discard(probe)

    def _room(self) -> int:
        """How many messages may be on their way: after trouble a single one shows whether it is over."""
        if not self._may_begin():
            return 0
        return 1 if self._failures >= ALARM else self._concurrency

    async def _fill(self, line: _Line, under_way: _UnderWay) -> None:
        """Take further messages before the line runs out."""
        while line.ready() < self._room() and (line.more or under_way.turned_over()):
            held = set(self._in_hand)  # what is done while the outbox is read may still show as being sent there
            batch = max(BATCH, 2 * self._concurrency)
            taken = [one for one in await self._outbox.take(batch, held) if one.id not in held]
            self._in_hand.update(one.id for one in taken)
            under_way.finished = 0
            line.add(taken)
            line.more = len(taken) == batch

    async def _serve(self, delivery: Delivery, line: _Line) -> None:
        """Send one message and write down what became of it."""
        rest = 0.0
        try:
            begun = await self._begin(delivery)
        except StorageError as error:
            log.warning("message %d waits: %s", delivery.id, error)
            self.trouble = str(error)
            self._trouble()
        else:
            self.trouble = ""
            if begun is not None:
                await self._send(*begun)
                rest = self._rest(begun[1])
        line.leave_alone(delivery.telegram_id, rest)
        if delivery.id not in self._unwritten:
            self._in_hand.discard(delivery.id)

    async def _begin(self, delivery: Delivery) -> tuple[Delivery, Chat] | None:
        """Mark a message as being sent; None if it is not to be."""
        if delivery.state is DeliveryState.SENDING:
            reason = in_doubt(doubts_of(delivery.reason), "interrupted")
            if delivery.attempts >= MOST_INTERRUPTED:
                await self._outbox.failed(delivery.id, reason, None)
                return None
            log.info("message %d to chat %d was interrupted; it is sent again", delivery.id, delivery.chat_id)
            await self._outbox.failed(delivery.id, reason, self._clock())
        return await self._outbox.begin(delivery.id)

    async def _send(self, delivery: Delivery, chat: Chat) -> None:
        if chat.paused:
            await self._write(delivery.id, lambda: self._outbox.failed(delivery.id, chat.paused, None))
            return
        result = await self._try(chat, delivery.body)
        if isinstance(result, Refused) and delivery.body.get("classic"):
            plain = await self._plainly(delivery, result)
            if plain is None:
                return
            delivery, result = plain, await self._try(chat, plain.body)
        if result is None:
            return
        if isinstance(result, int):
            self._at_ease()
            self.counts["sent"] += 1
            await self._write(delivery.id, lambda: self._outbox.sent(delivery.id, result))
            return
        self.counts[type(result).__name__] += 1
        if isinstance(result, InDoubt) or (isinstance(result, Retry) and result.everywhere):
            self._trouble()
        else:
            self._at_ease()
        reason, wait = verdict(delivery, result, self._rng)
        gone = isinstance(result, ChatGone)
        level = logging.INFO if gone or wait is not None else logging.WARNING
        what = "has failed for good" if wait is None else f"is tried again in {wait:.0f} s"
        log.log(level, "message %d to chat %d %s: %s", delivery.id, chat.id, what, reason)
        retry_at = None if wait is None else self._clock() + timedelta(seconds=wait)

        async def write() -> None:
            if gone:
                await self._outbox.pause(chat.id, reason)
            await self._outbox.failed(delivery.id, reason, retry_at)

        await self._write(delivery.id, write)

    async def _plainly(self, delivery: Delivery, refused: Refused) -> Delivery | None:
        """A rich message that Telegram does not take becomes the classic ones that show the same, in the ledger before
        anything of them is sent; None where that cannot be written down now: it is found as interrupted then."""
        self.counts["plainly"] += 1
        log.info("message %d goes as a classic one: %s", delivery.id, refused.reason)
        try:
            return await self._outbox.replan(delivery.id, cast("Sequence[Body]", delivery.body["classic"]))
        except StorageError as error:
            log.warning("message %d waits: %s", delivery.id, error)
            self._trouble()
            return None

    async def _try(self, chat: Chat, body: Mapping[str, object]) -> int | Outcome | None:
        """Send to the chat, to the supergroup that it became, or to the main chat of a closed topic; None when that was
        interrupted."""
        place = self._open_place(chat)
        result = await self._post_to(place, body)
        if isinstance(result, Migrated):
            log.info("chat %d became a supergroup", chat.id)
            try:
                await self._outbox.migrate(place.telegram_id, result.telegram_id)
            except StorageError as error:
                return Retry(str(error))
            place = replace(place, telegram_id=result.telegram_id)
            result = await self._post_to(place, body)
        if isinstance(result, ThreadClosed) and place.thread_id:
            log.info("a topic of chat %d is closed; its messages go to the main chat", chat.id)
            main = replace(place, thread_id=0)
            if self._moved_note is not None:
                told = await self._post_to(main, {"text": self._moved_note(chat), "silent": True})
                if isinstance(told, Retry):
                    return told
            self._closed_threads[place.telegram_id, place.thread_id] = self._clock() + THREAD_CLOSED_FOR
            result = await self._post_to(main, body)
        return result

    def _open_place(self, chat: Chat) -> Chat:
        """The chat, or its main chat while its topic is known to be closed."""
        key = (chat.telegram_id, chat.thread_id)
        closed_until = self._closed_threads.get(key)
        if closed_until is None:
            return chat
        if closed_until <= self._clock():
            del self._closed_threads[key]
            return chat
        return replace(chat, thread_id=0)

    async def _post_to(self, chat: Chat, body: Mapping[str, object]) -> int | Outcome | None:
        post = asyncio.ensure_future(self._post(chat, body))
        self._posting.add(post)
        try:
            return await post
        except asyncio.CancelledError:
            return None
        except TelegramError as error:
            return judge(error)
        except Exception as error:  # a mistake of ours in one message must not stop the others
            log.exception("a message to chat %d could not be made", chat.id)
            return judge(error)
        finally:
            self._posting.discard(post)

    def _trouble(self) -> None:
        """Something failed that is not one chat's matter."""
        self._failures += 1
        if self._failures >= ALARM and self._may_begin():
            self._pauses += 1
            pause = min(2.0**self._pauses, LONGEST_PAUSE)
            self._calm_at = self._clock() + timedelta(seconds=pause)
            log.warning("%d failures in a row; the next attempt is made in %.0f s", self._failures, pause)

    def _at_ease(self) -> None:
        """Telegram answered: whatever it was, it is over."""
        self._failures = self._pauses = 0
        self._calm_at = None

    async def _write(self, delivery_id: int, write: Callable[[], Awaitable[None]]) -> None:
        """Write something down that has happened, whatever it takes; kept in mind if it cannot be for now."""
        for wait in (0.2, 1.0, 5.0, None):
            try:
                await write()
            except StorageError as error:
                log.warning("what became of message %d could not be written down: %s", delivery_id, error)
                self.trouble = str(error)
                if wait is not None:
                    await self._sleep(wait)
            else:
                self.trouble = ""
                return
        self._unwritten[delivery_id] = write
        self._failures = ALARM
        self._trouble()

    async def _catch_up_writing(self) -> bool:
        """Write down what could not be earlier; False if that still fails: nothing may be sent then."""
        for delivery_id, write in list(self._unwritten.items()):
            try:
                await write()
            except StorageError as error:
                log.warning("what became of message %d still cannot be written down: %s", delivery_id, error)
                return False
            del self._unwritten[delivery_id]
            self._in_hand.discard(delivery_id)
        return True


class _UnderWay:
    """Messages on their way, a task each. `finished` counts those that were, since it was last set to 0."""

    def __init__(self) -> None:
        self.finished = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        self._broken: list[asyncio.Task[None]] = []

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, serving: Coroutine[Any, Any, None]) -> None:
        """A further one."""
        task = asyncio.create_task(serving)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def turned_over(self) -> bool:
        """Whether so many have finished that asking for what comes next is worth it, though little was left before."""
        return self.finished >= max(1, len(self._tasks))

    async def changed(self, patience: float) -> None:
        """Returns when another one has finished, or after so many seconds; raises what a task raised."""
        try:
            async with asyncio.timeout(patience):
                await self._changed.wait()
        except TimeoutError:
            self.finished = max(self.finished, len(self._tasks), 1)
        self._changed.clear()
        for task in self._broken:
            task.result()

    async def all_done(self) -> None:
        """Waits for those that are on their way."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self.finished += 1
        self._changed.set()
        if task.cancelled() or task.exception() is not None:
            self._broken.append(task)


class _Line:
    """Messages in hand, one of each chat: those that may go now, in order, one to each place, and those to places that
    have one already or are left alone for a while. `more` says that the outbox had more of them than were taken. `time` is
    a running clock."""

    def __init__(self, time: Callable[[], float]) -> None:
        self.more = True
        self._time = time
        self._ready: deque[Delivery] = deque()
        self._behind: dict[int, deque[Delivery]] = {}
        self._ends: list[tuple[float, int]] = []
        self._held_up = 0

    def __bool__(self) -> bool:
        return bool(self._ready or self._held_up)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Further messages."""
        for delivery in deliveries:
            if (behind := self._behind.get(delivery.telegram_id)) is not None:
                behind.append(delivery)
                self._held_up += 1
            else:
                self._behind[delivery.telegram_id] = deque()
                self._ready.append(delivery)

    def leave_alone(self, place: int, seconds: float) -> None:
        """What went to this place is done with; the next message may go there in so many seconds."""
        heappush(self._ends, (self._time() + seconds, place))

    def ready(self) -> int:
        """How many may go now."""
        now = self._time()
        while self._ends and self._ends[0][0] <= now:
            _, place = heappop(self._ends)
            if behind := self._behind[place]:
                self._ready.append(behind.popleft())
                self._held_up -= 1
            else:
                del self._behind[place]
        return len(self._ready)

    def next(self) -> Delivery | None:
        """The next message that may go now; where it goes nothing else does until `leave_alone`."""
        return self._ready.popleft() if self.ready() else None

    def rests(self) -> float:
        """Seconds until a message may go that may not now; infinite where that depends on those on their way."""
        return max(0.0, self._ends[0][0] - self._time()) if self._held_up and self._ends else math.inf
