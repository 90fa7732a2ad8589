from __future__ import annotations

import gc
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.pacing import Lane, Limits, Pacer, Ticket

Admission = tuple[float, Ticket]


def _run(pacer: Pacer, arrivals: Iterable[Admission], *, takes: float = 0.005) -> list[Admission]:
    """Everything that is admitted, with its moment, when each message takes `takes` seconds to be answered."""
    out: list[Admission] = []
    answers: list[Admission] = []
    coming = sorted(arrivals, key=lambda one: one[0])
    now = 0.0
    while True:
        while coming and coming[0][0] <= now:
            pacer.enter(coming.pop(0)[1], now)
        while answers and answers[0][0] <= now:
            pacer.answered(answers.pop(0)[1], now)
        admitted = pacer.admit(now)
        out += [(now, ticket) for ticket in admitted]
        answers += [(now + takes, ticket) for ticket in admitted]
        moments = [m for m in (pacer.next_at(now), coming[0][0] if coming else None) if m is not None]
        if not moments:
            return out
        if answers:
            moments.append(answers[0][0])
        now = max(now, min(moments))


def _most_within(moments: Sequence[float], window: float) -> int:
    """The most moments that lie within any `window`, its end not included."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moments[first] <= moment - window + 1e-9:
            first += 1
        most = max(most, last - first + 1)
    return most


def _broadcast(chats: Iterable[int]) -> list[Admission]:
    return [(0.0, Ticket(chat, Lane.BROADCAST, chat < 0)) for chat in chats]


def test_a_broadcast_goes_at_thirty_a_second_and_evenly() -> None:
    """900 chats take 30 seconds; no second sees more than 30 messages, and none come together."""
    moments = [at for at, _ in _run(Pacer(), _broadcast(range(1, 901)))]
    assert len(moments) == 900
    assert _most_within(moments, 1.0) == 30
    assert 899 / (moments[-1] - moments[0]) >= 0.98 * 30
    gaps = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert min(gaps) >= 0.03


@pytest.mark.parametrize("seed", range(5))
def test_telegram_never_counts_more_than_thirty_a_second(seed: int) -> None:
    """However messages are delayed on their way and however late the clock wakes, no second has 31 arrivals, and 97 % of
    the rate are reached."""
    rng = random.Random(seed)
    pacer = Pacer()
    for _, ticket in _broadcast(range(1, 1501)):
        pacer.enter(ticket, 0.0)
    now, begun, arrivals = 0.0, 0.0, []
    under_way: list[Admission] = []
    while (at := pacer.next_at(now)) is not None:
        now = at + rng.choice((0.0, 0.001, 0.002, 0.02 if rng.random() < 0.02 else 0.001))
        for answered_at, ticket in [one for one in under_way if one[0] <= now]:
            pacer.answered(ticket, answered_at)
            under_way.remove((answered_at, ticket))
        for ticket in pacer.admit(now):
            arrives = now + rng.uniform(0.0005, 0.015)
            arrivals.append(arrives)
            under_way.append((arrives + rng.uniform(0.001, 0.01), ticket))
    assert _most_within(sorted(arrivals), 1.0) <= 30
    assert 1500 / (max(arrivals) - begun) >= 0.97 * 30


def test_a_private_chat_gets_one_message_a_second_in_a_broadcast() -> None:
    """Several broadcast messages to one chat keep their order and a second between them; other chats don't wait."""
    tickets = [Ticket(7, Lane.BROADCAST, group=False) for _ in range(4)]
    admitted = _run(Pacer(), [(0.0, ticket) for ticket in tickets] + _broadcast([8]))
    assert [ticket for _, ticket in admitted if ticket.chat == 7] == tickets
    moments = [at for at, ticket in admitted if ticket.chat == 7]
    assert _most_within(moments, 1.0) == 1
    assert moments[-1] == pytest.approx(3.15, abs=0.2)
    assert next(at for at, ticket in admitted if ticket.chat == 8) < 0.1


def test_who_waits_for_an_answer_may_be_a_message_ahead() -> None:
    """Two messages go at once where somebody waits for them, the following ones at one a second."""
    moments = [at for at, _ in _run(Pacer(), [(0.0, Ticket(7, Lane.INTERACTIVE, group=False)) for _ in range(5)])]
    assert moments[1] - moments[0] < 0.1
    assert _most_within(moments[1:], 1.0) == 1


