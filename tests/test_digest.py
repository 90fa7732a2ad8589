"""A chat's digests: everything that is in is considered exactly once, whatever came late."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest

from bot import table
from bot.digest import Digests, DigestView, QuietView
from bot.errors import BadDate, NoDigest
from bot.model import (
    ChatKind,
    Delivery,
    ListingPage,
    ListingState,
    Mute,
    MuteKind,
    Paper,
    Poll,
    VerdictKind,
)
from bot.rank.direction import direction
from bot.schedule import QuietKind
from storage import chats, heat, institutions, listings, verdicts
from storage.database import Database
from tests.support import builders
from tests.support.ledger import open_messages

TUE, WED, THU = date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 19)


@dataclass
class Desk:
    """The use case, its database, one chat that reads cs.LG and cs.CL, and a clock."""

    db: Database
    chat_id: int = 0
    now: datetime = field(default=datetime(2026, 2, 18, 8, tzinfo=UTC))
    asked: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    @property
    def digests(self) -> Digests:
        """Digests by the desk's clock."""
        return Digests(self.db, lambda: self.now, self.look, self.find)

    async def look(self, names: Sequence[str]) -> None:
        """Notes which listings were looked at."""
        self.looked += names

    async def find(self, chosen: Sequence[Paper]) -> None:
        """Notes whose institutions were asked for."""
        self.asked += [paper.id for paper in chosen]

    async def store(self, *pages: ListingPage) -> None:
        """Listings that were read whole, and the polls that say so."""
        async with self.db.begin() as conn:
            for page in pages:
                await listings.save_page(conn, page, self.now)
                await listings.save_poll(conn, Poll(page.category, self.now, ListingState.FRESH, page.date))

    async def poll(self, category: str, state: ListingState, page_date: date | None, detail: str = "") -> None:
        """What the last attempt at a category said."""
        async with self.db.begin() as conn:
            await listings.save_poll(conn, Poll(category, self.now, state, page_date, detail, 1))


@pytest.fixture
async def desk(db: Database) -> Desk:
    """A desk with a chat that subscribed on Wednesday."""
    made = Desk(db)
    async with db.begin() as conn:
        chat = await chats.ensure(
            conn, 100, 0, ChatKind.PRIVATE, "Ada", {"subscribed": True, "next_at": made.now}, made.now
        )
        await chats.set_categories(conn, chat.id, ("cs.LG", "cs.CL"), WED)
    made.chat_id = chat.id
    return made


def body(view: DigestView | QuietView) -> list[Mapping[str, object]]:
    """Two messages a digest, one a note."""
    return [{"text": "a"}, {"text": "b"}] if isinstance(view, DigestView) else [{"text": "quiet"}]


async def planned(db: Database, now: datetime) -> list[Delivery]:
    """What the ledger holds."""
    async with db.read() as conn:
        return await open_messages(conn)


async def test_a_digest_considers_every_paper_once_over_its_categories(desk: Desk) -> None:
    """New and cross-listed papers count, each once; replacements do not."""
    both = builders.paper(3, categories=("cs.LG", "cs.CL"))
    await desk.store(
        builders.page("cs.LG", WED, new=(1, 2, both), replaced=(9,)),
        builders.page("cs.CL", WED, new=(4,), cross=(both,)),
    )
    digest = await desk.digests.make(desk.chat_id)
    assert digest is not None
    assert (digest.date, digest.part, digest.announced) == (WED, 0, 4)
    assert {row.paper_id for row in digest.rows} == {builders.paper(n).id for n in (1, 2, 3, 4)}
    assert [row.rank for row in digest.rows] == [1, 2, 3, 4]
    assert set(desk.asked) == {row.paper_id for row in digest.rows}
    assert await desk.digests.make(desk.chat_id) is None


@pytest.mark.parametrize("later", [1, 100, 400])
async def test_what_was_shown_is_never_shown_again(desk: Desk, later: int) -> None:
    """Not even where it is cross-listed a year later."""
    known = [builders.paper(n, id=paper_id) for n, paper_id in ((1, "2602.00001"), (2, "hep-th/9901001"))]
    await desk.store(builders.page("cs.LG", WED, new=known))
    first = await desk.digests.make(desk.chat_id)
    assert first is not None
    assert {row.paper_id for row in first.rows} == {paper.id for paper in known}
    desk.now += timedelta(days=later)
    await desk.store(builders.page("cs.CL", WED + timedelta(days=later), new=(3,), cross=known))
    second = await desk.digests.make(desk.chat_id)
    assert second is not None
    assert [row.paper_id for row in second.rows] == [builders.paper(3).id]


