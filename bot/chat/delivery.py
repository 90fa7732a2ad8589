"""The postman: takes planned messages from the outbox, sends them, and writes down what became of each.

A message is marked as being sent before it is, and as sent afterwards. Whoever finds one that is still "being sent"
after a crash does not know whether it arrived: it is sent once more, so that nobody misses anything and at most what
was in flight appears twice.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, cast

from telegram.error import TelegramError

from bot.chat.outcome import ChatGone, InDoubt, Migrated, Outcome, Refused, Retry, ThreadClosed, judge
from bot.chat.posting import Body, Post
from bot.chat.retries import doubts_of, in_doubt, verdict
from bot.errors import PaperboyError, StorageError
from bot.model import Chat, Delivery, DeliveryState

log = logging.getLogger(__name__)

MOST_INTERRUPTED = 100
"""After so many attempts a message that is interrupted each time is taken for the cause of it."""

BATCH = 100
"""How many messages are taken from the outbox at once."""

ALARM = 3
"""After so many failures in a row that are not one chat's own, the postman pauses and then tries a single message."""

LONGEST_PAUSE = 60.0

THREAD_CLOSED_FOR = timedelta(hours=1)
"""How long a closed topic is taken for closed before it is tried again."""


class Outbox(Protocol):
    """What the postman needs of the ledger."""

    async def take(self, limit: int) -> Sequence[Delivery]:
        """What is to be sent now, messages in doubt first, each chat's in their order."""

    async def begin(self, delivery_id: int, /) -> Delivery | None:
        """Mark a planned message as being sent; None if it is not planned any more."""

    async def replan(self, delivery_id: int, bodies: Sequence[Mapping[str, object]], /) -> Delivery | None:
        """Let a message that is being sent become these, the first of which is being sent now; None if it is gone."""

    async def sent(self, delivery_id: int, message_id: int, /) -> None:
        """Mark as sent."""

    async def failed(self, delivery_id: int, reason: str, retry_at: datetime | None, /) -> None:
        """Mark as failed for good, or as planned again for `retry_at`."""

    async def address(self, chat_id: int, /) -> Chat:
        """Where a message goes; PaperboyError if the chat is not there any more."""

    async def pause(self, chat_id: int, reason: str, /) -> None:
        """Stop posting to a chat that cannot be reached."""

    async def migrate(self, telegram_id: int, new_telegram_id: int, /) -> None:
        """A group became a supergroup."""


