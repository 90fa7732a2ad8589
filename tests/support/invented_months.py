"""Months of invented announcements on themes with vocabularies of their own, and a reader who lives through them.

The reader knows nothing but the chat: asks for the table, unfolds rows, presses 👍 or 👎, asks why. All numbers come from
what the chat shows.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from bot.model import Paper
from bot.playground.state import Chat as Place
from bot.playground.state import ChatType, Message, User
from storage import listings
from tests.support import builders as a
from tests.support.chat_bot import ChatBot
from tests.support.movable_clock import MovableClock

THEMES = ("grasping", "protein", "auction", "galaxy", "dialect", "lattice", "erasure", "swell")
SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va")
FIRST = date(2026, 1, 5)
_SHARE = re.compile(r"^([-+]\d+\.\d\d) ", re.MULTILINE)
_ROW = re.compile(r"^\s*\d+\. (\w+)", re.MULTILINE)
_SCORE = re.compile(r"^Score (-?\d+\.\d\d)$", re.MULTILINE)


def weekdays(count: int) -> Iterator[date]:
    """So many announcement days."""
    day = FIRST
    while count:
        if day.weekday() < 5:
            yield day
            count -= 1
        day += timedelta(days=1)


@dataclass
class Announcements:
    """Makes papers, always the same ones for the same seed; a paper's title begins with its theme."""

    a_day: int = 40
    seed: int = 5
    _made: int = 0
    _words: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        for theme in (*THEMES, "common"):
            size = 160 if theme == "common" else 40
            self._words[theme] = [
                "".join(rng.choice(SYLLABLES) for _ in range(3)) + rng.choice("lmnrst") for _ in range(size)
            ]

    def papers(self) -> list[Paper]:
        """The papers of one more day, the themes by turns."""
        return [self._paper(THEMES[n % len(THEMES)]) for n in range(self.a_day)]

    def _paper(self, theme: str) -> Paper:
        self._made += 1
        rng = random.Random(self.seed * 100_003 + self._made)
        own, common = self._words[theme], self._words["common"]
        words = [rng.choice(own) if rng.random() < 0.35 else rng.choice(common) for _ in range(70)]
        title = f"{theme.capitalize()} {' '.join(rng.sample(own, 3))} {rng.choice(common)}"
        return a.paper(
            self._made, title=title, abstract=" ".join(words), authors=(f"Ada A{self._made}",), has_html=False
        )


@dataclass
class Days:
    """What the tables of a chat held, day by day: the themes of their rows."""

    themes: list[list[str]] = field(default_factory=list)

    def share(self, wanted: str, days: slice) -> float:
        """The share of the rows of these days that are on a theme."""
        rows = [theme for day in self.themes[days] for theme in day]
        return rows.count(wanted) / max(len(rows), 1)