async def test_a_late_listing_comes_with_the_next_day_and_says_so(desk: Desk) -> None:
    """What was missing at the hour is added to the next digest; nothing is lost, nothing twice."""
    both = builders.paper(3, categories=("cs.CL", "cs.LG"))
    await desk.store(builders.page("cs.LG", WED, new=(1,), cross=(both,)))
    await desk.poll("cs.CL", ListingState.THROTTLED, None, "http-429")
    first = await desk.digests.make(desk.chat_id)
    assert first is not None
    assert {one.category: one.state for one in first.listings} == {
        "cs.LG": ListingState.FRESH,
        "cs.CL": ListingState.THROTTLED,
    }
    desk.now += timedelta(days=1)
    await desk.store(
        builders.page("cs.CL", WED, new=(both, 4)),
        builders.page("cs.LG", THU, new=(5,)),
        builders.page("cs.CL", THU, new=(6,)),
    )
    second = await desk.digests.make(desk.chat_id)
    assert second is not None
    assert (second.date, second.part, second.announced) == (THU, 0, 3)
    assert {row.paper_id: row.added_from for row in second.rows} == {
        builders.paper(4).id: WED,
        builders.paper(5).id: None,
        builders.paper(6).id: None,
    }
    assert [(one.category, one.date) for one in second.late] == [("cs.CL", WED)]


async def test_what_comes_late_with_no_new_day_is_a_part_of_the_same_digest(desk: Desk) -> None:
    """On a weekend the missing listing does not wait for Monday."""
    await desk.store(builders.page("cs.LG", WED, new=(1,)))
    await desk.poll("cs.CL", ListingState.FAILED, None, "hang")
    await desk.digests.make(desk.chat_id)
    await desk.store(builders.page("cs.CL", WED, new=(2,)))
    addition = await desk.digests.make(desk.chat_id)
    assert addition is not None
    assert (addition.date, addition.part) == (WED, 1)
    views = await desk.digests.read(desk.chat_id, "2026-02-18")
    assert [view.digest.part for view in views] == [0, 1]


async def test_downtime_gives_one_combined_digest(desk: Desk) -> None:
    """Several missed days come together, under the newest date."""
    await desk.store(builders.page("cs.LG", WED, new=(1,)), builders.page("cs.CL", WED, new=(2,)))
    await desk.digests.make(desk.chat_id)
    await desk.store(*(builders.page("cs.LG", date(2026, 2, day), new=(day,)) for day in (19, 20, 23)))
    digest = await desk.digests.make(desk.chat_id)
    assert digest is not None
    assert (digest.date, digest.announced) == (date(2026, 2, 23), 3)
    assert [one.date for one in digest.late] == [THU, date(2026, 2, 20)]


async def test_earlier_days_are_not_a_new_chats_business(desk: Desk) -> None:
    """A chat's first digest is the newest day, not the archive."""
    await desk.store(builders.page("cs.LG", TUE, new=(1,)), builders.page("cs.LG", WED, new=(2,)))
    digest = await desk.digests.make(desk.chat_id)
    assert digest is not None
    assert [row.paper_id for row in digest.rows] == [builders.paper(2).id]


async def test_the_messages_are_planned_with_the_digest(desk: Desk) -> None:
    """A digest that exists is always delivered: both are written in one transaction."""
    await desk.store(builders.page("cs.LG", WED, new=(1,)))

    def broken(_: DigestView) -> list[Mapping[str, object]]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await desk.digests.make(desk.chat_id, broken)
    digest = await desk.digests.make(desk.chat_id, body)
    assert digest is not None
    assert [(one.digest_id, one.position) for one in await planned(desk.db, desk.now)] == [
        (digest.id, 0),
        (digest.id, 1),
    ]


async def test_mutes_size_institutions_and_heat_reach_the_rows(desk: Desk) -> None:
    """Rows are as many as the chat wants, without what it muted, with what is known of each paper."""
    papers = [builders.paper(n, authors=("Ada Lovelace",) if n == 1 else ("Bo Writer",)) for n in range(1, 9)]
    await desk.store(builders.page("cs.LG", WED, new=papers))
    async with desk.db.begin() as conn:
        await chats.update(conn, desk.chat_id, size=3)
        await chats.mute(conn, desk.chat_id, Mute(MuteKind.AUTHOR, "Ada Lovelace"))
        for n in range(1, 9):
            await institutions.save(conn, builders.paper(n).id, 1, ("ETH Zurich",), desk.now)
        await heat.save(conn, [builders.heat_entry(n, upvotes=n) for n in range(1, 9)])
    digest = await desk.digests.make(desk.chat_id)
    assert digest is not None
    assert (len(digest.rows), digest.announced) == (3, 8)
    assert builders.paper(1).id not in {row.paper_id for row in digest.rows}
    assert {row.institution for row in digest.rows} == {"ETH Zurich"}
    assert all(row.heat == int(row.paper_id[-2:]) for row in digest.rows)


