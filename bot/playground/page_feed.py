"""What the chat page is told: everything at first, then every change, as lines of JSON."""

from __future__ import annotations

from bot.playground import wire
from bot.playground.cast import Cast
from bot.playground.control import Playground
from bot.playground.page_formulas import with_mathml
from bot.playground.state import Chat, Event, Happening, Json, Message


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
            str(place.id): [message(playground, shown) for shown in state.visible(place)]
            for place in state.chats.values()
        },
    }


def chat(place: Chat) -> Json:
    """A chat with its members."""
    roles = {str(user_id): str(role) for user_id, role in place.members.items() if role.inside}
    return wire.chat(place) | {"members": roles}


def message(playground: Playground, sent: Message) -> Json:
    """A message as the page draws it: the Bot API's, with MathML, and with whether its text was ever changed."""
    shown = with_mathml(wire.message(playground.state, sent))
    assert isinstance(shown, dict)  # noqa: S101 - an object stays an object
    changed = any((old.text, old.entities) != (sent.text, sent.entities) for old in sent.past)
    return shown | {"changed": changed}


def change(playground: Playground, event: Event) -> Json | None:
    """What a page is told of something that happened; None where it has nothing to show."""
    place = event.chat
    told: Json = {"chat": place.id, "now": wire.seconds(playground.state.clock())}
    match event.kind:
        case Happening.SENT | Happening.EDITED if event.message is not None:
            new = event.kind is Happening.SENT
            return told | {"type": "message", "new": new, "message": message(playground, event.message)}
        case Happening.DELETED if event.message is not None:
            return told | {"type": "deleted", "message": event.message.id}
        case Happening.ANSWERED if event.press is not None and event.press.answer is not None:
            answer = event.press.answer
            shown = {"text": answer.text, "alert": answer.alert, "url": answer.url}
            return told | {"type": "answer", "user": event.press.user.id, "press": event.press.id} | shown
        case Happening.ACTION:
            return told | {"type": "action", "action": event.action}
    return None