@pytest.mark.parametrize("lane", Lane)
def test_a_group_gets_twenty_messages_a_minute(lane: Lane) -> None:
    """In no minute has a group more than twenty messages, whatever the lane, and all of them come in the end."""
    moments = [at for at, _ in _run(Pacer(), [(0.0, Ticket(-7, lane, group=True)) for _ in range(65)])]
    assert len(moments) == 65
    assert _most_within(moments, 60.0) == 20
    assert moments[-1] < 4 * 61


def test_a_press_does_not_wait_behind_a_broadcast() -> None:
    """While 5,000 messages wait, a press's edit is admitted within two places of the overall pace."""
    presses = [(5 + n * 0.2, Ticket(-1000 - n, Lane.INTERACTIVE, group=True)) for n in range(50)]
    admitted = _run(Pacer(), _broadcast(range(1, 5001)) + presses)
    at = {id(ticket): moment for moment, ticket in admitted}
    assert max(at[id(ticket)] - asked for asked, ticket in presses) <= 2 / 30


def test_an_edit_overtakes_the_broadcast_to_its_own_chat() -> None:
    """In one chat, too, whoever waits for an answer goes before what was planned."""
    planned = [(0.0, Ticket(7, Lane.BROADCAST, group=False)) for _ in range(3)]
    edit = Ticket(7, Lane.INTERACTIVE, group=False)
    admitted = [ticket for _, ticket in _run(Pacer(), [*planned, (0.5, edit)])]
    assert admitted.index(edit) == 1


def test_within_a_lane_the_longest_waiting_goes_first() -> None:
    """Chats are served in the order in which they asked."""
    chats = list(range(1, 200))
    random.Random(1).shuffle(chats)
    assert [ticket.chat for _, ticket in _run(Pacer(), _broadcast(chats))] == chats


def test_a_busy_chat_does_not_lose_its_place() -> None:
    """A chat that keeps asking is served all the same: new wishes don't push back its old one."""
    pacer = Pacer(Limits(overall=1))
    for _, ticket in _broadcast([1, 2, 3]):
        pacer.enter(ticket, 0.0)
    served: list[object] = []
    now = 0.0
    for step in range(60):
        now = step * 0.1
        pacer.enter(Ticket(3, Lane.BROADCAST, group=False), now)
        served += [ticket.chat for ticket in pacer.admit(now)]
    assert served[:3] == [1, 2, 3]


def test_what_is_paid_for_has_its_own_pace() -> None:
    """Paid messages go at their own rate and take nothing from the free ones."""
    limits = Limits(paid=200)
    paid = [(0.0, Ticket(chat, Lane.BROADCAST, group=False, paid=True)) for chat in range(1, 1001)]
    admitted = _run(Pacer(limits), paid + _broadcast(range(2000, 2150)))
    moments = [at for at, ticket in admitted if ticket.paid]
    assert _most_within(moments, 1.0) <= 200
    assert moments[-1] == pytest.approx(5.0, abs=0.3)
    assert [at for at, ticket in admitted if not ticket.paid][-1] == pytest.approx(5.0, abs=0.3)


def test_a_refusal_stops_its_chat_alone() -> None:
    """A chat that Telegram refuses is left alone so long; the others notice nothing."""
    pacer = Pacer()
    pacer.refused(Ticket(7, Lane.BROADCAST, group=False), 10.0, 0.0)
    admitted = _run(pacer, _broadcast([7, *range(100, 130)]))
    at = {ticket.chat: moment for moment, ticket in admitted}
    assert at[7] == pytest.approx(10.0)
    assert max(moment for chat, moment in at.items() if chat != 7) < 1.1
    assert pacer.chat_pause(7, 4.0) == pytest.approx(6.0)
    assert pacer.pause(4.0) == 0