async def test_a_verdict_changes_the_next_table(desk: Desk) -> None:
    """After a like of one topic, the next day's paper of that topic stands above the others."""
    words = ("protein folding with diffusion", "graph coloring bounds", "speech recognition for dialects")

    def on(n: int, about: str) -> Paper:
        return builders.paper(n, title=f"On {about}", abstract=f"We study {about} and {about} again.")

    await desk.store(builders.page("cs.LG", WED, new=[on(n, about) for n, about in enumerate(words, 1)]))
    await desk.digests.make(desk.chat_id)
    async with desk.db.begin() as conn:
        await verdicts.cast(conn, desk.chat_id, 7, builders.paper(2).id, VerdictKind.LIKE, desk.now)
    desk.now += timedelta(days=1)
    await desk.store(builders.page("cs.LG", THU, new=[on(n, about) for n, about in enumerate(words, 11)]))
    digest = await desk.digests.make(desk.chat_id)
    assert digest is not None
    assert digest.rows[0].title == "On graph coloring bounds"


async def test_texts_are_read_before_the_hour(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What rows say of papers' own texts is found out when a table is looked at ahead, and not on the loop; what another
    listing brings afterwards still gets it."""
    read: list[tuple[str, bool]] = []

    def noted(paper: Paper) -> str:
        read.append((paper.title, threading.current_thread() is threading.main_thread()))
        return direction(paper)

    monkeypatch.setattr(table, "direction", noted)
    titles = [f"Readers ahead of {n} hours" for n in (1, 2, 3)]
    new = [builders.paper(n, title=title, categories=("cs.CL",)) for n, title in enumerate(titles, 1)]
    digests = desk.digests
    await desk.store(builders.page("cs.LG", WED, new=new[:2]))
    await digests.previews([desk.chat_id])
    assert read == [(title, False) for title in titles[:2]]
    await desk.store(builders.page("cs.CL", WED, new=new[2:]))
    digest = await digests.make(desk.chat_id)
    assert digest is not None
    assert sorted(row.direction for row in digest.rows) == sorted(map(direction, new))
    assert [title for title, _ in read] == titles


async def test_digests_are_kept_and_found_by_date(desk: Desk) -> None:
    """A date that is none and a date without a digest are told apart."""
    with pytest.raises(NoDigest):
        await desk.digests.read(desk.chat_id, "")
    await desk.store(builders.page("cs.LG", WED, new=(1,)))
    await desk.digests.make(desk.chat_id)
    assert (await desk.digests.read(desk.chat_id, ""))[0].digest.date == WED
    with pytest.raises(BadDate):
        await desk.digests.read(desk.chat_id, "yesterday")
    with pytest.raises(NoDigest) as caught:
        await desk.digests.read(desk.chat_id, "2026-02-17")
    assert caught.value.have == ("2026-02-18",)


async def test_asking_now_makes_what_is_in_or_shows_the_newest(desk: Desk) -> None:
    """/digest without a date: a new table, then the same again, and before anything is in, why there is none."""
    nothing = await desk.digests.now(desk.chat_id)
    assert isinstance(nothing, QuietView)
    assert desk.looked == ["cs.LG", "cs.CL"]
    await desk.store(builders.page("cs.LG", WED, new=(1,)))
    for _ in range(2):
        views = await desk.digests.now(desk.chat_id)
        assert isinstance(views, list)
        assert [view.digest.date for view in views] == [WED]


async def test_a_note_is_given_once_a_day_and_only_to_who_wants_it(desk: Desk) -> None:
    """Quiet days are told in one line; trouble is told to everybody."""
    async with desk.db.read() as conn:
        chat = await chats.get(conn, desk.chat_id)
    assert chat is not None
    assert await desk.digests.note([(chat, QuietKind.WEEKEND)], body) == {chat.id}
    assert await desk.digests.note([(chat, QuietKind.WEEKEND)], body) == set()
    async with desk.db.begin() as conn:
        silent = await chats.update(conn, desk.chat_id, quiet_notes=False)
    desk.now += timedelta(days=1)
    assert await desk.digests.note([(silent, QuietKind.WEEKEND)], body) == set()
    assert await desk.digests.note([(silent, QuietKind.UNREACHABLE)], body) == {silent.id}
