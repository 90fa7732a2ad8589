"""How users, chats, messages and updates look on the wire."""

from __future__ import annotations

from datetime import datetime

from bot.playground import files
from bot.playground.entities import Entity
from bot.playground.state import Chat, ChatType, Json, Message, Press, Role, State, User

_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)


def seconds(moment: datetime) -> int:
    """A moment as the API writes it."""
    return int(moment.timestamp())


def user(someone: User) -> Json:
    """User."""
    shown: Json = {"id": someone.id, "is_bot": someone.is_bot, "first_name": someone.first_name}
    for name in ("last_name", "username", "language_code"):
        if value := getattr(someone, name):
            shown[name] = value
    return shown


def me(state: State) -> Json:
    """The User that getMe gives."""
    return user(state.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not state.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
        "has_topics_enabled": False,
        "allows_users_to_create_topics": False,
    }


def chat(place: Chat) -> Json:
    """Chat."""
    shown: Json = {"id": place.id, "type": str(place.type)}
    if place.person is not None:
        shown |= {k: v for k, v in user(place.person).items() if k in ("first_name", "last_name", "username")}
    else:
        shown["title"] = place.title
        if place.username:
            shown["username"] = place.username
    if place.is_forum:
        shown["is_forum"] = True
    return shown


def full_chat(place: Chat) -> Json:
    """ChatFullInfo."""
    shown = chat(place) | {
        "accent_color_id": place.id % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"),
            place.type is ChatType.PRIVATE,
        ),
    }
    if place.username:
        shown["active_usernames"] = [place.username]
    return shown


def member(place: Chat, someone: User) -> Json:
    """ChatMember."""
    role = place.role(someone)
    shown: Json = {"status": str(role), "user": user(someone)}
    if role is Role.CREATOR:
        shown["is_anonymous"] = False
    elif role is Role.ADMINISTRATOR:
        shown |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(_RIGHTS, False)
        shown |= {"can_manage_chat": True, "can_delete_messages": True, "can_change_info": True}
        if place.type is ChatType.CHANNEL:
            shown |= {"can_post_messages": place.may_write, "can_edit_messages": True}
        else:
            shown["can_pin_messages"] = True
    elif role is Role.KICKED:
        shown["until_date"] = 0
    return shown


def entity(state: State, piece: Entity) -> Json:
    """MessageEntity."""
    shown: Json = {"type": piece.type, "offset": piece.offset, "length": piece.length}
    if piece.type == "text_link":
        shown["url"] = piece.argument
    elif piece.type == "pre" and piece.argument:
        shown["language"] = piece.argument
    elif piece.type == "custom_emoji":
        shown["custom_emoji_id"] = piece.argument
    elif piece.type == "text_mention":
        shown["user"] = user(state.users[int(piece.argument)])
    return shown


def message(state: State, sent: Message, *, with_reply: bool = True) -> Json:
    """Message."""
    shown: Json = {"message_id": sent.id, "date": seconds(sent.date), "chat": chat(sent.chat)} | _origin(sent)
    if sent.thread_id:
        shown |= {"message_thread_id": sent.thread_id, "is_topic_message": True}
    if with_reply and sent.reply_to is not None and not sent.reply_to.deleted:
        shown["reply_to_message"] = message(state, sent.reply_to, with_reply=False)
    if sent.edited:
        shown["edit_date"] = seconds(sent.edited)
    shown |= {"rich_message": sent.rich.wire()} if sent.rich else _words(state, sent)
    if sent.preview:
        shown["link_preview_options"] = sent.preview
    if sent.markup is not None and sent.markup.kind == "inline":
        shown["reply_markup"] = {"inline_keyboard": [list(row) for row in sent.markup.rows]}
    return shown | sent.service


def _origin(sent: Message) -> Json:
    """Who sent it, and whom alone it is for."""
    shown: Json = {"sender_chat": chat(sent.chat)} if sent.sender is None else {"from": user(sent.sender)}
    if sent.origin:
        shown["forward_origin"] = sent.origin
    if sent.receiver is not None:
        shown |= {"receiver_user": user(sent.receiver), "ephemeral_message_id": sent.ephemeral_id}
    return shown


def origin(sent: Message) -> Json:
    """MessageOrigin: whose message it was, for whoever forwards it."""
    if sent.sender is None:
        return {"type": "channel", "date": seconds(sent.date), "chat": chat(sent.chat), "message_id": sent.id}
    return {"type": "user", "date": seconds(sent.date), "sender_user": user(sent.sender)}


def _words(state: State, sent: Message) -> Json:
    """Text, or file with caption."""
    shown: Json = files.wire(sent.attachment) if sent.attachment else {}
    if sent.album:
        shown["media_group_id"] = sent.album
    entities = [entity(state, e) for e in sent.entities if e.type != "text_mention" or int(e.argument) in state.users]
    if sent.text:
        shown["caption" if sent.attachment else "text"] = sent.text
        if entities:
            shown["caption_entities" if sent.attachment else "entities"] = entities
    return shown


def callback_query(state: State, press: Press) -> Json:
    """CallbackQuery; a message that is gone is shown as inaccessible."""
    gone = press.message.deleted is not None
    shown = {"chat": chat(press.chat), "message_id": press.message.id, "date": 0}
    return {
        "id": press.id,
        "from": user(press.user),
        "message": shown if gone else message(state, press.message),
        "chat_instance": press.chat.instance,
        "data": press.data,
    }


def member_update(state: State, place: Chat, by: User, before: Json, someone: User) -> Json:
    """ChatMemberUpdated: `before` is the ChatMember as it was."""
    return {
        "chat": chat(place),
        "from": user(by),
        "date": seconds(state.clock()),
        "old_chat_member": before,
        "new_chat_member": member(place, someone),
    }
