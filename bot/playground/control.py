"""The people's side of the playground: everything a person, a group or Telegram itself may do to a bot."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from types import TracebackType
from typing import Self

from bot.playground import wire
from bot.playground.about_bot import commands_for
from bot.playground.entities import checked
from bot.playground.errors import ApiError
from bot.playground.limits import Meter, Rates
from bot.playground.server import Call, Fault, Server
from bot.playground.state import (
    Chat,
    ChatType,
    Draft,
    Event,
    Happening,
    Json,
    Message,
    Press,
    Role,
    State,
    Topic,
    User,
    utc_now,
)

BOT_ID = 7_000_000_001
TOKEN = f"{BOT_ID}:playground-playground-playground-00"
_TYPING_SECONDS = 5.0  # how long a client shows a chat action


class Impossible(Exception):
    """A person cannot do that: no such button, message or right. Nothing has happened."""


class Playground:
    """A Telegram of one's own, with one bot in it.

    Use it as an async context manager, or call `start` and `stop`. Time (`clock`) dates messages and ages presses and
    updates; waiting is always real. `privacy` is the bot's privacy mode in groups, as BotFather sets it.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        bot_name: str = "Paperboy",
        bot_username: str = "paperboy_playground_bot",
        clock: Callable[[], datetime] = utc_now,
        rng: random.Random | None = None,
        rates: Rates | None = None,
        callback_seconds: float = 15.0,
        privacy: bool = True,
    ) -> None:
        bot = User(int(token.split(":", maxsplit=1)[0]), bot_name, username=bot_username, is_bot=True)
        self.state = State(
            bot,
            clock=clock,
            rng=rng or random.Random(),
            rates=rates or Rates(),
            callback_seconds=callback_seconds,
            privacy=privacy,
        )
        self.server = Server(self.state, token)
        self.token = token
        self._news = asyncio.Event()
        self._typing: dict[int, float] = {}  # chat id → loop time of its last chat action
        self.state.listeners.append(self._hear)

    # ---------------------------------------------------------------- life

    async def start(self, port: int = 0) -> str:
        """Listens on 127.0.0.1 and says where: the bot's TELEGRAM_API_URL."""
        return await self.server.start(port)

    async def stop(self) -> None:
        """Closes the server; what was said can still be read."""
        await self.server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where the Bot API listens."""
        return self.server.url

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self.state.bot

    # ---------------------------------------------------------------- people and places

    def add_user(
        self, first_name: str, last_name: str = "", *, username: str = "", language: str = "en", user_id: int = 0
    ) -> User:
        """A person with a Telegram account and an unopened private chat with the bot."""
        user = User(user_id or self.state.new_user_id(), first_name, last_name, username, language)
        self.state.users[user.id] = user
        return user

    def private(self, user: User) -> Chat:
        """The person's private chat with the bot, opened by this."""
        if user.id not in self.state.chats:
            members = {user.id: Role.MEMBER, self.bot.id: Role.MEMBER}
            chat = Chat(user.id, ChatType.PRIVATE, person=user, username=user.username, members=members)
            self.state.add_chat(chat)
            user.started = True
        return self.state.chats[user.id]

    def add_group(
        self,
        title: str,
        creator: User,
        members: Sequence[User] = (),
        *,
        admins: Sequence[User] = (),
        supergroup: bool = True,
        forum: bool = False,
        username: str = "",
    ) -> Chat:
        """A group without the bot; `join` brings it in."""
        roles = {user.id: Role.MEMBER for user in members} | {user.id: Role.ADMINISTRATOR for user in admins}
        kind = ChatType.SUPERGROUP if supergroup or forum else ChatType.GROUP
        chat = Chat(self.state.new_chat_id(kind), kind, title, username, members=roles, is_forum=forum)
        chat.members[creator.id] = Role.CREATOR
        return self.state.add_chat(chat)

    def add_channel(self, title: str, creator: User, *, username: str = "") -> Chat:
        """A channel without the bot; `join` as administrator brings it in."""
        chat = Chat(self.state.new_chat_id(ChatType.CHANNEL), ChatType.CHANNEL, title, username)
        chat.members[creator.id] = Role.CREATOR
        return self.state.add_chat(chat)

    async def add_topic(self, chat: Chat, user: User, name: str) -> int:
        """A new forum topic; the result is its message_thread_id."""
        if not chat.is_forum:
            raise Impossible("only forums have topics")
        created = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self._service(chat, user, created)
        message.thread_id = message.id
        chat.topics[message.id] = Topic(message.id, name)
        self._deliver(message)
        return message.id

    # ---------------------------------------------------------------- what people do

    async def user_sends(self, chat: Chat, user: User, text: str, *, thread_id: int = 0, reply_to: int = 0) -> Message:
        """A person writes; in a channel an administrator posts. Commands and links get their entities, as clients
        and servers give them; what privacy mode hides never reaches the bot."""
        self._refuse_outsider(chat, user)
        if chat.type is ChatType.CHANNEL and not chat.role(user).governs:
            raise Impossible("only administrators post in a channel")
        if chat.person is not None and chat.role(self.bot) is Role.KICKED:
            raise Impossible("the bot is blocked; unblock it first")
        if thread_id and thread_id not in chat.topics:
            raise Impossible(f"there is no topic {thread_id}")
        replied = self._message(chat, reply_to) if reply_to else None
        sender = None if chat.type is ChatType.CHANNEL else user
        message = self.state.post(chat, sender, checked(text), thread_id=thread_id, reply_to=replied)
        self._deliver(message)
        return message

    async def user_edits(self, message: Message, text: str) -> None:
        """A person changes an own message."""
        self.state.revise(message, checked(text), None, None)
        if self._reaches_bot(message):
            channel = message.chat.type is ChatType.CHANNEL
            kind = "edited_channel_post" if channel else "edited_message"
            self.state.updates.put(kind, wire.message(self.state, message))

    async def user_deletes(self, message: Message) -> None:
        """A person deletes a message, for everybody; bots are not told."""
        self.state.remove(message)

    async def press(self, chat: Chat, user: User, message: int | Message, button: str) -> Press:
        """A person presses a callback button, inside a rich message or under any message, named by its data, its
        whole label, or a part that only one label has.

        The message is named by its id; an ephemeral one, which has none, is given itself, and only its receiver can
        press it. A deleted message can still be pressed, by a client that has not noticed; the bot then gets it as
        inaccessible.
        """
        self._refuse_outsider(chat, user)
        if isinstance(message, int):
            found = self.state.messages[chat.id].get(message)
            if found is None:
                raise Impossible(f"there is no message {message}")
            message = found
        if message.receiver not in (None, user):
            raise Impossible(f"{user.name} does not see this message")
        press = self.state.add_press(user, message, _find_button(message, button))
        self.state.updates.put("callback_query", wire.callback_query(self.state, press))
        return press

    async def stop_generation(self, chat: Chat, thread_id: int = 0) -> Draft:
        """The person presses the stop button of a draft: the bot hears stopped_message_generation, and the draft goes
        unless the bot said to keep it. Later drafts with its id are not shown."""
        draft = self.state.draft(chat, thread_id)
        if draft is None or not draft.can_stop or draft.stopped:
            raise Impossible("there is no draft here that can be stopped")
        stopped = replace(draft, stopped=True)
        self.state.draw(chat, thread_id, stopped)
        told: Json = {"chat": wire.chat(chat), "draft_id": draft.id}
        if thread_id:
            told["message_thread_id"] = thread_id
        self.state.updates.put("stopped_message_generation", told)
        return stopped

    async def join(self, chat: Chat, user: User, by: User | None = None, role: Role = Role.MEMBER) -> None:
        """A person or the bot comes into a group or channel, alone or brought by somebody; also changes a role."""
        by = by or user
        if user is self.bot and by is user:
            by = next(self.state.users[user_id] for user_id, held in chat.members.items() if held is Role.CREATOR)
        was_inside = chat.role(user).inside
        self._set_role(chat, user, role, by)
        if not was_inside and chat.type is not ChatType.CHANNEL:
            self._deliver(self._service(chat, by, {"new_chat_members": [wire.user(user)]}))

    async def leave(self, chat: Chat, user: User) -> None:
        """A person goes."""
        self._set_role(chat, user, Role.LEFT, user)
        if chat.type is not ChatType.CHANNEL:
            self._deliver(self._service(chat, user, {"left_chat_member": wire.user(user)}))

    async def kick(self, chat: Chat, by: User, user: User | None = None) -> None:
        """Somebody is thrown out: the bot, unless another is named."""
        self._set_role(chat, user or self.bot, Role.KICKED, by)

    async def block(self, user: User) -> None:
        """A person stops the bot."""
        self._set_role(self.private(user), self.bot, Role.KICKED, user)

    async def unblock(self, user: User) -> None:
        """A person lets the bot in again."""
        self._set_role(self.private(user), self.bot, Role.MEMBER, user)

    async def migrate(self, chat: Chat, by: User) -> Chat:
        """A group becomes a supergroup: a new chat, and service messages in both."""
        if chat.type is not ChatType.GROUP or chat.migrated_to:
            raise Impossible("only a basic group can become a supergroup")
        new = replace(chat, id=self.state.new_chat_id(ChatType.SUPERGROUP), type=ChatType.SUPERGROUP)
        new.members, new.topics, new.pinned = dict(chat.members), {}, []
        self.state.add_chat(new)
        leaving = self._service(chat, by, {"migrate_to_chat_id": new.id})
        chat.migrated_to = new.id
        arriving = self._service(new, by, {"migrate_from_chat_id": chat.id})
        for message in (leaving, arriving):
            self._deliver(message)
        return new

    # ---------------------------------------------------------------- what people see

    def messages(self, chat: Chat, *, thread_id: int | None = None, by_bot: bool = False) -> list[Message]:
        """What stands in the chat now, oldest first; of one topic, of the bot alone."""
        shown = self.state.visible(chat)
        if by_bot:
            shown = [m for m in shown if m.sender in (self.bot, None) and not m.service]
        return shown if thread_id is None else [m for m in shown if m.thread_id == thread_id]

    def seen_by(self, chat: Chat, user: User, *, thread_id: int | None = None) -> list[Message]:
        """The chat on one person's screen, oldest first: `messages` and the ephemeral messages to that person, each in
        the place of the message it replaces, else where it was sent."""
        shown = self.state.seen_by(chat, user)
        return shown if thread_id is None else [m for m in shown if m.thread_id == thread_id]

    def ephemerals(self, chat: Chat, user: User) -> list[Message]:
        """The ephemeral messages in the chat that the person sees now, oldest first."""
        return [m for m in self.state.ephemerals[chat.id].values() if m.receiver is user and not m.deleted]

    def draft(self, chat: Chat, thread_id: int = 0) -> Draft | None:
        """What the bot is writing in a private chat; None where it writes nothing, where its last draft is older than
        half a minute, and where the person stopped it and the bot did not say to keep it."""
        draft = self.state.draft(chat, thread_id)
        return None if draft is None or (draft.stopped and not draft.keep) else draft

    def last(self, chat: Chat) -> Message:
        """The chat's last message from the bot."""
        shown = self.messages(chat, by_bot=True)
        if not shown:
            raise Impossible("the bot has said nothing here")
        return shown[-1]

    def commands(self, chat: Chat, user: User) -> list[Json]:
        """The command list that the person's client shows here."""
        return commands_for(self.state, chat, user)

    @property
    def calls(self) -> list[Call]:
        """The bot's requests so far."""
        return list(self.server.traffic.calls)

    @asynccontextmanager
    async def listen(self, listener: Callable[[Event], None]) -> AsyncIterator[None]:
        """Tells `listener` of everything that happens, for as long as the block runs."""
        self.state.listeners.append(listener)
        try:
            yield
        finally:
            self.state.listeners.remove(listener)

    # ---------------------------------------------------------------- waiting

    async def wait_for(self, condition: Callable[[], bool], timeout: float = 10.0) -> None:  # noqa: ASYNC109 - a test says how long
        """Waits until `condition` holds; it is asked again whenever something happens.

        Raises:
            TimeoutError: it did not come to hold within `timeout` seconds; the message tells the last messages.
        """
        try:
            async with asyncio.timeout(timeout):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            tail = [m for shown in self.state.messages.values() for m in list(shown.values())[-3:]]
            raise TimeoutError(f"not within {timeout} s; last messages: {[m.plain[:80] for m in tail]}") from None

    async def wait_for_message(self, chat: Chat, text: str = "", *, after: int = 0, timeout: float = 10.0) -> Message:  # noqa: ASYNC109 - a test says how long
        """The first message of the bot with an id above `after` whose text (or rich message as plain lines) contains
        `text`."""

        def found() -> list[Message]:
            return [m for m in self.messages(chat, by_bot=True) if m.id > after and text in m.plain]

        await self.wait_for(lambda: bool(found()), timeout)
        return found()[0]

    async def wait_for_answer(self, press: Press, timeout: float = 10.0) -> Press:  # noqa: ASYNC109 - a test says how long
        """The press once it is answered."""
        await self.wait_for(lambda: press.answer is not None, timeout)
        return press

    async def settle(
        self,
        quiet: float = 0.3,
        timeout: float = 60.0,  # noqa: ASYNC109 - a poll of several conditions
        busy: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Waits until the bot seems done: it has taken all updates, answered all presses, shows no chat action and
        has asked nothing for `quiet` seconds, and `busy` says no. False where `timeout` seconds were not enough."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        while loop.time() < end:
            idle_since = max(self.server.traffic.moved_at, self.state.updates.taken_at)
            if not self._working() and not busy() and loop.time() - idle_since >= quiet:
                return True
            await asyncio.sleep(min(0.05, quiet))
        return False

    def _working(self) -> bool:
        loop = asyncio.get_running_loop()
        awaited = any(
            self.state.answerable(press.id) is not None and press.chat.role(self.bot).inside
            for press in list(self.state.presses.values())[-50:]
        )
        typing = any(loop.time() - since < _TYPING_SECONDS for since in self._typing.values())
        return bool(self.server.traffic.under_way or self.state.updates.undelivered or awaited or typing)

    def _hear(self, event: Event) -> None:
        if event.kind is Happening.ACTION:
            self._typing[event.chat.id] = asyncio.get_running_loop().time()
        elif event.kind is Happening.SENT and event.message is not None and event.message.sender in (self.bot, None):
            self._typing.pop(event.chat.id, None)
        self._news.set()

    # ---------------------------------------------------------------- trouble

    def fail(self, fault: Fault) -> Fault:
        """Lets coming requests go wrong."""
        self.server.faults.append(fault)
        return fault

    def set_rates(self, rates: Rates) -> None:
        """How much the bot may send from now on; what it has sent so far is forgotten."""
        self.state.meter = Meter(rates)
        self.state.updates.rates = rates

    def refuse(self, method: str, error: ApiError, times: int = 1) -> Fault:
        """Refuses the next requests of a method ("" for all but getUpdates)."""
        return self.fail(Fault(method, error, times=times))

    # ---------------------------------------------------------------- helpers

    def _refuse_outsider(self, chat: Chat, user: User) -> None:
        if not chat.role(user).inside:
            raise Impossible(f"{user.name} is not in this chat")

    def _message(self, chat: Chat, message_id: int) -> Message:
        message = self.state.message(chat, message_id)
        if message is None:
            raise Impossible(f"there is no message {message_id}")
        return message

    def _service(self, chat: Chat, by: User, service: Json) -> Message:
        return self.state.post(chat, by, checked("", may_be_empty=True), service=service)

    def _set_role(self, chat: Chat, user: User, role: Role, by: User) -> None:
        before = wire.member(chat, user)
        chat.members[user.id] = role
        kind = "my_chat_member" if user is self.bot else "chat_member"
        told = user is self.bot or (chat.role(self.bot).governs and chat.type is not ChatType.PRIVATE)
        if told:
            self.state.updates.put(kind, wire.member_update(self.state, chat, by, before, user))

    def _deliver(self, message: Message) -> None:
        if self._reaches_bot(message):
            kind = "channel_post" if message.chat.type is ChatType.CHANNEL else "message"
            self.state.updates.put(kind, wire.message(self.state, message))

    def _reaches_bot(self, message: Message) -> bool:
        """Whether the bot gets to see a message: privacy mode leaves it commands, replies and mentions in groups."""
        chat = message.chat
        role = chat.role(self.bot)
        if not role.inside:
            return False
        if chat.type in (ChatType.PRIVATE, ChatType.CHANNEL) or role.governs or not self.state.privacy:
            return True
        if message.service or (message.reply_to is not None and message.reply_to.sender is self.bot):
            return True
        name = f"@{self.bot.username}".lower()
        units = message.text.encode("utf-16-le")
        for entity in message.entities:
            word = units[2 * entity.offset : 2 * entity.end].decode("utf-16-le").lower()
            if entity.type == "mention" and word == name:
                return True
            if entity.type == "bot_command" and ("@" not in word or word.endswith(name)):
                return True
        return False


def _find_button(message: Message, wanted: str) -> str:
    """The callback data of a button: by data, by label, by a part of one label."""
    callbacks = [button for button in message.buttons if "callback_data" in button]
    for matches in (
        [b for b in callbacks if b["callback_data"] == wanted],
        [b for b in callbacks if b["text"] == wanted],
        [b for b in callbacks if wanted in b["text"]],
    ):
        if len({b["callback_data"] for b in matches}) == 1:  # several with the same data are one press
            return str(matches[0]["callback_data"])
        if matches:
            raise Impossible(f"more than one button is called “{wanted}”: {[b['text'] for b in matches]}")
    raise Impossible(f"no button is called “{wanted}”; there are {[b['text'] for b in message.buttons]}")
