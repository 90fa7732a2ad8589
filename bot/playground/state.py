"""What a Telegram would remember: users, chats, messages, presses, files and the bot's own profile."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.playground.entities import Entity, FormattedText
from bot.playground.keyboards import Markup
from bot.playground.limits import DRAFT_SECONDS, EPHEMERAL_SECONDS, Meter, Rates
from bot.playground.rich_blocks import RichMessage
from bot.playground.updates import Updates

Json = dict[str, Any]
_FIRST_CHANNEL = -1_000_000_000_000


class Role(StrEnum):
    """What somebody is in a chat, as ChatMember.status says it."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def inside(self) -> bool:
        """Whether one reads the chat in this role."""
        return self not in (Role.LEFT, Role.KICKED)

    @property
    def governs(self) -> bool:
        """Whether one is an administrator in this role."""
        return self in (Role.CREATOR, Role.ADMINISTRATOR)


class ChatType(StrEnum):
    """Chat.type of the Bot API."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(eq=False, slots=True)
class User:
    """A person or the bot. `started` says whether a person has ever written to the bot."""

    id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False
    started: bool = False
    deactivated: bool = False

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(slots=True)
class Topic:
    """A topic of a forum; `thread_id` is the id of the message that made it."""

    thread_id: int
    name: str
    closed: bool = False
    deleted: bool = False


@dataclass(eq=False, slots=True)
class Chat:
    """A private chat (its id is the person's), group, supergroup or channel.

    `may_write` is False where the bot, though inside, has no right to send.
    """

    id: int
    type: ChatType
    title: str = ""
    username: str = ""
    person: User | None = None
    members: dict[int, Role] = field(default_factory=dict)
    is_forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict)
    may_write: bool = True
    migrated_to: int | None = None
    deleted: bool = False
    instance: str = ""
    pinned: list[Message] = field(default_factory=list)

    def role(self, user: User) -> Role:
        """What the user is here."""
        return self.members.get(user.id, Role.LEFT)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A sent file. `kind` is one of `files.KINDS` ("document", "photo", …); width and height are a photo's."""

    kind: str
    file_id: str
    unique_id: str
    name: str
    mime_type: str
    content: bytes
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """What a message was before an edit."""

    text: str
    entities: tuple[Entity, ...]
    markup: Markup | None
    at: datetime
    rich: RichMessage | None = None


@dataclass(eq=False, slots=True)
class Message:
    """A message with all it ever was. `text` is the caption where there is an attachment, "" where the message is
    `rich`; `sender` is None for posts of a channel; `service` holds the fields of a service message.

    An ephemeral message has the id 0, an `ephemeral_id` of its own in the chat, and a `receiver`: only this person
    sees it, in the place of `replaces` where that is set.
    """

    chat: Chat
    id: int
    sender: User | None
    date: datetime
    text: str = ""
    entities: tuple[Entity, ...] = ()
    markup: Markup | None = None
    attachment: Attachment | None = None
    thread_id: int = 0
    reply_to: Message | None = None
    service: Json = field(default_factory=dict)
    preview: Json = field(default_factory=dict)
    silent: bool = False
    edited: datetime | None = None
    deleted: datetime | None = None
    past: list[Version] = field(default_factory=list)
    rich: RichMessage | None = None
    offer: Markup | None = None  # a reply keyboard, its removal, or a wish for a reply
    album: str = ""  # media_group_id
    origin: Json = field(default_factory=dict)  # of a forwarded one
    reactions: tuple[Json, ...] = ()  # the bot's own
    receiver: User | None = None
    ephemeral_id: int = 0
    replaces: Message | None = None

    @property
    def buttons(self) -> list[Json]:
        """The buttons inside a rich message, then those under it, in reading order; labels are plain texts."""
        inside = list(self.rich.buttons) if self.rich else []
        return inside + (self.markup.buttons if self.markup and self.markup.kind == "inline" else [])

    @property
    def plain(self) -> str:
        """What it says, without formatting: its text or caption, or a rich message line by line."""
        return self.rich.plain if self.rich else self.text


@dataclass(frozen=True, slots=True)
class Draft:
    """What the bot is writing in a private chat: a text or a rich message, shown for half a minute unless renewed.

    With `can_stop` the client shows a button that asks the bot to stop; `keep` leaves the draft standing then.
    """

    chat: Chat
    id: int
    at: datetime
    text: FormattedText
    rich: RichMessage | None = None
    thread_id: int = 0
    can_stop: bool = False
    keep: bool = False
    stopped: bool = False

    @property
    def plain(self) -> str:
        """What it says so far, without formatting."""
        return self.rich.plain if self.rich else self.text.text


@dataclass(frozen=True, slots=True)
class Answer:
    """What answerCallbackQuery showed to the person who pressed."""

    text: str = ""
    alert: bool = False
    url: str = ""


@dataclass(eq=False, slots=True)
class Press:
    """A pressed callback button: one callback query."""

    id: str
    chat: Chat
    user: User
    message: Message
    data: str
    at: datetime
    answer: Answer | None = None


class Happening(StrEnum):
    """What a listener is told of."""

    SENT = "sent"
    EDITED = "edited"
    DELETED = "deleted"
    PRESSED = "pressed"
    ANSWERED = "answered"
    ACTION = "action"
    DRAFT = "draft"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a chat; `action` is a chat action's name ("typing").

    What concerns an ephemeral message is for its `message.receiver` alone. With DRAFT, `draft` is what is shown now,
    None where the draft went.
    """

    kind: Happening
    chat: Chat
    message: Message | None = None
    press: Press | None = None
    action: str = ""
    draft: Draft | None = None


@dataclass(slots=True)
class Profile:
    """What the bot set about itself, by language code ("" for all others)."""

    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)  # (scope, language) → commands


class State:
    """Everything. Changes go through the methods, so that listeners and the bot's updates hear of them."""

    def __init__(
        self,
        bot: User,
        *,
        clock: Callable[[], datetime],
        rng: random.Random,
        rates: Rates,
        callback_seconds: float,
        privacy: bool,
    ) -> None:
        self.bot = bot
        self.clock = clock
        self.rng = rng
        self.meter = Meter(rates)
        self.callback_seconds = callback_seconds
        self.privacy = privacy
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[int, dict[int, Message]] = {}
        self.ephemerals: dict[int, dict[int, Message]] = {}  # chat id → ephemeral_id → message, deleted ones too
        self.drafts: dict[tuple[int, int], Draft] = {}  # (chat id, thread id) → the newest
        self.presses: dict[str, Press] = {}
        self.files: dict[str, Attachment] = {}
        self.profile = Profile()
        self.updates = Updates(clock, rng.randrange(10**8, 10**9), rates)
        self.listeners: list[Callable[[Event], None]] = []
        self._last_small_id = 0  # private chats and basic groups share one row of message ids
        self._next_user = rng.randrange(500_000_000, 600_000_000)
        self._next_group = rng.randrange(1_200_000_000, 1_300_000_000)

    # ---------------------------------------------------------------- people and chats

    def new_user_id(self) -> int:
        """An id nobody has."""
        self._next_user += self.rng.randrange(1, 1000)
        return self._next_user

    def new_chat_id(self, chat_type: ChatType) -> int:
        """An id no chat has, of the form that Telegram gives to this type."""
        self._next_group += self.rng.randrange(1, 1000)
        return -self._next_group if chat_type is ChatType.GROUP else _FIRST_CHANNEL - self._next_group

    def add_chat(self, chat: Chat) -> Chat:
        """Takes a chat in."""
        chat.instance = str(self.rng.randrange(10**17, 10**18))
        self.chats[chat.id] = chat
        self.messages[chat.id] = {}
        self.ephemerals[chat.id] = {}
        return chat

    def find_chat(self, text: str) -> Chat | None:
        """The chat of a `chat_id` argument: a number or @username."""
        if text.startswith("@"):
            name = text[1:].lower()
            return next((chat for chat in self.chats.values() if chat.username.lower() == name and chat.title), None)
        return self.chats.get(int(text)) if re.fullmatch(r"-?[0-9]{1,18}", text) else None

    # ---------------------------------------------------------------- messages

    def post(
        self,
        chat: Chat,
        sender: User | None,
        body: FormattedText | RichMessage,
        *,
        markup: Markup | None = None,
        attachment: Attachment | None = None,
        thread_id: int = 0,
        reply_to: Message | None = None,
        service: Json | None = None,
        preview: Json | None = None,
        silent: bool = False,
        album: str = "",
        origin: Json | None = None,
        receiver: User | None = None,
        replaces: Message | None = None,
    ) -> Message:
        """A new message at the end of the chat; with a `receiver` an ephemeral one, for that person alone."""
        text, rich = _content(body)
        ephemerals = self.ephemerals[chat.id]
        message = Message(
            chat=chat,
            id=0 if receiver else self._new_message_id(chat),
            sender=sender,
            date=self.clock(),
            text=text.text,
            entities=text.entities,
            rich=rich,
            markup=markup if markup is None or markup.kind == "inline" else None,
            offer=markup if markup is not None and markup.kind != "inline" else None,
            attachment=attachment,
            thread_id=thread_id,
            reply_to=reply_to,
            service=service or {},
            preview=preview or {},
            silent=silent,
            album=album,
            origin=origin or {},
            receiver=receiver,
            ephemeral_id=max(ephemerals, default=0) + 1 if receiver else 0,
            replaces=replaces,
        )
        if receiver:
            ephemerals[message.ephemeral_id] = message
        else:
            self.messages[chat.id][message.id] = message
        if sender in (self.bot, None):
            self.draw(chat, thread_id, None)
        self.tell(Event(Happening.SENT, chat, message))
        return message

    def _new_message_id(self, chat: Chat) -> int:
        if chat.type in (ChatType.PRIVATE, ChatType.GROUP):
            self._last_small_id += 1
            return self._last_small_id
        return max(self.messages[chat.id], default=0) + 1

    def revise(
        self,
        message: Message,
        body: FormattedText | RichMessage,
        markup: Markup | None,
        preview: Json | None,
        attachment: Attachment | None = None,
    ) -> None:
        """An edit; what the message was before stays in its past. Without a new `attachment` the old one stays."""
        now = self.clock()
        message.past.append(
            Version(message.text, message.entities, message.markup, message.edited or message.date, message.rich)
        )
        text, message.rich = _content(body)
        message.text, message.entities = text.text, text.entities
        message.markup = markup
        message.attachment = attachment or message.attachment
        message.preview = message.preview if preview is None else preview
        message.edited = now
        self.tell(Event(Happening.EDITED, message.chat, message))

    def remove(self, message: Message) -> None:
        """The message vanishes from the chat; tests still see it."""
        message.deleted = self.clock()
        self.tell(Event(Happening.DELETED, message.chat, message))

    def message(self, chat: Chat, message_id: int) -> Message | None:
        """A message that is still there."""
        message = self.messages[chat.id].get(message_id)
        return None if message is None or message.deleted else message

    def visible(self, chat: Chat) -> list[Message]:
        """The chat as people see it, oldest first."""
        return [message for message in self.messages[chat.id].values() if not message.deleted]

    def ephemeral(self, chat: Chat, ephemeral_id: int) -> Message | None:
        """An ephemeral message that is still there."""
        message = self.ephemerals[chat.id].get(ephemeral_id)
        return None if message is None or message.deleted else message

    def seen_by(self, chat: Chat, user: User) -> list[Message]:
        """The chat as one person sees it, oldest first: with the ephemeral messages to them, each in the place of the
        message that it replaces, else where it was sent."""
        own = [m for m in self.ephemerals[chat.id].values() if m.receiver is user and not m.deleted]
        instead = {m.replaces: m for m in own if m.replaces is not None and not m.replaces.deleted}
        shown = [instead.get(message, message) for message in self.visible(chat)]
        shown += [m for m in own if m.replaces is None or m.replaces.deleted]
        return sorted(shown, key=lambda m: m.replaces.date if m.replaces else m.date)

    # ---------------------------------------------------------------- drafts

    def draw(self, chat: Chat, thread_id: int, draft: Draft | None) -> None:
        """Shows a draft in the place of the one before; None takes it away."""
        place = (chat.id, thread_id)
        if draft is not None:
            self.drafts[place] = draft
        elif self.drafts.pop(place, None) is None:
            return
        self.tell(Event(Happening.DRAFT, chat, draft=draft))

    def draft(self, chat: Chat, thread_id: int = 0) -> Draft | None:
        """The draft that the chat shows now; None where there is none, or it is too old."""
        draft = self.drafts.get((chat.id, thread_id))
        fresh = draft is not None and self.clock() - draft.at <= timedelta(seconds=DRAFT_SECONDS)
        return draft if fresh else None

    # ---------------------------------------------------------------- presses and files

    def add_press(self, user: User, message: Message, data: str) -> Press:
        """A callback query that waits for its answer."""
        press = Press(str(self.rng.randrange(10**17, 10**18)), message.chat, user, message, data, self.clock())
        self.presses[press.id] = press
        self.tell(Event(Happening.PRESSED, message.chat, message, press))
        return press

    def answerable(self, press_id: str) -> Press | None:
        """The press if it may still be answered: known, unanswered and young enough."""
        press = self.presses.get(press_id)
        if press is None or press.answer is not None:
            return None
        return press if self.clock() - press.at <= timedelta(seconds=self.callback_seconds) else None

    def recent_press(self, press_id: str) -> Press | None:
        """The press, answered or not, if an ephemeral message may still follow it."""
        press = self.presses.get(press_id)
        recent = press is not None and self.clock() - press.at <= timedelta(seconds=EPHEMERAL_SECONDS)
        return press if recent else None

    def new_file_id(self) -> tuple[str, str]:
        """A file_id and a file_unique_id."""
        letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
        return "BQAC" + "".join(self.rng.choices(letters, k=60)), "".join(self.rng.choices(letters, k=16))

    # ---------------------------------------------------------------- news

    def tell(self, event: Event) -> None:
        """Tells all listeners."""
        for listener in tuple(self.listeners):
            listener(event)


def _content(body: FormattedText | RichMessage) -> tuple[FormattedText, RichMessage | None]:
    return (FormattedText(""), body) if isinstance(body, RichMessage) else (body, None)


def utc_now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
