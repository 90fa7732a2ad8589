"""What a chat says of itself: subscribing, interests, categories, follows, mutes, hour, language."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from bot import timezones
from bot.config import LANGUAGES, LAYOUTS, MOST_ROWS, Settings
from bot.errors import BadCategories, BadFollow, BadInput, BadSize, NotAllowed, UnknownCategory, UnknownLanguage
from bot.model import Chat, ChatKind, Follow, Mute, Profile, ReasonKind, VerdictKind
from bot.pull import calendar, categories
from bot.rank import interests
from bot.schedule import local_day, next_slot
from bot.wording import parse_follows, parse_hour, parse_interests, parse_mute
from storage import chats, corrections, listings, verdicts
from storage.database import Database

log = logging.getLogger(__name__)

MOST_CATEGORIES = 40
MOST_FOLLOWS = 200
SHUT_OUT = "not-allowed"
"""Why nothing is posted to a chat that ALLOWED_CHATS does not name."""

Widen = Callable[[str], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Wish:
    """One phrase of the stated interests as it was understood: how much it is wanted (1 for plainly, negative for not at
    all), whether the same text also says the opposite, and whether any word of it occurs in papers (None: not known)."""

    label: str
    weight: float
    contradicted: bool = False
    occurs: bool | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """A chat's settings and profile; `verdicts` counts what its readers said, `wishes` is what was understood of the
    stated interests."""

    chat: Chat
    profile: Profile
    verdicts: dict[VerdictKind, int]
    wishes: tuple[Wish, ...] = ()


class Subscriptions:
    """The use case of subscribing and of every setting. `widen` finds English search terms for interests, or is None
    where no language model is configured; `wake` is called when categories may have been chosen that nobody reads yet;
    `occurs` tells whether any of some units of comparison occurs in past papers, or None while none are known."""

    def __init__(
        self,
        db: Database,
        settings: Settings,
        clock: Callable[[], datetime],
        widen: Widen | None = None,
        wake: Callable[[], None] = lambda: None,
        occurs: Callable[[Sequence[str]], bool | None] = lambda _: None,
    ) -> None:
        self._db = db
        self._settings = settings
        self._clock = clock
        self._widen = widen
        self._wake = wake
        self._occurs = occurs

    # ------------------------------------------------------------------ coming and going

    async def arrive(
        self, telegram_id: int, thread_id: int, kind: ChatKind, title: str, language_code: str | None
    ) -> Chat:
        """The chat that somebody writes from, made with the default settings on first sight.

        Raises:
            NotAllowed: ALLOWED_CHATS does not name it.
        """
        if self._settings.allowed_chats and telegram_id not in self._settings.allowed_chats:
            raise NotAllowed("chat")
        async with self._db.read() as conn:
            known = await chats.find(conn, telegram_id, thread_id)
        if known is not None and known.title == title:
            return known
        async with self._db.begin() as conn:
            if known is not None:
                return await chats.update(conn, known.id, title=title)
            return await chats.ensure(
                conn,
                telegram_id,
                thread_id,
                kind,
                title,
                {
                    "language": self._language_of(language_code),
                    "timezone": self._settings.default_timezone,
                    "hour": self._settings.default_time,
                    "layout": self._settings.default_layout,
                    "size": self._settings.digest_size,
                },
                self._clock(),
                categories=self._settings.default_categories,
                since=await self._since(conn),
            )

    def _language_of(self, code: str | None) -> str:
        if code is None:
            return self._settings.default_language
        spoken = code.lower().split("-")[0]
        return spoken if spoken in LANGUAGES else self._settings.default_language

    async def start(self, chat_id: int) -> Chat:
        """Subscribe: the next digest comes at the chat's next hour. A paused chat comes back; one that is subscribed
        already keeps the hour that is due or held open."""
        async with self._db.begin() as conn:
            chat = await chats.hold(conn, chat_id)
            if chat.subscribed and not chat.paused and chat.next_at is not None:
                return chat
            if not chat.subscribed:
                names = await chats.categories(conn, chat_id)
                await chats.set_categories(conn, chat_id, (), None)
                await chats.set_categories(conn, chat_id, names, await self._since(conn))
            slot = self._slot(chat.hour, chat.timezone)
            chat = await chats.update(conn, chat_id, subscribed=True, paused="", held_since=None, next_at=slot)
        self._wake()
        return chat

    async def stop(self, chat_id: int) -> Chat:
        """Unsubscribe; settings and verdicts stay."""
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, subscribed=False, next_at=None, held_since=None)

    async def pause(self, chat_id: int, reason: str) -> None:
        """Remember that the chat cannot be reached ("blocked", "kicked", …)."""
        async with self._db.begin() as conn:
            await chats.update(conn, chat_id, paused=reason)

    async def resume(self, chat_id: int) -> Chat:
        """The chat can be reached again, and with it every topic of the same group that was paused; what was not keeps the
        hour that is due or held open."""
        async with self._db.begin() as conn:
            for chat in await chats.hold_topics(conn, chat_id):
                if chat.paused:
                    slot = self._slot(chat.hour, chat.timezone) if chat.subscribed else None
                    await chats.update(conn, chat.id, paused="", held_since=None, next_at=slot)
            return await chats.must(conn, chat_id)

    async def keep_to_allowed(self) -> None:
        """Post nothing to chats that ALLOWED_CHATS does not name any more; those that it names again go on."""
        allowed = self._settings.allowed_chats
        async with self._db.begin() as conn:
            count = await chats.shut_out(conn, allowed, SHUT_OUT) if allowed else 0
            back = [
                chat.id for chat in await chats.paused_for(conn, SHUT_OUT) if not allowed or chat.telegram_id in allowed
            ]
        if count:
            log.warning("%d chats get nothing any more, ALLOWED_CHATS does not name them", count)
        for chat_id in back:
            await self.resume(chat_id)

    async def migrate(self, old_telegram_id: int, new_telegram_id: int) -> None:
        """A group became a supergroup."""
        async with self._db.begin() as conn:
            await chats.migrate(conn, old_telegram_id, new_telegram_id)

    async def forget_chat(self, chat_id: int) -> None:
        """Delete everything about a chat; who says so in a private chat is forgotten as a reader of groups as well."""
        async with self._db.begin() as conn:
            chat = await chats.get(conn, chat_id)
            await chats.forget(conn, chat_id)
            if chat is not None and chat.kind is ChatKind.PRIVATE:
                # A private chat has the number of the person in it.
                await verdicts.forget_reader(conn, None, chat.telegram_id)

    async def forget_reader(self, chat_id: int, reader_id: int) -> int:
        """Delete every verdict of one reader in this chat; → how many there were."""
        async with self._db.begin() as conn:
            return await verdicts.forget_reader(conn, chat_id, reader_id)

    # ------------------------------------------------------------------ settings

    async def overview(self, chat_id: int) -> Overview:
        """Everything that the chat has set and said."""
        async with self._db.read() as conn:
            chat = await chats.must(conn, chat_id)
            profile = await chats.profile(conn, chat_id)
        said = [judged.kind for judged in profile.judged]
        counts = {kind: said.count(kind) for kind in VerdictKind}
        return Overview(chat, profile, counts, _wishes(profile.interests, self._occurs))

    async def ask(self, chat_id: int, pending: str) -> Chat:
        """Remember which question the chat's next plain text answers; "" for none."""
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, pending=pending)

    async def set_interests(self, chat_id: int, text: str) -> Chat:
        """State the chat's interests in its own words; "-" or "clear" takes them back.

        Raises:
            BadInterests: empty, or longer than 4,000 characters.
        """
        plain = parse_interests(text)
        widened = await self.widened(plain)
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            await chats.set_interests(conn, chat_id, plain, widened, self._clock())
            return await chats.update(conn, chat_id, pending="")

    async def widened(self, stated: str) -> tuple[str, ...]:
        """Further English search terms for stated interests; none without a language model, or when it fails."""
        if self._widen is None or not stated.strip():
            return ()
        try:
            return await self._widen(stated)
        except Exception:
            log.warning("interests were not widened", exc_info=True)
            return ()

    async def set_categories(self, chat_id: int, text: str) -> tuple[str, ...]:
        """Choose the categories: "cs.LG, cs.CL"; with "+cs.RO" or "-cs.AI" one is added or taken away. Between commas
        a name may have several words: "Robotics, Computation and Language".

        Raises:
            UnknownCategory: arXiv has no such category; near ones are named. Nothing is changed then.
            BadCategories: none or more than 40 would be left.
        """
        changes = _changes(text)
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            names = list(await chats.categories(conn, chat_id)) if any(sign for sign, _ in changes) else []
            for sign, name in changes:
                if sign in ("-", "−"):
                    names = [kept for kept in names if kept != name]
                elif name not in names:
                    names.append(name)
            return await self._keep_categories(conn, chat_id, names)

    async def toggle_category(self, chat_id: int, name: str) -> tuple[str, ...]:
        """Add a category, or take it away; the last one stays."""
        code = categories.check(name)
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            names = list(await chats.categories(conn, chat_id))
            if code not in names:
                names.append(code)
            elif len(names) > 1:
                names.remove(code)
            return await self._keep_categories(conn, chat_id, names)

    async def _keep_categories(self, conn: chats.AsyncConnection, chat_id: int, names: list[str]) -> tuple[str, ...]:
        if not 0 < len(names) <= MOST_CATEGORIES:
            raise BadCategories(len(names), MOST_CATEGORIES)
        await chats.set_categories(conn, chat_id, tuple(names), await self._since(conn))
        await chats.update(conn, chat_id, pending="")
        return await chats.categories(conn, chat_id)

    async def set_hour(self, chat_id: int, text: str) -> Chat:
        """Choose the hour: "8", "08:30", "8:30 pm", "20点".

        Raises:
            BadTime: not a time of day.
        """
        hour = parse_hour(text)
        async with self._db.begin() as conn:
            chat = await chats.hold(conn, chat_id)
            return await self._reschedule(conn, chat, hour, chat.timezone)

    async def set_timezone(self, chat_id: int, text: str) -> Chat:
        """Choose the time zone: an IANA name, a city, or UTC±h.

        Raises:
            UnknownTimezone: there is none of that name; near ones are named.
        """
        zone = timezones.find(text)
        async with self._db.begin() as conn:
            chat = await chats.hold(conn, chat_id)
            return await self._reschedule(conn, chat, chat.hour, zone)

    async def _reschedule(self, conn: chats.AsyncConnection, chat: Chat, hour: time, zone: str) -> Chat:
        """Set the next hour. One that is due or held open stays where the new one does not come on this day any more."""
        now = self._clock()
        slot, held_since = self._slot(hour, zone) if chat.subscribed else None, None
        is_open = chat.next_at is not None and (chat.next_at <= now or chat.held_since is not None)
        moved = replace(chat, hour=hour, timezone=zone)
        if slot is not None and is_open and local_day(moved, slot) > local_day(moved, now):
            slot, held_since = chat.next_at, chat.held_since
        return await chats.update(
            conn, chat.id, hour=hour, timezone=zone, next_at=slot, held_since=held_since, pending=""
        )

    async def set_layout(self, chat_id: int, name: str) -> Chat:
        """Choose the layout.

        Raises:
            BadInput: there is no such layout.
        """
        if name not in LAYOUTS:
            raise BadInput(name)
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, layout=name)

    async def set_language(self, chat_id: int, text: str) -> Chat:
        """Choose the language by code or name.

        Raises:
            UnknownLanguage: Paperboy does not speak it.
        """
        names = {
            "english": "en",
            "英文": "en",
            "英语": "en",
            "chinese": "zh",
            "中文": "zh",
            "简体中文": "zh",
            "汉语": "zh",
        }
        plain = text.strip().lower()
        language = names.get(plain, plain.replace("_", "-").split("-")[0])
        if language not in LANGUAGES:
            raise UnknownLanguage(text.strip(), LANGUAGES)
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, language=language, pending="")

    async def set_size(self, chat_id: int, text: str) -> Chat:
        """Choose how many rows a table has.

        Raises:
            BadSize: not a number from 1 to 20.
        """
        plain = unicodedata.normalize("NFKC", text).strip()
        if not re.fullmatch(r"\d{1,3}", plain) or not 1 <= int(plain) <= MOST_ROWS:
            raise BadSize(text.strip(), MOST_ROWS)
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, size=int(plain), pending="")

    async def set_quiet(self, chat_id: int, *, notes: bool) -> Chat:
        """Choose whether days without papers are told in one line (`notes`) or passed over."""
        async with self._db.begin() as conn:
            return await chats.update(conn, chat_id, quiet_notes=notes)

    # ------------------------------------------------------------------ follows and mutes

    async def follow(self, chat_id: int, text: str) -> tuple[Follow, ...]:
        """Follow authors, or institutions ("@MIT", "inst: MIT", "机构：清华大学"), one or several with commas between.

        Raises:
            BadFollow: nobody is named, a name is too long, or more than 200 would be followed. Nothing is changed then.
        """
        wanted = parse_follows(text)
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            known = (await chats.profile(conn, chat_id)).follows
            if len({*known, *wanted}) > MOST_FOLLOWS:
                raise BadFollow(text)
            for follow in wanted:
                await chats.follow(conn, chat_id, follow)
                await corrections.clear(conn, chat_id, ReasonKind(follow.kind.value), follow.value)
            await chats.update(conn, chat_id, pending="")
        return wanted

    async def unfollow(self, chat_id: int, text: str) -> tuple[Follow, ...]:
        """Stop following; () if nobody of that name was followed."""
        wanted = {follow.value.casefold() for follow in parse_follows(text)}
        async with self._db.begin() as conn:
            followed = (await chats.profile(conn, chat_id)).follows
            left = tuple(follow for follow in followed if follow.value.casefold() in wanted)
            for follow in left:
                await chats.unfollow(conn, chat_id, follow)
        return left

    async def mute(self, chat_id: int, text: str) -> Mute:
        """Mute a word or phrase, or an author ("author: Jane Doe", "作者：…").

        Raises:
            BadFollow: nothing is named, it is too long, or 200 are muted already.
        """
        mute = parse_mute(text)
        async with self._db.begin() as conn:
            await chats.hold(conn, chat_id)
            if len((await chats.profile(conn, chat_id)).mutes) >= MOST_FOLLOWS:
                raise BadFollow(text)
            await chats.mute(conn, chat_id, mute)
            await corrections.clear(conn, chat_id, ReasonKind.MUTED, f"{mute.kind}:{mute.value}")
            await chats.update(conn, chat_id, pending="")
        return mute

    async def unmute(self, chat_id: int, text: str) -> Mute | None:
        """Stop muting; None if nothing of that name was muted."""
        async with self._db.begin() as conn:
            wanted = parse_mute(text).value.casefold()
            for mute in (await chats.profile(conn, chat_id)).mutes:
                if mute.value.casefold() == wanted:
                    await chats.unmute(conn, chat_id, mute)
                    return mute
        return None

    # ------------------------------------------------------------------ inside

    def _slot(self, hour: time, zone: str) -> datetime:
        return next_slot(hour, zone, self._clock())

    async def _since(self, conn: chats.AsyncConnection) -> date:
        """The announcement day from which a category chosen now counts: the newest that arXiv should have, or has."""
        known = [poll.page_date for poll in await listings.all_polls(conn) if poll.page_date is not None]
        expected = calendar.expected_date(self._clock())
        newest = max(known, default=expected)
        return expected if abs(expected - newest) <= timedelta(days=4) else newest


