"""Methods that stream what the bot is writing: sendMessageDraft, sendRichMessageDraft."""

from __future__ import annotations

from bot.playground import limits
from bot.playground.access import chat_to_write, thread_of
from bot.playground.arguments import Arguments
from bot.playground.entities import FormattedText
from bot.playground.errors import bad_request
from bot.playground.rich_blocks import RichMessage
from bot.playground.rich_message import rich_message
from bot.playground.sending import fitting, formatted
from bot.playground.state import ChatType, Draft, State


def send_message_draft(state: State, arguments: Arguments) -> bool:
    """Shows a text in the making; an empty one says that the bot thinks (sendMessageDraft)."""
    body = formatted(arguments, arguments.text("text"), "entities")
    return _show(state, arguments, fitting(body, limits.TEXT, "message is too long", may_be_empty=True), None)


def send_rich_message_draft(state: State, arguments: Arguments) -> bool:
    """Shows a rich message in the making (sendRichMessageDraft)."""
    return _show(state, arguments, FormattedText(""), rich_message(state, arguments, draft=True))


def _show(state: State, arguments: Arguments, text: FormattedText, rich: RichMessage | None) -> bool:
    """Puts the draft in the place of the one before; a stopped one is not shown again."""
    draft_id = arguments.integer("draft_id", least=-(2**63), most=2**63 - 1)
    if draft_id == 0:
        raise bad_request("DRAFT_ID_INVALID")
    chat = chat_to_write(state, arguments)
    if chat.type is not ChatType.PRIVATE:
        raise bad_request("message drafts can be sent only to private chats")
    thread_id = thread_of(arguments, chat)
    before = state.drafts.get((chat.id, thread_id))
    if before is not None and before.id == draft_id and before.stopped:
        return True
    can_stop, keep = arguments.boolean("can_stop"), arguments.boolean("keep_on_stop")
    state.draw(chat, thread_id, Draft(chat, draft_id, state.clock(), text, rich, thread_id, can_stop, keep))
    return True