def test_several_refusals_in_a_row_stop_everybody() -> None:
    """Three chats refused, none served between them: all wait for the shortest, then go on evenly; a chat that Telegram
    wants left alone for an hour is no reason for others to wait that long."""
    pacer = Pacer()
    for chat, wait in ((1, 3600.0), (2, 8.0), (3, 30.0)):
        pacer.refused(Ticket(chat, Lane.BROADCAST, group=False), wait, 0.0)
    assert pacer.pause(0.0) == pytest.approx(8.0)
    moments = [at for at, _ in _run(pacer, _broadcast(range(100, 160)))]
    assert moments[0] == pytest.approx(8.0)
    assert _most_within(moments, 1.0) == 30
    assert _most_within(moments, 0.1) <= 6


def test_chats_that_are_refused_again_and_again_stop_nobody_else() -> None:
    """When their waits are over they come in a row, with nobody served between them; that says nothing of the others."""
    pacer = Pacer()
    for turn in range(10):
        now = turn * 8.0
        for chat in range(6):
            if not turn:
                pacer.served()
            pacer.enter(Ticket(chat, Lane.BROADCAST, group=False), now)
            (ticket,) = pacer.admit(now + chat * 0.1)
            pacer.refused(ticket, 5.0, now + chat * 0.1)
        assert pacer.pause(now) == 0
        assert pacer.chat_pause(0, now) == pytest.approx(5.0)


@pytest.mark.parametrize("between", ["served", "time"])
def test_scattered_refusals_stop_nobody_else(between: str) -> None:
    """Refusals with a served message between them, or long after one another, are each chat's own matter."""
    pacer = Pacer()
    for n in range(6):
        if between == "served":
            pacer.served()
        pacer.refused(Ticket(n, Lane.BROADCAST, group=False), 5.0, 0.0 if between == "served" else n * 6.0)
    assert pacer.pause(0.0) == 0


def test_who_gives_up_takes_nobodys_place() -> None:
    """A ticket that nobody waits for any more uses neither its chat's nor the overall pace."""
    pacer = Pacer()
    tickets = [Ticket(7, Lane.INTERACTIVE, group=False) for _ in range(4)]
    for ticket in tickets:
        pacer.enter(ticket, 0.0)
    tickets[0].gone = tickets[2].gone = True
    assert [ticket for _, ticket in _run(pacer, [])] == [tickets[1], tickets[3]]


def test_a_broadcast_goes_on_when_the_press_before_it_gives_up() -> None:
    """A chat whose waiting press is gone is served in its other lane."""
    pacer = Pacer()
    pacer.refused(Ticket(7, Lane.BROADCAST, group=False), 2.0, 0.0)
    press, planned = Ticket(7, Lane.INTERACTIVE, group=False), Ticket(7, Lane.BROADCAST, group=False)
    pacer.enter(press, 0.0)
    pacer.enter(planned, 0.0)
    press.gone = True
    assert [ticket for _, ticket in _run(pacer, [])] == [planned]


def test_who_is_turned_away_is_named_and_not_admitted() -> None:
    """Turning away a chat's waiting tickets names them all, and none of them goes later."""
    pacer = Pacer()
    pacer.refused(Ticket(7, Lane.BROADCAST, group=False), 5.0, 0.0)
    tickets = [Ticket(7, lane, group=False) for lane in Lane]
    for ticket in tickets:
        pacer.enter(ticket, 0.0)
    assert pacer.crowd(7) == 2
    assert pacer.turn_away(7) == tickets
    assert pacer.turn_away(8) == []
    assert _run(pacer, []) == []


def test_it_tells_how_long_a_chat_is_to_be_left_alone() -> None:
    """After a message a chat rests for its own second, a group that had its twenty until its minute is over; others don't,
    and a paused one is no matter of resting."""
    pacer = Pacer()
    assert pacer.rest(7, 0.0) == 0.0
    _run(pacer, _broadcast([7]))
    assert pacer.rest(7, 0.0) == pytest.approx(1.05)
    assert pacer.rest(7, 1.0) == pytest.approx(0.05)
    assert pacer.rest(7, 2.0) == 0.0
    (first, _), *_, (last, _) = _run(pacer, _broadcast([-7] * 20))
    assert pacer.rest(-7, last + 2.0) == pytest.approx(first + 60.5 - (last + 2.0))
    pacer.refused(Ticket(-7, Lane.BROADCAST, group=True), 100.0, last)
    assert pacer.rest(-7, last) == 0.0