@dataclass
class Simulation:
    """A chat over days, its people, and the announcements it gets. `likes` says on which day who likes which theme;
    everybody judges the first rows or, where they pick, those on their theme before others. `said` counts each one's likes
    (True) and dislikes (False)."""

    bot: ChatBot
    clock: MovableClock
    place: Place
    announcements: Announcements
    likes: Callable[[int, User], str]
    picks: bool = False
    days: Days = field(default_factory=Days)
    said: Counter[tuple[str, bool]] = field(default_factory=Counter)
    audits: int = 0

    async def begin(self, owner: User) -> None:
        """Past papers, and the chat's settings by its commands."""
        past = [paper for _ in range(6) for paper in self.announcements.papers()]
        self.clock.now = datetime.combine(FIRST - timedelta(days=3), time(8), UTC)
        await self._announce(FIRST - timedelta(days=3), past)
        await self.say(owner, "/categories cs.LG", "cs.LG")
        await self.say(owner, "/size 8", "8 rows")
        await self.say(owner, "/digest", f"of {6 * self.announcements.a_day} announced")

    async def live(self, day: date, voters: dict[User, int]) -> Message:
        """One day: the table, and each voter's verdicts on so many of its rows, by buttons."""
        number = len(self.days.themes)
        self.clock.now = datetime.combine(day, time(8), UTC)
        await self._announce(day, self.announcements.papers())
        asker = next(iter(voters))
        table = await self.say(asker, "/digest", f"of {self.announcements.a_day} announced")
        themes = [theme.lower() for theme in _ROW.findall(table.text)]
        assert set(themes) <= set(THEMES), table.text
        self.days.themes.append(themes)
        for who, most in voters.items():
            wanted = self.likes(number, who)
            rows = sorted(range(len(themes)), key=lambda row: (self.picks and themes[row] != wanted, row))
            for row in sorted(rows[:most]):
                self.said[who.name, themes[row] == wanted] += 1
                await self._vote(table, row + 1, who, likes=themes[row] == wanted)
        return table

    async def _vote(self, table: Message, row: int, who: User, *, likes: bool) -> None:
        playground = self.bot.playground
        card = await self._unfold(table, row, who)
        data = next(
            str(button["callback_data"])
            for button in card.buttons
            if str(button.get("callback_data", "")).startswith(f"1v|{'like' if likes else 'dislike'}|")
        )
        await playground.wait_for_answer(
            await playground.press(self.place, who, card if card.receiver else card.id, data), 30
        )

    async def _unfold(self, table: Message, row: int, who: User) -> Message:
        """Press a row; the card: in a group one that only who pressed sees."""
        playground = self.bot.playground
        if self.place.type is ChatType.PRIVATE:
            before = max(message.id for message in playground.messages(self.place))
            await playground.press(self.place, who, table.id, str(row))
            return await playground.wait_for_message(self.place, "· cs.LG", after=before, timeout=60)
        known = playground.ephemerals(self.place, who)

        def shown() -> list[Message]:
            cards = [card for card in playground.ephemerals(self.place, who) if card not in known]
            return [card for card in cards if "· cs.LG" in card.plain]

        await playground.press(self.place, who, table.id, str(row))
        await playground.wait_for(lambda: bool(shown()), timeout=60)
        return shown()[0]

    async def audit(self, who: User, table: Message) -> None:
        """Ask why of the first row: its shares add up, and without its first reason it stands lower, or higher where that
        is a dislike; then take it back."""
        paper = next(
            re.sub(r"v\d+$", "", str(button["callback_data"]).split("|")[1])
            for button in table.buttons
            if str(button.get("callback_data", "")).startswith("1u|")
        )
        told = await self.say(who, f"/why {paper}", "Score")
        score = added_up(told)
        wrong = [str(button["callback_data"]) for button in told.buttons if str(button["text"]).startswith("✕")]
        if not wrong:
            return
        was = told.text
        await self.bot.playground.press(self.place, who, told.id, wrong[0])
        await self.bot.playground.wait_for(lambda: told.text != was, timeout=60)
        if "|disliked|" in wrong[0]:
            assert added_up(told) > score, told.text
        else:
            assert added_up(told) < score, told.text
        profile = await self.say(who, "/profile", "Ruled out")
        back = [str(button["callback_data"]) for button in profile.buttons if str(button["text"]).startswith("↩")]
        was = profile.text
        await self.bot.playground.press(self.place, who, profile.id, back[0])
        await self.bot.playground.wait_for(lambda: profile.text != was, timeout=60)
        self.audits += 1

    async def say(self, who: User, text: str, part: str) -> Message:
        """Somebody writes; the answer."""
        sent = await self.bot.playground.user_sends(self.place, who, text)
        return await self.bot.playground.wait_for_message(self.place, part, after=sent.id, timeout=60)

    async def _announce(self, day: date, papers: list[Paper]) -> None:
        async with self.bot.db.begin() as conn:
            await listings.save_page(conn, a.page(date=day, new=papers), self.clock())
            await listings.save_poll(conn, a.poll(page_date=day))


def added_up(told: Message) -> float:
    """The score that an explanation tells, after its shares were added up to it."""
    (score,) = _SCORE.findall(told.text)
    shares = [float(share) for share in _SHARE.findall(told.text)]
    assert round(sum(shares), 2) == float(score), told.text
    return float(score)
