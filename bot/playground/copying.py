"""Methods that send what is in a chat already once more: forwardMessage, copyMessage, and both for several."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.playground import limits, wire
from bot.playground.access import chat_to_read, message_of
from bot.playground.arguments import Arguments
from bot.playground.entities import FormattedText
from bot.playground.errors import bad_request
from bot.playground.keyboards import check, parse
from bot.playground.rich_blocks import RichMessage
from bot.playground.sending import fitting, formatted, post, target_of
from bot.playground.state import Json, Message, State


def forward_message(state: State, arguments: Arguments) -> Json:
    """Sends a message again, saying whose it was (forwardMessage)."""
    source = _source(state, arguments)
    return _forward(state, arguments, source)


def forward_messages(state: State, arguments: Arguments) -> list[Json]:
    """Forwards messages in their order; those that are not there are skipped (forwardMessages)."""
    return [_number(_forward(state, arguments, source)) for source in _sources(state, arguments)]


def copy_message(state: State, arguments: Arguments) -> Json:
    """Sends a message again as the bot's own, with another caption where one is given (copyMessage)."""
    source = _source(state, arguments)
    markup = parse(arguments.text("reply_markup"))
    check(markup)
    body = _content(source)
    if source.attachment and "caption" in arguments.values:
        caption = formatted(arguments, arguments.text("caption"), "caption_entities")
        body = fitting(caption, limits.CAPTION, "message caption is too long", may_be_empty=True)
    target = target_of(state, arguments)
    return _number(post(state, arguments, target, body, markup=markup, attachment=source.attachment))


def copy_messages(state: State, arguments: Arguments) -> list[Json]:
    """Copies messages in their order; those that are not there are skipped (copyMessages)."""
    target = target_of(state, arguments)
    bare = arguments.boolean("remove_caption")
    return [
        _number(
            post(
                state,
                arguments,
                target,
                FormattedText("") if bare and source.attachment else _content(source),
                attachment=source.attachment,
            )
        )
        for source in _sources(state, arguments)
    ]


def _forward(state: State, arguments: Arguments, source: Message) -> Json:
    target = target_of(state, arguments)
    origin = source.origin or wire.origin(source)
    return post(state, arguments, target, _content(source), attachment=source.attachment, origin=origin)


def _source(state: State, arguments: Arguments) -> Message:
    chat = chat_to_read(state, arguments, "from_chat_id")
    source = message_of(state, chat, arguments.integer("message_id"), "message to forward")
    if source.service:
        raise bad_request("message can't be forwarded")
    return source


def _sources(state: State, arguments: Arguments) -> Iterator[Message]:
    listed = arguments.parsed("message_ids", "message_ids")
    if not isinstance(listed, list) or not 1 <= len(listed) <= limits.MESSAGES_AT_ONCE:
        raise bad_request(
            "Message identifiers are not specified" if not listed else "Too many message identifiers specified"
        )
    if not all(re.fullmatch(r"[1-9][0-9]{0,17}", str(item)) for item in listed):
        raise bad_request("Invalid message identifier specified")
    chat = chat_to_read(state, arguments, "from_chat_id")
    found = [message for item in listed if (message := state.message(chat, int(item))) and not message.service]
    if not found:
        raise bad_request("there are no messages to forward")
    return iter(found)


def _content(source: Message) -> FormattedText | RichMessage:
    return source.rich or FormattedText(source.text, source.entities)


def _number(sent: Json) -> Json:
    return {"message_id": sent["message_id"]}
