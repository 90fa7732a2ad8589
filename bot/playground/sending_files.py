"""Methods that send files: sendPhoto, sendDocument and their like, and sendMediaGroup."""

from __future__ import annotations

from bot.playground import files, limits
from bot.playground.arguments import Arguments, from_json
from bot.playground.entities import FormattedText
from bot.playground.errors import bad_request
from bot.playground.fields import Fields
from bot.playground.keyboards import check, parse
from bot.playground.sending import fitting, formatted, post, target_of
from bot.playground.state import Attachment, Json, State

_LONG_CAPTION = "message caption is too long"
_ALBUM_KINDS = ("audio", "document", "photo", "video")
_ALONE = ("audio", "document")  # kinds that stand in an album only with their like


def send_animation(state: State, arguments: Arguments) -> Json:
    """Sends a silent film (sendAnimation)."""
    return _send(state, arguments, "animation")


def send_audio(state: State, arguments: Arguments) -> Json:
    """Sends music (sendAudio)."""
    return _send(state, arguments, "audio")


def send_document(state: State, arguments: Arguments) -> Json:
    """Sends an uploaded file, or one sent before by its file_id (sendDocument)."""
    return _send(state, arguments, "document")


def send_photo(state: State, arguments: Arguments) -> Json:
    """Sends an uploaded PNG or JPEG, or one sent before by its file_id (sendPhoto)."""
    return _send(state, arguments, "photo")


def send_video(state: State, arguments: Arguments) -> Json:
    """Sends a film (sendVideo)."""
    return _send(state, arguments, "video")


def send_voice(state: State, arguments: Arguments) -> Json:
    """Sends a voice note (sendVoice)."""
    return _send(state, arguments, "voice")


def _send(state: State, arguments: Arguments, kind: str) -> Json:
    upload, given = arguments.upload(kind), arguments.text(kind)
    if upload is None and not given:
        raise bad_request(f"there is no {kind} in the request")
    caption = formatted(arguments, arguments.text("caption"), "caption_entities")
    markup = parse(arguments.text("reply_markup"))
    target = target_of(state, arguments)
    caption = fitting(caption, limits.CAPTION, _LONG_CAPTION, may_be_empty=True)
    check(markup)
    file = files.attachment(state, arguments, kind, given, upload=upload)
    return post(state, arguments, target, caption, markup=markup, attachment=file)


def send_media_group(state: State, arguments: Arguments) -> list[Json]:
    """Sends an album of two to ten files (sendMediaGroup)."""
    listed = arguments.parsed("media", "media")
    if not isinstance(listed, list):
        raise bad_request("Expected an Array of InputMedia")
    least, most = limits.ALBUM
    if not least <= len(listed) <= most:
        raise bad_request(f"Wrong number of messages in the album; an album holds {least} to {most}")
    target = target_of(state, arguments)
    media = [input_media(state, arguments, value, _ALBUM_KINDS) for value in listed]
    kinds = {file.kind for file, _ in media}
    if len(kinds) > 1 and kinds & set(_ALONE):
        raise bad_request("Audio and document files can't be mixed with other types in an album")
    album = str(state.rng.randrange(10**16, 10**17))
    return [post(state, arguments, target, caption, attachment=file, album=album) for file, caption in media]


def input_media(
    state: State, arguments: Arguments, value: object, kinds: tuple[str, ...]
) -> tuple[Attachment, FormattedText]:
    """The file and the caption of an InputMedia… object.

    Raises:
        ApiError: it cannot be read, its type is none of `kinds`, or file or caption are refused.
    """
    given = Fields(value, "InputMedia")
    kind = given.text("type")
    if kind not in kinds:
        raise given.wrong(f'type "{kind}" is unsupported')
    own = Arguments(from_json(given.values))
    caption = formatted(own, own.text("caption"), "caption_entities")
    caption = fitting(caption, limits.CAPTION, _LONG_CAPTION, may_be_empty=True)
    return files.attachment(state, arguments, kind, given.text("media")), caption