class Postman:
    """Sends what the outbox holds, several chats at a time, each chat's messages one after the other.

    Args:
        outbox: the ledger.
        post: sends one message; it may raise whatever Telegram's client raises.
        clock: the current time.
        concurrency: how many messages are on their way at once.
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
        concurrency: int = 12,
        moved_note: Callable[[Chat], str] | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.counts: Counter[str] = Counter()
        """What became of messages since the start, by outcome."""
        self._outbox = outbox
        self._post = post
        self._clock = clock
        self._concurrency = concurrency
        self._moved_note = moved_note
        self._rng = rng or random.Random()
        self._sleep = sleep
        self._halted = False
        self._interrupted = False
        self._posting: set[asyncio.Future[int]] = set()
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
        line = _Line()
        under_way: dict[asyncio.Task[bool], Delivery] = {}
        try:
            while True:
                await self._fill(line, len(under_way))
                while len(under_way) < self._room() and (delivery := line.next()) is not None:
                    under_way[asyncio.create_task(self._serve(delivery))] = delivery
                if not under_way:
                    break
                # The time-out lets what is planned meanwhile go out beside a send that takes long.
                done, _ = await asyncio.wait(under_way, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    delivery = under_way.pop(task)
                    if not task.result():
                        self._in_hand.difference_update(line.drop(delivery.chat_id))
                    line.finished(delivery)
        finally:
            if under_way:
                await asyncio.wait(under_way)
            self._in_hand = set(self._unwritten)
        return self.counts["sent"] - before

    def _may_begin(self) -> bool:
        return not self._halted and not self._interrupted and (self._calm_at is None or self._clock() >= self._calm_at)

    def _room(self) -> int:
        """How many messages may be on their way: after trouble a single one shows whether it is over."""
        if not self._may_begin():
            return 0
        return 1 if self._failures >= ALARM else self._concurrency

    async def _fill(self, line: _Line, under_way: int) -> None:
        """Take further messages when the line has run out."""
        if line or under_way >= self._room():
            return
        held = set(self._in_hand)  # what is done while the outbox is read may still show as being sent there
        taken = [one for one in await self._outbox.take(BATCH + len(held)) if one.id not in held]
        self._in_hand.update(one.id for one in taken)
        line.add(taken)

    async def _serve(self, delivery: Delivery) -> bool:
        """Send one message and write down what became of it; False if the chat's next ones must wait for it."""
        settled = True
        try:
            chat = await self._outbox.address(delivery.chat_id)
            begun = await self._begin(chat, delivery)
        except StorageError as error:
            log.warning("message %d waits: %s", delivery.id, error)
            self._trouble()
            settled = False
        except PaperboyError:
            pass  # the chat was forgotten, and its messages with it
        else:
            if begun is not None:
                settled = await self._send(chat, begun)
        if delivery.id not in self._unwritten:
            self._in_hand.discard(delivery.id)
        return settled

    async def _begin(self, chat: Chat, delivery: Delivery) -> Delivery | None:
        """Mark a message as being sent; None if it is not to be."""
        if chat.paused:
            await self._outbox.failed(delivery.id, chat.paused, None)
            return None
        if delivery.state is DeliveryState.SENDING:
            reason = in_doubt(doubts_of(delivery.reason), "interrupted")
            if delivery.attempts >= MOST_INTERRUPTED:
                await self._outbox.failed(delivery.id, reason, None)
                return None
            log.info("message %d to chat %d was interrupted; it is sent again", delivery.id, delivery.chat_id)
            await self._outbox.failed(delivery.id, reason, self._clock())
        return await self._outbox.begin(delivery.id)

    async def _send(self, chat: Chat, delivery: Delivery) -> bool:
        result = await self._try(chat, delivery.body)
        if isinstance(result, Refused) and delivery.body.get("classic"):
            plain = await self._plainly(delivery, result)
            if plain is None:
                return False
            delivery, result = plain, await self._try(chat, plain.body)
        if result is None:
            return False
        if isinstance(result, int):
            self._at_ease()
            self.counts["sent"] += 1
            await self._write(delivery.id, lambda: self._outbox.sent(delivery.id, result))
            return True
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
        return retry_at is None

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
            self._closed_threads[place.telegram_id, place.thread_id] = self._clock() + THREAD_CLOSED_FOR
            main = replace(place, thread_id=0)
            if self._moved_note is not None:
                await self._post_to(main, {"text": self._moved_note(chat), "silent": True})
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
            log.warning("%d messages in a row could not be sent; the next is tried in %.0f s", self._failures, pause)

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
                if wait is not None:
                    await self._sleep(wait)
            else:
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


class _Line:
    """Messages that wait, by chat: chats take turns, and a chat's next message waits until the one before is done."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[int, deque[Delivery]] = OrderedDict()
        self._busy: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Further messages, each chat's in their order."""
        for delivery in deliveries:
            self._waiting.setdefault(delivery.chat_id, deque()).append(delivery)

    def next(self) -> Delivery | None:
        """The next message of the next chat that has none on its way."""
        for chat_id, waiting in self._waiting.items():
            if chat_id not in self._busy:
                delivery = waiting.popleft()
                self._busy.add(chat_id)
                if waiting:
                    self._waiting.move_to_end(chat_id)
                else:
                    del self._waiting[chat_id]
                return delivery
        return None

    def drop(self, chat_id: int) -> list[int]:
        """Takes out what waits for this chat, and says which messages that was."""
        return [delivery.id for delivery in self._waiting.pop(chat_id, ())]

    def finished(self, delivery: Delivery) -> None:
        """This one is done, and its chat's next may go."""
        self._busy.discard(delivery.chat_id)
