"""What the chat page is told: everything at first, then every change, as lines of JSON."""

from __future__ import annotations

import json

from bot.playground import wire
from bot.playground.cast import Cast
from bot.playground.control import Playground
from bot.playground.page_formulas import with_mathml
from bot.playground.rich_blocks import RichMessage
from bot.playground.state import Chat, Draft, Event, Happening, Json, Message


def everything(playground: Playground, cast: Cast) -> Json:
    """All that a page needs to know when it opens, or comes back after its connection broke."""
    state = playground.state
    return {
        "type": "all",
        "bot": wire.user(state.bot),
        "me": cast.me.id,
        "people": [wire.user(person) for person in cast.people],
        "language": cast.language,
        "now": wire.seconds(state.clock()),
        "movable": cast.clock is not None,
        "chats": [chat(place) for place in state.chats.values() if not place.deleted],
        "messages": {
            str(place.id): [message(playground, shown) for shown in _standing(playground, place)]
            for place in state.chats.values()
        },
        "drafts": [
            draft(playground, shown) for place in state.chats.values() if (shown := playground.draft(place)) is not None
        ],
    }


def _standing(playground: Playground, place: Chat) -> list[Message]:
    """What stands in a chat, for everybody and for somebody alone, in the order in which it came."""
    state = playground.state
    own = [message for message in state.ephemerals[place.id].values() if not message.deleted]
    return sorted([*state.visible(place), *own], key=lambda message: message.date)


def chat(place: Chat) -> Json:
    """A chat with its members."""
    roles = {str(user_id): str(role) for user_id, role in place.members.items() if role.inside}
    return wire.chat(place) | {"members": roles}


def message(playground: Playground, sent: Message) -> Json:
    """A message as the page draws it: the Bot API's, with MathML, with whether what it says was ever changed, the bot's
    reactions, the message that it stands in the place of, and what it does to the field below."""
    shown = _drawable(wire.message(playground.state, sent))
    now = _said(sent.text, sent.rich)
    shown["changed"] = any(_said(old.text, old.rich) != now for old in sent.past)
    if sent.reactions:
        shown["reactions"] = [str(each.get("emoji", "⭐")) for each in sent.reactions]
    if sent.replaces is not None:
        shown["replaces"] = key(sent.replaces)
    if sent.offer is not None:
        shown["offer"] = json.loads(sent.offer.raw)
    return shown


def _said(text: str, rich: RichMessage | None) -> object:
    """What a message says, without its buttons: as in Telegram, counting a vote does not make it an edited one."""
    return text if rich is None else _without_buttons(list(rich.blocks))


def _without_buttons(value: object) -> object:
    if isinstance(value, list):
        return [_without_buttons(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in ("button", "buttons"):
        return None
    return {name: _without_buttons(item) for name, item in value.items()}


def draft(playground: Playground, writing: Draft) -> Json:
    """What the bot is writing, drawn like a message of its own."""
    state = playground.state
    entities = [wire.entity(state, piece) for piece in writing.text.entities]
    shown: Json = {"chat": wire.chat(writing.chat), "from": wire.user(state.bot), "date": wire.seconds(writing.at)}
    said = (
        {"rich_message": writing.rich.wire()}
        if writing.rich is not None
        else {"text": writing.text.text, "entities": entities}
    )
    return _drawable(shown | said | {"can_stop": writing.can_stop and not writing.stopped})


def key(message: Message) -> str:
    """What the page calls a message: an ephemeral one has no id in the chat, only one of its own kind."""
    return f"e{message.ephemeral_id}" if message.receiver is not None else f"m{message.id}"


def change(playground: Playground, event: Event) -> Json | None:
    """What a page is told of something that happened; None where it has nothing to show."""
    place = event.chat
    told: Json = {"chat": place.id, "now": wire.seconds(playground.state.clock())}
    match event.kind:
        case Happening.SENT | Happening.EDITED if event.message is not None:
            new = event.kind is Happening.SENT
            return told | {"type": "message", "new": new, "message": message(playground, event.message)}
        case Happening.DELETED if event.message is not None:
            return told | {"type": "deleted", "key": key(event.message)}
        case Happening.DRAFT:
            shown = playground.draft(place) if event.draft is not None else None
            return told | {"type": "draft", "draft": shown and draft(playground, shown)}
        case Happening.ANSWERED if event.press is not None and event.press.answer is not None:
            answer = event.press.answer
            words = {"text": answer.text, "alert": answer.alert, "url": answer.url}
            return told | {"type": "answer", "user": event.press.user.id, "press": event.press.id} | words
        case Happening.ACTION:
            return told | {"type": "action", "action": event.action}
    return None


def _drawable(shown: Json) -> Json:
    """The same with MathML."""
    drawable = with_mathml(shown)
    assert isinstance(drawable, dict)  # noqa: S101 - an object stays an object
    return drawable
