"""Methods that change or remove ephemeral messages: those in a group that one person alone sees."""

from __future__ import annotations

from bot.playground.access import chat_to_write, member_of
from bot.playground.arguments import Arguments
from bot.playground.editing import new_content, new_markup, revise_caption, revise_markup, revise_media, revise_text
from bot.playground.errors import bad_request
from bot.playground.keyboards import check
from bot.playground.sending import formatted, preview_options
from bot.playground.state import Message, State


def edit_ephemeral_message_text(state: State, arguments: Arguments) -> bool:
    """Changes a text or a rich message, into either (editEphemeralMessageText)."""
    body = new_content(state, arguments)
    preview = preview_options(arguments)
    revise_text(state, _to_edit(state, arguments), body, new_markup(arguments), preview)
    return True


def edit_ephemeral_message_caption(state: State, arguments: Arguments) -> bool:
    """Changes a caption (editEphemeralMessageCaption)."""
    caption = formatted(arguments, arguments.text("caption"), "caption_entities")
    revise_caption(state, _to_edit(state, arguments), caption, new_markup(arguments))
    return True


def edit_ephemeral_message_media(state: State, arguments: Arguments) -> bool:
    """Puts another file and caption into the message (editEphemeralMessageMedia)."""
    revise_media(state, arguments, _to_edit(state, arguments), new_markup(arguments))
    return True


def edit_ephemeral_message_reply_markup(state: State, arguments: Arguments) -> bool:
    """Changes the keyboard alone (editEphemeralMessageReplyMarkup)."""
    revise_markup(state, _to_edit(state, arguments), new_markup(arguments))
    return True


def delete_ephemeral_message(state: State, arguments: Arguments) -> bool:
    """Removes the message from its receiver's screen (deleteEphemeralMessage)."""
    state.remove(_named(state, arguments, "message to delete"))
    return True


def _to_edit(state: State, arguments: Arguments) -> Message:
    message = _named(state, arguments, "message to edit")
    check(new_markup(arguments))
    return message


def _named(state: State, arguments: Arguments, what: str) -> Message:
    """The ephemeral message of `chat_id`, `receiver_user_id` and `ephemeral_message_id`."""
    chat = chat_to_write(state, arguments)
    user = member_of(state, chat, arguments.integer("receiver_user_id", most=2**53))
    message = state.ephemeral(chat, arguments.integer("ephemeral_message_id"))
    if message is None or message.receiver is not user:
        raise bad_request(f"{what} not found")
    return message