def test_silent_chats_are_forgotten() -> None:
    """What is remembered depends on the last minute's traffic, not on everybody who was ever written to."""
    pacer = Pacer(Limits(overall=1000))
    for n in range(20_000):
        now = n * 0.01
        pacer.enter(Ticket(n if n % 2 else -n - 1, Lane.BROADCAST, n % 2 == 0), now)
        pacer.admit(now)
    assert len(pacer) < 8000
    for n in range(8000):
        pacer.enter(Ticket(7, Lane.BROADCAST, group=False), 1000.0 + n)
        pacer.admit(1000.0 + n)
    assert len(pacer) <= 2


def test_a_pause_is_not_forgotten() -> None:
    """A refused chat stays left alone for its whole time, however much else happens meanwhile."""
    pacer = Pacer(Limits(overall=1000))
    pacer.refused(Ticket(7, Lane.BROADCAST, group=False), 500.0, 0.0)
    for n in range(2000):
        pacer.enter(Ticket(1000 + n, Lane.BROADCAST, group=False), n * 0.1)
        pacer.admit(n * 0.1)
    assert pacer.chat_pause(7, 200.0) == pytest.approx(300.0)


def _cost(chats: int) -> float:
    """Seconds of CPU per message when so many chats are remembered and wait."""
    pacer = Pacer(Limits(overall=1_000_000))
    gc.disable()  # it grows with everything that is alive in the process, whoever made it
    for chat in range(chats):
        pacer.refused(Ticket(chat, Lane.BROADCAST, group=False), 1e9, 0.0)
        pacer.served()
        pacer.enter(Ticket(chat, Lane.BROADCAST, group=False), 0.0)
    begun = time.process_time()
    for n in range(-3000, 0):
        now = 5000.0 + n
        pacer.enter(Ticket(n, Lane.INTERACTIVE, group=False), now)
        assert len(pacer.admit(now)) == 1
        pacer.next_at(now)
    spent = time.process_time() - begun
    gc.enable()
    return spent / 3000


def test_a_call_costs_the_same_with_a_hundred_thousand_chats() -> None:
    """A thousand times as many waiting chats make a call not noticeably dearer."""
    few = min(_cost(100) for _ in range(3))
    assert _cost(100_000) < few * 5


_wishes = st.lists(
    st.tuples(
        st.floats(0, 5).map(lambda at: round(at, 2)),
        st.sampled_from((1, 2, 3, -1, -2)),
        st.sampled_from(Lane),
        st.sampled_from(("", "", "", "gone", "refused")),
    ),
    max_size=80,
)


@settings(max_examples=150)
@given(_wishes)
def test_whatever_is_asked_for_the_limits_hold_and_nothing_is_lost(
    wishes: list[tuple[float, int, Lane, str]],
) -> None:
    """For any wishes: every ticket goes exactly once unless given up, in order within its chat and lane, and no limit is
    broken."""
    limits = Limits(overall=5, group=3, group_window=10.0, burst=1)
    pacer = Pacer(limits)
    arrivals = []
    for at, number, wanted, fate in wishes:
        ticket = Ticket(number, wanted, number < 0)
        ticket.gone = fate == "gone"
        arrivals.append((at, ticket))
        if fate == "refused":
            pacer.refused(ticket, 2.0, at)
            pacer.served()
    admitted = _run(pacer, arrivals)
    asked = sorted(arrivals, key=lambda one: one[0])
    by_lane: dict[tuple[object, Lane], list[Ticket]] = defaultdict(list)
    by_chat: dict[object, list[float]] = defaultdict(list)
    for at, ticket in admitted:
        by_lane[ticket.chat, ticket.lane].append(ticket)
        by_chat[ticket.chat].append(at)
    for (chat_key, lane), tickets in by_lane.items():
        assert tickets == [one for _, one in asked if (one.chat, one.lane) == (chat_key, lane) and not one.gone]
    assert len(admitted) == sum(not one.gone for _, one in asked)
    assert _most_within([at for at, _ in admitted], 1.0) <= 5
    for key, moments in by_chat.items():
        assert _most_within(moments, 1.0) <= 2
        assert key not in (-1, -2) or _most_within(moments, 10.0) <= 3