def _wishes(text: str, occurs: Callable[[Sequence[str]], bool | None]) -> tuple[Wish, ...]:
    """What was understood of stated interests, in their order."""
    found = interests.parse(text)
    signs: defaultdict[tuple[str, ...], set[bool]] = defaultdict(set)
    for one in found:
        signs[one.units].add(one.weight > 0)
    return tuple(Wish(one.label, one.weight, len(signs[one.units]) > 1, occurs(one.units)) for one in found)


def _changes(text: str) -> list[tuple[str, str]]:
    """The signs ("+", "-", "−" or "") and codes that a text names.

    Raises:
        UnknownCategory: arXiv has no such category.
    """
    changes: list[tuple[str, str]] = []
    for part in filter(None, map(str.strip, re.split(r"[,;，；、\n]+", text))):
        try:
            changes.append(_change(part))
        except UnknownCategory as unknown:
            words = part.split()
            try:
                changes += map(_change, words)
            except UnknownCategory:
                if any(re.search(r"[.+−-]", word) for word in words):
                    raise
                # Words of which none looks like a code are one name, and are told as a whole.
                raise unknown from None
    return changes


def _change(word: str) -> tuple[str, str]:
    return (word[0] if word[0] in "+-−" else "", categories.check(word.lstrip("+-−")))
