"""Several people, or several programs, change the same chat at the same moment: nothing of it is lost."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from bot.config import Settings
from bot.digest import Digests, DigestView
from bot.errors import BadFollow
from bot.feedback import Feedback
from bot.learning import Learning
from bot.model import Chat, ChatKind, Digest, Reason, ReasonKind, VerdictKind
from bot.outbox import Outbox
from bot.pull import categories
from bot.rankings import Rankings
from bot.subscription import MOST_FOLLOWS, Subscriptions
from storage import chats, listings, papers
from storage.database import Database
from tests.support import builders as a

T = TypeVar("T")

NOW = datetime(2026, 2, 18, 7, 30, tzinfo=UTC)
ROUNDS = 12
"""Whether two meet is a matter of luck; so often, they do."""


@pytest.fixture
def use(db: Database) -> Subscriptions:
    """The use case of a chat's settings."""
    return Subscriptions(db, Settings(), lambda: NOW)


async def group(use: Subscriptions, number: int = -100) -> Chat:
    """A group of which one category is read."""
    chat = await use.arrive(number, 0, ChatKind.GROUP, "Lab", "en")
    await use.set_categories(chat.id, "cs.LG")
    return chat


async def at_once(works: Iterable[Awaitable[T]], spread: float = 0.002) -> list[T]:
    """What all of them give, begun within so many seconds."""
    rng = random.Random(0)

    async def begun(work: Awaitable[T], after: float) -> T:
        await asyncio.sleep(after)
        return await work

    return list(await asyncio.gather(*(begun(work, rng.uniform(0, spread)) for work in works)))


async def found(db: Database, number: int) -> Chat | None:
    """The chat of that number."""
    async with db.read() as conn:
        return await chats.find(conn, number, 0)


async def test_a_group_that_is_told_twice_to_have_moved_is_kept(db: Database, use: Subscriptions) -> None:
    """Both chats and a refused message tell it, and may do so at once: it moves once, with what it has."""
    outbox = Outbox(db, lambda: NOW)
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        await use.set_size(chat.id, "14")
        new = -1_000_100 - n
        await at_once(move(-100 - n, new) for move in (use.migrate, use.migrate, outbox.migrate, outbox.migrate))
        moved = await found(db, new)
        assert moved is not None
        assert (moved.id, moved.size) == (chat.id, 14)
        assert await found(db, -100 - n) is None


async def test_a_group_moves_though_somebody_writes_there_already(db: Database, use: Subscriptions) -> None:
    """Whoever writes in the new chat before the bot knows where it comes from finds the old one's settings, at the latest
    at the next message."""
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        new = -1_000_100 - n
        writing = [use.arrive(new, 0, ChatKind.GROUP, "Lab", "en") for _ in range(3)]
        await at_once([*writing, use.migrate(-100 - n, new)])
        again = await use.arrive(new, 0, ChatKind.GROUP, "Lab", "en")
        assert again.id == chat.id


async def test_a_group_that_has_moved_is_not_replaced_by_what_comes_late(db: Database, use: Subscriptions) -> None:
    """Who presses an old button of the group that was begins it anew; told of the move once more, as by the answer that
    Telegram refuses, the bot keeps what has moved."""
    chat = await group(use)
    await use.set_size(chat.id, "14")
    await use.migrate(-100, -1_000_100)
    for _ in range(ROUNDS):
        late = [use.arrive(-100, 0, ChatKind.GROUP, "Lab", "en") for _ in range(2)]
        await at_once([*late, *(use.migrate(-100, -1_000_100) for _ in range(3))])
        await use.arrive(-100, 0, ChatKind.GROUP, "Lab", "en")
        await use.migrate(-100, -1_000_100)
        moved = await found(db, -1_000_100)
        assert moved is not None
        assert (moved.id, moved.size) == (chat.id, 14)
        assert await found(db, -100) is None


async def test_categories_chosen_at_once_are_all_chosen(use: Subscriptions) -> None:
    """Members press the buttons of several categories at the same moment."""
    names = ["cs.AI", "cs.CL", "cs.CV", "cs.RO", "stat.ML", "math.PR"]
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        await at_once(use.toggle_category(chat.id, name) for name in names)
        assert set((await use.overview(chat.id)).profile.categories) == {"cs.LG", *names}
        await at_once(use.toggle_category(chat.id, name) for name in names)
        assert (await use.overview(chat.id)).profile.categories == ("cs.LG",)


async def test_an_hour_and_a_zone_set_at_once_both_hold(use: Subscriptions) -> None:
    """The next digest comes at the hour in the zone, whoever was first."""
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        await use.start(chat.id)
        await at_once([use.set_hour(chat.id, "09:00"), use.set_timezone(chat.id, "Asia/Tokyo")])
        kept = (await use.overview(chat.id)).chat
        assert (kept.hour.hour, kept.timezone) == (9, "Asia/Tokyo")
        assert kept.next_at == datetime(2026, 2, 19, 0, tzinfo=UTC)


async def test_no_more_are_followed_or_muted_than_may_be(use: Subscriptions) -> None:
    """The limit holds when several come to the last place at once."""
    chat = await group(use)
    for start in range(0, MOST_FOLLOWS - 1, 20):
        ends = range(start, min(start + 20, MOST_FOLLOWS - 1))
        await use.follow(chat.id, ", ".join(f"Author Number{n}" for n in ends))
        for n in ends:
            await use.mute(chat.id, f"word number{n}")

    async def tried(ask: Callable[[int, str], Awaitable[object]], name: str) -> bool:
        try:
            await ask(chat.id, name)
        except BadFollow:
            return False
        return True

    wanted = [tried(ask, f"Late Comer{n}") for n in range(4) for ask in (use.follow, use.mute)]
    assert sum(await at_once(wanted)) == 2
    profile = (await use.overview(chat.id)).profile
    assert (len(profile.follows), len(profile.mutes)) == (MOST_FOLLOWS, MOST_FOLLOWS)


