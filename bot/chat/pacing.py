"""Who may go when: Telegram's limits as a decision, without waiting and without a clock of its own.

Times are seconds of one running clock, which the caller passes in as `now`. A ticket asks for one message or edit;
`admit` hands out the tickets that may go now, `next_at` tells when to ask again. A call costs the same however many
chats there are: a chat whose turn has not come stands in a heap by the moment at which it will, and a chat that was
silent for long is forgotten.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count

NEVER = float("-inf")


class Lane(IntEnum):
    """What goes first: a press never waits behind a broadcast."""

    INTERACTIVE = 0
    BROADCAST = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What Telegram allows.

    `overall` messages a second over all chats, evenly spaced; what is paid for (`allow_paid_broadcast`) has `paid` a
    second of its own. A chat gets one message in `chat_gap` seconds; where somebody waits for an answer it may be
    `burst` messages ahead of that, in a broadcast never. A group or channel gets `group` messages in `group_window`
    seconds besides. When `alarm` chats were refused and none was served between them, everybody has to wait, for as
    long as the shortest of them: what Telegram asks of all ends for all at once. A chat that is refused once more within
    `again` seconds of its own wait tells of itself alone.
    """

    overall: int = 30
    paid: int = 1000
    chat_gap: float = 1.05
    burst: int = 1
    group: int = 20
    group_window: float = 60.5
    alarm: int = 3
    again: float = 60.0


@dataclass(eq=False, slots=True)
class Ticket:
    """One message or edit that wants to go. `gone` is set when nobody waits for it any more; once it was admitted,
    `admitted_at` says when, and `delay` how much later than usual Telegram may have counted it."""

    chat: Hashable
    lane: Lane
    group: bool
    paid: bool = False
    gone: bool = False
    admitted_at: float = NEVER
    delay: float = 0.0


class _Beat:
    """The overall pace: evenly spaced, making up for a clock that wakes late, and never more than `most` a second.

    Telegram counts a message somewhere between its admission and its answer; one that was held up on its way comes
    closer to those after it. By as much as its answer took longer than the quickest of late its place comes later the
    next second; of the quickest itself, most is the way to Telegram and back, and the same for all. An answer that is
    still out counts as `LONGEST_DELAY` late.
    """

    SECOND = 1.001
    LATE = 0.05
    LONGEST_DELAY = 0.25
    HANDLING = 0.01
    OF_LATE = 100

    __slots__ = ("_due", "_gap", "_last", "_most", "_took")

    def __init__(self, most: int) -> None:
        self._most = most
        self._gap = 1 / most
        self._due = NEVER
        self._last: deque[Ticket] = deque(maxlen=most)
        self._took: deque[float] = deque(maxlen=self.OF_LATE)

    def at(self) -> float:
        """When the next one may go."""
        if len(self._last) < self._most:
            return self._due
        before = self._last[0]
        return max(self._due, before.admitted_at + before.delay + self.SECOND)

    def take(self, ticket: Ticket, now: float) -> None:
        """This one goes now."""
        ticket.admitted_at = now
        ticket.delay = self.LONGEST_DELAY
        self._last.append(ticket)
        self._due = max(self._due, now - self.LATE) + self._gap

    def answered(self, ticket: Ticket, now: float) -> None:
        """What became of it is known."""
        took = now - ticket.admitted_at
        self._took.append(took)
        way = max(0.0, min(self._took) - self.HANDLING)
        ticket.delay = min(took - way, self.LONGEST_DELAY)

    def rest(self, now: float) -> None:
        """Nobody wanted to go until `now`, so there is nothing to make up for."""
        self._due = max(self._due, now)

    def hold(self, until: float) -> None:
        """Nothing goes before `until`."""
        self._due = max(self._due, until)


@dataclass(eq=False, slots=True)
class _Chat:
    """One chat: who waits, until when it has used up its messages, and when Telegram lets it be written to again.

    `last` holds the moments of a group's last messages, as many as it may get within its window.
    `turn` numbers its place in the lines; entries of earlier turns are void.
    """

    last: deque[float]
    group: bool
    waiting: tuple[deque[Ticket], deque[Ticket]] = field(default_factory=lambda: (deque(), deque()))
    used_until: float = NEVER
    paused_until: float = NEVER
    turn: int = 0

    def first(self) -> Ticket | None:
        """The next ticket: whoever waits for an answer, then the broadcast."""
        for queue in self.waiting:
            while queue and queue[0].gone:
                queue.popleft()
            if queue:
                return queue[0]
        return None


