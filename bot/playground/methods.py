"""The table of Bot API methods that the playground knows, by their lower-case names."""

from __future__ import annotations

from collections.abc import Callable

from bot.playground import about_bot, about_chats, editing, sending
from bot.playground.arguments import Arguments
from bot.playground.state import State

Method = Callable[[State, Arguments], object]

METHODS: dict[str, Method] = {
    "answercallbackquery": editing.answer_callback_query,
    "deletemessage": editing.delete_message,
    "deletemessages": editing.delete_messages,
    "deletemycommands": about_bot.delete_my_commands,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "editmessagetext": editing.edit_message_text,
    "getchat": about_chats.get_chat,
    "getchatadministrators": about_chats.get_chat_administrators,
    "getchatmember": about_chats.get_chat_member,
    "getchatmembercount": about_chats.get_chat_member_count,
    "getme": about_bot.get_me,
    "getmycommands": about_bot.get_my_commands,
    "getmydescription": about_bot.get_my_description,
    "getmyname": about_bot.get_my_name,
    "getmyshortdescription": about_bot.get_my_short_description,
    "leavechat": about_chats.leave_chat,
    "sendchataction": sending.send_chat_action,
    "senddocument": sending.send_document,
    "sendmessage": sending.send_message,
    "sendphoto": sending.send_photo,
    "setmycommands": about_bot.set_my_commands,
    "setmydescription": about_bot.set_my_description,
    "setmyname": about_bot.set_my_name,
    "setmyshortdescription": about_bot.set_my_short_description,
}
"""Methods that only read or change what is remembered; getUpdates and the webhook's need the server's own state."""
