"""Files in messages: uploaded, sent again by their file_id, and as they look on the wire."""

from __future__ import annotations

import mimetypes
import re
import struct
from typing import NoReturn

from bot.playground import limits
from bot.playground.arguments import Arguments, Upload
from bot.playground.errors import ApiError, bad_request
from bot.playground.state import Attachment, Json, State

KINDS = {
    "animation": "video/mp4",
    "audio": "audio/mpeg",
    "document": "application/octet-stream",
    "photo": "image/jpeg",
    "video": "video/mp4",
    "voice": "audio/ogg",
}
"""The kinds of files that can be sent, with the type a file has that says nothing of it."""


def attachment(
    state: State, arguments: Arguments, kind: str, value: str, *, upload: Upload | None = None
) -> Attachment:
    """The file that a request means by `value`: an upload ("attach://name"), or one sent before by its file_id.

    Raises:
        ApiError: it is missing, empty, too large, not a picture though it should be, or unknown.
    """
    if value.startswith("attach://"):
        upload = arguments.files.get(value.removeprefix("attach://"))
        if upload is None:
            raise bad_request(f'wrong file identifier/HTTP URL specified: there is no "{value}" in the request')
    if upload is not None:
        return _stored(state, kind, upload)
    known = state.files.get(value)
    if known is None or known.kind != kind:
        _refuse(value)
    return known


def _stored(state: State, kind: str, upload: Upload) -> Attachment:
    if not upload.content:
        raise bad_request("file must be non-empty")
    if len(upload.content) > (limits.PHOTO_BYTES if kind == "photo" else limits.FILE_BYTES):
        raise ApiError(413, "Request Entity Too Large")
    width, height = image_size(upload.content) if kind == "photo" else (0, 0)
    file_id, unique_id = state.new_file_id()
    mime_type = upload.mime_type or mimetypes.guess_type(upload.name)[0] or KINDS[kind]
    stored = Attachment(kind, file_id, unique_id, upload.name, mime_type, upload.content, width, height)
    state.files[file_id] = stored
    return stored


def _refuse(value: str) -> NoReturn:
    if value.startswith(("http://", "https://")):
        raise bad_request("failed to get HTTP URL content")  # the playground never reaches out
    raise bad_request("wrong file identifier/HTTP URL specified")


def image_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG or JPEG.

    Raises:
        ApiError: it is neither, or longer and wider than a photo may be.
    """
    width, height = _size(content)
    if min(width, height) < 1 or width + height > 10_000 or max(width, height) > 20 * min(width, height):
        raise bad_request("PHOTO_INVALID_DIMENSIONS")
    return width, height


def _size(content: bytes) -> tuple[int, int]:
    if content.startswith(b"\x89PNG\r\n\x1a\n") and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith(b"\xff\xd8"):
        at = 2
        while at + 9 < len(content) and content[at] == 0xFF:
            marker, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", content[at + 5 : at + 9])
                return width, height
            at += 2 + length
    raise bad_request("IMAGE_PROCESS_FAILED")


def wire(file: Attachment) -> Json:
    """The field of a Message, or of a block, that holds the file."""
    shown: Json = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": len(file.content)}
    if file.kind == "photo":
        return {"photo": [shown | {"width": file.width, "height": file.height}]}
    shown |= {"mime_type": file.mime_type}
    if file.kind != "voice":
        shown["file_name"] = file.name
    if file.kind in ("animation", "video"):
        shown |= {"width": file.width, "height": file.height}
    if file.kind != "document":
        shown["duration"] = 0
    return {file.kind: shown}


def path_of(file: Attachment) -> str:
    """Where getFile says that a file lies."""
    suffix = re.search(r"\.[A-Za-z0-9]{1,8}$", file.name)
    return f"{file.kind}s/{file.unique_id}{suffix[0] if suffix else ''}"


def get_file(state: State, arguments: Arguments) -> Json:
    """Where a file can be fetched (getFile)."""
    file = state.files.get(arguments.text("file_id"))
    if file is None:
        raise bad_request("invalid file_id" if arguments.text("file_id") else "file_id not specified")
    if len(file.content) > limits.DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    shown = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": len(file.content)}
    return shown | {"file_path": path_of(file)}