class Pacer:
    """Admits tickets as the limits allow: interactive ones first, within a lane the longest waiting, each chat's own in
    their order."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._beats = {False: _Beat(self.limits.overall), True: _Beat(self.limits.paid)}
        self._chats: OrderedDict[Hashable, _Chat] = OrderedDict()
        # A chat with waiting tickets stands in one line: `_later` by the moment when its own limits let it go, then
        # `_ready` until the overall pace takes it.
        self._later: list[tuple[float, int, int, _Chat]] = []
        self._ready: dict[tuple[bool, Lane], deque[tuple[int, _Chat]]] = {
            (paid, lane): deque() for paid in self._beats for lane in Lane
        }
        self._order = count()
        self._refused: dict[Hashable, float] = {}
        self._all_paused_until = NEVER

    def __len__(self) -> int:
        """How many chats are remembered."""
        return len(self._chats)

    def enter(self, ticket: Ticket, now: float) -> None:
        """A ticket wants to go; `admit` hands it out when it may."""
        chat = self._chat(ticket)
        before = chat.first()
        chat.waiting[ticket.lane].append(ticket)
        if chat.first() is not before:
            self._line_up(chat, now)
        self._sweep(now)

    def admit(self, now: float) -> list[Ticket]:
        """The tickets that may go now, in the order in which they should."""
        while self._later and self._later[0][0] <= now:
            at, _, turn, chat = heapq.heappop(self._later)
            if turn == chat.turn:
                self._line_up(chat, at)
        admitted: list[Ticket] = []
        for paid, beat in self._beats.items():
            while beat.at() <= now and (ticket := self._pick(paid, now)) is not None:
                beat.take(ticket, now)
                admitted.append(ticket)
        return admitted

    def next_at(self, now: float) -> float | None:
        """When to call `admit` again; None while nobody waits."""
        moments = [self._later[0][0]] if self._later else []
        moments += [beat.at() for paid, beat in self._beats.items() if any(self._ready[paid, lane] for lane in Lane)]
        return max(now, min(moments)) if moments else None

    def answered(self, ticket: Ticket, now: float) -> None:
        """What became of an admitted ticket is known."""
        self._beats[ticket.paid].answered(ticket, now)

    def served(self) -> None:
        """Telegram carried something out, so the refusals until now concerned their own chats."""
        self._refused.clear()

    def refused(self, ticket: Ticket, retry_after: float, now: float) -> None:
        """Telegram refused this one (429): its chat is left alone for `retry_after` seconds, or everybody is."""
        chat = self._chat(ticket)
        once_more = chat.paused_until + self.limits.again > now
        chat.paused_until = max(chat.paused_until, now + retry_after)
        if once_more:
            return
        self._refused = {key: until for key, until in self._refused.items() if until > now}
        self._refused[ticket.chat] = now + retry_after
        if len(self._refused) >= self.limits.alarm:
            self._all_paused_until = max(self._all_paused_until, min(self._refused.values()))
            self._refused.clear()
            for beat in self._beats.values():
                beat.hold(self._all_paused_until)

    def chat_pause(self, key: Hashable, now: float) -> float:
        """Seconds for which this chat is to be left alone; 0 where it is not."""
        chat = self._chats.get(key)
        return max(0.0, chat.paused_until - now) if chat else 0.0

    def rest(self, key: Hashable, now: float) -> float:
        """Seconds for which this chat's own limits hold up a broadcast to it; 0 where they don't, and where the chat is
        paused: who asks to go there is told."""
        chat = self._chats.get(key)
        if chat is None or chat.paused_until > now:
            return 0.0
        return max(0.0, self._own_moment(chat, Lane.BROADCAST) - now)

    def pause(self, now: float) -> float:
        """Seconds for which everybody has to wait; 0 where nobody has."""
        return max(0.0, self._all_paused_until - now)

    def turn_away(self, key: Hashable) -> list[Ticket]:
        """Takes out everybody who waits for this chat, and says who that was."""
        chat = self._chats.get(key)
        if chat is None:
            return []
        turned_away = [ticket for queue in chat.waiting for ticket in queue if not ticket.gone]
        for ticket in turned_away:
            ticket.gone = True
        return turned_away

    def crowd(self, key: Hashable) -> int:
        """How many tickets wait for this chat."""
        chat = self._chats.get(key)
        return sum(map(len, chat.waiting)) if chat else 0

    def _chat(self, ticket: Ticket) -> _Chat:
        chat = self._chats.get(ticket.chat)
        if chat is None:
            chat = self._chats[ticket.chat] = _Chat(deque(maxlen=self.limits.group), ticket.group)
        return chat

    def _own_moment(self, chat: _Chat, lane: Lane) -> float:
        """When the chat's own limits let its next message go."""
        ahead = self.limits.burst * self.limits.chat_gap if lane is Lane.INTERACTIVE else 0.0
        moment = max(chat.used_until - ahead, chat.paused_until)
        if len(chat.last) == self.limits.group:
            moment = max(moment, chat.last[0] + self.limits.group_window)
        return moment

    def _line_up(self, chat: _Chat, now: float) -> None:
        """Give a chat its place by its first ticket; the place that it had is void."""
        chat.turn += 1
        if (ticket := chat.first()) is None:
            return
        at = self._own_moment(chat, ticket.lane)
        if at <= now:
            if not any(self._ready[ticket.paid, lane] for lane in Lane):
                self._beats[ticket.paid].rest(now)
            self._ready[ticket.paid, ticket.lane].append((chat.turn, chat))
        else:
            heapq.heappush(self._later, (at, next(self._order), chat.turn, chat))

    def _pick(self, paid: bool, now: float) -> Ticket | None:
        """The ticket that is next for this purse, taken out and counted for its chat."""
        for lane in Lane:
            line = self._ready[paid, lane]
            while line:
                turn, chat = line.popleft()
                ticket = chat.first() if turn == chat.turn else None
                if ticket is None:
                    continue
                if (ticket.paid, ticket.lane) != (paid, lane) or self._own_moment(chat, lane) > now:
                    self._line_up(chat, now)  # the one that stood here has gone, or the chat was paused meanwhile
                    continue
                chat.waiting[lane].popleft()
                chat.used_until = max(chat.used_until, now) + self.limits.chat_gap
                if chat.group:
                    chat.last.append(now)
                self._line_up(chat, now)
                return ticket
        return None

    def _sweep(self, now: float) -> None:
        """Look at two chats and forget those of which nothing needs to be remembered: all get their turn over time."""
        for _ in range(min(2, len(self._chats))):
            key, chat = next(iter(self._chats.items()))
            while chat.last and chat.last[0] + self.limits.group_window <= now:
                chat.last.popleft()
            remembered_until = max(chat.used_until, chat.paused_until + self.limits.again)
            if chat.first() is None and not chat.last and remembered_until <= now:
                del self._chats[key]
            else:
                self._chats.move_to_end(key)
