"""Methods about the bot itself: who it is, its commands, its name and descriptions."""

from __future__ import annotations

import json
import re

from bot.playground import wire
from bot.playground.access import chat_to_read, user_of
from bot.playground.arguments import Arguments
from bot.playground.entities import utf16_length
from bot.playground.errors import bad_request
from bot.playground.state import Chat, ChatType, Json, State, User

_SIMPLE_SCOPES = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_CHAT_SCOPES = ("chat", "chat_administrators", "chat_member")
_NAME_LENGTH, _DESCRIPTION_LENGTH, _SHORT_LENGTH = 64, 512, 120


def get_me(state: State, _arguments: Arguments) -> Json:
    """The bot itself (getMe)."""
    return wire.me(state)


# --------------------------------------------------------------------------- commands


def set_my_commands(state: State, arguments: Arguments) -> bool:
    """Sets the commands of a scope and language (setMyCommands)."""
    commands = _commands(arguments)
    state.profile.commands[_scope(state, arguments), _language(arguments)] = commands
    return True


def get_my_commands(state: State, arguments: Arguments) -> list[Json]:
    """The commands of exactly that scope and language (getMyCommands)."""
    return state.profile.commands.get((_scope(state, arguments), _language(arguments)), [])


def delete_my_commands(state: State, arguments: Arguments) -> bool:
    """Forgets the commands of a scope and language (deleteMyCommands)."""
    state.profile.commands.pop((_scope(state, arguments), _language(arguments)), None)
    return True


def _commands(arguments: Arguments) -> list[Json]:
    listed = arguments.parsed("commands", "commands")
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise bad_request("Expected an Array of BotCommand")
    commands = [_command(item) for item in listed]
    if len(commands) > 100:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return commands


def _command(item: object) -> Json:
    if not isinstance(item, dict):
        raise bad_request("Can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(item.get(name), str):
            raise bad_request(f"Can't parse BotCommand: Can't find field \"{name}\"")
    command, description = item["command"].strip().removeprefix("/"), item["description"].strip()
    for text, what, most in ((command, "Command", 32), (description, "Command description", 256)):
        if not text:
            raise bad_request(f"{what} must be non-empty")
        if len(text) > most:
            raise bad_request(f"{what} length must not exceed {most}")
    if not re.fullmatch(r"[a-z0-9_]+", command):
        raise bad_request("BOT_COMMAND_INVALID")
    return {"command": command, "description": description}


def _language(arguments: Arguments) -> str:
    code = arguments.text("language_code")
    if code and not re.fullmatch(r"[a-z]{2}", code):
        raise bad_request("Invalid language code specified")
    return code


def _scope(state: State, arguments: Arguments) -> str:
    given = arguments.parsed("scope", "BotCommandScope") or {"type": "default"}
    if not isinstance(given, dict):
        raise bad_request("BotCommandScope must be an Object")
    kind = given.get("type")
    if kind in _SIMPLE_SCOPES:
        return str(kind)
    if kind not in _CHAT_SCOPES:
        raise bad_request("Can't parse BotCommandScope: Unsupported type specified")
    values = Arguments({name: str(given.get(name, "")) for name in ("chat_id", "user_id")})
    chat = chat_to_read(state, values)
    user_id = user_of(state, values).id if kind == "chat_member" else 0
    return json.dumps([kind, chat.id, user_id])


def commands_for(state: State, chat: Chat, user: User) -> list[Json]:
    """The commands that the user's client offers in the chat: the narrowest scope that has any, the own language
    before the common one."""
    governs = chat.role(user).governs
    scopes = {
        ChatType.PRIVATE: [json.dumps(["chat", chat.id, 0]), "all_private_chats"],
        ChatType.CHANNEL: [],
    }.get(
        chat.type,
        [
            json.dumps(["chat_member", chat.id, user.id]),
            *([json.dumps(["chat_administrators", chat.id, 0])] if governs else []),
            json.dumps(["chat", chat.id, 0]),
            *(["all_chat_administrators"] if governs else []),
            "all_group_chats",
        ],
    )
    language = user.language_code.split("-", maxsplit=1)[0]
    for scope in (*scopes, "default"):
        for code in (language, ""):
            if commands := state.profile.commands.get((scope, code)):
                return commands
    return []


# --------------------------------------------------------------------------- name and descriptions


def set_my_name(state: State, arguments: Arguments) -> bool:
    """Sets the name for a language (setMyName)."""
    return _set(state.profile.names, arguments, "name", _NAME_LENGTH)


def get_my_name(state: State, arguments: Arguments) -> Json:
    """The name in a language (getMyName)."""
    return {"name": _get(state.profile.names, arguments) or state.bot.first_name}


def set_my_description(state: State, arguments: Arguments) -> bool:
    """Sets what an empty chat shows (setMyDescription)."""
    return _set(state.profile.descriptions, arguments, "description", _DESCRIPTION_LENGTH)


def get_my_description(state: State, arguments: Arguments) -> Json:
    """What an empty chat shows (getMyDescription)."""
    return {"description": _get(state.profile.descriptions, arguments)}


def set_my_short_description(state: State, arguments: Arguments) -> bool:
    """Sets what the profile shows (setMyShortDescription)."""
    return _set(state.profile.short_descriptions, arguments, "short_description", _SHORT_LENGTH)


def get_my_short_description(state: State, arguments: Arguments) -> Json:
    """What the profile shows (getMyShortDescription)."""
    return {"short_description": _get(state.profile.short_descriptions, arguments)}


def _set(texts: dict[str, str], arguments: Arguments, name: str, most: int) -> bool:
    text, language = arguments.text(name).strip(), _language(arguments)
    if utf16_length(text) > most:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    if text:
        texts[language] = text
    else:
        texts.pop(language, None)
    return True


def _get(texts: dict[str, str], arguments: Arguments) -> str:
    return texts.get(_language(arguments)) or texts.get("", "")