async def test_interests_stated_at_once_are_one_of_them_with_its_terms(db: Database) -> None:
    """What is kept is one statement whole, and the past begins with what was there before."""

    async def widen(stated: str) -> tuple[str, ...]:
        return (f"{stated} widened",)

    use = Subscriptions(db, Settings(), lambda: NOW, widen)
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        await at_once(use.set_interests(chat.id, f"topic {k}") for k in range(4))
        profile = (await use.overview(chat.id)).profile
        assert profile.widened == (f"{profile.interests} widened",)


async def test_a_button_pressed_twice_is_pressed_twice(db: Database, use: Subscriptions) -> None:
    """A verdict given and taken back at once is taken back; those of others beside it all count."""
    feedback = Feedback(db, lambda: NOW)
    paper = a.paper(1)
    async with db.begin() as conn:
        await papers.save(conn, [paper])
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        presses = [feedback.press(chat.id, 7, paper.id, VerdictKind.LIKE) for _ in range(4)]
        others = [feedback.press(chat.id, reader, paper.id, VerdictKind.LIKE) for reader in (8, 9)]
        tallies = await at_once([*presses, *others])
        assert sum(tally.mine is VerdictKind.LIKE for tally in tallies[:4]) == 2
        tally = await feedback.tally(chat.id, 7, paper.id)
        assert (tally.like, tally.mine) == (2, None)


async def test_a_mute_that_is_ruled_out_twice_comes_back_whole(db: Database, use: Subscriptions) -> None:
    """Two administrators press the same line: it is ruled out once, and one press brings it back."""
    rankings = Rankings(db, lambda: NOW)
    learning = Learning(db, rankings, lambda: NOW)
    line = Reason(ReasonKind.MUTED, "surveys", 0.0, 0, "")
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        mute = await use.mute(chat.id, "surveys")
        await at_once(learning.rule_out(chat.id, reader, [line], governs=True) for reader in (7, 8, 9))
        (said,) = (await use.overview(chat.id)).profile.corrections
        await at_once(learning.undo(chat.id, reader, said, governs=True) for reader in (7, 8))
        profile = (await use.overview(chat.id)).profile
        assert (profile.mutes, profile.corrections) == ((mute,), ())
    await rankings.close()


async def test_digests_and_settings_never_wait_for_each_other_in_a_ring(db: Database, use: Subscriptions) -> None:
    """While many chats' digests are kept their settings are changed: both are done, and every chat has its digest."""

    async def nothing(_: object) -> None:
        return

    ids = []
    for n in range(10):
        chat = await group(use, -100 - n)
        await use.start(chat.id)
        ids.append(chat.id)
    digests = Digests(db, lambda: NOW, nothing, nothing)
    changing: list[asyncio.Task[list[object]]] = []
    for n in range(10):
        async with db.begin() as conn:
            await listings.save_page(conn, a.page("cs.LG", a.day(n), new=[a.paper(10 * n + k) for k in range(3)]), NOW)
            for chat_id in ids:  # as if never posted to: since when its category counts is written down with the digest
                await chats.set_categories(conn, chat_id, (), None)
                await chats.set_categories(conn, chat_id, ("cs.LG",), None)
        changes: list[Awaitable[object]] = []
        for chat_id in reversed(ids):
            changes += [use.toggle_category(chat_id, "cs.CL"), use.set_hour(chat_id, f"{8 + n}:00")]

        def lay_out(view: DigestView, changes: list[Awaitable[object]] = changes) -> list[Mapping[str, object]]:
            if view.chat.id == ids[-1]:  # the last one: all are kept next
                changing.append(asyncio.create_task(at_once(changes, spread=0.03)))
            return [{"text": "a table"}]

        made = await digests.make_all(ids, lay_out, lambda _: NOW)
        assert all(isinstance(one, Digest) for one in made.values())
        await changing.pop()


async def test_a_table_that_two_programs_make_at_once_is_shown_by_both(db: Database, use: Subscriptions) -> None:
    """Two who ask in a group are heard by two receivers: there is one digest, and both see it."""

    async def nothing(_: object) -> None:
        return

    one, other = (Digests(db, lambda: NOW, nothing, nothing) for _ in range(2))
    for n in range(ROUNDS):
        chat = await group(use, -100 - n)
        async with db.begin() as conn:
            await listings.save_page(conn, a.page("cs.LG", a.day(n), new=[a.paper(10 * n + k) for k in range(3)]), NOW)
        shown = await at_once(digests.now(chat.id) for digests in (one, other))
        (first,), (second,) = [view for view in shown if isinstance(view, list)]
        assert first.digest == second.digest


async def test_a_table_and_its_categories_never_wait_for_each_other_in_a_ring(db: Database, use: Subscriptions) -> None:
    """Somebody asks for a table while somebody else turns the order of the categories around."""

    async def nothing(_: object) -> None:
        return

    digests = Digests(db, lambda: NOW, nothing, nothing)
    chat = await group(use)
    names = sorted(categories.names())[:40]
    for n in range(ROUNDS):
        async with db.begin() as conn:
            await listings.save_page(conn, a.page(names[0], a.day(n), new=[a.paper(10 * n + k) for k in range(3)]), NOW)
            await chats.set_categories(conn, chat.id, (), None)
            await chats.set_categories(conn, chat.id, names, None)
        turning = [use.set_categories(chat.id, ", ".join(names[::turn])) for turn in (1, -1) * 8]
        made, *_ = await at_once([digests.make(chat.id), *turning], spread=0.1)
        assert isinstance(made, Digest)
