"""The table of Bot API methods that the playground knows, by their lower-case names."""

from __future__ import annotations

from collections.abc import Callable

from bot.playground import (
    about_bot,
    about_chats,
    copying,
    drafts,
    editing,
    ephemeral,
    files,
    marking,
    sending,
    sending_files,
)
from bot.playground.arguments import Arguments
from bot.playground.state import State

Method = Callable[[State, Arguments], object]

METHODS: dict[str, Method] = {
    "answercallbackquery": editing.answer_callback_query,
    "copymessage": copying.copy_message,
    "copymessages": copying.copy_messages,
    "deleteephemeralmessage": ephemeral.delete_ephemeral_message,
    "deletemessage": editing.delete_message,
    "deletemessages": editing.delete_messages,
    "deletemycommands": about_bot.delete_my_commands,
    "editephemeralmessagecaption": ephemeral.edit_ephemeral_message_caption,
    "editephemeralmessagemedia": ephemeral.edit_ephemeral_message_media,
    "editephemeralmessagereplymarkup": ephemeral.edit_ephemeral_message_reply_markup,
    "editephemeralmessagetext": ephemeral.edit_ephemeral_message_text,
    "editmessagecaption": editing.edit_message_caption,
    "editmessagemedia": editing.edit_message_media,
    "editmessagereplymarkup": editing.edit_message_reply_markup,
    "editmessagetext": editing.edit_message_text,
    "forwardmessage": copying.forward_message,
    "forwardmessages": copying.forward_messages,
    "getchat": about_chats.get_chat,
    "getchatadministrators": about_chats.get_chat_administrators,
    "getchatmember": about_chats.get_chat_member,
    "getchatmembercount": about_chats.get_chat_member_count,
    "getfile": files.get_file,
    "getme": about_bot.get_me,
    "getmycommands": about_bot.get_my_commands,
    "getmydescription": about_bot.get_my_description,
    "getmyname": about_bot.get_my_name,
    "getmyshortdescription": about_bot.get_my_short_description,
    "leavechat": about_chats.leave_chat,
    "pinchatmessage": marking.pin_chat_message,
    "sendanimation": sending_files.send_animation,
    "sendaudio": sending_files.send_audio,
    "sendchataction": sending.send_chat_action,
    "senddocument": sending_files.send_document,
    "sendmediagroup": sending_files.send_media_group,
    "sendmessage": sending.send_message,
    "sendmessagedraft": drafts.send_message_draft,
    "sendphoto": sending_files.send_photo,
    "sendrichmessage": sending.send_rich_message,
    "sendrichmessagedraft": drafts.send_rich_message_draft,
    "sendvideo": sending_files.send_video,
    "sendvoice": sending_files.send_voice,
    "setmessagereaction": marking.set_message_reaction,
    "setmycommands": about_bot.set_my_commands,
    "setmydescription": about_bot.set_my_description,
    "setmyname": about_bot.set_my_name,
    "setmyshortdescription": about_bot.set_my_short_description,
    "unpinallchatmessages": marking.unpin_all_chat_messages,
    "unpinchatmessage": marking.unpin_chat_message,
}
"""Methods that only read or change what is remembered; getUpdates and the webhook's need the server's own state."""
